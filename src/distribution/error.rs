//! What can be wrong with a law or with what is asked of it, and the checks that find it.

use nalgebra::{DMatrix, DVector};

use crate::real::{Real, fits, to_f64};

/// What is wrong with the description of a law, or with a point handed to it. Places count from 0.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// A law on a space of dimension 0.
    #[error("a law needs at least 1 dimension, not 0")]
    ZeroDimension,
    /// Something has the wrong number of dimensions.
    #[error("{what} has dimension {found}, not {expected}")]
    DimensionMismatch {
        /// What it is.
        what: &'static str,
        /// The dimension it should have.
        expected: usize,
        /// The dimension it has.
        found: usize,
    },
    /// A value is NaN or infinite.
    #[error("{what} has the value {value} in row {row}, column {column}")]
    NonFinite {
        /// What it is.
        what: &'static str,
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A covariance or precision matrix is not symmetric.
    #[error("the matrix is not symmetric: {value} in row {row}, column {column}, but {mirrored} across the diagonal")]
    NotSymmetric {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The value there.
        value: f64,
        /// The value across the diagonal.
        mirrored: f64,
    },
    /// A covariance or precision matrix is not positive definite, or an affine map is not onto, to working precision.
    #[error("not positive definite: the pivot {pivot} is {value}, not positive beyond rounding")]
    NotPositiveDefinite {
        /// The first row and column of the Cholesky factor that cannot be computed; of a precision matrix the last, which is
        /// taken from its end.
        pivot: usize,
        /// The pivot; its square, if that is negative.
        value: f64,
    },
    /// More entries than a matrix can have.
    #[error("{rows} rows of {columns} entries are more than a matrix can have")]
    TooLarge {
        /// The rows asked for.
        rows: usize,
        /// The entries of each.
        columns: usize,
    },
    /// A mixture without components, or a categorical law without categories.
    #[error("a mixture needs a component, a categorical law a category")]
    NoComponents,
    /// Not one weight for each component.
    #[error("{weights} weights for {components} components")]
    CountMismatch {
        /// The number of weights.
        weights: usize,
        /// The number of components.
        components: usize,
    },
    /// A weight is negative, infinite or NaN.
    #[error("component {component} has the weight {weight}")]
    InvalidWeight {
        /// The component, or category.
        component: usize,
        /// Its weight.
        weight: f64,
    },
    /// A parameter is out of its range; for laws defined elsewhere.
    #[error("{what} is {value}, but must be {range}")]
    InvalidParameter {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        range: &'static str,
    },
    /// The weights do not sum to a positive finite number.
    #[error("the weights sum to {sum}")]
    WeightSum {
        /// The sum.
        sum: f64,
    },
    /// A log weight is NaN or +∞.
    #[error("component {component} has the log weight {ln_weight}")]
    InvalidLnWeight {
        /// The component.
        component: usize,
        /// Its log weight.
        ln_weight: f64,
    },
    /// A list of coordinates names one that the law does not have.
    #[error("place {place} of the list names coordinate {coordinate}, of a law of dimension {dimension}")]
    CoordinateOutOfRange {
        /// Where in the list.
        place: usize,
        /// The coordinate.
        coordinate: usize,
        /// The dimension of the law.
        dimension: usize,
    },
    /// A list of coordinates names one twice.
    #[error("places {first} and {second} of the list both name coordinate {coordinate}")]
    RepeatedCoordinate {
        /// The coordinate.
        coordinate: usize,
        /// Where in the list it is first.
        first: usize,
        /// Where it is again.
        second: usize,
    },
    /// A posterior was asked for where no component has a density, or where it is NaN.
    #[error("row {row} has the log density {ln_pdf}")]
    NoDensity {
        /// The row; 0 for a single point.
        row: usize,
        /// Its log density.
        ln_pdf: f64,
    },
    /// A value is where the law has no mass.
    #[error("coordinate {coordinate} has the value {value}, where the law has no mass")]
    OutsideSupport {
        /// The coordinate.
        coordinate: usize,
        /// The value.
        value: f64,
    },
    /// A box is empty, flat, or wider than the numbers.
    #[error("coordinate {coordinate} runs from {lower} to {upper}: not a finite, positive width")]
    InvalidInterval {
        /// The coordinate.
        coordinate: usize,
        /// Where it begins.
        lower: f64,
        /// Where it ends.
        upper: f64,
    },
    /// Rows are asked for that a matrix does not have.
    #[error("rows up to {row} are asked for, of {rows}")]
    RowOutOfRange {
        /// One more than the last of them.
        row: usize,
        /// The number of rows.
        rows: usize,
    },
    /// Not enough points of positive weight.
    #[error("{rows} rows of positive weight, but it takes {needed}")]
    TooFewRows {
        /// The rows of positive weight.
        rows: usize,
        /// The least number of them.
        needed: usize,
    },
    /// The tails are so heavy that a moment does not exist.
    #[error("no {moment}: {degrees_of_freedom} degrees of freedom, but it takes more than {least}")]
    NoMoment {
        /// Which moment.
        moment: &'static str,
        /// The degrees of freedom of the law.
        degrees_of_freedom: f64,
        /// They must be more than this.
        least: f64,
    },
}

/// Errs unless `found` is the dimension `expected`.
pub(super) fn check_dimension(what: &'static str, expected: usize, found: usize) -> Result<(), DistributionError> {
    if expected == found { Ok(()) } else { Err(DistributionError::DimensionMismatch { what, expected, found }) }
}

/// Errs unless a matrix of this shape could exist.
pub(crate) fn check_size<T>(rows: usize, columns: usize) -> Result<(), DistributionError> {
    if fits::<T>(rows, columns) { Ok(()) } else { Err(DistributionError::TooLarge { rows, columns }) }
}

/// Errs at the first entry of `matrix` that is not finite.
pub(crate) fn check_finite<T: Real>(what: &'static str, matrix: &DMatrix<T>) -> Result<(), DistributionError> {
    match matrix.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => {
            let (row, column) = matrix.vector_to_matrix_index(index);
            Err(DistributionError::NonFinite { what, row, column, value: to_f64(matrix[index]) })
        }
    }
}

/// Errs at the first entry of `vector` that is not finite; its place counts as its row.
pub(crate) fn check_finite_vector<T: Real>(what: &'static str, vector: &DVector<T>) -> Result<(), DistributionError> {
    match vector.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(row) => Err(DistributionError::NonFinite { what, row, column: 0, value: to_f64(vector[row]) }),
    }
}

/// Errs unless `matrix` x + `offset` is a finite affine map of a law of this dimension onto another.
pub(super) fn check_affine<T: Real>(
    dimension: usize,
    matrix: &DMatrix<T>,
    offset: &DVector<T>,
) -> Result<(), DistributionError> {
    check_dimension("a row of the affine map", dimension, matrix.ncols())?;
    check_dimension("the offset", matrix.nrows(), offset.len())?;
    check_finite("the affine map", matrix)?;
    check_finite_vector("the offset", offset)?;
    if matrix.nrows() == 0 { Err(DistributionError::ZeroDimension) } else { Ok(()) }
}

/// Errs unless `rows` has the rows from `first` on that `out` has room for.
pub(super) fn check_range<T: Real>(rows: &DMatrix<T>, first: usize, out: &[T]) -> Result<(), DistributionError> {
    let last = first.saturating_add(out.len());
    if last <= rows.nrows() { Ok(()) } else { Err(DistributionError::RowOutOfRange { row: last, rows: rows.nrows() }) }
}

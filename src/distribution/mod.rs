//! Probability laws on ℝᵈ: sampling and densities.
//!
//! | law | density | samples | affine image |
//! |---|---|---|---|
//! | [`Gaussian`] | yes | yes | yes |
//! | [`Mixture`] of any of these | yes | yes | yes |
//! | [`Categorical`] | | yes | |
//!
//! Every law is a [`Law`]; what it can do beyond that are traits: [`Density`], [`SampleRows`], [`Moments`], [`AffineImage`],
//! [`Landmarks`].
//! One draw is rand's own [`Distribution<DVector<T>>`](rand::distr::Distribution); many draws at once, one per row, are
//! [`SampleRows`].

mod categorical;
mod compare;
mod gaussian;
mod landmarks;
mod mixture;

pub use categorical::Categorical;
pub use gaussian::Gaussian;
pub(crate) use gaussian::check_pivots;
pub use landmarks::Landmarks;
pub use mixture::Mixture;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use crate::real::{Real, SampleReal, fits, to_f64};

/// A probability law on ℝᵈ, with or without a density.
pub trait Law {
    /// The scalar type of its points.
    type Scalar: Real;

    /// The dimension d.
    fn dimension(&self) -> usize;
}

/// A law with a density with respect to Lebesgue measure on ℝᵈ.
pub trait Density: Law {
    /// ln p at every row of `rows`, which has d columns; −∞ where the density is 0.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch).
    fn ln_pdf_rows(&self, rows: &DMatrix<Self::Scalar>) -> Result<DVector<Self::Scalar>, DistributionError>;

    /// ln p at one point.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch).
    fn ln_pdf(&self, point: &DVector<Self::Scalar>) -> Result<Self::Scalar, DistributionError> {
        Ok(self.ln_pdf_rows(&DMatrix::from_row_slice(1, point.len(), point.as_slice()))?[0])
    }
}

/// A law that can be sampled, one draw a row.
pub trait SampleRows: Law<Scalar: SampleReal> {
    /// Fills every row of `out` with an independent draw.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch) if `out` has not d columns.
    fn sample_rows_to<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        out: &mut DMatrix<Self::Scalar>,
    ) -> Result<(), DistributionError>;

    /// `n` independent draws as the rows of an n × d matrix.
    ///
    /// ```
    /// use fenchel::distribution::{Gaussian, SampleRows};
    /// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    /// let rows = Gaussian::<f64>::standard(3)?.sample_rows(100, &mut rng)?;
    /// assert_eq!(rows.shape(), (100, 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLarge`](DistributionError::TooLarge); a law of your own may have others.
    fn sample_rows<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Result<DMatrix<Self::Scalar>, DistributionError> {
        check_size::<Self::Scalar>(n, self.dimension())?;
        let mut out = DMatrix::zeros(n, self.dimension());
        self.sample_rows_to(rng, &mut out)?;
        Ok(out)
    }
}

/// A law whose first two moments are known.
pub trait Moments: Law {
    /// The mean.
    fn mean(&self) -> DVector<Self::Scalar>;

    /// The covariance matrix.
    fn covariance(&self) -> DMatrix<Self::Scalar>;
}

/// A family of laws that is closed under invertible affine maps.
pub trait AffineImage: Law + Sized {
    /// The law of `matrix` X + `offset`, where X has this law.
    ///
    /// Its density is exact: normalising data by an affine map costs nothing.
    ///
    /// # Errors
    ///
    /// `matrix` has not d columns or not as many rows as `offset`, holds a value that is not finite, or maps onto less than the whole
    /// space.
    fn affine_image(
        &self,
        matrix: &DMatrix<Self::Scalar>,
        offset: &DVector<Self::Scalar>,
    ) -> Result<Self, DistributionError>;
}

/// What is wrong with the description of a law, or with a point handed to it. Places count from 0.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// A law on a space of dimension 0.
    #[error("dimension 0")]
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
    /// A covariance matrix is not symmetric.
    #[error(
        "the covariance is not symmetric: {value} in row {row}, column {column}, but {mirrored} across the diagonal"
    )]
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
    /// A covariance matrix is not positive definite, or an affine map is not onto, to working precision.
    #[error("not positive definite: the pivot {pivot} is {value}, not positive beyond rounding")]
    NotPositiveDefinite {
        /// The first row and column of the Cholesky factor that cannot be computed.
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
}

/// Errs unless `found` is the dimension `expected`.
fn check_dimension(what: &'static str, expected: usize, found: usize) -> Result<(), DistributionError> {
    if expected == found { Ok(()) } else { Err(DistributionError::DimensionMismatch { what, expected, found }) }
}

/// Errs unless a matrix of this shape could exist.
fn check_size<T>(rows: usize, columns: usize) -> Result<(), DistributionError> {
    if fits::<T>(rows, columns) { Ok(()) } else { Err(DistributionError::TooLarge { rows, columns }) }
}

/// ln p at every row, of a law that may come from elsewhere: errs unless there is one value for each row.
pub(crate) fn checked_ln_pdf_rows<P: Density>(
    law: &P,
    rows: &DMatrix<P::Scalar>,
) -> Result<DVector<P::Scalar>, DistributionError> {
    let ln_pdf = law.ln_pdf_rows(rows)?;
    check_dimension("the vector of log densities", rows.nrows(), ln_pdf.len())?;
    Ok(ln_pdf)
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

//! Maximum-likelihood estimation from sufficient statistics.
//!
//! | law | statistics | estimate |
//! |---|---|---|
//! | [`Gaussian`](crate::distribution::Gaussian) | [`GaussianStatistics`] | closed form |
//!
//! Statistics are a monoid: observed in any number of parts, in any order, and merged.

mod gaussian;

pub use gaussian::GaussianStatistics;

use nalgebra::DMatrix;

use crate::distribution::{DistributionError, Law};
use crate::real::Real;

/// What the data say about the parameters of a family, in a form that adds up.
pub trait SufficientStatistics: Sized {
    /// The scalar type of the data.
    type Scalar: Real;

    /// The statistics of no data on a space of this dimension.
    ///
    /// # Errors
    ///
    /// A dimension of 0.
    fn empty(dimension: usize) -> Result<Self, EstimateError>;

    /// Takes in the rows of `rows`, row i with the weight `weights[i]`, or each with weight 1.
    ///
    /// # Errors
    ///
    /// The wrong number of columns or weights, a value that is not finite, a weight that is negative or not finite. Nothing is taken in then.
    fn observe(&mut self, rows: &DMatrix<Self::Scalar>, weights: Option<&[Self::Scalar]>) -> Result<(), EstimateError>;

    /// Takes in what `other` has taken in.
    ///
    /// # Errors
    ///
    /// Statistics of another dimension.
    fn merge(&mut self, other: &Self) -> Result<(), EstimateError>;
}

/// A family whose maximum-likelihood estimate has a closed form in its sufficient statistics.
///
/// ```
/// use fenchel::distribution::{Gaussian, Moments};
/// use fenchel::estimate::FitMle;
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), fenchel::EstimateError> {
/// let rows = DMatrix::from_row_slice(4, 1, &[1.0, 2.0, 3.0, 6.0]);
/// let law = Gaussian::fit_mle(&rows)?;
/// assert_eq!(law.mean()[0], 3.0);
/// let variance: f64 = law.covariance()[(0, 0)]; // divided by n, not n - 1
/// assert!((variance - 3.5).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
pub trait FitMle: Law + Sized {
    /// The sufficient statistics of the family.
    type Statistics: SufficientStatistics<Scalar = Self::Scalar>;

    /// The estimate from statistics gathered before, in parts or in parallel.
    ///
    /// # Errors
    ///
    /// Too little data, or data for which no estimate exists.
    fn fit_mle_from(statistics: &Self::Statistics) -> Result<Self, EstimateError>;

    /// The law in the family under which `rows` are most likely.
    ///
    /// # Errors
    ///
    /// Those of [`SufficientStatistics::observe`] and of [`fit_mle_from`](Self::fit_mle_from).
    fn fit_mle(rows: &DMatrix<Self::Scalar>) -> Result<Self, EstimateError> {
        let mut statistics = Self::Statistics::empty(rows.ncols())?;
        statistics.observe(rows, None)?;
        Self::fit_mle_from(&statistics)
    }

    /// The same with row i counted `weights[i]` times.
    ///
    /// # Errors
    ///
    /// Those of [`SufficientStatistics::observe`] and of [`fit_mle_from`](Self::fit_mle_from).
    fn fit_mle_weighted(rows: &DMatrix<Self::Scalar>, weights: &[Self::Scalar]) -> Result<Self, EstimateError> {
        let mut statistics = Self::Statistics::empty(rows.ncols())?;
        statistics.observe(rows, Some(weights))?;
        Self::fit_mle_from(&statistics)
    }
}

/// What is wrong with data, or why there is no estimate. Places count from 0.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EstimateError {
    /// Fewer rows of positive weight than an estimate needs.
    #[error("{rows} rows of positive weight, but an estimate needs {needed}")]
    TooFewRows {
        /// The rows of positive weight.
        rows: usize,
        /// The number that could do.
        needed: usize,
    },
    /// Rows of the wrong length.
    #[error("rows have {found} columns, not {expected}")]
    ColumnMismatch {
        /// The number of columns that was expected.
        expected: usize,
        /// The number of columns found.
        found: usize,
    },
    /// Not one weight for each row.
    #[error("{weights} weights for {rows} rows")]
    WeightCount {
        /// The number of weights.
        weights: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A weight is negative, infinite or NaN.
    #[error("row {row} has the weight {weight}")]
    InvalidWeight {
        /// The row.
        row: usize,
        /// Its weight.
        weight: f64,
    },
    /// A value is NaN or infinite.
    #[error("the data have the value {value} in row {row}, column {column}")]
    NonFinite {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// The estimate is no law of the family: a singular covariance, say, when the data lie on a line.
    #[error("no estimate exists: {0}")]
    Distribution(#[from] DistributionError),
}

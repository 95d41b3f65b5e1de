//! Maximum-likelihood estimation.
//!
//! | law | how | needs |
//! |---|---|---|
//! | [`Gaussian`](crate::distribution::Gaussian) | [`FitMle`], closed form from [`GaussianStatistics`] | d + 1 rows |
//! | [`DiagonalGaussian`](crate::distribution::DiagonalGaussian), [`SphericalGaussian`](crate::distribution::SphericalGaussian) | [`FitMle`], closed form from [`StructuredStatistics`] | 2 rows |
//! | [`Mixture`](crate::distribution::Mixture) of these | [`Em`], iterations of weighted fits | as many rows that differ as components |
//!
//! Statistics are a monoid: observed in any number of parts, in any order, and merged. With the feature `rayon` the rows of a call are shared out
//! over all cores; the numbers are the same.
//!
//! What scikit-learn calls `GaussianMixture` is here:
//!
//! | there | here |
//! |---|---|
//! | `covariance_type` | the type parameter of [`Em`]: a [`CovarianceModel`] |
//! | `reg_covar`, `tol`, `max_iter`, `n_init`, `init_params` | [`Regularisation::Absolute`], [`Em::tolerance`], [`Em::max_iterations`], [`Em::restarts`], [`Start`] |
//! | `means_init` and its like, `warm_start` | [`Em::fit_from`] |
//! | `fit`; no weights | [`Em::fit`], [`Em::fit_weighted`] |
//! | `lower_bounds_`, `converged_`, `n_iter_` | [`MixtureFit::trace`], [`MixtureFit::converged`], [`MixtureFit::iterations`] |
//! | `aic`, `bic`, a loop over them | [`MixtureFit::aic`], [`MixtureFit::bic`], [`Em::select`] |
//! | `predict`, `predict_proba`, `score_samples`, `sample` | of the law: [`predict`](crate::distribution::Mixture::predict), [`responsibilities`](crate::distribution::Mixture::responsibilities), [`ln_pdf_rows`](crate::distribution::Density::ln_pdf_rows), [`sample_rows`](crate::distribution::SampleRows::sample_rows) |

mod centre;
mod em;
mod error;
mod scatter;
mod statistics;

pub use em::{CovarianceModel, Criterion, Em, EmStep, MixtureFit, Regularisation, Selection, Start, Tied};
pub use error::EstimateError;
pub use scatter::Scatter;
pub use statistics::{GaussianStatistics, StructuredStatistics};

use nalgebra::DMatrix;

use crate::distribution::Law;
use crate::real::Real;

/// What the data say about the parameters of a family, in a form that adds up.
pub trait SufficientStatistics: Sized {
    /// The scalar type of the data.
    type Scalar: Real;

    /// The statistics of no data on a space of this dimension.
    ///
    /// # Errors
    ///
    /// A dimension of 0, or one of which no matrix can be.
    fn empty(dimension: usize) -> Result<Self, EstimateError>;

    /// Takes in the rows of `rows`, row i with the weight `weights[i]`, or each with weight 1.
    ///
    /// # Errors
    ///
    /// The wrong number of columns or weights, a value that is not finite, values farther apart than the numbers reach, a weight that is negative
    /// or not finite, weights whose sum is not finite, or so small that shares of it have no digits. Nothing is taken in then.
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
    /// Too little data, data so near each other that their squares [underflow](EstimateError::Underflow), or data for which no estimate exists.
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

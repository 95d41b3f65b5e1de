//! Distribution functions on the line.

use super::{DistributionError, Law, Mixture, Structure, StructuredGaussian, check_dimension};
use crate::real::{CompensatedSum, Real};
use crate::special::normal_cdf;

/// A law whose distribution function is known where it lives on the line.
///
/// ```
/// use fenchel::distribution::{Cdf, Gaussian, Mixture};
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let law = |mean: f64| Gaussian::new(DVector::from_element(1, mean), DMatrix::identity(1, 1));
/// let mixture = Mixture::new(&[0.25, 0.75], vec![law(-10.0)?, law(10.0)?])?;
/// assert!((mixture.cdf(0.0)? - 0.25).abs() < 1e-15); // Φ(10) is 1 and Φ(−10) 0, to rounding
/// # Ok(())
/// # }
/// ```
pub trait Cdf: Law {
    /// P(X ≤ `x`); NaN only for a NaN.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch) if the law is not of dimension 1.
    fn cdf(&self, x: Self::Scalar) -> Result<Self::Scalar, DistributionError>;
}

/// Φ((x − μ)/σ), relatively accurate far below μ as well.
impl<T: Real, S: Structure> Cdf for StructuredGaussian<T, S> {
    fn cdf(&self, x: T) -> Result<T, DistributionError> {
        check_line(self)?;
        Ok(normal_cdf((x - self.mean_ref()[0]) / self.factor()[(0, 0)]))
    }
}

/// Σₖ wₖ Fₖ(x).
impl<C: Cdf> Cdf for Mixture<C> {
    fn cdf(&self, x: C::Scalar) -> Result<C::Scalar, DistributionError> {
        let terms = self.components().iter().zip(self.weights()).map(|(component, &w)| Ok(component.cdf(x)? * w));
        weighted_sum(terms)
    }
}

/// Errs unless the law lives on the line.
pub(super) fn check_line<L: Law>(law: &L) -> Result<(), DistributionError> {
    check_dimension("a law with a distribution function", 1, law.dimension())
}

/// A sum of probabilities: at most 1 in spite of rounding.
pub(super) fn weighted_sum<T: Real>(
    mut terms: impl Iterator<Item = Result<T, DistributionError>>,
) -> Result<T, DistributionError> {
    let sum = terms.try_fold(CompensatedSum::default(), |sum, term| Ok(sum.plus(term?)))?.total();
    Ok(if sum > T::one() { T::one() } else { sum })
}

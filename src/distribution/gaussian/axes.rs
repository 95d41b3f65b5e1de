//! Gaussians whose coordinates are independent.

use nalgebra::DVector;

use super::{DiagonalGaussian, SphericalGaussian};
use crate::distribution::marginal::{check_conditional, check_marginal};
use crate::distribution::{
    Conditional, DistributionError, Law, Marginal, check_dimension, check_finite_vector, check_size,
};
use crate::real::{Real, to_f64};

impl<T: Real> DiagonalGaussian<T> {
    /// N(0, I) on ℝᵈ.
    ///
    /// # Errors
    ///
    /// No dimension, or more than a vector can have.
    pub fn standard(dimension: usize) -> Result<Self, DistributionError> {
        check_size::<T>(dimension, 1)?;
        Self::new(DVector::zeros(dimension), DVector::from_element(dimension, T::one()))
    }

    /// N(`mean`, diag(`variances`)).
    ///
    /// # Errors
    ///
    /// No dimension, not one variance for each coordinate, a value that is not finite, a variance that is not positive.
    pub fn new(mean: DVector<T>, variances: DVector<T>) -> Result<Self, DistributionError> {
        check_mean(&mean)?;
        check_dimension("the vector of variances", mean.len(), variances.len())?;
        for (pivot, &variance) in variances.iter().enumerate() {
            check_variance(pivot, variance)?;
        }
        Ok(Self { mean, root: variances.map(T::sqrt) })
    }

    /// The standard deviations σ₁, ..., σ_d.
    pub fn standard_deviations(&self) -> &DVector<T> {
        &self.root
    }
}

impl<T: Real> SphericalGaussian<T> {
    /// N(0, I) on ℝᵈ.
    ///
    /// # Errors
    ///
    /// No dimension, or more than a vector can have.
    pub fn standard(dimension: usize) -> Result<Self, DistributionError> {
        check_size::<T>(dimension, 1)?;
        Self::new(DVector::zeros(dimension), T::one())
    }

    /// N(`mean`, `variance` I).
    ///
    /// ```
    /// use fenchel::distribution::{Mixture, SphericalGaussian};
    /// use fenchel::nalgebra::DVector;
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let at = |x: f64, y: f64| SphericalGaussian::new(DVector::from_vec(vec![x, y]), 0.01);
    /// let mixture = Mixture::new(&[1.0, 2.0], vec![at(-1.0, 0.0)?, at(1.0, 0.0)?])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No dimension, a value that is not finite, a variance that is not positive.
    pub fn new(mean: DVector<T>, variance: T) -> Result<Self, DistributionError> {
        check_mean(&mean)?;
        check_variance(0, variance)?;
        Ok(Self { mean, root: variance.sqrt() })
    }

    /// The standard deviation σ of every coordinate.
    pub fn standard_deviation(&self) -> T {
        self.root
    }
}

impl<T: Real> Marginal for DiagonalGaussian<T> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        check_marginal(coordinates, self.dimension())?;
        Ok(Self { mean: self.mean.select_rows(coordinates), root: self.root.select_rows(coordinates) })
    }
}

impl<T: Real> Marginal for SphericalGaussian<T> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        check_marginal(coordinates, self.dimension())?;
        Ok(Self { mean: self.mean.select_rows(coordinates), root: self.root })
    }
}

/// The marginal of the others: the coordinates are independent.
impl<T: Real> Conditional for DiagonalGaussian<T> {
    fn conditional(&self, coordinates: &[usize], values: &DVector<T>) -> Result<Self, DistributionError> {
        self.marginal(&check_conditional(coordinates, values, self.dimension())?)
    }
}

/// The marginal of the others: the coordinates are independent.
impl<T: Real> Conditional for SphericalGaussian<T> {
    fn conditional(&self, coordinates: &[usize], values: &DVector<T>) -> Result<Self, DistributionError> {
        self.marginal(&check_conditional(coordinates, values, self.dimension())?)
    }
}

fn check_mean<T: Real>(mean: &DVector<T>) -> Result<(), DistributionError> {
    if mean.is_empty() { Err(DistributionError::ZeroDimension) } else { check_finite_vector("the mean", mean) }
}

fn check_variance<T: Real>(pivot: usize, variance: T) -> Result<(), DistributionError> {
    if !variance.is_finite() {
        let (what, value) = ("the covariance", to_f64(variance));
        return Err(DistributionError::NonFinite { what, row: pivot, column: pivot, value });
    }
    if variance > T::zero() {
        return Ok(());
    }
    Err(DistributionError::NotPositiveDefinite { pivot, value: to_f64(variance) })
}

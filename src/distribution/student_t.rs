//! The multivariate t law.

use std::f64::consts::TAU;

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand::distr::Distribution;
use rand_distr::Gamma;
use rand_distr::multi::MultiDistribution;

use super::draw::{check_length, draws_by_slices};
use super::marginal::{check_conditional, row};
use super::{AffineImage, Conditional, Density, DistributionError, Gaussian, Landmarks, Law, Marginal};
use crate::real::{Real, SampleReal, count, real};

/// t(ν, μ, Σ) on ℝᵈ, with density
///
/// Γ((ν + d)/2)/(Γ(ν/2) √det(π ν Σ)) · (1 + (x − μ)ᵀ Σ⁻¹ (x − μ)/ν)^(−(ν + d)/2).
///
/// ν > 0 are the degrees of freedom: ν = 1 is Cauchy's law, and as ν grows the law tends to N(μ, Σ). Σ is its scale, not its
/// covariance, which is Σ ν/(ν − 2) and exists only for ν > 2. Stored as ν, μ and the lower Cholesky factor L of Σ; a draw is μ +
/// L z √(ν/c) with z standard normal and c chi-squared with ν degrees of freedom, infinite if it is beyond the numbers, as many
/// are when ν is close to 0.
///
/// Kotz and Nadarajah (2004), *Multivariate t Distributions and Their Applications*; its conditionals: Ding (2016), *On the
/// conditional distribution of the multivariate t distribution*.
///
/// ```
/// use fenchel::distribution::{Density, StudentT};
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let cauchy = StudentT::new(1.0, DVector::zeros(1), DMatrix::identity(1, 1))?;
/// let at_one: f64 = cauchy.ln_pdf(&DVector::from_element(1, 1.0))?;
/// assert!((at_one + (2.0 * std::f64::consts::PI).ln()).abs() < 1e-15 * 8.0); // 1/(π (1 + x²)), a few roundings
/// assert!(cauchy.mean().is_err()); // it has none
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StudentT<T: Real> {
    degrees_of_freedom: f64,
    /// N(μ, Σ).
    shape: Gaussian<T>,
}

impl<T: Real> StudentT<T> {
    /// t(ν, `location`, `scale`); `scale` is Σ, which may be asymmetric by rounding, as in [`Gaussian::new`].
    ///
    /// # Errors
    ///
    /// Degrees of freedom that are not positive and finite, and those of [`Gaussian::new`].
    pub fn new(degrees_of_freedom: f64, location: DVector<T>, scale: DMatrix<T>) -> Result<Self, DistributionError> {
        Self::of(degrees_of_freedom, Gaussian::new(location, scale)?)
    }

    /// t(ν, `location`, L Lᵀ), where L is the lower triangle of `factor`.
    ///
    /// # Errors
    ///
    /// Degrees of freedom that are not positive and finite, and those of [`Gaussian::from_cholesky`].
    pub fn from_cholesky(
        degrees_of_freedom: f64,
        location: DVector<T>,
        factor: DMatrix<T>,
    ) -> Result<Self, DistributionError> {
        Self::of(degrees_of_freedom, Gaussian::from_cholesky(location, factor)?)
    }

    fn of(degrees_of_freedom: f64, shape: Gaussian<T>) -> Result<Self, DistributionError> {
        let rounded = real::<T>(degrees_of_freedom);
        // Half of it is what the density is made of.
        if rounded * real(0.5) > T::zero() && rounded.is_finite() {
            return Ok(Self { degrees_of_freedom, shape });
        }
        let (what, range) = ("the number of degrees of freedom", "positive and finite in the precision of the law");
        Err(DistributionError::InvalidParameter { what, value: degrees_of_freedom, range })
    }

    /// ν.
    pub fn degrees_of_freedom(&self) -> f64 {
        self.degrees_of_freedom
    }

    /// N(μ, Σ): the location, and the scale as its covariance. What the law tends to as ν grows.
    pub fn shape(&self) -> &Gaussian<T> {
        &self.shape
    }

    /// The mean μ. Not [`Moments`](super::Moments), because it exists only for ν > 1.
    ///
    /// # Errors
    ///
    /// [`NoMoment`](DistributionError::NoMoment) for ν ≤ 1.
    pub fn mean(&self) -> Result<DVector<T>, DistributionError> {
        self.check_moment("mean", 1.0)?;
        Ok(self.shape.mean_ref().clone())
    }

    /// The covariance Σ ν/(ν − 2), which exists only for ν > 2.
    ///
    /// # Errors
    ///
    /// [`NoMoment`](DistributionError::NoMoment) for ν ≤ 2.
    pub fn covariance(&self) -> Result<DMatrix<T>, DistributionError> {
        self.check_moment("covariance", 2.0)?;
        let factor = self.shape.cholesky_factor();
        Ok(factor * factor.transpose() * real::<T>(self.degrees_of_freedom / (self.degrees_of_freedom - 2.0)))
    }

    fn check_moment(&self, moment: &'static str, least: f64) -> Result<(), DistributionError> {
        let degrees_of_freedom = self.degrees_of_freedom;
        if degrees_of_freedom > least {
            return Ok(());
        }
        Err(DistributionError::NoMoment { moment, degrees_of_freedom, least })
    }

    /// ln(Γ((ν + d)/2)/(Γ(ν/2) (π ν)^(d/2))), without the difference of two large numbers.
    fn ln_normalisation(&self) -> f64 {
        let (half_degrees, dimension) = (0.5 * self.degrees_of_freedom, self.dimension());
        // By Γ(x + 1) = x Γ(x) a factor a + j for every two dimensions, and what an odd one leaves; each over a = ν/2.
        let odd = if dimension % 2 == 1 { 0.5 } else { 0.0 };
        let grown = |more: f64| {
            if more < half_degrees {
                (more / half_degrees).ln_1p()
            } else {
                (half_degrees + more).ln() - half_degrees.ln()
            }
        };
        let factors: f64 = (0..dimension / 2).map(|j| grown(odd + j as f64)).sum();
        let left = if odd > 0.0 { ln_gamma_step(half_degrees) } else { 0.0 };
        factors + left - 0.5 * dimension as f64 * TAU.ln()
    }
}

/// ln(Γ(a + ½)/(Γ(a) √a)) for a > 0.
fn ln_gamma_step(a: f64) -> f64 {
    if a < 16.0 {
        return libm::lgamma(a + 0.5) - libm::lgamma(a) - 0.5 * a.ln();
    }
    // Its asymptotic series; the first term left out is 31/(18432 a⁹), below 3e-14 of the first one.
    let square = a.recip() * a.recip();
    (-1.0 / 8.0 + square * (1.0 / 192.0 + square * (-1.0 / 640.0 + square * 17.0 / 14336.0))) / a
}

impl<T: Real> Law for StudentT<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        self.shape.dimension()
    }
}

impl<T: Real> Density for StudentT<T> {
    fn ln_pdf_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        let (degrees, infinity) = (real::<T>(self.degrees_of_freedom), real::<T>(f64::INFINITY));
        let exponent = (degrees + count(self.dimension())) * real(0.5);
        let normalisation = real::<T>(self.ln_normalisation()) - self.shape.ln_determinant() * real(0.5);
        let mut ln_pdf = self.shape.mahalanobis_squared_rows(rows)?;
        for (row, value) in ln_pdf.iter_mut().enumerate() {
            let mut ln_1p = (*value / degrees).ln_1p();
            if ln_1p >= infinity && rows.row(row).iter().all(|x| x.is_finite()) {
                // The square overflows, where the logarithm of the density is still moderate.
                let whitened = self.shape.whitened_rows(&rows.rows(row, 1).into_owned())?;
                if whitened.iter().all(|z| z.is_finite()) {
                    let size = whitened.amax();
                    ln_1p = size.ln() + size.ln() + (whitened / size).norm_squared().ln() - degrees.ln();
                }
            }
            *value = normalisation - exponent * ln_1p;
        }
        Ok(ln_pdf)
    }
}

impl<T: SampleReal> MultiDistribution<T> for StudentT<T> {
    fn sample_len(&self) -> usize {
        self.dimension()
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        check_length(self, output);
        self.shape.noise_to_slice(rng, output);
        // c/2 has the gamma law of shape ν/2, which exists for every ν > 0. In f64 for every T, so that c vanishes as rarely as
        // can be.
        let half_degrees = 0.5 * self.degrees_of_freedom;
        let half_chi_squared = Gamma::new(half_degrees, 1.0).map_or(half_degrees, |gamma| gamma.sample(rng));
        let mut stretch = real::<T>((half_degrees / half_chi_squared).sqrt());
        if !stretch.is_finite() {
            stretch = T::max_value().unwrap_or(stretch); // 0 times it is 0
        }
        output.iter_mut().zip(self.shape.mean_ref().iter()).for_each(|(x, &location)| *x = *x * stretch + location);
    }
}

draws_by_slices!(StudentT);

impl<T: Real> AffineImage for StudentT<T> {
    fn affine_image(&self, matrix: &DMatrix<T>, offset: &DVector<T>) -> Result<Self, DistributionError> {
        Self::of(self.degrees_of_freedom, self.shape.affine_image(matrix, offset)?)
    }
}

impl<T: Real> Marginal for StudentT<T> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        Self::of(self.degrees_of_freedom, self.shape.marginal(coordinates)?)
    }
}

/// t(ν + k, μ₂₁, Σ₂₁ (ν + δ)/(ν + k)), where k coordinates are given, at the squared Mahalanobis distance δ from their location,
/// and N(μ₂₁, Σ₂₁) is the conditional of N(μ, Σ).
impl<T: Real> Conditional for StudentT<T> {
    fn conditional(&self, coordinates: &[usize], values: &DVector<T>) -> Result<Self, DistributionError> {
        check_conditional(coordinates, values, self.dimension())?;
        if coordinates.is_empty() {
            return Ok(self.clone());
        }
        let squared = self.shape.marginal(coordinates)?.mahalanobis_squared_rows(&row(values))?[0];
        let given = self.degrees_of_freedom + coordinates.len() as f64;
        let stretch = ((squared + real(self.degrees_of_freedom)) / real(given)).sqrt();
        let shape = self.shape.conditional(coordinates, values)?;
        let factor = shape.cholesky_factor() * stretch;
        Self::from_cholesky(given, shape.mean_ref().clone(), factor)
    }
}

/// N(μ, Σ).
impl<T: Real> Landmarks for StudentT<T> {
    fn landmarks(&self) -> Result<Vec<Gaussian<T>>, DistributionError> {
        Ok(vec![self.shape.clone()])
    }
}

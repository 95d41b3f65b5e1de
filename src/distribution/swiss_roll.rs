//! A spiral.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::multi::MultiDistribution;

use super::draw::{check_length, draws_by_slices};
use super::toy::check_noise;
use super::{DistributionError, Law, Moments};
use crate::real::{Real, SampleReal, real};

/// (t cos t, t sin t) + σ z in the plane, with t uniform on [3π/2, 9π/2) and z standard normal.
///
/// The first and third coordinates of scikit-learn's `make_swiss_roll`. Gulrajani et al. (2017), *Improved Training of
/// Wasserstein GANs*, plot σ = 0.25 with both coordinates over 7.5. Its density is an integral over t without a closed form, and
/// without noise there is none, so this law is sampled only.
///
/// ```
/// use fenchel::distribution::{SampleRows, SwissRoll};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let rows = SwissRoll::new(0.25_f64)?.sample_rows(1000, &mut Xoshiro256PlusPlus::seed_from_u64(1))? / 7.5;
/// assert_eq!(rows.shape(), (1000, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SwissRoll<T: Real> {
    noise: T,
}

impl<T: Real> SwissRoll<T> {
    /// The roll with noise of standard deviation σ = `noise`, which may be 0.
    ///
    /// # Errors
    ///
    /// [`InvalidParameter`](DistributionError::InvalidParameter) for a noise that is negative or not finite.
    pub fn new(noise: T) -> Result<Self, DistributionError> {
        Ok(Self { noise: check_noise(noise)? })
    }

    /// σ.
    pub fn noise(&self) -> T {
        self.noise
    }
}

impl<T: Real> Law for SwissRoll<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        2
    }
}

/// In closed form: E t² cos² t is half of E t² less ¼, and so on.
impl<T: Real> Moments for SwissRoll<T> {
    fn mean(&self) -> DVector<T> {
        DVector::from_row_slice(&[real(2.0), real::<T>(2.0) / (T::pi() * real(3.0))])
    }

    fn covariance(&self) -> DMatrix<T> {
        let (mean, pi) = (self.mean(), T::pi());
        let half_square = pi * pi * real(4.875); // of E t² = (a² + ab + b²)/3
        let [x, y, product] = [half_square - real(0.25), half_square + real(0.25), pi * real(1.5)];
        let noise = self.noise * self.noise;
        let covariance = product - mean[0] * mean[1];
        let variances = [x - mean[0] * mean[0] + noise, y - mean[1] * mean[1] + noise];
        DMatrix::from_row_slice(2, 2, &[variances[0], covariance, covariance, variances[1]])
    }
}

impl<T: SampleReal> MultiDistribution<T> for SwissRoll<T> {
    fn sample_len(&self) -> usize {
        2
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        check_length(self, output);
        let t = T::pi() * (T::standard_uniform(rng) * real(3.0) + real(1.5));
        output[0] = t * t.cos() + self.noise * T::standard_normal(rng);
        output[1] = t * t.sin() + self.noise * T::standard_normal(rng);
    }
}

draws_by_slices!(SwissRoll);

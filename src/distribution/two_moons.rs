//! Two interleaved half circles.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::multi::MultiDistribution;

use super::draw::{check_length, draws_by_slices};
use super::toy::check_noise;
use super::{DistributionError, Law, Moments, check_size};
use crate::real::{Real, SampleReal, real};

/// The outer moon (cos t, sin t) or the inner one (1 − cos t, ½ − sin t), each half of the time, plus σ z, with t uniform on [0,
/// π) and z standard normal.
///
/// scikit-learn's `make_moons`, as independent draws: there one half of the points is on each moon, at equal steps of t. Its
/// density is an integral over t without a closed form, and without noise there is none, so this law is sampled only.
///
/// ```
/// use fenchel::distribution::TwoMoons;
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let (rows, labels) = TwoMoons::new(0.1_f64)?.sample_labelled_rows(1000, &mut rng)?;
/// assert_eq!((rows.shape(), labels.len()), ((1000, 2), 1000)); // 0 is the outer moon, 1 the inner one
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TwoMoons<T: Real> {
    noise: T,
}

impl<T: Real> TwoMoons<T> {
    /// The moons with noise of standard deviation σ = `noise`, which may be 0.
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

impl<T: Real> Law for TwoMoons<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        2
    }
}

/// In closed form, from E sin t = 2/π and E cos² t = E sin² t = ½.
impl<T: Real> Moments for TwoMoons<T> {
    fn mean(&self) -> DVector<T> {
        DVector::from_row_slice(&[real(0.5), real(0.25)])
    }

    fn covariance(&self) -> DMatrix<T> {
        let (noise, inverse_pi) = (self.noise * self.noise, T::pi().recip());
        let (x, y) = (real::<T>(0.75) + noise, real::<T>(0.5625) - inverse_pi + noise);
        let product = real::<T>(0.125) - inverse_pi;
        DMatrix::from_row_slice(2, 2, &[x, product, product, y])
    }
}

impl<T: SampleReal> TwoMoons<T> {
    /// `n` independent draws as rows, with the moon of each: 0 for the outer one, 1 for the inner one. They are the rows of
    /// [`sample_rows`](super::SampleRows::sample_rows).
    ///
    /// # Errors
    ///
    /// [`TooLarge`](DistributionError::TooLarge).
    pub fn sample_labelled_rows<R: Rng + ?Sized>(
        &self,
        n: usize,
        rng: &mut R,
    ) -> Result<(DMatrix<T>, Vec<usize>), DistributionError> {
        check_size::<T>(n, 2)?;
        let mut rows = DMatrix::zeros(n, 2);
        let mut labels = Vec::with_capacity(n);
        for mut row in rows.row_iter_mut() {
            let ([x, y], label) = self.draw(rng);
            (row[0], row[1]) = (x, y);
            labels.push(label);
        }
        Ok((rows, labels))
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> ([T; 2], usize) {
        // One uniform number tells the moon by its half, and t by where in the half.
        let twice = T::standard_uniform(rng) * real(2.0);
        let (label, t) = if twice < T::one() { (0, twice * T::pi()) } else { (1, (twice - T::one()) * T::pi()) };
        let (sin, cos) = t.sin_cos();
        let [x, y] = if label == 0 { [cos, sin] } else { [T::one() - cos, real::<T>(0.5) - sin] };
        let noise = [T::standard_normal(rng), T::standard_normal(rng)];
        ([x + self.noise * noise[0], y + self.noise * noise[1]], label)
    }
}

impl<T: SampleReal> MultiDistribution<T> for TwoMoons<T> {
    fn sample_len(&self) -> usize {
        2
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        check_length(self, output);
        output.copy_from_slice(&self.draw(rng).0);
    }
}

draws_by_slices!(TwoMoons);

//! Mixtures that papers on generative adversarial networks plot.

use nalgebra::{DMatrix, DVector};

use super::{DistributionError, Gaussian, Mixture};
use crate::real::{Real, count, real, to_f64};

/// Eight Gaussians of standard deviation 0.02 in the plane, of equal weights, on a circle of radius 2 around 0, the first at (2, 0).
///
/// Metz, Poole, Pfau and Sohl-Dickstein (2017), *Unrolled Generative Adversarial Networks*, appendix A. Gulrajani et al. (2017),
/// *Improved Training of Wasserstein GANs*, plot the [image](super::AffineImage) of half the variance: both coordinates over √2.
///
/// ```
/// let law = fenchel::distribution::ring_of_8::<f64>()?;
/// assert!(law.components().len() == 8 && law.weights().iter().all(|&w| w == 0.125));
/// # Ok::<(), fenchel::DistributionError>(())
/// ```
///
/// # Errors
///
/// None; a [`Mixture`] is made by what could have some.
pub fn ring_of_8<T: Real>() -> Result<Mixture<Gaussian<T>>, DistributionError> {
    let place = |k: usize| {
        let angle = T::frac_pi_4() * count(k);
        [angle.cos() * real(2.0), angle.sin() * real(2.0)]
    };
    round_modes((0..8).map(place), real(0.02))
}

/// Twenty-five Gaussians of standard deviation 0.05 in the plane, of equal weights, at (2i, 2j) for i, j = −2, ..., 2, in the
/// order of i, then of j.
///
/// Lin, Khetan, Fanti and Oh (2018), *PacGAN: The power of two samples in generative adversarial networks*, section 4.1.
/// Gulrajani et al. (2017), *Improved Training of Wasserstein GANs*, plot the [image](super::AffineImage) with both coordinates
/// over 2√2.
///
/// ```
/// let law = fenchel::distribution::grid_of_25::<f64>()?;
/// assert_eq!(law.components().len(), 25);
/// # Ok::<(), fenchel::DistributionError>(())
/// ```
///
/// # Errors
///
/// None; a [`Mixture`] is made by what could have some.
pub fn grid_of_25<T: Real>() -> Result<Mixture<Gaussian<T>>, DistributionError> {
    let step = |k: usize| (count::<T>(k) - real(2.0)) * real(2.0);
    round_modes((0..25).map(|k| [step(k / 5), step(k % 5)]), real(0.05))
}

/// Round Gaussians of equal weights around these places.
fn round_modes<T: Real>(
    places: impl Iterator<Item = [T; 2]>,
    deviation: T,
) -> Result<Mixture<Gaussian<T>>, DistributionError> {
    let mode =
        |place: [T; 2]| Gaussian::from_cholesky(DVector::from_row_slice(&place), DMatrix::identity(2, 2) * deviation);
    let modes = places.map(mode).collect::<Result<Vec<_>, _>>()?;
    Mixture::new(&vec![T::one(); modes.len()], modes)
}

/// Errs unless a standard deviation of noise may be this.
pub(super) fn check_noise<T: Real>(noise: T) -> Result<T, DistributionError> {
    if noise >= T::zero() && noise.is_finite() {
        return Ok(noise);
    }
    let (what, range) = ("the noise", "finite and not negative");
    Err(DistributionError::InvalidParameter { what, value: to_f64(noise), range })
}

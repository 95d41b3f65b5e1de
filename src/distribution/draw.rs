//! Draws by slices.

use nalgebra::DVector;
use rand::Rng;
use rand_distr::multi::MultiDistribution;

use super::Law;

/// Panics unless `output` has one entry for each dimension, as [`MultiDistribution`] asks of its implementations: it has no way
/// to return an error.
pub(super) fn check_length<L: Law>(law: &L, output: &[L::Scalar]) {
    let (expected, found) = (law.dimension(), output.len());
    assert_eq!(expected, found, "a draw has {expected} entries, the slice for it {found}");
}

/// One draw.
pub(super) fn draw_vector<L, R>(law: &L, rng: &mut R) -> DVector<L::Scalar>
where
    L: Law + MultiDistribution<L::Scalar>,
    R: Rng + ?Sized,
{
    let mut drawn = DVector::zeros(law.dimension());
    law.sample_to_slice(rng, drawn.as_mut_slice());
    drawn
}

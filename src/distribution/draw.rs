//! Draws by slices, and everything that follows from them.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::multi::MultiDistribution;

use super::{DistributionError, Law, check_dimension, check_size};
use crate::real::Real;

/// A matrix to be filled, if there could be one of this shape.
pub(super) fn room<T: Real>(rows: usize, columns: usize) -> Result<DMatrix<T>, DistributionError> {
    check_size::<T>(rows, columns)?;
    // Not `DMatrix::zeros`, which writes every one of them: the system has memory that is zero already.
    Ok(DMatrix::from_vec(rows, columns, vec![T::zero(); rows * columns]))
}

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

/// Fills the rows of `out`, one draw after another.
pub(super) fn draw_rows<L, R>(law: &L, rng: &mut R, out: &mut DMatrix<L::Scalar>) -> Result<(), DistributionError>
where
    L: Law + MultiDistribution<L::Scalar>,
    R: Rng + ?Sized,
{
    check_dimension("the output row", law.dimension(), out.ncols())?;
    let mut drawn = DVector::zeros(law.dimension());
    for mut row in out.row_iter_mut() {
        law.sample_to_slice(rng, drawn.as_mut_slice());
        row.iter_mut().zip(drawn.iter()).for_each(|(to, &from)| *to = from);
    }
    Ok(())
}

/// `Distribution` and `SampleRows` for laws that say how they draw into a slice.
macro_rules! draws_by_slices {
    ($law:ident) => {
        impl<T: $crate::real::SampleReal> rand::distr::Distribution<nalgebra::DVector<T>> for $law<T> {
            fn sample<R: rand::Rng + ?Sized>(&self, rng: &mut R) -> nalgebra::DVector<T> {
                $crate::distribution::draw::draw_vector(self, rng)
            }
        }

        impl<T: $crate::real::SampleReal> $crate::distribution::SampleRows for $law<T> {
            fn sample_rows_to<R: rand::Rng + ?Sized>(
                &self,
                rng: &mut R,
                out: &mut nalgebra::DMatrix<T>,
            ) -> Result<(), $crate::distribution::DistributionError> {
                $crate::distribution::draw::draw_rows(self, rng, out)
            }
        }
    };
}

pub(super) use draws_by_slices;

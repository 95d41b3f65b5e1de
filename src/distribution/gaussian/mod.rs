//! The multivariate normal law.

mod axes;
mod full;
mod kernel;
mod structure;

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand::distr::Distribution;
use rand_distr::multi::MultiDistribution;

pub(crate) use full::{check_pivots, factor_of_root};
use kernel::SquaredNorms;
pub use structure::{Diagonal, Full, Spherical, Structure};

use super::draw::{check_length, draw_vector};
use super::{Density, DistributionError, Law, Moments, SampleRows, check_dimension, check_range};
use crate::real::{Real, SampleReal, count, real};
use crate::vector::{Block, NEAR_ROWS, READ_ROWS, over_columns};

/// N(μ, Σ) on ℝᵈ, with density exp(−½ (x − μ)ᵀ Σ⁻¹ (x − μ)) / √det(2π Σ).
///
/// Stored as the mean and L of Σ = L Lᵀ, lower triangular, as far as the [`Structure`] of Σ leaves it open; a draw is μ + L z with z
/// standard normal.
///
/// ```
/// use fenchel::distribution::{Density, DiagonalGaussian, Gaussian, Moments};
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let mean = DVector::from_vec(vec![1.0_f64, 2.0]);
/// let law = Gaussian::new(mean.clone(), DMatrix::from_row_slice(2, 2, &[4.0, 0.0, 0.0, 1.0]))?;
/// let exact = -(2.0 * std::f64::consts::PI * 2.0).ln(); // √det(2π Σ) = 2π · 2
/// assert!((law.ln_pdf(&mean)? - exact).abs() < 1e-15 * exact.abs() * 4.0); // a few roundings
/// assert_eq!((law.mean(), law.covariance()[(0, 0)]), (mean.clone(), 4.0)); // by the trait `Moments`
///
/// // Independent coordinates: d deviations instead of a d × d factor.
/// let same = DiagonalGaussian::new(mean, DVector::from_vec(vec![4.0, 1.0]))?;
/// assert_eq!(same.to_full(), law);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StructuredGaussian<T: Real, S: Structure> {
    mean: DVector<T>,
    root: S::Root<T>,
}

/// A Gaussian of any covariance.
pub type Gaussian<T> = StructuredGaussian<T, Full>;

/// A Gaussian of independent coordinates.
pub type DiagonalGaussian<T> = StructuredGaussian<T, Diagonal>;

/// A Gaussian of independent coordinates with one variance.
pub type SphericalGaussian<T> = StructuredGaussian<T, Spherical>;

impl<T: Real, S: Structure> StructuredGaussian<T, S> {
    pub(crate) fn mean_ref(&self) -> &DVector<T> {
        &self.mean
    }

    /// The lower Cholesky factor of the covariance, as a matrix.
    pub(super) fn factor(&self) -> DMatrix<T> {
        S::factor(&self.root, self.dimension())
    }

    /// The same law, of which no structure is known.
    pub fn to_full(&self) -> Gaussian<T> {
        StructuredGaussian { mean: self.mean.clone(), root: self.factor() }
    }

    /// ln det Σ, from the diagonal of L: it neither over- nor underflows in high dimension.
    pub fn ln_determinant(&self) -> T {
        S::ln_determinant(&self.root, self.dimension())
    }

    /// The differential entropy −E ln p = ½ (d (1 + ln 2π) + ln det Σ), in nats.
    ///
    /// Cover and Thomas (2006), *Elements of Information Theory*, theorem 8.4.1.
    ///
    /// ```
    /// let law = fenchel::distribution::Gaussian::<f64>::standard(1)?;
    /// let exact = 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln();
    /// assert!((law.entropy() - exact).abs() < 1e-15 * 4.0); // a few roundings
    /// # Ok::<(), fenchel::DistributionError>(())
    /// ```
    pub fn entropy(&self) -> T {
        (count::<T>(self.dimension()) * (T::one() + T::two_pi().ln()) + self.ln_determinant()) * real(0.5)
    }

    /// (x − μ)ᵀ Σ⁻¹ (x − μ) at every row x: the squared Mahalanobis distance to the mean; NaN only for a row with a NaN. O(d²) a row, or O(d)
    /// by the structure.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch).
    pub fn mahalanobis_squared_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        let mut squared = DVector::zeros(rows.nrows());
        self.squared_norms_to(rows, 0, squared.as_mut_slice(), [T::one(), T::zero()])?;
        Ok(squared)
    }

    /// L⁻¹ (x − μ) at every row x.
    pub(super) fn whitened_rows(&self, rows: &DMatrix<T>) -> Result<DMatrix<T>, DistributionError> {
        let mut whitened = DMatrix::zeros(rows.nrows(), rows.ncols());
        self.whiten(rows, 0, rows.nrows(), |start, count, block| {
            let columns = block.entries().chunks_exact(block.height());
            for (mut to, from) in whitened.rows_mut(start, count).column_iter_mut().zip(columns) {
                to.copy_from_slice(&from[..count]);
            }
        })?;
        Ok(whitened)
    }

    /// Shows L⁻¹ (x − μ) for the rows x from `first` on, block by block, with the place of the block among them and its size.
    fn whiten(
        &self,
        rows: &DMatrix<T>,
        first: usize,
        count: usize,
        mut visit: impl FnMut(usize, usize, &Block<T>),
    ) -> Result<(), DistributionError> {
        check_dimension("the row", self.dimension(), rows.ncols())?;
        let mut block = Block::new(self.dimension());
        for start in (0..count).step_by(READ_ROWS) {
            let taken = READ_ROWS.min(count - start);
            block.load(rows, first + start, taken, self.mean.as_slice());
            let height = block.height();
            S::whiten(&self.root, block.entries_mut(), height);
            visit(start, taken, &block);
        }
        Ok(())
    }

    /// Writes a s + b, where s is the squared Mahalanobis distance, for as many rows from `first` on as `out` has room for.
    fn squared_norms_to(
        &self,
        rows: &DMatrix<T>,
        first: usize,
        out: &mut [T],
        [a, b]: [T; 2],
    ) -> Result<(), DistributionError> {
        self.whiten(rows, first, out.len(), |start, count, block| {
            let (entries, height) = (block.entries(), block.height());
            let out = &mut out[start..start + count];
            over_columns(SquaredNorms { entries, height, factor: a, shift: b, out: &mut *out });
            let is_nan = |x: &T| x.partial_cmp(x).is_none();
            for (row, value) in out.iter_mut().enumerate().filter(|(_, value)| is_nan(value)) {
                // So far out that infinities cancelled on the way. Only a NaN in the row itself may give a NaN.
                if !rows.row(first + start + row).iter().any(is_nan) {
                    *value = a * real(f64::INFINITY) + b;
                }
            }
        })
    }
}

impl<T: Real, S: Structure> Law for StructuredGaussian<T, S> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        self.mean.len()
    }
}

impl<T: Real, S: Structure> Density for StructuredGaussian<T, S> {
    fn ln_pdf_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        let mut ln_pdf = DVector::zeros(rows.nrows());
        self.ln_pdf_rows_to(rows, 0, ln_pdf.as_mut_slice())?;
        Ok(ln_pdf)
    }

    fn ln_pdf_rows_to(&self, rows: &DMatrix<T>, first: usize, out: &mut [T]) -> Result<(), DistributionError> {
        check_range(rows, first, out)?;
        let half = real::<T>(0.5);
        let normalisation = (self.ln_determinant() + count::<T>(self.dimension()) * T::two_pi().ln()) * half;
        self.squared_norms_to(rows, first, out, [-half, -normalisation])
    }
}

impl<T: SampleReal, S: Structure> MultiDistribution<T> for StructuredGaussian<T, S> {
    fn sample_len(&self) -> usize {
        self.dimension()
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        self.fill_slice(rng, self.mean.as_slice(), output);
    }
}

impl<T: SampleReal, S: Structure> Distribution<DVector<T>> for StructuredGaussian<T, S> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> DVector<T> {
        draw_vector(self, rng)
    }
}

impl<T: SampleReal, S: Structure> SampleRows for StructuredGaussian<T, S> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check_dimension("the output row", self.dimension(), out.ncols())?;
        self.fill_rows(rng, self.mean.as_slice(), out, |_| ());
        Ok(())
    }
}

impl<T: SampleReal, S: Structure> StructuredGaussian<T, S> {
    /// Rows of L z, without the mean. Before each of them `ahead` has its turn at the generator.
    pub(super) fn noise_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>, ahead: impl FnMut(&mut R)) {
        self.fill_rows(rng, &[], out, ahead);
    }

    fn fill_rows<R: Rng + ?Sized>(&self, rng: &mut R, mean: &[T], out: &mut DMatrix<T>, mut ahead: impl FnMut(&mut R)) {
        let n = out.nrows();
        let mut block = Block::new(self.dimension());
        for start in (0..n).step_by(NEAR_ROWS) {
            let count = NEAR_ROWS.min(n - start);
            block.resize(count);
            let height = block.height();
            let entries = block.entries_mut();
            for row in 0..count {
                ahead(rng);
                entries[row..].iter_mut().step_by(height).for_each(|z| *z = T::standard_normal(rng));
            }
            S::colour(&self.root, mean, entries, height);
            for (to, from) in out.as_mut_slice().chunks_exact_mut(n).zip(entries.chunks_exact(height)) {
                to[start..start + count].copy_from_slice(&from[..count]);
            }
        }
    }

    /// One draw of L z, without the mean.
    pub(super) fn noise_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        self.fill_slice(rng, &[], output);
    }

    fn fill_slice<R: Rng + ?Sized>(&self, rng: &mut R, mean: &[T], output: &mut [T]) {
        check_length(self, output);
        output.iter_mut().for_each(|z| *z = T::standard_normal(rng));
        S::colour(&self.root, mean, output, 1);
    }
}

impl<T: Real, S: Structure> Moments for StructuredGaussian<T, S> {
    fn mean(&self) -> DVector<T> {
        self.mean.clone()
    }

    fn covariance(&self) -> DMatrix<T> {
        let factor = self.factor();
        &factor * factor.transpose()
    }
}

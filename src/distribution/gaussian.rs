//! The multivariate normal law.

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::Rng;
use rand::distr::Distribution;

use super::{AffineImage, Density, DistributionError, Law, Moments, SampleRows, check_dimension, check_finite};
use crate::real::{Real, SampleReal, count, real, to_f64};

/// N(μ, Σ) on ℝᵈ, with density exp(−½ (x − μ)ᵀ Σ⁻¹ (x − μ)) / √det(2π Σ).
///
/// Stored as the mean and the lower Cholesky factor L of Σ = L Lᵀ; a draw is μ + L z with z standard normal.
///
/// ```
/// use fenchel::distribution::{Density, Gaussian};
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let law = Gaussian::new(DVector::from_vec(vec![1.0_f64, 2.0]), DMatrix::from_row_slice(2, 2, &[4.0, 0.0, 0.0, 1.0]))?;
/// let at_mean = law.ln_pdf(&DVector::from_vec(vec![1.0, 2.0]))?;
/// let exact = -(2.0 * std::f64::consts::PI * 2.0).ln(); // √det(2π Σ) = 2π · 2
/// assert!((at_mean - exact).abs() < 1e-15 * exact.abs() * 4.0); // a few roundings
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian<T: Real> {
    mean: DVector<T>,
    /// Zero above the diagonal, positive on it.
    factor: DMatrix<T>,
}

impl<T: Real> Gaussian<T> {
    /// N(`mean`, `covariance`).
    ///
    /// The covariance may be asymmetric by rounding, √ε relative to the standard deviations, as sums taken in different orders are; the
    /// mean of the two entries counts.
    ///
    /// # Errors
    ///
    /// No dimension, shapes that do not fit, a value that is not finite, a covariance that is asymmetric, not positive definite, or singular
    /// to rounding.
    pub fn new(mean: DVector<T>, covariance: DMatrix<T>) -> Result<Self, DistributionError> {
        check_parameters(&mean, "the covariance", &covariance)?;
        for (row, column) in below_diagonal(covariance.nrows()) {
            let (value, mirrored) = (covariance[(row, column)], covariance[(column, row)]);
            // Not the root of the product, which over- and underflows.
            let scale = covariance[(row, row)].abs().sqrt() * covariance[(column, column)].abs().sqrt();
            if (value - mirrored).abs() > T::default_epsilon().sqrt() * scale {
                let (value, mirrored) = (to_f64(value), to_f64(mirrored));
                return Err(DistributionError::NotSymmetric { row, column, value, mirrored });
            }
        }
        let half = covariance * real::<T>(0.5);
        let symmetric = &half + half.transpose();
        let factor = Cholesky::new(symmetric.clone()).ok_or_else(|| failing_pivot(&symmetric))?.l();
        // A singular covariance leaves a square of rounding size, d ε or so, where its pivot is 0.
        let rounding = T::default_epsilon() * count(4 * factor.nrows());
        check_pivots(&factor, rounding.sqrt())?;
        Ok(Self { mean, factor })
    }

    /// N(`mean`, L Lᵀ), where L is the lower triangle of `factor`; what stands above the diagonal is not read.
    ///
    /// # Errors
    ///
    /// No dimension, shapes that do not fit, a value that is not finite, a diagonal entry that is not positive.
    pub fn from_cholesky(mean: DVector<T>, factor: DMatrix<T>) -> Result<Self, DistributionError> {
        let factor = factor.lower_triangle();
        check_parameters(&mean, "the Cholesky factor", &factor)?;
        check_pivots(&factor, T::zero())?;
        Ok(Self { mean, factor })
    }

    /// N(0, I) on ℝᵈ.
    ///
    /// # Errors
    ///
    /// [`ZeroDimension`](DistributionError::ZeroDimension).
    pub fn standard(dimension: usize) -> Result<Self, DistributionError> {
        Self::from_cholesky(DVector::zeros(dimension), DMatrix::identity(dimension, dimension))
    }

    pub(super) fn mean_ref(&self) -> &DVector<T> {
        &self.mean
    }

    /// The lower Cholesky factor of the covariance.
    pub fn cholesky_factor(&self) -> &DMatrix<T> {
        &self.factor
    }

    /// ln det Σ, from the diagonal of the factor: it neither over- nor underflows in high dimension.
    pub fn ln_determinant(&self) -> T {
        self.factor.diagonal().iter().fold(T::zero(), |sum, &entry| sum + entry.ln()) * real(2.0)
    }

    /// (x − μ)ᵀ Σ⁻¹ (x − μ) at every row x: the squared Mahalanobis distance to the mean; NaN only for a row with a NaN. O(n d²).
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch).
    pub fn mahalanobis_squared_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        check_dimension("the row", self.dimension(), rows.ncols())?;
        let mut squared = DVector::zeros(rows.nrows());
        // Forward substitution L z = x - μ, all rows at once: columns are contiguous.
        let mut z = rows.clone();
        for j in 0..self.dimension() {
            let (solved, mut rest) = z.columns_range_pair_mut(..j, j..);
            let mut column = rest.column_mut(0);
            column.add_scalar_mut(-self.mean[j]);
            for (k, earlier) in solved.column_iter().enumerate() {
                if self.factor[(j, k)] != T::zero() {
                    column.axpy(-self.factor[(j, k)], &earlier, T::one());
                }
            }
            column /= self.factor[(j, j)];
            squared.zip_apply(&column, |sum, z| *sum += z * z);
        }
        // So far out that infinities cancelled on the way. Only a NaN in the row itself may give a NaN.
        for (row, squared) in squared.iter_mut().enumerate() {
            let is_nan = |x: &T| x.partial_cmp(x).is_none();
            if is_nan(squared) && !rows.row(row).iter().any(is_nan) {
                *squared = real(f64::INFINITY);
            }
        }
        Ok(squared)
    }
}

impl<T: Real> Law for Gaussian<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        self.mean.len()
    }
}

impl<T: Real> Density for Gaussian<T> {
    fn ln_pdf_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        let half = real::<T>(0.5);
        let normalisation = (self.ln_determinant() + count::<T>(self.dimension()) * T::two_pi().ln()) * half;
        let mut ln_pdf = self.mahalanobis_squared_rows(rows)?;
        ln_pdf.apply(|squared| *squared = -*squared * half - normalisation);
        Ok(ln_pdf)
    }
}

impl<T: SampleReal> Distribution<DVector<T>> for Gaussian<T> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> DVector<T> {
        let mut row = DMatrix::zeros(1, self.mean.len());
        self.fill_rows(rng, &mut row);
        row.row(0).transpose()
    }
}

impl<T: SampleReal> SampleRows for Gaussian<T> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check_dimension("the output row", self.dimension(), out.ncols())?;
        self.fill_rows(rng, out);
        Ok(())
    }
}

impl<T: SampleReal> Gaussian<T> {
    /// Draws every row of `out`, which has d columns.
    fn fill_rows<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) {
        for row in 0..out.nrows() {
            for column in 0..out.ncols() {
                out[(row, column)] = T::standard_normal(rng);
            }
        }
        // μ + L z in place: the last column first, because each needs only columns up to its own.
        for j in (0..self.dimension()).rev() {
            let (earlier, mut rest) = out.columns_range_pair_mut(..j, j..);
            let mut column = rest.column_mut(0);
            column *= self.factor[(j, j)];
            for (k, earlier) in earlier.column_iter().enumerate() {
                column.axpy(self.factor[(j, k)], &earlier, T::one());
            }
            column.add_scalar_mut(self.mean[j]);
        }
    }
}

impl<T: Real> Moments for Gaussian<T> {
    fn mean(&self) -> DVector<T> {
        self.mean.clone()
    }

    fn covariance(&self) -> DMatrix<T> {
        &self.factor * self.factor.transpose()
    }
}

impl<T: Real> AffineImage for Gaussian<T> {
    fn affine_image(&self, matrix: &DMatrix<T>, offset: &DVector<T>) -> Result<Self, DistributionError> {
        check_dimension("a row of the affine map", self.dimension(), matrix.ncols())?;
        check_dimension("the offset", matrix.nrows(), offset.len())?;
        check_finite("the affine map", matrix)?;
        check_finite("the offset", &column(offset))?;
        let rows = matrix.nrows();
        if rows == 0 {
            return Err(DistributionError::ZeroDimension);
        }
        if rows > matrix.ncols() {
            return Err(DistributionError::NotPositiveDefinite { pivot: matrix.ncols(), value: 0.0 });
        }
        // A L = (Q R)ᵀ makes A Σ Aᵀ = Rᵀ R: the new factor is Rᵀ, without ever squaring the condition number.
        let r = (matrix * &self.factor).transpose().qr().r();
        let mut factor = r.transpose().columns(0, rows).into_owned();
        for (pivot, mut column) in factor.column_iter_mut().enumerate() {
            if column[pivot] < T::zero() {
                column.neg_mut();
            }
        }
        check_pivots(&factor, T::default_epsilon() * count(rows))?;
        Self::from_cholesky(matrix * &self.mean + offset, factor)
    }
}

/// Errs at the first pivot of a Cholesky factor that is no more than `rounding` times the norm of its row, which is the standard
/// deviation along its axis: what is left of an exact 0.
pub(crate) fn check_pivots<T: Real>(factor: &DMatrix<T>, rounding: T) -> Result<(), DistributionError> {
    let pivots = factor.diagonal();
    match (0..pivots.len()).find(|&pivot| pivots[pivot] <= rounding * factor.row(pivot).norm()) {
        Some(pivot) => Err(DistributionError::NotPositiveDefinite { pivot, value: to_f64(pivots[pivot]) }),
        None => Ok(()),
    }
}

fn check_parameters<T: Real>(
    mean: &DVector<T>,
    what: &'static str,
    matrix: &DMatrix<T>,
) -> Result<(), DistributionError> {
    if mean.is_empty() {
        return Err(DistributionError::ZeroDimension);
    }
    check_dimension(what, mean.len(), matrix.nrows())?;
    check_dimension(what, mean.len(), matrix.ncols())?;
    check_finite("the mean", &column(mean))?;
    check_finite(what, matrix)
}

fn column<T: Real>(vector: &DVector<T>) -> DMatrix<T> {
    DMatrix::from_column_slice(vector.len(), 1, vector.as_slice())
}

fn below_diagonal(dimension: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..dimension).flat_map(|row| (0..row).map(move |column| (row, column)))
}

/// The first pivot at which the decomposition of `matrix` fails, which nalgebra does not tell: the least k for which no k + 1 rows and columns
/// decompose. Its square is what remains of the diagonal entry, and is not positive.
fn failing_pivot<T: Real>(matrix: &DMatrix<T>) -> DistributionError {
    let leading = |size: usize| Cholesky::new(matrix.view((0, 0), (size, size)).into_owned());
    let pivot = (0..matrix.nrows()).find(|&pivot| leading(pivot + 1).is_none()).unwrap_or_default();
    let mut remainder = matrix[(pivot, pivot)];
    if let Some(cholesky) = leading(pivot) {
        let mut column = matrix.view((0, pivot), (pivot, 1)).into_owned();
        cholesky.l_dirty().solve_lower_triangular_unchecked_mut(&mut column);
        remainder -= column.norm_squared();
    }
    DistributionError::NotPositiveDefinite { pivot, value: to_f64(remainder) }
}

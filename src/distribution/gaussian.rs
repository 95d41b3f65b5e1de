//! The multivariate normal law.

use nalgebra::{Cholesky, DMatrix, DMatrixViewMut, DVector, DVectorViewMut};
use rand::Rng;
use rand::distr::Distribution;
use rand_distr::multi::MultiDistribution;

use super::draw::{check_length, draw_vector};
use super::{
    AffineImage, Density, DistributionError, Law, Moments, SampleRows, check_affine, check_dimension, check_finite,
    check_finite_vector,
};
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
        let factor = decomposed(&symmetric(covariance)?)?;
        Ok(Self { mean, factor })
    }

    /// N(`mean`, Λ⁻¹), where Λ is `precision`, which may be asymmetric by rounding, as a covariance may be in [`new`](Self::new).
    ///
    /// Λ = U Uᵀ with U upper triangular makes U⁻ᵀ the lower Cholesky factor of the covariance, which is never formed.
    ///
    /// ```
    /// use fenchel::distribution::{Gaussian, Moments};
    /// use fenchel::nalgebra::{DMatrix, DVector};
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let precision = DMatrix::from_row_slice(2, 2, &[2.0_f64, -1.0, -1.0, 2.0]);
    /// let covariance = Gaussian::from_precision(DVector::zeros(2), precision)?.covariance();
    /// let exact = DMatrix::from_row_slice(2, 2, &[2.0, 1.0, 1.0, 2.0]) / 3.0;
    /// assert!((covariance - exact).amax() < 1e-15); // a few roundings
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No dimension, shapes that do not fit, a value that is not finite, a precision that is asymmetric, not positive definite,
    /// or singular to rounding.
    pub fn from_precision(mean: DVector<T>, precision: DMatrix<T>) -> Result<Self, DistributionError> {
        check_parameters(&mean, "the precision", &precision)?;
        let precision = symmetric(precision)?;
        // The factor of Λ with rows and columns in reverse order, reversed, is U.
        let last = mean.len() - 1;
        let reversed = DMatrix::from_fn(last + 1, last + 1, |i, j| precision[(last - i, last - j)]);
        let reversed = decomposed(&reversed).map_err(|error| match error {
            DistributionError::NotPositiveDefinite { pivot, value } => {
                DistributionError::NotPositiveDefinite { pivot: last - pivot, value }
            }
            other => other,
        })?;
        let transposed = DMatrix::from_fn(last + 1, last + 1, |i, j| reversed[(last - j, last - i)]);
        let mut factor = DMatrix::identity(last + 1, last + 1);
        transposed.solve_lower_triangular_unchecked_mut(&mut factor);
        Self::from_cholesky(mean, factor)
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

    /// (x − μ)ᵀ Σ⁻¹ (x − μ) at every row x: the squared Mahalanobis distance to the mean; NaN only for a row with a NaN. O(n d²).
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch).
    pub fn mahalanobis_squared_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        let mut squared = DVector::zeros(rows.nrows());
        self.whiten(rows, |column| squared.zip_apply(column, |sum, z| *sum += z * z))?;
        // So far out that infinities cancelled on the way. Only a NaN in the row itself may give a NaN.
        for (row, squared) in squared.iter_mut().enumerate() {
            let is_nan = |x: &T| x.partial_cmp(x).is_none();
            if is_nan(squared) && !rows.row(row).iter().any(is_nan) {
                *squared = real(f64::INFINITY);
            }
        }
        Ok(squared)
    }

    /// L⁻¹ (x − μ) at every row x.
    pub(super) fn whitened_rows(&self, rows: &DMatrix<T>) -> Result<DMatrix<T>, DistributionError> {
        self.whiten(rows, |_| ())
    }

    /// The same, showing every column while it is in cache.
    fn whiten(
        &self,
        rows: &DMatrix<T>,
        mut visit: impl FnMut(&DVectorViewMut<'_, T>),
    ) -> Result<DMatrix<T>, DistributionError> {
        check_dimension("the row", self.dimension(), rows.ncols())?;
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
            visit(&column);
        }
        Ok(z)
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

impl<T: SampleReal> MultiDistribution<T> for Gaussian<T> {
    fn sample_len(&self) -> usize {
        self.dimension()
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        self.fill_slice(rng, output, Some(&self.mean));
    }
}

impl<T: SampleReal> Distribution<DVector<T>> for Gaussian<T> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> DVector<T> {
        draw_vector(self, rng)
    }
}

impl<T: SampleReal> SampleRows for Gaussian<T> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check_dimension("the output row", self.dimension(), out.ncols())?;
        self.fill_rows(rng, out.as_view_mut(), Some(&self.mean));
        Ok(())
    }
}

impl<T: SampleReal> Gaussian<T> {
    /// One draw of L z, without the mean.
    pub(super) fn noise_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        self.fill_slice(rng, output, None);
    }

    fn fill_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T], mean: Option<&DVector<T>>) {
        check_length(self, output);
        self.fill_rows(rng, DMatrixViewMut::from_slice(output, 1, self.dimension()), mean);
    }

    /// Draws every row of `out`, which has d columns, around the mean, or around 0 without one.
    fn fill_rows<R: Rng + ?Sized>(&self, rng: &mut R, mut out: DMatrixViewMut<'_, T>, mean: Option<&DVector<T>>) {
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
            if let Some(mean) = mean {
                column.add_scalar_mut(mean[j]);
            }
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
        check_affine(self.dimension(), matrix, offset)?;
        if matrix.nrows() > matrix.ncols() {
            return Err(DistributionError::NotPositiveDefinite { pivot: matrix.ncols(), value: 0.0 });
        }
        Self::from_cholesky(matrix * &self.mean + offset, factor_of_root(matrix * &self.factor)?)
    }
}

/// The Cholesky factor of R Rᵀ, where R is `root`, which is no taller than wide: Rᵀ = Q S makes it Sᵀ, without ever squaring the
/// condition number. Errs where R is not of full rank to rounding.
pub(super) fn factor_of_root<T: Real>(root: DMatrix<T>) -> Result<DMatrix<T>, DistributionError> {
    let rows = root.nrows();
    let r = root.transpose().qr().r();
    let mut factor = r.transpose().columns(0, rows).into_owned();
    for (pivot, mut column) in factor.column_iter_mut().enumerate() {
        if column[pivot] < T::zero() {
            column.neg_mut();
        }
    }
    check_pivots(&factor, T::default_epsilon() * count(rows))?;
    Ok(factor)
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
    check_finite_vector("the mean", mean)?;
    check_finite(what, matrix)
}

/// The mean of `matrix` and its transpose, which may differ by rounding, √ε relative to the roots of the diagonal.
fn symmetric<T: Real>(matrix: DMatrix<T>) -> Result<DMatrix<T>, DistributionError> {
    for (row, column) in below_diagonal(matrix.nrows()) {
        let (value, mirrored) = (matrix[(row, column)], matrix[(column, row)]);
        // Not the root of the product, which over- and underflows.
        let scale = matrix[(row, row)].abs().sqrt() * matrix[(column, column)].abs().sqrt();
        if (value - mirrored).abs() > T::default_epsilon().sqrt() * scale {
            let (value, mirrored) = (to_f64(value), to_f64(mirrored));
            return Err(DistributionError::NotSymmetric { row, column, value, mirrored });
        }
    }
    let half = matrix * real::<T>(0.5);
    Ok(&half + half.transpose())
}

/// The Cholesky factor of a symmetric matrix.
fn decomposed<T: Real>(symmetric: &DMatrix<T>) -> Result<DMatrix<T>, DistributionError> {
    let factor = Cholesky::new(symmetric.clone()).ok_or_else(|| failing_pivot(symmetric))?.l();
    // A singular matrix leaves a square of rounding size, d ε or so, where its pivot is 0.
    let rounding = T::default_epsilon() * count(4 * factor.nrows());
    check_pivots(&factor, rounding.sqrt())?;
    Ok(factor)
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

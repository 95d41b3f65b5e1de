//! Gaussians of any covariance: what they are made from, and their affine images.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::Gaussian;
use crate::distribution::{
    AffineImage, DistributionError, Law, check_affine, check_dimension, check_finite, check_finite_vector, check_size,
};
use crate::real::{Real, count, real, to_f64, unit_of_squares};

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
        Ok(Self { mean, root: factor })
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
        Ok(Self { mean, root: factor })
    }

    /// N(0, I) on ℝᵈ.
    ///
    /// # Errors
    ///
    /// No dimension, or more than a matrix can have.
    pub fn standard(dimension: usize) -> Result<Self, DistributionError> {
        check_size::<T>(dimension, dimension)?;
        Self::from_cholesky(DVector::zeros(dimension), DMatrix::identity(dimension, dimension))
    }

    /// The lower Cholesky factor of the covariance.
    pub fn cholesky_factor(&self) -> &DMatrix<T> {
        &self.root
    }
}

impl<T: Real> AffineImage for Gaussian<T> {
    fn affine_image(&self, matrix: &DMatrix<T>, offset: &DVector<T>) -> Result<Self, DistributionError> {
        check_affine(self.dimension(), matrix, offset)?;
        if matrix.nrows() > matrix.ncols() {
            return Err(DistributionError::NotPositiveDefinite { pivot: matrix.ncols(), value: 0.0 });
        }
        Self::from_cholesky(matrix * &self.mean + offset, factor_of_root(matrix * &self.root)?)
    }
}

/// The Cholesky factor of R Rᵀ, where R is `root`, which is no taller than wide: Rᵀ = Q S makes it Sᵀ, without ever squaring the
/// condition number. Errs where R is not of full rank to rounding.
pub(crate) fn factor_of_root<T: Real>(mut root: DMatrix<T>) -> Result<DMatrix<T>, DistributionError> {
    let rows = root.nrows();
    check_finite("the factor of the image", &root)?;
    // Each row in a unit of its own, because nalgebra squares what it makes Q of.
    let units: Vec<T> = root.row_iter().map(|row| unit_of_squares(row.amax())).collect();
    root.row_iter_mut().zip(&units).for_each(|(mut row, &unit)| row /= unit);
    let r = root.transpose().qr().r();
    let mut factor = r.transpose().columns(0, rows).into_owned();
    factor.row_iter_mut().zip(&units).for_each(|(mut row, &unit)| row *= unit);
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
    let is_positive = |pivot: usize| {
        let row = factor.row(pivot);
        let unit = unit_of_squares(row.amax());
        pivots[pivot] > T::zero() && pivots[pivot] > rounding * (row / unit).norm() * unit
    };
    match (0..pivots.len()).find(|&pivot| !is_positive(pivot)) {
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

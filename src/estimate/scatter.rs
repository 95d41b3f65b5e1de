//! How rows spread around their mean, as far as the structure of a covariance asks for it.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use super::centre::add;
use crate::distribution::{
    Diagonal, DiagonalGaussian, DistributionError, Full, Gaussian, Spherical, SphericalGaussian, Structure,
    StructuredGaussian, check_pivots,
};
use crate::real::{Real, count, real};
use crate::vector::{ColumnKernel, Kernel, NEAR_ROWS, add_lower_products, over_columns, total, vectorised};

/// A [`Structure`] whose variances can be estimated: any.
///
/// | structure | scatter | estimate of the covariance, with weight W |
/// |---|---|---|
/// | [`Full`] | S = Σ w (x − mean)(x − mean)ᵀ | S/W |
/// | [`Diagonal`] | its diagonal, as a column | diag(S₁₁/W, ..., S_dd/W) |
/// | [`Spherical`] | its diagonal, as a column | tr S/(d W) I |
pub trait Scatter: Structure {
    /// Do coordinates depend on each other?
    #[doc(hidden)]
    const HAS_CORRELATIONS: bool;

    /// The columns of the scatter, each of d numbers.
    #[doc(hidden)]
    fn columns(dimension: usize) -> usize;

    /// The sums of squares that variances are made of.
    #[doc(hidden)]
    fn squares<T: Real>(scatter: &DMatrix<T>) -> DVector<T>;

    /// Writes Σ w x xᵀ of centred rows.
    #[doc(hidden)]
    fn of_centred<T: Real>(rows: Centred<'_, T>, scatter: &mut DMatrix<T>);

    /// Adds `factor` a aᵀ.
    #[doc(hidden)]
    fn add_square<T: Real>(scatter: &mut DMatrix<T>, a: &DVector<T>, factor: T);

    /// scatter/`divisor` with the structure imposed.
    #[doc(hidden)]
    fn covariance<T: Real>(scatter: &DMatrix<T>, divisor: T) -> DMatrix<T>;

    /// N(`mean`, `scatter`/`divisor` + diag(`more`)), where nothing is added if `more` has no entries. `rounding` is what sums in the scatter may be off by, relative to their size.
    #[doc(hidden)]
    fn gaussian<T: Real>(
        mean: DVector<T>,
        scatter: &DMatrix<T>,
        divisor: T,
        more: &[T],
        rounding: T,
    ) -> Result<StructuredGaussian<T, Self>, DistributionError>;

    /// The numbers in a covariance of this structure.
    #[doc(hidden)]
    fn free_parameters(dimension: usize) -> usize;

    /// The rows without which no estimate exists.
    #[doc(hidden)]
    fn rows_needed(dimension: usize) -> usize;
}

/// Rows off one of them, column by column, of `height` entries each.
#[doc(hidden)]
#[derive(Debug)]
pub struct Centred<'a, T> {
    pub(super) entries: &'a [T],
    pub(super) height: usize,
    /// The entries that count.
    pub(super) size: usize,
    /// How far the mean is from the entry that is taken off.
    pub(super) apart: &'a [T],
    /// 1 if not given.
    pub(super) weights: Option<&'a [T]>,
    /// Room.
    pub(super) near: &'a mut Vec<T>,
    pub(super) weighted: &'a mut Vec<T>,
}

impl Scatter for Full {
    const HAS_CORRELATIONS: bool = true;

    fn squares<T: Real>(scatter: &DMatrix<T>) -> DVector<T> {
        scatter.diagonal()
    }

    fn columns(dimension: usize) -> usize {
        dimension
    }

    fn of_centred<T: Real>(rows: Centred<'_, T>, scatter: &mut DMatrix<T>) {
        products(rows, scatter);
    }

    fn add_square<T: Real>(scatter: &mut DMatrix<T>, a: &DVector<T>, factor: T) {
        for (mut column, &of_column) in scatter.column_iter_mut().zip(a.iter()) {
            column.iter_mut().zip(a.iter()).for_each(|(sum, &of_row)| *sum += of_row * of_column * factor);
        }
    }

    fn covariance<T: Real>(scatter: &DMatrix<T>, divisor: T) -> DMatrix<T> {
        scatter / divisor
    }

    fn gaussian<T: Real>(
        mean: DVector<T>,
        scatter: &DMatrix<T>,
        divisor: T,
        more: &[T],
        rounding: T,
    ) -> Result<Gaussian<T>, DistributionError> {
        let mut covariance = scatter / divisor;
        more.iter().enumerate().for_each(|(i, &more)| covariance[(i, i)] += more);
        let law = Gaussian::new(mean, covariance)?;
        // What has been added is no rounding, if it is more than the decomposition rounds by.
        let least = T::default_epsilon() * count(4 * more.len());
        let is_added = |(i, &more): (usize, &T)| more > least * (scatter[(i, i)] / divisor);
        if more.is_empty() || !more.iter().enumerate().all(is_added) {
            check_pivots(law.cholesky_factor(), rounding.sqrt())?;
        }
        Ok(law)
    }

    fn free_parameters(dimension: usize) -> usize {
        dimension * (dimension + 1) / 2
    }

    fn rows_needed(dimension: usize) -> usize {
        dimension + 1
    }
}

impl Scatter for Diagonal {
    const HAS_CORRELATIONS: bool = false;

    fn squares<T: Real>(scatter: &DMatrix<T>) -> DVector<T> {
        scatter.column(0).into_owned()
    }

    fn columns(_: usize) -> usize {
        1
    }

    fn of_centred<T: Real>(rows: Centred<'_, T>, scatter: &mut DMatrix<T>) {
        over_columns(Squares { rows, scatter: scatter.as_mut_slice() });
    }

    fn add_square<T: Real>(scatter: &mut DMatrix<T>, a: &DVector<T>, factor: T) {
        scatter.iter_mut().zip(a.iter()).for_each(|(sum, &a)| *sum += a * a * factor);
    }

    fn covariance<T: Real>(scatter: &DMatrix<T>, divisor: T) -> DMatrix<T> {
        DMatrix::from_diagonal(&(scatter.column(0) / divisor))
    }

    fn gaussian<T: Real>(
        mean: DVector<T>,
        scatter: &DMatrix<T>,
        divisor: T,
        more: &[T],
        _: T,
    ) -> Result<StructuredGaussian<T, Self>, DistributionError> {
        let mut variances = scatter.column(0) / divisor;
        more.iter().enumerate().for_each(|(i, &more)| variances[i] += more);
        DiagonalGaussian::new(mean, variances)
    }

    fn free_parameters(dimension: usize) -> usize {
        dimension
    }

    fn rows_needed(_: usize) -> usize {
        2
    }
}

impl Scatter for Spherical {
    const HAS_CORRELATIONS: bool = false;

    fn squares<T: Real>(scatter: &DMatrix<T>) -> DVector<T> {
        DVector::from_element(1, scatter.sum())
    }

    fn columns(dimension: usize) -> usize {
        Diagonal::columns(dimension)
    }

    fn of_centred<T: Real>(rows: Centred<'_, T>, scatter: &mut DMatrix<T>) {
        Diagonal::of_centred(rows, scatter);
    }

    fn add_square<T: Real>(scatter: &mut DMatrix<T>, a: &DVector<T>, factor: T) {
        Diagonal::add_square(scatter, a, factor);
    }

    fn covariance<T: Real>(scatter: &DMatrix<T>, divisor: T) -> DMatrix<T> {
        let dimension = scatter.nrows();
        DMatrix::from_diagonal_element(dimension, dimension, mean_variance(scatter, divisor))
    }

    fn gaussian<T: Real>(
        mean: DVector<T>,
        scatter: &DMatrix<T>,
        divisor: T,
        more: &[T],
        _: T,
    ) -> Result<StructuredGaussian<T, Self>, DistributionError> {
        let more = more.iter().fold(T::zero(), |sum, &more| sum + more) / count(mean.len());
        SphericalGaussian::new(mean, mean_variance(scatter, divisor) + more)
    }

    fn free_parameters(_: usize) -> usize {
        1
    }

    fn rows_needed(_: usize) -> usize {
        2
    }
}

/// tr S/(d W).
fn mean_variance<T: Real>(scatter: &DMatrix<T>, divisor: T) -> T {
    scatter.sum() / divisor / count(scatter.nrows())
}

/// Copies rows off their mean, and their products with their weights.
struct Near<'a, T> {
    entries: &'a [T],
    height: usize,
    /// The rows to copy, and how many of them count.
    range: Range<usize>,
    counted: usize,
    apart: &'a [T],
    weights: Option<&'a [T]>,
    near: &'a mut [T],
    weighted: &'a mut [T],
}

impl<T: Real> Kernel for Near<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { entries, height, range, counted, apart, weights, near, weighted } = self;
        let size = range.len();
        for ((from, near), &apart) in entries.chunks_exact(height).zip(near.chunks_exact_mut(size)).zip(apart) {
            for (to, &x) in near.iter_mut().zip(&from[range.clone()]) {
                *to = x - apart;
            }
            near[counted..].fill(T::zero());
        }
        let Some(weights) = weights else { return };
        for (near, weighted) in near.chunks_exact(size).zip(weighted.chunks_exact_mut(size)) {
            for ((to, &x), &w) in weighted.iter_mut().zip(near).zip(&weights[range.clone()]) {
                *to = w * x;
            }
        }
    }
}

/// Σ w x xᵀ, both triangles.
fn products<T: Real>(rows: Centred<'_, T>, scatter: &mut DMatrix<T>) {
    let Centred { entries, height, size, apart, weights, near, weighted } = rows;
    let dimension = apart.len();
    scatter.as_mut_slice().fill(T::zero());
    for start in (0..height).step_by(NEAR_ROWS) {
        let range = start..height.min(start + NEAR_ROWS);
        let (near_height, counted) = (range.len(), range.len().min(size.saturating_sub(start)));
        near.resize(dimension * near_height, T::zero());
        weighted.resize(if weights.is_some() { near.len() } else { 0 }, T::zero());
        let (near_to, weighted_to) = (near.as_mut_slice(), weighted.as_mut_slice());
        vectorised(Near { entries, height, range, counted, apart, weights, near: near_to, weighted: weighted_to });
        add_lower_products(if weights.is_some() { weighted } else { near }, near, near_height, scatter);
    }
    scatter.fill_upper_triangle_with_lower_triangle();
}

/// Σ w x² of every column.
struct Squares<'a, T> {
    rows: Centred<'a, T>,
    scatter: &'a mut [T],
}

impl<T: Real> ColumnKernel for Squares<'_, T> {
    type Output = ();

    fn height(&self) -> usize {
        self.rows.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { rows: Centred { entries, height, size, apart, weights, near, .. }, scatter } = self;
        near.resize(NEAR_ROWS, T::zero());
        for ((to, column), &apart) in scatter.iter_mut().zip(entries.chunks_exact(height)).zip(apart) {
            *to = T::zero();
            for start in (0..height).step_by(NEAR_ROWS) {
                let size_near = NEAR_ROWS.min(height - start);
                let near = &mut near[..size_near];
                let column = near.iter_mut().zip(&column[start..]);
                match weights {
                    None => column.for_each(|(to, &x)| *to = (x - apart) * (x - apart)),
                    // The weight first: 0 times a square that is no number would be none.
                    Some(weights) => {
                        for ((to, &x), &w) in column.zip(&weights[start..]) {
                            *to = w * (x - apart) * (x - apart);
                        }
                    }
                }
                near[size_near.min(size.saturating_sub(start))..].fill(T::zero());
                let mut sums = [T::zero(); N];
                for at in (0..size_near).step_by(N) {
                    add(&mut sums, &near[at..]);
                }
                *to += total(sums);
            }
        }
    }
}

/// By how much sums of so many products may be off, relative to the sizes of their factors, and what is left where an elimination of as
/// many steps as there are dimensions should leave 0: a sum of n rounds by some √n ε, each step by another ε.
pub(super) fn rounding<T: Real>(terms: usize, dimension: usize) -> T {
    T::default_epsilon() * (count::<T>(terms).sqrt() + count(dimension)) * real(4.0)
}

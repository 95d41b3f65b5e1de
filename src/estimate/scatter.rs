//! How rows spread around their mean, as far as the structure of a covariance asks for it.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use crate::distribution::{
    Diagonal, DiagonalGaussian, DistributionError, Full, Gaussian, Spherical, SphericalGaussian, Structure,
    StructuredGaussian, check_pivots,
};
use crate::real::{Real, count, real, to_f64};
use crate::vector::{ColumnKernel, Kernel, chunk, over_columns};

/// A [`Structure`] whose variances can be estimated: any.
///
/// | structure | scatter | estimate of the covariance, with weight W |
/// |---|---|---|
/// | [`Full`] | S = Σ w (x − mean)(x − mean)ᵀ | S/W |
/// | [`Diagonal`] | its diagonal, as a column | diag(S₁₁/W, ..., S_dd/W) |
/// | [`Spherical`] | its diagonal, as a column | tr S/(d W) I |
pub trait Scatter: Structure {
    /// The columns of the scatter, each of d numbers.
    #[doc(hidden)]
    fn columns(dimension: usize) -> usize;

    /// Writes Σ w x xᵀ of centred rows.
    #[doc(hidden)]
    fn of_centred<T: Real>(rows: Centred<'_, T>, scatter: &mut DMatrix<T>);

    /// Adds `factor` a aᵀ.
    #[doc(hidden)]
    fn add_square<T: Real>(scatter: &mut DMatrix<T>, a: &DVector<T>, factor: T);

    /// scatter/`divisor` with the structure imposed.
    #[doc(hidden)]
    fn covariance<T: Real>(scatter: &DMatrix<T>, divisor: T) -> DMatrix<T>;

    /// N(`mean`, `scatter`/`divisor` + diag(`more`)). `rounding` is what sums in the scatter may be off by, relative to their size.
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
    /// Room for [`NEAR`] rows and a column more.
    pub(super) near: &'a mut [T],
}

impl Scatter for Full {
    fn columns(dimension: usize) -> usize {
        dimension
    }

    fn of_centred<T: Real>(rows: Centred<'_, T>, scatter: &mut DMatrix<T>) {
        over_columns(Products { rows, scatter: scatter.as_mut_slice() });
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
        check_pivots(law.cholesky_factor(), rounding.sqrt())?;
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

/// Rows whose products are summed at a time: some dozen columns of them stay in the nearest cache.
pub(super) const NEAR: usize = 128;

/// Σ w x xᵀ, both triangles.
struct Products<'a, T> {
    rows: Centred<'a, T>,
    scatter: &'a mut [T],
}

impl<T: Real> ColumnKernel for Products<'_, T> {
    type Output = ();
    /// Four sums of so many lanes stay in registers.
    const LANES: usize = 8;

    fn height(&self) -> usize {
        self.rows.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { rows: Centred { entries, height, size, apart, weights, near }, scatter } = self;
        let dimension = apart.len();
        let (near, weighted) = near.split_at_mut(dimension * NEAR);
        scatter.fill(T::zero());
        for start in (0..height).step_by(NEAR) {
            let size_near = NEAR.min(height - start);
            let counted = size_near.min(size.saturating_sub(start));
            let near = &mut near[..dimension * size_near];
            for (j, to) in near.chunks_exact_mut(size_near).enumerate() {
                let (from, apart) = (&entries[j * height + start..][..size_near], apart[j]);
                for (to, &x) in to.iter_mut().zip(from) {
                    *to = x - apart;
                }
                to[counted..].fill(T::zero());
            }
            let weights = weights.map(|weights| &weights[start..][..size_near]);
            add_products::<T, N>(near, size_near, weights, &mut weighted[..size_near], scatter);
        }
        for i in 0..dimension {
            for j in 0..i {
                scatter[i * dimension + j] = scatter[j * dimension + i];
            }
        }
    }
}

/// Adds Σ w x xᵀ to the lower triangle.
#[inline(always)]
fn add_products<T: Real, const N: usize>(
    entries: &[T],
    height: usize,
    weights: Option<&[T]>,
    weighted: &mut [T],
    scatter: &mut [T],
) {
    let dimension = entries.len() / height;
    for (i, column) in entries.chunks_exact(height).enumerate() {
        let weighted = match weights {
            None => column,
            Some(weights) => {
                for ((to, &x), &w) in weighted.iter_mut().zip(column).zip(weights) {
                    *to = w * x;
                }
                &*weighted
            }
        };
        let mut add = |j: usize, sums: [T; N]| scatter[j * dimension + i] += total(sums);
        // By four columns, so that a number that is loaded is used four times.
        let others = &entries[..(i + 1) * height];
        let mut fours = others.chunks_exact(4 * height);
        for (four, others) in fours.by_ref().enumerate() {
            let mut sums = [[T::zero(); N]; 4];
            for at in (0..height).step_by(N) {
                let own: [T; N] = chunk(weighted, at);
                for next in 0..4 {
                    add_weighted(&mut sums[next], &others[next * height + at..], &own);
                }
            }
            sums.into_iter().enumerate().for_each(|(next, sums)| add(4 * four + next, sums));
        }
        let rest = i + 1 - fours.remainder().len() / height;
        for (next, other) in fours.remainder().chunks_exact(height).enumerate() {
            let mut sums = [T::zero(); N];
            for at in (0..height).step_by(N) {
                add_weighted(&mut sums, &other[at..], &weighted[at..]);
            }
            add(rest + next, sums);
        }
    }
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
        let Self { rows: Centred { entries, height, size, apart, weights, near }, scatter } = self;
        for ((to, column), &apart) in scatter.iter_mut().zip(entries.chunks_exact(height)).zip(apart) {
            *to = T::zero();
            for start in (0..height).step_by(NEAR) {
                let size_near = NEAR.min(height - start);
                let near = &mut near[..size_near];
                for (to, &x) in near.iter_mut().zip(&column[start..]) {
                    *to = (x - apart) * (x - apart);
                }
                near[size_near.min(size.saturating_sub(start))..].fill(T::zero());
                let mut sums = [T::zero(); N];
                for at in (0..size_near).step_by(N) {
                    match weights {
                        None => add(&mut sums, &near[at..]),
                        Some(weights) => add_weighted(&mut sums, &near[at..], &weights[start + at..]),
                    }
                }
                *to += total(sums);
            }
        }
    }
}

/// Copies rows, off one of them, and writes their weighted mean.
pub(super) struct Centre<'a, T> {
    /// All rows, column by column, and how many.
    pub(super) all: &'a [T],
    pub(super) count: usize,
    /// The rows to copy, and their weights, which are 1 if not given.
    pub(super) range: Range<usize>,
    pub(super) weights: Option<&'a [T]>,
    /// The sum of the weights, and the place of one that is no less than their mean.
    pub(super) weight: T,
    pub(super) heavy: usize,
    pub(super) entries: &'a mut [T],
    pub(super) height: usize,
    pub(super) mean: &'a mut [T],
    /// How far the mean is from the entry that is taken off.
    pub(super) apart: &'a mut [T],
}

impl<T: Real> ColumnKernel for Centre<'_, T> {
    type Output = ();
    const LANES: usize = 16;

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { all, count, range, weights, weight, heavy, entries, height, mean, apart } = self;
        let size = range.len();
        let columns = all.chunks_exact(count).zip(entries.chunks_exact_mut(height));
        for (((from, to), mean), apart) in columns.zip(mean).zip(apart) {
            // Off an entry that counts first, so that a constant column becomes exactly 0 and nothing far away is summed. That entry
            // has a share of the weight, so that it is not many deviations from the mean.
            let from = &from[range.clone()];
            let shift = from[heavy];
            // One loop after another: together they are not vectorised.
            for (to, &x) in to.iter_mut().zip(from) {
                *to = x - shift;
            }
            to[size..].fill(T::zero());
            let mut sums = [T::zero(); N];
            for at in (0..height).step_by(N) {
                match weights {
                    None => add(&mut sums, &to[at..]),
                    Some(weights) => add_weighted(&mut sums, &to[at..], &weights[at..]),
                }
            }
            *apart = total(sums) / weight;
            *mean = shift + *apart;
        }
    }
}

#[inline(always)]
fn multiply<T: Real>(to: &mut [T], x: &[T], weights: &[T]) {
    for ((to, &x), &w) in to.iter_mut().zip(x).zip(weights) {
        *to = w * x;
    }
}

#[inline(always)]
fn add<T: Real, const N: usize>(sums: &mut [T; N], x: &[T]) {
    let x = &x[..N];
    for lane in 0..N {
        sums[lane] += x[lane];
    }
}

#[inline(always)]
fn add_weighted<T: Real, const N: usize>(sums: &mut [T; N], x: &[T], weights: &[T]) {
    let (x, weights) = (&x[..N], &weights[..N]);
    for lane in 0..N {
        sums[lane] += weights[lane] * x[lane];
    }
}

/// The sum of weights, the place of one that is no less than their mean, and how many are not 0. They come in eights.
pub(super) struct Weigh<'a, T>(pub(super) &'a [T]);

impl<T: Real> Kernel for Weigh<'_, T> {
    type Output = (T, usize, usize);

    #[inline(always)]
    fn run(self) -> (T, usize, usize) {
        let (mut sums, mut counts) = ([T::zero(); 8], [T::zero(); 8]);
        for weights in self.0.chunks_exact(8) {
            for lane in 0..8 {
                sums[lane] += weights[lane];
                counts[lane] += if weights[lane] > T::zero() { T::one() } else { T::zero() };
            }
        }
        let (sum, size) = (total(sums), count::<T>(self.0.len()));
        let heavy = self.0.iter().position(|&w| w * size >= sum).unwrap_or_default();
        (sum, heavy, to_f64(total(counts)) as usize)
    }
}

/// The sum of the lanes, two halves at a time.
#[inline(always)]
fn total<T: Real, const N: usize>(mut sums: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            let other = sums[lane + half];
            sums[lane] += other;
        }
        half /= 2;
    }
    sums[0]
}

/// By how much sums of so many products may be off, relative to the sizes of their factors, and what is left where an elimination of as
/// many steps as there are dimensions should leave 0: a sum of n rounds by some √n ε, each step by another ε.
pub(super) fn rounding<T: Real>(terms: usize, dimension: usize) -> T {
    T::default_epsilon() * (count::<T>(terms).sqrt() + count(dimension)) * real(4.0)
}

//! How rows spread around their mean, as far as the structure of a covariance asks for it.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use crate::distribution::{
    Diagonal, DiagonalGaussian, DistributionError, Full, Gaussian, Spherical, SphericalGaussian, Structure,
    StructuredGaussian, check_pivots,
};
use crate::real::{Real, count, exact_sum, real};
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

/// Centred rows, column by column, of `height` entries each of which the last may be 0, with their weights if they have some, and room for a
/// column.
#[doc(hidden)]
#[derive(Debug)]
pub struct Centred<'a, T> {
    pub(super) entries: &'a [T],
    pub(super) height: usize,
    pub(super) weights: Option<&'a [T]>,
    pub(super) weighted: &'a mut [T],
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
        let Self { rows: Centred { entries, height, weights, weighted }, scatter } = self;
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
            let mut write = |j: usize, sums: [T; N]| {
                let sum = total(sums);
                scatter[j * dimension + i] = sum;
                scatter[i * dimension + j] = sum;
            };
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
                sums.into_iter().enumerate().for_each(|(next, sums)| write(4 * four + next, sums));
            }
            let rest = i + 1 - fours.remainder().len() / height;
            for (next, other) in fours.remainder().chunks_exact(height).enumerate() {
                let mut sums = [T::zero(); N];
                for at in (0..height).step_by(N) {
                    add_weighted(&mut sums, &other[at..], &weighted[at..]);
                }
                write(rest + next, sums);
            }
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
        let Self { rows: Centred { entries, height, weights, .. }, scatter } = self;
        for (to, column) in scatter.iter_mut().zip(entries.chunks_exact(height)) {
            let mut sums = [T::zero(); N];
            for at in (0..height).step_by(N) {
                let x = &column[at..][..N];
                match weights {
                    None => {
                        for lane in 0..N {
                            sums[lane] += x[lane] * x[lane];
                        }
                    }
                    Some(weights) => {
                        let w = &weights[at..][..N];
                        for lane in 0..N {
                            sums[lane] += w[lane] * x[lane] * x[lane];
                        }
                    }
                }
            }
            *to = total(sums);
        }
    }
}

/// Copies rows, off their weighted mean, and writes that.
pub(super) struct Centre<'a, T> {
    /// All rows, column by column, and how many.
    pub(super) all: &'a [T],
    pub(super) count: usize,
    /// The rows to copy, and their weights, which are 1 if not given.
    pub(super) range: Range<usize>,
    pub(super) weights: Option<&'a [T]>,
    /// The sum of the weights, and the place of the largest one.
    pub(super) weight: T,
    pub(super) heaviest: usize,
    pub(super) entries: &'a mut [T],
    pub(super) height: usize,
    /// The mean, and what it loses by rounding.
    pub(super) means: (&'a mut [T], &'a mut [T]),
}

impl<T: Real> ColumnKernel for Centre<'_, T> {
    type Output = ();
    const LANES: usize = 16;

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { all, count, range, weights, weight, heaviest, entries, height, means } = self;
        let size = range.len();
        let columns = all.chunks_exact(count).zip(entries.chunks_exact_mut(height));
        for (((from, to), mean), lost) in columns.zip(means.0).zip(means.1) {
            // Off an entry that counts first, so that a constant column becomes exactly 0 and nothing far away is summed. That entry
            // has a share of the weight, so that it is not many deviations from the mean.
            let from = &from[range.clone()];
            let shift = from[heaviest];
            let mut sums = [T::zero(); N];
            let whole = size - size % N;
            for at in (0..whole).step_by(N) {
                let (from, to) = (&from[at..][..N], &mut to[at..][..N]);
                for lane in 0..N {
                    to[lane] = from[lane] - shift;
                }
                match weights {
                    None => add(&mut sums, to),
                    Some(weights) => add_weighted(&mut sums, to, &weights[at..]),
                }
            }
            for row in whole..size {
                to[row] = from[row] - shift;
                sums[row - whole] += weights.map_or(to[row], |weights| weights[row] * to[row]);
            }
            let apart = total(sums) / weight;
            for x in &mut to[..size] {
                *x -= apart;
            }
            to[size..].fill(T::zero());
            (*mean, *lost) = exact_sum(shift, apart);
        }
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

/// The sum of weights, the place of the largest, and how many are not 0.
pub(super) struct Weigh<'a, T>(pub(super) &'a [T]);

impl<T: Real> Kernel for Weigh<'_, T> {
    type Output = (T, usize, usize);

    #[inline(always)]
    fn run(self) -> (T, usize, usize) {
        let mut sums = [T::zero(); 8];
        let mut largest = [T::zero(); 8];
        for weights in self.0.chunks_exact(8) {
            for lane in 0..8 {
                sums[lane] += weights[lane];
                largest[lane] = if weights[lane] > largest[lane] { weights[lane] } else { largest[lane] };
            }
        }
        let largest = largest.iter().fold(T::zero(), |most, &w| if w > most { w } else { most });
        let heaviest = self.0.iter().position(|&w| w == largest).unwrap_or_default();
        (total(sums), heaviest, self.0.iter().filter(|&&w| w > T::zero()).count())
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

//! Rows off their mean, with which taking them in begins.

use std::ops::Range;

use crate::real::{Real, count, exact_sum, to_f64};
use crate::vector::{ColumnKernel, Kernel, total};

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
    /// The mean, and what it loses by rounding.
    pub(super) means: (&'a mut [T], &'a mut [T]),
    /// How far the mean is from the entry that is taken off.
    pub(super) apart: &'a mut [T],
}

impl<T: Real> ColumnKernel for Centre<'_, T> {
    type Output = ();

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { all, count, range, weights, weight, heavy, entries, height, means, apart } = self;
        let size = range.len();
        let columns = all.chunks_exact(count).zip(entries.chunks_exact_mut(height));
        for ((((from, to), mean), lost), apart) in columns.zip(means.0).zip(means.1).zip(apart) {
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
            (*mean, *lost) = exact_sum(shift, *apart);
        }
    }
}

#[inline(always)]
pub(super) fn add<T: Real, const N: usize>(sums: &mut [T; N], x: &[T]) {
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

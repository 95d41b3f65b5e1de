//! The loops of a Gaussian, over rows that come column by column.

use crate::real::Real;
use crate::vector::{ColumnKernel, chunk};

/// Division by a number, by way of its reciprocal where that is one: products are many times faster.
#[derive(Clone, Copy)]
pub(super) struct Divisor<T> {
    number: T,
    reciprocal: T,
    by_product: bool,
}

impl<T: Real> Divisor<T> {
    #[inline(always)]
    pub(super) fn new(number: T) -> Self {
        let reciprocal = number.recip();
        // Not so at the ends of the range, where the reciprocal overflows or loses digits.
        let by_product = (number * reciprocal - T::one()).abs() <= T::default_epsilon();
        Self { number, reciprocal, by_product }
    }

    #[inline(always)]
    fn divide<const N: usize>(self, to: &mut [T], numerators: &[T; N]) {
        let to = &mut to[..N];
        if self.by_product {
            for lane in 0..N {
                to[lane] = numerators[lane] * self.reciprocal;
            }
        } else {
            for lane in 0..N {
                to[lane] = numerators[lane] / self.number;
            }
        }
    }
}

/// Forward substitution L z = y.
pub(super) struct Whiten<'a, T> {
    /// L, column by column.
    pub(super) factor: &'a [T],
    /// Its diagonal.
    pub(super) divisors: &'a [Divisor<T>],
    pub(super) entries: &'a mut [T],
    pub(super) height: usize,
}

impl<T: Real> ColumnKernel for Whiten<'_, T> {
    type Output = ();

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { factor, divisors, entries, height } = self;
        let dimension = divisors.len();
        for at in (0..height).step_by(N) {
            for (j, divisor) in divisors.iter().enumerate() {
                let (solved, rest) = entries.split_at_mut(j * height);
                let mut sums: [T; N] = chunk(rest, at);
                for k in 0..j {
                    let (entry, earlier) = (factor[k * dimension + j], &solved[k * height + at..][..N]);
                    for lane in 0..N {
                        sums[lane] -= entry * earlier[lane];
                    }
                }
                divisor.divide(&mut rest[at..], &sums);
            }
        }
    }
}

/// μⱼ; 0 where no mean is given.
#[inline(always)]
fn centre<T: Real>(mean: &[T], j: usize) -> T {
    mean.get(j).copied().unwrap_or_else(T::zero)
}

/// μ + L z in place: the last column first, because each needs only columns up to its own.
pub(super) struct Colour<'a, T> {
    /// L, column by column.
    pub(super) factor: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) entries: &'a mut [T],
    pub(super) height: usize,
}

impl<T: Real> ColumnKernel for Colour<'_, T> {
    type Output = ();

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { factor, mean, entries, height } = self;
        let dimension = entries.len() / height;
        for j in (0..dimension).rev() {
            let centre = centre(mean, j);
            let (earlier, rest) = entries.split_at_mut(j * height);
            for at in (0..height).step_by(N) {
                let mut sums: [T; N] = chunk(rest, at);
                for sum in &mut sums {
                    *sum *= factor[j * dimension + j];
                }
                for k in 0..j {
                    let (entry, earlier) = (factor[k * dimension + j], &earlier[k * height + at..][..N]);
                    for lane in 0..N {
                        sums[lane] += entry * earlier[lane];
                    }
                }
                let to = &mut rest[at..][..N];
                for lane in 0..N {
                    to[lane] = sums[lane] + centre;
                }
            }
        }
    }
}

/// y/σ, coordinate by coordinate.
pub(super) struct Standardise<'a, T, D> {
    /// σ of a coordinate.
    pub(super) deviation: D,
    pub(super) entries: &'a mut [T],
    pub(super) height: usize,
}

impl<T: Real, D: Fn(usize) -> T> ColumnKernel for Standardise<'_, T, D> {
    type Output = ();

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        for (j, column) in self.entries.chunks_exact_mut(self.height).enumerate() {
            let divisor = Divisor::new((self.deviation)(j));
            for to in column.chunks_exact_mut(N) {
                divisor.divide(to, &chunk::<T, N>(to, 0));
            }
        }
    }
}

/// μ + σ z, coordinate by coordinate.
pub(super) struct Stretch<'a, T, D> {
    /// σ of a coordinate.
    pub(super) deviation: D,
    pub(super) mean: &'a [T],
    pub(super) entries: &'a mut [T],
    pub(super) height: usize,
}

impl<T: Real, D: Fn(usize) -> T> ColumnKernel for Stretch<'_, T, D> {
    type Output = ();

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        for (j, column) in self.entries.chunks_exact_mut(self.height).enumerate() {
            let (centre, deviation) = (centre(self.mean, j), (self.deviation)(j));
            for x in column {
                *x = *x * deviation + centre;
            }
        }
    }
}

/// a Σⱼ zⱼ² + b of every row z.
pub(super) struct SquaredNorms<'a, T> {
    pub(super) entries: &'a [T],
    pub(super) height: usize,
    /// a.
    pub(super) factor: T,
    /// b.
    pub(super) shift: T,
    /// One entry for each row that counts.
    pub(super) out: &'a mut [T],
}

impl<T: Real> ColumnKernel for SquaredNorms<'_, T> {
    type Output = ();

    fn height(&self) -> usize {
        self.height
    }

    #[inline(always)]
    fn by<const N: usize>(self) {
        let Self { entries, height, factor, shift, out } = self;
        for (at, out) in (0..height).step_by(N).zip(out.chunks_mut(N)) {
            let mut sums = [T::zero(); N];
            for column in entries.chunks_exact(height) {
                let column = &column[at..][..N];
                for lane in 0..N {
                    sums[lane] += column[lane] * column[lane];
                }
            }
            for (to, &sum) in out.iter_mut().zip(&sums) {
                *to = sum * factor + shift;
            }
        }
    }
}

//! How large many numbers are: the largest of them, and the sum of their squares.

use super::{Kernel, vectorised};
use crate::real::{CompensatedSum, Real, exact_sum};

/// A result is made of so many, of which each takes every so many-th number.
const LANES: usize = 32;

/// The largest |x|; 0 for none, and NaN is never larger.
pub(crate) fn largest_size<T: Real>(xs: &[T]) -> T {
    vectorised(LargestSize(xs))
}

/// Σ (x/unit)², compensated.
pub(crate) fn sum_of_squares<T: Real>(xs: &[T], unit: T) -> CompensatedSum<T> {
    vectorised(SumOfSquares { xs, unit })
}

struct LargestSize<'a, T>(&'a [T]);

impl<T: Real> Kernel for LargestSize<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run(self) -> T {
        let (chunks, rest) = self.0.as_chunks::<LANES>();
        let mut lanes = [T::zero(); LANES];
        for chunk in chunks {
            for (largest, &x) in lanes.iter_mut().zip(chunk) {
                *largest = larger(*largest, x.abs());
            }
        }
        let of_rest = rest.iter().fold(T::zero(), |largest, &x| larger(largest, x.abs()));
        lanes.into_iter().fold(of_rest, larger)
    }
}

#[inline(always)]
fn larger<T: Real>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

struct SumOfSquares<'a, T> {
    xs: &'a [T],
    unit: T,
}

impl<T: Real> Kernel for SumOfSquares<'_, T> {
    type Output = CompensatedSum<T>;

    #[inline(always)]
    fn run(self) -> CompensatedSum<T> {
        // Most often the unit is 1, and a division takes long.
        if self.unit == T::one() { self.by::<false>() } else { self.by::<true>() }
    }
}

impl<T: Real> SumOfSquares<'_, T> {
    #[inline(always)]
    fn by<const SCALED: bool>(self) -> CompensatedSum<T> {
        let Self { xs, unit } = self;
        let (chunks, rest) = xs.as_chunks::<LANES>();
        let (mut sums, mut lost) = ([T::zero(); LANES], [T::zero(); LANES]);
        for chunk in chunks {
            for ((sum, lost), &x) in sums.iter_mut().zip(&mut lost).zip(chunk) {
                let scaled = if SCALED { x / unit } else { x };
                let (more, of_more) = exact_sum(*sum, scaled * scaled);
                (*sum, *lost) = (more, *lost + of_more);
            }
        }
        let squares = rest.iter().map(|&x| x / unit).map(|x| x * x);
        sums.into_iter().chain(lost).chain(squares).fold(CompensatedSum::default(), CompensatedSum::plus)
    }
}

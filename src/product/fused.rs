//! What becomes of sums while they are in registers.

use pulp::Simd;

use super::fast::Finish;
use super::wide::Wide;
use crate::elementary::Function;
use crate::real::real;

/// A function that takes no longer than to write its values.
#[derive(Clone, Copy)]
pub(super) enum Fused<'a, T> {
    Relu,
    LeakyRelu(T),
    /// A sum times the step function of the number in the same place, from the first sum on.
    Step(&'a [T], T),
}

/// Is this function one of them, of the sums or, if `times` is said, of what they are multiplied by?
pub(super) fn fuses(function: Function, times: bool) -> bool {
    Fused::<f64>::of(Finish { function, of: times.then_some(&[]) }).is_some()
}

impl<'a, T: Wide> Fused<'a, T> {
    /// None for another function.
    pub(super) fn of(finish: Finish<'a, T>) -> Option<Self> {
        match (finish.function, finish.of) {
            (Function::Relu, None) => Some(Self::Relu),
            (Function::LeakyRelu(slope), None) => Some(Self::LeakyRelu(real(slope))),
            (Function::Step(low), Some(of)) => Some(Self::Step(of, real(low))),
            _ => None,
        }
    }

    /// The same of the sums from this one on.
    #[inline(always)]
    pub(super) fn from(self, first: usize) -> Self {
        match self {
            Self::Step(of, low) => Self::Step(&of[first..], low),
            fused => fused,
        }
    }

    /// What becomes of vectors of sums, which go to the places from this one on.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(self, simd: S, sums: &mut [T::Vector<S>], place: usize) {
        match self {
            Self::Relu => {
                let zero = T::broadcast(simd, T::default());
                for sum in sums {
                    *sum = T::where_less(simd, [*sum, zero], zero, *sum);
                }
            }
            // Itself times a step of itself.
            Self::LeakyRelu(slope) => {
                for sum in sums {
                    *sum = times_step(simd, *sum, *sum, slope);
                }
            }
            Self::Step(of, low) => {
                let of = &T::vectors::<S>(&of[place..]).0[..sums.len()];
                for (sum, &of) in sums.iter_mut().zip(of) {
                    *sum = times_step(simd, *sum, of, low);
                }
            }
        }
    }
}

/// Sums times the step function of other numbers. With intrinsics: the compiler does not make wide instructions of a loop over the numbers of a vector.
#[inline(always)]
pub(super) fn times_step<T: Wide, S: Simd>(simd: S, sum: T::Vector<S>, of: T::Vector<S>, low: T) -> T::Vector<S> {
    let zero = T::broadcast(simd, T::default());
    T::where_less(simd, [zero, of], sum, T::product(simd, sum, T::broadcast(simd, low)))
}

//! What becomes of sums while they are in registers.

use pulp::Simd;

use super::fast::Finish;
use super::wide::Wide;
use crate::elementary::{Function, leaky_relu, relu, step};
use crate::real::real;

/// A function that takes no longer than to write its values.
#[derive(Clone, Copy)]
pub(super) enum Fused<'a, T> {
    Relu,
    LeakyRelu(T),
    /// A sum times the step function of the number in the same place, from the first sum on.
    Step(&'a [T], T),
}

/// Bytes of factors that are near enough to be read a few at a time.
const NEAR: usize = 1 << 19;

/// Is this function one of them, of the sums or, if `times` is said, of what they are multiplied by?
pub(super) fn fuses(function: Function, times: bool) -> bool {
    matches!((function, times), (Function::Relu | Function::LeakyRelu(_), false) | (Function::Step(_), true))
}

impl<'a, T: Wide> Fused<'a, T> {
    /// None for another function.
    pub(super) fn of(finish: Finish<'a, T>) -> Option<Self> {
        match (finish.function, finish.of) {
            (Function::Relu, None) => Some(Self::Relu),
            (Function::LeakyRelu(slope), None) => Some(Self::LeakyRelu(real(slope))),
            (Function::Step(low), Some(of)) if size_of_val(of) <= NEAR => Some(Self::Step(of, real(low))),
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
    pub(super) fn apply<S: Simd>(self, sums: &mut [T::Vector<S>], place: usize) {
        match self {
            Self::Relu => each::<T, S>(sums, relu),
            Self::LeakyRelu(slope) => each::<T, S>(sums, |sum| leaky_relu(sum, slope)),
            Self::Step(of, low) => {
                let of = &T::vectors::<S>(&of[place..]).0[..sums.len()];
                for (sums, of) in sums.iter_mut().zip(of) {
                    times_step::<_, S>(sums, of, low);
                }
            }
        }
    }
}

/// Plain loops, here and below: chains of iterators over vectors of sixteen numbers are not inlined, and then the sums are kept in memory.
#[inline(always)]
fn each<T: Wide, S: Simd>(sums: &mut [T::Vector<S>], function: impl Fn(T) -> T) {
    for sums in sums {
        for sum in T::numbers_mut::<S>(sums) {
            *sum = function(*sum);
        }
    }
}

/// Multiplies sums by the step function of other numbers.
#[inline(always)]
pub(super) fn times_step<T: Wide, S: Simd>(sums: &mut T::Vector<S>, of: &T::Vector<S>, low: T) {
    for (sum, &x) in T::numbers_mut::<S>(sums).iter_mut().zip(T::numbers::<S>(of)) {
        *sum *= step(x, low);
    }
}

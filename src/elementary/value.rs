//! What the functions are.

use nalgebra::ComplexField;

use super::{Function, Interval};
use crate::parallel::by_chunks;
use crate::real::{Real, real};
use crate::special;
use crate::vector::{self, Kernel, Lane, Many, chosen, vectorised};

impl Function {
    /// Writes the function of every x to its place in `ys`, which has as many; times its factor, if factors are given.
    pub(crate) fn apply<T: Real>(self, xs: &[T], factors: Option<&[T]>, ys: &mut [T]) {
        type Loops<T> = fn(Function, &[T], Option<&[T]>, &mut [T]);

        // Not generic, so that the loops of all functions are compiled once, here, and not by every crate that has a tape.
        fn of_f64(function: Function, xs: &[f64], factors: Option<&[f64]>, ys: &mut [f64]) {
            vectorised(Each { function, all: Many { xs, factors, ys } });
        }
        fn of_f32(function: Function, xs: &[f32], factors: Option<&[f32]>, ys: &mut [f32]) {
            vectorised(Each { function, all: Many { xs, factors, ys } });
        }
        let loops = chosen::<Loops<f64>, Loops<f32>, Loops<T>>(&(of_f64 as _), &(of_f32 as _));
        by_chunks(ys, 1, self.effort(), |first, ys| {
            let chunk = first..first + ys.len();
            let (xs, factors) = (&xs[chunk.clone()], factors.map(|factors| &factors[chunk]));
            match loops {
                Some(loops) => loops(self, xs, factors, ys),
                None => self.each(xs, factors, ys),
            }
        });
    }

    /// How long an entry takes, in entries read and written, as far as it matters for what is worth more than one thread.
    fn effort(self) -> usize {
        match self {
            Self::Relu
            | Self::LeakyRelu(_)
            | Self::Step(_)
            | Self::Abs
            | Self::Sign
            | Self::Square
            | Self::OneMSquare
            | Self::Clamp(_)
            | Self::Inside(_)
            | Self::Indicator(_) => 1,
            _ => 2,
        }
    }

    /// Are so many entries done on more than one thread?
    #[cfg(all(feature = "rayon", feature = "simd"))]
    pub(crate) fn is_threaded(self, entries: usize) -> bool {
        crate::parallel::threads_for_entries(entries, self.effort()) > 1
    }

    /// Makes of every y the function of itself or, if other numbers are given, y times the function of the one in its place.
    pub(crate) fn finish<T: Real>(self, of: Option<&[T]>, ys: &mut [T], rows: Rows) {
        rows.in_runs(ys, |first, before, ys| match of {
            None => self.apply(before, None, ys),
            Some(of) => self.apply(&of[first..][..ys.len()], Some(before), ys),
        });
    }

    /// Writes the function of every x to the matching y, times its factor, if factors are given: the only place where values are computed, but for
    /// what `vector` does in several loops.
    #[inline(always)]
    pub(super) fn each<T: Real>(self, xs: &[T], factors: Option<&[T]>, ys: &mut [T]) {
        // No closures: what calls them need not be inlined, and would then be compiled for any machine.
        macro_rules! each {
            ($x:ident => $value:expr) => {
                for (y, &$x) in ys.iter_mut().zip(xs) {
                    *y = $value;
                }
            };
            // A second loop, from the values of the first: in one long loop too few entries are under way at a time to hide how long each operation takes.
            ($x:ident, $y:ident => $value:expr) => {
                for (place, &$x) in ys.iter_mut().zip(xs) {
                    let $y = *place;
                    *place = $value;
                }
            };
            // What takes no longer than to read and write numbers is multiplied on the way.
            (times $x:ident => $value:expr) => {
                match factors {
                    None => each!($x => $value),
                    Some(factors) => {
                        for ((y, &$x), &factor) in ys.iter_mut().zip(xs).zip(factors) {
                            *y = $value * factor;
                        }
                        return;
                    }
                }
            };
        }
        let (zero, one) = (T::zero(), T::one());
        match self {
            Self::Exp => each!(x => vector::exp(x)),
            Self::ExpM1 => each!(x => vector::exp_m1(x)),
            Self::OneMExpM => each!(x => vector::one_m_exp_m(x)),
            Self::ExpM1Mx => each!(x => special::exp_m1_mx(x)),
            Self::XExpMExpM1 => each!(x => special::x_exp_m_exp_m1(x)),
            Self::ScaledExp(c) => each!(x => special::scaled_exp(c, x)),
            Self::ScaledExpM1(c) => each!(x => special::scaled_exp_m1(c, x)),
            Self::AlphaGenerator(alpha) => each!(x => special::alpha_generator(alpha, x)),
            Self::Ln => each!(x => vector::ln(x)),
            Self::Ln1p => each!(x => vector::ln_1p(x)),
            Self::ScaledLn1p(c) => each!(x => special::scaled_ln_1p(c, x)),
            Self::LnMixExp(weights) => each!(x => special::ln_mix_exp(weights, x)),
            Self::LnCosh => {
                each!(x => special::exp_m1_size(x));
                each!(x, y => special::ln_cosh_by(x, y));
            }
            Self::Sqrt => each!(x => x.sqrt()),
            Self::Square => each!(x => x * x),
            Self::OneMSquare => each!(times x => (one - x) * (one + x)),
            Self::Recip => each!(x => x.recip()),
            Self::RecipOrZero => each!(x => if x == zero { zero } else { x.recip() }),
            Self::Tanh => each!(x => vector::tanh(x)),
            Self::Sigmoid => each!(x => vector::sigmoid(x)),
            Self::SigmoidSlope => each!(x => vector::sigmoid_slope(x)),
            Self::MixSigmoid(weights) => each!(x => special::mix_sigmoid(weights, x)),
            Self::Softplus => each!(x => vector::softplus(x)),
            Self::Abs => each!(x => x.abs()),
            Self::Sign => each!(times x => if x == zero { zero } else { ComplexField::signum(x) }),
            Self::Relu => each!(x => relu(x)),
            Self::LeakyRelu(slope) => {
                let slope = real::<T>(slope);
                each!(x => leaky_relu(x, slope));
            }
            Self::Step(low) => {
                let low = real::<T>(low);
                each!(times x => step(x, low));
            }
            Self::Elu(alpha) => {
                let alpha = real::<T>(alpha);
                each!(x => vector::exp_m1(x));
                each!(x, y => elu_by(x, y, alpha));
            }
            Self::EluSlope(alpha) => {
                let alpha = real::<T>(alpha);
                each!(x => vector::exp(x));
                each!(x, y => elu_slope_by(x, y, alpha));
            }
            Self::NormalPdf => each!(x => vector::normal_pdf(x)),
            Self::NormalCdf => each!(x => vector::normal_cdf(x)),
            Self::Sin => each!(x => x.sin()),
            Self::Cos => each!(x => x.cos()),
            Self::Clamp(Interval { lower, upper }) => {
                let (lower, upper) = (real::<T>(lower), real::<T>(upper));
                each!(x => if x < lower { lower } else if x > upper { upper } else { x });
            }
            Self::Inside(Interval { lower, upper }) => {
                let (lower, upper) = (real::<T>(lower), real::<T>(upper));
                each!(times x => if x > lower && x < upper { one } else { zero });
            }
            Self::Indicator(Interval { lower, upper }) => {
                let (lower, upper, infinity) = (real::<T>(lower), real::<T>(upper), real::<T>(f64::INFINITY));
                each!(x => if x < lower || x > upper { infinity } else { zero });
            }
        }
        times(factors, ys);
    }

    /// The same bits, in several loops where these are faster for many numbers.
    #[inline(always)]
    fn each_of_many<T: Lane>(self, all: Many<'_, T>) {
        // From the values of another function.
        macro_rules! by_another {
            ($other:ident, $each:ident, $x:ident, $y:ident => $value:expr) => {{
                let Many { xs, factors, ys } = all;
                let rest = T::$each(Many { xs, factors: None, ys: &mut *ys });
                Self::$other.each(rest.xs, None, rest.ys);
                for (place, &$x) in ys.iter_mut().zip(xs) {
                    let $y = *place;
                    *place = $value;
                }
                return times(factors, ys);
            }};
        }
        let rest = match self {
            Self::Exp => T::exp_each(all),
            Self::ExpM1 => T::exp_m1_each(all),
            Self::OneMExpM => T::one_m_exp_m_each(all),
            Self::Tanh => T::tanh_each(all),
            Self::Sigmoid => T::sigmoid_each(all),
            Self::SigmoidSlope => T::sigmoid_slope_each(all),
            Self::Softplus => T::softplus_each(all),
            Self::NormalPdf => T::normal_pdf_each(all),
            Self::NormalCdf => T::normal_cdf_each(all),
            Self::Elu(alpha) => {
                let alpha = real::<T>(alpha);
                by_another!(ExpM1, exp_m1_each, x, y => elu_by(x, y, alpha))
            }
            Self::EluSlope(alpha) => {
                let alpha = real::<T>(alpha);
                by_another!(Exp, exp_each, x, y => elu_slope_by(x, y, alpha))
            }
            _ => all,
        };
        self.each(rest.xs, rest.factors, rest.ys);
    }
}

/// 0 below 0.
#[inline(always)]
fn relu<T: Real>(x: T) -> T {
    if x < T::zero() { T::zero() } else { x }
}

/// Of another slope up to 0.
#[inline(always)]
fn leaky_relu<T: Real>(x: T, slope: T) -> T {
    if x > T::zero() { x } else { slope * x }
}

/// 1 above 0, and elsewhere another number.
#[inline(always)]
fn step<T: Real>(x: T, low: T) -> T {
    if x > T::zero() { T::one() } else { low }
}

/// α (eˣ − 1) up to 0, given eˣ − 1.
#[inline(always)]
fn elu_by<T: Real>(x: T, exp_m1: T, alpha: T) -> T {
    if x > T::zero() { x } else { alpha * exp_m1 }
}

/// 1 above 0, and α eˣ up to 0, given eˣ.
#[inline(always)]
fn elu_slope_by<T: Real>(x: T, exp: T, alpha: T) -> T {
    if x > T::zero() { T::one() } else { alpha * exp }
}

/// Multiplies every y by its factor, if factors are given.
#[inline(always)]
fn times<T: Real>(factors: Option<&[T]>, ys: &mut [T]) {
    if let Some(factors) = factors {
        for (y, &factor) in ys.iter_mut().zip(factors) {
            *y *= factor;
        }
    }
}

/// The first entries of columns, so many of each; columns begin so far from each other.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    pub(crate) stride: usize,
}

impl Rows {
    /// Calls `work` with the place of some entries, a copy of them, and themselves, a few at a time.
    fn in_runs<T: Real>(self, ys: &mut [T], mut work: impl FnMut(usize, &[T], &mut [T])) {
        let mut before = [T::zero(); RUN];
        for (column, ys) in ys.chunks_mut(self.stride.max(1)).enumerate() {
            let count = self.count.min(ys.len());
            for (run, ys) in ys[..count].chunks_mut(RUN).enumerate() {
                let before = &mut before[..ys.len()];
                before.copy_from_slice(ys);
                work(column * self.stride + run * RUN, before, ys);
            }
        }
    }
}

/// Entries of a run.
const RUN: usize = 256;

/// A function of many numbers.
struct Each<'a, T> {
    function: Function,
    all: Many<'a, T>,
}

impl<T: Lane> Kernel for Each<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.function.each_of_many(self.all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of every function times factors are those of the function, multiplied afterwards.
    fn check_factors<T: Real>(bits: impl Fn(T) -> u64) {
        let numbers =
            |count: usize, by: f64| (0..count).map(|i| real((i as f64 * by).sin() * 30.0)).collect::<Vec<T>>();
        // Whole blocks of several loops, short ones, and what is left over.
        for count in [1, 40, 64, 128, 201, 600] {
            let (xs, factors) = (numbers(count, 0.37), numbers(count, 1.3));
            for &function in Function::ALL {
                let (mut alone, mut multiplied) = (xs.clone(), xs.clone());
                function.apply(&xs, None, &mut alone);
                function.apply(&xs, Some(&factors), &mut multiplied);
                for ((&y, &factor), &found) in alone.iter().zip(&factors).zip(&multiplied) {
                    let is_nan = y.partial_cmp(&y).is_none() && found.partial_cmp(&found).is_none();
                    assert!(bits(found) == bits(y * factor) || is_nan, "{function:?}: {found} for {y} {factor}");
                }
            }
        }
    }

    #[test]
    fn factors_are_multiplied_with_values() {
        check_factors::<f64>(f64::to_bits);
        check_factors::<f32>(|x| x.to_bits().into());
    }
}

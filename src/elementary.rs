//! One formula, many interpreters.
//!
//! A formula written once over [`Elementary`] is evaluated on plain numbers, entrywise on tape variables
//! ([`autodiff::Entrywise`](crate::autodiff::Entrywise)), and on dual numbers. The functions it may use are listed once,
//! as [`Function`], each with its value and its derivative; nothing else in the crate knows either.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use nalgebra::{ComplexField, DMatrix};

use crate::real::{Real, real};
use crate::special;
use crate::vector::{self, Kernel, Lane, known, known_ref, vectorised};

/// A closed interval of the extended real line; an end at which a convex function is infinite need not be excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end, possibly −∞.
    pub lower: f64,
    /// The upper end, possibly +∞.
    pub upper: f64,
}

impl Interval {
    /// All x ≤ `upper`.
    pub const fn at_most(upper: f64) -> Self {
        Self { lower: f64::NEG_INFINITY, upper }
    }

    /// All x ≥ `lower`.
    pub const fn at_least(lower: f64) -> Self {
        Self { lower, upper: f64::INFINITY }
    }

    /// Is `x` in the interval?
    pub fn contains<T: Real>(self, x: T) -> bool {
        x >= real(self.lower) && x <= real(self.upper)
    }
}

/// The table of functions: hands every row to the macro `$emit` as `method Variant(parameter: type = sample);`.
macro_rules! function_table {
    ($emit:ident) => {
        $emit! {
            /// eˣ
            exp Exp;
            /// eˣ − 1, accurate near 0
            exp_m1 ExpM1;
            /// 1 − e⁻ˣ, accurate near 0
            one_m_exp_m OneMExpM;
            /// eˣ − 1 − x, accurate near 0
            exp_m1_mx ExpM1Mx;
            /// x eˣ − (eˣ − 1), accurate near 0
            x_exp_m_exp_m1 XExpMExpM1;
            /// eᶜˣ
            scaled_exp ScaledExp(c: f64 = 0.7);
            /// (eᶜˣ − 1)/c, accurate near 0; x if c = 0
            scaled_exp_m1 ScaledExpM1(c: f64 = -0.6);
            /// f(eˣ) for the generator f of the alpha divergence, which is convex with f(1) = f′(1) = 0 and f″(u) = uᵃ⁻²
            alpha_generator AlphaGenerator(alpha: f64 = -0.4);
            /// ln x; at 0, where it is −∞, the derivative is taken to be 0
            ln Ln;
            /// ln(1 + x), accurate near 0; at −1, where it is −∞, the derivative is taken to be 0
            ln_1p Ln1p;
            /// ln(1 + c x)/c, accurate near 0; x if c = 0. Where it is −∞, the derivative is taken to be 0
            scaled_ln_1p ScaledLn1p(c: f64 = 0.4);
            /// ln(w₀ + w₁ eˣ) for positive weights that sum to 1, accurate near 0
            ln_mix_exp LnMixExp(weights: [f64; 2] = [0.7, 0.3]);
            /// ln cosh x, accurate near 0
            ln_cosh LnCosh;
            /// √x; at 0 the derivative is taken to be 0
            sqrt Sqrt;
            /// x²
            square Square;
            /// 1 − x², accurate near ±1
            one_m_square OneMSquare;
            /// 1/x
            recip Recip;
            /// 1/x, and 0 at 0: the pseudo-inverse of a number
            recip_or_zero RecipOrZero;
            /// tanh x
            tanh Tanh;
            /// 1/(1 + e⁻ˣ)
            sigmoid Sigmoid;
            /// e⁻ˣ/(1 + e⁻ˣ)², the derivative of the sigmoid and the density of the logistic law
            sigmoid_slope SigmoidSlope;
            /// w₁ eˣ/(w₀ + w₁ eˣ) for positive weights that sum to 1
            mix_sigmoid MixSigmoid(weights: [f64; 2] = [0.7, 0.3]);
            /// ln(1 + eˣ)
            softplus Softplus;
            /// |x|; at 0 the derivative is taken to be 0
            abs Abs;
            /// −1, 0 or 1; its derivative is taken to be 0
            sign Sign;
            /// max(x, 0); at 0 the derivative is taken to be 0
            relu Relu;
            /// x where positive, `slope` times x elsewhere; at 0 the derivative is taken to be `slope`
            leaky_relu LeakyRelu(slope: f64 = 0.01);
            /// 1 where x is positive, `low` elsewhere; its derivative is taken to be 0
            step Step(low: f64 = 0.25);
            /// x where positive, `alpha` (eˣ − 1) elsewhere; at 0 the derivative is taken to be `alpha`
            elu Elu(alpha: f64 = 0.8);
            /// Φ(x), the probability that a standard normal number is at most x
            normal_cdf NormalCdf;
            /// sin x
            sin Sin;
            /// cos x
            cos Cos;
            /// The nearest point of the interval; outside it, and at its ends, the derivative is taken to be 0
            clamp Clamp(interval: Interval = Interval { lower: -0.5, upper: 0.75 });
            /// 1 strictly inside the interval, 0 elsewhere; its derivative is taken to be 0
            inside Inside(interval: Interval = Interval { lower: -0.5, upper: 0.75 });
            /// 0 in the closed interval, +∞ outside: the indicator of convex analysis; its derivative is taken to be 0
            indicator Indicator(interval: Interval = Interval { lower: -9.0, upper: 9.0 });
        }
    };
}
pub(crate) use function_table;

macro_rules! function_enum {
    ($($(#[$doc:meta])* $method:ident $variant:ident $(($parameter:ident : $type:ty = $sample:expr))?;)*) => {
        /// The functions of one variable that a formula may use.
        ///
        /// At a kink the derivative is a documented finite subgradient, never NaN.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Function {
            $($(#[$doc])* $variant $(($type))?,)*
        }

        impl Function {
            /// Every function once, with a sample parameter where it takes one: what a test that covers all of them walks.
            pub const ALL: &'static [Self] = &[$(Self::$variant $(($sample))?,)*];
        }

        /// What a formula needs of the thing it is evaluated on: the four operations (entrywise), affine maps by constants, and
        /// [`Function`]s. `f32`, `f64` and dual numbers have it; so has [`Entrywise`](crate::autodiff::Entrywise), a tape variable.
        ///
        /// ```
        /// use fenchel::Elementary;
        ///
        /// fn bump<E: Elementary>(x: E) -> E {
        ///     (-x.square()).exp()
        /// }
        /// assert_eq!(bump(0.0_f64), 1.0);
        ///
        /// let tape = fenchel::Tape::new();
        /// let x = tape.scalar(0.5_f64);
        /// let y = x.entrywise(bump);
        /// let [slope] = tape.grad(y, [x]);
        /// let exact: f64 = -2.0 * 0.5 * bump(0.5_f64);
        /// assert!((slope.to_scalar().unwrap() - exact).abs() < 1e-15); // a few roundings
        /// ```
        pub trait Elementary:
            Copy
            + Debug
            + Add<Output = Self>
            + Sub<Output = Self>
            + Mul<Output = Self>
            + Div<Output = Self>
            + Neg<Output = Self>
        {
            /// The function, applied.
            fn map(self, function: Function) -> Self;

            /// The value plus a constant.
            fn shift(self, constant: f64) -> Self;

            /// The value times a constant.
            fn scale(self, constant: f64) -> Self;

            $($(#[$doc])* fn $method(self $(, $parameter: $type)?) -> Self {
                self.map(Function::$variant $(($parameter))?)
            })*
        }
    };
}
function_table!(function_enum);

impl Function {
    /// Writes the function of every entry of `xs` to its place in `ys`, which has as many.
    pub(crate) fn apply<T: Real>(self, xs: &DMatrix<T>, ys: &mut DMatrix<T>) {
        if let (Some(xs), Some(ys)) = (known_ref::<_, DMatrix<f64>>(xs), known::<_, DMatrix<f64>>(ys)) {
            self.apply_f64(xs.as_slice(), ys.as_mut_slice());
        } else if let (Some(xs), Some(ys)) = (known_ref::<_, DMatrix<f32>>(xs), known::<_, DMatrix<f32>>(ys)) {
            self.apply_f32(xs.as_slice(), ys.as_mut_slice());
        } else {
            self.each(xs.as_slice(), ys.as_mut_slice());
        }
    }

    // Not generic, so that the loops of all functions are compiled once, here, and not by every crate that has a tape.
    fn apply_f64(self, xs: &[f64], ys: &mut [f64]) {
        vectorised(Each { function: self, xs, ys });
    }

    fn apply_f32(self, xs: &[f32], ys: &mut [f32]) {
        vectorised(Each { function: self, xs, ys });
    }

    /// Writes the function of every x to the matching y: the only place where values are computed.
    #[inline(always)]
    fn each<T: Real>(self, xs: &[T], ys: &mut [T]) {
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
            Self::OneMSquare => each!(x => (one - x) * (one + x)),
            Self::Recip => each!(x => x.recip()),
            Self::RecipOrZero => each!(x => if x == zero { zero } else { x.recip() }),
            Self::Tanh => each!(x => vector::tanh(x)),
            Self::Sigmoid => each!(x => vector::sigmoid(x)),
            Self::SigmoidSlope => each!(x => vector::sigmoid_slope(x)),
            Self::MixSigmoid(weights) => each!(x => special::mix_sigmoid(weights, x)),
            Self::Softplus => each!(x => vector::softplus(x)),
            Self::Abs => each!(x => x.abs()),
            Self::Sign => each!(x => if x == zero { zero } else { ComplexField::signum(x) }),
            Self::Relu => each!(x => if x < zero { zero } else { x }),
            Self::LeakyRelu(slope) => {
                let slope = real::<T>(slope);
                each!(x => if x > zero { x } else { slope * x });
            }
            Self::Step(low) => {
                let low = real::<T>(low);
                each!(x => if x > zero { one } else { low });
            }
            Self::Elu(alpha) => {
                let alpha = real::<T>(alpha);
                each!(x => if x > zero { x } else { alpha * vector::exp_m1(x) });
            }
            Self::NormalCdf => each!(x => special::normal_cdf(x)),
            Self::Sin => each!(x => x.sin()),
            Self::Cos => each!(x => x.cos()),
            Self::Clamp(Interval { lower, upper }) => {
                let (lower, upper) = (real::<T>(lower), real::<T>(upper));
                each!(x => if x < lower { lower } else if x > upper { upper } else { x });
            }
            Self::Inside(Interval { lower, upper }) => {
                let (lower, upper) = (real::<T>(lower), real::<T>(upper));
                each!(x => if x > lower && x < upper { one } else { zero });
            }
            Self::Indicator(Interval { lower, upper }) => {
                let (lower, upper, infinity) = (real::<T>(lower), real::<T>(upper), real::<T>(f64::INFINITY));
                each!(x => if x < lower || x > upper { infinity } else { zero });
            }
        }
    }

    /// The derivative at x, where y is the value there; `None` is a derivative that is zero everywhere.
    pub(crate) fn derivative<E: Elementary>(self, x: E, y: E) -> Option<E> {
        Some(match self {
            Self::Exp => y,
            Self::ExpM1 => x.exp(),       // not y + 1, which cancels far below 0
            Self::OneMExpM => (-x).exp(), // not 1 - y, which cancels far above 0
            Self::ExpM1Mx => x.exp_m1(),
            Self::XExpMExpM1 => x * x.exp(),
            Self::ScaledExp(c) => y.scale(c),
            Self::ScaledExpM1(c) => x.scaled_exp(c),
            // eˣ (e⁽ᵃ⁻¹⁾ˣ − 1)/(a − 1) = eᵃˣ (e⁽¹⁻ᵃ⁾ˣ − 1)/(1 − a): the first where x > 0 or a > 1, the second where x < 0 or a > 0, lest a factor
            // overflow.
            Self::AlphaGenerator(a) if a >= 1.0 => x.exp() * x.scaled_exp_m1(a - 1.0),
            Self::AlphaGenerator(a) if a >= 0.0 => x.scaled_exp(a) * x.scaled_exp_m1(1.0 - a),
            Self::AlphaGenerator(a) => {
                let right = x.relu();
                let left = x - right;
                right.exp() * right.scaled_exp_m1(a - 1.0) + left.scaled_exp(a) * left.scaled_exp_m1(1.0 - a)
            }
            Self::Ln => x.recip_or_zero(),
            Self::Ln1p => x.shift(1.0).recip_or_zero(),
            Self::ScaledLn1p(c) => x.scale(c).shift(1.0).recip_or_zero(),
            Self::LnMixExp(weights) => x.mix_sigmoid(weights),
            Self::LnCosh => x.tanh(),
            Self::Softplus => y.one_m_exp_m(), // what the sigmoid of x is, for less
            Self::MixSigmoid([one, exp]) => y * (-x).mix_sigmoid([exp, one]),
            Self::Sqrt => y.recip_or_zero().scale(0.5),
            Self::Square => x.scale(2.0),
            Self::Recip | Self::RecipOrZero => -y.square(),
            Self::OneMSquare => x.scale(-2.0),
            Self::Tanh => y.one_m_square(),
            Self::Sigmoid => x.sigmoid_slope(), // not y (1 - y), which cancels far above 0
            Self::SigmoidSlope => -(y * x.scale(0.5).tanh()),
            Self::Abs => x.sign(),
            Self::Relu => x.step(0.0),
            Self::LeakyRelu(slope) => x.step(slope),
            // alpha eˣ, but 1 where x > 0, and nowhere an overflow.
            Self::Elu(alpha) => x.step(alpha) * x.clamp(Interval::at_most(0.0)).exp(),
            Self::NormalCdf => normal_pdf(x),
            Self::Sin => x.cos(),
            Self::Cos => -x.sin(),
            Self::Clamp(interval) => x.inside(interval),
            Self::Sign | Self::Step(_) | Self::Inside(_) | Self::Indicator(_) => return None,
        })
    }
}

/// A function over slices.
struct Each<'a, T> {
    function: Function,
    xs: &'a [T],
    ys: &'a mut [T],
}

impl<T: Lane> Kernel for Each<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { function, xs, ys } = self;
        let ((near_xs, other_xs), (near_ys, other_ys)) = (xs.as_chunks(), ys.as_chunks_mut());
        match function {
            // The same formulas in several loops, for which few numbers are too little.
            Function::Exp => T::exp_each(near_xs, near_ys),
            Function::ExpM1 => T::exp_m1_each(near_xs, near_ys),
            Function::OneMExpM => T::one_m_exp_m_each(near_xs, near_ys),
            Function::Tanh => T::tanh_each(near_xs, near_ys),
            Function::Sigmoid => T::sigmoid_each(near_xs, near_ys),
            Function::SigmoidSlope => T::sigmoid_slope_each(near_xs, near_ys),
            Function::Softplus => T::softplus_each(near_xs, near_ys),
            Function::Elu(alpha) => {
                let alpha = real::<T>(alpha);
                T::exp_m1_each(near_xs, near_ys);
                for (y, &x) in near_ys.as_flattened_mut().iter_mut().zip(near_xs.as_flattened()) {
                    *y = if x > T::zero() { x } else { alpha * *y };
                }
            }
            _ => return function.each(xs, ys),
        }
        function.each(other_xs, other_ys);
    }
}

/// φ(x) = e^(−x²/2)/√(2π), the density of the standard normal law.
pub fn normal_pdf<E: Elementary>(x: E) -> E {
    x.square().scale(-0.5).exp().scale(std::f64::consts::TAU.sqrt().recip())
}

impl<T: Real> Elementary for T {
    fn map(self, function: Function) -> Self {
        let mut value = [T::zero()];
        function.each(&[self], &mut value);
        value[0]
    }

    fn shift(self, constant: f64) -> Self {
        self + real(constant)
    }

    fn scale(self, constant: f64) -> Self {
        self * real(constant)
    }
}

//! One formula, many interpreters.
//!
//! A formula written once over [`Elementary`] is evaluated on plain numbers, entrywise on tape variables
//! ([`autodiff::Entrywise`](crate::autodiff::Entrywise)), and on dual numbers. The functions it may use are listed once,
//! as [`Function`], each with its value and its derivative; nothing else in the crate knows either.

mod derivative;
mod value;

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

pub(crate) use derivative::Derivative;
pub(crate) use value::Rows;

use crate::real::{Real, real};

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
            /// 1 where x is positive, `alpha` eˣ elsewhere: the derivative of ELU; at 0 its own is taken to be 0
            elu_slope EluSlope(alpha: f64 = 0.8);
            /// φ(x) = e^(−x²/2)/√(2π), the density of the standard normal law
            normal_pdf NormalPdf;
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

impl<T: Real> Elementary for T {
    fn map(self, function: Function) -> Self {
        let mut value = [T::zero()];
        function.each(&[self], None, &mut value);
        value[0]
    }

    fn shift(self, constant: f64) -> Self {
        self + real(constant)
    }

    fn scale(self, constant: f64) -> Self {
        self * real(constant)
    }
}

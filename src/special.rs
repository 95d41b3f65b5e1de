//! Scalar kernels that neither overflow nor cancel where the obvious formula does.
//!
//! Every function is generic over [`Real`] and returns its limit at ±∞; NaN in gives NaN out. Functions of one variable, with
//! or without a parameter, are accurate to a few units in the last place over the whole line.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2, TAU};

use crate::real::{Real, real, to_f64};

/// softplus(x) = ln(1 + eˣ).
///
/// ```
/// assert_eq!(fenchel::special::softplus(800.0_f64), 800.0);
/// assert_eq!(fenchel::special::softplus(-800.0_f64), 0.0);
/// ```
pub fn softplus<T: Real>(x: T) -> T {
    if x > T::zero() { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// sigmoid(x) = 1 / (1 + e⁻ˣ), the derivative of [`softplus`].
pub fn sigmoid<T: Real>(x: T) -> T {
    if x >= T::zero() {
        (T::one() + (-x).exp()).recip()
    } else {
        let e = x.exp();
        e / (T::one() + e)
    }
}

/// ln(w₀ + w₁ eˣ) for positive weights that sum to 1: the logarithm of a mean of 1 and eˣ. Relatively accurate near its zero at 0.
///
/// ```
/// let ln_mean = fenchel::special::ln_mix_exp([0.5, 0.5], 800.0_f64); // softplus(x) − ln 2
/// assert!((ln_mean - (800.0 - 2.0_f64.ln())).abs() < 1e-12);
/// ```
pub fn ln_mix_exp<T: Real>([one, exp]: [f64; 2], x: T) -> T {
    let grown = x.exp_m1() * real(exp);
    if grown > real(-0.5) {
        if grown.is_finite() { grown.ln_1p() } else { x + real(exp.ln()) }
    } else {
        // Far from its zero, where 1 + grown would cancel.
        (real::<T>(one) + x.exp() * real(exp)).ln()
    }
}

/// w₁ eˣ/(w₀ + w₁ eˣ), the derivative of [`ln_mix_exp`]: the posterior probability of what has the prior w₁ and the likelihood ratio eˣ.
pub fn mix_sigmoid<T: Real>([one, exp]: [f64; 2], x: T) -> T {
    let (other, prior) = (real::<T>(one), real::<T>(exp));
    if x >= T::zero() {
        prior / (prior + other * (-x).exp())
    } else {
        let e = prior * x.exp();
        e / (other + e)
    }
}

/// ln cosh x, close to x²/2 near 0 and to |x| − ln 2 far from it.
pub fn ln_cosh<T: Real>(x: T) -> T {
    let size = x.abs();
    if size < T::one() {
        // cosh x − 1 = (eˣ − 1)²/(2 eˣ).
        let e = size.exp_m1();
        (e * e * real(0.5) / (e + T::one())).ln_1p()
    } else {
        size + ln_mix_exp([0.5, 0.5], size * real(-2.0))
    }
}

/// Φ(x) = (1 + erf(x/√2))/2, the standard normal distribution function; relatively accurate far below 0 as well.
///
/// ```
/// let tail = fenchel::special::normal_cdf(-10.0_f64);
/// assert!((tail / 7.619853024160527e-24 - 1.0).abs() < 1e-14); // one rounding of -10/√2, times 10²
/// ```
pub fn normal_cdf<T: Real>(x: T) -> T {
    let at = to_f64(x);
    let scaled = at * FRAC_1_SQRT_2;
    let cdf = 0.5 * libm::erfc(-scaled);
    let density = (-0.5 * at * at).exp() / TAU.sqrt();
    // What rounding the product lost, which the tail would multiply by x²; and what a dual number carries beside its real part, which
    // is nothing in f32 and f64: Φ(x + d) = Φ(x) + φ(x) (d − x d²/2 + (x² − 1) d³/6), to the third order.
    let lost = at.mul_add(FRAC_1_SQRT_2, -scaled) - at * 4.833646656726457e-17;
    let rest = x - real(at);
    if density == 0.0 || !rest.is_finite() {
        return real(cdf);
    }
    let [first, second, third] = [density, -0.5 * at * density, (at * at - 1.0) / 6.0 * density].map(real::<T>);
    real::<T>(cdf + density * SQRT_2 * lost) + rest * (first + rest * (second + rest * third))
}

/// eˣ − 1 − x: the gap between exp and its tangent at 0. Close to x²/2 near 0, where the formula as written cancels.
///
/// ```
/// let x = 1e-9_f64;
/// assert!((fenchel::special::exp_m1_mx(x) / (0.5 * x * x) - 1.0).abs() < 1e-9); // the x³/6 term
/// ```
pub fn exp_m1_mx<T: Real>(x: T) -> T {
    if x.abs() < T::one() {
        // x²/2 (1 + x/3 (1 + x/4 (...))); the first term left out is 2/21! < 4e-20 of the sum.
        let tail = (3..=20).rev().fold(T::one(), |sum, n| T::one() + sum * x / real(f64::from(n)));
        return x * x * real(0.5) * tail;
    }
    let e = x.exp_m1();
    if e.is_finite() { e - x } else { e }
}

/// x eˣ − (eˣ − 1) = ∫₀ˣ t eᵗ dt: the gap between 1 and the tangent of exp at x, read at 0. Close to x²/2 near 0; 1 at −∞.
pub fn x_exp_m_exp_m1<T: Real>(x: T) -> T {
    if x.abs() < T::one() {
        return x.exp() * exp_m1_mx(-x);
    }
    let e = x.exp();
    // e underflows to 0 before x reaches -∞, where the product would be NaN.
    if e == T::zero() { T::one() } else { (x - T::one()) * e + T::one() }
}

/// f(c x), given f and its derivative, without the error that rounding the product makes: an exponential multiplies that by as much as 700.
fn at_product<T: Real>(c: f64, x: T, f: impl Fn(T) -> T, slope: impl Fn(T) -> T) -> T {
    let high = real::<T>(c);
    let low = real::<T>(c - to_f64(high)); // of a c that is no f32
    let product = high * x;
    let value = f(product);
    let lost = high.mul_add(x, -product) + low * x;
    if lost.is_finite() && lost != T::zero() && value.is_finite() { value + lost * slope(product) } else { value }
}

/// Of a smaller c nothing is left in 1 + c x, in any precision and for any x of use.
pub(crate) const NEGLIGIBLE: f64 = 1e-30;

/// eᶜˣ.
pub fn scaled_exp<T: Real>(c: f64, x: T) -> T {
    if c.abs() < NEGLIGIBLE && x.partial_cmp(&x).is_some() { T::one() } else { at_product(c, x, T::exp, T::exp) }
}

/// (eᶜˣ − 1)/c, and its limit x at c = 0: the inverse of the Box-Cox transform of eˣ.
///
/// ```
/// assert_eq!(fenchel::special::scaled_exp_m1(0.0, 3.0_f64), 3.0);
/// ```
pub fn scaled_exp_m1<T: Real>(c: f64, x: T) -> T {
    if c.abs() < NEGLIGIBLE { x } else { at_product(c, x, T::exp_m1, T::exp) * real(c.recip()) }
}

/// ln(1 + c x)/c, and its limit x at c = 0: the inverse of [`scaled_exp_m1`]. A c x below −1, by rounding say, counts as −1.
pub fn scaled_ln_1p<T: Real>(c: f64, x: T) -> T {
    if c.abs() < NEGLIGIBLE {
        return x;
    }
    let grown = x * real(c);
    (if grown < -T::one() { -T::one() } else { grown }).ln_1p() * real(c.recip())
}

/// (eᵃˣ − 1 − a(eˣ − 1))/(a(a − 1)), and its limits at a = 0 and 1: f(eˣ) for the generator f of the alpha divergence.
///
/// As it stands the formula cancels near x = 0, a = 0 and a = 1. But it is x² times the second divided difference of exp at 0, x and a x. With m
/// the middle one of 0, 1 and a, with gaps A above and B below it, and g(x) = eˣ − 1 − x, that is a sum without cancellation,
///
/// eᵐˣ (g(A x)/A + g(−B x)/B)/(A + B).
pub fn alpha_generator<T: Real>(alpha: f64, x: T) -> T {
    let middle = alpha.clamp(0.0, 1.0);
    let (above, below) = (alpha.max(1.0) - middle, middle - alpha.min(0.0));
    let gap = |c: f64| at_product(c, x, exp_m1_mx, T::exp_m1) / real(c.abs());
    let mut sum = T::zero();
    if above >= NEGLIGIBLE {
        let e = scaled_exp(middle, x);
        sum += if e == T::zero() { e } else { e * gap(above) }; // a gap may be infinite where e has underflowed
    }
    if below >= NEGLIGIBLE {
        // Where m = B > 0 the two factors are one function, which does not overflow.
        let tangent = || at_product(middle, x, x_exp_m_exp_m1, |t| t * t.exp()) / real(middle);
        sum += if alpha > 0.0 { tangent() } else { gap(-below) };
    }
    sum / real(above + below)
}

/// ln Σ eˣ over the values; −∞ for none. One pass for the largest value, one for the sum.
///
/// ```
/// let ln_sum = fenchel::special::ln_sum_exp(&[1000.0_f64, 1000.0]);
/// assert!((ln_sum - (1000.0 + 2.0_f64.ln())).abs() < 1e-12);
/// ```
pub fn ln_sum_exp<T: Real>(values: &[T]) -> T {
    let largest = largest(values);
    if !largest.is_finite() {
        // -∞ for none or all -∞, +∞ if one is +∞; but a NaN, which never compares larger, goes first.
        return values.iter().copied().find(|x| x.partial_cmp(x).is_none()).unwrap_or(largest);
    }
    values.iter().fold(T::zero(), |sum, &x| sum + (x - largest).exp()).ln() + largest
}

/// The largest of the values; −∞ for none, and NaN is never larger.
pub(crate) fn largest<T: Real>(values: &[T]) -> T {
    values.iter().fold(real(f64::NEG_INFINITY), |m, &x| if x > m { x } else { m })
}

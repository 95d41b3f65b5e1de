//! Scalar kernels that neither overflow nor cancel where the obvious formula does.
//!
//! Every function is generic over [`Real`] and returns its limit at ±∞; NaN in gives NaN out. Functions of one variable, with
//! or without a parameter, are accurate to a few units in the last place over the whole line. But for
//! [`alpha_generator`] they choose between values and not between ways, so that loops over them are done many numbers at a time.

use crate::real::{Real, real, to_f64};
pub(crate) use crate::vector::largest;
pub use crate::vector::ln_sum_exp;
use crate::vector::{self, exp, exp_m1, ln, ln_1p};

/// softplus(x) = ln(1 + eˣ).
///
/// ```
/// assert_eq!(fenchel::special::softplus(800.0_f64), 800.0);
/// assert_eq!(fenchel::special::softplus(-800.0_f64), 0.0);
/// ```
#[inline(always)]
pub fn softplus<T: Real>(x: T) -> T {
    vector::softplus(x)
}

/// sigmoid(x) = 1 / (1 + e⁻ˣ), the derivative of [`softplus`].
#[inline(always)]
pub fn sigmoid<T: Real>(x: T) -> T {
    vector::sigmoid(x)
}

/// ln(w₀ + w₁ eˣ) for positive weights that sum to 1: the logarithm of a mean of 1 and eˣ. Relatively accurate near its zero at 0.
///
/// ```
/// let ln_mean = fenchel::special::ln_mix_exp([0.5, 0.5], 800.0_f64); // softplus(x) − ln 2
/// assert!((ln_mean - (800.0 - 2.0_f64.ln())).abs() < 1e-12);
/// ```
#[inline(always)]
pub fn ln_mix_exp<T: Real>([one, other]: [f64; 2], x: T) -> T {
    let grown = exp_m1(x) * real(other);
    if grown > real(-0.5) {
        if grown.is_finite() { ln_1p(grown) } else { x + real(other.ln()) }
    } else {
        // Far from its zero, where 1 + grown would cancel.
        ln(real::<T>(one) + exp(x) * real(other))
    }
}

/// w₁ eˣ/(w₀ + w₁ eˣ), the derivative of [`ln_mix_exp`]: the posterior probability of what has the prior w₁ and the likelihood ratio eˣ.
#[inline(always)]
pub fn mix_sigmoid<T: Real>([one, other]: [f64; 2], x: T) -> T {
    let (first, second) = (real::<T>(one), real::<T>(other));
    let e = exp(-x.abs());
    let (share, rest) = if x.is_sign_positive() { (second, first * e) } else { (second * e, first) };
    share / (share + rest)
}

/// ln cosh x, close to x²/2 near 0 and to |x| − ln 2 far from it.
#[inline(always)]
pub fn ln_cosh<T: Real>(x: T) -> T {
    ln_cosh_by(x, exp_m1_size(x))
}

/// e^|x| − 1, up to where e^(−2|x|) is nothing beside 1.
#[inline(always)]
pub(crate) fn exp_m1_size<T: Real>(x: T) -> T {
    let (size, far) = (x.abs(), real(40.0));
    exp_m1(if size > far { far } else { size })
}

/// [`ln_cosh`], given e = e^|x| − 1: cosh x − 1 = e²/(2 (1 + e)), and ln cosh x = |x| + ln(1 + (e^(−2|x|) − 1)/2).
#[inline(always)]
pub(crate) fn ln_cosh_by<T: Real>(x: T, e: T) -> T {
    let size = x.abs();
    let near = size < real(2.0);
    let quotient = (if near { e * e } else { T::one() }) / (T::one() + e);
    let (start, grown) = if near { (T::zero(), quotient) } else { (size, quotient * quotient - T::one()) };
    start + ln_1p(grown * real(0.5))
}

/// φ(x) = e^(−x²/2)/√(2π), the density of the standard normal law; relatively accurate far from 0 as well.
///
/// ```
/// let tail = fenchel::special::normal_pdf(10.0_f64);
/// assert!((tail / 7.694598626706420e-23 - 1.0).abs() < 1e-15); // two units in the last place, and the digits printed
/// ```
#[inline(always)]
pub fn normal_pdf<T: Real>(x: T) -> T {
    vector::normal_pdf(x)
}

/// Φ(x) = (1 + erf(x/√2))/2, the standard normal distribution function; relatively accurate far below 0 as well.
///
/// ```
/// let tail = fenchel::special::normal_cdf(-10.0_f64);
/// assert!((tail / 7.619853024160526e-24 - 1.0).abs() < 1e-15); // three units in the last place, and the digits printed
/// ```
#[inline(always)]
pub fn normal_cdf<T: Real>(x: T) -> T {
    vector::normal_cdf(x)
}

/// eˣ − 1 − x: the gap between exp and its tangent at 0. Close to x²/2 near 0, where the formula as written cancels.
///
/// ```
/// let x = 1e-9_f64;
/// assert!((fenchel::special::exp_m1_mx(x) / (0.5 * x * x) - 1.0).abs() < 1e-9); // the x³/6 term
/// ```
#[inline(always)]
pub fn exp_m1_mx<T: Real>(x: T) -> T {
    if x.abs() < T::one() {
        // x²/2 (1 + x/3 (1 + x/4 (...))); the first term left out is 2/21! < 4e-20 of the sum.
        let tail = (3..=20).rev().fold(T::one(), |sum, n| T::one() + sum * x / real(f64::from(n)));
        return x * x * real(0.5) * tail;
    }
    let e = exp_m1(x);
    if e.is_finite() { e - x } else { e }
}

/// x eˣ − (eˣ − 1) = ∫₀ˣ t eᵗ dt: the gap between 1 and the tangent of exp at x, read at 0. Close to x²/2 near 0; 1 at −∞.
#[inline(always)]
pub fn x_exp_m_exp_m1<T: Real>(x: T) -> T {
    if x.abs() < T::one() {
        return exp(x) * exp_m1_mx(-x);
    }
    let e = exp(x);
    // e underflows to 0 before x reaches -∞, where the product would be NaN.
    if e == T::zero() { T::one() } else { (x - T::one()) * e + T::one() }
}

/// c x as its rounded product, and what the rounding lost. An exponential multiplies that by as much as 700.
#[inline(always)]
fn exact_product<T: Real>(c: f64, x: T) -> (T, T) {
    let high = real::<T>(c);
    let low = real::<T>(c - to_f64(high)); // of a c that is no f32
    let product = high * x;
    (product, high.mul_add(x, -product) + low * x)
}

/// f(product + lost), given f and its derivative at the product.
#[inline(always)]
fn moved<T: Real>(value: T, lost: T, slope: T) -> T {
    if lost.is_finite() && lost != T::zero() && value.is_finite() { value + lost * slope } else { value }
}

/// Of a smaller c nothing is left in 1 + c x, in any precision and for any finite x of use.
pub(crate) const NEGLIGIBLE: f64 = 1e-30;

/// Is c x so small?
#[inline(always)]
fn is_negligible<T: Real>(c: f64, x: T) -> bool {
    c.abs() < NEGLIGIBLE && (x.is_finite() || x.partial_cmp(&x).is_some() && real::<T>(c) == T::zero())
}

/// eᶜˣ.
#[inline(always)]
pub fn scaled_exp<T: Real>(c: f64, x: T) -> T {
    if is_negligible(c, x) {
        return T::one();
    }
    let (product, lost) = exact_product(c, x);
    let e = exp(product);
    moved(e, lost, e)
}

/// (eᶜˣ − 1)/c, and its limit x at c = 0: the inverse of the Box-Cox transform of eˣ.
///
/// ```
/// assert_eq!(fenchel::special::scaled_exp_m1(0.0, 3.0_f64), 3.0);
/// ```
#[inline(always)]
pub fn scaled_exp_m1<T: Real>(c: f64, x: T) -> T {
    if c.abs() < NEGLIGIBLE && (real::<T>(c) == T::zero() || is_negligible(c, x)) {
        return x;
    }
    let (product, lost) = exact_product(c, x);
    let e = exp_m1(product);
    moved(e, lost, e + T::one()) * real(c.recip())
}

/// ln(1 + c x)/c, and its limit x at c = 0: the inverse of [`scaled_exp_m1`]. A c x below −1, by rounding say, counts as −1.
#[inline(always)]
pub fn scaled_ln_1p<T: Real>(c: f64, x: T) -> T {
    if c.abs() < NEGLIGIBLE {
        return x;
    }
    let grown = x * real(c);
    ln_1p(if grown < -T::one() { -T::one() } else { grown }) * real(c.recip())
}

/// (eᵃˣ − 1 − a(eˣ − 1))/(a(a − 1)), and its limits at a = 0 and 1: f(eˣ) for the generator f of the alpha divergence.
///
/// As it stands the formula cancels near x = 0, a = 0 and a = 1. But it is x² times the second divided difference of exp at 0, x and a x. With m
/// the middle one of 0, 1 and a, with gaps A above and B below it, and g(x) = eˣ − 1 − x, that is a sum without cancellation,
///
/// eᵐˣ (g(A x)/A + g(−B x)/B)/(A + B).
#[inline(always)]
pub fn alpha_generator<T: Real>(alpha: f64, x: T) -> T {
    let middle = alpha.clamp(0.0, 1.0);
    let (above, below) = (alpha.max(1.0) - middle, middle - alpha.min(0.0));
    let gap = |c: f64| {
        let (product, lost) = exact_product(c, x);
        moved(exp_m1_mx(product), lost, exp_m1(product)) / real(c.abs())
    };
    let mut sum = T::zero();
    if above >= NEGLIGIBLE {
        let e = scaled_exp(middle, x);
        sum += if e == T::zero() { e } else { e * gap(above) }; // a gap may be infinite where e has underflowed
    }
    if below >= NEGLIGIBLE {
        // Where m = B > 0 the two factors are one function, which does not overflow.
        let tangent = || {
            let (product, lost) = exact_product(middle, x);
            moved(x_exp_m_exp_m1(product), lost, product * exp(product)) / real(middle)
        };
        sum += if alpha > 0.0 { tangent() } else { gap(-below) };
    }
    sum / real(above + below)
}

//! Scalar kernels that neither overflow nor cancel where the obvious formula does.
//!
//! Every function is generic over [`Real`] and returns its limit at ±∞; NaN in gives NaN out. Functions of one variable are accurate
//! to a few units in the last place over the whole line.

use crate::real::{Real, real};

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

/// ln((1 + eˣ)/2) = softplus(x) − ln 2: the logarithm of the mean of 1 and eˣ, relatively accurate near its zero at 0.
pub fn ln_mean_exp<T: Real>(x: T) -> T {
    let half = real::<T>(0.5);
    if x < T::one() { (x.exp_m1() * half).ln_1p() } else { x + ((-x).exp_m1() * half).ln_1p() }
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

/// The inverse of x ↦ 2(eˣ − 1) − x on x ≥ −ln 2, where that function increases; −ln 2 below its range.
///
/// It is a shifted branch −1 of Lambert's W. Solved by Newton's method to full relative accuracy, about six steps.
pub fn inverse_2_exp_m1_mx<T: Real>(t: T) -> T {
    let two = real::<T>(2.0);
    let lowest = T::ln_2() - T::one();
    if t <= lowest {
        return -T::ln_2();
    }
    if !t.is_finite() {
        return t;
    }
    // Both starts lie right of the root or are sent there by one step; from there the convex iteration descends to it.
    let mut x = if t < real(4.0) { ((t - lowest) * two).sqrt() - T::ln_2() } else { (t / two).ln_1p() };
    let mut converged = false;
    for _ in 0..60 {
        let e = x.exp_m1() * two;
        if !e.is_finite() {
            break; // at the very end of the range; the start is right to rounding there
        }
        let slope = e + T::one();
        if slope <= T::zero() {
            break; // rounded onto the minimum at -ln 2
        }
        let step = (e - x - t) / slope;
        x -= step;
        if converged {
            break; // one step past convergence, which the derivative part of a dual number needs
        }
        converged = step.abs() <= T::default_epsilon() * x.abs() * two;
    }
    x
}

/// ln Σ eˣ over the values; −∞ for none. One pass for the largest value, one for the sum.
///
/// ```
/// let ln_sum = fenchel::special::ln_sum_exp(&[1000.0_f64, 1000.0]);
/// assert!((ln_sum - (1000.0 + 2.0_f64.ln())).abs() < 1e-12);
/// ```
pub fn ln_sum_exp<T: Real>(values: &[T]) -> T {
    let minus_infinity = real::<T>(f64::NEG_INFINITY);
    let largest = values.iter().fold(minus_infinity, |m, &x| if x > m { x } else { m });
    if !largest.is_finite() {
        // -∞ for none or all -∞, +∞ if one is +∞; but a NaN, which never compares larger, goes first.
        return values.iter().copied().find(|x| x.partial_cmp(x).is_none()).unwrap_or(largest);
    }
    values.iter().fold(T::zero(), |sum, &x| sum + (x - largest).exp()).ln() + largest
}

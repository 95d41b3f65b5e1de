//! Fenchel conjugates: in closed form where there is one, by inversion everywhere else.

use super::{FDivergence, Smooth};
use crate::elementary::Elementary;
use crate::real::{Real, real};

/// A divergence whose Fenchel conjugate has a closed form. Games need none: they need f* at f′ only, which is [`fake`](super::Objective::fake).
pub trait Conjugate: FDivergence {
    /// The Fenchel conjugate f*(t) = sup over u ≥ 0 of u t − f(u); +∞ outside [`conjugate_domain`](FDivergence::conjugate_domain).
    fn conjugate<E: Elementary>(&self, t: E) -> E;
}

/// The Fenchel conjugate f*(t) of any smooth divergence: `fake` at the v where `real` is t, found by Newton's method between bounds.
///
/// It is −f(0) below the range of f′, and +∞ above f′(∞). As accurate as t determines it: near f′(∞) a rounding of t moves f* by eᵛ times as much. A few dozen
/// evaluations of `real` at the most.
///
/// ```
/// use fenchel::divergence::{Conjugate, ForwardKl, ReverseKl, numeric_conjugate};
///
/// assert!((numeric_conjugate(&ForwardKl, 0.5) - ForwardKl.conjugate(0.5_f64)).abs() < 1e-15);
/// let sum = 2.0 * ForwardKl + ReverseKl; // no closed form
/// assert_eq!(numeric_conjugate(&sum, 0.0_f64), 0.0);
/// ```
pub fn numeric_conjugate<D: Smooth, T: Real>(divergence: &D, t: T) -> T {
    let infinity = real::<T>(f64::INFINITY);
    if t.partial_cmp(&t).is_none() {
        return t;
    }
    let end = real(divergence.slope_at_infinity());
    if t > end {
        return infinity;
    }
    if t == end {
        return divergence.fake(infinity);
    }
    let at_zero = divergence.real(-infinity);
    if t <= at_zero {
        return divergence.fake(-infinity);
    }
    let real_of = |v: T| divergence.real(v);
    // Bounds by doubling, away from real(0) = 0. Where real has come to its limit in working precision, that is the answer.
    let side = if t < T::zero() { -T::one() } else { T::one() };
    let (mut inner, mut outer) = (T::zero(), side);
    let beyond = |v: T| (t - real_of(v)) * side > T::zero();
    while beyond(outer) {
        (inner, outer) = (outer, outer + outer);
        if !outer.is_finite() {
            return divergence.fake(inner);
        }
    }
    let (mut low, mut high) = if side > T::zero() { (inner, outer) } else { (outer, inner) };
    let linear = t / divergence.curvature(T::zero());
    let mut v = if linear >= low && linear <= high { linear } else { (low + high) * real(0.5) };
    let mut converged = false;
    // Bisection alone would be done after as many steps as a number has digits and exponents.
    for _ in 0..1200 {
        let excess = real_of(v) - t;
        let newton = v - excess * v.exp() / divergence.curvature(v);
        if converged {
            return divergence.fake(newton); // one step past convergence, which the derivative part of a dual number needs
        }
        if excess > T::zero() {
            high = v;
        } else {
            low = v;
        }
        converged = (newton - v).abs() <= T::default_epsilon() * v.abs();
        v = if converged || newton > low && newton < high { newton } else { (low + high) * real(0.5) };
    }
    divergence.fake(v)
}

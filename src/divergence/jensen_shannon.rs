//! Jensen-Shannon, and what its non-saturating step minimises.

use super::{FDivergence, Tilt, Variational};
use crate::elementary::{Elementary, Interval};

/// KL(P‖M) + KL(Q‖M) with M = (P + Q)/2: **twice** the Jensen-Shannon divergence, as in the f-GAN paper. At most 2 ln 2.
///
/// f(u) = u ln u − (1 + u) ln((1 + u)/2). The game of Goodfellow et al. (2014) is its [minimax game](super::Game::minimax), up to the
/// constant 2 ln 2; their non-saturating step minimises [`SoftReverseKl`]. Lin (1991), *Divergence measures based on the Shannon entropy*.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JensenShannon;

/// m = (1 + eᵛ)/2. Not the exponential of its logarithm, which would lose hundreds of units for large v.
fn midpoint<E: Elementary>(v: E) -> E {
    v.exp_m1().scale(0.5).shift(1.0)
}

impl FDivergence for JensenShannon {
    type Swapped = Self;

    /// With m = (1 + u)/2: m times the sum of f_KL(u/m) and f_KL(1/m), where f_KL(x) = x ln x − x + 1. Neither term is negative, so nothing cancels.
    fn value<E: Elementary>(&self, v: E) -> E {
        let (ln_u_over_m, ln_1_over_m) = (-(-v).ln_mean_exp(), -v.ln_mean_exp());
        midpoint(v) * (ln_u_over_m.x_exp_m_exp_m1() + ln_1_over_m.x_exp_m_exp_m1())
    }

    fn at_zero(&self) -> f64 {
        std::f64::consts::LN_2
    }

    fn slope_at_infinity(&self) -> f64 {
        std::f64::consts::LN_2
    }

    fn swap(&self) -> Self {
        Self
    }
}

impl Variational for JensenShannon {
    fn real<E: Elementary>(&self, v: E) -> E {
        -(-v).ln_mean_exp()
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.ln_mean_exp()
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.sigmoid()
    }

    /// −ln(2 − eᵗ).
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        t.indicator(domain) - (-t.clamp(domain).exp_m1()).ln_1p()
    }
}

impl Tilt for JensenShannon {
    type Tilted = SoftReverseKl;

    fn tilt(&self) -> SoftReverseKl {
        SoftReverseKl
    }
}

/// 2 KL(M‖P) with M = (P + Q)/2: the softened reverse KL, which the non-saturating GAN minimises.
///
/// f(u) = (1 + u) ln((1 + u)/(2u)) + u − 1. Like [`ReverseKl`](super::ReverseKl) it seeks modes; unlike it, mass that Q lacks costs at most
/// 1 − ln 2 a unit. Shannon et al. (2020), *Non-saturating GAN training as divergence minimization*; theirs is twice this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftReverseKl;

impl FDivergence for SoftReverseKl {
    type Swapped = SoftForwardKl;

    /// 2 m f_RKL(u/m) with m = (1 + u)/2 and f_RKL(x) = x − 1 − ln x.
    fn value<E: Elementary>(&self, v: E) -> E {
        let ln_u_over_m = -(-v).ln_mean_exp();
        (midpoint(v) * ln_u_over_m.exp_m1_mx()).scale(2.0)
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0 - std::f64::consts::LN_2
    }

    fn swap(&self) -> SoftForwardKl {
        SoftForwardKl
    }
}

impl Variational for SoftReverseKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        // Beyond 800 the exponential is infinite in either precision; clamped, the logarithm leaves it so at −∞.
        (-v).clamp(Interval::at_most(800.0)).ln_mean_exp() - (-v).exp_m1()
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        -(-v).ln_mean_exp()
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        (-v).sigmoid()
    }

    /// No closed form: with x = ln((1 + e⁻ᵛ)/2), real is x − 2(eˣ − 1) and fake is −x, so f*(t) is minus the inverse of 2(eˣ − 1) − x at −t.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        t.indicator(domain) - (-t.clamp(domain)).inverse_2_exp_m1_mx()
    }
}

/// 2 KL(M‖Q) with M = (P + Q)/2: the softened forward KL, [`SoftReverseKl`] with its arguments exchanged.
///
/// f(u) = (1 + u) ln((1 + u)/2) − u + 1. Mass that Q lacks costs without bound, mass that P lacks at most 1 − ln 2 a unit: it covers modes, like
/// [`ForwardKl`](super::ForwardKl), but forgives samples where there are no data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftForwardKl;

impl FDivergence for SoftForwardKl {
    type Swapped = SoftReverseKl;

    /// 2 m f_RKL(1/m) with m = (1 + u)/2 and f_RKL(x) = x − 1 − ln x.
    fn value<E: Elementary>(&self, v: E) -> E {
        (midpoint(v) * (-v.ln_mean_exp()).exp_m1_mx()).scale(2.0)
    }

    fn at_zero(&self) -> f64 {
        1.0 - std::f64::consts::LN_2
    }

    fn slope_at_infinity(&self) -> f64 {
        f64::INFINITY
    }

    fn swap(&self) -> SoftReverseKl {
        SoftReverseKl
    }
}

impl Variational for SoftForwardKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        v.ln_mean_exp()
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        // As in `SoftReverseKl::real`, with the signs exchanged.
        v.exp_m1() - v.clamp(Interval::at_most(800.0)).ln_mean_exp()
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.exp() * v.sigmoid()
    }

    /// 2(eᵗ − 1) − t for t ≥ −ln 2, and −f(0) = ln 2 − 1 below.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let t = t.clamp(Interval::at_least(-std::f64::consts::LN_2));
        t + t.exp_m1_mx().scale(2.0)
    }
}

impl Tilt for SoftForwardKl {
    type Tilted = JensenShannon;

    fn tilt(&self) -> JensenShannon {
        JensenShannon
    }
}

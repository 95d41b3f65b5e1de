//! The two Kullback-Leibler divergences, and their sum.

use super::{Conjugate, FDivergence, LogRatio, NeymanChi2, Objective, Smooth, Sum, Tilt, Variational, Weighted};
use crate::elementary::{Elementary, Interval};

/// KL(P‖Q) = ∫ p ln(p/q): the divergence that maximum likelihood minimises over Q.
///
/// f(u) = u ln u − u + 1.
///
/// * **Finite** only if Q has mass wherever P has, with tails that are not much lighter.
/// * It **covers**: mass that Q lacks costs without bound (f′(∞) = ∞), so a model that minimises it has every mode of the data.
/// * Its **non-saturating** step minimises [`ReverseKl`] instead.
///
/// Kullback and Leibler (1951), *On information and sufficiency*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ForwardKl;

impl FDivergence for ForwardKl {
    type Swapped = ReverseKl;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.x_exp_m_exp_m1()
    }

    fn at_zero(&self) -> f64 {
        1.0
    }

    fn slope_at_infinity(&self) -> f64 {
        f64::INFINITY
    }

    fn swap(&self) -> ReverseKl {
        ReverseKl
    }
}

impl Objective for ForwardKl {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.exp_m1()
    }
}

impl Variational for ForwardKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        v
    }
}

impl Smooth for ForwardKl {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.exp()
    }
}

impl Conjugate for ForwardKl {
    /// eᵗ − 1.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        t.exp_m1()
    }
}

impl Tilt for ForwardKl {
    type Tilted = ReverseKl;

    fn tilt(&self) -> ReverseKl {
        ReverseKl
    }
}

/// KL(Q‖P) = ∫ q ln(q/p): the divergence of variational inference.
///
/// f(u) = u − 1 − ln u.
///
/// * **Finite** only if P has mass wherever Q has, with tails that are not much lighter.
/// * It **seeks**: mass that Q puts where P has none costs without bound (f(0) = ∞), mass that Q lacks costs f′(∞) = 1 a unit, so a model that
///   minimises it settles on a mode of the data.
/// * Its minimax step is already non-saturating, with weight 1 on every sample; its **non-saturating** step minimises ½ [`NeymanChi2`] instead
///   and explodes as q/p.
///
/// Kullback and Leibler (1951), *On information and sufficiency*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReverseKl;

impl FDivergence for ReverseKl {
    type Swapped = ForwardKl;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.exp_m1_mx()
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0
    }

    fn swap(&self) -> ForwardKl {
        ForwardKl
    }
}

impl Objective for ReverseKl {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v
    }
}

impl Variational for ReverseKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        -(-v).exp_m1()
    }
}

impl Smooth for ReverseKl {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.clamp(Interval { lower: 0.0, upper: 0.0 }).shift(1.0) // 1 everywhere, infinite v included, but for a NaN
    }
}

impl Conjugate for ReverseKl {
    /// −ln(1 − t) for t < 1.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        t.indicator(domain) - (-t.clamp(domain)).ln_1p()
    }
}

impl Tilt for ReverseKl {
    type Tilted = Weighted<NeymanChi2>;

    fn tilt(&self) -> Weighted<NeymanChi2> {
        Weighted::of(0.5, NeymanChi2)
    }
}

/// KL(P‖Q) + KL(Q‖P) = ∫ (p − q) ln(p/q): the **sum**, without a half.
///
/// f(u) = (u − 1) ln u. It is [`ForwardKl`] + [`ReverseKl`] with a name of its own.
///
/// * **Finite** only if both Kullback-Leibler divergences are: P and Q have mass in the same places.
/// * It **covers**: mass that Q lacks costs without bound, and so does mass that P lacks. Between separated modes it cannot avoid both.
/// * Its **non-saturating** step minimises [`ReverseKl`] + ½ [`NeymanChi2`] instead.
///
/// No closed conjugate: u = e⁻ᵛ solves u + ln u = 1 − t, Wright's omega function; see [`numeric_conjugate`](super::numeric_conjugate).
/// Jeffreys (1946), *An invariant form for the prior probability in estimation problems*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Jeffreys;

impl FDivergence for Jeffreys {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        v * v.exp_m1()
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        f64::INFINITY
    }

    fn swap(&self) -> Self {
        Self
    }
}

impl Objective for Jeffreys {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.exp_m1() + v
    }
}

impl Variational for Jeffreys {
    fn real<E: Elementary>(&self, v: E) -> E {
        v - (-v).exp_m1()
    }
}

impl Smooth for Jeffreys {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.exp().shift(1.0)
    }
}

impl Tilt for Jeffreys {
    type Tilted = Sum<ReverseKl, Weighted<NeymanChi2>>;

    fn tilt(&self) -> Self::Tilted {
        ReverseKl + ReverseKl.tilt()
    }
}

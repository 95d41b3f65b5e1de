//! Divergences with a kink at p = q.

use super::{Conjugate, FDivergence, Objective, Swapped, Tilt, Variational, Witness};
use crate::elementary::{Elementary, Interval};

/// TV(P‖Q) = ½ ∫ |p − q|, **with** the half: the largest difference of the probabilities of an event.
///
/// f(u) = |u − 1|/2.
///
/// * **Finite** whatever the laws: at most 1. A metric.
/// * Symmetric, and bounded in what missing mass costs: between well separated modes it **seeks**.
/// * f has a kink at 1 and no curvature, so no finite critic output stands for ln p/q. The best critic is T = ±½, told by the sign of p − q alone: its output v is
///   read as T = ½ tanh(v/2), a [`Witness`]. The bound holds for every critic, and a **non-saturating** step minimises the same.
///
/// As a GAN, Nowozin, Cseke and Tomioka (2016), *f-GAN*; bounded slopes in place of bounded values make it Wasserstein's distance, which
/// is no f-divergence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TotalVariation;

impl FDivergence for TotalVariation {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.exp_m1().abs().scale(0.5)
    }

    fn at_zero(&self) -> f64 {
        0.5
    }

    fn slope_at_infinity(&self) -> f64 {
        0.5
    }

    fn swap(&self) -> Self {
        Self
    }
}

impl Objective for TotalVariation {
    type Critic = Witness;

    fn fake<E: Elementary>(&self, v: E) -> E {
        self.real(v)
    }
}

impl Variational for TotalVariation {
    fn real<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).tanh().scale(0.5)
    }
}

impl Conjugate for TotalVariation {
    /// t for |t| ≤ ½, −½ below.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        t.clamp(Interval { lower: -0.5, upper: 0.5 }) + t.indicator(self.conjugate_domain())
    }
}

impl Tilt for TotalVariation {
    type Tilted = Self;

    fn tilt(&self) -> Self {
        Self
    }
}

/// ∫ q (max(u, 1/u) − 1) with u = p/q.
///
/// f(u) = u − 1 for u ≥ 1 and 1/u − 1 below, that is e^|v| − 1. The `log1p_abs` of TensorFlow Probability, for whom ln(1 + f) is |ln u|.
///
/// * **Finite** only if P has mass wherever Q has.
/// * It **seeks**: mass that P lacks costs without bound, mass that Q lacks 1 a unit, as twice [`TotalVariation`] has it.
/// * f has a kink at 1. Its critic is a [`Witness`], read as T = 1 − e⁻ᵛ: at its best T is 1 where p > q, and −(q/p)² elsewhere. What its non-saturating step
///   minimises is not known here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Log1pAbs;

impl FDivergence for Log1pAbs {
    type Swapped = Swapped<Self>;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.abs().exp_m1()
    }

    /// 1 − u below 1 and u (u − 1) above: −(e^−|v| − 1) e^(2 max(v, 0)).
    fn swapped_value<E: Elementary>(&self, v: E) -> E {
        -((-v.abs()).exp_m1() * v.relu().scale(2.0).exp())
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0
    }

    fn swap(&self) -> Swapped<Self> {
        Swapped(*self)
    }
}

impl Objective for Log1pAbs {
    type Critic = Witness;

    fn fake<E: Elementary>(&self, v: E) -> E {
        self.conjugate(self.real(v))
    }
}

impl Variational for Log1pAbs {
    fn real<E: Elementary>(&self, v: E) -> E {
        -(-v).exp_m1()
    }
}

impl Conjugate for Log1pAbs {
    /// t for −1 ≤ t ≤ 1, and 1 − 2 √(−t) below.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let (middle, below) = (t.clamp(Interval { lower: -1.0, upper: 1.0 }), t.clamp(Interval::at_most(-1.0)));
        middle + (-below).sqrt().shift(-1.0).scale(-2.0) + t.indicator(self.conjugate_domain())
    }
}

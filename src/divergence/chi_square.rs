//! The two chi-square divergences.

use super::{Alpha, Conjugate, FDivergence, ForwardKl, LogRatio, Objective, Smooth, Tilt, Variational, Weighted};
use crate::elementary::{Elementary, Interval};

/// χ²(P‖Q) = ∫ (p − q)²/q, Pearson's. Twice [`Alpha`]`(2)`; what others call `chi_square`, f = u² − 1, is the same divergence.
///
/// f(u) = (u − 1)².
///
/// * **Finite** between Gaussians only if Q is wide enough: 2 Σ_Q − Σ_P positive definite.
/// * It **covers** harder than [`ForwardKl`]: mass that Q lacks costs with its square.
/// * Its **non-saturating** step minimises 2 [`ForwardKl`] instead.
///
/// Pearson (1900), *On the criterion that a given system of deviations ...*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PearsonChi2;

impl FDivergence for PearsonChi2 {
    type Swapped = NeymanChi2;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.exp_m1().square()
    }

    fn at_zero(&self) -> f64 {
        1.0
    }

    fn slope_at_infinity(&self) -> f64 {
        f64::INFINITY
    }

    fn swap(&self) -> NeymanChi2 {
        NeymanChi2
    }
}

impl Objective for PearsonChi2 {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.scale(2.0).exp_m1()
    }
}

impl Variational for PearsonChi2 {
    fn real<E: Elementary>(&self, v: E) -> E {
        v.exp_m1().scale(2.0)
    }
}

impl Smooth for PearsonChi2 {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.scale(2.0).exp().scale(2.0)
    }
}

impl Conjugate for PearsonChi2 {
    /// t + t²/4 for t ≥ −2, and −1 = −f(0) below: f is defined for u ≥ 0 only, and the parabola alone would be a looser bound.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let t = t.clamp(Interval::at_least(-2.0));
        t * t.scale(0.25).shift(1.0)
    }
}

impl Tilt for PearsonChi2 {
    type Tilted = Weighted<ForwardKl>;

    fn tilt(&self) -> Weighted<ForwardKl> {
        Weighted::of(2.0, ForwardKl)
    }
}

/// χ²(Q‖P) = ∫ (p − q)²/p, Neyman's. Twice [`Alpha`]`(−1)`.
///
/// f(u) = (u − 1)²/u.
///
/// * **Finite** between Gaussians only if Q is narrow enough: 2 Σ_P − Σ_Q positive definite.
/// * It **seeks** harder than [`ReverseKl`](super::ReverseKl): mass where P has little costs with its square.
/// * Its **non-saturating** step minimises 2 [`Alpha`]`(−2)` instead, which seeks harder still.
///
/// Neyman (1949), *Contribution to the theory of the χ² test*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NeymanChi2;

impl FDivergence for NeymanChi2 {
    type Swapped = PearsonChi2;

    fn value<E: Elementary>(&self, v: E) -> E {
        -(v.exp_m1() * (-v).exp_m1())
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0
    }

    fn swap(&self) -> PearsonChi2 {
        PearsonChi2
    }
}

impl Objective for NeymanChi2 {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        (-v).exp_m1().scale(-2.0)
    }
}

impl Variational for NeymanChi2 {
    fn real<E: Elementary>(&self, v: E) -> E {
        -v.scale(-2.0).exp_m1()
    }
}

impl Smooth for NeymanChi2 {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        (-v).exp().scale(2.0)
    }
}

impl Conjugate for NeymanChi2 {
    /// 2 − 2 √(1 − t), by way of the logarithm of the root: relatively accurate near 0, and −∞ at −∞.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        t.indicator(domain) - (-t.clamp(domain)).ln_1p().scale(0.5).exp_m1().scale(2.0)
    }
}

impl Tilt for NeymanChi2 {
    type Tilted = Weighted<Alpha>;

    fn tilt(&self) -> Weighted<Alpha> {
        Weighted::of(2.0, Alpha::of(-2.0))
    }
}

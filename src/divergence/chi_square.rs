//! The two chi-square divergences.

use super::{FDivergence, ForwardKl, Tilt, Variational, Weighted};
use crate::elementary::{Elementary, Interval};

/// χ²(P‖Q) = ∫ (p − q)²/q, Pearson's.
///
/// f(u) = (u − 1)². It covers modes harder than [`ForwardKl`], which its non-saturating step minimises (twice). For Gaussians it is
/// infinite unless Q is wide enough: 2 Σ_Q − Σ_P positive definite.
#[derive(Clone, Copy, Debug, PartialEq)]
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

impl Variational for PearsonChi2 {
    fn real<E: Elementary>(&self, v: E) -> E {
        v.exp_m1().scale(2.0)
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.scale(2.0).exp_m1()
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.scale(2.0).exp().scale(2.0)
    }

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

/// χ²(Q‖P) = ∫ (p − q)²/p, Neyman's.
///
/// f(u) = (u − 1)²/u. It seeks modes harder than [`ReverseKl`](super::ReverseKl). For Gaussians it is infinite unless Q is narrow
/// enough: 2 Σ_P − Σ_Q positive definite.
#[derive(Clone, Copy, Debug, PartialEq)]
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

impl Variational for NeymanChi2 {
    fn real<E: Elementary>(&self, v: E) -> E {
        -v.scale(-2.0).exp_m1()
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        (-v).exp_m1().scale(-2.0)
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        (-v).exp().scale(2.0)
    }

    /// 2 − 2 √(1 − t), by way of the logarithm of the root: relatively accurate near 0, and −∞ at −∞.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        t.indicator(domain) - (-t.clamp(domain)).ln_1p().scale(0.5).exp_m1().scale(2.0)
    }
}

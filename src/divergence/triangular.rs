//! The triangular discrimination.

use super::{Conjugate, FDivergence, LogRatio, Objective, Smooth, Tilt, Tilted, Variational};
use crate::elementary::{Elementary, Interval};

/// Δ(P‖Q) = ∫ (p − q)²/(p + q), without a half: also known as Vincze and Le Cam's.
///
/// f(u) = (u − 1)²/(1 + u). It is twice [`PearsonChi2`](super::PearsonChi2) from P to the midpoint (P + Q)/2.
///
/// * **Finite** whatever the laws: at most 2. Its root is a metric.
/// * Symmetric, and bounded in what missing mass costs: between well separated modes it **seeks**.
/// * Its **non-saturating** step minimises the divergence with f″(u) = 8/(u(1 + u)³) instead. That is the step of the least-squares GAN of Mao et al. (2017),
///   whose loss is this divergence once the best critic is put in, but which trains its generator against a critic that stands still.
///
/// Topsøe (2000), *Some inequalities for information divergence and related measures of discrimination*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Triangular;

impl FDivergence for Triangular {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.exp_m1() * v.scale(0.5).tanh()
    }

    fn at_zero(&self) -> f64 {
        1.0
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0
    }

    fn swap(&self) -> Self {
        Self
    }
}

impl Objective for Triangular {
    type Critic = LogRatio;

    /// (u − 1)(3u + 1)/(1 + u)².
    fn fake<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).tanh() * v.sigmoid().scale(2.0).shift(1.0)
    }
}

impl Variational for Triangular {
    /// 1 − 4/(1 + u)².
    fn real<E: Elementary>(&self, v: E) -> E {
        -self.fake(-v)
    }
}

impl Smooth for Triangular {
    /// 8 u²/(1 + u)³.
    fn curvature<E: Elementary>(&self, v: E) -> E {
        (v.sigmoid().square() * (-v).sigmoid()).scale(8.0)
    }
}

impl Conjugate for Triangular {
    /// 4 − t − 4 √(1 − t) = (1 − √(1 − t))(3 − √(1 − t)) for −3 ≤ t ≤ 1, and −1 = −f(0) below.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let inside = t.clamp(Interval { lower: -3.0, upper: 1.0 });
        let above_root = -(-inside).ln_1p().scale(0.5).exp_m1();
        above_root * above_root.shift(2.0) + t.indicator(self.conjugate_domain())
    }
}

impl Tilt for Triangular {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}

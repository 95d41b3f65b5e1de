//! Divergences from the midpoint M = (P + Q)/2 to P and to Q.

use super::{Conjugate, FDivergence, JensenShannon, LogRatio, Objective, Smooth, Tilt, Tilted, Variational};
use crate::elementary::{Elementary, Interval};

/// The weights of P and Q in the midpoint.
pub(super) const HALVES: [f64; 2] = [0.5, 0.5];

/// m = (1 + eᵛ)/2. Not the exponential of its logarithm, which would lose hundreds of units for large v.
fn midpoint<E: Elementary>(v: E) -> E {
    v.exp_m1().scale(0.5).shift(1.0)
}

/// 2 KL(M‖P) with M = (P + Q)/2: the softened reverse KL, which the non-saturating GAN minimises.
///
/// f(u) = (1 + u) ln((1 + u)/(2u)) + u − 1.
///
/// * **Finite** only if P has mass wherever Q has.
/// * Like [`ReverseKl`](super::ReverseKl) it **seeks**: mass that P lacks costs without bound. Unlike it, mass that Q lacks costs only 1 − ln 2 a unit.
/// * Its own **non-saturating** step minimises the divergence with f″(u) = 1/(u³(1 + u)), which seeks harder.
///
/// No closed conjugate. Shannon et al. (2020), *Non-saturating GAN training as divergence minimization*; theirs is twice this.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftReverseKl;

impl FDivergence for SoftReverseKl {
    type Swapped = SoftForwardKl;

    /// 2 m f_RKL(u/m) with m = (1 + u)/2 and f_RKL(x) = x − 1 − ln x.
    fn value<E: Elementary>(&self, v: E) -> E {
        let ln_u_over_m = -(-v).ln_mix_exp(HALVES);
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

/// Beyond it the exponential is infinite in either precision: clamped, a logarithm beside it leaves it so.
const FAR: f64 = 800.0;

impl Objective for SoftReverseKl {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        -(-v).ln_mix_exp(HALVES)
    }
}

impl Variational for SoftReverseKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        (-v).clamp(Interval::at_most(FAR)).ln_mix_exp(HALVES) - (-v).exp_m1()
    }
}

impl Smooth for SoftReverseKl {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        (-v).sigmoid()
    }
}

impl Tilt for SoftReverseKl {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}

/// 2 KL(M‖Q) with M = (P + Q)/2: the softened forward KL, [`SoftReverseKl`] with its arguments exchanged.
///
/// f(u) = (1 + u) ln((1 + u)/2) − u + 1.
///
/// * **Finite** only if Q has mass wherever P has.
/// * It **covers**, like [`ForwardKl`](super::ForwardKl): mass that Q lacks costs without bound. But mass that P lacks costs only 1 − ln 2 a unit: it
///   forgives samples where there are no data.
/// * Its **non-saturating** step minimises [`JensenShannon`] instead.
///
/// The exchange of Shannon et al.'s softened reverse KL.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftForwardKl;

impl FDivergence for SoftForwardKl {
    type Swapped = SoftReverseKl;

    /// 2 m f_RKL(1/m) with m = (1 + u)/2 and f_RKL(x) = x − 1 − ln x.
    fn value<E: Elementary>(&self, v: E) -> E {
        (midpoint(v) * (-v.ln_mix_exp(HALVES)).exp_m1_mx()).scale(2.0)
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

impl Objective for SoftForwardKl {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.exp_m1() - v.clamp(Interval::at_most(FAR)).ln_mix_exp(HALVES)
    }
}

impl Variational for SoftForwardKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        v.ln_mix_exp(HALVES)
    }
}

impl Smooth for SoftForwardKl {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.exp() * v.sigmoid()
    }
}

impl Conjugate for SoftForwardKl {
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

/// KL(M‖P) + KL(M‖Q) with M = (P + Q)/2: **twice** Taneja's arithmetic-geometric mean divergence ∫ m ln(m/√(p q)).
///
/// f(u) = (1 + u) ln((1 + u)/(2 √u)) = (1 + eᵛ) ln cosh(v/2). It is the mean of [`SoftReverseKl`] and [`SoftForwardKl`].
///
/// * **Finite** only if P and Q have mass in the same places.
/// * It **covers**, like [`Jeffreys`](super::Jeffreys): mass that either lacks costs without bound, but half as fast.
/// * Its **non-saturating** step minimises the mean of those of its two parts, one of which is [`JensenShannon`].
///
/// No closed conjugate. Taneja (1995), *New developments in generalized information measures*; the scale is that of TensorFlow Probability, centred.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ArithmeticGeometric;

impl FDivergence for ArithmeticGeometric {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.exp().shift(1.0) * v.scale(0.5).ln_cosh()
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

impl Objective for ArithmeticGeometric {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.exp_m1().scale(0.5) - v.clamp(Interval::at_most(FAR)).scale(0.5).ln_cosh()
    }
}

impl Variational for ArithmeticGeometric {
    fn real<E: Elementary>(&self, v: E) -> E {
        -self.fake(-v)
    }
}

impl Smooth for ArithmeticGeometric {
    /// (eᵛ − tanh(v/2))/2, as a sum.
    fn curvature<E: Elementary>(&self, v: E) -> E {
        (v.exp() * v.sigmoid() + (-v).sigmoid()).scale(0.5)
    }
}

impl Tilt for ArithmeticGeometric {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}

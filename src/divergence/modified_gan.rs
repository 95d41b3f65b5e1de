//! What is left of a GAN's loss when only its generator is modified.

use super::midpoint::HALVES;
use super::{FDivergence, LogRatio, Objective, Smooth, Swapped, Tilt, Tilted, Variational};
use crate::elementary::Elementary;

/// KL(Q‖P) − KL(Q‖M) with M = (P + Q)/2: the `modified_gan` of TensorFlow Probability, centred.
///
/// f(u) = ln((1 + u)/(2u)) + (u − 1)/2.
///
/// * **Finite** only if P has mass wherever Q has.
/// * It **seeks**, like [`ReverseKl`](super::ReverseKl), from which KL(Q‖M) has been taken: mass that P lacks costs without bound, mass that Q lacks ½ a unit.
/// * Its **non-saturating** step minimises the divergence with f″(u) = (1 + 2u)/(u³(1 + u)²) instead.
///
/// The generator's loss E_Q −ln(p/(p + q)) of Goodfellow et al. (2014), *Generative adversarial nets*, read as a function of Q in place of its gradient
/// at a fixed critic, which follows [`SoftReverseKl`](super::SoftReverseKl). No closed conjugate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModifiedGan;

/// (u − 1)²/(2(1 + u)).
fn half_triangular<E: Elementary>(v: E) -> E {
    (v.exp_m1() * v.scale(0.5).tanh()).scale(0.5)
}

impl FDivergence for ModifiedGan {
    type Swapped = Swapped<Self>;

    /// x − 1 − ln x at x = u/m, where m = (1 + u)/2, and what that leaves, (u − 1)²/(2(1 + u)). Neither is negative, so nothing cancels.
    fn value<E: Elementary>(&self, v: E) -> E {
        (-(-v).ln_mix_exp(HALVES)).exp_m1_mx() + half_triangular(v)
    }

    fn swapped_value<E: Elementary>(&self, v: E) -> E {
        v.exp() * (-v.ln_mix_exp(HALVES)).exp_m1_mx() + half_triangular(v)
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        0.5
    }

    fn swap(&self) -> Swapped<Self> {
        Swapped(*self)
    }
}

impl Objective for ModifiedGan {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).tanh().scale(0.5) - (-v).ln_mix_exp(HALVES)
    }
}

impl Variational for ModifiedGan {
    /// ½ − 1/(u(1 + u)) = 1 − 1/u − (u − 1)/(2(u + 1)).
    fn real<E: Elementary>(&self, v: E) -> E {
        -(-v).exp_m1() - v.scale(0.5).tanh().scale(0.5)
    }
}

impl Smooth for ModifiedGan {
    /// (1 + 2u)/(1 + u)².
    fn curvature<E: Elementary>(&self, v: E) -> E {
        (-v).sigmoid() * v.sigmoid().shift(1.0)
    }
}

impl Tilt for ModifiedGan {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}

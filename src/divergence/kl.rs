//! The two Kullback-Leibler divergences.

use super::{FDivergence, NeymanChi2, Tilt, Variational, Weighted};
use crate::elementary::Elementary;

/// KL(P‖Q) = ∫ p ln(p/q): the divergence that maximum likelihood minimises over Q.
///
/// f(u) = u ln u − u + 1. Mass that Q lacks costs without bound (f'(∞) = ∞), so a model that minimises it **covers** every mode of
/// the data. Finite only if Q has mass wherever P has. In a game its non-saturating generator step minimises
/// [`ReverseKl`] instead. Kullback and Leibler (1951), *On information and sufficiency*.
#[derive(Clone, Copy, Debug, PartialEq)]
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

impl Variational for ForwardKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        v
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.exp_m1()
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.exp()
    }

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

/// KL(Q‖P) = ∫ q ln(q/p).
///
/// f(u) = −ln u + u − 1. Mass that Q puts where P has none costs without bound (f(0) = ∞), mass that Q lacks costs f'(∞) = 1 a
/// unit, so a model that minimises it **seeks** a mode of the data. Finite only if P has mass wherever Q has. Its minimax step is already
/// non-saturating (weight 1 on every sample); the non-saturating step minimises ½ [`NeymanChi2`] instead and explodes as q/p.
#[derive(Clone, Copy, Debug, PartialEq)]
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

impl Variational for ReverseKl {
    fn real<E: Elementary>(&self, v: E) -> E {
        -(-v).exp_m1()
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        v
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.step(1.0) // 1 everywhere, infinite v included
    }

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

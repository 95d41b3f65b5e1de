//! A divergence of one's own.

use fenchel::distribution::Law;
use fenchel::divergence::{
    ClosedForm, Conjugate, DivergenceError, FDivergence, LogRatio, Objective, Smooth, Swapped, Tilt, Variational,
};
use fenchel::{Elementary, SampleReal};

use crate::law::Laplace;

/// H²(P‖Q) = ∫ (√p − √q)², without a half: fenchel's own, written again outside, to show what it takes.
///
/// f(u) = (√u − 1)². Symmetric, bounded by 2, and multiplicative as 1 − H²/2 over products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MyHellinger;

impl FDivergence for MyHellinger {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).exp_m1().square()
    }

    fn at_zero(&self) -> f64 {
        1.0
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0
    }

    fn swap(&self) -> Self {
        *self
    }
}

impl Objective for MyHellinger {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).exp_m1()
    }
}

impl Variational for MyHellinger {
    fn real<E: Elementary>(&self, v: E) -> E {
        -v.scale(-0.5).exp_m1()
    }
}

impl Smooth for MyHellinger {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).exp().scale(0.5)
    }
}

impl Conjugate for MyHellinger {
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        let inside = t.clamp(domain);
        inside / (-inside).shift(1.0) + t.indicator(domain)
    }
}

impl Tilt for MyHellinger {
    type Tilted = TiltedHellinger;

    fn tilt(&self) -> TiltedHellinger {
        TiltedHellinger
    }
}

/// What the non-saturating step of [`MyHellinger`] minimises: half the alpha divergence with alpha = −1/2.
///
/// f(u) = (u + 2/√u − 3)/3, so that fake = 1 − e^(−v/2), the `real` of [`MyHellinger`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TiltedHellinger;

impl FDivergence for TiltedHellinger {
    type Swapped = Swapped<Self>;

    /// The gap between exp and its tangent at v and twice at −v/2: the linear parts cancel by hand.
    fn value<E: Elementary>(&self, v: E) -> E {
        (v.exp_m1_mx() + v.scale(-0.5).exp_m1_mx().scale(2.0)).scale(1.0 / 3.0)
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0 / 3.0
    }

    fn swap(&self) -> Swapped<Self> {
        Swapped(*self)
    }
}

impl Objective for TiltedHellinger {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        -v.scale(-0.5).exp_m1()
    }
}

impl Variational for TiltedHellinger {
    fn real<E: Elementary>(&self, v: E) -> E {
        v.scale(-1.5).exp_m1().scale(-1.0 / 3.0)
    }
}

impl Smooth for TiltedHellinger {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.scale(-0.5).exp().scale(0.5)
    }
}

impl Conjugate for TiltedHellinger {
    /// 1 − ∛(1 − 3t) for t ≤ 1/3.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        -t.clamp(domain).scale(-3.0).ln_1p().scale(1.0 / 3.0).exp_m1() + t.indicator(domain)
    }
}

/// 2 − 2 ∏ √(ab)/((a + b)/2) between Laplace products with equal centres and scales a and b.
impl<T: SampleReal> ClosedForm<Laplace<T>> for MyHellinger {
    fn between(&self, p: &Laplace<T>, q: &Laplace<T>) -> Result<T, DivergenceError> {
        if p.dimension() != q.dimension() {
            return Err(DivergenceError::DimensionMismatch { p: p.dimension(), q: q.dimension() });
        }
        if p.centre() != q.centre() {
            return Err(DivergenceError::Refused { reason: "no closed form for different centres" });
        }
        let two = T::one() + T::one();
        let affinity = p
            .scale()
            .iter()
            .zip(q.scale().iter())
            .fold(T::one(), |product, (&a, &b)| product * two * (a * b).sqrt() / (a + b));
        Ok(two - two * affinity)
    }
}

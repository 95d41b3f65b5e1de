//! A divergence seen from the other side: exchanged, symmetrised, tilted.

use super::{ClosedForm, DivergenceError, FDivergence, LogRatio, Objective, Smooth, Sum, Tilt, Variational};
use crate::distribution::Law;
use crate::elementary::Elementary;
use crate::real::real;

/// D with its arguments exchanged, u f(1/u), for a divergence whose swap has no name: one that has `Swapped<Self>` for its
/// [`FDivergence::Swapped`]. Others have [`FDivergence::swap`].
///
/// Its value is [`FDivergence::swapped_value`] of D, and its curvature [`Smooth::swapped_curvature`], which a divergence whose f overflows should write for
/// itself; the rest follows: real(v) = −fake_D(−v) and fake(v) = −real_D(−v).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swapped<D>(pub D);

impl<D: FDivergence<Swapped = Self>> FDivergence for Swapped<D> {
    type Swapped = D;

    fn value<E: Elementary>(&self, v: E) -> E {
        self.0.swapped_value(v)
    }

    fn swapped_value<E: Elementary>(&self, v: E) -> E {
        self.0.value(v)
    }

    fn at_zero(&self) -> f64 {
        self.0.slope_at_infinity()
    }

    fn slope_at_infinity(&self) -> f64 {
        self.0.at_zero()
    }

    fn swap(&self) -> D {
        self.0
    }

    fn check(&self) -> Result<(), DivergenceError> {
        self.0.check()
    }
}

impl<D: FDivergence<Swapped = Self> + Smooth> Objective for Swapped<D> {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        -self.0.real(-v)
    }
}

impl<D: FDivergence<Swapped = Self> + Smooth> Variational for Swapped<D> {
    fn real<E: Elementary>(&self, v: E) -> E {
        -self.0.fake(-v)
    }
}

impl<D: FDivergence<Swapped = Self> + Smooth> Smooth for Swapped<D> {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        self.0.swapped_curvature(v)
    }

    fn swapped_curvature<E: Elementary>(&self, v: E) -> E {
        self.0.curvature(v)
    }
}

impl<D: FDivergence<Swapped = Self> + Smooth> Tilt for Swapped<D> {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}

/// (D(P‖Q) + D(Q‖P))/2: the mean of a divergence and its swap. [`Jeffreys`](super::Jeffreys) is twice that of [`ForwardKl`](super::ForwardKl).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Symmetrised<D>(pub D);

impl<D: FDivergence> Symmetrised<D> {
    fn sum(&self) -> Sum<D, D::Swapped> {
        Sum::new(self.0, self.0.swap())
    }
}

impl<D: FDivergence> FDivergence for Symmetrised<D> {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        self.sum().value(v).scale(0.5)
    }

    fn swapped_value<E: Elementary>(&self, v: E) -> E {
        self.value(v)
    }

    fn at_zero(&self) -> f64 {
        0.5 * self.sum().at_zero()
    }

    fn slope_at_infinity(&self) -> f64 {
        self.at_zero()
    }

    fn swap(&self) -> Self {
        *self
    }

    fn check(&self) -> Result<(), DivergenceError> {
        self.0.check()
    }
}

impl<D: Smooth + FDivergence<Swapped: Smooth>> Objective for Symmetrised<D> {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        self.sum().fake(v).scale(0.5)
    }
}

impl<D: Smooth + FDivergence<Swapped: Smooth>> Variational for Symmetrised<D> {
    fn real<E: Elementary>(&self, v: E) -> E {
        self.sum().real(v).scale(0.5)
    }
}

impl<D: Smooth + FDivergence<Swapped: Smooth>> Smooth for Symmetrised<D> {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        self.sum().curvature(v).scale(0.5)
    }
}

impl<D: Smooth + FDivergence<Swapped: Smooth>> Tilt for Symmetrised<D> {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}

impl<P: Law, D: FDivergence + ClosedForm<P>> ClosedForm<P> for Symmetrised<D> {
    fn between(&self, p: &P, q: &P) -> Result<P::Scalar, DivergenceError> {
        Ok((self.0.between(p, q)? + self.0.between(q, p)?) * real(0.5))
    }
}

/// What the non-saturating step of D minimises, where that has no name of its own: the divergence whose `fake` is the `real` of D, with curvature
/// e⁻ᵛ k(v).
///
/// A generator can follow it, see [`Objective`]. Its value is not known in closed form; with the name of a divergence as [`Tilt::Tilted`] it would be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tilted<D>(pub D);

impl<D: Smooth> Objective for Tilted<D> {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        self.0.real(v)
    }
}

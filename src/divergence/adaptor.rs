//! Divergences made from divergences.

use std::fmt;

use super::{DivergenceError, FDivergence, Tilt, Variational};
use crate::elementary::Elementary;

/// A positive multiple of a divergence: c D, with generator c f.
#[derive(Clone, Copy, PartialEq)]
pub struct Weighted<D> {
    weight: f64,
    divergence: D,
}

impl<D> Weighted<D> {
    /// `weight` times `divergence`.
    ///
    /// # Errors
    ///
    /// A weight that is not positive and finite.
    pub fn new(weight: f64, divergence: D) -> Result<Self, DivergenceError> {
        if weight > 0.0 && weight.is_finite() {
            Ok(Self::of(weight, divergence))
        } else {
            Err(DivergenceError::InvalidWeight { weight })
        }
    }

    /// The same for a weight that is known to be positive.
    pub(super) const fn of(weight: f64, divergence: D) -> Self {
        Self { weight, divergence }
    }

    /// The factor c.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The divergence D.
    pub fn divergence(&self) -> &D {
        &self.divergence
    }
}

/// As one writes it: `0.5 NeymanChi2`.
impl<D: fmt::Debug> fmt::Debug for Weighted<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.weight, self.divergence)
    }
}

impl<D: FDivergence> FDivergence for Weighted<D> {
    type Swapped = Weighted<D::Swapped>;

    fn value<E: Elementary>(&self, v: E) -> E {
        self.divergence.value(v).scale(self.weight)
    }

    fn at_zero(&self) -> f64 {
        self.weight * self.divergence.at_zero()
    }

    fn slope_at_infinity(&self) -> f64 {
        self.weight * self.divergence.slope_at_infinity()
    }

    fn swap(&self) -> Self::Swapped {
        Weighted::of(self.weight, self.divergence.swap())
    }
}

impl<D: Variational> Variational for Weighted<D> {
    fn real<E: Elementary>(&self, v: E) -> E {
        self.divergence.real(v).scale(self.weight)
    }

    fn fake<E: Elementary>(&self, v: E) -> E {
        self.divergence.fake(v).scale(self.weight)
    }

    fn curvature<E: Elementary>(&self, v: E) -> E {
        self.divergence.curvature(v).scale(self.weight)
    }

    /// c f*(t/c).
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        // t/c may round past the end of the domain of f*: what is outside is decided for t.
        let inner = t.scale(self.weight.recip()).clamp(self.divergence.conjugate_domain());
        self.divergence.conjugate(inner).scale(self.weight) + t.indicator(self.conjugate_domain())
    }
}

impl<D: Tilt> Tilt for Weighted<D> {
    type Tilted = Weighted<D::Tilted>;

    fn tilt(&self) -> Self::Tilted {
        Weighted::of(self.weight, self.divergence.tilt())
    }
}

/// D with its arguments exchanged, for a divergence whose swap has no name: u f(1/u).
///
/// Evaluated as eᵛ f(e⁻ᵛ), which is right only while f(e⁻ᵛ) does not overflow, |v| below 300 or so in `f64`. A divergence of your own can use it
/// for [`FDivergence::Swapped`]; exact values between laws that are far apart then end in an error, and want a swap of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swapped<D>(pub D);

impl<D: FDivergence<Swapped = Self>> FDivergence for Swapped<D> {
    type Swapped = D;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.exp() * self.0.value(-v)
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
}

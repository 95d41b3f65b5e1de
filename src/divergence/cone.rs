//! Sums and positive multiples of divergences: they form a cone.

use std::fmt;

use super::{
    ClosedForm, Conjugate, DivergenceError, FDivergence, LogRatio, Objective, Smooth, Tilt, Variational, check_not_nan,
};
use crate::distribution::Law;
use crate::elementary::Elementary;
use crate::real::{real, to_f64};

/// A positive multiple of a divergence: c D, with generator c f. Written `2.0 * ForwardKl`, the number on the left, of any divergence of this crate; of one of your own it is
/// [`Weighted::new`].
///
/// `c * d` cannot return a `Result`. A weight that is not positive and finite therefore makes a divergence that whatever returns a `Result` refuses, naming the
/// weight, and whose formulas are NaN: so is the loss of its game, which [`value_and_grad`](crate::autodiff::value_and_grad) refuses.
///
/// ```
/// use fenchel::DivergenceError;
/// use fenchel::divergence::{ForwardKl, JensenShannon, exact};
///
/// let (p, q) = ([0.5, 0.5], [0.25, 0.75]);
/// let both: f64 = exact::discrete(&(2.0 * ForwardKl + JensenShannon), &p, &q)?;
/// let apart: f64 = 2.0 * exact::discrete(&ForwardKl, &p, &q)? + exact::discrete(&JensenShannon, &p, &q)?;
/// assert!((both - apart).abs() < 1e-15);
/// let refused = exact::discrete(&(-1.0 * ForwardKl), &p, &q);
/// assert_eq!(refused, Err(DivergenceError::InvalidWeight { weight: -1.0 }));
/// # Ok::<(), DivergenceError>(())
/// ```
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
        let weighted = Self::of(weight, divergence);
        weighted.check_weight()?;
        Ok(weighted)
    }

    /// The same, with the weight checked later.
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

    fn check_weight(&self) -> Result<(), DivergenceError> {
        if self.weight > 0.0 && self.weight.is_finite() {
            Ok(())
        } else {
            Err(DivergenceError::InvalidWeight { weight: self.weight })
        }
    }

    /// The weight, or NaN if it is none.
    fn factor(&self) -> f64 {
        self.check_weight().map_or(f64::NAN, |()| self.weight)
    }
}

/// As one writes it: `0.5 NeymanChi2`, `2 (ForwardKl + ReverseKl)`.
impl<D: fmt::Debug> fmt::Debug for Weighted<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divergence = format!("{:?}", self.divergence);
        let weight = self.weight;
        if divergence.contains(' ') { write!(f, "{weight} ({divergence})") } else { write!(f, "{weight} {divergence}") }
    }
}

impl<D: FDivergence> FDivergence for Weighted<D> {
    type Swapped = Weighted<D::Swapped>;

    fn value<E: Elementary>(&self, v: E) -> E {
        self.divergence.value(v).scale(self.factor())
    }

    fn swapped_value<E: Elementary>(&self, v: E) -> E {
        self.divergence.swapped_value(v).scale(self.factor())
    }

    fn at_zero(&self) -> f64 {
        self.factor() * self.divergence.at_zero()
    }

    fn slope_at_infinity(&self) -> f64 {
        self.factor() * self.divergence.slope_at_infinity()
    }

    fn swap(&self) -> Self::Swapped {
        Weighted::of(self.weight, self.divergence.swap())
    }

    fn check(&self) -> Result<(), DivergenceError> {
        self.check_weight()?;
        self.divergence.check()
    }
}

impl<D: Objective> Objective for Weighted<D> {
    type Critic = D::Critic;

    fn fake<E: Elementary>(&self, v: E) -> E {
        self.divergence.fake(v).scale(self.factor())
    }
}

impl<D: Variational> Variational for Weighted<D> {
    fn real<E: Elementary>(&self, v: E) -> E {
        self.divergence.real(v).scale(self.factor())
    }
}

impl<D: Smooth> Smooth for Weighted<D> {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        self.divergence.curvature(v).scale(self.factor())
    }
}

impl<D: Conjugate> Conjugate for Weighted<D> {
    /// c f*(t/c).
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        // t/c may round past the end of the domain of f*: what is outside is decided for t.
        let inner = t.scale(self.factor().recip()).clamp(self.divergence.conjugate_domain());
        self.divergence.conjugate(inner).scale(self.factor()) + t.indicator(self.conjugate_domain())
    }
}

impl<D: Tilt> Tilt for Weighted<D> {
    type Tilted = Weighted<D::Tilted>;

    fn tilt(&self) -> Self::Tilted {
        Weighted::of(self.weight, self.divergence.tilt())
    }
}

impl<P: Law, Q, D: ClosedForm<P, Q>> ClosedForm<P, Q> for Weighted<D> {
    fn between(&self, p: &P, q: &Q) -> Result<P::Scalar, DivergenceError> {
        self.check_weight()?;
        let divergence = self.divergence.between(p, q)?;
        let weighted = check_not_nan(divergence * real(self.weight))?;
        // Infinite is what is infinite, not what overflows.
        let overflows = to_f64(divergence).is_finite() && !to_f64(weighted).is_finite();
        if overflows { Err(DivergenceError::NotANumber) } else { Ok(weighted) }
    }
}

/// The sum of two divergences: A + B, with the sum of their generators.
///
/// Any divergence of this crate can stand on the left of a `+`; for one of your own there is [`Sum::new`]. No closed conjugate in general; see
/// [`numeric_conjugate`](super::numeric_conjugate).
#[derive(Clone, Copy, PartialEq)]
pub struct Sum<A, B> {
    left: A,
    right: B,
}

impl<A, B> Sum<A, B> {
    /// `left` + `right`.
    pub const fn new(left: A, right: B) -> Self {
        Self { left, right }
    }

    /// The divergence A.
    pub fn left(&self) -> &A {
        &self.left
    }

    /// The divergence B.
    pub fn right(&self) -> &B {
        &self.right
    }
}

/// As one writes it: `ForwardKl + 2 ReverseKl`.
impl<A: fmt::Debug, B: fmt::Debug> fmt::Debug for Sum<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} + {:?}", self.left, self.right)
    }
}

impl<A: FDivergence, B: FDivergence> FDivergence for Sum<A, B> {
    type Swapped = Sum<A::Swapped, B::Swapped>;

    fn value<E: Elementary>(&self, v: E) -> E {
        self.left.value(v) + self.right.value(v)
    }

    fn swapped_value<E: Elementary>(&self, v: E) -> E {
        self.left.swapped_value(v) + self.right.swapped_value(v)
    }

    fn at_zero(&self) -> f64 {
        self.left.at_zero() + self.right.at_zero()
    }

    fn slope_at_infinity(&self) -> f64 {
        self.left.slope_at_infinity() + self.right.slope_at_infinity()
    }

    fn swap(&self) -> Self::Swapped {
        Sum::new(self.left.swap(), self.right.swap())
    }

    fn check(&self) -> Result<(), DivergenceError> {
        self.left.check()?;
        self.right.check()
    }
}

impl<A: Objective<Critic = LogRatio>, B: Objective<Critic = LogRatio>> Objective for Sum<A, B> {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        self.left.fake(v) + self.right.fake(v)
    }
}

impl<A: Variational<Critic = LogRatio>, B: Variational<Critic = LogRatio>> Variational for Sum<A, B> {
    fn real<E: Elementary>(&self, v: E) -> E {
        self.left.real(v) + self.right.real(v)
    }
}

impl<A: Smooth, B: Smooth> Smooth for Sum<A, B> {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        self.left.curvature(v) + self.right.curvature(v)
    }
}

impl<A: Smooth + Tilt, B: Smooth + Tilt> Tilt for Sum<A, B> {
    type Tilted = Sum<A::Tilted, B::Tilted>;

    fn tilt(&self) -> Self::Tilted {
        Sum::new(self.left.tilt(), self.right.tilt())
    }
}

impl<P: Law, Q, A: ClosedForm<P, Q>, B: ClosedForm<P, Q>> ClosedForm<P, Q> for Sum<A, B> {
    fn between(&self, p: &P, q: &Q) -> Result<P::Scalar, DivergenceError> {
        Ok(self.left.between(p, q)? + self.right.between(p, q)?)
    }
}

/// Lets divergences be written as sums and multiples.
macro_rules! cone {
    ($($divergence:ty $(where $($parameter:ident)*)?;)*) => {$(
        impl<Rhs: FDivergence $($(, $parameter)*)?> std::ops::Add<Rhs> for $divergence {
            type Output = Sum<Self, Rhs>;

            fn add(self, right: Rhs) -> Self::Output {
                Sum::new(self, right)
            }
        }

        impl $(<$($parameter),*>)? std::ops::Mul<$divergence> for f64 {
            type Output = Weighted<$divergence>;

            fn mul(self, divergence: $divergence) -> Self::Output {
                Weighted::of(self, divergence)
            }
        }
    )*};
}
cone! {
    super::ForwardKl;
    super::ReverseKl;
    super::Jeffreys;
    super::PearsonChi2;
    super::NeymanChi2;
    super::Alpha;
    super::SquaredHellinger;
    super::JensenShannon;
    super::WeightedJensenShannon;
    super::SoftForwardKl;
    super::SoftReverseKl;
    super::ArithmeticGeometric;
    super::Triangular;
    super::ModifiedGan;
    super::TotalVariation;
    super::Log1pAbs;
    super::Named;
    super::NamedSmooth;
    Weighted<D> where D;
    Sum<A, B> where A B;
    super::Swapped<D> where D;
    super::Symmetrised<D> where D;
}

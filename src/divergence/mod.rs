//! f-divergences: one object each, from which values, bounds and losses derive.
//!
//! For laws P and Q with densities p and q, and a convex f with f(1) = 0,
//!
//! $$ D(P \Vert Q) = \int q(x) f\left(\frac{p(x)}{q(x)}\right) dx $$
//!
//! P is the data, Q the model. All logarithms are natural.
//!
//! # The normal form
//!
//! Adding a multiple of u − 1 to f changes no divergence between probability laws. Here f is **centred**: f(1) = f′(1) = 0. It is then
//! non-negative pointwise, so Monte Carlo terms are too; and an undecided critic, v = 0, scores 0 whatever the divergence.
//!
//! Everything is a function of v = ln(p/q), the log density ratio, which is what every critic here puts out:
//!
//! ```text
//! value(v)     = f(eᵛ)
//! real(v)      = f′(eᵛ)                          what a critic output contributes on data
//! fake(v)      = f*(f′(eᵛ)) = eᵛ f′(eᵛ) − f(eᵛ)     what it costs on samples
//! curvature(v) = e²ᵛ f″(eᵛ)                       the fingerprint: real′ = e⁻ᵛ curvature, fake′ = curvature
//! ```
//!
//! | D | f(u) | real | fake | f(0), f′(∞) | non-saturating minimises |
//! |---|---|---|---|---|---|
//! | [`ForwardKl`] | u ln u − u + 1 | v | eᵛ − 1 | 1, ∞ | [`ReverseKl`] |
//! | [`ReverseKl`] | u − 1 − ln u | 1 − e⁻ᵛ | v | ∞, 1 | ½ [`NeymanChi2`] |
//! | [`PearsonChi2`] | (u − 1)² | 2(eᵛ − 1) | e²ᵛ − 1 | 1, ∞ | 2 [`ForwardKl`] |
//! | [`NeymanChi2`] | (u − 1)²/u | 1 − e⁻²ᵛ | 2(1 − e⁻ᵛ) | ∞, 1 | |
//! | [`JensenShannon`] | u ln u − (1 + u) ln((1 + u)/2) | ln 2 − softplus(−v) | softplus(v) − ln 2 | ln 2, ln 2 | [`SoftReverseKl`] |
//! | [`SoftReverseKl`] | (1 + u) ln((1 + u)/(2u)) + u − 1 | softplus(−v) − ln 2 + 1 − e⁻ᵛ | ln 2 − softplus(−v) | ∞, 1 − ln 2 | |
//! | [`SoftForwardKl`] | (1 + u) ln((1 + u)/2) + 1 − u | softplus(v) − ln 2 | eᵛ − 1 − softplus(v) + ln 2 | 1 − ln 2, ∞ | [`JensenShannon`] |
//!
//! # What a generator minimises
//!
//! A generator that minimises E_Q h(v) against an optimal critic, held fixed, follows the gradient of the divergence whose `fake` is −h.
//! The minimax step, h = −fake, minimises D. The non-saturating step, h = −real, minimises another: the one whose fake *is* real,
//! with curvature e⁻ᵛ times as large. That is [`Tilt`], and [`Game`] keeps it in the type.
//!
//! # A divergence of your own
//!
//! Implement [`FDivergence`] for exact values, [`Variational`] for games too. All formulas are written once over [`Elementary`], and hold on
//! numbers and on tape variables alike. `tests/divergence_laws.rs` has the laws to put it through.

mod adaptor;
mod chi_square;
mod jensen_shannon;
mod kl;

pub mod exact;
pub mod variational;

pub use adaptor::{Swapped, Weighted};
pub use chi_square::{NeymanChi2, PearsonChi2};
pub use jensen_shannon::{JensenShannon, SoftForwardKl, SoftReverseKl};
pub use kl::{ForwardKl, ReverseKl};
pub use variational::Game;

use std::fmt::Debug;

use crate::distribution::{DistributionError, Law};
use crate::elementary::{Elementary, Interval};
use crate::real::real;

/// A divergence with a centred generator f: enough for exact values.
pub trait FDivergence: Copy + Debug {
    /// The divergence with its arguments exchanged; exchanging twice gives the first again.
    type Swapped: FDivergence<Swapped = Self>;

    /// f(eᵛ) ≥ 0, with f(1) = f′(1) = 0.
    fn value<E: Elementary>(&self, v: E) -> E;

    /// f(0): the price of a unit of mass that Q has alone.
    fn at_zero(&self) -> f64;

    /// f′(∞) = lim f(u)/u: the price of a unit of mass that P has alone.
    fn slope_at_infinity(&self) -> f64;

    /// The divergence with generator u f(1/u), for which D(P‖Q) = D_swap(Q‖P).
    fn swap(&self) -> Self::Swapped;
}

/// A divergence whose f is differentiable and whose Fenchel conjugate is known: enough for bounds and games.
pub trait Variational: FDivergence {
    /// f′(eᵛ): what the critic output v contributes on data.
    fn real<E: Elementary>(&self, v: E) -> E;

    /// f*(f′(eᵛ)): what the critic output v costs on samples.
    fn fake<E: Elementary>(&self, v: E) -> E;

    /// e²ᵛ f″(eᵛ), the derivative of [`fake`](Self::fake).
    fn curvature<E: Elementary>(&self, v: E) -> E;

    /// The Fenchel conjugate f*(t) = sup over u ≥ 0 of u t − f(u); +∞ outside [`conjugate_domain`](Self::conjugate_domain).
    fn conjugate<E: Elementary>(&self, t: E) -> E;

    /// The closure of where the conjugate is finite: t ≤ f′(∞).
    fn conjugate_domain(&self) -> Interval {
        Interval::at_most(self.slope_at_infinity())
    }
}

/// A divergence for which we can name what the non-saturating generator step minimises: the D̃ with **real(D) = fake(D̃)**, exactly.
///
/// At an optimal critic, "maximise what the critic scores as data" follows the gradient of D̃, not of D. Its curvature is e⁻ᵛ times
/// that of D.
pub trait Tilt: Variational {
    /// What the non-saturating step minimises.
    type Tilted: Variational;

    /// What the non-saturating step minimises.
    fn tilt(&self) -> Self::Tilted;
}

/// A divergence that has a closed form between a `P` and a `Q`. A pair without one does not compile.
///
/// ```
/// use fenchel::distribution::Gaussian;
/// use fenchel::divergence::{ClosedForm, ForwardKl};
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let p = Gaussian::standard(2)?;
/// let q = Gaussian::new(DVector::from_vec(vec![1.0, 0.0]), DMatrix::identity(2, 2))?;
/// let kl: f64 = ForwardKl.between(&p, &q)?;
/// assert!((kl - 0.5).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
pub trait ClosedForm<P: Law, Q = P>: FDivergence {
    /// D(P‖Q); +∞ where it is infinite.
    ///
    /// # Errors
    ///
    /// Laws of different dimensions, or parameters so far apart that the result is not a number.
    fn between(&self, p: &P, q: &Q) -> Result<P::Scalar, DivergenceError>;
}

impl<P: Law, Q, D: ClosedForm<P, Q>> ClosedForm<P, Q> for Weighted<D> {
    fn between(&self, p: &P, q: &Q) -> Result<P::Scalar, DivergenceError> {
        Ok(self.divergence().between(p, q)? * real(self.weight()))
    }
}

/// An estimate, never without its error bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub mean: f64,
    /// The standard deviation of the estimate, itself estimated.
    pub std_error: f64,
}

/// Why there is no value. Places count from 0.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DivergenceError {
    /// A multiple of a divergence must be positive and finite.
    #[error("the weight of a divergence must be positive and finite, not {weight}")]
    InvalidWeight {
        /// The weight.
        weight: f64,
    },
    /// Probabilities on different numbers of points.
    #[error("{p} probabilities for P, but {q} for Q")]
    LengthMismatch {
        /// The number for P.
        p: usize,
        /// The number for Q.
        q: usize,
    },
    /// Probabilities on no points.
    #[error("no probabilities")]
    Empty,
    /// A probability is negative, infinite or NaN.
    #[error("{law} has the probability {value} at point {index}")]
    InvalidProbability {
        /// P or Q.
        law: &'static str,
        /// The point.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Probabilities do not sum to 1.
    #[error("the probabilities of {law} sum to {sum}")]
    NotNormalised {
        /// P or Q.
        law: &'static str,
        /// Their sum.
        sum: f64,
    },
    /// The laws live on spaces of different dimensions.
    #[error("P has dimension {p}, Q has dimension {q}")]
    DimensionMismatch {
        /// That of P.
        p: usize,
        /// That of Q.
        q: usize,
    },
    /// An average needs more draws.
    #[error("{draws} draws, but a standard error needs 2")]
    TooFewDraws {
        /// The number of draws.
        draws: u64,
    },
    /// A critic output gives a term that is not finite.
    #[error("the critic output {index} on samples of {law} is {value}, whose term is not finite")]
    CriticOutput {
        /// P or Q.
        law: &'static str,
        /// Its number.
        index: usize,
        /// The output.
        value: f64,
    },
    /// A box of the wrong dimension.
    #[error("{what} has dimension {found}, not {expected}")]
    BoxDimension {
        /// Which corner.
        what: &'static str,
        /// The dimension it should have.
        expected: usize,
        /// The dimension it has.
        found: usize,
    },
    /// A box without volume, or without end.
    #[error("the box reaches from {lower} to {upper} along axis {axis}")]
    EmptyBox {
        /// The axis.
        axis: usize,
        /// Its lower end.
        lower: f64,
        /// Its upper end.
        upper: f64,
    },
    /// No nodes, or more than a call should evaluate.
    #[error("(2 * {m} + 1)^{dimension} nodes: give 1 to 10^8")]
    NodeCount {
        /// Half the number of cells along each axis.
        m: usize,
        /// The dimension.
        dimension: usize,
    },
    /// f overflows between masses that far apart, though the divergence may be finite.
    #[error("f is beyond the range of the numbers where ln p/q is {v}")]
    Overflow {
        /// ln p/q.
        v: f64,
    },
    /// No value, for a reason of its own; for divergences defined elsewhere.
    #[error("no value: {reason}")]
    Refused {
        /// The reason.
        reason: &'static str,
    },
    /// A density is NaN, parameters are so far apart that infinities cancel, or a sum overflows.
    #[error("the result is not a number")]
    NotANumber,
    /// A law refused.
    #[error(transparent)]
    Distribution(#[from] DistributionError),
}

fn check_dimensions(p: &impl Law, q: &impl Law) -> Result<(), DivergenceError> {
    let (p, q) = (p.dimension(), q.dimension());
    if p == q { Ok(()) } else { Err(DivergenceError::DimensionMismatch { p, q }) }
}

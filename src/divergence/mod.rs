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

mod alpha;
mod chi_square;
mod cone;
mod conjugate;
mod error;
mod exchange;
mod game;
mod jensen_shannon;
mod kl;
mod midpoint;
mod modified_gan;
mod named;
mod total_variation;
mod triangular;

pub mod exact;
pub mod penalty;
pub mod variational;

pub use alpha::{Alpha, Renyi, SquaredHellinger};
pub use chi_square::{NeymanChi2, PearsonChi2};
pub use cone::{Sum, Weighted};
pub use conjugate::{Conjugate, numeric_conjugate};
pub use error::DivergenceError;
pub use exchange::{Swapped, Symmetrised, Tilted};
pub use game::Game;
pub use jensen_shannon::{JensenShannon, WeightedJensenShannon};
pub use kl::{ForwardKl, Jeffreys, ReverseKl};
pub use midpoint::{ArithmeticGeometric, SoftForwardKl, SoftReverseKl};
pub use modified_gan::ModifiedGan;
pub use named::{NameError, Named, NamedSmooth};
pub use total_variation::{Log1pAbs, TotalVariation};
pub use triangular::Triangular;

use std::fmt::Debug;

use crate::distribution::Law;
use crate::elementary::{Elementary, Interval};
use crate::real::Real;

/// A divergence with a centred generator f: enough for exact values.
pub trait FDivergence: Copy + Debug {
    /// The divergence with its arguments exchanged; exchanging twice gives the first again.
    type Swapped: FDivergence<Swapped = Self>;

    /// f(eᵛ) ≥ 0, with its minimum f(1) = 0: f′(1) = 0, or 0 among the slopes of a kink.
    fn value<E: Elementary>(&self, v: E) -> E;

    /// eᵛ f(e⁻ᵛ), the value of the [`swap`](Self::swap). Write it where f overflows: as it stands it is right only while f(e⁻ᵛ) is finite.
    fn swapped_value<E: Elementary>(&self, v: E) -> E {
        v.exp() * self.value(-v)
    }

    /// f(0): the price of a unit of mass that Q has alone.
    fn at_zero(&self) -> f64;

    /// f′(∞) = lim f(u)/u: the price of a unit of mass that P has alone.
    fn slope_at_infinity(&self) -> f64;

    /// The divergence with generator u f(1/u), for which D(P‖Q) = D_swap(Q‖P).
    fn swap(&self) -> Self::Swapped;

    /// The closure of where the Fenchel conjugate f* is finite: t ≤ f′(∞), because f is defined for u ≥ 0.
    fn conjugate_domain(&self) -> Interval {
        Interval::at_most(self.slope_at_infinity())
    }

    /// Is it a divergence at all? Whatever returns a `Result` asks this first.
    ///
    /// # Errors
    ///
    /// A weight that is not positive and finite, which the operators could not refuse.
    fn check(&self) -> Result<(), DivergenceError> {
        Ok(())
    }
}

/// What a generator can follow: against an optimal critic that is held fixed, minimising E_Q[−fake(v)] is a gradient step on the divergence with this `fake`.
///
/// It is the half of a [`Variational`] divergence that a generator sees, and all that is known of a [`Tilted`] one.
pub trait Objective: Copy + Debug {
    /// What the critic's output v stands for: [`LogRatio`], or [`Witness`].
    type Critic;

    /// f*(f′(eᵛ)) = eᵛ f′(eᵛ) − f(eᵛ): what the critic output v costs on samples.
    fn fake<E: Elementary>(&self, v: E) -> E;
}

/// A divergence that has a critic: enough for bounds and games.
///
/// E_P real(v) − E_Q fake(v) ≤ D(P‖Q) for every critic, because `fake` is f* of `real`.
pub trait Variational: FDivergence + Objective {
    /// f′(eᵛ): what the critic output v contributes on data.
    fn real<E: Elementary>(&self, v: E) -> E;
}

/// A divergence whose f is twice differentiable: its best critic is v = ln p/q.
pub trait Smooth: Variational<Critic = LogRatio> {
    /// e²ᵛ f″(eᵛ), the derivative of [`fake`](Objective::fake).
    fn curvature<E: Elementary>(&self, v: E) -> E;
}

/// The critic's output stands for ln p/q, whatever the divergence: critics and generators of different divergences can be paired.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRatio;

/// The critic's output tells by its sign where p > q, and is best at ±∞: of use to the divergence that it was trained for only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Witness;

/// A divergence of which is known what the non-saturating generator step minimises: the D̃ with **real(D) = fake(D̃)**, exactly.
///
/// At an optimal critic, "maximise what the critic scores as data" follows the gradient of D̃, not of D. Its curvature is e⁻ᵛ times
/// that of D. Where D̃ has no name, [`Tilted`] stands for it.
pub trait Tilt: Variational {
    /// What the non-saturating step minimises.
    type Tilted: Objective<Critic = Self::Critic>;

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
///
/// Between Gaussians Jensen-Shannon has none:
///
/// ```compile_fail,E0277
/// use fenchel::distribution::Gaussian;
/// use fenchel::divergence::{ClosedForm, JensenShannon};
///
/// let p = Gaussian::<f64>::standard(2).unwrap();
/// JensenShannon.between(&p, &p);
/// ```
pub trait ClosedForm<P: Law, Q = P>: Copy + Debug {
    /// D(P‖Q); +∞ where it is infinite.
    ///
    /// # Errors
    ///
    /// Laws of different dimensions, or parameters so far apart that the result is not a number.
    fn between(&self, p: &P, q: &Q) -> Result<P::Scalar, DivergenceError>;
}

/// An estimate, never without its error bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub mean: f64,
    /// The standard deviation of the estimate, itself estimated.
    pub std_error: f64,
}

fn check_dimensions(p: &impl Law, q: &impl Law) -> Result<(), DivergenceError> {
    let (p, q) = (p.dimension(), q.dimension());
    if p == q { Ok(()) } else { Err(DivergenceError::DimensionMismatch { p, q }) }
}

/// Parameters beyond the range of the numbers can end in ∞ − ∞.
fn check_not_nan<T: Real>(value: T) -> Result<T, DivergenceError> {
    if value.partial_cmp(&value).is_some() { Ok(value) } else { Err(DivergenceError::NotANumber) }
}

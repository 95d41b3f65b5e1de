//! f-divergences: one object each, from which values, bounds and losses derive.
//!
//! For laws P and Q with densities p and q, and a convex f with f(1) = 0,
//!
//! $$ D(P \Vert Q) = \int q(x) f\left(\frac{p(x)}{q(x)}\right) dx $$
//!
//! P is the data, Q the model. All logarithms are natural. Where one law has mass and the other none, the formula needs its limits: a unit of mass that Q has
//! alone costs f(0), one that P has alone f′(∞) = lim f(u)/u. Laws that share nothing are f(0) + f′(∞) apart.
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
//! Two divergences are the same where their curvatures are; D(P‖Q) ≈ ½ curvature(0) ∫ (p − q)²/q between laws that are nearly equal. The family, with
//! σ(v) = 1/(1 + e⁻ᵛ), s(v) = ln(1 + eᵛ), m = (1 + u)/2 and M = (P + Q)/2:
//!
//! | D | f(u) | real | fake | curvature | f(0), f′(∞) | non-saturating minimises |
//! |---|---|---|---|---|---|---|
//! | [`ForwardKl`] | u ln u − u + 1 | v | eᵛ − 1 | eᵛ | 1, ∞ | [`ReverseKl`] |
//! | [`ReverseKl`] | u − 1 − ln u | 1 − e⁻ᵛ | v | 1 | ∞, 1 | ½ [`NeymanChi2`] |
//! | [`Jeffreys`] | (u − 1) ln u | v + 1 − e⁻ᵛ | eᵛ − 1 + v | eᵛ + 1 | ∞, ∞ | [`ReverseKl`] + ½ [`NeymanChi2`] |
//! | [`PearsonChi2`] | (u − 1)² | 2(eᵛ − 1) | e²ᵛ − 1 | 2e²ᵛ | 1, ∞ | 2 [`ForwardKl`] |
//! | [`NeymanChi2`] | (u − 1)²/u | 1 − e⁻²ᵛ | 2(1 − e⁻ᵛ) | 2e⁻ᵛ | ∞, 1 | 2 [`Alpha`]`(−2)` |
//! | [`Alpha`]`(a)` | (uᵃ − 1 − a(u − 1))/(a(a − 1)) | (e⁽ᵃ⁻¹⁾ᵛ − 1)/(a − 1) | (eᵃᵛ − 1)/a | eᵃᵛ | 1/a if a > 0, 1/(1 − a) if a < 1, else ∞ | [`Alpha`]`(a − 1)` |
//! | [`SquaredHellinger`] | (√u − 1)² | 1 − e⁻ᵛᐟ² | eᵛᐟ² − 1 | ½eᵛᐟ² | 1, 1 | ½ [`Alpha`]`(−½)` |
//! | [`JensenShannon`] | u ln u − 2m ln m | ln 2 − s(−v) | s(v) − ln 2 | σ(v) | ln 2, ln 2 | [`SoftReverseKl`] |
//! | [`WeightedJensenShannon`]`(π)` | π u ln u − m_π ln m_π, m_π = 1 − π + πu | π ln(u/m_π) | (1 − π) ln m_π | π(1 − π)u/m_π | −(1 − π) ln(1 − π), −π ln π | π/(1 − π) KL(M_π‖P) |
//! | [`SoftForwardKl`] | 2m ln m + 1 − u | s(v) − ln 2 | eᵛ − 1 − s(v) + ln 2 | eᵛ σ(v) | 1 − ln 2, ∞ | [`JensenShannon`] |
//! | [`SoftReverseKl`] | 2m ln(m/u) + u − 1 | s(−v) − ln 2 + 1 − e⁻ᵛ | ln 2 − s(−v) | σ(−v) | ∞, 1 − ln 2 | f″ = 1/(u³(1 + u)) |
//! | [`ArithmeticGeometric`] | 2m ln(m/√u) | ln cosh(v/2) + (1 − e⁻ᵛ)/2 | (eᵛ − 1)/2 − ln cosh(v/2) | (eᵛ − tanh(v/2))/2 | ∞, ∞ | ½ [`JensenShannon`] + ½ that of [`SoftReverseKl`] |
//! | [`Triangular`] | (u − 1)²/(1 + u) | 1 − 4σ(−v)² | tanh(v/2)(1 + 2σ(v)) | 8σ(v)²σ(−v) | 1, 1 | f″ = 8/(u(1 + u)³) |
//! | [`ModifiedGan`] | ln(m/u) + (u − 1)/2 | ½ − e⁻ᵛσ(−v) | ½ tanh(v/2) + ln 2 − s(−v) | 1 − σ(v)² | ∞, ½ | f″ = (1 + 2u)/(u³(1 + u)²) |
//! | [`TotalVariation`] | ½\|u − 1\| | ½ tanh(v/2), a [`Witness`] | the same | none | ½, ½ | itself |
//! | [`Log1pAbs`] | e^\|v\| − 1 | 1 − e⁻ᵛ, a [`Witness`] | f* of it | none | ∞, 1 | not known |
//!
//! Sums and positive multiples of divergences are divergences, `2.0 * ForwardKl + ReverseKl`; [`FDivergence::swap`] exchanges the arguments, [`Symmetrised`] takes
//! the mean of both; [`Named`] and [`NamedSmooth`] know every member by its name; [`Renyi`] is a function of [`Alpha`].
//!
//! **Scales differ between books.** Every row above is its own scale: [`JensenShannon`] is twice the textbook's, [`SquaredHellinger`] has no half, [`Jeffreys`] is
//! the sum, [`TotalVariation`] has its half.
//!
//! **Covering or seeking?** A model that cannot be right has to choose. f′(∞) is what it pays for data that it leaves out: infinite, and it must cover them. f(0) is
//! what it pays for samples where there are no data: infinite, and it must seek. Where both are finite it may do either, and does what is cheaper: of two modes far
//! apart it takes the larger. Where both are infinite it must not leave anything out, and pays for what it covers in vain.
//!
//! # Five ways to the number
//!
//! | you have | function |
//! |---|---|
//! | probabilities | [`exact::discrete`] |
//! | parameters of Gaussians or categorical laws | [`ClosedForm::between`] |
//! | two densities on the line or in the plane | [`exact::quadrature`] |
//! | two densities, and draws of one or of a third | [`exact::monte_carlo`], [`exact::importance`] |
//! | samples of both | with a critic [`variational::bound`], [`variational::plug_in`], [`variational::donsker_varadhan`]; without [`neighbours::kl`] |
//!
//! # The bound
//!
//! For any critic v, E_P real(v) − E_Q fake(v) ≤ D(P‖Q), because fake is f* of real, and u t − f*(t) ≤ f(u). With v = ln p/q it is an equality, so to train a
//! critic is to measure the divergence, and what comes out is the density ratio:
//!
//! ```
//! use fenchel::divergence::{Jeffreys, Objective, Variational, exact};
//!
//! let (p, q) = ([0.5, 0.3, 0.2], [0.2, 0.2, 0.6]);
//! let bound = |v: [f64; 3]| (0..3).map(|i| p[i] * Jeffreys.real(v[i]) - q[i] * Jeffreys.fake(v[i])).sum::<f64>();
//! let exact = exact::discrete(&Jeffreys, &p, &q)?;
//! let best = [0, 1, 2].map(|i| (p[i] / q[i]).ln());
//! assert!((bound(best) - exact).abs() < 1e-15);
//! assert!(bound([0.5, 0.5, -1.0]) < exact);
//! assert_eq!(bound([0.0; 3]), 0.0); // undecided
//! # Ok::<(), fenchel::DivergenceError>(())
//! ```
//!
//! # What a generator minimises
//!
//! Let a generator minimise E_Q h(v) against a critic that is held fixed at its optimum, v = ln p/q. Its step follows the gradient of the divergence whose `fake`
//! is −h. So the **minimax** step, h = −fake, minimises the divergence that the critic measures. Almost nobody takes it: where samples are bad, v is far below 0 and
//! `fake` of the popular divergences is flat. The **non-saturating** step of Goodfellow et al. (2014) takes h = −real, "make the critic say *data*", which is not flat. It has the
//! same fixed point where P can be reached. Where it cannot, it minimises *another divergence*: the one whose `fake` is the `real` of D. Its curvature is e⁻ᵛ times that of D;
//! in the alpha family, **non-saturating lowers alpha by one**. That is [`Tilt`], and [`Game`] keeps it in the type.
//!
//! So a published "KL-GAN" with that step minimises reverse KL, and a "reverse KL-GAN" half of Neyman's chi-square: both seek modes, and neither is forward KL. See for yourself. Three
//! states, Q a softmax of θ; a step on a score h is Σ q h′ by θ:
//!
//! ```
//! use fenchel::divergence::{ForwardKl, Game, Objective, ReverseKl, exact};
//!
//! let p = [0.5, 0.3, 0.2];
//! let softmax = |theta: [f64; 3]| {
//!     let sum: f64 = theta.iter().map(|t| t.exp()).sum();
//!     theta.map(|t| t.exp() / sum)
//! };
//! let theta = [0.0, -0.5, 0.7];
//! let q = softmax(theta);
//!
//! // The step of a generator against the optimal critic of forward KL, v = ln p/q, with the label "data".
//! let game = Game::non_saturating(ForwardKl); // Game<ForwardKl, ReverseKl>
//! let h = [0, 1, 2].map(|i| -game.generator.fake((p[i] / q[i]).ln()));
//! let mean: f64 = (0..3).map(|i| q[i] * h[i]).sum();
//! let step = [0, 1, 2].map(|i| q[i] * (h[i] - mean));
//!
//! // The gradients of both divergences by θ, by differences.
//! let gradient = |kl: &dyn Fn(&[f64; 3]) -> f64| {
//!     [0, 1, 2].map(|i| {
//!         let moved = |by: f64| {
//!             let mut theta = theta;
//!             theta[i] += by;
//!             kl(&softmax(theta))
//!         };
//!         (moved(1e-5) - moved(-1e-5)) / 2e-5
//!     })
//! };
//! let forward = gradient(&|q| exact::discrete(&ForwardKl, &p, q).unwrap());
//! let reverse = gradient(&|q| exact::discrete(&ReverseKl, &p, q).unwrap());
//! for i in 0..3 {
//!     assert!((step[i] - reverse[i]).abs() < 1e-9); // it follows reverse KL
//! }
//! assert!((step[0] - forward[0]).abs() > 0.02); // and not the divergence in its name
//! ```
//!
//! # A divergence of your own
//!
//! Implement [`FDivergence`] for exact values; [`Objective`], [`Variational`] and [`Smooth`] for games; [`Conjugate`] if you know f*. All formulas are written once
//! over [`Elementary`], and hold on numbers and on tape variables alike.
//!
//! ```
//! use fenchel::Elementary;
//! use fenchel::divergence::{FDivergence, LogRatio, Objective, Triangular, Variational, Weighted, exact};
//!
//! /// ∫ (p − q)²/(2(p + q)), with f(u) = (u − 1)²/(2(1 + u)) and u = eᵛ.
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! struct LeCam;
//!
//! impl FDivergence for LeCam {
//!     type Swapped = Self;
//!
//!     fn value<E: Elementary>(&self, v: E) -> E {
//!         (v.exp_m1() * v.scale(0.5).tanh()).scale(0.5)
//!     }
//!
//!     fn at_zero(&self) -> f64 {
//!         0.5 // what a unit of mass costs that P lacks
//!     }
//!
//!     fn slope_at_infinity(&self) -> f64 {
//!         0.5 // ... and that Q lacks
//!     }
//!
//!     fn swap(&self) -> Self {
//!         *self
//!     }
//! }
//!
//! impl Objective for LeCam {
//!     type Critic = LogRatio;
//!
//!     fn fake<E: Elementary>(&self, v: E) -> E {
//!         -self.real(-v) // f is its own swap
//!     }
//! }
//!
//! impl Variational for LeCam {
//!     /// f′(u) = ½ − 2/(1 + u)².
//!     fn real<E: Elementary>(&self, v: E) -> E {
//!         (-v).sigmoid().square().scale(-2.0).shift(0.5)
//!     }
//! }
//!
//! let (p, q) = ([0.5, 0.5], [0.25, 0.75]);
//! let twice: f64 = exact::discrete(&Weighted::new(2.0, LeCam)?, &p, &q)?;
//! assert!((twice - exact::discrete(&Triangular, &p, &q)?).abs() < 1e-15);
//! # Ok::<(), fenchel::DivergenceError>(())
//! ```
//!
//! The crate's operators are for its own: for multiples and sums of yours there are [`Weighted::new`] and [`Sum::new`], and `ForwardKl + LeCam` works. The tests of the repository
//! have the laws to put it through.

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
pub mod neighbours;
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

    /// eᵛ f(e⁻ᵛ), which is the value of [`Swapped`], for a divergence whose swap has no name. As it stands it is right only while f(e⁻ᵛ) is finite: write it where f
    /// overflows.
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

    /// That of the swap, eᵛ k(−v). A divergence whose `curvature` under- or overflows should write it for itself.
    fn swapped_curvature<E: Elementary>(&self, v: E) -> E {
        v.exp() * self.curvature(-v)
    }
}

/// The critic's output stands for ln p/q, whatever the divergence: critics and generators of different divergences can be paired.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRatio;

/// The critic's output tells by its sign where p > q, and is best at ±∞: of use to the divergence that it was trained for only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Witness;

/// A divergence for which it is known what the non-saturating generator step minimises: the D̃ with **real(D) = fake(D̃)**, exactly.
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
    /// D(P‖Q); +∞ where it is infinite. One that is larger than the numbers is +∞ as well, or an error.
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

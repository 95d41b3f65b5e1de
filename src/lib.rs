#![cfg_attr(docsrs, feature(doc_cfg))]
//! **fenchel minimises the divergence that you name.**
//!
//! Sample Gaussian mixtures, fit them by maximum likelihood, measure f-divergences, and train small generative models against
//! them, with a reverse-mode tape, layers and Adam to do it with. Losses written by hand go wrong; here they derive from one object with
//! tested laws.
//!
//! # A tour
//!
//! Laws are sampled and scored, one sample a row:
//!
//! ```
//! use fenchel::distribution::{Density, Gaussian, Mixture, SampleRows};
//! use fenchel::nalgebra::{DMatrix, DVector};
//! use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let component = |mean: [f64; 2]| Gaussian::new(DVector::from_row_slice(&mean), DMatrix::identity(2, 2));
//! let p = Mixture::new(&[0.75, 0.25], vec![component([0.0, 0.0])?, component([5.0, 5.0])?])?;
//! let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
//! let rows = p.sample_rows(10_000, &mut rng)?;
//!
//! // The likeliest Gaussian, and what it misses.
//! use fenchel::divergence::{ForwardKl, exact};
//! use fenchel::estimate::FitMle;
//! let q = Gaussian::fit_mle(&rows)?;
//! let missed = exact::monte_carlo(&ForwardKl, &p, &q, 10_000, &mut rng)?; // KL(P||Q), from draws of Q
//! assert!(missed.mean > 10.0 * missed.std_error); // no Gaussian is a mixture
//! # Ok(())
//! # }
//! ```
//!
//! A game names the divergence that the generator minimises, in its type. A network is a tuple of layers; a training step is a loss,
//! its gradient and an update:
//!
//! ```
//! use fenchel::autodiff::{Gradients, Params, Tape, value_and_grad};
//! use fenchel::divergence::{ForwardKl, Game};
//! use fenchel::nn::{Dense, Layer, LeakyRelu, evaluate};
//! use fenchel::optim::Adam;
//! # use fenchel::distribution::{Gaussian, SampleRows};
//! # use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
//! # let noise = Gaussian::<f64>::standard(10)?;
//! # let data = Gaussian::<f64>::standard(2)?;
//! let game = Game::minimax(ForwardKl); // Game<ForwardKl, ForwardKl>; non_saturating(ForwardKl) is Game<ForwardKl, ReverseKl>
//! let generator = (Dense(2),);
//! let critic = (Dense(32), LeakyRelu, Dense(1)); // linear head: its output is ln p/q
//! let (width, mut g) = generator.init(&mut rng, 10)?;
//! let (_, mut d) = critic.init(&mut rng, width)?;
//!
//! let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
//! let (mut g_adam, mut d_adam) = (Adam::new(1e-3)?, Adam::new(1e-3)?);
//! for _ in 0..3 {
//!     let (x, z) = (data.sample_rows(64, &mut rng)?, noise.sample_rows(64, &mut rng)?);
//!     let y = evaluate(&generator, &mut tape, &g, &z)?;
//!     value_and_grad(&mut tape, &d, &mut gradients, |t, d| {
//!         game.critic_loss(critic.apply(t, d, t.var(&x)), critic.apply(t, d, t.var(&y)))
//!     })?;
//!     d_adam.update(&mut d, &gradients)?;
//!
//!     value_and_grad(&mut tape, &g, &mut gradients, |t, g| {
//!         game.generator_loss(critic.apply(t, &d.lift(t), generator.apply(t, g, t.var(&z))))
//!     })?;
//!     g_adam.update(&mut g, &gradients)?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The rooms
//!
//! A line of code uses its own room and lower floors only; `tests/floor_plan.rs` sees to it.
//!
//! ```text
//! floor 4   examples/                              compose; own no mathematics
//! floor 3   nn            optim
//! floor 2   estimate      divergence      save
//! floor 1   distribution              autodiff
//! floor 0   real   elementary   special
//! ```
//!
//! | room | what for |
//! |---|---|
//! | [`distribution`] | laws: sampling, densities, affine images |
//! | [`estimate`] | maximum likelihood: closed forms from sufficient statistics, mixtures by EM |
//! | [`divergence`] | f-divergences: exact values, bounds, games |
//! | [`autodiff`] | a tape closed under differentiation |
//! | [`nn`] | layers; tuples compose them; ports know rows from images |
//! | [`optim`] | optimisers, schedules, clipping, averages |
//! | [`save`] | parameters to bytes and back |
//! | [`elementary`] | one formula, many interpreters |
//! | [`special`] | stable scalar kernels |
//! | [`real`] | the scalar bounds: what evaluates, and what draws |
//!
//! # Conventions
//!
//! * Rows are samples: a batch is a `DMatrix` of shape (samples, features). Numbers that come row by row, from a CSV file say, become one by
//!   `DMatrix::from_row_slice(n, d, &numbers)`; `from_vec` reads column after column. The log-likelihood of rows under a law is `law.ln_pdf_rows(&rows)?.sum()`.
//! * Logarithms are natural, and called `ln`. Every divergence documents its formula, because scales differ in the literature.
//! * P is the data, Q the model; D(P‖Q) is forward, v is ln p/q.
//! * `x` allocates, `x_to` writes into a buffer. What can fail returns a `Result`; nothing panics, except when memory runs out, or when a slice of the wrong length is handed to
//!   `rand_distr`'s `MultiDistribution`, whose contract asks for that.
//! * Whatever draws takes an rng; an estimate carries its error bar.
//! * Everything is generic over `f32` and `f64`, and what does not draw also over dual numbers, but for what needs eigenvalues.
//! * [`nalgebra`], [`rand`], [`rand_distr`] and [`approx`] are re-exported; raising the version of one is a breaking change. They have few features here: no macros of nalgebra, and of
//!   rand's generators `Xoshiro256PlusPlus` and `SmallRng`. For `rand::rng()`, `StdRng` or `dvector!` name `rand` or `nalgebra` in a manifest of your own.
//!
//! # Features
//!
//! * `simd`, on by default: loops in the widest instructions that the machine has, chosen at run time. Without it the same numbers more slowly, but for matrix products, which differ by
//!   rounding.
//! * `rayon`: estimation, large products and activations on all cores, with the same bits on any number of them.
//! * `serde`: parameters, optimisers, schedules and averages in any format.
//! * `safetensors`: parameters as files that Python reads and writes.

pub mod autodiff;
pub mod distribution;
pub mod divergence;
pub mod elementary;
pub mod estimate;
pub mod nn;
pub mod optim;
pub mod real;
pub mod save;
pub mod special;

mod parallel;
mod product;
mod tuple;
mod vector;

pub use autodiff::{Tape, TapeError, Var};
pub use distribution::DistributionError;
pub use divergence::{DivergenceError, NameError};
pub use elementary::Elementary;
pub use estimate::EstimateError;
pub use nn::LayerError;
pub use optim::OptimError;
pub use real::{Real, SampleReal};
pub use save::SaveError;

pub use {approx, nalgebra, rand, rand_distr};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! Optimisers.
//!
//! An [`Optimizer`] owns its state (moments, step count); the caller owns the parameters, a tree ([`Params`](crate::autodiff::Params)), and
//! hands in gradients, a flat list in leaf order. An error changes neither.
//!
//! With g the gradient, m and v running means of g and g², and m̂ and v̂ the two corrected for having begun at 0:
//!
//! | optimiser | θ ← θ − rate · | for | source |
//! |---|---|---|---|
//! | [`Sgd`] | g | convex problems, baselines; two-player games by [extra-gradient](#games) | Robbins and Monro 1951 |
//! | [`Momentum`] | u, where u ← μ u + g | large smooth problems, with a schedule | Polyak 1964 |
//! | [`Nesterov`] | μ u + g | the same, steadier with a large μ | Nesterov 1983 |
//! | [`Adagrad`] | mean of g/√(Σ g²) | rare features; rates that fall by themselves | Duchi et al. 2011 |
//! | [`RmsProp`] | g/√(v + ε), with momentum on request | targets that move: critics, games | Tieleman and Hinton 2012 |
//! | [`Adam`] | m̂/(√v̂ + ε) | most things; in games with β₁ of 0.5 or 0 | Kingma and Ba 2015 |
//! | [`AdaMax`] | m̂/(u + ε), where u ← max(β₂ u, ∣g∣) | sparse gradients with outliers | Kingma and Ba 2015 |
//! | [`Nadam`] | m̂/(√v̂ + ε), m̂ one step ahead | where Nesterov helps and scaling is wanted | Dozat 2016 |
//! | [`Amsgrad`] | m̂/(√max v̂ + ε) | rare large gradients, which Adam forgets | Reddi et al. 2018 |
//! | [`OptimisticAdam`] | 2r − r′, where r = m̂/(√v̂ + ε) | games that Adam circles in | Daskalakis et al. 2018 |
//! | [`AdamW`] | m̂/(√v̂ + ε) + λ θ | Adam with weight decay | Loshchilov and Hutter 2019 |
//! | [`Sm3`] | as Adagrad, sums by row and column | Adagrad with less memory | Anil et al. 2019 |
//! | [`RAdam`] | r m̂/(√v̂ + ε), or m̂ at first | Adam without a warm-up | Liu et al. 2020 |
//!
//! `Sgd` to `AdaMax`, and `Sm3`, are as in `jax.example_libraries.optimizers` of JAX 0.10.2, the others as in optax 0.2.8; tests hold them to vectors from
//! there. Your own is a [`Rule`](rule::Rule).
//!
//! Around them: a [`Schedule`] for the rate; [`clip_by_value`], [`clip_by_global_norm`] and [`add_weight_decay`] for the gradients;
//! [`with_weight_decay`](Optimizer::with_weight_decay) for any optimiser; an [`Average`] of the parameters.
//!
//! # Games
//!
//! Where two players descend on losses of their own, gradient steps may circle. [`OptimisticAdam`] is one way out; extra-gradient is
//! another, and needs no type: look ahead with a copy of the parameters, and step with the gradients found there. A rule with moments takes both
//! gradients into the same state, which is the ExtraAdam of Gidel et al. (2019), *A variational inequality perspective on generative
//! adversarial networks*; of `Sgd` it is Korpelevich (1976), *The extragradient method for finding saddle points*. A schedule counts both steps.
//! Either needs a small β₁: a mean of ten gradients lags behind by more than they look ahead.
//!
//! ```
//! use fenchel::autodiff::Gradients;
//! use fenchel::nalgebra::DMatrix;
//! use fenchel::optim::Sgd;
//!
//! # fn main() -> Result<(), fenchel::OptimError> {
//! // min over x, max over y of x y: both gradients, in one tree.
//! let gradients = |(x, y): &(DMatrix<f64>, DMatrix<f64>)| Gradients::from(vec![y.clone(), -x]);
//! let mut players = (DMatrix::from_element(1, 1, 1.0), DMatrix::from_element(1, 1, 1.0));
//! let mut optimizer = Sgd::new(0.5)?;
//! for _ in 0..100 {
//!     let mut ahead = players.clone();
//!     optimizer.update(&mut ahead, &gradients(&players))?;
//!     optimizer.update(&mut players, &gradients(&ahead))?;
//! }
//! assert!(players.0[0].hypot(players.1[0]) < 1e-4); // the saddle is at 0, and plain steps spiral away from it
//! # Ok(())
//! # }
//! ```
//!
//! # Gradients that become 0
//!
//! Where a unit is dead its gradients are 0, and means of them fade: m by β₁ at every step, so that after some 800 steps of `f32`, and 7000 of `f64`,
//! it would be less than any normal number, with which a machine takes several times as long. Means that steps are proportional to (m, u of [`Momentum`])
//! become 0 there, as all such numbers do in XLA; sizes that steps are divided by (v, u of [`AdaMax`]) stop at the least normal number, which is
//! 1.2e-38 for `f32` and 2.2e-308 for `f64`.
//!
//! # Files
//!
//! With the feature `serde`, optimisers, schedules and averages are saved and restored bit for bit, as matrices are by nalgebra and generators
//! by rand: training resumed equals training uninterrupted. An optimiser from a file is checked: its name, its settings, its state; and against the
//! parameters by [`check_fits`](Optimizer::check_fits) and at its next step. Text formats must keep every digit: `serde_json` does so with its feature
//! `float_roundtrip`.

mod adagrad;
mod adam;
mod adamax;
mod amsgrad;
mod average;
mod clip;
mod error;
mod momentum;
mod nadam;
mod optimistic;
mod optimizer;
mod radam;
mod rms_prop;
pub mod rule;
#[cfg(feature = "serde")]
mod saved;
mod schedule;
mod setting;
mod sm3;
mod tree;

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use adamax::AdaMax;
pub use amsgrad::Amsgrad;
pub use average::Average;
pub use clip::{add_weight_decay, clip_by_global_norm, clip_by_value, global_norm};
pub use error::OptimError;
pub use momentum::{Momentum, Nesterov, Sgd};
pub use nadam::Nadam;
pub use optimistic::OptimisticAdam;
pub use optimizer::Optimizer;
pub use radam::RAdam;
pub use rms_prop::RmsProp;
pub use schedule::Schedule;
pub use sm3::Sm3;

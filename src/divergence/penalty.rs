//! Penalties on the gradient of a critic: terms to be added to its loss.
//!
//! Near its optimum a game swings, the more so where P and Q have little in common. A penalty on how steep the critic is damps it, at the price of a bias: the critic
//! is then less than ln p/q, and its bound below the divergence. Keep penalties out of what is to be estimated.
//!
//! All of them need the gradient by the samples of what is then differentiated by the parameters, which the tape does:
//!
//! ```
//! use fenchel::autodiff::{Gradients, Tape, value_and_grad};
//! use fenchel::divergence::{Game, JensenShannon, penalty};
//! use fenchel::nalgebra::DMatrix;
//! use fenchel::nn::{Dense, Layer, Tanh};
//! use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (x, y) = (DMatrix::from_element(8, 2, 0.5_f64), DMatrix::from_element(8, 2, -0.5));
//! let game = Game::minimax(JensenShannon);
//! let critic = (Dense(16), Tanh, Dense(1));
//! let (_, d) = critic.init(&mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
//! let mut gradients = Gradients::new();
//! value_and_grad(&mut Tape::new(), &d, &mut gradients, |t, d| {
//!     let (x, y) = (t.var(&x), t.var(&y));
//!     let (v_data, v_samples) = (critic.apply(t, d, x), critic.apply(t, d, y));
//!     game.critic_loss(v_data, v_samples) + penalty::roth(&game.critic, 0.1, v_samples, y)
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! | penalty | formula | source |
//! |---|---|---|
//! | [`roth`] | γ/2 E_Q[f*″(T) ‖∇T‖²] | Roth et al. (2017) |
//! | [`wasserstein`] | λ E[(‖∇v‖ − 1)²] between data and samples | Gulrajani et al. (2017) |
//! | [`r1`] | γ/2 E_P ‖∇v‖² | Mescheder, Geiger and Nowozin (2018) |
//! | [`r2`] | γ/2 E_Q ‖∇v‖² | the same |
//!
//! Weights are as given, so a negative one rewards what it should punish; one that is not finite makes a loss that is not.

use nalgebra::DMatrix;
use rand::Rng;

use super::{DivergenceError, Smooth};
use crate::autodiff::{TapeError, Var};
use crate::real::{Real, SampleReal, real};

/// ‖∇ₓ v‖² at every sample: n × 1, from the critic's outputs v, n × 1, at `samples`, n × d.
///
/// `samples` must be the variable that v was computed from, and every row of v a function of the same row of it alone, which holds for all layers of [`nn`](crate::nn).
/// A v of another shape is noted on the tape.
pub fn squared_gradient_norms<'t, T: Real>(v: Var<'t, T>, samples: Var<'t, T>) -> Var<'t, T> {
    let tape = v.tape();
    let expected = (samples.shape().0, 1);
    if tape.check().is_ok() && v.shape() != expected {
        return tape.fail(TapeError::ShapeMismatch { op: "a penalty", left: v.shape(), right: expected });
    }
    // The sum's gradient by a row is that of the row's own output.
    let [gradient] = tape.grad(v.sum(), [samples]);
    gradient.square().sum_columns()
}

/// R1: γ/2 E_P ‖∇ₓ v‖², from the critic's outputs on data.
///
/// Mescheder, Geiger and Nowozin (2018), *Which training methods for GANs do actually converge?*
pub fn r1<'t, T: Real>(gamma: f64, v_data: Var<'t, T>, data: Var<'t, T>) -> Var<'t, T> {
    squared_gradient_norms(v_data, data).mean().scale(real(0.5 * gamma))
}

/// R2: γ/2 E_Q ‖∇ₓ v‖², from the critic's outputs on samples. [`r1`], on the other law.
pub fn r2<'t, T: Real>(gamma: f64, v_samples: Var<'t, T>, samples: Var<'t, T>) -> Var<'t, T> {
    r1(gamma, v_samples, samples)
}

/// γ/2 E_Q[f*″(T) ‖∇ₓ T‖²] with T = f′(eᵛ), from the critic's outputs on samples of Q: what adding noise of variance γ to data and samples would do, to first
/// order.
///
/// In terms of v it needs no conjugate: f*″(T) = e²ᵛ/k and ∇T = e⁻ᵛ k ∇v, so it is γ/2 E_Q[k(v) ‖∇ₓ v‖²] with k the
/// [`curvature`](Smooth::curvature). For [`JensenShannon`](super::JensenShannon), where k is the sigmoid of v, its authors put the share 1 − k of it on data:
/// E_P (1 − k)² + E_Q k² in place of E_Q k, the same at the optimum, where q k = p (1 − k).
///
/// Roth, Lucchi, Nowozin and Hofmann (2017), *Stabilizing training of generative adversarial networks through regularization*.
pub fn roth<'t, D: Smooth, T: Real>(divergence: &D, gamma: f64, v: Var<'t, T>, samples: Var<'t, T>) -> Var<'t, T> {
    let curvature = v.entrywise(|v| divergence.curvature(v));
    curvature.component_mul(squared_gradient_norms(v, samples)).mean().scale(real(0.5 * gamma))
}

/// λ E[(‖∇ₓ v‖ − 1)²], two-sided, from the critic's outputs at [interpolated](interpolate) points. At a gradient of 0, where the norm has a kink, it has the
/// gradient 0.
///
/// Its critic's loss is E_Q v − E_P v, `v_samples.mean() - v_data.mean()`: no f-divergence, and v no log ratio.
///
/// Gulrajani et al. (2017), *Improved training of Wasserstein GANs*.
pub fn wasserstein<'t, T: Real>(lambda: f64, v: Var<'t, T>, points: Var<'t, T>) -> Var<'t, T> {
    squared_gradient_norms(v, points).sqrt().shift(-T::one()).square().mean().scale(real(lambda))
}

/// A point on the segment between each row of `data` and the same row of `samples`, uniformly distributed along it.
///
/// # Errors
///
/// Matrices of different shapes.
pub fn interpolate<T: SampleReal, R: Rng + ?Sized>(
    data: &DMatrix<T>,
    samples: &DMatrix<T>,
    rng: &mut R,
) -> Result<DMatrix<T>, DivergenceError> {
    if data.shape() != samples.shape() {
        return Err(DivergenceError::ShapeMismatch { p: data.shape(), q: samples.shape() });
    }
    let mut points = data.clone();
    for row in 0..points.nrows() {
        let along = T::standard_uniform(rng);
        for column in 0..points.ncols() {
            let x = &mut points[(row, column)];
            *x = *x * (T::one() - along) + samples[(row, column)] * along;
        }
    }
    Ok(points)
}

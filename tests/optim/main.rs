//! Optimisers against JAX, optax and decimal arithmetic; schedules, clipping, averages, games; and what happens when something is wrong.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod adam;
mod average;
mod clip;
mod errors;
mod every;
mod games;
mod laws;
#[cfg(feature = "serde")]
mod saved;
mod schedule;
mod vectors;

use fenchel::autodiff::Gradients;
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{AffineParams, Dense, Layer, Tanh};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;

fn row(values: &[f64]) -> DMatrix<f64> {
    DMatrix::from_row_slice(1, values.len(), values)
}

fn gradients(values: &[DMatrix<f64>]) -> Gradients<f64> {
    Gradients::from(values.to_vec())
}

type Tree = (AffineParams<DMatrix<f64>>, (), AffineParams<DMatrix<f64>>);

fn tree() -> Tree {
    (Dense(3), Tanh, Dense(2)).init(&mut Xoshiro256PlusPlus::seed_from_u64(1), 2).unwrap().1
}

/// Some gradients for `tree`, different at every step.
fn good(step: u32) -> Vec<DMatrix<f64>> {
    [(2, 3), (1, 3), (3, 2), (1, 2)]
        .map(|(rows, columns)| {
            DMatrix::from_fn(rows, columns, |i, j| (f64::from(step) + 2.0 * i as f64 - j as f64).sin())
        })
        .to_vec()
}

//! The training loop in other frameworks of Rust, in f32, as their books write it. Each goes on from lap to lap.

mod burn;
mod candle;
mod dfdx;

use fenchel::nalgebra::DMatrix;
use fenchel::rand::{RngExt, rngs::Xoshiro256PlusPlus};

use crate::Failure;
use crate::contest::{Lap, Runner, seconds_each};

const BATCH: usize = 64;
const WIDTH: usize = 32;

/// Iterations of a lap: they are slow.
const ITERATIONS: usize = 300;

type Iterate<'a> = Box<dyn FnMut() -> Result<(), Failure> + 'a>;

/// burn, candle and dfdx, on these rows.
pub fn runners(rows: &DMatrix<f32>) -> [Result<Runner<'_>, Failure>; 3] {
    [Ok(burn::iterate(rows)), candle::iterate(rows), dfdx::iterate(rows)].map(|iterate| iterate.map(runner))
}

fn runner(mut iterate: Iterate) -> Runner {
    Box::new(move || Ok(Lap { seconds: seconds_each(ITERATIONS, &mut iterate)?, check: None }))
}

/// Where the rows of a batch are.
fn picked<'a, I: TryFrom<usize>>(rng: &'a mut Xoshiro256PlusPlus, rows: usize) -> impl Iterator<Item = I> + 'a {
    (0..BATCH).filter_map(move |_| rng.random_range(0..rows).try_into().ok())
}

/// Row after row.
fn row_major(rows: &DMatrix<f32>) -> Vec<f32> {
    rows.transpose().as_slice().to_vec()
}

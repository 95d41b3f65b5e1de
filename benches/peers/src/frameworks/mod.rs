//! The training loop in other frameworks of Rust, in f32, as their books write it. Each goes on from lap to lap.

#[cfg(feature = "frameworks")]
mod burn;
#[cfg(feature = "frameworks")]
mod candle;
#[cfg(feature = "frameworks")]
mod dfdx;

use std::time::Instant;

use fenchel::nalgebra::DMatrix;
use fenchel::rand::{RngExt, rngs::Xoshiro256PlusPlus};

use crate::Failure;
use crate::contest::{Lap, Peer, Runner};

const BATCH: usize = 64;
const WIDTH: usize = 32;

/// Iterations of a lap: they are slow.
const ITERATIONS: usize = 300;

type Iterate<'a> = Box<dyn FnMut() -> Result<(), Failure> + 'a>;

/// All of them, on these rows.
pub fn peers(rows: &DMatrix<f32>) -> Vec<Peer<'_>> {
    #[cfg(feature = "frameworks")]
    let iterates: [Result<Iterate, Failure>; 3] = [Ok(burn::iterate(rows)), candle::iterate(rows), dfdx::iterate(rows)];
    #[cfg(not(feature = "frameworks"))]
    let iterates = {
        let _ = rows;
        [(); 3].map(|()| Err::<Iterate, Failure>("it takes the feature `frameworks`".into()))
    };
    let bars = [("burn, flex", Some(12.0)), ("candle", None), ("dfdx", None)];
    let peers = bars
        .into_iter()
        .zip(iterates)
        .map(|((name, bar), iterate)| Peer::new(name, bar, iterate.map(runner).map_err(|error| error.to_string())));
    peers.collect()
}

fn runner(mut iterate: Iterate) -> Runner {
    Box::new(move || {
        let clock = Instant::now();
        for _ in 0..ITERATIONS {
            iterate()?;
        }
        Ok(Lap { seconds: clock.elapsed().as_secs_f64() / ITERATIONS as f64, check: None })
    })
}

/// Where the rows of a batch are.
fn picked<'a, I: TryFrom<usize>>(rng: &'a mut Xoshiro256PlusPlus, rows: usize) -> impl Iterator<Item = I> + 'a {
    (0..BATCH).filter_map(move |_| rng.random_range(0..rows).try_into().ok())
}

/// Row after row.
fn row_major(rows: &DMatrix<f32>) -> Vec<f32> {
    rows.transpose().as_slice().to_vec()
}

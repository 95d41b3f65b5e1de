//! The training loop of the blog post beside those who train it as well, and beside the products alone.

use std::cell::RefCell;

use faer::traits::ComplexField;
use fenchel::SampleReal;
use fenchel::nalgebra::DMatrix;

use crate::Failure;
use crate::contest::{Contest, Lap, Peer, Runner, Table, python_peers, seconds_each};
use crate::products::{Products, operations};
use crate::python::Python;
use crate::training::{Training, critic, data};
use crate::work::Scratch;

/// Rows of the post's data set.
const ROWS: usize = 640_000;

/// Of a lap at the post's own sizes, which are these.
const ITERATIONS: usize = 2000;
const BATCH: usize = 64;
const WIDTH: usize = 32;

/// Losses of critics lie between −1 and e − 1, and others draw other numbers: nothing else can be asked of them.
pub const ANY_LOSS: f64 = std::f64::consts::E;

/// As many iterations as take about a fifth of a second; in tens, for JAX draws numbers for several at once.
pub fn iterations(batch: usize, width: usize) -> usize {
    let times = 0.2 / (30e-6 + operations(batch, width) / 5e10);
    if times < 10.0 { times.ceil() as usize } else { (times as usize).next_multiple_of(10) }
}

/// The bars for the frameworks of Rust.
const FRAMEWORKS: [(&str, Option<f64>); 3] = [("burn, flex", Some(12.0)), ("candle", None), ("dfdx", None)];

#[cfg(feature = "frameworks")]
fn framework_peers(rows: &DMatrix<f32>) -> Vec<Peer<'_>> {
    let peers = FRAMEWORKS.into_iter().zip(crate::frameworks::runners(rows));
    peers.map(|((name, bar), runner)| Peer::new(name, bar, runner.map_err(|error| error.to_string()))).collect()
}

#[cfg(not(feature = "frameworks"))]
fn framework_peers(_: &DMatrix<f32>) -> Vec<Peer<'_>> {
    FRAMEWORKS.map(|(name, bar)| Peer::new(name, bar, Err("it takes the feature `frameworks`".to_owned()))).into()
}

/// The post's loop, on one core, in both precisions.
pub fn as_posted(table: &mut Table, python: &RefCell<Python>, scratch: &Scratch) -> Result<(), Failure> {
    let rows = data(ROWS)?;
    scratch.put_rows(&rows)?;
    let single = rows.map(|x| x as f32);
    in_precision(table, python, scratch, &single, 32, |x| x as f32, framework_peers(&single))?;
    in_precision(table, python, scratch, &rows, 64, |x| x, Vec::new())
}

fn in_precision<'a, T: SampleReal + ComplexField>(
    table: &mut Table,
    python: &'a RefCell<Python>,
    scratch: &Scratch,
    rows: &'a DMatrix<T>,
    bits: usize,
    number: fn(f64) -> T,
    frameworks: Vec<Peer<'a>>,
) -> Result<(), Failure> {
    let states = python.borrow_mut().prepare("loop", scratch.path(), &[ROWS, BATCH, WIDTH, ITERATIONS, bits]);
    let jax = [("jax, one scan, trees, rbg", Some(2.0)), ("jax, one scan, flat, threefry", Some(2.0))];
    let torch = [("torch, eager", Some(35.0)), ("torch, eager, fused Adam", Some(35.0))];
    let mut peers = python_peers(python, &states, &jax);
    if bits == 32 {
        peers.extend(python_peers(python, &states, &torch));
    }
    peers.extend(frameworks);
    let mut products = Products::new(BATCH, WIDTH, number);
    let mut multiply = move || {
        products.multiply();
        Ok(())
    };
    let products = move || Ok(Lap { seconds: seconds_each(ITERATIONS, &mut multiply)?, check: None });
    // We may take 1.7 times as long as they alone.
    peers.push(Peer::new("its products alone, by faer", Some(1.0 / 1.7), Ok(Box::new(products))));

    let mut training = Training::new(rows, BATCH, critic(WIDTH), 1)?;
    let before = training.critic_loss()?;
    let mut lap = training.laps(ITERATIONS);
    let ours = move || match lap()? {
        Lap { check: Some(after), .. } if after >= before => {
            Err(format!("our critic's loss went from {before} to {after}").into())
        }
        lap => Ok(lap),
    };
    table.hold(Contest {
        task: format!("loop, {BATCH} x {WIDTH}, f{bits}"),
        rows: BATCH,
        ours: Box::new(ours),
        peers,
        tolerance: ANY_LOSS,
    })
}

/// The loop with other batches and widths, in f32, on as many threads as Python has.
pub fn grid(table: &mut Table, python: &RefCell<Python>, scratch: &Scratch, threads: usize) -> Result<(), Failure> {
    let rows = data(ROWS)?;
    scratch.put_rows(&rows)?;
    let rows = rows.map(|x| x as f32);
    for batch in [64, 256, 1024, 4096] {
        for width in [32, 64, 128, 256] {
            let times = iterations(batch, width);
            let states = python.borrow_mut().prepare("grid", scratch.path(), &[ROWS, batch, width, times]);
            let bar = if (batch, width) == (4096, 256) { 1.0 } else { 0.9 };
            let mut peers = python_peers(python, &states, &[("jax, one scan, flat, rbg", Some(bar))]);
            peers.iter_mut().for_each(|peer| peer.note.clear()); // to compile takes as long as in `as_posted`
            table.hold(Contest {
                task: format!("loop, {batch} x {width}, f32, {threads} thread{}", if threads > 1 { "s" } else { "" }),
                rows: batch,
                ours: on_threads(threads, Training::new(&rows, batch, critic(width), 1)?.laps(times))?,
                peers,
                tolerance: ANY_LOSS,
            })?;
        }
    }
    Ok(())
}

/// Laps on so many threads, where there are threads: on one in a pool of one; on more as in a program that makes no pool of its own, with the global one, if it
/// can be made so large.
#[cfg(feature = "rayon")]
fn on_threads<'a>(
    threads: usize,
    mut lap: impl FnMut() -> Result<Lap, Failure> + Send + 'a,
) -> Result<Runner<'a>, Failure> {
    let pool = || rayon::ThreadPoolBuilder::new().num_threads(threads);
    if threads > 1 && (pool().build_global().is_ok() || rayon::current_num_threads() == threads) {
        return Ok(Box::new(lap));
    }
    let pool = pool().build()?;
    Ok(Box::new(move || {
        let lap = pool.install(|| lap().map_err(|error| error.to_string()));
        Ok(lap?)
    }))
}

#[cfg(not(feature = "rayon"))]
fn on_threads<'a>(_: usize, lap: impl FnMut() -> Result<Lap, Failure> + Send + 'a) -> Result<Runner<'a>, Failure> {
    Ok(Box::new(lap))
}

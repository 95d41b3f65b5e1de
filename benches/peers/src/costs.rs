//! What things cost within fenchel, by its own training loop in f32: rows, layers, smooth activations, a gradient penalty, more seeds than one.

use std::fmt::Write;
use std::thread;
use std::time::Instant;

use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::divergence::penalty::{interpolate, wasserstein};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, LeakyRelu, Network, Sigmoid, Softplus, Tanh};
use fenchel::optim::Adam;
use fenchel::rand::RngExt;

use crate::Failure;
use crate::contest::{Contest, Lap, Peer, ROUNDS, Runner, Table, Times, seconds_each};
use crate::loops::{ANY_LOSS, iterations};
use crate::training::{RATES, Training, critic, data};
use crate::work::rng;

/// Rows of the data set here: what is measured does not depend on it.
const ROWS: usize = 10_000;

const BATCH: usize = 64;
const WIDTH: usize = 32;
const ITERATIONS: usize = 1000;

fn rows() -> Result<DMatrix<f32>, Failure> {
    Ok(data(ROWS)?.map(|x| x as f32))
}

fn laps<'a, C: Network<f32> + 'a>(
    rows: &'a DMatrix<f32>,
    batch: usize,
    critic: C,
    times: usize,
) -> Result<Runner<'a>, Failure> {
    Ok(Box::new(Training::new(rows, batch, critic, 1)?.laps(times)))
}

/// Critics whose activation is made of exponentials.
pub fn smooth(table: &mut Table) -> Result<(), Failure> {
    let rows = rows()?;
    let tanh = (Dense(WIDTH), Tanh, Dense(WIDTH), Tanh, Dense(1), Sigmoid);
    let softplus = (Dense(WIDTH), Softplus, Dense(WIDTH), Softplus, Dense(1), Sigmoid);
    let contests =
        [("tanh", laps(&rows, BATCH, tanh, ITERATIONS)?), ("softplus", laps(&rows, BATCH, softplus, ITERATIONS)?)];
    for (activation, ours) in contests {
        let leaky = laps(&rows, BATCH, critic(WIDTH), ITERATIONS)?;
        table.hold(Contest {
            task: format!("loop, critic with {activation}, f32"),
            rows: BATCH,
            ours,
            // We may take 1.5 times as long.
            peers: vec![Peer::new("the same with leaky ReLU", Some(1.0 / 1.5), Ok(leaky))],
            tolerance: ANY_LOSS,
        })?;
    }
    Ok(())
}

/// A critic's step with a penalty on its gradient, as in WGAN-GP.
pub fn penalty(table: &mut Table) -> Result<(), Failure> {
    let rows = rows()?;
    table.hold(Contest {
        task: "critic step with a penalty, f32".to_owned(),
        rows: BATCH,
        ours: critic_steps(&rows, true)?,
        // We may take four times as long.
        peers: vec![Peer::new("the same without", Some(0.25), Ok(critic_steps(&rows, false)?))],
        tolerance: 0.0, // there is no check
    })
}

fn critic_steps<'a>(rows: &DMatrix<f32>, penalised: bool) -> Result<Runner<'a>, Failure> {
    let critic = (Dense(WIDTH), LeakyRelu, Dense(WIDTH), LeakyRelu, Dense(1));
    let mut rng = rng(1);
    let (_, mut params) = critic.init(&mut rng, 2)?;
    let mut adam = Adam::new(RATES[0])?;
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let (x, y) = (rows.rows(0, BATCH).into_owned(), DMatrix::from_fn(BATCH, 2, |_, _| rng.random()));
    let mut step = move || -> Result<(), Failure> {
        let between = if penalised { Some(interpolate(&x, &y, &mut rng)?) } else { None };
        value_and_grad(&mut tape, &params, &mut gradients, |t, d| {
            let v = |x| critic.apply(t, d, x);
            let loss = v(t.var(&y)).mean() - v(t.var(&x)).mean();
            let Some(points) = &between else { return loss };
            let points = t.var(points);
            loss + wasserstein(10.0, v(points), points)
        })?;
        Ok(adam.update(&mut params, &gradients)?)
    };
    Ok(Box::new(move || Ok(Lap { seconds: seconds_each(ITERATIONS, &mut step)?, check: None })))
}

/// Many seeds on two threads, beside the same on one: an iteration of any.
pub fn seeds(table: &mut Table) -> Result<(), Failure> {
    let (rows, seeds, times) = (rows()?, 64, 100);
    let on = |threads: usize| -> Result<Runner, Failure> {
        let trainings = (0..seeds).map(|seed| Training::new(&rows, BATCH, critic(WIDTH), seed));
        let mut trainings = trainings.collect::<Result<Vec<_>, _>>()?;
        Ok(Box::new(move || {
            let clock = Instant::now();
            let share = trainings.len().div_ceil(threads);
            thread::scope(|scope| {
                let work = |training: &mut Training<_, _>| training.timed(times).map(|_| ());
                let spawned: Vec<_> = trainings
                    .chunks_mut(share)
                    .map(|share| scope.spawn(move || share.iter_mut().try_for_each(work).map_err(|e| e.to_string())))
                    .collect();
                let joined = spawned.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked"));
                joined.into_iter().try_for_each(|result| result?.map_err(Failure::from))
            })?;
            Ok(Lap { seconds: clock.elapsed().as_secs_f64() / (seeds as usize * times) as f64, check: None })
        }))
    };
    table.hold(Contest {
        task: format!("loop, {seeds} seeds, f32, 2 threads"),
        rows: BATCH,
        ours: on(2)?,
        peers: vec![Peer::new("fenchel, 1 thread", Some(1.8), Ok(on(1)?))],
        tolerance: 0.0, // there is no check
    })
}

/// How the loop grows with rows and with layers: a table of its own.
pub fn depth() -> Result<String, Failure> {
    let rows = rows()?;
    let hidden = (Dense(WIDTH), LeakyRelu);
    let (two, head) = ((hidden, hidden), (Dense(1), Sigmoid));
    let four = (two, two);
    // Batch, hidden layers, and as few iterations as make a lap of the same length.
    let mut cells: Vec<(usize, usize, Runner)> = Vec::new();
    for batch in [64, 128, 256, 512, 1024, 2048, 4096] {
        cells.push((batch, 2, laps(&rows, batch, (two, head), iterations(batch, WIDTH))?));
    }
    cells.push((BATCH, 1, laps(&rows, BATCH, (hidden, head), ITERATIONS)?));
    cells.push((BATCH, 2, laps(&rows, BATCH, (two, head), ITERATIONS)?));
    cells.push((BATCH, 4, laps(&rows, BATCH, (four, head), ITERATIONS)?));
    cells.push((BATCH, 8, laps(&rows, BATCH, ((four, four), head), ITERATIONS)?));

    let mut laps = vec![Vec::new(); cells.len()];
    for round in 0..=ROUNDS {
        for ((_, _, runner), laps) in cells.iter_mut().zip(&mut laps) {
            let lap = runner()?;
            if round > 0 {
                laps.push(lap); // the first one warms up
            }
        }
    }
    let mut text = String::from(
        "| batch | hidden layers | µs an iteration | ns a row | µs more for each layer more |\n|---|---|---|---|---|\n",
    );
    let mut before: Option<(usize, usize, f64)> = None;
    for ((batch, layers, _), laps) in cells.iter().zip(&laps) {
        let us = Times::of(laps).median * 1e6;
        let each = us * 1e3 / *batch as f64;
        let more = before.filter(|&(b, l, _)| b == *batch && l < *layers);
        let more =
            more.map_or(String::new(), |(_, l, us_before)| format!("{:.2}", (us - us_before) / (layers - l) as f64));
        writeln!(text, "| {batch:>5} | {layers:>13} | {us:>15.1} | {each:>8.1} | {more:>27} |")?;
        before = Some((*batch, *layers, us));
    }
    Ok(text)
}

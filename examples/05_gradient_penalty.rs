//! A critic learns few data by heart, and a gradient penalty keeps it from that: `cargo run --release --example 05_gradient_penalty`
#![allow(clippy::print_stdout)] // it is a program
mod support;

use fenchel::autodiff::{Gradients, Params, Tape, value_and_grad};
use fenchel::distribution::{Density, SampleRows};
use fenchel::divergence::{Game, JensenShannon, exact, penalty, variational};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, Tanh, evaluate};
use fenchel::optim::Adam;
use support::chart::{BLUE, Chart, DARK, GREEN, ORANGE, RED, chart_figure, curve};
use support::fgan::exact::{data_law, model_law};
use support::{arguments::Arguments, course::Failure};

fn main() -> Result<(), Failure> {
    let arguments = Arguments::of("05_gradient_penalty", "A critic of few data, with and without a penalty.")?;
    let (p, q, mut rng) = (data_law::<f64>()?, model_law(1.0, 2.0)?, arguments.rng());
    let (critic, steps) = ((Dense(32), Tanh, Dense(32), Tanh, Dense(1)), if arguments.quick { 200 } else { 1_500 });
    let few = [p.sample_rows(60, &mut rng)?, q.sample_rows(60, &mut rng)?];
    let others = [p.sample_rows(2_000, &mut rng)?, q.sample_rows(2_000, &mut rng)?];
    let ratio = |x: &DMatrix<f64>| -> Result<_, Failure> { Ok(p.ln_pdf_rows(x)? - q.ln_pdf_rows(x)?) };
    let bound = |params: &_, [x, y]: &[DMatrix<f64>; 2]| -> Result<f64, Failure> {
        let [v, w] = [x, y].map(|rows| evaluate(&critic, &mut Tape::new(), params, rows));
        Ok(variational::bound(&JensenShannon, v?.as_slice(), w?.as_slice())?.mean)
    };
    let nodes = DMatrix::from_fn(401, 1, |i, _| -5.0 + 12.0 * i as f64 / 400.0);
    let value = exact::quadrature(&JensenShannon, &p, &q)?.value;
    let mut ratios = vec![("exact", DARK, curve(&nodes, &ratio(&nodes)?))];
    let mut held_out = vec![("exact", DARK, vec![(0.0, value), (f64::from(steps), value)])];
    let (mut gradients, mut table) = (Gradients::new(), String::new());
    let strengths = [("γ = 0", RED, 0.0), ("γ = 0.01", ORANGE, 0.01), ("γ = 0.1", GREEN, 0.1), ("γ = 1", BLUE, 1.0)];
    for (name, color, gamma) in strengths {
        let (_, mut params) = critic.init(&mut rng.clone(), 1)?; // from the same start
        let (mut adam, mut tape, mut history) = (Adam::new(5e-3)?, Tape::new(), Vec::new());
        for step in 0..steps {
            if step % 25 == 0 {
                history.push((f64::from(step), bound(&params, &others)?));
            }
            value_and_grad(&mut tape, &params, &mut gradients, |t, d| {
                let [(x, v), (y, w)] = [0, 1].map(|law| t.var(&few[law])).map(|x| (x, critic.apply(t, d, x)));
                Game::minimax(JensenShannon).critic_loss(v, w) + penalty::r1(gamma, v, x) + penalty::r2(gamma, w, y)
            })?;
            adam.update(&mut params, &gradients)?;
        }
        ratios.push((name, color, curve(&nodes, &evaluate(&critic, &mut tape, &params, &nodes)?)));
        held_out.push((name, color, history));
        let x = tape.var(&others[0]);
        let squares = penalty::squared_gradient_norms(critic.apply(&tape, &params.lift(&tape), x), x);
        let (here, there) = (bound(&params, &few)?, bound(&params, &others)?);
        table += &format!("{name:<14}{here:>8.4}{there:>8.4}{:>14.2}\n", squares.mean().to_scalar()?.sqrt());
    }
    let left = Chart { lines: ratios, y: Some((-10.0, 10.0)), ..Chart::new("ln p/q and the critics", ["x", ""]) };
    let right = Chart { lines: held_out, ..Chart::new("Bound from held-out samples", ["step", ""]) };
    chart_figure(&[left, right], 2, &arguments.out.join("05_gradient_penalty"))?;
    print!("seed {}, {steps} steps\n\n       bound: 60 draws  others  r.m.s. slope\n{table}", arguments.seed);
    let slopes = (ratio(&others[0].add_scalar(1e-4))? - ratio(&others[0].add_scalar(-1e-4))?) / 2e-4;
    println!("exact         {value:>8.4}{value:>8.4}{:>14.2}", slopes.norm() / (slopes.len() as f64).sqrt());
    Ok(())
}

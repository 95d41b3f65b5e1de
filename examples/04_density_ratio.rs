//! Critics learn ln p/q from samples, whichever divergence they are trained for: `cargo run --release --example 04_density_ratio`
#![allow(clippy::print_stdout)] // it is a program
mod support;

use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::distribution::{Density, SampleRows};
use fenchel::divergence::{Game, NamedSmooth, exact, variational};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, Tanh, evaluate};
use fenchel::optim::{Adam, Schedule};
use support::chart::{BLUE, Chart, DARK, GREEN, ORANGE, PURPLE, RED, chart_figure, curve};
use support::fgan::exact::{data_law, model_law};
use support::{arguments::Arguments, course::Failure};

fn main() -> Result<(), Failure> {
    let arguments = Arguments::of("04_density_ratio", "Critics as estimators of a density ratio.")?;
    let (p, q, mut rng) = (data_law::<f64>()?, model_law(1.0, 2.0)?, arguments.rng());
    let critic = (Dense(32), Tanh, Dense(32), Tanh, Dense(1)); // the output is ln p/q, any real number: a linear head
    let (steps, held_out) = if arguments.quick { (200, 10_000) } else { (2_000, 50_000) };
    let (x, y) = (p.sample_rows(held_out, &mut rng)?, q.sample_rows(held_out, &mut rng)?);
    let nodes = DMatrix::from_fn(401, 1, |i, _| -5.0 + 12.0 * i as f64 / 400.0);
    let (ln_p, ln_q) = (p.ln_pdf_rows(&nodes)?, q.ln_pdf_rows(&nodes)?);
    let mut ratios = vec![("exact ln p/q", DARK, curve(&nodes, &(&ln_p - &ln_q)))];
    let best = |x| -> Result<_, Failure> { Ok(DMatrix::from_columns(&[p.ln_pdf_rows(x)? - q.ln_pdf_rows(x)?])) };
    let (mut outputs, mut tape, mut gradients) = (vec![(best(&x)?, best(&y)?)], Tape::new(), Gradients::new());
    let names = [("forward_kl", BLUE), ("reverse_kl", RED), ("jensen_shannon", GREEN)];
    let divergences = names.iter().map(|(name, _)| name.parse()).collect::<Result<Vec<NamedSmooth>, _>>()?;
    for ((name, color), divergence) in names.into_iter().zip(&divergences) {
        let (game, (_, mut params)) = (Game::minimax(*divergence), critic.init(&mut rng, 1)?);
        let mut adam = Adam::new(Schedule::Cosine { initial: 1e-2, last: 0.0, steps })?;
        for _ in 0..steps {
            let (x, y) = (p.sample_rows(128, &mut rng)?, q.sample_rows(128, &mut rng)?);
            value_and_grad(&mut tape, &params, &mut gradients, |t, d| {
                game.critic_loss(critic.apply(t, d, t.var(&x)), critic.apply(t, d, t.var(&y)))
            })?;
            adam.update(&mut params, &gradients)?;
        }
        let mut output = |rows: &DMatrix<f64>| evaluate(&critic, &mut tape, &params, rows);
        ratios.push((name, color, curve(&nodes, &output(&nodes)?)));
        outputs.push((output(&x)?, output(&y)?));
    }
    let [p_curve, q_curve] = [ln_p, ln_q].map(|ln_pdf| curve(&nodes, &ln_pdf.map(f64::exp)));
    let lines = vec![("density p", PURPLE, p_curve), ("density q", ORANGE, q_curve)];
    let laws = Chart { lines, ..Chart::new("Two densities", ["x", ""]) };
    let learned = Chart { lines: ratios, y: Some((-8.0, 3.0)), ..Chart::new("ln p/q and the critics", ["x", ""]) };
    chart_figure(&[laws, learned], 2, &arguments.out.join("04_density_ratio"))?;

    println!("seed {}, {steps} steps of 128 draws of either law\n", arguments.seed);
    println!("bound on           exact   by ln p/q itself  forward_kl critic         reverse_kl     jensen_shannon");
    for divergence in &divergences {
        print!("{:<16}{:>8.4}", divergence.to_string(), exact::quadrature(divergence, &p, &q)?.value);
        for (v_data, v_samples) in &outputs {
            let bound = variational::bound(divergence, v_data.as_slice(), v_samples.as_slice())?;
            print!("{:>10.4} ± {:.4}", bound.mean, bound.std_error);
        }
        println!();
    }
    Ok(())
}

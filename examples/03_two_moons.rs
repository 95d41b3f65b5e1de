//! A classifier learns to tell two moons apart, beside the best that there is: `cargo run --release --example 03_two_moons`
#![allow(clippy::print_stdout)] // it is a program
mod support;

use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::distribution::Density;
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, LogSoftmax, Tanh, cross_entropy, evaluate, summary};
use fenchel::optim::{Adam, Schedule};
use support::chart::{BLUE, Chart, DARK, RED, chart_figure, cloud};
use support::{arguments::Arguments, course::Failure, grid::Plane, moons};

fn main() -> Result<(), Failure> {
    let arguments = Arguments::of("03_two_moons", "A classifier on two moons, beside Bayes' rule.")?;
    let (law, mut rng) = (moons::two_moons()?, arguments.rng());
    let (rows, labels) = law.sample_labelled_rows(1_000, &mut rng)?;
    let steps = if arguments.quick { 100 } else { 1_000 };

    let net = (Dense(16), Tanh, Dense(16), Tanh, Dense(2), LogSoftmax);
    let (_, mut params) = net.init(&mut rng, 2)?;
    let mut adam = Adam::new(Schedule::Cosine { initial: 1e-2, last: 0.0, steps })?;
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    for _ in 0..steps {
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            cross_entropy(net.apply(t, p, t.var(&rows)), &labels)
        })?;
        adam.update(&mut params, &gradients)?;
    }

    // Both give the logarithms of probabilities. The law is known, so Bayes' rule is, and nothing is better.
    let network = |x: &DMatrix<f64>| -> Result<_, Failure> { Ok(evaluate(&net, &mut Tape::new(), &params, x)?) };
    let bayes = |x: &DMatrix<f64>| -> Result<_, Failure> {
        let ln_pdf = [0, 1].map(|k| law.components()[k].ln_pdf_rows(x)).into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(evaluate(&LogSoftmax, &mut Tape::new(), &(), &DMatrix::from_columns(&ln_pdf))?)
    };
    let plane = Plane { x: (-2.4, 2.4), y: (-1.8, 1.8), nodes: 161 };
    let regions = plane.grid(&network(&plane.points())?.column(1).map(f64::exp));
    let exact = plane.grid(&bayes(&plane.points())?.column(1).map(f64::exp));
    let (title, outline) = ("Learned probabilities, and Bayes' rule", Some(("Bayes", DARK, &exact, 0.5)));
    let points = vec![("moon 0", BLUE, cloud(&rows, &labels, 0, 400)), ("moon 1", RED, cloud(&rows, &labels, 1, 400))];
    let chart = Chart { title, labels: ["x₁", "x₂"], regions: Some(&regions), outline, points, ..Chart::default() };
    chart_figure(&[chart], 1, &arguments.out.join("03_two_moons"))?;

    println!("seed {}, {steps} steps on 1000 draws\n\n{}", arguments.seed, summary(&net, &params, 2)?);
    let report = |who: &str, ln: DMatrix<f64>, labels: &[usize]| {
        let (n, tape) = (labels.len() as f64, Tape::new());
        let accuracy = (0..labels.len()).filter(|&i| ln[(i, labels[i])] > 0.5_f64.ln()).count() as f64 / n;
        let (error, loss) =
            ((accuracy * (1.0 - accuracy) / n).sqrt(), cross_entropy(tape.var(&ln), labels).to_scalar()?);
        println!("{who:<18} accuracy {accuracy:.4} ± {error:.4}   cross-entropy {loss:.4}");
        Ok::<_, Failure>(())
    };
    report("network, training", network(&rows)?, &labels)?;
    let (rows, labels) = law.sample_labelled_rows(20_000, &mut rng)?;
    report("network, held out", network(&rows)?, &labels)?;
    report("Bayes, held out", bayes(&rows)?, &labels)
}

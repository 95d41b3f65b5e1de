//! Draws from a mixture of Gaussians, and how close they come to what is exact: `cargo run --release --example 01_sample_a_mixture`
#![allow(clippy::print_stdout)] // it is a program
mod support;

use fenchel::distribution::{Density, Gaussian, Mixture, Moments};
use fenchel::nalgebra::{DMatrix, DVector};
use support::chart::{BLUE, Chart, GREEN, RED, chart_figure, cloud};
use support::{arguments::Arguments, course::Failure, grid::Plane};

fn main() -> Result<(), Failure> {
    let arguments = Arguments::of("01_sample_a_mixture", "Draws from a mixture, beside what is exact.")?;
    let component = |mean: [f64; 2], covariance: [f64; 4]| {
        Gaussian::new(DVector::from_row_slice(&mean), DMatrix::from_row_slice(2, 2, &covariance))
    };
    let law = Mixture::new(
        &[0.5, 0.3, 0.2],
        vec![
            component([-2.0, 0.0], [1.0, 0.8, 0.8, 1.0])?,
            component([2.0, 1.5], [0.6, -0.4, -0.4, 0.9])?,
            component([1.5, -2.0], [1.5, 0.0, 0.0, 0.1])?,
        ],
    )?;
    let n = if arguments.quick { 1_000 } else { 20_000 };
    let (rows, labels) = law.sample_labelled_rows(n, &mut arguments.rng())?;

    // A Gaussian or a mixture knows its density at every row of a matrix; a picture needs a grid of them.
    let plane = Plane { x: (-5.5, 5.5), y: (-4.0, 4.5), nodes: 151 };
    let density = plane.grid(&law.ln_pdf_rows(&plane.points())?.map(f64::exp));
    let colors = [("component 0", BLUE), ("component 1", RED), ("component 2", GREEN)];
    let cloud = |(k, (name, color))| (name, color, cloud(&rows, &labels, k, 1_000));
    let points = colors.into_iter().enumerate().map(cloud).collect();
    let chart =
        Chart { density: Some(&density), points, ..Chart::new("A thousand draws, over the density", ["x₁", "x₂"]) };
    chart_figure(&[chart], 1, &arguments.out.join("01_sample_a_mixture"))?;

    println!("seed {}, {n} draws from a mixture of {} Gaussians\n", arguments.seed, law.components().len());
    println!("{:<12}{:>10}{:>10}{:>14}{:>16}", "", "draws", "exact", "std. error", "off, in errors");
    // Every line is a mean over the draws, so its standard error is that of a mean.
    let line = |what: &str, exact: f64, term: &dyn Fn(usize) -> f64| {
        let terms = DVector::from_fn(n, |i, _| term(i));
        let (mean, error) = (terms.mean(), (terms.variance() / n as f64).sqrt());
        println!("{what:<12}{mean:>10.4}{exact:>10.4}{error:>14.4}{:>16.2}", (mean - exact) / error);
    };
    let (mean, covariance) = (law.mean(), law.covariance());
    (0..3).for_each(|k| line(&format!("weight {k}"), law.weights()[k], &|i| f64::from(labels[i] == k)));
    (0..2).for_each(|a| line(&format!("mean {a}"), mean[a], &|i| rows[(i, a)]));
    for (a, b) in [(0, 0), (0, 1), (1, 1)] {
        let product = |i| (rows[(i, a)] - mean[a]) * (rows[(i, b)] - mean[b]);
        line(&format!("cov {a}{b}"), covariance[(a, b)], &product);
    }
    println!("\nTwo lines in three should be off by less than 1.");
    Ok(())
}

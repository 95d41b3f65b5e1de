//! Divergences: formulas, and the ways to a number: `cargo bench --bench divergence`.

#![allow(clippy::unwrap_used)] // of constants

use divan::Bencher;
use fenchel::distribution::{Gaussian, Mixture, SampleRows};
use fenchel::divergence::{ClosedForm, FDivergence, ForwardKl, Named, SquaredHellinger, exact, neighbours};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;

fn main() {
    divan::main();
}

fn gaussian(dimension: usize, shift: f64, deviation: f64) -> Gaussian<f64> {
    let mean = DVector::from_element(dimension, shift);
    Gaussian::from_cholesky(mean, DMatrix::identity(dimension, dimension) * deviation).unwrap()
}

fn mixture(dimension: usize) -> Mixture<Gaussian<f64>> {
    Mixture::new(&[0.3, 0.7], vec![gaussian(dimension, -1.0, 0.25), gaussian(dimension, 2.0, 1.4)]).unwrap()
}

/// A thousand values of every divergence.
#[divan::bench(args = ["forward_kl", "jensen_shannon", "alpha(0.3)", "weighted_jensen_shannon(0.3)", "triangular"])]
fn values(bencher: Bencher, name: &str) {
    let divergence: Named = name.parse().unwrap();
    let v: Vec<f64> = (0..1000).map(|i| f64::from(i - 500) / 50.0).collect();
    bencher.counter(v.len()).bench(|| v.iter().map(|&v| divergence.value(v)).sum::<f64>());
}

#[divan::bench(args = [1, 4, 16])]
fn closed_form_kullback_leibler(bencher: Bencher, dimension: usize) {
    let (p, q) = (gaussian(dimension, 0.0, 1.0), gaussian(dimension, 0.1, 1.1));
    bencher.bench(|| ForwardKl.between(&p, &q));
}

#[divan::bench(args = [1, 4, 16])]
fn closed_form_hellinger(bencher: Bencher, dimension: usize) {
    let (p, q) = (gaussian(dimension, 0.0, 1.0), gaussian(dimension, 0.1, 1.1));
    bencher.bench(|| SquaredHellinger.between(&p, &q));
}

#[divan::bench(args = [1, 2])]
fn quadrature(bencher: Bencher, dimension: usize) {
    let (p, q) = (mixture(dimension), gaussian(dimension, 1.0, 1.8));
    bencher.bench(|| exact::quadrature(&ForwardKl, &p, &q));
}

#[divan::bench(args = [1, 8])]
fn monte_carlo(bencher: Bencher, dimension: usize) {
    let (p, q) = (mixture(dimension), gaussian(dimension, 1.0, 1.8));
    bencher
        .counter(10_000_usize)
        .with_inputs(|| Xoshiro256PlusPlus::seed_from_u64(1))
        .bench_values(|mut rng| exact::monte_carlo(&ForwardKl, &p, &q, 10_000, &mut rng));
}

#[divan::bench(args = [1, 2, 5], sample_count = 10)]
fn nearest_neighbours(bencher: Bencher, dimension: usize) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let x = gaussian(dimension, 0.5, 1.0).sample_rows(2000, &mut rng).unwrap();
    let y = gaussian(dimension, 0.0, 1.0).sample_rows(2000, &mut rng).unwrap();
    bencher.bench(|| neighbours::kl(&x, &y, 5));
}

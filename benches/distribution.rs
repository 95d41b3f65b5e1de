//! Sampling and scoring a mixture, 10 000 rows at a time, beside what can be had for less: `cargo bench --bench distribution`.

#![allow(clippy::unwrap_used)] // of constants

use divan::{Bencher, counter::ItemsCount};
use fenchel::SampleReal;
use fenchel::distribution::{Density, Gaussian, Mixture, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

const ROWS: usize = 10_000;

const MEANS: [f64; 2] = [0.0, 9.0];
const WEIGHTS: [f64; 2] = [0.75, 0.25];

fn main() {
    divan::main();
}

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1)
}

/// Both of unit covariance, which the law does not know.
fn mixture(dimension: usize) -> Mixture<Gaussian<f64>> {
    let components = MEANS.map(|mean| {
        Gaussian::new(DVector::from_element(dimension, mean), DMatrix::identity(dimension, dimension)).unwrap()
    });
    Mixture::new(&WEIGHTS, components.into()).unwrap()
}

mod sample_rows {
    use super::*;

    #[divan::bench(args = [2, 16])]
    fn ours(bencher: Bencher, dimension: usize) {
        let (law, mut rng) = (mixture(dimension), rng());
        bencher.counter(ItemsCount::new(ROWS)).bench_local(|| law.sample_rows(ROWS, &mut rng).unwrap());
    }

    /// The limit: as many normals, and nothing made of them.
    #[divan::bench(args = [2, 16])]
    fn normals_alone(bencher: Bencher, dimension: usize) {
        let mut rng = rng();
        bencher
            .counter(ItemsCount::new(ROWS))
            .bench_local(|| DMatrix::from_fn(ROWS, dimension, |_, _| f64::standard_normal(&mut rng)));
    }
}

mod ln_pdf_rows {
    use super::*;

    #[divan::bench(args = [2, 16])]
    fn ours(bencher: Bencher, dimension: usize) {
        let law = mixture(dimension);
        let rows = law.sample_rows(ROWS, &mut rng()).unwrap();
        bencher.counter(ItemsCount::new(ROWS)).bench_local(|| law.ln_pdf_rows(&rows).unwrap());
    }

    /// The baseline: the formula for unit covariances, one row after another.
    #[divan::bench(args = [2, 16])]
    fn by_hand(bencher: Bencher, dimension: usize) {
        let law = mixture(dimension);
        let rows = law.sample_rows(ROWS, &mut rng()).unwrap();
        let columns = rows.transpose();
        let formula = || DVector::from_iterator(ROWS, columns.column_iter().map(|row| ln_pdf(row.as_slice())));
        // Sums of up to 16 squares and a few terms more, of some hundreds at most: 50 roundings of 1000.
        let apart = (formula() - law.ln_pdf_rows(&rows).unwrap()).amax();
        assert!(apart < 50.0 * 1000.0 * f64::EPSILON, "{apart} off");
        bencher.counter(ItemsCount::new(ROWS)).bench_local(formula);
    }

    fn ln_pdf(row: &[f64]) -> f64 {
        let squares = MEANS.map(|mean| row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>());
        let constant = 0.5 * row.len() as f64 * std::f64::consts::TAU.ln();
        let [a, b] = [0, 1].map(|k| WEIGHTS[k].ln() - 0.5 * squares[k] - constant);
        a.max(b) + (-(a - b).abs()).exp().ln_1p()
    }
}

//! Sampling and scoring a mixture, 10 000 rows at a time: `cargo bench --bench distribution`.

use divan::{Bencher, counter::ItemsCount};
use fenchel::distribution::{Density, Gaussian, Mixture, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

const ROWS: usize = 10_000;

fn main() {
    divan::main();
}

fn mixture(dimension: usize) -> Option<Mixture<Gaussian<f64>>> {
    let component =
        |mean: f64| Gaussian::new(DVector::from_element(dimension, mean), DMatrix::identity(dimension, dimension)).ok();
    Mixture::new(&[0.75, 0.25], vec![component(0.0)?, component(9.0)?]).ok()
}

#[divan::bench(args = [2, 16])]
fn sample_rows(bencher: Bencher, dimension: usize) {
    let Some(law) = mixture(dimension) else { return };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| law.sample_rows(ROWS, &mut rng));
}

#[divan::bench(args = [2, 16])]
fn ln_pdf_rows(bencher: Bencher, dimension: usize) {
    let Some(law) = mixture(dimension) else { return };
    let Ok(rows) = law.sample_rows(ROWS, &mut Xoshiro256PlusPlus::seed_from_u64(1)) else { return };
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| law.ln_pdf_rows(&rows));
}

//! Fitting a Gaussian, and an iteration of expectation-maximisation, 100 000 rows each: `cargo bench --bench estimate`.

use divan::{Bencher, counter::ItemsCount};
use fenchel::distribution::{Full, Gaussian, Mixture, Moments, SampleRows};
use fenchel::estimate::{Em, FitMle, Regularisation};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

const ROWS: usize = 100_000;

fn main() {
    divan::main();
}

fn rows(dimension: usize) -> Option<DMatrix<f64>> {
    Gaussian::<f64>::standard(dimension).ok()?.sample_rows(ROWS, &mut Xoshiro256PlusPlus::seed_from_u64(1)).ok()
}

#[divan::bench(args = [2, 16])]
fn fit_mle(bencher: Bencher, dimension: usize) {
    let Some(rows) = rows(dimension) else { return };
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| Gaussian::fit_mle(&rows));
}

/// The start and two iterations: three passes over the rows.
#[divan::bench(args = [(2, 2), (2, 8), (8, 2), (8, 8)])]
fn em(bencher: Bencher, (dimension, components): (usize, usize)) {
    let Some(rows) = rows(dimension) else { return };
    let Ok(whole) = Gaussian::fit_mle(&rows) else { return };
    let start = |k: usize| Gaussian::new(DVector::from_element(dimension, k as f64), whole.covariance());
    let Ok(components) = (0..components).map(start).collect::<Result<Vec<_>, _>>() else { return };
    let Ok(start) = Mixture::new(&vec![1.0; components.len()], components) else { return };
    let em = Em::<Full>::new(1).regularisation(Regularisation::None).tolerance(0.0).max_iterations(2);
    bencher.counter(ItemsCount::new(3 * ROWS)).bench_local(|| em.fit_from(&rows, &start));
}

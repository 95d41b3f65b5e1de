//! Fitting a Gaussian, and an iteration of expectation-maximisation, 100 000 rows each, beside what they cannot do without: `cargo bench --bench estimate`.

#![allow(clippy::unwrap_used)] // of constants

use divan::{Bencher, counter::ItemsCount};
use fenchel::distribution::{Density, Full, Gaussian, Mixture, Moments, SampleRows};
use fenchel::estimate::{Em, FitMle, Regularisation};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

const ROWS: usize = 100_000;

fn main() {
    divan::main();
}

fn rows(dimension: usize) -> DMatrix<f64> {
    let law = Gaussian::<f64>::standard(dimension).unwrap();
    law.sample_rows(ROWS, &mut Xoshiro256PlusPlus::seed_from_u64(1)).unwrap()
}

mod fit_mle {
    use super::*;

    #[divan::bench(args = [2, 16])]
    fn ours(bencher: Bencher, dimension: usize) {
        let rows = rows(dimension);
        bencher.counter(ItemsCount::new(ROWS)).bench_local(|| Gaussian::fit_mle(&rows).unwrap());
    }

    /// The limit where memory is what takes the time: the sum of all numbers, in parts between which nothing waits.
    #[divan::bench(args = [2, 16])]
    fn reading_the_rows(bencher: Bencher, dimension: usize) {
        let rows = rows(dimension);
        bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
            let (chunks, rest) = rows.as_slice().as_chunks::<32>();
            let mut parts = [0.0; 32];
            for chunk in chunks {
                parts.iter_mut().zip(chunk).for_each(|(part, x)| *part += x);
            }
            parts.iter().chain(rest).sum::<f64>()
        });
    }

    /// The baseline where arithmetic is: XᵀX by nalgebra, with the transpose at hand, and neither mean nor centring.
    #[divan::bench(args = [2, 16])]
    fn product_by_nalgebra(bencher: Bencher, dimension: usize) {
        let rows = rows(dimension);
        let (transposed, mut product) = (rows.transpose(), DMatrix::zeros(dimension, dimension));
        bencher.counter(ItemsCount::new(ROWS)).bench_local(|| product.gemm(1.0, &transposed, &rows, 0.0));
    }
}

mod em {
    use super::*;

    const CASES: [(usize, usize); 4] = [(2, 2), (2, 8), (8, 2), (8, 8)];

    fn start(rows: &DMatrix<f64>, components: usize) -> Mixture<Gaussian<f64>> {
        let whole = Gaussian::fit_mle(rows).unwrap();
        let mean = |k: usize| DVector::from_element(rows.ncols(), k as f64);
        let components: Vec<_> = (0..components).map(|k| Gaussian::new(mean(k), whole.covariance()).unwrap()).collect();
        Mixture::new(&vec![1.0; components.len()], components).unwrap()
    }

    /// The start and two iterations: three passes over the rows.
    #[divan::bench(args = CASES, sample_count = 20)]
    fn ours(bencher: Bencher, (dimension, components): (usize, usize)) {
        let rows = rows(dimension);
        let start = start(&rows, components);
        let em = Em::<Full>::new(1).regularisation(Regularisation::None).tolerance(0.0).max_iterations(2);
        bencher.counter(ItemsCount::new(3 * ROWS)).bench_local(|| em.fit_from(&rows, &start).unwrap());
    }

    /// The baseline: the log density alone, which is the first half of a pass, three times.
    #[divan::bench(args = CASES, sample_count = 20)]
    fn densities_alone(bencher: Bencher, (dimension, components): (usize, usize)) {
        let rows = rows(dimension);
        let start = start(&rows, components);
        bencher.counter(ItemsCount::new(3 * ROWS)).bench_local(|| {
            for _ in 0..3 {
                divan::black_box(start.ln_pdf_rows(&rows).unwrap());
            }
        });
    }
}

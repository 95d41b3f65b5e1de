//! Divergences: formulas, and the ways to a number, each beside what it cannot do without: `cargo bench --bench divergence`.

#![allow(clippy::unwrap_used)] // of constants

use std::cell::Cell;

use divan::Bencher;
use fenchel::distribution::{Density, DistributionError, Gaussian, Landmarks, Law, Mixture, Moments, SampleRows};
use fenchel::divergence::{ClosedForm, FDivergence, ForwardKl, Named, SquaredHellinger, exact, neighbours};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;

fn main() {
    divan::main();
}

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1)
}

fn gaussian(dimension: usize, shift: f64, deviation: f64) -> Gaussian<f64> {
    let mean = DVector::from_element(dimension, shift);
    Gaussian::from_cholesky(mean, DMatrix::identity(dimension, dimension) * deviation).unwrap()
}

/// A mixture and a Gaussian.
fn laws(dimension: usize) -> (Mixture<Gaussian<f64>>, Gaussian<f64>) {
    let components = vec![gaussian(dimension, -1.0, 0.25), gaussian(dimension, 2.0, 1.4)];
    (Mixture::new(&[0.3, 0.7], components).unwrap(), gaussian(dimension, 1.0, 1.8))
}

/// A thousand values.
mod values {
    use super::*;

    const NAMES: [&str; 5] =
        ["forward_kl", "jensen_shannon", "alpha(0.3)", "weighted_jensen_shannon(0.3)", "triangular"];

    fn numbers() -> Vec<f64> {
        (0..1000).map(|i| f64::from(i - 500) / 50.0).collect()
    }

    #[divan::bench(args = NAMES)]
    fn ours(bencher: Bencher, name: &str) {
        let divergence: Named = name.parse().unwrap();
        let v = numbers();
        bencher.counter(v.len()).bench(|| v.iter().map(|&v| divergence.value(v)).sum::<f64>());
    }

    /// The baseline: f as the books have it, of u and its logarithm v, which cancels near v = 0.
    #[divan::bench(args = NAMES)]
    fn formula(bencher: Bencher, name: &str) {
        match name {
            "forward_kl" => time(bencher, name, |u, v| u * v - u + 1.0),
            "jensen_shannon" => time(bencher, name, |u, v| u * v - (1.0 + u) * (0.5 * (1.0 + u)).ln()),
            "alpha(0.3)" => time(bencher, name, |u, v| ((0.3 * v).exp() - 1.0 - 0.3 * (u - 1.0)) / (0.3 * -0.7)),
            "weighted_jensen_shannon(0.3)" => time(bencher, name, |u, v| {
                let m = 0.3 * u + 0.7;
                0.3 * u * v - m * m.ln()
            }),
            "triangular" => time(bencher, name, |u, _| (u - 1.0) * (u - 1.0) / (1.0 + u)),
            _ => unreachable!("{name} has no formula here"),
        }
    }

    fn time(bencher: Bencher, name: &str, f: impl Fn(f64, f64) -> f64 + Sync) {
        let divergence: Named = name.parse().unwrap();
        let v = numbers();
        for &v in &v {
            let (value, expected) = (divergence.value(v), f(v.exp(), v));
            // A handful of terms of the size of (1 + u)(1 + |v|) / 0.21 at most, each rounded a few times.
            let tolerance = 20.0 * f64::EPSILON * (1.0 + v.exp()) * (1.0 + v.abs()) / 0.21;
            assert!((value - expected).abs() <= tolerance, "{name} of {v} is {value}, {expected} by the formula");
        }
        bencher.counter(v.len()).bench(|| v.iter().map(|&v| f(v.exp(), v)).sum::<f64>());
    }
}

/// Of Gaussians, beside the formula by nalgebra. Terms there are no larger than the dimension, at most 16, and each is rounded some
/// times 16 times.
mod closed_form {
    use super::*;

    const TOLERANCE: f64 = 16.0 * 4.0 * 16.0 * f64::EPSILON;

    fn pair(dimension: usize) -> (Gaussian<f64>, Gaussian<f64>) {
        (gaussian(dimension, 0.0, 1.0), gaussian(dimension, 0.1, 1.1))
    }

    #[divan::bench(args = [1, 4, 16])]
    fn kullback_leibler(bencher: Bencher, dimension: usize) {
        let (p, q) = pair(dimension);
        bencher.bench(|| ForwardKl.between(&p, &q).unwrap());
    }

    /// From the factors of the covariances.
    #[divan::bench(args = [1, 4, 16])]
    fn kullback_leibler_by_nalgebra(bencher: Bencher, dimension: usize) {
        let (p, q) = pair(dimension);
        let shift = p.mean() - q.mean();
        let (factor_p, factor_q) = (p.cholesky_factor(), q.cholesky_factor());
        let ln_determinant = |factor: &DMatrix<f64>| factor.diagonal().iter().map(|x| x.ln()).sum::<f64>();
        let formula = || {
            let seen = factor_q.solve_lower_triangular(factor_p).unwrap().norm_squared();
            let mean = factor_q.solve_lower_triangular(&shift).unwrap().norm_squared();
            0.5 * (seen + mean - dimension as f64) + ln_determinant(factor_q) - ln_determinant(factor_p)
        };
        let apart = formula() - ForwardKl.between(&p, &q).unwrap();
        assert!(apart.abs() < TOLERANCE, "{apart} off");
        bencher.bench(formula);
    }

    #[divan::bench(args = [1, 4, 16])]
    fn squared_hellinger(bencher: Bencher, dimension: usize) {
        let (p, q) = pair(dimension);
        bencher.bench(|| SquaredHellinger.between(&p, &q).unwrap());
    }

    /// From the covariances and their determinants.
    #[divan::bench(args = [1, 4, 16])]
    fn squared_hellinger_by_nalgebra(bencher: Bencher, dimension: usize) {
        let (p, q) = pair(dimension);
        let shift = p.mean() - q.mean();
        let (covariance_p, covariance_q) = (p.covariance(), q.covariance());
        let ln_determinants = p.ln_determinant() + q.ln_determinant();
        let formula = || {
            let middle = ((&covariance_p + &covariance_q) * 0.5).cholesky().unwrap();
            let mean = middle.l_dirty().solve_lower_triangular(&shift).unwrap().norm_squared();
            let ln_root = middle.l_dirty().diagonal().iter().map(|x| x.ln()).sum::<f64>();
            2.0 * (1.0 - (0.25 * ln_determinants - ln_root - 0.125 * mean).exp())
        };
        let apart = formula() - SquaredHellinger.between(&p, &q).unwrap();
        assert!(apart.abs() < TOLERANCE, "{apart} off");
        bencher.bench(formula);
    }
}

mod quadrature {
    use super::*;

    #[divan::bench(args = [1, 2], sample_count = 20)]
    fn ours(bencher: Bencher, dimension: usize) {
        let (p, q) = laws(dimension);
        bencher.bench(|| exact::quadrature(&ForwardKl, &p, &q).unwrap());
    }

    /// The limit: both densities at as many points, all at once.
    #[divan::bench(args = [1, 2], sample_count = 20)]
    fn densities_alone(bencher: Bencher, dimension: usize) {
        let (p, q) = laws(dimension);
        let counted = Counted { law: &p, points: Cell::new(0) };
        exact::quadrature(&ForwardKl, &counted, &q).unwrap();
        let points = q.sample_rows(counted.points.get(), &mut rng()).unwrap();
        bencher.bench(|| (p.ln_pdf_rows(&points).unwrap(), q.ln_pdf_rows(&points).unwrap()));
    }

    /// A law, and at how many points it has been asked for its density.
    struct Counted<'a, L> {
        law: &'a L,
        points: Cell<usize>,
    }

    impl<L: Law> Law for Counted<'_, L> {
        type Scalar = L::Scalar;

        fn dimension(&self) -> usize {
            self.law.dimension()
        }
    }

    impl<L: Density> Density for Counted<'_, L> {
        fn ln_pdf_rows(&self, rows: &DMatrix<L::Scalar>) -> Result<DVector<L::Scalar>, DistributionError> {
            self.points.set(self.points.get() + rows.nrows());
            self.law.ln_pdf_rows(rows)
        }
    }

    impl<L: Landmarks> Landmarks for Counted<'_, L> {
        fn landmarks(&self) -> Result<Vec<Gaussian<L::Scalar>>, DistributionError> {
            self.law.landmarks()
        }
    }
}

mod monte_carlo {
    use super::*;

    const DRAWS: usize = 10_000;

    #[divan::bench(args = [1, 8])]
    fn ours(bencher: Bencher, dimension: usize) {
        let (p, q) = laws(dimension);
        bencher
            .counter(DRAWS)
            .with_inputs(rng)
            .bench_values(|mut rng| exact::monte_carlo(&ForwardKl, &p, &q, DRAWS, &mut rng).unwrap());
    }

    /// The limit: the draws, and both densities at them, all at once.
    #[divan::bench(args = [1, 8])]
    fn draws_and_densities_alone(bencher: Bencher, dimension: usize) {
        let (p, q) = laws(dimension);
        bencher.counter(DRAWS).with_inputs(rng).bench_values(|mut rng| {
            let draws = p.sample_rows(DRAWS, &mut rng).unwrap();
            (p.ln_pdf_rows(&draws).unwrap(), q.ln_pdf_rows(&draws).unwrap())
        });
    }
}

/// Of 2000 rows and 2000 others.
mod nearest_neighbours {
    use super::*;

    fn rows(dimension: usize) -> [DMatrix<f64>; 2] {
        let mut rng = rng();
        [0.5, 0.0].map(|shift| gaussian(dimension, shift, 1.0).sample_rows(2000, &mut rng).unwrap())
    }

    #[divan::bench(args = [1, 2, 5], sample_count = 10)]
    fn ours(bencher: Bencher, dimension: usize) {
        let [x, y] = rows(dimension);
        bencher.bench(|| neighbours::kl(&x, &y, 5).unwrap());
    }

    /// The baseline: the squared distance of each row to each of either kind, of which the nearest would still have to be picked.
    #[divan::bench(args = [1, 2, 5], sample_count = 10)]
    fn all_distances_alone(bencher: Bencher, dimension: usize) {
        let [x, y] = rows(dimension);
        let mut squares = vec![0.0; x.nrows()];
        bencher.bench_local(|| {
            for row in x.row_iter() {
                for others in [&x, &y] {
                    squares.fill(0.0);
                    for (column, &entry) in others.column_iter().zip(row.iter()) {
                        let column = column.as_slice();
                        squares.iter_mut().zip(column).for_each(|(sum, x)| *sum += (x - entry) * (x - entry));
                    }
                    divan::black_box(&squares);
                }
            }
        });
    }
}

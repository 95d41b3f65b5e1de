//! How many digits are left of ill-conditioned data that are far from the origin.
//!
//! The oracle is integer arithmetic: rows are whole multiples of 2⁻²⁵, so that n² times the covariance is a whole number of 2⁻⁵⁰.

use fenchel::distribution::{DiagonalGaussian, Gaussian, SphericalGaussian};
use fenchel::estimate::{FitMle, GaussianStatistics, SufficientStatistics};
use fenchel::nalgebra::{DMatrix, Matrix2};
use fenchel::rand::RngExt;

use crate::rng;

/// Rows (p, p + q) with p in ±1 and q in ±2⁻¹⁵: the variances along the axes are apart by a factor of 4 · 2³⁰, more than 10⁹.
fn thin(n: usize) -> Vec<[i128; 2]> {
    let mut rng = rng(80);
    let mut row = || {
        let (p, q) = (rng.random_range(-1024..=1024_i128), rng.random_range(-1024..=1024_i128));
        [p << 15, (p << 15) + q]
    };
    (0..n).map(|_| row()).collect()
}

/// The rows, moved by 2²⁷, which is 1.3e8: with 52 bits they are exact.
fn far(rows: &[[i128; 2]]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), 2, |i, j| (rows[i][j] + (1 << 52)) as f64 * 2f64.powi(-25))
}

/// n Σ x y − Σ x Σ y of the whole numbers, which is n times their scatter.
fn times_scatter(rows: &[[i128; 2]], a: impl Fn(&[i128; 2]) -> i128, b: impl Fn(&[i128; 2]) -> i128) -> f64 {
    let n = rows.len() as i128;
    let products: i128 = rows.iter().map(|row| a(row) * b(row)).sum();
    let (of_a, of_b): (i128, i128) = (rows.iter().map(&a).sum(), rows.iter().map(&b).sum());
    (n * products - of_a * of_b) as f64
}

/// The covariance; and the variance of z, the second coordinate less the first, and what is left of it when the first is known.
fn exact(rows: &[[i128; 2]]) -> (Matrix2<f64>, f64, f64) {
    let unit = 2f64.powi(-50) / (rows.len() as f64).powi(2);
    let (x, z) = (|row: &[i128; 2]| row[0], |row: &[i128; 2]| row[1] - row[0]);
    let covariance = Matrix2::from_fn(|i, j| times_scatter(rows, |row| row[i], |row| row[j]) * unit);
    let (across, with) = (times_scatter(rows, z, z) * unit, times_scatter(rows, x, z) * unit);
    (covariance, across, across - with * with / covariance[(0, 0)])
}

fn check(n: usize, bound: f64, thin_bound: f64) {
    let whole = thin(n);
    let (covariance, across, left) = exact(&whole);
    let rows = far(&whole);
    let near = |what: &str, found: f64, exact: f64, bound: f64| {
        assert!((found - exact).abs() <= bound, "{n} rows, {what}: {found}, not {exact}, off by {}", found - exact);
    };
    let mut statistics = GaussianStatistics::empty(2).unwrap();
    statistics.observe(&rows, None).unwrap();
    let found = statistics.covariance().unwrap();
    let diagonal = DiagonalGaussian::fit_mle(&rows).unwrap();
    let spherical = SphericalGaussian::fit_mle(&rows).unwrap();
    for i in 0..2 {
        for j in 0..2 {
            near("covariance", found[(i, j)], covariance[(i, j)], bound);
        }
        near("variance", diagonal.standard_deviations()[i].powi(2), covariance[(i, i)], bound);
    }
    near("mean variance", spherical.standard_deviation().powi(2), covariance.trace() / 2.0, bound);
    // Across the line the difference of entries of size 1/3, of which it is a part in 4e9.
    near("across", found[(0, 0)] - 2.0 * found[(0, 1)] + found[(1, 1)], across, thin_bound);
    near("pivot", Gaussian::fit_mle(&rows).unwrap().cholesky_factor()[(1, 1)].powi(2), left, thin_bound);
}

/// A block's rows are taken off one of them, exactly, and all sums are of numbers of size 1.
#[test]
fn rows_of_one_block_lose_nothing_by_their_distance() {
    for n in [5, 30, 128] {
        // Deviations of up to 2 and their products round by ε each, and sums of 128 by eight more: 16 ε of entries up to 1. Across the line four of
        // these are added up.
        check(n, 16.0 * f64::EPSILON, 64.0 * f64::EPSILON);
    }
}

/// The distances of the means of blocks, which are near 1.3e8, are those of numbers of size 1.
#[test]
fn rows_of_many_blocks_lose_nothing_by_their_distance() {
    for n in [129, 1000, 20_000] {
        // The same, and the sum over up to 157 blocks, which rounds by the root of that number.
        check(n, 32.0 * f64::EPSILON, 128.0 * f64::EPSILON);
    }
}

//! Laws on ℝᵈ: densities, draws, affine images, marginals, conditionals, and what a wrong description is told.
//!
//! The oracles are inverses and determinants, quadrature, the normal distribution function as a series, statistics of draws, and
//! numbers of SciPy's (`tests/data/distribution.py`).

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod categorical;
mod compare;
mod draws;
mod empirical;
mod extreme;
mod gaussian;
mod kernel_density;
mod marginal;
mod mixture;
mod structure;
mod student_t;
mod toy;
mod uniform_box;

use std::collections::BTreeMap;
use std::convert::Infallible;

use fenchel::DistributionError;
use fenchel::distribution::{Density, Gaussian, Mixture, Moments, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{SeedableRng, TryRng};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A generator of nothing but ones: the largest uniform number below 1.
struct Ones;

impl TryRng for Ones {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::MAX)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::MAX)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(u8::MAX);
        Ok(())
    }
}

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// N(mean, L Lᵀ) with the diagonal of L in `scale` and what is below in ±`tilt`.
fn gaussians(dimension: usize, scale: std::ops::Range<f64>, tilt: f64) -> impl Strategy<Value = Gaussian<f64>> {
    let below = prop::collection::vec(-tilt..=tilt, dimension * dimension);
    let diagonal = prop::collection::vec(scale, dimension);
    let mean = prop::collection::vec(-2.0..2.0_f64, dimension);
    (mean, diagonal, below).prop_map(move |(mean, diagonal, below)| {
        let entry = |i, j| if i == j { diagonal[i] } else { below[i * dimension + j] };
        Gaussian::from_cholesky(DVector::from_vec(mean), DMatrix::from_fn(dimension, dimension, entry)).unwrap()
    })
}

fn points(dimension: usize) -> impl Strategy<Value = DMatrix<f64>> {
    prop::collection::vec(-4.0..4.0_f64, 3 * dimension).prop_map(move |xs| DMatrix::from_vec(3, dimension, xs))
}

/// A law in three dimensions with correlations, and one with three components, of which two overlap.
fn oblique() -> Gaussian<f64> {
    Gaussian::new(dvector![1.0, -2.0, 0.5], dmatrix![4.0, 1.2, -0.4; 1.2, 2.0, 0.3; -0.4, 0.3, 0.5]).unwrap()
}

fn clover() -> Mixture<Gaussian<f64>> {
    let second = Gaussian::new(dvector![6.0, 0.0, 0.0], DMatrix::identity(3, 3) * 0.25).unwrap();
    let third = Gaussian::new(dvector![0.0, 1.0, 3.0], dmatrix![1.0, 0.5, 0.0; 0.5, 1.0, 0.0; 0.0, 0.0, 9.0]).unwrap();
    Mixture::new(&[0.5, 0.2, 0.3], vec![oblique(), second, third]).unwrap()
}

/// ∫ density by the trapezoidal rule over a box of many standard deviations, with steps well below one.
fn integral(law: &impl Density<Scalar = f64>, half_width: f64, step: f64) -> f64 {
    let side = (half_width / step) as i32;
    let axis: Vec<f64> = (-side..=side).map(|i| f64::from(i) * step).collect();
    let d = law.dimension();
    let total = axis.len().pow(d as u32);
    let rows = DMatrix::from_fn(total, d, |i, j| axis[i / axis.len().pow(j as u32) % axis.len()]);
    law.ln_pdf_rows(&rows).unwrap().iter().map(|x| x.exp()).sum::<f64>() * step.powi(d as i32)
}

fn sample_moments(rows: &DMatrix<f64>) -> (DVector<f64>, DMatrix<f64>) {
    let n = rows.nrows() as f64;
    let mean = rows.row_mean().transpose();
    let mut centred = rows.clone();
    centred.row_iter_mut().for_each(|mut row| row -= mean.transpose());
    (mean, centred.tr_mul(&centred) / n)
}

fn has_its_moments(name: &str, law: &(impl SampleRows<Scalar = f64> + Moments), kurtosis: f64) {
    let n = 100_000;
    let mut rng = rng(4);
    let (mean, covariance) = sample_moments(&law.sample_rows(n, &mut rng).unwrap());
    let (exact_mean, exact) = (law.mean(), law.covariance());
    for i in 0..law.dimension() {
        // Five standard errors: once in two million seeds.
        let tolerance = 5.0 * (exact[(i, i)] / n as f64).sqrt();
        assert!((mean[i] - exact_mean[i]).abs() <= tolerance, "{name} mean {i}: {} {}", mean[i], exact_mean[i]);
        for j in 0..law.dimension() {
            // The variance of (x - m)(y - m) is at most E (x - m)^2 (y - m)^2 <= kurtosis times both variances.
            let tolerance = 5.0 * (kurtosis * exact[(i, i)] * exact[(j, j)] / n as f64).sqrt();
            let (found, exact) = (covariance[(i, j)], exact[(i, j)]);
            assert!((found - exact).abs() <= tolerance, "{name} covariance {i}, {j}: {found} {exact}");
        }
    }
}

/// Φ(x) by the series φ(x) (x + x³/3 + x⁵/15 + ...), whose terms are all of one sign: full accuracy for |x| up to 6.
fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return if x > 0.0 { 1.0 } else { 0.0 }; // to 1e-9
    }
    let (mut term, mut sum, mut k) = (x, 0.0, 1.0);
    while term.abs() > 1e-17 * (1.0 + f64::abs(sum)) {
        sum += term;
        k += 2.0;
        term *= x * x / k;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// √n times the largest distance between the empirical and the exact distribution function.
fn kolmogorov(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let distance = |(i, &x): (usize, &f64)| (cdf(x) - i as f64 / n).abs().max((cdf(x) - (i as f64 + 1.0) / n).abs());
    draws.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
}

/// Kolmogorov's distribution exceeds this once in a thousand.
const KOLMOGOROV: f64 = 1.95;

fn projected_cdf(law: &Mixture<Gaussian<f64>>, direction: &DVector<f64>) -> impl Fn(f64) -> f64 {
    let parts: Vec<_> = law
        .weights()
        .iter()
        .zip(law.components())
        .map(|(&w, c)| (w, c.mean().dot(direction), (c.covariance() * direction).dot(direction).sqrt()))
        .collect();
    move |x| parts.iter().map(|&(w, mean, sd)| w * normal_cdf((x - mean) / sd)).sum()
}

/// Components a thousand standard deviations apart on a line: a row tells its component.
fn string_of(weights: &[f64]) -> Mixture<Gaussian<f64>> {
    let component = |k: usize| Gaussian::new(dvector![1000.0 * k as f64], dmatrix![1.0]).unwrap();
    Mixture::new(weights, (0..weights.len()).map(component).collect()).unwrap()
}

fn component_of(row: f64) -> usize {
    (row / 1000.0).round() as usize
}

/// The pivot at which a matrix fails, and its value to four decimals: rounding apart, that is.
fn singular(error: DistributionError) -> (usize, f64) {
    match error {
        DistributionError::NotPositiveDefinite { pivot, value } => (pivot, (value * 1e4).round() / 1e4 + 0.0),
        other => panic!("{other}"),
    }
}

/// The numbers of `tests/data/distribution.csv`, by name.
fn reference() -> BTreeMap<&'static str, Vec<f64>> {
    let lines = include_str!("../data/distribution.csv").lines();
    let numbers = |(name, rest): (&'static str, &str)| (name, rest.split(',').map(|x| x.parse().unwrap()).collect());
    lines.map(|line| numbers(line.split_once(',').unwrap())).collect()
}

/// Numbers that were written row by row.
fn matrix(numbers: &[f64], columns: usize) -> DMatrix<f64> {
    DMatrix::from_row_slice(numbers.len() / columns, columns, numbers)
}

#[test]
fn the_normal_distribution_function_of_these_tests_has_its_published_values() {
    // Abramowitz and Stegun, table 26.1.
    for (x, expected) in
        [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (2.0, 0.977_249_868_051_821), (-1.0, 0.158_655_253_931_457)]
    {
        assert!((normal_cdf(x) - expected).abs() < 1e-15, "{x}"); // half a unit in the last printed digit
    }
}

//! Maximum likelihood: the Gaussian fit and its sufficient statistics.
//!
//! The oracles are a naive two-pass computation, repetition of rows, exactly shifted data, and finite differences of
//! the likelihood.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accuracy;
mod structure;

use approx::assert_relative_eq;
use fenchel::distribution::{AffineImage, Density, Gaussian, Moments, SampleRows};
use fenchel::estimate::{FitMle, GaussianStatistics, SufficientStatistics};
use fenchel::nalgebra::{DMatrix, DVector, RowDVector, dmatrix, dvector};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{DistributionError, EstimateError};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Rows of numbers in ±1, with weights that may be 0: 1 to 40 rows, 1 to 4 columns.
fn weighted_rows() -> impl Strategy<Value = (DMatrix<f64>, Vec<f64>)> {
    (1..=40_usize, 1..=4_usize).prop_flat_map(|(n, d)| {
        let entries = prop::collection::vec(-1.0..1.0_f64, n * d);
        let weights = prop::collection::vec(prop_oneof![4 => 0.1..3.0_f64, 1 => Just(0.0)], n);
        (entries.prop_map(move |xs| DMatrix::from_vec(n, d, xs)), weights)
    })
}

fn statistics_of(rows: &DMatrix<f64>, weights: Option<&[f64]>) -> GaussianStatistics<f64> {
    let mut statistics = GaussianStatistics::empty(rows.ncols()).unwrap();
    statistics.observe(rows, weights).unwrap();
    statistics
}

/// Weight, mean and scatter: the mean first, then the deviations from it, each summed as it stands.
fn two_pass(rows: &DMatrix<f64>, weights: &[f64]) -> (f64, DVector<f64>, DMatrix<f64>) {
    let d = rows.ncols();
    let weight: f64 = weights.iter().sum();
    let mut mean = DVector::zeros(d);
    for (row, &w) in rows.row_iter().zip(weights) {
        mean += row.transpose() * (w / weight);
    }
    let mut scatter = DMatrix::zeros(d, d);
    for (row, &w) in rows.row_iter().zip(weights) {
        let offset = row.transpose() - &mean;
        scatter += &offset * offset.transpose() * w;
    }
    (weight, mean, scatter)
}

/// Sums of up to forty terms of at most 12 (a weight of 3 times a deviation of 2, squared), with a few roundings each.
const SUMS: f64 = 1e-12;

fn assert_same(a: &GaussianStatistics<f64>, b: &GaussianStatistics<f64>) {
    assert_eq!(a.rows(), b.rows());
    assert_relative_eq!(a.weight(), b.weight(), epsilon = SUMS);
    assert_relative_eq!(a.mean(), b.mean(), epsilon = SUMS);
    assert_relative_eq!(a.scatter(), b.scatter(), epsilon = SUMS);
}

/// The pivot at which an estimate fails.
fn singular(error: EstimateError) -> usize {
    match error {
        EstimateError::Distribution(DistributionError::NotPositiveDefinite { pivot, .. }) => pivot,
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn the_statistics_are_those_of_two_naive_passes((rows, weights) in weighted_rows()) {
        prop_assume!(weights.iter().any(|&w| w > 0.0));
        let statistics = statistics_of(&rows, Some(&weights));
        let (weight, mean, scatter) = two_pass(&rows, &weights);
        prop_assert_eq!(statistics.rows(), weights.iter().filter(|&&w| w > 0.0).count());
        assert_relative_eq!(statistics.weight(), weight, epsilon = SUMS);
        assert_relative_eq!(statistics.mean(), &mean, epsilon = SUMS);
        assert_relative_eq!(statistics.scatter(), &scatter, epsilon = SUMS);
        prop_assert_eq!(statistics.scatter(), &statistics.scatter().transpose(), "symmetric to the last bit");
    }

    #[test]
    fn no_weights_are_weights_of_one((rows, _) in weighted_rows()) {
        let ones = vec![1.0; rows.nrows()];
        prop_assert_eq!(statistics_of(&rows, None), statistics_of(&rows, Some(&ones)));
    }

    #[test]
    fn a_whole_weight_is_a_repetition((rows, _) in weighted_rows(), seed in any::<u64>()) {
        let mut rng = rng(seed);
        let counts: Vec<usize> = (0..rows.nrows()).map(|_| rng.random_range(0..4)).collect();
        let repeated: Vec<RowDVector<f64>> =
            rows.row_iter().zip(&counts).flat_map(|(row, &c)| std::iter::repeat_n(row.into_owned(), c)).collect();
        prop_assume!(!repeated.is_empty());
        let weights: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
        let weighted = statistics_of(&rows, Some(&weights));
        let repeated = statistics_of(&DMatrix::from_rows(&repeated), None);
        assert_relative_eq!(weighted.weight(), repeated.weight());
        assert_relative_eq!(weighted.mean(), repeated.mean(), epsilon = SUMS);
        assert_relative_eq!(weighted.scatter(), repeated.scatter(), epsilon = 4.0 * SUMS); // four times as many terms
    }

    #[test]
    fn parts_merged_in_any_order_are_the_whole(
        (rows, weights) in weighted_rows(), cuts in prop::collection::vec(0..=40_usize, 0..5), seed in any::<u64>(),
    ) {
        let whole = statistics_of(&rows, Some(&weights));
        let n = rows.nrows();
        let mut ends: Vec<usize> = cuts.iter().map(|&cut| cut.min(n)).chain([0, n]).collect();
        ends.sort_unstable();
        let part = |w: &[usize]| statistics_of(&rows.rows(w[0], w[1] - w[0]).into_owned(), Some(&weights[w[0]..w[1]]));
        let mut parts: Vec<_> = ends.windows(2).map(part).collect();
        let mut rng = rng(seed);
        // Merge any two, until one is left.
        while parts.len() > 1 {
            let from = parts.swap_remove(rng.random_range(0..parts.len()));
            let into = rng.random_range(0..parts.len());
            parts[into].merge(&from).unwrap();
        }
        assert_same(&parts[0], &whole);
        // Or observe one after the other.
        let mut observed = GaussianStatistics::empty(rows.ncols()).unwrap();
        for w in ends.windows(2) {
            observed.observe(&rows.rows(w[0], w[1] - w[0]).into_owned(), Some(&weights[w[0]..w[1]])).unwrap();
        }
        assert_same(&observed, &whole);
    }

    #[test]
    fn what_is_empty_is_the_unit_of_merging((rows, weights) in weighted_rows()) {
        let whole = statistics_of(&rows, Some(&weights));
        let empty = GaussianStatistics::empty(rows.ncols()).unwrap();
        let (mut left, mut right) = (empty.clone(), whole.clone());
        left.merge(&whole).unwrap();
        right.merge(&empty).unwrap();
        prop_assert_eq!(&left, &whole);
        prop_assert_eq!(&right, &whole);
    }

    #[test]
    fn a_row_of_weight_zero_leaves_no_trace((rows, _) in weighted_rows(), value in -1e9..1e9_f64) {
        let n = rows.nrows();
        let with = rows.clone().insert_row(n, value).insert_row(0, value);
        let mut weights = vec![1.0; n + 2];
        (weights[0], weights[n + 1]) = (0.0, 0.0);
        let (with, without) = (statistics_of(&with, Some(&weights)), statistics_of(&rows, None));
        assert_same(&with, &without);
    }

    /// Rows and shift are multiples of 2^-20 below 2^27: the shifted rows are exact, so nothing but the algorithm can
    /// lose accuracy.
    #[test]
    fn data_far_from_the_origin_keep_their_accuracy(
        entries in prop::collection::vec(-1_000_000..1_000_000_i32, 3 * 30), far in prop_oneof![Just(1e8), Just(-1e8)],
    ) {
        let rows = DMatrix::from_iterator(30, 3, entries.iter().map(|&i| f64::from(i) * 2.0_f64.powi(-20)));
        let (near, shifted) = (statistics_of(&rows, None), statistics_of(&rows.add_scalar(far), None));
        // The scatter is a sum of thirty squares of deviations. Rounding the mean to 2^-27 near 1e8 would add 30 *
        // 2^-54: nothing.
        let size = near.scatter().amax().max(1e-6);
        prop_assert!((shifted.scatter() - near.scatter()).amax() <= 64.0 * f64::EPSILON * size.max(1.0));
        // The mean itself can be no better than half a unit at 1e8, and a rounding of the sum.
        prop_assert!((shifted.mean() - near.mean().add_scalar(far)).amax() <= 2.0 * 1e8 * f64::EPSILON);
    }

    #[test]
    fn data_on_a_line_have_no_estimate(
        xs in prop::collection::vec(-1.0..1.0_f64, 3..30), slope in -2.0..2.0_f64, intercept in -1.0..1.0_f64,
    ) {
        let rows = DMatrix::from_fn(xs.len(), 2, |i, j| if j == 0 { xs[i] } else { slope * xs[i] + intercept });
        let error = Gaussian::fit_mle(&rows).map(|law| law.covariance());
        let all_equal = xs.iter().all(|x| *x == xs[0]);
        prop_assert_eq!(error.map_err(singular), Err(if all_equal { 0 } else { 1 }));
    }

    /// Also where the value and its sums are rounded, and whatever the weights.
    #[test]
    fn a_column_that_does_not_vary_has_no_estimate(
        (rows, weights) in weighted_rows(), value in prop_oneof![-1.0..1.0_f64, 1e5..1e9_f64], first in any::<bool>(),
    ) {
        prop_assume!(weights.iter().filter(|&&w| w > 0.0).count() > rows.ncols() + 1);
        let column = if first { 0 } else { rows.ncols() };
        let rows = rows.insert_column(column, value);
        match Gaussian::fit_mle_weighted(&rows, &weights) {
            // The rows of a shrunk case may lie in a plane already.
            Err(EstimateError::Distribution(DistributionError::NotPositiveDefinite { pivot, .. })) => {
                prop_assert!(pivot <= column, "pivot {} rather than {}", pivot, column);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// The other side of the line that rounding draws, √(4 ε (√n + 2)) or 8e-8 of the deviation: four times as far off there is an estimate.
    #[test]
    fn data_near_a_line_have_an_estimate(xs in prop::collection::vec(-1.0..1.0_f64, 8..30), up in any::<u32>()) {
        let mean = xs.iter().sum::<f64>() / xs.len() as f64;
        let variance = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / xs.len() as f64;
        prop_assume!(variance > 0.1);
        // Up or down at random, but never all the same way.
        let off = |i: usize| if i == 0 || (i > 1 && up >> i & 1 == 1) { 3e-7 } else { -3e-7 };
        let rows = DMatrix::from_fn(xs.len(), 2, |i, j| if j == 0 { xs[i] } else { xs[i] + off(i) });
        prop_assert!(Gaussian::fit_mle(&rows).is_ok());
    }

    #[test]
    fn the_fit_moves_along_with_an_affine_map(
        entries in prop::collection::vec(-1.0..1.0_f64, 9), seed in any::<u64>(),
    ) {
        // Diagonally dominant, hence invertible.
        let map = DMatrix::from_row_slice(3, 3, &entries) + DMatrix::identity(3, 3) * 3.5;
        let offset = dvector![5.0, -3.0, 100.0];
        let rows = Gaussian::<f64>::standard(3).unwrap().sample_rows(50, &mut rng(seed)).unwrap();
        let mut images = &rows * map.transpose();
        images.row_iter_mut().for_each(|mut row| row += offset.transpose());
        let (of_images, image_of) = (
            Gaussian::fit_mle(&images).unwrap(),
            Gaussian::fit_mle(&rows).unwrap().affine_image(&map, &offset).unwrap(),
        );
        // The images are rounded at 100, five digits of which are offset.
        assert_relative_eq!(of_images, image_of, epsilon = 1e-11);
    }
}

#[test]
fn a_far_row_of_next_to_no_weight_does_not_spoil_the_others() {
    // As the rows of another component have in an EM step. It adds 1e-30 * 1e9 to the mean and 1e-30 * 1e18 to the
    // scatter.
    for place in [0, 20, 40] {
        let rows = clutter(40).insert_row(place, 1e9);
        let mut weights = vec![1.0; 41];
        weights[place] = 1e-30;
        let (with, without) = (statistics_of(&rows, Some(&weights)), statistics_of(&clutter(40), None));
        // 40 squares of up to about 25.
        assert_relative_eq!(with.mean(), without.mean(), epsilon = SUMS);
        assert_relative_eq!(with.scatter(), without.scatter(), epsilon = 10.0 * SUMS);
    }
}

#[test]
fn many_blocks_are_as_accurate_as_one() {
    // More rows than any block that an implementation may take at a time.
    let rows = Gaussian::<f64>::standard(3).unwrap().sample_rows(5000, &mut rng(3)).unwrap().add_scalar(1000.0);
    let weights: Vec<f64> = (0..5000).map(|i| f64::from(i % 7) / 2.0).collect();
    let statistics = statistics_of(&rows, Some(&weights));
    let (weight, mean, scatter) = two_pass(&rows, &weights);
    assert_relative_eq!(statistics.weight(), weight);
    // The naive sums are the worse ones: 5000 roundings of a number of 1000.
    assert_relative_eq!(statistics.mean(), &mean, epsilon = 5000.0 * 1000.0 * f64::EPSILON);
    assert_relative_eq!(statistics.scatter(), &scatter, epsilon = 1e-7);
    assert_eq!(statistics.rows(), weights.iter().filter(|&&w| w > 0.0).count());
}

#[test]
fn the_fit_divides_the_scatter_by_the_weight_and_keeps_the_mean() {
    let rows = clutter(40);
    let weights: Vec<f64> = (0..40).map(|i| 0.5 + f64::from(i % 3)).collect();
    let (weight, mean, scatter) = two_pass(&rows, &weights);
    let law = Gaussian::fit_mle_weighted(&rows, &weights).unwrap();
    assert_relative_eq!(law.mean(), mean, epsilon = SUMS);
    assert_relative_eq!(law.covariance(), scatter / weight, epsilon = SUMS);
    let (weight, mean, scatter) = two_pass(&rows, &vec![1.0; 40]);
    let law = Gaussian::fit_mle(&rows).unwrap();
    assert_relative_eq!(law.mean(), mean, epsilon = SUMS);
    assert_relative_eq!(law.covariance(), scatter / weight, epsilon = SUMS);
    assert_eq!(law, Gaussian::fit_mle_from(&statistics_of(&rows, None)).unwrap());
}

#[test]
fn single_precision_keeps_its_accuracy_far_from_the_origin() {
    // Multiples of 2^-8 in ±2, moved by 2^12: exact in f32's 24 bits.
    let mut rng = rng(6);
    let rows = DMatrix::from_fn(600, 2, |_, _| rng.random_range(-512..512) as f32 / 256.0);
    let (near, far) = (Gaussian::fit_mle(&rows).unwrap(), Gaussian::fit_mle(&rows.add_scalar(4096.0)).unwrap());
    // The exact fit, in f64. Sums of 600 squares of at most 4 in two blocks: some tens of units; E x^2 - (E x)^2 would
    // lose all digits.
    let exact = Gaussian::fit_mle(&rows.cast::<f64>()).unwrap();
    for law in [&near, &far] {
        assert_relative_eq!(
            law.covariance().cast::<f64>(),
            exact.covariance(),
            epsilon = 64.0 * f64::from(f32::EPSILON)
        );
    }
    assert_relative_eq!(near.mean().cast::<f64>(), exact.mean(), epsilon = 8.0 * f64::from(f32::EPSILON));
    // Half a unit at 4096, and one rounding more.
    assert_relative_eq!(
        far.mean().cast::<f64>(),
        exact.mean().add_scalar(4096.0),
        epsilon = 4096.0 * f64::from(f32::EPSILON)
    );
}

/// Rows with correlations: the second column leans on the first.
fn clutter(n: usize) -> DMatrix<f64> {
    let law = Gaussian::new(dvector![1.0, -1.0, 0.0], dmatrix![1.0, 0.6, 0.0; 0.6, 2.0, 0.3; 0.0, 0.3, 0.5]).unwrap();
    law.sample_rows(n, &mut rng(40)).unwrap()
}

#[test]
fn the_likelihood_is_flat_at_the_fit_and_falls_in_every_direction() {
    let rows = clutter(60);
    let fit = Gaussian::fit_mle(&rows).unwrap();
    let mut rng = rng(41);
    for _ in 0..20 {
        let to_mean = DVector::from_fn(3, |_, _| rng.random_range(-1.0..1.0_f64));
        let to_factor = DMatrix::from_fn(3, 3, |i, j| if i >= j { rng.random_range(-1.0..1.0_f64) } else { 0.0 });
        let likelihood = |h: f64| {
            let law =
                Gaussian::from_cholesky(fit.mean() + &to_mean * h, fit.cholesky_factor() + &to_factor * h).unwrap();
            law.ln_pdf_rows(&rows).unwrap().mean()
        };
        let h = 1e-4;
        let slope = (likelihood(h) - likelihood(-h)) / (2.0 * h);
        // h^2/6 = 2e-9 times a third derivative of up to a few hundred (entries over 0.5, cubed); roundings: 1e-15/h.
        assert!(slope.abs() < 1e-6, "{slope}");
        for h in [-0.05, -0.01, 0.01, 0.05] {
            assert!(likelihood(h) < likelihood(0.0), "the fit is the likeliest law");
        }
    }
}

#[test]
fn the_fit_comes_to_the_law_of_the_draws() {
    let law = Gaussian::new(dvector![3.0, -1.0], dmatrix![2.0, 0.5; 0.5, 1.0]).unwrap();
    let fit = Gaussian::fit_mle(&law.sample_rows(200_000, &mut rng(7)).unwrap()).unwrap();
    // Five standard errors: sqrt(2/n) for the mean, 2 sqrt(2/n) for the covariance.
    assert_relative_eq!(fit.mean(), law.mean(), epsilon = 0.016);
    assert_relative_eq!(fit.covariance(), law.covariance(), epsilon = 0.032);
}

// ---------------------------------------------------------------------------------------------------------------------
// Wrong data
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn too_few_rows_are_counted() {
    let too_few = |rows, needed| EstimateError::TooFewRows { rows, needed };
    let fit = |rows: DMatrix<f64>| Gaussian::fit_mle(&rows).unwrap_err();
    assert_eq!(fit(DMatrix::zeros(0, 3)), too_few(0, 4));
    assert_eq!(fit(DMatrix::zeros(1, 1)), too_few(1, 2));
    assert_eq!(fit(clutter(3)), too_few(3, 4)); // three points span a plane of the space
    assert!(Gaussian::fit_mle(&clutter(4)).is_ok());
    // Rows of weight zero do not count.
    let error = Gaussian::fit_mle_weighted(&clutter(5), &[1.0, 0.0, 1.0, 1.0, 0.0]).unwrap_err();
    assert_eq!(error, too_few(3, 4));
    let zero = EstimateError::Distribution(DistributionError::ZeroDimension);
    assert_eq!(fit(DMatrix::zeros(4, 0)), zero);
    assert_eq!(GaussianStatistics::<f64>::empty(0).unwrap_err(), zero);
}

#[test]
fn data_in_less_than_the_space_have_no_estimate() {
    let fit = |rows: DMatrix<f64>| singular(Gaussian::fit_mle(&rows).unwrap_err());
    // A column that does not vary, first or last.
    assert_eq!(fit(dmatrix![5.0, 1.0; 5.0, 2.0; 5.0, 4.0]), 0);
    assert_eq!(fit(dmatrix![1.0, 5.0; 2.0, 5.0; 4.0, 5.0]), 1);
    // The third column is the sum of the other two.
    let mut rows = clutter(50);
    let sum = rows.column(0) + rows.column(1);
    rows.set_column(2, &sum);
    assert_eq!(fit(rows), 2);
    // One point, many times over.
    assert_eq!(fit(DMatrix::from_element(10, 2, 0.1)), 0);
    // Tiny or thin is not flat.
    assert!(Gaussian::fit_mle(&(clutter(10) * 1e-100)).is_ok());
    let mut thin = clutter(50);
    thin.column_mut(2).scale_mut(1e-12);
    assert!(Gaussian::fit_mle(&thin).is_ok());
}

#[test]
fn wrong_rows_and_weights_are_named_and_nothing_is_taken_in() {
    let mut statistics = statistics_of(&clutter(10), None);
    let before = statistics.clone();
    let mut refuse = |rows: &DMatrix<f64>, weights: Option<&[f64]>| {
        let error = statistics.observe(rows, weights).unwrap_err();
        assert_eq!(statistics, before, "after {error}");
        error
    };
    assert_eq!(refuse(&DMatrix::zeros(4, 2), None), EstimateError::ColumnMismatch { expected: 3, found: 2 });
    // Far behind, so that many a block before it is fine.
    let mut rows = DMatrix::from_element(3000, 3, 1.0);
    rows[(2999, 1)] = f64::NEG_INFINITY;
    let infinite = EstimateError::NonFinite { row: 2999, column: 1, value: f64::NEG_INFINITY };
    assert_eq!(refuse(&rows, None), infinite);
    rows[(2999, 1)] = f64::NAN;
    match refuse(&rows, None) {
        EstimateError::NonFinite { row: 2999, column: 1, value } => assert!(value.is_nan()),
        other => panic!("{other}"),
    }
    rows[(2999, 1)] = 1.0;
    assert_eq!(refuse(&rows, Some(&[1.0; 2])), EstimateError::WeightCount { weights: 2, rows: 3000 });
    for weight in [-1.0, f64::INFINITY] {
        let mut weights = vec![1.0; 3000];
        weights[2998] = weight;
        assert_eq!(refuse(&rows, Some(&weights)), EstimateError::InvalidWeight { row: 2998, weight });
    }
    let mut weights = vec![1.0; 3000];
    weights[7] = f64::NAN;
    match refuse(&rows, Some(&weights)) {
        EstimateError::InvalidWeight { row: 7, weight } => assert!(weight.is_nan()),
        other => panic!("{other}"),
    }
    let other = GaussianStatistics::empty(2).unwrap();
    assert_eq!(statistics.merge(&other).unwrap_err(), EstimateError::ColumnMismatch { expected: 3, found: 2 });
    assert_eq!(statistics, before);
}

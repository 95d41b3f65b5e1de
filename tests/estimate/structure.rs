//! Fits of diagonal and spherical covariances beside those of full ones, and the parts that many rows are taken in.

use approx::assert_relative_eq;
use fenchel::distribution::{Diagonal, DiagonalGaussian, Full, Gaussian, Moments, Spherical, SphericalGaussian};
use fenchel::estimate::{FitMle, GaussianStatistics, Scatter, StructuredStatistics, SufficientStatistics};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};
use fenchel::rand::RngExt;
use fenchel::{DistributionError, EstimateError};
use proptest::prelude::*;

use crate::{SUMS, clutter, fixed, rng, two_pass, weighted_rows};

/// The parts of `src/parallel.rs`: more rows than this are shared out.
const PART: usize = 8 * 992;

fn statistics<S: Scatter>(rows: &DMatrix<f64>, weights: Option<&[f64]>) -> StructuredStatistics<f64, S> {
    let mut statistics = StructuredStatistics::empty(rows.ncols()).unwrap();
    statistics.observe(rows, weights).unwrap();
    statistics
}

/// The parts between the cuts, observed one after another, and merged, are the whole.
fn parts_are_the_whole<S: Scatter>(rows: &DMatrix<f64>, weights: &[f64], cut: usize) {
    let (n, whole) = (rows.nrows(), statistics::<S>(rows, Some(weights)));
    let part = |from: usize, to: usize| rows.rows(from, to - from).into_owned();
    let mut observed = statistics::<S>(&part(0, cut), Some(&weights[..cut]));
    let mut merged = observed.clone();
    observed.observe(&part(cut, n), Some(&weights[cut..])).unwrap();
    merged.merge(&statistics::<S>(&part(cut, n), Some(&weights[cut..]))).unwrap();
    assert_eq!(observed, merged, "to the bit");
    assert_eq!(observed.rows(), whole.rows());
    assert_relative_eq!(observed.weight(), whole.weight(), epsilon = SUMS);
    assert_relative_eq!(observed.mean(), whole.mean(), epsilon = SUMS);
    assert_relative_eq!(observed.scatter(), whole.scatter(), epsilon = SUMS);
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn diagonal_and_spherical_statistics_are_what_two_naive_passes_leave_of_them((rows, weights) in weighted_rows()) {
        prop_assume!(weights.iter().any(|&w| w > 0.0));
        let (weight, mean, scatter) = two_pass(&rows, &weights);
        let d = rows.ncols();
        let diagonal = statistics::<Diagonal>(&rows, Some(&weights));
        let spherical = statistics::<Spherical>(&rows, Some(&weights));
        assert_relative_eq!(diagonal.mean(), &mean, epsilon = SUMS);
        assert_relative_eq!(spherical.mean(), &mean, epsilon = SUMS);
        assert_eq!((diagonal.weight(), diagonal.rows()), (spherical.weight(), spherical.rows()));
        assert_relative_eq!(diagonal.weight(), weight, epsilon = SUMS);
        assert_relative_eq!(diagonal.scatter(), &DMatrix::from_column_slice(d, 1, scatter.diagonal().as_slice()), epsilon = SUMS);
        // A weight is 0.1 or more, so that the quotient is ten times as large at the most.
        let covariance = DMatrix::from_diagonal(&(scatter.diagonal() / weight));
        assert_relative_eq!(diagonal.covariance().unwrap(), &covariance, epsilon = 10.0 * SUMS);
        let mean_variance = DMatrix::from_diagonal_element(d, d, covariance.trace() / d as f64);
        assert_relative_eq!(spherical.covariance().unwrap(), &mean_variance, epsilon = 10.0 * SUMS);
    }

    #[test]
    fn diagonal_and_spherical_fits_are_the_diagonal_and_the_trace_of_the_full_one((rows, weights) in weighted_rows()) {
        let positive = weights.iter().filter(|&&w| w > 0.0).count();
        let fits = (
            DiagonalGaussian::fit_mle_weighted(&rows, &weights),
            SphericalGaussian::fit_mle_weighted(&rows, &weights),
        );
        if positive < 2 {
            let few = EstimateError::TooFewRows { rows: positive, needed: 2 };
            prop_assert_eq!((fits.0.unwrap_err(), fits.1.unwrap_err()), (few, few));
            return Ok(());
        }
        let full = statistics::<Full>(&rows, Some(&weights));
        let variances = full.covariance().unwrap().diagonal();
        // Shrunk cases have columns of the same numbers.
        prop_assume!(variances.iter().all(|&v| v > 1e-6));
        let (diagonal, spherical) = (fits.0.unwrap(), fits.1.unwrap());
        assert_relative_eq!(diagonal.standard_deviations(), &variances.map(f64::sqrt), max_relative = 1e-9);
        assert_relative_eq!(diagonal.covariance().diagonal(), variances, epsilon = 10.0 * SUMS);
        assert_relative_eq!(spherical.standard_deviation().powi(2), variances.mean(), epsilon = 10.0 * SUMS);
        assert_eq!(diagonal.mean(), spherical.mean());
        assert_relative_eq!(diagonal.mean(), full.mean(), epsilon = SUMS);
    }

    #[test]
    fn parts_of_any_structure_are_the_whole((rows, weights) in weighted_rows(), cut in 0..=40_usize) {
        let cut = cut.min(rows.nrows());
        parts_are_the_whole::<Full>(&rows, &weights, cut);
        parts_are_the_whole::<Diagonal>(&rows, &weights, cut);
        parts_are_the_whole::<Spherical>(&rows, &weights, cut);
    }
}

#[test]
fn the_unbiased_covariance_divides_by_one_less_than_the_count() {
    // 1, 1, 2, 4, 4, 4: mean 8/3, sum of squares 2·25/9 + 4/9 + 3·16/9 = 34/3, over 5; as numpy.cov has it with fweights.
    let (rows, counts) = (dmatrix![1.0; 2.0; 4.0], [2.0, 1.0, 3.0]);
    fn check<S: Scatter>(rows: &DMatrix<f64>, counts: &[f64]) {
        let statistics = statistics::<S>(rows, Some(counts));
        // A few roundings.
        assert_relative_eq!(statistics.unbiased_covariance().unwrap()[(0, 0)], 34.0 / 15.0, max_relative = 1e-15);
        assert_relative_eq!(statistics.covariance().unwrap()[(0, 0)], 34.0 / 18.0, max_relative = 1e-15);
    }
    check::<Full>(&rows, &counts);
    check::<Diagonal>(&rows, &counts);
    check::<Spherical>(&rows, &counts);
    // Means 2 and 3, sums of squares 2 and 8, of products 4, over 2.
    let rows = dmatrix![1.0, 1.0; 2.0, 3.0; 3.0, 5.0];
    assert_eq!(statistics::<Full>(&rows, None).unbiased_covariance().unwrap(), dmatrix![1.0, 2.0; 2.0, 4.0]);
    assert_eq!(statistics::<Diagonal>(&rows, None).unbiased_covariance().unwrap(), dmatrix![1.0, 0.0; 0.0, 4.0]);
    assert_eq!(statistics::<Spherical>(&rows, None).unbiased_covariance().unwrap(), dmatrix![2.5, 0.0; 0.0, 2.5]);
}

/// A sum of squares below the normal numbers has fewer digits than it should have, which nobody would see.
#[test]
fn squares_that_have_lost_digits_make_no_estimate() {
    let rows = dmatrix![0.0_f32; 1.0; 2.0; 5.3] * 1e-4;
    let statistics_of = |size: f32, weight: f32| {
        let mut statistics = StructuredStatistics::<f32, Full>::empty(1).unwrap();
        statistics.observe(&(&rows * size), Some(&[weight; 4])).unwrap();
        statistics
    };
    let variance = |size, weight| statistics_of(size, weight).covariance().map(|covariance| covariance[0]);
    for weight in [1.0, 1e-20, 1e-25, 1e-30] {
        // Roundings of the rows, of their deviations, squares and sum.
        assert_relative_eq!(variance(1.0, weight).unwrap(), 3.966875e-8, max_relative = 4e-7);
    }
    for (size, weight) in [(3e-16, 1.0), (1e-10, 1e-12), (1e-2, 1e-28)] {
        let error = variance(size, weight).unwrap_err();
        assert!(matches!(error, EstimateError::Underflow { column: 0, sum } if sum < 5e-38), "{error}");
        assert_eq!(Gaussian::fit_mle_from(&statistics_of(size, weight)).unwrap_err(), error);
    }
    // A variance of one column says enough of both where they have one in common.
    let rows_of = dmatrix![0.0, 1.0; 1e-170, 2.0; 2e-170, 4.0];
    assert!(statistics::<Spherical>(&rows_of, None).covariance().is_ok());
    // Of such weights shares have none.
    for weight in [1e-35, 1e-40] {
        let mut statistics = StructuredStatistics::<f32, Full>::empty(1).unwrap();
        let error = statistics.observe(&rows, Some(&[weight; 4])).unwrap_err();
        assert!(
            matches!(error, EstimateError::Distribution(DistributionError::WeightSum { sum }) if sum < 1e-34),
            "{error}"
        );
        assert_eq!(statistics.rows(), 0);
    }
    let tiny = statistics::<Diagonal>(&(clutter(9) * 1e-160), None);
    assert!(matches!(tiny.covariance(), Err(EstimateError::Underflow { column: 0, .. })), "{tiny:?}");
    // A column that is constant has a variance, which is 0.
    assert_eq!(statistics::<Diagonal>(&dmatrix![7.1; 7.1], None).covariance().unwrap()[0], 0.0);
}

#[test]
fn one_row_has_no_unbiased_covariance() {
    let statistics_of = |weights: &[f64]| statistics::<Diagonal>(&clutter(2), Some(weights));
    for (weights, weight) in [([0.0, 0.0], 0.0), ([1.0, 0.0], 1.0), ([0.5, 0.5], 1.0), ([0.25, 0.25], 0.5)] {
        let error = statistics_of(&weights).unbiased_covariance().unwrap_err();
        assert_eq!(error, EstimateError::TooLittleWeight { weight });
    }
    assert!(statistics_of(&[0.75, 0.75]).unbiased_covariance().is_ok());
    let none = EstimateError::TooFewRows { rows: 0, needed: 1 };
    assert_eq!(statistics_of(&[0.0, 0.0]).covariance().unwrap_err(), none);
}

#[test]
fn a_value_that_is_not_finite_is_found_though_its_block_has_no_weight() {
    fn check<S: Scatter>(place: usize, value: f64, weights: &[f64]) {
        let mut rows = DMatrix::from_fn(weights.len(), 2, |i, j| (i * (j + 1)) as f64);
        rows[(place, 1)] = value;
        let mut statistics = StructuredStatistics::<f64, S>::empty(2).unwrap();
        match statistics.observe(&rows, Some(weights)).unwrap_err() {
            EstimateError::NonFinite { row, column: 1, value: found } => {
                assert_eq!(row, place);
                assert!(found == value || (found.is_nan() && value.is_nan()));
            }
            other => panic!("{other}"),
        }
        assert_eq!(statistics, StructuredStatistics::empty(2).unwrap(), "nothing is taken in");
    }
    let n = 2 * PART + 300;
    let nothing = vec![0.0; n];
    let some: Vec<f64> = (0..n).map(|i| if (PART + 100..PART + 600).contains(&i) { 0.0 } else { 1.0 }).collect();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for place in [0, PART + 300, n - 1] {
            for weights in [&nothing, &some] {
                check::<Full>(place, value, weights);
                check::<Diagonal>(place, value, weights);
                check::<Spherical>(place, value, weights);
            }
        }
    }
}

#[test]
fn numbers_at_the_end_of_the_range_are_an_error_or_an_estimate_and_never_nan() {
    fn check<S: Scatter>(rows: &DMatrix<f64>) {
        let statistics = statistics::<S>(rows, None);
        for covariance in [statistics.covariance(), statistics.unbiased_covariance()] {
            match covariance.unwrap_err() {
                EstimateError::Distribution(DistributionError::NonFinite { what, .. }) => {
                    assert_eq!(what, "the covariance of the data");
                }
                other => panic!("{other}"),
            }
        }
        assert!(fenchel::distribution::StructuredGaussian::<f64, S>::fit_mle_from(&statistics).is_err());
    }
    for far in [1e155, 1e300] {
        let rows = dmatrix![far, 0.0; -far, 1.0; far, 3.0; -far, -1.0];
        check::<Full>(&rows);
        check::<Diagonal>(&rows);
        check::<Spherical>(&rows);
    }
    // Far away, but together: multiples of 2⁵⁰⁰ around 2⁵³⁰, whose squares are no numbers.
    let unit = 2f64.powi(500);
    let near = dmatrix![1.0, 0.0; -3.0, 1.0; 2.0, 3.0; 4.0, -1.0];
    let far = (&near * unit).add_scalar(unit * 2f64.powi(30));
    let (near, far) = (statistics::<Full>(&near, None), statistics::<Full>(&far, None));
    // A few roundings, and nothing lost by the way: the rows are exact.
    assert_relative_eq!(far.scatter() / (unit * unit), near.scatter(), max_relative = 1e-14, epsilon = 1e-14);
}

#[test]
fn values_farther_apart_than_the_numbers_reach_are_refused() {
    fn check<S: Scatter>(rows: &DMatrix<f64>, weights: Option<&[f64]>) {
        let mut found = statistics::<S>(&clutter(3), None);
        let before = found.clone();
        match found.observe(rows, weights).unwrap_err() {
            EstimateError::Distribution(DistributionError::NonFinite { what, row: 1, column: 0, value }) => {
                assert_eq!(what, "the mean of the data");
                assert!(!value.is_finite());
            }
            other => panic!("{other}"),
        }
        assert_eq!(found, before, "nothing is taken in");
    }
    let rows = dmatrix![0.0, f64::MAX, 0.0; 1.0, -f64::MAX, 0.0; 2.0, 0.0, 0.0];
    for weights in [None, Some(&[1.0, 1.0, 1.0][..]), Some(&[1.0, 0.0, 1.0])] {
        check::<Full>(&rows, weights);
        check::<Diagonal>(&rows, weights);
        check::<Spherical>(&rows, weights);
    }
}

#[test]
fn weights_that_do_not_add_up_to_a_number_are_refused() {
    let mut statistics = statistics::<Diagonal>(&clutter(3), Some(&[1e308, 1.0, 0.0]));
    let before = statistics.clone();
    let infinite = EstimateError::Distribution(DistributionError::WeightSum { sum: f64::INFINITY });
    for weights in [[1e308, 1e308, 0.0], [1e308, 0.0, 0.0]] {
        assert_eq!(statistics.observe(&clutter(3), Some(&weights)).unwrap_err(), infinite);
        assert_eq!(statistics, before, "nothing is taken in");
    }
}

#[test]
fn columns_that_do_not_vary_have_no_diagonal_estimate_but_a_spherical_one() {
    let rows = clutter(20).insert_column(1, 0.1);
    match DiagonalGaussian::fit_mle(&rows).unwrap_err() {
        EstimateError::Distribution(DistributionError::NotPositiveDefinite { pivot: 1, value: 0.0 }) => {}
        other => panic!("{other}"),
    }
    assert!(SphericalGaussian::fit_mle(&rows).is_ok());
    // All of them: one point.
    let point = DMatrix::from_element(20, 3, 0.1);
    assert!(matches!(
        SphericalGaussian::fit_mle(&point).unwrap_err(),
        EstimateError::Distribution(DistributionError::NotPositiveDefinite { pivot: 0, value: 0.0 })
    ));
    // Two rows are enough in any dimension.
    assert!(DiagonalGaussian::fit_mle(&clutter(2)).is_ok());
    assert!(matches!(Gaussian::fit_mle(&clutter(2)).unwrap_err(), EstimateError::TooFewRows { rows: 2, needed: 4 }));
}

/// Numbers whose sums round.
fn many(n: usize) -> (DMatrix<f64>, Vec<f64>) {
    let mut rng = rng(70);
    let rows = DMatrix::from_fn(n, 3, |_, j| rng.random_range(-1.0..1.0) + 10.0 * j as f64);
    (rows, (0..n).map(|_| rng.random_range(0.0..2.0)).collect())
}

/// Pieces of so many rows are never shared out, so that this holds for any number of threads.
#[test]
fn many_rows_are_taken_in_part_by_part_to_the_bit() {
    fn check<S: Scatter>(rows: &DMatrix<f64>, weights: Option<&[f64]>) {
        let mut parts = StructuredStatistics::<f64, S>::empty(rows.ncols()).unwrap();
        for first in (0..rows.nrows()).step_by(PART) {
            let count = PART.min(rows.nrows() - first);
            let part = rows.rows(first, count).into_owned();
            parts.observe(&part, weights.map(|weights| &weights[first..first + count])).unwrap();
        }
        assert_eq!(parts, statistics::<S>(rows, weights));
    }
    let (rows, weights) = many(5 * PART + 77);
    for weights in [None, Some(&weights[..])] {
        check::<Full>(&rows, weights);
        check::<Diagonal>(&rows, weights);
        check::<Spherical>(&rows, weights);
    }
}

#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_shows_in_no_bit() {
    fn check<S: Scatter>(rows: &DMatrix<f64>, weights: Option<&[f64]>) {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| statistics::<S>(rows, weights))
        };
        let one = on(1);
        assert_eq!(on(2), one);
        assert_eq!(on(3), one);
    }
    // More parts than one or two threads take together.
    let (rows, weights) = many(9 * PART + 77);
    for weights in [None, Some(&weights[..])] {
        check::<Full>(&rows, weights);
        check::<Diagonal>(&rows, weights);
        check::<Spherical>(&rows, weights);
    }
}

#[test]
fn statistics_of_another_structure_have_the_shape_they_are_documented_to_have() {
    let rows = clutter(10);
    assert_eq!(statistics::<Full>(&rows, None).scatter().shape(), (3, 3));
    assert_eq!(statistics::<Diagonal>(&rows, None).scatter().shape(), (3, 1));
    assert_eq!(statistics::<Spherical>(&rows, None).scatter().shape(), (3, 1));
    let mut diagonal = statistics::<Diagonal>(&rows, None);
    let other = StructuredStatistics::<f64, Diagonal>::empty(2).unwrap();
    assert_eq!(diagonal.merge(&other).unwrap_err(), EstimateError::ColumnMismatch { expected: 3, found: 2 });
    assert_eq!(diagonal.mean(), GaussianStatistics::mean(&statistics::<Full>(&rows, None)));
    assert_eq!(StructuredStatistics::<f64, Spherical>::empty(1).unwrap().mean(), &dvector![0.0]);
}

//! What holds for every fit.

use fenchel::distribution::{
    AffineImage, Diagonal, DiagonalGaussian, Full, Gaussian, Mixture, Moments, SampleRows, Spherical, SphericalGaussian,
};
use fenchel::estimate::{CovarianceModel, Em, FitMle, Regularisation, Tied};
use fenchel::nalgebra::{DMatrix, DVector, RowDVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::{distance, every_model, go_on, groups, iterated, plain, rng, start, weights};

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// What some twenty iterations of two computations of the same fit may differ by: each rounds some twenty units, in covariances of condition up
/// to 1e3, and the iterations forget about as much of it as they add.
const ROUNDING: f64 = 20.0 * 1e3 * 2.0 * f64::EPSILON;

/// The rounding of a mean log-likelihood: of every row some ten units of numbers up to about ten, so that a sum may fall by that.
fn falls_by_rounding(trace: &[f64]) -> bool {
    trace.windows(2).all(|pair| pair[1] >= pair[0] - 100.0 * f64::EPSILON * (1.0 + pair[0].abs()))
}

fn never_falls<M: CovarianceModel>(rows: &DMatrix<f64>, weights: Option<&[f64]>, seed: u64) {
    let em = plain::<M>(3).max_iterations(60);
    let fit = go_on(&em, rows, weights, &start(&em, rows, weights, seed)).unwrap();
    assert!(falls_by_rounding(fit.trace()), "{:?}", fit.trace());
    assert!(fit.mean_ln_likelihood() > fit.trace()[0], "and rises on the whole");
}

/// Σ wₖ Cov + Σ wₖ (μₖ − μ)(μₖ − μ)ᵀ is the covariance of the data after any M-step, as far as the model holds it.
fn has_the_moments_of_the_data<M: CovarianceModel>(
    rows: &DMatrix<f64>,
    weights: Option<&[f64]>,
    iterations: usize,
    of: fn(DMatrix<f64>) -> DMatrix<f64>,
) {
    let em = plain::<M>(3).max_iterations(iterations);
    let fit = go_on(&em, rows, weights, &start(&em, rows, weights, 1)).unwrap();
    let data = Gaussian::fit_mle_weighted(rows, weights.unwrap_or(&vec![1.0; rows.nrows()])).unwrap();
    // Means and covariances of hundreds of rows of up to 8: a rounding of 64 for each root of that number.
    assert!((fit.law().mean() - data.mean()).amax() < 1e-13);
    assert!((of(fit.law().covariance()) - of(data.covariance())).amax() < 1e-12);
}

fn whole_weights_are_repetitions<M: CovarianceModel>(rows: &DMatrix<f64>, seed: u64) {
    let counts: Vec<usize> = (0..rows.nrows()).map(|i| i * 7 % 4).collect();
    let repeated: Vec<RowDVector<f64>> =
        rows.row_iter().zip(&counts).flat_map(|(row, &c)| std::iter::repeat_n(row.into_owned(), c)).collect();
    let repeated = DMatrix::from_rows(&repeated);
    let weights: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
    let em = plain::<M>(3);
    let start = start(&em, rows, Some(&weights), seed);
    let (weighted, _) = iterated(&em, rows, Some(&weights), &start, 20);
    let (repeated, _) = iterated(&em, &repeated, None, &start, 20);
    assert!(distance(weighted.law(), repeated.law()) < ROUNDING);
    assert!(
        (weighted.bic() - repeated.bic()).abs() < ROUNDING * repeated.bic().abs(),
        "rows count as often as weighted"
    );
}

fn rows_without_weight_are_not_there<M: CovarianceModel>(rows: &DMatrix<f64>, far: f64) {
    let n = rows.nrows();
    let mut with = rows.clone().insert_rows(n, 2, far);
    with[(n + 1, 0)] = -far;
    let weights: Vec<f64> = weights(n).iter().map(|w| w + 0.5).collect();
    let padded = [&weights[..], &[0.0, 0.0]].concat();
    let em = plain::<M>(3).restarts(3).max_iterations(20);
    let without = em.fit_weighted(rows, &weights, &mut rng(9)).unwrap();
    let with = em.fit_weighted(&with, &padded, &mut rng(9)).unwrap();
    // The same centres are drawn, so that only the order of sums can differ.
    assert!(distance(with.law(), without.law()) < ROUNDING, "{far}");
    assert_eq!(with.restart(), without.restart());
}

fn more_iterations_are_fewer_and_the_rest<M: CovarianceModel>(rows: &DMatrix<f64>, weights: Option<&[f64]>) {
    let em = plain::<M>(3);
    let start = start(&em, rows, weights, 3);
    let twelve = go_on(&em.clone().max_iterations(12), rows, weights, &start).unwrap();
    let five = go_on(&em.clone().max_iterations(5), rows, weights, &start).unwrap();
    let seven = go_on(&em.max_iterations(7), rows, weights, &five).unwrap();
    assert_eq!((five.iterations(), seven.iterations(), twelve.iterations()), (5, 7, 12));
    assert_eq!(seven.law(), twelve.law());
    assert_eq!([five.trace(), &seven.trace()[1..]].concat(), twelve.trace());
}

fn an_iteration_takes_the_mean_responsibility_as_weight<M: CovarianceModel>(
    rows: &DMatrix<f64>,
    weights: Option<&[f64]>,
) {
    let em = plain::<M>(3).max_iterations(1);
    let start = start(&em, rows, weights, 5);
    let fit = go_on(&em, rows, weights, &start).unwrap();
    let posterior = start.law().responsibilities(rows).unwrap();
    let ones = vec![1.0; rows.nrows()];
    let weights = DVector::from_column_slice(weights.unwrap_or(&ones));
    // What all rows have given away, in sums of hundreds of terms of up to 3/2.
    let sizes = posterior.tr_mul(&weights);
    assert!((sizes.sum() - weights.sum()).abs() <= 1e-12 * weights.sum());
    for (k, component) in fit.law().components().iter().enumerate() {
        assert!((fit.law().weights()[k] - sizes[k] / weights.sum()).abs() < 1e-13);
        let mean = rows.tr_mul(&posterior.column(k).component_mul(&weights)) / sizes[k];
        assert!((component.mean() - mean).amax() < 1e-12);
    }
}

proptest! {
    #![proptest_config(fixed(12))]

    #[test]
    fn the_likelihood_never_falls_but_by_rounding(seed in any::<u64>(), weighted in any::<bool>()) {
        let rows = groups(200, seed);
        let weights = weights(200);
        every_model!(never_falls(&rows, weighted.then_some(&weights[..]), seed));
    }

    #[test]
    fn the_mixture_has_the_moments_of_the_data(seed in any::<u64>(), weighted in any::<bool>(), iterations in 1..6_usize) {
        let (rows, weights) = (groups(300, seed), weights(300));
        let weights = weighted.then_some(&weights[..]);
        let all: fn(DMatrix<f64>) -> DMatrix<f64> = |covariance| covariance;
        has_the_moments_of_the_data::<Full>(&rows, weights, iterations, all);
        has_the_moments_of_the_data::<Tied>(&rows, weights, iterations, all);
        let variances: fn(DMatrix<f64>) -> DMatrix<f64> = |c| DMatrix::from_diagonal(&c.diagonal());
        has_the_moments_of_the_data::<Diagonal>(&rows, weights, iterations, variances);
        has_the_moments_of_the_data::<Tied<Diagonal>>(&rows, weights, iterations, variances);
        let trace: fn(DMatrix<f64>) -> DMatrix<f64> = |c| dmatrix![c.trace()];
        has_the_moments_of_the_data::<Spherical>(&rows, weights, iterations, trace);
        has_the_moments_of_the_data::<Tied<Spherical>>(&rows, weights, iterations, trace);
    }

    #[test]
    fn a_whole_weight_is_a_repetition(seed in any::<u64>()) {
        let rows = groups(150, seed);
        every_model!(whole_weights_are_repetitions(&rows, seed));
    }

    #[test]
    fn full_covariances_move_along_with_an_affine_map(entries in prop::collection::vec(-1.0..1.0_f64, 4), seed in any::<u64>()) {
        // Diagonally dominant, hence invertible.
        let map = DMatrix::from_row_slice(2, 2, &entries) + DMatrix::identity(2, 2) * 2.5;
        let (offset, rows) = (dvector![20.0, -7.0], groups(150, seed));
        let em = plain::<Full>(3);
        let start = start(&em, &rows, None, seed);
        let (fit, trace) = iterated(&em, &rows, None, &start, 20);
        let mut images = &rows * map.transpose();
        images.row_iter_mut().for_each(|mut row| row += offset.transpose());
        let image = start.law().affine_image(&map, &offset).unwrap();
        let image = em.clone().max_iterations(0).fit_from(&images, &image).unwrap();
        let (of_images, of_trace) = iterated(&em, &images, None, &image, 20);
        prop_assert!(distance(of_images.law(), &fit.law().affine_image(&map, &offset).unwrap()) < ROUNDING);
        let ln_volume = map.determinant().ln();
        for (found, before) in of_trace.iter().zip(&trace) {
            prop_assert!((found - (before - ln_volume)).abs() < ROUNDING);
        }
    }

    #[test]
    fn diagonal_covariances_move_along_with_the_units(
        scale in prop::collection::vec(prop_oneof![1e-6..1e-5_f64, 0.5..2.0_f64, 1e5..1e6_f64], 2), seed in any::<u64>(),
    ) {
        let (scale, rows) = (DVector::from_vec(scale), groups(150, seed));
        let mut images = rows.clone();
        images.row_iter_mut().for_each(|mut row| row.component_mul_assign(&scale.transpose()));
        let em = plain::<Diagonal>(3);
        let start = start(&em, &rows, None, seed);
        let (fit, _) = iterated(&em, &rows, None, &start, 20);
        let image = |law: &DiagonalGaussian<f64>| {
            let deviations = law.standard_deviations().component_mul(&scale);
            DiagonalGaussian::new(law.mean().component_mul(&scale), deviations.map(|s| s * s)).unwrap()
        };
        let image = |law: &Mixture<DiagonalGaussian<f64>>| {
            Mixture::new(law.weights(), law.components().iter().map(image).collect()).unwrap()
        };
        let begin = em.clone().max_iterations(0).fit_from(&images, &image(start.law())).unwrap();
        let (of_images, _) = iterated(&em, &images, None, &begin, 20);
        prop_assert!(distance(of_images.law(), &image(fit.law())) < ROUNDING);
    }

    #[test]
    fn spherical_covariances_turn_along(angle in 0.0..6.0_f64, scale in 0.1..10.0_f64, seed in any::<u64>()) {
        let rows = groups(150, seed);
        let turn = dmatrix![angle.cos(), -angle.sin(); angle.sin(), angle.cos()] * scale;
        let images = &rows * turn.transpose();
        let em = plain::<Spherical>(3);
        let start = start(&em, &rows, None, seed);
        let (fit, _) = iterated(&em, &rows, None, &start, 20);
        let image = |law: &SphericalGaussian<f64>| {
            SphericalGaussian::new(&turn * law.mean(), (scale * law.standard_deviation()).powi(2)).unwrap()
        };
        let image = |law: &Mixture<SphericalGaussian<f64>>| {
            Mixture::new(law.weights(), law.components().iter().map(image).collect()).unwrap()
        };
        let begin = em.clone().max_iterations(0).fit_from(&images, &image(start.law())).unwrap();
        let (of_images, _) = iterated(&em, &images, None, &begin, 20);
        prop_assert!(distance(of_images.law(), &image(fit.law())) < ROUNDING);
    }

    #[test]
    fn components_of_the_start_in_another_order_end_in_that_order(seed in any::<u64>()) {
        let rows = groups(150, seed);
        let em = plain::<Full>(3);
        let start = start(&em, &rows, None, seed);
        let turned = |law: &Mixture<Gaussian<f64>>| {
            let weights: Vec<f64> = law.weights().iter().rev().copied().collect();
            Mixture::new(&weights, law.components().iter().rev().cloned().collect()).unwrap()
        };
        let (fit, _) = iterated(&em, &rows, None, &start, 20);
        let begin = em.clone().max_iterations(0).fit_from(&rows, &turned(start.law())).unwrap();
        let (end, _) = iterated(&em, &rows, None, &begin, 20);
        prop_assert!(distance(end.law(), &turned(fit.law())) < ROUNDING);
    }
}

#[test]
fn one_component_is_the_closed_form() {
    let (rows, some) = (groups(400, 2), weights(400));
    macro_rules! closed_form {
        ($model:ty, $law:ty) => {
            let fit = plain::<$model>(1).fit(&rows, &mut rng(1)).unwrap();
            assert_eq!(fit.law().components(), [<$law>::fit_mle(&rows).unwrap()]);
            let fit = plain::<$model>(1).fit_weighted(&rows, &some, &mut rng(1)).unwrap();
            assert_eq!(fit.law().components(), [<$law>::fit_mle_weighted(&rows, &some).unwrap()]);
            assert_eq!((fit.law().weights(), fit.converged()), (&[1.0][..], true));
        };
    }
    closed_form!(Full, Gaussian<f64>);
    closed_form!(Tied, Gaussian<f64>);
    closed_form!(Diagonal, DiagonalGaussian<f64>);
    closed_form!(Tied<Diagonal>, DiagonalGaussian<f64>);
    closed_form!(Spherical, SphericalGaussian<f64>);
    closed_form!(Tied<Spherical>, SphericalGaussian<f64>);
}

#[test]
fn a_row_without_weight_may_be_anywhere() {
    let rows = groups(150, 4);
    for far in [1.0, 1e10, 1e150, 1e300, f64::MAX] {
        every_model!(rows_without_weight_are_not_there(&rows, far));
    }
}

#[test]
fn five_iterations_and_seven_are_twelve_to_the_bit() {
    let (rows, weights) = (groups(300, 6), weights(300));
    every_model!(more_iterations_are_fewer_and_the_rest(&rows, None));
    every_model!(more_iterations_are_fewer_and_the_rest(&rows, Some(&weights)));
}

#[test]
fn an_iteration_shares_the_rows_out() {
    let (rows, weights) = (groups(300, 7), weights(300));
    every_model!(an_iteration_takes_the_mean_responsibility_as_weight(&rows, None));
    every_model!(an_iteration_takes_the_mean_responsibility_as_weight(&rows, Some(&weights)));
}

/// Powers of 2, so that the drawn centres are the same to the bit.
#[test]
fn a_regularisation_in_parts_of_the_variance_knows_no_units() {
    let rows = groups(200, 8);
    let scale = dmatrix![1024.0, 0.0; 0.0, 1.0 / 4096.0];
    let em = Em::<Full>::new(3).regularisation(Regularisation::Relative(0.01)).tolerance(1e-9);
    let fit = em.fit(&rows, &mut rng(8)).unwrap();
    let scaled = em.fit(&(&rows * &scale), &mut rng(8)).unwrap();
    let image = fit.law().affine_image(&scale, &dvector![0.0, 0.0]).unwrap();
    // As many iterations, or one more or less where the change is near the tolerance.
    assert!(distance(scaled.law(), &image) < 1e-6);
    assert_eq!(scaled.restart(), fit.restart());
}

#[test]
fn single_precision_comes_to_the_same_mixture() {
    let rows = groups(400, 10).map(|x| x as f32);
    let law = |x: f64, y: f64| Gaussian::new(dvector![x, y], DMatrix::identity(2, 2)).unwrap();
    let start = Mixture::new(&[1.0; 3], vec![law(-1.0, 0.0), law(2.0, 1.0), law(0.0, 3.0)]).unwrap();
    let single = |law: &Gaussian<f64>| Gaussian::new(law.mean().map(|x| x as f32), DMatrix::identity(2, 2)).unwrap();
    let single = Mixture::new(&[1.0; 3], start.components().iter().map(single).collect()).unwrap();
    let em = plain::<Full>(3).max_iterations(10);
    let double = em.fit_from(&rows.map(f64::from), &start).unwrap();
    let fit = em.fit_from(&rows, &single).unwrap();
    let widened =
        |law: &Gaussian<f32>| Gaussian::new(law.mean().map(f64::from), law.covariance().map(f64::from)).unwrap();
    let weights: Vec<f64> = fit.law().weights().iter().map(|&w| f64::from(w)).collect();
    let widened = Mixture::new(&weights, fit.law().components().iter().map(widened).collect()).unwrap();
    // Sums of hundreds of rows round by some ten units in each iteration, in covariances of condition up to 10.
    let bound = 10.0 * 10.0 * 10.0 * f64::from(f32::EPSILON);
    assert!(distance(&widened, double.law()) < bound, "{}", distance(&widened, double.law()));
    for (found, &exact) in fit.trace().iter().zip(double.trace()) {
        assert!((f64::from(*found) - exact).abs() < bound, "{found} {exact}");
    }
    // The settings as they come suit single precision too.
    assert!(Em::<Full>::new(3).fit(&rows, &mut rng(1)).unwrap().mean_ln_likelihood().is_finite());
}

#[test]
fn the_fit_comes_to_the_law_of_the_draws() {
    let law = |x: f64, y: f64, v: f64| SphericalGaussian::new(dvector![x, y], v).unwrap();
    let truth = Mixture::new(&[0.6, 0.4], vec![law(0.0, 0.0, 1.0), law(12.0, 0.0, 4.0)]).unwrap();
    let n = 4000;
    let rows = truth.sample_rows(n, &mut rng(11)).unwrap();
    let fit = Em::<Spherical>::new(2).fit(&rows, &mut rng(12)).unwrap();
    let first = usize::from(fit.law().components()[0].mean()[0] > 6.0);
    for (k, j) in [(first, 0), (1 - first, 1)] {
        let (found, exact) = (&fit.law().components()[k], &truth.components()[j]);
        let (w, variance) = (truth.weights()[j], exact.standard_deviation().powi(2));
        // Groups so far apart are fitted as if known. Five standard errors of each.
        let rows = n as f64 * w;
        assert!((fit.law().weights()[k] - w).abs() < 5.0 * (w * (1.0 - w) / n as f64).sqrt());
        assert!((found.mean() - exact.mean()).amax() < 5.0 * (variance / rows).sqrt());
        assert!((found.standard_deviation().powi(2) - variance).abs() < 5.0 * variance * (1.0 / rows).sqrt());
    }
}

//! Data that are too few, too flat or too far, and settings that are none: an error that names them, or an answer in finite numbers.

use fenchel::distribution::{Diagonal, Full, Gaussian, Mixture, Spherical, SphericalGaussian};
use fenchel::estimate::{CovarianceModel, Em, MixtureFit, Regularisation, Start, Tied};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};
use fenchel::{DistributionError, EstimateError, SampleReal};

use crate::{every_model, groups, plain, rng, weights};

/// A fit in numbers, or its error.
fn fitted<M: CovarianceModel>(em: &Em<M>, rows: &DMatrix<f64>) -> Result<MixtureFit<f64, M>, EstimateError> {
    let fit = em.fit(rows, &mut rng(1));
    if let Ok(fit) = &fit {
        is_in_numbers(fit);
    }
    fit
}

/// Nothing in a fit is NaN or infinite.
fn is_in_numbers<M: CovarianceModel>(fit: &MixtureFit<f64, M>) {
    use fenchel::distribution::Moments;
    assert!(fit.trace().iter().all(|x| x.is_finite()), "{:?}", fit.trace());
    assert!(fit.aic().is_finite() && fit.bic().is_finite());
    assert!((fit.law().weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    for component in fit.law().components() {
        assert!(component.mean().iter().chain(component.covariance().iter()).all(|x| x.is_finite()));
    }
}

/// The settings as they come, with both starts.
fn both_starts<M: CovarianceModel>(k: usize) -> [Em<M>; 2] {
    [Em::new(k), Em::new(k).start(Start::RandomResponsibilities)]
}

fn flat(error: EstimateError) -> usize {
    match error {
        EstimateError::Distribution(DistributionError::NotPositiveDefinite { pivot, .. }) => pivot,
        other => panic!("{other}"),
    }
}

#[test]
fn fewer_rows_than_components_are_counted() {
    fn check<M: CovarianceModel>() {
        for em in both_starts::<M>(3) {
            for n in [0, 1, 2] {
                let error = fitted(&em, &groups(200, 1).rows(0, n).into_owned()).unwrap_err();
                let needed = if n == 0 { 1 } else { 3 };
                assert_eq!(error, EstimateError::TooFewRows { rows: n, needed });
            }
            let weights = [1.0, 0.0, 0.0, 2.0, 0.0];
            let error = em.fit_weighted(&groups(5, 1), &weights, &mut rng(1)).unwrap_err();
            assert_eq!(error, EstimateError::TooFewRows { rows: 2, needed: 3 });
        }
    }
    every_model!(check());
}

#[test]
fn no_columns_are_no_space() {
    fn check<M: CovarianceModel>() {
        for em in both_starts::<M>(2) {
            for n in [0, 5] {
                let error = fitted(&em, &DMatrix::zeros(n, 0)).unwrap_err();
                assert_eq!(error, DistributionError::ZeroDimension.into());
            }
        }
    }
    every_model!(check());
}

#[test]
fn wrong_settings_are_named() {
    let refused = |em: Em<Full>, what: &str, value: f64| {
        let rows = groups(20, 2);
        let start = plain::<Full>(2).max_iterations(0).fit(&rows, &mut rng(1)).unwrap();
        for error in [em.fit(&rows, &mut rng(1)).unwrap_err(), em.fit_from(&rows, start.law()).unwrap_err()] {
            match error {
                EstimateError::InvalidSetting { what: named, value: found, .. } => {
                    assert!(named.contains(what), "{named}");
                    assert!(found == value || (found.is_nan() && value.is_nan()), "{found}");
                }
                other => panic!("{other}"),
            }
        }
    };
    refused(Em::new(0), "components", 0.0);
    refused(Em::new(2).restarts(0), "starts", 0.0);
    for wrong in [-1e-300, -1.0, f64::NEG_INFINITY, f64::NAN] {
        refused(Em::new(2).tolerance(wrong), "tolerance", wrong);
        refused(Em::new(2).regularisation(Regularisation::Absolute(wrong)), "regularisation", wrong);
        refused(Em::new(2).regularisation(Regularisation::Relative(wrong)), "regularisation", wrong);
    }
    refused(Em::new(2).regularisation(Regularisation::Absolute(f64::INFINITY)), "regularisation", f64::INFINITY);
}

#[test]
fn wrong_data_and_weights_are_named() {
    fn check<M: CovarianceModel>() {
        let rows = groups(300, 3);
        for em in both_starts::<M>(2) {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut wrong = rows.clone();
                wrong[(271, 1)] = value;
                // Without weight, too: a row that is none is no row of weight 0.
                let mut without = vec![1.0; 300];
                without[271] = 0.0;
                for error in [em.fit(&wrong, &mut rng(1)), em.fit_weighted(&wrong, &without, &mut rng(1))] {
                    match error.unwrap_err() {
                        EstimateError::NonFinite { row: 271, column: 1, value: found } => {
                            assert!(found == value || (found.is_nan() && value.is_nan()));
                        }
                        other => panic!("{other}"),
                    }
                }
            }
            let refused = |weights: &[f64]| em.fit_weighted(&rows, weights, &mut rng(1)).unwrap_err();
            assert_eq!(refused(&[1.0; 2]), EstimateError::WeightCount { weights: 2, rows: 300 });
            assert_eq!(refused(&[0.0; 300]), EstimateError::TooFewRows { rows: 0, needed: 1 });
            for weight in [-1e-300, f64::INFINITY] {
                let mut weights = vec![1.0; 300];
                weights[299] = weight;
                assert_eq!(refused(&weights), EstimateError::InvalidWeight { row: 299, weight });
            }
            let mut weights = vec![1.0; 300];
            weights[0] = f64::NAN;
            assert!(matches!(refused(&weights), EstimateError::InvalidWeight { row: 0, .. }));
        }
    }
    every_model!(check());
}

#[test]
fn a_start_of_another_dimension_is_refused() {
    let start = Mixture::new(&[1.0], vec![Gaussian::<f64>::standard(3).unwrap()]).unwrap();
    let mismatch = EstimateError::ColumnMismatch { expected: 3, found: 2 };
    assert_eq!(Em::<Full>::new(1).fit_from(&groups(20, 4), &start).unwrap_err(), mismatch);
    assert_eq!(Em::<Full>::new(1).fit_weighted_from(&groups(20, 4), &[1.0; 20], &start).unwrap_err(), mismatch);
}

#[test]
fn the_same_row_again_and_again_is_one_row() {
    fn check<M: CovarianceModel>() {
        let rows = DMatrix::from_element(50, 2, 0.1);
        let few = EstimateError::TooFewDistinctRows { distinct: 1, needed: 2 };
        let [nearest, random] = both_starts::<M>(2);
        assert_eq!(fitted(&nearest, &rows).unwrap_err(), few);
        // One component of no extent, with nothing in proportion to add.
        flat(fitted(&random, &rows).unwrap_err());
        flat(fitted(&nearest.clone().components(1), &rows).unwrap_err());
        // With something to add, it is a point of that extent.
        let absolute = nearest.regularisation(Regularisation::Absolute(0.25));
        assert_eq!(fitted(&absolute, &rows).unwrap_err(), few);
        let fit = fitted(&absolute.components(1), &rows).unwrap();
        // ln of the density at its centre: 1/(2π 0.25).
        assert!((fit.mean_ln_likelihood() - (2.0 / std::f64::consts::PI).ln()).abs() < 1e-12);
    }
    every_model!(check());
}

#[test]
fn fewer_distinct_rows_than_components_are_counted_and_as_many_are_fitted() {
    fn check<M: CovarianceModel>() {
        let rows = DMatrix::from_fn(60, 2, |i, j| [[0.0, 0.0], [1.0, 5.0], [-3.0, 2.0]][i % 3][j]);
        let em = Em::<M>::new(4);
        let few = EstimateError::TooFewDistinctRows { distinct: 3, needed: 4 };
        assert_eq!(fitted(&em, &rows).unwrap_err(), few);
        // A component for each, as wide as the regularisation is.
        let fit = fitted(&em.components(3), &rows).unwrap();
        let mut weights = fit.law().weights().to_vec();
        weights.sort_by(f64::total_cmp);
        assert!(weights.iter().all(|w| (w - 1.0 / 3.0).abs() < 1e-12), "{weights:?}");
        // And without it none: the covariance is 0 where each has its own rows.
        let error = fitted(&plain::<M>(3).max_iterations(1000), &rows).unwrap_err();
        assert!(matches!(error, EstimateError::Collapsed { .. }), "{error}");
    }
    every_model!(check());
}

#[test]
fn as_many_components_as_rows_have_one_each() {
    fn check<M: CovarianceModel>() {
        let rows = groups(12, 5);
        let fit = fitted(&Em::<M>::new(12), &rows).unwrap();
        assert_eq!(fit.law().components().len(), 12);
        let fit = fitted(&Em::<M>::new(1), &rows.rows(0, 1).into_owned());
        flat(fit.unwrap_err()); // a single row has no variance to be in proportion to
    }
    every_model!(check());
}

#[test]
fn a_constant_column_is_flat_unless_something_is_added_or_variances_are_one() {
    for value in [0.0, 0.1, -1e9, 1e160] {
        let rows = groups(100, 6).insert_column(1, value);
        for em in [Em::<Full>::new(2), Em::new(2).start(Start::RandomResponsibilities), plain(2)] {
            assert_eq!(flat(fitted(&em, &rows).unwrap_err()), 1, "{value}");
        }
        for em in [Em::<Diagonal>::new(2), Em::new(2).start(Start::RandomResponsibilities), plain(2)] {
            assert_eq!(flat(fitted(&em, &rows).unwrap_err()), 1, "{value}");
        }
        for em in [Em::<Tied>::new(2), plain(2)] {
            assert_eq!(flat(fitted(&em, &rows).unwrap_err()), 1, "{value}");
        }
        for em in [Em::<Spherical>::new(2), plain(2)] {
            fitted(&em.max_iterations(50), &rows).unwrap();
        }
        let small = Regularisation::Absolute(1e-3);
        fitted(&Em::<Full>::new(2).regularisation(small), &rows).unwrap();
        fitted(&Em::<Diagonal>::new(2).regularisation(small), &rows).unwrap();
        fitted(&Em::<Tied>::new(2).regularisation(small), &rows).unwrap();
    }
}

#[test]
fn one_dimension_is_enough() {
    fn check<M: CovarianceModel>() {
        let rows = groups(100, 7).columns(0, 1).into_owned();
        for em in both_starts::<M>(2) {
            fitted(&em, &rows).unwrap();
        }
    }
    every_model!(check());
}

#[test]
fn a_row_far_away_is_fitted_as_long_as_its_square_is_a_number() {
    fn check<M: CovarianceModel>() {
        for far in [1e6, 1e100, 1e150] {
            let rows = groups(100, 8).insert_row(50, far);
            for em in both_starts::<M>(2) {
                fitted(&em, &rows).unwrap();
            }
            // A component of one row, without regularisation.
            match fitted(&plain::<M>(2).max_iterations(50), &rows) {
                Ok(_) | Err(EstimateError::Collapsed { .. }) => {}
                Err(other) => panic!("{far}: {other}"),
            }
        }
        for far in [1e200, 1e308, -f64::MAX] {
            let rows = groups(100, 8).insert_row(50, far);
            for em in both_starts::<M>(2).into_iter().chain([plain(2)]) {
                match fitted(&em, &rows).unwrap_err() {
                    EstimateError::Distribution(DistributionError::NonFinite { what, row: 0, column: 0, .. }) => {
                        assert_eq!(what, "the covariance of the data");
                    }
                    other => panic!("{far}: {other}"),
                }
            }
        }
    }
    every_model!(check());
}

#[test]
fn data_far_from_the_origin_are_as_good_as_others() {
    fn check<M: CovarianceModel>() {
        // 1e160 and a spread of 1e147: no square of the one is a number, and those of the other are.
        let rows = groups(100, 9) * 1e147;
        let near = fitted(&Em::<M>::new(2), &rows).unwrap();
        let far = fitted(&Em::<M>::new(2), &rows.add_scalar(1e160)).unwrap();
        // Rows round by 1e160 ε = 2e144, a five hundredth of a deviation.
        assert!((far.mean_ln_likelihood() - near.mean_ln_likelihood()).abs() < 0.1);
    }
    every_model!(check());
}

/// In single precision too: what is added is little beside what sums may be off by, but it is more than they are.
#[test]
fn data_on_a_line_or_of_low_rank_are_fitted_with_what_is_added() {
    fn check<T: SampleReal, M: CovarianceModel>(n: usize, d: usize, rank: usize) {
        let mut rng = rng(2);
        let onto = DMatrix::from_fn(rank, d, |_, _| f64::standard_uniform(&mut rng) - 0.5);
        let scores =
            DMatrix::from_fn(n, rank, |i, _| f64::standard_normal(&mut rng) + if i % 3 == 0 { 6.0 } else { 0.0 });
        let rows: DMatrix<T> = (scores * onto).map(fenchel::nalgebra::convert);
        let fit = Em::<M>::new(2).fit(&rows, &mut rng).unwrap();
        // A third of the rows is six deviations off, in all scores: all but a few go where they belong, five standard errors of a share among them.
        let share = fit.law().weights().iter().copied().fold(T::one(), T::min);
        let expected = n.div_ceil(3) as f64 / n as f64;
        let bound = fenchel::nalgebra::convert::<f64, T>(if n > 100 { 0.02 } else { 0.25 });
        assert!((share - fenchel::nalgebra::convert(expected)).abs() < bound, "{n} x {d} of rank {rank}: {share}");
    }
    for (n, d, rank) in [(1000, 2, 1), (1000, 5, 1), (1000, 5, 3), (25, 20, 2), (1000, 20, 4)] {
        check::<f64, Full>(n, d, rank);
        check::<f32, Full>(n, d, rank);
        check::<f32, Tied>(n, d, rank);
    }
}

/// Next to nothing is nothing: it keeps no covariance up.
#[test]
fn what_is_lost_in_the_variances_is_not_added() {
    let mut rng = rng(4);
    let mut rows = DMatrix::<f32>::from_fn(4000, 2, |_, _| f32::standard_normal(&mut rng));
    for row in 0..4000 {
        rows[(row, 1)] = rows[(row, 0)] + 2e-3 * rows[(row, 1)];
    }
    let fit = |regularisation| Em::<Full>::new(1).regularisation(regularisation).fit(&rows, &mut crate::rng(5));
    assert!(fit(Regularisation::None).is_err());
    assert!(fit(Regularisation::Absolute(1e-300)).is_err());
    assert!(fit(Regularisation::Absolute(1e-4)).is_ok());
}

#[test]
fn rows_so_small_that_their_squares_lose_digits_are_refused() {
    fn check<M: CovarianceModel>() {
        let rows = groups(50, 10);
        for em in both_starts::<M>(2).into_iter().chain([plain(2).max_iterations(20)]) {
            let small = fitted(&em, &(&rows * 1e-140)).unwrap();
            assert_eq!(small.law().components().len(), 2);
            // Squares of few digits, and of none: they add up to 0, but the column is not constant.
            for scale in [1e-158, 1e-160, 1e-162, 1e-300] {
                let error = fitted(&em, &(&rows * scale)).unwrap_err();
                assert!(matches!(error, EstimateError::Underflow { sum, .. } if sum < 1e-305), "{scale}: {error}");
            }
        }
    }
    every_model!(check());
}

#[test]
fn weights_of_any_size_count_by_their_ratios() {
    fn check<M: CovarianceModel>() {
        let (rows, weights) = (groups(100, 11), weights(100));
        let em = plain::<M>(2).max_iterations(20).restarts(1);
        let fit = em.fit_weighted(&rows, &weights, &mut rng(1)).unwrap();
        // Powers of 2, so that no digit changes.
        for scale in [2f64.powi(-500), 2f64.powi(-900), 2f64.powi(500), 2f64.powi(900)] {
            let scaled: Vec<f64> = weights.iter().map(|w| w * scale).collect();
            let scaled = em.fit_weighted(&rows, &scaled, &mut rng(1)).unwrap();
            assert_eq!(scaled.law(), fit.law(), "{scale}");
            assert_eq!(scaled.trace(), fit.trace(), "{scale}");
        }
        for extreme in [1e308, f64::MAX] {
            let error = em.fit_weighted(&rows, &[extreme; 100], &mut rng(1)).unwrap_err();
            assert_eq!(error, DistributionError::WeightSum { sum: f64::INFINITY }.into());
        }
        // So small that shares of them vanish: an error or numbers.
        for extreme in [5e-324, 1e-320] {
            if let Ok(fit) = em.fit_weighted(&rows, &[extreme; 100], &mut rng(1)) {
                is_in_numbers(&fit);
            }
        }
    }
    every_model!(check());
}

#[test]
fn a_start_beyond_all_rows_has_no_density_and_one_within_numbers_has() {
    let rows = groups(1000, 12);
    let start = |far: f64| {
        let law = SphericalGaussian::new(dvector![far, 0.0], 1.0).unwrap();
        Mixture::new(&[1.0], vec![law]).unwrap()
    };
    for far in [1e155, 1e300] {
        let error = plain::<Spherical>(1).fit_from(&rows, &start(far)).unwrap_err();
        assert_eq!(error, DistributionError::NoDensity { row: 0, ln_pdf: f64::NEG_INFINITY }.into());
    }
    // The sum of a thousand log densities of −1e307 is no number either.
    match plain::<Spherical>(1).fit_from(&rows, &start(4e153)).unwrap_err() {
        EstimateError::Distribution(DistributionError::NonFinite {
            what: "the log-likelihood of all rows", ..
        }) => {}
        other => panic!("{other}"),
    }
    for far in [1e6, 1e100, 1e152] {
        let fit = plain::<Spherical>(1).max_iterations(3).fit_from(&rows, &start(far)).unwrap();
        is_in_numbers(&fit);
    }
}

#[test]
fn an_emptied_component_is_reported_and_keeps_its_law() {
    macro_rules! check {
        ($model:ty, $keeps_covariance:expr, $law:expr) => {
            let rows = groups(200, 13);
            let laws = vec![$law(-0.5), $law(3.0), $law(1e3)];
            let start = Mixture::new(&[1.0; 3], laws).unwrap();
            let fit = plain::<$model>(3).max_iterations(40).fit_from(&rows, &start).unwrap();
            is_in_numbers(&fit);
            assert_eq!(fit.emptied(), [2]);
            let (before, after) = (&start.components()[2], &fit.law().components()[2]);
            assert_eq!(fenchel::distribution::Moments::mean(after), fenchel::distribution::Moments::mean(before));
            assert!(!$keeps_covariance || after == before);
            assert_eq!(fit.law().weights()[2], 0.0, "e^-5e5 of the rows");
            let rounding = |l: f64| 100.0 * f64::EPSILON * (1.0 + l.abs()); // as in laws.rs
            assert!(fit.trace().windows(2).all(|pair| pair[1] >= pair[0] - rounding(pair[0])), "{:?}", fit.trace());
            // The others are as if it were not there.
            let two = Mixture::new(&[1.0; 2], vec![$law(-0.5), $law(3.0)]).unwrap();
            let two = plain::<$model>(2).max_iterations(40).fit_from(&rows, &two).unwrap();
            assert!((two.mean_ln_likelihood() - fit.mean_ln_likelihood()).abs() < 1e-12);
            assert!(two.emptied().is_empty());
        };
    }
    let full = |x: f64| Gaussian::new(dvector![x, 0.0], dmatrix![2.0, 0.1; 0.1, 1.0]).unwrap();
    let spherical = |x: f64| SphericalGaussian::new(dvector![x, 0.0], 1.0).unwrap();
    check!(Full, true, full);
    check!(Spherical, true, spherical);
    check!(Tied, false, full);
    check!(Tied<Spherical>, false, spherical);
}

#[test]
fn a_component_that_shrinks_to_a_point_or_a_line_has_collapsed() {
    // Component 1 begins on a row that is far from all others, and takes it alone.
    let rows = groups(60, 14).insert_row(17, 100.0);
    let full = |x: f64| Gaussian::new(dvector![x, x], dmatrix![4.0, 0.0; 0.0, 4.0]).unwrap();
    let start = Mixture::new(&[1.0; 2], vec![full(1.0), full(100.0)]).unwrap();
    match plain::<Full>(2).fit_from(&rows, &start).unwrap_err() {
        EstimateError::Collapsed {
            component: 1,
            iteration: 1,
            reason: DistributionError::NotPositiveDefinite { pivot: 0, .. },
        } => {}
        other => panic!("{other}"),
    }
    let fit = Em::<Full>::new(2).fit_from(&rows, &start).unwrap();
    is_in_numbers(&fit);
    // All starts fail alike, and the first error is the one that is handed on; or some do, and they are listed.
    let lined =
        DMatrix::from_fn(40, 2, |i, j| if i < 20 { (i * (j + 1)) as f64 } else { groups(40, 15)[(i, j)] - 50.0 });
    let em = plain::<Full>(2).restarts(4).max_iterations(200);
    let error = em.fit(&lined, &mut rng(1)).unwrap_err();
    let EstimateError::Collapsed { component, iteration, .. } = error else { panic!("{error}") };
    assert!(component < 2 && iteration >= 1);
    assert!(error.to_string().contains("regularisation"), "what to do about it: {error}");
}

#[test]
fn starts_that_fail_are_listed_beside_the_best() {
    // Pairs of equal rows in a cloud: some starts end on one of them.
    let mut rows = groups(24, 16);
    for i in 0..4 {
        let row = rows.row(i).into_owned();
        rows.set_row(i + 4, &row);
    }
    let em = plain::<Full>(4).restarts(40).max_iterations(100);
    let fit = em.fit(&rows, &mut rng(16)).unwrap();
    is_in_numbers(&fit);
    assert!(!fit.failed().is_empty() && fit.failed().len() < 40);
    assert!(fit.failed().iter().all(|error| matches!(error, EstimateError::Collapsed { .. })), "{:?}", fit.failed());
}

/// What is left of a component's variance without the regularisation is nothing, or less than that.
#[test]
fn a_component_that_only_regularisation_keeps_up_is_reported() {
    fn check<M: CovarianceModel>(tied: bool) {
        // Component 1 has one row to itself. What it shares with others is not degenerate.
        let rows = groups(60, 17).insert_row(30, 100.0);
        let em = Em::<M>::new(2).regularisation(Regularisation::Absolute(1e-2)).restarts(1);
        let fit = fitted(&em, &rows).unwrap();
        let alone = (0..2).find(|&k| fit.law().weights()[k] < 0.1);
        assert_eq!(fit.degenerate(), if tied { None } else { alone });
        assert_eq!(fitted(&Em::<M>::new(2), &groups(200, 17)).unwrap().degenerate(), None);
        // All of the variance, where one component is one point.
        let point = DMatrix::from_element(50, 2, 0.1);
        assert_eq!(fitted(&em.components(1), &point).unwrap().degenerate(), Some(0));
        // And none without regularisation: a component that shrinks is an error then.
        assert_eq!(fitted(&plain::<M>(2), &groups(200, 17)).unwrap().degenerate(), None);
    }
    check::<Full>(false);
    check::<Diagonal>(false);
    check::<Spherical>(false);
    check::<Tied>(true);
    check::<Tied<Diagonal>>(true);
    check::<Tied<Spherical>>(true);
}

#[test]
fn an_end_that_is_degenerate_is_kept_only_if_all_are() {
    // Pairs of equal rows in a cloud: some starts end on one of them, and are the likelier the less is added.
    let mut rows = groups(24, 16);
    for i in 0..4 {
        let row = rows.row(i).into_owned();
        rows.set_row(i + 4, &row);
    }
    let em = Em::<Full>::new(4).regularisation(Regularisation::Relative(1e-9)).restarts(1);
    let mut generator = rng(16);
    let ends: Vec<_> = (0..40).map(|_| em.fit(&rows, &mut generator).unwrap()).collect();
    let (points, others): (Vec<_>, Vec<_>) = ends.iter().partition(|fit| fit.degenerate().is_some());
    let likeliest = |fits: &[&MixtureFit<f64, Full>]| {
        fits.iter().map(|fit| fit.mean_ln_likelihood()).fold(f64::NEG_INFINITY, f64::max)
    };
    assert!(likeliest(&points) > likeliest(&others), "or there was nothing to refuse");
    let best = em.restarts(40).fit(&rows, &mut rng(16)).unwrap();
    assert_eq!((best.degenerate(), best.mean_ln_likelihood()), (None, likeliest(&others)));
    assert!(best.failed().is_empty());
}

#[test]
fn weights_whose_shares_have_no_digits_are_refused() {
    let rows = DMatrix::<f64>::from_column_slice(4, 1, &[0.0, 1.0, 5.0, 6.0]);
    let error = Em::<Full>::new(2).fit_weighted(&rows, &[5e-324; 4], &mut rng(72)).unwrap_err();
    assert!(
        matches!(error, EstimateError::Distribution(DistributionError::WeightSum { sum }) if sum == 2e-323),
        "{error}"
    );
    let fit = Em::<Full>::new(2).fit_weighted(&rows, &[1e-280; 4], &mut rng(72)).unwrap();
    let same = Em::<Full>::new(2).fit(&rows, &mut rng(72)).unwrap();
    assert!((fit.mean_ln_likelihood() - same.mean_ln_likelihood()).abs() < 1e-9); // a tolerance of 1e-6, converged linearly
}

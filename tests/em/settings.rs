//! What can be set, watched and chosen.

use std::ops::ControlFlow;

use fenchel::EstimateError;
use fenchel::distribution::{Diagonal, Full, Gaussian, Mixture, SampleRows, Spherical, SphericalGaussian};
use fenchel::estimate::{CovarianceModel, Criterion, Em, MixtureFit, Regularisation, Start, Tied};
use fenchel::nalgebra::{DMatrix, dvector};

use crate::{distance, every_model, groups, plain, rng, start};

/// Groups of variance 1 at distances of 20 on a line.
fn apart(groups: usize, n: usize, seed: u64) -> DMatrix<f64> {
    let law = |k: usize| SphericalGaussian::new(dvector![20.0 * k as f64, 0.0], 1.0).unwrap();
    let law = Mixture::new(&vec![1.0; groups], (0..groups).map(law).collect()).unwrap();
    law.sample_rows(n, &mut rng(seed)).unwrap()
}

#[test]
fn whoever_watches_sees_every_start_and_every_iteration() {
    let rows = groups(200, 31);
    let mut seen: Vec<(usize, usize, f64, Mixture<Gaussian<f64>>)> = Vec::new();
    let em = Em::<Full>::new(3).restarts(4).tolerance(1e-4);
    let fit = em
        .fit_watched(&rows, None, &mut rng(31), |step| {
            seen.push((step.restart, step.iteration, step.mean_ln_likelihood, step.law.clone()));
            ControlFlow::Continue(())
        })
        .unwrap();
    let mut ends = Vec::new();
    for restart in 0..4 {
        let of_start: Vec<_> = seen.iter().filter(|step| step.0 == restart).collect();
        let iterations: Vec<usize> = of_start.iter().map(|step| step.1).collect();
        assert_eq!(iterations, (0..of_start.len()).collect::<Vec<_>>(), "every one, once");
        let values: Vec<f64> = of_start.iter().map(|step| step.2).collect();
        if restart == fit.restart() {
            assert_eq!(values, fit.trace());
            assert_eq!(&of_start[of_start.len() - 1].3, fit.law());
        }
        // It ends where the change is small, and not before.
        let changes: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        let (last, before) = changes.split_last().unwrap();
        assert!(*last <= 1e-4 && before.iter().all(|&change| change > 1e-4), "{changes:?}");
        ends.push(values[values.len() - 1]);
    }
    assert!(seen.iter().map(|step| step.0).is_sorted());
    let best = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(fit.mean_ln_likelihood(), best, "the likeliest of {ends:?}");
    assert_eq!(ends.iter().position(|&end| end == best), Some(fit.restart()));
    assert!(ends.iter().any(|&end| end < best), "starts that end elsewhere, or there was nothing to choose");
    // Watching changes nothing.
    assert_eq!(em.fit(&rows, &mut rng(31)), Ok(fit));
}

#[test]
fn a_break_ends_the_fit_with_what_it_has() {
    let rows = groups(200, 32);
    for (last_restart, last) in [(0, 0), (0, 3), (1, 2)] {
        let em = plain::<Full>(3).restarts(3);
        let (mut calls_after, mut broken, mut best) = (0, false, f64::NEG_INFINITY);
        let fit = em
            .fit_watched(&rows, None, &mut rng(32), |step| {
                calls_after += usize::from(broken);
                broken = (step.restart, step.iteration) == (last_restart, last);
                best = best.max(step.mean_ln_likelihood);
                if broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        assert_eq!(calls_after, 0);
        if last_restart == 0 {
            assert_eq!((fit.iterations(), fit.converged()), (last, false));
        }
        // The first start has ended, and is likelier than the second one's first iterations.
        assert_eq!((fit.restart(), fit.mean_ln_likelihood()), (0, best));
    }
}

#[test]
fn the_same_generator_makes_the_same_fit_and_leaves_off_at_the_same_place() {
    let rows = groups(150, 33);
    for start in [Start::KMeansPlusPlus, Start::RandomResponsibilities] {
        let em = Em::<Full>::new(3).start(start).max_iterations(20);
        let (mut one, mut other) = (rng(5), rng(5));
        assert_eq!(em.fit(&rows, &mut one), em.fit(&rows, &mut other));
        assert_eq!(one, other);
        assert_ne!(em.fit(&rows, &mut rng(6)), em.fit(&rows, &mut rng(5)), "and another one another");
    }
}

#[test]
fn no_iterations_are_the_start_itself() {
    let rows = groups(150, 34);
    let em = Em::<Full>::new(3);
    let start = start(&em, &rows, None, 3);
    assert_eq!((start.iterations(), start.converged(), start.trace().len()), (0, false, 1));
    let same = em.max_iterations(0).fit_from(&rows, start.law()).unwrap();
    assert_eq!((same.law(), same.trace()), (start.law(), start.trace()));
}

#[test]
fn a_fit_ends_at_its_tolerance_or_at_its_last_iteration() {
    let rows = groups(200, 35);
    let em = Em::<Full>::new(3).restarts(1);
    let endless = em.clone().tolerance(0.0).max_iterations(7).fit(&rows, &mut rng(1)).unwrap();
    assert_eq!((endless.iterations(), endless.converged()), (7, false));
    let at_once = em.clone().tolerance(f64::INFINITY).fit(&rows, &mut rng(1)).unwrap();
    assert_eq!((at_once.iterations(), at_once.converged()), (1, true));
    let fine = em.tolerance(1e-9).fit(&rows, &mut rng(1)).unwrap();
    assert!(fine.converged() && fine.iterations() > 7);
}

#[test]
fn random_responsibilities_come_to_the_same_mixture_of_separated_groups() {
    let rows = apart(3, 300, 36);
    let by_first = |fit: &MixtureFit<f64, Full>| {
        let mut order: Vec<usize> = (0..3).collect();
        let first = |k: usize| fit.law().components()[k].mean_of_first();
        order.sort_by(|&a, &b| first(a).total_cmp(&first(b)));
        let weights: Vec<f64> = order.iter().map(|&k| fit.law().weights()[k]).collect();
        Mixture::new(&weights, order.iter().map(|&k| fit.law().components()[k].clone()).collect()).unwrap()
    };
    let em = Em::<Full>::new(3).restarts(10).tolerance(1e-12);
    let near = em.fit(&rows, &mut rng(36)).unwrap();
    let far = em.start(Start::RandomResponsibilities).fit(&rows, &mut rng(36)).unwrap();
    // Groups twenty deviations apart share no rows: the last iterations gain nothing, from any start.
    assert!(distance(&by_first(&far), &by_first(&near)) < 1e-9);
    assert!(far.trace().len() > near.trace().len(), "it takes longer from the middle");
}

trait MeanOfFirst {
    fn mean_of_first(&self) -> f64;
}

impl MeanOfFirst for Gaussian<f64> {
    fn mean_of_first(&self) -> f64 {
        use fenchel::distribution::Moments;
        self.mean()[0]
    }
}

#[test]
fn the_bayesian_criterion_counts_groups_that_are_apart() {
    let rows = apart(4, 200, 37);
    let selection = Em::<Spherical>::new(1).select(1..=6, Criterion::Bic, &rows, &mut rng(37)).unwrap();
    assert_eq!(selection.best().law().components().len(), 4);
    let numbers: Vec<usize> = selection.fits().map(|fit| fit.law().components().len()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6], "all fits, in the order asked for");
    assert!(selection.fits().all(|fit| fit.bic() >= selection.best().bic()));
    assert!(selection.failed().is_empty());
    let selection = Em::<Spherical>::new(1).select([5, 4, 3], Criterion::Aic, &rows, &mut rng(37)).unwrap();
    assert!(selection.fits().all(|fit| Criterion::Aic.of(fit) >= selection.best().aic()));
    assert_eq!(selection.fits().count(), 3);
}

#[test]
fn numbers_of_components_that_cannot_be_fitted_are_listed() {
    let rows = apart(2, 12, 38);
    let em = Em::<Diagonal>::new(1);
    let too_few = EstimateError::TooFewRows { rows: 12, needed: 13 };
    let none = EstimateError::InvalidSetting { what: "the number of components", value: 0.0, range: "at least 1" };
    let selection = em.select([13, 2, 0], Criterion::Bic, &rows, &mut rng(1)).unwrap();
    assert_eq!(selection.failed(), [(13, too_few), (0, none)]);
    assert_eq!(selection.best().law().components().len(), 2);
    assert_eq!(em.select([13, 0], Criterion::Bic, &rows, &mut rng(1)).unwrap_err(), too_few);
    let empty = em.select([], Criterion::Bic, &rows, &mut rng(1)).unwrap_err();
    assert!(matches!(empty, EstimateError::InvalidSetting { .. }), "{empty}");
}

/// AIC = 2p − 2 ln L and BIC = p ln W − 2 ln L, with ln L a sum over the rows as they are.
fn criteria_are<M: CovarianceModel>(rows: &DMatrix<f64>, weights: &[f64]) {
    let em = Em::<M>::new(3).restarts(1).max_iterations(4);
    let plain = em.fit(rows, &mut rng(3)).unwrap();
    let weighted = em.fit_weighted(rows, weights, &mut rng(3)).unwrap();
    let ones = vec![1.0; rows.nrows()];
    for (fit, weights) in [(plain, &ones[..]), (weighted, weights)] {
        use fenchel::distribution::Density;
        let ln_pdf = fit.law().ln_pdf_rows(rows).unwrap();
        let ln_likelihood: f64 = ln_pdf.iter().zip(weights).map(|(l, w)| l * w).sum();
        let total: f64 = weights.iter().sum();
        let p = fit.free_parameters() as f64;
        // Sums of a few hundred terms of up to ten.
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-10, "{found} {expected}");
        near(fit.ln_likelihood(), ln_likelihood);
        near(fit.aic(), 2.0 * p - 2.0 * ln_likelihood);
        near(fit.bic(), p * total.ln() - 2.0 * ln_likelihood);
        assert_eq!((Criterion::Aic.of(&fit), Criterion::Bic.of(&fit)), (fit.aic(), fit.bic()));
    }
}

#[test]
fn criteria_weigh_the_likelihood_against_the_parameters() {
    let rows = groups(200, 39);
    every_model!(criteria_are(&rows, &crate::weights(200)));
}

#[test]
fn parameters_are_counted_by_hand() {
    let rows = Gaussian::<f64>::standard(3).unwrap().sample_rows(60, &mut rng(40)).unwrap();
    fn count<M: CovarianceModel>(rows: &DMatrix<f64>) -> usize {
        start(&Em::<M>::new(4), rows, None, 1).free_parameters()
    }
    // Of weights 3 are free, of means 12; a covariance in space has 6 numbers, a diagonal 3.
    assert_eq!(count::<Full>(&rows), 3 + 12 + 24);
    assert_eq!(count::<Diagonal>(&rows), 3 + 12 + 12);
    assert_eq!(count::<Spherical>(&rows), 3 + 12 + 4);
    assert_eq!(count::<Tied>(&rows), 3 + 12 + 6);
    assert_eq!(count::<Tied<Diagonal>>(&rows), 3 + 12 + 3);
    assert_eq!(count::<Tied<Spherical>>(&rows), 3 + 12 + 1);
    // From a mixture, its components count.
    let two = start(&Em::<Full>::new(2), &rows, None, 1);
    let fit = Em::<Full>::new(4).max_iterations(1).fit_from(&rows, two.law()).unwrap();
    assert_eq!((fit.law().components().len(), fit.free_parameters()), (2, 1 + 6 + 12));
}

/// One M-step, of which the scatter is known.
#[test]
fn a_regularisation_is_added_to_the_variances() {
    use fenchel::distribution::Moments;
    let rows = DMatrix::from_row_slice(4, 2, &[-1.0, -30.0, -1.0, 30.0, 1.0, -30.0, 1.0, 30.0]);
    let variances = |regularisation| {
        let em = Em::<Full>::new(1).regularisation(regularisation);
        em.fit(&rows, &mut rng(1)).unwrap().law().components()[0].covariance()
    };
    // Square roots and squares of a few numbers.
    let near = |found: DMatrix<f64>, first: f64, second: f64| {
        let exact = DMatrix::from_diagonal(&dvector![first, second]);
        assert!((&found - &exact).amax() < 1e-12, "{found}");
    };
    near(variances(Regularisation::None), 1.0, 900.0);
    near(variances(Regularisation::Absolute(0.5)), 1.5, 900.5);
    near(variances(Regularisation::Relative(0.5)), 1.5, 1350.0);
    // One number for both is the mean of theirs.
    let em = Em::<Spherical>::new(1).regularisation(Regularisation::Relative(0.5));
    let variance = em.fit(&rows, &mut rng(1)).unwrap().law().components()[0].standard_deviation().powi(2);
    assert!((variance - 450.5 * 1.5).abs() < 1e-12 * 700.0);
}

#[test]
fn weights_count_in_the_choice_of_components() {
    let rows = groups(150, 71);
    let weights = vec![2.0; rows.nrows()];
    let em = Em::<Full>::new(1).restarts(2);
    let weighted = em.select_weighted(1..=4, Criterion::Bic, &rows, &weights, &mut rng(71)).unwrap();
    let counts: Vec<usize> = weighted.fits().map(|fit| fit.law().components().len()).collect();
    assert_eq!(counts, [1, 2, 3, 4]);
    for (fit, k) in weighted.fits().zip(1..) {
        if k == 1 {
            // A weight of 2 for each changes no estimate; but n is twice as large.
            let plain = em.clone().components(1).fit(&rows, &mut rng(71)).unwrap();
            assert!((fit.mean_ln_likelihood() - plain.mean_ln_likelihood()).abs() < 1e-12); // sums of 150 rows
        }
        let bic = fit.free_parameters() as f64 * 300_f64.ln() - 600.0 * fit.mean_ln_likelihood();
        assert!((fit.bic() - bic).abs() < 1e-9, "{k}"); // a rounding of numbers near 1000
    }
}

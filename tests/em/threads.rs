//! Many rows are taken part by part, and no bit of a fit depends on who takes them.

use fenchel::DistributionError;
use fenchel::distribution::{Full, Gaussian, Mixture, Spherical, SphericalGaussian};
#[cfg(feature = "rayon")]
use fenchel::estimate::CovarianceModel;
use fenchel::estimate::{FitMle, GaussianStatistics, SufficientStatistics};
#[cfg(feature = "rayon")]
use fenchel::nalgebra::DMatrix;
use fenchel::nalgebra::dvector;

use crate::{distance, groups, plain, rng};

/// The parts of `src/parallel.rs`.
const PART: usize = 8 * 992;

/// The M-step by the public parts: responsibilities, and statistics of pieces that no thread would share.
#[test]
fn an_iteration_of_many_rows_is_the_weighted_fit_of_each_component() {
    let rows = groups(2 * PART + 1000, 51);
    let em = plain::<Full>(3).restarts(1).max_iterations(0);
    let start = em.fit(&rows, &mut rng(51)).unwrap();
    let fit = em.max_iterations(1).fit_from(&rows, start.law()).unwrap();
    let posterior = start.law().responsibilities(&rows).unwrap();
    let statistics: Vec<_> = (0..3)
        .map(|k| {
            let mut statistics = GaussianStatistics::empty(2).unwrap();
            for first in (0..rows.nrows()).step_by(PART) {
                let count = PART.min(rows.nrows() - first);
                let part = rows.rows(first, count).into_owned();
                statistics.observe(&part, Some(&posterior.column(k).as_slice()[first..first + count])).unwrap();
            }
            statistics
        })
        .collect();
    let weights: Vec<f64> = statistics.iter().map(GaussianStatistics::weight).collect();
    let components = statistics.iter().map(|s| Gaussian::fit_mle_from(s).unwrap()).collect();
    // Sums of thousands of rows in another order: a unit for each root of their number, in covariances of condition up to 10.
    assert!(distance(fit.law(), &Mixture::new(&weights, components).unwrap()) < 10.0 * 130.0 * f64::EPSILON);
}

#[cfg(feature = "rayon")]
fn any_number_of_threads_make_the_same_fit<M: CovarianceModel>(rows: &DMatrix<f64>) {
    let weights = crate::weights(rows.nrows());
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let em = plain::<M>(3).restarts(1).max_iterations(3);
        pool.install(|| (em.fit(rows, &mut rng(52)).unwrap(), em.fit_weighted(rows, &weights, &mut rng(52)).unwrap()))
    };
    let one = fit(1);
    assert_eq!(fit(2), one);
    assert_eq!(fit(3), one);
}

#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_shows_in_no_bit() {
    // More parts than are taken together by one thread.
    let rows = groups(5 * PART + 100, 52);
    crate::every_model!(any_number_of_threads_make_the_same_fit(&rows));
}

/// An error is that of the first row that has one, whoever finds it.
#[test]
fn of_many_rows_without_density_the_first_is_named() {
    let mut rows = groups(4 * PART, 53);
    // 1e150 is 1e155 deviations away, whose square is no number; those of the data are.
    let law = SphericalGaussian::new(dvector![0.0, 0.0], 1e-10).unwrap();
    let start = Mixture::new(&[1.0], vec![law]).unwrap();
    for row in [3 * PART + 5, 2 * PART + 7, PART - 1] {
        rows[(row, 1)] = 1e150;
        let error = plain::<Spherical>(1).fit_from(&rows, &start).unwrap_err();
        assert_eq!(error, DistributionError::NoDensity { row, ln_pdf: f64::NEG_INFINITY }.into());
    }
}

//! scikit-learn's iterations: `tests/data/em.csv`, which `em.py` beside it makes.

use std::collections::BTreeMap;

use fenchel::distribution::{
    Density, Diagonal, DiagonalGaussian, Full, Gaussian, Mixture, Moments, Spherical, SphericalGaussian,
};
use fenchel::estimate::{CovarianceModel, Em, MixtureFit, Regularisation, Tied};
use fenchel::nalgebra::{DMatrix, DVector};

use crate::go_on;

/// Where iterations end: of `em.py`, too.
const STEPS: usize = 30;
const REST: f64 = 1e-10;

/// `em.py` asserts that scikit-learn's numbers are within 1e-12 of those with 64 bits of mantissa: weights and log-likelihoods as they are, means
/// and covariances in units of the deviations. The same is asked here.
const DIGITS: f64 = 2.0 * 1e-12;

const CASES: [(&str, usize); 7] = [
    ("iris", 2),
    ("iris", 3),
    ("wine", 2),
    ("wine", 3),
    ("breast_cancer", 2),
    ("breast_cancer", 3),
    ("weighted_iris", 3),
];

fn rows(set: &str) -> DMatrix<f64> {
    let text = match set {
        "wine" => include_str!("../data/wine.csv"),
        "breast_cancer" => include_str!("../data/breast_cancer.csv"),
        _ => include_str!("../data/iris.csv"),
    };
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let numbers: Vec<f64> = lines.iter().flat_map(|line| line.split(',').map(|x| x.parse().unwrap())).collect();
    DMatrix::from_row_slice(lines.len(), numbers.len() / lines.len(), &numbers)
}

/// Lines of the file by what is before the numbers.
struct Reference(BTreeMap<&'static str, Vec<f64>>);

impl Reference {
    fn new() -> Self {
        let lines = include_str!("../data/em.csv").lines();
        let numbers =
            |(name, rest): (&'static str, &str)| (name, rest.split(',').map(|x| x.parse().unwrap()).collect());
        Self(lines.map(|line| numbers(line.split_once(',').unwrap())).collect())
    }

    fn of(&self, case: &str, what: &str) -> &[f64] {
        &self.0[format!("{case} {what}").as_str()]
    }

    fn mean(&self, case: &str, what: &str, j: usize, d: usize) -> DVector<f64> {
        DVector::from_column_slice(&self.of(case, what)[j * d..][..d])
    }

    /// The covariance of component j, of which the file has a matrix, a diagonal or a number, for each component or for all.
    fn covariance(&self, case: &str, what: &str, j: usize, d: usize) -> DMatrix<f64> {
        let numbers = self.of(case, what);
        let each = match case.split(' ').nth(1).unwrap() {
            "tied" => return DMatrix::from_row_slice(d, d, numbers),
            "full" => d * d,
            "diag" => d,
            _ => 1,
        };
        match &numbers[j * each..][..each] {
            [variance] => DMatrix::from_diagonal_element(d, d, *variance),
            variances if each == d => DMatrix::from_diagonal(&DVector::from_column_slice(variances)),
            matrix => DMatrix::from_row_slice(d, d, matrix),
        }
    }
}

fn check<M: CovarianceModel>(
    reference: &Reference,
    case: &str,
    em: &Em<M>,
    start: &MixtureFit<f64, M>,
    rows: &DMatrix<f64>,
    weights: Option<&[f64]>,
) {
    let fit = go_on(&em.clone().tolerance(REST).max_iterations(STEPS), rows, weights, start).unwrap();
    let (law, d) = (fit.law(), rows.ncols());
    let near = |found: f64, expected: f64, bound: f64, what: &str| {
        assert!((found - expected).abs() <= bound, "{case}: {what} {found} and not {expected}");
    };
    let expected = reference.of(case, "trace");
    assert_eq!(fit.trace().len(), expected.len(), "{case}: it rests where scikit-learn's does");
    for (found, &expected) in fit.trace().iter().zip(expected) {
        near(*found, expected, DIGITS, "trace");
    }
    for (j, component) in law.components().iter().enumerate() {
        near(law.weights()[j], reference.of(case, "weights")[j], DIGITS, "weight");
        let (mean, covariance) = (reference.mean(case, "means", j, d), reference.covariance(case, "covariances", j, d));
        let deviations = covariance.diagonal().map(f64::sqrt);
        let found = component.covariance();
        for a in 0..d {
            near(component.mean()[a], mean[a], DIGITS * deviations[a], "mean");
            for b in 0..d {
                near(found[(a, b)], covariance[(a, b)], DIGITS * deviations[a] * deviations[b], "covariance");
            }
        }
    }
    assert_eq!(fit.free_parameters() as f64, reference.of(case, "parameters")[0], "{case}");
    // Twice the sum of as many log-likelihoods as the mean is of.
    let total = weights.map_or(rows.nrows() as f64, |weights| weights.iter().sum());
    near(fit.aic(), reference.of(case, "aic")[0], 2.0 * total * DIGITS, "AIC");
    near(fit.bic(), reference.of(case, "bic")[0], 2.0 * total * DIGITS, "BIC");
    let labels: Vec<f64> = law.predict(rows).unwrap().into_iter().map(|label| label as f64).collect();
    assert_eq!(labels, reference.of(case, "labels"), "{case}");
    let scores = law.ln_pdf_rows(rows).unwrap();
    for (found, &expected) in scores.iter().step_by(30).zip(reference.of(case, "scores")) {
        // The derivative of a score by a parameter, in units of the deviations, is up to the squared distance in units of the thinnest axis: a
        // few hundred for rows of thirteen columns.
        near(*found, expected, 300.0 * DIGITS, "score");
    }
}

macro_rules! cases {
    ($name:ident, $model:ty, $kind:literal, $law:expr) => {
        #[test]
        fn $name() {
            let reference = Reference::new();
            for (set, k) in CASES {
                let (rows, case) = (rows(set), format!("{set} {} {k}", $kind));
                let weights = (set == "weighted_iris").then(|| reference.of(set, "row weights"));
                let law = |j| {
                    let mean = reference.mean(&case, "start means", j, rows.ncols());
                    $law(mean, reference.covariance(&case, "start covariances", j, rows.ncols())).unwrap()
                };
                let law = Mixture::new(reference.of(&case, "start weights"), (0..k).map(law).collect()).unwrap();
                let em = Em::<$model>::new(k).regularisation(match reference.of(&case, "reg_covar")[0] {
                    0.0 => Regularisation::None,
                    reg_covar => Regularisation::Absolute(reg_covar),
                });
                let none = em.clone().max_iterations(0);
                let start = match weights {
                    None => none.fit_from(&rows, &law),
                    Some(weights) => none.fit_weighted_from(&rows, weights, &law),
                };
                check(&reference, &case, &em, &start.unwrap(), &rows, weights);
            }
        }
    };
}

cases!(full_covariances_are_scikit_learns, Full, "full", Gaussian::new);
cases!(a_tied_covariance_is_scikit_learns, Tied, "tied", Gaussian::new);
cases!(diagonal_covariances_are_scikit_learns, Diagonal, "diag", |mean, c: DMatrix<f64>| {
    DiagonalGaussian::new(mean, c.diagonal())
});
cases!(spherical_covariances_are_scikit_learns, Spherical, "spherical", |mean, c: DMatrix<f64>| {
    SphericalGaussian::new(mean, c[(0, 0)])
});

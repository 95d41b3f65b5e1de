//! Mixtures by expectation-maximisation.
//!
//! The oracles are scikit-learn's iterations (`tests/data/em.py`), the closed-form fits, moments of the data, symmetries of the problem,
//! and the gradient of the likelihood by the tape.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod degenerate;
mod laws;
mod memory;
mod scikit_learn;
mod score;
mod settings;
mod threads;

use fenchel::EstimateError;
use fenchel::distribution::{Gaussian, Mixture, Moments, SampleRows, Structure, StructuredGaussian};
use fenchel::estimate::{CovarianceModel, Em, MixtureFit, Regularisation};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;

/// Calls `$check::<M>(arguments)` for every covariance model M.
macro_rules! every_model {
    ($check:ident($($argument:expr),*)) => {{
        use fenchel::distribution::{Diagonal, Full, Spherical};
        use fenchel::estimate::Tied;
        $check::<Full>($($argument),*);
        $check::<Diagonal>($($argument),*);
        $check::<Spherical>($($argument),*);
        $check::<Tied>($($argument),*);
        $check::<Tied<Diagonal>>($($argument),*);
        $check::<Tied<Spherical>>($($argument),*);
    }};
}
pub(crate) use every_model;

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Three groups in the plane that overlap, with covariances of their own: 120 rows, say, of numbers within ±8.
fn groups(n: usize, seed: u64) -> DMatrix<f64> {
    let group = |x: f64, y: f64, c| Gaussian::new(dvector![x, y], c).unwrap();
    let law = Mixture::new(
        &[0.5, 0.3, 0.2],
        vec![
            group(0.0, 0.0, dmatrix![1.0, 0.5; 0.5, 1.0]),
            group(3.0, 1.0, dmatrix![0.5, -0.2; -0.2, 1.0]),
            group(0.0, 4.0, dmatrix![1.5, 0.0; 0.0, 0.3]),
        ],
    );
    law.unwrap().sample_rows(n, &mut rng(seed)).unwrap()
}

/// Weights 0, ½, 1 and 3/2 in turn.
fn weights(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i * 7 % 4) as f64 / 2.0).collect()
}

/// Plain expectation-maximisation, to the last bit.
fn plain<M: CovarianceModel>(components: usize) -> Em<M> {
    Em::new(components).regularisation(Regularisation::None).tolerance(0.0)
}

/// A start, drawn from the rows, as a fit without iterations.
fn start<M: CovarianceModel>(
    em: &Em<M>,
    rows: &DMatrix<f64>,
    weights: Option<&[f64]>,
    seed: u64,
) -> MixtureFit<f64, M> {
    let em = em.clone().restarts(1).max_iterations(0);
    match weights {
        None => em.fit(rows, &mut rng(seed)),
        Some(weights) => em.fit_weighted(rows, weights, &mut rng(seed)),
    }
    .unwrap()
}

/// Goes on from a fit.
fn go_on<M: CovarianceModel>(
    em: &Em<M>,
    rows: &DMatrix<f64>,
    weights: Option<&[f64]>,
    from: &MixtureFit<f64, M>,
) -> Result<MixtureFit<f64, M>, EstimateError> {
    match weights {
        None => em.fit_from(rows, from.law()),
        Some(weights) => em.fit_weighted_from(rows, weights, from.law()),
    }
}

/// As many iterations as told, also where the likelihood rests, and the trace of all.
fn iterated<M: CovarianceModel>(
    em: &Em<M>,
    rows: &DMatrix<f64>,
    weights: Option<&[f64]>,
    from: &MixtureFit<f64, M>,
    iterations: usize,
) -> (MixtureFit<f64, M>, Vec<f64>) {
    let (mut fit, mut trace) = (from.clone(), from.trace().to_vec());
    while trace.len() <= iterations {
        fit = go_on(&em.clone().max_iterations(iterations + 1 - trace.len()), rows, weights, &fit).unwrap();
        trace.extend(&fit.trace()[1..]);
    }
    (fit, trace)
}

/// The largest distance between two mixtures: of weights, and of means and covariances in units of the second one's deviations.
fn distance<S: Structure, R: Structure>(
    a: &Mixture<StructuredGaussian<f64, S>>,
    b: &Mixture<StructuredGaussian<f64, R>>,
) -> f64 {
    assert_eq!(a.components().len(), b.components().len());
    let mut largest: f64 = 0.0;
    for (k, (p, q)) in a.components().iter().zip(b.components()).enumerate() {
        let (scale, of_p, of_q) = (q.covariance().diagonal().map(f64::sqrt), p.covariance(), q.covariance());
        largest = largest.max((a.weights()[k] - b.weights()[k]).abs());
        for i in 0..scale.len() {
            largest = largest.max((p.mean()[i] - q.mean()[i]).abs() / scale[i]);
            for j in 0..scale.len() {
                largest = largest.max((of_p[(i, j)] - of_q[(i, j)]).abs() / (scale[i] * scale[j]));
            }
        }
    }
    largest
}

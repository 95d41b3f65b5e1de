//! EM of Gaussian mixtures with full covariances, a single iteration: that is 12 iterations less 2 of them, over 10, so that what is
//! done once, before and after, does not count.

use std::cell::RefCell;
use std::time::Instant;

use fenchel::distribution::{Density, Full, Gaussian, Moments, SampleRows};
use fenchel::estimate::{Em, FitMle, Regularisation};
use fenchel::nalgebra::DMatrix;
use linfa::prelude::*;
use linfa_clustering::{GaussianMixtureModel, GmmError, GmmInitMethod};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::Failure;
use crate::contest::{Contest, Lap, Peer, Runner, Table, python_peers};
use crate::python::Python;
use crate::work::{Law, Scratch, law, rng, start};

/// That many iterations from `start`.
fn fit(rows: &DMatrix<f64>, start: &Law, iterations: usize) -> Result<Law, Failure> {
    let em = Em::<Full>::new(start.components().len()).regularisation(Regularisation::None);
    let fit = em.tolerance(0.0).max_iterations(iterations).fit_from(rows, start)?;
    if fit.iterations() == iterations { Ok(fit.into_law()) } else { Err("fenchel stopped early".into()) }
}

fn ours<'a>(rows: &'a DMatrix<f64>, start: &'a Law) -> Runner<'a> {
    Box::new(|| {
        let (short, _) = clocked(|| fit(rows, start, 2))?;
        let (long, law) = clocked(|| fit(rows, start, 12))?;
        Ok(Lap { seconds: (long - short) / 10.0, check: Some(law.ln_pdf_rows(rows)?.mean()) })
    })
}

fn clocked<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let clock = Instant::now();
    let result = work()?;
    Ok((clock.elapsed().as_secs_f64(), result))
}

/// linfa draws where it starts, so its law is not ours; the cost of an iteration does not depend on that.
fn linfa<'a>(rows: &DMatrix<f64>, components: usize) -> Runner<'a> {
    let (n, d) = rows.shape();
    let dataset = Dataset::from(Array2::from_shape_fn((n, d), |place| rows[place]));
    let fit = move |iterations: u64| {
        // A tolerance that no change is below: it then does all iterations, and says that it did not converge.
        let model = GaussianMixtureModel::params_with_rng(components, Xoshiro256Plus::seed_from_u64(3))
            .init_method(GmmInitMethod::Random)
            .n_runs(1)
            .tolerance(f64::MIN_POSITIVE)
            .max_n_iterations(iterations);
        match model.fit(&dataset) {
            Err(GmmError::NotConverged(_)) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err("linfa stopped early".into()),
        }
    };
    Box::new(move || {
        let (short, _) = clocked(|| fit(2))?;
        let (long, _) = clocked(|| fit(12))?;
        Ok(Lap { seconds: (long - short) / 10.0, check: None })
    })
}

/// Data of a mixture of as many components as are fitted, and where EM starts.
fn problem(n: usize, d: usize, k: usize) -> Result<(DMatrix<f64>, Law), Failure> {
    let rows = law(d, k)?.sample_rows(n, &mut rng(4))?;
    let start = start(&rows, &Gaussian::fit_mle(&rows)?.covariance(), k)?;
    Ok((rows, start))
}

pub fn against_others(table: &mut Table, python: &RefCell<Python>, scratch: &Scratch) -> Result<(), Failure> {
    let n = 100_000;
    for (d, k) in [(2, 2), (2, 8), (8, 2), (8, 8)] {
        let (rows, start) = problem(n, d, k)?;
        scratch.put_rows(&rows)?;
        scratch.put_law("start", &start)?;
        let states = python.borrow_mut().prepare("em", scratch.path(), &[n, d, k]);
        let mut peers = python_peers(python, &states, &[("scikit-learn", Some(2.0))]);
        peers.push(Peer::new("linfa", Some(2.0), Ok(linfa(&rows, k))));
        table.hold(Contest {
            task: format!("EM iteration, {n} x {d}, k = {k}"),
            rows: n,
            ours: ours(&rows, &start),
            peers,
            // Twelve steps from the same start, which differ by the rounding of sums of n terms.
            tolerance: 1e-9,
        })?;
    }
    Ok(())
}

/// What a second thread brings.
#[cfg(feature = "rayon")]
pub fn on_two_threads(table: &mut Table) -> Result<(), Failure> {
    let n = 1_000_000;
    for (d, k) in [(2, 2), (8, 8)] {
        let (rows, start) = problem(n, d, k)?;
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let (one, two) = (pool(1)?, pool(2)?);
        let on = |pool: &rayon::ThreadPool| {
            let lap = pool.install(|| ours(&rows, &start)().map_err(|error| error.to_string()));
            Ok(lap?)
        };
        table.hold(Contest {
            task: format!("EM, 2 threads, {n} x {d}, k = {k}"),
            rows: n,
            ours: Box::new(|| on(&two)),
            peers: vec![Peer::new("fenchel, 1 thread", None, Ok(Box::new(|| on(&one))))],
            // The same work in other parts: rounding.
            tolerance: 1e-9,
        })?;
    }
    Ok(())
}

//! Sampling, maximum likelihood, log density: what numpy, scipy, scikit-learn and JAX do as well.

use std::cell::RefCell;
use std::time::Instant;

use fenchel::distribution::{Density, Gaussian, Moments, SampleRows};
use fenchel::estimate::FitMle;

use crate::Failure;
use crate::contest::{Contest, Lap, Peer, Runner, Table, python_peers};
use crate::python::Python;
use crate::work::{Scratch, law, rng};

/// Times `work`; its result is checked, and dropped, after the clock has stopped.
fn timed<'a, T>(mut work: impl FnMut() -> Result<T, Failure> + 'a, check: impl Fn(&T) -> f64 + 'a) -> Runner<'a> {
    Box::new(move || {
        let start = Instant::now();
        let result = work()?;
        Ok(Lap { seconds: start.elapsed().as_secs_f64(), check: Some(check(&result)) })
    })
}

/// Draws of a mixture of two, in random order.
pub fn sampling(table: &mut Table, python: &RefCell<Python>, scratch: &Scratch) -> Result<(), Failure> {
    for (n, d) in [(1_000_000, 2), (1_000_000, 16)] {
        let law = law(d, 2)?;
        scratch.put_law("law", &law)?;
        let states = python.borrow_mut().prepare("sampling", scratch.path(), &[n, d, 2]);
        let bars = [
            ("numpy, grouped by component", Some(1.5)),
            ("numpy, in random order", Some(2.5)),
            ("scikit-learn, grouped", None),
        ];
        let mut rng = rng(1);
        table.hold(Contest {
            task: format!("draws, {n} x {d}"),
            rows: n,
            ours: timed(move || Ok(law.sample_rows(n, &mut rng)?), |rows| rows.column(0).mean()),
            peers: python_peers(python, &states, &bars),
            // The mean of a column differs between two sets of draws by six standard deviations once in 10⁹ times.
            tolerance: 6.0 * (2.0 * self::law(d, 2)?.covariance()[(0, 0)] / n as f64).sqrt(),
        })?;
    }
    Ok(())
}

/// The sum, in parts between which nothing waits: what it takes to read the numbers.
fn sum(numbers: &[f64]) -> f64 {
    let (chunks, rest) = numbers.as_chunks::<32>();
    let mut parts = [0.0; 32];
    for chunk in chunks {
        parts.iter_mut().zip(chunk).for_each(|(part, x)| *part += x);
    }
    parts.iter().chain(rest).sum()
}

/// The Gaussian of greatest likelihood, beside a single pass over the same rows: what part of the time is memory's.
pub fn mle(table: &mut Table, python: &RefCell<Python>, scratch: &Scratch) -> Result<(), Failure> {
    for (n, d) in [(1_000_000, 2), (1_000_000, 16)] {
        let rows = law(d, 2)?.sample_rows(n, &mut rng(2))?;
        scratch.put_rows(&rows)?;
        let states = python.borrow_mut().prepare("mle", scratch.path(), &[n, d, 2]);
        let bars = [("numpy, mean and centred XᵀX / n", Some(5.0)), ("numpy, mean and cov", None)];
        let mut peers = python_peers(python, &states, &bars);
        let mut read = timed(|| Ok(sum(rows.as_slice())), |&sum| sum);
        let read = move || Ok(Lap { check: None, ..read()? });
        peers.push(Peer::new("reading the rows once", None, Ok(Box::new(read))));
        table.hold(Contest {
            task: format!("MLE of a Gaussian, {n} x {d}"),
            rows: n,
            ours: timed(|| Ok(Gaussian::fit_mle(&rows)?), |fit| fit.mean().sum() + fit.covariance().sum()),
            peers,
            // Sums of a million terms of size 10, in another order: some 1e-12.
            tolerance: 1e-9,
        })?;
    }
    Ok(())
}

/// The log density of a mixture of two.
pub fn density(table: &mut Table, python: &RefCell<Python>, scratch: &Scratch) -> Result<(), Failure> {
    for (n, d) in [(1_000_000, 2), (100_000, 16)] {
        let law = law(d, 2)?;
        let rows = law.sample_rows(n, &mut rng(3))?;
        scratch.put_law("law", &law)?;
        scratch.put_rows(&rows)?;
        let states = python.borrow_mut().prepare("density", scratch.path(), &[n, d, 2]);
        let bars = [("jax, jitted by hand", Some(1.2)), ("scikit-learn", Some(6.0)), ("scipy", None)];
        table.hold(Contest {
            task: format!("ln pdf of a mixture, {n} x {d}"),
            rows: n,
            ours: timed(|| Ok(law.ln_pdf_rows(&rows)?), |ln_pdf| ln_pdf.mean()),
            peers: python_peers(python, &states, &bars),
            // As above.
            tolerance: 1e-9,
        })?;
    }
    Ok(())
}

//! Averages over draws.

use rand::Rng;

use super::{mean_of, perspective_of_logs};
use crate::distribution::{Density, SampleRows};
use crate::divergence::{DivergenceError, Estimate, FDivergence, check_dimensions};
use crate::real::to_f64;

/// Draws taken at a time, so that memory does not grow with their number.
const BLOCK: usize = 4096;

/// D(P‖Q) = E_Q f(p/q) from `n` draws of Q, with its standard error.
///
/// Every term is non-negative, because f is centred; the estimate of a KL divergence cannot come out negative. Draw from the law
/// with the **wider tails**, whatever the divergence: the terms are then bounded where it matters. This draws from Q; to draw from P,
/// exchange the arguments, `monte_carlo(&divergence.swap(), &q, &p, n, rng)`, which estimates the same number. The standard error is itself
/// estimated, and means little where f(p/q)² has no mean under Q. A single infinite term makes the estimate infinite.
/// Where P has mass that Q has not, draws of Q never see it: f′(∞) times that mass is missing from the estimate.
///
/// ```
/// use fenchel::distribution::Gaussian;
/// use fenchel::divergence::{ClosedForm, FDivergence, ForwardKl, exact};
/// use fenchel::nalgebra::{DMatrix, DVector};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let p = Gaussian::new(DVector::from_vec(vec![1.0]), DMatrix::identity(1, 1))?;
/// let q = Gaussian::new(DVector::from_vec(vec![0.0]), DMatrix::identity(1, 1))?;
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let truth = ForwardKl.between(&p, &q)?; // 1/2
/// let from_q = exact::monte_carlo(&ForwardKl, &p, &q, 10_000, &mut rng)?;
/// let from_p = exact::monte_carlo(&ForwardKl.swap(), &q, &p, 10_000, &mut rng)?;
/// assert!((from_q.mean - truth).abs() < 5.0 * from_q.std_error);
/// assert!((from_p.mean - truth).abs() < 5.0 * from_p.std_error);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Laws of different dimensions, fewer than two draws, or a density that is NaN.
pub fn monte_carlo<D, P, Q, R>(divergence: &D, p: &P, q: &Q, n: usize, rng: &mut R) -> Result<Estimate, DivergenceError>
where
    D: FDivergence,
    P: Density<Scalar = Q::Scalar>,
    Q: SampleRows,
    R: Rng + ?Sized,
{
    check_dimensions(p, q)?;
    let mut terms = Vec::with_capacity(n);
    while terms.len() < n {
        let rows = q.sample_rows(BLOCK.min(n - terms.len()), rng)?;
        let (ln_p, ln_q) = (p.ln_pdf_rows(&rows)?, q.ln_pdf_rows(&rows)?);
        // f(p/q): the term q f(p/q) with both densities divided by q, which is positive at its own draws.
        let term = |(&ln_p, &ln_q): (&Q::Scalar, &Q::Scalar)| {
            to_f64(perspective_of_logs(divergence, ln_p - ln_q, nalgebra::zero()))
        };
        terms.extend(ln_p.iter().zip(ln_q.iter()).map(term));
    }
    mean_of(terms.into_iter())
}

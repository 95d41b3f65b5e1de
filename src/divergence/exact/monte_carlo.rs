//! Averages over draws.

use rand::Rng;

use super::{Mean, term};
use crate::distribution::{Density, SampleRows, checked_ln_pdf_rows};
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
///
/// It only knows what it draws: if Q never reaches where p is large, both numbers are small and wrong. Where P has mass that Q has not, draws
/// of Q never see it: f′(∞) times that mass is missing from the estimate.
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
/// Laws of different dimensions, fewer than two draws, a density that is NaN, a term that overflows.
pub fn monte_carlo<D, P, Q, R>(divergence: &D, p: &P, q: &Q, n: usize, rng: &mut R) -> Result<Estimate, DivergenceError>
where
    D: FDivergence,
    P: Density<Scalar = Q::Scalar>,
    Q: SampleRows + Density,
    R: Rng + ?Sized,
{
    check_dimensions(p, q)?;
    let mut mean = Mean::default();
    let mut left = n;
    while left > 0 {
        let block = BLOCK.min(left);
        left -= block;
        let rows = q.sample_rows(block, rng)?;
        let (ln_p, ln_q) = (checked_ln_pdf_rows(p, &rows)?, checked_ln_pdf_rows(q, &rows)?);
        for (&ln_p, &ln_q) in ln_p.iter().zip(ln_q.iter()) {
            // f(p/q): the term q f(p/q) with both densities divided by q, which is positive at its own draws.
            mean.push(term(divergence, to_f64(ln_p) - to_f64(ln_q), 0.0)?);
        }
    }
    mean.estimate()
}

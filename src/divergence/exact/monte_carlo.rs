//! Averages over draws.

use nalgebra::DMatrix;
use rand::Rng;

use super::tail::Tail;
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
/// exchange the arguments, `monte_carlo(&divergence.swap(), &q, &p, n, rng)`, which estimates the same number; to draw from a third law,
/// [`importance`].
///
/// # When not to believe it
///
/// Where f(p/q)² has no mean under Q, as with [`PearsonChi2`](crate::divergence::PearsonChi2) and a light-tailed Q, the estimate has no variance, and its spread
/// over the draws says nothing. The terms show it, given a few thousand of them: a generalised Pareto law is fitted to the largest (Vehtari et al. 2024, *Pareto
/// smoothed importance sampling*), and if its shape says that their variance is infinite, by two standard errors, then **`std_error` is +∞**. So it is where the
/// variance is finite but so large that n draws cannot know it. A single infinite term makes both infinite.
///
/// It only knows what it draws: where Q does not reach and p is large, the terms are small and wrong. That shows as well, for the mean of p/q should be the whole mass of P,
/// 1: if it is less by five of its standard errors, `std_error` is +∞; with a handful of draws now and then by chance. Where P has mass that Q has not, draws of Q never see it: f′(∞) times that mass is
/// missing from the estimate, and the same holds.
///
/// ```
/// use fenchel::distribution::Gaussian;
/// use fenchel::divergence::{ClosedForm, FDivergence, ForwardKl, PearsonChi2, exact};
/// use fenchel::nalgebra::{DMatrix, DVector};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let law = |mean: f64, variance: f64| Gaussian::new(DVector::from_vec(vec![mean]), DMatrix::from_element(1, 1, variance));
/// let (p, q) = (law(1.0, 1.0)?, law(0.0, 1.0)?);
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let truth = ForwardKl.between(&p, &q)?; // 1/2
/// let from_q = exact::monte_carlo(&ForwardKl, &p, &q, 10_000, &mut rng)?;
/// let from_p = exact::monte_carlo(&ForwardKl.swap(), &q, &p, 10_000, &mut rng)?;
/// assert!((from_q.mean - truth).abs() < 5.0 * from_q.std_error);
/// assert!((from_p.mean - truth).abs() < 5.0 * from_p.std_error);
///
/// // The chi-square is finite here, but its estimate from draws of Q has no variance.
/// let narrow = law(0.0, 0.55)?;
/// assert!(PearsonChi2.between(&q, &narrow)?.is_finite());
/// assert_eq!(exact::monte_carlo(&PearsonChi2, &q, &narrow, 10_000, &mut rng)?.std_error, f64::INFINITY);
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
    divergence.check()?;
    check_dimensions(p, q)?;
    // f(p/q): the term q f(p/q) with both densities divided by q, which is positive at its own draws.
    average(q, n, rng, |rows, terms| {
        let (ln_p, ln_q) = (checked_ln_pdf_rows(p, rows)?, checked_ln_pdf_rows(q, rows)?);
        for (&ln_p, &ln_q) in ln_p.iter().zip(ln_q.iter()) {
            let v = to_f64(ln_p) - to_f64(ln_q);
            terms(term(divergence, v, 0.0)?, [v.exp(), 1.0]);
        }
        Ok(())
    })
}

/// D(P‖Q) = E_R q f(p/q)/r from `n` draws of a proposal R, with its standard error.
///
/// R need not be related to either law, but must have mass wherever they have: a mixture of the two is always right, and where their tails differ it
/// is better than either. Terms, diagnosis and errors are those of [`monte_carlo`]; the mean of q/r should be 1 as well.
///
/// ```
/// use fenchel::distribution::{Gaussian, Mixture};
/// use fenchel::divergence::{ClosedForm, PearsonChi2, exact};
/// use fenchel::nalgebra::{DMatrix, DVector};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let law = |variance: f64| Gaussian::new(DVector::from_vec(vec![0.0]), DMatrix::from_element(1, 1, variance));
/// let (p, q, proposal) = (law(1.0)?, law(0.55)?, law(8.0)?); // p²/q has the variance 1/(2 − 1/0.55) = 5.5
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let chi2 = exact::importance(&PearsonChi2, &p, &q, &proposal, 10_000, &mut rng)?;
/// assert!((chi2.mean - PearsonChi2.between(&p, &q)?).abs() < 5.0 * chi2.std_error);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Laws of different dimensions, fewer than two draws, a density that is NaN, a term that overflows.
pub fn importance<D, P, Q, S, R>(
    divergence: &D,
    p: &P,
    q: &Q,
    proposal: &S,
    n: usize,
    rng: &mut R,
) -> Result<Estimate, DivergenceError>
where
    D: FDivergence,
    P: Density<Scalar = S::Scalar>,
    Q: Density<Scalar = S::Scalar>,
    S: SampleRows + Density,
    R: Rng + ?Sized,
{
    divergence.check()?;
    check_dimensions(p, q)?;
    check_dimensions(p, proposal)?;
    average(proposal, n, rng, |rows, terms| {
        let (ln_p, ln_q) = (checked_ln_pdf_rows(p, rows)?, checked_ln_pdf_rows(q, rows)?);
        let ln_r = checked_ln_pdf_rows(proposal, rows)?;
        for ((&ln_p, &ln_q), &ln_r) in ln_p.iter().zip(ln_q.iter()).zip(ln_r.iter()) {
            let ln_r = to_f64(ln_r);
            let (ln_p, ln_q) = (to_f64(ln_p) - ln_r, to_f64(ln_q) - ln_r);
            terms(term(divergence, ln_p, ln_q)?, [ln_p.exp(), ln_q.exp()]);
        }
        Ok(())
    })
}

/// The average over draws of `law` of the terms that `of` hands on for a block of rows, each with the masses of P and Q that the draw stands for.
fn average<S, R>(
    law: &S,
    n: usize,
    rng: &mut R,
    of: impl Fn(&DMatrix<S::Scalar>, &mut dyn FnMut(f64, [f64; 2])) -> Result<(), DivergenceError>,
) -> Result<Estimate, DivergenceError>
where
    S: SampleRows,
    R: Rng + ?Sized,
{
    let (mut mean, mut masses, mut tail) = (Mean::default(), [Mean::default(), Mean::default()], Tail::of(n));
    let mut left = n;
    while left > 0 {
        let block = BLOCK.min(left);
        left -= block;
        of(&law.sample_rows(block, rng)?, &mut |term, of_both| {
            mean.push(term);
            masses.iter_mut().zip(of_both).for_each(|(mass, of_one)| mass.push(of_one));
            tail.push(term);
        })?;
    }
    let estimate = mean.estimate()?;
    // Masses too large to be averaged are a tail of their own.
    let is_whole =
        |mass: &Mean| mass.estimate().is_ok_and(|mass| mass.mean + 5.0 * mass.std_error >= 1.0 - MASS_ROUNDING);
    let believed = masses.iter().all(is_whole) && !tail.has_infinite_variance();
    Ok(if believed { estimate } else { Estimate { std_error: f64::INFINITY, ..estimate } })
}

/// What a mass of 1 may lose in single precision: a hundred roundings of logarithms.
const MASS_ROUNDING: f64 = 1e-4;

//! Laws on finitely many points.

use super::price;
use crate::divergence::{DivergenceError, FDivergence, check_not_nan};
use crate::real::{CompensatedSum, Real, to_f64};

/// D(P‖Q) = Σ q f(p/q) between probabilities on the same points.
///
/// A point that Q lacks costs p f'(∞), one that P lacks costs q f(0); laws on different points give f(0) + f'(∞), which may be infinite.
///
/// ```
/// use fenchel::divergence::{ForwardKl, JensenShannon, exact};
///
/// let (p, q) = ([0.5, 0.5, 0.0], [0.25, 0.25, 0.5]);
/// let kl: f64 = exact::discrete(&ForwardKl, &p, &q)?;
/// assert!((kl - 2.0_f64.ln()).abs() < 1e-15);
/// let apart = exact::discrete(&JensenShannon, &[1.0, 0.0], &[0.0, 1.0])?;
/// assert_eq!(apart, 2.0 * 2.0_f64.ln());
/// # Ok::<(), fenchel::DivergenceError>(())
/// ```
///
/// # Errors
///
/// No points, slices of different lengths, a probability that is negative or not finite, or probabilities whose sum is further than √ε from 1:
/// rounding never takes it so far, and nothing is normalised behind your back. Probabilities whose ratio overflows f where f(0) = ∞.
pub fn discrete<D: FDivergence, T: Real>(divergence: &D, p: &[T], q: &[T]) -> Result<T, DivergenceError> {
    divergence.check()?;
    if p.len() != q.len() {
        return Err(DivergenceError::LengthMismatch { p: p.len(), q: q.len() });
    }
    check_probabilities("P", p)?;
    check_probabilities("Q", q)?;
    let mut somewhere = p.iter().zip(q).filter(|&(&p, &q)| p > T::zero() || q > T::zero());
    let sum = somewhere.try_fold(CompensatedSum::default(), |sum, (&p, &q)| {
        Ok::<_, DivergenceError>(sum.plus(p.max(q) * price(divergence, ln_ratio(p, q))?))
    })?;
    check_not_nan(sum.total())
}

/// ln(p/q), ∓∞ where only one is 0; from their difference where that is exact, which keeps relative accuracy near 0.
pub(super) fn ln_ratio<T: Real>(p: T, q: T) -> T {
    let two = T::one() + T::one();
    if p <= q * two && q <= p * two { ((p - q) / q).ln_1p() } else { p.ln() - q.ln() }
}

fn check_probabilities<T: Real>(law: &'static str, probabilities: &[T]) -> Result<(), DivergenceError> {
    if probabilities.is_empty() {
        return Err(DivergenceError::Empty);
    }
    if let Some(index) = probabilities.iter().position(|&x| !x.is_finite() || x < T::zero()) {
        return Err(DivergenceError::InvalidProbability { law, index, value: to_f64(probabilities[index]) });
    }
    let sum = probabilities.iter().copied().fold(CompensatedSum::default(), CompensatedSum::plus).total();
    if (sum - T::one()).abs() > T::default_epsilon().sqrt() {
        return Err(DivergenceError::NotNormalised { law, sum: to_f64(sum) });
    }
    Ok(())
}

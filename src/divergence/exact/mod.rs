//! Exact and estimated values of divergences between known laws.
//!
//! | laws | how |
//! |---|---|
//! | probabilities on finitely many points | [`discrete`]: a sum |
//! | Gaussians | [`ClosedForm`](super::ClosedForm) |
//! | densities in low dimension | [`quadrature`] |
//! | densities, one of which can be sampled | [`monte_carlo`] |

mod discrete;
mod gaussian;
mod monte_carlo;
mod quadrature;

pub use discrete::discrete;
pub use monte_carlo::monte_carlo;
pub use quadrature::{Integral, quadrature};

use super::{DivergenceError, Estimate, FDivergence};
use crate::real::{Real, real};

/// q f(p/q) for p, q ≥ 0, given v = ln(p/q), which is ∓∞ where only P or only Q lacks the point; NaN if anything is.
///
/// Where p > q the swapped divergence is used: f is only ever evaluated at u ≤ 1, where it cannot overflow.
fn perspective<D: FDivergence, T: Real>(divergence: &D, p: T, q: T, v: T) -> T {
    let infinity = real::<T>(f64::INFINITY);
    if p <= T::zero() && q <= T::zero() {
        T::zero() // no mass, or less than the numbers can hold
    } else if v == -infinity {
        q * real(divergence.at_zero())
    } else if v == infinity {
        p * real(divergence.slope_at_infinity())
    } else if v <= T::zero() {
        q * divergence.value(v)
    } else {
        p * divergence.swap().value(-v)
    }
}

/// [`perspective`], given ln p and ln q.
fn perspective_of_logs<D: FDivergence, T: Real>(divergence: &D, ln_p: T, ln_q: T) -> T {
    perspective(divergence, ln_p.exp(), ln_q.exp(), ln_p - ln_q)
}

/// The mean of the terms and its standard error, by Welford's recurrence.
pub(super) fn mean_of(terms: impl Iterator<Item = f64>) -> Result<Estimate, DivergenceError> {
    let (mut draws, mut mean, mut squares) = (0_u64, 0.0, 0.0);
    let mut infinite = false;
    for term in terms {
        draws += 1;
        if term.is_nan() {
            return Err(DivergenceError::NotANumber);
        }
        infinite |= term.is_infinite();
        let deviation = term - mean;
        mean += deviation / draws as f64;
        squares += deviation * (term - mean);
    }
    if draws < 2 {
        return Err(DivergenceError::TooFewDraws { draws });
    }
    if infinite {
        return Ok(Estimate { mean: f64::INFINITY, std_error: f64::INFINITY });
    }
    let n = draws as f64;
    Ok(Estimate { mean, std_error: (squares / (n - 1.0) / n).sqrt() })
}

//! Exact and estimated values of divergences between known laws.
//!
//! | laws | how |
//! |---|---|
//! | probabilities on finitely many points | [`discrete`]: a sum |
//! | Gaussians | [`ClosedForm`](super::ClosedForm) |
//! | densities in low dimension | [`quadrature`] |
//! | densities, one of which can be sampled | [`monte_carlo`] |
//! | densities, and draws of a third law | [`importance`] |

mod categorical;
mod discrete;
mod gaussian;
mod monte_carlo;
mod quadrature;
mod tail;

pub use discrete::discrete;
pub use monte_carlo::{importance, monte_carlo};
pub use quadrature::{Integral, quadrature};

use super::{DivergenceError, Estimate, FDivergence};
use crate::real::{Real, real, to_f64};

/// What a unit of the larger mass adds to D at a point with v = ln(p/q): f(u) for one of Q where v ≤ 0, f°(1/u) = f(u)/u for one of P
/// elsewhere. v = −∞ where only Q has mass, ∞ where only P has; NaN gives NaN.
///
/// f is thus evaluated at u ≤ 1 only, where no f with a finite f(0) overflows.
///
/// # Errors
///
/// [`Overflow`](DivergenceError::Overflow) if f does, for an f with f(0) = ∞ and masses too far apart.
fn price<D: FDivergence, T: Real>(divergence: &D, v: T) -> Result<T, DivergenceError> {
    let infinity = real::<T>(f64::INFINITY);
    if v == -infinity {
        return Ok(real(divergence.at_zero()));
    }
    if v == infinity {
        return Ok(real(divergence.slope_at_infinity()));
    }
    let price = if v <= T::zero() { divergence.value(v) } else { divergence.swap().value(-v) };
    if price == infinity { Err(DivergenceError::Overflow { v: to_f64(v) }) } else { Ok(price) }
}

/// q f(p/q), given ln p and ln q; NaN if either is.
///
/// # Errors
///
/// [`Overflow`](DivergenceError::Overflow) also if the product does: an infinite term is one whose price is infinite.
fn term<D: FDivergence>(divergence: &D, ln_p: f64, ln_q: f64) -> Result<f64, DivergenceError> {
    if ln_p == f64::NEG_INFINITY && ln_q == f64::NEG_INFINITY {
        return Ok(0.0);
    }
    let v = ln_p - ln_q;
    if v.is_nan() {
        return Ok(v);
    }
    let (larger, price) = (ln_p.max(ln_q), price(divergence, v)?);
    let mass = larger.exp();
    // A mass too small for the numbers can still have a price that is large enough.
    let term = if mass > 0.0 { mass * price } else { (larger + price.ln()).exp() };
    if term == f64::INFINITY && price < f64::INFINITY { Err(DivergenceError::Overflow { v }) } else { Ok(term) }
}

/// The mean of terms and its standard error, by Welford's recurrence.
#[derive(Default)]
pub(super) struct Mean {
    terms: u64,
    mean: f64,
    squares: f64,
    infinite: bool,
}

impl Mean {
    pub(super) fn push(&mut self, term: f64) {
        self.infinite |= term == f64::INFINITY;
        self.terms += 1;
        let deviation = term - self.mean;
        self.mean += deviation / self.terms as f64;
        self.squares += deviation * (term - self.mean);
    }

    pub(super) fn estimate(&self) -> Result<Estimate, DivergenceError> {
        if self.terms < 2 {
            return Err(DivergenceError::TooFewDraws { draws: self.terms });
        }
        if self.infinite {
            return Ok(Estimate { mean: f64::INFINITY, std_error: f64::INFINITY });
        }
        let n = self.terms as f64;
        let (mean, std_error) = (self.mean, (self.squares / (n - 1.0) / n).sqrt());
        // Not finite: a NaN among the terms, or terms that overflow when squared.
        if std_error.is_finite() { Ok(Estimate { mean, std_error }) } else { Err(DivergenceError::NotANumber) }
    }
}

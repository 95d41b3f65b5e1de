//! Exact and estimated values of divergences between known laws.
//!
//! | laws | how |
//! |---|---|
//! | probabilities on finitely many points | [`discrete`]: a sum |
//! | Gaussians, categorical laws | [`ClosedForm`](super::ClosedForm) |
//! | densities on the line or in the plane | [`quadrature`] |
//! | densities, one of which can be sampled | [`monte_carlo`] |
//! | densities, and draws of a third law | [`importance`] |

mod adaptive;
mod categorical;
mod discrete;
mod gaussian;
mod monte_carlo;
mod panel;
mod quadrature;
mod singular;
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

/// ln of the price where v is finite but f overflows, or is NaN: there the logarithm is affine in v, for every f that grows like a power of u.
/// `None` for one that does not.
fn ln_price_beyond<D: FDivergence>(divergence: &D, v: f64) -> Option<f64> {
    let halved = std::iter::successors(Some(v), |v| Some(0.5 * v)).take_while(|v| v.abs() > 1.0);
    let usable = |v: &f64| price(divergence, *v).is_ok_and(|price| price > 0.0 && price < f64::INFINITY);
    let near = halved.skip(1).find(usable)?;
    let ln_price = |v: f64| price(divergence, v).map_or(f64::NAN, f64::ln);
    let [a, b, c] = [ln_price(near), ln_price(near / 2.0), ln_price(near / 4.0)];
    let (slope, slope_before) = ((a - b) * 2.0, (b - c) * 4.0);
    // At an eighth of where f overflows, the lower powers of u are already below the rounding of the leading one.
    let affine = (slope - slope_before).abs() <= 1e-9 * (1.0 + slope.abs());
    affine.then_some(a + slope * (v / near - 1.0))
}

/// q f(p/q), given ln p and ln q; NaN if either is.
///
/// # Errors
///
/// [`Overflow`](DivergenceError::Overflow) if the term does: an infinite one is one whose price is infinite.
fn term<D: FDivergence>(divergence: &D, ln_p: f64, ln_q: f64) -> Result<f64, DivergenceError> {
    if ln_p == f64::NEG_INFINITY && ln_q == f64::NEG_INFINITY {
        return Ok(0.0);
    }
    let v = ln_p - ln_q;
    if v.is_nan() {
        return Ok(v);
    }
    let larger = ln_p.max(ln_q);
    let price = match price(divergence, v) {
        Ok(price) if v.is_infinite() || price.is_finite() => price,
        _ => match ln_price_beyond(divergence, v) {
            // What a mass too small for the numbers is multiplied by may be too large for them.
            Some(ln_price) if (larger + ln_price).exp() < f64::INFINITY => return Ok((larger + ln_price).exp()),
            _ => return Err(DivergenceError::Overflow { v }),
        },
    };
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

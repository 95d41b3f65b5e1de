//! Closed forms for pairs of categorical laws: sums.

use super::discrete;
use super::discrete::ln_ratio;
use crate::distribution::Categorical;
use crate::divergence::{
    Alpha, ArithmeticGeometric, ClosedForm, DivergenceError, FDivergence, ForwardKl, Jeffreys, JensenShannon, Log1pAbs,
    ModifiedGan, Named, NamedSmooth, NeymanChi2, PearsonChi2, Renyi, ReverseKl, SoftForwardKl, SoftReverseKl,
    SquaredHellinger, TotalVariation, Triangular, WeightedJensenShannon, check_not_nan,
};
use crate::real::{Real, real};
use crate::special::{NEGLIGIBLE, ln_sum_exp};

macro_rules! categorical {
    ($($divergence:ident)*) => {$(
        /// The sum of [`discrete`].
        impl<T: Real> ClosedForm<Categorical<T>> for $divergence {
            fn between(&self, p: &Categorical<T>, q: &Categorical<T>) -> Result<T, DivergenceError> {
                discrete(self, p.probabilities(), q.probabilities())
            }
        }
    )*};
}
categorical! {
    ForwardKl ReverseKl Jeffreys PearsonChi2 NeymanChi2 Alpha SquaredHellinger JensenShannon WeightedJensenShannon SoftForwardKl
    SoftReverseKl ArithmeticGeometric Triangular ModifiedGan TotalVariation Log1pAbs Named NamedSmooth
}

/// ln Σ pᵅ q¹⁻ᵅ / (α − 1), and near P = Q, where that cancels, by way of [`discrete`].
impl<T: Real> ClosedForm<Categorical<T>> for Renyi {
    fn between(&self, p: &Categorical<T>, q: &Categorical<T>) -> Result<T, DivergenceError> {
        let (alpha, c) = (self.alpha_divergence().alpha(), self.alpha_divergence().product());
        // Of a c that is negligible `from_alpha` knows c D to be as well.
        let is_near = |divergence: T| {
            let size = (divergence * real(c)).abs();
            size < T::default_epsilon() || size < real(0.5) && c.abs() >= NEGLIGIBLE
        };
        match self.alpha_divergence().between(p, q) {
            Ok(divergence) if c == 0.0 || is_near(divergence) => {
                return check_not_nan(self.from_alpha(divergence));
            }
            // One that overflows says no more than that they are far apart.
            Ok(_) | Err(DivergenceError::Overflow { .. }) => {}
            Err(other) => return Err(other),
        }
        let complement: f64 = self.alpha_divergence().swap().alpha();
        let mut terms = Vec::new();
        for (&p, &q) in p.probabilities().iter().zip(q.probabilities()).filter(|&(&p, _)| p > T::zero()) {
            if q > T::zero() {
                terms.push(ln_ratio(p, q) * real(alpha) + q.ln());
            } else if complement < 0.0 {
                return Ok(real(f64::INFINITY));
            }
        }
        check_not_nan(ln_sum_exp(&terms) * real(-complement.recip()))
    }
}

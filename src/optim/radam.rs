//! RAdam.

use nalgebra::DMatrix;

use super::Optimizer;
use super::adam::{Moments, Variant};
use super::rule::{Leaf, Step};
use crate::real::{Real, real};

/// RAdam: [`Adam`](super::Adam) that scales its steps only as far as v̂ can be trusted, which makes up for a warm-up.
///
/// ```text
/// ρ∞ = 2/(1 − β₂) − 1              ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
/// ρ ≥ 5:   r² = (ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ),   θ ← θ − rate r m̂ / (√v̂ + ε)
/// else:    θ ← θ − rate m̂
/// ```
///
/// m̂ and v̂ are those of Adam, with its settings. ρ is about the number of squares that v̂ averages: the first five steps with β₂ = 0.999, and every
/// step with β₂ below 2/3, have the size of the gradient. The threshold of 5 is optax's; the paper's is
/// 4. Liu et al. (2020), *On the variance of the adaptive learning rate and beyond*.
pub type RAdam<T> = Optimizer<T, Moments<RAdamRule>>;

/// Which one of [`Moments`]: [`RAdam`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RAdamRule;

impl Variant for RAdamRule {
    const NAME: &'static str = "radam";

    #[inline(always)]
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [first, second] = state else { return };
        let (decays, epsilon) = (moments.decays::<T>(), real::<T>(moments.epsilon));
        let root_correction = moments.root_correction::<T>(step);
        let corrected_rate = moments.corrected_rate::<T>(step);
        let rectified = moments.rectification(step).map(|r| corrected_rate * real(r));
        for ((entry, m), v) in leaf.entries().zip(first.as_mut_slice()).zip(second.as_mut_slice()) {
            decays.observe(m, v, entry.gradient());
            entry.descend(match rectified {
                Some(rate) => rate * *m / (v.sqrt() * root_correction + epsilon),
                None => corrected_rate * *m,
            });
        }
    }
}

impl Moments<RAdamRule> {
    /// r, if v̂ can be trusted at all.
    fn rectification(&self, step: Step) -> Option<f64> {
        let limit = 2.0 / (1.0 - self.beta2) - 1.0;
        let share = step.share(self.beta2, 0);
        let length = limit - 2.0 * step.count as f64 * (1.0 - share) / share;
        let squared = (length - 4.0) * (length - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * length);
        (length >= 5.0).then(|| squared.sqrt())
    }
}

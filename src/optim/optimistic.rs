//! Optimistic Adam.

use nalgebra::DMatrix;

use super::adam::{Moments, Variant};
use super::rule::{Leaf, Step};
use super::{OptimError, Optimizer, setting};
use crate::real::{Real, real};

/// Optimistic Adam: [`Adam`](super::Adam) for games, where it goes by how its direction has changed to where the other players are going.
///
/// ```text
/// r = m̂ / (√v̂ + ε)
/// θ ← θ − rate ((1 + o) r − o r′)        r′: the r of the step before
/// ```
///
/// m̂ and v̂ are those of Adam, with its settings. The optimism o is 1 by default: the paper's 2 r − r′. At the first step r′ is r. This is optax's
/// `optimistic_adam_v2` without its option `nesterov`, which the paper does not have. Daskalakis, Ilyas, Syrgkanis and Zeng (2018), *Training
/// GANs with optimism*.
pub type OptimisticAdam<T> = Optimizer<T, Moments<OptimisticAdamRule>>;

/// Which one of [`Moments`]: [`OptimisticAdam`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct OptimisticAdamRule {
    optimism: f64,
}

impl Default for OptimisticAdamRule {
    fn default() -> Self {
        Self { optimism: 1.0 }
    }
}

impl Variant for OptimisticAdamRule {
    const NAME: &'static str = "optimistic_adam";
    const SLOTS: usize = 3;

    fn check<T: Real>(&self) -> Result<(), OptimError> {
        setting::non_negative::<T>("the optimism", self.optimism)
    }

    #[inline(always)]
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [first, second, before] = state else { return };
        let (decays, epsilon) = (moments.decays::<T>(), real::<T>(moments.epsilon));
        let correction = real::<T>(1.0 / step.share(moments.beta1, 0));
        let root_correction = moments.root_correction::<T>(step);
        let (rate, optimism) = (real::<T>(step.rate), real::<T>(moments.variant.optimism));
        let slots = first.as_mut_slice().iter_mut().zip(second.as_mut_slice()).zip(before.as_mut_slice());
        for (entry, ((m, v), before)) in leaf.entries().zip(slots) {
            let last = *before;
            decays.observe(m, v, entry.gradient());
            let direction = correction * *m / (v.sqrt() * root_correction + epsilon);
            let change = if step.count == 1 { T::zero() } else { direction - last };
            *before = direction;
            entry.descend(rate * (direction + optimism * change));
        }
    }
}

impl<T: Real> OptimisticAdam<T> {
    /// The same with another optimism; 0 is Adam.
    ///
    /// # Errors
    ///
    /// One that is negative or not finite.
    pub fn with_optimism(self, optimism: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.variant.optimism = optimism)
    }
}

//! Nadam.

use nalgebra::DMatrix;

use super::Optimizer;
use super::adam::{Moments, Variant};
use super::rule::{Leaf, Step};
use crate::real::{Real, real};

/// Nadam: [`Adam`](super::Adam) with Nesterov's momentum, which looks one step ahead.
///
/// ```text
/// m̂ = β₁ m / (1 − β₁ᵗ⁺¹) + (1 − β₁) g / (1 − β₁ᵗ)
/// θ ← θ − rate m̂ / (√v̂ + ε)
/// ```
///
/// m and v̂ are those of Adam, with its settings; β₁ stays what it is, as in optax, where the paper lets it grow with the step, and v̂ is without
/// the paper's factor β₂. Dozat (2016), *Incorporating Nesterov momentum into Adam*.
pub type Nadam<T> = Optimizer<T, Moments<NadamRule>>;

/// Which one of [`Moments`]: [`Nadam`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NadamRule;

impl Variant for NadamRule {
    const NAME: &'static str = "nadam";

    #[inline(always)]
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [first, second] = state else { return };
        let (decays, epsilon) = (moments.decays::<T>(), real::<T>(moments.epsilon));
        let ahead = real::<T>(step.rate * moments.beta1 / step.share(moments.beta1, 1));
        let now = real::<T>(step.rate * (1.0 - moments.beta1) / step.share(moments.beta1, 0));
        let root_correction = moments.root_correction::<T>(step);
        for ((entry, m), v) in leaf.entries().zip(first.as_mut_slice()).zip(second.as_mut_slice()) {
            let g = entry.gradient();
            decays.observe(m, v, g);
            entry.descend((ahead * *m + now * g) / (v.sqrt() * root_correction + epsilon));
        }
    }
}

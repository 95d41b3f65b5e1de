//! AdaMax.

use nalgebra::DMatrix;

use super::Optimizer;
use super::adam::{Moments, Variant};
use super::rule::{Faded, Leaf, Step};
use crate::real::{Real, real};

/// AdaMax: [`Adam`](super::Adam) with a fading maximum of |g| in place of √v̂.
///
/// ```text
/// u ← max(β₂ u, |g|)
/// θ ← θ − rate m̂ / (u + ε)
/// ```
///
/// m̂ is that of Adam, with its settings. ε is added, as in JAX; the paper has none, and optax takes max(β₂ u, |g| + ε). Kingma and Ba
/// (2015), *Adam: a method for stochastic optimization*, section 7.1.
pub type AdaMax<T> = Optimizer<T, Moments<AdaMaxRule>>;

/// Which one of [`Moments`]: [`AdaMax`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdaMaxRule;

impl Variant for AdaMaxRule {
    const NAME: &'static str = "adamax";

    #[inline(always)]
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [first, largest] = state else { return };
        let (beta1, keep1) = (real::<T>(moments.beta1), real::<T>(1.0 - moments.beta1));
        let (beta2, epsilon) = (real::<T>(moments.beta2), real::<T>(moments.epsilon));
        let (corrected_rate, faded) = (moments.corrected_rate::<T>(step), Faded::new());
        for ((entry, m), u) in leaf.entries().zip(first.as_mut_slice()).zip(largest.as_mut_slice()) {
            let g = entry.gradient();
            let first = faded.or_zero(beta1 * *m + keep1 * g);
            let largest = (beta2 * *u).max(g.abs());
            *u = faded.or_least(largest);
            *m = first;
            entry.descend(corrected_rate * *m / (*u + epsilon));
        }
    }
}

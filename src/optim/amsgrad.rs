//! AMSGrad.

use nalgebra::DMatrix;

use super::Optimizer;
use super::adam::{Moments, Variant};
use super::rule::{Leaf, Step};
use crate::real::{Real, real};

/// AMSGrad: [`Adam`](super::Adam) whose steps are scaled by the largest v̂ so far, so that a rare large gradient is not forgotten.
///
/// ```text
/// w ← max(w, v̂)
/// θ ← θ − rate m̂ / (√w + ε)
/// ```
///
/// m̂ and v̂ are those of Adam, with its settings. Both are corrected before the maximum is taken, as optax does by default; in the paper and in
/// PyTorch, the maximum is that of v. Reddi, Kale and Kumar (2018), *On the convergence of Adam and beyond*.
pub type Amsgrad<T> = Optimizer<T, Moments<AmsgradRule>>;

/// Which one of [`Moments`]: [`Amsgrad`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AmsgradRule;

impl Variant for AmsgradRule {
    const NAME: &'static str = "amsgrad";
    const SLOTS: usize = 3;

    #[inline(always)]
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [first, second, largest] = state else { return };
        let (decays, epsilon) = (moments.decays::<T>(), real::<T>(moments.epsilon));
        let corrected_rate = moments.corrected_rate::<T>(step);
        let correction = real::<T>(1.0 / step.share(moments.beta2, 0));
        let slots = first.as_mut_slice().iter_mut().zip(second.as_mut_slice()).zip(largest.as_mut_slice());
        for (entry, ((m, v), w)) in leaf.entries().zip(slots) {
            let before = *w;
            decays.observe(m, v, entry.gradient());
            *w = before.max(*v * correction);
            entry.descend(corrected_rate * *m / (w.sqrt() + epsilon));
        }
    }
}

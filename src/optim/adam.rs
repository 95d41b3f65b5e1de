//! Adam and AdamW, and what their kin share.

use nalgebra::DMatrix;

use super::rule::{Faded, Leaf, Rule, Step};
use super::{OptimError, Optimizer, setting};
use crate::real::{Real, real};

/// Adam: steps scaled by running moments of the gradient.
///
/// After t steps, with g the gradient, all entrywise:
///
/// ```text
/// m ← β₁ m + (1 − β₁) g            m̂ = m / (1 − β₁ᵗ)
/// v ← β₂ v + (1 − β₂) g²           v̂ = v / (1 − β₂ᵗ)
/// θ ← θ − rate m̂ / (√v̂ + ε)
/// ```
///
/// β₁ = 0.9, β₂ = 0.999, ε = 1e-8 by default. ε is added outside the root, as in JAX. The state owns the step count t.
/// Kingma and Ba (2015), *Adam: a method for stochastic optimization*.
///
/// ```
/// use fenchel::autodiff::{Gradients, Tape, value_and_grad};
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::optim::Adam;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut x = DMatrix::from_row_slice(1, 2, &[3.0, -4.0]);
/// let (mut tape, mut gradients, mut adam) = (Tape::new(), Gradients::new(), Adam::new(0.1)?);
/// for _ in 0..500 {
///     value_and_grad(&mut tape, &x, &mut gradients, |_, x| x.square().sum())?;
///     adam.update(&mut x, &gradients)?;
/// }
/// assert!(x.norm() < 1e-6); // the minimum is at 0
/// # Ok(())
/// # }
/// ```
pub type Adam<T> = Optimizer<T, Moments<AdamRule>>;

/// AdamW: [`Adam`] with decoupled weight decay, 1e-4 by default as in optax.
///
/// ```text
/// θ ← θ − rate (m̂ / (√v̂ + ε) + λ θ)
/// ```
///
/// λ is set by [`with_weight_decay`](Optimizer::with_weight_decay), and is multiplied by the rate of the step, as in optax; in the paper it is multiplied
/// by the schedule but not by the initial rate. Loshchilov and Hutter (2019), *Decoupled weight decay regularization*.
pub type AdamW<T> = Optimizer<T, Moments<AdamWRule>>;

/// The settings of Adam and its kin, which all go by a mean m of the gradients and a mean v of their squares; `V` says which one it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Moments<V> {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
    pub(super) variant: V,
}

/// A member of Adam's family: its name, and its step.
pub trait Variant: Sized {
    /// See [`Rule::NAME`].
    const NAME: &'static str;
    /// See [`Rule::SLOTS`]; the first two are m and v.
    const SLOTS: usize = 2;
    /// See [`Rule::WEIGHT_DECAY`].
    const WEIGHT_DECAY: f64 = 0.0;

    /// Errs unless the member's own settings are in their ranges.
    fn check<T: Real>(&self) -> Result<(), OptimError> {
        Ok(())
    }

    /// See [`Rule::step`].
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]);
}

/// The decay rates as numbers of the parameters' type.
pub(super) struct Decays<T> {
    pub(super) beta1: T,
    pub(super) keep1: T,
    beta2: T,
    keep2: T,
    faded: Faded<T>,
}

impl<T: Real> Decays<T> {
    /// Takes the gradient `g` into m and v.
    #[inline(always)]
    pub(super) fn observe(&self, m: &mut T, v: &mut T, g: T) {
        let first = self.faded.or_zero(self.beta1 * *m + self.keep1 * g);
        let second = self.beta2 * *v + self.keep2 * g * g;
        *v = self.faded.or_least(second);
        *m = first;
    }
}

impl<V> Moments<V> {
    pub(super) fn decays<T: Real>(&self) -> Decays<T> {
        let (keep1, keep2) = (real(1.0 - self.beta1), real(1.0 - self.beta2));
        Decays { beta1: real(self.beta1), keep1, beta2: real(self.beta2), keep2, faded: Faded::new() }
    }

    /// The factor that makes m into rate m̂ at this step.
    pub(super) fn corrected_rate<T: Real>(&self, step: Step) -> T {
        real(step.rate / step.share(self.beta1, 0))
    }

    /// The factor that makes √v into √v̂ at this step.
    pub(super) fn root_correction<T: Real>(&self, step: Step) -> T {
        real(step.share(self.beta2, 0).sqrt().recip())
    }
}

impl<V: Default> Default for Moments<V> {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, variant: V::default() }
    }
}

impl<T: Real, V: Variant> Rule<T> for Moments<V> {
    const NAME: &'static str = V::NAME;
    const SLOTS: usize = V::SLOTS;
    const WEIGHT_DECAY: f64 = V::WEIGHT_DECAY;

    fn check(&self) -> Result<(), OptimError> {
        setting::decay::<T>("beta1", self.beta1)?;
        setting::decay::<T>("beta2", self.beta2)?;
        setting::positive::<T>("epsilon", self.epsilon)?;
        self.variant.check::<T>()
    }

    fn holds(&self, slot: usize, value: T) -> bool {
        value.is_finite() && (slot != 1 || value >= T::zero())
    }

    fn decays(&self) -> [f64; 2] {
        [self.beta1, self.beta2]
    }

    #[inline(always)]
    fn step(&self, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        V::step(self, step, leaf, state);
    }
}

impl<T: Real, V: Variant> Optimizer<T, Moments<V>> {
    /// The same with other decay rates of the moments.
    ///
    /// # Errors
    ///
    /// A rate outside [0, 1).
    pub fn with_betas(self, beta1: f64, beta2: f64) -> Result<Self, OptimError> {
        self.with(|rule| (rule.beta1, rule.beta2) = (beta1, beta2))
    }

    /// The same with another ε.
    ///
    /// # Errors
    ///
    /// One that is not positive and finite in the precision of the parameters: a parameter whose gradient was always 0 would become 0/0.
    pub fn with_epsilon(self, epsilon: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.epsilon = epsilon)
    }
}

/// Which one of [`Moments`]: [`Adam`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamRule;

/// Which one of [`Moments`]: [`AdamW`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamWRule;

impl Variant for AdamRule {
    const NAME: &'static str = "adam";

    #[inline(always)]
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        adam_step(moments, step, leaf, state);
    }
}

impl Variant for AdamWRule {
    const NAME: &'static str = "adamw";
    const WEIGHT_DECAY: f64 = 1e-4;

    #[inline(always)]
    fn step<T: Real>(moments: &Moments<Self>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        adam_step(moments, step, leaf, state);
    }
}

#[inline(always)]
fn adam_step<T: Real, V>(moments: &Moments<V>, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
    let [first, second] = state else { return };
    let (decays, epsilon) = (moments.decays::<T>(), real::<T>(moments.epsilon));
    let corrected_rate = moments.corrected_rate::<T>(step);
    let root_correction = moments.root_correction::<T>(step);
    for ((entry, m), v) in leaf.entries().zip(first.as_mut_slice()).zip(second.as_mut_slice()) {
        decays.observe(m, v, entry.gradient());
        entry.descend(corrected_rate * *m / (v.sqrt() * root_correction + epsilon));
    }
}

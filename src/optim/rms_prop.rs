//! RMSProp.

use nalgebra::DMatrix;

use super::rule::{Faded, Leaf, Rule, Step};
use super::{OptimError, Optimizer, setting};
use crate::real::{Real, real};

/// RMSProp: steps scaled by the root of a running mean of the squared gradients.
///
/// ```text
/// v ← γ v + (1 − γ) g²
/// u ← μ u + rate g / √(v + ε)
/// θ ← θ − u
/// ```
///
/// γ = 0.9, ε = 1e-8 and no momentum, μ = 0, by default. ε is added inside the root, the rate is that of the step at which the gradient came, and v begins at 0
/// without correction, all as JAX's `rmsprop` and `rmsprop_momentum` have it. Tieleman and Hinton (2012), *Lecture 6.5: RMSProp*.
pub type RmsProp<T> = Optimizer<T, RmsPropRule>;

/// The rule of [`RmsProp`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct RmsPropRule {
    gamma: f64,
    epsilon: f64,
    momentum: f64,
}

impl Default for RmsPropRule {
    fn default() -> Self {
        Self { gamma: 0.9, epsilon: 1e-8, momentum: 0.0 }
    }
}

impl<T: Real> Rule<T> for RmsPropRule {
    const NAME: &'static str = "rms_prop";
    const SLOTS: usize = 2;

    fn check(&self) -> Result<(), OptimError> {
        setting::decay::<T>("gamma", self.gamma)?;
        setting::positive::<T>("epsilon", self.epsilon)?;
        setting::decay::<T>("the momentum", self.momentum)
    }

    fn holds(&self, slot: usize, value: T) -> bool {
        value.is_finite() && (slot != 0 || value >= T::zero())
    }

    #[inline(always)]
    fn step(&self, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [second, velocity] = state else { return };
        let (rate, momentum, faded) = (real::<T>(step.rate), real::<T>(self.momentum), Faded::new());
        let (gamma, keep, epsilon) = (real::<T>(self.gamma), real::<T>(1.0 - self.gamma), real::<T>(self.epsilon));
        for ((entry, v), velocity) in leaf.entries().zip(second.as_mut_slice()).zip(velocity.as_mut_slice()) {
            let g = entry.gradient();
            let second = gamma * *v + keep * g * g;
            *velocity = faded.or_zero(momentum * *velocity + rate * g / (second + epsilon).sqrt());
            *v = faded.or_least(second);
            entry.descend(*velocity);
        }
    }
}

impl<T: Real> RmsProp<T> {
    /// The same with another decay rate γ of the squares.
    ///
    /// # Errors
    ///
    /// One outside [0, 1).
    pub fn with_gamma(self, gamma: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.gamma = gamma)
    }

    /// The same with another ε.
    ///
    /// # Errors
    ///
    /// One that is not positive and finite in the precision of the parameters.
    pub fn with_epsilon(self, epsilon: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.epsilon = epsilon)
    }

    /// The same with momentum μ.
    ///
    /// # Errors
    ///
    /// One outside [0, 1).
    pub fn with_momentum(self, momentum: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.momentum = momentum)
    }
}

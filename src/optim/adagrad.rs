//! Adagrad.

use nalgebra::DMatrix;

use super::rule::{Faded, Leaf, Rule, Step};
use super::{OptimError, Optimizer, setting};
use crate::real::{Real, real};

/// Adagrad: steps scaled by the root of the sum of all squared gradients, so that they fall as 1/√t.
///
/// ```text
/// s ← s + g²
/// m ← μ m + (1 − μ) g/√s        g/√s is 0 where s is 0
/// θ ← θ − rate m
/// ```
///
/// The momentum μ is 0.9 by default, as in JAX; 0 gives the paper's. There is no ε. A sum that would overflow is an error, as a gradient too
/// large to square is. Duchi, Hazan and Singer (2011), *Adaptive subgradient methods for online learning and stochastic optimization*.
pub type Adagrad<T> = Optimizer<T, AdagradRule>;

/// The rule of [`Adagrad`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct AdagradRule {
    momentum: f64,
}

impl Default for AdagradRule {
    fn default() -> Self {
        Self { momentum: 0.9 }
    }
}

impl<T: Real> Rule<T> for AdagradRule {
    const NAME: &'static str = "adagrad";
    const SLOTS: usize = 2;

    fn check(&self) -> Result<(), OptimError> {
        setting::decay::<T>("the momentum", self.momentum)
    }

    fn holds(&self, slot: usize, value: T) -> bool {
        value.is_finite() && (slot != 0 || value >= T::zero())
    }

    fn takes(&self, gradient: T, place: (usize, usize), state: &[DMatrix<T>]) -> bool {
        let sum = state.first().and_then(|sum| sum.get(place)).copied();
        (sum.unwrap_or(T::zero()) + gradient * gradient).is_finite()
    }

    #[inline(always)]
    fn step(&self, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [sum, mean] = state else { return };
        let (rate, faded) = (real::<T>(step.rate), Faded::new());
        let (momentum, keep) = (real::<T>(self.momentum), real::<T>(1.0 - self.momentum));
        for ((entry, sum), mean) in leaf.entries().zip(sum.as_mut_slice()).zip(mean.as_mut_slice()) {
            let g = entry.gradient();
            let squares = *sum + g * g;
            *mean = faded.or_zero(momentum * *mean + keep * over_root(g, squares));
            *sum = squares;
            entry.descend(rate * *mean);
        }
    }
}

impl<T: Real> Adagrad<T> {
    /// The same with another momentum.
    ///
    /// # Errors
    ///
    /// One outside [0, 1).
    pub fn with_momentum(self, momentum: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.momentum = momentum)
    }
}

/// g/√s, and 0 where s is 0.
pub(super) fn over_root<T: Real>(g: T, s: T) -> T {
    if s > T::zero() { g / s.sqrt() } else { T::zero() }
}

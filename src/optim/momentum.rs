//! Gradient descent, plain and with momentum.

use nalgebra::DMatrix;

use super::rule::{Faded, Leaf, Rule, Step};
use super::{OptimError, Optimizer, setting};
use crate::real::{Real, real};

/// Stochastic gradient descent: θ ← θ − rate g.
///
/// Robbins and Monro (1951), *A stochastic approximation method*.
pub type Sgd<T> = Optimizer<T, SgdRule>;

/// Momentum: descent along a sum of gradients that fades.
///
/// ```text
/// u ← μ u + g
/// θ ← θ − rate u
/// ```
///
/// The mass μ is 0.9 by default. g is added whole, as in JAX, not times 1 − μ: in the long run the rate is rate/(1 − μ). Polyak (1964), *Some methods
/// of speeding up the convergence of iteration methods*.
pub type Momentum<T> = Optimizer<T, MassRule<false>>;

/// Nesterov's momentum: [`Momentum`] that descends along the sum that it would have one step on.
///
/// ```text
/// u ← μ u + g
/// θ ← θ − rate (μ u + g)
/// ```
///
/// The mass μ is 0.9 by default. This is JAX's form, where the gradient is that at θ. Nesterov (1983), *A method for solving the convex
/// programming problem with convergence rate O(1/k²)*; Sutskever et al. (2013), *On the importance of initialization and momentum in deep learning*.
pub type Nesterov<T> = Optimizer<T, MassRule<true>>;

/// The rule of [`Sgd`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SgdRule;

impl<T: Real> Rule<T> for SgdRule {
    const NAME: &'static str = "sgd";
    const SLOTS: usize = 0;

    #[inline(always)]
    fn step(&self, step: Step, leaf: Leaf<'_, T>, _: &mut [DMatrix<T>]) {
        let rate = real::<T>(step.rate);
        for entry in leaf.entries() {
            let by = rate * entry.gradient();
            entry.descend(by);
        }
    }
}

/// The rule of [`Momentum`], and with `AHEAD` that of [`Nesterov`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct MassRule<const AHEAD: bool> {
    mass: f64,
}

impl<const AHEAD: bool> Default for MassRule<AHEAD> {
    fn default() -> Self {
        Self { mass: 0.9 }
    }
}

impl<T: Real, const AHEAD: bool> Rule<T> for MassRule<AHEAD> {
    const NAME: &'static str = if AHEAD { "nesterov" } else { "momentum" };
    const SLOTS: usize = 1;

    fn check(&self) -> Result<(), OptimError> {
        setting::decay::<T>("the mass", self.mass)
    }

    #[inline(always)]
    fn step(&self, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [velocity] = state else { return };
        let (rate, mass, faded) = (real::<T>(step.rate), real::<T>(self.mass), Faded::new());
        for (entry, velocity) in leaf.entries().zip(velocity.as_mut_slice()) {
            let g = entry.gradient();
            *velocity = faded.or_zero(mass * *velocity + g);
            entry.descend(rate * if AHEAD { mass * *velocity + g } else { *velocity });
        }
    }
}

impl<T: Real, const AHEAD: bool> Optimizer<T, MassRule<AHEAD>> {
    /// The same with another mass.
    ///
    /// # Errors
    ///
    /// One outside [0, 1).
    pub fn with_mass(self, mass: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.mass = mass)
    }
}

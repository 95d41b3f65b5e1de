//! Adam.

use nalgebra::DMatrix;

use super::{OptimError, Schedule, check_finite, check_setting, check_shapes};
use crate::autodiff::{Gradients, Params, Path};
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
/// ε = 1e-8 is added outside the root, as in JAX. The state owns the step count t.
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
#[derive(Clone, Debug, PartialEq)]
pub struct Adam<T: Real> {
    schedule: Schedule,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    steps: u64,
    first: Vec<DMatrix<T>>,
    second: Vec<DMatrix<T>>,
}

impl<T: Real> Adam<T> {
    /// Adam with a constant rate or a schedule, β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
    ///
    /// # Errors
    ///
    /// A rate that is not positive and finite in the precision of the parameters.
    pub fn new(schedule: impl Into<Schedule>) -> Result<Self, OptimError> {
        let schedule = schedule.into();
        schedule.check::<T>()?;
        let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        Ok(Self { schedule, beta1, beta2, epsilon, steps: 0, first: Vec::new(), second: Vec::new() })
    }

    /// The same with other decay rates of the moments.
    ///
    /// # Errors
    ///
    /// A rate outside [0, 1).
    pub fn with_betas(self, beta1: f64, beta2: f64) -> Result<Self, OptimError> {
        check_setting("beta1", beta1, "in [0, 1)", (0.0..1.0).contains(&beta1))?;
        check_setting("beta2", beta2, "in [0, 1)", (0.0..1.0).contains(&beta2))?;
        Ok(Self { beta1, beta2, ..self })
    }

    /// The number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Sets the count, which the bias correction and the schedule of the next step go by; the moments stay. For code that keeps its own
    /// count and passes it in, as JAX's does, possibly the same one twice.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// Takes a step.
    ///
    /// # Errors
    ///
    /// Gradients that do not fit the parameters, or one that is not finite or whose square is not; parameters and state are then as before. Once it has
    /// taken a step, the state belongs to parameters of those shapes.
    pub fn update<P: Params<T>>(&mut self, params: &mut P, gradients: &Gradients<T>) -> Result<(), OptimError> {
        check_shapes(params, gradients.leaves())?;
        check_finite(params, gradients, self.steps.saturating_add(1))?;
        if self.first.is_empty() {
            self.first = gradients.leaves().iter().map(|g| DMatrix::zeros(g.nrows(), g.ncols())).collect();
            self.second = self.first.clone();
        } else {
            check_shapes(params, &self.first)?;
        }
        let rate = self.schedule.rate(self.steps);
        self.steps = self.steps.saturating_add(1);
        let t = self.steps as f64;
        let (beta1, beta2, epsilon) = (real::<T>(self.beta1), real::<T>(self.beta2), real::<T>(self.epsilon));
        let (keep1, keep2) = (real::<T>(1.0 - self.beta1), real::<T>(1.0 - self.beta2));
        let corrected_rate = real::<T>(rate / (1.0 - self.beta1.powf(t)));
        let root_correction = real::<T>((1.0 - self.beta2.powf(t)).sqrt().recip());

        let mut state = gradients.leaves().iter().zip(&mut self.first).zip(&mut self.second);
        params.visit_mut(&Path::root(), &mut |_, parameter| {
            let Some(((gradient, first), second)) = state.next() else { return };
            let moments = first.as_mut_slice().iter_mut().zip(second.as_mut_slice());
            let entries = parameter.as_mut_slice().iter_mut().zip(gradient.as_slice());
            for ((m, v), (x, &g)) in moments.zip(entries) {
                *m = beta1 * *m + keep1 * g;
                *v = beta2 * *v + keep2 * g * g;
                *x -= corrected_rate * *m / (v.sqrt() * root_correction + epsilon);
            }
        });
        Ok(())
    }
}

//! What all optimisers share.

use nalgebra::DMatrix;

use super::rule::{Leaf, Rule, Step, wide_step};
use super::tree::{check_count, check_finite, check_leaves, check_shape, find};
use super::{OptimError, Schedule, setting};
use crate::autodiff::{Gradients, Params, Path};
use crate::real::{Real, real};

/// An optimiser: a [`Rule`] with a learning rate, a step count, decoupled weight decay, and the state of every parameter.
///
/// [`Adam`](super::Adam) and the others are names for this type with their rule; what holds for all of them is here.
///
/// The state is made at the first step, and nothing is allocated after it. Once it has taken a step, an optimiser belongs to parameters of
/// those shapes.
///
/// A [tracked](Path::tracked) leaf has no gradient: it becomes what stands in the gradient's place, as it is, without rate, decay or state.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer<T, R> {
    pub(super) schedule: Schedule,
    pub(super) weight_decay: f64,
    pub(super) steps: u64,
    pub(super) rule: R,
    /// For every leaf, the matrices that the rule keeps: none for a tracked one. Empty before the first step.
    pub(super) state: Vec<Vec<DMatrix<T>>>,
}

impl<T: Real, R: Rule<T>> Optimizer<T, R> {
    /// An optimiser with a constant rate or a schedule, and the default settings of its rule.
    ///
    /// # Errors
    ///
    /// A rate that is not positive and finite in the precision of the parameters, or another setting of the schedule.
    pub fn new(schedule: impl Into<Schedule>) -> Result<Self, OptimError>
    where
        R: Default,
    {
        Self::with_rule(schedule, R::default())
    }

    /// The same with a rule that has its settings already.
    ///
    /// # Errors
    ///
    /// A setting of the schedule or of the rule.
    pub fn with_rule(schedule: impl Into<Schedule>, rule: R) -> Result<Self, OptimError> {
        let (schedule, weight_decay) = (schedule.into(), R::WEIGHT_DECAY);
        let optimizer = Self { schedule, weight_decay, steps: 0, rule, state: Vec::new() };
        optimizer.check_settings()?;
        Ok(optimizer)
    }

    /// The same with decoupled weight decay λ: every step also subtracts rate λ θ, whatever the rule makes of the gradient.
    ///
    /// Loshchilov and Hutter (2019), *Decoupled weight decay regularization*. For λ θ as a part of the gradient, see
    /// [`add_weight_decay`](super::add_weight_decay).
    ///
    /// # Errors
    ///
    /// A decay that is negative or not finite.
    pub fn with_weight_decay(self, weight_decay: f64) -> Result<Self, OptimError> {
        let changed = Self { weight_decay, ..self };
        changed.check_settings()?;
        Ok(changed)
    }

    /// The same with settings of the rule changed.
    pub(super) fn with(mut self, change: impl FnOnce(&mut R)) -> Result<Self, OptimError> {
        change(&mut self.rule);
        self.check_settings()?;
        Ok(self)
    }

    pub(super) fn check_settings(&self) -> Result<(), OptimError> {
        self.schedule.check::<T>()?;
        setting::non_negative::<T>("the weight decay", self.weight_decay)?;
        self.rule.check()
    }

    /// The learning rate as a function of the step.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Goes on with another rate or schedule, which is asked with the count as it is; the state stays. For a rate that falls once a loss no longer does, say.
    ///
    /// ```
    /// use fenchel::optim::Adam;
    ///
    /// # fn main() -> Result<(), fenchel::OptimError> {
    /// let mut adam = Adam::<f64>::new(1e-3)?;
    /// adam.set_schedule(1e-4)?;
    /// assert_eq!(adam.schedule().rate(7), 1e-4);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A setting of the schedule; the optimiser is then as before.
    pub fn set_schedule(&mut self, schedule: impl Into<Schedule>) -> Result<(), OptimError> {
        let schedule = schedule.into();
        schedule.check::<T>()?;
        self.schedule = schedule;
        Ok(())
    }

    /// The rule. The settings of the crate's own are seen by their `Debug` only.
    pub fn rule(&self) -> &R {
        &self.rule
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

    /// Does the state belong to parameters of these shapes? [`update`](Self::update) asks as well; this is for a state that was just restored. One
    /// that has not taken a step fits everything.
    ///
    /// # Errors
    ///
    /// The first leaf that it does not fit.
    pub fn check_fits<P: Params<T>>(&self, params: &P) -> Result<(), OptimError> {
        if self.state.is_empty() {
            return Ok(());
        }
        check_count(params, self.state.len())?;
        let (mut result, mut states) = (Ok(()), self.state.iter());
        params.visit(&Path::root(), &mut |path, parameter| {
            if let (Ok(()), Some(state)) = (&result, states.next()) {
                result = self.check_state(path, parameter.shape(), state);
            }
        });
        result
    }

    /// Takes a step.
    ///
    /// # Errors
    ///
    /// Gradients or a state that do not fit the parameters; a gradient that is not finite or whose square is not; a parameter that is not finite.
    /// Parameters and state are then as before. A step so large that a parameter overflows is found by the next one.
    pub fn update<P: Params<T>>(&mut self, params: &mut P, gradients: &Gradients<T>) -> Result<(), OptimError> {
        let first_state = if self.state.is_empty() { self.zero_state(params) } else { Vec::new() };
        let state = if self.state.is_empty() { &first_state } else { &self.state };
        let step = Step::new(self.steps.saturating_add(1), self.schedule.rate(self.steps), self.rule.decays());
        self.check(params, gradients, state, step)?;
        if self.state.is_empty() {
            self.state = first_state;
        }
        self.steps = step.count;

        let decay = real::<T>(step.rate * self.weight_decay);
        let mut leaves = gradients.leaves().iter().zip(&mut self.state);
        params.visit_mut(&Path::root(), &mut |path, parameter| {
            let Some((gradient, state)) = leaves.next() else { return };
            if parameter.shape() != gradient.shape() {
                // Only a tree that hands out other leaves now than to `check` gets here.
            } else if path.is_tracked() {
                parameter.copy_from(gradient);
            } else {
                wide_step(&self.rule, step, Leaf::new(parameter, gradient, decay), state);
            }
        });
        Ok(())
    }

    /// The number of matrices that belong to a leaf.
    fn slots(path: &Path<'_>) -> usize {
        if path.is_tracked() { 0 } else { R::SLOTS }
    }

    fn zero_state<P: Params<T>>(&self, params: &P) -> Vec<Vec<DMatrix<T>>> {
        let mut state = Vec::new();
        params.visit(&Path::root(), &mut |path, parameter| {
            let shapes = (0..Self::slots(path)).map(|slot| self.rule.slot_shape(slot, parameter.shape()));
            state.push(shapes.map(|(rows, columns)| DMatrix::zeros(rows, columns)).collect());
        });
        state
    }

    /// Everything that can be wrong with a step, before anything changes.
    fn check<P: Params<T>>(
        &self,
        params: &P,
        gradients: &Gradients<T>,
        state: &[Vec<DMatrix<T>>],
        step: Step,
    ) -> Result<(), OptimError> {
        check_count(params, gradients.leaves().len())?;
        check_count(params, state.len())?;
        let mut states = state.iter();
        check_leaves(params, gradients.leaves(), |path, parameter, gradient| {
            let Some(state) = states.next() else { return Ok(()) };
            self.check_state(path, parameter.shape(), state)?;
            let refused = if path.is_tracked() {
                find(gradient, |_, value| !value.is_finite())
            } else {
                check_finite("the parameter", path, parameter)?;
                find(gradient, |place, value| !self.rule.takes(value, place, state))
            };
            let Some((row, column, value)) = refused else { return Ok(()) };
            Err(OptimError::NonFiniteGradient { step: step.count, path: path.to_string(), row, column, value })
        })
    }

    fn check_state(&self, path: &Path<'_>, shape: (usize, usize), state: &[DMatrix<T>]) -> Result<(), OptimError> {
        let (expected, found) = (Self::slots(path), state.len());
        if expected != found {
            return Err(OptimError::LeafState { path: path.to_string(), expected, found });
        }
        let mut slots = state.iter().enumerate();
        slots.try_for_each(|(slot, matrix)| check_shape(path, self.rule.slot_shape(slot, shape), matrix.shape()))
    }
}

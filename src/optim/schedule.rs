//! Learning rates as functions of the step.

use std::f64::consts::PI;

use super::OptimError;
use super::error::check_setting;
use super::setting::{non_negative, positive};
use crate::real::Real;

/// A learning rate that may change from step to step. A number is a constant schedule.
///
/// t is the number of steps taken, 0 for the first. The formulas are those of optax 0.2.8, and for `InverseTime`, which it does not have, of
/// `jax.example_libraries.optimizers`. Settings are checked by whoever takes a
/// schedule, such as [`Adam::new`](super::Optimizer::new): rates are positive, but for those at the end and at the start of a warm-up, which may be 0.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Schedule {
    /// The same rate at every step.
    Constant(f64),
    /// initial · factor^(t / steps).
    Exponential {
        /// The rate of the first step.
        initial: f64,
        /// What the rate is multiplied by in `steps` steps, in (0, 1].
        factor: f64,
        /// The number of steps that this takes, at least 1.
        steps: u64,
        /// Is t / steps rounded down, so that the rate falls all at once?
        staircase: bool,
    },
    /// initial / (1 + decay · t / steps).
    InverseTime {
        /// The rate of the first step.
        initial: f64,
        /// How much the denominator grows in `steps` steps.
        decay: f64,
        /// The number of steps that this takes, at least 1.
        steps: u64,
        /// Is t / steps rounded down, so that the rate falls all at once?
        staircase: bool,
    },
    /// last + (initial − last)(1 − t / steps)^power, and last after `steps` steps. Linear with power 1.
    Polynomial {
        /// The rate of the first step.
        initial: f64,
        /// The rate after `steps` steps.
        last: f64,
        /// The exponent.
        power: f64,
        /// The number of steps that the descent takes.
        steps: u64,
    },
    /// From `initial` at the first step to `last` at step `steps` and after, along half a cosine:
    /// last + (initial − last)(1 + cos(π t / steps))/2 after t steps.
    ///
    /// Loshchilov and Hutter (2017), *SGDR: stochastic gradient descent with warm restarts*, without the restarts.
    Cosine {
        /// The rate of the first step.
        initial: f64,
        /// The rate after `steps` steps.
        last: f64,
        /// The number of steps that the descent takes.
        steps: u64,
    },
    /// `initial`, and from each boundary on the rate beside it: at t = boundary already, as in optax; `jax.example_libraries` changes one step later.
    Piecewise {
        /// The rate of the first step.
        initial: f64,
        /// Boundaries, each larger than the one before, and the rates that begin there.
        changes: Vec<(u64, f64)>,
    },
    /// From `start` along a line to the first rate of `then`, which it reaches after `steps` steps; and then `then`, which counts from there.
    ///
    /// ```
    /// use fenchel::optim::Schedule;
    ///
    /// let cosine = Schedule::Cosine { initial: 1.0, last: 0.0, steps: 90 };
    /// let schedule = Schedule::WarmUp { start: 0.0, steps: 10, then: Box::new(cosine) };
    /// assert_eq!((schedule.rate(0), schedule.rate(5), schedule.rate(10), schedule.rate(100)), (0.0, 0.5, 1.0, 0.0));
    /// ```
    WarmUp {
        /// The rate of the first step.
        start: f64,
        /// The number of steps that the ascent takes.
        steps: u64,
        /// What follows.
        then: Box<Schedule>,
    },
}

impl Schedule {
    /// The rate to use after `steps_taken` steps.
    ///
    /// ```
    /// use fenchel::optim::Schedule;
    ///
    /// let schedule = Schedule::Cosine { initial: 1.0, last: 0.0, steps: 10 };
    /// assert_eq!((schedule.rate(0), schedule.rate(10), schedule.rate(99)), (1.0, 0.0, 0.0));
    /// ```
    pub fn rate(&self, steps_taken: u64) -> f64 {
        let turns = |steps: u64, staircase: bool| {
            let turns = steps_taken as f64 / steps as f64;
            if staircase { turns.floor() } else { turns }
        };
        match self {
            &Self::Constant(rate) => rate,
            &Self::Exponential { initial, factor, steps, staircase } => initial * factor.powf(turns(steps, staircase)),
            &Self::InverseTime { initial, decay, steps, staircase } => {
                initial / (1.0 + decay * turns(steps, staircase))
            }
            &Self::Polynomial { initial, last, power, steps } => {
                if steps_taken >= steps {
                    return last;
                }
                last + (initial - last) * (1.0 - turns(steps, false)).powf(power)
            }
            &Self::Cosine { initial, last, steps } => {
                if steps_taken >= steps {
                    return last;
                }
                let phase = PI * steps_taken as f64 / steps as f64;
                last + (initial - last) * 0.5 * (1.0 + phase.cos())
            }
            Self::Piecewise { initial, changes } => {
                let begun = changes.iter().take_while(|&&(boundary, _)| boundary <= steps_taken);
                begun.last().map_or(*initial, |&(_, rate)| rate)
            }
            Self::WarmUp { start, steps, then } => match steps_taken.checked_sub(*steps) {
                Some(since) => then.rate(since),
                None => start + (then.rate(0) - start) * turns(*steps, false),
            },
        }
    }

    /// Errs unless the rates of all steps are positive and finite, also as `T`; those at the end, and where a warm-up begins, may be 0.
    pub(super) fn check<T: Real>(&self) -> Result<(), OptimError> {
        let at_least_one = |steps: u64| check_setting("the number of steps", steps as f64, "at least 1", steps > 0);
        match self {
            &Self::Constant(rate) => positive::<T>("the learning rate", rate),
            &Self::Exponential { initial, factor, steps, .. } => {
                positive::<T>("the initial learning rate", initial)?;
                check_setting("the factor", factor, "in (0, 1]", factor > 0.0 && factor <= 1.0)?;
                at_least_one(steps)
            }
            &Self::InverseTime { initial, decay, steps, .. } => {
                positive::<T>("the initial learning rate", initial)?;
                non_negative::<f64>("the decay", decay)?;
                at_least_one(steps)
            }
            &Self::Polynomial { initial, last, power, .. } => {
                positive::<T>("the initial learning rate", initial)?;
                non_negative::<T>("the last learning rate", last)?;
                positive::<f64>("the power", power)
            }
            &Self::Cosine { initial, last, .. } => {
                positive::<T>("the initial learning rate", initial)?;
                non_negative::<T>("the last learning rate", last)
            }
            Self::Piecewise { initial, changes } => {
                positive::<T>("the initial learning rate", *initial)?;
                let mut least = 1;
                for &(boundary, rate) in changes {
                    let ok = boundary >= least;
                    check_setting("a boundary", boundary as f64, "at least 1 and larger than the one before", ok)?;
                    non_negative::<T>("the learning rate from a boundary on", rate)?;
                    least = boundary.saturating_add(1);
                }
                Ok(())
            }
            Self::WarmUp { start, then, .. } => {
                non_negative::<T>("the learning rate at the start", *start)?;
                then.check::<T>()
            }
        }
    }
}

impl From<f32> for Schedule {
    fn from(rate: f32) -> Self {
        Self::Constant(rate.into())
    }
}

impl From<f64> for Schedule {
    fn from(rate: f64) -> Self {
        Self::Constant(rate)
    }
}

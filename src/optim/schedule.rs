//! Learning rates as functions of the step.

use super::{OptimError, check_setting};
use crate::real::{Real, real};

/// A learning rate that may change from step to step. A number is a constant schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// The same rate at every step.
    Constant(f64),
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
        match *self {
            Self::Constant(rate) => rate,
            Self::Cosine { initial, last, steps } => {
                if steps_taken >= steps {
                    return last;
                }
                let phase = std::f64::consts::PI * steps_taken as f64 / steps as f64;
                last + (initial - last) * 0.5 * (1.0 + phase.cos())
            }
        }
    }

    /// Errs unless the rates are positive and finite, also as `T`.
    pub(crate) fn check<T: Real>(&self) -> Result<(), OptimError> {
        let positive = |name, rate: f64| {
            let ok = real::<T>(rate) > T::zero() && real::<T>(rate).is_finite();
            check_setting(name, rate, "positive and finite", ok)
        };
        match *self {
            Self::Constant(rate) => positive("the learning rate", rate),
            Self::Cosine { initial, last, .. } => {
                positive("the initial learning rate", initial)?;
                let ok = last >= 0.0 && real::<T>(last).is_finite();
                check_setting("the last learning rate", last, "non-negative and finite", ok)
            }
        }
    }
}

impl From<f64> for Schedule {
    fn from(rate: f64) -> Self {
        Self::Constant(rate)
    }
}

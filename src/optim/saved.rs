//! Optimisers and averages in files. What comes from a file may be damaged: everything is checked on the way in.

use nalgebra::DMatrix;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::average::{Average, Kind};
use super::optimizer::Optimizer;
use super::rule::Rule;
use super::{OptimError, Schedule};
use crate::real::{Real, SavedMatrix, saved_matrix};

#[derive(serde::Serialize)]
struct SavedRef<'a, T: Real + Serialize, R> {
    optimizer: &'static str,
    schedule: &'a Schedule,
    weight_decay: f64,
    steps: u64,
    rule: &'a R,
    state: &'a [Vec<DMatrix<T>>],
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<T, R> {
    optimizer: String,
    schedule: Schedule,
    weight_decay: f64,
    steps: u64,
    rule: R,
    state: Vec<Vec<SavedMatrix<T>>>,
}

/// With the name of the rule, so that no other can read it.
impl<T: Real + Serialize, R: Rule<T> + Serialize> Serialize for Optimizer<T, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { schedule, weight_decay, steps, rule, state } = self;
        let (weight_decay, steps) = (*weight_decay, *steps);
        SavedRef { optimizer: R::NAME, schedule, weight_decay, steps, rule, state }.serialize(serializer)
    }
}

/// Errs at the first thing that is wrong: another rule, a setting out of its range, a state that the rule cannot have left.
impl<'de, T: Real + Deserialize<'de>, R: Rule<T> + Deserialize<'de>> Deserialize<'de> for Optimizer<T, R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Saved { optimizer, schedule, weight_decay, steps, rule, state } = Saved::<T, R>::deserialize(deserializer)?;
        if optimizer != R::NAME {
            return Err(D::Error::custom(format!("the optimizer is '{optimizer}', not '{}'", R::NAME)));
        }
        let mut restored = Self { schedule, weight_decay, steps, rule, state: Vec::new() };
        restored.check_settings().map_err(D::Error::custom)?;
        for (leaf, slots) in state.into_iter().enumerate() {
            let state =
                restored.restore(slots).map_err(|what| D::Error::custom(format!("state of leaf {leaf}: {what}")))?;
            restored.state.push(state);
        }
        Ok(restored)
    }
}

impl<T: Real, R: Rule<T>> Optimizer<T, R> {
    /// The state of a leaf, or what is wrong with it.
    fn restore(&self, slots: Vec<SavedMatrix<T>>) -> Result<Vec<DMatrix<T>>, String> {
        if !slots.is_empty() && slots.len() != R::SLOTS {
            return Err(format!("{} matrices where '{}' keeps {}", slots.len(), R::NAME, R::SLOTS));
        }
        let restore = |(slot, saved): (usize, SavedMatrix<T>)| {
            let matrix = saved_matrix(saved).map_err(|what| format!("matrix {slot} has {what}"))?;
            match matrix.iter().find(|&&number| !self.rule.holds(slot, number)) {
                Some(number) => {
                    Err(format!("matrix {slot} has a number that '{}' cannot have left, {number}", R::NAME))
                }
                None => Ok(matrix),
            }
        };
        slots.into_iter().enumerate().map(restore).collect()
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedAverage<P> {
    kind: Kind,
    steps: u64,
    params: P,
}

impl<P> TryFrom<SavedAverage<P>> for Average<P> {
    type Error = OptimError;

    fn try_from(SavedAverage { kind, steps, params }: SavedAverage<P>) -> Result<Self, OptimError> {
        kind.check()?;
        Ok(Self { kind, steps, params })
    }
}

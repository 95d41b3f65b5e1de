//! The ranges of settings, which must hold in the precision of the parameters too: 1 − 1e-9 is 1 in f32.

use super::OptimError;
use super::error::check_setting;
use crate::real::{Real, real};

pub(super) fn positive<T: Real>(name: &'static str, value: f64) -> Result<(), OptimError> {
    let ok = real::<T>(value) > T::zero() && real::<T>(value).is_finite();
    check_setting(name, value, "positive and finite", ok)
}

pub(super) fn non_negative<T: Real>(name: &'static str, value: f64) -> Result<(), OptimError> {
    let ok = value >= 0.0 && real::<T>(value).is_finite();
    check_setting(name, value, "non-negative and finite", ok)
}

/// A decay rate: the share that is kept from step to step.
pub(super) fn decay<T: Real>(name: &'static str, value: f64) -> Result<(), OptimError> {
    let ok = (0.0..1.0).contains(&value) && real::<T>(value) < T::one();
    check_setting(name, value, "in [0, 1)", ok)
}

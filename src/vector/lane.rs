//! The numbers that loops are compiled for.

use std::any::Any;

use super::exp::{exp_f32, exp_f64};
use super::ln::{ln_f32, ln_f64};
use crate::real::Real;

/// `f64` or `f32`, with functions that have no branch and call nothing.
pub(super) trait Lane: Real {
    /// eˣ.
    fn exp_lane(self) -> Self;

    /// ln x of what is not less than the least normal number, of +∞ and NaN.
    fn ln_lane(self) -> Self;
}

macro_rules! lane {
    ($float:ty, $exp:ident, $ln:ident) => {
        impl Lane for $float {
            #[inline(always)]
            fn exp_lane(self) -> Self {
                $exp(self)
            }

            #[inline(always)]
            fn ln_lane(self) -> Self {
                $ln(self)
            }
        }
    };
}

lane!(f64, exp_f64, ln_f64);
lane!(f32, exp_f32, ln_f32);

/// `container` as what it is, if that is a `To`.
pub(crate) fn known<From: 'static, To: 'static>(container: &mut From) -> Option<&mut To> {
    (container as &mut dyn Any).downcast_mut()
}

/// The same of what is only read.
#[cfg(feature = "simd")]
pub(crate) fn known_ref<From: 'static, To: 'static>(container: &From) -> Option<&To> {
    (container as &dyn Any).downcast_ref()
}

//! The numbers that loops are compiled for.

use std::any::Any;

use super::exp::{exp_f32, exp_f64, exp_m1_f32, exp_m1_f64, tanh_f32, tanh_f64};
use super::ln::{ln_1p_f32, ln_1p_f64, ln_f32, ln_f64, ln_of_normal_f32, ln_of_normal_f64};
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

lane!(f64, exp_f64, ln_of_normal_f64);
lane!(f32, exp_f32, ln_of_normal_f32);

/// Of `f64` and `f32` the functions without a branch, of other numbers, dual ones say, their own. Which one it is, is known when a loop is compiled.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: $of_f64:ident, $of_f32:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<T: Real>(mut x: T) -> T {
            if let Some(x) = known::<_, f64>(&mut x) {
                *x = $of_f64(*x);
            } else if let Some(x) = known::<_, f32>(&mut x) {
                *x = $of_f32(*x);
            } else {
                x = x.$name();
            }
            x
        }
    )*};
}

functions! {
    /// eˣ.
    exp: exp_f64, exp_f32;
    /// eˣ − 1, accurate near 0.
    exp_m1: exp_m1_f64, exp_m1_f32;
    /// ln x.
    ln: ln_f64, ln_f32;
    /// ln(1 + x), accurate near 0.
    ln_1p: ln_1p_f64, ln_1p_f32;
    /// tanh x.
    tanh: tanh_f64, tanh_f32;
}

/// `container` as what it is, if that is a `To`.
#[inline(always)]
pub(crate) fn known<From: 'static, To: 'static>(container: &mut From) -> Option<&mut To> {
    (container as &mut dyn Any).downcast_mut()
}

/// The same of what is only read.
#[inline(always)]
pub(crate) fn known_ref<From: 'static, To: 'static>(container: &From) -> Option<&To> {
    (container as &dyn Any).downcast_ref()
}

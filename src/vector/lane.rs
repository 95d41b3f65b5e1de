//! The numbers that loops are compiled for.

use std::any::Any;

use nalgebra::ComplexField;

use super::exp::{exp_each_f32, exp_each_f64, exp_f32, exp_f64};
use super::fraction::{of_f32, of_f64};
use super::ln::{ln_1p_f32, ln_1p_f64, ln_f32, ln_f64, ln_of_normal_f32, ln_of_normal_f64};
use super::loops::Many;
use super::normal::{self, of_f32 as normal_f32, of_f64 as normal_f64};
use crate::real::Real;

/// `f64` or `f32`, with functions that have no branch and call nothing.
pub(crate) trait Lane: Real {
    /// eˣ.
    fn exp_lane(self) -> Self;

    /// ln x of what is not less than the least normal number, of +∞ and NaN.
    fn ln_lane(self) -> Self;

    /// Writes eˣ of every x to the matching y, times its factor: the same bits as one by one, faster. Returns those that it has not done, a few.
    fn exp_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of eˣ − 1.
    fn exp_m1_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of 1 − e⁻ˣ.
    fn one_m_exp_m_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of tanh x.
    fn tanh_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of the sigmoid.
    fn sigmoid_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of its derivative.
    fn sigmoid_slope_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of ln(1 + eˣ).
    fn softplus_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of φ(x).
    fn normal_pdf_each(all: Many<'_, Self>) -> Many<'_, Self>;

    /// The same of Φ(x).
    fn normal_cdf_each(all: Many<'_, Self>) -> Many<'_, Self>;
}

macro_rules! lane {
    ($float:ty, $exp:ident, $exp_each:ident, $ln:ident, $($of:ident: [$($each:ident),*]),*) => {
        impl Lane for $float {
            #[inline(always)]
            fn exp_lane(self) -> Self {
                $exp(self)
            }

            #[inline(always)]
            fn ln_lane(self) -> Self {
                $ln(self)
            }

            #[inline(always)]
            fn exp_each(all: Many<'_, Self>) -> Many<'_, Self> {
                $exp_each(all)
            }

            $($(#[inline(always)]
            fn $each(all: Many<'_, Self>) -> Many<'_, Self> {
                $of::$each(all)
            })*)*
        }
    };
}

lane! {
    f64, exp_f64, exp_each_f64, ln_of_normal_f64,
    of_f64: [exp_m1_each, one_m_exp_m_each, tanh_each, sigmoid_each, sigmoid_slope_each, softplus_each],
    normal_f64: [normal_pdf_each, normal_cdf_each]
}
lane! {
    f32, exp_f32, exp_each_f32, ln_of_normal_f32,
    of_f32: [exp_m1_each, one_m_exp_m_each, tanh_each, sigmoid_each, sigmoid_slope_each, softplus_each],
    normal_f32: [normal_pdf_each, normal_cdf_each]
}

/// Of `f64` and `f32` the functions without a branch, of other numbers, dual ones say, their own. Which one it is, is known when a loop is compiled.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: $of_f64:path, $of_f32:path, $of_others:path;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<T: Real>(mut x: T) -> T {
            if let Some(x) = known::<_, f64>(&mut x) {
                *x = $of_f64(*x);
            } else if let Some(x) = known::<_, f32>(&mut x) {
                *x = $of_f32(*x);
            } else {
                x = $of_others(x);
            }
            x
        }
    )*};
}

functions! {
    /// eˣ.
    exp: exp_f64, exp_f32, ComplexField::exp;
    /// eˣ − 1, accurate near 0.
    exp_m1: of_f64::exp_m1, of_f32::exp_m1, ComplexField::exp_m1;
    /// 1 − e⁻ˣ, accurate near 0.
    one_m_exp_m: of_f64::one_m_exp_m, of_f32::one_m_exp_m, others::one_m_exp_m;
    /// ln x.
    ln: ln_f64, ln_f32, ComplexField::ln;
    /// ln(1 + x), accurate near 0.
    ln_1p: ln_1p_f64, ln_1p_f32, ComplexField::ln_1p;
    /// tanh x.
    tanh: of_f64::tanh, of_f32::tanh, ComplexField::tanh;
    /// 1/(1 + e⁻ˣ).
    sigmoid: of_f64::sigmoid, of_f32::sigmoid, others::sigmoid;
    /// The derivative of the sigmoid.
    sigmoid_slope: of_f64::sigmoid_slope, of_f32::sigmoid_slope, others::sigmoid_slope;
    /// ln(1 + eˣ).
    softplus: of_f64::softplus, of_f32::softplus, others::softplus;
    /// φ(x).
    normal_pdf: normal_f64::normal_pdf, normal_f32::normal_pdf, normal::others::normal_pdf;
    /// Φ(x).
    normal_cdf: normal_f64::normal_cdf, normal_f32::normal_cdf, normal::others::normal_cdf;
}

/// What the library of other numbers does not have. By the sign of x, as |x| is: then the derivatives of dual numbers are right at ±0 as well.
mod others {
    use crate::real::Real;

    pub(super) fn one_m_exp_m<T: Real>(x: T) -> T {
        -(-x).exp_m1()
    }

    pub(super) fn sigmoid<T: Real>(x: T) -> T {
        let e = (-x.abs()).exp();
        (if x.is_sign_positive() { T::one() } else { e }) / (T::one() + e)
    }

    pub(super) fn sigmoid_slope<T: Real>(x: T) -> T {
        sigmoid(x) * sigmoid(-x)
    }

    pub(super) fn softplus<T: Real>(x: T) -> T {
        (if x.is_sign_positive() { x } else { T::zero() }) + (-x.abs()).exp().ln_1p()
    }
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

/// Whichever of two functions is one of this type: of the same arguments, but for `f64` or `f32`.
#[inline(always)]
pub(crate) fn chosen<A: 'static, B: 'static, F: Copy + 'static>(of_f64: &A, of_f32: &B) -> Option<F> {
    known_ref(of_f64).or_else(|| known_ref(of_f32)).copied()
}

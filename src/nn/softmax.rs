//! Probabilities over the features of a row, or over the channels of a pixel.

use super::activation::entrywise;
use crate::autodiff::Var;
use crate::real::Real;

/// xᵢ − ln Σⱼ eˣʲ over the features of a row, or the channels of a pixel: the logarithms of [`Softmax`], without its underflow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogSoftmax;

/// eˣⁱ/Σⱼ eˣʲ over the features of a row, or the channels of a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax;

fn ln_softmax<T: Real>(x: Var<'_, T>) -> Var<'_, T> {
    x - x.ln_sum_exp().repeat_columns(x.shape().1)
}

entrywise!(LogSoftmax, |_layer, x| P::map_channels(x, ln_softmax));
entrywise!(Softmax, |_layer, x| P::map_channels(x, |x| ln_softmax(x).exp()));

//! Probabilities over the features of a row, or over the channels of a pixel.

use super::activation::entrywise;

/// xᵢ − ln Σⱼ eˣʲ over the features of a row, or the channels of a pixel: the logarithms of [`Softmax`], without its underflow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogSoftmax;

/// eˣⁱ/Σⱼ eˣʲ over the features of a row, or the channels of a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax;

entrywise!(LogSoftmax, |_layer, x| P::map_channels(x, |x| x.ln_softmax()));
entrywise!(Softmax, |_layer, x| P::map_channels(x, |x| x.ln_softmax().exp()));

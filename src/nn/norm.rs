//! Normalisation by statistics of the data.

use nalgebra::DMatrix;
use rand::Rng;

use super::leaves::leaves;
use super::{Layer, LayerError, Lifted, Mode, Rows, Signal, Width};
use crate::autodiff::{Tape, TapeError, Var};
use crate::real::{Real, SampleReal, count, fits, real};

/// Every feature, or channel, standardised, then scaled and shifted: y = scale (x − mean)/√(variance + ε) + shift.
///
/// **In training** mean and variance are those of the batch (over the pixels as well, in images), the variance with the divisor n, and derivatives flow
/// through them. Running ones are kept as [tracked](crate::autodiff::Path::tracked) parameters: running ← decay · running + (1 − decay) · batch, the variance
/// with the divisor n − 1, of two rows or more; an optimiser's update writes them. **In use** the running ones stand in, and a row does not depend on the others. stax has
/// the first only.
///
/// Ioffe and Szegedy (2015), *Batch normalization*. In a GAN, a critic that sees data and samples in one call standardises both together; a call
/// for each standardises them apart, and the running statistics take in one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// How much of the running statistics is kept at each step, in [0, 1).
    pub decay: f64,
    /// What is added to the variance, positive.
    pub epsilon: f64,
}

impl Default for BatchNorm {
    /// A decay of 0.9 and ε = 1e-5.
    fn default() -> Self {
        Self { decay: 0.9, epsilon: 1e-5 }
    }
}

/// The parameters of [`BatchNorm`], each 1 × channels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BatchNormParams<M> {
    /// The factors, 1 at first.
    pub scale: M,
    /// What is added, 0 at first.
    pub shift: M,
    /// The running mean, 0 at first; tracked.
    pub mean: M,
    /// The running variance, 1 at first; tracked.
    pub variance: M,
}

leaves!(BatchNormParams { scale, shift, mean (tracked), variance (tracked) });

/// Errs unless ε is a number to divide by.
fn check_epsilon<T: Real>(epsilon: f64) -> Result<(), TapeError> {
    if real::<T>(epsilon) > T::zero() && real::<T>(epsilon).is_finite() {
        return Ok(());
    }
    let range = "positive and finite, in the precision of the data too";
    Err(TapeError::InvalidSetting { what: "epsilon", value: epsilon, range })
}

/// Errs unless a running statistic keeps less than all of itself.
fn check_decay<T: Real>(decay: f64) -> Result<(), TapeError> {
    if (0.0..1.0).contains(&decay) && real::<T>(decay) < T::one() {
        return Ok(());
    }
    Err(TapeError::InvalidSetting {
        what: "the decay",
        value: decay,
        range: "in [0, 1), in the precision of the data too",
    })
}

fn refused(error: TapeError) -> LayerError {
    LayerError::refused(error.to_string())
}

/// Is a channel there, and is ε a number to divide by?
fn check<T: Real>(channels: usize, epsilon: f64) -> Result<(), LayerError> {
    if channels == 0 {
        return Err(LayerError::ZeroWidth { path: String::new(), inputs: 0, outputs: 0 });
    }
    if !fits::<T>(1, channels) {
        return Err(LayerError::refused(format!("{channels} channels are more than a matrix can have")));
    }
    check_epsilon::<T>(epsilon).map_err(refused)
}

impl<T: Real, P: Rows> Layer<T, P> for BatchNorm {
    type Out = P;
    type Params = BatchNormParams<DMatrix<T>>;

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: Width<P>) -> Result<(Width<P>, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        let (_, channels) = P::layout(width);
        check::<T>(channels, self.epsilon)?;
        check_decay::<T>(self.decay).map_err(refused)?;
        let row = |value| DMatrix::from_element(1, channels, value);
        let (one, zero) = (row(T::one()), row(T::zero()));
        Ok((width, BatchNormParams { scale: one.clone(), shift: zero.clone(), mean: zero, variance: one }))
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, P> {
        P::map_channels(x, |x| {
            if let Err(wrong) = check_epsilon::<T>(self.epsilon).and(check_decay::<T>(self.decay)) {
                return tape.fail(wrong);
            }
            let n = x.shape().0;
            let (centred, variance) = match mode {
                Mode::Evaluate => (x - params.mean.repeat_rows(n), params.variance),
                Mode::Train(_) => {
                    let share = count::<T>(n.max(1)).recip();
                    let mean = x.sum_rows().scale(share);
                    let centred = x - mean.repeat_rows(n);
                    let variance = centred.square().sum_rows().scale(share);
                    // No row has no mean, and one has no variance to learn from.
                    if n > 0 {
                        self.track(tape, params.mean, mean);
                    }
                    if n > 1 {
                        let unbiased = variance.scale(count::<T>(n) / count::<T>(n - 1));
                        self.track(tape, params.variance, unbiased);
                    }
                    (centred, variance)
                }
            };
            let deviation = variance.shift(real(self.epsilon)).sqrt();
            let scale = params.scale.component_div(deviation);
            centred.component_mul(scale.repeat_rows(n)) + params.shift.repeat_rows(n)
        })
    }
}

impl BatchNorm {
    fn track<'t, T: Real>(&self, tape: &'t Tape<T>, leaf: Var<'t, T>, batch: Var<'t, T>) {
        let (old, new) = (tape.tracked(leaf).detach(), batch.detach());
        tape.track(leaf, old.scale(real(self.decay)) + new.scale(real(1.0 - self.decay)));
    }
}

/// Every row, or pixel, standardised over its features, or channels, then scaled and shifted: y = scale (x − mean)/√(variance + ε) + shift, the
/// variance with the divisor n.
///
/// Rows do not depend on each other, which a gradient penalty needs of a critic. Ba, Kiros and Hinton (2016), *Layer normalization*.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// What is added to the variance, positive.
    pub epsilon: f64,
}

impl Default for LayerNorm {
    /// ε = 1e-5.
    fn default() -> Self {
        Self { epsilon: 1e-5 }
    }
}

/// The parameters of [`LayerNorm`], each 1 × features.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LayerNormParams<M> {
    /// The factors, 1 at first.
    pub scale: M,
    /// What is added, 0 at first.
    pub shift: M,
}

leaves!(LayerNormParams { scale, shift });

impl<T: Real, P: Rows> Layer<T, P> for LayerNorm {
    type Out = P;
    type Params = LayerNormParams<DMatrix<T>>;

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: Width<P>) -> Result<(Width<P>, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        let (_, channels) = P::layout(width);
        check::<T>(channels, self.epsilon)?;
        let row = |value| DMatrix::from_element(1, channels, value);
        Ok((width, LayerNormParams { scale: row(T::one()), shift: row(T::zero()) }))
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        _: &mut Mode<'_>,
    ) -> Signal<'t, T, P> {
        P::map_channels(x, |x| {
            if let Err(wrong) = check_epsilon::<T>(self.epsilon) {
                return tape.fail(wrong);
            }
            let (n, channels) = x.shape();
            let share = count::<T>(channels.max(1)).recip();
            let centred = x - x.sum_columns().scale(share).repeat_columns(channels);
            let variance = centred.square().sum_columns().scale(share);
            let deviation = variance.shift(real(self.epsilon)).sqrt();
            let standardised = centred.component_div(deviation.repeat_columns(channels));
            standardised.component_mul(params.scale.repeat_rows(n)) + params.shift.repeat_rows(n)
        })
    }
}

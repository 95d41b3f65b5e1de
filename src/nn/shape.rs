//! Layers that change the shape of a signal, or nothing.

use rand::Rng;

use super::{Image, Images, Layer, LayerError, Mode, Port, Rows, Signal, Width, Wire};
use crate::autodiff::{Tape, TapeError, Var};
use crate::real::{Real, SampleReal};

/// The signal as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity;

impl<T: Real, P: Port> Layer<T, P> for Identity {
    type Out = P;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: Width<P>) -> Result<(Width<P>, ()), LayerError>
    where
        T: SampleReal,
    {
        Ok((width, ()))
    }

    fn forward<'t>(&self, _: &'t Tape<T>, (): &(), x: Signal<'t, T, P>, _: &mut Mode<'_>) -> Signal<'t, T, P> {
        x
    }
}

/// Images as plain rows: line after line, pixel after pixel, channel after channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flatten;

impl<T: Real, P: Rows> Layer<T, P> for Flatten {
    type Out = Wire;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: Width<P>) -> Result<(usize, ()), LayerError>
    where
        T: SampleReal,
    {
        let (positions, channels) = P::layout(width);
        Ok((positions.saturating_mul(channels), ()))
    }

    fn forward<'t>(&self, _: &'t Tape<T>, (): &(), x: Signal<'t, T, P>, _: &mut Mode<'_>) -> Var<'t, T> {
        P::rows(x)
    }
}

/// Plain rows as images of this height, width and number of channels: the inverse of [`Flatten`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unflatten(pub [usize; 3]);

impl Unflatten {
    fn entries(&self) -> Option<usize> {
        let [height, width, channels] = self.0;
        height.checked_mul(width)?.checked_mul(channels)
    }
}

impl<T: Real> Layer<T> for Unflatten {
    type Out = Image;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: usize) -> Result<([usize; 3], ()), LayerError>
    where
        T: SampleReal,
    {
        if self.entries() == Some(width) {
            Ok((self.0, ()))
        } else {
            Err(LayerError::refused(format!("{width} features are not an image of {:?}", self.0)))
        }
    }

    fn forward<'t>(&self, tape: &'t Tape<T>, (): &(), x: Var<'t, T>, _: &mut Mode<'_>) -> Images<'t, T> {
        let (rows, columns) = x.shape();
        let rows = match self.entries() {
            Some(entries) if entries == columns => x,
            entries => tape.fail(TapeError::ShapeMismatch {
                op: "Unflatten",
                left: (rows, columns),
                right: (rows, entries.unwrap_or(usize::MAX)),
            }),
        };
        Images { rows, shape: self.0 }
    }
}

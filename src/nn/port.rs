//! What flows between layers.

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::autodiff::{Selection, Tape, TapeError, Var};
use crate::real::Real;

/// A kind of signal between layers. A layer that is handed the wrong kind does not compile.
pub trait Port {
    /// What is known of the signal before there is data.
    type Width: Copy + Debug + PartialEq;
    /// The signal itself.
    type Signal<'t, T: Real>: Copy;

    /// The width of a signal.
    fn width<T: Real>(signal: Self::Signal<'_, T>) -> Self::Width;

    /// A signal of zeros, for that many samples.
    fn zeros<T: Real>(tape: &Tape<T>, samples: usize, width: Self::Width) -> Self::Signal<'_, T>;
}

/// The width that announces a signal of port `P`.
pub type Width<P> = <P as Port>::Width;

/// A signal of port `P` on a tape.
pub type Signal<'t, T, P> = <P as Port>::Signal<'t, T>;

/// A port that carries one matrix with a row for each sample; a row is a number of positions, side by side, with a number of channels each.
/// Layers that treat every entry, or every position, alike work on all of these.
pub trait Rows: Port {
    /// The matrix.
    fn rows<'t, T: Real>(signal: Self::Signal<'t, T>) -> Var<'t, T>;

    /// A signal of the width told.
    fn signal<'t, T: Real>(rows: Var<'t, T>, width: Self::Width) -> Self::Signal<'t, T>;

    /// Positions in a row, and channels at each.
    fn layout(width: Self::Width) -> (usize, usize);

    /// The same width, with another number of channels.
    fn with_channels(width: Self::Width, channels: usize) -> Self::Width;

    /// The same signal with its matrix changed entry by entry.
    fn map<'t, T: Real>(
        signal: Self::Signal<'t, T>,
        change: impl FnOnce(Var<'t, T>) -> Var<'t, T>,
    ) -> Self::Signal<'t, T> {
        Self::signal(change(Self::rows(signal)), Self::width(signal))
    }

    /// The sum of two signals of one width.
    fn add<'t, T: Real>(a: Self::Signal<'t, T>, b: Self::Signal<'t, T>) -> Self::Signal<'t, T> {
        let (left, right) = (Self::width(a), Self::width(b));
        Self::map(a, |rows| {
            // Two images may have as many entries, and another height.
            if left != right && rows.shape() == Self::rows(b).shape() {
                let (left, right) = (Self::layout(left), Self::layout(right));
                rows.tape().fail(TapeError::ShapeMismatch { op: "the sum of two signals", left, right });
            }
            rows + Self::rows(b)
        })
    }

    /// The same signal, changed as a matrix with a row for every position of every sample and a column for every channel.
    fn map_channels<'t, T: Real>(
        signal: Self::Signal<'t, T>,
        change: impl FnOnce(Var<'t, T>) -> Var<'t, T>,
    ) -> Self::Signal<'t, T> {
        let (positions, channels) = Self::layout(Self::width(signal));
        if positions == 1 {
            return Self::map(signal, change);
        }
        Self::map(signal, |rows| {
            let samples = rows.shape().0;
            let by_channel = rows.gather(Selection::Transpose { rows: positions, columns: channels });
            from_positions(change(by_channel.reshape(samples.saturating_mul(positions), channels)), positions)
        })
    }
}

/// Rows of samples again, from a row for every position of every sample, the samples of one position together.
pub(super) fn from_positions<T: Real>(by_position: Var<'_, T>, positions: usize) -> Var<'_, T> {
    let (rows, channels) = by_position.shape();
    by_position
        .reshape(rows.checked_div(positions).unwrap_or(0), positions.saturating_mul(channels))
        .gather(Selection::Transpose { rows: channels, columns: positions })
}

/// One matrix with a row for each sample; its width is the number of features.
#[derive(Clone, Copy, Debug)]
pub struct Wire;

impl Port for Wire {
    type Width = usize;
    type Signal<'t, T: Real> = Var<'t, T>;

    fn width<T: Real>(signal: Var<'_, T>) -> usize {
        signal.shape().1
    }

    fn zeros<T: Real>(tape: &Tape<T>, samples: usize, width: usize) -> Var<'_, T> {
        tape.filled(samples, width, T::zero())
    }
}

impl Rows for Wire {
    fn rows<'t, T: Real>(signal: Self::Signal<'t, T>) -> Var<'t, T> {
        signal
    }

    fn signal<'t, T: Real>(rows: Var<'t, T>, _: usize) -> Var<'t, T> {
        rows
    }

    fn layout(width: usize) -> (usize, usize) {
        (1, width)
    }

    fn with_channels(_: usize, channels: usize) -> usize {
        channels
    }
}

/// Images, each a row: line after line, pixel after pixel, the channels of a pixel side by side (NHWC). The width is
/// `[height, width, channels]`. A sequence is an image that is 1 wide.
///
/// A network that takes plain rows turns them into images with [`Unflatten`](super::Unflatten).
#[derive(Clone, Copy, Debug)]
pub struct Image;

/// Images on a tape.
#[derive(Clone, Copy, Debug)]
pub struct Images<'t, T: Real> {
    /// A row for each image.
    pub rows: Var<'t, T>,
    /// Height, width and channels.
    pub shape: [usize; 3],
}

impl Port for Image {
    type Width = [usize; 3];
    type Signal<'t, T: Real> = Images<'t, T>;

    fn width<T: Real>(signal: Images<'_, T>) -> [usize; 3] {
        signal.shape
    }

    fn zeros<T: Real>(tape: &Tape<T>, samples: usize, shape: [usize; 3]) -> Images<'_, T> {
        // Saturating, so that what is too large for memory is an error of the tape.
        let width = shape.into_iter().fold(1_usize, usize::saturating_mul);
        Images { rows: tape.filled(samples, width, T::zero()), shape }
    }
}

impl Rows for Image {
    fn rows<'t, T: Real>(signal: Self::Signal<'t, T>) -> Var<'t, T> {
        signal.rows
    }

    fn signal<'t, T: Real>(rows: Var<'t, T>, shape: [usize; 3]) -> Images<'t, T> {
        Images { rows, shape }
    }

    fn layout([height, width, channels]: [usize; 3]) -> (usize, usize) {
        // Saturating here and below: what cannot be is an error of the tape, which counts for itself.
        (height.saturating_mul(width), channels)
    }

    fn with_channels([height, width, _]: [usize; 3], channels: usize) -> [usize; 3] {
        [height, width, channels]
    }
}

/// `N` signals of one kind, side by side: what [`FanOut`](super::FanOut) gives, [`Parallel`](super::Parallel) works on, and
/// [`FanInSum`](super::FanInSum) and [`FanInConcat`](super::FanInConcat) take.
#[derive(Clone, Copy, Debug)]
pub struct Fan<P, const N: usize>(PhantomData<P>);

impl<P: Port, const N: usize> Port for Fan<P, N> {
    type Width = [P::Width; N];
    type Signal<'t, T: Real> = [P::Signal<'t, T>; N];

    fn width<T: Real>(signal: Self::Signal<'_, T>) -> [P::Width; N] {
        signal.map(P::width)
    }

    fn zeros<T: Real>(tape: &Tape<T>, samples: usize, width: [P::Width; N]) -> Self::Signal<'_, T> {
        width.map(|width| P::zeros(tape, samples, width))
    }
}

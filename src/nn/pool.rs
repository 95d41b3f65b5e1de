//! Pools: one number for every window and channel.

use std::marker::PhantomData;

use rand::Rng;

use super::conv::check_windows;
use super::port::from_positions;
use super::{Image, Images, Layer, LayerError, Mode, Padding};
use crate::autodiff::{Edge, Selection, Tape, Var, Windows};
use crate::real::{Real, SampleReal, count};

/// A pool: what `S` makes of every window, channel by channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool<S> {
    /// Height and width of a window.
    pub window: [usize; 2],
    /// How far the window moves, down and to the right.
    pub strides: [usize; 2],
    /// What is put around the image.
    pub padding: Padding,
    statistic: PhantomData<S>,
}

/// The largest entry of each window. Of equal ones, the first, line by line, gets the derivative, as in stax. What padding adds counts for nothing.
pub type MaxPool = Pool<Max>;

/// The sum of each window. Padding adds zeros.
pub type SumPool = Pool<Sum>;

/// The mean of each window: of those of its entries that are in the image, as in stax.
pub type AvgPool = Pool<Mean>;

impl<S> Pool<S> {
    /// Windows side by side: strides of their size, no padding.
    ///
    /// stax moves the window by 1 unless told; for that, say `.strides([1, 1])`.
    pub const fn new(window: [usize; 2]) -> Self {
        Self { window, strides: window, padding: Padding::Valid, statistic: PhantomData }
    }

    /// The same with other strides.
    pub const fn strides(self, strides: [usize; 2]) -> Self {
        Self { window: self.window, strides, padding: self.padding, statistic: PhantomData }
    }

    /// The same with [`Padding::Same`].
    pub const fn same(self) -> Self {
        Self { window: self.window, strides: self.strides, padding: Padding::Same, statistic: PhantomData }
    }

    fn windows(&self, image: [usize; 3], edge: Edge) -> Windows {
        let around = |axis: usize| self.padding.around(image[axis], self.window[axis], self.strides[axis]);
        let padding = [around(0), around(1)];
        Windows { image, kernel: self.window, strides: self.strides, dilation: [1, 1], padding, edge }
    }
}

/// What a pool makes of a window.
pub trait Statistic {
    /// What padding is to be.
    const EDGE: Edge;

    /// One column, from a matrix with a row for each window and a column for each place in it.
    fn of<T: Real>(windows: Var<'_, T>) -> Var<'_, T>;

    /// What the result is divided by: is it the number of places that are in the image?
    const BY_SIZE: bool;
}

/// The largest entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Max;

/// The sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum;

/// The mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean;

impl Statistic for Max {
    const EDGE: Edge = Edge::Nearest;
    const BY_SIZE: bool = false;

    fn of<T: Real>(windows: Var<'_, T>) -> Var<'_, T> {
        let places = windows.shape().1;
        if places <= 1 {
            return windows;
        }
        // By halves, since the adjoint of a slice is as large as what it is sliced from. Of equal ones the second operand gets the derivative: the
        // earlier one.
        let half = places / 2;
        let (earlier, later) = (windows.columns(0, half), windows.columns(half, places - half));
        Self::of(later).max(Self::of(earlier))
    }
}

impl Statistic for Sum {
    const EDGE: Edge = Edge::Zero;
    const BY_SIZE: bool = false;

    fn of<T: Real>(windows: Var<'_, T>) -> Var<'_, T> {
        windows.sum_columns()
    }
}

impl Statistic for Mean {
    const EDGE: Edge = Edge::Zero;
    const BY_SIZE: bool = true;

    fn of<T: Real>(windows: Var<'_, T>) -> Var<'_, T> {
        windows.sum_columns()
    }
}

impl<T: Real, S: Statistic> Layer<T, Image> for Pool<S> {
    type Out = Image;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: [usize; 3]) -> Result<([usize; 3], ()), LayerError>
    where
        T: SampleReal,
    {
        let windows = self.windows(width, S::EDGE);
        check_windows(&windows)?;
        let [down, across] = windows.positions();
        Ok(([down, across, width[2]], ()))
    }

    fn forward<'t>(&self, tape: &'t Tape<T>, (): &(), x: Images<'t, T>, _: &mut Mode<'_>) -> Images<'t, T> {
        let channels = x.shape[2];
        let windows = self.windows(x.shape, S::EDGE);
        let [down, across] = windows.positions();
        let positions = down.saturating_mul(across);
        let rows = x.rows.shape().0.saturating_mul(positions);
        let [height, width] = self.window;
        let places = height.saturating_mul(width);

        // In memory: samples, then windows, then channels, then the place in the window.
        let patches = x.rows.gather(Selection::Windows(windows)).reshape(rows.saturating_mul(channels), places);
        let y = S::of(patches).reshape(rows, channels);
        let y = from_positions(y, positions);
        let y = match self.padding {
            _ if !S::BY_SIZE => y,
            Padding::Valid => y.scale(count::<T>(places.max(1)).recip()),
            Padding::Same => {
                // The same sum of an image of ones.
                let ones = tape.filled(1, x.shape[0].saturating_mul(x.shape[1]), T::one());
                let inside = Windows { image: [x.shape[0], x.shape[1], 1], ..windows };
                let sizes = S::of(ones.gather(Selection::Windows(inside)).reshape(positions, places));
                let sizes = from_positions(sizes.repeat_columns(channels), positions);
                y.component_div(sizes.repeat_rows(x.rows.shape().0))
            }
        };
        Images { rows: y, shape: [down, across, channels] }
    }
}

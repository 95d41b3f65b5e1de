//! Convolutions, and what undoes their striding.

use nalgebra::DMatrix;
use rand::Rng;

use super::affine::{affine, stax};
use super::port::from_positions;
use super::{Affine, AffineParams, Image, Images, Initialized, Initializer, Layer, LayerError, Lifted, Mode};
use crate::autodiff::{Edge, Selection, Tape, Windows};
use crate::real::{Real, SampleReal};

/// What is put around an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: a window stays inside the image.
    #[default]
    Valid,
    /// As much as makes the output ⌈size/stride⌉ (of a transposed convolution: size · stride) high and wide. Where that is odd, the
    /// greater part goes below and to the right.
    Same,
}

impl Padding {
    /// Before and after, along an axis of this size.
    pub(super) fn around(self, size: usize, kernel: usize, stride: usize) -> [usize; 2] {
        match self {
            Self::Valid => [0, 0],
            Self::Same => {
                let steps = size.div_ceil(stride.max(1)).saturating_sub(1);
                let total = steps.saturating_mul(stride).saturating_add(kernel).saturating_sub(size);
                [total / 2, total - total / 2]
            }
        }
    }

    /// Before and after, for a transposed convolution.
    fn around_spread(self, kernel: usize, stride: usize) -> [usize; 2] {
        let most = kernel.saturating_sub(1);
        match self {
            Self::Valid => [most, most.saturating_add(stride.saturating_sub(kernel))],
            Self::Same if stride > most => [most, stride.saturating_sub(1)],
            Self::Same => {
                let total = most.saturating_add(stride.saturating_sub(1));
                [total.div_ceil(2), total / 2]
            }
        }
    }
}

/// Images ↦ for every window of the kernel's size, the window times W, plus b: a two-dimensional convolution, without turning the kernel, as in stax.
///
/// An image of h × w pixels with c channels becomes one of ⌊(h + padding − kernel)/stride⌋ + 1 rows, and likewise columns, with `channels`
/// channels. W has kernel height · kernel width · c rows, in the order (line, pixel, channel), and a column for each channel of the output: the
/// HWIO kernel of stax with its first three axes as one. Weights are drawn from N(0, 2/(n + m)), see [`Initializer`], biases from N(0, 10⁻¹²), as
/// in stax.
///
/// The windows are gathered into a matrix that is multiplied by W, so an image takes kernel height · kernel width times its memory.
///
/// ```
/// use fenchel::nn::{Conv, Dense, Flatten, Layer, MaxPool, Relu, Unflatten};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::LayerError> {
/// let net = (Unflatten([8, 8, 1]), Conv::new(16, [3, 3]).same(), Relu, MaxPool::new([2, 2]), Flatten, Dense(10));
/// let (width, params) = Layer::<f32>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 64)?;
/// assert_eq!((width, params.1.weight.shape(), params.5.weight.shape()), (10, (9, 16), (256, 10)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    /// Channels of the output.
    pub channels: usize,
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// How far the window moves, down and to the right.
    pub strides: [usize; 2],
    /// What is put around the image.
    pub padding: Padding,
}

/// Images ↦ larger images: a convolution of the image with its pixels set apart by the strides, and zeros between them.
///
/// As in stax the kernel is not turned for that. So a pixel leaves the *turned* kernel behind, scaled: the map is the adjoint of a strided [`Conv`]
/// with its kernel turned by half a turn, which other libraries start from.
///
/// h rows become h · stride + max(kernel − stride, 0), or h · stride with [`Padding::Same`]; likewise columns. W and b are as for [`Conv`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvTranspose {
    /// Channels of the output.
    pub channels: usize,
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// How far the pixels are set apart, down and to the right.
    pub strides: [usize; 2],
    /// How much of the edge is kept.
    pub padding: Padding,
}

/// [`ConvTranspose`] of sequences, which are images 1 wide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv1dTranspose {
    /// Channels of the output.
    pub channels: usize,
    /// Length of a window.
    pub kernel: usize,
    /// How far the entries are set apart.
    pub stride: usize,
    /// How much of the edge is kept.
    pub padding: Padding,
}

affine!(Conv);
affine!(ConvTranspose);
affine!(Conv1dTranspose);

macro_rules! settings {
    ($($layer:ident $size:ty, $stride:ident: $strides:ty = $one:expr;)*) => {$(
        impl $layer {
            /// With strides of 1 and no padding.
            pub const fn new(channels: usize, kernel: $size) -> Self {
                Self { channels, kernel, $stride: $one, padding: Padding::Valid }
            }

            /// The same with other strides.
            pub const fn $stride(self, $stride: $strides) -> Self {
                Self { $stride, ..self }
            }

            /// The same with [`Padding::Same`].
            pub const fn same(self) -> Self {
                Self { padding: Padding::Same, ..self }
            }
        }
    )*};
}
settings! {
    Conv [usize; 2], strides: [usize; 2] = [1, 1];
    ConvTranspose [usize; 2], strides: [usize; 2] = [1, 1];
    Conv1dTranspose usize, stride: usize = 1;
}

impl Conv {
    fn windows(&self, image: [usize; 3]) -> Windows {
        let around = |axis| self.padding.around(image[axis], self.kernel[axis], self.strides[axis]);
        let (kernel, strides, padding) = (self.kernel, self.strides, [around(0), around(1)]);
        Windows { image, kernel, strides, dilation: [1, 1], padding, edge: Edge::Zero }
    }
}

impl ConvTranspose {
    fn windows(&self, image: [usize; 3]) -> Windows {
        let around = |axis: usize| self.padding.around_spread(self.kernel[axis], self.strides[axis]);
        let (kernel, dilation, padding) = (self.kernel, self.strides, [around(0), around(1)]);
        Windows { image, kernel, strides: [1, 1], dilation, padding, edge: Edge::Zero }
    }
}

impl Conv1dTranspose {
    fn plane(&self) -> ConvTranspose {
        let Self { channels, kernel, stride, padding } = *self;
        ConvTranspose { channels, kernel: [kernel, 1], strides: [stride, 1], padding }
    }

    fn windows(&self, image: [usize; 3]) -> Windows {
        self.plane().windows(image)
    }
}

/// Errs if no window fits, or if an output would be too large to count.
pub(super) fn check_windows(windows: &Windows) -> Result<(), LayerError> {
    let (image, kernel, strides) = (windows.image, windows.kernel, windows.strides);
    if image.contains(&0) {
        return Err(LayerError::refused(format!("there is nothing in an image of {image:?}")));
    }
    let positions = windows.positions();
    if positions.contains(&0) {
        let reason = format!(
            "no window of {kernel:?}, moved by {strides:?}, set apart by {:?}, fits an image of {image:?}",
            windows.dilation
        );
        return Err(LayerError::refused(reason));
    }
    let entries = windows.window().and_then(|window| window.checked_mul(positions[0])?.checked_mul(positions[1]));
    match entries {
        Some(_) => Ok(()),
        None => {
            Err(LayerError::refused(format!("the windows of an image of {image:?} are more than a matrix can have")))
        }
    }
}

macro_rules! convolution {
    ($($layer:ty)*) => {$(
        impl<T: Real> Layer<T, Image> for $layer {
            type Out = Image;
            type Params = AffineParams<DMatrix<T>>;

            fn init<R: Rng + ?Sized>(
                &self,
                rng: &mut R,
                width: [usize; 3],
            ) -> Result<([usize; 3], Self::Params), LayerError>
            where
                T: SampleReal,
            {
                self.init_from(rng, width, stax(1e-6))
            }

            fn forward<'t>(
                &self,
                _: &'t Tape<T>,
                params: &Lifted<'t, T, Self, Image>,
                x: Images<'t, T>,
                _: &mut Mode<'_>,
            ) -> Images<'t, T> {
                let windows = self.windows(x.shape);
                let [down, across] = windows.positions();
                let positions = down.saturating_mul(across);
                let rows = x.rows.shape().0.saturating_mul(positions);
                // What cannot be is an error of the gather.
                let window = windows.window().unwrap_or(0);
                let patches = x.rows.gather(Selection::Windows(windows)).reshape(rows, window);
                let y = patches.affine(params.weight, params.bias);
                Images { rows: from_positions(y, positions), shape: [down, across, self.channels] }
            }
        }

        impl<T: Real> Affine<T, Image> for $layer {
            fn init_from<R: Rng + ?Sized>(
                &self,
                rng: &mut R,
                width: [usize; 3],
                laws: [Initializer; 2],
            ) -> Result<([usize; 3], Self::Params), LayerError>
            where
                T: SampleReal,
            {
                let windows = self.windows(width);
                check_windows(&windows)?;
                let [height, across] = windows.kernel;
                let inputs = windows.window().unwrap_or(0);
                let params = AffineParams::draw(rng, [inputs, self.channels, height.saturating_mul(across)], laws)?;
                let [down, across] = windows.positions();
                Ok(([down, across, self.channels], params))
            }
        }
    )*};
}
convolution!(Conv ConvTranspose Conv1dTranspose);

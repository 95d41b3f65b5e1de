//! Layers with a weight and a bias, and how these are drawn.

use nalgebra::DMatrix;
use rand::Rng;

use super::leaves::leaves;
use super::{Initializer, Layer, LayerError, Lifted, Mode, Port, Signal, Width, Wire};
use crate::autodiff::Tape;
use crate::real::{Real, SampleReal};

/// The parameters of a layer with a weight and a bias, or, with variables for `M`, those on a tape.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AffineParams<M> {
    /// Inputs × outputs. For a convolution the inputs are the entries of a window, line by line, pixel by pixel, channel by channel.
    pub weight: M,
    /// 1 × outputs.
    pub bias: M,
}

leaves!(AffineParams { weight, bias });

impl<T: SampleReal> AffineParams<DMatrix<T>> {
    /// Draws both; a kernel that sees `receptive` positions at once has that many times the channels for its fan.
    pub(super) fn draw<R: Rng + ?Sized>(
        rng: &mut R,
        [inputs, outputs, receptive]: [usize; 3],
        [weight, bias]: [Initializer; 2],
    ) -> Result<Self, LayerError> {
        if inputs == 0 || outputs == 0 {
            return Err(LayerError::ZeroWidth { path: String::new(), inputs, outputs });
        }
        let fan = (inputs, outputs.saturating_mul(receptive));
        Ok(Self {
            weight: weight.draw(rng, (inputs, outputs), fan)?,
            bias: bias.draw(rng, (1, outputs), (1, outputs))?,
        })
    }
}

/// A layer whose parameters are a weight and a bias: [`Dense`](super::Dense), [`Conv`](super::Conv), [`ConvTranspose`](super::ConvTranspose).
pub trait Affine<T: Real, P: Port = Wire>: Layer<T, P, Params = AffineParams<DMatrix<T>>> {
    /// [`Layer::init`] with a weight and a bias drawn from these laws.
    ///
    /// # Errors
    ///
    /// A width that the layer cannot have; an initialiser with a parameter that it cannot have.
    fn init_from<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        width: Width<P>,
        laws: [Initializer; 2],
    ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
    where
        T: SampleReal;
}

/// An affine layer whose first weight and bias are drawn from laws of one's own.
///
/// ```
/// use fenchel::nn::{Dense, Initializer, Layer, Relu};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::LayerError> {
/// let net = (Dense(32).initialized(Initializer::HeNormal, Initializer::Zeros), Relu, Dense(1));
/// let (_, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
/// assert_eq!(params.0.bias.sum(), 0.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Initialized<L> {
    /// The layer.
    pub layer: L,
    /// The law of the weight.
    pub weight: Initializer,
    /// The law of the bias.
    pub bias: Initializer,
}

impl<T: Real, P: Port, L: Affine<T, P>> Layer<T, P> for Initialized<L> {
    type Out = L::Out;
    type Params = AffineParams<DMatrix<T>>;

    fn init<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        width: Width<P>,
    ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        self.layer.init_from(rng, width, [self.weight, self.bias])
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, Self::Out> {
        self.layer.forward(tape, params, x, mode)
    }
}

impl<T: Real, P: Port, L: Affine<T, P>> Affine<T, P> for Initialized<L> {
    fn init_from<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        width: Width<P>,
        laws: [Initializer; 2],
    ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        self.layer.init_from(rng, width, laws)
    }
}

/// The laws of a weight and a bias in stax, whose biases have this standard deviation.
pub(super) const fn stax(deviation: f64) -> [Initializer; 2] {
    [Initializer::GlorotNormal, Initializer::Normal { deviation }]
}

/// Gives an affine layer its `initialized`.
macro_rules! affine {
    ($layer:ident) => {
        impl $layer {
            /// The same layer with its first weight and bias drawn from these laws.
            pub fn initialized(self, weight: Initializer, bias: Initializer) -> Initialized<Self> {
                Initialized { layer: self, weight, bias }
            }
        }
    };
}
pub(super) use affine;

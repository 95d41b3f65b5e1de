//! Layers and their composition, in the manner of stax.
//!
//! A layer holds no numbers: [`Layer::init`] makes its parameters, [`Layer::apply`] uses them. **Tuples are serial composition**, and
//! the parameters of a tuple are the matching tuple:
//!
//! ```
//! use fenchel::nn::{Dense, Layer, LeakyRelu};
//! use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
//! use fenchel::{Tape, nalgebra::DMatrix};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let net = (Dense(32), LeakyRelu, Dense(1));
//! let (width, params) = net.init(&mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
//! assert_eq!(width, 1);
//! let (first, (), _last) = &params; // the tree has the shape of the network
//! assert_eq!(first.weight.shape(), (2, 32));
//!
//! let rows = DMatrix::<f64>::zeros(64, 2); // 64 samples of 2 features
//! assert_eq!(fenchel::nn::evaluate(&net, &mut Tape::new(), &params, &rows)?.shape(), (64, 1));
//! # Ok(())
//! # }
//! ```
//!
//! The scalar type is a parameter of [`Layer`], found from how the parameters are used; where nothing tells, write
//! `Layer::<f64>::init(&net, ...)`.
//!
//! # Ports
//!
//! What flows between layers is a [`Port`]; a layer that is handed the wrong one does not compile. [`Wire`] is one matrix with a row for each
//! sample, [`Image`] is the same with a height, a width and channels, [`Fan`] is several signals side by side. Layers that treat every entry alike take
//! wires and images. A network of rows that begins with such a layer has to say so: `Layer::<f64, Wire>::init(&net, ...)`; so has such a layer on its own, in every call.
//!
//! # Training and evaluation
//!
//! Every layer has one [`forward`](Layer::forward), which is told the [`Mode`]: whether to evaluate or to train, and if so with which random numbers.
//! [`apply`](Layer::apply) evaluates, [`apply_train`](Layer::apply_train) trains. Only [`Dropout`], [`BatchNorm`] and [`SpectralNorm`] know the
//! difference: a network without them is trained with either.
//!
//! # The layers
//!
//! | layer | from, to | |
//! |---|---|---|
//! | [`Dense`] | wire | x W + b |
//! | [`Conv`], [`ConvTranspose`], [`Conv1dTranspose`] | image | convolution, and what undoes its striding |
//! | [`MaxPool`], [`AvgPool`], [`SumPool`] | image | of windows |
//! | [`BatchNorm`], [`LayerNorm`] | any | by the statistics of a channel over the batch; of a position over its channels |
//! | [`SpectralNorm`] | of an affine layer | its weight divided by its largest singular value |
//! | [`Dropout`] | any | entries left out at random, in training |
//! | [`Tanh`], [`Relu`], [`Exp`], [`Softplus`], [`Sigmoid`], [`Elu`], [`LeakyRelu`], [`Selu`], [`Gelu`], [`GeluTanh`], [`Elementwise`], [`Rescale`] | any | entry by entry |
//! | [`Softmax`], [`LogSoftmax`] | any | over the features, or the channels of a pixel |
//! | [`Flatten`], [`Unflatten`] | any to wire, wire to image | |
//! | [`Identity`], [`Residual`], `Vec` | any | nothing; x + L(x); layers of one type, as many as there are |
//! | [`FanOut`], [`Parallel`], [`FanInSum`], [`FanInConcat`] | to fan, of fan, from fan | |
//! | [`ShapeDependent`] | any | a layer that is made when the width is known |
//!
//! Weights are drawn as in stax, or by another [`Initializer`]: `Dense(32).initialized(Initializer::HeNormal, Initializer::Zeros)`. [`summary`] prints a
//! network as a table, [`cross_entropy`] is the loss of a classifier; those of games are in [`divergence`](crate::divergence::Game).

mod activation;
mod affine;
mod conv;
mod dense;
mod dropout;
mod fan;
mod initializer;
mod layer;
mod leaves;
mod loss;
mod norm;
pub mod pool;
mod port;
mod serial;
mod shape;
mod softmax;
mod spectral;
mod summary;

pub use activation::{Elementwise, Elu, Exp, Gelu, GeluTanh, LeakyRelu, Relu, Rescale, Selu, Sigmoid, Softplus, Tanh};
pub use affine::{Affine, AffineParams, Initialized};
pub use conv::{Conv, Conv1dTranspose, ConvTranspose, Padding};
pub use dense::Dense;
pub use dropout::Dropout;
pub use fan::{FanInConcat, FanInSum, FanOut, Parallel};
pub use initializer::Initializer;
pub use layer::{Layer, LayerError, Lifted, Mode, Network, evaluate};
pub use loss::cross_entropy;
pub use norm::{BatchNorm, BatchNormParams, LayerNorm, LayerNormParams};
pub use pool::{AvgPool, MaxPool, Pool, SumPool};
pub use port::{Fan, Image, Images, Port, Rows, Signal, Width, Wire};
pub use serial::{Residual, ShapeDependent};
pub use shape::{Flatten, Identity, Unflatten};
pub use softmax::{LogSoftmax, Softmax};
pub use spectral::{SpectralNorm, SpectralParams};
pub use summary::{LayerSummary, Summary, summary};

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
//! What flows between layers is a *port*; a layer that is handed the wrong one does not compile. [`Wire`], one matrix with a row for each
//! sample, is the port of every layer here.

mod activation;
mod dense;
mod serial;

pub use activation::{Elementwise, LeakyRelu, Relu, Rescale, Sigmoid, Softplus, Tanh};
pub use dense::{Dense, DenseParams};

use std::fmt::Debug;

use nalgebra::DMatrix;
use rand::Rng;

use crate::autodiff::{Params, Tape, TapeError, Var};
use crate::real::{Real, SampleReal};

/// A kind of signal between layers.
pub trait Port {
    /// What is known of the signal before there is data.
    type Width: Copy + Debug + PartialEq;
    /// The signal itself.
    type Signal<'t, T: Real>: Copy;
}

/// One matrix with a row for each sample; its width is the number of features.
#[derive(Clone, Copy, Debug)]
pub struct Wire;

impl Port for Wire {
    type Width = usize;
    type Signal<'t, T: Real> = Var<'t, T>;
}

/// The width that announces a signal of port `P`.
pub type Width<P> = <P as Port>::Width;

/// A signal of port `P` on a tape.
pub type Signal<'t, T, P> = <P as Port>::Signal<'t, T>;

/// The parameters of layer `L`, on a tape.
pub type Lifted<'t, T, L> = <<L as Layer<T>>::Params as Params<T>>::Lifted<'t>;

/// A map with parameters, which it does not hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer, or not one that fits here",
    note = "in a tuple of layers, each must take what the one before it gives: `In` equal to the `Out` before"
)]
pub trait Layer<T: Real> {
    /// What it takes.
    type In: Port;
    /// What it gives.
    type Out: Port;
    /// Its parameters.
    type Params: Params<T>;

    /// Draws parameters for an input of this width, and announces the width of the output.
    ///
    /// # Errors
    ///
    /// A width that the layer cannot have, with the path of the layer.
    fn init<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        width: Width<Self::In>,
    ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
    where
        T: SampleReal;

    /// The output. Shape mismatches are noted on the tape.
    fn apply<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self>,
        x: Signal<'t, T, Self::In>,
    ) -> Signal<'t, T, Self::Out>;
}

/// A network from rows to rows: a name for the bounds that functions of whole networks need.
pub trait Network<T: Real>: Layer<T, In = Wire, Out = Wire, Params: Clone> {}

impl<T: Real, L: Layer<T, In = Wire, Out = Wire, Params: Clone>> Network<T> for L {}

/// The output of a network for `rows`, by the same [`Layer::apply`] that training uses. The tape is cleared.
///
/// # Errors
///
/// A shape mismatch.
pub fn evaluate<T: Real, L: Layer<T, In = Wire, Out = Wire>>(
    net: &L,
    tape: &mut Tape<T>,
    params: &L::Params,
    rows: &DMatrix<T>,
) -> Result<DMatrix<T>, TapeError> {
    tape.clear();
    let tape = &*tape;
    net.apply(tape, &params.lift(tape), tape.var(rows)).to_matrix()
}

/// What is wrong with a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// A layer has no inputs or no outputs.
    #[error("layer '{path}' has {inputs} inputs and {outputs} outputs")]
    ZeroWidth {
        /// The layer, such as `2`, or nothing for a layer on its own.
        path: String,
        /// The width of its input.
        inputs: usize,
        /// The width of its output.
        outputs: usize,
    },
    /// A layer cannot be built as told, for a reason of its own.
    #[error("layer '{path}': {reason}")]
    Refused {
        /// The layer.
        path: String,
        /// The reason.
        reason: String,
    },
}

impl LayerError {
    fn path_mut(&mut self) -> &mut String {
        match self {
            Self::ZeroWidth { path, .. } | Self::Refused { path, .. } => path,
        }
    }

    /// The same error, seen from a network in which the layer is part number `index`.
    pub fn inside(mut self, index: usize) -> Self {
        let path = self.path_mut();
        *path = if path.is_empty() { index.to_string() } else { format!("{index}.{path}") };
        self
    }
}

//! What a layer is.

use std::fmt;

use nalgebra::DMatrix;
use rand::Rng;

use super::summary::LayerSummary;
use super::{Port, Signal, Width, Wire};
use crate::autodiff::{Params, Path, Segment, Tape, TapeError};
use crate::real::{Real, SampleReal};

/// The parameters of layer `L`, on a tape.
pub type Lifted<'t, T, L, P = Wire> = <<L as Layer<T, P>>::Params as Params<T>>::Lifted<'t>;

/// Is the output wanted as it is in use, or as it is in training?
pub enum Mode<'r> {
    /// As it is in use: the same output for the same input.
    Evaluate,
    /// As it is in training, with the random numbers for what is random there.
    Train(&'r mut dyn Rng),
}

impl fmt::Debug for Mode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Evaluate => "Evaluate",
            Self::Train(_) => "Train",
        })
    }
}

/// A map with parameters, which it does not hold, from signals of the port `P`.
///
/// A layer of your own is an `init` and a `forward`, and a tree of parameters, if none of those that there are will do:
///
/// ```
/// use fenchel::autodiff::{Params, Path, Tape, Var};
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::nn::{Dense, Layer, LayerError, Mode, Wire, summary};
/// use fenchel::rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};
/// use fenchel::{Real, SampleReal};
///
/// /// Every feature times a number of its own.
/// struct Scale;
///
/// struct ScaleParams<M> {
///     scale: M,
/// }
///
/// impl<T: Real> Params<T> for ScaleParams<DMatrix<T>> {
///     type Lifted<'t> = ScaleParams<Var<'t, T>>;
///
///     fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t> {
///         ScaleParams { scale: leaf(&self.scale) }
///     }
///
///     fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {
///         leaf(&at.name("scale"), &self.scale);
///     }
///
///     fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {
///         leaf(&at.name("scale"), &mut self.scale);
///     }
/// }
///
/// impl<T: Real> Layer<T> for Scale {
///     type Out = Wire;
///     type Params = ScaleParams<DMatrix<T>>;
///
///     fn init<R: Rng + ?Sized>(&self, _: &mut R, width: usize) -> Result<(usize, Self::Params), LayerError>
///     where
///         T: SampleReal,
///     {
///         Ok((width, ScaleParams { scale: DMatrix::from_element(1, width, T::one()) }))
///     }
///
///     fn forward<'t>(
///         &self,
///         _: &'t Tape<T>,
///         params: &ScaleParams<Var<'t, T>>,
///         x: Var<'t, T>,
///         _: &mut Mode<'_>,
///     ) -> Var<'t, T> {
///         x.component_mul(params.scale.repeat_rows(x.shape().0))
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let net = (Dense(8), Scale, Dense(1));
/// let (_, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
/// println!("{}", summary(&net, &params, 2)?);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer for signals of `{P}`",
    note = "in a tuple of layers, each must take what the one before it gives: its `P` is the `Out` before",
    note = "tuples are layers up to a length of 12; a tuple in a tuple is one, too",
    note = "`Unflatten` makes images of rows, `Flatten` makes rows of images"
)]
pub trait Layer<T: Real, P: Port = Wire> {
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
        width: Width<P>,
    ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
    where
        T: SampleReal;

    /// The output, in training or in use. Shape mismatches are noted on the tape.
    ///
    /// A layer made of layers hands `mode` on to each of them, within a [`scope`](Tape::scope) of its own.
    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, Self::Out>;

    /// The output as it is in use: [`forward`](Self::forward) in [`Mode::Evaluate`].
    fn apply<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
    ) -> Signal<'t, T, Self::Out> {
        self.forward(tape, params, x, &mut Mode::Evaluate)
    }

    /// The output as it is in training: [`forward`](Self::forward) in [`Mode::Train`].
    fn apply_train<'t, R: Rng + ?Sized>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        mut rng: &mut R,
    ) -> Signal<'t, T, Self::Out> {
        self.forward(tape, params, x, &mut Mode::Train(&mut rng))
    }

    /// The output, with a line for each layer in `lines`; what [`summary`](super::summary) is made of. A layer made of layers may
    /// override it, to let each of them write a line.
    fn summarize<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        at: &Path<'_>,
        lines: &mut Vec<LayerSummary>,
    ) -> Signal<'t, T, Self::Out> {
        let y = self.apply(tape, params, x);
        lines.push(LayerSummary::new::<Self, _>(at, Self::Out::width(y)));
        y
    }
}

/// A network from rows to rows: a name for the bounds that functions of whole networks need.
pub trait Network<T: Real>: Layer<T, Wire, Out = Wire, Params: Clone> {}

impl<T: Real, L: Layer<T, Wire, Out = Wire, Params: Clone>> Network<T> for L {}

/// The output of a network for `rows`, by the same [`Layer::forward`] that training uses. The tape is cleared.
///
/// # Errors
///
/// A shape mismatch.
pub fn evaluate<T: Real, L: Layer<T, Wire, Out = Wire>>(
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
    /// A layer's own reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { path: String::new(), reason: reason.into() }
    }

    fn path_mut(&mut self) -> &mut String {
        match self {
            Self::ZeroWidth { path, .. } | Self::Refused { path, .. } => path,
        }
    }

    /// The same error, seen from a network in which the layer is this part.
    pub fn inside(mut self, part: impl Into<Segment>) -> Self {
        let (path, part) = (self.path_mut(), part.into());
        *path = if path.is_empty() { part.to_string() } else { format!("{part}.{path}") };
        self
    }
}

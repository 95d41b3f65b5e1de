//! Reverse-mode differentiation of matrix computations.
//!
//! A [`Tape`] records what is computed with its variables. [`Tape::grad`] walks the record backwards and writes the gradient
//! *with the same operations on the same tape*: it is an ordinary variable, so a gradient of a gradient (a gradient penalty, a
//! Hessian-vector product) needs nothing new. The set of operations, [`Op`], is closed.
//!
//! A step of training is a loss, its gradient by a tree of [`Params`], and an update:
//!
//! ```
//! use fenchel::autodiff::{Gradients, Tape, value_and_grad};
//! use fenchel::nalgebra::DMatrix;
//! use fenchel::optim::Adam;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (x, y) = (DMatrix::from_row_slice(3, 1, &[0.0, 1.0, 2.0]), DMatrix::from_row_slice(3, 1, &[1.0, 3.0, 5.0]));
//! let mut line = (DMatrix::from_element(1, 1, 0.0), DMatrix::from_element(1, 1, 0.0)); // slope and intercept
//! let (mut tape, mut gradients, mut adam) = (Tape::new(), Gradients::new(), Adam::new(0.1)?);
//! for _ in 0..500 {
//!     value_and_grad(&mut tape, &line, &mut gradients, |t, &(slope, intercept)| {
//!         (t.var(&x).affine(slope, intercept) - t.var(&y)).square().mean()
//!     })?;
//!     adam.update(&mut line, &gradients)?;
//! }
//! assert!((line.0[0] - 2.0_f64).abs() < 1e-3 && (line.1[0] - 1.0).abs() < 1e-3);
//! # Ok(())
//! # }
//! ```

// | file | what it holds |
// |---|---|
// | `tape` | the tape: what users call |
// | `graph` | nodes, and when they are computed |
// | `slots` | where their values are kept: buffers that steps of any kind share |
// | `var` | variables: methods and operators |
// | `op` | the closed set of operations, their shapes |
// | `kernel` | how an operation fills its slot |
// | `rules` | the adjoint table |
// | `transform` | gradients from a recorded computation |
// | `selection` | which columns a gather takes |
// | `params` | parameter trees |
// | `trace` | what is on a tape, in words and pictures |
// | `check` | is a gradient right? |

mod graph;
mod kernel;
mod op;
mod params;
mod rules;
mod selection;
mod slots;
mod tape;
mod trace;
mod transform;
mod var;

pub mod check;

pub use op::{Factor, Op};
pub use params::{Gradients, Params, Path, Segment};
pub use selection::{Edge, Selection, Windows};
pub use tape::Tape;
pub use trace::NonFinite;
pub use transform::value_and_grad;
pub use var::{Entrywise, Var};

/// What can go wrong on a tape. Where it did, [`Tape::dump`] tells: it ends there.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TapeError {
    /// The operands do not fit together.
    #[error("{op}: shapes {} x {} and {} x {} do not fit", left.0, left.1, right.0, right.1)]
    ShapeMismatch {
        /// The operation.
        op: &'static str,
        /// Rows and columns of the left operand, transposed if the operation transposes it.
        left: (usize, usize),
        /// Rows and columns of the right operand, or of what the only operand should have been.
        right: (usize, usize),
    },
    /// An operation needs at least one entry.
    #[error("{op} of a {rows} x {columns} matrix, which has no entries")]
    Empty {
        /// The operation.
        op: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// More entries than a matrix can have, or than there is memory for.
    #[error("{op}: {rows} x {columns} entries are more than a matrix can have, or than there is memory for")]
    TooLarge {
        /// The operation.
        op: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// A 1 × 1 value was needed: a loss, say.
    #[error("a 1 x 1 value is needed, not {rows} x {columns}")]
    NotScalar {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// Variables of two tapes met.
    #[error("variables of two different tapes in one operation")]
    MixedTapes,
    /// There are no such columns to choose.
    #[error("there are no such columns: {selection:?}")]
    Selection {
        /// The choice.
        selection: Selection,
    },
    /// A setting of a layer that `init` would have refused.
    #[error("{what} is {value}, but must be {range}")]
    InvalidSetting {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        range: &'static str,
    },
    /// A list of layers was handed the parameters of another number of them.
    #[error("{layers} layers, but parameters for {parameters}")]
    LayerCount {
        /// The number of layers.
        layers: usize,
        /// The number of parameter trees.
        parameters: usize,
    },
    /// A label that is no class.
    #[error("row {row} has the label {label}, but there are {classes} classes, counted from 0")]
    NoSuchClass {
        /// The row.
        row: usize,
        /// Its label.
        label: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A loss is NaN or infinite. [`Tape::first_nan`] or [`Tape::first_non_finite`] tells more of the node that made the first such value.
    #[error(
        "the loss is {value}; the first such value is that of node {node}, {op}, whose layer `Tape::first_non_finite` tells"
    )]
    NonFiniteLoss {
        /// The loss.
        value: f64,
        /// The first node with a NaN if the loss is NaN, or else with a value that is not finite.
        node: usize,
        /// Its operation.
        op: &'static str,
    },
    /// A parameter tree put another number of nodes on the tape than it has leaves.
    #[error("a parameter tree of {expected} leaves put {found} nodes on the tape")]
    LiftedLeaves {
        /// The number of leaves.
        expected: usize,
        /// The number of nodes.
        found: usize,
    },
}

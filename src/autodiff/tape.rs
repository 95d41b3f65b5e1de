//! The tape: nodes, and the slots that hold their values.

use std::cell::RefCell;
use std::fmt;

use nalgebra::DMatrix;

use super::kernel::{self, Scratch};
use super::op::{Op, Shape};
use super::{TapeError, Var};
use crate::real::{Real, fits};

/// Where computations are recorded, so that they can be differentiated.
///
/// Values are matrices, rows being samples. Node i of one step overwrites slot i of the step before: a loop that records the
/// same shapes every time makes the tape allocate nothing after its first step.
///
/// ```
/// use fenchel::Tape;
///
/// # fn main() -> Result<(), fenchel::TapeError> {
/// let tape = Tape::new();
/// let x = tape.scalar(2.0_f64);
/// let y = x.square().component_mul(x); // x³
/// let [dy] = tape.grad(y, [x]); // 3 x², itself on the tape
/// let [d2y] = tape.grad(dy, [x]); // 6 x
/// assert_eq!((dy.to_scalar()?, d2y.to_scalar()?), (12.0, 12.0));
/// # Ok(())
/// # }
/// ```
///
/// A variable cannot outlive the step that it belongs to:
///
/// ```compile_fail,E0502
/// let mut tape = fenchel::Tape::new();
/// let x = tape.scalar(2.0_f64);
/// tape.clear(); // error: `x` still borrows the tape
/// x.exp();
/// ```
pub struct Tape<T: Real> {
    graph: RefCell<Graph<T>>,
}

struct Graph<T> {
    ops: Vec<Op<T>>,
    /// At least as many as `ops`; those beyond are buffers of earlier, longer steps.
    slots: Vec<DMatrix<T>>,
    scratch: Scratch<T>,
    failure: Option<TapeError>,
    walk: Walk,
}

/// Buffers of the reverse pass, kept from call to call; both are indexed by node.
#[derive(Default)]
pub(crate) struct Walk {
    /// Does the node lie between the inputs asked for and the output?
    pub(crate) on_path: Vec<bool>,
    /// The node that holds its adjoint so far, if any.
    pub(crate) adjoint: Vec<Option<usize>>,
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Self {
            graph: RefCell::new(Graph {
                ops: Vec::new(),
                slots: Vec::new(),
                scratch: Scratch::default(),
                failure: None,
                walk: Walk::default(),
            }),
        }
    }

    /// Forgets all nodes and any failure, and keeps every buffer.
    pub fn clear(&mut self) {
        let graph = self.graph.get_mut();
        graph.ops.clear();
        graph.failure = None;
    }

    /// The number of nodes recorded since the tape was cleared.
    pub fn len(&self) -> usize {
        self.graph.borrow().ops.len()
    }

    /// Is nothing recorded?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of slots ever made: the length of the longest step so far. It stays put in a loop of equal steps.
    pub fn slots(&self) -> usize {
        self.graph.borrow().slots.len()
    }

    /// The operations recorded since the tape was cleared, in order.
    pub fn ops(&self) -> Vec<Op<T>> {
        self.graph.borrow().ops.clone()
    }

    /// Puts a matrix on the tape; its entries are copied.
    pub fn var(&self, value: &DMatrix<T>) -> Var<'_, T> {
        self.leaf(value.shape(), |slot| slot.copy_from(value))
    }

    /// Puts a number on the tape, as a 1 × 1 matrix.
    pub fn scalar(&self, value: T) -> Var<'_, T> {
        self.filled(1, 1, value)
    }

    /// Puts a matrix on the tape all entries of which are `value`.
    pub fn filled(&self, rows: usize, columns: usize, value: T) -> Var<'_, T> {
        self.leaf((rows, columns), |slot| slot.fill(value))
    }

    /// The first failure since the tape was cleared, if any: what every call that hands out a number returns.
    pub fn check(&self) -> Result<(), TapeError> {
        self.graph.borrow().failure.map_or(Ok(()), Err)
    }

    fn leaf(&self, shape: Shape, fill: impl FnOnce(&mut DMatrix<T>)) -> Var<'_, T> {
        self.record(Op::Leaf, shape, fill)
    }

    /// Records an operation, computes its value and hands out its variable.
    pub(crate) fn push(&self, op: Op<T>) -> Var<'_, T> {
        self.record(op, (0, 0), |_| {})
    }

    fn record(&self, op: Op<T>, own: Shape, fill: impl FnOnce(&mut DMatrix<T>)) -> Var<'_, T> {
        let graph = &mut *self.graph.borrow_mut();
        if graph.failure.is_some() {
            return Var::failed(self);
        }
        let shape = op.shape(own, |i| graph.slots[i].shape()).and_then(|(rows, columns)| {
            let too_large = TapeError::TooLarge { op: op.name(), rows, columns };
            if fits::<T>(rows, columns) { Ok((rows, columns)) } else { Err(too_large) }
        });
        let (rows, columns) = match shape {
            Ok(shape) => shape,
            Err(failure) => {
                graph.failure = Some(failure);
                return Var::failed(self);
            }
        };
        let index = graph.ops.len();
        if index == graph.slots.len() {
            graph.slots.push(DMatrix::zeros(0, 0));
        }
        let (before, rest) = graph.slots.split_at_mut(index);
        let slot = &mut rest[0];
        kernel::reshape(slot, rows, columns);
        kernel::fill(&op, before, slot, &mut graph.scratch);
        fill(slot);
        graph.ops.push(op);
        Var::new(self, index)
    }

    /// Notes a failure, unless an earlier one is noted already, and hands out a variable that stands for it.
    pub(crate) fn fail(&self, failure: TapeError) -> Var<'_, T> {
        self.graph.borrow_mut().failure.get_or_insert(failure);
        Var::failed(self)
    }

    pub(crate) fn op(&self, index: usize) -> Op<T> {
        self.graph.borrow().ops[index]
    }

    /// Reads the value of a node, or the failure that kept it from being computed.
    pub(crate) fn read<A>(&self, index: usize, read: impl FnOnce(&DMatrix<T>) -> A) -> Result<A, TapeError> {
        self.check()?;
        Ok(read(&self.graph.borrow().slots[index]))
    }

    pub(crate) fn take_walk(&self) -> Walk {
        std::mem::take(&mut self.graph.borrow_mut().walk)
    }

    pub(crate) fn return_walk(&self, walk: Walk) {
        self.graph.borrow_mut().walk = walk;
    }
}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = self.graph.borrow();
        f.debug_struct("Tape").field("ops", &graph.ops).field("failure", &graph.failure).finish_non_exhaustive()
    }
}

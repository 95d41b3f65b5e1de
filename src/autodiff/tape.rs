//! The tape: nodes, and the slots that hold their values.

use std::cell::RefCell;
use std::fmt;

use nalgebra::DMatrix;

use super::kernel::{self, Scratch};
use super::op::{Op, Shape};
use super::{Path, Segment, Selection, TapeError, Var};
use crate::real::{Real, fits, reshape};

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
    nodes: Vec<Node<T>>,
    /// At least as many as `nodes`; those beyond are buffers of earlier, longer steps.
    slots: Vec<DMatrix<T>>,
    scratch: Scratch<T>,
    /// What gathers and scatters choose.
    selections: Vec<Selection>,
    failure: Option<TapeError>,
    walk: Walk,
    /// Every place that recording has been in; its parent comes before it.
    places: Vec<(Option<usize>, Segment)>,
    /// Where the next node will be from.
    origin: Origin,
    /// Leaves, and what they are to become.
    tracked: Vec<(usize, usize)>,
}

#[derive(Clone, Copy)]
struct Node<T> {
    op: Op<T>,
    origin: Origin,
}

/// Where a node is from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    /// The place, by its index; `None` outside of all.
    place: Option<usize>,
    /// 0 for what was computed, 1 for its gradient, 2 for the gradient of that, ...
    pub(crate) order: usize,
}

impl Origin {
    /// That of the gradient of what is from here, in the gradient of something of this order.
    pub(crate) fn gradient(self, of: usize) -> Self {
        Self { order: self.order.max(of) + 1, ..self }
    }
}

/// Buffers of the reverse pass, kept from call to call; both are indexed by node.
#[derive(Default)]
pub(crate) struct Walk {
    /// Does the node lie between the inputs asked for and the output?
    pub(crate) on_path: Vec<bool>,
    /// The node that holds its adjoint so far, if any.
    pub(crate) adjoint: Vec<Option<usize>>,
}

impl Walk {
    /// The node that holds the adjoint of `node`; none if that is zero.
    pub(crate) fn adjoint_of(&self, node: usize) -> Option<usize> {
        self.adjoint.get(node).copied().flatten()
    }
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Self {
            graph: RefCell::new(Graph {
                nodes: Vec::new(),
                slots: Vec::new(),
                scratch: Scratch::default(),
                selections: Vec::new(),
                failure: None,
                walk: Walk::default(),
                places: Vec::new(),
                origin: Origin::default(),
                tracked: Vec::new(),
            }),
        }
    }

    /// Forgets all nodes and any failure, and keeps every buffer.
    pub fn clear(&mut self) {
        let graph = self.graph.get_mut();
        graph.nodes.clear();
        graph.selections.clear();
        graph.places.clear();
        graph.tracked.clear();
        graph.origin = Origin::default();
        graph.failure = None;
    }

    /// The number of nodes recorded since the tape was cleared.
    pub fn len(&self) -> usize {
        self.graph.borrow().nodes.len()
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
        self.graph.borrow().nodes.iter().map(|node| node.op).collect()
    }

    /// Puts a matrix on the tape; its entries are copied.
    pub fn var(&self, value: &DMatrix<T>) -> Var<'_, T> {
        self.leaf(value.shape(), |slot| slot.as_mut_slice().copy_from_slice(value.as_slice()))
    }

    /// Puts a number on the tape, as a 1 × 1 matrix.
    pub fn scalar(&self, value: T) -> Var<'_, T> {
        self.filled(1, 1, value)
    }

    /// Puts a matrix on the tape all entries of which are `value`.
    pub fn filled(&self, rows: usize, columns: usize, value: T) -> Var<'_, T> {
        self.leaf((rows, columns), |slot| slot.fill(value))
    }

    /// Puts the matrix on the tape whose entry in row i and column j is `entry(i, j)`, asked for column after column.
    pub fn from_fn(&self, rows: usize, columns: usize, mut entry: impl FnMut(usize, usize) -> T) -> Var<'_, T> {
        let leaf = self.leaf((rows, columns), |_| {});
        if self.check().is_err() || rows == 0 {
            return leaf;
        }
        // Taken out meanwhile, since `entry` may use the tape.
        let mut value = std::mem::replace(&mut self.graph.borrow_mut().slots[leaf.index()], DMatrix::zeros(0, 0));
        for (j, mut column) in value.column_iter_mut().enumerate() {
            for (i, value) in column.iter_mut().enumerate() {
                *value = entry(i, j);
            }
        }
        self.graph.borrow_mut().slots[leaf.index()] = value;
        leaf
    }

    /// The variables side by side, which need the same number of rows; a failure for none.
    pub fn concat_columns<'t>(&'t self, parts: &[Var<'t, T>]) -> Var<'t, T> {
        if !parts.iter().all(|part| part.is_on(self)) {
            return self.fail(TapeError::MixedTapes);
        }
        match parts {
            [] => self.fail(TapeError::Empty { op: "concat_columns", rows: 0, columns: 0 }),
            &[part] => part,
            _ => {
                // By halves: each is put between zeros, which costs the whole width.
                let (left, right) = parts.split_at(parts.len() / 2);
                let [left, right] = [left, right].map(|half| self.concat_columns(half));
                let (start, len) = (left.shape().1, right.shape().1);
                let width = start.saturating_add(len);
                left.scatter_add(Selection::range(0, start, width))
                    + right.scatter_add(Selection::range(start, len, width))
            }
        }
    }

    /// The first failure since the tape was cleared, if any: what every call that hands out a number returns.
    pub fn check(&self) -> Result<(), TapeError> {
        self.graph.borrow().failure.map_or(Ok(()), Err)
    }

    /// Runs `record`, whose nodes are noted to be from this part of a network: `2`, or `"branch"`. Parts nest.
    ///
    /// Compositions of layers do this for their parts; [`dump`](Self::dump) and [`first_non_finite`](Self::first_non_finite) tell it.
    pub fn scope<A>(&self, part: impl Into<Segment>, record: impl FnOnce() -> A) -> A {
        let before = {
            let graph = &mut *self.graph.borrow_mut();
            graph.places.push((graph.origin.place, part.into()));
            let inside = Origin { place: Some(graph.places.len() - 1), ..graph.origin };
            std::mem::replace(&mut graph.origin, inside)
        };
        let result = record();
        self.graph.borrow_mut().origin = before;
        result
    }

    /// Calls a leaf by its path, below the place where recording is.
    pub(crate) fn name_leaf(&self, index: usize, path: &Path<'_>) {
        let graph = &mut *self.graph.borrow_mut();
        let Some(node) = graph.nodes.get_mut(index) else { return }; // a failure, or a tree that miscounts
        let mut place = graph.origin.place;
        path.segments(&mut |segment| {
            graph.places.push((place, segment));
            place = Some(graph.places.len() - 1);
        });
        node.origin.place = place;
    }

    /// Says what a parameter is to become, other than by descent: the next mean of a running mean, say. No derivative flows through it.
    ///
    /// [`value_and_grad`](super::value_and_grad) puts the value in the place of the gradient of a leaf visited under a
    /// [tracked](Path::tracked) path, and optimisers write it to the leaf. Said twice, the last holds.
    pub fn track<'t>(&'t self, leaf: Var<'t, T>, value: Var<'t, T>) {
        if !(leaf.is_on(self) && value.is_on(self)) {
            for tape in [self, leaf.tape(), value.tape()] {
                tape.fail(TapeError::MixedTapes);
            }
        } else if self.check().is_ok() && leaf.shape() != value.shape() {
            self.fail(TapeError::ShapeMismatch { op: "track", left: leaf.shape(), right: value.shape() });
        } else if self.check().is_ok() {
            self.graph.borrow_mut().tracked.push((leaf.index(), value.index()));
        }
    }

    /// What a parameter is to become, if [`track`](Self::track) has said so, and else the parameter itself.
    pub fn tracked<'t>(&'t self, leaf: Var<'t, T>) -> Var<'t, T> {
        if !leaf.is_on(self) {
            leaf.tape().fail(TapeError::MixedTapes);
            return self.fail(TapeError::MixedTapes);
        }
        let graph = self.graph.borrow();
        let last = graph.tracked.iter().rev().find(|&&(tracked, _)| tracked == leaf.index());
        last.map_or(leaf, |&(_, value)| Var::new(self, value))
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
        let shape = op.shape(own, |i| graph.slots[i].shape(), &graph.selections).and_then(|(rows, columns)| {
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
        let index = graph.nodes.len();
        if index == graph.slots.len() {
            graph.slots.push(DMatrix::zeros(0, 0));
        }
        let (before, rest) = graph.slots.split_at_mut(index);
        let slot = &mut rest[0];
        if !reshape(slot, rows, columns) {
            graph.failure = Some(TapeError::TooLarge { op: op.name(), rows, columns });
            return Var::failed(self);
        }
        kernel::fill(&op, before, &graph.selections, slot, &mut graph.scratch);
        fill(slot);
        graph.nodes.push(Node { op, origin: graph.origin });
        Var::new(self, index)
    }

    /// Notes a failure, unless an earlier one is noted already, and hands out a variable that stands for it.
    pub(crate) fn fail(&self, failure: TapeError) -> Var<'_, T> {
        self.graph.borrow_mut().failure.get_or_insert(failure);
        Var::failed(self)
    }

    /// Keeps a selection, and returns its number.
    pub(crate) fn keep(&self, selection: Selection) -> usize {
        let selections = &mut self.graph.borrow_mut().selections;
        selections.push(selection);
        selections.len() - 1
    }

    pub(crate) fn selection(&self, number: usize) -> Selection {
        self.graph.borrow().selections[number]
    }

    pub(crate) fn op(&self, index: usize) -> Op<T> {
        self.graph.borrow().nodes[index].op
    }

    /// Does one of the parents of a node have this property?
    pub(crate) fn any_parent(&self, index: usize, property: impl Fn(usize) -> bool) -> bool {
        self.graph.borrow().nodes[index].op.parents().any(property)
    }

    pub(crate) fn origin(&self, index: usize) -> Origin {
        self.graph.borrow().nodes[index].origin
    }

    /// Says where the nodes to come are from; returns what was said before.
    pub(crate) fn set_origin(&self, origin: Origin) -> Origin {
        std::mem::replace(&mut self.graph.borrow_mut().origin, origin)
    }

    /// The place of an origin, as `2.branch`; nothing outside of all.
    pub(crate) fn place(&self, origin: Origin) -> String {
        let graph = self.graph.borrow();
        let mut segments = Vec::new();
        let mut next = origin.place;
        while let Some((parent, segment)) = next.map(|place| graph.places[place]) {
            segments.push(segment.to_string());
            next = parent;
        }
        segments.reverse();
        segments.join(".")
    }

    /// Reads the value of a node, or the failure that kept it from being computed.
    pub(crate) fn read<A>(&self, index: usize, read: impl FnOnce(&DMatrix<T>) -> A) -> Result<A, TapeError> {
        self.check()?;
        Ok(self.peek(index, read))
    }

    /// Reads the value of a node that there is, failure or not.
    pub(crate) fn peek<A>(&self, index: usize, read: impl FnOnce(&DMatrix<T>) -> A) -> A {
        read(&self.graph.borrow().slots[index])
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
        let ops: Vec<_> = graph.nodes.iter().map(|node| node.op).collect();
        f.debug_struct("Tape").field("ops", &ops).field("failure", &graph.failure).finish_non_exhaustive()
    }
}

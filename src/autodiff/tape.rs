//! The tape: what users call.

use std::cell::RefCell;
use std::fmt;

use nalgebra::DMatrix;

use super::graph::{Graph, Origin, Walk};
use super::op::{Op, Shape};
use super::{Path, Segment, Selection, TapeError, Var};
use crate::real::{Real, copy};

/// Where computations are recorded, so that they can be differentiated.
///
/// Values are matrices, rows being samples. A step overwrites the matrices of those before it: a loop makes the tape allocate nothing after its first
/// round, if no more than sixteen different losses take turns on it.
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

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Self { graph: RefCell::new(Graph::default()) }
    }

    /// Forgets all nodes and any failure, and keeps every buffer.
    pub fn clear(&mut self) {
        self.graph.get_mut().clear();
    }

    /// The number of nodes recorded since the tape was cleared.
    pub fn len(&self) -> usize {
        self.graph.borrow().nodes.len()
    }

    /// Is nothing recorded?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of matrices kept, in use or not. It stays put in a loop of equal steps; those of a size that sixteen steps have not asked for are given back.
    pub fn slots(&self) -> usize {
        self.graph.borrow().slots.count()
    }

    /// The operations recorded since the tape was cleared, in order.
    pub fn ops(&self) -> Vec<Op<T>> {
        self.graph.borrow().nodes.iter().map(|node| node.op).collect()
    }

    /// Puts a matrix on the tape; its entries are copied.
    pub fn var(&self, value: &DMatrix<T>) -> Var<'_, T> {
        self.leaf(value.shape(), |slot| copy(value.as_slice(), slot.as_mut_slice()))
    }

    /// Puts a number on the tape, as a 1 × 1 matrix.
    pub fn scalar(&self, value: T) -> Var<'_, T> {
        self.filled(1, 1, value)
    }

    /// Puts a matrix on the tape whose entries are all `value`.
    pub fn filled(&self, rows: usize, columns: usize, value: T) -> Var<'_, T> {
        self.leaf((rows, columns), |slot| slot.as_mut_slice().fill(value))
    }

    /// Puts the matrix on the tape whose entry in row i and column j is `entry(i, j)`, asked for column after column.
    pub fn from_fn(&self, rows: usize, columns: usize, mut entry: impl FnMut(usize, usize) -> T) -> Var<'_, T> {
        let leaf = self.leaf((rows, columns), |_| {});
        if self.check().is_err() || rows == 0 {
            return leaf;
        }
        // Taken out meanwhile, since `entry` may use the tape.
        let exchange = |value: &mut DMatrix<T>| std::mem::swap(self.graph.borrow_mut().leaf_mut(leaf.index()), value);
        let mut value = DMatrix::zeros(0, 0);
        exchange(&mut value);
        for (j, column) in value.as_mut_slice().chunks_exact_mut(rows).enumerate() {
            for (i, value) in column.iter_mut().enumerate() {
                *value = entry(i, j);
            }
        }
        exchange(&mut value);
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

    /// Records an operation and hands out its variable.
    pub(crate) fn push(&self, op: Op<T>) -> Var<'_, T> {
        self.record(op, (0, 0), |_| {})
    }

    fn record(&self, op: Op<T>, own: Shape, fill: impl FnOnce(&mut DMatrix<T>)) -> Var<'_, T> {
        let graph = &mut *self.graph.borrow_mut();
        if graph.failure.is_some() {
            return Var::failed(self);
        }
        match graph.record(op, own) {
            Ok(index) => {
                fill(graph.leaf_mut(index));
                Var::new(self, index)
            }
            Err(failure) => {
                graph.failure = Some(failure);
                Var::failed(self)
            }
        }
    }

    /// Notes a failure, unless an earlier one is noted already, and hands out a variable that stands for it.
    pub(crate) fn fail(&self, failure: TapeError) -> Var<'_, T> {
        self.graph.borrow_mut().failure.get_or_insert(failure);
        Var::failed(self)
    }

    /// The selection that [`Op::Gather`] and [`Op::ScatterAdd`] name by a number; none if there is no such.
    ///
    /// ```
    /// use fenchel::autodiff::{Op, Selection};
    ///
    /// let tape = fenchel::Tape::new();
    /// let last = tape.filled(4, 3, 1.0_f64).gather(Selection::range(2, 1, 3));
    /// assert_eq!(last.shape(), (4, 1));
    /// let Op::Gather(_, number) = tape.ops()[1] else { unreachable!() };
    /// assert_eq!(tape.selection(number), Some(Selection::range(2, 1, 3)));
    /// ```
    pub fn selection(&self, number: usize) -> Option<Selection> {
        self.graph.borrow().selections.get(number).copied()
    }

    /// Keeps a selection, and returns its number.
    pub(crate) fn keep(&self, selection: Selection) -> usize {
        let selections = &mut self.graph.borrow_mut().selections;
        selections.push(selection);
        selections.len() - 1
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
    pub(crate) fn read<A>(&self, index: usize, read: impl FnOnce(&[T], Shape) -> A) -> Result<A, TapeError> {
        self.check()?;
        self.fill(index)?;
        let graph = self.graph.borrow();
        let (entries, shape) = graph.value(index);
        Ok(read(entries, shape))
    }

    /// Reads the value of a node that there is, failure or not.
    pub(crate) fn peek<A>(&self, index: usize, read: impl FnOnce(&[T], Shape) -> A) -> A {
        // One that there is no memory for has no entries.
        let _ = self.fill(index);
        let graph = self.graph.borrow();
        let (entries, shape) = graph.value(index);
        read(entries, shape)
    }

    /// Computes a node that was not needed before.
    fn fill(&self, index: usize) -> Result<(), TapeError> {
        let graph = &mut *self.graph.borrow_mut();
        graph.fill(index).inspect_err(|&failure| {
            graph.failure.get_or_insert(failure);
        })
    }

    /// The shape of a node that there is, failure or not.
    pub(crate) fn shape_of(&self, index: usize) -> Shape {
        self.graph.borrow().nodes[index].shape
    }

    /// The shape of a node, or the failure that kept it from being computed.
    pub(crate) fn shape(&self, index: usize) -> Result<Shape, TapeError> {
        self.check()?;
        Ok(self.shape_of(index))
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

//! The nodes of a tape, and when their slots are filled.
//!
//! A node is computed when it is recorded, but for a product: it waits for the next node. If that is a function of it whose first derivative does not
//! need it, and the function takes no time or the product is too large to stay in a near cache, the two are computed as one, and the product has no
//! slot. Should somebody ask for it after all, it is computed then.

use std::ops::Index;

use nalgebra::DMatrix;

use super::kernel::{self, Scratch};
use super::op::{Op, Shape};
use super::slots::{Kept, NOWHERE, Slots};
use super::{Segment, Selection, TapeError};
use crate::product;
use crate::real::{Real, fits};

/// Bytes from which on what is read again is read from afar.
const FAR: usize = 1 << 17;

/// What a tape holds.
pub(crate) struct Graph<T> {
    pub(crate) nodes: Vec<Node<T>>,
    pub(crate) slots: Slots<T>,
    scratch: Scratch<T>,
    /// What gathers and scatters choose.
    pub(crate) selections: Vec<Selection>,
    pub(crate) failure: Option<TapeError>,
    pub(crate) walk: Walk,
    /// Every place that recording has been in; its parent comes before it.
    pub(crate) places: Vec<(Option<usize>, Segment)>,
    /// Where the next node will be from.
    pub(crate) origin: Origin,
    /// Leaves, and what they are to become.
    pub(crate) tracked: Vec<(usize, usize)>,
    /// A product that is to be computed together with what comes next, if it can be.
    waiting: Option<usize>,
    /// How many nodes are not computed.
    unfilled: usize,
}

impl<T: Real> Graph<T> {
    /// Forgets everything but buffers.
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.slots.clear();
        self.selections.clear();
        self.places.clear();
        self.tracked.clear();
        self.origin = Origin::default();
        self.failure = None;
        self.waiting = None;
        self.unfilled = 0;
    }

    /// Adds a node; `own` is the shape of a leaf, whose slot is then ready to be written to.
    pub(crate) fn record(&mut self, op: Op<T>, own: Shape) -> Result<usize, TapeError> {
        let shape = op.shape(own, |parent| self.nodes[parent].shape, &self.selections)?;
        if !fits::<T>(shape.0, shape.1) {
            return Err(TapeError::TooLarge { op: op.name(), rows: shape.0, columns: shape.1 });
        }
        let product = if self.unfilled > 0 { self.fill_for(&op)? } else { None };
        let index = self.nodes.len();
        let waits = op
            .terms(|parent| self.nodes[parent].shape)
            .is_some_and(|terms| product::finishes::<T>([shape.0, terms, shape.1]));
        let slot = if waits {
            self.waiting = Some(index);
            self.unfilled += 1;
            NOWHERE
        } else {
            self.compute(&op, shape, product.as_ref())?
        };
        // Field by field: a copy of it all goes over the stack, in pieces of other sizes than it is read in, which makes the machine wait.
        let Origin { place, order } = self.origin;
        self.nodes.push(Node { op, origin: Origin { place, order }, shape, slot });
        Ok(index)
    }

    /// Fills the slots that an operation needs, and whatever waits; but for the product that it can be computed with, which is returned.
    fn fill_for(&mut self, op: &Op<T>) -> Result<Option<Op<T>>, TapeError> {
        let waiting = self.waiting.take();
        let product = waiting.filter(|&product| {
            let Node { op: of_product, shape: (rows, columns), slot, .. } = self.nodes[product];
            let terms = of_product.terms(|parent| self.nodes[parent].shape).unwrap_or(0);
            let is_far = rows * columns * size_of::<T>() >= FAR;
            let is_worth_it = |(function, times)| {
                (is_far || product::fuses(function, times)) && product::keeps_threads([rows, terms, columns], function)
            };
            // One that was read meanwhile is as good as any other node.
            slot == NOWHERE && op.finishes(product).is_some_and(is_worth_it)
        });
        if let (None, Some(waiting)) = (product, waiting) {
            self.fill(waiting)?;
        }
        op.operands().filter(|&parent| Some(parent) != product).try_for_each(|parent| self.fill(parent))?;
        Ok(product.map(|product| self.nodes[product].op))
    }

    /// Sees to it that the slot of a node holds its value.
    pub(crate) fn fill(&mut self, index: usize) -> Result<(), TapeError> {
        if self.nodes[index].slot == NOWHERE {
            let Node { op, shape, .. } = self.nodes[index];
            self.nodes[index].slot = self.compute(&op, shape, None)?;
            self.unfilled -= 1;
        }
        Ok(())
    }

    /// Computes an operation, together with a product that it is a function of, if that is given; all other operands are filled. One that changes no
    /// entry shares a slot: no slot is written to again before all are given back.
    fn compute(&mut self, op: &Op<T>, shape: Shape, product: Option<&Op<T>>) -> Result<usize, TapeError> {
        if let Some(same) = op.entries_of() {
            return Ok(self.nodes[same].slot);
        }
        let (rows, columns) = shape;
        let slot = self.slots.take(shape).ok_or(TapeError::TooLarge { op: op.name(), rows, columns })?;
        let (before, out, after) = self.slots.around(slot);
        let values = Values { nodes: &self.nodes, before, after };
        kernel::fill(op, product, values, &self.selections, out, &mut self.scratch);
        Ok(slot)
    }

    /// The entries of a node that is filled, and its shape; of another, no entries.
    pub(crate) fn value(&self, index: usize) -> (&[T], Shape) {
        let Node { slot, shape, .. } = &self.nodes[index];
        (self.slots.get(*slot).as_slice(), *shape)
    }

    /// The value of a leaf, to be written to.
    pub(crate) fn leaf_mut(&mut self, index: usize) -> &mut DMatrix<T> {
        self.slots.get_mut(self.nodes[index].slot)
    }
}

/// The values of nodes, but for what is in one slot: those before it, and those after. The matrix in a slot has the entries of the node, but its shape may
/// be that of another that shares it.
#[derive(Clone, Copy)]
pub(super) struct Values<'a, T> {
    nodes: &'a [Node<T>],
    before: &'a [Kept<T>],
    after: &'a [Kept<T>],
}

impl<T> Values<'_, T> {
    pub(super) fn shape(&self, node: usize) -> Shape {
        self.nodes[node].shape
    }
}

impl<T: Real> Index<usize> for Values<'_, T> {
    type Output = DMatrix<T>;

    #[inline]
    fn index(&self, node: usize) -> &DMatrix<T> {
        let slot = self.nodes[node].slot;
        &self.before.get(slot).unwrap_or_else(|| &self.after[slot - self.before.len() - 1]).matrix
    }
}

impl<T: Real> Default for Graph<T> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            slots: Slots::default(),
            scratch: Scratch::default(),
            selections: Vec::new(),
            failure: None,
            walk: Walk::default(),
            places: Vec::new(),
            origin: Origin::default(),
            tracked: Vec::new(),
            waiting: None,
            unfilled: 0,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Node<T> {
    pub(crate) op: Op<T>,
    pub(crate) origin: Origin,
    pub(crate) shape: Shape,
    /// Where its value is, once it is computed.
    slot: usize,
}

/// Where a node is from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    /// The place, by its index; `None` outside of all.
    pub(crate) place: Option<usize>,
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

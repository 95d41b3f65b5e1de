//! Parameter trees: typed at the edges, flat lists in the middle.

use std::fmt;

use nalgebra::DMatrix;

use super::{Tape, TapeError, Var};
use crate::real::Real;

/// A tree of parameter matrices.
///
/// A matrix is a leaf, `()` is the empty tree, and a tuple of trees is a tree. Leaves have an order and a stable path such as
/// `2.weight`; gradients and the moments of an optimiser are flat lists in that order.
///
/// An implementation must hand out its leaves in the same order in all three methods.
pub trait Params<T: Real> {
    /// The same tree with tape variables for leaves.
    type Lifted<'t>;

    /// Calls `leaf` with every leaf, and builds the tree of the variables that it returns.
    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t>;

    /// Puts the leaves on the tape.
    fn lift<'t>(&self, tape: &'t Tape<T>) -> Self::Lifted<'t> {
        self.lift_with(&mut |leaf| tape.var(leaf))
    }

    /// Calls `leaf` with every leaf and its path, which begins with `at`.
    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>));

    /// Calls `leaf` with every leaf, to be changed, and its path, which begins with `at`.
    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>));
}

/// The place of a leaf in its tree, printed as `2.weight`. It is a chain of borrowed segments, so building one costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment,
}

#[derive(Clone, Copy, Debug)]
enum Segment {
    Root,
    Index(usize),
    Name(&'static str),
}

impl<'a> Path<'a> {
    /// The path of the whole tree, printed as nothing.
    pub fn root() -> Self {
        Self { parent: None, segment: Segment::Root }
    }

    /// The path of the part number `index`.
    pub fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index) }
    }

    /// The path of the part called `name`.
    pub fn name(&'a self, name: &'static str) -> Self {
        Self { parent: Some(self), segment: Segment::Name(name) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.segment, Segment::Root) {
                f.write_str(".")?;
            }
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Index(index) => write!(f, "{index}"),
            Segment::Name(name) => f.write_str(name),
        }
    }
}

impl<T: Real> Params<T> for DMatrix<T> {
    type Lifted<'t> = Var<'t, T>;

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Var<'t, T> {
        leaf(self)
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {
        leaf(at, self);
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {
        leaf(at, self);
    }
}

impl<T: Real> Params<T> for () {
    type Lifted<'t> = ();

    fn lift_with<'t>(&self, _: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) {}

    fn visit(&self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {}

    fn visit_mut(&mut self, _: &Path<'_>, _: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {}
}

macro_rules! params_for_tuple {
    ($($name:ident $index:tt)*) => {
        impl<T: Real, $($name: Params<T>),*> Params<T> for ($($name,)*) {
            type Lifted<'t> = ($($name::Lifted<'t>,)*);

            fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t> {
                ($(self.$index.lift_with(leaf),)*)
            }

            fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {
                $(self.$index.visit(&at.index($index), leaf);)*
            }

            fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {
                $(self.$index.visit_mut(&at.index($index), leaf);)*
            }
        }
    };
}
crate::tuple::for_each_arity!(params_for_tuple);

/// Gradients of all leaves of a parameter tree: a flat list in leaf order, whose buffers are kept from step to step.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<T> {
    leaves: Vec<DMatrix<T>>,
}

impl<T: Real> Gradients<T> {
    /// An empty list; [`value_and_grad`](super::value_and_grad) makes it fit.
    pub fn new() -> Self {
        Self { leaves: Vec::new() }
    }

    /// The gradients in leaf order.
    pub fn leaves(&self) -> &[DMatrix<T>] {
        &self.leaves
    }

    /// The gradients in leaf order, to be changed: clipped, say.
    pub fn leaves_mut(&mut self) -> &mut [DMatrix<T>] {
        &mut self.leaves
    }

    pub(crate) fn copy_from(&mut self, values: &[Var<'_, T>]) -> Result<(), TapeError> {
        self.leaves.resize_with(values.len(), || DMatrix::zeros(0, 0));
        self.leaves.iter_mut().zip(values).try_for_each(|(leaf, value)| value.copy_to(leaf))
    }
}

/// Gradients from elsewhere, in leaf order.
impl<T> From<Vec<DMatrix<T>>> for Gradients<T> {
    fn from(leaves: Vec<DMatrix<T>>) -> Self {
        Self { leaves }
    }
}

impl<T: Real> Default for Gradients<T> {
    fn default() -> Self {
        Self::new()
    }
}

//! Parameter trees: typed at the edges, flat lists in the middle.

use std::fmt;

use nalgebra::DMatrix;

use super::{Tape, Var};
use crate::real::Real;

/// A tree of parameter matrices.
///
/// A matrix is a leaf, `()` is the empty tree, and a tuple or a `Vec` of trees is a tree. Leaves have an order and a stable path such as
/// `2.weight`; gradients and the moments of an optimiser are flat lists in that order.
///
/// An implementation must hand out its leaves in the same order in all three methods. There is one in the example of [`Layer`](crate::nn::Layer).
///
/// A leaf that training keeps up to date without descending along it (a running mean) is visited under a path marked
/// [`tracked`](Path::tracked).
pub trait Params<T: Real> {
    /// The same tree with tape variables for leaves.
    type Lifted<'t>;

    /// Calls `leaf` with every leaf, and builds the tree of the variables that it returns.
    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t>;

    /// Puts the leaves on the tape, where they are called by their paths.
    fn lift<'t>(&self, tape: &'t Tape<T>) -> Self::Lifted<'t> {
        let mut next = tape.len();
        let lifted = self.lift_with(&mut |leaf| tape.var(leaf));
        self.visit(&Path::root(), &mut |path, _| {
            tape.name_leaf(next, path);
            next += 1;
        });
        lifted
    }

    /// Calls `leaf` with every leaf and its path, which begins with `at`.
    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>));

    /// Calls `leaf` with every leaf, to be changed, and its path, which begins with `at`.
    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>));
}

/// The place of a leaf in its tree, printed as `2.weight`. It is a chain of borrowed segments, so building one costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    /// The path of the tree that this is a part of, and which part; `None` for the root.
    last: Option<(&'a Path<'a>, Segment)>,
    tracked: bool,
}

/// One step of a path, or of the way to a layer: the part number so-and-so, or the part of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Of a tuple or a list.
    Index(usize),
    /// Of a struct.
    Name(&'static str),
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<&'static str> for Segment {
    fn from(name: &'static str) -> Self {
        Self::Name(name)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl<'a> Path<'a> {
    /// The path of the whole tree, printed as nothing.
    pub fn root() -> Self {
        Self { last: None, tracked: false }
    }

    /// The path of the part number `index`.
    pub fn index(&'a self, index: usize) -> Self {
        self.part(index.into())
    }

    /// The path of the part called `name`.
    pub fn name(&'a self, name: &'static str) -> Self {
        self.part(name.into())
    }

    fn part(&'a self, segment: Segment) -> Self {
        Self { last: Some((self, segment)), tracked: self.tracked }
    }

    /// The same path, for leaves that training keeps up to date without descending along them: the running mean of a normalisation, say.
    ///
    /// A layer says with [`Tape::track`] what such a leaf is to become, [`Gradients`] hold that in place of a gradient, and
    /// an optimiser writes it to the leaf as it is.
    pub fn tracked(self) -> Self {
        Self { tracked: true, ..self }
    }

    /// Is this the path of a leaf without a gradient? See [`tracked`](Self::tracked).
    pub fn is_tracked(&self) -> bool {
        self.tracked
    }

    /// Calls `f` with the segments, the outermost first.
    pub(crate) fn segments(&self, f: &mut dyn FnMut(Segment)) {
        if let Some((parent, segment)) = self.last {
            parent.segments(f);
            f(segment);
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((parent, segment)) = self.last else { return Ok(()) };
        if parent.last.is_some() {
            write!(f, "{parent}.")?;
        }
        segment.fmt(f)
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

impl<T: Real, P: Params<T>> Params<T> for Vec<P> {
    type Lifted<'t> = Vec<P::Lifted<'t>>;

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t> {
        self.iter().map(|part| part.lift_with(leaf)).collect()
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {
        for (index, part) in self.iter().enumerate() {
            part.visit(&at.index(index), leaf);
        }
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {
        for (index, part) in self.iter_mut().enumerate() {
            part.visit_mut(&at.index(index), leaf);
        }
    }
}

/// Gradients of all leaves of a parameter tree: a flat list in leaf order, whose buffers are kept from step to step. In place of a
/// [`tracked`](Path::tracked) leaf's gradient stands what the leaf is to become.
///
/// To accumulate over batches, take one loss of all of them, or add the gradients up, but not what stands for tracked leaves: of that, the last holds.
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

    /// Makes the list that long; buffers are kept.
    pub(crate) fn resize(&mut self, leaves: usize) {
        self.leaves.resize_with(leaves, || DMatrix::zeros(0, 0));
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

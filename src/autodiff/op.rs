//! The closed set of operations.

use super::{Selection, TapeError};
use crate::elementary::Function;

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident $(($($field:ty),*))?,)*) => {
        /// What a node of the tape computes; a number names a parent node.
        ///
        /// The set is closed under differentiation: the adjoint of every operation is made of operations of the set.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Op<T> {
            $($(#[$doc])* $name $(($($field),*))?,)*
        }

        impl<T> Op<T> {
            /// The name of every operation, for tests that must leave none out.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The name of this operation.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name),)* }
            }
        }
    };
}

ops! {
    /// A value put on the tape from outside; it has no parents.
    Leaf,
    /// The value of a node, cut off from what it was computed from.
    Detach(usize),
    /// a + b
    Add(usize, usize),
    /// a − b
    Sub(usize, usize),
    /// a times b, entry by entry
    ComponentMul(usize, usize),
    /// a divided by b, entry by entry
    ComponentDiv(usize, usize),
    /// The larger of a and b, entry by entry; where they are equal, all of the derivative goes to b
    Max(usize, usize),
    /// a plus a constant in every entry
    Shift(usize, T),
    /// a times a constant
    Scale(usize, T),
    /// A function of every entry
    Map(usize, Function),
    /// A function of every entry of a, times that of b
    MapMul(usize, usize, Function),
    /// The matrix product of two factors, each possibly transposed
    MatMul(Factor, Factor),
    /// x W + b: the matrix product, and the one row b added to each of its rows
    Affine(usize, usize, usize),
    /// aᵀ
    Transpose(usize),
    /// The sum of all entries, 1 × 1
    Sum(usize),
    /// A 1 × 1 matrix copied into every entry of a larger one; the adjoint of `Sum`
    Fill(usize, usize, usize),
    /// The sum of all rows, one row
    SumRows(usize),
    /// One row, repeated; the adjoint of `SumRows`
    RepeatRows(usize, usize),
    /// The sum of all columns, one column
    SumColumns(usize),
    /// One column, repeated; the adjoint of `SumColumns`
    RepeatColumns(usize, usize),
    /// ln Σ eˣ over each row, one column
    LnSumExp(usize),
    /// xᵢ − ln Σⱼ eˣʲ over each row
    LnSoftmax(usize),
    /// The same entries, column after column, in another shape
    Reshape(usize, usize, usize),
    /// Some of the columns: a selection that the tape keeps by this number, as it would more than double the size of every operation
    Gather(usize, usize),
    /// Each column added to where `Gather` would take it from; its adjoint
    ScatterAdd(usize, usize),
}

/// A factor of a matrix product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// The node.
    pub node: usize,
    /// Is its transpose meant?
    pub transposed: bool,
}

impl Factor {
    pub(crate) fn transpose(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    fn shape(self, (rows, columns): Shape) -> Shape {
        if self.transposed { (columns, rows) } else { (rows, columns) }
    }
}

pub(crate) type Shape = (usize, usize);

impl<T> Op<T> {
    /// The nodes that a derivative flows to.
    pub(crate) fn parents(&self) -> impl Iterator<Item = usize> + use<T> {
        let stops = matches!(self, Self::Detach(_));
        self.operands().filter(move |_| !stops)
    }

    /// The nodes that it is computed from, at most three.
    pub(crate) fn operands(&self) -> impl Iterator<Item = usize> + use<T> {
        let (a, b, c) = match *self {
            Self::Leaf => (None, None, None),
            Self::Add(a, b)
            | Self::Sub(a, b)
            | Self::ComponentMul(a, b)
            | Self::ComponentDiv(a, b)
            | Self::MapMul(a, b, _)
            | Self::Max(a, b) => (Some(a), Some(b), None),
            Self::MatMul(a, b) => (Some(a.node), Some(b.node), None),
            Self::Affine(x, weight, bias) => (Some(x), Some(weight), Some(bias)),
            Self::Detach(a)
            | Self::Shift(a, _)
            | Self::Scale(a, _)
            | Self::Map(a, _)
            | Self::Transpose(a)
            | Self::Sum(a)
            | Self::Fill(a, ..)
            | Self::SumRows(a)
            | Self::RepeatRows(a, _)
            | Self::SumColumns(a)
            | Self::RepeatColumns(a, _)
            | Self::LnSumExp(a)
            | Self::LnSoftmax(a)
            | Self::Reshape(a, ..)
            | Self::Gather(a, _)
            | Self::ScatterAdd(a, _) => (Some(a), None, None),
        };
        [a, b, c].into_iter().flatten()
    }

    /// The node whose entries it has, all of them in their order.
    pub(crate) fn entries_of(&self) -> Option<usize> {
        match *self {
            Self::Detach(a) | Self::Reshape(a, ..) => Some(a),
            _ => None,
        }
    }

    /// The number of terms of each entry of a matrix product, given the shape of every node; none of another operation.
    pub(crate) fn terms(&self, of: impl Fn(usize) -> Shape) -> Option<usize> {
        match *self {
            Self::MatMul(a, _) => Some(a.shape(of(a.node)).1),
            Self::Affine(x, ..) => Some(of(x).1),
            _ => None,
        }
    }

    /// The function that makes this of `product`, whose value a first derivative does not need; and is the product multiplied by values of it?
    pub(crate) fn finishes(&self, product: usize) -> Option<(Function, bool)> {
        match *self {
            Self::Map(a, function) if a == product && function.derives_from_value() => Some((function, false)),
            Self::MapMul(a, b, function) if b == product && a != product => Some((function, true)),
            _ => None,
        }
    }

    /// The shape of the result, given the shape of every node; `own` is that of a leaf, which has no parents to tell.
    pub(crate) fn shape(
        &self,
        own: Shape,
        of: impl Fn(usize) -> Shape,
        selections: &[Selection],
    ) -> Result<Shape, TapeError> {
        let mismatch = |left, right| Err(TapeError::ShapeMismatch { op: self.name(), left, right });
        match *self {
            Self::Leaf => Ok(own),
            Self::Detach(a) | Self::Shift(a, _) | Self::Scale(a, _) | Self::Map(a, _) | Self::LnSoftmax(a) => Ok(of(a)),
            Self::Add(a, b)
            | Self::Sub(a, b)
            | Self::ComponentMul(a, b)
            | Self::ComponentDiv(a, b)
            | Self::MapMul(a, b, _)
            | Self::Max(a, b) => {
                if of(a) == of(b) {
                    Ok(of(a))
                } else {
                    mismatch(of(a), of(b))
                }
            }
            Self::MatMul(a, b) => {
                let (left, right) = (a.shape(of(a.node)), b.shape(of(b.node)));
                if left.1 == right.0 { Ok((left.0, right.1)) } else { mismatch(left, right) }
            }
            Self::Affine(x, weight, bias) => {
                let (left, right) = (of(x), of(weight));
                if left.1 != right.0 {
                    mismatch(left, right)
                } else if of(bias) != (1, right.1) {
                    mismatch(of(bias), (1, right.1))
                } else {
                    Ok((left.0, right.1))
                }
            }
            Self::Transpose(a) => Ok((of(a).1, of(a).0)),
            Self::Sum(_) => Ok((1, 1)),
            Self::Fill(a, rows, columns) => {
                if of(a) == (1, 1) {
                    Ok((rows, columns))
                } else {
                    mismatch(of(a), (1, 1))
                }
            }
            Self::SumRows(a) => Ok((1, of(a).1)),
            Self::RepeatRows(a, rows) => {
                if of(a).0 == 1 {
                    Ok((rows, of(a).1))
                } else {
                    mismatch(of(a), (1, of(a).1))
                }
            }
            Self::SumColumns(a) | Self::LnSumExp(a) => Ok((of(a).0, 1)),
            Self::RepeatColumns(a, columns) => {
                if of(a).1 == 1 {
                    Ok((of(a).0, columns))
                } else {
                    mismatch(of(a), (of(a).0, 1))
                }
            }
            Self::Reshape(a, rows, columns) => {
                if rows.checked_mul(columns) == Some(of(a).0 * of(a).1) {
                    Ok((rows, columns))
                } else {
                    mismatch(of(a), (rows, columns))
                }
            }
            Self::Gather(a, selection) => {
                let (all, chosen) = selections[selection].columns()?;
                if of(a).1 == all { Ok((of(a).0, chosen)) } else { mismatch(of(a), (of(a).0, all)) }
            }
            Self::ScatterAdd(a, selection) => {
                let (all, chosen) = selections[selection].columns()?;
                if of(a).1 == chosen { Ok((of(a).0, all)) } else { mismatch(of(a), (of(a).0, chosen)) }
            }
        }
    }
}

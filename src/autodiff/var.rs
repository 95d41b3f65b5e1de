//! Variables: handles to nodes, with the operations as methods and operators.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use nalgebra::DMatrix;

use super::op::{Factor, Op};
use super::{Selection, Tape, TapeError};
use crate::elementary::{Elementary, Function, Interval, function_table};
use crate::real::{Real, copy, count, real, reshape};
use crate::vector::largest_size;

/// A matrix on a tape.
///
/// `a * b` is the matrix product, as in nalgebra; the entrywise product is [`component_mul`](Self::component_mul). Operators cannot
/// return a `Result`: a shape mismatch is noted on the tape, and returned by whichever call hands a number out.
///
/// ```
/// use fenchel::{Tape, TapeError, nalgebra::DMatrix};
///
/// let tape = Tape::new();
/// let x = tape.var(&DMatrix::<f64>::zeros(64, 2));
/// let w = tape.var(&DMatrix::zeros(3, 32));
/// let error = (x * w).tanh().mean().to_scalar().unwrap_err();
/// assert_eq!(error, TapeError::ShapeMismatch { op: "MatMul", left: (64, 2), right: (3, 32) });
/// ```
pub struct Var<'t, T: Real> {
    tape: &'t Tape<T>,
    index: usize,
}

impl<T: Real> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Var<'_, T> {}

impl<T: Real> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_matrix() {
            Ok(value) => write!(f, "Var({value:?})"),
            Err(failure) => write!(f, "Var({failure})"),
        }
    }
}

/// The index of a variable that could not be computed; the tape knows why.
const FAILED: usize = usize::MAX;

impl<'t, T: Real> Var<'t, T> {
    pub(crate) fn new(tape: &'t Tape<T>, index: usize) -> Self {
        Self { tape, index }
    }

    pub(crate) fn failed(tape: &'t Tape<T>) -> Self {
        Self { tape, index: FAILED }
    }

    pub(crate) fn index(self) -> usize {
        self.index
    }

    pub(crate) fn is_on(self, tape: &Tape<T>) -> bool {
        std::ptr::eq(self.tape, tape)
    }

    /// The tape that the variable is on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// (rows, columns); (0, 0) for a variable that could not be computed.
    pub fn shape(self) -> (usize, usize) {
        self.tape.shape(self.index).unwrap_or((0, 0))
    }

    /// The size of the largest entry; 0 for none, or if it could not be computed.
    pub(crate) fn amax(self) -> T {
        self.tape.read(self.index, |entries, _| largest_size(entries)).unwrap_or(T::zero())
    }

    /// A copy of the value.
    pub fn to_matrix(self) -> Result<DMatrix<T>, TapeError> {
        self.tape.read(self.index, |entries, (rows, columns)| DMatrix::from_vec(rows, columns, entries.to_vec()))
    }

    /// Writes the value into `out`, which takes its shape and keeps its allocation.
    pub fn copy_to(self, out: &mut DMatrix<T>) -> Result<(), TapeError> {
        self.tape.read(self.index, |entries, (rows, columns)| {
            if !reshape(out, rows, columns) {
                return Err(TapeError::TooLarge { op: "copy_to", rows, columns });
            }
            copy(entries, out.as_mut_slice());
            Ok(())
        })?
    }

    /// The value of a 1 × 1 variable.
    pub fn to_scalar(self) -> Result<T, TapeError> {
        let (rows, columns) = self.tape.shape(self.index)?;
        if (rows, columns) != (1, 1) {
            return Err(TapeError::NotScalar { rows, columns });
        }
        self.tape.read(self.index, |entries, _| entries[0])
    }

    fn unary(self, op: impl FnOnce(usize) -> Op<T>) -> Self {
        if self.index == FAILED { self } else { self.tape.push(op(self.index)) }
    }

    fn binary(self, other: Self, op: impl FnOnce(usize, usize) -> Op<T>) -> Self {
        if !self.is_on(other.tape) {
            other.tape.fail(TapeError::MixedTapes);
            return self.tape.fail(TapeError::MixedTapes);
        }
        if self.index == FAILED || other.index == FAILED {
            return Self::failed(self.tape);
        }
        self.tape.push(op(self.index, other.index))
    }

    /// Applies a function to every entry.
    pub fn map(self, function: Function) -> Self {
        self.unary(|a| Op::Map(a, function))
    }

    /// Applies a formula written over [`Elementary`] to every entry.
    pub fn entrywise(self, formula: impl FnOnce(Entrywise<'t, T>) -> Entrywise<'t, T>) -> Self {
        formula(Entrywise(self)).0
    }

    /// The value plus a constant in every entry.
    pub fn shift(self, constant: T) -> Self {
        self.unary(|a| Op::Shift(a, constant))
    }

    /// The value times a constant.
    pub fn scale(self, constant: T) -> Self {
        self.unary(|a| Op::Scale(a, constant))
    }

    /// The entrywise product.
    pub fn component_mul(self, other: Self) -> Self {
        self.binary(other, Op::ComponentMul)
    }

    /// The entrywise quotient.
    pub fn component_div(self, other: Self) -> Self {
        self.binary(other, Op::ComponentDiv)
    }

    /// The larger of the two, entry by entry. Where they are equal, all of the derivative goes to `other`.
    pub fn max(self, other: Self) -> Self {
        self.binary(other, Op::Max)
    }

    /// `selfᵀ * other`, without a node for the transpose.
    pub fn tr_mul(self, other: Self) -> Self {
        self.product(true, other, false)
    }

    /// `self * otherᵀ`, without a node for the transpose.
    pub fn mul_tr(self, other: Self) -> Self {
        self.product(false, other, true)
    }

    fn product(self, left: bool, other: Self, right: bool) -> Self {
        self.binary(other, |a, b| {
            Op::MatMul(Factor { node: a, transposed: left }, Factor { node: b, transposed: right })
        })
    }

    /// `self * weight`, with the one row `bias` added to each row of the product: a whole affine layer as one operation.
    ///
    /// ```
    /// let tape = fenchel::Tape::new();
    /// let [x, weight, bias] = [2.0, 3.0, 4.0].map(|x| tape.scalar(x));
    /// assert_eq!(x.affine(weight, bias).to_scalar(), Ok(10.0));
    /// ```
    pub fn affine(self, weight: Self, bias: Self) -> Self {
        if !(weight.is_on(self.tape) && bias.is_on(self.tape)) {
            for tape in [weight.tape, bias.tape] {
                tape.fail(TapeError::MixedTapes);
            }
            return self.tape.fail(TapeError::MixedTapes);
        }
        if [self, weight, bias].iter().any(|var| var.index == FAILED) {
            return Self::failed(self.tape);
        }
        self.tape.push(Op::Affine(self.index, weight.index, bias.index))
    }

    /// The transpose.
    pub fn transpose(self) -> Self {
        self.unary(Op::Transpose)
    }

    /// The sum of all entries, 1 × 1.
    pub fn sum(self) -> Self {
        self.unary(Op::Sum)
    }

    /// The mean of all entries, 1 × 1; a failure for a matrix without entries.
    pub fn mean(self) -> Self {
        let (rows, columns) = self.shape();
        if rows * columns == 0 {
            return self.tape.fail(TapeError::Empty { op: "mean", rows, columns });
        }
        self.sum().scale(count::<T>(rows * columns).recip())
    }

    /// The 1 × 1 variable copied into every entry of a matrix.
    pub fn fill(self, rows: usize, columns: usize) -> Self {
        self.unary(|a| Op::Fill(a, rows, columns))
    }

    /// The sum of all rows: one row.
    pub fn sum_rows(self) -> Self {
        self.unary(Op::SumRows)
    }

    /// The one row, `rows` times.
    pub fn repeat_rows(self, rows: usize) -> Self {
        self.unary(|a| Op::RepeatRows(a, rows))
    }

    /// The sum of all columns: one column.
    pub fn sum_columns(self) -> Self {
        self.unary(Op::SumColumns)
    }

    /// The one column, `columns` times.
    pub fn repeat_columns(self, columns: usize) -> Self {
        self.unary(|a| Op::RepeatColumns(a, columns))
    }

    /// ln Σ eˣ over each row: one column. Finite for every finite row, however large its entries.
    ///
    /// ```
    /// use fenchel::{Tape, nalgebra::DMatrix};
    ///
    /// # fn main() -> Result<(), fenchel::TapeError> {
    /// let tape = Tape::new();
    /// let x = tape.var(&DMatrix::from_row_slice(1, 2, &[1e5, 1e5]));
    /// assert_eq!(x.ln_sum_exp().to_scalar()?, 1e5 + 2.0_f64.ln());
    /// # Ok(())
    /// # }
    /// ```
    pub fn ln_sum_exp(self) -> Self {
        self.unary(Op::LnSumExp)
    }

    /// xᵢ − ln Σⱼ eˣʲ over each row: the logarithms of the softmax. Accurate for finite rows, however large their entries.
    pub fn ln_softmax(self) -> Self {
        self.unary(Op::LnSoftmax)
    }

    /// The same entries, column after column, in another shape. Copies nothing.
    pub fn reshape(self, rows: usize, columns: usize) -> Self {
        self.unary(|a| Op::Reshape(a, rows, columns))
    }

    /// Some of the columns, in an order of their own.
    pub fn gather(self, selection: Selection) -> Self {
        self.unary(|a| Op::Gather(a, self.tape.keep(selection)))
    }

    /// The adjoint of [`gather`](Self::gather): every column added to where `gather` would take it from, zeros elsewhere.
    pub fn scatter_add(self, selection: Selection) -> Self {
        self.unary(|a| Op::ScatterAdd(a, self.tape.keep(selection)))
    }

    /// Columns `start` to before `start + len`.
    pub fn columns(self, start: usize, len: usize) -> Self {
        self.gather(Selection::range(start, len, self.shape().1))
    }

    /// The same value, through which no derivative flows. Copies nothing.
    pub fn detach(self) -> Self {
        self.unary(Op::Detach)
    }

    /// The same value, if it is finite, through which the derivative flows with its sign changed: what lies before it climbs where what lies behind descends, so one loss
    /// trains both players of a game. Ganin and Lempitsky (2015), *Unsupervised domain adaptation by backpropagation*.
    ///
    /// ```
    /// let tape = fenchel::Tape::new();
    /// let x = tape.scalar(3.0_f64);
    /// let y = x.reverse_gradient();
    /// let [slope] = tape.grad(y.square(), [x]);
    /// assert_eq!((y.to_scalar(), slope.to_scalar()), (Ok(3.0), Ok(-6.0)));
    /// ```
    pub fn reverse_gradient(self) -> Self {
        let value = self.detach();
        value + (value - self)
    }
}

macro_rules! var_methods {
    ($($(#[$doc:meta])* $method:ident $variant:ident $(($parameter:ident : $type:ty = $sample:expr))?;)*) => {
        /// The [`Function`]s, applied to every entry.
        impl<T: Real> Var<'_, T> {
            $($(#[$doc])* pub fn $method(self $(, $parameter: $type)?) -> Self {
                self.map(Function::$variant $(($parameter))?)
            })*
        }
    };
}
function_table!(var_methods);

/// The entrywise sum.
impl<T: Real> Add for Var<'_, T> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.binary(other, Op::Add)
    }
}

/// The entrywise difference.
impl<T: Real> Sub for Var<'_, T> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.binary(other, Op::Sub)
    }
}

/// The matrix product.
impl<T: Real> Mul for Var<'_, T> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.product(false, other, false)
    }
}

impl<T: Real> Neg for Var<'_, T> {
    type Output = Self;
    fn neg(self) -> Self {
        self.scale(-T::one())
    }
}

/// A tape variable read entry by entry: all four operations are entrywise, so that formulas over [`Elementary`] apply.
#[derive(Clone, Copy, Debug)]
pub struct Entrywise<'t, T: Real>(pub Var<'t, T>);

impl<T: Real> Add for Entrywise<'_, T> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl<T: Real> Sub for Entrywise<'_, T> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl<T: Real> Mul for Entrywise<'_, T> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(self.0.component_mul(other.0))
    }
}

impl<T: Real> Div for Entrywise<'_, T> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self(self.0.component_div(other.0))
    }
}

impl<T: Real> Neg for Entrywise<'_, T> {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl<T: Real> Elementary for Entrywise<'_, T> {
    fn map(self, function: Function) -> Self {
        Self(self.0.map(function))
    }

    fn shift(self, constant: f64) -> Self {
        Self(self.0.shift(real(constant)))
    }

    fn scale(self, constant: f64) -> Self {
        Self(self.0.scale(real(constant)))
    }
}

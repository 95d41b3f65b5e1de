//! How an operation fills its slot.

use nalgebra::DMatrix;

use super::op::{Factor, Op};
use crate::real::Real;
use crate::special;

/// nalgebra reaches its fast product only if every dimension exceeds this; it decides speed here, never a result.
const THIN: usize = 5;

/// Buffers for transposed factors and for one row, kept from call to call.
#[derive(Debug)]
pub(crate) struct Scratch<T> {
    left: DMatrix<T>,
    right: DMatrix<T>,
    row: Vec<T>,
}

impl<T: Real> Default for Scratch<T> {
    fn default() -> Self {
        Self { left: DMatrix::zeros(0, 0), right: DMatrix::zeros(0, 0), row: Vec::new() }
    }
}

/// Gives `matrix` the shape asked for, keeping its allocation. The entries are left over from before: fill them. False, and a matrix without entries, if
/// there is no memory for as many.
pub(crate) fn reshape<T: Real>(matrix: &mut DMatrix<T>, rows: usize, columns: usize) -> bool {
    if matrix.shape() != (rows, columns) {
        let mut buffer: Vec<T> = std::mem::replace(matrix, DMatrix::zeros(0, 0)).data.into();
        if buffer.try_reserve_exact((rows * columns).saturating_sub(buffer.len())).is_err() {
            return false;
        }
        buffer.resize(rows * columns, T::zero());
        *matrix = DMatrix::from_vec(rows, columns, buffer);
    }
    true
}

/// Computes `op` from the earlier slots into `out`, whose shape is right already.
pub(crate) fn fill<T: Real>(op: &Op<T>, slots: &[DMatrix<T>], out: &mut DMatrix<T>, scratch: &mut Scratch<T>) {
    if out.is_empty() {
        return; // without rows there may still be more columns than can be counted through
    }
    match *op {
        Op::Leaf => {}
        Op::Detach(a) => out.copy_from(&slots[a]),
        Op::Add(a, b) => zip(&slots[a], &slots[b], out, |a, b| a + b),
        Op::Sub(a, b) => zip(&slots[a], &slots[b], out, |a, b| a - b),
        Op::ComponentMul(a, b) => zip(&slots[a], &slots[b], out, |a, b| a * b),
        Op::ComponentDiv(a, b) => zip(&slots[a], &slots[b], out, |a, b| a / b),
        // Written so that a NaN on either side stays one.
        Op::Max(a, b) => {
            zip(&slots[a], &slots[b], out, |a, b| if a > b || a.partial_cmp(&a).is_none() { a } else { b })
        }
        Op::Shift(a, constant) => each(&slots[a], out, |a| a + constant),
        Op::Scale(a, constant) => each(&slots[a], out, |a| a * constant),
        Op::Map(a, function) => function.apply(&slots[a], out),
        Op::MatMul(a, b) => multiply(a, b, slots, out, scratch),
        Op::Transpose(a) => slots[a].transpose_to(out),
        Op::Sum(a) => out.fill(sum(slots[a].as_slice())),
        Op::Fill(a, ..) => out.fill(slots[a][(0, 0)]),
        Op::SumRows(a) => {
            for (total, column) in out.as_mut_slice().iter_mut().zip(columns(&slots[a])) {
                *total = sum(column);
            }
        }
        Op::RepeatRows(a, rows) => {
            for (column, &value) in out.as_mut_slice().chunks_exact_mut(rows).zip(slots[a].as_slice()) {
                column.fill(value);
            }
        }
        Op::SumColumns(a) => {
            out.fill(T::zero());
            for column in columns(&slots[a]) {
                for (total, &value) in out.as_mut_slice().iter_mut().zip(column) {
                    *total += value;
                }
            }
        }
        Op::RepeatColumns(a, _) => {
            let column = slots[a].as_slice();
            for copy in out.as_mut_slice().chunks_exact_mut(column.len().max(1)) {
                copy.copy_from_slice(column);
            }
        }
        Op::LnSumExp(a) => {
            for (i, total) in out.as_mut_slice().iter_mut().enumerate() {
                scratch.row.clear();
                scratch.row.extend(slots[a].row(i).iter().copied());
                *total = special::ln_sum_exp(&scratch.row);
            }
        }
        Op::LnSoftmax(a) => {
            let row = &mut scratch.row;
            for (i, mut out) in out.row_iter_mut().enumerate() {
                row.clear();
                row.extend(slots[a].row(i).iter().copied());
                // The largest goes first: beside it the logarithm, of at most the number of columns, would be lost.
                let largest = special::largest(row);
                row.iter_mut().for_each(|x| *x -= largest);
                let total = special::ln_sum_exp(row);
                out.iter_mut().zip(row.iter()).for_each(|(out, &x)| *out = x - total);
            }
        }
        Op::Reshape(a, ..) => out.as_mut_slice().copy_from_slice(slots[a].as_slice()),
        Op::Gather(a, selection) => {
            for (column, mut copy) in out.column_iter_mut().enumerate() {
                match selection.source(column) {
                    Some(source) => copy.copy_from(&slots[a].column(source)),
                    None => copy.fill(T::zero()),
                }
            }
        }
        Op::ScatterAdd(a, selection) => {
            out.fill(T::zero());
            for (column, values) in slots[a].column_iter().enumerate() {
                if let Some(source) = selection.source(column) {
                    out.column_mut(source).zip_apply(&values, |total, value| *total += value);
                }
            }
        }
    }
}

fn each<T: Real>(a: &DMatrix<T>, out: &mut DMatrix<T>, f: impl Fn(T) -> T) {
    for (out, &a) in out.as_mut_slice().iter_mut().zip(a.as_slice()) {
        *out = f(a);
    }
}

fn zip<T: Real>(a: &DMatrix<T>, b: &DMatrix<T>, out: &mut DMatrix<T>, f: impl Fn(T, T) -> T) {
    for ((out, &a), &b) in out.as_mut_slice().iter_mut().zip(a.as_slice()).zip(b.as_slice()) {
        *out = f(a, b);
    }
}

/// The columns as slices, which a column-major matrix keeps contiguous; none for a matrix without rows.
fn columns<T>(matrix: &DMatrix<T>) -> std::slice::ChunksExact<'_, T> {
    matrix.as_slice().chunks_exact(matrix.nrows().max(1))
}

/// A sum in eight interleaved parts: as fast as the machine adds, and with an eighth of the rounding of one chain.
fn sum<T: Real>(values: &[T]) -> T {
    let mut parts = [T::zero(); 8];
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder().iter().fold(T::zero(), |sum, &x| sum + x);
    for chunk in chunks {
        for (part, &x) in parts.iter_mut().zip(chunk) {
            *part += x;
        }
    }
    parts.into_iter().fold(rest, |sum, part| sum + part)
}

/// The product, by whichever of nalgebra's kernels suits the shape. Its transposed product is a loop of dot products
/// (dimforge/nalgebra#717), four times slower than transposing into a buffer first, unless the shape is thin; it has none
/// for a transposed right factor (dimforge/nalgebra#1254). Strided views would save the copy, but are unsound
/// there for thin shapes (dimforge/nalgebra#1616).
fn multiply<T: Real>(a: Factor, b: Factor, slots: &[DMatrix<T>], out: &mut DMatrix<T>, scratch: &mut Scratch<T>) {
    let (left, right) = (&slots[a.node], &slots[b.node]);
    let right = if b.transposed { transpose_to(right, &mut scratch.right) } else { right };
    let (rows, columns) = out.shape();
    let thin = rows.min(columns).min(right.nrows()) <= THIN;
    if a.transposed && thin {
        out.gemm_tr(T::one(), left, right, T::zero());
    } else {
        let left = if a.transposed { transpose_to(left, &mut scratch.left) } else { left };
        out.gemm(T::one(), left, right, T::zero());
    }
}

fn transpose_to<'s, T: Real>(matrix: &DMatrix<T>, buffer: &'s mut DMatrix<T>) -> &'s DMatrix<T> {
    reshape(buffer, matrix.ncols(), matrix.nrows());
    matrix.transpose_to(buffer);
    buffer
}

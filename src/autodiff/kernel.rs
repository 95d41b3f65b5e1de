//! How an operation fills its slot.

use nalgebra::DMatrix;

use super::Selection;
use super::graph::Values;
use super::op::{Factor, Op};
use crate::parallel::by_chunks;
use crate::product::Then;
use crate::real::Real;
use crate::vector::{self, Arithmetic};
use crate::{product, special};

/// Buffers for copies of factors and for one row, kept from call to call.
#[derive(Debug)]
pub(crate) struct Scratch<T> {
    product: product::Room<T>,
    row: Vec<T>,
}

impl<T: Real> Default for Scratch<T> {
    fn default() -> Self {
        Self { product: product::Room::default(), row: Vec::new() }
    }
}

/// Computes `op` from the values of earlier nodes into `out`, whose shape is right already; together with the `product` that it is a function of, if that is given.
pub(crate) fn fill<T: Real>(
    op: &Op<T>,
    product: Option<&Op<T>>,
    values: Values<'_, T>,
    selections: &[Selection],
    out: &mut DMatrix<T>,
    scratch: &mut Scratch<T>,
) {
    if out.is_empty() {
        return; // without rows there may still be more columns than can be counted through
    }
    let then = match *op {
        _ if product.is_none() => None,
        Op::Map(_, function) => Some(Then { function, of: None }),
        Op::MapMul(a, _, function) => Some(Then { function, of: Some(&values[a]) }),
        _ => None,
    };
    match *product.unwrap_or(op) {
        Op::Leaf => {}
        Op::Detach(a) => out.as_mut_slice().copy_from_slice(values[a].as_slice()),
        Op::Add(a, b) => entrywise(Arithmetic::Add, &values[a], &values[b], out),
        Op::Sub(a, b) => entrywise(Arithmetic::Sub, &values[a], &values[b], out),
        Op::ComponentMul(a, b) => entrywise(Arithmetic::Mul, &values[a], &values[b], out),
        Op::ComponentDiv(a, b) => entrywise(Arithmetic::Div, &values[a], &values[b], out),
        Op::Max(a, b) => entrywise(Arithmetic::Max, &values[a], &values[b], out),
        Op::Shift(a, constant) => entrywise(Arithmetic::Shift(constant), &values[a], &values[a], out),
        Op::Scale(a, constant) => entrywise(Arithmetic::Scale(constant), &values[a], &values[a], out),
        Op::Map(a, function) => function.apply(values[a].as_slice(), None, out.as_mut_slice()),
        Op::MapMul(a, b, function) => {
            function.apply(values[a].as_slice(), Some(values[b].as_slice()), out.as_mut_slice());
        }
        Op::MatMul(a, b) => {
            product::multiply(factor(a, &values), factor(b, &values), None, then, out, &mut scratch.product)
        }
        Op::Affine(x, weight, bias) => {
            let [x, weight] = [x, weight].map(|node| factor(Factor { node, transposed: false }, &values));
            product::multiply(x, weight, Some(&values[bias]), then, out, &mut scratch.product);
        }
        Op::Transpose(a) => values[a].transpose_to(out),
        Op::Sum(a) => sum_columns(values[a].as_slice(), values[a].len(), out),
        Op::Fill(a, ..) => out.fill(values[a][(0, 0)]),
        Op::SumRows(a) => sum_columns(values[a].as_slice(), values[a].nrows(), out),
        Op::RepeatRows(a, rows) => {
            for (column, &value) in out.as_mut_slice().chunks_exact_mut(rows).zip(values[a].as_slice()) {
                column.fill(value);
            }
        }
        Op::SumColumns(a) => {
            out.fill(T::zero());
            for column in columns(&values[a]) {
                for (total, &value) in out.as_mut_slice().iter_mut().zip(column) {
                    *total += value;
                }
            }
        }
        Op::RepeatColumns(a, _) => {
            let column = values[a].as_slice();
            for copy in out.as_mut_slice().chunks_exact_mut(column.len().max(1)) {
                copy.copy_from_slice(column);
            }
        }
        Op::LnSumExp(a) => {
            for (i, total) in out.as_mut_slice().iter_mut().enumerate() {
                scratch.row.clear();
                scratch.row.extend(values[a].row(i).iter().copied());
                *total = special::ln_sum_exp(&scratch.row);
            }
        }
        Op::LnSoftmax(a) => {
            let row = &mut scratch.row;
            for (i, mut out) in out.row_iter_mut().enumerate() {
                row.clear();
                row.extend(values[a].row(i).iter().copied());
                // The largest goes first: beside it the logarithm, of at most the number of columns, would be lost.
                let largest = special::largest(row);
                row.iter_mut().for_each(|x| *x -= largest);
                let total = special::ln_sum_exp(row);
                out.iter_mut().zip(row.iter()).for_each(|(out, &x)| *out = x - total);
            }
        }
        Op::Reshape(a, ..) => out.as_mut_slice().copy_from_slice(values[a].as_slice()),
        Op::Gather(a, selection) => {
            for (column, mut copy) in out.column_iter_mut().enumerate() {
                match selections[selection].source(column) {
                    Some(source) => copy.copy_from(&values[a].column(source)),
                    None => copy.fill(T::zero()),
                }
            }
        }
        Op::ScatterAdd(a, selection) => {
            out.fill(T::zero());
            for (column, values) in values[a].column_iter().enumerate() {
                if let Some(source) = selections[selection].source(column) {
                    out.column_mut(source).zip_apply(&values, |total, value| *total += value);
                }
            }
        }
    }
}

fn entrywise<T: Real>(how: Arithmetic<T>, a: &DMatrix<T>, b: &DMatrix<T>, out: &mut DMatrix<T>) {
    let (a, b) = (a.as_slice(), b.as_slice());
    by_chunks(out.as_mut_slice(), 1, |first, out| vector::combine(how, &a[first..], &b[first..], out));
}

/// Writes the sum of every column; of those without a row, 0.
fn sum_columns<T: Real>(columns: &[T], rows: usize, out: &mut DMatrix<T>) {
    if rows == 0 {
        return out.fill(T::zero());
    }
    let sums = |first, sums: &mut [T]| vector::column_sums(&columns[first * rows..], rows, sums);
    by_chunks(out.as_mut_slice(), rows, sums);
}

/// The columns as slices, which a column-major matrix keeps contiguous; none for a matrix without rows.
fn columns<T>(matrix: &DMatrix<T>) -> std::slice::ChunksExact<'_, T> {
    matrix.as_slice().chunks_exact(matrix.nrows().max(1))
}

fn factor<'a, T: Real>(Factor { node, transposed }: Factor, values: &'a Values<'_, T>) -> product::Factor<'a, T> {
    product::Factor { matrix: &values[node], transposed }
}

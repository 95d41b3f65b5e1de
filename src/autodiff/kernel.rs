//! How an operation fills its slot.

use nalgebra::DMatrix;

use super::Selection;
use super::graph::Values;
use super::op::{Factor, Op};
use crate::parallel::by_chunks;
use crate::product;
use crate::product::Then;
use crate::real::{Real, copy, real};
use crate::vector::{self, Arithmetic};

/// Buffers for copies of factors and for some rows, kept from call to call.
#[derive(Debug)]
pub(crate) struct Scratch<T> {
    product: product::Room<T>,
    rows: RowsAtATime<T>,
}

/// Rows whose exponentials are summed up at a time: they stay in a near cache, and what is kept of them does not grow with the batch.
const ROWS: usize = 256;

/// Some rows of a matrix, column after column, and numbers for each of them.
#[derive(Debug)]
struct RowsAtATime<T> {
    terms: Vec<T>,
    largest: Vec<T>,
    ln_sums: Vec<T>,
}

impl<T: Real> Default for Scratch<T> {
    fn default() -> Self {
        let rows = RowsAtATime { terms: Vec::new(), largest: Vec::new(), ln_sums: Vec::new() };
        Self { product: product::Room::default(), rows }
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
        // What these hold is there already.
        Op::Leaf | Op::Detach(_) | Op::Reshape(..) => {}
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
        Op::Transpose(a) => transpose(values[a].as_slice(), out),
        Op::Sum(a) => sum_columns(values[a].as_slice(), values[a].len(), out),
        Op::Fill(a, ..) => out.as_mut_slice().fill(values[a][0]),
        Op::SumRows(a) => sum_columns(values[a].as_slice(), values.shape(a).0, out),
        Op::RepeatRows(a, rows) => {
            for (column, &value) in out.as_mut_slice().chunks_exact_mut(rows).zip(values[a].as_slice()) {
                column.fill(value);
            }
        }
        Op::SumColumns(a) => {
            vector::row_sums(values[a].as_slice(), out.as_mut_slice(), &mut scratch.rows.terms);
        }
        Op::RepeatColumns(a, _) => {
            let column = values[a].as_slice();
            for to in out.as_mut_slice().chunks_exact_mut(column.len().max(1)) {
                copy(column, to);
            }
        }
        Op::LnSumExp(a) => scratch.rows.ln_sum_exp(values[a].as_slice(), out.as_mut_slice()),
        Op::LnSoftmax(a) => scratch.rows.ln_softmax(values[a].as_slice(), out),
        Op::Gather(a, selection) => {
            let (rows, from, mut to) = (out.nrows(), values[a].as_slice(), columns_mut(out));
            selections[selection].each(|source| match (source, to.next()) {
                (Some(source), Some(to)) => copy(&from[source * rows..][..rows], to),
                (None, Some(to)) => to.fill(T::zero()),
                (_, None) => {}
            });
        }
        Op::ScatterAdd(a, selection) => {
            let (rows, mut from, to) = (out.nrows(), columns(values[a].as_slice(), out.nrows()), out.as_mut_slice());
            to.fill(T::zero());
            selections[selection].each(|source| {
                let values = from.next();
                let Some((source, values)) = source.zip(values) else { return };
                let totals = &mut to[source * rows..][..rows];
                totals.iter_mut().zip(values).for_each(|(total, &value)| *total += value);
            });
        }
    }
}

/// By squares, so that what is read next is still in the cache when it is: columns of 2ᵏ numbers push each other out.
fn transpose<T: Real>(from: &[T], out: &mut DMatrix<T>) {
    const SIDE: usize = 16;
    let ((columns, rows), to) = (out.shape(), out.as_mut_slice());
    for (first_row, to) in to.chunks_mut(SIDE * columns).enumerate() {
        let rows_from = &from[first_row * SIDE..];
        for first in (0..columns).step_by(SIDE) {
            for (row, to) in to.chunks_exact_mut(columns).enumerate() {
                for (column, to) in to[first..].iter_mut().take(SIDE).enumerate() {
                    *to = rows_from[(first + column) * rows + row];
                }
            }
        }
    }
}

impl<T: Real> RowsAtATime<T> {
    /// Writes ln Σ eˣ over each row.
    fn ln_sum_exp(&mut self, entries: &[T], out: &mut [T]) {
        let rows = out.len();
        for (block, out) in out.chunks_mut(ROWS).enumerate() {
            self.terms.clear();
            for column in columns(entries, rows) {
                self.terms.extend_from_slice(&column[block * ROWS..][..out.len()]);
            }
            out.copy_from_slice(self.ln_sums(out.len()));
        }
    }

    /// Writes x − ln Σ eˣ, the sum being over the row of x.
    fn ln_softmax(&mut self, entries: &[T], out: &mut DMatrix<T>) {
        let all = out.nrows();
        for first in (0..all).step_by(ROWS) {
            let rows = first..all.min(first + ROWS);
            // The largest goes first: beside it the logarithm, of at most the number of columns, would be lost.
            self.largest.clear();
            self.largest.resize(rows.len(), real(f64::NEG_INFINITY));
            for column in columns(entries, all) {
                for (largest, &x) in self.largest.iter_mut().zip(&column[rows.clone()]) {
                    *largest = if x > *largest { x } else { *largest };
                }
            }
            self.terms.clear();
            for (column, out) in columns(entries, all).zip(columns_mut(out)) {
                let out = &mut out[rows.clone()];
                for ((out, &x), &largest) in out.iter_mut().zip(&column[rows.clone()]).zip(&self.largest) {
                    *out = x - largest;
                }
                self.terms.extend_from_slice(out);
            }
            let ln_sums = self.ln_sums(rows.len());
            for out in columns_mut(out) {
                out[rows.clone()].iter_mut().zip(ln_sums).for_each(|(out, &ln_sum)| *out -= ln_sum);
            }
        }
    }

    /// ln Σ eᵗ over each row of the terms, which are lost.
    fn ln_sums(&mut self, rows: usize) -> &[T] {
        self.ln_sums.clear();
        self.ln_sums.resize(rows, real(f64::NEG_INFINITY));
        if !self.terms.is_empty() {
            vector::ln_sum_exp_rows(&mut self.terms, &mut self.ln_sums);
        }
        &self.ln_sums
    }
}

fn entrywise<T: Real>(how: Arithmetic<T>, a: &DMatrix<T>, b: &DMatrix<T>, out: &mut DMatrix<T>) {
    let (a, b) = (a.as_slice(), b.as_slice());
    by_chunks(out.as_mut_slice(), 1, 1, |first, out| vector::combine(how, &a[first..], &b[first..], out));
}

/// Writes the sum of every column; of those without a row, 0.
fn sum_columns<T: Real>(columns: &[T], rows: usize, out: &mut DMatrix<T>) {
    if rows == 0 {
        return out.as_mut_slice().fill(T::zero());
    }
    let sums = |first, sums: &mut [T]| vector::column_sums(&columns[first * rows..], rows, sums);
    by_chunks(out.as_mut_slice(), rows, 1, sums);
}

/// The columns as slices, which a column-major matrix keeps contiguous; none for a matrix without rows.
fn columns<T>(entries: &[T], rows: usize) -> std::slice::ChunksExact<'_, T> {
    entries.chunks_exact(rows.max(1))
}

fn columns_mut<T>(matrix: &mut DMatrix<T>) -> std::slice::ChunksExactMut<'_, T> {
    let rows = matrix.nrows().max(1);
    matrix.as_mut_slice().chunks_exact_mut(rows)
}

fn factor<'a, T: Real>(Factor { node, transposed }: Factor, values: &'a Values<'_, T>) -> product::Factor<'a, T> {
    product::Factor { entries: &values[node], shape: values.shape(node), transposed }
}

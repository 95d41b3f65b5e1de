//! How an operation fills its slot.

use nalgebra::DMatrix;

use super::Selection;
use super::op::{Factor, Op};
use crate::parallel::by_chunks;
use crate::real::Real;
use crate::vector::{Kernel, vectorised};
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

/// Computes `op` from the earlier slots into `out`, whose shape is right already.
pub(crate) fn fill<T: Real>(
    op: &Op<T>,
    slots: &[DMatrix<T>],
    selections: &[Selection],
    out: &mut DMatrix<T>,
    scratch: &mut Scratch<T>,
) {
    if out.is_empty() {
        return; // without rows there may still be more columns than can be counted through
    }
    match *op {
        Op::Leaf => {}
        Op::Detach(a) => out.as_mut_slice().copy_from_slice(slots[a].as_slice()),
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
        Op::Map(a, function) => function.apply(&slots[a], None, out),
        Op::MapMul(a, b, function) => function.apply(&slots[a], Some(&slots[b]), out),
        Op::MatMul(a, b) => product::multiply(factor(a, slots), factor(b, slots), None, out, &mut scratch.product),
        Op::Affine(x, weight, bias) => {
            let [x, weight] = [x, weight].map(|node| factor(Factor { node, transposed: false }, slots));
            product::multiply(x, weight, Some(&slots[bias]), out, &mut scratch.product);
        }
        Op::Transpose(a) => slots[a].transpose_to(out),
        Op::Sum(a) => out.fill(sum(slots[a].as_slice())),
        Op::Fill(a, ..) => out.fill(slots[a][(0, 0)]),
        Op::SumRows(a) => sum_columns(&slots[a], out.as_mut_slice()),
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
                match selections[selection].source(column) {
                    Some(source) => copy.copy_from(&slots[a].column(source)),
                    None => copy.fill(T::zero()),
                }
            }
        }
        Op::ScatterAdd(a, selection) => {
            out.fill(T::zero());
            for (column, values) in slots[a].column_iter().enumerate() {
                if let Some(source) = selections[selection].source(column) {
                    out.column_mut(source).zip_apply(&values, |total, value| *total += value);
                }
            }
        }
    }
}

fn each<T: Real>(a: &DMatrix<T>, out: &mut DMatrix<T>, f: impl Fn(T) -> T + Send + Sync) {
    struct Each<'a, T, F>(&'a [T], &'a mut [T], &'a F);

    impl<T: Real, F: Fn(T) -> T> Kernel for Each<'_, T, F> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            for (out, &a) in self.1.iter_mut().zip(self.0) {
                *out = (self.2)(a);
            }
        }
    }

    let a = a.as_slice();
    by_chunks(out.as_mut_slice(), |first, out| vectorised(Each(&a[first..], out, &f)));
}

fn zip<T: Real>(a: &DMatrix<T>, b: &DMatrix<T>, out: &mut DMatrix<T>, f: impl Fn(T, T) -> T + Send + Sync) {
    struct Zip<'a, T, F>(&'a [T], &'a [T], &'a mut [T], &'a F);

    impl<T: Real, F: Fn(T, T) -> T> Kernel for Zip<'_, T, F> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            for ((out, &a), &b) in self.2.iter_mut().zip(self.0).zip(self.1) {
                *out = (self.3)(a, b);
            }
        }
    }

    let (a, b) = (a.as_slice(), b.as_slice());
    by_chunks(out.as_mut_slice(), |first, out| vectorised(Zip(&a[first..], &b[first..], out, &f)));
}

/// Writes the sum of every column.
fn sum_columns<T: Real>(a: &DMatrix<T>, out: &mut [T]) {
    struct Sums<'a, T>(std::slice::ChunksExact<'a, T>, &'a mut [T]);

    impl<T: Real> Kernel for Sums<'_, T> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            for (total, column) in self.1.iter_mut().zip(self.0) {
                *total = sum(column);
            }
        }
    }

    vectorised(Sums(columns(a), out));
}

/// The columns as slices, which a column-major matrix keeps contiguous; none for a matrix without rows.
fn columns<T>(matrix: &DMatrix<T>) -> std::slice::ChunksExact<'_, T> {
    matrix.as_slice().chunks_exact(matrix.nrows().max(1))
}

/// A sum in eight interleaved parts: as fast as the machine adds, and with an eighth of the rounding of one chain.
#[inline(always)]
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

fn factor<T>(Factor { node, transposed }: Factor, slots: &[DMatrix<T>]) -> product::Factor<'_, T> {
    product::Factor { matrix: &slots[node], transposed }
}

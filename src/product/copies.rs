//! Copies of factors in the order in which products read them.
//!
//! Never inlined: the loops around the products need all registers for themselves.

use pulp::{Simd, WithSimd};

use super::across::{Part, columns_at};
use super::fast::Held;
use super::wide::{BY, Order, Wide};

/// Copies some columns of a right factor in the order in which tiles read them: row after row of those of the first tile, then of the next.
pub(super) struct CopyRight<'a, T> {
    pub(super) to: &'a mut [T],
    pub(super) right: Held<'a, T>,
    pub(super) part: Part,
}

impl<T: Wide> WithSimd for CopyRight<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { to, right, part: Part { columns: [first, end], from, depth, .. } } = self;
        let rows = right.entries[if right.transposed { from * right.stride } else { 0 }..].chunks(right.stride);
        let mut j = first;
        while j < end {
            let columns = columns_at::<S>(j, end, 1);
            let to = &mut to[(j - first) * depth..][..columns * depth];
            match (right.transposed, columns) {
                (true, BY) => {
                    for (to, row) in to.as_chunks_mut::<BY>().0.iter_mut().zip(rows.clone()) {
                        to.copy_from_slice(&row[j..j + BY]);
                    }
                }
                (true, _) => {
                    for (to, row) in to.chunks_exact_mut(columns).zip(rows.clone()) {
                        to.copy_from_slice(&row[j..j + columns]);
                    }
                }
                (false, BY) => {
                    let columns = columns_from(right, j, from, depth);
                    let done = transpose(simd, to, BY, 0, columns);
                    for p in done..depth {
                        to[p * BY..][..BY].copy_from_slice(&columns.map(|column| column[p]));
                    }
                }
                (false, _) => {
                    for c in 0..columns {
                        let column = &right.entries[(j + c) * right.stride + from..][..depth];
                        for (to, &x) in to.chunks_exact_mut(columns).zip(column) {
                            to[c] = x;
                        }
                    }
                }
            }
            j += columns;
        }
    }
}

/// Copies entries of some columns: those of a row side by side, from place `n` on, and `height` from row to row. As many rows as fill vectors, which is returned.
#[inline(always)]
fn transpose<S: Simd, T: Wide>(simd: S, to: &mut [T], height: usize, n: usize, columns: [&[T]; BY]) -> usize {
    let Some(order) = T::order(simd) else { return 0 };
    let lanes = T::lanes::<S>();
    let columns = columns.map(|column| T::vectors::<S>(column).0);
    let whole = columns[0].len();
    for (p, to) in to.chunks_exact_mut(lanes * height).take(whole).enumerate() {
        let rows = T::transposed(simd, columns.map(|column| column[p]));
        for (m, row) in rows.iter().enumerate() {
            let row = T::numbers::<S>(row);
            match order {
                Order::Rows => side_by_side::<T, BY>(to, height, n, row, |place| order.origin(m, place)),
                Order::Pairs => side_by_side::<T, 2>(to, height, n, row, |place| order.origin(m, place)),
            }
        }
    }
    whole * lanes
}

/// Copies numbers of a row, so many of which are side by side at a time.
#[inline(always)]
fn side_by_side<T: Wide, const N: usize>(
    to: &mut [T],
    height: usize,
    n: usize,
    row: &[T],
    origin: impl Fn(usize) -> [usize; 2],
) {
    for (group, row) in row.as_chunks::<N>().0.iter().enumerate() {
        let [k, lane] = origin(group * N);
        to[lane * height + n + k..][..N].copy_from_slice(row);
    }
}

/// Copies rows of the left factor, fewer than are multiplied at a time: a column of them after another, zeros below.
#[inline(never)]
pub(super) fn copy<T: Wide>(to: &mut [T], left: Held<'_, T>, height: usize, counted: usize, part: Part) {
    let columns = left.entries[part.from * left.stride..].chunks(left.stride);
    for (to, column) in to.chunks_exact_mut(height).take(part.depth).zip(columns) {
        let column = &column[part.i..][..counted];
        to[..counted].copy_from_slice(column);
        to[counted..].fill(T::default());
    }
}

/// The same, of `R` vectors, of a left factor that is held as its transpose.
pub(super) struct CopyTransposed<'a, T, const R: usize> {
    pub(super) to: &'a mut [T],
    pub(super) left: Held<'a, T>,
    pub(super) counted: usize,
    pub(super) part: Part,
}

impl<T: Wide, const R: usize> WithSimd for CopyTransposed<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { to, left, counted, part } = self;
        let height = R * T::lanes::<S>();
        let (mut n, mut rows) = (0, 0);
        while n + BY <= counted.min(height) {
            rows = transpose(simd, to, height, n, columns_from(left, part.i + n, part.from, part.depth));
            n += BY;
        }
        copy_one_by_one(to, left, height, counted, [rows, n], part);
    }
}

/// What is left of that: of the first rows only what comes after some columns.
#[inline(never)]
fn copy_one_by_one<T: Wide>(
    to: &mut [T],
    left: Held<'_, T>,
    height: usize,
    counted: usize,
    [rows, columns]: [usize; 2],
    Part { i, from, depth, .. }: Part,
) {
    for n in 0..counted {
        let column = &left.entries[(i + n) * left.stride + from..][..depth];
        let first = if n < columns { rows } else { 0 };
        for (p, &x) in column.iter().enumerate().skip(first) {
            to[p * height + n] = x;
        }
    }
    if counted < height {
        for to in to.chunks_exact_mut(height).take(depth) {
            to[counted..].fill(T::default());
        }
    }
}

/// The entries of four columns of a factor, from one row on.
#[inline(always)]
fn columns_from<T: Wide>(factor: Held<'_, T>, first: usize, from: usize, depth: usize) -> [&[T]; BY] {
    let all = &factor.entries[first * factor.stride + from..];
    [
        &all[..depth],
        &all[factor.stride..][..depth],
        &all[2 * factor.stride..][..depth],
        &all[3 * factor.stride..][..depth],
    ]
}

/// Copies some rows of some columns.
#[inline(never)]
pub(super) fn copy_rows<T: Wide>(
    from: &[T],
    from_stride: usize,
    to: &mut [T],
    to_stride: usize,
    rows: usize,
    columns: usize,
) {
    for column in 0..columns {
        to[column * to_stride..][..rows].copy_from_slice(&from[column * from_stride..][..rows]);
    }
}

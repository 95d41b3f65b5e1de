//! Copies of factors in the order in which products read them.
//!
//! Never inlined: the loops around the products need all registers for themselves.

use super::across::{Part, columns_at};
use super::fast::Held;
use super::wide::Wide;

/// Copies columns of a right factor that is held as its transpose: the entries of some columns row after row, then those of the next columns.
#[inline(never)]
pub(super) fn copy_right<T: Wide>(to: &mut [T], right: Held<'_, T>, part: Part) {
    let Part { columns: [first, end], from, depth, .. } = part;
    let mut j = first;
    while j < end {
        let columns = columns_at(j, end, 1);
        let rows = right.entries[from * right.stride..].chunks(right.stride);
        for (to, row) in to[(j - first) * depth..].chunks_exact_mut(columns).take(depth).zip(rows) {
            to.iter_mut().zip(&row[j..]).for_each(|(to, &x)| *to = x);
        }
        j += columns;
    }
}

/// Rows transposed at a time.
const BY: usize = 4;

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

/// The same of a left factor that is held as its transpose.
#[inline(never)]
pub(super) fn copy_transposed<T: Wide>(to: &mut [T], left: Held<'_, T>, height: usize, counted: usize, part: Part) {
    let Part { i, from, depth, .. } = part;
    let whole = depth - depth % BY;
    let mut n = 0;
    while n + BY <= counted {
        let [a, b, c, d] = columns_from(left, i + n, from, depth);
        for p in (0..whole).step_by(BY) {
            // All bounds are checked before the first entry is copied: four short columns then become four rows in registers.
            let [a, b, c, d] = [&a[p..p + BY], &b[p..p + BY], &c[p..p + BY], &d[p..p + BY]];
            let (first, rest) = to[p * height + n..].split_at_mut(height);
            let (second, rest) = rest.split_at_mut(height);
            let (third, fourth) = rest.split_at_mut(height);
            let rows = [&mut first[..BY], &mut second[..BY], &mut third[..BY], &mut fourth[..BY]];
            for (m, row) in rows.into_iter().enumerate() {
                row.copy_from_slice(&[a[m], b[m], c[m], d[m]]);
            }
        }
        for p in whole..depth {
            to[p * height + n..][..BY].copy_from_slice(&[a[p], b[p], c[p], d[p]]);
        }
        n += BY;
    }
    for n in n..counted {
        let column = &left.entries[(i + n) * left.stride + from..][..depth];
        for (p, &x) in column.iter().enumerate() {
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

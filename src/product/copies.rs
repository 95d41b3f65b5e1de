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
    let row = |row| &left.entries[(part.i + row) * left.stride + part.from..][..part.depth];
    let mut first = 0;
    while first + BY <= counted {
        let rows = [0, 1, 2, 3].map(|n| row(first + n).as_chunks::<BY>().0);
        let blocks = to.chunks_exact_mut(height * BY);
        for (at, block) in blocks.enumerate() {
            let rows = [rows[0][at], rows[1][at], rows[2][at], rows[3][at]];
            for (n, to) in block.chunks_exact_mut(height).enumerate() {
                let to: &mut [T] = &mut to[first..first + BY];
                for m in 0..BY {
                    to[m] = rows[m][n];
                }
            }
        }
        for p in part.depth - part.depth % BY..part.depth {
            for n in 0..BY {
                to[p * height + first + n] = row(first + n)[p];
            }
        }
        first += BY;
    }
    for n in first..height {
        let to = to[n..].iter_mut().step_by(height);
        if n < counted {
            to.zip(row(n)).for_each(|(to, &x)| *to = x);
        } else {
            to.for_each(|to| *to = T::default());
        }
    }
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

//! aᵀ b: sums along the columns of both.

use std::cmp::Ordering;

use pulp::Simd;

use super::fast::{Held, Product};
use super::wide::{Wide, load};

/// Terms summed up at a time, and the columns of a by which they stay in the nearest cache.
const DEPTH: usize = 512;
const COLUMNS: usize = 4;

impl<T: Wide> Product<'_, T> {
    #[inline(always)]
    pub(super) fn along<S: Simd>(&mut self, simd: S) {
        let Self { left, right, inner, start, rows, columns, .. } = *self;
        let out = &mut *self.out;
        for from in (0..inner).step_by(DEPTH) {
            let depth = DEPTH.min(inner - from);
            let tile = |i, j| Tile { left, right, start, from, depth, i, j, rows };
            for block in (0..rows).step_by(COLUMNS) {
                let end = rows.min(block + COLUMNS);
                let mut j = 0;
                while j < columns {
                    // As many sums as leave all of their parts in registers.
                    let wide = match columns - j {
                        1 => 1,
                        2 | 3 => 2,
                        _ if parts::<T, S>() > 1 && end - block > 1 => 2,
                        _ => 4,
                    };
                    let mut i = block;
                    while i < end {
                        i += match (end - i, wide) {
                            (1, 1) => tile(i, j).add::<S, 1, 1>(simd, out),
                            (1, 2) => tile(i, j).add::<S, 1, 2>(simd, out),
                            (1, _) => tile(i, j).add::<S, 1, 4>(simd, out),
                            (4.., 1) => tile(i, j).add::<S, 4, 1>(simd, out),
                            (_, 1) => tile(i, j).add::<S, 2, 1>(simd, out),
                            (4.., 2) if parts::<T, S>() == 1 => tile(i, j).add::<S, 4, 2>(simd, out),
                            (_, 2) => tile(i, j).add::<S, 2, 2>(simd, out),
                            _ => tile(i, j).add::<S, 2, 4>(simd, out),
                        };
                    }
                    j += wide;
                }
            }
        }
        self.finish([0, rows], [0, columns]);
    }
}

/// The vectors of a sum: as many numbers as the widest vector has, so that a sum is the same bits whatever the machine.
#[inline(always)]
fn parts<T: Wide, S: Simd>() -> usize {
    WIDEST / size_of::<T::Vector<S>>()
}

/// Bytes of the widest vector, and how many of the narrowest that is.
const WIDEST: usize = 64;
const MOST_PARTS: usize = 4;

/// The sum of the lanes of all parts, by halves: a wide vector is summed up so, too.
#[inline(always)]
fn total<S: Simd, T: Wide>(simd: S, mut sums: [T::Vector<S>; MOST_PARTS]) -> T {
    let mut half = parts::<T, S>() / 2;
    while half > 0 {
        for part in 0..half {
            sums[part] = T::plus(simd, sums[part], sums[part + half]);
        }
        half /= 2;
    }
    T::sum(simd, sums[0])
}

/// Some terms of the products of columns of a from `i` on with columns of b from `j` on.
struct Tile<'a, T> {
    left: Held<'a, T>,
    right: Held<'a, T>,
    start: Option<&'a [T]>,
    from: usize,
    depth: usize,
    i: usize,
    j: usize,
    rows: usize,
}

impl<'a, T: Wide> Tile<'a, T> {
    /// Of `A` columns with `B` columns. Returns A.
    #[inline(always)]
    fn add<S: Simd, const A: usize, const B: usize>(self, simd: S, out: &mut [T]) -> usize {
        let Self { left, right, start, from, depth, i, j, rows } = self;
        let split =
            |factor: Held<'a, T>, column| T::vectors::<S>(&factor.entries[column * factor.stride + from..][..depth]);
        let (a, b) = (
            std::array::from_fn::<_, A, _>(|n| split(left, i + n)),
            std::array::from_fn::<_, B, _>(|m| split(right, j + m)),
        );
        // All cut to one length, so that the compiler sees that no index is out of bounds.
        let whole = depth / T::lanes::<S>();
        let (whole_a, whole_b) = (a.map(|(whole_a, _)| &whole_a[..whole]), b.map(|(whole_b, _)| &whole_b[..whole]));
        let parts = parts::<T, S>();
        let mut sums = [[[T::broadcast(simd, T::default()); MOST_PARTS]; B]; A];
        for group in 0..whole / parts {
            for part in 0..parts {
                let at = group * parts + part;
                for n in 0..A {
                    for m in 0..B {
                        sums[n][m][part] = T::fused(simd, whole_a[n][at], whole_b[m][at], sums[n][m][part]);
                    }
                }
            }
        }
        // What does not fill all parts.
        let filled = whole / parts * parts;
        if filled * T::lanes::<S>() < depth {
            for part in 0..parts {
                for n in 0..A {
                    for m in 0..B {
                        let [a, b] = match part.cmp(&(whole - filled)) {
                            Ordering::Less => [whole_a[n][filled + part], whole_b[m][filled + part]],
                            Ordering::Equal => [load::<T, S>(a[n].1), load::<T, S>(b[m].1)],
                            Ordering::Greater => break,
                        };
                        sums[n][m][part] = T::fused(simd, a, b, sums[n][m][part]);
                    }
                }
            }
        }
        for m in 0..B {
            for n in 0..A {
                let (sum, to) = (total(simd, sums[n][m]), &mut out[(j + m) * rows + i + n]);
                *to = match start {
                    _ if from > 0 => *to + sum,
                    Some(start) => sum + start[j + m],
                    None => sum,
                };
            }
        }
        A
    }
}

//! aᵀ b: sums along the columns of both.

use std::cmp::Ordering;

use pulp::{Simd, WithSimd};

use super::across::apart;
use super::fast::{Held, Product};
use super::wide::{Wide, load};

/// Terms summed up at a time: some columns of so many stay in the nearest cache.
const DEPTH: usize = 512;

/// Bytes of the widest vector.
const WIDEST: usize = 64;

/// The vectors of a sum: as many numbers as the widest vector has, so that a sum is the same bits with vectors of 256 and of 512 bits.
const fn parts<T: Wide, S: Simd>() -> usize {
    WIDEST / size_of::<T::Vector<S>>()
}

impl<T: Wide> Product<'_, T> {
    #[inline(always)]
    pub(super) fn along<S: Simd>(&mut self, simd: S) {
        if const { parts::<T, S>() == 1 } {
            self.along_by::<S, 1>(simd);
        } else if const { parts::<T, S>() == 2 } {
            self.along_by::<S, 2>(simd);
        } else {
            self.along_by::<S, 4>(simd);
        }
    }

    #[inline(always)]
    fn along_by<S: Simd, const PARTS: usize>(&mut self, simd: S) {
        let Self { left, right, inner, rows, columns, .. } = *self;
        // One or two columns of the factor that has few of them stay while all of the other go by.
        let (few, many, counts, steps) = if rows < columns {
            (left, right, [rows, columns], [1, rows])
        } else {
            (right, left, [columns, rows], [rows, 1])
        };
        for from in (0..inner).step_by(DEPTH) {
            let depth = DEPTH.min(inner - from);
            let mut i = 0;
            while i < counts[0] {
                let two = counts[0] - i > 1;
                let mut j = 0;
                while j < counts[1] {
                    // As many sums as leave all of their parts in registers.
                    let wide = match counts[1] - j {
                        1 => 1,
                        2 | 3 => 2,
                        _ if two && PARTS > 1 => 2,
                        _ => 4,
                    };
                    let out = &mut self.out[i * steps[0] + j * steps[1]..];
                    let tiles = (counts[1] - j) / wide;
                    let run = Run { few, many, from, depth, i, j, tiles, out, steps };
                    match (two, wide) {
                        (true, 1) => apart(simd, Tiles::<_, 2, 1, PARTS>(run)),
                        (true, 2) => apart(simd, Tiles::<_, 2, 2, PARTS>(run)),
                        (true, _) => apart(simd, Tiles::<_, 2, 4, PARTS>(run)),
                        (false, 1) => apart(simd, Tiles::<_, 1, 1, PARTS>(run)),
                        (false, 2) => apart(simd, Tiles::<_, 1, 2, PARTS>(run)),
                        (false, _) => apart(simd, Tiles::<_, 1, 4, PARTS>(run)),
                    }
                    j += tiles * wide;
                }
                i += if two { 2 } else { 1 };
            }
        }
        self.finish([0, rows], [0, columns]);
    }
}

/// Some terms, `depth` from `from` on, of the products of columns of one factor, from `i` on, with some columns of the other, from `j` on, and with those beside
/// them.
struct Run<'a, T> {
    few: Held<'a, T>,
    many: Held<'a, T>,
    from: usize,
    depth: usize,
    i: usize,
    j: usize,
    tiles: usize,
    /// From the first sum on, and how far it is to those of the next column of either factor.
    out: &'a mut [T],
    steps: [usize; 2],
}

/// The products of `A` columns with `B` columns at a time.
struct Tiles<'a, T, const A: usize, const B: usize, const PARTS: usize>(Run<'a, T>);

impl<'a, T: Wide, const A: usize, const B: usize, const PARTS: usize> WithSimd for Tiles<'a, T, A, B, PARTS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Run { few, many, from, depth, i, j, tiles, out, steps } = self.0;
        // All cut to one length, so that the compiler sees that no index is out of bounds.
        let whole = depth / T::lanes::<S>();
        let split = |factor: Held<'a, T>, column| {
            let (vectors, rest) = T::vectors::<S>(&factor.entries[column * factor.stride + from..][..depth]);
            (&vectors[..whole], rest)
        };
        let a: [_; A] = std::array::from_fn(|n| split(few, i + n));
        for tile in 0..tiles {
            let b: [_; B] = std::array::from_fn(|m| split(many, j + tile * B + m));
            let mut sums = [[[T::broadcast(simd, T::default()); B]; A]; PARTS];
            for group in 0..whole / PARTS {
                for (part, sums) in sums.iter_mut().enumerate() {
                    let at = group * PARTS + part;
                    for n in 0..A {
                        for m in 0..B {
                            sums[n][m] = T::fused(simd, a[n].0[at], b[m].0[at], sums[n][m]);
                        }
                    }
                }
            }
            // What does not fill all parts.
            let filled = whole / PARTS * PARTS;
            if filled * T::lanes::<S>() < depth {
                for (part, sums) in sums.iter_mut().enumerate() {
                    for n in 0..A {
                        for m in 0..B {
                            let [a, b] = match part.cmp(&(whole - filled)) {
                                Ordering::Less => [a[n].0[filled + part], b[m].0[filled + part]],
                                Ordering::Equal => [load::<T, S>(a[n].1), load::<T, S>(b[m].1)],
                                Ordering::Greater => break,
                            };
                            sums[n][m] = T::fused(simd, a, b, sums[n][m]);
                        }
                    }
                }
            }
            for n in 0..A {
                for m in 0..B {
                    let (sum, to) =
                        (total(simd, sums.map(|sums| sums[n][m])), &mut out[n * steps[0] + (tile * B + m) * steps[1]]);
                    *to = if from > 0 { *to + sum } else { sum };
                }
            }
        }
    }
}

/// The sum of the lanes of all parts, by halves: a wide vector is summed up so, too.
#[inline(always)]
fn total<S: Simd, T: Wide, const PARTS: usize>(simd: S, mut sums: [T::Vector<S>; PARTS]) -> T {
    let mut half = PARTS / 2;
    while half > 0 {
        for part in 0..half {
            sums[part] = T::plus(simd, sums[part], sums[part + half]);
        }
        half /= 2;
    }
    T::sum(simd, sums[0])
}

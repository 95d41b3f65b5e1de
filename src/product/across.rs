//! Products whose left factor is read a few rows at a time, all of its columns; a transposed one is copied to be read so.

use pulp::{Simd, WithSimd};

use super::copies::{copy, copy_right, copy_rows, copy_transposed};
use super::fast::Product;
use super::wide::{MOST_LANES, Wide};

/// Terms summed up at a time: the copy of a few rows of so many columns stays in the nearest cache.
const DEPTH: usize = 256;

/// Columns of the right factor taken at a time: so many, of so many entries, stay in the second cache.
const WIDTH: usize = 256;

/// Rows from which on a right factor that is held as its transpose is worth a copy in the order in which it is read.
const MANY: usize = 256;

/// Bytes that stay in the nearest cache while a product goes on.
const NEAR: usize = 1 << 14;

/// The most vectors of rows of a tile.
const MOST_VECTORS: usize = 8;

/// The most sums of a tile: three of the widest vectors by four columns.
const MOST_SUMS: usize = 3 * MOST_LANES * 4;

impl<T: Wide> Product<'_, T> {
    #[inline(always)]
    pub(super) fn across<S: Simd>(mut self, simd: S) {
        let (columns, lanes) = (self.out.len() / self.rows, T::lanes::<S>());
        for first in (0..columns).step_by(WIDTH) {
            let end = columns.min(first + WIDTH);
            for from in (0..self.inner).step_by(DEPTH) {
                let depth = DEPTH.min(self.inner - from);
                let copied = self.right.transposed && self.rows >= MANY;
                let mut part = Part { i: 0, columns: [first, end], from, depth, copied };
                let needed = (end - first + MOST_VECTORS * lanes) * DEPTH + MOST_SUMS;
                if self.room.len() < needed {
                    self.room.resize(needed, T::default());
                }
                if copied {
                    copy_right(self.room, self.right, part);
                }
                while part.i < self.rows {
                    // As many vectors of rows, by as many columns, as leave all sums in registers: twelve or a few less.
                    let vectors = (self.rows - part.i).div_ceil(lanes);
                    part.i += lanes
                        * match (vectors, end - first) {
                            (8.., 1) => self.panel::<S, 8>(simd, part),
                            (4.., 1..=2) => self.panel::<S, 4>(simd, part),
                            (3 | 5.., _) => self.panel::<S, 3>(simd, part),
                            (2 | 4, _) => self.panel::<S, 2>(simd, part),
                            _ => self.panel::<S, 1>(simd, part),
                        };
                }
            }
        }
    }

    /// Some terms of `R` vectors of rows of some columns. Returns R.
    #[inline(always)]
    fn panel<S: Simd, const R: usize>(&mut self, simd: S, part: Part) -> usize {
        let height = R * T::lanes::<S>();
        let Part { i, columns: [first, end], from, depth, copied } = part;
        let (left, right, counted) = (self.left, self.right, height.min(self.rows - i));
        let (of_right, rest) = self.room.split_at_mut((end - first) * DEPTH);
        let (spare, of_left) = rest.split_at_mut(MOST_SUMS);
        // What is near anyway, or read once or twice, is not worth a copy, unless there are rows missing.
        let far = depth * left.stride * size_of::<T>() > NEAR && end - first > 4;
        let panel = if left.transposed || counted < height || far {
            let to = &mut of_left[..height * depth];
            if left.transposed {
                copy_transposed(to, left, height, counted, part);
            } else {
                copy(to, left, height, counted, part);
            }
            Panel { entries: to, stride: height }
        } else {
            Panel { entries: &left.entries[from * left.stride + i..], stride: left.stride }
        };
        let mut j = first;
        while j < end {
            let begin = if from > 0 {
                Begin::Before
            } else {
                self.start.map_or(Begin::Zero, |start| Begin::Start(&start[j..]))
            };
            let (whole, at) = (counted == height, j * self.rows + i);
            macro_rules! tile {
                ($columns:literal) => {{
                    if !whole && from > 0 {
                        copy_rows(&self.out[at..], self.rows, spare, height, counted, $columns);
                    }
                    let out = if whole {
                        Out { entries: &mut self.out[at..], stride: self.rows, begin }
                    } else {
                        Out { entries: spare, stride: height, begin }
                    };
                    if right.transposed {
                        let rows = if copied {
                            Rows { entries: &of_right[(j - first) * depth..], stride: $columns }
                        } else {
                            Rows { entries: &right.entries[from * right.stride + j..], stride: right.stride }
                        };
                        simd.vectorize(Tile::<_, _, R, $columns> { panel, depth, right: rows, out });
                    } else {
                        let entries = &right.entries[j * right.stride + from..];
                        let columns = Columns::<_, $columns>::of(entries, right.stride);
                        simd.vectorize(Tile::<_, _, R, $columns> { panel, depth, right: columns, out });
                    }
                    if !whole {
                        copy_rows(spare, height, &mut self.out[at..], self.rows, counted, $columns);
                    }
                    j += $columns;
                }};
            }
            match columns_at(j, end, R) {
                1 => tile!(1),
                2 => tile!(2),
                3 => tile!(3),
                _ => tile!(4),
            }
        }
        R
    }
}

/// The columns of the tile at column `j`.
#[inline(always)]
pub(super) fn columns_at(j: usize, end: usize, vectors: usize) -> usize {
    (end - j).min(if vectors > 3 { MOST_VECTORS / vectors } else { 4 })
}

/// Which part of a product: rows from `i` on, these columns, `depth` terms from `from` on.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) i: usize,
    pub(super) columns: [usize; 2],
    pub(super) from: usize,
    pub(super) depth: usize,
    /// Is this part of the right factor copied?
    copied: bool,
}

/// Rows of a left factor: so many at every multiple of the stride.
#[derive(Clone, Copy)]
struct Panel<'a, T> {
    entries: &'a [T],
    stride: usize,
}

/// Some columns of a right factor, to be read row by row.
trait Right<T, const C: usize> {
    /// The first so many rows.
    fn first(self, depth: usize) -> Self;

    /// By reference, so that a number is read where it is spread over a vector, which takes one instruction.
    fn row(&self, p: usize) -> [&T; C];
}

/// As slices, for a factor that is held as it is.
struct Columns<'a, T, const C: usize>([&'a [T]; C]);

impl<'a, T, const C: usize> Columns<'a, T, C> {
    #[inline(always)]
    fn of(entries: &'a [T], stride: usize) -> Self {
        let mut columns = [entries; C];
        for c in 0..C {
            columns[c] = &entries[c * stride..];
        }
        Self(columns)
    }
}

impl<T: Wide, const C: usize> Right<T, C> for Columns<'_, T, C> {
    #[inline(always)]
    fn first(mut self, depth: usize) -> Self {
        for c in 0..C {
            self.0[c] = &self.0[c][..depth];
        }
        self
    }

    #[inline(always)]
    fn row(&self, p: usize) -> [&T; C] {
        self.0.each_ref().map(|column| &column[p])
    }
}

/// Side by side at every multiple of the stride, for a factor that is held as its transpose.
struct Rows<'a, T> {
    entries: &'a [T],
    stride: usize,
}

impl<T: Wide, const C: usize> Right<T, C> for Rows<'_, T> {
    #[inline(always)]
    fn first(self, _: usize) -> Self {
        self
    }

    #[inline(always)]
    fn row(&self, p: usize) -> [&T; C] {
        let row = &self.entries[p * self.stride..][..C];
        let mut numbers = [&row[0]; C];
        for c in 1..C {
            numbers[c] = &row[c];
        }
        numbers
    }
}

/// What sums are added to.
#[derive(Clone, Copy)]
enum Begin<'a, T> {
    Zero,
    /// A number for each column.
    Start(&'a [T]),
    /// What the product is so far.
    Before,
}

/// Where sums go: rows from the first entry on.
struct Out<'a, T> {
    entries: &'a mut [T],
    stride: usize,
    begin: Begin<'a, T>,
}

/// Products of `R` vectors of rows with `C` columns.
struct Tile<'a, T, B, const R: usize, const C: usize> {
    panel: Panel<'a, T>,
    depth: usize,
    right: B,
    out: Out<'a, T>,
}

impl<T: Wide, B: Right<T, C>, const R: usize, const C: usize> WithSimd for Tile<'_, T, B, R, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panel, depth, right, out: Out { entries, stride, begin } } = self;
        let height = R * T::lanes::<S>();
        let mut sums = [[T::splat(simd, T::default()); R]; C];
        match begin {
            Begin::Zero => {}
            Begin::Start(start) => {
                for c in 0..C {
                    sums[c] = [T::splat(simd, start[c]); R];
                }
            }
            Begin::Before => {
                for c in 0..C {
                    sums[c].copy_from_slice(&T::vectors::<S>(&entries[c * stride..][..height]).0[..R]);
                }
            }
        }
        // Here, where the compiler sees that no index is out of bounds.
        let right = right.first(depth);
        for p in 0..depth {
            let left = &T::vectors::<S>(&panel.entries[p * panel.stride..][..height]).0[..R];
            let right = right.row(p);
            for c in 0..C {
                let right = T::splat(simd, *right[c]);
                for r in 0..R {
                    sums[c][r] = T::mul_add(simd, left[r], right, sums[c][r]);
                }
            }
        }
        for c in 0..C {
            T::vectors_mut::<S>(&mut entries[c * stride..][..height]).0[..R].copy_from_slice(&sums[c]);
        }
    }
}

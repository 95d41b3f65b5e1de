//! Products whose left factor is read a few rows at a time, all of its columns; a transposed one is copied to be read so.

use std::sync::atomic::{Ordering, compiler_fence};

use pulp::{Simd, WithSimd};

use super::copies::{CopyRight, CopyTransposed, copy, copy_rows};
use super::fast::Product;
use super::few::{FEW, FEWEST_COLUMNS};
use super::fused::Fused;
use super::wide::{BY, MOST_LANES, Wide};

/// Terms summed up at a time: the copy of a few rows of so many columns stays in the nearest cache.
const DEPTH: usize = 256;

/// Columns of the right factor taken at a time: so many, of so many entries, stay in the second cache.
const WIDTH: usize = 256;

/// Rows from which on a right factor is worth a copy in the order in which it is read: one that is held as its transpose, and another.
const MANY: [usize; 2] = [128, 256];

/// Terms of which a column of four of the widest vectors stays in the nearest cache.
const SHALLOW: usize = 128;

/// Bytes that stay in the nearest cache while a product goes on.
const NEAR: usize = 1 << 14;

/// Bytes of a product that more is made of at a time: they stay in the second cache.
const PART_BYTES: usize = 1 << 17;

/// Bytes of a cache line, and more numbers than it has.
const LINE: usize = 64;

/// The most vectors of rows of a tile.
const MOST_VECTORS: usize = 8;

/// The most sums of a tile: four of the widest vectors by four columns.
const MOST_SUMS: usize = 4 * MOST_LANES * 4;

impl<T: Wide> Product<'_, T> {
    #[inline(always)]
    pub(super) fn across<S: Simd>(&mut self, simd: S) {
        let (all, lanes) = (self.columns, T::lanes::<S>());
        for first in (0..all).step_by(WIDTH) {
            let end = all.min(first + WIDTH);
            for from in (0..self.inner).step_by(DEPTH) {
                let depth = DEPTH.min(self.inner - from);
                let columns = end - first;
                let few = self.inner <= FEW
                    && !self.left.transposed
                    && self.rows.is_multiple_of(lanes)
                    && columns >= FEWEST_COLUMNS;
                let many = if self.right.transposed { MANY[0] } else { MANY[1] };
                let copied = !few && self.rows >= many && (self.right.transposed || columns >= BY);
                let mut part = Part { i: 0, columns: [first, end], from, depth, copied };
                let needed = (columns + MOST_VECTORS * lanes) * DEPTH + MOST_SUMS + LINE;
                if self.room.len() < needed {
                    self.room.resize(needed, T::default());
                }
                if copied {
                    apart(simd, CopyRight { to: aligned(self.room), right: self.right, part });
                }
                let finish = self.finish.filter(|_| from + depth == self.inner);
                let fused = finish.and_then(Fused::of);
                // How many rows are as they are to be.
                let mut finished = 0;
                while part.i < self.rows {
                    // As many vectors of rows, by as many columns, as leave all sums in registers: twelve or sixteen, or a few less.
                    let vectors = (self.rows - part.i).div_ceil(lanes);
                    part.i += lanes
                        * match (vectors, columns) {
                            _ if few => self.few::<S>(simd, part, fused),
                            (8.., 1) => self.panel::<S, 8>(simd, part, fused),
                            (4.., 1..=2) => self.panel::<S, 4>(simd, part, fused),
                            (4 | 7.., _) if depth <= SHALLOW && const { most_by_four::<S>() == 4 } => {
                                self.panel::<S, 4>(simd, part, fused)
                            }
                            (3 | 5.., _) => self.panel::<S, 3>(simd, part, fused),
                            (2 | 4, _) => self.panel::<S, 2>(simd, part, fused),
                            _ => self.panel::<S, 1>(simd, part, fused),
                        };
                    if fused.is_some() && part.i <= self.rows {
                        finished = part.i;
                    } else if finish.is_some() {
                        let done = part.i.min(self.rows);
                        if done == self.rows || (done - finished) * columns * size_of::<T>() >= PART_BYTES {
                            self.finish([finished, done], [first, end]);
                            finished = done;
                        }
                    }
                }
            }
        }
    }

    /// Some terms of `R` vectors of rows of some columns, and what becomes of them, unless rows are missing. Returns R.
    #[inline(always)]
    fn panel<S: Simd, const R: usize>(&mut self, simd: S, part: Part, fused: Option<Fused<'_, T>>) -> usize {
        let height = R * T::lanes::<S>();
        let Part { i, columns: [first, end], from, depth, copied } = part;
        let (left, right, counted) = (self.left, self.right, height.min(self.rows - i));
        let (of_right, rest) = aligned(self.room).split_at_mut((end - first) * DEPTH);
        let (spare, of_left) = rest.split_at_mut(MOST_SUMS);
        // What is near anyway, or read once or twice, is not worth a copy, unless there are rows missing.
        let far = (copied || depth * left.stride * size_of::<T>() > NEAR) && end - first > 4;
        let panel = if left.transposed || counted < height || far {
            let to = &mut of_left[..height * depth];
            if left.transposed {
                apart(simd, CopyTransposed::<_, R> { to, left, counted, part });
            } else if counted < height {
                copy(to, left, height, counted, part);
            } else {
                apart(simd, Copy::<_, R> { to, from: &left.entries[from * left.stride + i..], stride: left.stride });
            }
            Panel { entries: to, stride: height }
        } else {
            Panel { entries: &left.entries[from * left.stride + i..], stride: left.stride }
        };
        let packed = panel.stride == height;
        let mut j = first;
        while j < end {
            let wide = columns_at::<S>(j, end, R);
            // As many tiles of that width as there are; of rows that are missing, one at a time.
            let tiles = if counted == height { (end - j) / wide } else { 1 };
            let (entries, stride, advance) = match (copied, right.transposed) {
                (true, _) => (&of_right[(j - first) * depth..], wide, wide * depth),
                (false, true) => (&right.entries[from * right.stride + j..], right.stride, wide),
                (false, false) => (&right.entries[j * right.stride + from..], right.stride, wide * right.stride),
            };
            let begin = if from > 0 {
                Begin::Before
            } else {
                self.start.map_or(Begin::Zero, |start| Begin::Start(&start[j..]))
            };
            let out = &mut self.out[j * self.rows + i..];
            let (to, to_stride) = if counted == height {
                (out, self.rows)
            } else {
                if from > 0 {
                    copy_rows(out, self.rows, spare, height, counted, wide);
                }
                (&mut *spare, height)
            };
            let fused = if counted == height { fused.map(|fused| fused.from(j * self.rows + i)) } else { None };
            let (right, out, out_stride) = (entries, to, to_stride);
            let run = Run { panel, depth, right, stride, advance, begin, fused, out, out_stride, tiles };
            // No tile is compiled that is never run: see `columns_at`.
            macro_rules! tiles {
                ($columns:literal) => {
                    if const { R * $columns <= MOST_VECTORS || (R <= most_by_four::<S>() && $columns <= 4) } {
                        let along_rows = copied || self.right.transposed;
                        match (along_rows, packed && (copied || !along_rows && !is_tight::<S>(R, $columns))) {
                            (true, true) => apart(simd, Tiles::<_, R, $columns, true, true>(run)),
                            (true, false) => apart(simd, Tiles::<_, R, $columns, true, false>(run)),
                            (false, true) => apart(simd, Tiles::<_, R, $columns, false, true>(run)),
                            (false, false) => apart(simd, Tiles::<_, R, $columns, false, false>(run)),
                        }
                    }
                };
            }
            match wide {
                1 => tiles!(1),
                2 => tiles!(2),
                3 => tiles!(3),
                _ => tiles!(4),
            }
            if counted < height {
                copy_rows(spare, height, &mut self.out[j * self.rows + i..], self.rows, counted, wide);
            }
            j += tiles * wide;
        }
        R
    }
}

/// What comes from the first cache line on: a vector across two of them takes twice as long to read.
#[inline(always)]
fn aligned<T>(room: &mut [T]) -> &mut [T] {
    let start = room.as_ptr().align_offset(LINE);
    &mut room[start.min(LINE)..]
}

/// The columns of the tile at column `j`.
#[inline(always)]
pub(super) fn columns_at<S: Simd>(j: usize, end: usize, vectors: usize) -> usize {
    (end - j).min(if vectors > most_by_four::<S>() { MOST_VECTORS / vectors } else { 4 })
}

/// The vectors of rows of a tile of four columns that leave registers to what sums are made of.
const fn most_by_four<S: Simd>() -> usize {
    if S::REGISTER_COUNT < 32 { 3 } else { 4 }
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

/// What sums begin with.
#[derive(Clone, Copy)]
enum Begin<'a, T> {
    Zero,
    /// A number for each column.
    Start(&'a [T]),
    /// What the product is so far.
    Before,
}

/// Products of some vectors of rows with some columns, and with those beside them.
struct Run<'a, T> {
    panel: Panel<'a, T>,
    depth: usize,
    /// The right factor from the first column on, the way to its next column, or to its next row if these are side by side; and to the next tile.
    right: &'a [T],
    stride: usize,
    advance: usize,
    begin: Begin<'a, T>,
    fused: Option<Fused<'a, T>>,
    /// Where sums go, rows from the first entry on.
    out: &'a mut [T],
    out_stride: usize,
    tiles: usize,
}

/// Runs a kernel as a function of its own, whose registers are not shared with what surrounds it.
#[inline(never)]
pub(super) fn apart<S: Simd>(simd: S, kernel: impl WithSimd<Output = ()>) {
    simd.vectorize(kernel);
}

/// Copies `R` vectors of each column.
struct Copy<'a, T, const R: usize> {
    to: &'a mut [T],
    from: &'a [T],
    stride: usize,
}

impl<T: Wide, const R: usize> WithSimd for Copy<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let height = R * T::lanes::<S>();
        for (to, from) in self.to.chunks_exact_mut(height).zip(self.from.chunks(self.stride)) {
            let (to, from) = (T::vectors_mut::<S>(to).0, T::vectors::<S>(&from[..height]).0);
            to[..R].copy_from_slice(&from[..R]);
        }
    }
}

/// Tiles of `R` vectors of rows by `C` columns, the right factor being read along its rows or down its columns.
struct Tiles<'a, T, const R: usize, const C: usize, const ALONG_ROWS: bool, const PACKED: bool>(Run<'a, T>);

impl<T: Wide, const R: usize, const C: usize, const ALONG_ROWS: bool, const PACKED: bool> WithSimd
    for Tiles<'_, T, R, C, ALONG_ROWS, PACKED>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Run { panel, depth, right, stride, advance, begin, fused, out, out_stride, tiles } = self.0;
        let height = R * T::lanes::<S>();
        for tile in 0..tiles {
            let (right, out) = (&right[tile * advance..], &mut out[tile * C * out_stride..]);
            let mut sums = [[T::broadcast(simd, T::default()); R]; C];
            match begin {
                Begin::Zero => {}
                Begin::Start(start) => {
                    for c in 0..C {
                        sums[c] = [T::broadcast(simd, start[tile * C + c]); R];
                    }
                }
                Begin::Before => {
                    for c in 0..C {
                        sums[c].copy_from_slice(&T::vectors::<S>(&out[c * out_stride..][..height]).0[..R]);
                    }
                }
            }
            // Cut to one length, so that the compiler sees that no index is out of bounds.
            let mut columns = [right; C];
            if !ALONG_ROWS {
                for (c, column) in columns.iter_mut().enumerate() {
                    *column = &right[c * stride..][..depth];
                }
            }
            if PACKED {
                let left = &T::vectors::<S>(panel.entries).0.as_chunks().0[..depth];
                let rows = if ALONG_ROWS { &right.as_chunks::<C>().0[..depth] } else { &[] };
                for p in 0..depth {
                    let right = |c: usize| if ALONG_ROWS { rows[p][c] } else { columns[c][p] };
                    add::<S, T, R, C, true>(simd, &left[p], right, &mut sums);
                }
            } else {
                for p in 0..depth {
                    let left = &T::vectors::<S>(&panel.entries[p * panel.stride..][..height]).0.as_chunks().0[0];
                    let row = if ALONG_ROWS { &right[p * stride..][..C] } else { &[] };
                    let right = |c: usize| if ALONG_ROWS { row[c] } else { columns[c][p] };
                    add::<S, T, R, C, false>(simd, left, right, &mut sums);
                }
            }
            for c in 0..C {
                // Of a copy, so that the sums themselves stay in registers.
                let mut sums = sums[c];
                if let Some(fused) = fused {
                    fused.apply(simd, &mut sums, (tile * C + c) * out_stride);
                }
                T::vectors_mut::<S>(&mut out[c * out_stride..][..height]).0[..R].copy_from_slice(&sums);
            }
        }
    }
}

/// Do the sums leave no register to spare?
const fn is_tight<S: Simd>(vectors: usize, columns: usize) -> bool {
    most_by_four::<S>() == 3 && vectors * columns == 12
}

/// Adds the products of a column of `R` vectors with a row of `C` numbers.
#[inline(always)]
fn add<S: Simd, T: Wide, const R: usize, const C: usize, const PACKED: bool>(
    simd: S,
    left: &[T::Vector<S>; R],
    right: impl Fn(usize) -> T,
    sums: &mut [[T::Vector<S>; R]; C],
) {
    let mut held = [T::broadcast(simd, T::default()); R];
    held.copy_from_slice(left);
    let tight = PACKED && is_tight::<S>(R, C);
    for (c, sums) in sums.iter_mut().enumerate() {
        // Where sums leave too few registers to hold a column, one vector of it is read again; and the compiler does not see that it knows it.
        if tight {
            compiler_fence(Ordering::SeqCst);
        }
        let right = T::broadcast(simd, right(c));
        for r in 0..R {
            let left = if tight && r == R - 1 { left[r] } else { held[r] };
            sums[r] = T::fused(simd, left, right, sums[r]);
        }
    }
}

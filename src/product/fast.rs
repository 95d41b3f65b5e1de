//! Which loops multiply which factors, and on how many threads.

use std::any::TypeId;

use nalgebra::DMatrix;
use pulp::{Arch, Simd, WithSimd};

use super::wide::Wide;
use super::{Factor, Room, Then};
use crate::elementary::{Function, Rows};
#[cfg(feature = "rayon")]
use crate::parallel::{on_threads, threads_for};
use crate::real::Real;
use crate::vector::{known, known_ref};

/// Below this, a side of the product is thin.
const THIN: usize = 8;

/// Products of numbers for which a thread is worth waking.
#[cfg(feature = "rayon")]
const TERMS: usize = 1 << 20;

/// A factor, held column after column.
#[derive(Clone, Copy)]
pub(super) struct Held<'a, W> {
    pub(super) entries: &'a [W],
    /// From a column to the next.
    pub(super) stride: usize,
    pub(super) transposed: bool,
}

impl<'a, W: Wide> Held<'a, W> {
    /// None if the numbers are of another type.
    fn of<T: Real>(factor: Factor<'a, T>) -> Option<Self> {
        let entries = known_ref::<_, DMatrix<W>>(factor.entries)?.as_slice();
        Some(Self { entries, stride: factor.shape.0, transposed: factor.transposed })
    }
}

/// What becomes of the entries: see [`Then`].
#[derive(Clone, Copy)]
pub(super) struct Finish<'a, W> {
    pub(super) function: Function,
    pub(super) of: Option<&'a [W]>,
}

/// What is to be multiplied, and where it goes.
pub(super) struct Product<'a, W> {
    pub(super) left: Held<'a, W>,
    pub(super) right: Held<'a, W>,
    /// The columns of the left factor, and rows of the right one.
    pub(super) inner: usize,
    /// A number for each column, to be added.
    pub(super) start: Option<&'a [W]>,
    pub(super) finish: Option<Finish<'a, W>>,
    pub(super) out: &'a mut [W],
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Is it summed along the columns of both factors?
    pub(super) along: bool,
    /// Room for copies.
    pub(super) room: &'a mut Vec<W>,
}

/// See [`finishes`](super::finishes).
pub(super) fn finishes<T: Real>([rows, terms, columns]: [usize; 3]) -> bool {
    let is_known = [TypeId::of::<f32>(), TypeId::of::<f64>()].contains(&TypeId::of::<T>());
    is_known && Arch::new().dispatch(HasVectors) && columns >= THIN && rows >= THIN && terms > 0
}

struct HasVectors;

impl WithSimd for HasVectors {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        !S::IS_SCALAR
    }
}

/// The threads that so many entries, of so many terms each and in so many columns, are worth.
#[cfg(feature = "rayon")]
pub(super) fn threads(entries: usize, terms: usize, columns: usize) -> usize {
    if columns < THIN { 1 } else { threads_for(entries.saturating_mul(terms), TERMS) }
}

/// Multiplies numbers of type `W`; false if they are of another, or if the machine has no vectors for them.
pub(super) fn multiply<T: Real, W: Wide>(
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    start: Option<&DMatrix<T>>,
    then: Option<Then<'_, T>>,
    out: &mut DMatrix<T>,
    room: &mut Room<T>,
) -> bool {
    let inner = if left.transposed { left.shape.0 } else { left.shape.1 };
    let (rows, columns) = out.shape();
    let (Some(left), Some(right), Some(out), Some(rooms)) =
        (Held::of(left), Held::of(right), known::<_, DMatrix<W>>(out), known::<_, Vec<Vec<W>>>(&mut room.copies))
    else {
        return false;
    };
    if inner == 0 || out.is_empty() {
        return false;
    }
    let start = start.and_then(|start| known_ref::<_, DMatrix<W>>(start)).map(DMatrix::as_slice);
    let finish = then.map(|Then { function, of }| {
        let of = of.and_then(known_ref::<_, DMatrix<W>>).map(DMatrix::as_slice);
        Finish { function, of }
    });
    let out = out.as_mut_slice();
    let along = left.transposed && !right.transposed && start.is_none() && rows.min(columns) < THIN;
    #[cfg(feature = "rayon")]
    {
        let threads = threads(out.len(), inner, columns);
        if threads > 1 && Arch::new().dispatch(HasVectors) {
            let product =
                Product { left, right, inner, start, finish, out, rows, columns, along, room: &mut Vec::new() };
            by_columns(product, threads, rooms);
            return true;
        }
    }
    W::multiply(&mut Product { left, right, inner, start, finish, out, rows, columns, along, room: &mut rooms[0] })
}

impl<W: Wide> Product<'_, W> {
    /// Lets become of these rows and columns what is to become of them.
    // Never inlined: see `copies.rs`.
    #[inline(never)]
    pub(super) fn finish(&mut self, [from, to]: [usize; 2], [first, end]: [usize; 2]) {
        if let Some(Finish { function, of }) = self.finish {
            let place = first * self.rows + from..(end - 1) * self.rows + to;
            let rows = Rows { count: to - from, stride: self.rows };
            function.finish(of.map(|of| &of[place.clone()]), &mut self.out[place], rows);
        }
    }
}

impl<W: Wide> WithSimd for &mut Product<'_, W> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        // A constant, so that nothing is compiled for a machine without vectors.
        if S::IS_SCALAR {
            false
        } else {
            if self.along {
                self.along(simd);
            } else {
                self.across(simd);
            }
            true
        }
    }
}

/// Some columns on each thread. An entry is the same sum on however many.
#[cfg(feature = "rayon")]
fn by_columns<W: Wide>(product: Product<'_, W>, threads: usize, rooms: &mut Vec<Vec<W>>) {
    let Product { left, right, inner, start, finish, out, rows, columns, along, .. } = product;
    let each = columns.div_ceil(threads).next_multiple_of(4);
    rooms.resize_with(rooms.len().max(columns.div_ceil(each)), Vec::new);
    on_threads(threads, out.chunks_mut(each * rows).zip(rooms).enumerate(), |(part, (out, room))| {
        let first = part * each;
        let entries = &right.entries[if right.transposed { first } else { first * right.stride }..];
        let start = start.map(|start| &start[first..]);
        let finish = finish.map(|finish| Finish { of: finish.of.map(|of| &of[first * rows..]), ..finish });
        let right = Held { entries, ..right };
        let columns = out.len() / rows;
        W::multiply(&mut Product { left, right, inner, start, finish, out, rows, columns, along, room });
    });
}

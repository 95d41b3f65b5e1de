//! Some rows of a matrix, where loops over them are fast.

use nalgebra::DMatrix;

use super::{Kernel, vectorised};
use crate::real::Real;

/// Rows taken at a time: sixteen columns of them stay in the nearest cache.
pub(crate) const NEAR_ROWS: usize = 128;

/// Rows read at a time. Many, because a column is read on and on, where memory is fastest; no multiple of 512, at which distance columns would
/// get into each other's way in the cache.
pub(crate) const READ_ROWS: usize = 992;

/// Rows of a matrix, column by column. Each column is filled up with copies of its last entry to a multiple of 32 entries, or of
/// 16 where there are fewer, so that loops over them leave no rest.
pub(crate) struct Block<T> {
    entries: Vec<T>,
    height: usize,
    columns: usize,
}

impl<T: Real> Block<T> {
    /// No rows yet.
    pub(crate) fn new(columns: usize) -> Self {
        Self { entries: Vec::new(), height: 0, columns }
    }

    /// Takes in `count` rows of `rows` from row `first` on, less `shift`.
    pub(crate) fn load(&mut self, rows: &DMatrix<T>, first: usize, count: usize, shift: &[T]) {
        // One row alone goes one by one: sixteen copies of it would take longer.
        self.make_room(if count == 1 { 1 } else { padded(count) });
        let (all, from) = (rows.nrows(), rows.as_slice());
        vectorised(Load { from, all, first, count, shift, to: &mut self.entries, height: self.height });
    }

    /// Makes room for `count` rows, and leaves open what is in them.
    pub(crate) fn resize(&mut self, count: usize) {
        self.make_room(padded(count));
    }

    fn make_room(&mut self, height: usize) {
        self.height = height;
        self.entries.resize(self.height * self.columns, T::zero());
    }

    /// The entries of each column.
    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The columns, one after another.
    pub(crate) fn entries(&self) -> &[T] {
        &self.entries
    }

    /// The columns, one after another.
    pub(crate) fn entries_mut(&mut self) -> &mut [T] {
        &mut self.entries
    }
}

struct Load<'a, T> {
    from: &'a [T],
    all: usize,
    first: usize,
    count: usize,
    shift: &'a [T],
    to: &'a mut [T],
    height: usize,
}

impl<T: Real> Kernel for Load<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { from, all, first, count, shift, to, height } = self;
        for ((to, from), &shift) in to.chunks_exact_mut(height).zip(from.chunks_exact(all)).zip(shift) {
            let (taken, rest) = to.split_at_mut(count);
            for (to, &x) in taken.iter_mut().zip(&from[first..]) {
                *to = x - shift;
            }
            rest.fill(taken.last().copied().unwrap_or_else(T::zero));
        }
    }
}

/// The entries that so many rows take in a column of a [`Block`].
pub(crate) fn padded(rows: usize) -> usize {
    rows.next_multiple_of(if rows > 16 { 32 } else { 16 })
}

/// A loop over columns, some entries at a time.
pub(crate) trait ColumnKernel {
    type Output;

    /// The entries of each column.
    fn height(&self) -> usize;

    /// Runs with `N` entries at a time, of which the height is a multiple. To be inlined.
    fn by<const N: usize>(self) -> Self::Output;
}

/// Runs a loop over columns with as many entries at a time as go into their height.
pub(crate) fn over_columns<K: ColumnKernel>(kernel: K) -> K::Output {
    struct ByLanes<K>(K);

    impl<K: ColumnKernel> Kernel for ByLanes<K> {
        type Output = K::Output;

        #[inline(always)]
        fn run(self) -> K::Output {
            let height = self.0.height();
            if height.is_multiple_of(32) { self.0.by::<32>() } else { self.0.by::<16>() }
        }
    }

    // Entries one by one gain nothing by wider instructions, and to ask for these takes time.
    if kernel.height().is_multiple_of(16) { vectorised(ByLanes(kernel)) } else { kernel.by::<1>() }
}

/// `N` entries from `at` on.
#[inline(always)]
pub(crate) fn chunk<T: Real, const N: usize>(entries: &[T], at: usize) -> [T; N] {
    let mut taken = [T::zero(); N];
    taken.copy_from_slice(&entries[at..][..N]);
    taken
}

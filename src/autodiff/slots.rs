//! Where values are kept: buffers that steps of any kind share.

use nalgebra::DMatrix;

use crate::real::{Real, reshape};

/// Steps after which buffers of a size that no step has asked for are given back. A loop may go through as many different steps and still
/// allocates nothing.
const PATIENCE: usize = 16;

/// The slot of what is nowhere; it holds a matrix without entries.
pub(crate) const NOWHERE: usize = 0;

/// Matrices, by their number of entries: another shape costs nothing, another size would be filled anew.
pub(crate) struct Slots<T> {
    matrices: Vec<DMatrix<T>>,
    sizes: Vec<Size>,
    /// Which size a number of entries was found at last, by some of its digits.
    guesses: [usize; 1 << GUESS_BITS],
    /// Slots whose matrices were given back.
    empty: Vec<usize>,
}

/// As a rule, 2 to the power of this many sizes are found without a search.
const GUESS_BITS: u32 = 6;

/// The slots of one size.
struct Size {
    entries: usize,
    slots: Vec<usize>,
    /// How many are taken.
    taken: usize,
    /// Steps since one was.
    idle: usize,
}

impl<T: Real> Slots<T> {
    /// How many there are, taken or not.
    pub(crate) fn count(&self) -> usize {
        self.matrices.len() - 1 - self.empty.len()
    }

    /// A matrix of this shape that is not taken, with numbers left over from before; none if there is no memory for it.
    #[inline]
    pub(crate) fn take(&mut self, (rows, columns): (usize, usize)) -> Option<usize> {
        let entries = rows * columns;
        // Fibonacci hashing: numbers of entries are powers of 2 more often than not.
        let guess = ((entries as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - GUESS_BITS)) as usize;
        let is_it = |size: &Size| size.entries == entries;
        let mut size = self.guesses[guess];
        if !self.sizes.get(size).is_some_and(is_it) {
            let Some(found) = self.sizes.iter().position(is_it) else { return self.make(rows, columns) };
            (self.guesses[guess], size) = (found, found);
        }
        let size = &mut self.sizes[size];
        let Some(&slot) = size.slots.get(size.taken) else { return self.make(rows, columns) };
        size.taken += 1;
        reshape(&mut self.matrices[slot], rows, columns).then_some(slot)
    }

    #[cold]
    fn make(&mut self, rows: usize, columns: usize) -> Option<usize> {
        let mut matrix = DMatrix::zeros(0, 0);
        if !reshape(&mut matrix, rows, columns) {
            return None;
        }
        let slot = self.empty.pop().unwrap_or_else(|| {
            self.matrices.push(DMatrix::zeros(0, 0));
            self.matrices.len() - 1
        });
        self.matrices[slot] = matrix;
        let entries = rows * columns;
        match self.sizes.iter_mut().find(|size| size.entries == entries) {
            Some(size) => {
                size.slots.push(slot);
                size.taken += 1;
            }
            None => self.sizes.push(Size { entries, slots: vec![slot], taken: 1, idle: 0 }),
        }
        Some(slot)
    }

    /// Takes all of them back.
    pub(crate) fn clear(&mut self) {
        let Self { matrices, sizes, empty, .. } = self;
        sizes.retain_mut(|size| {
            size.idle = if size.taken > 0 { 0 } else { size.idle + 1 };
            size.taken = 0;
            let stays = size.idle < PATIENCE;
            if !stays {
                for &slot in &size.slots {
                    matrices[slot] = DMatrix::zeros(0, 0);
                    empty.push(slot);
                }
            }
            stays
        });
    }

    #[inline]
    pub(crate) fn get(&self, slot: usize) -> &DMatrix<T> {
        &self.matrices[slot]
    }

    /// What is in a slot, and in those before and after it.
    #[inline]
    pub(crate) fn around(&mut self, slot: usize) -> (&[DMatrix<T>], &mut DMatrix<T>, &[DMatrix<T>]) {
        let (before, rest) = self.matrices.split_at_mut(slot);
        let (matrix, after) = rest.split_at_mut(1);
        (before, &mut matrix[0], after)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: usize) -> &mut DMatrix<T> {
        &mut self.matrices[slot]
    }
}

impl<T: Real> Default for Slots<T> {
    fn default() -> Self {
        Self {
            matrices: vec![DMatrix::zeros(0, 0)],
            sizes: Vec::new(),
            guesses: [0; 1 << GUESS_BITS],
            empty: Vec::new(),
        }
    }
}

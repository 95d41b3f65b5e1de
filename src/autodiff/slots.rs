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
    kept: Vec<Kept<T>>,
    sizes: Vec<Size>,
    /// Which size a number of entries was found at last, by some of its digits; wrong, and searched for, of more sizes than a byte counts.
    guesses: [u8; 1 << GUESS_BITS],
    /// The first of the slots whose matrices were given back, which are a list as well.
    empty: usize,
}

/// As a rule, 2 to the power of this many sizes are found without a search.
const GUESS_BITS: u32 = 6;

/// What is in a slot.
pub(super) struct Kept<T> {
    pub(super) matrix: DMatrix<T>,
    /// The next slot of the same size, or the next empty one, and after the last one nowhere. In a list, because between two kernels the cache holds little of all this: each
    /// thing that is looked up costs.
    next: usize,
}

impl<T: Real> Kept<T> {
    fn nothing() -> Self {
        Self { matrix: DMatrix::zeros(0, 0), next: NOWHERE }
    }
}

/// The slots of one size.
struct Size {
    entries: usize,
    /// The first of them, and the first that is not taken.
    first: usize,
    free: usize,
    /// Steps since one was.
    idle: usize,
}

impl<T: Real> Slots<T> {
    /// How many there are, taken or not.
    pub(crate) fn count(&self) -> usize {
        let follow = |slot: &usize| Some(self.kept[*slot].next);
        let empty = std::iter::successors(Some(self.empty), follow).take_while(|&slot| slot != NOWHERE).count();
        self.kept.len() - 1 - empty
    }

    /// A matrix of this shape that is not taken, with numbers left over from before; none if there is no memory for it.
    #[inline]
    pub(crate) fn take(&mut self, (rows, columns): (usize, usize)) -> Option<usize> {
        let entries = rows * columns;
        // Fibonacci hashing: numbers of entries are powers of 2 more often than not.
        let guess = ((entries as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - GUESS_BITS)) as usize;
        let is_it = |size: &Size| size.entries == entries;
        let mut size = usize::from(self.guesses[guess]);
        if !self.sizes.get(size).is_some_and(is_it) {
            let Some(found) = self.sizes.iter().position(is_it) else { return self.make(rows, columns) };
            (self.guesses[guess], size) = (found as u8, found);
        }
        let size = &mut self.sizes[size];
        let slot = size.free;
        if slot == NOWHERE {
            return self.make(rows, columns);
        }
        let kept = &mut self.kept[slot];
        size.free = kept.next;
        reshape(&mut kept.matrix, rows, columns).then_some(slot)
    }

    #[cold]
    fn make(&mut self, rows: usize, columns: usize) -> Option<usize> {
        let mut matrix = DMatrix::zeros(0, 0);
        if !reshape(&mut matrix, rows, columns) {
            return None;
        }
        let mut slot = self.empty;
        if slot == NOWHERE {
            slot = self.kept.len();
            self.kept.push(Kept::nothing());
        }
        self.empty = self.kept[slot].next;
        let entries = rows * columns;
        // In front of the others of its size, all of which are taken.
        let next = match self.sizes.iter_mut().find(|size| size.entries == entries) {
            Some(size) => std::mem::replace(&mut size.first, slot),
            None => {
                self.sizes.push(Size { entries, first: slot, free: NOWHERE, idle: 0 });
                NOWHERE
            }
        };
        self.kept[slot] = Kept { matrix, next };
        Some(slot)
    }

    /// Takes all of them back.
    pub(crate) fn clear(&mut self) {
        let Self { kept, sizes, empty, .. } = self;
        sizes.retain_mut(|size| {
            size.idle = if size.free == size.first { size.idle + 1 } else { 0 };
            size.free = size.first;
            let stays = size.idle < PATIENCE;
            if !stays {
                let mut slot = size.first;
                while slot != NOWHERE {
                    let given_back = Kept { matrix: DMatrix::zeros(0, 0), next: std::mem::replace(empty, slot) };
                    slot = std::mem::replace(&mut kept[slot], given_back).next;
                }
            }
            stays
        });
    }

    #[inline]
    pub(crate) fn get(&self, slot: usize) -> &DMatrix<T> {
        &self.kept[slot].matrix
    }

    /// What is in a slot, and in those before and after it.
    #[inline]
    pub(super) fn around(&mut self, slot: usize) -> (&[Kept<T>], &mut DMatrix<T>, &[Kept<T>]) {
        let (before, rest) = self.kept.split_at_mut(slot);
        let (kept, after) = rest.split_at_mut(1);
        (before, &mut kept[0].matrix, after)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: usize) -> &mut DMatrix<T> {
        &mut self.kept[slot].matrix
    }
}

impl<T: Real> Default for Slots<T> {
    fn default() -> Self {
        Self { kept: vec![Kept::nothing()], sizes: Vec::new(), guesses: [0; 1 << GUESS_BITS], empty: NOWHERE }
    }
}

//! Products of one or two terms: what stays in registers is the left factor, not the sums.

use pulp::{Simd, WithSimd};

use super::across::{Part, apart};
use super::fast::{Held, Product};
use super::wide::Wide;

/// So many terms are few.
pub(super) const FEW: usize = 2;

impl<T: Wide> Product<'_, T> {
    /// `R` vectors of rows of some columns; of a left factor that is not held as its transpose. Returns R.
    #[inline(always)]
    pub(super) fn few<S: Simd, const R: usize>(
        &mut self,
        simd: S,
        Part { i, columns: [first, end], .. }: Part,
    ) -> usize {
        let Self { left, right, rows, .. } = *self;
        let [to_column, to_term] = if right.transposed { [1, right.stride] } else { [right.stride, 1] };
        let right = Right { entries: &right.entries[first * to_column..], to_column, to_term };
        let start = self.start.map(|start| &start[first..end]);
        let out = &mut self.out[first * rows + i..end * rows];
        if self.inner == 1 {
            apart(simd, Few::<_, R, 1> { left, i, right, start, out, rows });
        } else {
            apart(simd, Few::<_, R, FEW> { left, i, right, start, out, rows });
        }
        R
    }
}

/// A right factor, and how far it is from an entry to those of the next column and of the next term.
#[derive(Clone, Copy)]
struct Right<'a, T> {
    entries: &'a [T],
    to_column: usize,
    to_term: usize,
}

/// Sums of `TERMS` products, for `R` vectors of rows.
struct Few<'a, T, const R: usize, const TERMS: usize> {
    left: Held<'a, T>,
    /// The first row.
    i: usize,
    right: Right<'a, T>,
    start: Option<&'a [T]>,
    /// Where sums go, from the first row of the first column on.
    out: &'a mut [T],
    rows: usize,
}

impl<T: Wide, const R: usize, const TERMS: usize> WithSimd for Few<'_, T, R, TERMS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, i, right, start, out, rows } = self;
        let height = R * T::lanes::<S>();
        let mut terms = [[T::broadcast(simd, T::default()); R]; TERMS];
        for (p, term) in terms.iter_mut().enumerate() {
            term.copy_from_slice(&T::vectors::<S>(&left.entries[p * left.stride + i..][..height]).0[..R]);
        }
        for (j, out) in out.chunks_mut(rows).enumerate() {
            let mut sums = [T::broadcast(simd, start.map_or(T::default(), |start| start[j])); R];
            for (p, term) in terms.iter().enumerate() {
                let right = T::broadcast(simd, right.entries[j * right.to_column + p * right.to_term]);
                for r in 0..R {
                    sums[r] = T::fused(simd, term[r], right, sums[r]);
                }
            }
            T::vectors_mut::<S>(&mut out[..height]).0[..R].copy_from_slice(&sums);
        }
    }
}

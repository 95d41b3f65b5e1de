//! Products of one or two terms: nothing is summed up, it is all writing.

use pulp::{Simd, WithSimd};

use super::across::{Part, apart};
use super::fast::{Held, Product};
use super::fused::{Fused, times_step};
use super::wide::Wide;

/// So many terms are few.
pub(super) const FEW: usize = 2;

/// With fewer columns there is more to read than to write.
pub(super) const FEWEST_COLUMNS: usize = 3;

/// Vectors of rows taken at a time: so many of the left factor stay in the nearest cache, and what is written goes down a column for a while before it goes
/// on to the next, which is far away.
const TALL: usize = 64;

impl<T: Wide> Product<'_, T> {
    /// Some vectors of rows of some columns; of a left factor that is not held as its transpose. Returns how many vectors.
    #[inline(always)]
    pub(super) fn few<S: Simd>(
        &mut self,
        simd: S,
        Part { i, columns: [first, end], .. }: Part,
        fused: Option<Fused<'_, T>>,
    ) -> usize {
        let Self { left, right, rows, .. } = *self;
        let vectors = TALL.min((rows - i) / T::lanes::<S>());
        let [to_column, to_term] = if right.transposed { [1, right.stride] } else { [right.stride, 1] };
        let right = Right { entries: &right.entries[first * to_column..], to_column, to_term };
        let start = self.start.map(|start| &start[first..end]);
        let fused = fused.map(|fused| fused.from(first * rows + i));
        let out = &mut self.out[first * rows + i..end * rows];
        let left = Held { entries: &left.entries[i..], ..left };
        if self.inner == 1 {
            apart(simd, Few::<_, 1> { left, vectors, right, start, fused, out, rows });
        } else {
            apart(simd, Few::<_, FEW> { left, vectors, right, start, fused, out, rows });
        }
        vectors
    }
}

/// A right factor, and how far it is from an entry to those of the next column and of the next term.
#[derive(Clone, Copy)]
struct Right<'a, T> {
    entries: &'a [T],
    to_column: usize,
    to_term: usize,
}

/// Sums of `TERMS` products, for some vectors of rows.
struct Few<'a, T, const TERMS: usize> {
    /// From the first row on.
    left: Held<'a, T>,
    vectors: usize,
    right: Right<'a, T>,
    start: Option<&'a [T]>,
    fused: Option<Fused<'a, T>>,
    /// Where sums go, from the first row of the first column on.
    out: &'a mut [T],
    rows: usize,
}

impl<T: Wide, const TERMS: usize> WithSimd for Few<'_, T, TERMS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, vectors, right, start, fused, out, rows } = self;
        let mut terms: [&[T::Vector<S>]; TERMS] = [&[]; TERMS];
        for (p, term) in terms.iter_mut().enumerate() {
            *term = &T::vectors::<S>(&left.entries[p * left.stride..]).0[..vectors];
        }
        for (j, out) in out.chunks_mut(rows).enumerate() {
            let mut factors = [T::broadcast(simd, T::default()); TERMS];
            for (p, factor) in factors.iter_mut().enumerate() {
                *factor = T::broadcast(simd, right.entries[j * right.to_column + p * right.to_term]);
            }
            let start = T::broadcast(simd, start.map_or(T::default(), |start| start[j]));
            let out = &mut T::vectors_mut::<S>(out).0[..vectors];
            // A loop of its own for each.
            macro_rules! write {
                (|$v:ident, $sum:ident| $fuse:expr) => {
                    for $v in 0..vectors {
                        let mut $sum = start;
                        for p in 0..TERMS {
                            $sum = T::fused(simd, terms[p][$v], factors[p], $sum);
                        }
                        $fuse;
                        out[$v] = $sum;
                    }
                };
            }
            match fused {
                None => write!(|v, sum| {}),
                Some(Fused::Step(of, low)) => {
                    let of = &T::vectors::<S>(&of[j * rows..]).0[..vectors];
                    write!(|v, sum| sum = times_step(simd, sum, of[v], low));
                }
                Some(Fused::LeakyRelu(slope)) => {
                    write!(|v, sum| Fused::LeakyRelu(slope).apply(simd, std::slice::from_mut(&mut sum), 0));
                }
                Some(Fused::Relu) => {
                    write!(|v, sum| Fused::<T>::Relu.apply(simd, std::slice::from_mut(&mut sum), 0));
                }
            }
        }
    }
}

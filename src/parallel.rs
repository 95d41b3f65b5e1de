//! Work on many rows, part by part.

use std::ops::Range;

use crate::vector::READ_ROWS;

/// Rows of a part. Parts depend on the number of rows alone, so that sums over them do too, and not on who computes them.
const PART: usize = 8 * READ_ROWS;

/// The bytes that what is made of some parts may take until it is joined, unless that is less than two parts for each core.
#[cfg(feature = "rayon")]
const WAITING: usize = 1 << 25;

/// What `work` makes of each part of the rows 0, ..., n − 1, in order, as `join` takes it in; the first error, if there is one. On all cores with
/// feature `rayon`. What is made of a part takes some `size` bytes.
pub(crate) fn by_parts<R: Send, E: Send>(
    n: usize,
    size: usize,
    work: impl Fn(Range<usize>) -> Result<R, E> + Send + Sync,
    mut join: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let part = |start: usize| start..n.min(start + PART);
    #[cfg(not(feature = "rayon"))]
    let _ = size;
    #[cfg(feature = "rayon")]
    if n > PART {
        use rayon::prelude::*;
        let cores = rayon::current_num_threads();
        let together = PART * (WAITING / size.max(1)).clamp(2 * cores, 16 * cores);
        for first in (0..n).step_by(together) {
            let starts: Vec<usize> = (first..n.min(first + together)).step_by(PART).collect();
            let made: Vec<_> = starts.into_par_iter().map(|start| work(part(start))).collect();
            for made in made {
                join(made?)?;
            }
        }
        return Ok(());
    }
    (0..n).step_by(PART).try_for_each(|start| join(work(part(start))?))
}

/// Entries of a chunk: what is computed from them stays in the nearest cache.
const CHUNK: usize = 1 << 12;

/// Entries from which on a second thread is worth waking.
#[cfg(feature = "rayon")]
pub(crate) const MANY: usize = 1 << 17;

/// Calls `work` with every chunk of `out`, and the place of its first entry; each is made from `cost` entries. On all cores with feature `rayon`, if there
/// are many.
#[inline]
pub(crate) fn by_chunks<T: Send>(out: &mut [T], cost: usize, work: impl Fn(usize, &mut [T]) + Send + Sync) {
    let size = if cost > 1 { (CHUNK / cost).max(1) } else { CHUNK };
    #[cfg(feature = "rayon")]
    if out.len().saturating_mul(cost) >= MANY {
        use rayon::prelude::*;
        return out.par_chunks_mut(size).enumerate().for_each(|(chunk, out)| work(chunk * size, out));
    }
    for (chunk, out) in out.chunks_mut(size).enumerate() {
        work(chunk * size, out);
    }
}

//! Work on many rows, part by part.

use std::ops::Range;

use crate::vector::READ_ROWS;

/// Rows of a part. Parts depend on the number of rows alone, so that sums over them do too, and not on who computes them.
const PART: usize = 8 * READ_ROWS;

/// What `work` makes of each part of the rows 0, ..., n − 1, in order, as `join` takes it in; the first error, if there is one. On all cores with
/// feature `rayon`.
pub(crate) fn by_parts<R: Send, E: Send>(
    n: usize,
    work: impl Fn(Range<usize>) -> Result<R, E> + Send + Sync,
    mut join: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let part = |start: usize| start..n.min(start + PART);
    #[cfg(feature = "rayon")]
    if n > PART {
        use rayon::prelude::*;
        // Some parts for each core at a time: what waits to be joined stays small.
        let together = PART * 16 * rayon::current_num_threads();
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

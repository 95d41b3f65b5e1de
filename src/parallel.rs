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

/// Entries read and written for which a thread is worth waking.
#[cfg(feature = "rayon")]
const ENTRIES: usize = 1 << 16;

/// The threads that so many entries are worth, each of which takes as long as to read and write so many.
#[cfg(feature = "rayon")]
pub(crate) fn threads_for_entries(entries: usize, effort: usize) -> usize {
    threads_for(entries.saturating_mul(effort), ENTRIES)
}

/// The threads that some work is worth, if it has to be so much for each; and more on a thread of rayon's own, beside which others may work on something else.
#[cfg(feature = "rayon")]
pub(crate) fn threads_for(work: usize, each: usize) -> usize {
    if work < 2 * each {
        return 1;
    }
    let each = if rayon::current_thread_index().is_some() { 4 * each } else { each };
    rayon::current_num_threads().min(work / each).max(1)
}

/// Calls `work` with every chunk of `out`, and the place of its first entry; each is made from `cost` entries, and each of these takes as long as to read and
/// write `effort`. On all cores with feature `rayon`, if that is worth it.
#[inline]
pub(crate) fn by_chunks<T: Send>(
    out: &mut [T],
    cost: usize,
    effort: usize,
    work: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    let size = if cost > 1 { (CHUNK / cost).max(1) } else { CHUNK };
    let each = |first, out: &mut [T]| {
        for (chunk, out) in out.chunks_mut(size).enumerate() {
            work(first + chunk * size, out);
        }
    };
    #[cfg(feature = "rayon")]
    {
        let threads = threads_for_entries(out.len(), cost.saturating_mul(effort));
        if threads > 1 {
            let together = size * TOGETHER;
            return on_threads(threads, out.chunks_mut(together).enumerate(), |(n, out)| each(n * together, out));
        }
    }
    #[cfg(not(feature = "rayon"))]
    let _ = effort;
    each(0, out);
}

/// Chunks that a thread takes at a time.
#[cfg(feature = "rayon")]
const TOGETHER: usize = 8;

/// Turns of a loop for which a thread waits for the others before it sleeps, some 60 microseconds in all: to be woken may take as long. Every so many it lets
/// another have its core, and at the end it waits some more for what they have to do after their work.
#[cfg(feature = "rayon")]
const TURNS: usize = 1 << 12;
#[cfg(feature = "rayon")]
const YIELD: usize = 64;
#[cfg(feature = "rayon")]
const LAST_WORD: usize = 16;

/// Does every piece of work, on so many threads, this one among them.
///
/// This one begins at once, with what its cache holds, and others help as they wake: rayon's parallel iterators hand all of it to others and wait, which in a step of
/// many short products takes longer than the products.
#[cfg(feature = "rayon")]
pub(crate) fn on_threads<P: Send>(threads: usize, pieces: impl Iterator<Item = P> + Send, work: impl Fn(P) + Sync) {
    use std::hint::spin_loop;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::thread::yield_now;

    let pieces = Mutex::new(pieces);
    let run = || {
        loop {
            // Not held while the piece is worked on.
            let next = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(piece) = next else { break };
            work(piece);
        }
    };
    let others = threads - 1;
    let ended = AtomicUsize::new(0);
    rayon::in_place_scope(|scope| {
        for _ in 0..others {
            scope.spawn(|_| {
                run();
                ended.fetch_add(1, Ordering::Release);
            });
        }
        run();
        // A thread of rayon's own does what it has handed out itself, if nobody else has begun with it.
        if rayon::current_thread_index().is_none() {
            let all_ended = |turn: usize| {
                if turn.is_multiple_of(YIELD) {
                    yield_now()
                } else {
                    spin_loop()
                }
                ended.load(Ordering::Acquire) == others
            };
            if (1..TURNS).any(all_ended) {
                // Their last word to rayon comes after that.
                (0..LAST_WORD).for_each(|_| spin_loop());
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::parallel::{CHUNK, by_chunks};

    /// With one thread and more, in a pool and in none, and where the last chunk and the last piece are short.
    #[test]
    fn every_entry_is_made_once_and_knows_its_place() {
        let run = || {
            for (len, cost) in
                [0, 1, CHUNK, 1 << 18, (1 << 20) + 3 * CHUNK + 7].into_iter().flat_map(|n| [(n, 1), (n, 100)])
            {
                let mut out = vec![0; len];
                by_chunks(&mut out, cost, 1, |first, out| {
                    out.iter_mut().enumerate().for_each(|(i, made)| *made += first + i + 1);
                });
                assert!(out.iter().enumerate().all(|(i, &made)| made == i + 1), "{len} entries, each made from {cost}");
            }
        };
        run();
        #[cfg(feature = "rayon")]
        for threads in [1, 2, 5] {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
        }
    }
}

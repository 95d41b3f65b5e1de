//! Memory: an iteration needs some blocks of rows, however many rows there are.

use allocation_counter::measure;
use fenchel::distribution::Full;
use fenchel::estimate::{GaussianStatistics, SufficientStatistics};
use fenchel::nalgebra::DMatrix;

use crate::{groups, plain, rng};

/// The most bytes in use at a time, on one thread, which is where the counter looks.
fn most_bytes(work: impl FnOnce() + Send) -> u64 {
    #[cfg(feature = "rayon")]
    {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        pool.install(|| measure(work)).bytes_max
    }
    #[cfg(not(feature = "rayon"))]
    measure(work).bytes_max
}

fn of_a_fit(rows: &DMatrix<f64>) -> u64 {
    let em = plain::<Full>(8).restarts(1);
    let start = em.clone().max_iterations(0).fit(rows, &mut rng(61)).unwrap();
    most_bytes(|| {
        em.max_iterations(3).fit_from(rows, start.law()).unwrap();
    })
}

#[test]
fn iterations_need_no_memory_that_grows_with_the_rows() {
    let few = of_a_fit(&groups(50_000, 61));
    let rows = groups(200_000, 61);
    let many = of_a_fit(&rows);
    // Statistics of some parts wait to be joined, of eight components each.
    assert!(many < few + 100_000, "{many} bytes for four times the rows of {few}");
    let column = 8 * rows.nrows() as u64;
    assert!(many < column, "{many} bytes, and responsibilities for one component would be {column}");
}

#[test]
fn a_fit_by_streaming_needs_none() {
    let of = |n: usize| {
        let rows = groups(n, 62);
        most_bytes(|| {
            let mut statistics = GaussianStatistics::empty(2).unwrap();
            statistics.observe(&rows, None).unwrap();
        })
    };
    let (few, many) = (of(50_000), of(200_000));
    assert!(many < few + 10_000, "{many} bytes for four times the rows of {few}");
}

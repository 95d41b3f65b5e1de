//! Independent jobs on all cores, each with a progress bar.

use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Something to be done.
pub struct Job<'a, T> {
    /// Its name.
    pub name: &'static str,
    /// How many steps its bar has.
    pub steps: u64,
    /// How long it takes, in any unit: the longest is begun first.
    pub cost: u64,
    /// What it does, telling the bar of its progress.
    pub work: Box<dyn FnOnce(&ProgressBar) -> T + Send + 'a>,
}

/// Runs the jobs on as many threads as there are cores; names and results come in the order of the jobs. The bars show on a
/// terminal only.
pub fn run<T: Send>(jobs: Vec<Job<'_, T>>) -> Vec<(&'static str, T)> {
    let bars = MultiProgress::new();
    let style = ProgressStyle::with_template("{prefix:26} {bar:40} {pos:>6}/{len} {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let mut queue: Vec<_> = jobs.into_iter().enumerate().collect();
    queue.sort_by_key(|(_, job)| job.cost);
    let queue = Mutex::new(queue);
    let results = Mutex::new(Vec::new());
    let next = || queue.lock().ok()?.pop();
    let work = || {
        while let Some((order, Job { name, steps, work, .. })) = next() {
            let bar = bars.add(ProgressBar::new(steps).with_style(style.clone()).with_prefix(name));
            let result = work(&bar);
            bar.finish_and_clear();
            if let Ok(mut results) = results.lock() {
                results.push((order, name, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|&(order, ..)| order);
    results.into_iter().map(|(_, name, result)| (name, result)).collect()
}

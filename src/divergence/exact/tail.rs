//! How heavy is the tail of what is averaged?

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A number in the order of its size, the smallest first out of a heap.
#[derive(PartialEq)]
struct Smallest(f64);

impl Eq for Smallest {}

impl PartialOrd for Smallest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Smallest {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

/// The largest of `n` terms, as many as the tail of n draws is taken to have: min(n/20, 3 √n), and one more.
pub(super) struct Tail {
    capacity: usize,
    largest: BinaryHeap<Smallest>,
}

impl Tail {
    pub(super) fn of(n: usize) -> Self {
        let capacity = (n as f64 / 20.0).min(3.0 * (n as f64).sqrt()) as usize + 1;
        Self { capacity, largest: BinaryHeap::new() }
    }

    pub(super) fn push(&mut self, term: f64) {
        if self.largest.len() < self.capacity {
            self.largest.push(Smallest(term));
        } else if self.largest.peek().is_some_and(|least| least.0 < term) {
            self.largest.pop();
            self.largest.push(Smallest(term));
        }
    }

    /// Do the terms say that their variance is infinite? They do if the shape k of the generalised Pareto law fitted to their tail is at least ½, beyond which
    /// it has no variance, by two of its standard errors, (1 + k)/√(length). Of fewer than a hundred draws nothing can be said.
    ///
    /// Vehtari et al. (2024), *Pareto smoothed importance sampling*, draw the line at k = 0.7; with ten thousand draws that is this one. Their tail is a
    /// fifth of few draws, which reaches into the body of f(p/q).
    pub(super) fn has_infinite_variance(self) -> bool {
        let length = self.largest.len().saturating_sub(1) as f64;
        let k = self.shape();
        k - 2.0 * (1.0 + k) / length.sqrt() >= 0.5
    }

    /// The shape k of the generalised Pareto law fitted to the excesses over the smallest; 0 for fewer than five excesses, or if they are all the same.
    ///
    /// Zhang and Stephens (2009), *A new and efficient estimation method for the generalized Pareto distribution*.
    fn shape(self) -> f64 {
        let sorted: Vec<f64> = self.largest.into_sorted_vec().into_iter().map(|Smallest(term)| term).collect();
        let Some((&threshold, rest)) = sorted.split_last() else { return 0.0 };
        let excesses: Vec<f64> = rest.iter().rev().map(|term| term - threshold).collect(); // from the smallest up
        let n = excesses.len();
        let (Some(&largest), Some(&quartile)) = (excesses.last(), excesses.get((n + 2) / 4)) else { return 0.0 };
        if n < 5 || largest <= 0.0 || quartile <= 0.0 || !largest.is_finite() {
            return 0.0;
        }
        let mean_ln = |b: f64| excesses.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n as f64;
        // The profile likelihood over a grid of b = -k/scale, and the posterior mean of b.
        let grid = 30 + (n as f64).sqrt() as usize;
        let candidates: Vec<(f64, f64)> = (1..=grid)
            .map(|j| {
                let b = largest.recip() + (1.0 - (grid as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile);
                let k = mean_ln(b);
                (b, n as f64 * ((-b / k).ln() - k - 1.0))
            })
            .filter(|(_, ln_likelihood)| ln_likelihood.is_finite())
            .collect();
        let best = candidates.iter().map(|&(_, l)| l).fold(f64::NEG_INFINITY, f64::max);
        let (weighted, weights) = candidates.iter().fold((0.0, 0.0), |(sum, weights), &(b, l)| {
            let weight = (l - best).exp();
            (sum + weight * b, weights + weight)
        });
        let k = mean_ln(weighted / weights);
        if k.is_nan() { 0.0 } else { k }
    }
}

//! SM3.

use nalgebra::DMatrix;

use super::adagrad::over_root;
use super::rule::{Faded, Leaf, Rule, Step};
use super::{OptimError, Optimizer, setting};
use crate::real::{Real, real};

/// SM3: [`Adagrad`](super::Adagrad) that keeps one sum for each row and one for each column, not one for each entry.
///
/// ```text
/// s = min(a, b) + g²            a: the sum of the entry's row, b: that of its column
/// a ← the largest s of the row,  b ← the largest s of the column
/// m ← μ m + (1 − μ) g/√s        g/√s is 0 where s is 0
/// θ ← θ − rate m
/// ```
///
/// The momentum μ is 0.9 by default, as in JAX. This is the paper's SM3-II, with rows and columns for its covers; of a single row or column it is
/// Adagrad. A sum that would overflow is an error, as a gradient too large to square is. Anil, Gupta, Koren and Singer (2019),
/// *Memory-efficient adaptive optimization*.
pub type Sm3<T> = Optimizer<T, Sm3Rule>;

/// The rule of [`Sm3`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Sm3Rule {
    momentum: f64,
}

impl Default for Sm3Rule {
    fn default() -> Self {
        Self { momentum: 0.9 }
    }
}

/// The state is m, the sums of the rows, those of the columns, and room for the next sums of the rows.
impl<T: Real> Rule<T> for Sm3Rule {
    const NAME: &'static str = "sm3";
    const SLOTS: usize = 4;

    fn check(&self) -> Result<(), OptimError> {
        setting::decay::<T>("the momentum", self.momentum)
    }

    fn slot_shape(&self, slot: usize, (rows, columns): (usize, usize)) -> (usize, usize) {
        match slot {
            0 => (rows, columns),
            // Of no entries there may be more columns than a matrix can have sums for.
            _ if rows == 0 || columns == 0 => (0, 0),
            2 => (1, columns),
            _ => (rows, 1),
        }
    }

    fn holds(&self, slot: usize, value: T) -> bool {
        value.is_finite() && (slot == 0 || value >= T::zero())
    }

    fn takes(&self, gradient: T, (row, column): (usize, usize), state: &[DMatrix<T>]) -> bool {
        let sum = |slot: usize, index: usize| {
            let sums = state.get(slot).map_or(&[][..], DMatrix::as_slice);
            sums.get(index).copied().unwrap_or(T::zero())
        };
        (sum(1, row).min(sum(2, column)) + gradient * gradient).is_finite()
    }

    fn step(&self, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [mean, rows, columns, next_rows] = state else { return };
        let (rate, faded) = (real::<T>(step.rate), Faded::new());
        let (momentum, keep) = (real::<T>(self.momentum), real::<T>(1.0 - self.momentum));
        next_rows.fill(T::zero());
        let mut entries = leaf.entries().zip(mean.as_mut_slice());
        for of_column in columns.as_mut_slice() {
            let mut next_of_column = T::zero();
            for (of_row, next_of_row) in rows.iter().zip(next_rows.as_mut_slice()) {
                let Some((entry, mean)) = entries.next() else { return };
                let g = entry.gradient();
                let sum = of_row.min(*of_column) + g * g;
                *next_of_row = next_of_row.max(sum);
                next_of_column = next_of_column.max(sum);
                *mean = faded.or_zero(momentum * *mean + keep * over_root(g, sum));
                entry.descend(rate * *mean);
            }
            *of_column = next_of_column;
        }
        std::mem::swap(rows, next_rows);
    }
}

impl<T: Real> Sm3<T> {
    /// The same with another momentum.
    ///
    /// # Errors
    ///
    /// One outside [0, 1).
    pub fn with_momentum(self, momentum: f64) -> Result<Self, OptimError> {
        self.with(|rule| rule.momentum = momentum)
    }
}

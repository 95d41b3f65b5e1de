//! Log-sum-exp, of some values and along the rows of a block.

use std::ops::Range;

use super::lane::{Lane, known};
use super::{Kernel, vectorised};
use crate::real::{Real, real};

/// Rows taken at a time: what is kept of them stays in the nearest cache.
const ROWS: usize = 128;

/// ln Σ eˣ over the values; −∞ for none. One pass for the largest value, one for the sum.
///
/// ```
/// let ln_sum = fenchel::special::ln_sum_exp(&[1000.0_f64, 1000.0]);
/// assert!((ln_sum - (1000.0 + 2.0_f64.ln())).abs() < 1e-12);
/// ```
pub fn ln_sum_exp<T: Real>(values: &[T]) -> T {
    let largest = largest(values);
    if !largest.is_finite() {
        // -∞ for none or all -∞, +∞ if one is +∞; but a NaN, which never compares larger, goes first.
        return values.iter().copied().find(|x| x.partial_cmp(x).is_none()).unwrap_or(largest);
    }
    values.iter().fold(T::zero(), |sum, &x| sum + (x - largest).exp()).ln() + largest
}

/// The largest of the values; −∞ for none, and NaN is never larger.
pub(crate) fn largest<T: Real>(values: &[T]) -> T {
    values.iter().fold(real(f64::NEG_INFINITY), |m, &x| if x > m { x } else { m })
}

/// ln Σ eᵗ along the rows of a block, into `ln_sums`, which has one entry for each row. The block is its columns one after another.
/// `terms` has no meaning afterwards.
pub(crate) fn ln_sum_exp_rows<T: Real>(terms: &mut Vec<T>, ln_sums: &mut Vec<T>) {
    by_type::<T, false>(terms, ln_sums);
}

/// The same, and the terms as shares of their row: eᵗ/Σ eᵗ; of no meaning where ln Σ eᵗ is infinite or NaN.
///
/// Off the largest and over the sum: beside terms of -1e20, say, ln Σ eᵗ has no digits left for the number of terms.
pub(crate) fn responsibilities<T: Real>(terms: &mut Vec<T>, ln_sums: &mut Vec<T>) {
    by_type::<T, true>(terms, ln_sums);
}

fn by_type<T: Real, const SHARES: bool>(terms: &mut Vec<T>, ln_sums: &mut Vec<T>) {
    if terms.len() == ln_sums.len() {
        ln_sums.clone_from(terms);
        return terms.fill(T::one());
    }
    if let (Some(terms), Some(ln_sums)) = (known::<_, Vec<f64>>(terms), known::<_, Vec<f64>>(ln_sums)) {
        return vectorised(LnSumExp::<_, SHARES> { terms, ln_sums });
    }
    if let (Some(terms), Some(ln_sums)) = (known::<_, Vec<f32>>(terms), known::<_, Vec<f32>>(ln_sums)) {
        return vectorised(LnSumExp::<_, SHARES> { terms, ln_sums });
    }
    let rows = ln_sums.len();
    for (row, ln_sum) in ln_sums.iter_mut().enumerate() {
        let mut of_row: Vec<T> = terms.iter().skip(row).step_by(rows).copied().collect();
        *ln_sum = ln_sum_exp(&of_row);
        if SHARES {
            let largest = largest(&of_row);
            of_row.iter_mut().for_each(|term| *term = (*term - largest).exp());
            let sum = of_row.iter().fold(T::zero(), |sum, &e| sum + e);
            terms.iter_mut().skip(row).step_by(rows).zip(&of_row).for_each(|(term, &e)| *term = e / sum);
        }
    }
}

struct LnSumExp<'a, L, const SHARES: bool> {
    terms: &'a mut [L],
    ln_sums: &'a mut [L],
}

impl<L: Lane, const SHARES: bool> Kernel for LnSumExp<'_, L, SHARES> {
    type Output = ();

    // Loop after loop, because in one long loop too few rows are under way at a time to hide how long each operation takes.
    #[inline(always)]
    fn run(self) {
        let Self { terms, ln_sums } = self;
        let rows = ln_sums.len();
        let mut sum = [L::zero(); ROWS];
        for (start, ln_sums) in (0..rows).step_by(ROWS).zip(ln_sums.chunks_mut(ROWS)) {
            let block = start..start + ln_sums.len();
            let sum = &mut sum[..ln_sums.len()];
            if terms.len() == 2 * rows {
                let (first, second) = terms.split_at_mut(rows);
                exponentials_of_two([&mut first[block.clone()], &mut second[block.clone()]], ln_sums, sum);
            } else {
                exponentials(terms, rows, &block, ln_sums, sum);
            }
            ln_sums.iter_mut().zip(&*sum).for_each(|(ln_sum, &sum)| *ln_sum += sum.ln_lane());
            if SHARES {
                for column in terms.chunks_exact_mut(rows) {
                    column[block.clone()].iter_mut().zip(&*sum).for_each(|(e, &sum)| *e /= sum);
                }
            }
        }
    }
}

/// The largest term of every row, the terms as exponentials of what they are below it, and the sum of these.
#[inline(always)]
fn exponentials<L: Lane>(terms: &mut [L], rows: usize, block: &Range<usize>, largest: &mut [L], sum: &mut [L]) {
    largest.fill(real(f64::NEG_INFINITY));
    for column in terms.chunks_exact(rows) {
        largest.iter_mut().zip(&column[block.clone()]).for_each(|(largest, &t)| *largest = largest.max(t));
    }
    sum.fill(L::zero());
    for column in terms.chunks_exact_mut(rows) {
        for ((t, &largest), sum) in column[block.clone()].iter_mut().zip(&*largest).zip(&mut *sum) {
            *t = difference(*t, largest).exp_lane();
            *sum += *t;
        }
    }
}

/// The same of two columns, where one exponential will do: that of the larger term is 1.
#[inline(always)]
fn exponentials_of_two<L: Lane>([first, second]: [&mut [L]; 2], largest: &mut [L], sum: &mut [L]) {
    for (((a, b), largest), sum) in first.iter_mut().zip(second).zip(largest).zip(sum) {
        let e = (-difference(*a, *b).abs()).exp_lane();
        *largest = a.max(*b);
        *sum = L::one() + e;
        (*a, *b) = if *a < *b { (e, L::one()) } else { (L::one(), e) };
    }
}

/// a − b, and 0 where both are the same infinity. So ln Σ eᵗ is infinite where the largest term is; a NaN stays one.
#[inline(always)]
fn difference<L: Lane>(a: L, b: L) -> L {
    if a == b { L::zero() } else { a - b }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::real::to_f64;

    /// Terms from -30 to 0 around a level of each row's own.
    fn terms<T: Real>(rows: usize, columns: usize) -> DMatrix<T> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(41);
        let levels: Vec<f64> = (0..rows).map(|_| rng.random_range(-1e4..1e4)).collect();
        DMatrix::from_fn(rows, columns, |row, _| real(levels[row] + rng.random_range(-30.0..0.0)))
    }

    fn of<T: Real>(terms: &DMatrix<T>, sum: fn(&mut Vec<T>, &mut Vec<T>)) -> (DMatrix<T>, Vec<T>) {
        let (mut block, mut ln_sums) = (terms.as_slice().to_vec(), vec![T::zero(); terms.nrows()]);
        sum(&mut block, &mut ln_sums);
        (DMatrix::from_vec(terms.nrows(), terms.ncols(), block), ln_sums)
    }

    /// Against sums of exponentials of the standard library, in f64.
    fn check<T: Real>(rows: usize, columns: usize) {
        let terms = terms::<T>(rows, columns);
        let epsilon = to_f64(T::default_epsilon());
        let (shares, ln_sums) = of(&terms, responsibilities);
        assert_eq!(of(&terms, ln_sum_exp_rows).1, ln_sums);
        for (row, &ln_sum) in ln_sums.iter().enumerate() {
            let exact: Vec<f64> = terms.row(row).iter().map(|&t| to_f64(t)).collect();
            let largest = exact.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = exact.iter().map(|t| (t - largest).exp()).sum();
            let exact_ln_sum = largest + sum.ln();
            // The logarithm of a sum of `columns` terms, each off by a unit, then a rounding of a number of that size.
            let bound = epsilon * (columns as f64 + 2.0 + exact_ln_sum.abs());
            assert!((to_f64(ln_sum) - exact_ln_sum).abs() <= bound, "{rows} x {columns}, row {row}");
            for (share, t) in shares.row(row).iter().zip(&exact) {
                // The exponential of a difference, which is exact up to half a unit of 30, over a sum of such.
                let bound = epsilon * (30.0 + columns as f64);
                assert!((to_f64(*share) - (t - largest).exp() / sum).abs() <= bound, "{rows} x {columns}, row {row}");
            }
        }
    }

    #[test]
    fn blocks_of_any_shape_are_summed_row_by_row() {
        for (rows, columns) in [(0, 3), (1, 1), (1, 2), (3, 1), (7, 2), (128, 2), (129, 3), (300, 2), (517, 5), (2, 40)]
        {
            check::<f64>(rows, columns);
            check::<f32>(rows, columns);
            check::<num_dual::Dual64>(rows, columns);
        }
    }

    #[test]
    fn infinite_terms_and_nan_are_summed_as_those_of_a_slice_are() {
        let values = [f64::NEG_INFINITY, -1e308, -1.0, 0.0, 2.0, 1e308, f64::INFINITY, f64::NAN];
        for columns in [1, 2, 3, 4] {
            let rows = values.len().pow(columns as u32);
            let terms =
                DMatrix::from_fn(rows, columns, |row, column| values[row / values.len().pow(column as u32) % 8]);
            let (shares, ln_sums) = of(&terms, responsibilities);
            for (row, &found) in ln_sums.iter().enumerate() {
                let of_row: Vec<f64> = terms.row(row).iter().copied().collect();
                let expected = ln_sum_exp(&of_row);
                // Both take logarithms of the same sums, each off by a unit of ln 4 at the most.
                let close = (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs().max(1.0);
                assert!(
                    close || found == expected || (found.is_nan() && expected.is_nan()),
                    "{of_row:?}: {found} {expected}"
                );
                if expected.is_finite() {
                    assert!((shares.row(row).sum() - 1.0).abs() <= 4.0 * f64::EPSILON, "{of_row:?}");
                }
            }
        }
    }

    #[test]
    fn a_dual_number_carries_the_responsibility_as_the_derivative() {
        let dual = |re: f64, eps: f64| num_dual::Dual64::new(re, eps);
        let terms = DMatrix::from_row_slice(1, 3, &[dual(0.3, 0.0), dual(-1.2, 1.0), dual(0.9, 0.0)]);
        let (shares, ln_sums) = of(&terms, responsibilities);
        assert!((ln_sums[0].eps - shares[(0, 1)].re).abs() <= 4.0 * f64::EPSILON); // a few roundings of each
    }
}

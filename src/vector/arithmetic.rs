//! Numbers combined one by one, and sums of columns.
//!
//! Of `f64` and `f32` the loops, but for sums of rows, are compiled once, in this crate, and not by everyone who has a tape.

use super::{Kernel, chosen, vectorised};
use crate::real::{CompensatedSum, Real, exact_sum};

/// What is made of a number a, and of b in its place.
#[derive(Clone, Copy)]
pub(crate) enum Arithmetic<T> {
    Add,
    Sub,
    Mul,
    Div,
    /// The larger one; a NaN on either side stays one.
    Max,
    /// a plus a constant.
    Shift(T),
    /// a times a constant.
    Scale(T),
}

/// Writes what is made of every a and b to its place.
pub(crate) fn combine<T: Real>(how: Arithmetic<T>, a: &[T], b: &[T], out: &mut [T]) {
    type Loops<T> = fn(Arithmetic<T>, &[T], &[T], &mut [T]);

    // Functions, not closures, which would be as generic as what they are in.
    fn of_f64(how: Arithmetic<f64>, a: &[f64], b: &[f64], out: &mut [f64]) {
        vectorised(Combined { how, a, b, out });
    }
    fn of_f32(how: Arithmetic<f32>, a: &[f32], b: &[f32], out: &mut [f32]) {
        vectorised(Combined { how, a, b, out });
    }
    match chosen::<Loops<f64>, Loops<f32>, Loops<T>>(&(of_f64 as _), &(of_f32 as _)) {
        Some(loops) => loops(how, a, b, out),
        None => Combined { how, a, b, out }.run(),
    }
}

/// Writes the sum of every column, which has so many rows, at least one.
pub(crate) fn column_sums<T: Real>(columns: &[T], rows: usize, sums: &mut [T]) {
    type Loops<T> = fn(&[T], usize, &mut [T]);

    fn of_f64(columns: &[f64], rows: usize, sums: &mut [f64]) {
        vectorised(Sums { columns, rows, sums });
    }
    fn of_f32(columns: &[f32], rows: usize, sums: &mut [f32]) {
        vectorised(Sums { columns, rows, sums });
    }
    match chosen::<Loops<f64>, Loops<f32>, Loops<T>>(&(of_f64 as _), &(of_f32 as _)) {
        Some(loops) => loops(columns, rows, sums),
        None => Sums { columns, rows, sums }.run(),
    }
}

struct Combined<'a, T> {
    how: Arithmetic<T>,
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> Kernel for Combined<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { how, a, b, out } = self;
        macro_rules! each {
            ($a:ident, $b:ident => $value:expr) => {
                for ((out, &$a), &$b) in out.iter_mut().zip(a).zip(b) {
                    *out = $value;
                }
            };
            ($a:ident => $value:expr) => {
                for (out, &$a) in out.iter_mut().zip(a) {
                    *out = $value;
                }
            };
        }
        match how {
            Arithmetic::Add => each!(a, b => a + b),
            Arithmetic::Sub => each!(a, b => a - b),
            Arithmetic::Mul => each!(a, b => a * b),
            Arithmetic::Div => each!(a, b => a / b),
            Arithmetic::Max => each!(a, b => if a > b || a.partial_cmp(&a).is_none() { a } else { b }),
            Arithmetic::Shift(constant) => each!(a => a + constant),
            Arithmetic::Scale(constant) => each!(a => a * constant),
        }
    }
}

struct Sums<'a, T> {
    columns: &'a [T],
    rows: usize,
    sums: &'a mut [T],
}

impl<T: Real> Kernel for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (total, column) in self.sums.iter_mut().zip(self.columns.chunks_exact(self.rows)) {
            *total = if column.len() <= SUMMED {
                sum(column)
            } else {
                column.chunks(SUMMED).map(sum).fold(CompensatedSum::default(), CompensatedSum::plus).total()
            };
        }
    }
}

/// Terms summed up before what a sum loses by rounding is kept: in f32 a million would lose three digits.
const SUMMED: usize = 1024;

/// Writes the sum of every row, of at least one; of a matrix without columns, 0.
pub(crate) fn row_sums<T: Real>(columns: &[T], sums: &mut [T], room: &mut Vec<T>) {
    /// Columns summed up before what a sum loses is kept.
    const TOGETHER: usize = SUMMED / 8;

    fn plain<T: Real>(columns: &[T], sums: &mut [T]) {
        sums.fill(T::zero());
        for column in columns.chunks_exact(sums.len()) {
            sums.iter_mut().zip(column).for_each(|(sum, &x)| *sum += x);
        }
    }

    let rows = sums.len();
    let (first, others) = columns.split_at(columns.len().min(rows * TOGETHER));
    plain(first, sums);
    if others.is_empty() {
        return;
    }
    room.clear();
    room.resize(2 * rows, T::zero());
    let (part, lost) = room.split_at_mut(rows);
    for columns in others.chunks(rows * TOGETHER) {
        plain(columns, part);
        for ((sum, &part), lost) in sums.iter_mut().zip(&*part).zip(&mut *lost) {
            let (more, of_more) = exact_sum(*sum, part);
            (*sum, *lost) = (more, *lost + of_more);
        }
    }
    // A sum that is no finite number is what plain addition makes of it.
    for (sum, &lost) in sums.iter_mut().zip(&*lost) {
        *sum = if sum.is_finite() { *sum + lost } else { *sum };
    }
}

/// A sum in eight interleaved parts: as fast as the machine adds, and with an eighth of the rounding of one chain.
#[inline(always)]
fn sum<T: Real>(values: &[T]) -> T {
    let mut parts = [T::zero(); 8];
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder().iter().fold(T::zero(), |sum, &x| sum + x);
    for chunk in chunks {
        for (part, &x) in parts.iter_mut().zip(chunk) {
            *part += x;
        }
    }
    parts.into_iter().fold(rest, |sum, part| sum + part)
}

//! The matrix products of an iteration of the training loop, and nothing else, by faer: what is left to gain.

use std::hint::black_box;

use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, Mat, Par};

use crate::training::LATENT;

/// How the factors lie in memory, which holds column after column.
#[derive(Clone, Copy)]
enum Kind {
    /// A B: an output.
    Plain,
    /// Aᵀ B: the gradient of a weight.
    LeftTransposed,
    /// A Bᵀ: the gradient of an input.
    RightTransposed,
}
use Kind::{LeftTransposed, Plain, RightTransposed};

/// A kind, with the rows and columns of the product and how many terms there are to a sum.
type Shape = (Kind, [usize; 3]);

/// All of them, in order.
fn shapes(batch: usize, width: usize) -> Vec<Shape> {
    let generator = (Plain, [batch, 2, LATENT]);
    let forward = [(Plain, [batch, width, 2]), (Plain, [batch, width, width]), (Plain, [batch, 1, width])];
    let (out, middle) = ((RightTransposed, [batch, width, 1]), (RightTransposed, [batch, width, width]));
    let weights = [
        (LeftTransposed, [width, 1, batch]),
        (LeftTransposed, [width, width, batch]),
        (LeftTransposed, [2, width, batch]),
    ];
    let critic_step = [&forward[..], &[weights[0], out, weights[1], middle, weights[2]]].concat();
    let inputs = [out, middle, (RightTransposed, [batch, 2, width])];
    let generator_step = [&[generator], &forward[..], &inputs, &[(LeftTransposed, [LATENT, 2, batch])]].concat();
    [&[generator], &critic_step[..], &critic_step, &generator_step].concat()
}

/// Operations of the products of an iteration: a multiplication and an addition for each term.
pub fn operations(batch: usize, width: usize) -> f64 {
    shapes(batch, width).iter().map(|(_, sizes)| 2.0 * sizes.iter().product::<usize>() as f64).sum()
}

/// The factors, and where the products go.
pub struct Products<T>(Vec<(Kind, [Mat<T>; 3])>);

impl<T: ComplexField> Products<T> {
    pub fn new(batch: usize, width: usize, number: impl Fn(f64) -> T) -> Self {
        let matrix =
            |rows, columns| Mat::from_fn(rows, columns, |i, j| number(((i * 7 + j * 3) % 11) as f64 / 11.0 - 0.4));
        let of = |(kind, [m, n, k]): Shape| {
            let left = if matches!(kind, LeftTransposed) { matrix(k, m) } else { matrix(m, k) };
            let right = if matches!(kind, RightTransposed) { matrix(n, k) } else { matrix(k, n) };
            (kind, [left, right, matrix(m, n)])
        };
        Self(shapes(batch, width).into_iter().map(of).collect())
    }

    /// All of them, on one thread.
    pub fn multiply(&mut self) {
        for (kind, [left, right, product]) in &mut self.0 {
            let (left, right) = match kind {
                Plain => (left.as_ref(), right.as_ref()),
                LeftTransposed => (left.transpose(), right.as_ref()),
                RightTransposed => (left.as_ref(), right.transpose()),
            };
            matmul(black_box(&mut *product), Accum::Replace, left, right, T::one_impl(), Par::Seq);
        }
    }
}

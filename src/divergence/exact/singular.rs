//! Singular values to all their digits, the small ones beside large ones too.

use nalgebra::DMatrix;

use crate::real::{Real, real};

/// Sweeps over all pairs of columns. Ten are many.
const SWEEPS: usize = 60;

/// The left singular vectors of a square matrix of full rank, and the singular values.
///
/// By Jacobi's rotations of its columns against each other, until all are at right angles. If the matrix is B D, with D diagonal, each value is off by some ε times the
/// condition number of B, which the sizes of columns are no part of; nalgebra's are off by ε times the largest.
/// Demmel and Veselić (1992), *Jacobi's method is more accurate than QR*.
pub(super) fn left_singular<T: Real>(mut matrix: DMatrix<T>) -> (DMatrix<T>, Vec<T>) {
    let dimension = matrix.ncols();
    let small = T::default_epsilon();
    for _ in 0..SWEEPS {
        let mut at_right_angles = true;
        for (i, j) in (0..dimension).flat_map(|i| (i + 1..dimension).map(move |j| (i, j))) {
            let (left, right) = (direction(&matrix, i), direction(&matrix, j));
            let cosine = left.0.dot(&right.0);
            if cosine.abs() > small {
                at_right_angles = false;
                // The tangent t of the rotation solves t² + 2 ζ t = 1, of which it is the smaller root.
                let ratio = right.1 / left.1;
                let zeta = (ratio - ratio.recip()) / (cosine * real(2.0));
                let tangent = (zeta.abs() + zeta.hypot(T::one())).recip().copysign(zeta);
                let cos = tangent.hypot(T::one()).recip();
                for row in 0..dimension {
                    let (x, y) = (matrix[(row, i)], matrix[(row, j)]);
                    matrix[(row, i)] = cos * (x - tangent * y);
                    matrix[(row, j)] = cos * (tangent * x + y);
                }
            }
        }
        if at_right_angles {
            break;
        }
    }
    let (vectors, values): (Vec<_>, Vec<T>) = (0..dimension).map(|column| direction(&matrix, column)).unzip();
    (DMatrix::from_columns(&vectors), values)
}

/// A column as its direction, of length 1, and its length.
fn direction<T: Real>(matrix: &DMatrix<T>, column: usize) -> (nalgebra::DVector<T>, T) {
    let size = matrix.column(column).amax();
    let scaled = matrix.column(column) / size;
    let norm = scaled.norm();
    (scaled / norm, size * norm)
}

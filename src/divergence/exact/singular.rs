//! Singular values to all their digits, the small ones beside large ones too.

use nalgebra::DMatrix;

use crate::real::{Real, count, real};

/// Sweeps over all pairs of columns, at most: ten or twenty are many.
const SWEEPS: usize = 60;

/// The left singular vectors of a square matrix of full rank, and the singular values.
///
/// By Jacobi's rotations of its columns against each other, until all are at right angles. If the matrix is B D, with D diagonal, each value is off by some ε times the
/// condition number of B, which the sizes of columns are no part of; nalgebra's are off by ε times the largest. O(d³) a sweep.
/// Demmel and Veselić (1992), *Jacobi's method is more accurate than QR*.
pub(super) fn left_singular<T: Real>(mut matrix: DMatrix<T>) -> (DMatrix<T>, Vec<T>) {
    let dimension = matrix.ncols();
    // Columns as directions and lengths, so that no square over- or underflows.
    let mut lengths = vec![T::one(); dimension];
    for (column, length) in lengths.iter_mut().enumerate() {
        let size = matrix.column(column).amax();
        matrix.column_mut(column).unscale_mut(size);
        *length = size * normalise(&mut matrix, column);
    }
    let right_angle = T::default_epsilon() * count::<T>(dimension).sqrt();
    for _ in 0..SWEEPS {
        let mut at_right_angles = true;
        for (i, j) in (0..dimension).flat_map(|i| (i + 1..dimension).map(move |j| (i, j))) {
            let cosine = matrix.column(i).dot(&matrix.column(j));
            if cosine.abs() > right_angle {
                at_right_angles = false;
                let (short, long) = if lengths[i] < lengths[j] { (i, j) } else { (j, i) };
                rotate(&mut matrix, &mut lengths, [short, long], cosine);
            }
        }
        if at_right_angles {
            break;
        }
    }
    (matrix, lengths)
}

/// Turns two columns in their plane so that they are at right angles.
///
/// The tangent t of the rotation is the smaller root of t² + 2 ζ t = 1 with ζ = (r − 1/r)/(2 cosine), where r is the ratio of the lengths. What is computed is s = t r, which
/// tends to the cosine as r grows beyond the numbers.
fn rotate<T: Real>(matrix: &mut DMatrix<T>, lengths: &mut [T], [short, long]: [usize; 2], cosine: T) {
    let inverse = lengths[short] / lengths[long];
    let zeta = (T::one() - inverse * inverse) / (cosine * real(2.0)); // over r
    let s = (zeta.abs() + zeta.hypot(inverse)).recip().copysign(cosine);
    let tangent = s * inverse;
    let cos = tangent.hypot(T::one()).recip();
    for row in 0..matrix.nrows() {
        let (x, y) = (matrix[(row, short)], matrix[(row, long)]);
        matrix[(row, short)] = x - s * y;
        matrix[(row, long)] = tangent * inverse * x + y;
    }
    for column in [short, long] {
        let norm = normalise(matrix, column);
        lengths[column] *= cos * norm;
    }
}

/// Makes a column that is not far from length 1 one of length 1; returns what it was.
fn normalise<T: Real>(matrix: &mut DMatrix<T>, column: usize) -> T {
    let norm = matrix.column(column).norm();
    matrix.column_mut(column).unscale_mut(norm);
    norm
}

//! nalgebra's products, whichever suits the shape.

use nalgebra::DMatrix;

use super::Factor;
use crate::real::{Real, reshape};

/// nalgebra reaches its fast product only if every dimension exceeds this; it decides speed here, never a result.
const THIN: usize = 5;

/// Buffers for transposed factors.
#[derive(Debug)]
pub(super) struct Room<T> {
    left: DMatrix<T>,
    right: DMatrix<T>,
}

impl<T: Real> Default for Room<T> {
    fn default() -> Self {
        Self { left: DMatrix::zeros(0, 0), right: DMatrix::zeros(0, 0) }
    }
}

/// Its transposed product is a loop of dot products (dimforge/nalgebra#717), four times slower than transposing into a buffer first, unless the shape is
/// thin; it has none for a transposed right factor (dimforge/nalgebra#1254). Strided views would save the copy, but are unsound there for thin
/// shapes (dimforge/nalgebra#1616).
pub(super) fn multiply<T: Real>(left: Factor<'_, T>, right: Factor<'_, T>, out: &mut DMatrix<T>, room: &mut Room<T>) {
    let by = if right.transposed { transpose_to(right.matrix, &mut room.right) } else { right.matrix };
    let (rows, columns) = out.shape();
    let thin = rows.min(columns).min(by.nrows()) <= THIN;
    if left.transposed && thin {
        out.gemm_tr(T::one(), left.matrix, by, T::zero());
    } else {
        let left = if left.transposed { transpose_to(left.matrix, &mut room.left) } else { left.matrix };
        out.gemm(T::one(), left, by, T::zero());
    }
}

fn transpose_to<'s, T: Real>(matrix: &DMatrix<T>, buffer: &'s mut DMatrix<T>) -> &'s DMatrix<T> {
    reshape(buffer, matrix.ncols(), matrix.nrows());
    matrix.transpose_to(buffer);
    buffer
}

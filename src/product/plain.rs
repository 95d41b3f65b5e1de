//! nalgebra's products, whichever suits the shape.

use nalgebra::{DMatrix, DMatrixView};

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
    let [of_left, of_right] = [left, right].map(|Factor { entries, shape: (rows, columns), .. }| {
        DMatrixView::from_slice(entries.as_slice(), rows, columns)
    });
    let by = if right.transposed { transpose_to(of_right, &mut room.right) } else { of_right };
    let (rows, columns) = out.shape();
    let thin = rows.min(columns).min(by.nrows()) <= THIN;
    if left.transposed && thin {
        out.gemm_tr(T::one(), &of_left, &by, T::zero());
    } else {
        let of_left = if left.transposed { transpose_to(of_left, &mut room.left) } else { of_left };
        out.gemm(T::one(), &of_left, &by, T::zero());
    }
}

fn transpose_to<'s, T: Real>(matrix: DMatrixView<'_, T>, buffer: &'s mut DMatrix<T>) -> DMatrixView<'s, T> {
    reshape(buffer, matrix.ncols(), matrix.nrows());
    matrix.transpose_to(buffer);
    buffer.as_view()
}

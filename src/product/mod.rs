//! Products of matrices, either factor possibly transposed.
//!
//! With feature `simd`, on a machine with vectors of 256 bits or more, `f32` and `f64` are multiplied by loops of this room's own, made for small and
//! thin matrices in particular; every other product is nalgebra's. Which one it is changes rounding alone: an entry is a sum of n products,
//! in another order, so that results differ by at most 2 n ε Σ |aᵢ bᵢ|, and usually by some √n ε. With vectors of 256 and of 512 bits they are
//! the same bits.

#[cfg(feature = "simd")]
mod across;
#[cfg(feature = "simd")]
mod along;
#[cfg(feature = "simd")]
mod copies;
#[cfg(feature = "simd")]
mod fast;
#[cfg(feature = "simd")]
mod few;
#[cfg(feature = "simd")]
mod fused;
mod plain;
#[cfg(test)]
mod tests;
#[cfg(feature = "simd")]
mod wide;

use nalgebra::DMatrix;

use crate::elementary::{Function, Rows};
use crate::real::Real;

/// A factor of a product.
#[derive(Clone, Copy)]
pub(crate) struct Factor<'a, T> {
    /// Whose entries these are, possibly in another shape.
    pub(crate) entries: &'a DMatrix<T>,
    pub(crate) shape: (usize, usize),
    /// Is its transpose meant?
    pub(crate) transposed: bool,
}

/// What becomes of the entries of a product while they are near: functions of themselves or, if a matrix is given, themselves times the functions of its
/// entries.
#[derive(Clone, Copy)]
pub(crate) struct Then<'a, T> {
    pub(crate) function: Function,
    pub(crate) of: Option<&'a DMatrix<T>>,
}

/// Buffers for copies of factors, kept from product to product.
#[derive(Debug)]
pub(crate) struct Room<T> {
    plain: plain::Room<T>,
    /// One for each thread.
    #[cfg(feature = "simd")]
    copies: Vec<Vec<T>>,
}

impl<T: Real> Default for Room<T> {
    fn default() -> Self {
        Self {
            plain: plain::Room::default(),
            #[cfg(feature = "simd")]
            copies: vec![Vec::new()],
        }
    }
}

/// Is what becomes of a product of this many rows, terms and columns done part by part?
#[cfg_attr(not(feature = "simd"), expect(clippy::extra_unused_type_parameters))]
pub(crate) fn finishes<T: Real>(shape: [usize; 3]) -> bool {
    #[cfg(feature = "simd")]
    return fast::finishes::<T>(shape);
    #[cfg(not(feature = "simd"))]
    {
        let _ = shape;
        false
    }
}

/// Is a function of the entries of such a product done along with it on as many threads as alone?
#[cfg_attr(not(all(feature = "simd", feature = "rayon")), expect(unused_variables))]
pub(crate) fn keeps_threads([rows, terms, columns]: [usize; 3], function: Function) -> bool {
    #[cfg(all(feature = "simd", feature = "rayon"))]
    return fast::threads(rows * columns, terms, columns) > 1 || !function.is_threaded(rows * columns);
    #[cfg(not(all(feature = "simd", feature = "rayon")))]
    true
}

/// Is a function of the entries of a product, or of what they are multiplied by, computed before they leave the registers?
#[cfg_attr(not(feature = "simd"), expect(unused_variables))]
pub(crate) fn fuses(function: Function, times: bool) -> bool {
    #[cfg(feature = "simd")]
    return fused::fuses(function, times);
    #[cfg(not(feature = "simd"))]
    false
}

/// Writes the product of two factors, whose shapes fit, plus a row `start` added to every row, if it is given; or what becomes of that.
pub(crate) fn multiply<T: Real>(
    left: Factor<'_, T>,
    right: Factor<'_, T>,
    start: Option<&DMatrix<T>>,
    then: Option<Then<'_, T>>,
    out: &mut DMatrix<T>,
    room: &mut Room<T>,
) {
    #[cfg(feature = "simd")]
    if fast::multiply::<T, f32>(left, right, start, then, out, room)
        || fast::multiply::<T, f64>(left, right, start, then, out, room)
    {
        return;
    }
    plain::multiply(left, right, out, &mut room.plain);
    if let Some(start) = start {
        for (mut column, &start) in out.column_iter_mut().zip(start.iter()) {
            column.add_scalar_mut(start);
        }
    }
    if let Some(Then { function, of }) = then {
        let rows = Rows { count: out.nrows(), stride: out.nrows() };
        function.finish(of.map(DMatrix::as_slice), out.as_mut_slice(), rows);
    }
}

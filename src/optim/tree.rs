//! A tree of parameters beside a flat list of matrices, or beside another tree.

use nalgebra::DMatrix;

use super::OptimError;
use crate::autodiff::{Params, Path};
use crate::real::{Real, to_f64};
use crate::vector::{Kernel, vectorised};

/// Errs unless there are as many leaves in the tree as found.
pub(super) fn check_count<T: Real, P: Params<T>>(params: &P, found: usize) -> Result<(), OptimError> {
    let mut expected = 0;
    params.visit(&Path::root(), &mut |_, _| expected += 1);
    if expected == found { Ok(()) } else { Err(OptimError::LeafCount { expected, found }) }
}

pub(super) fn check_shape(path: &Path<'_>, expected: (usize, usize), found: (usize, usize)) -> Result<(), OptimError> {
    if expected == found { Ok(()) } else { Err(OptimError::LeafShape { path: path.to_string(), expected, found }) }
}

/// Errs unless `leaves` has a matrix for every parameter, of the same shape; and at the first pair of the two that `check` refuses.
pub(super) fn check_leaves<T: Real, P: Params<T>>(
    params: &P,
    leaves: &[DMatrix<T>],
    mut check: impl FnMut(&Path<'_>, &DMatrix<T>, &DMatrix<T>) -> Result<(), OptimError>,
) -> Result<(), OptimError> {
    check_count(params, leaves.len())?;
    let (mut result, mut leaves) = (Ok(()), leaves.iter());
    params.visit(&Path::root(), &mut |path, parameter| {
        if let (Ok(()), Some(leaf)) = (&result, leaves.next()) {
            result = check_shape(path, parameter.shape(), leaf.shape()).and_then(|()| check(path, parameter, leaf));
        }
    });
    result
}

/// The place and value of the first entry that is refused, by (row, column) and value.
pub(super) fn find<T: Real>(
    matrix: &DMatrix<T>,
    refused: impl Fn((usize, usize), T) -> bool,
) -> Option<(usize, usize, f64)> {
    let (rows, entries) = (matrix.nrows(), matrix.as_slice());
    let refused = |index: usize, value| refused((index % rows, index / rows), value);
    if !vectorised(Any(entries, &refused)) {
        return None;
    }
    let index = entries.iter().enumerate().position(|(index, &value)| refused(index, value))?;
    Some((index % rows, index / rows, to_f64(entries[index])))
}

/// Is one of the entries so? Looks at all of them, which is faster than to stop at the first one.
struct Any<'a, T, F>(&'a [T], &'a F);

impl<T: Real, F: Fn(usize, T) -> bool> Kernel for Any<'_, T, F> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut any = false;
        for (index, &value) in self.0.iter().enumerate() {
            any |= (self.1)(index, value);
        }
        any
    }
}

/// Errs at the first entry that is not finite.
pub(super) fn check_finite<T: Real>(
    what: &'static str,
    path: &Path<'_>,
    matrix: &DMatrix<T>,
) -> Result<(), OptimError> {
    match find(matrix, |_, value| !value.is_finite()) {
        None => Ok(()),
        Some((row, column, value)) => Err(OptimError::NonFinite { what, path: path.to_string(), row, column, value }),
    }
}

/// Calls `f` with the leaf number `index`.
pub(super) fn with_leaf<T: Real, P: Params<T>>(params: &P, index: usize, mut f: impl FnMut(&DMatrix<T>)) {
    let mut at = 0;
    params.visit(&Path::root(), &mut |_, leaf| {
        if at == index {
            f(leaf);
        }
        at += 1;
    });
}

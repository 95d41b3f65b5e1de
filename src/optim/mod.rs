//! Optimisers.
//!
//! An optimiser owns its state (moments, step count); the caller owns the parameters, a tree ([`Params`]), and
//! hands in gradients, a flat list in leaf order.

mod adam;
mod average;
mod schedule;

pub use adam::Adam;
pub use average::Average;
pub use schedule::Schedule;

use crate::autodiff::{Gradients, Params, Path};
use crate::real::{Real, to_f64};

/// What is wrong with a setting, or with the gradients handed in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimError {
    /// A setting is out of its range.
    #[error("{name} is {value}, but must be {range}")]
    InvalidSetting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        range: &'static str,
    },
    /// A gradient is not finite, or its square, which the moments need, is not. Parameters and state are as before the call.
    #[error(
        "step {step}: the gradient of '{path}' is {value} in row {row}, column {column}; it or its square is not finite"
    )]
    NonFiniteGradient {
        /// The step, counted from 1.
        step: u64,
        /// The parameter, such as `2.weight`.
        path: String,
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// The gradients, or the state, belong to a tree with another number of leaves.
    #[error("{found} parameter matrices where there were {expected}")]
    LeafCount {
        /// The number of leaves that was expected.
        expected: usize,
        /// The number found.
        found: usize,
    },
    /// A gradient, or the state, belongs to a parameter of another shape.
    #[error("'{path}' is {} x {}, not {} x {}", found.0, found.1, expected.0, expected.1)]
    LeafShape {
        /// The parameter.
        path: String,
        /// Rows and columns that were expected.
        expected: (usize, usize),
        /// Rows and columns found.
        found: (usize, usize),
    },
}

fn check_setting(name: &'static str, value: f64, range: &'static str, ok: bool) -> Result<(), OptimError> {
    if ok { Ok(()) } else { Err(OptimError::InvalidSetting { name, value, range }) }
}

/// Errs unless `leaves` has a matrix for every parameter, of the same shape.
fn check_shapes<T: Real, P: Params<T>>(params: &P, leaves: &[nalgebra::DMatrix<T>]) -> Result<(), OptimError> {
    let mut result = Ok(());
    let mut expected = 0;
    params.visit(&Path::root(), &mut |path, parameter| {
        if let (Ok(()), Some(leaf)) = (&result, leaves.get(expected))
            && leaf.shape() != parameter.shape()
        {
            let (expected, found) = (parameter.shape(), leaf.shape());
            result = Err(OptimError::LeafShape { path: path.to_string(), expected, found });
        }
        expected += 1;
    });
    if expected != leaves.len() {
        return Err(OptimError::LeafCount { expected, found: leaves.len() });
    }
    result
}

/// Errs at the first gradient whose square is not finite.
fn check_finite<T: Real, P: Params<T>>(params: &P, gradients: &Gradients<T>, step: u64) -> Result<(), OptimError> {
    let Some((leaf, index)) = gradients
        .leaves()
        .iter()
        .enumerate()
        .find_map(|(leaf, gradient)| Some((leaf, gradient.iter().position(|&g| !(g * g).is_finite())?)))
    else {
        return Ok(());
    };
    let mut paths = Vec::new();
    params.visit(&Path::root(), &mut |path, _| paths.push(path.to_string()));
    let gradient = &gradients.leaves()[leaf];
    let (row, column) = gradient.vector_to_matrix_index(index);
    let path = paths.swap_remove(leaf);
    Err(OptimError::NonFiniteGradient { step, path, row, column, value: to_f64(gradient[index]) })
}

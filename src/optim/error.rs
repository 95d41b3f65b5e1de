//! What can be wrong.

/// What is wrong with a setting, or with the gradients or parameters handed in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimError {
    /// A setting is out of its range.
    #[error("{what} is {value}, but must be {range}")]
    InvalidSetting {
        /// Which setting.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        range: &'static str,
    },
    /// A gradient is not finite, or its square, which the moments need, is not; or what a tracked leaf is to become is not finite. Parameters and state
    /// are as before the call.
    #[error(
        "step {step}: the gradient of '{path}' is {value} in row {row}, column {column}; it is not finite or too large to square"
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
    /// A number in a tree is not finite, or would not be. Everything is as before the call.
    #[error("{what} '{path}' is {value} in row {row}, column {column}, which is not finite")]
    NonFinite {
        /// What the tree holds: `the parameter`, `the gradient of`.
        what: &'static str,
        /// Its path, such as `2.weight`.
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
    /// The state was kept for a leaf that was tracked and is not, or the other way round.
    #[error("the state of '{path}' is {found} matrices, not {expected}")]
    LeafState {
        /// The parameter.
        path: String,
        /// The number of matrices that the rule keeps for it.
        expected: usize,
        /// The number found.
        found: usize,
    },
}

pub(super) fn check_setting(what: &'static str, value: f64, range: &'static str, ok: bool) -> Result<(), OptimError> {
    if ok { Ok(()) } else { Err(OptimError::InvalidSetting { what, value, range }) }
}

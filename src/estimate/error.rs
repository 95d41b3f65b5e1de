//! What can be wrong with data and settings.

use crate::distribution::DistributionError;

/// What is wrong with data, or why there is no estimate. Places count from 0.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EstimateError {
    /// Fewer rows of positive weight than an estimate needs.
    #[error("{rows} rows of positive weight, but an estimate needs {needed}")]
    TooFewRows {
        /// The rows of positive weight.
        rows: usize,
        /// The number that could do.
        needed: usize,
    },
    /// Rows of the wrong length.
    #[error("rows have {found} columns, not {expected}")]
    ColumnMismatch {
        /// The number of columns that was expected.
        expected: usize,
        /// The number of columns found.
        found: usize,
    },
    /// Not one weight for each row.
    #[error("{weights} weights for {rows} rows")]
    WeightCount {
        /// The number of weights.
        weights: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A weight is negative, infinite or NaN.
    #[error("row {row} has the weight {weight}")]
    InvalidWeight {
        /// The row.
        row: usize,
        /// Its weight.
        weight: f64,
    },
    /// A value is NaN or infinite.
    #[error("the data have the value {value} in row {row}, column {column}")]
    NonFinite {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// Fewer rows that differ than components to start from.
    #[error("{distinct} different rows, but as many components as {needed}")]
    TooFewDistinctRows {
        /// The different rows of positive weight.
        distinct: usize,
        /// The number that could do.
        needed: usize,
    },
    /// A component has shrunk to a point, a line or a plane, where the likelihood has no bound.
    #[error("component {component} has collapsed in iteration {iteration}, and may do with regularisation: {reason}")]
    Collapsed {
        /// The component.
        component: usize,
        /// The iteration.
        iteration: usize,
        /// What is wrong with its covariance.
        reason: DistributionError,
    },
    /// A setting is out of its range.
    #[error("{what} is {value}, but must be {range}")]
    InvalidSetting {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        range: &'static str,
    },
    /// The estimate is no law of the family: a singular covariance, say, when the data lie on a line.
    #[error("no estimate exists: {0}")]
    Distribution(#[from] DistributionError),
}

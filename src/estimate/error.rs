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
    /// Rows that weigh too little together for an estimate that takes one of them off.
    #[error("the rows weigh {weight} together, but an unbiased covariance needs more than 1")]
    TooLittleWeight {
        /// The sum of the weights.
        weight: f64,
    },
    /// Values so near each other, or weights so near 0, that the sum of their squares has lost digits.
    #[error("the squares of column {column} sum up to {sum}, which is too little to have all its digits")]
    Underflow {
        /// The column.
        column: usize,
        /// The weighted sum of squares around the mean.
        sum: f64,
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
    #[error("{needed} components need as many different rows, but there are {distinct}")]
    TooFewDistinctRows {
        /// The different rows of positive weight.
        distinct: usize,
        /// The number that could do.
        needed: usize,
    },
    /// A component has shrunk to a point, a line or a plane, where the likelihood has no bound.
    #[error("component {component} collapsed in iteration {iteration}, which regularisation may prevent: {reason}")]
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

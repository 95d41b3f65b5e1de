//! What can go wrong.

use crate::distribution::DistributionError;

/// Why there is no value. Places count from 0.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DivergenceError {
    /// A multiple of a divergence must be positive and finite.
    #[error("the weight of a divergence must be positive and finite, not {weight}")]
    InvalidWeight {
        /// The weight.
        weight: f64,
    },
    /// A parameter of a divergence is out of its range.
    #[error("{what} is {value}, but must be {range}")]
    InvalidParameter {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        range: &'static str,
    },
    /// Probabilities on different numbers of points.
    #[error("{p} probabilities for P, but {q} for Q")]
    LengthMismatch {
        /// The number for P.
        p: usize,
        /// The number for Q.
        q: usize,
    },
    /// Probabilities on no points.
    #[error("no probabilities")]
    Empty,
    /// A probability is negative, infinite or NaN.
    #[error("{law} has the probability {value} at point {index}")]
    InvalidProbability {
        /// P or Q.
        law: &'static str,
        /// The point.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Probabilities do not sum to 1.
    #[error("the probabilities of {law} sum to {sum}")]
    NotNormalised {
        /// P or Q.
        law: &'static str,
        /// Their sum.
        sum: f64,
    },
    /// The laws live on spaces of different dimensions.
    #[error("P has dimension {p}, Q has dimension {q}")]
    DimensionMismatch {
        /// That of P.
        p: usize,
        /// That of Q.
        q: usize,
    },
    /// Batches that should be of the same shape.
    #[error("{} x {} rows of P, but {} x {} of Q", p.0, p.1, q.0, q.1)]
    ShapeMismatch {
        /// Rows and columns of that of P.
        p: (usize, usize),
        /// Rows and columns of that of Q.
        q: (usize, usize),
    },
    /// An average needs more draws.
    #[error("{draws} draws, but a standard error needs 2")]
    TooFewDraws {
        /// The number of draws.
        draws: u64,
    },
    /// Too few rows, or no neighbours asked for.
    #[error("{k} neighbours among {p} rows of P and {q} of Q: give k >= 1, 2 (k + 1) rows of P and 2 k of Q")]
    NeighbourCount {
        /// The number of neighbours.
        k: usize,
        /// The number of rows of P.
        p: usize,
        /// The number of rows of Q.
        q: usize,
    },
    /// A critic output gives a term that is not finite.
    #[error("the critic output {index} on samples of {law} is {value}, whose term is not finite")]
    CriticOutput {
        /// P or Q.
        law: &'static str,
        /// Its number.
        index: usize,
        /// The output.
        value: f64,
    },
    /// No quadrature in that many dimensions.
    #[error("quadrature is for dimension 1 or 2, not {dimension}")]
    NoQuadrature {
        /// The dimension of the laws.
        dimension: usize,
    },
    /// A law that does not say where its mass is.
    #[error("{law} has no landmarks")]
    NoLandmarks {
        /// P or Q.
        law: &'static str,
    },
    /// A landmark out of reach.
    #[error("{law} has a landmark at {place} of width {width}, which is beyond the numbers")]
    LandmarkBeyond {
        /// P or Q.
        law: &'static str,
        /// Its place along one axis.
        place: f64,
        /// Its width.
        width: f64,
    },
    /// An integral that diverges, or whose integrand is too irregular.
    #[error("the integral has not converged: {value}, but with an error of {error}")]
    NotConverged {
        /// The value so far.
        value: f64,
        /// Its error.
        error: f64,
    },
    /// f overflows between masses that far apart, though the divergence may be finite.
    #[error("f is beyond the range of the numbers where ln p/q is {v}")]
    Overflow {
        /// ln p/q.
        v: f64,
    },
    /// No value, for a reason of its own; for divergences defined elsewhere.
    #[error("no value: {reason}")]
    Refused {
        /// The reason.
        reason: &'static str,
    },
    /// A density is NaN, parameters are so far apart that infinities cancel, or a sum overflows.
    #[error("the result is not a number")]
    NotANumber,
    /// A law refused.
    #[error(transparent)]
    Distribution(#[from] DistributionError),
}

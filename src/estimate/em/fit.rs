//! What a fit has come to.

use super::{CovarianceModel, MixtureOf};
use crate::estimate::EstimateError;
use crate::real::{Real, count, real};

/// A mixture fitted by [`Em`](super::Em), and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct MixtureFit<T: Real, M: CovarianceModel> {
    pub(super) law: MixtureOf<T, M>,
    pub(super) trace: Vec<T>,
    pub(super) converged: bool,
    pub(super) emptied: Vec<usize>,
    pub(super) degenerate: Option<usize>,
    pub(super) restart: usize,
    pub(super) failed: Vec<EstimateError>,
    pub(super) weight: T,
    pub(super) free_parameters: usize,
}

impl<T: Real, M: CovarianceModel> MixtureFit<T, M> {
    /// The mixture.
    pub fn law(&self) -> &MixtureOf<T, M> {
        &self.law
    }

    /// The mixture, without the rest.
    pub fn into_law(self) -> MixtureOf<T, M> {
        self.law
    }

    /// The mean log-likelihood of a row, in nats: of the start, and after every iteration. The last is that of [`law`](Self::law).
    pub fn trace(&self) -> &[T] {
        &self.trace
    }

    /// The mean log-likelihood of a row under the mixture, in nats.
    pub fn mean_ln_likelihood(&self) -> T {
        self.trace[self.trace.len() - 1]
    }

    /// The log-likelihood of all rows, in nats.
    pub fn ln_likelihood(&self) -> T {
        self.mean_ln_likelihood() * self.weight
    }

    /// The number of iterations.
    pub fn iterations(&self) -> usize {
        self.trace.len() - 1
    }

    /// Did the log-likelihood come to rest within the tolerance?
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The components that are left without rows: they explain less of the data than one rounding. Their mean and covariance are those
    /// they had before, and a smaller number of components would do.
    pub fn emptied(&self) -> &[usize] {
        &self.emptied
    }

    /// The first component of which more than half of the variance in some direction is regularisation: it has shrunk to a point, a line or a
    /// plane, for a few rows that lie there, and the likelihood is as high as the regularisation is small. Neither says anything
    /// about the law of the data. Fewer components, fewer parameters for each, or more regularisation may help.
    pub fn degenerate(&self) -> Option<usize> {
        self.degenerate
    }

    /// Is it better than the other by the criterion, of which less is better, or because the other is degenerate?
    pub(super) fn is_better(&self, other: &Self, criterion: impl Fn(&Self) -> T) -> bool {
        match (self.degenerate, other.degenerate) {
            (None, Some(_)) => true,
            (Some(_), None) => false,
            _ => criterion(self) < criterion(other),
        }
    }

    /// The start, counted from 0, that led here.
    pub fn restart(&self) -> usize {
        self.restart
    }

    /// Why other starts led nowhere.
    pub fn failed(&self) -> &[EstimateError] {
        &self.failed
    }

    /// The free parameters: of the covariances as the [model](CovarianceModel) has them, of the means, and of the weights, which sum to 1.
    pub fn free_parameters(&self) -> usize {
        self.free_parameters
    }

    /// Akaike's information criterion 2 p − 2 ln L; less is better. Akaike (1974), *A new look at the statistical model identification*.
    pub fn aic(&self) -> T {
        (count::<T>(self.free_parameters) - self.ln_likelihood()) * real(2.0)
    }

    /// The Bayesian information criterion p ln n − 2 ln L, with n the sum of the weights; less is better. Schwarz (1978), *Estimating
    /// the dimension of a model*.
    pub fn bic(&self) -> T {
        count::<T>(self.free_parameters) * self.weight.ln() - self.ln_likelihood() * real(2.0)
    }
}

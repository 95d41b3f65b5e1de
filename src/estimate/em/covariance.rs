//! What the covariances of a mixture may be.

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::distribution::{DistributionError, Full, StructuredGaussian};
use crate::estimate::{Scatter, StructuredStatistics};
use crate::real::Real;

/// What the covariances of the components of a mixture may be. There are no others.
///
/// | model | covariances | free parameters of k components |
/// |---|---|---|
/// | [`Full`] | any | k d (d + 1)/2 |
/// | [`Diagonal`](crate::distribution::Diagonal) | diagonal | k d |
/// | [`Spherical`](crate::distribution::Spherical) | multiples of the identity | k |
/// | [`Tied`] of one of these | one for all components | those of one |
///
/// to which come k d of the means and k − 1 of the weights.
pub trait CovarianceModel: sealed::Model {}

/// One covariance, of the structure `S`, for all components.
///
/// The M-step pools the scatter of the components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tied<S = Full>(PhantomData<S>);

impl<S: Scatter> CovarianceModel for S {}

impl<S: Scatter> CovarianceModel for Tied<S> {}

/// The laws of the components, or which of them has none and why.
pub(super) type Components<T, S> = Result<Vec<StructuredGaussian<T, S>>, (usize, DistributionError)>;

pub(crate) mod sealed {
    use super::*;

    pub trait Model: Clone + Debug + PartialEq + Send + Sync + 'static {
        /// The structure of each covariance.
        type Structure: Scatter;

        /// The laws of maximum likelihood with `more` added to the variances; where a component has no rows of its own, its mean, and its
        /// covariance if that is not tied, stay as in `before`.
        fn components<T: Real>(
            statistics: &[StructuredStatistics<T, Self::Structure>],
            is_empty: impl Fn(usize) -> bool,
            more: &[T],
            before: &[StructuredGaussian<T, Self::Structure>],
        ) -> Components<T, Self::Structure>;

        /// The numbers in the covariances.
        fn of_covariances(dimension: usize, components: usize) -> usize;

        /// The numbers in all parameters.
        fn free_parameters(dimension: usize, components: usize) -> usize {
            Self::of_covariances(dimension, components) + components * dimension + components - 1
        }
    }
}

impl<S: Scatter> sealed::Model for S {
    type Structure = S;

    fn components<T: Real>(
        statistics: &[StructuredStatistics<T, S>],
        is_empty: impl Fn(usize) -> bool,
        more: &[T],
        before: &[StructuredGaussian<T, S>],
    ) -> Components<T, S> {
        let law = |(k, of_component): (usize, &StructuredStatistics<T, S>)| {
            if is_empty(k) { Ok(before[k].clone()) } else { of_component.regularised(more).map_err(|error| (k, error)) }
        };
        statistics.iter().enumerate().map(law).collect()
    }

    fn of_covariances(dimension: usize, components: usize) -> usize {
        components * S::free_parameters(dimension)
    }
}

impl<S: Scatter> sealed::Model for Tied<S> {
    type Structure = S;

    fn components<T: Real>(
        statistics: &[StructuredStatistics<T, S>],
        is_empty: impl Fn(usize) -> bool,
        more: &[T],
        before: &[StructuredGaussian<T, S>],
    ) -> Components<T, S> {
        let pooled = StructuredStatistics::pooled(statistics);
        let law = |(k, of_component): (usize, &StructuredStatistics<T, S>)| {
            let mean = if is_empty(k) { before[k].mean_ref() } else { of_component.mean() };
            pooled.around(mean.clone(), more).map_err(|error| (k, error))
        };
        statistics.iter().enumerate().map(law).collect()
    }

    fn of_covariances(dimension: usize, _: usize) -> usize {
        S::free_parameters(dimension)
    }
}

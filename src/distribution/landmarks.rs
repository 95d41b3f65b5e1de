//! Where the mass of a law is.

use super::{DistributionError, Gaussian, Law, Mixture, Structure, StructuredGaussian};
use crate::real::{Real, count};

/// A law that says where its mass is, for whoever has to look everywhere: quadrature does.
///
/// A law of your own that has moments needs one line:
///
/// ```
/// use fenchel::distribution::{DistributionError, Gaussian, Landmarks, Law, Moments};
/// # use fenchel::nalgebra::{DMatrix, DVector};
/// # struct Laplace;
/// # impl Law for Laplace {
/// #     type Scalar = f64;
/// #     fn dimension(&self) -> usize {
/// #         1
/// #     }
/// # }
/// # impl Moments for Laplace {
/// #     fn mean(&self) -> DVector<f64> {
/// #         DVector::zeros(1)
/// #     }
/// #     fn covariance(&self) -> DMatrix<f64> {
/// #         DMatrix::from_element(1, 1, 2.0)
/// #     }
/// # }
///
/// impl Landmarks for Laplace {
///     fn landmarks(&self) -> Result<Vec<Gaussian<f64>>, DistributionError> {
///         Ok(vec![Gaussian::new(self.mean(), self.covariance())?])
///     }
/// }
/// # assert_eq!(Laplace.landmarks().unwrap().len(), 1);
/// ```
///
/// One without moments, Cauchy's say, gives its median and scale by [`Gaussian::from_cholesky`].
pub trait Landmarks: Law {
    /// Gaussians of the same dimension that between them cover the mass, one for each peak: right in place and width to a
    /// factor of a few. What they say about shape or weight is not read.
    ///
    /// # Errors
    ///
    /// Parameters of which no Gaussian can be made; none for the laws of this crate.
    fn landmarks(&self) -> Result<Vec<Gaussian<Self::Scalar>>, DistributionError>;
}

/// Itself.
impl<T: Real, S: Structure> Landmarks for StructuredGaussian<T, S> {
    fn landmarks(&self) -> Result<Vec<Gaussian<T>>, DistributionError> {
        Ok(vec![self.to_full()])
    }
}

/// Those of the components that have a weight.
impl<C: Landmarks> Landmarks for Mixture<C> {
    fn landmarks(&self) -> Result<Vec<Gaussian<C::Scalar>>, DistributionError> {
        let with_weight = self.components().iter().zip(self.weights()).filter(|&(_, &w)| w > count(0));
        let by_component: Vec<_> = with_weight.map(|(component, _)| component.landmarks()).collect::<Result<_, _>>()?;
        Ok(by_component.into_iter().flatten().collect())
    }
}

//! Approximate equality of laws, parameter by parameter, in the vocabulary of `approx`.
//!
//! ```
//! use fenchel::approx::assert_relative_eq;
//! use fenchel::distribution::{AffineImage, Gaussian};
//! use fenchel::nalgebra::{DMatrix, DVector};
//!
//! # fn main() -> Result<(), fenchel::DistributionError> {
//! let law = Gaussian::<f64>::standard(2)?;
//! let turned = law.affine_image(&DMatrix::from_row_slice(2, 2, &[0.6, -0.8, 0.8, 0.6]), &DVector::zeros(2))?;
//! assert_relative_eq!(turned, law, epsilon = 1e-15); // N(0, I) is invariant under rotations
//! # Ok(())
//! # }
//! ```

use approx::{AbsDiffEq, RelativeEq};

use super::{Law, Mixture, Structure, StructuredGaussian};
use crate::real::Real;

impl<T: Real, S: Structure> AbsDiffEq for StructuredGaussian<T, S> {
    type Epsilon = T;

    fn default_epsilon() -> T {
        T::default_epsilon()
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: T) -> bool {
        let (mean, factor) = (self.mean_ref(), self.factor());
        // nalgebra compares only as far as the shorter matrix goes.
        mean.shape() == other.mean_ref().shape()
            && mean.abs_diff_eq(other.mean_ref(), epsilon)
            && factor.abs_diff_eq(&other.factor(), epsilon)
    }
}

impl<T: Real, S: Structure> RelativeEq for StructuredGaussian<T, S> {
    fn default_max_relative() -> T {
        T::default_max_relative()
    }

    fn relative_eq(&self, other: &Self, epsilon: T, max_relative: T) -> bool {
        let (mean, factor) = (self.mean_ref(), self.factor());
        mean.shape() == other.mean_ref().shape()
            && mean.relative_eq(other.mean_ref(), epsilon, max_relative)
            && factor.relative_eq(&other.factor(), epsilon, max_relative)
    }
}

impl<C: Law + AbsDiffEq<Epsilon = C::Scalar>> AbsDiffEq for Mixture<C> {
    type Epsilon = C::Scalar;

    fn default_epsilon() -> C::Scalar {
        C::default_epsilon()
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: C::Scalar) -> bool {
        self.weights().abs_diff_eq(other.weights(), epsilon)
            && self.components().abs_diff_eq(other.components(), epsilon)
    }
}

impl<C: Law + RelativeEq<Epsilon = C::Scalar>> RelativeEq for Mixture<C> {
    fn default_max_relative() -> C::Scalar {
        C::default_max_relative()
    }

    fn relative_eq(&self, other: &Self, epsilon: C::Scalar, max_relative: C::Scalar) -> bool {
        self.weights().relative_eq(other.weights(), epsilon, max_relative)
            && self.components().relative_eq(other.components(), epsilon, max_relative)
    }
}

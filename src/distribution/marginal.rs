//! Laws of some of the coordinates, with the others unknown or known.

use nalgebra::{DMatrix, DVector};

use super::{
    Density, DistributionError, Gaussian, Law, Mixture, check_dimension, check_finite_vector, checked_ln_pdf_rows,
    factor_of_root,
};
use crate::real::{Real, real, to_f64};

/// A family of laws that is closed under leaving out coordinates.
pub trait Marginal: Law + Sized {
    /// The law of the chosen `coordinates`, in the order of the list; the others are integrated out.
    ///
    /// ```
    /// use fenchel::distribution::{Gaussian, Marginal};
    /// use fenchel::nalgebra::{DMatrix, DVector};
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let law = Gaussian::new(DVector::from_vec(vec![1.0_f64, 2.0]), DMatrix::from_row_slice(2, 2, &[4.0, 1.0, 1.0, 9.0]))?;
    /// let second = law.marginal(&[1])?;
    /// assert_eq!(second, Gaussian::new(DVector::from_element(1, 2.0), DMatrix::from_element(1, 1, 9.0))?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ZeroDimension`](DistributionError::ZeroDimension) for no coordinate,
    /// [`CoordinateOutOfRange`](DistributionError::CoordinateOutOfRange),
    /// [`RepeatedCoordinate`](DistributionError::RepeatedCoordinate); a covariance that is singular to rounding.
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError>;
}

/// A family of laws that is closed under fixing coordinates.
pub trait Conditional: Law + Sized {
    /// The law of the coordinates that are not in the list, in increasing order, given that the chosen `coordinates` have the
    /// `values`, in the order of the list. Given nothing, it is the law itself.
    ///
    /// ```
    /// use fenchel::approx::assert_relative_eq;
    /// use fenchel::distribution::{Conditional, Gaussian};
    /// use fenchel::nalgebra::{DMatrix, DVector};
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let law = Gaussian::new(DVector::from_vec(vec![1.0_f64, 2.0]), DMatrix::from_row_slice(2, 2, &[4.0, 1.0, 1.0, 1.0]))?;
    /// let first = law.conditional(&[1], &DVector::from_element(1, 4.0))?; // mean 1 + 1/1 (4 − 2), variance 4 − 1/1
    /// let exact = Gaussian::new(DVector::from_element(1, 3.0), DMatrix::from_element(1, 1, 3.0))?;
    /// assert_relative_eq!(first, exact, max_relative = 1e-15); // a few roundings
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ZeroDimension`](DistributionError::ZeroDimension) if no coordinate is left,
    /// [`CoordinateOutOfRange`](DistributionError::CoordinateOutOfRange),
    /// [`RepeatedCoordinate`](DistributionError::RepeatedCoordinate), not one value for each coordinate, a value that is not
    /// finite, values where the law has no density, a covariance that is singular to rounding.
    fn conditional(&self, coordinates: &[usize], values: &DVector<Self::Scalar>) -> Result<Self, DistributionError>;
}

/// The coordinates that are not in the list, in increasing order. Errs on a list that no law of this dimension can have.
pub(super) fn other_coordinates(coordinates: &[usize], dimension: usize) -> Result<Vec<usize>, DistributionError> {
    let mut places = vec![None; dimension];
    for (place, &coordinate) in coordinates.iter().enumerate() {
        match places.get_mut(coordinate) {
            None => return Err(DistributionError::CoordinateOutOfRange { place, coordinate, dimension }),
            Some(Some(first)) => {
                return Err(DistributionError::RepeatedCoordinate { coordinate, first: *first, second: place });
            }
            Some(slot) => *slot = Some(place),
        }
    }
    Ok((0..dimension).filter(|&coordinate| places[coordinate].is_none()).collect())
}

/// Errs on a list of coordinates that has no marginal.
pub(super) fn check_marginal(coordinates: &[usize], dimension: usize) -> Result<(), DistributionError> {
    other_coordinates(coordinates, dimension)?;
    if coordinates.is_empty() { Err(DistributionError::ZeroDimension) } else { Ok(()) }
}

/// The coordinates that are left. Errs unless there are some, and one finite value for each of the others.
pub(super) fn check_conditional<T: Real>(
    coordinates: &[usize],
    values: &DVector<T>,
    dimension: usize,
) -> Result<Vec<usize>, DistributionError> {
    let rest = other_coordinates(coordinates, dimension)?;
    check_dimension("the vector of values", coordinates.len(), values.len())?;
    check_finite_vector("the vector of values", values)?;
    if rest.is_empty() { Err(DistributionError::ZeroDimension) } else { Ok(rest) }
}

/// A Gaussian as the law of some coordinates and that of the rest given them: the rest are μ₂ + B L₁⁻¹ (x₁ − μ₁) + L₂ z.
pub(super) struct Split<T: Real> {
    /// N(μ₁, L₁ L₁ᵀ).
    pub(super) chosen: Gaussian<T>,
    /// B.
    pub(super) regression: DMatrix<T>,
    /// N(μ₂, L₂ L₂ᵀ).
    pub(super) rest: Gaussian<T>,
}

impl<T: Real> Split<T> {
    /// The factor of the law with its coordinates in the order `chosen`, `rest` has the blocks L₁, B and L₂.
    pub(super) fn new(law: &Gaussian<T>, chosen: &[usize], rest: &[usize]) -> Result<Self, DistributionError> {
        let factor = factor_of_root(law.cholesky_factor().select_rows(&[chosen, rest].concat()))?;
        let (k, m) = (chosen.len(), rest.len());
        let block = |start, size| factor.view((start, start), (size, size)).into_owned();
        Ok(Self {
            chosen: Gaussian::from_cholesky(law.mean_ref().select_rows(chosen), block(0, k))?,
            regression: factor.view((k, 0), (m, k)).into_owned(),
            rest: Gaussian::from_cholesky(law.mean_ref().select_rows(rest), block(k, m))?,
        })
    }
}

impl<T: Real> Marginal for Gaussian<T> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        check_marginal(coordinates, self.dimension())?;
        let factor = factor_of_root(self.cholesky_factor().select_rows(coordinates))?;
        Self::from_cholesky(self.mean_ref().select_rows(coordinates), factor)
    }
}

/// N(μ₂ + Σ₂₁ Σ₁₁⁻¹ (x₁ − μ₁), Σ₂₂ − Σ₂₁ Σ₁₁⁻¹ Σ₁₂), computed from the Cholesky factor by a QR decomposition, without a
/// difference of covariances.
impl<T: Real> Conditional for Gaussian<T> {
    fn conditional(&self, coordinates: &[usize], values: &DVector<T>) -> Result<Self, DistributionError> {
        let rest = check_conditional(coordinates, values, self.dimension())?;
        if coordinates.is_empty() {
            return Ok(self.clone());
        }
        let split = Split::new(self, coordinates, &rest)?;
        let whitened = split.chosen.whitened_rows(&row(values))?;
        let mean = split.rest.mean_ref() + split.regression * whitened.transpose();
        Self::from_cholesky(mean.column(0).into_owned(), split.rest.cholesky_factor().clone())
    }
}

impl<C: Marginal> Marginal for Mixture<C> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        self.map_components(|component| component.marginal(coordinates))
    }
}

/// The conditionals of the components, with weights in proportion to wₖ pₖ(values). Components without density at the values, or
/// without weight, are left out.
impl<C: Marginal + Conditional + Density> Conditional for Mixture<C> {
    fn conditional(&self, coordinates: &[usize], values: &DVector<C::Scalar>) -> Result<Self, DistributionError> {
        check_conditional(coordinates, values, self.dimension())?;
        if coordinates.is_empty() {
            return self.map_components(|component| component.conditional(coordinates, values));
        }
        let (point, never) = (row(values), real::<C::Scalar>(f64::NEG_INFINITY));
        let (mut ln_weights, mut components) = (Vec::new(), Vec::new());
        for (component, &ln_weight) in self.components().iter().zip(self.ln_weights()) {
            if ln_weight > never {
                let ln_pdf = checked_ln_pdf_rows(&component.marginal(coordinates)?, &point)?[0];
                if ln_pdf > never {
                    ln_weights.push(ln_weight + ln_pdf);
                    components.push(component.conditional(coordinates, values)?);
                }
            }
        }
        if components.is_empty() {
            return Err(DistributionError::NoDensity { row: 0, ln_pdf: to_f64(never) });
        }
        Self::from_ln_weights(&ln_weights, components)
    }
}

/// The vector as the only row of a matrix.
pub(super) fn row<T: Real>(vector: &DVector<T>) -> DMatrix<T> {
    DMatrix::from_row_slice(1, vector.len(), vector.as_slice())
}

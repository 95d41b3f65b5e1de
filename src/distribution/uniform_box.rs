//! The uniform law on a box.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::multi::MultiDistribution;

use super::cdf::check_line;
use super::draw::{check_length, draws_by_slices};
use super::marginal::{check_conditional, check_marginal};
use super::{
    Cdf, Conditional, Density, DistributionError, Gaussian, Landmarks, Law, Marginal, Moments, check_dimension,
    check_finite_vector,
};
use crate::real::{Real, SampleReal, real, to_f64};

/// The uniform law on \[a₁, b₁\] × ... × \[a_d, b_d\], with density 1/Π (bᵢ − aᵢ) there, the boundary included, and 0 elsewhere.
///
/// Devroye (1986), *Non-Uniform Random Variate Generation*, chapter I.4.
///
/// ```
/// use fenchel::distribution::{Density, UniformBox};
/// use fenchel::nalgebra::DVector;
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let law = UniformBox::new(DVector::from_vec(vec![0.0_f64, -1.0]), DVector::from_vec(vec![2.0, 1.0]))?;
/// assert!((law.ln_pdf(&DVector::from_vec(vec![0.5, 0.5]))? + 4.0_f64.ln()).abs() < 1e-15); // two roundings
/// assert_eq!(law.ln_pdf(&DVector::from_vec(vec![0.5, 1.5]))?, f64::NEG_INFINITY);
/// # Ok(())
/// # }
/// ```
///
/// Only a map along the axes makes a box of a box: [`scaled`](Self::scaled), not [`AffineImage`](super::AffineImage).
#[derive(Clone, Debug, PartialEq)]
pub struct UniformBox<T: Real> {
    lower: DVector<T>,
    upper: DVector<T>,
}

impl<T: Real> UniformBox<T> {
    /// The uniform law on the box between the corners `lower` and `upper`.
    ///
    /// # Errors
    ///
    /// No dimension, corners of different dimensions, an interval that is empty or a point, a value or a width that is not finite,
    /// a width so small that its deviation is 0.
    pub fn new(lower: DVector<T>, upper: DVector<T>) -> Result<Self, DistributionError> {
        if lower.is_empty() {
            return Err(DistributionError::ZeroDimension);
        }
        check_dimension("the upper corner", lower.len(), upper.len())?;
        check_finite_vector("the lower corner", &lower)?;
        check_finite_vector("the upper corner", &upper)?;
        let law = Self { lower, upper };
        match law.deviations().iter().position(|&sd| sd <= T::zero() || !sd.is_finite()) {
            None => Ok(law),
            Some(coordinate) => {
                let (lower, upper) = (to_f64(law.lower[coordinate]), to_f64(law.upper[coordinate]));
                Err(DistributionError::InvalidInterval { coordinate, lower, upper })
            }
        }
    }

    /// The corner (a₁, ..., a_d).
    pub fn lower(&self) -> &DVector<T> {
        &self.lower
    }

    /// The corner (b₁, ..., b_d).
    pub fn upper(&self) -> &DVector<T> {
        &self.upper
    }

    /// The differential entropy −E ln p = Σ ln(bᵢ − aᵢ), in nats.
    pub fn entropy(&self) -> T {
        self.upper.iter().zip(self.lower.iter()).fold(T::zero(), |sum, (&b, &a)| sum + (b - a).ln())
    }

    /// The law of (s₁ X₁ + t₁, ..., s_d X_d + t_d) for factors s, of either sign, and offsets t.
    ///
    /// # Errors
    ///
    /// Not one factor and offset for each coordinate, a value that is not finite, an image of width 0 or beyond the numbers.
    pub fn scaled(&self, factors: &DVector<T>, offsets: &DVector<T>) -> Result<Self, DistributionError> {
        check_dimension("the vector of factors", self.dimension(), factors.len())?;
        check_dimension("the vector of offsets", self.dimension(), offsets.len())?;
        check_finite_vector("the vector of factors", factors)?;
        check_finite_vector("the vector of offsets", offsets)?;
        let one = self.lower.component_mul(factors) + offsets;
        let other = self.upper.component_mul(factors) + offsets;
        let ordered = |smaller: bool| one.zip_map(&other, move |x, y| if (x < y) == smaller { x } else { y });
        Self::new(ordered(true), ordered(false))
    }
}

impl<T: Real> Law for UniformBox<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        self.lower.len()
    }
}

impl<T: Real> Density for UniformBox<T> {
    fn ln_pdf_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        check_dimension("the row", self.dimension(), rows.ncols())?;
        let (inside, outside) = (-self.entropy(), real::<T>(f64::NEG_INFINITY));
        let mut ln_pdf = DVector::from_element(rows.nrows(), inside);
        for ((column, &a), &b) in rows.column_iter().zip(self.lower.iter()).zip(self.upper.iter()) {
            ln_pdf.zip_apply(&column, |ln_pdf, x| {
                if x < a || x > b {
                    *ln_pdf += outside; // which leaves a NaN what it is
                } else if x.partial_cmp(&x).is_none() {
                    *ln_pdf = x;
                }
            });
        }
        Ok(ln_pdf)
    }
}

/// The mean (a + b)/2, and variances (bᵢ − aᵢ)²/12 without covariances.
impl<T: Real> Moments for UniformBox<T> {
    fn mean(&self) -> DVector<T> {
        self.lower.zip_map(&self.upper, |a, b| a * real(0.5) + b * real(0.5))
    }

    fn covariance(&self) -> DMatrix<T> {
        DMatrix::from_diagonal(&self.deviations().map(|sd| sd * sd))
    }
}

impl<T: Real> UniformBox<T> {
    /// (bᵢ − aᵢ)/√12.
    fn deviations(&self) -> DVector<T> {
        (&self.upper - &self.lower) / real::<T>(12.0).sqrt()
    }
}

impl<T: SampleReal> MultiDistribution<T> for UniformBox<T> {
    fn sample_len(&self) -> usize {
        self.dimension()
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        check_length(self, output);
        for ((x, &a), &b) in output.iter_mut().zip(self.lower.iter()).zip(self.upper.iter()) {
            let drawn = a + T::standard_uniform(rng) * (b - a);
            *x = if drawn > b { b } else { drawn }; // by rounding
        }
    }
}

draws_by_slices!(UniformBox);

impl<T: Real> Marginal for UniformBox<T> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        check_marginal(coordinates, self.dimension())?;
        Self::new(self.lower.select_rows(coordinates), self.upper.select_rows(coordinates))
    }
}

/// The box of the other coordinates. Values outside are [`OutsideSupport`](DistributionError::OutsideSupport).
impl<T: Real> Conditional for UniformBox<T> {
    fn conditional(&self, coordinates: &[usize], values: &DVector<T>) -> Result<Self, DistributionError> {
        let rest = check_conditional(coordinates, values, self.dimension())?;
        for (&coordinate, &value) in coordinates.iter().zip(values.iter()) {
            if value < self.lower[coordinate] || value > self.upper[coordinate] {
                return Err(DistributionError::OutsideSupport { coordinate, value: to_f64(value) });
            }
        }
        self.marginal(&rest)
    }
}

/// (x − a)/(b − a) between 0 and 1.
impl<T: Real> Cdf for UniformBox<T> {
    fn cdf(&self, x: T) -> Result<T, DistributionError> {
        check_line(self)?;
        let (a, b) = (self.lower[0], self.upper[0]);
        Ok(if x <= a {
            T::zero()
        } else if x >= b {
            T::one()
        } else {
            (x - a) / (b - a)
        })
    }
}

/// The Gaussian with its moments.
impl<T: Real> Landmarks for UniformBox<T> {
    fn landmarks(&self) -> Result<Vec<Gaussian<T>>, DistributionError> {
        Ok(vec![Gaussian::from_cholesky(self.mean(), DMatrix::from_diagonal(&self.deviations()))?])
    }
}

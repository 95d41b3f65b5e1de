//! Laws of one's own.

use fenchel::distribution::{AffineImage, Density, DistributionError, Gaussian, Landmarks, Law, Moments, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::Rng;
use fenchel::rand::distr::Distribution;
use fenchel::{Real, SampleReal};

/// Independent Laplace laws along the axes: ∏ exp(−|x − c|/b)/(2b).
#[derive(Clone, Debug, PartialEq)]
pub struct Laplace<T: Real> {
    centre: DVector<T>,
    scale: DVector<T>,
}

impl<T: Real> Laplace<T> {
    /// The law with these centres and scales.
    ///
    /// # Errors
    ///
    /// No dimension, different dimensions, a scale that is not positive.
    pub fn new(centre: DVector<T>, scale: DVector<T>) -> Result<Self, DistributionError> {
        if centre.is_empty() {
            return Err(DistributionError::ZeroDimension);
        }
        check("the scale", centre.len(), scale.len())?;
        match scale.iter().position(|&b| b.partial_cmp(&T::zero()) != Some(std::cmp::Ordering::Greater)) {
            Some(axis) => {
                let value = fenchel::nalgebra::convert_unchecked(scale[axis]);
                Err(DistributionError::InvalidParameter { what: "the scale", value, range: "positive" })
            }
            None => Ok(Self { centre, scale }),
        }
    }

    /// The centres.
    pub fn centre(&self) -> &DVector<T> {
        &self.centre
    }

    /// The scales.
    pub fn scale(&self) -> &DVector<T> {
        &self.scale
    }
}

fn check(what: &'static str, expected: usize, found: usize) -> Result<(), DistributionError> {
    if expected == found { Ok(()) } else { Err(DistributionError::DimensionMismatch { what, expected, found }) }
}

impl<T: Real> Law for Laplace<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        self.centre.len()
    }
}

impl<T: Real> Density for Laplace<T> {
    fn ln_pdf_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        check("the row", self.dimension(), rows.ncols())?;
        let mut ln_pdf = DVector::zeros(rows.nrows());
        for (axis, column) in rows.column_iter().enumerate() {
            let (c, b) = (self.centre[axis], self.scale[axis]);
            let normalisation = (b + b).ln();
            ln_pdf.zip_apply(&column, |sum, x| *sum -= (x - c).abs() / b + normalisation);
        }
        Ok(ln_pdf)
    }
}

impl<T: SampleReal> SampleRows for Laplace<T> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check("the output row", self.dimension(), out.ncols())?;
        for (axis, mut column) in out.column_iter_mut().enumerate() {
            // The difference of two exponential variables; 1 - u lies in (0, 1].
            let mut exponential = || -(T::one() - T::standard_uniform(rng)).ln();
            column.apply(|x| *x = self.centre[axis] + self.scale[axis] * (exponential() - exponential()));
        }
        Ok(())
    }
}

impl<T: SampleReal> Distribution<DVector<T>> for Laplace<T> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> DVector<T> {
        let mut exponential = || -(T::one() - T::standard_uniform(rng)).ln();
        DVector::from_fn(self.centre.len(), |axis, _| {
            self.centre[axis] + self.scale[axis] * (exponential() - exponential())
        })
    }
}

impl<T: Real> Moments for Laplace<T> {
    fn mean(&self) -> DVector<T> {
        self.centre.clone()
    }

    fn covariance(&self) -> DMatrix<T> {
        DMatrix::from_diagonal(&self.scale.map(|b| (b + b) * b))
    }
}

impl<T: Real> Landmarks for Laplace<T> {
    fn landmarks(&self) -> Result<Vec<Gaussian<T>>, DistributionError> {
        Ok(vec![Gaussian::new(self.mean(), self.covariance())?])
    }
}

/// The uniform law on a box.
#[derive(Clone, Debug, PartialEq)]
pub struct UniformBox {
    /// The lower corner.
    pub lower: DVector<f64>,
    /// The upper corner.
    pub upper: DVector<f64>,
}

impl Law for UniformBox {
    type Scalar = f64;

    fn dimension(&self) -> usize {
        self.lower.len()
    }
}

impl Density for UniformBox {
    fn ln_pdf_rows(&self, rows: &DMatrix<f64>) -> Result<DVector<f64>, DistributionError> {
        check("the row", self.dimension(), rows.ncols())?;
        let ln_volume: f64 = (&self.upper - &self.lower).iter().map(|side| side.ln()).sum();
        Ok(DVector::from_iterator(
            rows.nrows(),
            rows.row_iter().map(|row| {
                let inside =
                    row.iter().zip(self.lower.iter().zip(self.upper.iter())).all(|(x, (l, u))| l <= x && x <= u);
                if inside { -ln_volume } else { f64::NEG_INFINITY }
            }),
        ))
    }
}

impl SampleRows for UniformBox {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<f64>) -> Result<(), DistributionError> {
        check("the output row", self.dimension(), out.ncols())?;
        for (axis, mut column) in out.column_iter_mut().enumerate() {
            let (lower, upper) = (self.lower[axis], self.upper[axis]);
            column.apply(|x| *x = lower + (upper - lower) * f64::standard_uniform(rng));
        }
        Ok(())
    }
}

impl Landmarks for UniformBox {
    /// The middle, and a quarter of each side.
    fn landmarks(&self) -> Result<Vec<Gaussian<f64>>, DistributionError> {
        let (middle, quarter) = ((&self.lower + &self.upper) * 0.5, (&self.upper - &self.lower) * 0.25);
        Ok(vec![Gaussian::from_cholesky(middle, DMatrix::from_diagonal(&quarter))?])
    }
}

impl AffineImage for UniformBox {
    /// Diagonal maps only: the image of a box under others is no box.
    fn affine_image(&self, matrix: &DMatrix<f64>, offset: &DVector<f64>) -> Result<Self, DistributionError> {
        check("a row of the affine map", self.dimension(), matrix.ncols())?;
        check("the offset", matrix.nrows(), offset.len())?;
        let (a, b) = (matrix * &self.lower + offset, matrix * &self.upper + offset);
        let (lower, upper) = (a.zip_map(&b, f64::min), a.zip_map(&b, f64::max));
        match (&upper - &lower).iter().position(|&side| side <= 0.0) {
            Some(pivot) => Err(DistributionError::NotPositiveDefinite { pivot, value: 0.0 }),
            None => Ok(Self { lower, upper }),
        }
    }
}

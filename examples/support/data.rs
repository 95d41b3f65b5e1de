//! The data of the blog post: a mixture of two Gaussians, min-max normalised by one pair of numbers.

use fenchel::distribution::{AffineImage, Gaussian, Mixture};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::nn::Rescale;
use fenchel::rand::RngExt;
use fenchel::{DistributionError, rand::Rng};

/// The data set, and the law that it is drawn from.
pub struct Data {
    /// The law, in raw coordinates; a component is a mode.
    pub law: Mixture<Gaussian<f64>>,
    /// The rows in raw coordinates.
    pub raw: DMatrix<f64>,
    /// The rows in normalised coordinates, which the networks see.
    normalised: DMatrix<f32>,
    low: f64,
    span: f64,
}

impl Data {
    /// `batches` batches of 64 rows each, 48 and 16 from the two components.
    pub fn of_the_post<R: Rng + ?Sized>(batches: usize, rng: &mut R) -> Result<Self, DistributionError> {
        let component = |mean: [f64; 2], variances: [f64; 2]| {
            let diagonal = DVector::from_row_slice(&variances);
            Gaussian::new(DVector::from_row_slice(&mean), DMatrix::from_diagonal(&diagonal))
        };
        let law =
            Mixture::new(&[0.75, 0.25], vec![component([0.5, 2.0], [4.0, 1.5])?, component([9.0, 9.0], [1.0, 3.0])?])?;
        let mut raw = DMatrix::zeros(64 * batches, 2);
        for batch in 0..batches {
            raw.rows_mut(64 * batch, 64).copy_from(&law.stratified_rows(64, rng)?);
        }
        let (low, span) = (raw.min(), raw.max() - raw.min());
        let normalised = raw.map(|x| ((x - low) / span) as f32);
        Ok(Self { law, raw, normalised, low, span })
    }

    /// Fills `batch` with rows of the normalised data, drawn with replacement.
    pub fn batch_to<R: Rng + ?Sized>(&self, rng: &mut R, batch: &mut DMatrix<f32>) {
        for row in 0..batch.nrows() {
            let from = rng.random_range(0..self.normalised.nrows());
            batch[(row, 0)] = self.normalised[(from, 0)];
            batch[(row, 1)] = self.normalised[(from, 1)];
        }
    }

    /// Normalised rows in raw coordinates.
    pub fn to_raw(&self, rows: &DMatrix<f32>) -> DMatrix<f64> {
        rows.map(|x| f64::from(x) * self.span + self.low)
    }

    /// A law on normalised coordinates as the law on raw ones: an affine image, so its density stays exact.
    pub fn law_to_raw(&self, law: &Gaussian<f64>) -> Result<Gaussian<f64>, DistributionError> {
        law.affine_image(&(DMatrix::identity(2, 2) * self.span), &DVector::from_element(2, self.low))
    }

    /// The layer that takes standardised numbers to the scale of the normalised data.
    pub fn destandardise(&self) -> Rescale {
        Rescale { scale: self.normalised.variance().sqrt().into(), shift: self.normalised.mean().into() }
    }

    /// The layer that takes normalised data to mean 0 and variance 1, over both coordinates at once.
    pub fn standardise(&self) -> Rescale {
        let Rescale { scale, shift } = self.destandardise();
        Rescale { scale: scale.recip(), shift: -shift / scale }
    }
}

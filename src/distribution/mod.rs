//! Probability laws on ℝᵈ: sampling, densities, marginals, conditionals.
//!
//! | law | density | samples | moments | affine image | marginal | conditional | cdf if d = 1 | landmarks |
//! |---|---|---|---|---|---|---|---|---|
//! | [`Gaussian`] | yes | yes | yes | yes | yes | yes | yes | yes |
//! | [`DiagonalGaussian`], [`SphericalGaussian`] | yes | yes | yes | by [`to_full`](StructuredGaussian::to_full) | yes | yes | yes | yes |
//! | [`Mixture`] of any of these | if they have | if they have | if they have | if they have | if they have | if they have | if they have | if they have |
//! | [`StudentT`] | yes | yes | some of them | yes | yes | yes | | yes |
//! | [`UniformBox`] | yes | yes | yes | along the axes | yes | yes | yes | yes |
//! | [`KernelDensity`] | yes | yes | yes | yes | yes | yes | yes | yes |
//! | [`Empirical`] | none | yes | yes | yes | yes | | yes | |
//! | [`ring_of_8`], [`grid_of_25`]: mixtures of Gaussians | yes | yes | yes | yes | yes | yes | | yes |
//! | [`SwissRoll`] | none in closed form | yes | yes | | | | | |
//! | [`TwoMoons`] | none in closed form | yes | yes | | | | | |
//! | [`Categorical`] | none | yes | | | | | | |
//!
//! Every law is a [`Law`]; what it can do beyond that are traits: [`Density`], [`SampleRows`], [`Moments`], [`AffineImage`],
//! [`Marginal`], [`Conditional`], [`Cdf`], [`Landmarks`]. One draw is rand's own
//! [`Distribution<DVector<T>>`](rand::distr::Distribution), or rand_distr's
//! [`MultiDistribution<T>`](rand_distr::multi::MultiDistribution), the same draw without an allocation; many draws at once, one
//! per row, are [`SampleRows`]. A draw of a [`Categorical`] is a number, `usize`.
//!
//! `MultiDistribution` asks its implementations to panic if the slice for a draw has not d entries, and these do. It is the only
//! panic here.

mod categorical;
mod cdf;
mod compare;
mod draw;
mod empirical;
mod error;
mod gaussian;
mod kernel_density;
mod landmarks;
mod marginal;
mod mixture;
mod posterior;
mod student_t;
mod swiss_roll;
mod toy;
mod two_moons;
mod uniform_box;

pub use categorical::Categorical;
pub use cdf::Cdf;
pub use empirical::Empirical;
pub use error::DistributionError;
use error::{check_affine, check_dimension, check_range};
pub(crate) use error::{check_finite, check_finite_vector, check_size};
pub use gaussian::{
    Diagonal, DiagonalGaussian, Full, Gaussian, Spherical, SphericalGaussian, Structure, StructuredGaussian,
};
pub(crate) use gaussian::{check_pivots, factor_of_root};
pub use kernel_density::{Bandwidth, KernelDensity};
pub use landmarks::Landmarks;
pub use marginal::{Conditional, Marginal};
pub use mixture::Mixture;
pub use student_t::StudentT;
pub use swiss_roll::SwissRoll;
pub use toy::{grid_of_25, ring_of_8};
pub use two_moons::TwoMoons;
pub use uniform_box::UniformBox;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use crate::real::{Real, SampleReal};

/// A probability law on ℝᵈ, with or without a density.
pub trait Law {
    /// The scalar type of its points.
    type Scalar: Real;

    /// The dimension d.
    fn dimension(&self) -> usize;
}

/// A law with a density with respect to Lebesgue measure on ℝᵈ.
pub trait Density: Law {
    /// ln p at every row of `rows`, which has d columns; −∞ where the density is 0.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch).
    fn ln_pdf_rows(&self, rows: &DMatrix<Self::Scalar>) -> Result<DVector<Self::Scalar>, DistributionError>;

    /// ln p at the rows of `rows` from row `first` on, as many as `out` has room for. A law that can do it without a copy of them makes
    /// mixtures of such laws faster.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch), and [`RowOutOfRange`](DistributionError::RowOutOfRange) if there
    /// are not so many.
    fn ln_pdf_rows_to(
        &self,
        rows: &DMatrix<Self::Scalar>,
        first: usize,
        out: &mut [Self::Scalar],
    ) -> Result<(), DistributionError> {
        check_range(rows, first, out)?;
        let part = rows.rows(first, out.len()).into_owned();
        out.copy_from_slice(checked_ln_pdf_rows(self, &part)?.as_slice());
        Ok(())
    }

    /// ln p at one point.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch).
    fn ln_pdf(&self, point: &DVector<Self::Scalar>) -> Result<Self::Scalar, DistributionError> {
        Ok(checked_ln_pdf_rows(self, &DMatrix::from_row_slice(1, point.len(), point.as_slice()))?[0])
    }
}

/// A law that can be sampled, one draw a row.
pub trait SampleRows: Law<Scalar: SampleReal> {
    /// Fills every row of `out` with an independent draw.
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch) if `out` has not d columns.
    fn sample_rows_to<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        out: &mut DMatrix<Self::Scalar>,
    ) -> Result<(), DistributionError>;

    /// `n` independent draws as the rows of an n × d matrix.
    ///
    /// ```
    /// use fenchel::distribution::{Gaussian, SampleRows};
    /// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    /// let rows = Gaussian::<f64>::standard(3)?.sample_rows(100, &mut rng)?;
    /// assert_eq!(rows.shape(), (100, 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLarge`](DistributionError::TooLarge); a law of your own may have others.
    fn sample_rows<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Result<DMatrix<Self::Scalar>, DistributionError> {
        let mut out = draw::room(n, self.dimension())?;
        self.sample_rows_to(rng, &mut out)?;
        Ok(out)
    }
}

/// A law whose first two moments are known.
pub trait Moments: Law {
    /// The mean.
    fn mean(&self) -> DVector<Self::Scalar>;

    /// The covariance matrix.
    fn covariance(&self) -> DMatrix<Self::Scalar>;
}

/// A family of laws that is closed under invertible affine maps.
pub trait AffineImage: Law + Sized {
    /// The law of `matrix` X + `offset`, where X has this law.
    ///
    /// Its density is exact: normalising data by an affine map costs nothing.
    ///
    /// # Errors
    ///
    /// `matrix` has not d columns or not as many rows as `offset`, holds a value that is not finite, or maps onto less than the whole
    /// space.
    fn affine_image(
        &self,
        matrix: &DMatrix<Self::Scalar>,
        offset: &DVector<Self::Scalar>,
    ) -> Result<Self, DistributionError>;
}

/// ln p at every row, of a law that may come from elsewhere: errs unless there is one value for each row.
pub(crate) fn checked_ln_pdf_rows<P: Density + ?Sized>(
    law: &P,
    rows: &DMatrix<P::Scalar>,
) -> Result<DVector<P::Scalar>, DistributionError> {
    let ln_pdf = law.ln_pdf_rows(rows)?;
    check_dimension("the vector of log densities", rows.nrows(), ln_pdf.len())?;
    Ok(ln_pdf)
}

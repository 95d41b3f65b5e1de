//! Kernel density estimates.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand::distr::Distribution;
use rand_distr::multi::MultiDistribution;

use super::cdf::{check_line, weighted_sum};
use super::draw::{check_length, draw_vector};
use super::marginal::{Split, check_conditional};
use super::{
    AffineImage, Cdf, Conditional, Density, DistributionError, Empirical, Gaussian, Landmarks, Law, Marginal, Moments,
    SampleRows, check_dimension,
};
use crate::real::{Real, SampleReal, real, to_f64};
use crate::special::{largest, ln_sum_exp, normal_cdf};

/// Centres and rows taken at a time: what they need stays in cache, and sums over blocks round less than one long sum.
const BLOCK: usize = 512;

/// How wide the kernels of a [`KernelDensity`] are, as a factor of the standard deviations of the data.
///
/// n is the [effective](Empirical::effective_size) number of rows, d the dimension. The rules are those of `scipy.stats.gaussian_kde`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bandwidth {
    /// n^(−1/(d + 4)). Scott (1992), *Multivariate Density Estimation*, section 6.3.
    Scott,
    /// (n (d + 2)/4)^(−1/(d + 4)), the best one for Gaussian data. Silverman (1986), *Density Estimation for Statistics and Data
    /// Analysis*, section 4.3.
    Silverman,
    /// This factor.
    Factor(f64),
}

impl Bandwidth {
    /// The factor for an effective number of rows and a dimension.
    fn factor(self, effective_size: f64, dimension: usize) -> f64 {
        let dimension = dimension as f64;
        match self {
            Self::Scott => effective_size.powf(-1.0 / (dimension + 4.0)),
            Self::Silverman => (effective_size * (dimension + 2.0) / 4.0).powf(-1.0 / (dimension + 4.0)),
            Self::Factor(factor) => factor,
        }
    }
}

/// Σᵢ wᵢ N(xᵢ, H): a Gaussian kernel of covariance H around every row of the data, with equal or given weights.
///
/// A draw is a row of the data plus a draw of N(0, H), so everything is exact: the moments, affine images, marginals, conditionals.
///
/// ```
/// use fenchel::distribution::{Bandwidth, Density, Empirical, KernelDensity};
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let data = Empirical::new(DMatrix::from_column_slice(5, 1, &[-2.1, -1.3, -0.4, 1.9, 5.1_f64]))?;
/// let law = KernelDensity::new(data, Bandwidth::Scott)?;
/// assert!(law.ln_pdf(&DVector::from_element(1, 0.0))? > law.ln_pdf(&DVector::from_element(1, 9.0))?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KernelDensity<T: Real> {
    centres: Empirical<T>,
    /// N(0, H).
    kernel: Gaussian<T>,
}

impl<T: Real> KernelDensity<T> {
    /// The estimate from `data` with H = factor² S, where S is the unbiased covariance of the data: Σ wᵢ (xᵢ − mean)(xᵢ −
    /// mean)ᵀ/(1 − Σ wᵢ²), which for equal weights has the divisor n − 1.
    ///
    /// # Errors
    ///
    /// Not d + 1 rows of positive weight, data in less than d dimensions (a [kernel of your own](Self::with_kernel) has a density
    /// there), a factor that is not positive and finite.
    pub fn new(data: Empirical<T>, bandwidth: Bandwidth) -> Result<Self, DistributionError> {
        let needed = data.dimension() + 1;
        let rows = data.weights().map_or(data.rows().nrows(), |ws| ws.iter().filter(|&&w| w > T::zero()).count());
        if rows < needed {
            return Err(DistributionError::TooFewRows { rows, needed });
        }
        let size = data.effective_size();
        let factor = bandwidth.factor(to_f64(size), data.dimension());
        if !(factor > 0.0 && real::<T>(factor).is_finite()) {
            let (what, range) = ("the bandwidth factor", "positive and finite");
            return Err(DistributionError::InvalidParameter { what, value: factor, range });
        }
        // 1 − Σ w², of which all but one row of weight 1 leave something: Σ w (1 − w), where for the largest 1 − w is the sum of the others, which does not cancel.
        let heaviest = data.heaviest();
        let others = data.expectation(|row| if row == heaviest { T::zero() } else { T::one() });
        let left = data.expectation(|row| if row == heaviest { others } else { T::one() - data.weight(row) });
        if left <= T::zero() {
            return Err(DistributionError::TooFewRows { rows: 1, needed });
        }
        let sample = Gaussian::new(DVector::zeros(data.dimension()), data.covariance() / left)?;
        let factor = sample.cholesky_factor() * real::<T>(factor);
        Ok(Self { kernel: Gaussian::from_cholesky(DVector::zeros(data.dimension()), factor)?, centres: data })
    }

    /// The estimate from `data` with the kernel N(0, `covariance`).
    ///
    /// # Errors
    ///
    /// Those of [`Gaussian::new`].
    pub fn with_kernel(data: Empirical<T>, covariance: DMatrix<T>) -> Result<Self, DistributionError> {
        let kernel = Gaussian::new(DVector::zeros(data.dimension()), covariance)?;
        Ok(Self { centres: data, kernel })
    }

    /// The data, with their weights.
    pub fn centres(&self) -> &Empirical<T> {
        &self.centres
    }

    /// The kernel N(0, H).
    pub fn kernel(&self) -> &Gaussian<T> {
        &self.kernel
    }

    /// The kernel around the centre that counts most, and the centres whitened by it: off that, data far from 0 lose no digits. Around 0 if they are farther from it than the
    /// numbers reach.
    fn among_centres(&self) -> Result<(Gaussian<T>, DMatrix<T>), DistributionError> {
        let centre = self.centres.rows().row(self.centres.heaviest()).transpose();
        let kernel = Gaussian::from_cholesky(centre, self.kernel.cholesky_factor().clone())?;
        let whitened = kernel.whitened_rows(self.centres.rows())?;
        let counts = |&row: &usize| self.centres.weight(row) > T::zero();
        if (0..whitened.nrows()).filter(counts).all(|row| whitened.row(row).iter().all(|x| x.is_finite())) {
            return Ok((kernel, whitened));
        }
        Ok((self.kernel.clone(), self.kernel.whitened_rows(self.centres.rows())?))
    }
}

impl<T: Real> Law for KernelDensity<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        self.kernel.dimension()
    }
}

/// By log-sum-exp over the centres, O(d) for each row and centre, to which comes O(d²) for each centre once a call: rows are best asked of together.
impl<T: Real> Density for KernelDensity<T> {
    fn ln_pdf_rows(&self, rows: &DMatrix<T>) -> Result<DVector<T>, DistributionError> {
        check_dimension("the row", self.dimension(), rows.ncols())?;
        // Where the kernel is N(0, I), with its log density at the centre of each one in `shifts`.
        let (kernel, centres) = self.among_centres()?;
        let normalisation = self.kernel.ln_pdf(&DVector::zeros(self.dimension()))?;
        let shifts: Vec<T> = (0..centres.nrows()).map(|i| self.centres.ln_weight(i) + normalisation).collect();
        let (mut terms, mut parts) = (vec![T::zero(); BLOCK], Vec::new());
        let mut ln_pdf = DVector::zeros(rows.nrows());
        for start in (0..rows.nrows()).step_by(BLOCK) {
            let whitened = kernel.whitened_rows(&rows.rows(start, BLOCK.min(rows.nrows() - start)).into_owned())?;
            for (i, row) in whitened.row_iter().enumerate() {
                parts.clear();
                for first in (0..centres.nrows()).step_by(BLOCK) {
                    let block = &mut terms[..BLOCK.min(centres.nrows() - first)];
                    block.fill(T::zero());
                    for (&z, column) in row.iter().zip(centres.column_iter()) {
                        let near = column.rows_range(first..first + block.len());
                        block.iter_mut().zip(near.iter()).for_each(|(term, &centre)| {
                            *term += (z - centre) * (z - centre);
                        });
                    }
                    block.iter_mut().zip(&shifts[first..]).for_each(|(term, &shift)| *term = shift - *term * real(0.5));
                    parts.push(ln_sum_exp(block));
                }
                ln_pdf[start + i] = ln_sum_exp(&parts);
            }
        }
        // So far out that infinities cancelled on the way. Only a NaN in the row itself may give a NaN.
        let is_nan = |x: &T| x.partial_cmp(x).is_none();
        for (row, value) in ln_pdf.iter_mut().enumerate() {
            if is_nan(value) && !rows.row(row).iter().any(is_nan) {
                *value = real(f64::NEG_INFINITY);
            }
        }
        Ok(ln_pdf)
    }
}

impl<T: SampleReal> MultiDistribution<T> for KernelDensity<T> {
    fn sample_len(&self) -> usize {
        self.dimension()
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        check_length(self, output);
        let row = self.centres.draw_row(rng);
        self.kernel.noise_to_slice(rng, output);
        output.iter_mut().zip(self.centres.rows().row(row).iter()).for_each(|(x, &centre)| *x += centre);
    }
}

impl<T: SampleReal> Distribution<DVector<T>> for KernelDensity<T> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> DVector<T> {
        draw_vector(self, rng)
    }
}

impl<T: SampleReal> SampleRows for KernelDensity<T> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check_dimension("the output row", self.dimension(), out.ncols())?;
        let mut drawn = Vec::with_capacity(out.nrows());
        self.kernel.noise_rows_to(rng, out, |rng| drawn.push(self.centres.draw_row(rng)));
        for (mut to, centres) in out.column_iter_mut().zip(self.centres.rows().column_iter()) {
            to.iter_mut().zip(&drawn).for_each(|(x, &row)| *x += centres[row]);
        }
        Ok(())
    }
}

/// The mean of the data, and their covariance (of divisor n) plus H.
impl<T: Real> Moments for KernelDensity<T> {
    fn mean(&self) -> DVector<T> {
        self.centres.mean()
    }

    fn covariance(&self) -> DMatrix<T> {
        self.centres.covariance() + self.kernel.covariance()
    }
}

impl<T: Real> AffineImage for KernelDensity<T> {
    fn affine_image(&self, matrix: &DMatrix<T>, offset: &DVector<T>) -> Result<Self, DistributionError> {
        let centres = self.centres.affine_image(matrix, offset)?;
        Ok(Self { centres, kernel: self.kernel.affine_image(matrix, &DVector::zeros(matrix.nrows()))? })
    }
}

impl<T: Real> Marginal for KernelDensity<T> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        Ok(Self { centres: self.centres.marginal(coordinates)?, kernel: self.kernel.marginal(coordinates)? })
    }
}

/// Kernels around where regression on the values puts each centre, weighted by how close the centre is to the values.
impl<T: Real> Conditional for KernelDensity<T> {
    fn conditional(&self, coordinates: &[usize], values: &DVector<T>) -> Result<Self, DistributionError> {
        let rest = check_conditional(coordinates, values, self.dimension())?;
        if coordinates.is_empty() {
            return Ok(self.clone());
        }
        let split = Split::new(&self.kernel, coordinates, &rest)?;
        let mut apart = -self.centres.rows().select_columns(coordinates);
        apart.column_iter_mut().zip(values.iter()).for_each(|(mut column, &value)| column.add_scalar_mut(value));
        let ln_pdf = split.chosen.ln_pdf_rows(&apart)?;
        let ln_weights: Vec<T> = ln_pdf.iter().enumerate().map(|(i, &ln)| ln + self.centres.ln_weight(i)).collect();
        let nearest = largest(&ln_weights);
        if !nearest.is_finite() {
            return Err(DistributionError::NoDensity { row: 0, ln_pdf: to_f64(nearest) });
        }
        // Centres of no weight are left out: from far away their regression may be beyond the numbers.
        let weights: Vec<T> = ln_weights.iter().map(|&ln_weight| (ln_weight - nearest).exp()).collect();
        let kept: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > T::zero()).collect();
        let whitened = split.chosen.whitened_rows(&apart.select_rows(&kept))?;
        let moved =
            self.centres.rows().select_columns(&rest).select_rows(&kept) + whitened * split.regression.transpose();
        let weights: Vec<T> = kept.iter().map(|&i| weights[i]).collect();
        Ok(Self { centres: Empirical::weighted(moved, &weights)?, kernel: split.rest })
    }
}

/// Σ wᵢ Φ((x − xᵢ)/√H).
impl<T: Real> Cdf for KernelDensity<T> {
    fn cdf(&self, x: T) -> Result<T, DistributionError> {
        check_line(self)?;
        let width = self.kernel.cholesky_factor()[(0, 0)];
        let centres = self.centres.rows().iter().enumerate();
        weighted_sum(centres.map(|(i, &centre)| Ok(normal_cdf((x - centre) / width) * self.centres.weight(i))))
    }
}

/// Kernels around centres of which no two are within one standard deviation of the kernel, so that every other one is that close
/// to one of them.
impl<T: Real> Landmarks for KernelDensity<T> {
    fn landmarks(&self) -> Result<Vec<Gaussian<T>>, DistributionError> {
        let (_, whitened) = self.among_centres()?;
        let mut kept: Vec<usize> = Vec::new();
        for i in (0..whitened.nrows()).filter(|&i| self.centres.weight(i) > T::zero()) {
            if kept.iter().all(|&j| (whitened.row(i) - whitened.row(j)).norm() > T::one()) {
                kept.push(i);
            }
        }
        let around =
            |i| Gaussian::from_cholesky(self.centres.rows().row(i).transpose(), self.kernel.cholesky_factor().clone());
        kept.into_iter().map(around).collect()
    }
}

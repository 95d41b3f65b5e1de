//! What is to be known of data to fit a Gaussian: their mean and scatter.

use std::marker::PhantomData;
use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use super::centre::{Centre, Weigh};
use super::scatter::{Centred, Scatter, rounding};
use super::{EstimateError, FitMle, SufficientStatistics};
use crate::distribution::{DistributionError, Full, StructuredGaussian, check_finite, check_finite_vector, check_size};
use crate::parallel::by_parts;
use crate::real::{Real, count, exact_sum, least_normal, to_f64};
use crate::vector::{Block, READ_ROWS, over_columns, padded, vectorised};

/// Total weight, weighted mean, and scatter Σ w (x − mean)(x − mean)ᵀ, or what a [`Scatter`] keeps of it.
///
/// Deviations are always taken from a mean, never as E x² − (E x)², so data far from the origin keep their accuracy. Parts are merged by the
/// formulas of Chan, Golub and LeVeque (1983), *Algorithms for computing the sample variance*. The order of the sums depends on the
/// number of rows alone: with feature `rayon` as many threads as there are make the same bits as one.
///
/// ```
/// use fenchel::estimate::{GaussianStatistics, SufficientStatistics};
/// use fenchel::nalgebra::DMatrix;
///
/// # fn main() -> Result<(), fenchel::EstimateError> {
/// let mut statistics = GaussianStatistics::<f64>::empty(1)?; // however many batches, one after another
/// statistics.observe(&DMatrix::from_row_slice(2, 1, &[1.0, 2.0]), None)?;
/// statistics.observe(&DMatrix::from_row_slice(2, 1, &[3.0, 6.0]), None)?;
/// assert_eq!(statistics.mean()[0], 3.0);
/// assert_eq!(statistics.covariance()?[(0, 0)], 3.5); // over n
/// assert_eq!(statistics.unbiased_covariance()?[(0, 0)], 14.0 / 3.0); // over n − 1
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StructuredStatistics<T: Real, S: Scatter> {
    rows: usize,
    weight: T,
    mean: DVector<T>,
    /// What the mean has lost by rounding. Means far from 0 are then as far apart as they are, to all digits.
    lost: DVector<T>,
    scatter: DMatrix<T>,
    structure: PhantomData<S>,
}

/// The statistics of a Gaussian of any covariance.
pub type GaussianStatistics<T> = StructuredStatistics<T, Full>;

impl<T: Real, S: Scatter> StructuredStatistics<T, S> {
    /// The number of rows of positive weight.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The sum of the weights: the number of rows where each counts once.
    pub fn weight(&self) -> T {
        self.weight
    }

    /// The weighted mean; 0 before anything of positive weight is observed.
    pub fn mean(&self) -> &DVector<T> {
        &self.mean
    }

    /// Σ w (x − mean)(x − mean)ᵀ, or its diagonal as a column, as the [structure](Scatter) has it.
    pub fn scatter(&self) -> &DMatrix<T> {
        &self.scatter
    }

    /// The covariance of maximum likelihood: scatter over W, with W the weight. Biased, by the factor (n − 1)/n.
    ///
    /// # Errors
    ///
    /// Those of [`FitMle::fit_mle_from`].
    pub fn covariance(&self) -> Result<DMatrix<T>, EstimateError> {
        self.covariance_over(self.weight)
    }

    /// The unbiased covariance: scatter over W − 1, for weights that count how often a row was seen.
    ///
    /// # Errors
    ///
    /// Those of [`FitMle::fit_mle_from`]; rows that weigh no more than 1 together.
    pub fn unbiased_covariance(&self) -> Result<DMatrix<T>, EstimateError> {
        if self.weight <= T::one() {
            return Err(EstimateError::TooLittleWeight { weight: to_f64(self.weight) });
        }
        self.covariance_over(self.weight - T::one())
    }

    fn covariance_over(&self, divisor: T) -> Result<DMatrix<T>, EstimateError> {
        if self.rows == 0 {
            return Err(EstimateError::TooFewRows { rows: 0, needed: 1 });
        }
        self.check_digits()?;
        let covariance = S::covariance(&self.scatter, divisor);
        check_finite("the covariance of the data", &covariance)?;
        Ok(covariance)
    }

    /// Errs on a sum of squares that is less than the numbers have all digits for: of values, or weights, next to 0. Each term may have lost half of the least number, of which
    /// there are 1/ε in the least normal one.
    fn check_digits(&self) -> Result<(), EstimateError> {
        let least = least_normal::<T>() * count(self.rows);
        let squares = S::squares(&self.scatter);
        match squares.iter().position(|&sum| sum > T::zero() && sum < least) {
            Some(column) => Err(EstimateError::Underflow { column, sum: to_f64(squares[column]) }),
            None => Ok(()),
        }
    }

    fn dimension(&self) -> usize {
        self.mean.len()
    }

    /// How many bytes they take in this dimension.
    pub(super) fn bytes(dimension: usize) -> usize {
        size_of::<T>().saturating_mul(dimension).saturating_mul(S::columns(dimension))
    }

    /// The Gaussian of covariance scatter/W, to whose diagonal `more` is added.
    pub(super) fn regularised(&self, more: &[T]) -> Result<StructuredGaussian<T, S>, DistributionError> {
        self.around(self.mean.clone(), more)
    }

    /// The same around another mean.
    pub(super) fn around(&self, mean: DVector<T>, more: &[T]) -> Result<StructuredGaussian<T, S>, DistributionError> {
        let rounding = rounding(self.rows.min(READ_ROWS), self.dimension());
        S::gaussian(mean, &self.scatter, self.weight, more, rounding)
    }

    /// The scatter of each part around its own mean.
    pub(super) fn pooled(parts: &[Self]) -> Self {
        let mut pooled = parts[0].clone();
        for part in &parts[1..] {
            pooled.rows += part.rows;
            pooled.weight += part.weight;
            pooled.scatter += &part.scatter;
        }
        pooled
    }

    /// Takes in rows that are known to be fine, with the weights of these rows.
    pub(super) fn take_in(
        &mut self,
        rows: &DMatrix<T>,
        range: Range<usize>,
        weights: Option<&[T]>,
        workspace: &mut Workspace<T>,
    ) {
        for start in range.clone().step_by(READ_ROWS) {
            let end = range.end.min(start + READ_ROWS);
            let weights = weights.map(|weights| &weights[start - range.start..end - range.start]);
            self.take_in_block(rows, start..end, weights, workspace);
        }
    }

    fn take_in_block(
        &mut self,
        rows: &DMatrix<T>,
        range: Range<usize>,
        weights: Option<&[T]>,
        Workspace { block, weights: padded, near, weighted, apart, mean, lost, scatter }: &mut Workspace<T>,
    ) {
        let size = range.len();
        block.resize(size);
        let height = block.height();
        let (weights, (weight, heavy, counted)) = match weights {
            None => (None, (count(size), 0, size)),
            Some(weights) => {
                let padded = &mut padded[..height];
                padded[..size].copy_from_slice(weights);
                padded[size..].fill(T::zero());
                (Some(&*padded), vectorised(Weigh(padded)))
            }
        };
        if weight > T::zero() {
            let (all, count, entries) = (rows.as_slice(), rows.nrows(), block.entries_mut());
            let means = (mean.as_mut_slice(), lost.as_mut_slice());
            over_columns(Centre {
                all,
                count,
                range,
                weights,
                weight,
                heavy,
                entries,
                height,
                means,
                apart: &mut *apart,
            });
            S::of_centred(Centred { entries: block.entries(), height, size, apart, weights, near, weighted }, scatter);
            self.join(counted, weight, (mean, lost), scatter);
        }
    }

    /// Takes in what other statistics of the same dimension have taken in.
    pub(super) fn add(&mut self, other: &Self) {
        self.join(other.rows, other.weight, (&other.mean, &other.lost), &other.scatter);
    }

    fn join(&mut self, rows: usize, weight: T, (mean, lost): (&DVector<T>, &DVector<T>), scatter: &DMatrix<T>) {
        if self.weight.is_zero() {
            // Not by the formula below: the square of a mean that is far from 0 may be no number.
            self.weight = weight;
            self.mean.copy_from(mean);
            self.lost.copy_from(lost);
            self.scatter.copy_from(scatter);
        } else if weight > T::zero() {
            let both = self.weight + weight;
            let share = weight / both;
            let apart = DVector::from_fn(mean.len(), |i, _| (mean[i] - self.mean[i]) + (lost[i] - self.lost[i]));
            self.scatter += scatter;
            S::add_square(&mut self.scatter, &apart, self.weight * share);
            for (i, &apart) in apart.iter().enumerate() {
                (self.mean[i], self.lost[i]) = exact_sum(self.mean[i], self.lost[i] + share * apart);
            }
            self.weight = both;
        }
        self.rows += rows;
    }
}

/// What taking in rows needs beside them, block after block.
pub(super) struct Workspace<T: Real> {
    block: Block<T>,
    weights: Vec<T>,
    near: Vec<T>,
    weighted: Vec<T>,
    apart: Vec<T>,
    mean: DVector<T>,
    lost: DVector<T>,
    scatter: DMatrix<T>,
}

impl<T: Real> Workspace<T> {
    pub(super) fn new<S: Scatter>(rows: usize, dimension: usize) -> Self {
        let block = Block::new(dimension);
        let column = vec![T::zero(); padded(rows.min(READ_ROWS))];
        let scatter = DMatrix::zeros(dimension, S::columns(dimension));
        Self {
            block,
            weights: column,
            near: Vec::new(),
            weighted: Vec::new(),
            apart: vec![T::zero(); dimension],
            mean: DVector::zeros(dimension),
            lost: DVector::zeros(dimension),
            scatter,
        }
    }
}

impl<T: Real, S: Scatter> SufficientStatistics for StructuredStatistics<T, S> {
    type Scalar = T;

    fn empty(dimension: usize) -> Result<Self, EstimateError> {
        if dimension == 0 {
            return Err(DistributionError::ZeroDimension.into());
        }
        check_size::<T>(dimension, S::columns(dimension))?;
        let (mean, scatter) = (DVector::zeros(dimension), DMatrix::zeros(dimension, S::columns(dimension)));
        Ok(Self { rows: 0, weight: T::zero(), lost: mean.clone(), mean, scatter, structure: PhantomData })
    }

    fn observe(&mut self, rows: &DMatrix<T>, weights: Option<&[T]>) -> Result<(), EstimateError> {
        let dimension = self.dimension();
        if rows.ncols() != dimension {
            return Err(EstimateError::ColumnMismatch { expected: dimension, found: rows.ncols() });
        }
        check_weights(rows, weights)?;
        let mut all = Self::empty(dimension)?;
        by_parts(
            rows.nrows(),
            Self::bytes(dimension),
            |range| {
                let mut part = Self::empty(dimension)?;
                let weights = weights.map(|weights| &weights[range.clone()]);
                part.take_in(rows, range.clone(), weights, &mut Workspace::new::<S>(range.len(), dimension));
                // A value that is not finite shows in the mean, unless its block has no weight: no need to look at each.
                if part.rows < range.len() || !part.mean.iter().all(|x| x.is_finite()) {
                    check_finite_rows(rows, range)?;
                }
                Ok(part)
            },
            |part| all.merge(&part),
        )?;
        // Finite values may be farther apart than the numbers reach.
        check_finite_vector("the mean of the data", &all.mean)?;
        check_weight_sum(all.weight)?;
        check_weight_sum(self.weight + all.weight)?;
        self.merge(&all)
    }

    fn merge(&mut self, other: &Self) -> Result<(), EstimateError> {
        if other.dimension() != self.dimension() {
            return Err(EstimateError::ColumnMismatch { expected: self.dimension(), found: other.dimension() });
        }
        self.add(other);
        Ok(())
    }
}

/// Mean and covariance of the data, the covariance divided by the total weight: the maximum-likelihood estimate, biased by
/// the factor (n − 1)/n; with the variance of every coordinate, or the mean of these, where the structure is so. Also the Gaussian of least forward KL
/// divergence from the data's law among those of the structure.
impl<T: Real, S: Scatter> FitMle for StructuredGaussian<T, S> {
    type Statistics = StructuredStatistics<T, S>;

    fn fit_mle_from(statistics: &StructuredStatistics<T, S>) -> Result<Self, EstimateError> {
        let needed = S::rows_needed(statistics.dimension());
        if statistics.rows < needed {
            return Err(EstimateError::TooFewRows { rows: statistics.rows, needed });
        }
        statistics.check_digits()?;
        Ok(statistics.regularised(&[])?)
    }
}

/// Errs on rows that are not finite.
pub(super) fn check_finite_rows<T: Real>(rows: &DMatrix<T>, range: Range<usize>) -> Result<(), EstimateError> {
    for (column, entries) in rows.column_iter().enumerate() {
        if let Some(row) = range.clone().find(|&row| !entries[row].is_finite()) {
            return Err(EstimateError::NonFinite { row, column, value: to_f64(entries[row]) });
        }
    }
    Ok(())
}

/// Errs on a sum of weights that is too large to be a number, or too small for shares of it to have digits.
pub(super) fn check_weight_sum<T: Real>(weight: T) -> Result<(), EstimateError> {
    let share = weight * T::default_epsilon();
    if weight.is_finite() && share / T::default_epsilon() == weight {
        Ok(())
    } else {
        Err(DistributionError::WeightSum { sum: to_f64(weight) }.into())
    }
}

/// Errs on weights that are none.
pub(super) fn check_weights<T: Real>(rows: &DMatrix<T>, weights: Option<&[T]>) -> Result<(), EstimateError> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != rows.nrows() {
        return Err(EstimateError::WeightCount { weights: weights.len(), rows: rows.nrows() });
    }
    match weights.iter().position(|&w| !w.is_finite() || w < T::zero()) {
        Some(row) => Err(EstimateError::InvalidWeight { row, weight: to_f64(weights[row]) }),
        None => Ok(()),
    }
}

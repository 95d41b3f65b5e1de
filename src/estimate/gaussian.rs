//! The Gaussian: mean and scatter.

use nalgebra::{DMatrix, DVector};

use super::{EstimateError, FitMle, SufficientStatistics};
use crate::distribution::{DistributionError, Gaussian, check_pivots};
use crate::real::{Real, count, real, to_f64};

/// Rows taken in at a time: their centred copy stays in cache, and sums over blocks round less than one long sum.
const BLOCK: usize = 512;

/// Total weight, weighted mean, and scatter Σ w (x − mean)(x − mean)ᵀ.
///
/// Deviations are always taken from a mean, never as E x² − (E x)², so data far from the origin keep their accuracy. Parts are merged by the
/// formulas of Chan, Golub and LeVeque (1983), *Algorithms for computing the sample variance*.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianStatistics<T: Real> {
    rows: usize,
    weight: T,
    mean: DVector<T>,
    scatter: DMatrix<T>,
}

impl<T: Real> GaussianStatistics<T> {
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

    /// Σ w (x − mean)(x − mean)ᵀ.
    pub fn scatter(&self) -> &DMatrix<T> {
        &self.scatter
    }

    fn dimension(&self) -> usize {
        self.mean.len()
    }

    /// The statistics of rows `start..end`, which are known to be fine.
    fn of_block(rows: &DMatrix<T>, weights: Option<&[T]>, start: usize, end: usize) -> Self {
        let dimension = rows.ncols();
        let weights: Vec<T> = (start..end).map(|row| weights.map_or(T::one(), |w| w[row])).collect();
        let weight = weights.iter().fold(T::zero(), |sum, &w| sum + w);
        let mut centred = rows.rows(start, end - start).into_owned();
        let mut mean = DVector::zeros(dimension);
        if weight > T::zero() {
            let heaviest =
                weights.iter().enumerate().fold(0, |best, (row, &w)| if w > weights[best] { row } else { best });
            for (mut column, mean) in centred.column_iter_mut().zip(mean.iter_mut()) {
                // Off an entry that counts first, so that a constant column becomes exactly 0 and nothing far away is summed; then off
                // the mean twice, the second time for what the first one rounded.
                let mut shift = column[heaviest];
                for _ in 0..3 {
                    column.add_scalar_mut(-shift);
                    *mean += shift;
                    shift = column.iter().zip(&weights).fold(T::zero(), |sum, (&x, &w)| sum + w * x) / weight;
                }
            }
        }
        let mut weighted = centred.clone();
        for mut column in weighted.column_iter_mut() {
            column.iter_mut().zip(&weights).for_each(|(x, &w)| *x *= w);
        }
        let mut scatter = DMatrix::zeros(dimension, dimension);
        for i in 0..dimension {
            for j in 0..=i {
                let sum = weighted.column(i).dot(&centred.column(j));
                scatter[(i, j)] = sum;
                scatter[(j, i)] = sum;
            }
        }
        Self { rows: weights.iter().filter(|&&w| w > T::zero()).count(), weight, mean, scatter }
    }
}

impl<T: Real> SufficientStatistics for GaussianStatistics<T> {
    type Scalar = T;

    fn empty(dimension: usize) -> Result<Self, EstimateError> {
        if dimension == 0 {
            return Err(DistributionError::ZeroDimension.into());
        }
        let (mean, scatter) = (DVector::zeros(dimension), DMatrix::zeros(dimension, dimension));
        Ok(Self { rows: 0, weight: T::zero(), mean, scatter })
    }

    fn observe(&mut self, rows: &DMatrix<T>, weights: Option<&[T]>) -> Result<(), EstimateError> {
        if rows.ncols() != self.dimension() {
            return Err(EstimateError::ColumnMismatch { expected: self.dimension(), found: rows.ncols() });
        }
        if let Some(index) = rows.iter().position(|x| !x.is_finite()) {
            let (row, column) = rows.vector_to_matrix_index(index);
            return Err(EstimateError::NonFinite { row, column, value: to_f64(rows[index]) });
        }
        if let Some(weights) = weights {
            if weights.len() != rows.nrows() {
                return Err(EstimateError::WeightCount { weights: weights.len(), rows: rows.nrows() });
            }
            if let Some(row) = weights.iter().position(|&w| !w.is_finite() || w < T::zero()) {
                return Err(EstimateError::InvalidWeight { row, weight: to_f64(weights[row]) });
            }
        }
        for start in (0..rows.nrows()).step_by(BLOCK) {
            let end = rows.nrows().min(start + BLOCK);
            self.merge(&Self::of_block(rows, weights, start, end))?;
        }
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> Result<(), EstimateError> {
        if other.dimension() != self.dimension() {
            return Err(EstimateError::ColumnMismatch { expected: self.dimension(), found: other.dimension() });
        }
        let weight = self.weight + other.weight;
        if other.weight > T::zero() {
            let share = other.weight / weight;
            let apart = &other.mean - &self.mean;
            self.scatter += &other.scatter + &apart * apart.transpose() * (self.weight * share);
            self.mean.axpy(share, &apart, T::one());
        }
        self.weight = weight;
        self.rows += other.rows;
        Ok(())
    }
}

/// Mean and covariance of the data, the covariance divided by the total weight: the maximum-likelihood estimate, biased by
/// the factor (n − 1)/n. Also the Gaussian of least forward KL divergence from the data's law.
impl<T: Real> FitMle for Gaussian<T> {
    type Statistics = GaussianStatistics<T>;

    fn fit_mle_from(statistics: &GaussianStatistics<T>) -> Result<Self, EstimateError> {
        let needed = statistics.dimension() + 1;
        if statistics.rows < needed {
            return Err(EstimateError::TooFewRows { rows: statistics.rows, needed });
        }
        let covariance = &statistics.scatter / statistics.weight;
        // Collinear data leave pivots of rounding size where the exact ones are 0, of either sign. A sum of n products rounds by
        // some √n ε of its size, and each step of the elimination by another ε.
        let sums = count::<T>(statistics.rows.min(BLOCK)).sqrt() + count(statistics.dimension());
        let rounding = T::default_epsilon() * sums * real(4.0);
        let law = Gaussian::new(statistics.mean.clone(), covariance)?;
        check_pivots(law.cholesky_factor(), rounding.sqrt())?;
        Ok(law)
    }
}

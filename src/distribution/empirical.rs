//! Data as a law.

use nalgebra::{DMatrix, DVector};
use rand::distr::Distribution;
use rand::{Rng, RngExt};
use rand_distr::multi::MultiDistribution;

use super::cdf::{check_line, weighted_sum};
use super::draw::{check_length, draw_vector};
use super::marginal::check_marginal;
use super::{
    AffineImage, Categorical, Cdf, DistributionError, Law, Marginal, Moments, SampleRows, check_affine,
    check_dimension, check_finite,
};
use crate::real::{CompensatedSum, Real, SampleReal, count, real};

/// Rows summed at a time.
const BLOCK: usize = 512;

/// The law Σᵢ wᵢ δ(xᵢ) that puts the probability wᵢ, or 1/n, on row i of the data. It has no density.
///
/// A draw is one of the rows: sampling is the bootstrap of Efron (1979), *Bootstrap methods: another look at the jackknife*. The
/// covariance has the divisor n, as that of any law; an unbiased estimate has n − 1.
///
/// ```
/// use fenchel::distribution::{Empirical, Moments, SampleRows};
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let law = Empirical::new(DMatrix::from_row_slice(2, 1, &[0.0_f64, 4.0]))?;
/// assert_eq!((law.mean()[0], law.covariance()[0]), (2.0, 4.0));
/// let rows = law.sample_rows(5, &mut Xoshiro256PlusPlus::seed_from_u64(1))?;
/// assert!(rows.iter().all(|&x| x == 0.0 || x == 4.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical<T: Real> {
    rows: DMatrix<T>,
    weights: Option<Categorical<T>>,
}

impl<T: Real> Empirical<T> {
    /// The law of a row picked at random, all alike.
    ///
    /// # Errors
    ///
    /// No row, no column, a value that is not finite.
    pub fn new(rows: DMatrix<T>) -> Result<Self, DistributionError> {
        if rows.ncols() == 0 {
            return Err(DistributionError::ZeroDimension);
        }
        if rows.nrows() == 0 {
            return Err(DistributionError::TooFewRows { rows: 0, needed: 1 });
        }
        check_finite("the data", &rows)?;
        Ok(Self { rows, weights: None })
    }

    /// The law of a row picked with probabilities in proportion to `weights`.
    ///
    /// # Errors
    ///
    /// Also: not one weight for each row, a weight that is negative or not finite, weights that sum to 0 or to more than the
    /// numbers hold.
    pub fn weighted(rows: DMatrix<T>, weights: &[T]) -> Result<Self, DistributionError> {
        let law = Self::new(rows)?;
        if weights.len() != law.rows.nrows() {
            return Err(DistributionError::CountMismatch { weights: weights.len(), components: law.rows.nrows() });
        }
        Ok(Self { weights: Some(Categorical::new(weights)?), ..law })
    }

    /// The data.
    pub fn rows(&self) -> &DMatrix<T> {
        &self.rows
    }

    /// The probabilities of the rows; `None` if all are alike.
    pub fn weights(&self) -> Option<&[T]> {
        self.weights.as_ref().map(Categorical::probabilities)
    }

    /// The probability of a row.
    pub(super) fn weight(&self, row: usize) -> T {
        self.weights().map_or_else(|| count::<T>(self.rows.nrows()).recip(), |weights| weights[row])
    }

    /// Its logarithm. For a 0 without a slope, which dual numbers would make NaN.
    pub(super) fn ln_weight(&self, row: usize) -> T {
        let weight = self.weight(row);
        if weight > T::zero() { weight.ln() } else { real(f64::NEG_INFINITY) }
    }

    /// 1/Σ wᵢ²: the number of rows, less if some count for more than others. Kish (1965), *Survey Sampling*.
    pub fn effective_size(&self) -> T {
        if self.weights.is_none() { count(self.rows.nrows()) } else { self.expectation(|row| self.weight(row)).recip() }
    }

    /// The first of the rows with the largest weight.
    pub(super) fn heaviest(&self) -> usize {
        let heavier = |row, other| if self.weight(other) > self.weight(row) { other } else { row };
        self.weights().map_or(0, |weights| (0..weights.len()).fold(0, heavier))
    }

    /// Σ wᵢ f(i) over the rows of positive weight.
    pub(super) fn expectation(&self, value: impl Fn(usize) -> T) -> T {
        let n = self.rows.nrows();
        let sum = |rows: std::ops::Range<usize>| {
            let terms = rows.map(|row| (row, self.weight(row))).filter(|&(_, w)| w > T::zero());
            terms.fold(CompensatedSum::default(), |sum, (row, w)| sum.plus(value(row) * w)).total()
        };
        // In blocks, because what a sum of a million terms loses in f32 is itself too long a sum.
        let blocks = (0..n).step_by(BLOCK).map(|start| sum(start..n.min(start + BLOCK)));
        blocks.fold(CompensatedSum::default(), CompensatedSum::plus).total()
    }

    /// The law of other rows with the same weights.
    pub(super) fn with_rows(&self, rows: DMatrix<T>) -> Result<Self, DistributionError> {
        Ok(Self { weights: self.weights.clone(), ..Self::new(rows)? })
    }

    /// Every row moved by `offset`.
    fn moved(mut rows: DMatrix<T>, offset: &DVector<T>) -> DMatrix<T> {
        rows.column_iter_mut().zip(offset.iter()).for_each(|(mut column, &by)| column.add_scalar_mut(by));
        rows
    }
}

impl<T: Real> Law for Empirical<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        self.rows.ncols()
    }
}

/// The mean Σ wᵢ xᵢ and the covariance Σ wᵢ (xᵢ − mean)(xᵢ − mean)ᵀ.
impl<T: Real> Moments for Empirical<T> {
    fn mean(&self) -> DVector<T> {
        let heaviest = self.heaviest();
        let mean = |column: nalgebra::DVectorView<'_, T>| {
            // Off the row that counts most, so that a constant column has exactly that mean; halves do not overflow.
            let half = real::<T>(0.5);
            let start = column[heaviest];
            let rest = self.expectation(|row| column[row] * half - start * half);
            start + rest + rest
        };
        DVector::from_iterator(self.dimension(), self.rows.column_iter().map(mean))
    }

    fn covariance(&self) -> DMatrix<T> {
        // Halves, which differ by no more than the numbers hold, then columns of size 1, whose products neither over- nor underflow.
        let mut centred = Self::moved(&self.rows * real::<T>(0.5), &(self.mean() * real::<T>(-0.5)));
        let counted = |column: nalgebra::DVectorView<'_, T>| {
            let sizes = (0..column.len()).filter(|&row| self.weight(row) > T::zero()).map(|row| column[row].abs());
            sizes.fold(T::zero(), T::max)
        };
        let sizes: Vec<T> = centred.column_iter().map(counted).collect();
        for (mut column, &size) in centred.column_iter_mut().zip(&sizes) {
            if size > T::zero() {
                column /= size;
            }
        }
        // What the mean lost by rounding.
        for i in 0..self.dimension() {
            let lost = self.expectation(|row| centred[(row, i)]);
            centred.column_mut(i).add_scalar_mut(-lost);
        }
        let mut covariance = DMatrix::zeros(self.dimension(), self.dimension());
        for i in 0..self.dimension() {
            for j in 0..=i {
                let product = self.expectation(|row| centred[(row, i)] * centred[(row, j)]);
                let entry = product * sizes[i] * sizes[j] * real(4.0);
                covariance[(i, j)] = entry;
                covariance[(j, i)] = entry;
            }
        }
        covariance
    }
}

impl<T: SampleReal> MultiDistribution<T> for Empirical<T> {
    fn sample_len(&self) -> usize {
        self.dimension()
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [T]) {
        check_length(self, output);
        output.iter_mut().zip(self.rows.row(self.draw_row(rng)).iter()).for_each(|(to, &from)| *to = from);
    }
}

impl<T: SampleReal> Empirical<T> {
    /// The number of the row that is drawn.
    pub(super) fn draw_row<R: Rng + ?Sized>(&self, rng: &mut R) -> usize {
        match &self.weights {
            Some(weights) => weights.sample(rng),
            None => rng.random_range(0..self.rows.nrows()),
        }
    }
}

impl<T: SampleReal> Distribution<DVector<T>> for Empirical<T> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> DVector<T> {
        draw_vector(self, rng)
    }
}

impl<T: SampleReal> SampleRows for Empirical<T> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check_dimension("the output row", self.dimension(), out.ncols())?;
        let drawn: Vec<usize> = (0..out.nrows()).map(|_| self.draw_row(rng)).collect();
        for (mut to, from) in out.column_iter_mut().zip(self.rows.column_iter()) {
            to.iter_mut().zip(&drawn).for_each(|(to, &row)| *to = from[row]);
        }
        Ok(())
    }
}

/// Exact for any matrix, one that maps onto less than the whole space as well.
impl<T: Real> AffineImage for Empirical<T> {
    fn affine_image(&self, matrix: &DMatrix<T>, offset: &DVector<T>) -> Result<Self, DistributionError> {
        check_affine(self.dimension(), matrix, offset)?;
        self.with_rows(Self::moved(&self.rows * matrix.transpose(), offset))
    }
}

impl<T: Real> Marginal for Empirical<T> {
    fn marginal(&self, coordinates: &[usize]) -> Result<Self, DistributionError> {
        check_marginal(coordinates, self.dimension())?;
        self.with_rows(self.rows.select_columns(coordinates))
    }
}

/// The weight of the rows up to x, a step function.
impl<T: Real> Cdf for Empirical<T> {
    fn cdf(&self, x: T) -> Result<T, DistributionError> {
        check_line(self)?;
        if x.partial_cmp(&x).is_none() {
            return Ok(x);
        }
        let below = (0..self.rows.nrows()).filter(|&row| self.rows[row] <= x);
        match self.weights() {
            None => Ok(count::<T>(below.count()) / count(self.rows.nrows())),
            Some(weights) => weighted_sum(below.map(|row| Ok(weights[row]))),
        }
    }
}

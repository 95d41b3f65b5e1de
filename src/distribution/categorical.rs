//! Laws on finitely many categories.

use nalgebra::DMatrix;
use rand::Rng;
use rand::distr::Distribution;

use super::{DistributionError, Law, SampleRows, check_dimension};
use crate::real::{CompensatedSum, Real, SampleReal, count, to_f64};

/// The law on 0, 1, ..., k − 1 that gives category i the probability pᵢ.
///
/// ```
/// use fenchel::distribution::Categorical;
/// use fenchel::divergence::{ClosedForm, ForwardKl};
/// use fenchel::rand::distr::Distribution;
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (p, q) = (Categorical::new(&[1.0, 3.0])?, Categorical::new(&[0.5, 0.5])?);
/// assert_eq!(p.probabilities(), [0.25, 0.75]);
/// let category: usize = p.sample(&mut Xoshiro256PlusPlus::seed_from_u64(1));
/// assert!(category < 2);
/// let kl = ForwardKl.between(&p, &q)?;
/// assert!((kl - (0.25 * 0.5_f64.ln() + 0.75 * 1.5_f64.ln())).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
///
/// As a [`Law`] it lives on the line, at whole numbers, and has no density.
#[derive(Clone, Debug, PartialEq)]
pub struct Categorical<T: Real> {
    probabilities: Vec<T>,
    /// The sums of the first one, two, ... probabilities, to look a draw up, as far as they are less than `total`: a draw that rounding
    /// leaves above them is the last category that raised the sum. In f64, because in f32 the last of a million categories raise no sum.
    thresholds: Vec<f64>,
    /// The sum of all: 1 up to rounding.
    total: f64,
}

impl<T: Real> Categorical<T> {
    /// The law with probabilities proportional to `weights`.
    ///
    /// # Errors
    ///
    /// No weight, one that is negative or not finite, weights that sum to 0 or to more than the numbers hold.
    pub fn new(weights: &[T]) -> Result<Self, DistributionError> {
        if weights.is_empty() {
            return Err(DistributionError::NoComponents);
        }
        if let Some(component) = weights.iter().position(|&w| !w.is_finite() || w < T::zero()) {
            return Err(DistributionError::InvalidWeight { component, weight: to_f64(weights[component]) });
        }
        let sum = weights.iter().copied().fold(CompensatedSum::default(), CompensatedSum::plus).total();
        if !sum.is_finite() || sum <= T::zero() {
            return Err(DistributionError::WeightSum { sum: to_f64(sum) });
        }
        let probabilities: Vec<T> = weights.iter().map(|&w| w / sum).collect();
        let sum = weights.iter().map(|&w| to_f64(w)).fold(CompensatedSum::default(), CompensatedSum::plus).total();
        let mut total = 0.0;
        let add = |&w: &T| {
            total += to_f64(w) / sum;
            total
        };
        let mut thresholds: Vec<f64> = weights.iter().map(add).collect();
        thresholds.truncate(thresholds.partition_point(|&sum| sum < total));
        Ok(Self { probabilities, thresholds, total })
    }

    /// The probabilities; they sum to 1.
    pub fn probabilities(&self) -> &[T] {
        &self.probabilities
    }
}

impl<T: Real> Law for Categorical<T> {
    type Scalar = T;

    fn dimension(&self) -> usize {
        1
    }
}

/// As many as are compared one by one faster than halved: without a branch that depends on a random number.
const FEW: usize = 16;

/// How many of `thresholds`, which ascend, are up to `level`.
#[inline]
fn count_up_to(thresholds: &[f64], level: f64) -> usize {
    if thresholds.len() <= FEW {
        thresholds.iter().map(|&threshold| usize::from(threshold <= level)).sum()
    } else {
        thresholds.partition_point(|&threshold| threshold <= level)
    }
}

impl<T: SampleReal> Distribution<usize> for Categorical<T> {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> usize {
        count_up_to(&self.thresholds, f64::standard_uniform(rng) * self.total)
    }
}

impl<T: SampleReal> SampleRows for Categorical<T> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check_dimension("the output row", 1, out.ncols())?;
        out.apply(|entry| *entry = count(self.sample(rng)));
        Ok(())
    }
}

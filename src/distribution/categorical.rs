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
        Ok(Self { probabilities: weights.iter().map(|&w| w / sum).collect() })
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

impl<T: SampleReal> Distribution<usize> for Categorical<T> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> usize {
        let uniform = T::standard_uniform(rng);
        let mut cumulated = T::zero();
        let mut last_possible = 0;
        for (category, &probability) in self.probabilities.iter().enumerate() {
            cumulated += probability;
            if uniform < cumulated {
                return category;
            }
            if probability > T::zero() {
                last_possible = category;
            }
        }
        last_possible // they sum to 1 only up to rounding
    }
}

impl<T: SampleReal> SampleRows for Categorical<T> {
    fn sample_rows_to<R: Rng + ?Sized>(&self, rng: &mut R, out: &mut DMatrix<T>) -> Result<(), DistributionError> {
        check_dimension("the output row", 1, out.ncols())?;
        out.apply(|entry| *entry = count(self.sample(rng)));
        Ok(())
    }
}

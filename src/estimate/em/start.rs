//! Where expectation-maximisation starts.

use nalgebra::DMatrix;
use rand::Rng;

use super::covariance::sealed::Model;
use super::step::Data;
use super::{CovarianceModel, MixtureOf, Tied};
use crate::distribution::Mixture;
use crate::estimate::{EstimateError, StructuredStatistics};
use crate::real::{Real, SampleReal};

/// How a start is drawn. Its components share a covariance: that within their parts of the rows, or that of all rows if there are
/// too few of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// Rows as centres, each drawn with a probability in proportion to its squared distance to the nearest one before it, and every row given to the
    /// nearest centre. Coordinates are measured in their standard deviations.
    ///
    /// Arthur and Vassilvitskii (2007), *k-means++: the advantages of careful seeding*.
    #[default]
    KMeansPlusPlus,
    /// Every row shared out at random, uniformly over all ways to do so. All components start near the mean of the data, from where it takes
    /// many iterations.
    RandomResponsibilities,
}

/// How far the data spread.
pub(super) struct Spread<T: Real> {
    variances: Vec<T>,
}

impl<T: Real> Spread<T> {
    /// Errs where there are fewer rows than components.
    pub(super) fn new(data: &Data<'_, T>, components: usize) -> Result<Self, EstimateError> {
        let rows = (0..data.rows.nrows()).filter(|&row| data.weight_of(row) > T::zero()).count();
        if rows < components {
            return Err(EstimateError::TooFewRows { rows, needed: components });
        }
        let variances = data.variances()?;
        // A variance of 0 is that of a constant column, and not of squares that underflow.
        for (column, _) in variances.iter().enumerate().filter(|(_, variance)| variance.is_zero()) {
            let mut entries = (0..data.rows.nrows())
                .filter(|&row| data.weight_of(row) > T::zero())
                .map(|row| data.rows[(row, column)]);
            let first = entries.next();
            if entries.any(|x| Some(x) != first) {
                return Err(EstimateError::Underflow { column, sum: 0.0 });
            }
        }
        Ok(Self { variances })
    }

    pub(super) fn variances(&self) -> &[T] {
        &self.variances
    }
}

impl Start {
    pub(super) fn law<T: SampleReal, M: CovarianceModel, R: Rng + ?Sized>(
        self,
        data: &Data<'_, T>,
        spread: &Spread<T>,
        components: usize,
        more: &[T],
        rng: &mut R,
    ) -> Result<MixtureOf<T, M>, EstimateError> {
        let (_, statistics) = match self {
            Self::KMeansPlusPlus => {
                let nearest = nearest_centres(data, spread, components, rng)?;
                data.shared_out::<M>(components, |range, shares| {
                    for k in 0..components {
                        for (share, row) in shares.column_mut(k).iter_mut().zip(range.clone()) {
                            *share = if nearest[row] == k { data.weight_of(row) } else { T::zero() };
                        }
                    }
                    Ok(T::zero())
                })?
            }
            Self::RandomResponsibilities => {
                // Exponentials over their sum are uniform on the simplex.
                let mut parts =
                    DMatrix::from_fn(components, data.rows.nrows(), |_, _| -(T::one() - T::standard_uniform(rng)).ln());
                for mut part in parts.column_iter_mut() {
                    let sum = part.sum();
                    if sum > T::zero() { part /= sum } else { part.fill(T::one()) }
                }
                data.shared_out::<M>(components, |range, shares| {
                    for k in 0..components {
                        for (share, row) in shares.column_mut(k).iter_mut().zip(range.clone()) {
                            *share = parts[(k, row)] * data.weight_of(row);
                        }
                    }
                    Ok(T::zero())
                })?
            }
        };
        let weights: Vec<T> = statistics.iter().map(StructuredStatistics::weight).collect();
        let laws = Tied::<M::Structure>::components(&statistics, |_| false, more, &[]).or_else(|_| {
            let mut all = statistics[0].clone();
            statistics[1..].iter().for_each(|other| all.add(other));
            let law =
                |of_component: &StructuredStatistics<T, M::Structure>| all.around(of_component.mean().clone(), more);
            statistics.iter().map(law).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(Mixture::new(&weights, laws)?)
    }
}

/// The place of the nearest centre for every row.
fn nearest_centres<T: SampleReal, R: Rng + ?Sized>(
    data: &Data<'_, T>,
    spread: &Spread<T>,
    components: usize,
    rng: &mut R,
) -> Result<Vec<usize>, EstimateError> {
    let n = data.rows.nrows();
    let deviations: Vec<T> = spread.variances.iter().map(|variance| variance.sqrt()).collect();
    let (mut nearest, mut distance) = (vec![0; n], vec![T::zero(); n]);
    let mut chances: Vec<T> = (0..n).map(|row| data.weight_of(row)).collect();
    let mut to_centre = vec![T::zero(); n];
    for k in 0..components {
        let Some(centre) = draw(&chances, rng) else {
            return Err(EstimateError::TooFewDistinctRows { distinct: k, needed: components });
        };
        to_centre.fill(T::zero());
        for (column, &deviation) in data.rows.column_iter().zip(&deviations) {
            if deviation > T::zero() {
                let at = column[centre];
                for (sum, &x) in to_centre.iter_mut().zip(column.iter()) {
                    let apart = (x - at) / deviation;
                    *sum += apart * apart;
                }
            }
        }
        for row in 0..n {
            if k == 0 || to_centre[row] < distance[row] {
                (nearest[row], distance[row]) = (k, to_centre[row]);
            }
            // A row that does not count may be so far away that its distance is infinite.
            let weight = data.weight_of(row);
            chances[row] = if weight > T::zero() { weight * distance[row] } else { T::zero() };
        }
    }
    Ok(nearest)
}

/// A place, with a probability in proportion to the chances; none if these are all 0.
fn draw<T: SampleReal, R: Rng + ?Sized>(chances: &[T], rng: &mut R) -> Option<usize> {
    let last = chances.iter().rposition(|&chance| chance > T::zero())?;
    let sum = chances.iter().fold(T::zero(), |sum, &chance| sum + chance);
    let mut left = T::standard_uniform(rng) * sum;
    for (place, &chance) in chances[..last].iter().enumerate() {
        if left < chance {
            return Some(place);
        }
        left -= chance;
    }
    Some(last)
}

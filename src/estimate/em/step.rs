//! The two steps of an iteration.

use std::ops::Range;

use nalgebra::DMatrix;

use super::{CovarianceModel, MixtureOf};
use crate::distribution::{Density, Diagonal, DistributionError, Mixture};
use crate::estimate::statistics::{Workspace, check_finite_rows, check_weight_sum, check_weights};
use crate::estimate::{EstimateError, StructuredStatistics, SufficientStatistics};
use crate::parallel::by_parts;
use crate::real::{CompensatedSum, Real, count, to_f64};
use crate::vector::{READ_ROWS, padded, responsibilities};

/// Rows that are known to be fine, and their weights.
pub(super) struct Data<'a, T: Real> {
    pub(super) rows: &'a DMatrix<T>,
    pub(super) weights: Option<&'a [T]>,
    weight: T,
}

/// The statistics of every component.
pub(super) type StatisticsOf<T, M> = Vec<StructuredStatistics<T, <M as super::covariance::sealed::Model>::Structure>>;

impl<'a, T: Real> Data<'a, T> {
    pub(super) fn new(rows: &'a DMatrix<T>, weights: Option<&'a [T]>) -> Result<Self, EstimateError> {
        if rows.ncols() == 0 {
            return Err(DistributionError::ZeroDimension.into());
        }
        check_finite_rows(rows, 0..rows.nrows())?;
        check_weights(rows, weights)?;
        let weight = match weights {
            Some(weights) => weights.iter().copied().fold(CompensatedSum::default(), CompensatedSum::plus).total(),
            None => count(rows.nrows()),
        };
        check_weight_sum(weight)?;
        if weight > T::zero() {
            Ok(Self { rows, weights, weight })
        } else {
            Err(EstimateError::TooFewRows { rows: 0, needed: 1 })
        }
    }

    /// The sum of the weights.
    pub(super) fn weight(&self) -> T {
        self.weight
    }

    pub(super) fn weight_of(&self, row: usize) -> T {
        self.weights.map_or(T::one(), |weights| weights[row])
    }

    /// The variance of each column, of maximum likelihood.
    pub(super) fn variances(&self) -> Result<Vec<T>, EstimateError> {
        let mut statistics = StructuredStatistics::<T, Diagonal>::empty(self.rows.ncols())?;
        statistics.observe(self.rows, self.weights)?;
        Ok(statistics.covariance()?.diagonal().iter().copied().collect())
    }

    /// The statistics of `components` components. `share` writes how much of each row of a range belongs to each of them, column by column
    /// of a height of its own, and returns a sum over the rows.
    pub(super) fn shared_out<M: CovarianceModel>(
        &self,
        components: usize,
        share: impl Fn(Range<usize>, &mut Shares<T>) -> Result<T, EstimateError> + Send + Sync,
    ) -> Result<(T, StatisticsOf<T, M>), EstimateError> {
        let dimension = self.rows.ncols();
        let empty = || (0..components).map(|_| StructuredStatistics::empty(dimension)).collect::<Result<Vec<_>, _>>();
        let (mut statistics, mut sum) = (empty()?, CompensatedSum::default());
        by_parts(
            self.rows.nrows(),
            StructuredStatistics::<T, M::Structure>::bytes(dimension).saturating_mul(components),
            |range| {
                let (mut of_part, mut sum_of_part) = (empty()?, CompensatedSum::default());
                let mut workspace = Workspace::new::<M::Structure>(range.len(), dimension);
                let mut shares = Shares::new(range.len(), components);
                for start in range.clone().step_by(READ_ROWS) {
                    let block = start..range.end.min(start + READ_ROWS);
                    shares.resize(block.len());
                    sum_of_part = sum_of_part.plus(share(block.clone(), &mut shares)?);
                    for (k, of_component) in of_part.iter_mut().enumerate() {
                        let weights = &shares.column(k)[..block.len()];
                        of_component.take_in(self.rows, block.clone(), Some(weights), &mut workspace);
                    }
                }
                Ok((sum_of_part, of_part))
            },
            |(sum_of_part, of_part): (CompensatedSum<T>, Vec<_>)| {
                sum = std::mem::take(&mut sum).plus(sum_of_part.total());
                statistics.iter_mut().zip(&of_part).try_for_each(|(all, part)| all.merge(part))
            },
        )?;
        Ok((sum.total(), statistics))
    }
}

/// How much of each of some rows belongs to each component: columns of `ln_sums.len()` entries.
pub(super) struct Shares<T> {
    pub(super) terms: Vec<T>,
    pub(super) ln_sums: Vec<T>,
    components: usize,
}

impl<T: Real> Shares<T> {
    fn new(rows: usize, components: usize) -> Self {
        let height = padded(rows.min(READ_ROWS));
        Self { terms: vec![T::zero(); height * components], ln_sums: vec![T::zero(); height], components }
    }

    fn resize(&mut self, rows: usize) {
        self.ln_sums.resize(padded(rows), T::zero());
        self.terms.resize(self.ln_sums.len() * self.components, T::zero());
    }

    pub(super) fn column(&self, component: usize) -> &[T] {
        let height = self.ln_sums.len();
        &self.terms[component * height..][..height]
    }

    pub(super) fn column_mut(&mut self, component: usize) -> &mut [T] {
        let height = self.ln_sums.len();
        &mut self.terms[component * height..][..height]
    }
}

/// The mean log-likelihood of a row, and the statistics of the components with the rows shared out by their responsibilities.
pub(super) fn expectation<T: Real, M: CovarianceModel>(
    data: &Data<'_, T>,
    law: &MixtureOf<T, M>,
) -> Result<(T, StatisticsOf<T, M>), EstimateError> {
    let components = law.components();
    let (sum, statistics) = data.shared_out::<M>(components.len(), |range, shares| {
        for (k, component) in components.iter().enumerate() {
            let (ln_weight, terms) = (law.ln_weights()[k], shares.column_mut(k));
            let (terms, rest) = terms.split_at_mut(range.len());
            component.ln_pdf_rows_to(data.rows, range.start, terms)?;
            terms.iter_mut().for_each(|term| *term += ln_weight);
            rest.fill(T::zero());
        }
        responsibilities(&mut shares.terms, &mut shares.ln_sums);
        let Some(weights) = data.weights else {
            let ln_pdf = &shares.ln_sums[..range.len()];
            return checked(ln_pdf.iter().fold(T::zero(), |sum, &ln_pdf| sum + ln_pdf), ln_pdf, range.start);
        };
        let height = shares.ln_sums.len();
        for (row, &weight) in weights[range.clone()].iter().enumerate() {
            let ln_pdf = &mut shares.ln_sums[row];
            // A row that does not count may be anywhere.
            *ln_pdf = if weight > T::zero() { weight * *ln_pdf } else { T::zero() };
            for share in shares.terms[row..].iter_mut().step_by(height) {
                *share = if weight > T::zero() { weight * *share } else { T::zero() };
            }
        }
        let ln_pdf = &shares.ln_sums[..range.len()];
        checked(ln_pdf.iter().fold(T::zero(), |sum, &ln_pdf| sum + ln_pdf), ln_pdf, range.start)
    })?;
    if !sum.is_finite() {
        let (what, value) = ("the log-likelihood of all rows", to_f64(sum));
        return Err(DistributionError::NonFinite { what, row: 0, column: 0, value }.into());
    }
    Ok((sum / data.weight(), statistics))
}

/// The sum of log densities of rows from `first` on, which is finite if they are.
fn checked<T: Real>(sum: T, ln_pdf: &[T], first: usize) -> Result<T, EstimateError> {
    match ln_pdf.iter().position(|ln_pdf| !ln_pdf.is_finite()) {
        Some(row) if !sum.is_finite() => {
            Err(DistributionError::NoDensity { row: first + row, ln_pdf: to_f64(ln_pdf[row]) }.into())
        }
        _ => Ok(sum),
    }
}

/// Has a component as good as no rows? Less than rounding leaves of all of them.
pub(super) fn is_empty<T: Real>(weight: T, of_all: T) -> bool {
    weight <= T::default_epsilon() * of_all
}

/// The likeliest mixture, given how the rows are shared out.
pub(super) fn maximisation<T: Real, M: CovarianceModel>(
    statistics: &[StructuredStatistics<T, M::Structure>],
    more: &[T],
    before: &MixtureOf<T, M>,
    iteration: usize,
) -> Result<MixtureOf<T, M>, EstimateError> {
    let weights: Vec<T> = statistics.iter().map(StructuredStatistics::weight).collect();
    let of_all = weights.iter().fold(T::zero(), |sum, &w| sum + w);
    let empty = |k: usize| is_empty(weights[k], of_all);
    let components = M::components(statistics, empty, more, before.components())
        .map_err(|(component, reason)| EstimateError::Collapsed { component, iteration, reason })?;
    Ok(Mixture::new(&weights, components)?)
}

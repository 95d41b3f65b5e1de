//! How many components?

use nalgebra::DMatrix;
use rand::Rng;

use super::{CovarianceModel, Em, MixtureFit, setting};
use crate::estimate::EstimateError;
use crate::real::{Real, SampleReal};

/// What weighs the likelihood of a fit against the number of its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// [`MixtureFit::aic`]: for a density that forecasts well.
    Aic,
    /// [`MixtureFit::bic`]: for the true number of components, where there is one and data enough.
    #[default]
    Bic,
}

impl Criterion {
    /// Its value for a fit; less is better.
    pub fn of<T: Real, M: CovarianceModel>(self, fit: &MixtureFit<T, M>) -> T {
        match self {
            Self::Aic => fit.aic(),
            Self::Bic => fit.bic(),
        }
    }
}

/// Fits with various numbers of components, at least one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection<T: Real, M: CovarianceModel> {
    best: MixtureFit<T, M>,
    others: Vec<MixtureFit<T, M>>,
    place: usize,
    failed: Vec<(usize, EstimateError)>,
}

impl<T: Real, M: CovarianceModel> Selection<T, M> {
    /// The fit that the criterion prefers; of equals the first, and a [degenerate](MixtureFit::degenerate) one only if all are.
    pub fn best(&self) -> &MixtureFit<T, M> {
        &self.best
    }

    /// All fits, in the order asked for.
    pub fn fits(&self) -> impl Iterator<Item = &MixtureFit<T, M>> {
        let (before, after) = self.others.split_at(self.place);
        before.iter().chain([&self.best]).chain(after)
    }

    /// The numbers of components for which there is no fit, and why.
    pub fn failed(&self) -> &[(usize, EstimateError)] {
        &self.failed
    }
}

impl<M: CovarianceModel> Em<M> {
    /// Fits each of these numbers of `components`, with the other settings as they are, and chooses by `criterion`.
    ///
    /// ```
    /// use fenchel::distribution::{Full, SampleRows, ring_of_8};
    /// use fenchel::estimate::{Criterion, Em};
    /// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    /// let rows = ring_of_8::<f64>()?.sample_rows(400, &mut rng)?;
    /// let selection = Em::<Full>::new(1).select(6..=9, Criterion::Bic, &rows, &mut rng)?;
    /// assert_eq!(selection.best().law().components().len(), 8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Where no number of components can be fitted, that of the first, see [`fit`](Self::fit); no number of components.
    pub fn select<T: SampleReal, R: Rng + ?Sized>(
        &self,
        components: impl IntoIterator<Item = usize>,
        criterion: Criterion,
        rows: &DMatrix<T>,
        rng: &mut R,
    ) -> Result<Selection<T, M>, EstimateError> {
        self.select_by(components, criterion, |em| em.fit(rows, rng))
    }

    /// The same with row i counted `weights[i]` times.
    ///
    /// # Errors
    ///
    /// Those of [`select`](Self::select), with [`fit_weighted`](Self::fit_weighted) for `fit`.
    pub fn select_weighted<T: SampleReal, R: Rng + ?Sized>(
        &self,
        components: impl IntoIterator<Item = usize>,
        criterion: Criterion,
        rows: &DMatrix<T>,
        weights: &[T],
        rng: &mut R,
    ) -> Result<Selection<T, M>, EstimateError> {
        self.select_by(components, criterion, |em| em.fit_weighted(rows, weights, rng))
    }

    fn select_by<T: Real>(
        &self,
        components: impl IntoIterator<Item = usize>,
        criterion: Criterion,
        mut fit: impl FnMut(&Self) -> Result<MixtureFit<T, M>, EstimateError>,
    ) -> Result<Selection<T, M>, EstimateError> {
        let (mut fits, mut failed) = (Vec::new(), Vec::new());
        for components in components {
            match fit(&self.clone().components(components)) {
                Ok(fit) => fits.push(fit),
                Err(error) => failed.push((components, error)),
            }
        }
        let better = |a: usize, b: usize| if fits[b].is_better(&fits[a], |fit| criterion.of(fit)) { b } else { a };
        match (0..fits.len()).reduce(better) {
            Some(place) => {
                let best = fits.remove(place);
                Ok(Selection { best, others: fits, place, failed })
            }
            None => Err(failed
                .first()
                .map_or(setting("the length of the list of numbers of components", 0.0, "at least 1"), |f| f.1)),
        }
    }
}

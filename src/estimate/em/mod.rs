//! Mixtures of Gaussians by expectation-maximisation.

mod covariance;
mod fit;
mod select;
mod start;
mod step;

use std::marker::PhantomData;
use std::ops::ControlFlow;

use nalgebra::DMatrix;
use rand::Rng;

pub use covariance::{CovarianceModel, Tied};
pub use fit::MixtureFit;
pub use select::{Criterion, Selection};
pub use start::Start;

use super::EstimateError;
use crate::distribution::{Law, Mixture, StructuredGaussian};
use crate::estimate::Scatter;
use crate::real::{Real, SampleReal, count, real, to_f64};
use step::{Data, expectation, maximisation};

/// The mixture of Gaussians that a covariance model makes.
pub(super) type MixtureOf<T, M> = Mixture<StructuredGaussian<T, <M as covariance::sealed::Model>::Structure>>;

/// Expectation-maximisation: fits a mixture of k Gaussians whose covariances are of the [model](CovarianceModel) `M`.
///
/// From a start, it computes the [responsibilities](Mixture::responsibilities) r of the components for every row, refits each component by
/// maximum likelihood with weights r, takes the mean of r as its weight, and repeats. The log-likelihood never falls. It ends where the
/// mean log-likelihood of a row, in nats, changes by no more than the tolerance in one iteration; that may be far from where it would come to
/// rest, so a tolerance much below the differences that matter is well spent. Several starts are tried, and the likeliest end is kept; but an
/// end where a component has shrunk as far as the regularisation lets it, and is as likely as that makes it, only if there is no other:
/// see [`MixtureFit::degenerate`].
///
/// | setting | if nothing is said |
/// |---|---|
/// | [`start`](Self::start) | [`Start::KMeansPlusPlus`] |
/// | [`restarts`](Self::restarts) | 5 starts |
/// | [`tolerance`](Self::tolerance) | 1e-6 |
/// | [`max_iterations`](Self::max_iterations) | 1000 |
/// | [`regularisation`](Self::regularisation) | [`Regularisation::Relative`] of 1e-6 |
///
/// An iteration takes O(n k d²) operations, and no memory that grows with n. Dempster, Laird and Rubin (1977), *Maximum likelihood from incomplete
/// data via the EM algorithm*; Bishop (2006), *Pattern Recognition and Machine Learning*, section 9.2.
///
/// ```
/// use fenchel::distribution::{Full, Mixture, SampleRows, SphericalGaussian};
/// use fenchel::estimate::Em;
/// use fenchel::nalgebra::DVector;
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let near = |x: f64| SphericalGaussian::new(DVector::from_vec(vec![x, 0.0]), 1.0);
/// let law = Mixture::new(&[0.75, 0.25], vec![near(0.0)?, near(10.0)?])?;
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let rows = law.sample_rows(1000, &mut rng)?;
///
/// let fit = Em::<Full>::new(2).fit(&rows, &mut rng)?;
/// assert!(fit.converged());
/// let mut weights = fit.law().weights().to_vec();
/// weights.sort_by(f64::total_cmp);
/// assert!((weights[0] - 0.25).abs() < 4.0 * (0.25_f64 * 0.75 / 1000.0).sqrt()); // four standard errors
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Em<M: CovarianceModel> {
    components: usize,
    start: Start,
    restarts: usize,
    tolerance: f64,
    max_iterations: usize,
    regularisation: Regularisation,
    model: PhantomData<M>,
}

/// What is added to every variance that is estimated, so that no component can shrink to a point, a line or a plane, where the
/// likelihood has no bound.
///
/// With it an iteration is the estimate of maximum likelihood no longer: the log-likelihood may fall, by the order of what is added over the
/// smallest variance.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Regularisation {
    /// Nothing. A component that shrinks to a point is an error.
    None,
    /// This much, in the units of the data, squared.
    Absolute(f64),
    /// This much, times the variance of the coordinate in all of the data. The fit does not depend on the units then. A constant column
    /// has no variance, and is an error for models that have one of its own. Unless it is 0, it is at least 8 d ε for covariances with correlations: with less, one
    /// of low rank is singular to rounding. In `f32` with two columns that is 1.9e-6.
    Relative(f64),
}

/// Where a fit is, for whoever watches it.
#[derive(Debug)]
#[non_exhaustive]
pub struct EmStep<'a, T: Real, M: CovarianceModel> {
    /// The start it goes on from, counted from 0.
    pub restart: usize,
    /// The iterations since: 0 for the start itself.
    pub iteration: usize,
    /// The mean log-likelihood of a row, in nats.
    pub mean_ln_likelihood: T,
    /// The mixture that it has reached.
    pub law: &'a MixtureOf<T, M>,
}

impl<M: CovarianceModel> Em<M> {
    /// Fits `components` Gaussians.
    pub fn new(components: usize) -> Self {
        Self {
            components,
            start: Start::KMeansPlusPlus,
            restarts: 5,
            tolerance: 1e-6,
            max_iterations: 1000,
            regularisation: Regularisation::Relative(1e-6),
            model: PhantomData,
        }
    }

    /// Where a fit starts, unless a mixture is given.
    pub fn start(self, start: Start) -> Self {
        Self { start, ..self }
    }

    /// The number of starts, the first included, each from new draws; scikit-learn's `n_init`. The likeliest end is kept.
    pub fn restarts(self, restarts: usize) -> Self {
        Self { restarts, ..self }
    }

    /// The change in the mean log-likelihood of a row, in nats and either way, that is small enough to end. It is known to a rounding only, in `f32` to some 1e-6 of its size:
    /// smaller changes are seen as 0 or as one of those.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// The iterations after which a fit ends unconverged.
    pub fn max_iterations(self, max_iterations: usize) -> Self {
        Self { max_iterations, ..self }
    }

    /// What is added to the variances.
    pub fn regularisation(self, regularisation: Regularisation) -> Self {
        Self { regularisation, ..self }
    }

    /// The same settings for another number of components.
    pub fn components(self, components: usize) -> Self {
        Self { components, ..self }
    }

    /// Fits the mixture to the rows.
    ///
    /// # Errors
    ///
    /// A setting out of its range, no columns, a value that is not finite, values so near each other that their squares
    /// [underflow](EstimateError::Underflow), fewer rows, or fewer that differ, than components; and where every start
    /// fails, the error of the first: see [`fit_from`](Self::fit_from).
    pub fn fit<T: SampleReal, R: Rng + ?Sized>(
        &self,
        rows: &DMatrix<T>,
        rng: &mut R,
    ) -> Result<MixtureFit<T, M>, EstimateError> {
        self.fit_watched(rows, None, rng, |_| ControlFlow::Continue(()))
    }

    /// The same with row i counted `weights[i]` times.
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit); not one weight for each row, a weight that is negative or not finite, weights whose sum is not finite, is 0, or is so
    /// small that shares of it have no digits.
    pub fn fit_weighted<T: SampleReal, R: Rng + ?Sized>(
        &self,
        rows: &DMatrix<T>,
        weights: &[T],
        rng: &mut R,
    ) -> Result<MixtureFit<T, M>, EstimateError> {
        self.fit_watched(rows, Some(weights), rng, |_| ControlFlow::Continue(()))
    }

    /// The same, and tells `watch` of every start and every iteration. [`ControlFlow::Break`] ends the fit with what it has.
    ///
    /// # Errors
    ///
    /// Those of [`fit_weighted`](Self::fit_weighted).
    pub fn fit_watched<T: SampleReal, R: Rng + ?Sized>(
        &self,
        rows: &DMatrix<T>,
        weights: Option<&[T]>,
        rng: &mut R,
        mut watch: impl FnMut(&EmStep<'_, T, M>) -> ControlFlow<()>,
    ) -> Result<MixtureFit<T, M>, EstimateError> {
        self.check()?;
        let data = Data::new(rows, weights)?;
        let spread = start::Spread::new(&data, self.components)?;
        let more = self.regularisation.of::<T, M::Structure>(spread.variances());
        let (mut best, mut failed): (Option<MixtureFit<T, M>>, _) = (None, Vec::new());
        for restart in 0..self.restarts {
            let end = self.start.law::<T, M, R>(&data, &spread, self.components, &more, rng).and_then(|law| {
                let mut go_on = true;
                let fit = self.run(&data, law, &more, restart, |step| {
                    let flow = watch(step);
                    go_on = flow.is_continue();
                    flow
                })?;
                Ok((fit, go_on))
            });
            match end {
                Err(error) => failed.push(error),
                Ok((fit, go_on)) => {
                    if best.as_ref().is_none_or(|best| fit.is_better(best, |fit| -fit.mean_ln_likelihood())) {
                        best = Some(fit);
                    }
                    if !go_on {
                        break;
                    }
                }
            }
        }
        let first = failed.first().copied();
        match (best, first) {
            (Some(best), _) => Ok(MixtureFit { failed, ..best }),
            (None, Some(error)) => Err(error),
            // Not one start: `check` has seen to it.
            (None, None) => Err(setting("the number of starts", 0.0, "at least 1")),
        }
    }

    /// Goes on from a mixture, which may be the law of an earlier fit: its number of components counts, and that of the settings does not.
    ///
    /// # Errors
    ///
    /// A setting out of its range, rows of another dimension, a value that is not finite, values so near each other that their squares
    /// [underflow](EstimateError::Underflow), a row that has no density under the mixture, and [`Collapsed`](EstimateError::Collapsed) where a component shrinks to less than the whole space.
    pub fn fit_from<T: Real>(
        &self,
        rows: &DMatrix<T>,
        law: &MixtureOf<T, M>,
    ) -> Result<MixtureFit<T, M>, EstimateError> {
        self.go_on(rows, None, law)
    }

    /// The same with row i counted `weights[i]` times.
    ///
    /// # Errors
    ///
    /// Those of [`fit_from`](Self::fit_from); not one weight for each row, a weight that is negative or not finite, weights whose sum is not finite, is 0, or is so
    /// small that shares of it have no digits.
    pub fn fit_weighted_from<T: Real>(
        &self,
        rows: &DMatrix<T>,
        weights: &[T],
        law: &MixtureOf<T, M>,
    ) -> Result<MixtureFit<T, M>, EstimateError> {
        self.go_on(rows, Some(weights), law)
    }

    fn go_on<T: Real>(
        &self,
        rows: &DMatrix<T>,
        weights: Option<&[T]>,
        law: &MixtureOf<T, M>,
    ) -> Result<MixtureFit<T, M>, EstimateError> {
        self.check()?;
        let data = Data::new(rows, weights)?;
        if law.dimension() != rows.ncols() {
            return Err(EstimateError::ColumnMismatch { expected: law.dimension(), found: rows.ncols() });
        }
        let more = self.regularisation.of::<T, M::Structure>(&data.variances()?);
        self.run(&data, law.clone(), &more, 0, |_| ControlFlow::Continue(()))
    }

    fn check(&self) -> Result<(), EstimateError> {
        if self.components == 0 {
            return Err(setting("the number of components", 0.0, "at least 1"));
        }
        if self.restarts == 0 {
            return Err(setting("the number of starts", 0.0, "at least 1"));
        }
        if self.tolerance.is_nan() || self.tolerance < 0.0 {
            return Err(setting("the tolerance", self.tolerance, "not negative"));
        }
        match self.regularisation {
            Regularisation::Absolute(more) | Regularisation::Relative(more) if !(more >= 0.0 && more.is_finite()) => {
                Err(setting("the regularisation", more, "finite and not negative"))
            }
            _ => Ok(()),
        }
    }

    /// Iterates from `law` on.
    fn run<T: Real>(
        &self,
        data: &Data<'_, T>,
        mut law: MixtureOf<T, M>,
        more: &[T],
        restart: usize,
        mut watch: impl FnMut(&EmStep<'_, T, M>) -> ControlFlow<()>,
    ) -> Result<MixtureFit<T, M>, EstimateError> {
        let (mut ln_likelihood, mut statistics) = expectation::<T, M>(data, &law)?;
        let mut trace = vec![ln_likelihood];
        let mut converged = false;
        let mut watched = |iteration, mean_ln_likelihood, law: &_| {
            watch(&EmStep { restart, iteration, mean_ln_likelihood, law }).is_continue()
        };
        let mut go_on = watched(0, ln_likelihood, &law);
        while go_on && !converged && trace.len() <= self.max_iterations {
            law = maximisation::<T, M>(&statistics, more, &law, trace.len())?;
            let before = ln_likelihood;
            (ln_likelihood, statistics) = expectation::<T, M>(data, &law)?;
            converged = to_f64((ln_likelihood - before).abs()) <= self.tolerance;
            go_on = watched(trace.len(), ln_likelihood, &law);
            trace.push(ln_likelihood);
        }
        let weight = data.weight();
        let is_empty = |k: usize| step::is_empty(statistics[k].weight(), weight);
        let emptied = (0..statistics.len()).filter(|&k| is_empty(k)).collect();
        // Less the regularisation instead of more: what is left must be a covariance.
        let less: Vec<T> = more.iter().map(|&more| -more).collect();
        let degenerate = match M::components(&statistics, is_empty, &less, law.components()) {
            Err((component, _)) if !more.is_empty() => Some(component),
            _ => None,
        };
        let free_parameters = M::free_parameters(law.dimension(), law.components().len());
        let failed = Vec::new();
        Ok(MixtureFit { law, trace, converged, emptied, degenerate, restart, failed, weight, free_parameters })
    }
}

impl Regularisation {
    /// What is added to each variance, given those of the data.
    fn of<T: Real, S: Scatter>(self, variances: &[T]) -> Vec<T> {
        let least = if S::HAS_CORRELATIONS { T::default_epsilon() * count(8 * variances.len()) } else { T::zero() };
        match self {
            Self::None | Self::Absolute(0.0) | Self::Relative(0.0) => Vec::new(),
            Self::Absolute(more) => vec![real(more); variances.len()],
            Self::Relative(more) => variances.iter().map(|&variance| variance * real::<T>(more).max(least)).collect(),
        }
    }
}

fn setting(what: &'static str, value: f64, range: &'static str) -> EstimateError {
    EstimateError::InvalidSetting { what, value, range }
}

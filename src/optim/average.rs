//! Averages of parameters along the way.

use super::tree::{check_count, check_finite, check_shape, with_leaf};
use super::{OptimError, setting};
use crate::autodiff::{Params, Path};
use crate::real::{Real, real};

/// An average of the parameters of all steps: steadier than the last ones where two players circle each other.
///
/// After each step, average ← k · average + (1 − k) · parameters. What k is makes the kind of average:
///
/// | made by | k at step n = 1, 2, ... | the average |
/// |---|---|---|
/// | [`new`](Self::new) | decay | exponential: remembers about 1/(1 − decay) steps, and what it began with |
/// | [`unbiased`](Self::unbiased) | decay (1 − decayⁿ⁻¹)/(1 − decayⁿ) | the same without what it began with, as optax's `ema` with `debias` |
/// | [`mean`](Self::mean) | (n − 1)/n | all steps alike |
///
/// In f32 an average moves no further once its step is less than half a unit in the last place: a share 1 − k below some 10⁻⁷ of the distance is lost.
/// [Tracked](Path::tracked) leaves are not averaged but copied. Yazıcı et al. (2019), *The unusual effectiveness of averaging in GAN
/// training*; the mean is that of Polyak and Juditsky (1992), *Acceleration of stochastic approximation by averaging*.
///
/// ```
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::optim::Average;
///
/// # fn main() -> Result<(), fenchel::OptimError> {
/// let at = |x: f64| DMatrix::from_element(1, 1, x);
/// let (mut average, mut mean) = (Average::new(0.5, at(0.0))?, Average::mean(at(0.0)));
/// for x in [8.0, 2.0] {
///     average.update(&at(x))?;
///     mean.update(&at(x))?;
/// }
/// assert_eq!((average.params(), mean.params()), (&at(3.0), &at(5.0)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "super::saved::SavedAverage<P>", bound(deserialize = "P: serde::Deserialize<'de>"))
)]
pub struct Average<P> {
    pub(super) kind: Kind,
    pub(super) steps: u64,
    pub(super) params: P,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub(super) enum Kind {
    Exponential { decay: f64 },
    Unbiased { decay: f64 },
    Mean,
}

impl Kind {
    pub(super) fn check(self) -> Result<(), OptimError> {
        match self {
            Self::Exponential { decay } | Self::Unbiased { decay } => setting::decay::<f64>("the decay", decay),
            Self::Mean => Ok(()),
        }
    }

    /// What is kept of the average when the parameters of another step come in.
    fn kept(self, steps_before: u64) -> f64 {
        let before = steps_before as f64;
        match self {
            Self::Exponential { decay } => decay,
            Self::Unbiased { .. } if steps_before == 0 => 0.0,
            // 1 − decayⁿ, without cancellation where the decay is near 1.
            Self::Unbiased { decay } => decay * (before * decay.ln()).exp_m1() / ((before + 1.0) * decay.ln()).exp_m1(),
            Self::Mean => before / (before + 1.0),
        }
    }
}

impl<P> Average<P> {
    /// An exponential average that begins at `params`.
    ///
    /// # Errors
    ///
    /// A decay outside [0, 1).
    pub fn new(decay: f64, params: P) -> Result<Self, OptimError> {
        Self::of(Kind::Exponential { decay }, params)
    }

    /// An exponential average of the steps that it takes in, and of nothing else: `params` are what it is before the first.
    ///
    /// # Errors
    ///
    /// A decay outside [0, 1).
    pub fn unbiased(decay: f64, params: P) -> Result<Self, OptimError> {
        Self::of(Kind::Unbiased { decay }, params)
    }

    /// The mean of the steps that it takes in; `params` are what it is before the first.
    pub fn mean(params: P) -> Self {
        Self { kind: Kind::Mean, steps: 0, params }
    }

    fn of(kind: Kind, params: P) -> Result<Self, OptimError> {
        kind.check()?;
        Ok(Self { kind, steps: 0, params })
    }

    /// The average.
    pub fn params(&self) -> &P {
        &self.params
    }

    /// The average, without the averager.
    pub fn into_params(self) -> P {
        self.params
    }

    /// The number of steps taken in.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Takes in the parameters of another step.
    ///
    /// Allocates nothing. Each leaf is found by a visit of the whole tree, which is of no account below some hundred leaves.
    ///
    /// # Errors
    ///
    /// Parameters of other shapes, or one that is not finite; the average is then as before.
    pub fn update<T: Real>(&mut self, params: &P) -> Result<(), OptimError>
    where
        P: Params<T>,
    {
        let (mut found, mut result) = (0, Ok(()));
        params.visit(&Path::root(), &mut |_, _| found += 1);
        check_count(&self.params, found)?;
        let mut index = 0;
        self.params.visit(&Path::root(), &mut |path, average| {
            with_leaf(params, index, |leaf| {
                if result.is_ok() {
                    result = check_shape(path, average.shape(), leaf.shape())
                        .and_then(|()| check_finite("the parameter", path, leaf));
                }
            });
            index += 1;
        });
        result?;

        // Moved by a share of the way: k and 1 − k, each rounded by itself, do not sum to 1, and a mean of a million steps would drift.
        let share = real::<T>(1.0 - self.kind.kept(self.steps));
        self.steps = self.steps.saturating_add(1);
        index = 0;
        self.params.visit_mut(&Path::root(), &mut |path, average| {
            with_leaf(params, index, |leaf| {
                if share == T::one() || path.is_tracked() {
                    average.copy_from(leaf); // whatever was there before
                } else {
                    let entries = average.as_mut_slice().iter_mut().zip(leaf.as_slice());
                    entries.for_each(|(average, &leaf)| {
                        let apart = leaf - *average;
                        // Numbers of the largest size may be farther apart than the numbers reach, and their average is not.
                        *average += if apart.is_finite() { share * apart } else { share * leaf - share * *average };
                    });
                }
            });
            index += 1;
        });
        Ok(())
    }
}

//! Averages of parameters along the way.

use super::{OptimError, check_setting, check_shapes};
use crate::autodiff::{Params, Path};
use crate::real::{Real, real};
use nalgebra::DMatrix;

/// An exponential moving average of parameters: steadier than the last ones where two players circle each other.
///
/// After each step, average ← decay · average + (1 − decay) · parameters, beginning with the parameters themselves. It remembers about
/// 1/(1 − decay) steps. Yazıcı et al. (2019), *The unusual effectiveness of averaging in GAN training*.
///
/// ```
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::optim::Average;
///
/// # fn main() -> Result<(), fenchel::OptimError> {
/// let mut average = Average::new(0.5, DMatrix::from_element(1, 1, 0.0))?;
/// average.update(&DMatrix::from_element(1, 1, 8.0))?;
/// assert_eq!(average.params()[(0, 0)], 4.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Average<P> {
    decay: f64,
    params: P,
}

impl<P> Average<P> {
    /// An average that begins at `params`.
    ///
    /// # Errors
    ///
    /// A decay outside [0, 1).
    pub fn new(decay: f64, params: P) -> Result<Self, OptimError> {
        check_setting("the decay", decay, "in [0, 1)", (0.0..1.0).contains(&decay))?;
        Ok(Self { decay, params })
    }

    /// The average.
    pub fn params(&self) -> &P {
        &self.params
    }

    /// The average, without the averager.
    pub fn into_params(self) -> P {
        self.params
    }

    /// Takes in the parameters of another step.
    ///
    /// # Errors
    ///
    /// Parameters of other shapes; the average is then as before.
    pub fn update<T: Real>(&mut self, params: &P) -> Result<(), OptimError>
    where
        P: Params<T>,
    {
        let mut leaves: Vec<DMatrix<T>> = Vec::new();
        params.visit(&Path::root(), &mut |_, leaf| leaves.push(leaf.clone()));
        check_shapes(&self.params, &leaves)?;
        let (keep, share) = (real::<T>(self.decay), real::<T>(1.0 - self.decay));
        let mut leaves = leaves.into_iter();
        self.params.visit_mut(&Path::root(), &mut |_, average| {
            let Some(leaf) = leaves.next() else { return };
            average.zip_apply(&leaf, |average, leaf| *average = keep * *average + share * leaf);
        });
        Ok(())
    }
}

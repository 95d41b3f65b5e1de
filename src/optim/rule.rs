//! What an optimiser does to one matrix of parameters: the rules, and the trait that they and yours implement.

use nalgebra::DMatrix;

use super::OptimError;
use crate::real::Real;

pub use super::adagrad::AdagradRule;
pub use super::adam::{AdamRule, AdamWRule, Moments};
pub use super::adamax::AdaMaxRule;
pub use super::amsgrad::AmsgradRule;
pub use super::momentum::{MassRule, SgdRule};
pub use super::nadam::NadamRule;
pub use super::optimistic::OptimisticAdamRule;
pub use super::radam::RAdamRule;
pub use super::rms_prop::RmsPropRule;
pub use super::sm3::Sm3Rule;

/// The arithmetic of an optimiser: the step of one matrix of parameters, given its gradient and its state.
///
/// A rule holds settings, never numbers that change: those are in the state, [`SLOTS`](Self::SLOTS) matrices for each matrix of
/// parameters, zero at first. Everything else (schedule, step count, weight decay, all checking) is done by
/// [`Optimizer`](super::Optimizer), once for all rules.
///
/// ```
/// use fenchel::Real;
/// use fenchel::autodiff::Gradients;
/// use fenchel::nalgebra::{DMatrix, convert};
/// use fenchel::optim::Optimizer;
/// use fenchel::optim::rule::{Leaf, Rule, Step};
///
/// /// Every entry moves by the rate, against the sign of its gradient.
/// #[derive(Default)]
/// struct SignDescent;
///
/// impl<T: Real> Rule<T> for SignDescent {
///     const NAME: &'static str = "sign_descent";
///     const SLOTS: usize = 0;
///
///     fn step(&self, step: Step, leaf: Leaf<'_, T>, _: &mut [DMatrix<T>]) {
///         let rate: T = convert(step.rate);
///         for entry in leaf.entries() {
///             let by = rate * entry.gradient().signum();
///             entry.descend(by);
///         }
///     }
/// }
///
/// # fn main() -> Result<(), fenchel::OptimError> {
/// let mut optimizer = Optimizer::<f64, SignDescent>::new(0.5)?;
/// let mut x = DMatrix::from_row_slice(1, 2, &[1.0, 2.0]);
/// optimizer.update(&mut x, &Gradients::from(vec![DMatrix::from_row_slice(1, 2, &[1e-9, -7.0])]))?;
/// assert_eq!(x, DMatrix::from_row_slice(1, 2, &[0.5, 2.5]));
/// # Ok(())
/// # }
/// ```
pub trait Rule<T: Real> {
    /// What the rule is called, in files too: one name, one arithmetic.
    const NAME: &'static str;

    /// The number of matrices that the rule keeps for a matrix of parameters.
    const SLOTS: usize;

    /// The decoupled weight decay that an optimiser of this rule begins with.
    const WEIGHT_DECAY: f64 = 0.0;

    /// Errs unless the settings are in their ranges, in the precision of `T` too.
    ///
    /// # Errors
    ///
    /// The first setting that is not.
    fn check(&self) -> Result<(), OptimError> {
        Ok(())
    }

    /// Rows and columns of the state matrix number `slot`, for a parameter of this shape: the same, unless said otherwise.
    fn slot_shape(&self, slot: usize, parameter: (usize, usize)) -> (usize, usize) {
        let _ = slot;
        parameter
    }

    /// Can this number stand in the state matrix number `slot`? Asked of numbers from a file, which may be damaged.
    fn holds(&self, slot: usize, value: T) -> bool {
        let _ = slot;
        value.is_finite()
    }

    /// Can the step be taken with this gradient, in this row and column? A gradient that is refused is an error and changes nothing. By default,
    /// its square must be finite: of one that is not, a second moment never recovers.
    fn takes(&self, gradient: T, place: (usize, usize), state: &[DMatrix<T>]) -> bool {
        let _ = (place, state);
        (gradient * gradient).is_finite()
    }

    /// Decays whose shares the crate's own rules ask of the [`Step`]: these are computed once for all matrices.
    // Hidden: a rule of somebody else has no way to ask.
    #[doc(hidden)]
    fn decays(&self) -> [f64; 2] {
        [0.0; 2]
    }

    /// Takes the step: brings the state up to date, and lets every entry [`descend`](Entry::descend).
    ///
    /// All shapes have been checked, and every gradient has been taken by [`takes`](Self::takes).
    fn step(&self, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]);
}

/// What a rule knows about the step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The number of the step, counted from 1.
    pub count: u64,
    /// The learning rate of the step.
    pub rate: f64,
    /// The rule's decays, and the share of each.
    shares: [(f64, f64); 2],
}

impl Step {
    pub(super) fn new(count: u64, rate: f64, decays: [f64; 2]) -> Self {
        Self { count, rate, shares: decays.map(|beta| (beta, share(beta, count))) }
    }

    /// 1 − βᵗ, the share of its limit that an average with decay β has after t = `count` + `ahead` steps, when it began at zero.
    pub(super) fn share(self, beta: f64, ahead: u64) -> f64 {
        match self.shares.iter().find(|&&(decay, _)| decay == beta) {
            Some(&(_, share)) if ahead == 0 => share,
            _ => share(beta, self.count.saturating_add(ahead)),
        }
    }
}

fn share(beta: f64, count: u64) -> f64 {
    1.0 - beta.powf(count as f64)
}

/// A matrix of parameters and its gradient.
#[derive(Debug)]
pub struct Leaf<'a, T> {
    parameter: &'a mut DMatrix<T>,
    gradient: &'a DMatrix<T>,
    decay: T,
}

impl<'a, T: Real> Leaf<'a, T> {
    /// `decay` is the share of each entry that is subtracted along with its step.
    pub(super) fn new(parameter: &'a mut DMatrix<T>, gradient: &'a DMatrix<T>, decay: T) -> Self {
        Self { parameter, gradient, decay }
    }

    /// The parameters before the step.
    pub fn parameter(&self) -> &DMatrix<T> {
        self.parameter
    }

    /// The gradient.
    pub fn gradient(&self) -> &DMatrix<T> {
        self.gradient
    }

    /// The entries, column by column as nalgebra stores them, and as `as_mut_slice` of a state matrix of the same shape has its own.
    #[inline(always)]
    pub fn entries(self) -> impl Iterator<Item = Entry<'a, T>> {
        let decay = self.decay;
        let entries = self.parameter.as_mut_slice().iter_mut().zip(self.gradient.as_slice());
        entries.map(move |(parameter, &gradient)| Entry { parameter, gradient, decay })
    }
}

/// An entry of a matrix of parameters and its gradient.
#[derive(Debug)]
pub struct Entry<'a, T> {
    parameter: &'a mut T,
    gradient: T,
    decay: T,
}

impl<T: Real> Entry<'_, T> {
    /// The gradient.
    #[inline(always)]
    pub fn gradient(&self) -> T {
        self.gradient
    }

    /// θ ← θ − (by + rate λ θ), with the weight decay λ. The two are added first: in f32 rate λ θ alone is often less than half a unit in the last
    /// place of θ, and would be lost at every step.
    #[inline(always)]
    pub fn descend(self, by: T) {
        *self.parameter -= by + self.decay * *self.parameter;
    }
}

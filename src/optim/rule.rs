//! What an optimiser does to one matrix of parameters: the rules, and the trait that they and yours implement.

use nalgebra::DMatrix;

use super::OptimError;
use crate::real::{Real, least_normal};
use crate::vector::{Kernel, vectorised};

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
    ///
    /// With `#[inline(always)]` it is compiled for the widest instructions of the machine, too. It is fastest if it reads all that it needs of the state of
    /// an entry before it writes any of it.
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
        entries.map(move |(parameter, &gradient)| Entry { before: *parameter, parameter, gradient, decay })
    }
}

/// An entry of a matrix of parameters and its gradient.
#[derive(Debug)]
pub struct Entry<'a, T> {
    parameter: &'a mut T,
    // Read before anything is written: see `wide_step`.
    before: T,
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
        *self.parameter = self.before - (by + self.decay * self.before);
    }
}

/// Takes the step of a rule: with the widest instructions of the machine, if the step is `#[inline(always)]`.
///
/// The crate's own read all that they need of an entry before they write any of it. Where matrices begin at the same place of a page, as large ones do,
/// reading after writing took two to four times as long (Zen 4, vectors of 512 bits).
pub(super) fn wide_step<T: Real, R: Rule<T>>(rule: &R, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
    struct WideStep<'a, T, R> {
        rule: &'a R,
        step: Step,
        leaf: Leaf<'a, T>,
        state: &'a mut [DMatrix<T>],
    }

    impl<T: Real, R: Rule<T>> Kernel for WideStep<'_, T, R> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            self.rule.step(self.step, self.leaf, self.state);
        }
    }

    vectorised(WideStep { rule, step, leaf, state });
}

/// What becomes of a mean that has faded to less than any normal number.
///
/// Where gradients have become 0, those of a unit that is dead, say, a mean of them fades by the same share at every step, and rounding stops
/// it at one of the least numbers there are. With those, which are not normal, the machine takes several times as long. XLA has none of them
/// either: it sets them to 0 everywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faded<T> {
    least: T,
}

impl<T: Real> Faded<T> {
    pub(super) fn new() -> Self {
        Self { least: least_normal() }
    }

    /// A mean that steps are proportional to, or 0.
    #[inline(always)]
    pub(super) fn or_zero(self, mean: T) -> T {
        if mean.abs() < self.least { T::zero() } else { mean }
    }

    /// A size that steps are divided by, or the least normal number: never 0 for what is not, so that no quotient is larger than it was.
    #[inline(always)]
    pub(super) fn or_least(self, size: T) -> T {
        if size < self.least { self.least } else { size }
    }
}

//! Is a gradient right? Finite differences say so, to any order.
//!
//! Open to whoever writes a layer, a loss or a divergence downstream.

use nalgebra::DMatrix;
use rand::Rng;

use super::{Params, Path, Tape, TapeError, Var};
use crate::real::SampleReal;

/// What [`gradients`] found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The tape and the differences disagree.
    #[error("derivative of order {order}: {tape} by the tape, {difference} by differences")]
    Mismatch {
        /// 1 for the gradient, 2 for the gradient of the gradient, ...
        order: usize,
        /// The directional derivative by the tape.
        tape: f64,
        /// The directional derivative by finite differences.
        difference: f64,
    },
    /// The computation itself failed.
    #[error(transparent)]
    Tape(#[from] TapeError),
}

/// A computation to be checked: from variables to one variable, of any shape.
type Computation<'a> = dyn for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64> + 'a;

/// Step of the five-point difference. Its truncation error is h⁴/30 times the fifth derivative, its rounding error about
/// ε/h times the value: 3e-14 and 2e-13 for quantities of order one.
const STEP: f64 = 1e-3;

/// Allowed difference, relative to the size of the terms of the result and of the derivative: room for fifth derivatives and sums of
/// several thousand terms, while a wrong rule is off by a part of order one.
const TOLERANCE: f64 = 1e-8;

/// Compares derivatives of `computation` at `at`, from the first, always, to the given order, with central differences along random directions.
///
/// The result, which may have any shape, is contracted with random weights to one number; its gradient along a random
/// direction is compared, and is then itself the computation whose gradient is compared. Keep kinks (of |x|, of ReLU) further than 2e-3
/// times a few from the entries of `at`.
///
/// # Errors
///
/// The first disagreement, or a failure of the computation.
///
/// ```
/// use fenchel::autodiff::check;
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let x = DMatrix::from_row_slice(2, 2, &[0.3, -0.8, 1.1, 0.4]);
/// check::gradients(|_, x| x[0].tanh() * x[0].exp(), &[x], 2, &mut rng)?;
/// # Ok::<(), check::CheckError>(())
/// ```
pub fn gradients<R: Rng + ?Sized>(
    computation: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>,
    at: &[DMatrix<f64>],
    order: usize,
    rng: &mut R,
) -> Result<(), CheckError> {
    check(&computation, at, 1, order.max(1), rng)
}

/// The same for a computation on a parameter tree: of a layer, say.
///
/// # Errors
///
/// Those of [`gradients`].
///
/// ```
/// use fenchel::autodiff::check;
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::nn::{Dense, Layer, Tanh};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let (net, rows) = ((Dense(3), Tanh, Dense(1)), DMatrix::from_element(4, 2, 0.3));
/// let (_, params) = net.init(&mut rng, 2)?;
/// check::params(|t, p| net.apply(t, p, t.var(&rows)), &params, 2, &mut rng)?;
/// # Ok(())
/// # }
/// ```
pub fn params<P: Params<f64>, R: Rng + ?Sized>(
    computation: impl for<'t> Fn(&'t Tape<f64>, &P::Lifted<'t>) -> Var<'t, f64>,
    params: &P,
    order: usize,
    rng: &mut R,
) -> Result<(), CheckError> {
    let mut leaves = Vec::new();
    params.visit(&Path::root(), &mut |_, leaf| leaves.push(leaf.clone()));
    let on_variables: &Computation<'_> = &|tape, x| {
        let mut x = x.iter();
        // A tree that hands out more leaves than it visits gets constants for the rest, whose gradient the tape then lacks.
        computation(tape, &params.lift_with(&mut |leaf| x.next().copied().unwrap_or_else(|| tape.var(leaf))))
    };
    check(on_variables, &leaves, 1, order.max(1), rng)
}

fn check<R: Rng + ?Sized>(
    computation: &Computation<'_>,
    at: &[DMatrix<f64>],
    order: usize,
    last: usize,
    rng: &mut R,
) -> Result<(), CheckError> {
    if order > last {
        return Ok(());
    }
    let shape = evaluate(computation, at)?.shape();
    let weights = random(shape, rng);
    let directions: Vec<_> = at.iter().map(|x| random(x.shape(), rng)).collect();

    let derivative: &Computation<'_> = &|tape, x| directional(computation, &weights, &directions, tape, x);
    let by_tape = evaluate(derivative, at)?[(0, 0)];

    // The contracted result that many steps along the directions, and the size of its terms.
    let moved = |steps: f64| -> Result<(f64, f64), TapeError> {
        let x: Vec<_> = at.iter().zip(&directions).map(|(x, d)| x + d * (steps * STEP)).collect();
        let value = evaluate(computation, &x)?;
        if value.shape() != weights.shape() {
            return Err(TapeError::ShapeMismatch { op: "check", left: value.shape(), right: weights.shape() });
        }
        let terms = value.component_mul(&weights);
        Ok((terms.sum(), terms.abs().sum()))
    };
    let [back2, back, on, on2] = [moved(-2.0)?, moved(-1.0)?, moved(1.0)?, moved(2.0)?];
    let difference = (8.0 * (on.0 - back.0) - (on2.0 - back2.0)) / (12.0 * STEP);

    let scale = [back2.1, back.1, on.1, on2.1].into_iter().fold(by_tape.abs(), f64::max);
    // Written so that a NaN on either side is a mismatch.
    if (by_tape - difference).abs() <= TOLERANCE * scale {
        check(derivative, at, order + 1, last, rng)
    } else {
        Err(CheckError::Mismatch { order, tape: by_tape, difference })
    }
}

/// The derivative of the contracted computation along the directions, as a variable.
fn directional<'t>(
    computation: &Computation<'_>,
    weights: &DMatrix<f64>,
    directions: &[DMatrix<f64>],
    tape: &'t Tape<f64>,
    x: &[Var<'t, f64>],
) -> Var<'t, f64> {
    let mut gradients = x.to_vec();
    tape.vjp_mut(computation(tape, x), tape.var(weights), &mut gradients);
    gradients
        .iter()
        .zip(directions)
        .fold(tape.scalar(0.0), |sum, (gradient, direction)| sum + gradient.component_mul(tape.var(direction)).sum())
}

fn evaluate(computation: &Computation<'_>, at: &[DMatrix<f64>]) -> Result<DMatrix<f64>, TapeError> {
    let tape = Tape::new();
    let x: Vec<_> = at.iter().map(|x| tape.var(x)).collect();
    computation(&tape, &x).to_matrix()
}

fn random<R: Rng + ?Sized>((rows, columns): (usize, usize), rng: &mut R) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| f64::standard_normal(rng))
}

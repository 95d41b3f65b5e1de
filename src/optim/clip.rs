//! What is done to gradients before an optimiser sees them: clipping, and weight decay as a part of the gradient.
//!
//! All of it leaves the values of [tracked](Path::tracked) leaves alone, which are no gradients.

use nalgebra::DMatrix;

use super::tree::{check_finite, check_leaves, find};
use super::{OptimError, setting};
use crate::autodiff::{Gradients, Params, Path};
use crate::real::{CompensatedSum, Real, real, unit_of_squares};
use crate::vector;

/// Clips every entry of the gradients to [−limit, limit].
///
/// ```
/// use fenchel::autodiff::Gradients;
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::optim::clip_by_value;
///
/// # fn main() -> Result<(), fenchel::OptimError> {
/// let params = DMatrix::from_element(1, 2, 0.0_f64);
/// let mut gradients = Gradients::from(vec![DMatrix::from_row_slice(1, 2, &[0.5, -70.0])]);
/// clip_by_value(&params, &mut gradients, 1.0)?;
/// assert_eq!(gradients.leaves()[0], DMatrix::from_row_slice(1, 2, &[0.5, -1.0]));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A limit that is not positive and finite, gradients that do not fit the parameters, or one that is not finite; the gradients are then as before.
pub fn clip_by_value<T: Real, P: Params<T>>(
    params: &P,
    gradients: &mut Gradients<T>,
    limit: f64,
) -> Result<(), OptimError> {
    setting::positive::<T>("the limit", limit)?;
    check_gradients(params, gradients)?;
    let limit = real::<T>(limit);
    for_each_gradient(params, gradients, |_, gradient| gradient.apply(|g| *g = g.clamp(-limit, limit)));
    Ok(())
}

/// Scales the gradients down so that their [`global_norm`] is at most `limit`, up to rounding, and returns what it was.
///
/// All of them are scaled by the same factor min(1, limit/norm), so the direction stays. Pascanu, Mikolov and Bengio (2013), *On the difficulty of training
/// recurrent neural networks*.
///
/// ```
/// use fenchel::autodiff::Gradients;
/// use fenchel::nalgebra::DMatrix;
/// use fenchel::optim::clip_by_global_norm;
///
/// # fn main() -> Result<(), fenchel::OptimError> {
/// let params = DMatrix::from_element(1, 2, 0.0_f64);
/// let mut gradients = Gradients::from(vec![DMatrix::from_row_slice(1, 2, &[30.0, -40.0])]);
/// assert_eq!(clip_by_global_norm(&params, &mut gradients, 1.0)?, 50.0);
/// assert!((gradients.leaves()[0].norm() - 1.0).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A limit that is not positive and finite, gradients that do not fit the parameters, or one that is not finite; the gradients are then as before.
pub fn clip_by_global_norm<T: Real, P: Params<T>>(
    params: &P,
    gradients: &mut Gradients<T>,
    limit: f64,
) -> Result<T, OptimError> {
    setting::positive::<T>("the limit", limit)?;
    let (unit, norm) = scaled_norm(params, gradients)?;
    let limit = real::<T>(limit);
    if unit * norm > limit {
        let scale = limit / norm;
        // Most often the unit is 1, and a division takes long.
        let scaled = |g: T| if unit == T::one() { g * scale } else { g / unit * scale };
        for_each_gradient(params, gradients, |_, gradient| gradient.apply(|g| *g = scaled(*g)));
    }
    Ok(unit * norm)
}

/// √(Σ g²) over all entries of all gradients.
///
/// No square over- or underflows, and the sum is compensated. It is ∞ only if it is itself larger than the largest number.
///
/// # Errors
///
/// Gradients that do not fit the parameters, or one that is not finite.
pub fn global_norm<T: Real, P: Params<T>>(params: &P, gradients: &Gradients<T>) -> Result<T, OptimError> {
    scaled_norm(params, gradients).map(|(unit, norm)| unit * norm)
}

/// Adds λ θ to the gradients: weight decay as an L2 penalty λ/2 ‖θ‖² on the parameters, which goes through the moments like any other gradient.
///
/// For the decoupled kind, see [`with_weight_decay`](super::Optimizer::with_weight_decay).
///
/// # Errors
///
/// A decay that is negative or not finite, gradients that do not fit the parameters, one that is not finite or would not be, or a parameter that is
/// not; the gradients are then as before.
pub fn add_weight_decay<T: Real, P: Params<T>>(
    params: &P,
    gradients: &mut Gradients<T>,
    decay: f64,
) -> Result<(), OptimError> {
    setting::non_negative::<T>("the weight decay", decay)?;
    let decay = real::<T>(decay);
    check_leaves(params, gradients.leaves(), |path, parameter, gradient| {
        if path.is_tracked() {
            return Ok(());
        }
        check_finite("the parameter", path, parameter)?;
        check_finite("the gradient of", path, gradient)?;
        let bad = find(gradient, |place, g| !(g + decay * parameter[place]).is_finite());
        let Some((row, column, value)) = bad else { return Ok(()) };
        Err(OptimError::NonFinite {
            what: "with its decay, the gradient of",
            path: path.to_string(),
            row,
            column,
            value,
        })
    })?;
    for_each_gradient(params, gradients, |parameter, gradient| {
        gradient.as_mut_slice().iter_mut().zip(parameter.as_slice()).for_each(|(g, &x)| *g += decay * x);
    });
    Ok(())
}

/// Errs unless there is a finite gradient of its shape for every parameter.
fn check_gradients<T: Real, P: Params<T>>(params: &P, gradients: &Gradients<T>) -> Result<(), OptimError> {
    check_leaves(params, gradients.leaves(), |path, _, gradient| {
        if path.is_tracked() { Ok(()) } else { check_finite("the gradient of", path, gradient) }
    })
}

/// A [unit](unit_of_squares), and the norm in it.
fn scaled_norm<T: Real, P: Params<T>>(params: &P, gradients: &Gradients<T>) -> Result<(T, T), OptimError> {
    check_gradients(params, gradients)?;
    let mut largest = T::zero();
    visit_gradients(params, gradients, |g| largest = largest.max(vector::largest_size(g)));
    let unit = unit_of_squares(largest);
    let mut sum = CompensatedSum::default();
    visit_gradients(params, gradients, |g| sum.add(vector::sum_of_squares(g, unit)));
    Ok((unit, sum.total().sqrt()))
}

/// Calls `f` with the entries of every gradient.
fn visit_gradients<T: Real, P: Params<T>>(params: &P, gradients: &Gradients<T>, mut f: impl FnMut(&[T])) {
    let mut leaves = gradients.leaves().iter();
    params.visit(&Path::root(), &mut |path, _| {
        if let Some(gradient) = leaves.next().filter(|_| !path.is_tracked()) {
            f(gradient.as_slice());
        }
    });
}

/// Calls `f` with every parameter and its gradient, to be changed.
fn for_each_gradient<T: Real, P: Params<T>>(
    params: &P,
    gradients: &mut Gradients<T>,
    mut f: impl FnMut(&DMatrix<T>, &mut DMatrix<T>),
) {
    let mut leaves = gradients.leaves_mut().iter_mut();
    params.visit(&Path::root(), &mut |path, parameter| {
        if let Some(gradient) = leaves.next().filter(|_| !path.is_tracked()) {
            f(parameter, gradient);
        }
    });
}

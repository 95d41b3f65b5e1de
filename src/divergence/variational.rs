//! Divergences from the outputs of a critic on samples of P and Q: bounds, and what its density ratio gives.
//!
//! A critic trained for any smooth divergence puts out v ≈ ln p/q. From that one critic come a lower bound on every other divergence ([`bound`]), Donsker and
//! Varadhan's on KL ([`donsker_varadhan`]), an estimate of any divergence ([`plug_in`]), and the density ratio p/q itself, which is eᵛ. Use samples that the
//! critic has not been trained on: on its own it does better than is true.
//!
//! A critic's outputs are a matrix of one column; its numbers are `v.as_slice()`, with `let v = evaluate(&critic, &mut tape, &params, &rows)?`.

use super::exact::Mean;
use super::{DivergenceError, Estimate, FDivergence, Variational};
use crate::real::{Real, to_f64};

/// The mean of `term` over outputs on samples of `law`.
fn average<T: Real>(
    law: &'static str,
    outputs: &[T],
    mut term: impl FnMut(T) -> f64,
) -> Result<Estimate, DivergenceError> {
    let mut mean = Mean::default();
    for (index, &v) in outputs.iter().enumerate() {
        let term = term(v);
        if !term.is_finite() {
            return Err(DivergenceError::CriticOutput { law, index, value: to_f64(v) });
        }
        mean.push(term);
    }
    mean.estimate()
}

/// The variational lower bound E_P real(v) − E_Q fake(v) ≤ D(P‖Q), from the outputs v of a critic on samples of P and of Q.
///
/// Equality holds exactly for v = ln p/q, where the divergence is smooth; the gap is the Bregman divergence E_Q[B_{f*}(real(v), f'(p/q))]. The standard error
/// is that of the two means. Nguyen, Wainwright and Jordan (2010), *Estimating divergence functionals and the likelihood ratio by convex risk
/// minimization*.
///
/// ```
/// use fenchel::divergence::{ForwardKl, variational};
///
/// let undecided = variational::bound(&ForwardKl, &[0.0; 3], &[0.0; 5])?;
/// assert_eq!(undecided.mean, 0.0);
/// # Ok::<(), fenchel::DivergenceError>(())
/// ```
///
/// # Errors
///
/// Fewer than two outputs of either kind, or one for which the term is not finite.
pub fn bound<D: Variational, T: Real>(
    divergence: &D,
    v_data: &[T],
    v_samples: &[T],
) -> Result<Estimate, DivergenceError> {
    divergence.check()?;
    let data = average("P", v_data, |v| to_f64(divergence.real(v)))?;
    let samples = average("Q", v_samples, |v| to_f64(divergence.fake(v)))?;
    Ok(Estimate { mean: data.mean - samples.mean, std_error: data.std_error.hypot(samples.std_error) })
}

/// Donsker and Varadhan's lower bound E_P v − ln E_Q eᵛ ≤ KL(P‖Q), from the outputs v of a critic on samples of P and of Q.
///
/// It is the [`bound`] of [`ForwardKl`](super::ForwardKl) with the best constant added to v: never below it, and not in need of a critic that is
/// normalised. The logarithm of a mean is biased upwards here, by half the squared error of ln E_Q eᵛ: with few samples of Q, or a
/// large divergence, the estimate may lie above KL. The standard error is by the delta method. Donsker and Varadhan (1983), *Asymptotic evaluation
/// of certain Markov process expectations for large time, IV*; Belghazi et al. (2018), *MINE*.
///
/// ```
/// use fenchel::divergence::variational;
///
/// // A critic is used up to a constant only.
/// let (data, samples) = ([1.0, 2.0, 1.5], [0.5, -0.5, 0.0, 0.25]);
/// let once = variational::donsker_varadhan(&data, &samples)?;
/// let shifted = variational::donsker_varadhan(&data.map(|v| v + 500.0), &samples.map(|v| v + 500.0))?;
/// assert!((once.mean - shifted.mean).abs() < 1e-12);
/// # Ok::<(), fenchel::DivergenceError>(())
/// ```
///
/// # Errors
///
/// Fewer than two outputs of either kind, or one that is not finite, or so large that a mean of squares is not.
pub fn donsker_varadhan<T: Real>(v_data: &[T], v_samples: &[T]) -> Result<Estimate, DivergenceError> {
    let data = average("P", v_data, to_f64)?;
    average("Q", v_samples, to_f64)?; // all finite
    let largest = v_samples.iter().map(|&v| to_f64(v)).fold(f64::NEG_INFINITY, f64::max);
    let scaled = average("Q", v_samples, |v| (to_f64(v) - largest).exp())?;
    let mean = data.mean - (scaled.mean.ln() + largest);
    let std_error = data.std_error.hypot(scaled.std_error / scaled.mean);
    if mean.is_finite() { Ok(Estimate { mean, std_error }) } else { Err(DivergenceError::NotANumber) }
}

/// The plug-in estimate E_Q f(eᵛ) of D(P‖Q), from the outputs v ≈ ln p/q of a critic on samples of Q: of any divergence, whichever the critic was trained for.
///
/// Unlike [`bound`] it is no bound: it is as right as the critic, to first order. The standard error is that of the mean over samples only. Where Q's
/// samples do not reach, p is not seen; for the estimate from samples of P give [`swap`](FDivergence::swap) and −v.
///
/// ```
/// use fenchel::divergence::{PearsonChi2, variational};
///
/// // The exact critic between two coins, on samples in the proportions of Q = (1/4, 3/4); P = (1/2, 1/2).
/// let v = [2.0_f64.ln(), (2.0_f64 / 3.0).ln(), (2.0_f64 / 3.0).ln(), (2.0_f64 / 3.0).ln()];
/// let chi2 = variational::plug_in(&PearsonChi2, &v)?;
/// assert!((chi2.mean - 1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), fenchel::DivergenceError>(())
/// ```
///
/// # Errors
///
/// Fewer than two outputs, or one for which f is not finite.
pub fn plug_in<D: FDivergence, T: Real>(divergence: &D, v_samples: &[T]) -> Result<Estimate, DivergenceError> {
    divergence.check()?;
    average("Q", v_samples, |v| to_f64(divergence.value(v)))
}

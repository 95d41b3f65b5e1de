//! Divergences from samples alone: the variational bound, and the games that minimise it.

use super::exact::Mean;
use super::{DivergenceError, Estimate, Tilt, Variational};
use crate::autodiff::Var;
use crate::real::{Real, to_f64};

/// The variational lower bound E_P real(v) − E_Q fake(v) ≤ D(P‖Q), from the outputs v of a critic on samples of P and of Q.
///
/// Equality holds exactly for v = ln p/q; the gap is the Bregman divergence E_Q[B_{f*}(real(v), f'(p/q))]. The standard error
/// is that of the two means, for outputs of a critic that has not seen these samples. Nguyen, Wainwright and Jordan (2010), *Estimating
/// divergence functionals and the likelihood ratio by convex risk minimization*.
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
    let average = |law: &'static str, outputs: &[T], term: &dyn Fn(T) -> T| {
        let mut mean = Mean::default();
        for (index, &v) in outputs.iter().enumerate() {
            if !term(v).is_finite() {
                return Err(DivergenceError::CriticOutput { law, index, value: to_f64(v) });
            }
            mean.push(to_f64(term(v)));
        }
        mean.estimate()
    };
    let data = average("P", v_data, &|v| divergence.real(v))?;
    let samples = average("Q", v_samples, &|v| divergence.fake(v))?;
    Ok(Estimate { mean: data.mean - samples.mean, std_error: data.std_error.hypot(samples.std_error) })
}

/// A two-player game: the critic's divergence and the generator's.
///
/// A critic ends in a *linear* head, whatever the divergence: its output v stands for ln p/q. The type says what the generator
/// minimises, and it is the second parameter:
///
/// ```
/// use fenchel::divergence::{ForwardKl, Game, JensenShannon, ReverseKl};
///
/// let covering: Game<ForwardKl, ForwardKl> = Game::minimax(ForwardKl);
/// let seeking: Game<ForwardKl, ReverseKl> = Game::non_saturating(ForwardKl); // not forward KL!
/// let mixed = Game { critic: JensenShannon, generator: ReverseKl }; // any critic yields v
/// ```
///
/// At an optimal critic the step of the generator is a gradient step on its divergence; how far from optimal the critic may be is up to the
/// training. Nowozin, Cseke and Tomioka (2016), *f-GAN*; for mixed games Poole et al. (2016), *Improved generator objectives for GANs*.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Game<C, G> {
    /// Whose variational bound the critic maximises.
    pub critic: C,
    /// What the generator minimises.
    pub generator: G,
}

impl<D: Variational> Game<D, D> {
    /// The generator minimises the divergence that the critic measures.
    pub fn minimax(divergence: D) -> Self {
        Self { critic: divergence, generator: divergence }
    }
}

impl<D: Tilt> Game<D, D::Tilted> {
    /// The generator maximises what the critic scores as data. It then minimises the [tilted](Tilt) divergence.
    pub fn non_saturating(divergence: D) -> Self {
        Self { critic: divergence, generator: divergence.tilt() }
    }
}

impl<C: Variational, G: Variational> Game<C, G> {
    /// E fake(v_samples) − E real(v_data): minus the variational bound on the critic's divergence.
    ///
    /// `v_data` and `v_samples` are the critic's outputs, one row each sample, in batches of any sizes.
    pub fn critic_loss<'t, T: Real>(&self, v_data: Var<'t, T>, v_samples: Var<'t, T>) -> Var<'t, T> {
        v_samples.entrywise(|v| self.critic.fake(v)).mean() - v_data.entrywise(|v| self.critic.real(v)).mean()
    }

    /// −E fake(v_samples), with `fake` of the generator's divergence.
    pub fn generator_loss<'t, T: Real>(&self, v_samples: Var<'t, T>) -> Var<'t, T> {
        -v_samples.entrywise(|v| self.generator.fake(v)).mean()
    }
}

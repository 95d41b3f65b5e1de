//! Games: a critic that measures a divergence, and a generator that minimises one.

use super::{Objective, Tilt, Variational};
use crate::autodiff::Var;
use crate::real::Real;

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
/// What does not fit does not compile: [`TotalVariation`](super::TotalVariation) reads its critic as a [`Witness`](super::Witness), so neither of the two
/// can be mixed with it.
///
/// ```compile_fail,E0271
/// use fenchel::divergence::{Game, JensenShannon, TotalVariation};
///
/// let v = fenchel::Tape::new().scalar(0.5);
/// Game { critic: TotalVariation, generator: JensenShannon }.generator_loss(v);
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

impl<C: Variational, G: Objective<Critic = C::Critic>> Game<C, G> {
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

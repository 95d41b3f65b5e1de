//! Spectral normalisation.

use nalgebra::DMatrix;
use rand::Rng;

use super::leaves::leaves;
use super::{Affine, AffineParams, Layer, LayerError, Lifted, Mode, Port, Signal, Width};
use crate::autodiff::{Tape, Var};
use crate::real::{Real, SampleReal, real};

/// An affine layer with its weight W divided by an estimate of its largest singular value: a map with a Lipschitz constant of about 1 (a dense layer's;
/// a convolution's kernel bounds that of the convolution only loosely), as critics of GANs like it.
///
/// The estimate is |u Wᵀ|, where the row u of length 1 is kept as a [tracked](crate::autodiff::Path::tracked) parameter. A step of training replaces it by u Wᵀ W, brought to
/// length 1, first: a step of the power method. Evaluation leaves it. No derivative flows through that step. Where it leads to 0, as from a direction that the weight does not
/// know, it begins again from one at random.
/// Miyato et al. (2018), *Spectral normalization for generative adversarial networks*.
///
/// ```
/// use fenchel::nn::{Dense, Layer, LeakyRelu, SpectralNorm};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::LayerError> {
/// let critic = (SpectralNorm(Dense(32)), LeakyRelu, SpectralNorm(Dense(1)));
/// let (width, _params) = Layer::<f32>::init(&critic, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
/// assert_eq!(width, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpectralNorm<L>(pub L);

/// The parameters of [`SpectralNorm`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SpectralParams<M> {
    /// Inputs × outputs, before it is divided.
    pub weight: M,
    /// 1 × outputs.
    pub bias: M,
    /// u, of length 1: the direction of the output, 1 × outputs, in which the weight stretches most; tracked.
    pub direction: M,
}

leaves!(SpectralParams { weight, bias, direction (tracked) });

/// Steps of the power method on the first weights. Training takes one more each time.
const FIRST_STEPS: usize = 20;

/// The row divided by its length; zeros stay zeros.
fn unit<T: Real>(row: Var<'_, T>) -> Var<'_, T> {
    let (_, columns) = row.shape();
    row.component_mul(row.square().sum().sqrt().recip_or_zero().fill(1, columns))
}

/// The weight with entries of at most 1, whose squares neither over- nor underflow, and what it is to be multiplied by again. That is undone in the
/// end, so it may be held constant.
fn scaled<T: Real>(weight: Var<'_, T>) -> (Var<'_, T>, T) {
    let size = weight.amax();
    let size = if size.is_finite() && size.recip().is_finite() { size } else { T::one() };
    (weight.scale(size.recip()), size)
}

/// A step of the power method from `direction`; where that leads to 0, a step from one at random; and where every step does, the one at random.
fn step_on<'t, T: Real>(weight: Var<'t, T>, direction: Var<'t, T>, rng: &mut dyn Rng) -> Var<'t, T> {
    let next = step(weight, direction);
    if next.amax() > T::zero() || next.tape().check().is_err() {
        return next;
    }
    let (tape, (rows, columns)) = (next.tape(), direction.shape());
    let random = unit(tape.from_fn(rows, columns, |_, _| real(f64::standard_normal(rng))));
    let next = step(weight, random);
    if next.amax() > T::zero() { next } else { random }
}

/// One step of the power method.
fn step<'t, T: Real>(weight: Var<'t, T>, direction: Var<'t, T>) -> Var<'t, T> {
    // Brought to length 1 in between, so that no square of a singular value is squared again.
    unit(unit(direction.mul_tr(weight)) * weight)
}

impl<T: Real, P: Port, L: Affine<T, P>> Layer<T, P> for SpectralNorm<L> {
    type Out = L::Out;
    type Params = SpectralParams<DMatrix<T>>;

    fn init<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        width: Width<P>,
    ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        let (width, AffineParams { weight, bias }) = self.0.init(rng, width)?;
        let tape = Tape::new();
        let (w, _) = scaled(tape.var(&weight));
        let first = unit(tape.from_fn(1, weight.ncols(), |_, _| T::standard_normal(rng)));
        let direction = (0..FIRST_STEPS).fold(first, |direction, _| step_on(w, direction, &mut &mut *rng)).to_matrix();
        let direction = direction.map_err(|error| LayerError::refused(error.to_string()))?;
        Ok((width, SpectralParams { weight, bias, direction }))
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, Self::Out> {
        let (scaled, size) = scaled(params.weight);
        let direction = match mode {
            Mode::Evaluate => params.direction,
            Mode::Train(rng) => {
                let next = step_on(scaled.detach(), tape.tracked(params.direction).detach(), *rng);
                tape.track(params.direction, next);
                next
            }
        };
        let largest = direction.mul_tr(scaled).square().sum().sqrt().scale(size);
        let (rows, columns) = params.weight.shape();
        let weight = params.weight.component_mul(largest.recip_or_zero().fill(rows, columns));
        self.0.forward(tape, &AffineParams { weight, bias: params.bias }, x, mode)
    }
}

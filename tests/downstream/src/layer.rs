//! Layers and parameter trees of one's own.

use fenchel::autodiff::{Params, Path, Tape, Var};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{AffineParams, Dense, Layer, LayerError, Lifted, Mode, Rows, Signal, Width, Wire};
use fenchel::rand::Rng;
use fenchel::{Real, SampleReal};

/// x ↦ L(x) − L(−x): an odd function, of rows or of images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odd<L>(pub L);

impl<T: Real, P: Rows, L: Layer<T, P, Out: Rows>> Layer<T, P> for Odd<L> {
    type Out = L::Out;
    type Params = L::Params;

    fn init<R: Rng + ?Sized>(&self, rng: &mut R, width: Width<P>) -> Result<(Width<L::Out>, L::Params), LayerError>
    where
        T: SampleReal,
    {
        self.0.init(rng, width)
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, L, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, L::Out> {
        let here = tape.scope("here", || self.0.forward(tape, params, x, mode));
        let mirrored = tape.scope("mirrored", || self.0.forward(tape, params, P::map(x, |x| -x), mode));
        L::Out::map(here, |here| here - L::Out::rows(mirrored))
    }
}

/// x ↦ (x V + a) ∘ σ(x W + b), with this many outputs: a gated linear unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gated(pub usize);

/// The parameters of [`Gated`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GatedParams<M> {
    /// V and a.
    pub value: AffineParams<M>,
    /// W and b.
    pub gate: AffineParams<M>,
}

impl<T: Real> Params<T> for GatedParams<DMatrix<T>> {
    type Lifted<'t> = GatedParams<Var<'t, T>>;

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t> {
        GatedParams { value: self.value.lift_with(leaf), gate: self.gate.lift_with(leaf) }
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {
        self.value.visit(&at.name("value"), leaf);
        self.gate.visit(&at.name("gate"), leaf);
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {
        self.value.visit_mut(&at.name("value"), leaf);
        self.gate.visit_mut(&at.name("gate"), leaf);
    }
}

impl<T: Real> Layer<T> for Gated {
    type Out = Wire;
    type Params = GatedParams<DMatrix<T>>;

    fn init<R: Rng + ?Sized>(&self, rng: &mut R, width: usize) -> Result<(usize, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        let dense = Dense(self.0);
        let ((_, value), (outputs, gate)) = (dense.init(rng, width)?, dense.init(rng, width)?);
        Ok((outputs, GatedParams { value, gate }))
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &GatedParams<Var<'t, T>>,
        x: Var<'t, T>,
        mode: &mut Mode<'_>,
    ) -> Var<'t, T> {
        let dense = Dense(self.0);
        let value = dense.forward(tape, &params.value, x, mode);
        value.component_mul(dense.forward(tape, &params.gate, x, mode).sigmoid())
    }
}

/// Two networks that are trained together: any trees, in a struct with names.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair<A, B> {
    /// The first.
    pub encoder: A,
    /// The second.
    pub decoder: B,
}

impl<T: Real, A: Params<T>, B: Params<T>> Params<T> for Pair<A, B> {
    type Lifted<'t> = Pair<A::Lifted<'t>, B::Lifted<'t>>;

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t> {
        Pair { encoder: self.encoder.lift_with(leaf), decoder: self.decoder.lift_with(leaf) }
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {
        self.encoder.visit(&at.name("encoder"), leaf);
        self.decoder.visit(&at.name("decoder"), leaf);
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {
        self.encoder.visit_mut(&at.name("encoder"), leaf);
        self.decoder.visit_mut(&at.name("decoder"), leaf);
    }
}

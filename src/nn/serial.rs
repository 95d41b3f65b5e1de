//! Layers one after another: each takes what the one before it gives.

use rand::Rng;

use super::summary::LayerSummary;
use super::{Layer, LayerError, Lifted, Mode, Port, Rows, Signal, Width};
use crate::autodiff::{Path, Tape, TapeError};
use crate::real::{Real, SampleReal};

macro_rules! serial {
    ($first:ident 0 $($name:ident $index:tt)*) => {
        serial!(@impl [$first 0 $($name $index)*] [] $first 0 $($name $index)*);
    };
    // Walks to the last name, pairing each layer after the first with the one before it.
    (@impl [$($all:ident $i:tt)*] [$($bound:tt)*] $before:ident $bi:tt $next:ident $ni:tt $($rest:tt)*) => {
        serial!(@impl [$($all $i)*] [$($bound)* $next: Layer<T, $before::Out>,] $next $ni $($rest)*);
    };
    (@impl [$first:ident 0 $($all:ident $i:tt)*] [$($bound:tt)*] $last:ident $li:tt) => {
        impl<T: Real, P: Port, $first: Layer<T, P>, $($bound)*> Layer<T, P> for ($first, $($all,)*) {
            type Out = $last::Out;
            type Params = ($first::Params, $($all::Params,)*);

            #[allow(non_snake_case)]
            fn init<R: Rng + ?Sized>(
                &self,
                rng: &mut R,
                width: Width<P>,
            ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
            where
                T: SampleReal,
            {
                let (width, $first) = self.0.init(rng, width).map_err(|error| error.inside(0))?;
                $(let (width, $all) = self.$i.init(rng, width).map_err(|error| error.inside($i))?;)*
                Ok((width, ($first, $($all,)*)))
            }

            fn forward<'t>(
                &self,
                tape: &'t Tape<T>,
                params: &Lifted<'t, T, Self, P>,
                x: Signal<'t, T, P>,
                mode: &mut Mode<'_>,
            ) -> Signal<'t, T, Self::Out> {
                let x = tape.scope(0, || self.0.forward(tape, &params.0, x, mode));
                $(let x = tape.scope($i, || self.$i.forward(tape, &params.$i, x, mode));)*
                x
            }

            fn summarize<'t>(
                &self,
                tape: &'t Tape<T>,
                params: &Lifted<'t, T, Self, P>,
                x: Signal<'t, T, P>,
                at: &Path<'_>,
                lines: &mut Vec<LayerSummary>,
            ) -> Signal<'t, T, Self::Out> {
                let x = self.0.summarize(tape, &params.0, x, &at.index(0), lines);
                $(let x = self.$i.summarize(tape, &params.$i, x, &at.index($i), lines);)*
                x
            }
        }
    };
}
crate::tuple::for_each_arity!(serial);

/// Layers of one type, as many as there are at run time; none are the identity.
///
/// ```
/// use fenchel::nn::{Dense, Layer, Tanh};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::LayerError> {
/// let (depth, hidden) = (5, (Dense(32), Tanh));
/// let net = (vec![hidden; depth], Dense(1));
/// let (_, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
/// assert_eq!(params.0.len(), 5);
/// # Ok(())
/// # }
/// ```
impl<T: Real, P: Port, L: Layer<T, P, Out = P>> Layer<T, P> for Vec<L> {
    type Out = P;
    type Params = Vec<L::Params>;

    fn init<R: Rng + ?Sized>(&self, rng: &mut R, mut width: Width<P>) -> Result<(Width<P>, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        let mut params = Vec::with_capacity(self.len());
        for (index, layer) in self.iter().enumerate() {
            let (next, its) = layer.init(rng, width).map_err(|error| error.inside(index))?;
            width = next;
            params.push(its);
        }
        Ok((width, params))
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, P> {
        check_count(tape, self.len(), params.len());
        let parts = self.iter().zip(params).enumerate();
        parts.fold(x, |x, (index, (layer, params))| tape.scope(index, || layer.forward(tape, params, x, mode)))
    }

    fn summarize<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, Self, P>,
        x: Signal<'t, T, P>,
        at: &Path<'_>,
        lines: &mut Vec<LayerSummary>,
    ) -> Signal<'t, T, P> {
        check_count(tape, self.len(), params.len());
        let parts = self.iter().zip(params).enumerate();
        parts.fold(x, |x, (index, (layer, params))| layer.summarize(tape, params, x, &at.index(index), lines))
    }
}

/// A list of layers has as many parameter trees.
fn check_count<T: Real>(tape: &Tape<T>, layers: usize, parameters: usize) {
    if layers != parameters {
        tape.fail(TapeError::LayerCount { layers, parameters });
    }
}

/// x ↦ x + L(x). He et al. (2016), *Deep residual learning for image recognition*.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual<L>(pub L);

impl<T: Real, P: Rows, L: Layer<T, P, Out = P>> Layer<T, P> for Residual<L> {
    type Out = P;
    type Params = L::Params;

    fn init<R: Rng + ?Sized>(&self, rng: &mut R, width: Width<P>) -> Result<(Width<P>, L::Params), LayerError>
    where
        T: SampleReal,
    {
        let (out, params) = self.0.init(rng, width)?;
        if out == width {
            Ok((out, params))
        } else {
            Err(LayerError::refused(format!("a residual branch from {width:?} to {out:?} does not add up")))
        }
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, L, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, P> {
        let branch = self.0.forward(tape, params, x, mode);
        P::add(x, branch)
    }
}

/// A layer made by a function of the width of its input, once that is known. Where something before it has failed, the function is asked for a width
/// of 0.
///
/// ```
/// use fenchel::nn::{Dense, Layer, Relu, Residual, ShapeDependent};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::LayerError> {
/// let bottleneck = ShapeDependent(|width: usize| Residual((Dense(width / 4), Relu, Dense(width))));
/// let net = (Dense(64), bottleneck, Dense(1));
/// let (_, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
/// assert_eq!(params.1.0.weight.shape(), (64, 16));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeDependent<F>(pub F);

impl<T: Real, P: Port, L: Layer<T, P>, F: Fn(Width<P>) -> L> Layer<T, P> for ShapeDependent<F> {
    type Out = L::Out;
    type Params = L::Params;

    fn init<R: Rng + ?Sized>(&self, rng: &mut R, width: Width<P>) -> Result<(Width<L::Out>, L::Params), LayerError>
    where
        T: SampleReal,
    {
        (self.0)(width).init(rng, width)
    }

    fn forward<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, L, P>,
        x: Signal<'t, T, P>,
        mode: &mut Mode<'_>,
    ) -> Signal<'t, T, L::Out> {
        (self.0)(P::width(x)).forward(tape, params, x, mode)
    }

    fn summarize<'t>(
        &self,
        tape: &'t Tape<T>,
        params: &Lifted<'t, T, L, P>,
        x: Signal<'t, T, P>,
        at: &Path<'_>,
        lines: &mut Vec<LayerSummary>,
    ) -> Signal<'t, T, L::Out> {
        (self.0)(P::width(x)).summarize(tape, params, x, at, lines)
    }
}

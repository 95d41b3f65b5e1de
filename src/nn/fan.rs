//! Several signals side by side.

use rand::Rng;

use super::summary::LayerSummary;
use super::{Fan, Layer, LayerError, Lifted, Mode, Port, Rows, Signal, Width};
use crate::autodiff::{Path, Selection, Tape, TapeError};
use crate::real::{Real, SampleReal};

/// The same signal `N` times.
///
/// ```
/// use fenchel::nn::{Dense, FanInConcat, FanOut, Identity, Layer, Parallel, Relu};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::LayerError> {
/// let wide = (Dense(32), Relu);
/// let net = (FanOut::<2>, Parallel((wide, Identity)), FanInConcat, Dense(1)); // x beside what was made of it
/// let (width, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
/// assert_eq!((width, params.3.weight.nrows()), (1, 34));
/// # Ok(())
/// # }
/// ```
///
/// Branches that give signals of different kinds do not compile:
///
/// ```compile_fail,E0271
/// use fenchel::nn::{FanInSum, FanOut, Identity, Layer, Parallel, Unflatten};
/// # use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
/// let net = (FanOut::<2>, Parallel((Identity, Unflatten([2, 1, 1]))), FanInSum);
/// let _ = Layer::<f64, fenchel::nn::Wire>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FanOut<const N: usize>;

impl<T: Real, P: Port, const N: usize> Layer<T, P> for FanOut<N> {
    type Out = Fan<P, N>;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: Width<P>) -> Result<([Width<P>; N], ()), LayerError>
    where
        T: SampleReal,
    {
        Ok(([width; N], ()))
    }

    fn forward<'t>(&self, _: &'t Tape<T>, (): &(), x: Signal<'t, T, P>, _: &mut Mode<'_>) -> [Signal<'t, T, P>; N] {
        [x; N]
    }
}

/// A tuple of layers, each on a signal of its own; they give signals of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parallel<L>(pub L);

macro_rules! parallel {
    ($first:ident 0 $($name:ident $index:tt)*) => {
        impl<T: Real, P: Port, $first: Layer<T, P>, $($name: Layer<T, P, Out = $first::Out>),*>
            Layer<T, Fan<P, { [0 $(, $index)*].len() }>> for Parallel<($first, $($name,)*)>
        {
            type Out = Fan<$first::Out, { [0 $(, $index)*].len() }>;
            type Params = ($first::Params, $($name::Params,)*);

            #[allow(non_snake_case)]
            fn init<R: Rng + ?Sized>(
                &self,
                rng: &mut R,
                width: [Width<P>; { [0 $(, $index)*].len() }],
            ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
            where
                T: SampleReal,
            {
                let $first = self.0.0.init(rng, width[0]).map_err(|error| error.inside(0))?;
                $(let $name = self.0.$index.init(rng, width[$index]).map_err(|error| error.inside($index))?;)*
                Ok(([$first.0, $($name.0),*], ($first.1, $($name.1,)*)))
            }

            fn forward<'t>(
                &self,
                tape: &'t Tape<T>,
                params: &Lifted<'t, T, Self, Fan<P, { [0 $(, $index)*].len() }>>,
                x: [Signal<'t, T, P>; { [0 $(, $index)*].len() }],
                mode: &mut Mode<'_>,
            ) -> Signal<'t, T, Self::Out> {
                [
                    tape.scope(0, || self.0.0.forward(tape, &params.0, x[0], mode)),
                    $(tape.scope($index, || self.0.$index.forward(tape, &params.$index, x[$index], mode)),)*
                ]
            }

            fn summarize<'t>(
                &self,
                tape: &'t Tape<T>,
                params: &Lifted<'t, T, Self, Fan<P, { [0 $(, $index)*].len() }>>,
                x: [Signal<'t, T, P>; { [0 $(, $index)*].len() }],
                at: &Path<'_>,
                lines: &mut Vec<LayerSummary>,
            ) -> Signal<'t, T, Self::Out> {
                [
                    self.0.0.summarize(tape, &params.0, x[0], &at.index(0), lines),
                    $(self.0.$index.summarize(tape, &params.$index, x[$index], &at.index($index), lines),)*
                ]
            }
        }
    };
}
crate::tuple::for_each_arity!(parallel);

/// The sum of the signals, which have one width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FanInSum;

impl<T: Real, P: Rows, const N: usize> Layer<T, Fan<P, N>> for FanInSum {
    type Out = P;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, widths: [Width<P>; N]) -> Result<(Width<P>, ()), LayerError>
    where
        T: SampleReal,
    {
        const { assert!(N > 0, "there is no sum of no signals") };
        if widths.iter().all(|&width| width == widths[0]) {
            Ok((widths[0], ()))
        } else {
            Err(LayerError::refused(format!("signals of widths {widths:?} do not add up")))
        }
    }

    fn forward<'t>(&self, _: &'t Tape<T>, (): &(), x: [Signal<'t, T, P>; N], _: &mut Mode<'_>) -> Signal<'t, T, P> {
        const { assert!(N > 0, "there is no sum of no signals") };
        x[1..].iter().fold(x[0], |sum, &x| P::add(sum, x))
    }
}

/// The features, or channels, of the signals one after another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FanInConcat;

impl<T: Real, P: Rows, const N: usize> Layer<T, Fan<P, N>> for FanInConcat {
    type Out = P;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, widths: [Width<P>; N]) -> Result<(Width<P>, ()), LayerError>
    where
        T: SampleReal,
    {
        const { assert!(N > 0, "no signals do not go side by side") };
        let channels = widths.iter().try_fold(0_usize, |sum, &width| sum.checked_add(P::layout(width).1));
        let alike = widths.iter().all(|&width| P::with_channels(width, 1) == P::with_channels(widths[0], 1));
        match channels {
            Some(channels) if alike => Ok((P::with_channels(widths[0], channels), ())),
            _ => Err(LayerError::refused(format!("signals of widths {widths:?} do not go side by side"))),
        }
    }

    fn forward<'t>(&self, _: &'t Tape<T>, (): &(), x: [Signal<'t, T, P>; N], _: &mut Mode<'_>) -> Signal<'t, T, P> {
        const { assert!(N > 0, "no signals do not go side by side") };
        let channels = |x| P::layout(P::width(x)).1;
        let first = P::width(x[0]);
        let (op, blocks) = ("signals side by side", P::layout(first).0);
        let width = x.iter().try_fold(0_usize, |sum, &x| sum.checked_add(channels(x))).unwrap_or_else(|| {
            let rows = P::rows(x[0]);
            rows.tape().fail(TapeError::TooLarge { op, rows: rows.shape().0, columns: usize::MAX });
            usize::MAX
        });
        // Two images may have as many pixels, and another height.
        let shape_of_one = |x| P::with_channels(P::width(x), 1);
        if let Some(&other) = x.iter().find(|&&other| shape_of_one(other) != shape_of_one(x[0])) {
            let (left, right) = (P::layout(first), P::layout(P::width(other)));
            P::rows(other).tape().fail(TapeError::ShapeMismatch { op, left, right });
        }
        // Each signal between zeros, in every position, and the sum of all.
        let mut start = 0_usize;
        let padded = x.map(|x| {
            let len = channels(x);
            start = start.saturating_add(len);
            P::rows(x).scatter_add(Selection::Blocks { blocks, width, start: start - len, len })
        });
        let rows = padded[1..].iter().fold(padded[0], |sum, &x| sum + x);
        P::signal(rows, P::with_channels(first, width))
    }
}

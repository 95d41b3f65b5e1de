//! Tuples of layers: each takes what the one before it gives.

use rand::Rng;

use super::{Layer, LayerError, Lifted, Signal, Width};
use crate::autodiff::Tape;
use crate::real::{Real, SampleReal};

macro_rules! serial {
    ($first:ident 0 $($name:ident $index:tt)*) => {
        serial!(@impl [$first 0 $($name $index)*] [] $first 0 $($name $index)*);
    };
    // Walks to the last name, pairing each layer after the first with the one before it.
    (@impl [$($all:ident $i:tt)*] [$($bound:tt)*] $before:ident $bi:tt $next:ident $ni:tt $($rest:tt)*) => {
        serial!(@impl [$($all $i)*] [$($bound)* $next: Layer<T, In = $before::Out>,] $next $ni $($rest)*);
    };
    (@impl [$first:ident 0 $($all:ident $i:tt)*] [$($bound:tt)*] $last:ident $li:tt) => {
        impl<T: Real, $first: Layer<T>, $($bound)*> Layer<T> for ($first, $($all,)*) {
            type In = $first::In;
            type Out = $last::Out;
            type Params = ($first::Params, $($all::Params,)*);

            #[allow(non_snake_case)]
            fn init<R: Rng + ?Sized>(
                &self,
                rng: &mut R,
                width: Width<Self::In>,
            ) -> Result<(Width<Self::Out>, Self::Params), LayerError>
            where
                T: SampleReal,
            {
                let (width, $first) = self.0.init(rng, width).map_err(|error| error.inside(0))?;
                $(let (width, $all) = self.$i.init(rng, width).map_err(|error| error.inside($i))?;)*
                Ok((width, ($first, $($all,)*)))
            }

            fn apply<'t>(
                &self,
                tape: &'t Tape<T>,
                params: &Lifted<'t, T, Self>,
                x: Signal<'t, T, Self::In>,
            ) -> Signal<'t, T, Self::Out> {
                let x = self.0.apply(tape, &params.0, x);
                $(let x = self.$i.apply(tape, &params.$i, x);)*
                x
            }
        }
    };
}
crate::tuple::for_each_arity!(serial);

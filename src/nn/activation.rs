//! Layers without parameters that treat every entry alike.

use rand::Rng;

use super::{Layer, LayerError, Wire};
use crate::autodiff::{Tape, Var};
use crate::elementary::Function;
use crate::real::{Real, SampleReal, real};

/// Any [`Function`], applied to every entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elementwise(pub Function);

/// x ↦ `scale` x + `shift`, fixed: it takes raw data to a network's scale or a network's output to that of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rescale {
    /// The factor.
    pub scale: f64,
    /// What is added.
    pub shift: f64,
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident $function:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name;

        entrywise!($name, |_layer, x| x.map($function));
    )*};
}

macro_rules! entrywise {
    ($name:ident, |$layer:ident, $x:ident| $output:expr) => {
        impl<T: Real> Layer<T> for $name {
            type In = Wire;
            type Out = Wire;
            type Params = ();

            fn init<R: Rng + ?Sized>(&self, _: &mut R, width: usize) -> Result<(usize, ()), LayerError>
            where
                T: SampleReal,
            {
                Ok((width, ()))
            }

            fn apply<'t>(&self, _: &'t Tape<T>, (): &(), $x: Var<'t, T>) -> Var<'t, T> {
                let $layer = self;
                $output
            }
        }
    };
}

named! {
    /// tanh x.
    Tanh Function::Tanh;
    /// max(x, 0).
    Relu Function::Relu;
    /// x where positive, 0.01 x elsewhere, as in stax; for another slope use [`Elementwise`]`(Function::LeakyRelu(slope))`.
    LeakyRelu Function::LeakyRelu(0.01);
    /// 1/(1 + e⁻ˣ).
    Sigmoid Function::Sigmoid;
    /// ln(1 + eˣ).
    Softplus Function::Softplus;
}
entrywise!(Elementwise, |layer, x| x.map(layer.0));
entrywise!(Rescale, |layer, x| x.scale(real(layer.scale)).shift(real(layer.shift)));

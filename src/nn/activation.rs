//! Layers that apply one function to every entry.

use rand::Rng;

use super::{Layer, LayerError, Wire};
use crate::autodiff::{Tape, Var};
use crate::elementary::Function;
use crate::real::{Real, SampleReal};

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident $(($field:ty))?: |$layer:ident| $function:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name $((pub $field))?;

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

            fn apply<'t>(&self, _: &'t Tape<T>, (): &(), x: Var<'t, T>) -> Var<'t, T> {
                let $layer = self;
                x.map($function)
            }
        }
    )*};
}

activations! {
    /// tanh x
    Tanh: |_this| Function::Tanh;
    /// max(x, 0)
    Relu: |_this| Function::Relu;
    /// x where positive, 0.01 x elsewhere, as in stax; for another slope use [`Elementwise`]`(Function::LeakyRelu(slope))`
    LeakyRelu: |_this| Function::LeakyRelu(0.01);
    /// 1/(1 + e⁻ˣ)
    Sigmoid: |_this| Function::Sigmoid;
    /// ln(1 + eˣ)
    Softplus: |_this| Function::Softplus;
    /// Any [`Function`], applied to every entry
    Elementwise(Function): |this| this.0;
}

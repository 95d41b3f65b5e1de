//! Layers without parameters that treat every entry alike.

use crate::elementary::{Elementary, Function, Interval};
use crate::real::real;

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

/// Makes a layer of signals of any port of rows: from a signal `x` to one like it.
macro_rules! entrywise {
    ($name:ident, |$layer:ident, $x:ident| $output:expr) => {
        impl<T: crate::real::Real, P: $crate::nn::Rows> $crate::nn::Layer<T, P> for $name {
            type Out = P;
            type Params = ();

            fn init<R: rand::Rng + ?Sized>(
                &self,
                _: &mut R,
                width: $crate::nn::Width<P>,
            ) -> Result<($crate::nn::Width<P>, ()), $crate::nn::LayerError>
            where
                T: $crate::real::SampleReal,
            {
                Ok((width, ()))
            }

            fn forward<'t>(
                &self,
                _: &'t $crate::autodiff::Tape<T>,
                (): &(),
                $x: $crate::nn::Signal<'t, T, P>,
                _: &mut $crate::nn::Mode<'_>,
            ) -> $crate::nn::Signal<'t, T, P> {
                let $layer = self;
                $output
            }
        }
    };
}
pub(super) use entrywise;

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident $formula:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name;

        entrywise!($name, |_layer, x| P::map(x, |x| x.entrywise($formula)));
    )*};
}

named! {
    /// tanh x.
    Tanh |x| x.tanh();
    /// max(x, 0).
    Relu |x| x.relu();
    /// x where positive, 0.01 x elsewhere, as in stax; for another slope use [`Elementwise`]`(Function::LeakyRelu(slope))`.
    LeakyRelu |x| x.leaky_relu(0.01);
    /// eˣ.
    Exp |x| x.exp();
    /// 1/(1 + e⁻ˣ).
    Sigmoid |x| x.sigmoid();
    /// ln(1 + eˣ).
    Softplus |x| x.softplus();
    /// x where positive, eˣ − 1 elsewhere; for another factor use [`Elementwise`]`(Function::Elu(alpha))`.
    /// Clevert, Unterthiner and Hochreiter (2016), *Fast and accurate deep network learning by exponential linear units*.
    Elu |x| x.elu(1.0);
    /// λ x where positive, λ α (eˣ − 1) elsewhere, with the λ and α that keep mean 0 and variance 1 from layer to layer.
    /// Klambauer et al. (2017), *Self-normalizing neural networks*; draw weights from [`LecunNormal`](super::Initializer::LecunNormal).
    Selu |x| x.elu(SELU_ALPHA).scale(SELU_SCALE);
    /// x Φ(x), **exactly**, with the normal distribution function Φ. Hendrycks and Gimpel (2016), *Gaussian error linear units*. stax's `Gelu` is
    /// [`GeluTanh`].
    Gelu |x| x * x.normal_cdf();
    /// x (1 + tanh(√(2/π) (x + 0.044715 x³)))/2: the approximation of [`Gelu`] by its authors, off by at most 5·10⁻⁴.
    GeluTanh gelu_tanh;
}
entrywise!(Elementwise, |layer, x| P::map(x, |x| x.map(layer.0)));
entrywise!(Rescale, |layer, x| P::map(x, |x| x.scale(real(layer.scale)).shift(real(layer.shift))));

/// α of [`Selu`]: −√(2/π)/(erfc(1/√2) √e − 1).
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// λ of [`Selu`]: what makes the second moment 1 for a standard normal input.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// (1 + tanh z)/2 is sigmoid(2 z), which does not cancel far below 0.
fn gelu_tanh<E: Elementary>(x: E) -> E {
    // Beyond 100 the sigmoid is 0 or 1 in every precision, and the cube would overflow.
    let near = x.clamp(Interval { lower: -100.0, upper: 100.0 });
    let cubic = near + near * near.square().scale(0.044715);
    x * cubic.scale(2.0 * (2.0 / std::f64::consts::PI).sqrt()).sigmoid()
}

//! The affine layer.

use nalgebra::DMatrix;
use rand::Rng;

use super::{Layer, LayerError, Wire};
use crate::autodiff::{Params, Path, Tape, Var};
use crate::real::{Real, SampleReal, fits, real};

/// Rows x ↦ x W + b, with this many outputs.
///
/// W is n × m for n inputs and m outputs, drawn from N(0, 2/(n + m)) (Glorot and Bengio 2010); b is one row, drawn from N(0, 10⁻⁴).
/// Both have the variances of stax.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense(pub usize);

/// The parameters of [`Dense`], or, with variables for `M`, those on a tape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DenseParams<M> {
    /// W, inputs × outputs.
    pub weight: M,
    /// b, 1 × outputs.
    pub bias: M,
}

impl<T: Real> Params<T> for DenseParams<DMatrix<T>> {
    type Lifted<'t> = DenseParams<Var<'t, T>>;

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<T>) -> Var<'t, T>) -> Self::Lifted<'t> {
        DenseParams { weight: leaf(&self.weight), bias: leaf(&self.bias) }
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<T>)) {
        leaf(&at.name("weight"), &self.weight);
        leaf(&at.name("bias"), &self.bias);
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<T>)) {
        leaf(&at.name("weight"), &mut self.weight);
        leaf(&at.name("bias"), &mut self.bias);
    }
}

impl<T: Real> Layer<T> for Dense {
    type In = Wire;
    type Out = Wire;
    type Params = DenseParams<DMatrix<T>>;

    fn init<R: Rng + ?Sized>(&self, rng: &mut R, width: usize) -> Result<(usize, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        let (inputs, outputs) = (width, self.0);
        if inputs == 0 || outputs == 0 {
            return Err(LayerError::ZeroWidth { path: String::new(), inputs, outputs });
        }
        if !fits::<T>(inputs, outputs) {
            let reason = format!("{inputs} x {outputs} weights are more than a matrix can have");
            return Err(LayerError::Refused { path: String::new(), reason });
        }
        let mut normal = |rows, columns, deviation: f64| {
            DMatrix::from_fn(rows, columns, |_, _| T::standard_normal(rng) * real(deviation))
        };
        let weight = normal(inputs, outputs, (2.0 / (inputs as f64 + outputs as f64)).sqrt());
        let bias = normal(1, outputs, 1e-2);
        Ok((outputs, DenseParams { weight, bias }))
    }

    fn apply<'t>(&self, _: &'t Tape<T>, params: &DenseParams<Var<'t, T>>, x: Var<'t, T>) -> Var<'t, T> {
        x * params.weight + params.bias.repeat_rows(x.shape().0)
    }
}

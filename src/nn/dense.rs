//! The affine layer.

use nalgebra::DMatrix;
use rand::Rng;

use super::affine::{affine, stax};
use super::{Affine, AffineParams, Initialized, Initializer, Layer, LayerError, Lifted, Mode, Wire};
use crate::autodiff::{Tape, Var};
use crate::real::{Real, SampleReal};

/// Rows x ↦ x W + b, with this many outputs.
///
/// W is n × m for n inputs and m outputs, drawn from N(0, 2/(n + m)) (Glorot and Bengio 2010); b is one row, drawn from N(0, 10⁻⁴).
/// Both have the variances of stax; [`initialized`](Self::initialized) draws them otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense(pub usize);

affine!(Dense);

impl<T: Real> Layer<T> for Dense {
    type Out = Wire;
    type Params = AffineParams<DMatrix<T>>;

    fn init<R: Rng + ?Sized>(&self, rng: &mut R, width: usize) -> Result<(usize, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        self.init_from(rng, width, stax(1e-2))
    }

    fn forward<'t>(&self, _: &'t Tape<T>, params: &Lifted<'t, T, Self>, x: Var<'t, T>, _: &mut Mode<'_>) -> Var<'t, T> {
        x.affine(params.weight, params.bias)
    }
}

impl<T: Real> Affine<T> for Dense {
    fn init_from<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        width: usize,
        laws: [Initializer; 2],
    ) -> Result<(usize, Self::Params), LayerError>
    where
        T: SampleReal,
    {
        Ok((self.0, AffineParams::draw(rng, [width, self.0, 1], laws)?))
    }
}

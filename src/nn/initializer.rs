//! First weights.

use nalgebra::DMatrix;
use rand::Rng;

use super::LayerError;
use crate::real::{SampleReal, fits, real};

/// A law for the first weights of a layer with n inputs and m outputs.
///
/// For a convolution n and m count the entries of a kernel: n = height · width · channels in, m = height · width · channels out.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Initializer {
    /// 0.
    Zeros,
    /// The same number everywhere.
    Constant(f64),
    /// N(0, deviation²).
    Normal {
        /// The standard deviation.
        deviation: f64,
    },
    /// Uniform on [−limit, limit).
    Uniform {
        /// The largest size.
        limit: f64,
    },
    /// N(0, 2/(n + m)). Glorot and Bengio (2010), *Understanding the difficulty of training deep feedforward neural networks*.
    GlorotNormal,
    /// Uniform, with variance 2/(n + m).
    GlorotUniform,
    /// N(0, 2/n), for layers before a ReLU. He et al. (2015), *Delving deep into rectifiers*.
    HeNormal,
    /// Uniform, with variance 2/n.
    HeUniform,
    /// N(0, 1/n). LeCun et al. (1998), *Efficient backprop*; for [`Selu`](super::Selu), Klambauer et al. (2017).
    LecunNormal,
    /// Uniform, with variance 1/n.
    LecunUniform,
    /// `gain` times a matrix with orthonormal columns, or rows if there are fewer of them, drawn uniformly among all.
    /// Saxe, McClelland and Ganguli (2014), *Exact solutions to the nonlinear dynamics of learning in deep linear neural networks*.
    Orthogonal {
        /// The size of every singular value.
        gain: f64,
    },
}

impl Initializer {
    /// A matrix of first weights. `fan` is (n, m), the numbers that the variance goes by.
    ///
    /// # Errors
    ///
    /// A parameter that is not finite, or negative where it is a size; a variance by a fan of 0; more entries than a matrix can have.
    pub fn draw<T: SampleReal, R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        (rows, columns): (usize, usize),
        fan: (usize, usize),
    ) -> Result<DMatrix<T>, LayerError> {
        if !fits::<T>(rows, columns) {
            return Err(LayerError::refused(format!("{rows} x {columns} weights are more than a matrix can have")));
        }
        let by_fan = !matches!(
            self,
            Self::Zeros | Self::Constant(_) | Self::Normal { .. } | Self::Uniform { .. } | Self::Orthogonal { .. }
        );
        if by_fan && (fan.0 == 0 || fan.1 == 0) {
            return Err(LayerError::refused(format!("{self:?} needs inputs and outputs, not {} and {}", fan.0, fan.1)));
        }
        let (parameter, ok) = match *self {
            Self::Constant(value) => (value, value.is_finite()),
            Self::Normal { deviation: size } | Self::Uniform { limit: size } | Self::Orthogonal { gain: size } => {
                (size, size.is_finite() && size >= 0.0)
            }
            _ => (0.0, true),
        };
        if !ok || !real::<T>(parameter).is_finite() {
            return Err(LayerError::refused(format!("weights cannot be drawn from {self:?}")));
        }
        if rows == 0 || columns == 0 {
            return Ok(DMatrix::zeros(rows, columns)); // of which there may be more columns than can be counted through
        }
        let (n, m) = (fan.0 as f64, fan.1 as f64);
        Ok(match *self {
            Self::Zeros => DMatrix::zeros(rows, columns),
            Self::Constant(value) => DMatrix::from_element(rows, columns, real(value)),
            Self::Normal { deviation } => normal(rng, rows, columns, deviation),
            Self::Uniform { limit } => uniform(rng, rows, columns, limit),
            Self::GlorotNormal => normal(rng, rows, columns, (2.0 / (n + m)).sqrt()),
            Self::GlorotUniform => uniform(rng, rows, columns, (3.0 * 2.0 / (n + m)).sqrt()),
            Self::HeNormal => normal(rng, rows, columns, (2.0 / n).sqrt()),
            Self::HeUniform => uniform(rng, rows, columns, (3.0 * 2.0 / n).sqrt()),
            Self::LecunNormal => normal(rng, rows, columns, n.recip().sqrt()),
            Self::LecunUniform => uniform(rng, rows, columns, (3.0 / n).sqrt()),
            Self::Orthogonal { gain } => orthogonal(rng, rows, columns) * real::<T>(gain),
        })
    }
}

fn normal<T: SampleReal, R: Rng + ?Sized>(rng: &mut R, rows: usize, columns: usize, deviation: f64) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |_, _| T::standard_normal(rng) * real(deviation))
}

/// The variance is limit²/3.
fn uniform<T: SampleReal, R: Rng + ?Sized>(rng: &mut R, rows: usize, columns: usize, limit: f64) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |_, _| (T::standard_uniform(rng) * real(2.0) - T::one()) * real(limit))
}

/// The Q of a normal matrix's Q R, with the signs that make R's diagonal positive: otherwise not uniform (Mezzadri 2007).
fn orthogonal<T: SampleReal, R: Rng + ?Sized>(rng: &mut R, rows: usize, columns: usize) -> DMatrix<T> {
    if rows < columns {
        return orthogonal(rng, columns, rows).transpose();
    }
    let (mut q, r) = normal(rng, rows, columns, 1.0).qr().unpack();
    for (mut column, &pivot) in q.column_iter_mut().zip(r.diagonal().iter()) {
        if pivot < T::zero() {
            column.neg_mut();
        }
    }
    q
}

// Without the feature there is nothing to link to.
#![cfg_attr(not(feature = "safetensors"), allow(rustdoc::broken_intra_doc_links))]
//! Keeping what was trained.
//!
//! With the feature `serde`, parameters, optimisers, averages and (by way of `rand`) generators are `Serialize` and `Deserialize`: one struct of all of them
//! is a checkpoint, in whatever format you like, and training goes on from it as if it had never stopped, bit for bit, if the format keeps every bit
//! (for `serde_json` that takes its feature `float_roundtrip`). [`restore`] then puts parameters back into place if they fit.
//!
//! ```
//! # #[cfg(feature = "serde")]
//! # {
//! use fenchel::nn::{Dense, Layer, Tanh};
//! use fenchel::optim::Adam;
//! use fenchel::rand::rngs::Xoshiro256PlusPlus;
//!
//! type Net = (Dense, Tanh, Dense);
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Checkpoint {
//!     params: <Net as Layer<f64>>::Params,
//!     adam: Adam<f64>,
//!     rng: Xoshiro256PlusPlus,
//! }
//! # }
//! ```
//!
//! With the feature `safetensors`, [`to_safetensors`] and [`from_safetensors`] write and read parameters as named tensors, which the Python package
//! `safetensors` reads and writes as well.
//!
//! Bare matrices, also as what an [`Average`](crate::optim::Average) is of, are read by nalgebra, which does not check a shape whose rows times columns overflow; the structs of
//! this crate and its optimisers do. A format
//! such as JSON takes a damaged digit for another number; a safetensors file of this crate has a checksum over everything in it, the notes as well, so
//! optimiser and generator as text in a note are protected with the parameters. The example `checkpoint` does that, and writes its files so that a crash in
//! between leaves the old ones.

#[cfg(feature = "safetensors")]
mod tensors;

#[cfg(feature = "safetensors")]
pub use tensors::{Stored, from_safetensors, to_safetensors};

use crate::autodiff::{Params, Path};
use crate::real::Real;

/// What is wrong with something saved. The parameters that it was to replace are as they were.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The bytes are no such file: cut short, or changed.
    #[error("this is no file of parameters, or a damaged one: {reason}")]
    Damaged {
        /// What was found.
        reason: String,
    },
    /// A parameter is missing.
    #[error("'{path}' is missing")]
    Missing {
        /// The parameter.
        path: String,
    },
    /// There is something that is no parameter here.
    #[error("'{path}' is in the file, but no parameter here")]
    Unexpected {
        /// Its name.
        path: String,
    },
    /// A parameter has another shape.
    #[error("'{path}' is {found:?}, not {expected:?}")]
    Shape {
        /// The parameter.
        path: String,
        /// The shape that it has here.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// A parameter has numbers of another type.
    #[error("'{path}' holds numbers of type {found}, not {expected}")]
    Type {
        /// The parameter.
        path: String,
        /// The type here.
        expected: &'static str,
        /// The type that was found.
        found: String,
    },
    /// Two leaves of a tree have one path, or two notes one name, so they cannot be told apart.
    #[error("two parameters, or two notes, are called '{path}'")]
    Ambiguous {
        /// The path.
        path: String,
    },
    /// A name that the file needs for something of its own.
    #[error("'{name}' is a name that the file needs for something of its own")]
    Reserved {
        /// The name.
        name: String,
    },
}

/// Puts saved parameters in the place of `params`, if every leaf has the same path and shape.
///
/// # Errors
///
/// The first leaf that is missing, unexpected or of another shape; `params` are then as they were.
///
/// ```
/// use fenchel::nn::{Dense, Layer};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
/// use fenchel::save::restore;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let (_, mut params) = Layer::<f64>::init(&(Dense(3), Dense(1)), &mut rng, 2)?;
/// let (_, wider) = Layer::<f64>::init(&(Dense(4), Dense(1)), &mut rng, 2)?;
/// assert_eq!(restore(&mut params, wider).unwrap_err().to_string(), "'0.weight' is [2, 4], not [2, 3]");
/// # Ok(())
/// # }
/// ```
pub fn restore<T: Real, P: Params<T>>(params: &mut P, saved: P) -> Result<(), SaveError> {
    let mut expected = Vec::new();
    params.visit(&Path::root(), &mut |path, leaf| expected.push((path.to_string(), leaf.shape())));
    let mut expected = expected.into_iter();
    let mut result = Ok(());
    saved.visit(&Path::root(), &mut |path, leaf| {
        if result.is_err() {
            return;
        }
        let (path, found) = (path.to_string(), leaf.shape());
        result = match expected.next() {
            None => Err(SaveError::Unexpected { path }),
            Some((here, _)) if here != path => Err(SaveError::Missing { path: here }),
            Some((_, shape)) if shape != found => {
                let list = |(rows, columns)| vec![rows, columns];
                Err(SaveError::Shape { path, expected: list(shape), found: list(found) })
            }
            Some(_) => Ok(()),
        };
    });
    result?;
    match expected.next() {
        Some((path, _)) => Err(SaveError::Missing { path }),
        None => {
            *params = saved;
            Ok(())
        }
    }
}

//! fenchel minimises the divergence that you name.
pub mod autodiff;
pub mod distribution;
pub mod divergence;
pub mod elementary;
pub mod estimate;
pub mod nn;
pub mod optim;
pub mod real;
pub mod special;
mod tuple;

pub use autodiff::{Tape, TapeError, Var};
pub use distribution::DistributionError;
pub use divergence::DivergenceError;
pub use elementary::Elementary;
pub use estimate::EstimateError;
pub use nn::LayerError;
pub use optim::OptimError;
pub use real::{Real, SampleReal};

pub use {nalgebra, rand, rand_distr};

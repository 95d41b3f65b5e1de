//! A user of fenchel: a divergence, layers, a parameter tree and laws of one's own, made from public parts only.

pub mod divergence;
pub mod law;
pub mod layer;

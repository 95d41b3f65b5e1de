//! What the examples share: data, arguments, reports, figures. No mathematics lives here; the crate has it.

#![allow(dead_code)] // no example uses all of it

pub mod arguments;
pub mod chart;
pub mod course;
pub mod data;
pub mod fgan;
pub mod figure;
pub mod grid;
pub mod moons;
pub mod report;
pub mod workers;

/// The portable generator of all examples; its stream is the same on every machine.
pub type Random = fenchel::rand::rngs::Xoshiro256PlusPlus;

/// What an example reports: one line.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

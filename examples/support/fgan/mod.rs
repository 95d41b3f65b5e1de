//! What `fgan_table` is made of besides its training.

pub mod arguments;
pub mod exact;
pub mod report;

//! The tape: operations and their adjoints, recorded failures, derivatives of derivatives, memory, traces.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod extreme;
mod memory;
mod moving;
mod rules;
mod second_order;
mod tape;
mod trace;
mod tracked;
mod transform;
mod waiting;

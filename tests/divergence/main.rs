//! The law book of the divergences: one family of laws a file, each put to every member that it applies to.
//!
//! | file | what it holds |
//! |---|---|
//! | `family` | the lists of divergences, and that none is left out |
//! | `random` | random laws |
//! | `numbers` | every formula against 400-digit references |
//! | `normal_form` | f, f′, f*∘f′ and the curvature are one object |
//! | `conjugate` | Fenchel-Young, biconjugates, domains |
//! | `exchange` | swaps, tilts, symmetrised forms, sums and multiples |
//! | `discrete` | data processing, convexity, lone mass, products: random discrete laws |
//! | `bounds` | inequalities between divergences |
//! | `gaussian` | closed forms |
//! | `mixture` | random mixtures, by quadrature |
//! | `quadrature`, `monte_carlo` | densities |
//! | `variational`, `neighbours` | samples |
//! | `five_ways` | they agree |
//! | `game`, `penalty` | what steps follow |
//! | `blog_post` | the losses that the crate started from |

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[macro_use]
mod family;

mod blog_post;
mod bounds;
mod conjugate;
mod discrete;
mod exchange;
mod five_ways;
mod game;
mod gaussian;
mod mixture;
mod monte_carlo;
mod neighbours;
mod normal_form;
mod numbers;
mod penalty;
mod quadrature;
mod random;
mod variational;

use fenchel::Real;
use fenchel::nalgebra::{convert, convert_unchecked};
use num_dual::Dual64;
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

/// The same cases in every run; what has failed once is kept beside the file and tried first ever after.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Points on both sides of 0, from 2⁻⁴⁰ to `limit`, four to an octave.
fn log_ratios(limit: f64) -> impl Iterator<Item = f64> {
    let sizes =
        (0..4 * 50).map(|i| 2.0_f64.powf(f64::from(i) / 4.0 - 40.0)).filter(move |&v| v <= limit).chain([limit]);
    sizes.flat_map(|v| [-v, v])
}

/// The value and the derivative of `f` at `v`.
fn dual(v: f64, f: impl Fn(Dual64) -> Dual64) -> (f64, f64) {
    let y = f(Dual64::from_re(v).derivative());
    (y.re, y.eps)
}

fn at<T: Real>(v: f64) -> T {
    convert(v)
}

fn read<T: Real>(x: T) -> f64 {
    convert_unchecked(x)
}

/// The absolute error of derivatives of those that are made with tanh: by dual numbers it is 1 − tanh², off by a rounding of 1 where it goes to 0, times 3 or so.
fn saturated(name: &str) -> f64 {
    let with_tanh = ["triangular", "sum", "modified_gan", "swapped modified_gan"].contains(&name);
    if with_tanh { 8.0 * f64::EPSILON } else { 0.0 }
}

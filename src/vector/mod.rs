//! Loops over many numbers that the compiler turns into the widest instructions of the machine at hand.
//!
//! A loop is written as plain Rust over slices, without branches. A build for any x86-64 may use 128 bits at a time; feature `simd` looks at run
//! time whether the machine has 256 or 512, and runs the loop as compiled for these. That changes how fast the numbers come, and not one bit of
//! them: every entry goes through the same operations, none of them a fused product and sum, and sums have an order of their own.

mod arithmetic;
mod block;
mod exp;
mod fraction;
mod lane;
mod ln;
mod ln_sum_exp;
mod loops;
mod norm;
mod normal;
mod products;
#[cfg(test)]
mod tests;

pub(crate) use arithmetic::{Arithmetic, column_sums, combine, row_sums};
pub(crate) use block::{Block, ColumnKernel, NEAR_ROWS, READ_ROWS, chunk, over_columns, padded};
pub(crate) use lane::{
    Lane, chosen, exp, exp_m1, ln, ln_1p, normal_cdf, normal_pdf, one_m_exp_m, sigmoid, sigmoid_slope, softplus, tanh,
};
#[cfg(feature = "simd")]
pub(crate) use lane::{known, known_ref};
pub use ln_sum_exp::ln_sum_exp;
pub(crate) use ln_sum_exp::{largest, ln_sum_exp_rows, responsibilities};
pub(crate) use loops::Many;
pub(crate) use norm::{largest_size, sum_of_squares};
pub(crate) use products::{add_lower_products, total};

/// A computation to be compiled once for every set of instructions.
///
/// Not a closure: `run` is to be `#[inline(always)]`, and so is what it calls, or it is compiled elsewhere, for any machine.
pub(crate) trait Kernel {
    type Output;

    fn run(self) -> Self::Output;
}

/// Runs `kernel` with the widest instructions of this machine.
#[cfg(feature = "simd")]
pub(crate) fn vectorised<K: Kernel>(kernel: K) -> K::Output {
    struct Dispatched<K>(K);

    impl<K: Kernel> pulp::WithSimd for Dispatched<K> {
        type Output = K::Output;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) -> K::Output {
            self.0.run()
        }
    }

    pulp::Arch::new().dispatch(Dispatched(kernel))
}

/// Runs `kernel` with the instructions of the build.
#[cfg(not(feature = "simd"))]
pub(crate) fn vectorised<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

//! stub
mod block;
mod exp;
mod lane;
mod ln;
mod ln_sum_exp;
pub(crate) use block::{BLOCK_ROWS, Block, ColumnKernel, chunk, over_columns, padded};
pub(crate) use ln_sum_exp::{ln_sum_exp_rows, responsibilities};

pub(crate) trait Kernel {
    type Output;
    fn run(self) -> Self::Output;
}

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

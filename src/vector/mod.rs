//! stub
pub(crate) mod block;
pub(crate) use block::{BLOCK_ROWS, Block, ColumnKernel, chunk, over_columns, padded};

pub(crate) trait Kernel {
    type Output;
    fn run(self) -> Self::Output;
}

pub(crate) fn vectorised<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

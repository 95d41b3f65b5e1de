//! Functions of 2048 numbers, beside libm's one by one: `cargo bench --bench elementary`.

use divan::Bencher;
use divan::counter::ItemsCount;
use fenchel::elementary::Function;
use fenchel::nalgebra::DMatrix;
use fenchel::{Real, Tape};

fn main() {
    divan::main();
}

const NUMBERS: usize = 2048;

/// How often a function is recorded on one tape, so that what a tape costs by itself does not count.
const TIMES: usize = 16;

const FUNCTIONS: [Function; 12] = [
    Function::LeakyRelu(0.01),
    Function::Square,
    Function::Exp,
    Function::ExpM1,
    Function::Elu(1.0),
    Function::Ln,
    Function::Ln1p,
    Function::Tanh,
    Function::Sigmoid,
    Function::Softplus,
    Function::LnCosh,
    Function::MixSigmoid([0.7, 0.3]),
];

/// From −4 to 4, in no order.
fn numbers<T: Real>() -> DMatrix<T> {
    DMatrix::from_fn(NUMBERS, 1, |i, _| {
        fenchel::nalgebra::convert((i * 7919 % NUMBERS) as f64 / NUMBERS as f64 * 8.0 - 4.0)
    })
}

#[divan::bench(types = [f32, f64], args = FUNCTIONS)]
fn on_the_tape<T: Real>(bencher: Bencher, function: Function) {
    let (numbers, mut tape) = (numbers::<T>(), Tape::new());
    bencher.counter(ItemsCount::new(NUMBERS * TIMES)).bench_local(|| {
        tape.clear();
        let x = tape.var(&numbers);
        for _ in 0..TIMES {
            divan::black_box(x.map(function));
        }
    });
}

/// The baseline: the function of the library, one number after another.
macro_rules! libm {
    ($($name:ident: $of_f32:ident, $of_f64:ident;)*) => {$(
        mod $name {
            use super::{Bencher, ItemsCount, NUMBERS, numbers};

            #[divan::bench]
            fn libm_f32(bencher: Bencher) {
                let x = numbers::<f32>();
                bencher.counter(ItemsCount::new(NUMBERS)).bench_local(|| x.map(libm::$of_f32));
            }

            #[divan::bench]
            fn libm_f64(bencher: Bencher) {
                let x = numbers::<f64>();
                bencher.counter(ItemsCount::new(NUMBERS)).bench_local(|| x.map(libm::$of_f64));
            }
        }
    )*};
}

libm! {
    exp: expf, exp;
    exp_m1: expm1f, expm1;
    ln: logf, log;
    ln_1p: log1pf, log1p;
    tanh: tanhf, tanh;
}

//! Functions of 2048 numbers, beside libm's one by one, and what they cost in training: `cargo bench --bench elementary`.

use divan::Bencher;
use divan::counter::ItemsCount;
use fenchel::autodiff::{Gradients, value_and_grad};
use fenchel::divergence::{ForwardKl, Game};
use fenchel::elementary::Function;
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Elementwise, Layer};
use fenchel::optim::Adam;
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use fenchel::{Real, SampleReal, Tape};

fn main() {
    divan::main();
}

const NUMBERS: usize = 2048;

/// How often a function is recorded on one tape, so that what a tape costs by itself does not count.
const TIMES: usize = 16;

const FUNCTIONS: [Function; 16] = [
    Function::LeakyRelu(0.01),
    Function::Square,
    Function::Exp,
    Function::ExpM1,
    Function::OneMExpM,
    Function::Elu(1.0),
    Function::Ln,
    Function::Ln1p,
    Function::Tanh,
    Function::Sigmoid,
    Function::SigmoidSlope,
    Function::Softplus,
    Function::LnCosh,
    Function::NormalPdf,
    Function::NormalCdf,
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

const ACTIVATIONS: [Function; 5] =
    [Function::LeakyRelu(0.01), Function::Tanh, Function::Softplus, Function::Sigmoid, Function::Elu(1.0)];

/// Loss, gradient and Adam step of a critic 2-32-32-1 on 64 data and as many samples. The first one is the baseline.
#[divan::bench(types = [f32, f64], args = ACTIVATIONS)]
fn critic_step<T: SampleReal>(bencher: Bencher, function: Function) {
    let activation = Elementwise(function);
    let critic = (Dense(32), activation, Dense(32), activation, Dense(1));
    let Ok((_, mut params)) = Layer::<T>::init(&critic, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2) else { return };
    let Ok(mut adam) = Adam::new(1e-4) else { return };
    let data = DMatrix::from_column_slice(64, 2, &numbers::<T>().as_slice()[..128]);
    let samples = &data * fenchel::nalgebra::convert::<_, T>(0.7);
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let game = Game::minimax(ForwardKl);
    bencher.bench_local(|| {
        let loss = value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            game.critic_loss(critic.apply(t, p, t.var(&data)), critic.apply(t, p, t.var(&samples)))
        });
        (loss, adam.update(&mut params, &gradients))
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
    erfc: erfcf, erfc;
}

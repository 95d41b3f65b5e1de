//! One critic step, and the matrix products in it: `cargo bench --bench autodiff`.

use divan::Bencher;
use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::divergence::{ForwardKl, Game};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, LeakyRelu};
use fenchel::optim::Adam;
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use fenchel::{Real, SampleReal};

fn main() {
    divan::main();
}

fn filled<T: Real>(rows: usize, columns: usize) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |i, j| fenchel::nalgebra::convert(((i * 7 + j * 3) % 11) as f64 / 11.0 - 0.4))
}

/// Loss, gradient and Adam step of a critic 2-32-32-1 on a batch of data and one of samples.
#[divan::bench(types = [f32, f64], args = [64, 256])]
fn critic_step<T: SampleReal>(bencher: Bencher, batch: usize) {
    let critic = (Dense(32), LeakyRelu, Dense(32), LeakyRelu, Dense(1));
    let Ok((_, mut params)) = Layer::<T>::init(&critic, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2) else { return };
    let Ok(mut adam) = Adam::new(1e-4) else { return };
    let (data, samples) = (filled(batch, 2), filled(batch, 2) * fenchel::nalgebra::convert::<_, T>(0.7));
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let game = Game::minimax(ForwardKl);
    bencher.bench_local(|| {
        let loss = value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            game.critic_loss(critic.apply(t, p, t.var(&data)), critic.apply(t, p, t.var(&samples)))
        });
        (loss, adam.update(&mut params, &gradients))
    });
}

/// The baseline: nalgebra's own product of the largest shapes in that step, six of which it makes (two batches, forward and back).
#[divan::bench(types = [f32, f64], args = [64, 256])]
fn bare_product<T: Real>(bencher: Bencher, batch: usize) {
    let (a, b, mut c) = (filled::<T>(batch, 32), filled::<T>(32, 32), filled::<T>(batch, 32));
    bencher.bench_local(|| c.gemm(T::one(), &a, &b, T::zero()));
}

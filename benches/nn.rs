//! Steps of small networks with layers of all kinds: `cargo bench --bench nn`.
//!
//! The baseline of those of rows is the network without the layer, that of a convolution the three products that it is made of.

#![allow(clippy::unwrap_used)] // of constants

use divan::Bencher;
use fenchel::autodiff::{Gradients, value_and_grad};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::nn::{
    BatchNorm, Conv, ConvTranspose, Dense, Dropout, Identity, Image, Images, Layer, LayerNorm, LeakyRelu, MaxPool,
    Mode, SpectralNorm, Wire,
};
use fenchel::optim::Adam;
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use fenchel::{SampleReal, Tape};

fn main() {
    divan::main();
}

const BATCH: usize = 64;

fn numbers<T: SampleReal>(rows: usize, columns: usize) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |i, j| convert(((i * 7 + j * 3) % 11) as f64 / 11.0 - 0.4))
}

/// Loss, gradient and Adam step of 2-32-32-1 with a layer behind the first two.
fn rows<T: SampleReal, N: Layer<T, Wire, Out = Wire> + Copy>(bencher: Bencher, layer: N) {
    step(bencher, (Dense(32), layer, LeakyRelu, Dense(32), layer, LeakyRelu, Dense(1)));
}

fn step<T: SampleReal, N: Layer<T, Wire, Out = Wire>>(bencher: Bencher, net: N) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let (_, mut params) = net.init(&mut rng, 2).unwrap();
    let x = numbers(BATCH, 2);
    let (mut tape, mut gradients, mut adam) = (Tape::<T>::new(), Gradients::new(), Adam::new(1e-5).unwrap());
    bencher.bench_local(|| {
        let loss = value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            net.apply_train(t, p, t.var(&x), &mut rng).square().mean()
        });
        (loss, adam.update(&mut params, &gradients))
    });
}

#[divan::bench(types = [f32, f64])]
fn without<T: SampleReal>(bencher: Bencher) {
    rows::<T, _>(bencher, Identity);
}

#[divan::bench(types = [f32, f64])]
fn batch_norm<T: SampleReal>(bencher: Bencher) {
    rows::<T, _>(bencher, BatchNorm::default());
}

#[divan::bench(types = [f32, f64])]
fn layer_norm<T: SampleReal>(bencher: Bencher) {
    rows::<T, _>(bencher, LayerNorm::default());
}

#[divan::bench(types = [f32, f64])]
fn dropout<T: SampleReal>(bencher: Bencher) {
    rows::<T, _>(bencher, Dropout { drop_probability: 0.2 });
}

#[divan::bench(types = [f32, f64])]
fn spectral_norm<T: SampleReal>(bencher: Bencher) {
    let dense = |width| SpectralNorm(Dense(width));
    step::<T, _>(bencher, (dense(32), LeakyRelu, dense(32), LeakyRelu, dense(1)));
}

/// Value and gradients, by the parameters and by the images, of a layer of images.
fn images<T: SampleReal, N: Layer<T, Image, Out = Image>>(bencher: Bencher, layer: N, shape: [usize; 3]) {
    let (_, params) = layer.init(&mut Xoshiro256PlusPlus::seed_from_u64(1), shape).unwrap();
    let params_and_images = (params, numbers(BATCH, shape.iter().product()));
    let (mut tape, mut gradients) = (Tape::<T>::new(), Gradients::new());
    bencher.bench_local(|| {
        value_and_grad(&mut tape, &params_and_images, &mut gradients, |t, (p, x)| {
            layer.forward(t, p, Images { rows: *x, shape }, &mut Mode::Evaluate).rows.square().mean()
        })
    });
}

/// The products of as many windows with a kernel: of so many entries, for so many channels.
fn products<T: SampleReal>(bencher: Bencher, positions: usize, entries: usize, channels: usize) {
    let (windows, kernel) = (numbers(BATCH * positions, entries), numbers(entries, channels));
    let mut tape = Tape::<T>::new();
    bencher.bench_local(|| {
        tape.clear();
        let (x, w) = (tape.var(&windows), tape.var(&kernel));
        let y = x * w;
        divan::black_box((y.mul_tr(w), x.tr_mul(y)));
    });
}

macro_rules! convolutions {
    ($($name:ident: $layer:expr, of $shape:expr, positions: $positions:expr, channels: $channels:literal;)*) => {$(
        mod $name {
            use super::*;

            #[divan::bench(types = [f32, f64])]
            fn layer<T: SampleReal>(bencher: Bencher) {
                images::<T, _>(bencher, $layer, $shape);
            }

            #[divan::bench(types = [f32, f64])]
            fn its_products<T: SampleReal>(bencher: Bencher) {
                let [height, width] = $layer.kernel;
                products::<T>(bencher, $positions, height * width * $shape[2], $channels);
            }
        }
    )*};
}
convolutions! {
    conv: Conv::new(16, [3, 3]).same(), of [16, 16, 8], positions: 256, channels: 16;
    transposed_conv: ConvTranspose::new(8, [4, 4]).strides([2, 2]).same(), of [7, 7, 16], positions: 196, channels: 8;
}

#[divan::bench(types = [f32, f64])]
fn max_pool<T: SampleReal>(bencher: Bencher) {
    images::<T, _>(bencher, MaxPool::new([2, 2]).strides([2, 2]), [28, 28, 8]);
}

//! An iteration of a GAN's training, beside its matrix products alone; a step of a critic with a penalty on its gradient, beside the same without:
//! `cargo bench --bench training`.
//!
//! With the environment variable ITERATIONS it trains for so many in `f32`, measures nothing and prints nothing: `instructions.sh` counts them.

#![allow(clippy::unwrap_used)] // of constants

use std::env;
use std::error::Error;

use divan::Bencher;
use fenchel::autodiff::{Gradients, Params, Tape, value_and_grad};
use fenchel::divergence::penalty::{interpolate, wasserstein};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::nn::{AffineParams, Dense, Layer, LeakyRelu, Network, Sigmoid};
use fenchel::optim::Adam;
use fenchel::rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use fenchel::{Real, SampleReal};

const BATCH: usize = 64;
const WIDTH: usize = 32;
const LATENT: usize = 10;

/// Adam's rates, for the critic and for the generator.
const RATES: [f64; 2] = [5e-4, 1e-4];

const GENERATOR: (Dense, Sigmoid) = (Dense(2), Sigmoid);

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let Ok(iterations) = env::var("ITERATIONS") else {
        divan::main();
        return Ok(());
    };
    let iterations: u32 = iterations.parse()?;
    let mut training = Training::<f32, _>::new(critic())?;
    (0..iterations).try_for_each(|_| training.iterate())
}

fn critic<T: Real>() -> impl Network<T> {
    (Dense(WIDTH), LeakyRelu, Dense(WIDTH), LeakyRelu, Dense(1), Sigmoid)
}

/// Any rows: what is measured does not depend on where they lie.
fn uniform<T: SampleReal>(rows: usize, columns: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |_, _| T::standard_uniform(rng))
}

struct Training<T: SampleReal, C: Network<T>> {
    rows: DMatrix<T>,
    critic: C,
    generator_params: (AffineParams<DMatrix<T>>, ()),
    critic_params: C::Params,
    generator_adam: Adam<T>,
    critic_adam: Adam<T>,
    tape: Tape<T>,
    generator_gradients: Gradients<T>,
    critic_gradients: Gradients<T>,
    noise: DMatrix<T>,
    rng: Xoshiro256PlusPlus,
}

impl<T: SampleReal, C: Network<T>> Training<T, C> {
    fn new(critic: C) -> Result<Self, Failure> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let (width, generator_params) = GENERATOR.init(&mut rng, LATENT)?;
        let (_, critic_params) = critic.init(&mut rng, width)?;
        Ok(Self {
            rows: uniform(10_000, 2, &mut rng),
            critic,
            generator_params,
            critic_params,
            critic_adam: Adam::new(RATES[0])?,
            generator_adam: Adam::new(RATES[1])?,
            tape: Tape::new(),
            generator_gradients: Gradients::new(),
            critic_gradients: Gradients::new(),
            noise: DMatrix::zeros(BATCH, LATENT),
            rng,
        })
    }

    /// An Adam step of the critic on rows, one on samples, and one of the generator. The losses are mean e^o on data, −mean(o + 1 + 10⁻¹⁰) on samples,
    /// and mean e^o of its samples for the generator, where o is what the critic says.
    fn iterate(&mut self) -> Result<(), Failure> {
        let Self { rows, critic, generator_params, critic_params, noise, rng, tape, .. } = self;
        let picked: [usize; BATCH] = std::array::from_fn(|_| rng.random_range(0..rows.nrows()));
        noise.iter_mut().for_each(|z| *z = T::standard_uniform(rng));

        value_and_grad(tape, critic_params, &mut self.critic_gradients, |t, d| {
            let real = t.from_fn(BATCH, 2, |i, j| rows[(picked[i], j)]);
            critic.apply(t, d, real).exp().mean()
        })?;
        self.critic_adam.update(critic_params, &self.critic_gradients)?;

        value_and_grad(tape, critic_params, &mut self.critic_gradients, |t, d| {
            let fake = GENERATOR.apply(t, &generator_params.lift(t), t.var(noise));
            -critic.apply(t, d, fake).shift(convert(1.0 + 1e-10)).mean()
        })?;
        self.critic_adam.update(critic_params, &self.critic_gradients)?;

        value_and_grad(tape, generator_params, &mut self.generator_gradients, |t, g| {
            let fake = GENERATOR.apply(t, g, t.var(noise));
            critic.apply(t, &critic_params.lift(t), fake).exp().mean()
        })?;
        Ok(self.generator_adam.update(generator_params, &self.generator_gradients)?)
    }
}

mod iteration {
    use super::*;

    #[divan::bench(types = [f32, f64], sample_count = 1000)]
    fn ours<T: SampleReal>(bencher: Bencher) {
        let mut training = Training::<T, _>::new(critic()).unwrap();
        bencher.bench_local(|| training.iterate().unwrap());
    }

    /// The baseline: the products of an iteration by nalgebra, all as A B, so that nothing is transposed, and nothing else.
    #[divan::bench(types = [f32, f64], sample_count = 1000)]
    fn products_by_nalgebra<T: SampleReal>(bencher: Bencher) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let generator = [BATCH, LATENT, 2];
        let forward = [[BATCH, 2, WIDTH], [BATCH, WIDTH, WIDTH], [BATCH, WIDTH, 1]];
        // What comes back to the activations, and to the weights.
        let back = [[BATCH, 1, WIDTH], [BATCH, WIDTH, WIDTH]];
        let weights = [[WIDTH, BATCH, 1], [WIDTH, BATCH, WIDTH], [2, BATCH, WIDTH]];
        let critic_step = [&forward[..], &back, &weights].concat();
        let generator_step = [&[generator], &forward[..], &back, &[[BATCH, WIDTH, 2], [LATENT, BATCH, 2]]].concat();
        let shapes = [&critic_step[..], &[generator], &critic_step, &generator_step].concat();
        let mut products: Vec<_> = shapes
            .into_iter()
            .map(|[m, n, k]| (uniform::<T>(m, n, &mut rng), uniform(n, k, &mut rng), DMatrix::zeros(m, k)))
            .collect();
        bencher.bench_local(|| products.iter_mut().for_each(|(a, b, c)| c.gemm(T::one(), a, b, T::zero())));
    }
}

/// A step of a critic as in WGAN-GP: loss, gradient and Adam. The points for the penalty are drawn in the step.
mod critic_step {
    use super::*;

    #[divan::bench(types = [f32, f64], sample_count = 1000)]
    fn with_gradient_penalty<T: SampleReal>(bencher: Bencher) {
        step::<T>(bencher, true);
    }

    /// The baseline: what the second order is paid for.
    #[divan::bench(types = [f32, f64], sample_count = 1000)]
    fn without<T: SampleReal>(bencher: Bencher) {
        step::<T>(bencher, false);
    }

    fn step<T: SampleReal>(bencher: Bencher, penalised: bool) {
        let critic = (Dense(WIDTH), LeakyRelu, Dense(WIDTH), LeakyRelu, Dense(1));
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let (_, mut params) = Layer::<T>::init(&critic, &mut rng, 2).unwrap();
        let mut adam = Adam::new(RATES[0]).unwrap();
        let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
        let (data, samples) = (uniform::<T>(BATCH, 2, &mut rng), uniform(BATCH, 2, &mut rng));
        bencher.bench_local(|| {
            let points = penalised.then(|| interpolate(&data, &samples, &mut rng).unwrap());
            let loss = value_and_grad(&mut tape, &params, &mut gradients, |t, d| {
                let v = |x| critic.apply(t, d, x);
                let loss = v(t.var(&samples)).mean() - v(t.var(&data)).mean();
                let Some(points) = &points else { return loss };
                let points = t.var(points);
                loss + wasserstein(10.0, v(points), points)
            });
            adam.update(&mut params, &gradients).unwrap();
            loss.unwrap()
        });
    }
}

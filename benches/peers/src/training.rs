//! The training loop of the blog post, by fenchel, as a user would write it.
//!
//! One iteration: 64 rows of the data set and 64 rows of uniform noise; an Adam step of the critic on the rows, one on what the generator makes of
//! the noise, and one of the generator. The losses are the post's: mean e^o on data, −mean(o + ε + 1) on samples, and mean e^o of its samples for
//! the generator, where o, a sigmoid, is what the critic says.

use fenchel::autodiff::{Gradients, Params, Tape, value_and_grad};
use fenchel::distribution::{Gaussian, Mixture, SampleRows};
use fenchel::nalgebra::{self, DMatrix, DVector};
use fenchel::nn::{Dense, Layer, LeakyRelu, Network, Sigmoid, evaluate};
use fenchel::optim::Adam;
use fenchel::rand::{RngExt, rngs::Xoshiro256PlusPlus};
use fenchel::{Real, SampleReal};

use crate::Failure;
use crate::contest::{Lap, seconds_each};
use crate::work::rng;

/// Columns of the noise.
pub const LATENT: usize = 10;

/// Adam's rates, for the critic and for the generator.
pub const RATES: [f64; 2] = [5e-4, 1e-4];

/// ε + 1, of the loss on samples.
pub const SHIFT: f64 = 1.0 + 1e-10;

type Generator = (Dense, Sigmoid);
const GENERATOR: Generator = (Dense(2), Sigmoid);

/// The critic of the post, of a width.
pub fn critic<T: Real>(width: usize) -> impl Network<T, Params: Send> + Copy + Send {
    (Dense(width), LeakyRelu, Dense(width), LeakyRelu, Dense(1), Sigmoid)
}

/// The post's data set: three in four rows of one Gaussian and one in four of the other, on [0, 1] by the smallest and the largest number of all.
pub fn data(rows: usize) -> Result<DMatrix<f64>, Failure> {
    let component = |mean: [f64; 2], variances: [f64; 2]| {
        Gaussian::new(DVector::from(mean.to_vec()), DMatrix::from_diagonal(&DVector::from(variances.to_vec())))
    };
    let parts = vec![component([0.5, 2.0], [4.0, 1.5])?, component([9.0, 9.0], [1.0, 3.0])?];
    let raw = Mixture::new(&[0.75, 0.25], parts)?.sample_rows(rows, &mut rng(5))?;
    let (low, high) = (raw.min(), raw.max());
    Ok(raw.map(|x| (x - low) / (high - low)))
}

/// A training that can be started over.
pub struct Training<'a, T: SampleReal, C: Network<T>> {
    rows: &'a DMatrix<T>,
    critic: C,
    first: (<Generator as Layer<T>>::Params, C::Params),
    generator_params: <Generator as Layer<T>>::Params,
    critic_params: C::Params,
    generator_adam: Adam<T>,
    critic_adam: Adam<T>,
    tape: Tape<T>,
    generator_gradients: Gradients<T>,
    critic_gradients: Gradients<T>,
    picked: Vec<usize>,
    noise: DMatrix<T>,
    rng: Xoshiro256PlusPlus,
}

impl<'a, T: SampleReal, C: Network<T>> Training<'a, T, C> {
    pub fn new(rows: &'a DMatrix<T>, batch: usize, critic: C, seed: u64) -> Result<Self, Failure> {
        let mut rng = rng(seed);
        let (width, generator_params) = GENERATOR.init(&mut rng, LATENT)?;
        let (_, critic_params) = critic.init(&mut rng, width)?;
        Ok(Self {
            rows,
            critic,
            first: (generator_params.clone(), critic_params.clone()),
            generator_params,
            critic_params,
            critic_adam: Adam::new(RATES[0])?,
            generator_adam: Adam::new(RATES[1])?,
            tape: Tape::new(),
            generator_gradients: Gradients::new(),
            critic_gradients: Gradients::new(),
            picked: vec![0; batch],
            noise: DMatrix::zeros(batch, LATENT),
            rng,
        })
    }

    /// Back to the first parameters; what is allocated stays.
    fn start_over(&mut self) -> Result<(), Failure> {
        (self.generator_params, self.critic_params) = self.first.clone();
        (self.critic_adam, self.generator_adam) = (Adam::new(RATES[0])?, Adam::new(RATES[1])?);
        Ok(())
    }

    fn iterate(&mut self) -> Result<(), Failure> {
        let Self { rows, critic, generator_params, critic_params, picked, noise, rng, tape, .. } = self;
        picked.fill_with(|| rng.random_range(0..rows.nrows()));
        noise.iter_mut().for_each(|z| *z = T::standard_uniform(rng));

        value_and_grad(tape, critic_params, &mut self.critic_gradients, |t, d| {
            let real = t.from_fn(picked.len(), rows.ncols(), |i, j| rows[(picked[i], j)]);
            critic.apply(t, d, real).exp().mean()
        })?;
        self.critic_adam.update(critic_params, &self.critic_gradients)?;

        value_and_grad(tape, critic_params, &mut self.critic_gradients, |t, d| {
            let fake = GENERATOR.apply(t, &generator_params.lift(t), t.var(noise));
            -critic.apply(t, d, fake).shift(nalgebra::convert(SHIFT)).mean()
        })?;
        self.critic_adam.update(critic_params, &self.critic_gradients)?;

        value_and_grad(tape, generator_params, &mut self.generator_gradients, |t, g| {
            let fake = GENERATOR.apply(t, g, t.var(noise));
            critic.apply(t, &critic_params.lift(t), fake).exp().mean()
        })?;
        Ok(self.generator_adam.update(generator_params, &self.generator_gradients)?)
    }

    /// Laps of so many iterations from the start.
    pub fn laps(mut self, times: usize) -> impl FnMut() -> Result<Lap, Failure> {
        move || Ok(Lap { seconds: self.timed(times)?, check: Some(self.critic_loss()?) })
    }

    /// Seconds for each of so many iterations from the start.
    pub fn timed(&mut self, times: usize) -> Result<f64, Failure> {
        self.start_over()?;
        seconds_each(times, || self.iterate())
    }

    /// What the critic wants to be low, on a thousand rows of either kind: between −1 and e − 1, and e^½ − 3/2 if it says ½ to everything.
    pub fn critic_loss(&mut self) -> Result<f64, Failure> {
        let tape = &mut self.tape;
        let noise = DMatrix::from_fn(1000, LATENT, |_, _| T::standard_uniform(&mut self.rng));
        let fake = evaluate(&GENERATOR, tape, &self.generator_params, &noise)?;
        let mut said = |rows| evaluate(&self.critic, tape, &self.critic_params, rows);
        let (real, fake) = (said(&self.rows.rows(0, 1000).into_owned())?, said(&fake)?);
        let loss = real.map(T::exp).mean() - fake.mean() - nalgebra::convert(SHIFT);
        nalgebra::try_convert(loss).ok_or_else(|| "a loss that is no number".into())
    }
}

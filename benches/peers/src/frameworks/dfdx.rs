//! dfdx, whose shapes are part of the types.

use dfdx::optim::{Adam, AdamConfig};
use dfdx::prelude::*;
use fenchel::nalgebra::DMatrix;

use super::{BATCH, Iterate, WIDTH, picked};
use crate::Failure;
use crate::training::{LATENT, RATES, SHIFT};
use crate::work::rng;

type Generator = (Linear<LATENT, 2>, Sigmoid);
type Hidden<const INS: usize> = (Linear<INS, WIDTH>, LeakyReLU<f32>);
type Critic = (Hidden<2>, Hidden<WIDTH>, Linear<WIDTH, 1>, Sigmoid);

pub fn iterate(rows: &DMatrix<f32>) -> Result<Iterate<'_>, Failure> {
    let device = Cpu::default();
    let mut generator = device.build_module::<Generator, f32>();
    let mut critic = device.build_module::<Critic, f32>();
    let settings = |lr| AdamConfig { lr, betas: [0.9, 0.999], eps: 1e-8, weight_decay: None };
    let mut generator_adam = Adam::new(&generator, settings(RATES[1]));
    let mut critic_adam = Adam::new(&critic, settings(RATES[0]));
    // Gradients are handed over to the tape, and come back unless a step fails.
    let (mut generator_gradients, mut critic_gradients) = (Some(generator.alloc_grads()), Some(critic.alloc_grads()));
    let mut rng = rng(6);
    Ok(Box::new(move || {
        let mut batch = [[0.0; 2]; BATCH];
        for (row, place) in batch.iter_mut().zip(picked::<usize>(&mut rng, rows.nrows())) {
            *row = [rows[(place, 0)], rows[(place, 1)]];
        }
        let real = device.tensor(batch);
        let z: Tensor<Rank2<BATCH, LATENT>, f32, _> = device.sample_uniform();
        let fake = generator.forward(z.clone());

        let gradients = critic_gradients.take().ok_or("an earlier step failed")?;
        let mut gradients = critic.forward(real.traced(gradients)).exp().mean().backward();
        critic_adam.update(&mut critic, &gradients).map_err(refused)?;
        critic.zero_grads(&mut gradients);

        let mut gradients = (critic.forward(fake.traced(gradients)) + SHIFT as f32).mean().negate().backward();
        critic_adam.update(&mut critic, &gradients).map_err(refused)?;
        critic.zero_grads(&mut gradients);
        critic_gradients = Some(gradients);

        let gradients = generator_gradients.take().ok_or("an earlier step failed")?;
        let mut gradients = critic.forward(generator.forward(z.traced(gradients))).exp().mean().backward();
        generator_adam.update(&mut generator, &gradients).map_err(refused)?;
        generator.zero_grads(&mut gradients);
        generator_gradients = Some(gradients);
        Ok(())
    }))
}

fn refused(error: impl std::fmt::Debug) -> Failure {
    format!("dfdx: {error:?}").into()
}

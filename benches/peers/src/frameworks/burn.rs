//! burn: autodiff over the flex backend.

use burn::module::Module;
use burn::nn::{LeakyRelu, LeakyReluConfig, Linear, LinearConfig, Sigmoid};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use fenchel::nalgebra::DMatrix;

use super::{BATCH, Iterate, WIDTH, picked, row_major};
use crate::training::{LATENT, RATES, SHIFT};
use crate::work::rng;

#[derive(Module, Debug)]
struct Generator {
    linear: Linear,
    sigmoid: Sigmoid,
}

impl Generator {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        self.sigmoid.forward(self.linear.forward(z))
    }
}

#[derive(Module, Debug)]
struct Critic {
    linear: [Linear; 3],
    leaky: LeakyRelu,
    sigmoid: Sigmoid,
}

impl Critic {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let [first, second, last] = &self.linear;
        let x = self.leaky.forward(first.forward(x));
        let x = self.leaky.forward(second.forward(x));
        self.sigmoid.forward(last.forward(x))
    }
}

pub fn iterate<'a>(rows: &DMatrix<f32>) -> Iterate<'a> {
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let data = Tensor::<2>::from_data(TensorData::new(row_major(rows), [rows.nrows(), 2]), &plain);
    let linear = |ins, outs| LinearConfig::new(ins, outs).init(&device);
    let mut generator = Generator { linear: linear(LATENT, 2), sigmoid: Sigmoid::new() };
    let layers = [linear(2, WIDTH), linear(WIDTH, WIDTH), linear(WIDTH, 1)];
    let mut critic = Critic { linear: layers, leaky: LeakyReluConfig::new().init(), sigmoid: Sigmoid::new() };
    let adam = AdamConfig::new().with_epsilon(1e-8);
    let (mut generator_adam, mut critic_adam) = (adam.init(), adam.init());
    let (mut rng, count) = (rng(6), rows.nrows());
    Box::new(move || {
        let places: Vec<i64> = picked(&mut rng, count).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [BATCH]), &plain);
        let real = Tensor::from_inner(data.clone().select(0, places));
        let z = Tensor::<2>::random([BATCH, LATENT], Distribution::Uniform(0.0, 1.0), &device);
        let fake = generator.forward(z.clone()).detach();

        let gradients = critic.forward(real).exp().mean().backward();
        let gradients = GradientsParams::from_grads(gradients, &critic);
        critic = critic_adam.step(RATES[0], critic.clone(), gradients);

        let gradients = (critic.forward(fake) + SHIFT).mean().neg().backward();
        let gradients = GradientsParams::from_grads(gradients, &critic);
        critic = critic_adam.step(RATES[0], critic.clone(), gradients);

        let frozen = critic.clone().no_grad();
        let gradients = frozen.forward(generator.forward(z)).exp().mean().backward();
        let gradients = GradientsParams::from_grads(gradients, &generator);
        generator = generator_adam.step(RATES[1], generator.clone(), gradients);
        Ok(())
    })
}

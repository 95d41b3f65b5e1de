//! candle, on the processor. Its Adam is AdamW without decay.

use candle_core::{DType, Device, Tensor};
use candle_nn::ops::{leaky_relu, sigmoid};
use candle_nn::{AdamW, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear};
use fenchel::nalgebra::DMatrix;

use super::{BATCH, Iterate, WIDTH, picked, row_major};
use crate::Failure;
use crate::training::{LATENT, RATES, SHIFT};
use crate::work::rng;

pub fn iterate<'a>(rows: &DMatrix<f32>) -> Result<Iterate<'a>, Failure> {
    let device = Device::Cpu;
    let data = Tensor::from_vec(row_major(rows), rows.shape(), &device)?;
    let (generator_params, critic_params) = (VarMap::new(), VarMap::new());
    let part = |params, name: &str| VarBuilder::from_varmap(params, DType::F32, &device).pp(name);
    let of_generator = linear(LATENT, 2, part(&generator_params, "0"))?;
    let [first, second, last] = [
        linear(2, WIDTH, part(&critic_params, "0"))?,
        linear(WIDTH, WIDTH, part(&critic_params, "1"))?,
        linear(WIDTH, 1, part(&critic_params, "2"))?,
    ];
    let generator = move |z: &Tensor| sigmoid(&of_generator.forward(z)?);
    let critic = move |x: &Tensor| {
        let x = leaky_relu(&first.forward(x)?, 0.01)?;
        let x = leaky_relu(&second.forward(&x)?, 0.01)?;
        sigmoid(&last.forward(&x)?)
    };
    let adam = |params: &VarMap, lr| {
        AdamW::new(params.all_vars(), ParamsAdamW { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 })
    };
    let mut critic_adam = adam(&critic_params, RATES[0])?;
    let mut generator_adam = adam(&generator_params, RATES[1])?;
    let (mut rng, count) = (rng(6), rows.nrows());
    Ok(Box::new(move || {
        let places: Vec<u32> = picked(&mut rng, count).collect();
        let real = data.index_select(&Tensor::from_vec(places, BATCH, &device)?, 0)?;
        let z = Tensor::rand(0f32, 1f32, (BATCH, LATENT), &device)?;
        let fake = generator(&z)?.detach();
        critic_adam.backward_step(&critic(&real)?.exp()?.mean_all()?)?;
        critic_adam.backward_step(&(critic(&fake)? + SHIFT)?.mean_all()?.neg()?)?;
        generator_adam.backward_step(&critic(&generator(&z)?)?.exp()?.mean_all()?)?;
        Ok(())
    }))
}

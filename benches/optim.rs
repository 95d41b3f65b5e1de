//! Steps of the optimisers: `cargo bench --bench optim`.
//!
//! The baseline of each is [`Sgd`], which reads a parameter and its gradient and writes the parameter.

#![allow(clippy::unwrap_used)] // of constants

use divan::Bencher;
use divan::counter::ItemsCount;
use fenchel::Real;
use fenchel::autodiff::Gradients;
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::optim::rule::Rule;
use fenchel::optim::{
    AdaMax, Adagrad, Adam, Amsgrad, Average, Momentum, Nadam, OptimisticAdam, Optimizer, RAdam, RmsProp, Sgd, Sm3,
    clip_by_global_norm, clip_by_value,
};

fn main() {
    divan::main();
}

/// Rows and columns of a matrix of parameters: one that stays in a near cache with its gradient and its state, and one that does not.
const SIDES: [usize; 2] = [32, 256];

/// Steps taken before: as many as make a mean of gradients that have become 0 less than any normal number, in either precision.
const STEPS: usize = 8000;

/// A gradient, without entries that are 0 but for every `dead`-th row.
fn gradients<T: Real>(side: usize, dead: usize) -> Gradients<T> {
    let entry =
        |i: usize, j: usize| if (i + 1).is_multiple_of(dead) { 0.0 } else { ((i * 37 + j * 11) % 101) as f64 - 50.5 };
    vec![DMatrix::from_fn(side, side, |i, j| convert(entry(i, j) * 1e-3))].into()
}

fn steps<T: Real, R: Rule<T>>(bencher: Bencher, side: usize, mut optimizer: Optimizer<T, R>, dead: usize) {
    let mut params: DMatrix<T> = DMatrix::from_element(side, side, convert(0.5));
    let alive = gradients::<T>(side, usize::MAX);
    optimizer.update(&mut params, &alive).unwrap();
    let gradients = gradients(side, dead);
    if dead < side {
        (0..STEPS).for_each(|_| optimizer.update(&mut params, &gradients).unwrap());
    }
    bencher.counter(ItemsCount::new(side * side)).bench_local(|| optimizer.update(&mut params, &gradients));
}

macro_rules! benches {
    ($($name:ident: $optimizer:ident),*) => {$(
        #[divan::bench(types = [f32, f64], args = SIDES)]
        fn $name<T: Real>(bencher: Bencher, side: usize) {
            steps::<T, _>(bencher, side, $optimizer::new(1e-9).unwrap(), usize::MAX);
        }
    )*};
}
benches!(
    sgd: Sgd, momentum: Momentum, adagrad: Adagrad, rms_prop: RmsProp, adam: Adam, adamax: AdaMax, nadam: Nadam, amsgrad: Amsgrad,
    optimistic: OptimisticAdam, radam: RAdam, sm3: Sm3
);

/// What is done beside a step. The limits are so far off that the gradients stay as they are, whatever is looked at.
mod beside {
    use super::*;

    #[divan::bench(types = [f32, f64], args = SIDES)]
    fn clipping_by_value<T: Real>(bencher: Bencher, side: usize) {
        let (params, mut gradients) = (DMatrix::zeros(side, side), gradients::<T>(side, usize::MAX));
        bencher.counter(ItemsCount::new(side * side)).bench_local(|| clip_by_value(&params, &mut gradients, 1.0));
    }

    #[divan::bench(types = [f32, f64], args = SIDES)]
    fn clipping_by_global_norm<T: Real>(bencher: Bencher, side: usize) {
        let (params, mut gradients) = (DMatrix::zeros(side, side), gradients::<T>(side, usize::MAX));
        bencher.counter(ItemsCount::new(side * side)).bench_local(|| clip_by_global_norm(&params, &mut gradients, 1e3));
    }

    #[divan::bench(types = [f32, f64], args = SIDES)]
    fn averaging<T: Real>(bencher: Bencher, side: usize) {
        let params: DMatrix<T> = DMatrix::from_element(side, side, convert(0.5));
        let mut average = Average::new(0.999, DMatrix::zeros(side, side)).unwrap();
        bencher.counter(ItemsCount::new(side * side)).bench_local(|| average.update(&params));
    }
}

/// Where every eighth row is of a unit that is dead, and has been for long.
mod dead {
    use super::*;

    #[divan::bench(types = [f32, f64], args = SIDES)]
    fn momentum<T: Real>(bencher: Bencher, side: usize) {
        steps::<T, _>(bencher, side, Momentum::new(1e-9).unwrap(), 8);
    }

    #[divan::bench(types = [f32, f64], args = SIDES)]
    fn adam<T: Real>(bencher: Bencher, side: usize) {
        steps::<T, _>(bencher, side, Adam::new(1e-9).unwrap(), 8);
    }
}

//! Memory: after its first step a loop of equal steps allocates nothing.

use allocation_counter::measure;
use fenchel::Tape;
use fenchel::autodiff::{Gradients, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    BatchNorm, Conv, Dense, Dropout, Flatten, Layer, LayerNorm, LeakyRelu, MaxPool, Network, SpectralNorm, Tanh,
    Unflatten,
};
use fenchel::optim::Adam;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};

/// Allocations of `steps` training steps after the first two.
fn allocations<L: Network<f64>>(net: &L, inputs: usize, steps: usize) -> u64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let (_, mut params) = net.init(&mut rng, inputs).unwrap();
    let rows = DMatrix::from_fn(32, inputs, |_, _| rng.random_range(-1.0..1.0));
    let (mut tape, mut gradients, mut adam) = (Tape::new(), Gradients::new(), Adam::new(1e-4).unwrap());
    let mut step = || {
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            net.apply_train(t, p, t.var(&rows), &mut rng).square().mean()
        })
        .unwrap();
        adam.update(&mut params, &gradients).unwrap();
    };
    step();
    step();
    measure(|| (0..steps).for_each(|_| step())).count_total
}

/// Shapes with a side of at most 5 in every product: there nalgebra multiplies without packing buffers, which it allocates in every call.
#[test]
fn a_training_loop_allocates_nothing_after_its_first_step() {
    assert_eq!(allocations(&(Dense(5), LeakyRelu, Dense(4), Tanh, Dense(1)), 2, 10_000), 0);
    let trained = (
        BatchNorm::default(),
        Dense(5),
        Dropout { drop_probability: 0.2 },
        LayerNorm::default(),
        SpectralNorm(Dense(2)),
    );
    assert_eq!(allocations(&trained, 3, 1000), 0);
    let images = (Unflatten([4, 4, 1]), Conv::new(3, [2, 2]), Tanh, MaxPool::new([2, 2]), Flatten, Dense(2));
    assert_eq!(allocations(&images, 16, 1000), 0);
}

/// A gradient penalty: the second order recycles its slots like the first.
#[test]
fn a_loop_of_second_order_allocates_nothing_after_its_first_step() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let net = (Dense(5), Tanh, Dense(1));
    let (_, mut params) = net.init(&mut rng, 2).unwrap();
    let rows = DMatrix::from_fn(32, 2, |_, _| rng.random_range(-1.0..1.0));
    let (mut tape, mut gradients, mut adam) = (Tape::<f64>::new(), Gradients::new(), Adam::new(1e-4).unwrap());
    let mut slots = Vec::new();
    let mut step = || {
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            let x = t.var(&rows);
            let [slopes] = t.grad(net.apply(t, p, x).sum(), [x]);
            slopes.square().mean()
        })
        .unwrap();
        adam.update(&mut params, &gradients).unwrap();
        tape.slots()
    };
    step();
    slots.push(step());
    assert_eq!(measure(|| (0..1000).for_each(|_| _ = step())).count_total, 0);
    slots.push(step());
    assert_eq!(slots[0], slots[1]);
}

/// Where the product does allocate its buffers, the tape still makes no slot after the first step, and what is allocated is given back.
#[test]
fn a_loop_of_thick_products_keeps_its_slots_and_its_memory() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let net = (Dense(32), LeakyRelu, Dense(32), LeakyRelu, Dense(8));
    let (_, mut params) = net.init(&mut rng, 10).unwrap();
    let rows = DMatrix::from_fn(64, 10, |_, _| rng.random_range(-1.0..1.0));
    let (mut tape, mut gradients, mut adam) = (Tape::<f32>::new(), Gradients::new(), Adam::new(1e-4).unwrap());
    let mut step = || {
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&rows)).square().mean())
            .unwrap();
        adam.update(&mut params, &gradients).unwrap();
        tape.slots()
    };
    let first = step();
    let left = measure(|| assert!((0..1000).all(|_| step() == first)));
    assert_eq!((left.count_current, left.bytes_current), (0, 0), "{left:?}");
}

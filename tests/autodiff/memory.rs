//! Memory: after its first step a loop of equal steps allocates nothing.

use allocation_counter::measure;
use fenchel::autodiff::{Gradients, Params, Selection, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    BatchNorm, Conv, Dense, Dropout, Flatten, Image, Images, Layer, LayerNorm, LeakyRelu, MaxPool, Network,
    SpectralNorm, Tanh, Unflatten,
};
use fenchel::optim::Adam;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{Tape, TapeError};

/// Allocations of `steps` training steps after the first.
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

/// Does this crate multiply itself, and not nalgebra?
fn own_products() -> bool {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(all(feature = "simd", target_arch = "x86_64")))]
    return false;
}

/// This crate's own products keep their buffers.
#[test]
fn a_loop_of_thick_products_allocates_nothing_where_they_are_our_own() {
    if own_products() {
        assert_eq!(allocations(&(Dense(32), LeakyRelu, Dense(33), Tanh, Dense(7)), 6, 1000), 0);
    }
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

/// Losses of different lengths and shapes on one tape, by turns and each as often as it likes: what one leaves the next takes up.
#[test]
fn different_losses_by_turns_on_one_tape_allocate_nothing_after_their_first_round() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let (critic, generator) = ((Dense(5), LeakyRelu, Dense(1)), (Dense(3), Tanh, Dense(2)));
    let (_, d) = critic.init(&mut rng, 2).unwrap();
    let (_, g) = generator.init(&mut rng, 4).unwrap();
    let (rows, noise) = (DMatrix::from_element(32, 2, 0.5), DMatrix::from_element(32, 4, -0.5));
    let other_noise = DMatrix::from_element(20, 4, 0.5);
    let (mut tape, mut of_critic, mut of_generator) = (Tape::<f64>::new(), Gradients::new(), Gradients::new());
    let mut round = || {
        for _ in 0..5 {
            value_and_grad(&mut tape, &d, &mut of_critic, |t, d| {
                let fake = generator.apply(t, &g.lift(t), t.var(&noise));
                critic.apply(t, d, t.var(&rows)).mean() - critic.apply(t, d, fake).exp().mean()
            })
            .unwrap();
        }
        value_and_grad(&mut tape, &g, &mut of_generator, |t, g| {
            critic.apply(t, &d.lift(t), generator.apply(t, g, t.var(&other_noise))).mean()
        })
        .unwrap();
        tape.slots()
    };
    let slots = round();
    assert_eq!(measure(|| (0..1000).for_each(|_| assert_eq!(round(), slots))).count_total, 0);
}

#[test]
fn buffers_of_a_size_that_is_not_asked_for_again_are_given_back() {
    let mut tape = Tape::<f64>::new();
    let mut step = |rows| {
        tape.clear();
        tape.filled(rows, 10, 1.0).exp().sum().to_scalar().unwrap();
        tape.slots()
    };
    let few = step(8);
    let all = step(10_000);
    assert!(all > few);
    let after = measure(|| assert_eq!((0..100).map(|_| step(8)).last(), Some(few)));
    assert!(after.bytes_current <= -2 * 10_000 * 10 * 8, "{after:?}");
}

#[test]
fn matrices_without_rows_and_matrices_too_large_are_dealt_with_at_once() {
    let most = usize::MAX;
    let tape = Tape::<f64>::new();
    assert_eq!(tape.from_fn(0, most, |_, _| 1.0).shape(), (0, most));
    let turned = Selection::Transpose { rows: most, columns: 1 };
    assert_eq!(tape.filled(0, most, 1.0).gather(turned).shape(), (0, most));
    assert_eq!(tape.filled(most, 0, 1.0).ln_softmax().shape(), (most, 0));
    assert_eq!(tape.filled(most, 0, 1.0).transpose().shape(), (0, most));
    assert_eq!(tape.check(), Ok(()));
    let both = tape.concat_columns(&[tape.filled(0, most, 1.0), tape.filled(0, most, 1.0)]);
    assert!(both.to_matrix().is_err());
    for huge in [1 << 45, 1 << 58, most] {
        let tape = Tape::<f64>::new();
        let failed = tape.filled(huge, 1, 0.0).to_matrix();
        assert_eq!(failed, Err(TapeError::TooLarge { op: "Leaf", rows: huge, columns: 1 }));
    }
}

/// The adjoint of a window of n places holds n log n numbers, not n²: a pool over a whole image is a common last layer.
#[test]
fn the_gradient_of_a_pool_over_a_whole_image_is_not_quadratic_in_it() {
    let images = DMatrix::from_fn(32, 784, |i, j| ((i + j * 389) % 784) as f64);
    let mut gradients = Gradients::new();
    let memory = measure(|| {
        value_and_grad(&mut Tape::<f64>::new(), &images, &mut gradients, |t, &rows| {
            Layer::<f64, Image>::apply(&MaxPool::new([28, 28]), t, &(), Images { rows, shape: [28, 28, 1] }).rows.sum()
        })
        .unwrap();
    });
    let gradient = &gradients.leaves()[0];
    assert!(gradient.iter().zip(&images).all(|(&g, &x)| g == if x == 783.0 { 1.0 } else { 0.0 }));
    // The images are 0.2 MB. There are ten levels of halving, with a handful of matrices as large as the level each, and for 784 maxima some 9000
    // nodes of a few hundred bytes: 15 MB. Slicing off one place at a time would make 784 matrices as large as the images: 157 MB.
    assert!(memory.bytes_max < 30_000_000, "{memory:?}");
}

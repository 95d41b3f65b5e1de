//! The blog post that the crate started from: its losses are compositions of these parts, and minimise other divergences than they are named after.

use fenchel::Var;
use fenchel::autodiff::Tape;
use fenchel::divergence::{ForwardKl, Game, NeymanChi2, ReverseKl, Smooth, Weighted};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};

use crate::variational::column;

/// The post's losses on outputs o of its critic, from its formula with the label y (1 is real), without the 1e-7
/// inside.
mod post {
    pub(super) fn kl(outputs: &[f64], y: f64) -> f64 {
        -outputs.iter().map(|o| y * o - (1.0 - y) * (o - 1.0).exp()).sum::<f64>() / outputs.len() as f64
    }

    pub(super) fn reverse_kl(outputs: &[f64], y: f64) -> f64 {
        -outputs.iter().map(|o| -y * o.exp() + (1.0 - y) * (o + 1.0)).sum::<f64>() / outputs.len() as f64
    }
}

fn outputs(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..n).map(|_| rng.random_range(-2.0..2.0)).collect()
}

/// A loss on v through the tape, and its gradient.
fn on_tape(v: &[f64], loss: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> (f64, Vec<f64>) {
    let tape = Tape::new();
    let v = tape.var(&column(v));
    let loss = loss(v);
    let [slope] = tape.grad(loss, [v]);
    (loss.to_scalar().unwrap(), slope.to_matrix().unwrap().as_slice().to_vec())
}

/// A dozen roundings of numbers below 10.
const ROUNDING: f64 = 1e-13;

fn critic_loss_of<D: Smooth>(d: D, [data, samples]: &[Vec<f64>; 2]) -> f64 {
    let tape = Tape::new();
    Game::minimax(d).critic_loss(tape.var(&column(data)), tape.var(&column(samples))).to_scalar().unwrap()
}

#[test]
fn the_critic_losses_of_the_post_are_those_of_forward_and_reverse_kl() {
    let (data, samples) = (outputs(1, 40), outputs(2, 30));
    // o = v + 1.
    let v = [&data, &samples].map(|o| o.iter().map(|o| o - 1.0).collect::<Vec<_>>());
    let forward = critic_loss_of(ForwardKl, &v);
    assert!((forward - (post::kl(&data, 1.0) + post::kl(&samples, 0.0))).abs() <= ROUNDING);
    // o = -v.
    let v = [&data, &samples].map(|o| o.iter().map(|o| -o).collect::<Vec<_>>());
    let reverse = critic_loss_of(ReverseKl, &v);
    assert!((reverse - (post::reverse_kl(&data, 1.0) + post::reverse_kl(&samples, 0.0))).abs() <= ROUNDING);
}

#[test]
fn the_generator_step_of_the_posts_kl_minimises_reverse_kl() {
    let o = outputs(3, 30);
    let v: Vec<f64> = o.iter().map(|o| o - 1.0).collect();
    let (loss, slope) = on_tape(&v, |v| Game { critic: ForwardKl, generator: ReverseKl }.generator_loss(v));
    // Up to the constant by which o and v differ.
    assert!((loss - (post::kl(&o, 1.0) + 1.0)).abs() <= ROUNDING);
    assert!(
        slope.iter().all(|x| (x + 1.0 / 30.0).abs() <= f64::EPSILON),
        "the post's loss is -o: the slope is -1 for each of 30"
    );
}

#[test]
fn the_generator_step_of_the_posts_reverse_kl_minimises_half_neyman() {
    let o = outputs(4, 30);
    let v: Vec<f64> = o.iter().map(|o| -o).collect();
    let half_neyman = Weighted::new(0.5, NeymanChi2).unwrap();
    let (loss, slope) = on_tape(&v, |v| Game { critic: ReverseKl, generator: half_neyman }.generator_loss(v));
    // Up to the constant 1 by which the centred form differs from e^o.
    assert!((loss - (post::reverse_kl(&o, 1.0) - 1.0)).abs() <= ROUNDING);
    for (slope, o) in slope.iter().zip(&o) {
        // By v: the post's slope e^o by o, with the sign of o = -v, for each of 30.
        assert!((slope + o.exp() / 30.0).abs() <= ROUNDING);
    }
}

//! Bounds and games: what a critic's loss measures, and what a generator's step minimises.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use fenchel::autodiff::Tape;
use fenchel::distribution::Gaussian;
use fenchel::divergence::{
    ClosedForm, FDivergence, ForwardKl, Game, JensenShannon, NeymanChi2, PearsonChi2, ReverseKl, SoftReverseKl, Tilt,
    Variational, Weighted, exact, variational,
};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{DivergenceError, SampleReal, Var};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

fn column(values: &[f64]) -> DMatrix<f64> {
    DMatrix::from_column_slice(values.len(), 1, values)
}

fn normalised(masses: &[f64]) -> Vec<f64> {
    let sum: f64 = masses.iter().sum();
    masses.iter().map(|x| x / sum).collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// The bound
// ---------------------------------------------------------------------------------------------------------------------

/// A law P, a law Q with the same positive support, and a critic output for every point.
fn critic() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<f64>)> {
    (1..=20_usize).prop_flat_map(|n| {
        let masses = || prop::collection::vec(0.01..1.0_f64, n).prop_map(|masses| normalised(&masses));
        (masses(), masses(), prop::collection::vec(-4.0..4.0_f64, n))
    })
}

fn expectation(law: &[f64], values: impl Iterator<Item = f64>) -> f64 {
    law.iter().zip(values).map(|(mass, value)| mass * value).sum()
}

proptest! {
    #![proptest_config(fixed(256))]

    /// For any critic, exactly: the one test that a wrong conjugate, a wrong sign and a wrong `real` all fail.
    #[test]
    fn what_the_bound_misses_is_the_bregman_divergence_of_the_critic_from_the_best((p, q, v) in critic()) {
        fn gap<D: Variational>(name: &str, d: D, p: &[f64], q: &[f64], v: &[f64]) -> Result<(), TestCaseError> {
            let divergence = exact::discrete(&d, p, q).unwrap();
            let bound = expectation(p, v.iter().map(|&v| d.real(v))) - expectation(q, v.iter().map(|&v| d.fake(v)));
            let (mut bregman, mut scale) = (0.0, divergence);
            for i in 0..p.len() {
                let u = p[i] / q[i];
                let (t, best) = (d.real(v[i]), d.real(u.ln()));
                bregman += q[i] * (d.conjugate(t) - d.conjugate(best) - u * (t - best));
                scale += q[i] * (d.conjugate(t).abs() + d.conjugate(best).abs()) + p[i] * (t.abs() + best.abs());
                // A rounding of t moves f*(t) by e^v times as much.
                scale += q[i] * (v[i].exp() * t.abs() + u * best.abs());
            }
            // Twenty terms, about ten roundings each, none larger than the scale.
            let tolerance = 200.0 * f64::EPSILON * scale;
            let missed = divergence - bound;
            prop_assert!((missed - bregman).abs() <= tolerance, "{}: {} {}", name, missed, bregman);
            prop_assert!(bregman >= -tolerance, "{}: {}", name, bregman);
            Ok(())
        }
        let mut outcome = Ok(());
        for_each_divergence!(variational |name, d| if outcome.is_ok() { outcome = gap(name, d, &p, &q, &v) });
        outcome?;
    }

    #[test]
    fn the_bound_is_tight_at_the_log_density_ratio((p, q, _) in critic()) {
        fn tight<D: Variational>(name: &str, d: D, p: &[f64], q: &[f64]) -> Result<(), TestCaseError> {
            let best = || p.iter().zip(q).map(|(p, q)| (p / q).ln());
            let (real, fake) = (expectation(p, best().map(|v| d.real(v))), expectation(q, best().map(|v| d.fake(v))));
            let divergence = exact::discrete(&d, p, q).unwrap();
            // Sums of twenty terms with a handful of roundings, of ratios up to 100.
            let size_of_real = expectation(p, best().map(|v| d.real(v).abs()));
            let size_of_fake = expectation(q, best().map(|v| d.fake(v).abs()));
            let tolerance = 100.0 * f64::EPSILON * (divergence + size_of_real + size_of_fake);
            let bound = real - fake;
            prop_assert!((bound - divergence).abs() <= tolerance, "{}: {} {}", name, bound, divergence);
            Ok(())
        }
        let mut outcome = Ok(());
        for_each_divergence!(variational |name, d| if outcome.is_ok() { outcome = tight(name, d, &p, &q) });
        outcome?;
    }

    #[test]
    fn the_bound_on_numbers_is_minus_the_critic_loss_on_the_tape(
        data in prop::collection::vec(-4.0..4.0_f64, 2..30), samples in prop::collection::vec(-4.0..4.0_f64, 2..30),
    ) {
        fn agree<D: Variational>(name: &str, d: D, data: &[f64], samples: &[f64]) -> Result<(), TestCaseError> {
            let bound = variational::bound(&d, data, samples).unwrap();
            let tape = Tape::new();
            // The generator has no say in the critic's loss.
            let game = Game { critic: d, generator: ForwardKl };
            let loss = game.critic_loss(tape.var(&column(data)), tape.var(&column(samples))).to_scalar().unwrap();
            let (real, fake) = (data.iter().map(|&v| d.real(v).abs()), samples.iter().map(|&v| d.fake(v).abs()));
            let scale = real.chain(fake).fold(0.0, f64::max);
            // Thirty terms of at most the scale, summed in another order.
            prop_assert!((bound.mean + loss).abs() <= 60.0 * f64::EPSILON * scale, "{}: {} {}", name, bound.mean, loss);
            // The spread of a mean, from first principles.
            let variance_of_mean = |terms: Vec<f64>| {
                let n = terms.len() as f64;
                let mean = terms.iter().sum::<f64>() / n;
                terms.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n
            };
            let variance = variance_of_mean(data.iter().map(|&v| d.real(v)).collect())
                + variance_of_mean(samples.iter().map(|&v| d.fake(v)).collect());
            // The same number of roundings, of squares.
            let close = (bound.std_error - variance.sqrt()).abs() <= 100.0 * f64::EPSILON * (scale + variance.sqrt());
            prop_assert!(close, "{}: {} {}", name, bound.std_error, variance.sqrt());
            Ok(())
        }
        let mut outcome = Ok(());
        for_each_divergence!(variational |name, d| if outcome.is_ok() { outcome = agree(name, d, &data, &samples) });
        outcome?;
    }
}

#[test]
fn an_undecided_critic_scores_nothing() {
    fn law<D: Variational>(name: &str, d: D) {
        let bound = variational::bound(&d, &[0.0; 3], &[0.0; 5]).unwrap();
        assert_eq!((bound.mean, bound.std_error), (0.0, 0.0), "{name}");
    }
    for_each_divergence!(variational law);
}

#[test]
fn the_bound_from_draws_is_the_divergence_within_its_error_bar() {
    fn law<D: ClosedForm<Gaussian<f64>> + Variational>(name: &str, d: D) {
        let (p, q) = (Gaussian::new(dvector![0.5], dmatrix![1.0]).unwrap(), Gaussian::standard(1).unwrap());
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(23);
        let mut draws = |mean: f64| (0..50_000).map(|_| f64::standard_normal(&mut rng) + mean).collect::<Vec<_>>();
        // ln p/q between N(1/2, 1) and N(0, 1) is x/2 - 1/8.
        let critic = |x: Vec<f64>| x.into_iter().map(|x| 0.5 * x - 0.125).collect::<Vec<_>>();
        let bound = variational::bound(&d, &critic(draws(0.5)), &critic(draws(0.0))).unwrap();
        let exact = d.between(&p, &q).unwrap();
        // Five standard errors: once in two million seeds.
        assert!((bound.mean - exact).abs() <= 5.0 * bound.std_error, "{name}: {bound:?} {exact}");
    }
    for_each_divergence!(closed_form law);
}

#[test]
fn wrong_critic_outputs_are_named() {
    let too_few = |draws| DivergenceError::TooFewDraws { draws };
    assert_eq!(variational::bound(&ForwardKl, &[], &[0.0; 5]).unwrap_err(), too_few(0));
    assert_eq!(variational::bound(&ForwardKl, &[1.0; 5], &[0.0]).unwrap_err(), too_few(1));
    let output = |law, index, value| DivergenceError::CriticOutput { law, index, value };
    // e^800 and 1 - e^800 are beyond the range of the numbers.
    assert_eq!(variational::bound(&ForwardKl, &[0.0; 2], &[0.0, 1.0, 800.0]).unwrap_err(), output("Q", 2, 800.0));
    assert_eq!(variational::bound(&ReverseKl, &[0.0, -800.0], &[0.0; 2]).unwrap_err(), output("P", 1, -800.0));
    assert_eq!(
        variational::bound(&ForwardKl, &[f64::INFINITY, 0.0], &[0.0; 2]).unwrap_err(),
        output("P", 0, f64::INFINITY)
    );
    match variational::bound(&JensenShannon, &[0.0, 0.0, f64::NAN], &[0.0; 2]).unwrap_err() {
        DivergenceError::CriticOutput { law: "P", index: 2, value } => assert!(value.is_nan()),
        other => panic!("{other}"),
    }
    // In f32 the range ends earlier, and the place is as exact.
    assert_eq!(variational::bound(&ForwardKl, &[0.0_f32; 2], &[0.0, 100.0]).unwrap_err(), output("Q", 1, 100.0));
}

// ---------------------------------------------------------------------------------------------------------------------
// The critic's step
// ---------------------------------------------------------------------------------------------------------------------

/// One row for every draw, with a 1 in the column of its state.
fn indicators(counts: &[usize]) -> DMatrix<f64> {
    let states: Vec<usize> = counts.iter().enumerate().flat_map(|(k, &n)| std::iter::repeat_n(k, n)).collect();
    DMatrix::from_fn(states.len(), counts.len(), |row, k| if states[row] == k { 1.0 } else { 0.0 })
}

#[test]
fn the_critic_has_come_to_rest_at_the_log_density_ratio_and_nowhere_near_it() {
    fn law<D: Variational>(name: &str, d: D) {
        // Batches of twelve and eight draws whose frequencies are the two laws.
        let (p, q) = ([6, 3, 2, 1], [1, 2, 2, 3]);
        let best = DMatrix::from_fn(4, 1, |k, _| (p[k] as f64 / 12.0 / (q[k] as f64 / 8.0)).ln());
        let slope = |outputs: &DMatrix<f64>| {
            let tape = Tape::new();
            let v = tape.var(outputs);
            let game = Game { critic: d, generator: ForwardKl };
            let loss = game.critic_loss(tape.var(&indicators(&p)) * v, tape.var(&indicators(&q)) * v);
            let [slope] = tape.grad(loss, [v]);
            slope.to_matrix().unwrap()
        };
        // Sums of at most six terms that cancel, each of them below 2 e^2v <= 32.
        assert!(slope(&best).amax() <= 1e-13, "{name}: {}", slope(&best));
        for k in 0..4 {
            for shift in [-0.3, 0.3] {
                let mut elsewhere = best.clone();
                elsewhere[k] += shift;
                // The loss is least there: to either side it rises.
                assert!(slope(&elsewhere)[k] * shift > 1e-4, "{name} at state {k}");
            }
        }
    }
    for_each_divergence!(variational law);
}

// ---------------------------------------------------------------------------------------------------------------------
// The generator's step
// ---------------------------------------------------------------------------------------------------------------------

const P: [f64; 6] = [0.3, 0.05, 0.2, 0.1, 0.25, 0.1];
const THETA: [f64; 6] = [0.2, 0.5, -0.7, 0.0, 0.4, -0.3];

fn softmax(theta: &[f64]) -> Vec<f64> {
    normalised(&theta.iter().map(|x| x.exp()).collect::<Vec<_>>())
}

/// The gradient by θ of Σ qᵢ(θ) lossᵢ, where lossᵢ is the game's loss on a draw of state i from an optimal critic that
/// is held fixed.
fn step_of<C: Variational, G: Variational>(game: &Game<C, G>) -> Vec<f64> {
    let q = softmax(&THETA);
    let losses: Vec<f64> = (0..6)
        .map(|i| {
            let tape = Tape::new();
            game.generator_loss(tape.scalar((P[i] / q[i]).ln())).to_scalar().unwrap()
        })
        .collect();
    let mean = expectation(&q, losses.iter().copied());
    q.iter().zip(&losses).map(|(q, loss)| q * (loss - mean)).collect()
}

/// The gradient by θ of D(P‖softmax θ), by central differences.
fn gradient_of<D: FDivergence>(d: &D) -> Vec<f64> {
    let h = 1e-5;
    let value = |i: usize, by: f64| {
        let mut theta = THETA;
        theta[i] += by;
        exact::discrete(d, &P, &softmax(&theta)).unwrap()
    };
    (0..6).map(|i| (value(i, h) - value(i, -h)) / (2.0 * h)).collect()
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The rule is off by h²/6 times a third derivative of at most about 50, and by a rounding over h: 1e-9 each.
const DIFFERENCES: f64 = 1e-8;

#[test]
fn a_minimax_step_is_a_gradient_step_on_the_divergence_of_the_critic() {
    fn law<D: Variational>(name: &str, d: D) {
        let error = apart(&step_of(&Game::minimax(d)), &gradient_of(&d));
        assert!(error <= DIFFERENCES, "{name}: {error}");
    }
    for_each_divergence!(variational law);
}

#[test]
fn a_non_saturating_step_is_a_gradient_step_on_the_tilted_divergence() {
    fn law<D: Tilt>(name: &str, d: D) {
        let error = apart(&step_of(&Game::non_saturating(d)), &gradient_of(&d.tilt()));
        assert!(error <= DIFFERENCES, "{name}: {error}");
    }
    for_each_divergence!(tilt law);
}

/// The gradient of what the critic scores as data, −real, computed without a generator's divergence.
#[test]
fn a_non_saturating_step_maximises_what_the_critic_scores_as_data() {
    fn law<D: Tilt>(name: &str, d: D) {
        for v in [-3.0, -0.5, 0.0, 0.1, 2.0_f64] {
            let tape = Tape::new();
            let output = tape.scalar(v);
            let loss = Game::non_saturating(d).generator_loss(output);
            let [slope] = tape.grad(loss, [output]);
            let label_real = -d.real(v);
            // A few roundings.
            assert!(
                (loss.to_scalar().unwrap() - label_real).abs() <= 1e-15 * (1.0 + label_real.abs()),
                "{name} at {v}"
            );
            let expected = -(-v).exp() * d.curvature(v);
            assert!((slope.to_scalar().unwrap() - expected).abs() <= 1e-14 * expected.abs(), "{name} at {v}");
        }
    }
    for_each_divergence!(tilt law);
}

fn follows<C: Variational, G: Variational>(game: &Game<C, G>, d: &impl FDivergence, not: &impl FDivergence) {
    let step = step_of(game);
    let (error, far) = (apart(&step, &gradient_of(d)), apart(&step, &gradient_of(not)));
    assert!(error <= DIFFERENCES, "{error} from the gradient of {d:?}");
    assert!(far > 0.01, "no further than {far} from the gradient of {not:?}");
}

#[test]
fn minimax_forward_kl_follows_forward_kl_and_not_reverse_kl() {
    let game: Game<ForwardKl, ForwardKl> = Game::minimax(ForwardKl);
    follows(&game, &ForwardKl, &ReverseKl);
}

#[test]
fn non_saturating_forward_kl_follows_reverse_kl_and_not_forward_kl() {
    let game: Game<ForwardKl, ReverseKl> = Game::non_saturating(ForwardKl);
    follows(&game, &ReverseKl, &ForwardKl);
}

#[test]
fn non_saturating_reverse_kl_follows_half_neyman_and_not_reverse_kl() {
    let game: Game<ReverseKl, Weighted<NeymanChi2>> = Game::non_saturating(ReverseKl);
    follows(&game, &Weighted::new(0.5, NeymanChi2).unwrap(), &ReverseKl);
}

#[test]
fn non_saturating_pearson_follows_twice_forward_kl_and_not_pearson() {
    let game: Game<PearsonChi2, Weighted<ForwardKl>> = Game::non_saturating(PearsonChi2);
    follows(&game, &Weighted::new(2.0, ForwardKl).unwrap(), &PearsonChi2);
}

#[test]
fn the_non_saturating_gan_follows_soft_reverse_kl_and_not_jensen_shannon() {
    let game: Game<JensenShannon, SoftReverseKl> = Game::non_saturating(JensenShannon);
    follows(&game, &SoftReverseKl, &JensenShannon);
}

#[test]
fn a_mixed_game_follows_the_divergence_of_its_generator() {
    follows(&Game { critic: JensenShannon, generator: ReverseKl }, &ReverseKl, &JensenShannon);
    follows(&Game { critic: JensenShannon, generator: ForwardKl }, &ForwardKl, &JensenShannon);
}

/// Through the draws instead of their probabilities, as a training loop takes it: P = N(0, 1), y = z + θ.
#[test]
fn a_step_through_the_draws_is_a_gradient_step_too() {
    fn law<D: Variational + ClosedForm<Gaussian<f64>>>(name: &str, d: D) {
        let (theta, n) = (0.5, 100_000);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(31);
        let draws = DMatrix::from_fn(n, 1, |_, _| f64::standard_normal(&mut rng) + theta);
        let tape = Tape::new();
        let y = tape.var(&draws);
        // ln p/q between N(0, 1) and N(theta, 1).
        let v = y.scale(-theta).shift(0.5 * theta * theta);
        let [slopes] = tape.grad(Game::minimax(d).generator_loss(v), [y]);
        // The loss is a mean, so every slope has a factor 1/n: the slope by theta is their sum, n times the mean.
        let terms = slopes.to_matrix().unwrap() * n as f64;
        let error = (terms.variance() / n as f64).sqrt();
        let h = 1e-5;
        let value = |mean: f64| {
            d.between(&Gaussian::standard(1).unwrap(), &Gaussian::new(dvector![mean], dmatrix![1.0]).unwrap()).unwrap()
        };
        let expected = (value(theta + h) - value(theta - h)) / (2.0 * h);
        // Five standard errors, once in two million seeds; those of reverse KL and its like may be 0, the differences
        // are not.
        assert!((terms.mean() - expected).abs() <= 5.0 * error + DIFFERENCES, "{name}: {} {expected}", terms.mean());
        assert!(error < 0.02 * expected, "{name}: {error} says little about {expected}");
    }
    for_each_divergence!(closed_form law);
}

// ---------------------------------------------------------------------------------------------------------------------
// The blog post that the crate started from
// ---------------------------------------------------------------------------------------------------------------------

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

fn critic_loss_of<D: Variational>(d: D, [data, samples]: &[Vec<f64>; 2]) -> f64 {
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

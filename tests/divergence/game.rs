//! Games: what a critic's step and a generator's step minimise.

use fenchel::SampleReal;
use fenchel::autodiff::Tape;
use fenchel::distribution::Gaussian;
use fenchel::divergence::{
    ClosedForm, FDivergence, ForwardKl, Game, Jeffreys, JensenShannon, NeymanChi2, Objective, PearsonChi2, ReverseKl,
    Smooth, SoftForwardKl, SoftReverseKl, SquaredHellinger, Tilt, TotalVariation, Variational, Weighted, exact,
};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;

use crate::family::alpha;
use crate::variational::{expectation, normalised};

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
    fn law<D: Smooth>(name: &str, d: D) {
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
                // The loss is least there: to either side it rises, by the curvature, of which the weight 0.01 leaves 1e-3.
                assert!(slope(&elsewhere)[k] * shift > 1e-6, "{name} at state {k}");
            }
        }
    }
    for_each_divergence!(smooth law);
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
fn step_of<C: Variational, G: Objective<Critic = C::Critic>>(game: &Game<C, G>) -> Vec<f64> {
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
    gradient(|q| exact::discrete(d, &P, q).unwrap())
}

/// That of any function of q.
fn gradient(divergence: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let h = 1e-5;
    let value = |i: usize, by: f64| {
        let mut theta = THETA;
        theta[i] += by;
        divergence(&softmax(&theta))
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
    fn law<D: Smooth>(name: &str, d: D) {
        let error = apart(&step_of(&Game::minimax(d)), &gradient_of(&d));
        assert!(error <= DIFFERENCES, "{name}: {error}");
    }
    for_each_divergence!(smooth law);
}

/// What the non-saturating step of a smooth D minimises, from its definition, f~'' = f''/u and f~(1) = f~'(1) = 0, by Simpson's rule:
/// f~(e^v) is the integral of (e^v - e^s) e^-2s k(s) ds from 0 to v.
fn tilted_value<D: Smooth>(d: &D, v: f64) -> f64 {
    let h = v / 400.0;
    let integrand = |i: i32| {
        let s = f64::from(i) * h;
        (v.exp() - s.exp()) * (-2.0 * s).exp() * d.curvature(s)
    };
    (0..200).map(|i| (integrand(2 * i) + 4.0 * integrand(2 * i + 1) + integrand(2 * i + 2)) * h / 3.0).sum()
}

#[test]
fn a_non_saturating_step_is_a_gradient_step_on_the_tilted_divergence() {
    fn law<D: Tilt + Smooth>(name: &str, d: D) {
        let divergence = |q: &[f64]| (0..6).map(|i| q[i] * tilted_value(&d, (P[i] / q[i]).ln())).sum();
        let error = apart(&step_of(&Game::non_saturating(d)), &gradient(divergence));
        assert!(error <= DIFFERENCES, "{name}: {error}");
    }
    for_each_divergence!(member law);
    for_each_divergence!(adaptor law);
    for_each_divergence!(smooth law);
}

#[test]
fn where_the_tilted_divergence_has_a_name_its_value_is_the_definitions() {
    fn law<D: Smooth + Tilt<Tilted: FDivergence>>(d: D) {
        for v in [-2.0, -0.3, 0.4, 1.5] {
            let (named, defined) = (d.tilt().value(v), tilted_value(&d, v));
            // Simpson's rule: (v/400)^4/180 times a fourth derivative of at most 1e4.
            assert!((named - defined).abs() <= 1e-8 * named, "{d:?} at {v}: {named} {defined}");
        }
    }
    law(ForwardKl);
    law(ReverseKl);
    law(Jeffreys);
    law(PearsonChi2);
    law(NeymanChi2);
    law(SquaredHellinger);
    law(alpha(0.3));
    law(JensenShannon);
    law(SoftForwardKl);
    law(2.5 * PearsonChi2 + SquaredHellinger);
}

/// Non-saturating, the total variation is followed all the same.
#[test]
fn games_of_the_total_variation_follow_it_where_the_critic_is_sure() {
    // An optimal critic, as sure as it can be.
    let q = softmax(&THETA);
    let losses: Vec<f64> = (0..6)
        .map(|i| {
            let tape = Tape::new();
            let v = tape.scalar(if P[i] > q[i] { 100.0 } else { -100.0 });
            let minimax = Game::minimax(TotalVariation).generator_loss(v).to_scalar().unwrap();
            let non_saturating = Game::non_saturating(TotalVariation).generator_loss(v).to_scalar().unwrap();
            assert_eq!(minimax, non_saturating);
            minimax
        })
        .collect();
    let mean = expectation(&q, losses.iter().copied());
    let step: Vec<f64> = q.iter().zip(&losses).map(|(q, loss)| q * (loss - mean)).collect();
    let error = apart(&step, &gradient_of(&TotalVariation));
    assert!(error <= DIFFERENCES, "{error}");
}

/// The gradient of what the critic scores as data, −real, computed without a generator's divergence.
#[test]
fn a_non_saturating_step_maximises_what_the_critic_scores_as_data() {
    fn law<D: Tilt + Smooth>(name: &str, d: D) {
        for v in [-3.0, -0.5, 0.0, 0.1, 2.0_f64] {
            let tape = Tape::new();
            let output = tape.scalar(v);
            let loss = Game::non_saturating(d).generator_loss(output);
            let [slope] = tape.grad(loss, [output]);
            let label_real = -d.real(v);
            // A few roundings.
            assert!(
                (loss.to_scalar().unwrap() - label_real).abs() <= 2e-15 * (1.0 + label_real.abs()),
                "{name} at {v}"
            );
            let expected = -(-v).exp() * d.curvature(v);
            assert!((slope.to_scalar().unwrap() - expected).abs() <= 1e-14 * expected.abs(), "{name} at {v}");
        }
    }
    for_each_divergence!(member law);
    for_each_divergence!(adaptor law);
}

fn follows<C: Variational, G: Objective<Critic = C::Critic>>(
    game: &Game<C, G>,
    d: &impl FDivergence,
    not: &impl FDivergence,
) {
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
    fn law<D: Smooth + ClosedForm<Gaussian<f64>>>(name: &str, d: D) {
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

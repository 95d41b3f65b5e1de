//! Penalties: against differences of the critic, and their own gradients against differences of the penalty.

use fenchel::autodiff::{Params, Path, Tape, TapeError, check};
use fenchel::divergence::{DivergenceError, Smooth, numeric_conjugate, penalty};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, LeakyRelu, Softplus, Tanh, evaluate};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{SampleReal, Var};

type Critic = (Dense, Tanh, Dense, Softplus, Dense);

const CRITIC: Critic = (Dense(5), Tanh, Dense(4), Softplus, Dense(1));

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn params(seed: u64) -> <Critic as Layer<f64>>::Params {
    CRITIC.init(&mut rng(seed), 2).unwrap().1
}

fn rows(n: usize, seed: u64) -> DMatrix<f64> {
    let mut rng = rng(seed);
    DMatrix::from_fn(n, 2, |_, _| f64::standard_normal(&mut rng))
}

/// Outputs of the critic, and the squared gradient at every row by central differences.
fn by_differences(params: &<Critic as Layer<f64>>::Params, x: &DMatrix<f64>) -> (Vec<f64>, Vec<f64>) {
    let output = |x: &DMatrix<f64>| evaluate(&CRITIC, &mut Tape::new(), params, x).unwrap();
    let h = 1e-5;
    let mut squared = vec![0.0; x.nrows()];
    for axis in 0..x.ncols() {
        let shifted = |by: f64| {
            let mut x = x.clone();
            x.column_mut(axis).add_scalar_mut(by);
            output(&x)
        };
        let slope = (shifted(h) - shifted(-h)) / (2.0 * h);
        squared.iter_mut().zip(slope.iter()).for_each(|(sum, slope)| *sum += slope * slope);
    }
    (output(x).as_slice().to_vec(), squared)
}

/// The rule is off by h^2/6 times a third derivative of at most about 10, and by a rounding over h, relative to slopes of about 1.
const DIFFERENCES: f64 = 1e-8;

/// The penalty `of` the critic's outputs and its inputs, as a number.
fn value(
    params: &<Critic as Layer<f64>>::Params,
    x: &DMatrix<f64>,
    of: impl for<'t> Fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>,
) -> f64 {
    let tape = Tape::new();
    let x = tape.var(x);
    of(CRITIC.apply(&tape, &params.lift(&tape), x), x).to_scalar().unwrap()
}

fn mean(terms: impl Iterator<Item = f64>) -> f64 {
    let terms: Vec<_> = terms.collect();
    terms.iter().sum::<f64>() / terms.len() as f64
}

#[test]
fn penalties_are_their_formulas_with_differences_for_gradients() {
    let (params, x) = (params(1), rows(7, 2));
    let (_, squared) = by_differences(&params, &x);
    let r1 = value(&params, &x, |v, x| penalty::r1(3.0, v, x));
    assert!((r1 - 1.5 * mean(squared.iter().copied())).abs() <= DIFFERENCES);
    let two_sided = value(&params, &x, |v, x| penalty::wasserstein(10.0, v, x));
    assert!((two_sided - 10.0 * mean(squared.iter().map(|s| (s.sqrt() - 1.0).powi(2)))).abs() <= 100.0 * DIFFERENCES);
}

/// From the paper's own formula, with the conjugate's second derivative by differences and T in place of v.
#[test]
fn the_penalty_of_roth_is_the_curvature_of_the_conjugate_times_the_gradient_of_its_argument() {
    fn law<D: Smooth>(name: &str, d: D) {
        let (params, x) = (params(3), rows(6, 4));
        let (v, squared) = by_differences(&params, &x);
        let expected = 0.05
            * mean(v.iter().zip(&squared).map(|(&v, &squared)| {
                let (t, h) = (d.real(v), 1e-4);
                let conjugate = |t: f64| numeric_conjugate(&d, t);
                let second = (conjugate(t + h) - 2.0 * conjugate(t) + conjugate(t - h)) / (h * h);
                let slope = (d.real(v + 1e-5) - d.real(v - 1e-5)) / 2e-5; // of T by v
                second * slope * slope * squared
            }));
        let found = value(&params, &x, |v, x| penalty::roth(&d, 0.1, v, x));
        // Second differences: h^2/12 times a fourth derivative, and a rounding over h^2, 1e-8.
        assert!((found - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{name}: {found} {expected}");
    }
    for_each_divergence!(smooth law);
}

/// E_P (1 − k)² ‖∇v‖² + E_Q k² ‖∇v‖², the authors' own form for Jensen-Shannon, where the critic is optimal: for N(1, 1) and N(0, 1), v = x − 1/2.
#[test]
fn the_penalty_of_roth_is_the_authors_form_at_the_optimum() {
    let mut rng = rng(19);
    let n = 200_000;
    let mut draws = |mean: f64| DMatrix::from_fn(n, 1, |_, _| f64::standard_normal(&mut rng) + mean);
    let (x, y) = (draws(1.0), draws(0.0));
    let tape = Tape::new();
    let y_var = tape.var(&y);
    let found = penalty::roth(&fenchel::divergence::JensenShannon, 2.0, y_var.shift(-0.5), y_var).to_scalar().unwrap();
    let k = |x: f64| 1.0 / (1.0 + (0.5 - x).exp());
    let authors = mean(x.iter().map(|&x| (1.0 - k(x)).powi(2))) + mean(y.iter().map(|&y| k(y).powi(2)));
    // Terms below 1, with a deviation below 1/3 each: five standard errors of the difference.
    assert!((found - authors).abs() <= 5.0 * (3.0 / 9.0 / n as f64).sqrt(), "{found} {authors}");
}

/// The gradient of every penalty by every parameter, to order 2: penalties are what second derivatives are for.
#[test]
fn the_gradients_of_penalties_are_right() {
    let (params, x) = (params(5), rows(4, 6));
    let mut leaves = Vec::new();
    params.visit(&Path::root(), &mut |_, leaf| leaves.push(leaf.clone()));
    type Penalty = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;
    let penalties: [(&str, Penalty); 4] = [
        ("r1", |v, x| penalty::r1(3.0, v, x)),
        ("wasserstein", |v, x| penalty::wasserstein(10.0, v, x)),
        ("roth, js", |v, x| penalty::roth(&fenchel::divergence::JensenShannon, 2.0, v, x)),
        ("roth, pearson", |v, x| penalty::roth(&fenchel::divergence::PearsonChi2, 2.0, v, x)),
    ];
    for (name, of) in penalties {
        let result = check::gradients(
            |tape, leaves| {
                let mut leaves = leaves.iter();
                let lifted = params.lift_with(&mut |_| *leaves.next().unwrap());
                let x = tape.var(&x);
                of(CRITIC.apply(tape, &lifted, x), x)
            },
            &leaves,
            2,
            &mut rng(7),
        );
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

#[test]
fn a_critic_that_is_flat_is_no_trouble() {
    let tape = Tape::new();
    let x = tape.var(&rows(3, 8));
    let w = tape.var(&DMatrix::zeros(2, 1));
    let v = x * w;
    let loss = penalty::wasserstein(10.0, v, x);
    assert_eq!(loss.to_scalar().unwrap(), 10.0); // (0 - 1)^2
    let [slope] = tape.grad(loss, [w]);
    assert_eq!(slope.to_matrix().unwrap(), DMatrix::zeros(2, 1)); // at the kink of the norm
    // And one with flat pieces.
    let net = (Dense(8), LeakyRelu, Dense(1));
    let (_, params) = Layer::<f64>::init(&net, &mut rng(9), 2).unwrap();
    let v = net.apply(&tape, &params.lift(&tape), x);
    assert!(penalty::r1(1.0, v, x).to_scalar().unwrap() > 0.0);
}

#[test]
fn samples_do_not_mix() {
    let params = params(10);
    let (many, one) = (rows(5, 11), rows(5, 11).rows(2, 1).into_owned());
    let squared = |x: &DMatrix<f64>| {
        let tape = Tape::new();
        let x = tape.var(x);
        penalty::squared_gradient_norms(CRITIC.apply(&tape, &params.lift(&tape), x), x).to_matrix().unwrap()
    };
    assert_eq!(squared(&many).shape(), (5, 1));
    // The same sums, possibly in another order.
    assert!((squared(&many)[2] - squared(&one)[0]).abs() <= 1e-14 * squared(&one)[0]);
}

#[test]
fn outputs_that_are_not_one_for_each_sample_are_refused() {
    let tape = Tape::new();
    let x = tape.var(&rows(3, 12));
    let v = x.tanh(); // two columns
    let error = penalty::r1(1.0, v, x).to_scalar().unwrap_err();
    assert_eq!(error, TapeError::ShapeMismatch { op: "a penalty", left: (3, 2), right: (3, 1) });
}

#[test]
fn interpolated_points_lie_on_the_segments() {
    let (x, y) = (rows(2000, 13), rows(2000, 14));
    let points = penalty::interpolate(&x, &y, &mut rng(15)).unwrap();
    let mut sum = 0.0;
    for i in 0..2000 {
        let along = |axis: usize| (points[(i, axis)] - x[(i, axis)]) / (y[(i, axis)] - x[(i, axis)]);
        assert!((0.0..1.0).contains(&along(0)));
        // Differences of numbers of about 1, over differences that may be small.
        let least = (y[(i, 0)] - x[(i, 0)]).abs().min((y[(i, 1)] - x[(i, 1)]).abs());
        assert!((along(0) - along(1)).abs() <= 1e-14 / least, "one number for each row");
        sum += along(0);
    }
    // Uniform: a mean of 1/2 with a standard error of 1/sqrt(12 n); five of them.
    assert!((sum / 2000.0 - 0.5).abs() < 5.0 / (12.0_f64 * 2000.0).sqrt());
    let error = penalty::interpolate(&x, &rows(3, 1), &mut rng(1)).unwrap_err();
    assert_eq!(error, DivergenceError::ShapeMismatch { p: (2000, 2), q: (3, 2) });
    assert_eq!(error.to_string(), "2000 x 2 rows of P, but 3 x 2 of Q");
}

/// In a game, a penalty keeps the critic flatter.
#[test]
fn a_penalised_critic_is_flatter() {
    use fenchel::autodiff::{Gradients, value_and_grad};
    use fenchel::divergence::{Game, JensenShannon};
    use fenchel::optim::Adam;

    let mut rng = rng(16);
    let mut batch = |shift: f64| DMatrix::from_fn(128, 2, |_, _| f64::standard_normal(&mut rng) + shift);
    let (x, y) = (batch(1.0), batch(-1.0));
    let train = |gamma: f64| {
        let (mut d, mut adam, mut gradients, mut tape) =
            (params(17), Adam::new(1e-2).unwrap(), Gradients::new(), Tape::new());
        for _ in 0..200 {
            value_and_grad(&mut tape, &d, &mut gradients, |t, d| {
                let (x, y) = (t.var(&x), t.var(&y));
                let (v_data, v_samples) = (CRITIC.apply(t, d, x), CRITIC.apply(t, d, y));
                let loss = Game::minimax(JensenShannon).critic_loss(v_data, v_samples);
                loss + penalty::roth(&JensenShannon, gamma, v_samples, y)
            })
            .unwrap();
            adam.update(&mut d, &gradients).unwrap();
        }
        mean(by_differences(&d, &y).1.into_iter())
    };
    let (free, damped) = (train(0.0), train(2.0));
    assert!(damped < 0.5 * free, "{damped} {free}");
}

/// Rows of numbers in (0, 1), so that `rand`'s uniform is used and not only normals.
#[test]
fn single_precision_too() {
    let mut rng = rng(18);
    let x = DMatrix::<f32>::from_fn(4, 3, |_, _| rng.random());
    let y = DMatrix::<f32>::from_fn(4, 3, |_, _| rng.random());
    assert_eq!(penalty::interpolate(&x, &y, &mut rng).unwrap().shape(), (4, 3));
}

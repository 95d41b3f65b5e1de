//! Adam against its paper in decimal arithmetic, schedules, averages, and what happens when something is wrong.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fenchel::OptimError;
use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{AffineParams, Dense, Layer, Tanh};
use fenchel::optim::{Adam, Average, Schedule};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn row(values: &[f64]) -> DMatrix<f64> {
    DMatrix::from_row_slice(1, values.len(), values)
}

fn gradients(values: &[DMatrix<f64>]) -> Gradients<f64> {
    Gradients::from(values.to_vec())
}

/// tests/data/adam.csv, written by tests/data/adam.py: Algorithm 1 of the paper with 60 digits.
fn stored(betas: (f64, f64)) -> Vec<([f64; 3], [f64; 3])> {
    include_str!("data/adam.csv")
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|field| field.parse().unwrap()).collect::<Vec<f64>>())
        .filter(|fields| (fields[0], fields[1]) == betas)
        .map(|fields| ([fields[3], fields[4], fields[5]], [fields[6], fields[7], fields[8]]))
        .collect()
}

#[test]
fn adam_follows_its_paper_for_100_steps() {
    for betas in [(0.9, 0.999), (0.5, 0.9)] {
        let steps = stored(betas);
        assert_eq!(steps.len(), 100);
        let mut adam = Adam::new(0.01).unwrap().with_betas(betas.0, betas.1).unwrap();
        let mut x = row(&[1.0, -2.0, 0.25]);
        for (t, (g, expected)) in steps.into_iter().enumerate() {
            let g = gradients(&[row(&g)]);
            adam.update(&mut x, &g).unwrap();
            // A step is at most some 0.01 and right to about 1e-13 (1 - 0.999 has that error at worst, and it cancels), a hundred of
            // them add up to 1e-13.
            let difference = (&x - row(&expected)).amax();
            assert!(difference <= 1e-12, "betas {betas:?}, step {}: off by {difference}", t + 1);
        }
        assert_eq!(adam.steps(), 100);
    }
}

#[test]
fn the_default_decay_rates_are_those_of_the_paper() {
    let mut default = Adam::new(0.01).unwrap();
    let mut explicit = Adam::new(0.01).unwrap().with_betas(0.9, 0.999).unwrap();
    assert_eq!(default, explicit);
    let (mut a, mut b) = (row(&[1.0, 2.0]), row(&[1.0, 2.0]));
    let g = gradients(&[row(&[0.3, -4.0])]);
    default.update(&mut a, &g).unwrap();
    explicit.update(&mut b, &g).unwrap();
    assert_eq!(a, b);
}

#[test]
fn adam_without_memory_is_sign_descent_at_every_step() {
    let mut adam = Adam::new(0.125).unwrap().with_betas(0.0, 0.0).unwrap();
    let mut x = row(&[1.0, 1.0]);
    for (g, expected) in [([3.0, -5.0], [0.875, 1.125]), ([-2.0, -7.0], [1.0, 1.25]), ([90.0, 100.0], [0.875, 1.125])] {
        let g = gradients(&[row(&g)]);
        adam.update(&mut x, &g).unwrap();
        // epsilon = 1e-8 against a gradient of at least 2 shortens a step of 1/8 by at most 6e-10; three steps.
        assert!((&x - row(&expected)).amax() <= 2e-9, "{x}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_first_step_has_the_size_of_the_rate(exponent in -4.0_f64..60.0, negative: bool, rate in 1e-5_f64..1.0) {
        let size = 10.0_f64.powf(exponent);
        let g = if negative { -size } else { size };
        let mut x = row(&[0.0]);
        let g = gradients(&[row(&[g])]);
        Adam::new(rate).unwrap().update(&mut x, &g).unwrap();
        let expected = if negative { rate } else { -rate };
        // epsilon / |g| by the formula, and a dozen roundings, among them that of 1 - 0.999 (1e-13).
        prop_assert!((x[0] - expected).abs() <= rate * (1e-8 / size + 1e-12));
    }

    #[test]
    fn a_gradient_of_zero_leaves_the_parameters(x in -1e6_f64..1e6, steps in 1_usize..5) {
        let mut adam = Adam::new(0.1).unwrap();
        let mut moved = row(&[x]);
        let zero = gradients(&[row(&[0.0])]);
        for _ in 0..steps {
            adam.update(&mut moved, &zero).unwrap();
        }
        prop_assert_eq!(moved[0], x);
    }

    #[test]
    fn cosine_falls_from_the_first_rate_to_the_last(initial in 0.1_f64..1.0, last in 0.0_f64..0.1, steps in 1_u64..1000) {
        let schedule = Schedule::Cosine { initial, last, steps };
        let rates: Vec<_> = (0..=steps + 3).map(|t| schedule.rate(t)).collect();
        prop_assert!((rates[0] - initial).abs() <= 1e-15); // last + (initial - last): roundings of numbers below 1
        prop_assert!(rates.windows(2).all(|pair| pair[1] <= pair[0]));
        prop_assert!(rates[steps as usize..].iter().all(|&rate| rate == last));
        // Half a cosine is odd about its middle; rates below 1, a few roundings each.
        prop_assert!((0..=steps as usize).all(|t| (rates[t] + rates[steps as usize - t] - initial - last).abs() <= 1e-15));
    }
}

#[test]
fn cosine_has_its_closed_values_at_halves_thirds_and_quarters() {
    let schedule = Schedule::Cosine { initial: 3.0, last: 1.0, steps: 12 };
    let root = |x: f64| x.sqrt();
    let expected = [
        (0, 3.0),
        (2, 2.0 + root(3.0) / 2.0), // cos 30° = √3/2
        (3, 2.0 + root(2.0) / 2.0), // cos 45° = √2/2
        (4, 2.5),                   // cos 60° = 1/2
        (6, 2.0),
        (8, 1.5),
        (12, 1.0),
        (13, 1.0),
        (u64::MAX, 1.0),
    ];
    for (t, rate) in expected {
        assert!((schedule.rate(t) - rate).abs() <= 1e-15, "after {t} steps: {}", schedule.rate(t)); // units in the last place of 3
    }
    assert_eq!(Schedule::Cosine { initial: 3.0, last: 1.0, steps: 0 }.rate(0), 1.0);
}

#[test]
fn a_number_is_a_constant_schedule() {
    assert_eq!(Schedule::from(0.5), Schedule::Constant(0.5));
    assert_eq!((Schedule::from(0.5).rate(0), Schedule::from(0.5).rate(u64::MAX)), (0.5, 0.5));
    assert_eq!(Adam::<f64>::new(0.5).unwrap(), Adam::new(Schedule::Constant(0.5)).unwrap());
}

#[test]
fn adam_uses_the_rate_of_each_step() {
    // Without memory every step has the size of its rate: the cosine can be read off the steps.
    let schedule = Schedule::Cosine { initial: 1.0, last: 0.0, steps: 4 };
    let mut adam = Adam::new(schedule).unwrap().with_betas(0.0, 0.0).unwrap();
    let mut x = row(&[0.0]);
    let g = gradients(&[row(&[-1e3])]);
    let quarter = (1.0 + 0.5_f64.sqrt()) / 2.0;
    for expected in [1.0, quarter, 0.5, 1.0 - quarter, 0.0, 0.0] {
        let before = x[0];
        adam.update(&mut x, &g).unwrap();
        assert!((x[0] - before - expected).abs() <= 1e-10, "{expected}"); // epsilon / |g| = 1e-11
    }
}

#[test]
fn a_setting_out_of_range_is_an_error_with_its_name_and_value() {
    type Attempt = Result<Adam<f64>, OptimError>;
    let betas = |beta1, beta2| Adam::new(0.1).and_then(|adam| adam.with_betas(beta1, beta2));
    let cosine = |initial, last| Adam::new(Schedule::Cosine { initial, last, steps: 10 });
    let cases: Vec<(Attempt, &str, f64)> = vec![
        (Adam::new(0.0), "rate", 0.0),
        (Adam::new(-0.1), "rate", -0.1),
        (Adam::new(f64::NAN), "rate", f64::NAN),
        (Adam::new(f64::INFINITY), "rate", f64::INFINITY),
        (cosine(0.0, 0.0), "initial", 0.0),
        (cosine(f64::NAN, 0.0), "initial", f64::NAN),
        (cosine(1.0, -1e-3), "last", -1e-3),
        (cosine(1.0, f64::NAN), "last", f64::NAN),
        (cosine(1.0, f64::INFINITY), "last", f64::INFINITY),
        (betas(1.0, 0.999), "beta1", 1.0),
        (betas(-0.1, 0.999), "beta1", -0.1),
        (betas(f64::NAN, 0.999), "beta1", f64::NAN),
        (betas(0.9, 1.0), "beta2", 1.0),
        (betas(0.9, -0.1), "beta2", -0.1),
        (betas(0.9, f64::NAN), "beta2", f64::NAN),
    ];
    for (attempt, part_of_name, expected) in cases {
        let error = attempt.expect_err(part_of_name);
        let text = error.to_string();
        assert!(
            matches!(error, OptimError::InvalidSetting { name, value, .. }
                if name.contains(part_of_name) && (value == expected || value.is_nan() && expected.is_nan())),
            "{part_of_name}, {expected}: {text}"
        );
        assert!(text.contains(part_of_name) && text.contains(&format!("{expected}")), "{text}");
    }
    assert!(betas(0.0, 0.0).is_ok() && cosine(1.0, 0.0).is_ok() && cosine(1.0, 2.0).is_ok());
    for decay in [1.0, -0.1, f64::NAN, f64::INFINITY] {
        let error = Average::new(decay, row(&[0.0])).expect_err("a decay");
        assert!(matches!(error, OptimError::InvalidSetting { name, .. } if name.contains("decay")), "{error}");
    }
}

type Tree = (AffineParams<DMatrix<f64>>, (), AffineParams<DMatrix<f64>>);

fn tree() -> Tree {
    (Dense(3), Tanh, Dense(2)).init(&mut Xoshiro256PlusPlus::seed_from_u64(1), 2).unwrap().1
}

/// Some gradients for `tree`, different at every step.
fn good(step: u32) -> Vec<DMatrix<f64>> {
    [(2, 3), (1, 3), (3, 2), (1, 2)]
        .map(|(rows, columns)| {
            DMatrix::from_fn(rows, columns, |i, j| (f64::from(step) + 2.0 * i as f64 - j as f64).sin())
        })
        .to_vec()
}

#[test]
fn a_gradient_that_is_not_finite_is_named_and_changes_nothing() {
    // (leaf, path, row, column) for a place in every leaf.
    let places = [(0, "0.weight", 1, 2), (1, "0.bias", 0, 1), (2, "2.weight", 2, 0), (3, "2.bias", 0, 1)];
    for steps_before in [0, 1, 3] {
        for (leaf, expected_path, r, c) in places {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let (mut params, mut adam) = (tree(), Adam::new(0.1).unwrap());
                for step in 0..steps_before {
                    adam.update(&mut params, &gradients(&good(step))).unwrap();
                }
                let (params_before, adam_before) = (params.clone(), adam.clone());
                let mut values = good(99);
                values[leaf][(r, c)] = bad;
                let error = adam.update(&mut params, &gradients(&values)).unwrap_err();
                let text = error.to_string();
                let OptimError::NonFiniteGradient { step, path, row, column, value } = error else {
                    panic!("{text}");
                };
                assert_eq!((step, path.as_str(), row, column), (u64::from(steps_before) + 1, expected_path, r, c));
                assert!(value == bad || value.is_nan() && bad.is_nan());
                assert!(text.contains(expected_path) && text.contains(&format!("row {r}, column {c}")), "{text}");
                assert_eq!((&params, &adam), (&params_before, &adam_before));

                // The next good step is the one that would have been taken.
                let (mut undisturbed, mut its_adam) = (params_before, adam_before);
                adam.update(&mut params, &gradients(&good(7))).unwrap();
                its_adam.update(&mut undisturbed, &gradients(&good(7))).unwrap();
                assert_eq!((params, adam), (undisturbed, its_adam));
            }
        }
    }
}

#[test]
fn the_first_of_several_bad_gradients_is_named() {
    let (mut params, mut values) = (tree(), good(1));
    values[1][(0, 2)] = f64::NAN;
    values[3][(0, 0)] = f64::INFINITY;
    let error = Adam::new(0.1).unwrap().update(&mut params, &gradients(&values)).unwrap_err();
    assert!(matches!(error, OptimError::NonFiniteGradient { path, column: 2, .. } if path == "0.bias"));
}

#[test]
fn gradients_of_another_tree_are_an_error_and_change_nothing() {
    let (mut params, mut adam) = (tree(), Adam::new(0.1).unwrap());
    let before = (params.clone(), adam.clone());
    let error = adam.update(&mut params, &gradients(&[row(&[1.0])])).unwrap_err();
    assert_eq!(error, OptimError::LeafCount { expected: 4, found: 1 });
    let error = adam.update(&mut params, &Gradients::new()).unwrap_err();
    assert_eq!(error, OptimError::LeafCount { expected: 4, found: 0 });

    let mut values = good(1);
    values[2] = DMatrix::zeros(2, 3);
    let error = adam.update(&mut params, &gradients(&values)).unwrap_err();
    assert_eq!(error, OptimError::LeafShape { path: "2.weight".into(), expected: (3, 2), found: (2, 3) });
    assert_eq!(error.to_string(), "'2.weight' is 2 x 3, not 3 x 2");
    assert_eq!((params, adam), before);
}

#[test]
fn a_state_that_has_stepped_belongs_to_parameters_of_those_shapes() {
    let mut adam = Adam::new(0.1).unwrap();
    let mut small = row(&[1.0, 2.0]);
    let g = gradients(&[row(&[1.0, 1.0])]);
    adam.update(&mut small, &g).unwrap();
    let before = adam.clone();

    let mut large = row(&[1.0, 2.0, 3.0]);
    let g = gradients(&[row(&[1.0, 1.0, 1.0])]);
    assert!(matches!(adam.update(&mut large, &g), Err(OptimError::LeafShape { .. })));
    let mut params = tree();
    let g = gradients(&good(1));
    assert!(matches!(adam.update(&mut params, &g), Err(OptimError::LeafCount { .. })));
    assert_eq!(adam, before);
    assert_eq!(large, row(&[1.0, 2.0, 3.0]));
}

#[test]
fn adam_treats_every_entry_of_a_tree_by_itself() {
    // One leaf of a tree moves as it would alone.
    let (mut params, mut adam) = (tree(), Adam::new(0.1).unwrap());
    let (mut alone, mut its_adam) = (params.2.weight.clone(), Adam::new(0.1).unwrap());
    for step in 0..5 {
        adam.update(&mut params, &gradients(&good(step))).unwrap();
        let g = gradients(&good(step)[2..3]);
        its_adam.update(&mut alone, &g).unwrap();
    }
    assert_eq!(params.2.weight, alone);
}

#[test]
fn adam_of_f32_follows_adam_of_f64() {
    let (mut single, mut double) = (DMatrix::from_element(1, 1, 1.0_f32), row(&[1.0]));
    let (mut adam32, mut adam64) = (Adam::new(0.01).unwrap(), Adam::new(0.01).unwrap());
    let (mut g32, mut g64) = (Gradients::new(), Gradients::new());
    for _ in 0..100 {
        value_and_grad(&mut Tape::new(), &single, &mut g32, |_, x| x.square().sum()).unwrap();
        value_and_grad(&mut Tape::new(), &double, &mut g64, |_, x| x.square().sum()).unwrap();
        adam32.update(&mut single, &g32).unwrap();
        adam64.update(&mut double, &g64).unwrap();
    }
    // A hundred roundings of 6e-8 at numbers of order one.
    assert!((f64::from(single[0]) - double[0]).abs() <= 1e-5, "{} and {}", single[0], double[0]);
}

#[test]
fn an_average_of_a_constant_converges_at_the_rate_of_its_decay() {
    let mut average = Average::new(0.5, row(&[0.0, 8.0])).unwrap();
    for n in 1..=40 {
        average.update(&row(&[1.0, -8.0])).unwrap();
        let left = 0.5_f64.powi(n);
        assert_eq!(*average.params(), row(&[1.0 - left, -8.0 + 16.0 * left])); // powers of two: exact
    }
    let mut average = Average::new(0.9, row(&[0.0])).unwrap();
    (0..400).for_each(|_| average.update(&row(&[1.0])).unwrap());
    assert!((average.params()[0] - 1.0).abs() <= 1e-15); // 0.9^400 = 5e-19, and it stops within a unit in the last place or two
}

#[test]
fn an_average_without_memory_is_the_last_parameters() {
    let mut average = Average::new(0.0, tree()).unwrap();
    let mut moved = tree();
    moved.0.weight.fill(0.1);
    moved.2.bias.fill(-7e3);
    average.update(&moved).unwrap();
    assert_eq!(*average.params(), moved);
    assert_eq!(average.into_params(), moved);
}

#[test]
fn averaging_parameters_of_other_shapes_is_an_error_and_changes_nothing() {
    let mut average = Average::new(0.5, row(&[1.0, 2.0])).unwrap();
    let error = average.update(&row(&[1.0, 2.0, 3.0])).unwrap_err();
    assert_eq!(error, OptimError::LeafShape { path: String::new(), expected: (1, 2), found: (1, 3) });
    assert_eq!(*average.params(), row(&[1.0, 2.0]));

    let mut average = Average::new(0.5, tree()).unwrap();
    let mut other = tree();
    other.2.bias = row(&[0.0]);
    let error = average.update(&other).unwrap_err();
    assert_eq!(error, OptimError::LeafShape { path: "2.bias".into(), expected: (1, 2), found: (1, 1) });
    assert_eq!(*average.params(), tree());
}

#[test]
fn adam_circles_in_a_bilinear_game_and_the_average_comes_closer() {
    // min over x, max over y of x y: the gradients (y, -x) turn the iterates about the solution (0, 0), and never point at it.
    let (mut x, mut y) = (row(&[1.0]), row(&[1.0]));
    let (mut x_adam, mut y_adam) = (Adam::new(0.02).unwrap(), Adam::new(0.02).unwrap());
    let mut average = Average::new(0.999, (x.clone(), y.clone())).unwrap();
    let radius = |x: &DMatrix<f64>, y: &DMatrix<f64>| x[0].hypot(y[0]);
    for step in 0..10_000 {
        let (gx, gy) = (gradients(std::slice::from_ref(&y)), gradients(&[-x.clone()]));
        x_adam.update(&mut x, &gx).unwrap();
        y_adam.update(&mut y, &gy).unwrap();
        average.update(&(x.clone(), y.clone())).unwrap();
        // From here on, five memories of the average have passed.
        if step >= 5000 {
            let (iterate, average) = (radius(&x, &y), radius(&average.params().0, &average.params().1));
            assert!(iterate >= 1.0, "step {step}: the iterates come closer than they began, to {iterate}");
            // Adam moves each player by about its rate, so with w = 0.02 / 7 radians a step at the radius of 7 that it spirals out to.
            // An exponential average shrinks a circle by 1/sqrt(1 + (w/0.001)²) = 0.33; a growing one by a little less.
            assert!(average <= 0.5 * iterate, "step {step}: the average is at {average}, the iterate at {iterate}");
        }
    }
}

#[test]
fn a_gradient_too_large_to_square_is_an_error_and_not_a_parameter_that_never_moves_again() {
    let mut params = DMatrix::from_element(1, 1, 1.0_f32);
    let mut adam = Adam::new(0.1).unwrap();
    let large = Gradients::from(vec![DMatrix::from_element(1, 1, 1e21_f32)]);
    let error = adam.update(&mut params, &large).unwrap_err();
    assert!(matches!(error, OptimError::NonFiniteGradient { step: 1, row: 0, column: 0, .. }), "{error}");
    assert_eq!((params[(0, 0)], adam.steps()), (1.0, 0));
    let unit = Gradients::from(vec![DMatrix::from_element(1, 1, 1.0_f32)]);
    adam.update(&mut params, &unit).unwrap();
    assert!((params[(0, 0)] - 0.9).abs() < 1e-6); // a first step of size rate, in f32
}

#[test]
fn a_rate_that_the_precision_cannot_hold_is_refused() {
    for rate in [1e-60, 1e60] {
        assert!(Adam::<f64>::new(rate).is_ok());
        assert!(
            matches!(Adam::<f32>::new(rate).unwrap_err(), OptimError::InvalidSetting { value, .. } if value == rate)
        );
    }
}

#[test]
fn a_count_that_is_set_goes_into_the_bias_correction_and_leaves_the_moments() {
    // By hand, with g = 1 then 1 and t = 1 twice: m = 0.1 then 0.19, v = 0.001 then 0.001999, corrected by 0.1 and 0.001.
    let mut params = row(&[0.0]);
    let mut adam = Adam::new(0.1).unwrap();
    let g = gradients(&[row(&[1.0])]);
    adam.update(&mut params, &g).unwrap();
    adam.set_steps(0);
    adam.update(&mut params, &g).unwrap();
    let expected = -0.1 - 0.1 * 1.9 / 1.999_f64.sqrt();
    // ε = 1e-8 beside a root of 1 moves each step by 1e-9.
    assert!((params[(0, 0)] - expected).abs() < 3e-9, "{} {expected}", params[(0, 0)]);
    assert_eq!(adam.steps(), 1);
}

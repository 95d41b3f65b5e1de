//! What happens when something is wrong.

use fenchel::OptimError;
use fenchel::autodiff::Gradients;
use fenchel::nalgebra::DMatrix;
use fenchel::optim::{Adagrad, Adam, Average, Momentum, Nadam, Nesterov, OptimisticAdam, RmsProp, Schedule, Sgd, Sm3};

use crate::{good, gradients, row, tree};

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
            matches!(error, OptimError::InvalidSetting { what: name, value, .. }
                if name.contains(part_of_name) && (value == expected || value.is_nan() && expected.is_nan())),
            "{part_of_name}, {expected}: {text}"
        );
        assert!(text.contains(part_of_name) && text.contains(&format!("{expected}")), "{text}");
    }
    assert!(betas(0.0, 0.0).is_ok() && cosine(1.0, 0.0).is_ok() && cosine(1.0, 2.0).is_ok());
    for decay in [1.0, -0.1, f64::NAN, f64::INFINITY] {
        let error = Average::new(decay, row(&[0.0])).expect_err("a decay");
        assert!(matches!(error, OptimError::InvalidSetting { what: name, .. } if name.contains("decay")), "{error}");
    }
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
fn every_setting_of_every_rule_is_checked() {
    fn check<O>(name: &str, attempt: impl Fn(f64) -> Result<O, OptimError>, good: &[f64], bad: &[f64]) {
        good.iter().for_each(|&value| assert!(attempt(value).is_ok(), "{name} {value}"));
        for &value in bad.iter().chain(&[f64::NAN, f64::INFINITY, -0.5]) {
            let Err(error) = attempt(value) else { panic!("{name} may be {value}") };
            assert!(
                matches!(error, OptimError::InvalidSetting { what: of, value: v, .. }
                    if of.contains(name) && (v == value || v.is_nan() && value.is_nan())),
                "{name}: {error}"
            );
        }
    }
    let decays = (&[0.0, 0.5, 1.0 - 1e-9][..], &[1.0, 1.5][..]);
    check("mass", |x| Momentum::<f64>::new(0.1)?.with_mass(x), decays.0, decays.1);
    check("mass", |x| Nesterov::<f64>::new(0.1)?.with_mass(x), decays.0, decays.1);
    check("momentum", |x| Adagrad::<f64>::new(0.1)?.with_momentum(x), decays.0, decays.1);
    check("momentum", |x| Sm3::<f64>::new(0.1)?.with_momentum(x), decays.0, decays.1);
    check("momentum", |x| RmsProp::<f64>::new(0.1)?.with_momentum(x), decays.0, decays.1);
    check("gamma", |x| RmsProp::<f64>::new(0.1)?.with_gamma(x), decays.0, decays.1);
    check("epsilon", |x| RmsProp::<f64>::new(0.1)?.with_epsilon(x), &[1e-60, 2.0], &[0.0]);
    check("epsilon", |x| Nadam::<f64>::new(0.1)?.with_epsilon(x), &[1e-60, 2.0], &[0.0]);
    check("optimism", |x| OptimisticAdam::<f64>::new(0.1)?.with_optimism(x), &[0.0, 3.0], &[]);
    check("weight decay", |x| Sgd::<f64>::new(0.1)?.with_weight_decay(x), &[0.0, 3.0], &[]);
    // In f32, 1 - 1e-9 is 1, which forgets nothing, and 1e-60 is 0, which divides by it.
    check("beta1", |x| Adam::<f32>::new(0.1)?.with_betas(x, 0.9), &[0.0, 0.999], &[1.0 - 1e-9]);
    check("beta2", |x| Adam::<f32>::new(0.1)?.with_betas(0.9, x), &[0.0, 0.999], &[1.0 - 1e-9]);
    check("epsilon", |x| Adam::<f32>::new(0.1)?.with_epsilon(x), &[1e-8], &[1e-60]);
}

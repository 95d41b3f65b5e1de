//! Averages of parameters.

use fenchel::OptimError;
use fenchel::nalgebra::DMatrix;
use fenchel::optim::Average;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};

use crate::every::Tracking;
use crate::{row, tree};

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
fn a_mean_and_an_unbiased_average_are_the_sums_that_they_stand_for() {
    let xs: Vec<f64> = (0..50).map(|n| f64::from(n).sin() + 2.0).collect();
    for decay in [0.0, 0.5, 0.99, 1.0 - 1e-9, 1.0 - 1e-14] {
        let mut mean = Average::mean(row(&[1e9]));
        let mut unbiased = Average::unbiased(decay, row(&[1e9])).unwrap();
        for n in 1..=xs.len() {
            mean.update(&row(&xs[n - 1..n])).unwrap();
            unbiased.update(&row(&xs[n - 1..n])).unwrap();
            let plain = xs[..n].iter().sum::<f64>() / n as f64;
            let weights = (0..n).map(|i| decay.powi((n - 1 - i) as i32));
            let weighted = weights.clone().zip(&xs).map(|(w, x)| w * x).sum::<f64>() / weights.sum::<f64>();
            // Numbers of at most 3, a few roundings a step, of which the later are weighed down.
            assert!((mean.params()[0] - plain).abs() <= 1e-14, "step {n}");
            assert!((unbiased.params()[0] - weighted).abs() <= 1e-14, "decay {decay}, step {n}");
        }
        assert_eq!((mean.steps(), unbiased.steps()), (50, 50));
    }
}

/// Of numbers that are farther apart than the numbers reach.
#[test]
fn averages_of_the_largest_numbers_are_numbers() {
    let mut exponential = Average::new(0.9, row(&[1e308])).unwrap();
    exponential.update(&row(&[-1e308])).unwrap();
    assert!((exponential.params()[0] / 8e307 - 1.0).abs() < 1e-15); // three roundings
    let mut mean = Average::mean(row(&[0.0]));
    for (x, expected) in [(1.5e308, 1.5e308), (-1.5e308, 0.0), (1.5e308, 5e307)] {
        mean.update(&row(&[x])).unwrap();
        assert!((mean.params()[0] - expected).abs() <= 1e-15 * 1.5e308, "{} {expected}", mean.params()[0]);
    }
}

#[test]
fn tracked_leaves_are_copied_and_not_averaged() {
    let at = |x: f64| Tracking { mean: row(&[x]), weight: row(&[x]) };
    let mut average = Average::new(0.5, at(0.0)).unwrap();
    average.update(&at(8.0)).unwrap();
    assert_eq!(*average.params(), Tracking { mean: row(&[8.0]), weight: row(&[4.0]) });
}

#[test]
fn averaging_what_is_not_finite_or_has_other_leaves_is_an_error_and_changes_nothing() {
    for average in [Average::new(0.5, tree()).unwrap(), Average::unbiased(0.5, tree()).unwrap(), Average::mean(tree())]
    {
        let (mut average, before) = (average.clone(), average);
        let mut bad = tree();
        bad.2.weight[(2, 1)] = f64::NAN;
        let error = average.update(&bad).unwrap_err();
        assert!(
            matches!(&error, OptimError::NonFinite { path, row: 2, column: 1, .. } if path == "2.weight"),
            "{error}"
        );
        assert_eq!(average, before);
    }
    let mut average = Average::mean(vec![row(&[1.0]); 3]);
    let error = average.update(&vec![row(&[1.0]); 2]).unwrap_err();
    assert_eq!(error, OptimError::LeafCount { expected: 3, found: 2 });
    for decay in [1.0, -0.1, f64::NAN] {
        assert!(matches!(Average::unbiased(decay, ()), Err(OptimError::InvalidSetting { what: "the decay", .. })));
    }
}

#[test]
fn averages_of_f32_do_not_drift() {
    // The mean of a constant is the constant, after a million steps; and of noise, it is what f64 finds of the same numbers.
    let at = |x: f32| DMatrix::from_element(1, 1, x);
    let (mut constant, mut noisy, mut unbiased) =
        (Average::mean(at(9.0)), Average::mean(at(0.0)), Average::unbiased(0.9999, at(9.0)).unwrap());
    let (mut rng, mut exact) = (Xoshiro256PlusPlus::seed_from_u64(1), 0.0_f64);
    let n = 1_000_000;
    for _ in 0..n {
        let x = 1.0 + 0.1 * (rng.random::<f32>() - 0.5);
        constant.update(&at(0.1)).unwrap();
        unbiased.update(&at(0.1)).unwrap();
        noisy.update(&at(x)).unwrap();
        exact += f64::from(x) / f64::from(n);
    }
    assert_eq!((constant.params()[0], unbiased.params()[0]), (0.1, 0.1));
    // Once a step is less than half a unit in the last place, 3e-8, it is lost: from 0.05/3e-8 steps on; until then the rounding errors, of 3e-8 each,
    // are forgotten as fast as they come: some 3e-8 times the root of a million steps, at most.
    assert!((f64::from(noisy.params()[0]) - exact).abs() < 3e-5, "{} {exact}", noisy.params()[0]);
}

#[test]
fn what_an_average_began_with_is_gone_after_its_first_step_whatever_it_was() {
    let at = |x: f64| DMatrix::from_element(1, 1, x);
    for start in [f64::INFINITY, f64::NAN] {
        for mut average in [
            Average::mean(at(start)),
            Average::unbiased(0.9, at(start)).unwrap(),
            Average::new(0.0, at(start)).unwrap(),
        ] {
            average.update(&at(1.0)).unwrap();
            assert_eq!(average.params()[0], 1.0);
        }
    }
}

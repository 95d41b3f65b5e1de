//! Schedules: closed values, and the settings that they may have.

use fenchel::OptimError;
use fenchel::nalgebra::DMatrix;
use fenchel::optim::{Adam, Schedule};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::{gradients, row};

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

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
fn every_schedule_keeps_its_bounds_at_all_counts_and_never_turns_nan() {
    let then = |schedule| Schedule::WarmUp { start: 0.0, steps: 7, then: Box::new(schedule) };
    for steps in [1, 10, u64::MAX] {
        let schedules = [
            Schedule::Exponential { initial: 0.5, factor: 1e-300, steps, staircase: false },
            Schedule::Exponential { initial: 0.5, factor: 1.0, steps, staircase: true },
            Schedule::InverseTime { initial: 0.5, decay: f64::MAX, steps, staircase: false },
            Schedule::InverseTime { initial: 0.5, decay: 0.0, steps, staircase: true },
            Schedule::Polynomial { initial: 0.5, last: 0.0, power: 1e-300, steps },
            Schedule::Polynomial { initial: 0.5, last: 0.0, power: f64::MAX, steps },
            Schedule::Cosine { initial: 0.5, last: 0.0, steps },
            Schedule::Piecewise { initial: 0.5, changes: vec![(steps, 0.25)] },
            then(Schedule::Cosine { initial: 0.5, last: 0.0, steps }),
            then(then(Schedule::Constant(0.5))),
        ];
        for schedule in schedules {
            Adam::<f64>::new(schedule.clone()).unwrap();
            for t in [0, 1, 6, 7, 8, 10, 1000, u64::MAX - 1, u64::MAX] {
                let rate = schedule.rate(t);
                assert!((0.0..=0.5).contains(&rate), "{schedule:?} after {t} steps: {rate}");
            }
        }
    }
}

#[test]
fn a_schedule_of_no_steps_is_at_its_end() {
    let polynomial = Schedule::Polynomial { initial: 1.0, last: 0.25, power: 2.0, steps: 0 };
    let warm_up = Schedule::WarmUp { start: 0.0, steps: 0, then: Box::new(polynomial) };
    assert_eq!((warm_up.rate(0), warm_up.rate(1)), (0.25, 0.25));
}

#[test]
fn a_setting_of_a_schedule_out_of_range_is_an_error_with_its_name_and_value() {
    let exponential = |initial, factor, steps| Schedule::Exponential { initial, factor, steps, staircase: false };
    let inverse_time = |initial, decay, steps| Schedule::InverseTime { initial, decay, steps, staircase: false };
    let polynomial = |initial, last, power| Schedule::Polynomial { initial, last, power, steps: 5 };
    let piecewise = |initial, changes: &[(u64, f64)]| Schedule::Piecewise { initial, changes: changes.to_vec() };
    let warm_up = |start, then| Schedule::WarmUp { start, steps: 5, then: Box::new(then) };
    let cases = [
        (exponential(0.0, 0.5, 5), "initial", 0.0),
        (exponential(0.1, 0.0, 5), "factor", 0.0),
        (exponential(0.1, 1.5, 5), "factor", 1.5),
        (exponential(0.1, f64::NAN, 5), "factor", f64::NAN),
        (exponential(0.1, 0.5, 0), "steps", 0.0),
        (inverse_time(f64::INFINITY, 0.5, 5), "initial", f64::INFINITY),
        (inverse_time(0.1, -0.5, 5), "decay", -0.5),
        (inverse_time(0.1, f64::NAN, 5), "decay", f64::NAN),
        (inverse_time(0.1, 0.5, 0), "steps", 0.0),
        (polynomial(-1.0, 0.1, 1.0), "initial", -1.0),
        (polynomial(0.1, -0.1, 1.0), "last", -0.1),
        (polynomial(0.1, 0.1, 0.0), "power", 0.0),
        (polynomial(0.1, 0.1, f64::INFINITY), "power", f64::INFINITY),
        (piecewise(f64::NAN, &[]), "initial", f64::NAN),
        (piecewise(0.1, &[(0, 0.1)]), "boundary", 0.0),
        (piecewise(0.1, &[(5, 0.1), (5, 0.2)]), "boundary", 5.0),
        (piecewise(0.1, &[(5, 0.1), (4, 0.2)]), "boundary", 4.0),
        (piecewise(0.1, &[(5, -0.1)]), "boundary", -0.1),
        (warm_up(-0.1, Schedule::Constant(0.1)), "start", -0.1),
        (warm_up(0.0, Schedule::Constant(0.0)), "rate", 0.0),
        (warm_up(0.0, warm_up(f64::NAN, Schedule::Constant(0.1))), "start", f64::NAN),
    ];
    for (schedule, part_of_name, expected) in cases {
        let error = Adam::<f64>::new(schedule.clone()).expect_err(part_of_name);
        assert!(
            matches!(error, OptimError::InvalidSetting { what: name, value, .. }
                if name.contains(part_of_name) && (value == expected || value.is_nan() && expected.is_nan())),
            "{schedule:?}: {error}"
        );
    }
    // Rates that f32 cannot hold.
    for schedule in [exponential(1e-60, 0.5, 5), polynomial(0.1, 1e60, 1.0), warm_up(1e60, Schedule::Constant(0.1))] {
        assert!(Adam::<f64>::new(schedule.clone()).is_ok() && Adam::<f32>::new(schedule).is_err());
    }
}

/// Half of the steps at one rate and the others at another are those of a schedule of both.
#[test]
fn an_optimiser_goes_on_with_another_schedule_as_if_it_had_had_it() {
    let both = Schedule::Piecewise { initial: 0.1, changes: vec![(5, 0.01)] };
    let (mut changed, mut planned) = (Adam::<f64>::new(0.1).unwrap(), Adam::<f64>::new(both).unwrap());
    let (mut x, mut y) = (row(&[1.0, -2.0]), row(&[1.0, -2.0]));
    for t in 0..10 {
        if t == 5 {
            changed.set_schedule(0.01).unwrap();
        }
        let gradient = |at: &DMatrix<f64>| gradients(&[at.map(|at| at + f64::from(t))]);
        let (at_x, at_y) = (gradient(&x), gradient(&y));
        changed.update(&mut x, &at_x).unwrap();
        planned.update(&mut y, &at_y).unwrap();
    }
    assert_eq!((x, changed.steps()), (y, 10));
    let before = changed.clone();
    assert!(matches!(changed.set_schedule(f64::NAN), Err(OptimError::InvalidSetting { .. })));
    assert_eq!(changed, before);
}

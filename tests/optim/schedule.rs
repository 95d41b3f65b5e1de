//! Schedules: closed values, and the settings that they may have.

use fenchel::optim::{Adam, Schedule};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

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

//! Adam against its paper in decimal arithmetic, and against itself as it was.

use fenchel::Real;
use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::optim::{Adam, Schedule};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::{good, gradients, row, tree};

/// tests/data/adam.csv, written by tests/data/adam.py: Algorithm 1 of the paper with 60 digits.
fn stored(betas: (f64, f64)) -> Vec<([f64; 3], [f64; 3])> {
    include_str!("../data/adam.csv")
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

/// tests/data/optim_adam_record.csv: what Adam did when it was the only optimiser here, printed with all digits.
fn recorded(name: &str) -> Vec<(usize, [String; 3])> {
    include_str!("../data/optim_adam_record.csv")
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter(|fields| fields[0] == name)
        .map(|fields| (fields[1].parse().unwrap(), [2, 3, 4].map(|i| fields[i].clone())))
        .collect()
}

fn follows_its_record<T: Real + std::fmt::Debug>(name: &str, schedule: Schedule, betas: (f64, f64)) {
    let row = |values: [f64; 3]| DMatrix::<T>::from_row_slice(1, 3, &values.map(convert));
    let mut x = row([1.0, -2.0, 0.25]);
    let mut adam = Adam::new(schedule).unwrap().with_betas(betas.0, betas.1).unwrap();
    let mut steps = 0;
    let mut recorded = recorded(name).into_iter().peekable();
    assert_eq!(recorded.len(), 13);
    for (g, _) in stored((0.9, 0.999)) {
        adam.update(&mut x, &Gradients::from(vec![row(g)])).unwrap();
        steps += 1;
        if let Some((_, expected)) = recorded.next_if(|&(step, _)| step == steps) {
            assert_eq!([0, 1, 2].map(|i| format!("{:?}", x[i])), expected, "{name}, step {steps}");
        }
    }
}

/// Rust prints the shortest digits that name a number, so equal digits are equal bits. The powers and the cosine are those of the system's library, which
/// other systems may round otherwise.
#[cfg(target_os = "linux")]
#[test]
fn adam_is_what_it_was_to_the_last_bit() {
    let (constant, cosine) = (Schedule::Constant(0.01), Schedule::Cosine { initial: 0.01, last: 1e-4, steps: 80 });
    follows_its_record::<f64>("f64 constant", constant.clone(), (0.9, 0.999));
    follows_its_record::<f64>("f64 cosine", cosine.clone(), (0.5, 0.995));
    follows_its_record::<f32>("f32 constant", constant, (0.9, 0.999));
    follows_its_record::<f32>("f32 cosine", cosine, (0.5, 0.995));
}

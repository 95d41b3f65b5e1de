//! Laws of every optimiser.

use fenchel::autodiff::{Gradients, Params, Path};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::optim::rule::{
    AdaMaxRule, AdagradRule, AdamRule, AdamWRule, AmsgradRule, Leaf, MassRule, Moments, NadamRule, OptimisticAdamRule,
    RAdamRule, RmsPropRule, Rule, SgdRule, Sm3Rule, Step,
};
use fenchel::optim::{Adam, Momentum, Optimizer, Schedule};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::{OptimError, Real, SampleReal};
use num_dual::Dual64;

use crate::every::{AnyRule, Tracking, for_every_optimizer};
use crate::{gradients, row};

type Tree = (DMatrix<f64>, (), Vec<DMatrix<f64>>, Tracking);

/// Leaves 0, 2.0, 2.1, 3.mean (tracked) and 3.weight.
const SHAPES: [(usize, usize); 5] = [(2, 3), (1, 4), (3, 1), (1, 2), (2, 2)];
const PATHS: [&str; 5] = ["0", "2.0", "2.1", "3.mean", "3.weight"];

fn some(step: u32) -> Vec<DMatrix<f64>> {
    let entry = |leaf: usize| move |i: usize, j: usize| (f64::from(step) + (2 * i + 5 * j + 7 * leaf) as f64).sin();
    SHAPES.iter().enumerate().map(|(leaf, &(rows, columns))| DMatrix::from_fn(rows, columns, entry(leaf))).collect()
}

fn params() -> Tree {
    let [a, b, c, mean, weight] = <[_; 5]>::try_from(some(100)).unwrap();
    (a, (), vec![b, c], Tracking { mean, weight })
}

fn optimizer<R: AnyRule>() -> Optimizer<f64, R> {
    Optimizer::new(0.01).unwrap().with_weight_decay(0.1).unwrap()
}

#[test]
fn every_optimiser_finds_the_minimum_of_a_quadratic() {
    fn law<R: AnyRule>(name: &str) {
        // Curvatures 1 and 5, minimum at (1, -2).
        let objective = |x: &DMatrix<f64>| 0.5 * (x[0] - 1.0).powi(2) + 2.5 * (x[1] + 2.0).powi(2);
        let mut x = row(&[4.0, 1.0]);
        let before = objective(&x);
        let schedule = Schedule::Cosine { initial: 0.15, last: 0.0, steps: 3000 };
        let mut optimizer = Optimizer::<f64, R>::new(schedule).unwrap();
        for _ in 0..3000 {
            let g = gradients(&[row(&[x[0] - 1.0, 5.0 * (x[1] + 2.0)])]);
            optimizer.update(&mut x, &g).unwrap();
        }
        // A millionth is a thousandth of the way, which is 3 for each entry. Rates of 0.075 on average bring plain descent along the flat direction
        // to e^(-225); steps that are scaled to the rate could go 225 in all, and Adagrad's, which fall as 1/√t, 10. AdamW's decay
        // of 1e-4 moves the minimum by 1e-5.
        assert!(objective(&x) <= 1e-6 * before, "{name} ends at {x}");
    }
    for_every_optimizer!(law);
}

#[test]
fn every_leaf_moves_as_it_would_alone_and_a_tracked_one_becomes_what_it_is_told() {
    fn law<R: AnyRule>(name: &str) {
        let (mut tree, mut optimizer) = (params(), optimizer::<R>());
        let mut alone: Vec<_> = some(100).into_iter().map(|leaf| (leaf, self::optimizer::<R>())).collect();
        for step in 0..5 {
            let values = some(step);
            optimizer.update(&mut tree, &gradients(&values)).unwrap();
            for ((leaf, optimizer), g) in alone.iter_mut().zip(values) {
                optimizer.update(leaf, &Gradients::from(vec![g])).unwrap();
            }
        }
        let mut expected: Vec<_> = alone.into_iter().map(|(leaf, _)| leaf).collect();
        expected[3] = some(4).swap_remove(3);
        let mut leaves = Vec::new();
        tree.visit(&Path::root(), &mut |_, leaf| leaves.push(leaf.clone()));
        assert_eq!(leaves, expected, "{name}");
    }
    for_every_optimizer!(law);
}

#[test]
fn every_entry_moves_as_it_would_alone() {
    fn law<R: AnyRule>(name: &str) {
        let (mut matrix, mut optimizer) = (some(100).swap_remove(0), optimizer::<R>());
        let mut alone: Vec<_> = matrix.iter().map(|&x| (row(&[x]), self::optimizer::<R>())).collect();
        for step in 0..5 {
            let g = some(step).swap_remove(0);
            for ((x, optimizer), &g) in alone.iter_mut().zip(&g) {
                optimizer.update(x, &gradients(&[row(&[g])])).unwrap();
            }
            optimizer.update(&mut matrix, &gradients(&[g])).unwrap();
        }
        assert!(matrix.iter().eq(alone.iter().map(|(x, _)| &x[0])), "{name}");
    }
    for_every_optimizer!(law but);
}

#[test]
fn every_optimiser_of_f32_follows_that_of_f64() {
    fn law<R: AnyRule>(name: &str) {
        let (mut double, mut single) = (row(&[1.0, -2.0, 0.5]), DMatrix::from_row_slice(1, 3, &[1.0_f32, -2.0, 0.5]));
        let mut optimizer64 = Optimizer::<f64, R>::new(0.01).unwrap().with_weight_decay(0.1).unwrap();
        let mut optimizer32 = Optimizer::<f32, R>::new(0.01).unwrap().with_weight_decay(0.1).unwrap();
        for step in 0..100 {
            let t = f64::from(step);
            // Numbers that f32 has exactly.
            let g = [t.sin(), 5.0 * (0.3 * t).cos(), 0.1 + 0.01 * t].map(|g| g as f32);
            optimizer64.update(&mut double, &gradients(&[row(&g.map(f64::from))])).unwrap();
            optimizer32.update(&mut single, &Gradients::from(vec![DMatrix::from_row_slice(1, 3, &g)])).unwrap();
        }
        for (double, single) in double.iter().zip(&single) {
            // A hundred steps, each right to a dozen roundings of 6e-8 of numbers of at most 2 and of moments of sums that do not cancel.
            assert!((double - f64::from(*single)).abs() <= 1e-4, "{name}: {double} and {single}");
        }
    }
    for_every_optimizer!(law);
}

#[test]
fn an_error_of_every_optimiser_names_the_place_and_changes_nothing() {
    fn law<R: AnyRule>(name: &str) {
        for steps_before in [0, 3] {
            let (mut tree, mut optimizer) = (params(), optimizer::<R>());
            for step in 0..steps_before {
                optimizer.update(&mut tree, &gradients(&some(step))).unwrap();
            }
            let mut attempt = |tree: &mut Tree, values: &[DMatrix<f64>]| {
                let before = (format!("{tree:?}"), optimizer.clone());
                let error = optimizer.update(tree, &gradients(values)).expect_err(name);
                assert_eq!((format!("{tree:?}"), &optimizer), (before.0, &before.1), "{name}: {error}");
                error
            };
            for (leaf, path) in PATHS.into_iter().enumerate() {
                for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
                    let mut values = some(9);
                    let (row, column) = (SHAPES[leaf].0 - 1, SHAPES[leaf].1 - 1);
                    values[leaf][(row, column)] = bad;
                    if leaf == 3 && bad == 1e200 {
                        continue; // no gradient, and nobody squares it
                    }
                    let error = attempt(&mut tree, &values);
                    let OptimError::NonFiniteGradient { step, path: of, row: r, column: c, .. } = &error else {
                        panic!("{name}: {error}");
                    };
                    assert_eq!((*step, of.as_str(), *r, *c), (u64::from(steps_before) + 1, path, row, column));
                    assert!(error.to_string().contains(path), "{error}");
                }
                let mut values = some(9);
                values[leaf] = DMatrix::zeros(7, 7);
                let expected = OptimError::LeafShape { path: path.into(), expected: SHAPES[leaf], found: (7, 7) };
                assert_eq!(attempt(&mut tree, &values), expected, "{name}");
            }
            assert_eq!(attempt(&mut tree, &some(9)[..4]), OptimError::LeafCount { expected: 5, found: 4 }, "{name}");
            let sound = std::mem::replace(&mut tree.2[1][(2, 0)], f64::NAN);
            let error = attempt(&mut tree, &some(9));
            assert!(
                matches!(&error, OptimError::NonFinite { path, row: 2, column: 0, .. } if path == "2.1"),
                "{error}"
            );
            tree.2[1][(2, 0)] = sound;
            optimizer.update(&mut tree, &gradients(&some(9))).unwrap();
        }
    }
    for_every_optimizer!(law);
}

#[test]
fn a_state_of_another_tree_is_an_error_that_names_the_first_leaf() {
    fn law<R: AnyRule>(name: &str) {
        let mut optimizer = optimizer::<R>();
        assert_eq!(optimizer.check_fits(&row(&[1.0])), Ok(()));
        optimizer.update(&mut params(), &gradients(&some(1))).unwrap();
        assert_eq!(optimizer.check_fits(&params()), Ok(()));
        let before = optimizer.clone();

        let fewer = row(&[1.0]);
        let expected = OptimError::LeafCount { expected: 1, found: 5 };
        assert_eq!(optimizer.check_fits(&fewer), Err(expected.clone()), "{name}");
        assert_eq!(optimizer.update(&mut fewer.clone(), &gradients(&[fewer])), Err(expected), "{name}");

        if <R as Rule<f64>>::SLOTS > 0 {
            let (mut wider, mut values) = (params(), some(1));
            (wider.2[0], values[1]) = (row(&[0.0; 9]), row(&[0.0; 9]));
            let expected = OptimError::LeafShape { path: "2.0".into(), expected: (1, 9), found: (1, 4) };
            assert_eq!(optimizer.check_fits(&wider), Err(expected.clone()), "{name}");
            assert_eq!(optimizer.update(&mut wider, &gradients(&values)), Err(expected), "{name}");

            // The same shapes, but nothing is tracked.
            let mut untracked = some(100);
            let slots = <R as Rule<f64>>::SLOTS;
            let expected = OptimError::LeafState { path: "3".into(), expected: slots, found: 0 };
            assert_eq!(optimizer.check_fits(&untracked), Err(expected.clone()), "{name}");
            assert_eq!(optimizer.update(&mut untracked, &gradients(&some(1))), Err(expected), "{name}");
        }
        assert_eq!(optimizer, before, "{name}");
    }
    for_every_optimizer!(law);
}

#[test]
fn no_count_and_no_shape_is_too_odd() {
    fn law<R: AnyRule>(name: &str) {
        for steps in [0, 1, 1 << 40, u64::MAX - 1, u64::MAX] {
            let (mut tree, mut optimizer) = (params(), optimizer::<R>());
            for step in 0..3 {
                optimizer.set_steps(steps);
                optimizer.update(&mut tree, &gradients(&some(step))).unwrap();
                assert_eq!(optimizer.steps(), steps.saturating_add(1));
            }
            tree.visit(&Path::root(), &mut |_, leaf| assert!(leaf.iter().all(|x| x.is_finite()), "{name}, {steps}"));
        }
        for (rows, columns) in [(0, 0), (0, 3), (3, 0)] {
            let mut empty = DMatrix::<f64>::zeros(rows, columns);
            let mut optimizer = optimizer::<R>();
            (0..2).for_each(|_| optimizer.update(&mut empty, &gradients(&[DMatrix::zeros(rows, columns)])).unwrap());
        }
        optimizer::<R>().update(&mut (), &Gradients::new()).unwrap();
    }
    for_every_optimizer!(law);
}

#[test]
fn a_gradient_that_is_always_0_moves_nothing_but_by_decay() {
    fn law<R: AnyRule>(name: &str) {
        let zero = gradients(&[row(&[0.0, 0.0])]);
        let mut still = row(&[3.0, -0.5]);
        let mut optimizer = Optimizer::<f64, R>::new(0.25).unwrap().with_weight_decay(0.0).unwrap();
        (0..4).for_each(|_| optimizer.update(&mut still, &zero).unwrap());
        assert_eq!(still, row(&[3.0, -0.5]), "{name}");

        let mut optimizer = Optimizer::<f64, R>::new(0.25).unwrap().with_weight_decay(2.0).unwrap();
        (0..4).for_each(|_| optimizer.update(&mut still, &zero).unwrap());
        assert_eq!(still, row(&[3.0 / 16.0, -0.5 / 16.0]), "{name}"); // halved four times, exactly
    }
    for_every_optimizer!(law);
}

/// Where an optimiser goes from 0 in ten steps, when all gradients are multiplied by `scale`.
fn scaled<R: Rule<f64>>(optimizer: Result<Optimizer<f64, R>, OptimError>, scale: f64) -> DMatrix<f64> {
    let (mut x, mut optimizer) = (DMatrix::zeros(2, 3), optimizer.unwrap());
    for step in 0..10 {
        optimizer.update(&mut x, &gradients(&[scale * some(step).swap_remove(0)])).unwrap();
    }
    x
}

#[test]
fn steps_are_scaled_with_the_gradient_or_not_at_all() {
    // By powers of two everything is exact.
    use fenchel::optim::{AdaMax, Adagrad, Amsgrad, Momentum, Nadam, Nesterov, OptimisticAdam, RmsProp, Sgd, Sm3};
    for exponent in [-40, 3, 60] {
        let scale = 2.0_f64.powi(exponent);
        macro_rules! linear { ($($optimizer:ident)*) => { $(
            assert_eq!(scaled($optimizer::new(0.25), scale), scale * scaled($optimizer::new(0.25), 1.0));
        )* } }
        macro_rules! invariant { ($($optimizer:ident)*) => { $(
            assert_eq!(scaled($optimizer::new(0.25), scale), scaled($optimizer::new(0.25), 1.0));
        )* } }
        // ε takes part in the scaling: it is added to a root of v, or to v.
        macro_rules! invariant_with_epsilon { ($($optimizer:ident $epsilon:expr,)*) => { $(
            let with = |epsilon| $optimizer::new(0.25).and_then(|o| o.with_epsilon(1e-6 * epsilon));
            assert_eq!(scaled(with($epsilon), scale), scaled(with(1.0), 1.0));
        )* } }
        linear!(Sgd Momentum Nesterov);
        invariant!(Adagrad Sm3);
        invariant_with_epsilon!(Adam scale, AdaMax scale, Amsgrad scale, Nadam scale, OptimisticAdam scale,);
        invariant_with_epsilon!(RmsProp scale * scale,);
    }
}

#[test]
fn a_sum_of_squares_that_would_overflow_is_an_error_and_not_a_parameter_that_never_moves_again() {
    fn law<R: AnyRule>(name: &str) {
        let (mut x, mut optimizer) = (row(&[0.0]), Optimizer::<f64, R>::new(0.1).unwrap());
        let large = gradients(&[row(&[1e154])]); // its square is 1e308, twice that is too much
        optimizer.update(&mut x, &large).unwrap();
        let before = (x.clone(), optimizer.clone());
        let error = optimizer.update(&mut x, &large).unwrap_err();
        assert!(matches!(error, OptimError::NonFiniteGradient { step: 2, .. }), "{name}: {error}");
        assert_eq!((x, optimizer), before, "{name}");
    }
    law::<AdagradRule>("Adagrad");
    law::<Sm3Rule>("Sm3");
}

#[test]
fn weight_decay_of_f32_is_not_lost_in_rounding() {
    // Every step decays by 1e-9, a sixtieth of the last place below 1: by itself, it would be rounded away.
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let (mut decayed, mut plain) = (DMatrix::from_element(1, 1, 0.9_f32), DMatrix::from_element(1, 1, 0.9_f32));
    let mut with = Adam::<f32>::new(1e-5).unwrap().with_weight_decay(1e-4).unwrap();
    let mut without = Adam::<f32>::new(1e-5).unwrap();
    for _ in 0..20_000 {
        let g = Gradients::from(vec![DMatrix::from_element(1, 1, f32::standard_normal(rng))]);
        with.update(&mut decayed, &g).unwrap();
        without.update(&mut plain, &g).unwrap();
    }
    // 0.9 (1 - 1e-9)^20000 is 1.8e-5 less than 0.9. Roundings of up to half of 6e-8, uniform and independent, at twice 20000 steps add up to
    // 3.5e-6 in one standard deviation; three of those.
    let lost = f64::from(plain[0] - decayed[0]);
    assert!((lost - 1.8e-5).abs() <= 1.05e-5, "{lost}");
}

/// A rule whose state is looked through after every step.
#[derive(Clone, Debug, Default)]
struct Watched<R>(R);

macro_rules! watch {
    ($($float:ident),*) => {$(
        impl<R: Rule<$float>> Rule<$float> for Watched<R> {
            const NAME: &'static str = R::NAME;
            const SLOTS: usize = R::SLOTS;

            fn slot_shape(&self, slot: usize, parameter: (usize, usize)) -> (usize, usize) {
                self.0.slot_shape(slot, parameter)
            }

            fn step(&self, step: Step, leaf: Leaf<'_, $float>, state: &mut [DMatrix<$float>]) {
                self.0.step(step, leaf, state);
                let mut numbers = state.iter().flat_map(DMatrix::iter);
                let found = numbers.find(|x| x.is_subnormal());
                assert!(found.is_none(), "{} has {found:?} after {} steps", R::NAME, step.count);
            }
        }
    )*};
}
watch!(f32, f64);

#[test]
fn what_fades_becomes_0_and_never_a_number_that_is_slow() {
    fn fade<T: Real, R>(zeros: usize)
    where
        Watched<R>: Rule<T> + Default,
    {
        let mut optimizer = Optimizer::<T, Watched<R>>::new(0.1).unwrap().with_weight_decay(0.0).unwrap();
        let of = |g: [f64; 2]| Gradients::from(vec![DMatrix::from_row_slice(1, 2, &g.map(convert::<_, T>))]);
        let mut x: DMatrix<T> = DMatrix::from_element(1, 2, T::one());
        optimizer.update(&mut x, &of([0.7, 1e-3])).unwrap();
        let (dead, half) = (of([0.0, 1e-3]), zeros / 2);
        (0..half).for_each(|_| optimizer.update(&mut x, &dead).unwrap());
        let halfway = x.clone(); // from here on only the other entry moves
        (half..zeros).for_each(|_| optimizer.update(&mut x, &dead).unwrap());
        assert!(x[0] == halfway[0] && x[1] < halfway[1], "{halfway} and {x}");
    }
    fn law<R: AnyRule>(_: &str) {
        // 0.9ⁿ is less than any normal number from 829 and from 6 725 on, 0.999ⁿ of f32 from 87 300 on.
        fade::<f32, R>(100_000);
        fade::<f64, R>(16_000);
    }
    for_every_optimizer!(law but);
    law::<Sm3Rule>("Sm3");
}

#[test]
fn a_mean_next_to_0_that_carries_a_derivative_is_kept() {
    let mut x = DMatrix::from_element(1, 1, Dual64::from(1.0));
    let gradients = Gradients::from(vec![DMatrix::from_element(1, 1, Dual64::new(0.0, 3.0))]);
    Momentum::new(0.5).unwrap().update(&mut x, &gradients).unwrap();
    assert_eq!((x[0].re, x[0].eps), (1.0, -1.5)); // exact: θ − rate g
}

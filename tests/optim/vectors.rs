//! Every optimiser and schedule against JAX and optax: tests/data/optimizers.csv, written by tests/data/optimizers.py.

use std::collections::BTreeSet;

use fenchel::autodiff::Gradients;
use fenchel::nalgebra::DMatrix;
use fenchel::optim::rule::Rule;
use fenchel::optim::{
    AdaMax, Adagrad, Adam, AdamW, Amsgrad, Average, Momentum, Nadam, Nesterov, OptimError, OptimisticAdam, Optimizer,
    RAdam, RmsProp, Schedule, Sgd, Sm3, add_weight_decay, clip_by_global_norm, clip_by_value,
};

/// Name, step and numbers of every line of this kind.
fn lines(kind: &str) -> impl Iterator<Item = (&'static str, u64, Vec<f64>)> {
    include_str!("../data/optimizers.csv").lines().filter_map(move |line| {
        let mut fields = line.split(',');
        (fields.next() == Some(kind)).then(|| {
            let (name, step) = (fields.next().unwrap(), fields.next().unwrap().parse().unwrap());
            (name, step, fields.map(|field| field.parse().unwrap()).collect())
        })
    })
}

fn matrix(values: &[f64]) -> DMatrix<f64> {
    DMatrix::from_row_slice(2, 3, values)
}

/// Errs by more than 1e-12, relative to the entry where that is larger than 1?
///
/// A hundred steps of a dozen roundings of 1e-16 each, in the worst entry, are 1e-13 of the way that it went; 1 − 0.999ᵗ is known to 1e-13 at the first
/// steps, whose size is 0.01.
fn assert_close(x: &DMatrix<f64>, expected: &[f64], what: &str) {
    for (x, expected) in x.iter().zip(&matrix(expected)) {
        let error = (x - expected).abs();
        assert!(error <= 1e-12 * expected.abs().max(1.0), "{what}: {x}, not {expected}");
    }
}

/// The vectors that were compared.
#[derive(Default)]
struct Compared(BTreeSet<&'static str>);

impl Compared {
    /// Does this optimiser go the way that is stored under this name?
    fn follow<R: Rule<f64>>(&mut self, name: &'static str, optimizer: Result<Optimizer<f64, R>, OptimError>) {
        self.follow_with(name, optimizer, |_, _| {});
    }

    /// The same with gradients that something is done to before.
    fn follow_with<R: Rule<f64>>(
        &mut self,
        name: &'static str,
        optimizer: Result<Optimizer<f64, R>, OptimError>,
        transform: impl Fn(&DMatrix<f64>, &mut Gradients<f64>),
    ) {
        let mut optimizer = optimizer.unwrap();
        let mut expected = lines("trajectory").filter(|line| line.0 == name).peekable();
        assert!(expected.peek().is_some(), "no vector is called {name}");
        let mut x = matrix(&[1.0, -2.0, 0.25, 0.0, 3.0, -0.5]);
        for (_, step, gradient) in lines("gradient") {
            let mut gradients = Gradients::from(vec![matrix(&gradient)]);
            transform(&x, &mut gradients);
            optimizer.update(&mut x, &gradients).unwrap();
            if let Some((_, _, expected)) = expected.next_if(|line| line.1 == step) {
                assert_close(&x, &expected, &format!("{name}, step {step}"));
            }
        }
        assert!(expected.next().is_none() && optimizer.steps() == 100);
        self.0.insert(name);
    }
}

#[test]
fn every_optimiser_goes_the_way_of_jax_and_optax_for_100_steps() {
    let mut all = Compared::default();
    all.follow("sgd", Sgd::new(1e-3));
    all.follow("momentum 0.9", Momentum::new(1e-3));
    all.follow("momentum 0.5", Momentum::new(1e-3).and_then(|o| o.with_mass(0.5)));
    all.follow("nesterov 0.9", Nesterov::new(1e-3));
    all.follow("nesterov 0.5", Nesterov::new(1e-3).and_then(|o| o.with_mass(0.5)));
    all.follow("adagrad 0.9", Adagrad::new(0.1));
    all.follow("adagrad 0", Adagrad::new(0.1).and_then(|o| o.with_momentum(0.0)));
    all.follow("rmsprop", RmsProp::new(0.01));
    all.follow("rmsprop 0.5 1e-3", RmsProp::new(0.01).and_then(|o| o.with_gamma(0.5)?.with_epsilon(1e-3)));
    all.follow("rmsprop_momentum", RmsProp::new(0.01).and_then(|o| o.with_momentum(0.9)));
    let momentum = RmsProp::new(0.01).and_then(|o| o.with_gamma(0.99)?.with_epsilon(1e-6)?.with_momentum(0.5));
    all.follow("rmsprop_momentum 0.99 1e-6 0.5", momentum);
    all.follow("sm3 0.9", Sm3::new(0.1));
    all.follow("sm3 0", Sm3::new(0.1).and_then(|o| o.with_momentum(0.0)));
    let inverse_time = Schedule::InverseTime { initial: 0.01, decay: 0.5, steps: 20, staircase: false };
    all.follow("adam inverse_time", Adam::new(inverse_time));
    let polynomial = Schedule::Polynomial { initial: 0.01, last: 1e-4, power: 2.0, steps: 80 };
    all.follow("rmsprop_momentum polynomial", RmsProp::new(polynomial).and_then(|o| o.with_momentum(0.9)));

    macro_rules! with_moments {
        ($($optimizer:ident $name:literal $other:literal,)*) => { $(
            all.follow($name, $optimizer::new(0.01));
            let other = $optimizer::new(0.01).and_then(|o| o.with_betas(0.5, 0.9)?.with_epsilon(1e-4));
            all.follow($other, other);
        )* };
    }
    with_moments! {
        Adam "adam" "adam 0.5 0.9 1e-4",
        AdaMax "adamax" "adamax 0.5 0.9 1e-4",
        Amsgrad "amsgrad" "amsgrad 0.5 0.9 1e-4",
        Nadam "nadam" "nadam 0.5 0.9 1e-4",
        RAdam "radam" "radam 0.5 0.9 1e-4",
    }
    all.follow("radam 0.9 0.5", RAdam::new(0.01).and_then(|o| o.with_betas(0.9, 0.5)));
    all.follow("adamw", AdamW::new(0.01));
    let decaying = AdamW::new(0.01).and_then(|o| o.with_betas(0.5, 0.9)?.with_epsilon(1e-4)?.with_weight_decay(0.1));
    all.follow("adamw 0.5 0.9 1e-4 0.1", decaying);
    let cosine = Schedule::Cosine { initial: 0.01, last: 1e-4, steps: 80 };
    all.follow("adamw cosine", AdamW::new(cosine).and_then(|o| o.with_weight_decay(0.1)));
    all.follow("optimistic_adam", OptimisticAdam::new(0.01));
    let cautious =
        OptimisticAdam::new(0.01).and_then(|o| o.with_betas(0.5, 0.9)?.with_epsilon(1e-4)?.with_optimism(0.3));
    all.follow("optimistic_adam 0.5 0.9 1e-4 0.3", cautious);

    all.follow_with("sgd l2 0.1", Sgd::new(1e-3), |x, g| add_weight_decay(x, g, 0.1).unwrap());
    all.follow_with("sgd value 0.5", Sgd::new(1e-2), |x, g| clip_by_value(x, g, 0.5).unwrap());
    all.follow_with("sgd norm 10", Sgd::new(1e-2), |x, g| {
        clip_by_global_norm(x, g, 10.0).unwrap();
    });
    let stored: BTreeSet<_> = lines("trajectory").map(|line| line.0).collect();
    assert_eq!(all.0, stored);
}

#[test]
fn every_schedule_has_the_rates_of_jax_and_optax() {
    let cosine = |initial, last, steps| Schedule::Cosine { initial, last, steps };
    let exponential = |staircase| Schedule::Exponential { initial: 0.1, factor: 0.5, steps: 30, staircase };
    let inverse_time = |staircase| Schedule::InverseTime { initial: 0.1, decay: 0.5, steps: 30, staircase };
    let polynomial = |power| Schedule::Polynomial { initial: 0.1, last: 0.01, power, steps: 80 };
    let warm_up = |start, then| Schedule::WarmUp { start, steps: 25, then: Box::new(then) };
    let schedules = [
        ("exponential", exponential(false)),
        ("exponential staircase", exponential(true)),
        ("inverse_time", inverse_time(false)),
        ("inverse_time staircase", inverse_time(true)),
        ("polynomial", polynomial(1.0)),
        ("polynomial 2.5", polynomial(2.5)),
        ("cosine", cosine(0.1, 0.01, 80)),
        ("piecewise", Schedule::Piecewise { initial: 0.1, changes: vec![(20, 0.05), (50, 0.005)] }),
        ("warm_up constant", warm_up(0.0, Schedule::Constant(0.1))),
        ("warm_up cosine", warm_up(0.01, cosine(0.1, 0.02, 55))), // optax counts the warm-up into its 80 steps
        ("warm_up exponential", warm_up(0.01, exponential(false))),
    ];
    let stored: BTreeSet<_> = lines("schedule").map(|line| line.0).collect();
    assert_eq!(schedules.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), stored);
    for (name, step, rate) in lines("schedule") {
        let (_, schedule) = schedules.iter().find(|(of, _)| *of == name).unwrap();
        let difference = (schedule.rate(step) - rate[0]).abs();
        // A few roundings of numbers of at most 0.1; half a cosine cancels near its end, so it is right to that, not relatively.
        assert!(difference <= 1e-16, "{name} after {step} steps: {} and {}", schedule.rate(step), rate[0]);
    }
}

#[test]
fn averages_are_those_of_optax() {
    // optax without `debias` begins at 0, as an average may that begins at parameters of 0.
    let averages = [
        ("from zero", Average::new(0.95, DMatrix::zeros(2, 3))),
        ("debiased", Average::unbiased(0.95, DMatrix::from_element(2, 3, 7.0))),
    ];
    for (name, average) in averages {
        let mut average = average.unwrap();
        let mut expected = lines("average").filter(|line| line.0 == name).peekable();
        for (_, step, values) in lines("gradient") {
            average.update(&matrix(&values)).unwrap();
            if let Some((_, _, expected)) = expected.next_if(|line| line.1 == step) {
                assert_close(average.params(), &expected, &format!("{name}, step {step}"));
            }
        }
        assert!(expected.next().is_none() && average.steps() == 100);
    }
}

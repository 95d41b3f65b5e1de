//! Two players: what circles, and what does not.

use fenchel::autodiff::Gradients;
use fenchel::nalgebra::DMatrix;
use fenchel::optim::rule::Rule;
use fenchel::optim::{Adam, Average, OptimisticAdam, Optimizer, Sgd};

use crate::{gradients, row};

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

type Players = (DMatrix<f64>, DMatrix<f64>);

/// Of min over x, max over y of x y.
fn of_game((x, y): &Players) -> Gradients<f64> {
    gradients(&[y.clone(), -x])
}

fn radius((x, y): &Players) -> f64 {
    x[0].hypot(y[0])
}

/// The recipe of the documentation.
fn extra_step<R: Rule<f64>>(optimizer: &mut Optimizer<f64, R>, players: &mut Players) {
    let mut ahead = players.clone();
    optimizer.update(&mut ahead, &of_game(players)).unwrap();
    optimizer.update(players, &of_game(&ahead)).unwrap();
}

#[test]
fn extra_gradient_contracts_a_bilinear_game_at_its_known_rate_where_plain_steps_spiral_out() {
    // Korpelevich's step is multiplication by 1 - r² ± i r for the rate r, of size √(1 - r² + r⁴); a plain one by 1 ± i r, of size √(1 + r²).
    let rate = 0.5_f64;
    let (contraction, expansion) = ((1.0 - rate.powi(2) + rate.powi(4)).sqrt(), (1.0 + rate.powi(2)).sqrt());
    let (mut ahead, mut plain) = ((row(&[1.0]), row(&[1.0])), (row(&[1.0]), row(&[1.0])));
    let (mut optimizer, mut its_optimizer) = (Sgd::new(rate).unwrap(), Sgd::new(rate).unwrap());
    for n in 1..=50 {
        extra_step(&mut optimizer, &mut ahead);
        let g = of_game(&plain);
        its_optimizer.update(&mut plain, &g).unwrap();
        for (players, factor) in [(&ahead, contraction), (&plain, expansion)] {
            let expected = 2.0_f64.sqrt() * factor.powi(n);
            assert!((radius(players) / expected - 1.0).abs() <= 1e-13, "step {n}"); // ten roundings a step
        }
    }
    assert_eq!(optimizer.steps(), 100);
}

#[test]
fn optimistic_adam_and_extra_adam_find_the_saddle_that_adam_circles() {
    // Without momentum in all of them: at β₁ = 0.9 the mean of ten gradients lags behind by more than either looks ahead.
    let start = || (row(&[1.0]), row(&[1.0]));
    let (mut adam, mut optimistic) = (Adam::new(0.02).unwrap(), OptimisticAdam::new(0.02).unwrap());
    adam = adam.with_betas(0.0, 0.999).unwrap();
    optimistic = optimistic.with_betas(0.0, 0.999).unwrap();
    let mut extra = adam.clone();
    let (mut circling, mut found, mut found_too) = (start(), start(), start());
    for _ in 0..10_000 {
        let g = of_game(&circling);
        adam.update(&mut circling, &g).unwrap();
        let g = of_game(&found);
        optimistic.update(&mut found, &g).unwrap();
    }
    // As many gradients.
    (0..5_000).for_each(|_| extra_step(&mut extra, &mut found_too));
    assert!(radius(&circling) >= 1.0, "Adam is at {}", radius(&circling));
    // A step of the rate: a rule that only scales by size would hop about at that distance.
    assert!(radius(&found) <= 0.02, "optimistic Adam is at {}", radius(&found));
    assert!(radius(&found_too) <= 0.02, "ExtraAdam is at {}", radius(&found_too));
}

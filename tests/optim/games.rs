//! Two players: what circles, and what does not.

use fenchel::nalgebra::DMatrix;
use fenchel::optim::{Adam, Average};

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

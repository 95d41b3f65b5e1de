//! Derivatives of derivatives, against forward mode over reverse mode, differences and closed forms.

use fenchel::autodiff::{Gradients, check, value_and_grad};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::nn::{AffineParams, Dense, Layer, Tanh};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{Real, Tape, Var};
use num_dual::Dual64;

fn random(rows: usize, columns: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

/// The mean squared output of a small network with weights `p`, at fixed rows.
fn loss<'t, T: Real>(tape: &'t Tape<T>, p: &[Var<'t, T>], rows: &DMatrix<f64>) -> Var<'t, T> {
    let x = tape.var(&rows.map(convert));
    let hidden = (x * p[0] + p[1].repeat_rows(rows.nrows())).tanh();
    (hidden * p[2] + p[3].repeat_rows(rows.nrows())).square().mean()
}

fn network(rng: &mut Xoshiro256PlusPlus) -> Vec<DMatrix<f64>> {
    [(3, 7), (1, 7), (7, 2), (1, 2)].map(|(rows, columns)| random(rows, columns, rng)).to_vec()
}

/// H v by the gradient of the gradient's product with v, all on one tape.
fn hessian_times(at: &[DMatrix<f64>], v: &[DMatrix<f64>], rows: &DMatrix<f64>) -> Vec<DMatrix<f64>> {
    let tape = Tape::new();
    let p: Vec<_> = at.iter().map(|p| tape.var(p)).collect();
    let y = loss(&tape, &p, rows);
    let mut gradient = p.clone();
    tape.vjp_mut(y, tape.scalar(1.0), &mut gradient);
    let along_v = gradient.iter().zip(v).fold(tape.scalar(0.0), |sum, (g, v)| sum + g.component_mul(tape.var(v)).sum());
    let mut products = p;
    tape.vjp_mut(along_v, tape.scalar(1.0), &mut products);
    products.into_iter().map(|h| h.to_matrix().unwrap()).collect()
}

#[test]
fn a_hessian_vector_product_by_grad_of_grad_equals_forward_over_reverse() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let rows = random(11, 3, &mut rng);
    let (at, v) = (network(&mut rng), network(&mut rng));
    let by_tape = hessian_times(&at, &v, &rows);

    // One reverse pass over dual numbers p + v ε: the ε of the gradient is H v, and its real part the gradient.
    let tape = Tape::<Dual64>::new();
    let p: Vec<_> = at.iter().zip(&v).map(|(p, v)| tape.var(&p.zip_map(v, Dual64::new))).collect();
    let mut gradient = p.clone();
    tape.vjp_mut(loss(&tape, &p, &rows), tape.scalar(Dual64::from(1.0)), &mut gradient);
    for (leaf, (tape, dual)) in by_tape.iter().zip(gradient).enumerate() {
        let dual = dual.to_matrix().unwrap().map(|h| h.eps);
        assert!(tape.norm() > 1e-3, "leaf {leaf} has curvature");
        // Sums of at most 11 * 7 * 3 terms of order one, each some ten roundings of 1e-16: 1e-13, with a margin of ten.
        assert!((tape - &dual).amax() <= 1e-12, "leaf {leaf}: {tape} by the tape, {dual} by dual numbers");
    }
}

#[test]
fn value_and_grad_runs_over_dual_numbers() {
    // d/dx x³ = 3 x², whose derivative 6 x is the ε.
    let x = DMatrix::from_element(1, 1, Dual64::new(2.0, 1.0));
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let value = value_and_grad(&mut tape, &x, &mut gradients, |_, &x| x.square().component_mul(x)).unwrap();
    assert_eq!((value.re, value.eps), (8.0, 12.0)); // small integers: exact
    let slope = gradients.leaves()[0][(0, 0)];
    assert_eq!((slope.re, slope.eps), (12.0, 12.0));
}

#[test]
fn the_hessian_is_symmetric() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let rows = random(9, 3, &mut rng);
    let (at, v, w) = (network(&mut rng), network(&mut rng), network(&mut rng));
    let dot = |a: &[DMatrix<f64>], b: &[DMatrix<f64>]| a.iter().zip(b).map(|(a, b)| a.dot(b)).sum::<f64>();
    let (left, right) = (dot(&v, &hessian_times(&at, &w, &rows)), dot(&w, &hessian_times(&at, &v, &rows)));
    // 44 parameters, each entry of H v right to 1e-13 as above.
    assert!((left - right).abs() <= 1e-11 * left.abs().max(1.0), "{left} and {right}");
}

#[test]
fn the_hessian_of_a_quadratic_form_is_a_plus_its_transpose() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    // Small integers: every operation is exact.
    let mut integers = |rows, columns| DMatrix::from_fn(rows, columns, |_, _| f64::from(rng.random_range(-9..=9_i32)));
    let (a, x, v) = (integers(7, 7), integers(7, 1), integers(7, 1));
    let tape = Tape::new();
    let (va, vx, vv) = (tape.var(&a), tape.var(&x), tape.var(&v));
    let [gradient] = tape.grad(vx.tr_mul(va * vx), [vx]);
    let [product] = tape.grad(gradient.tr_mul(vv), [vx]);
    let twice = &a + a.transpose();
    assert_eq!(gradient.to_matrix().unwrap(), &twice * x);
    assert_eq!(product.to_matrix().unwrap(), twice * v);
}

/// The mean of (‖∇ₓ critic‖ − 1)² over rows x: Gulrajani et al. (2017).
fn gradient_penalty<'t>(tape: &'t Tape<f64>, p: &[Var<'t, f64>]) -> Var<'t, f64> {
    let critic = (Dense(8), Tanh, Dense(6), Tanh, Dense(1));
    let dense = |i: usize| AffineParams { weight: p[i], bias: p[i + 1] };
    let x = p[6];
    let v = critic.apply(tape, &(dense(0), (), dense(2), (), dense(4)), x);
    let [slope] = tape.grad(v.sum(), [x]); // rows do not mix, so row i is the gradient of output i
    slope.square().sum_columns().sqrt().shift(-1.0).square().mean()
}

#[test]
fn the_gradient_of_a_gradient_penalty_is_right_for_every_weight_and_input() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let shapes = [(2, 8), (1, 8), (8, 6), (1, 6), (6, 1), (1, 1), (10, 2)];
    let at = shapes.map(|(rows, columns)| random(rows, columns, &mut rng));
    check::gradients(gradient_penalty, &at, 2, &mut rng).unwrap();
}

#[test]
fn a_gradient_penalty_does_not_depend_on_the_last_bias() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let shapes = [(2, 8), (1, 8), (8, 6), (1, 6), (6, 1), (1, 1), (10, 2)];
    let tape = Tape::new();
    let p: Vec<_> = shapes.iter().map(|&(rows, columns)| tape.var(&random(rows, columns, &mut rng))).collect();
    let [bias, weight] = tape.grad(gradient_penalty(&tape, &p), [p[5], p[0]]);
    assert_eq!(bias.to_scalar().unwrap(), 0.0); // a symbolic zero, so exact
    assert!(weight.to_matrix().unwrap().norm() > 1e-3);
}

#[test]
fn every_derivative_of_exp_is_exp() {
    let tape = Tape::new();
    let x = tape.scalar(0.7_f64);
    let mut y = x.exp();
    for _ in 0..5 {
        [y] = tape.grad(y, [x]);
        // The rule is written in terms of the output and multiplies it by 1 only.
        assert_eq!(y.to_scalar().unwrap(), 0.7_f64.exp());
    }
}

#[test]
fn the_third_derivatives_of_tanh_and_ln_are_their_closed_forms() {
    let third = |f: for<'t> fn(Var<'t, f64>) -> Var<'t, f64>, x: f64| {
        let tape = Tape::new();
        let x = tape.scalar(x);
        let y = (0..3).fold(f(x), |y, _| tape.grad(y, [x])[0]);
        y.to_scalar().unwrap()
    };
    for x in [-1.3_f64, -0.2, 0.4, 2.5] {
        let sech2 = x.cosh().powi(-2);
        let exact = sech2 * (4.0 - 6.0 * sech2); // = 4 sech² tanh² - 2 sech⁴
        // Terms of at most 4, a dozen roundings each.
        assert!((third(|x| x.tanh(), x) - exact).abs() <= 1e-14, "tanh at {x}");
    }
    for x in [0.3_f64, 1.0, 7.0] {
        let exact = 2.0 / (x * x * x);
        assert!((third(|x| x.ln(), x) - exact).abs() <= 1e-14 * exact, "ln at {x}"); // powers of 1/x: a dozen roundings
    }
}

#[test]
fn a_derivative_of_order_5_of_a_polynomial_is_exact() {
    // x⁵ + 3 x² at small integers.
    let tape = Tape::new();
    let x = tape.scalar(2.0);
    let square = x.square();
    let mut y = square.component_mul(square).component_mul(x) + square.scale(3.0);
    for exact in [80.0 + 12.0, 160.0 + 6.0, 240.0, 240.0, 120.0, 0.0] {
        [y] = tape.grad(y, [x]);
        assert_eq!(y.to_scalar().unwrap(), exact);
    }
}

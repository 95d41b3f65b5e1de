//! Products with Jacobians and Hessians, and Jacobians themselves.

use fenchel::nalgebra::DMatrix;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{Tape, TapeError, Var};
use num_dual::Dual64;

fn random(rows: usize, columns: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

/// tanh(x w) wᵀ, entry by entry times x: something of the shape of x that mixes everything.
fn mix<'t, T: fenchel::Real>(x: Var<'t, T>, w: Var<'t, T>) -> Var<'t, T> {
    (x * w).tanh().mul_tr(w).component_mul(x)
}

#[test]
fn jvp_is_the_derivative_by_dual_numbers() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let (x, w, d) = (random(3, 4, &mut rng), random(4, 2, &mut rng), random(3, 4, &mut rng));
    let tape = Tape::new();
    let (vx, vw) = (tape.var(&x), tape.var(&w));
    let product = tape.jvp(mix(vx, vw), vx, tape.var(&d)).to_matrix().unwrap();
    let duals = Tape::new();
    let y = mix(duals.var(&x.zip_map(&d, Dual64::new)), duals.var(&w.map(Dual64::from)));
    let expected = y.to_matrix().unwrap().map(|y| y.eps);
    assert!((&product - &expected).amax() <= 1e-14, "{product} {expected}"); // a dozen terms of order one
}

#[test]
fn jvp_and_vjp_are_adjoint() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let (x, w) = (random(3, 4, &mut rng), random(4, 2, &mut rng));
    let (d, u) = (random(3, 4, &mut rng), random(3, 4, &mut rng));
    let tape = Tape::new();
    let (vx, vw) = (tape.var(&x), tape.var(&w));
    let y = mix(vx, vw);
    let forward = tape.jvp(y, vx, tape.var(&d)).to_matrix().unwrap().dot(&u);
    let [back] = tape.vjp(y, tape.var(&u), [vx]);
    assert!((forward - back.to_matrix().unwrap().dot(&d)).abs() <= 1e-14);
}

#[test]
fn a_jacobian_has_the_products_with_it_for_rows_and_columns() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let (x, w) = (random(2, 3, &mut rng), random(3, 2, &mut rng));
    let tape = Tape::new();
    let (vx, vw) = (tape.var(&x), tape.var(&w));
    let y = mix(vx, vw);
    let jacobian = tape.jacobian(y, vx).to_matrix().unwrap();
    assert_eq!(jacobian.shape(), (6, 6));
    for entry in 0..6 {
        let mut unit = DMatrix::zeros(2, 3);
        unit[entry] = 1.0;
        let column = tape.jvp(y, vx, tape.var(&unit)).to_matrix().unwrap();
        let [row] = tape.vjp(y, tape.var(&unit), [vx]);
        let row = row.to_matrix().unwrap();
        for other in 0..6 {
            assert!((jacobian[(other, entry)] - column[other]).abs() <= 1e-14);
            assert!((jacobian[(entry, other)] - row[other]).abs() <= 1e-14);
        }
    }
    assert_eq!(tape.jacobian(y.columns(0, 0), vx).shape(), (0, 6));
}

#[test]
fn the_jacobian_of_a_gradient_is_the_hessian() {
    let tape = Tape::new();
    let x = tape.var(&DMatrix::from_row_slice(1, 2, &[1.0, 2.0]));
    let rosenbrock = {
        let (a, b) = (x.columns(0, 1), x.columns(1, 1));
        (b - a.square()).square().scale(100.0) + a.shift(-1.0).square()
    };
    let [gradient] = tape.grad(rosenbrock, [x]);
    let hessian = tape.jacobian(gradient, x).to_matrix().unwrap();
    // [1200 a² - 400 b + 2, -400 a; -400 a, 200], in integers.
    assert_eq!(hessian, DMatrix::from_row_slice(2, 2, &[402.0, -400.0, -400.0, 200.0]));
    let product = tape.hvp(rosenbrock, x, tape.var(&DMatrix::from_row_slice(1, 2, &[3.0, 5.0])));
    assert_eq!(product.to_matrix().unwrap(), DMatrix::from_row_slice(1, 2, &[-794.0, -200.0]));
}

#[test]
fn products_of_things_that_do_not_fit_are_failures() {
    let fails = |compute: for<'t> fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>| {
        let tape = Tape::new();
        let x = tape.filled(2, 3, 1.0);
        compute(&tape, x).to_matrix().unwrap_err()
    };
    let mismatch = TapeError::ShapeMismatch { op: "vjp", left: (2, 3), right: (3, 2) };
    assert_eq!(fails(|t, x| t.jvp(x.exp(), x, t.filled(3, 2, 1.0))), mismatch);
    assert_eq!(fails(|t, x| t.hvp(x.exp().sum(), x, t.filled(3, 2, 1.0))), mismatch);
    assert_eq!(fails(|t, x| t.hvp(x.exp(), x, x)), TapeError::NotScalar { rows: 2, columns: 3 });
    assert_eq!(fails(|t, _| t.concat_columns(&[])), TapeError::Empty { op: "concat_columns", rows: 0, columns: 0 });
    assert!(matches!(fails(|t, x| t.concat_columns(&[x, x.transpose()])), TapeError::ShapeMismatch { .. }));
    assert!(matches!(fails(|_, x| x.columns(2, 2)), TapeError::Selection { .. }));
    assert!(matches!(fails(|_, x| x.columns(usize::MAX, 2)), TapeError::Selection { .. }));
    assert!(matches!(fails(|_, x| x.reshape(4, 2)), TapeError::ShapeMismatch { op: "Reshape", .. }));
    assert!(matches!(fails(|_, x| x.reshape(usize::MAX, 2)), TapeError::ShapeMismatch { op: "Reshape", .. }));
    let other = Box::leak(Box::<Tape<f64>>::default());
    let foreign: Var<'static, f64> = other.scalar(1.0);
    let tape: &'static Tape<f64> = Box::leak(Box::default());
    assert_eq!(tape.concat_columns(&[foreign]).to_matrix(), Err(TapeError::MixedTapes));
    let tape: &'static Tape<f64> = Box::leak(Box::default());
    assert_eq!(tape.jvp(foreign, foreign, foreign).to_matrix(), Err(TapeError::MixedTapes));
}

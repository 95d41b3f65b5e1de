//! Arguments far out: finite values, and finite first and second derivatives.

use fenchel::nalgebra::DMatrix;
use fenchel::{Tape, Var};

/// The value, the first and the second derivative of the sum of the entries of f, at a row.
fn three(x: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 3] {
    let tape = Tape::new();
    let x = tape.var(&DMatrix::from_row_slice(1, x.len(), x));
    let y = f(x);
    let [first] = tape.grad(y.sum(), [x]);
    let [second] = tape.grad(first.sum(), [x]);
    [y, first, second].map(|v| v.to_matrix().unwrap().as_slice().to_vec())
}

#[test]
fn softplus_and_sigmoid_are_their_limits_with_their_slopes() {
    assert_eq!(three(&[800.0, -800.0], |x| x.softplus()), [[800.0, 0.0], [1.0, 0.0], [0.0, 0.0]]);
    assert_eq!(three(&[800.0, -800.0], |x| x.sigmoid()), [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]);
    assert_eq!(three(&[800.0, -800.0], |x| x.tanh()), [[1.0, -1.0], [0.0, 0.0], [0.0, 0.0]]);
    assert_eq!(three(&[800.0, -800.0], |x| x.elu(2.0)), [[800.0, -2.0], [1.0, 0.0], [0.0, 0.0]]);
    assert_eq!(three(&[800.0, -800.0], |x| x.normal_cdf()), [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]);
    assert_eq!(three(&[1e300, -1e300], |x| x.softplus()), [[1e300, 0.0], [1.0, 0.0], [0.0, 0.0]]);
}

#[test]
fn ln_sum_exp_of_huge_rows_is_finite_to_the_second_derivative() {
    let [value, first, second] = three(&[1e308, 1e308, -1e308], |x| x.ln_sum_exp());
    assert_eq!(value, [1e308]);
    assert_eq!(first, [0.5, 0.5, 0.0]);
    assert!(second.iter().all(|x| x.abs() <= 1e-16)); // the slopes of a sum that is 1 always
    let [value, first, _] = three(&[1e308, 1e308, -1e308], |x| x.ln_softmax().columns(0, 1));
    assert_eq!((value[0], &first[..]), (-2.0_f64.ln(), &[0.5, -0.5, 0.0][..]));
    let [value, first, _] = three(&[1000.0, 1001.0], |x| x.ln_sum_exp());
    // One rounding of a number near 1001 is 1e-13.
    assert!((value[0] - (1001.0 + (-1.0_f64).exp().ln_1p())).abs() <= 2e-13);
    assert!((first[1] - 1.0 / (1.0 + (-1.0_f64).exp())).abs() <= 2e-13);
}

#[test]
fn slopes_at_kinks_are_finite_and_as_documented() {
    let slope = |f: fn(Var<'_, f64>) -> Var<'_, f64>| three(&[0.0], f)[1][0];
    assert_eq!(slope(|x| x.relu()), 0.0);
    assert_eq!(slope(|x| x.leaky_relu(0.25)), 0.25);
    assert_eq!(slope(|x| x.elu(0.25)), 0.25);
    assert_eq!(slope(|x| x.abs()), 0.0);
    assert_eq!(slope(|x| x.sign()), 0.0);
    assert_eq!(slope(|x| x.sqrt()), 0.0);
    // Of equal entries the second one's: 3 x.
    assert_eq!(slope(|x| x.max(x.scale(3.0))), 3.0);
    assert_eq!(slope(|x| x.scale(3.0).max(x)), 1.0);
    assert!([three(&[0.0], |x| x.relu())[2][0], three(&[0.0], |x| x.sqrt())[2][0]].iter().all(|x| x.is_finite()));
}

#[test]
fn a_maximum_keeps_a_nan_on_either_side() {
    let tape = Tape::new();
    let (a, b) = (tape.var(&DMatrix::from_row_slice(1, 3, &[f64::NAN, 1.0, 2.0])), tape.filled(1, 3, 1.5));
    for y in [a.max(b), b.max(a)] {
        let y = y.to_matrix().unwrap();
        assert!(y[0].is_nan() && y[1] == 1.5 && y[2] == 2.0, "{y}");
    }
}

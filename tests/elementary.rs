//! Values of the table of functions: the smooth ones against mpmath (`tests/data/elementary.py`) and, in f32, against f64; all of them at the
//! ends of the line, and one by one against many at a time. Their derivatives are in `special.rs`.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fenchel::elementary::{Elementary, Function};
use fenchel::nalgebra::{DMatrix, convert, convert_unchecked};
use fenchel::{Real, Tape};
use num_dual::Dual64;

/// The functions of many numbers at a time.
fn values<T: Real>(function: Function, x: &[T]) -> Vec<T> {
    let tape = Tape::new();
    let x = tape.var(&DMatrix::from_column_slice(x.len(), 1, x));
    x.map(function).to_matrix().unwrap().as_slice().to_vec()
}

/// x, f(x) rounded, and what the rounding lost in units of the last place.
fn exact(name: &str) -> Vec<[f64; 3]> {
    let lines = include_str!("data/elementary.csv").lines().map(|line| line.split(','));
    let of_function = lines.filter_map(|mut cells| (cells.next() == Some(name)).then_some(cells));
    of_function.map(|cells| cells.map(|cell| cell.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap()).collect()
}

/// Each function with its rows in the data, and the most that it may be off by, in units of the last place. At ten million other places these were:
/// 1.23, 1.26, 0.83, 0.82, 1.62, 1.54, 2.56, 1.71, 1.23, 1.5 and 4.49, and of the last two, at 700 000 in f64 and every seventh number in f32, 1.87 and 2.84. The product of two shares has the errors of
/// both, ln cosh squares e^|x| − 1 and with it doubles its error, and Φ is an exponential with a factor and a divisor that are rounded.
const SMOOTH: [(&str, Function, f64); 13] = [
    ("exp_m1", Function::ExpM1, 1.3),
    ("one_m_exp_m", Function::OneMExpM, 1.3),
    ("ln", Function::Ln, 0.9),
    ("ln_1p", Function::Ln1p, 0.9),
    ("tanh", Function::Tanh, 1.7),
    ("sigmoid", Function::Sigmoid, 1.7),
    ("sigmoid_slope", Function::SigmoidSlope, 2.7),
    ("softplus", Function::Softplus, 1.8),
    ("exp_m1", Function::Elu(1.0), 1.3),
    ("one_m_square", Function::OneMSquare, 1.6),
    ("ln_cosh", Function::LnCosh, 4.6),
    ("normal_pdf", Function::NormalPdf, 2.0),
    ("normal_cdf", Function::NormalCdf, 3.0),
];

#[test]
fn smooth_functions_are_right_to_two_units() {
    for (name, function, most) in SMOOTH {
        let mut rows = exact(name);
        rows.retain(|row| row[0] <= 0.0 || function != Function::Elu(1.0));
        assert!(rows.len() >= 600, "{name}: {}", rows.len());
        let found = values(function, &rows.iter().map(|row| row[0]).collect::<Vec<_>>());
        for ([x, value, lost], found) in rows.into_iter().zip(found) {
            let unit = value.abs().next_up() - value.abs();
            let error = ((found - value) / unit - lost).abs();
            assert!(error <= most, "{function:?}({x}) = {found}, off by {error} units");
        }
    }
}

#[test]
fn in_f32_they_are_right_to_two_units_as_well() {
    let ln_cosh = |x: f64| {
        let size = x.abs();
        let half = (0.5 * size).sinh();
        if size < 1.0 { (2.0 * half * half).ln_1p() } else { size + (-2.0 * size).exp().ln_1p() - 2.0_f64.ln() }
    };
    // Every 1009th number; f64 has digits enough to tell.
    let positive = (0..f32::INFINITY.to_bits()).step_by(1009).map(f32::from_bits);
    let x: Vec<f32> = positive.flat_map(|x| [x, -x]).collect();
    for (name, function, most) in SMOOTH {
        for (&x, found) in x.iter().zip(values(function, &x)) {
            let wide = f64::from(x);
            let value = match function {
                Function::Ln => wide.ln(),
                Function::Ln1p => wide.ln_1p(),
                Function::Tanh => wide.tanh(),
                Function::Sigmoid => 1.0 / (1.0 + (-wide).exp()),
                Function::SigmoidSlope => 1.0 / ((1.0 + (-wide).exp()) * (1.0 + wide.exp())),
                Function::OneMExpM => -(-wide).exp_m1(),
                Function::OneMSquare => (1.0 - wide) * (1.0 + wide),
                Function::Softplus => wide.max(0.0) + (-wide.abs()).exp().ln_1p(),
                Function::LnCosh => ln_cosh(wide),
                Function::Elu(_) => wide.max(wide.exp_m1().min(0.0)),
                Function::NormalPdf => (-0.5 * wide * wide).exp() / std::f64::consts::TAU.sqrt(),
                Function::NormalCdf => 0.5 * libm::erfc(-wide * std::f64::consts::FRAC_1_SQRT_2),
                _ => wide.exp_m1(),
            };
            let rounded = (value as f32).abs();
            if rounded.is_finite() {
                // At the ends of a power of 2 the unit is that of the exact value, not of the rounded one.
                let rounded = if f64::from(rounded) > value.abs() { rounded.next_down() } else { rounded };
                let unit = f64::from(rounded.next_up()) - f64::from(rounded);
                let error = (f64::from(found) - value).abs() / unit;
                assert!(error <= most, "{name}({x}) = {found}, off by {error} units");
            } else {
                assert!(found == value as f32 || found.is_nan() && value.is_nan(), "{name}({x}) = {found}");
            }
        }
    }
}

fn smooth_functions_have_their_limits_in<T: Real>() {
    let (infinity, nan) = (f64::INFINITY, f64::NAN);
    let (ln_2, at_0) = (2.0_f64.ln(), 0.3989422804014327); // 1/√(2π)
    // At −∞, −1, −0, 0 and +∞; NaN where the function is left to other tests.
    let limits = [
        (Function::Exp, [0.0, nan, 1.0, 1.0, infinity]),
        (Function::ExpM1, [-1.0, nan, -0.0, 0.0, infinity]),
        (Function::OneMExpM, [-infinity, nan, -0.0, 0.0, 1.0]),
        (Function::OneMSquare, [-infinity, 0.0, 1.0, 1.0, -infinity]),
        (Function::SigmoidSlope, [0.0, nan, 0.25, 0.25, 0.0]),
        (Function::Tanh, [-1.0, nan, -0.0, 0.0, 1.0]),
        (Function::Sigmoid, [0.0, nan, 0.5, 0.5, 1.0]),
        (Function::Softplus, [0.0, nan, ln_2, ln_2, infinity]),
        (Function::Elu(1.0), [-1.0, nan, -0.0, 0.0, infinity]),
        (Function::LnCosh, [infinity, nan, 0.0, 0.0, infinity]),
        (Function::NormalPdf, [0.0, nan, at_0, at_0, 0.0]),
        (Function::NormalCdf, [0.0, nan, 0.5, 0.5, 1.0]),
        (Function::Ln1p, [nan, -infinity, -0.0, 0.0, infinity]),
        (Function::Ln, [nan, nan, -infinity, -infinity, infinity]),
    ];
    let ends = [-infinity, -1.0, -0.0, 0.0, infinity].map(convert::<f64, T>);
    for (function, limits) in limits {
        for (found, limit) in values(function, &ends).into_iter().zip(limits).filter(|(_, limit)| !limit.is_nan()) {
            let limit: T = convert(limit);
            assert!(found == limit && found.is_sign_negative() == limit.is_sign_negative(), "{function:?}: {found}");
        }
        for outside in values(function, &[convert::<f64, T>(nan), -convert::<f64, T>(nan)]) {
            assert!(outside.partial_cmp(&outside).is_none(), "{function:?}(NaN) = {outside}");
        }
    }
    for outside in [values(Function::Ln, &ends[..2]), values(Function::Ln1p, &ends[..1])].concat() {
        assert!(outside.partial_cmp(&outside).is_none(), "a logarithm of less than nothing is {outside}");
    }
}

#[test]
fn smooth_functions_have_their_limits() {
    smooth_functions_have_their_limits_in::<f64>();
    smooth_functions_have_their_limits_in::<f32>();
}

#[test]
fn the_least_numbers_pass_through_those_that_are_x_near_0() {
    let least = [5e-324, -5e-324, 3e-310, -3e-310, f64::MIN_POSITIVE, 1e-200, -1e-200];
    let least_f32 = [1e-45_f32, -1e-45, 3e-39, -3e-39, f32::MIN_POSITIVE, 1e-30, -1e-30];
    for function in [Function::ExpM1, Function::OneMExpM, Function::Tanh, Function::Ln1p, Function::Elu(1.0)] {
        assert_eq!(values(function, &least), least, "{function:?}");
        assert_eq!(values(function, &least_f32), least_f32, "{function:?}");
    }
}

#[test]
fn the_largest_numbers_have_finite_values_where_there_are_any() {
    assert_eq!(values(Function::Tanh, &[f64::MAX, f64::MIN]), [1.0, -1.0]);
    assert_eq!(values(Function::Sigmoid, &[f64::MAX, f64::MIN]), [1.0, 0.0]);
    assert_eq!(values(Function::Softplus, &[f64::MAX, f64::MIN]), [f64::MAX, 0.0]);
    assert_eq!(values(Function::LnCosh, &[f64::MAX, f64::MIN]), [f64::MAX; 2]);
    assert_eq!(values(Function::NormalPdf, &[f64::MAX, f64::MIN]), [0.0, 0.0]);
    assert_eq!(values(Function::NormalCdf, &[f64::MAX, f64::MIN]), [1.0, 0.0]);
    // By mpmath.
    assert_eq!(values(Function::Ln1p, &[f64::MAX]), [709.782712893384]);
    assert_eq!(values(Function::ExpM1, &[709.78]), [1.7928227943945155e308]);
}

/// The bits of every function, of numbers one by one and of the same numbers among others.
fn check_bits<T: Real>(bits: impl Fn(T) -> u64) {
    let same = |a: T, b: T| bits(a) == bits(b) || (a.partial_cmp(&a).is_none() && b.partial_cmp(&b).is_none());
    let ends = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, 1e300, -1e300].map(convert::<f64, T>);
    let x: Vec<T> = (-200..200).map(|i| convert(f64::from(i) * 0.237)).chain(ends).collect();
    for &function in Function::ALL {
        let alone: Vec<T> = x.iter().map(|&x| std::hint::black_box(x).map(function)).collect();
        // Whole blocks of several loops, short ones, and what is left over.
        for (start, count) in [(0, x.len()), (207, 201), (9, 64), (1, 37), (2, 16), (3, 4), (5, 3), (398, 10), (7, 1)] {
            for (i, found) in (start..).zip(values(function, &x[start..][..count])) {
                assert!(same(found, alone[i]), "{function:?}({}): {found} among {count}, {}", x[i], alone[i]);
            }
        }
    }
}

#[test]
fn a_value_depends_neither_on_its_place_nor_on_how_many_there_are() {
    check_bits::<f64>(f64::to_bits);
    check_bits::<f32>(|x| x.to_bits().into());
}

#[test]
fn dual_numbers_carry_the_derivative_on_both_sides_of_0() {
    for zero in [0.0, -0.0] {
        let slope = |function: Function| Dual64::from_re(zero).derivative().map(function).eps;
        assert_eq!(slope(Function::Sigmoid), 0.25);
        assert_eq!(slope(Function::Softplus), 0.5);
        assert_eq!(slope(Function::Tanh), 1.0);
        assert_eq!(slope(Function::LnCosh), 0.0);
        // w₀ w₁ and w₁ of the weights, to a few roundings.
        assert!((slope(Function::MixSigmoid([0.7, 0.3])) - 0.21).abs() <= 4.0 * f64::EPSILON);
        assert!((slope(Function::LnMixExp([0.7, 0.3])) - 0.3).abs() <= 4.0 * f64::EPSILON);
    }
    // Where e^|x| is no number any more.
    let far = Dual64::from_re(-2000.0).derivative().map(Function::LnCosh);
    assert_eq!((far.re, far.eps), (2000.0 - 2.0_f64.ln(), -1.0));
}

#[test]
fn what_is_applied_to_a_dual_number_on_the_tape_is_applied_to_its_real_part() {
    let x = [-3.0, -0.4, 0.7, 5.0];
    for &function in Function::ALL {
        let duals = values(function, &x.map(Dual64::from_re));
        for ((dual, found), x) in duals.iter().zip(values(function, &x)).zip(x) {
            let found: f64 = convert_unchecked(found);
            // A dozen roundings of the same formula by the library's own functions.
            let close = (dual.re - found).abs() <= 16.0 * f64::EPSILON * found.abs();
            assert!(close || dual.re == found || dual.re.is_nan() && found.is_nan(), "{function:?}({x})");
        }
    }
}

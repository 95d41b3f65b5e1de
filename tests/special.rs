//! The scalar kernels, and the table of functions with its derivatives.
//!
//! The oracles are the values of `tests/data/divergences.py`, limits, and dual numbers.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fenchel::autodiff::Tape;
use fenchel::elementary::{Elementary, Function};
use fenchel::nalgebra::{convert, convert_unchecked};
use fenchel::{Real, special};
use num_dual::Dual64;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Calls `law(name, kernel)` for every kernel of one variable.
macro_rules! for_each_kernel {
    ($law:expr) => {
        for_each_kernel! { @call $law; softplus sigmoid ln_mean_exp exp_m1_mx x_exp_m_exp_m1 inverse_2_exp_m1_mx }
    };
    (@call $law:expr; $($kernel:ident)*) => {
        $($law(stringify!($kernel), special::$kernel, special::$kernel, special::$kernel);)*
    };
}

fn read<T: Real>(x: T) -> f64 {
    convert_unchecked(x)
}

/// What is off by more than a few dozen rounding units.
fn disagreements<T: Real>(
    name: &str,
    kernel: fn(T) -> T,
    farthest: f64,
    range: std::ops::RangeInclusive<f64>,
) -> Vec<String> {
    let (mut compared, mut off) = (0, Vec::new());
    for line in include_str!("data/special.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (x, expected): (f64, f64) = (cells[2].parse().unwrap(), cells[3].parse().unwrap());
        let representable = read(convert::<f64, T>(x)) == x && range.contains(&expected.abs());
        if cells[1] != name || x.abs() > farthest || !representable {
            continue;
        }
        compared += 1;
        let found = read(kernel(convert(x)));
        let units = (found - expected).abs() / (read(T::default_epsilon()) * expected.abs());
        // A handful of operations and library functions of up to one unit each. The inverse is steep where what it
        // inverts is flat: a rounding of x, or of a sum of its size, is amplified by the condition of the inverse
        // function.
        let condition = match name {
            "inverse_2_exp_m1_mx" => (x.abs() / (2.0 * expected.exp_m1() + 1.0) / expected.abs()).max(1.0),
            _ => 1.0,
        };
        if units.is_nan() || units > 16.0 * condition {
            off.push(format!("{name}({x}) = {found:e}, not {expected:e}: {units} units"));
        }
    }
    assert!(compared >= 20, "{name}: only {compared} references");
    off
}

#[test]
fn kernels_agree_with_high_precision_references() {
    let mut off = Vec::new();
    for_each_kernel!(|name, double: fn(f64) -> f64, single: fn(f32) -> f32, _: fn(Dual64) -> Dual64| {
        off.extend(disagreements(name, double, f64::MAX, f64::MIN_POSITIVE..=f64::MAX));
        off.extend(disagreements(name, single, 80.0, f64::from(f32::MIN_POSITIVE)..=f64::from(f32::MAX)));
    });
    assert!(off.is_empty(), "{}", off.join("\n"));
}

#[test]
fn kernels_return_their_limits_at_the_ends_of_the_line() {
    let infinity = f64::INFINITY;
    let ln_2 = std::f64::consts::LN_2;
    for_each_kernel!(|name, kernel: fn(f64) -> f64, _: fn(f32) -> f32, _: fn(Dual64) -> Dual64| {
        let (low, high) = match name {
            "softplus" => (0.0, infinity),
            "sigmoid" => (0.0, 1.0),
            "ln_mean_exp" => (-ln_2, infinity),
            "exp_m1_mx" => (infinity, infinity),
            "x_exp_m_exp_m1" => (1.0, infinity),
            "inverse_2_exp_m1_mx" => (-ln_2, infinity),
            other => panic!("what are the limits of {other}?"),
        };
        for (x, limit) in [(-infinity, low), (infinity, high)] {
            let found = kernel(x);
            // A limit that is a constant may be rounded once.
            assert!(found == limit || (found - limit).abs() <= f64::EPSILON * limit.abs(), "{name}({x}) = {found}");
        }
    });
}

#[test]
fn kernels_neither_overflow_nor_turn_to_nan_short_of_their_limits() {
    for_each_kernel!(|name, kernel: fn(f64) -> f64, single: fn(f32) -> f32, _: fn(Dual64) -> Dual64| {
        for exponent in -1070..1024 {
            for x in [-2.0_f64.powi(exponent), 2.0_f64.powi(exponent)] {
                let y = kernel(x);
                // Only those that grow as e^x leave the range of the numbers, and only from ln(MAX) = 709.8 up.
                let grows = matches!(name, "exp_m1_mx" | "x_exp_m_exp_m1") && x > 700.0;
                assert!(y.is_finite() || y == f64::INFINITY && grows, "{name}({x}) = {y}");
                let x = x as f32;
                let (y, grows) = (single(x), matches!(name, "exp_m1_mx" | "x_exp_m_exp_m1") && x > 80.0);
                assert!(
                    y.is_finite() || y == f32::INFINITY && (grows || x.is_infinite()) || x == f32::NEG_INFINITY,
                    "{name}({x}) = {y}"
                );
            }
        }
    });
}

#[test]
fn nan_in_gives_nan_out() {
    for_each_kernel!(|name, double: fn(f64) -> f64, single: fn(f32) -> f32, _: fn(Dual64) -> Dual64| {
        assert!(double(f64::NAN).is_nan(), "{name}");
        assert!(single(f32::NAN).is_nan(), "{name}");
    });
}

#[test]
fn the_derivatives_of_the_kernels_are_their_closed_forms() {
    for_each_kernel!(|name, kernel: fn(f64) -> f64, _: fn(f32) -> f32, dual: fn(Dual64) -> Dual64| {
        for i in -600..=600 {
            let x = f64::from(i) / 20.0;
            if name == "inverse_2_exp_m1_mx" && x < -0.3 {
                continue; // constant below ln 2 - 1 = -0.307
            }
            let y = dual(Dual64::from_re(x).derivative());
            let expected = match name {
                "softplus" | "ln_mean_exp" => 1.0 / (1.0 + (-x).exp()),
                "sigmoid" => 1.0 / (2.0 + x.exp() + (-x).exp()),
                "exp_m1_mx" => x.exp_m1(),
                "x_exp_m_exp_m1" => x * x.exp(),
                "inverse_2_exp_m1_mx" => 1.0 / (2.0 * kernel(x).exp_m1() + 1.0),
                other => panic!("what is the derivative of {other}?"),
            };
            // The same algorithm on dual numbers gives the same value, but for roundings in the library's own
            // division, say.
            assert!((y.re - kernel(x)).abs() <= 8.0 * f64::EPSILON * y.re.abs(), "{name} at {x}");
            // A dozen roundings; sigmoid's own derivative is a difference of two numbers of up to sigmoid's size, by
            // the quotient rule.
            let scale = if name == "sigmoid" { kernel(x) } else { expected.abs() };
            // The largest amplification of the inverse is at -0.3: 1/(slope of 0.11) there.
            let units = if name == "inverse_2_exp_m1_mx" { 256.0 } else { 32.0 };
            assert!((y.eps - expected).abs() <= units * f64::EPSILON * scale, "{name}' at {x}: {} {expected}", y.eps);
        }
    });
}

proptest! {
    #![proptest_config(fixed(256))]

    /// t = 2(eˣ - 1) - x, computed so that it does not cancel near 0.
    #[test]
    fn the_inverse_gives_back_what_went_in(x in -0.69..700.0_f64) {
        let slope = 2.0 * x.exp_m1() + 1.0;
        let t = 2.0 * x.exp_m1() - x;
        let found = special::inverse_2_exp_m1_mx(t);
        // t is off by two roundings of its terms, which the inverse amplifies by 1/slope; and its own few roundings.
        let tolerance = 8.0 * f64::EPSILON * (x.abs() + (2.0 * x.exp_m1().abs() + x.abs()) / slope);
        prop_assert!((found - x).abs() <= tolerance, "{} {}", found, x);
    }

    #[test]
    fn the_inverse_increases(t in -0.306..100.0_f64, by in 1e-6..1.0_f64) {
        prop_assert!(special::inverse_2_exp_m1_mx(t + by) > special::inverse_2_exp_m1_mx(t));
    }

    #[test]
    fn ln_sum_exp_is_the_naive_sum_where_that_does_not_overflow(xs in prop::collection::vec(-20.0..20.0_f64, 1..40)) {
        let naive = xs.iter().map(|x| x.exp()).sum::<f64>().ln();
        // Forty roundings of a sum, and the logarithm's own; near ln 1 = 0 the error is absolute.
        prop_assert!((special::ln_sum_exp(&xs) - naive).abs() <= 64.0 * f64::EPSILON * (1.0 + naive.abs()));
    }

    #[test]
    fn ln_sum_exp_moves_along_with_a_shift(
        xs in prop::collection::vec(-20.0..20.0_f64, 1..40), shift in -1e4..1e4_f64,
    ) {
        let shifted: Vec<f64> = xs.iter().map(|x| x + shift).collect();
        // The shifted numbers are rounded at their own size.
        let tolerance = 8.0 * f64::EPSILON * (20.0 + shift.abs()) + 64.0 * f64::EPSILON;
        prop_assert!((special::ln_sum_exp(&shifted) - special::ln_sum_exp(&xs) - shift).abs() <= tolerance);
    }
}

#[test]
fn below_its_range_the_inverse_stays_at_its_lowest_value() {
    let ln_2 = std::f64::consts::LN_2;
    for t in [ln_2 - 1.0, -0.31, -1.0, -1e300] {
        assert_eq!(special::inverse_2_exp_m1_mx(t), -ln_2, "{t}");
    }
}

#[test]
fn ln_sum_exp_of_nothing_infinities_and_nan() {
    let (infinity, nan) = (f64::INFINITY, f64::NAN);
    assert_eq!(special::ln_sum_exp::<f64>(&[]), -infinity);
    assert_eq!(special::ln_sum_exp(&[-infinity, -infinity]), -infinity);
    assert_eq!(special::ln_sum_exp(&[3.0, -infinity]), 3.0);
    assert_eq!(special::ln_sum_exp(&[3.0, infinity, -infinity]), infinity);
    for values in [[nan, 1.0], [1.0, nan], [nan, infinity], [infinity, nan], [nan, -infinity], [-infinity, nan]] {
        assert!(special::ln_sum_exp(&values).is_nan(), "{values:?}");
    }
    // A term of e^-2000 is nothing beside one of e^0.
    assert_eq!(special::ln_sum_exp(&[-2000.0, 0.0]), 0.0);
    assert_eq!(special::ln_sum_exp(&[-1e308]), -1e308);
    assert_eq!(special::ln_sum_exp(&[-1e308, -1e308]), -1e308);
    // One rounding of ln 4 and one of the sum.
    assert!((special::ln_sum_exp(&[800.0_f32; 4]) - (800.0 + 4.0_f32.ln())).abs() <= 2.0 * 800.0 * f32::EPSILON);
}

// ---------------------------------------------------------------------------------------------------------------------
// The table of functions
// ---------------------------------------------------------------------------------------------------------------------

/// Points away from the kinks of every function in the table, which are at 0, -1/2 and 3/4, and at ln 2 - 1 = -0.307.
const POINTS: [f64; 14] = [-25.3, -7.3, -2.1, -0.9, -0.4, -0.2, -0.11, 0.13, 0.4, 0.9, 2.2, 6.1, 8.9, 30.7];

/// Is a number, and no further from the other than that?
fn within(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

#[test]
fn the_gradient_of_every_function_is_its_derivative_by_dual_numbers() {
    let mut off = Vec::new();
    for &function in Function::ALL {
        let mut compared = 0;
        for x in POINTS {
            let dual = Dual64::from_re(x).derivative().map(function);
            if !dual.re.is_finite() {
                continue; // outside the domain: ln, sqrt, indicator
            }
            compared += 1;
            let tape = Tape::new();
            let input = tape.scalar(x);
            let output = input.map(function);
            let [slope] = tape.grad(output, [input]);
            let (value, slope) = (output.to_scalar().unwrap(), slope.to_scalar().unwrap());
            if !within(value, dual.re, 8.0 * f64::EPSILON * value.abs()) {
                off.push(format!("{function:?}({x}) = {value} on the tape, {} on a dual number", dual.re));
            }
            // A dozen roundings; tanh' = 1 - tanh^2 and sigmoid' by the quotient rule are differences of numbers up to
            // 1.
            let tolerance = 64.0 * f64::EPSILON * dual.eps.abs().max(value.abs().min(1.0));
            if !within(slope, dual.eps, tolerance) {
                off.push(format!("{function:?}'({x}) = {slope} on the tape, {} by a dual number", dual.eps));
            }
        }
        assert!(compared >= 6, "{function:?}: only {compared} points in its domain");
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}

/// Second order: the gradient of the gradient on the tape, against the differences of the dual derivative.
#[test]
fn the_second_derivative_of_every_function_is_the_difference_of_its_first() {
    let mut off = Vec::new();
    for &function in Function::ALL {
        for x in POINTS.into_iter().filter(|x| x.abs() < 5.0) {
            let derivative = |x: f64| Dual64::from_re(x).derivative().map(function).eps;
            let h = 1e-5;
            let expected = (derivative(x + h) - derivative(x - h)) / (2.0 * h);
            if !function_is_defined(function, x) {
                continue;
            }
            let tape = Tape::new();
            let input = tape.scalar(x);
            let [slope] = tape.grad(input.map(function), [input]);
            let [second] = tape.grad(slope, [input]);
            let second = second.to_scalar().unwrap();
            // h^2/6 times a fourth derivative, up to 6e5 for 1/x at 0.11, where the second is 1.5e3; and a rounding
            // over h.
            if !within(second, expected, 1e-7 * (1.0 + expected.abs())) {
                off.push(format!("{function:?}''({x}) = {second} on the tape, {expected} by differences"));
            }
        }
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}

fn function_is_defined(function: Function, x: f64) -> bool {
    x.map(function).is_finite()
}

/// Kinks and ends of domains: a number, never NaN.
#[test]
fn the_gradient_at_a_kink_is_finite() {
    let kinks = [
        (Function::Sqrt, 0.0, 0.0),
        (Function::Abs, 0.0, 0.0),
        (Function::Relu, 0.0, 0.0),
        (Function::LeakyRelu(0.25), 0.0, 0.25),
        (Function::RecipOrZero, 0.0, 0.0),
        (Function::Sign, 0.0, 0.0),
        (Function::Step(0.25), 0.0, 0.0),
    ];
    for (function, x, expected) in kinks {
        let tape = Tape::new();
        let input = tape.scalar(x);
        let [slope] = tape.grad(input.map(function), [input]);
        assert_eq!(slope.to_scalar().unwrap(), expected, "{function:?} at {x}");
    }
}

#[test]
fn nan_survives_every_function_whose_value_depends_on_it() {
    for &function in Function::ALL {
        let y = f64::NAN.map(function);
        // Those that answer a question about x (its sign, is it inside?) have to answer something.
        let asks = matches!(function, Function::Step(_) | Function::Inside(_) | Function::Indicator(_));
        assert!(asks || y.is_nan(), "{function:?}(NaN) = {y}");
    }
}

//! The scalar kernels, and the table of functions with its derivatives.
//!
//! The oracles are the values of `tests/data/divergences.py`, limits, and dual numbers.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fenchel::autodiff::Tape;
use fenchel::elementary::{Elementary, Function};
use fenchel::nalgebra::{convert, convert_unchecked};
use fenchel::{Real, special};
use num_dual::{Dual3_64, Dual64};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Calls `law(name, kernel)` for every kernel of one variable, those with a parameter at some of its values.
macro_rules! for_each_kernel {
    ($law:expr) => {
        for_each_kernel! { @call $law;
            "softplus" special::softplus;
            "sigmoid" special::sigmoid;
            "mix_sigmoid(0.3)" |x| special::mix_sigmoid([1.0 - 0.3, 0.3], x);
            "mix_sigmoid(0.999)" |x| special::mix_sigmoid([1.0 - 0.999, 0.999], x);
            "ln_mix_exp(0.5)" |x| special::ln_mix_exp([0.5, 0.5], x);
            "ln_mix_exp(0.001)" |x| special::ln_mix_exp([1.0 - 0.001, 0.001], x);
            "ln_mix_exp(0.9)" |x| special::ln_mix_exp([1.0 - 0.9, 0.9], x);
            "ln_cosh" special::ln_cosh;
            "exp_m1_mx" special::exp_m1_mx;
            "x_exp_m_exp_m1" special::x_exp_m_exp_m1;
            "scaled_exp(0.7)" |x| special::scaled_exp(0.7, x);
            "scaled_exp_m1(-0.6)" |x| special::scaled_exp_m1(-0.6, x);
            "scaled_exp_m1(0.000001)" |x| special::scaled_exp_m1(0.000001, x);
            "scaled_ln_1p(0.4)" |x| special::scaled_ln_1p(0.4, x);
            "alpha_generator(0.3)" |x| special::alpha_generator(0.3, x);
            "alpha_generator(1.000001)" |x| special::alpha_generator(1.000001, x);
            "normal_cdf" special::normal_cdf;
        }
    };
    (@call $law:expr; $($name:literal $kernel:expr;)*) => {
        $($law($name, $kernel, $kernel, $kernel);)*
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
        // A handful of operations and library functions of up to one unit each. Near -1/c a logarithm amplifies the rounding of c x, and
        // 1 - alpha is rounded, which costs |x| units of the last place.
        let condition = match name {
            "scaled_ln_1p(0.4)" => (x / (1.0 + 0.4 * x) / expected).abs().max(1.0),
            "alpha_generator(0.3)" | "alpha_generator(1.000001)" => 1.0 + x.abs() / 16.0,
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
    for_each_kernel!(|name, kernel: fn(f64) -> f64, _: fn(f32) -> f32, _: fn(Dual64) -> Dual64| {
        let (low, high) = match name {
            "softplus" => (0.0, infinity),
            "sigmoid" | "mix_sigmoid(0.3)" | "mix_sigmoid(0.999)" => (0.0, 1.0),
            "ln_mix_exp(0.5)" => (0.5_f64.ln(), infinity),
            "ln_mix_exp(0.001)" => (0.999_f64.ln(), infinity),
            "ln_mix_exp(0.9)" => ((1.0 - 0.9_f64).ln(), infinity),
            "ln_cosh" | "exp_m1_mx" => (infinity, infinity),
            "x_exp_m_exp_m1" => (1.0, infinity),
            "scaled_exp(0.7)" => (0.0, infinity),
            "scaled_exp_m1(-0.6)" => (-infinity, 1.0 / 0.6),
            "scaled_exp_m1(0.000001)" => (-1e6, infinity),
            "scaled_ln_1p(0.4)" => (-infinity, infinity), // -1 and below counts as -1
            "alpha_generator(0.3)" => (1.0 / 0.3, infinity),
            "alpha_generator(1.000001)" => (1.0 / 1.000001, infinity),
            "normal_cdf" => (0.0, 1.0),
            other => panic!("what are the limits of {other}?"),
        };
        for (x, limit) in [(-infinity, low), (infinity, high)] {
            let found = kernel(x);
            // A limit that is a constant may be rounded a few times.
            assert!(
                found == limit || (found - limit).abs() <= 4.0 * f64::EPSILON * limit.abs(),
                "{name}({x}) = {found}"
            );
        }
    });
}

/// However small c is, unless it is 0.
#[test]
fn scaled_exponentials_have_their_limits_for_every_scale() {
    let infinity = f64::INFINITY;
    for c in [1e-20, 1e-29, 1e-31, 1e-40, 1e-300] {
        assert_eq!([-infinity, infinity].map(|x| special::scaled_exp(c, x)), [0.0, infinity]);
        let [low, high] = [-infinity, infinity].map(|x| special::scaled_exp_m1(c, x));
        // A reciprocal and a product.
        assert!((low * c + 1.0).abs() < 1e-15 && high == infinity, "{c}: {low} {high}");
        // Between them eᶜˣ is 1, to rounding.
        assert_eq!((special::scaled_exp(c, 5.0), special::scaled_exp_m1(c, 5.0)), (1.0, 5.0));
        assert!(special::scaled_exp(c, f64::NAN).is_nan() && special::scaled_exp_m1(c, f64::NAN).is_nan());
    }
    for x in [-infinity, infinity] {
        assert_eq!((special::scaled_exp(0.0, x), special::scaled_exp_m1(0.0, x)), (1.0, x));
        // A scale that is 0 in single precision.
        assert_eq!((special::scaled_exp(1e-60, x as f32), special::scaled_exp_m1(1e-60, x as f32)), (1.0, x as f32));
    }
}

/// Those that grow as eˣ or faster, or as e⁻ˣ, leave the range of the numbers there, but turn to infinity of the right sign.
#[test]
fn kernels_neither_overflow_nor_turn_to_nan_short_of_their_limits() {
    for_each_kernel!(|name: &str, kernel: fn(f64) -> f64, single: fn(f32) -> f32, _: fn(Dual64) -> Dual64| {
        let grows = |x: f64, end: f64| {
            let rate = match name {
                "exp_m1_mx" | "x_exp_m_exp_m1" | "alpha_generator(0.3)" | "alpha_generator(1.000001)" => 1.0,
                "scaled_exp(0.7)" => 0.7,
                "scaled_exp_m1(-0.6)" => -0.6,
                "scaled_exp_m1(0.000001)" => 1e-6,
                _ => return false,
            };
            rate * x > end
        };
        let ends = |x: f64| name == "scaled_ln_1p(0.4)" && 0.4 * x <= -1.0;
        for exponent in -1070..1024 {
            for x in [-2.0_f64.powi(exponent), 2.0_f64.powi(exponent)] {
                let y = kernel(x);
                let may = grows(x, 700.0) || ends(x);
                assert!(y.is_finite() || !y.is_nan() && may, "{name}({x}) = {y}");
                let x = x as f32;
                let y = single(x);
                let may = grows(x.into(), 80.0) || ends(x.into()) || x.is_infinite();
                assert!(y.is_finite() || !y.is_nan() && may, "{name}({x}) = {y}");
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
            let y = dual(Dual64::from_re(x).derivative());
            let mix = |w: f64| w * x.exp() / (1.0 - w + w * x.exp());
            let expected = match name {
                "softplus" => 1.0 / (1.0 + (-x).exp()),
                "sigmoid" => 1.0 / (2.0 + x.exp() + (-x).exp()),
                "mix_sigmoid(0.3)" => 1.0 / (2.0 + x.exp() * 0.3 / 0.7 + (-x).exp() * 0.7 / 0.3),
                "mix_sigmoid(0.999)" => 1.0 / (2.0 + x.exp() * 999.0 + (-x).exp() / 999.0),
                "ln_mix_exp(0.5)" => mix(0.5),
                "ln_mix_exp(0.001)" => mix(0.001),
                "ln_mix_exp(0.9)" => mix(0.9),
                "ln_cosh" => x.tanh(),
                "exp_m1_mx" => x.exp_m1(),
                "x_exp_m_exp_m1" => x * x.exp(),
                "scaled_exp(0.7)" => 0.7 * (0.7 * x).exp(),
                "scaled_exp_m1(-0.6)" => (-0.6 * x).exp(),
                "scaled_exp_m1(0.000001)" => (0.000001 * x).exp(),
                "scaled_ln_1p(0.4)" if x < -2.4 => continue,
                "scaled_ln_1p(0.4)" => 1.0 / (1.0 + 0.4 * x),
                "alpha_generator(0.3)" => (x.exp() - (0.3 * x).exp()) / 0.7,
                "alpha_generator(1.000001)" => x.exp() * (1e-6 * x).exp_m1() / 1e-6,
                "normal_cdf" => (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt(),
                other => panic!("what is the derivative of {other}?"),
            };
            // The same algorithm on dual numbers gives the same value, but for roundings in the library's own
            // division, and of products, which dual numbers cannot fuse.
            let units = 8.0 + x.abs();
            assert!(
                (y.re - kernel(x)).abs() <= units * f64::EPSILON * y.re.abs(),
                "{name} at {x}: {} {}",
                y.re,
                kernel(x)
            );
            // A dozen roundings; a sigmoid's own derivative is a difference of two numbers of up to sigmoid's size, by
            // the quotient rule; those on the right cancel near 0, and 1 - 0.9 is rounded.
            let scale = match name {
                "sigmoid" | "mix_sigmoid(0.3)" | "mix_sigmoid(0.999)" => kernel(x),
                "alpha_generator(0.3)" => x.exp() + (0.3 * x).exp(),
                "ln_cosh" => 1.0,
                "alpha_generator(1.000001)" => x.exp() * (1.0 + x.abs()) * 100.0, // 1.000001 - 1 is 1e-6 to ten digits
                _ => expected.abs(),
            };
            let units = match name {
                "mix_sigmoid(0.999)" => 1032.0 + x.abs(),
                "normal_cdf" => 32.0 + x * x, // the exponent is rounded
                _ => 32.0 + x.abs(),
            };
            assert!((y.eps - expected).abs() <= units * f64::EPSILON * scale, "{name}' at {x}: {} {expected}", y.eps);
        }
    });
}

proptest! {
    #![proptest_config(fixed(256))]

    /// (e^(c x) - 1)/c and its inverse.
    #[test]
    fn the_scaled_logarithm_inverts_the_scaled_exponential(c in -2.0..2.0_f64, x in -8.0..8.0_f64) {
        let y = special::scaled_exp_m1(c, x);
        let back = special::scaled_ln_1p(c, y);
        // 1 + c y = e^(c x) is rounded where c x is small or negative.
        let tolerance = 16.0 * f64::EPSILON * (x.abs() + (1.0 + (-c * x).exp()) * (1.0 / c.abs()).min(y.abs()));
        prop_assert!((back - x).abs() <= tolerance, "{} {}", back, x);
    }

    /// f_a(u) = u f_(1-a)(1/u), and f_2 is a square.
    #[test]
    fn alpha_generators_are_each_others_perspectives(alpha in -2.0..3.0_f64, x in -20.0..20.0_f64) {
        let (there, back) = (special::alpha_generator(alpha, x), x.exp() * special::alpha_generator(1.0 - alpha, -x));
        // Three dozen units, and the roundings of 1 - alpha and of x in exponents.
        prop_assert!((there - back).abs() <= (48.0 + 2.0 * x.abs()) * f64::EPSILON * there, "{} {}", there, back);
        let square = 0.5 * x.exp_m1() * x.exp_m1();
        prop_assert!((special::alpha_generator(2.0, x) - square).abs() <= 16.0 * f64::EPSILON * square);
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

/// Points away from the kinks of every function in the table, which are at 0, -1/2 and 3/4.
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

/// Third-order duals, of a function whose derivatives are polynomials times the density.
#[test]
fn the_normal_distribution_function_carries_derivatives_to_the_third_order() {
    for i in -60..=60 {
        let x = f64::from(i) / 10.0;
        let y = special::normal_cdf(Dual3_64::from(x).derivative());
        let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        // A dozen roundings, of polynomials whose terms are up to x² + 1.
        let allowed = 1e-15 * (2.0 + x * x) * (2.0 + x * x) * density;
        assert!((y.v1 - density).abs() <= allowed, "{x}: {}", y.v1);
        assert!((y.v2 + x * density).abs() <= allowed, "{x}: {}", y.v2);
        assert!((y.v3 - (x * x - 1.0) * density).abs() <= allowed, "{x}: {}", y.v3);
    }
}

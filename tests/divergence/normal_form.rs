//! What makes `value`, `real`, `fake` and `curvature` one object.
//!
//! The oracles are derivatives by dual numbers, and limits.

use fenchel::Real;
use fenchel::divergence::{FDivergence, Smooth};

use crate::{at, dual, log_ratios, read, saturated};

#[test]
fn value_real_and_fake_vanish_at_zero_exactly() {
    fn law<D: Smooth, T: Real>(name: &str, d: D) {
        for (part, x) in [("value", d.value(T::zero())), ("real", d.real(T::zero())), ("fake", d.fake(T::zero()))] {
            assert!(x == T::zero(), "{name} {part}(0) = {x}");
        }
    }
    for_each_divergence!(smooth law::<_, f64>);
    for_each_divergence!(smooth law::<_, f32>);
}

#[test]
fn the_generator_is_nowhere_negative_and_positive_away_from_one() {
    fn law<D: FDivergence, T: Real>(name: &str, d: D, limit: f64) {
        for v in log_ratios(limit) {
            let value = read(d.value(at::<T>(v)));
            assert!(value > 0.0, "{name} at {v}: {value}");
        }
    }
    for_each_divergence!(any | name, d | law::<_, f64>(name, d, 350.0));
    for_each_divergence!(any | name, d | law::<_, f32>(name, d, 40.0));
}

#[test]
fn the_generator_decreases_left_of_one_and_increases_right_of_it() {
    fn law<D: FDivergence>(name: &str, d: D) {
        for side in [-1.0, 1.0] {
            let values: Vec<f64> = (0..350).map(|i| d.value(side * f64::from(i))).collect();
            for pair in values.windows(2) {
                // Equal where f has come to its limit f(0) in working precision; a rounding or two there may even
                // point down.
                assert!(pair[1] >= pair[0] * (1.0 - 4.0 * f64::EPSILON), "{name}: {pair:?}");
            }
        }
    }
    for_each_divergence!(any law);
}

#[test]
fn the_generator_is_convex_in_u() {
    fn law<D: FDivergence>(name: &str, d: D) {
        let f = |u: f64| d.value(u.ln());
        for i in -40..40 {
            for j in i + 1..=40 {
                let (a, b) = (2.0_f64.powf(f64::from(i) / 4.0), 2.0_f64.powf(f64::from(j) / 4.0));
                let chord = 0.5 * (f(a) + f(b));
                let middle = f(0.5 * (a + b));
                // u = e^ln u is off by up to 7 roundings (|ln u| <= 7), and each moves f by u |f'| eps, which is at
                // most of the order of f + 1 + u.
                assert!(middle <= chord + 1e-14 * (chord + 1.0 + b), "{name} between {a} and {b}: {middle} > {chord}");
            }
        }
    }
    for_each_divergence!(any law);
}

#[test]
fn the_curvature_is_positive() {
    fn law<D: Smooth, T: Real>(name: &str, d: D, limit: f64) {
        for v in log_ratios(limit) {
            let k = read(d.curvature(at::<T>(v)));
            assert!(k > 0.0, "{name} at {v}: {k}");
        }
    }
    // As far as e^(2.5 v), of Alpha(2.5), is in the range of the numbers.
    for_each_divergence!(smooth | name, d | law::<_, f64>(name, d, 280.0));
    for_each_divergence!(smooth | name, d | law::<_, f32>(name, d, 34.0));
}

#[test]
fn the_curvature_is_the_derivative_of_fake() {
    fn law<D: Smooth>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (_, slope) = dual(v, |v| d.fake(v));
            let k = d.curvature(v);
            if k.is_infinite() {
                continue;
            }
            // Some ten roundings on either side, and those of the products of Alpha, for which dual numbers have no
            // fused multiplication. Terms of the size of e^-|v| may cancel in the derivative, not in what is
            // derived: fake of SoftForwardKl comes to its limit as e^2v, as the difference of two terms that come to
            // theirs as e^v.
            let scale = k + (-v.abs()).exp();
            assert!(
                (slope - k).abs() <= (32.0 + 2.0 * v.abs()) * f64::EPSILON * scale + saturated(name),
                "{name} at {v}: {slope} {k}"
            );
        }
    }
    for_each_divergence!(smooth law);
}

#[test]
fn the_derivative_of_real_is_the_curvature_over_the_ratio() {
    fn law<D: Smooth>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (_, slope) = dual(v, |v| d.real(v));
            let expected = (-v).exp() * d.curvature(v);
            // Some ten roundings on either side, and those of products as above. Terms of the size of e^-|v| may cancel in the derivative, not in what
            // is derived: real of SoftReverseKl comes to its limit as e^-2v, as the difference of two terms that come
            // to theirs as e^-v.
            let scale = expected + (-v.abs()).exp();
            assert!(
                (slope - expected).abs() <= (32.0 + 2.0 * v.abs()) * f64::EPSILON * scale + saturated(name),
                "{name} at {v}: {slope} {expected}"
            );
        }
    }
    for_each_divergence!(smooth law);
}

#[test]
fn the_derivative_of_the_value_is_real_times_the_ratio() {
    fn law<D: Smooth>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (value, slope) = dual(v, |v| d.value(v));
            let expected = v.exp() * d.real(v);
            if expected.is_infinite() {
                continue;
            }
            // Some twenty roundings, and those of products as above. The product rule sums terms of the size of the value itself where v > 0; where v
            // < 0 they may be of the size of e^v v, or of e^v for a derivative as large as e^-v.
            let scale = expected.abs() + if v > 0.0 { value } else { v.exp() * v.abs() };
            assert!(
                (slope - expected).abs() <= (64.0 + 2.0 * v.abs()) * f64::EPSILON * scale + saturated(name),
                "{name} at {v}: {slope} {expected}"
            );
        }
    }
    for_each_divergence!(smooth law);
}

#[test]
fn the_prices_of_lone_mass_are_limits_of_the_generator() {
    fn law<D: FDivergence>(name: &str, d: D) {
        if name.ends_with("own") {
            return; // one of the two values overflows
        }
        let limit = |what: &str, price: f64, f: &dyn Fn(f64) -> f64| {
            if price.is_finite() {
                // Alpha(1e-9) comes to its limit as e^(1e-9 v). What is left is the rounding of the value.
                let far = f(1e300);
                assert!((far - price).abs() <= 64.0 * f64::EPSILON * price, "{name} {what}: {far} {price}");
            } else {
                // The slowest grows as |v|/4.
                assert!(f(300.0) > f(80.0) + 0.2 * 219.0, "{name} {what}: {} {}", f(80.0), f(300.0));
            }
        };
        limit("f(0)", d.at_zero(), &|v| d.value(-v));
        limit("f'(inf)", d.slope_at_infinity(), &|v| d.swap().value(-v));
    }
    for_each_divergence!(any law);
}

#[test]
fn the_parts_return_their_limits_at_the_ends_of_the_line() {
    fn law<D: Smooth, T: Real>(name: &str, d: D, far: f64) -> Vec<String> {
        let infinity = f64::INFINITY;
        // Far out every part has come to its limit, or is on its way to infinity.
        let limit = |f: &dyn Fn(T) -> T, v: f64| {
            let y = read(f(at::<T>(v)));
            if y.abs() > 1e-6 * v.abs() { infinity * y.signum() } else { y }
        };
        type Part<'a, T> = (&'a str, &'a dyn Fn(T) -> T, f64, f64);
        let parts: [Part<T>; 4] = [
            ("value", &|v| d.value(v), d.at_zero(), infinity),
            ("real", &|v| d.real(v), f64::NAN, d.slope_at_infinity()),
            ("fake", &|v| d.fake(v), -d.at_zero(), f64::NAN),
            ("curvature", &|v| d.curvature(v), f64::NAN, f64::NAN),
        ];
        let mut wrong = Vec::new();
        for (what, f, low, high) in parts {
            for (end, known) in [(-1.0, low), (1.0, high)] {
                let found = read(f(at::<T>(end * infinity)));
                for expected in [limit(f, end * far), known] {
                    // Constants, or sums of two of them: a rounding or two.
                    let close = (found - expected).abs() <= 8.0 * read(T::default_epsilon()) * expected.abs();
                    if !(found == expected || close || expected.is_nan() && !found.is_nan() && known.is_nan()) {
                        wrong.push(format!("{name} {what}({}) = {found}, not {expected}", end * infinity));
                    }
                }
            }
        }
        wrong
    }
    let mut wrong = Vec::new();
    for_each_divergence!(smooth | name, d | wrong.extend(law::<_, f64>(name, d, 1e300)));
    for_each_divergence!(smooth | name, d | wrong.extend(law::<_, f32>(name, d, 1e38)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nan_in_gives_nan_out() {
    fn law<D: Smooth>(name: &str, d: D) {
        let nan = f64::NAN;
        for (part, x) in [("value", d.value(nan)), ("fake", d.fake(nan)), ("curvature", d.curvature(nan))] {
            assert!(x.is_nan(), "{name} {part}(NaN) = {x}");
        }
        assert!(d.real(nan).is_nan(), "{name}");
    }
    for_each_divergence!(smooth law);
}

#[test]
fn near_equal_laws_every_divergence_is_half_its_curvature_at_zero_times_v_squared() {
    fn law<D: Smooth>(name: &str, d: D) {
        for v in log_ratios(1e-4) {
            let leading = 0.5 * d.curvature(0.0) * v * v;
            // The next term of the series is smaller by a factor of about v.
            assert!((d.value(v) / leading - 1.0).abs() <= 2.0 * v.abs() + 1e-14, "{name} at {v}");
        }
    }
    for_each_divergence!(smooth law);
}

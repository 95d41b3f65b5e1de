//! The laws of the normal form: what makes `value`, `real`, `fake`, `curvature` and `conjugate` one object.
//!
//! The oracles are derivatives by dual numbers, limits, suprema over grids, and the values of
//! `tests/data/divergences.py`.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use fenchel::Real;
use fenchel::divergence::{FDivergence, Tilt, Variational};
use fenchel::nalgebra::{convert, convert_unchecked};
use num_dual::Dual64;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Points on both sides of 0, from 2⁻⁴⁰ to `limit`, eight to an octave.
fn log_ratios(limit: f64) -> impl Iterator<Item = f64> {
    let sizes =
        (0..8 * 50).map(|i| 2.0_f64.powf(f64::from(i) / 8.0 - 40.0)).filter(move |&v| v <= limit).chain([limit]);
    sizes.flat_map(|v| [-v, v])
}

/// The value and the derivative of `f` at `v`.
fn dual(v: f64, f: impl Fn(Dual64) -> Dual64) -> (f64, f64) {
    let y = f(Dual64::from_re(v).derivative());
    (y.re, y.eps)
}

fn at<T: Real>(v: f64) -> T {
    convert(v)
}

fn read<T: Real>(x: T) -> f64 {
    convert_unchecked(x)
}

#[test]
fn value_real_and_fake_vanish_at_zero_exactly() {
    fn law<D: Variational, T: Real>(name: &str, d: D) {
        for (part, x) in [("value", d.value(T::zero())), ("real", d.real(T::zero())), ("fake", d.fake(T::zero()))] {
            assert!(x == T::zero(), "{name} {part}(0) = {x}");
        }
        assert!(d.conjugate(T::zero()) == T::zero(), "{name}: f(1) = 0 is the least value, so f*(0) = 0");
    }
    for_each_divergence!(variational law::<_, f64>);
    for_each_divergence!(variational law::<_, f32>);
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
    fn law<D: Variational, T: Real>(name: &str, d: D, limit: f64) {
        for v in log_ratios(limit) {
            let k = read(d.curvature(at::<T>(v)));
            assert!(k > 0.0, "{name} at {v}: {k}");
        }
    }
    for_each_divergence!(variational | name, d | law::<_, f64>(name, d, 350.0));
    for_each_divergence!(variational | name, d | law::<_, f32>(name, d, 40.0));
}

#[test]
fn the_curvature_is_the_derivative_of_fake() {
    fn law<D: Variational>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (_, slope) = dual(v, |v| d.fake(v));
            let k = d.curvature(v);
            // Some ten roundings on either side. Terms of the size of e^-|v| may cancel in the derivative, not in what is
            // derived: fake of SoftForwardKl comes to its limit as e^2v, as the difference of two terms that come to
            // theirs as e^v.
            let scale = k + (-v.abs()).exp();
            assert!((slope - k).abs() <= 32.0 * f64::EPSILON * scale, "{name} at {v}: {slope} {k}");
        }
    }
    for_each_divergence!(variational law);
}

#[test]
fn the_derivative_of_real_is_the_curvature_over_the_ratio() {
    fn law<D: Variational>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (_, slope) = dual(v, |v| d.real(v));
            let expected = (-v).exp() * d.curvature(v);
            // Some ten roundings on either side. Terms of the size of e^-|v| may cancel in the derivative, not in what
            // is derived: real of SoftReverseKl comes to its limit as e^-2v, as the difference of two terms that come
            // to theirs as e^-v.
            let scale = expected + (-v.abs()).exp();
            assert!((slope - expected).abs() <= 32.0 * f64::EPSILON * scale, "{name} at {v}: {slope} {expected}");
        }
    }
    for_each_divergence!(variational law);
}

#[test]
fn the_derivative_of_the_value_is_real_times_the_ratio() {
    fn law<D: Variational>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (value, slope) = dual(v, |v| d.value(v));
            let expected = v.exp() * d.real(v);
            // Some twenty roundings. The product rule sums terms of the size of the value itself where v > 0; where v
            // < 0 they may be of the size of e^v v, or of e^v for a derivative as large as e^-v.
            let scale = expected.abs() + if v > 0.0 { value } else { v.exp() * v.abs() };
            assert!((slope - expected).abs() <= 64.0 * f64::EPSILON * scale, "{name} at {v}: {slope} {expected}");
        }
    }
    for_each_divergence!(variational law);
}

#[test]
fn fake_is_the_conjugate_of_real() {
    fn law<D: Variational, T: Real>(name: &str, d: D, lowest: f64, highest: f64) {
        for v in log_ratios(-lowest).filter(|&v| v <= highest) {
            let (t, fake) = (d.real(at::<T>(v)), read(d.fake(at::<T>(v))));
            let conjugate = read(d.conjugate(t));
            // A rounding of t moves f*(t) by f*'(t) = e^v times as much.
            let scale = fake.abs() + v.exp() * read(t).abs();
            let tolerance = 16.0 * read(T::default_epsilon()) * scale;
            assert!((conjugate - fake).abs() <= tolerance, "{name} at {v}: {conjugate} {fake}");
        }
    }
    // Up to where f*'(t) eps is about 1; beyond, f*(t) is not determined by the rounded t.
    for_each_divergence!(variational | name, d | law::<_, f64>(name, d, -300.0, 32.0));
    for_each_divergence!(variational | name, d | law::<_, f32>(name, d, -40.0, 13.0));
}

#[test]
fn the_conjugate_of_real_is_never_nan() {
    /// The first place of every divergence where it is.
    fn law<D: Variational, T: Real>(name: &str, d: D, limit: f64) -> Option<String> {
        let conjugate = |v: f64| d.conjugate(d.real(at::<T>(v)));
        let found = log_ratios(limit).find(|&v| read(conjugate(v)).is_nan())?;
        Some(format!("{name} at {found}: f*({}) is NaN", d.real(at::<T>(found))))
    }
    let mut found = Vec::new();
    for_each_divergence!(variational | name, d | found.extend(law::<_, f64>(name, d, 700.0)));
    for_each_divergence!(variational | name, d | found.extend(law::<_, f32>(name, d, 80.0)));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn real_stays_inside_the_domain_of_the_conjugate() {
    fn law<D: Variational, T: Real>(name: &str, d: D, limit: f64) {
        for v in log_ratios(limit) {
            let t = d.real(at::<T>(v));
            assert!(d.conjugate_domain().contains(t), "{name} at {v}: {t}");
        }
    }
    for_each_divergence!(variational | name, d | law::<_, f64>(name, d, 700.0));
    for_each_divergence!(variational | name, d | law::<_, f32>(name, d, 80.0));
}

#[test]
fn the_conjugate_is_infinite_outside_its_domain_and_finite_inside() {
    fn law<D: Variational, T: Real>(name: &str, d: D) {
        let domain = d.conjugate_domain();
        assert_eq!(domain.upper, d.slope_at_infinity(), "{name}: t u - f(u) grows without end for t > f'(inf) only");
        assert_eq!(domain.lower, f64::NEG_INFINITY, "{name}: u >= 0, so t can be as low as it likes");
        for beyond in [1e-3, 1.0, 50.0] {
            if domain.upper.is_finite() {
                let outside = read(d.conjugate(at::<T>(domain.upper + beyond)));
                assert_eq!(outside, f64::INFINITY, "{name} at {} beyond the end", beyond);
            }
            let inside = if domain.upper.is_finite() { domain.upper - beyond } else { beyond };
            assert!(read(d.conjugate(at::<T>(inside))).is_finite(), "{name} at {inside}");
        }
        let far = read(d.conjugate(at::<T>(-60.0)));
        assert!(far.is_finite() && far < 0.0, "{name}: f* increases, and f*(0) = 0");
    }
    for_each_divergence!(variational law::<_, f64>);
    for_each_divergence!(variational law::<_, f32>);
}

#[test]
fn the_conjugate_falls_to_minus_the_value_at_zero() {
    fn law<D: Variational>(name: &str, d: D) {
        // f*(-inf) = sup of u t - f(u) at u = 0. At -1e6 a conjugate with an infinite limit has got to -ln 1e6 at most.
        let far = d.conjugate(-1e6);
        if d.at_zero().is_finite() {
            // e^t is 0 in working precision; what is left is a few roundings.
            assert!((far + d.at_zero()).abs() <= 4.0 * f64::EPSILON * d.at_zero(), "{name}: {far}");
        } else {
            assert!(far < -0.3 * 1e6_f64.ln(), "{name}: {far}");
        }
    }
    for_each_divergence!(variational law);
}

#[test]
fn the_supremum_of_the_tangents_is_the_generator_again() {
    fn law<D: Variational>(name: &str, d: D) {
        for v in [-3.0, -1.0, -0.1, 0.0, 0.2, 1.0, 2.5_f64] {
            let (lowest, highest) = (d.real(v - 2.0), d.real(v + 2.0));
            let step = (highest - lowest) / 4000.0;
            let conjugates: Vec<f64> = (0..=4000).map(|i| d.conjugate(lowest + step * f64::from(i))).collect();
            let tangent = |(i, c): (usize, &f64)| v.exp() * (lowest + step * i as f64) - c;
            let supremum = conjugates.iter().enumerate().map(tangent).fold(f64::NEG_INFINITY, f64::max);
            let second_difference = conjugates.windows(3).map(|w| w[0] - 2.0 * w[1] + w[2]).fold(0.0, f64::max);
            let value = d.value(v);
            // The best t lies within half a step of a node: at most f*'' step^2 / 8 is lost. Roundings: of numbers up
            // to |u t| + |f*|.
            let rounding = 1e-14 * (1.0 + v.exp() * lowest.abs().max(highest.abs()) + conjugates[0].abs());
            assert!(supremum <= value + rounding, "{name} at {v}: {supremum} > {value}");
            assert!(supremum >= value - second_difference / 8.0 - rounding, "{name} at {v}: {supremum} < {value}");
        }
    }
    for_each_divergence!(variational law);
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn fenchel_and_young_hold(v in -20.0..20.0_f64, t in -30.0..30.0_f64) {
        fn law<D: Variational>(name: &str, d: D, v: f64, t: f64) -> Result<(), TestCaseError> {
            let (u, value) = (v.exp(), d.value(v));
            let bound = value + d.conjugate(t);
            // Three roundings of the terms, and |v| of e^v.
            let rounding = 32.0 * f64::EPSILON * (value + u * t.abs() + d.conjugate(t).abs().min(1e300));
            prop_assert!(u * t <= bound + rounding, "{} at {}, {}: {} > {}", name, v, t, u * t, bound);
            let best = d.real(v);
            let gap = value + d.fake(v) - u * best;
            let rounding = 64.0 * f64::EPSILON * (value + d.fake(v).abs() + u * best.abs());
            prop_assert!(gap.abs() <= rounding, "{} at {}: equality at t = f'(u) is off by {}", name, v, gap);
            Ok(())
        }
        let mut outcome = Ok(());
        for_each_divergence!(variational |name, d| if outcome.is_ok() { outcome = law(name, d, v, t) });
        outcome?;
    }
}

#[test]
fn swapping_twice_gives_the_divergence_back() {
    fn law<D: FDivergence + PartialEq>(name: &str, d: D) {
        assert_eq!(d.swap().swap(), d, "{name}");
    }
    for_each_divergence!(any law);
}

#[test]
fn the_swap_has_the_generator_u_f_of_one_over_u() {
    fn law<D: FDivergence>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (swapped, expected) = (d.swap().value(v), v.exp() * d.value(-v));
            if expected.is_finite() && expected > 1e-300 {
                // A few dozen roundings on either side, as against the published values below.
                let tolerance = 64.0 * f64::EPSILON * expected;
                assert!((swapped - expected).abs() <= tolerance, "{name} at {v}: {swapped} {expected}");
            }
        }
    }
    for_each_divergence!(any law);
}

#[test]
fn the_swap_exchanges_the_prices_of_lone_mass() {
    fn law<D: FDivergence>(name: &str, d: D) {
        assert_eq!(d.swap().at_zero(), d.slope_at_infinity(), "{name}");
        assert_eq!(d.swap().slope_at_infinity(), d.at_zero(), "{name}");
    }
    for_each_divergence!(any law);
}

#[test]
fn the_prices_of_lone_mass_are_limits_of_the_generator() {
    fn law<D: FDivergence>(name: &str, d: D) {
        let limit = |what: &str, price: f64, at_80: f64, at_300: f64| {
            if price.is_finite() {
                // f comes to f(0) as v e^v at the slowest: 300 e^-300; what is left is the rounding of the value.
                assert!((at_300 - price).abs() <= 64.0 * f64::EPSILON * price, "{name} {what}: {at_300} {price}");
            } else {
                // The slowest grows as |v|/1 for multiples of at least 1/3.
                assert!(at_80 > 0.3 * 78.0 && at_300 > at_80 + 0.3 * 219.0, "{name} {what}: {at_80} {at_300}");
            }
        };
        limit("f(0)", d.at_zero(), d.value(-80.0), d.value(-300.0));
        let over_u = |v: f64| d.value(v) / v.exp();
        limit("f'(inf)", d.slope_at_infinity(), over_u(80.0), over_u(300.0));
    }
    for_each_divergence!(any law);
}

#[test]
fn the_parts_return_their_limits_at_the_ends_of_the_line() {
    fn law<D: Variational, T: Real>(name: &str, d: D) -> Vec<String> {
        let infinity = f64::INFINITY;
        let (low, high) = (at::<T>(-infinity), at::<T>(infinity));
        // Limits are constants or sums of two of them: a rounding or two.
        let is = |x: f64, limit: f64| x == limit || (x - limit).abs() <= 4.0 * read(T::default_epsilon()) * limit.abs();
        // Far out every part has come to its limit, or will overflow.
        let far = |f: &dyn Fn(f64) -> f64, v: f64| if f(v).abs() > 100.0 { infinity * f(v).signum() } else { f(v) };
        let checks = [
            ("value(-inf)", read(d.value(low)), d.at_zero()),
            ("value(inf)", read(d.value(high)), infinity),
            ("real(-inf)", read(d.real(low)), far(&|v| d.real(v), -300.0)),
            ("real(inf)", read(d.real(high)), d.slope_at_infinity()),
            ("fake(-inf)", read(d.fake(low)), -d.at_zero()),
            ("fake(inf)", read(d.fake(high)), far(&|v| d.fake(v), 300.0)),
            ("curvature(-inf)", read(d.curvature(low)), far(&|v| d.curvature(v), -700.0)),
            ("curvature(inf)", read(d.curvature(high)), far(&|v| d.curvature(v), 700.0)),
        ];
        // A curvature that falls to 0 is still 1e-304 at 700.
        let wrong =
            checks.into_iter().filter(|&(_, found, limit)| !(is(found, limit) || limit < 1e-300 && found == 0.0));
        wrong.map(|(what, found, limit)| format!("{name} {what} = {found}, not {limit}")).collect()
    }
    let mut wrong = Vec::new();
    for_each_divergence!(variational | name, d | wrong.extend(law::<_, f64>(name, d)));
    for_each_divergence!(variational | name, d | wrong.extend(law::<_, f32>(name, d)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nan_in_gives_nan_out() {
    fn law<D: Variational>(name: &str, d: D) {
        let nan = f64::NAN;
        for (part, x) in [("value", d.value(nan)), ("fake", d.fake(nan)), ("conjugate", d.conjugate(nan))] {
            assert!(x.is_nan(), "{name} {part}(NaN) = {x}");
        }
        assert!(d.real(nan).is_nan(), "{name}");
    }
    for_each_divergence!(variational law);
}

#[test]
fn real_is_fake_of_the_tilted_divergence() {
    fn law<D: Tilt, T: Real>(name: &str, d: D, limit: f64) {
        for v in log_ratios(limit) {
            let (real, fake) = (read(d.real(at::<T>(v))), read(d.tilt().fake(at::<T>(v))));
            // Exact in mathematics; a weight or an expm1 may be rounded in another order.
            let tolerance = 4.0 * read(T::default_epsilon()) * real.abs();
            assert!((real - fake).abs() <= tolerance, "{name} at {v}: {real} {fake}");
        }
    }
    for_each_divergence!(tilt | name, d | law::<_, f64>(name, d, 300.0));
    for_each_divergence!(tilt | name, d | law::<_, f32>(name, d, 40.0));
}

#[test]
fn the_tilted_curvature_is_the_curvature_over_the_ratio() {
    fn law<D: Tilt>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let (tilted, expected) = (d.tilt().curvature(v), (-v).exp() * d.curvature(v));
            // Two exponentials and a handful of operations.
            assert!((tilted - expected).abs() <= 16.0 * f64::EPSILON * expected, "{name} at {v}: {tilted} {expected}");
        }
    }
    for_each_divergence!(tilt law);
}

#[test]
fn near_equal_laws_every_divergence_is_half_its_curvature_at_zero_times_v_squared() {
    fn law<D: Variational>(name: &str, d: D) {
        for v in log_ratios(1e-4) {
            let leading = 0.5 * d.curvature(0.0) * v * v;
            // The next term of the series is smaller by a factor of about v.
            assert!((d.value(v) / leading - 1.0).abs() <= 2.0 * v.abs() + 1e-14, "{name} at {v}");
        }
    }
    for_each_divergence!(variational law);
}

/// Rounding units by which a value may be off. A formula takes up to a dozen operations, library exponentials and
/// logarithms are off by up to one unit each, and one may be doubled by the condition of the next.
const UNITS: f64 = 32.0;

/// What does not agree with the references, for v and values in the range of the numbers.
fn disagreements<D: Variational, T: Real>(
    name: &str,
    d: D,
    farthest: f64,
    range: std::ops::RangeInclusive<f64>,
) -> Vec<String> {
    let (weight, name) = name.split_once(" * ").map_or((1.0, name), |(w, name)| (w.parse().unwrap(), name));
    let (mut compared, mut off) = (0, Vec::new());
    for line in include_str!("data/divergences.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (v, reference): (f64, f64) = (cells[2].parse().unwrap(), cells[3].parse().unwrap());
        let expected = weight * reference;
        let magnitudes = [reference.abs(), expected.abs()];
        let representable = read(at::<T>(v)) == v && magnitudes.iter().all(|x| range.contains(x));
        if cells[0] != name || v.abs() > farthest || !representable {
            continue;
        }
        let found = read(match cells[1] {
            "value" => d.value(at::<T>(v)),
            "real" => d.real(at::<T>(v)),
            "fake" => d.fake(at::<T>(v)),
            "curvature" => d.curvature(at::<T>(v)),
            "conjugate" if weight == 1.0 => d.conjugate(at::<T>(v)),
            "conjugate" => continue, // c f*(t/c) is another number
            other => panic!("{other}?"),
        });
        compared += 1;
        let units = (found - expected).abs() / (read(T::default_epsilon()) * expected.abs());
        if units.is_nan() || units > UNITS {
            off.push(format!("{name} {}({v}) = {found:e}, not {expected:e}: {units} units", cells[1]));
        }
    }
    assert!(compared > 80, "{name}: only {compared} references");
    off
}

#[test]
fn values_in_double_precision_agree_with_high_precision_references() {
    let mut off = Vec::new();
    let range = f64::MIN_POSITIVE..=f64::MAX;
    for_each_divergence!(variational | name, d | off.extend(disagreements::<_, f64>(name, d, 700.0, range.clone())));
    assert!(off.is_empty(), "{}", off.join("\n"));
}

#[test]
fn values_in_single_precision_agree_with_high_precision_references() {
    let mut off = Vec::new();
    let range = f64::from(f32::MIN_POSITIVE)..=f64::from(f32::MAX);
    for_each_divergence!(variational | name, d | off.extend(disagreements::<_, f32>(name, d, 80.0, range.clone())));
    assert!(off.is_empty(), "{}", off.join("\n"));
}

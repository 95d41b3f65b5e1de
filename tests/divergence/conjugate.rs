//! Fenchel conjugates: in closed form and by inversion.
//!
//! The oracles are suprema over grids, and the inequality of Fenchel and Young.

use fenchel::Real;
use fenchel::divergence::{Conjugate, FDivergence, Smooth, numeric_conjugate};
use proptest::prelude::*;

use crate::{at, dual, fixed, log_ratios, read};

/// Calls `law(name, divergence, conjugate)` for every smooth divergence with its conjugate by inversion, and again in closed form where there is one.
macro_rules! for_each_conjugate {
    ($law:expr) => {
        for_each_divergence!(smooth |name: &str, d| $law(name, d, |t| numeric_conjugate(&d, t)));
        for_each_divergence!(smooth_conjugate |name: &str, d| $law(name, d, |t| Conjugate::conjugate(&d, t)));
    };
}

#[test]
fn the_conjugate_vanishes_at_zero_exactly() {
    fn law<D: FDivergence, T: Real>(name: &str, _: D, conjugate: impl Fn(T) -> T) {
        assert!(conjugate(T::zero()) == T::zero(), "{name}: f(1) = 0 is the least value, so f*(0) = 0");
    }
    for_each_conjugate!(law::<_, f64>);
    for_each_conjugate!(law::<_, f32>);
    for_each_divergence!(conjugate | name, d | law::<_, f64>(name, d, |t| Conjugate::conjugate(&d, t)));
}

#[test]
fn fake_is_the_conjugate_of_real() {
    fn law<D: Smooth, T: Real>(name: &str, d: D, conjugate: impl Fn(T) -> T, lowest: f64, highest: f64) {
        for v in log_ratios(-lowest).filter(|&v| v <= highest) {
            let (t, fake) = (d.real(at::<T>(v)), read(d.fake(at::<T>(v))));
            let conjugate = read(conjugate(t));
            // A rounding of t moves f*(t) by f*'(t) = e^v times as much.
            let scale = fake.abs() + v.exp() * read(t).abs();
            // The closed form of Alpha goes by the logarithm of a power, which is rounded.
            let tolerance = (16.0 + 2.0 * v.abs()) * read(T::default_epsilon()) * scale;
            let both_far = read(t).is_infinite() && conjugate == fake;
            assert!(both_far || (conjugate - fake).abs() <= tolerance, "{name} at {v}: {conjugate} {fake}");
        }
    }
    // Up to where f*'(t) eps is about 1; beyond, f*(t) is not determined by the rounded t.
    for_each_conjugate!(|name, d, c| law::<_, f64>(name, d, c, -300.0, 32.0));
    for_each_conjugate!(|name, d, c| law::<_, f32>(name, d, c, -40.0, 13.0));
}

#[test]
fn the_conjugate_of_real_is_never_nan() {
    /// The first place of every divergence where it is.
    fn law<D: Smooth, T: Real>(name: &str, d: D, conjugate: impl Fn(T) -> T, limit: f64) -> Option<String> {
        let found = log_ratios(limit).find(|&v| read(conjugate(d.real(at::<T>(v)))).is_nan())?;
        Some(format!("{name} at {found}: f*({}) is NaN", read(d.real(at::<T>(found))) as f32))
    }
    let mut found = Vec::new();
    for_each_conjugate!(|name, d, c| found.extend(law::<_, f64>(name, d, c, 700.0)));
    for_each_conjugate!(|name, d, c| found.extend(law::<_, f32>(name, d, c, 80.0)));
    assert!(found.is_empty(), "{}", found.join("\n"));
    for_each_divergence!(conjugate | name, d | assert!(Conjugate::conjugate(&d, f64::NAN).is_nan(), "{name}"));
    for_each_divergence!(smooth | name, d | assert!(numeric_conjugate(&d, f64::NAN).is_nan(), "{name}"));
}

#[test]
fn real_stays_inside_the_domain_of_the_conjugate() {
    fn law<D: fenchel::divergence::Variational, T: Real>(name: &str, d: D, limit: f64) {
        for v in log_ratios(limit) {
            let t = d.real(at::<T>(v));
            assert!(d.conjugate_domain().contains(t), "{name} at {v}: {t}");
        }
    }
    for_each_divergence!(smooth | name, d | law::<_, f64>(name, d, 700.0));
    for_each_divergence!(smooth | name, d | law::<_, f32>(name, d, 80.0));
    law::<_, f64>("total_variation", fenchel::divergence::TotalVariation, 700.0);
}

#[test]
fn the_conjugate_is_infinite_outside_its_domain_and_finite_inside() {
    fn law<D: FDivergence, T: Real>(name: &str, d: D, conjugate: impl Fn(T) -> T) {
        let domain = d.conjugate_domain();
        assert_eq!(domain.upper, d.slope_at_infinity(), "{name}: t u - f(u) grows without end for t > f'(inf) only");
        assert_eq!(domain.lower, f64::NEG_INFINITY, "{name}: u >= 0, so t can be as low as it likes");
        for beyond in [1e-3, 1.0, 20.0] {
            if domain.upper.is_finite() {
                let outside = read(conjugate(at::<T>(domain.upper + beyond)));
                assert_eq!(outside, f64::INFINITY, "{name} at {} beyond the end", beyond);
            }
            let inside = if domain.upper.is_finite() { domain.upper - beyond } else { beyond };
            assert!(read(conjugate(at::<T>(inside))).is_finite(), "{name} at {inside}");
        }
        let far = read(conjugate(at::<T>(-60.0)));
        assert!(far.is_finite() && far < 0.0, "{name}: f* increases, and f*(0) = 0");
    }
    for_each_conjugate!(law::<_, f64>);
    for_each_conjugate!(law::<_, f32>);
    for_each_divergence!(conjugate | name, d | law::<_, f64>(name, d, |t| Conjugate::conjugate(&d, t)));
}

#[test]
fn the_conjugate_falls_to_minus_the_value_at_zero() {
    fn law<D: FDivergence>(name: &str, d: D, conjugate: impl Fn(f64) -> f64) {
        let far = conjugate(-1e12);
        if d.at_zero().is_finite() {
            let limit = conjugate(f64::NEG_INFINITY);
            // A constant, or a few roundings.
            assert!((limit + d.at_zero()).abs() <= 4.0 * f64::EPSILON * d.at_zero(), "{name}: {limit}");
            // Alpha(0.3), the slowest, still has (1e12)^(-3/7) to go.
            assert!((far + d.at_zero()).abs() <= 1e-4 * d.at_zero() || d.at_zero() > 1e6, "{name}: {far}");
        } else {
            // The slowest falls as -|ln t|/1 for multiples of at least 1/3.
            assert!(far < -0.3 * 1e12_f64.ln(), "{name}: {far}");
        }
    }
    for_each_conjugate!(law);
    for_each_divergence!(conjugate | name, d | law(name, d, |t| Conjugate::conjugate(&d, t)));
}

#[test]
fn the_supremum_of_the_tangents_is_the_generator_again() {
    fn law<D: Smooth>(name: &str, d: D, conjugate: impl Fn(f64) -> f64) {
        for v in [-3.0, -1.0, -0.1, 0.0, 0.2, 1.0, 2.5_f64] {
            tangents(name, v.exp(), d.value(v), (d.real(v - 2.0), d.real(v + 2.0)), &conjugate);
        }
    }
    for_each_conjugate!(law);
    // With a kink: over all slopes.
    for v in [-3.0, -1.0, -0.1, 0.2, 1.0, 2.5_f64] {
        use fenchel::divergence::{Log1pAbs, TotalVariation};
        tangents("total_variation", v.exp(), TotalVariation.value(v), (-0.5, 0.5), |t| TotalVariation.conjugate(t));
        tangents("log1p_abs", v.exp(), Log1pAbs.value(v), (-500.0, 1.0), |t| Log1pAbs.conjugate(t));
    }
}

/// f(u) is the supremum of u t − f*(t) over a grid of slopes t.
fn tangents(name: &str, u: f64, value: f64, (lowest, highest): (f64, f64), conjugate: impl Fn(f64) -> f64) {
    let step = (highest - lowest) / 4000.0;
    let conjugates: Vec<f64> = (0..=4000).map(|i| conjugate((lowest + step * f64::from(i)).min(highest))).collect();
    let tangent = |(i, c): (usize, &f64)| u * (lowest + step * i as f64) - c;
    let supremum = conjugates.iter().enumerate().map(tangent).fold(f64::NEG_INFINITY, f64::max);
    let second_difference = conjugates.windows(3).map(|w| w[0] - 2.0 * w[1] + w[2]).fold(0.0, f64::max);
    // The best t lies within half a step of a node: at most f*'' step^2 / 8 is lost. Roundings: of numbers up
    // to |u t| + |f*|.
    let rounding = 1e-14 * (1.0 + u * lowest.abs().max(highest.abs()) + conjugates[0].abs());
    assert!(supremum <= value + rounding, "{name} at u = {u}: {supremum} > {value}");
    assert!(supremum >= value - second_difference / 8.0 - rounding, "{name} at u = {u}: {supremum} < {value}");
}

#[test]
fn the_closed_form_and_the_inversion_agree() {
    fn law<D: Smooth + Conjugate>(name: &str, d: D) {
        for v in log_ratios(300.0).filter(|&v| v < 16.0) {
            let t = d.real(v);
            let (closed, inverted) = (d.conjugate(t), numeric_conjugate(&d, t));
            // Where t is near f'(inf) a rounding of t moves both by e^v as much.
            let scale = inverted.abs() + v.exp() * t.abs();
            assert!(
                closed == inverted || (closed - inverted).abs() <= (16.0 + 2.0 * v.abs()) * f64::EPSILON * scale,
                "{name} at t = {t}: {closed} {inverted}"
            );
        }
    }
    for_each_divergence!(smooth_conjugate law);
}

#[test]
fn the_derivative_of_the_conjugate_is_the_ratio() {
    fn law<D: Smooth>(name: &str, d: D) {
        for v in [-5.0, -1.0, -1e-3, 1e-6, 0.4, 2.0, 6.0_f64] {
            let (_, slope) = dual(d.real(v), |t| numeric_conjugate(&d, t));
            // t is known to a rounding, which moves e^v by e^v over the derivative of real, times as much: k/u of all is at least 1e-7 here.
            let conditioned = f64::EPSILON * (1.0 + d.real(v).abs()) * v.exp() / (d.curvature(v) * (-v).exp());
            // The derivative of tanh by dual numbers, 1 - tanh^2, loses three digits at -5, and as much again in a sum.
            let tolerance = 1e-11 * v.exp() + 8.0 * conditioned;
            assert!((slope - v.exp()).abs() <= tolerance, "{name} at {v}: {slope} {}", v.exp());
        }
    }
    for_each_divergence!(smooth law);
}

/// Fenchel and Young: u t ≤ f(u) + f*(t).
fn fenchel_young<D: FDivergence>(name: &str, d: D, conjugate: f64, v: f64, t: f64) -> Result<(), TestCaseError> {
    let (u, value) = (v.exp(), d.value(v));
    let bound = value + conjugate;
    // Three roundings of the terms, and |v| of e^v.
    let rounding = 32.0 * f64::EPSILON * (value + u * t.abs() + conjugate.abs().min(1e300));
    prop_assert!(u * t <= bound + rounding, "{} at {}, {}: {} > {}", name, v, t, u * t, bound);
    Ok(())
}

proptest! {
    #![proptest_config(fixed(128))]

    #[test]
    fn fenchel_and_young_hold(v in -20.0..20.0_f64, t in -30.0..30.0_f64) {
        fn equality<D: Smooth>(name: &str, d: D, v: f64) -> Result<(), TestCaseError> {
            let (u, value, best) = (v.exp(), d.value(v), d.real(v));
            let gap = value + d.fake(v) - u * best;
            let rounding = 64.0 * f64::EPSILON * (value + d.fake(v).abs() + u * best.abs());
            prop_assert!(gap.abs() <= rounding, "{} at {}: equality at t = f'(u) is off by {}", name, v, gap);
            Ok(())
        }
        hold!(smooth |name, d| equality(name, d, v));
        hold!(smooth |name, d| fenchel_young(name, d, numeric_conjugate(&d, t), v, t));
        hold!(conjugate |name, d| fenchel_young(name, d, Conjugate::conjugate(&d, t), v, t));
    }
}

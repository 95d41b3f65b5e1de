//! Swaps, tilts, symmetrised forms, sums and multiples: identities between divergences.

use fenchel::Real;
use fenchel::divergence::*;
use fenchel::rand::SeedableRng;

use crate::family::{alpha, times, weighted};
use crate::{at, dual, log_ratios, read, saturated};

#[test]
fn swapping_twice_gives_the_divergence_back() {
    fn law<D: FDivergence + PartialEq>(name: &str, d: D) {
        assert_eq!(d.swap().swap(), d, "{name}");
    }
    for_each_divergence!(any law);
    for_each_divergence!(member law);
    for a in [1e-300, 1e-20, 0.1, 1.0 / 3.0, 1e17] {
        law("alpha", alpha(a)); // 1 - (1 - a) is not a
    }
}

#[test]
fn the_swap_has_the_generator_u_f_of_one_over_u() {
    fn law<D: FDivergence>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let expected = v.exp() * d.value(-v);
            for swapped in [d.swap().value(v), d.swapped_value(v)] {
                if expected.is_finite() && expected > 1e-300 {
                    // A few dozen roundings on either side, and the one of 1 - alpha, as against the references.
                    let tolerance = (64.0 + v.abs()) * f64::EPSILON * expected;
                    assert!((swapped - expected).abs() <= tolerance, "{name} at {v}: {swapped} {expected}");
                }
            }
        }
    }
    for_each_divergence!(any law);
    for_each_divergence!(member law);
}

#[test]
fn the_swap_exchanges_what_the_critic_contributes() {
    fn law<D: Smooth + FDivergence<Swapped: Smooth>>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            let swapped = d.swap();
            let curvature = v.exp() * d.curvature(-v);
            for (what, found, expected) in [
                ("real", swapped.real(v), -d.fake(-v)),
                ("fake", swapped.fake(v), -d.real(-v)),
                ("curvature", swapped.curvature(v), curvature),
            ] {
                // A few dozen roundings, and the one of 1 - alpha; a curvature that underflows on the way says nothing.
                let close =
                    found == expected || (found - expected).abs() <= (64.0 + v.abs()) * f64::EPSILON * expected.abs();
                assert!(close || what == "curvature" && curvature < 1e-280, "{name} {what} at {v}: {found} {expected}");
            }
        }
    }
    for_each_divergence!(smooth law);
    for_each_divergence!(member law);
}

#[test]
fn the_swap_does_not_overflow_where_its_limit_is_finite() {
    fn law<D: FDivergence>(name: &str, d: D) {
        if name.ends_with("own") {
            return; // has not written its swapped value, and errors are what comes of it
        }
        for v in [-200.0, -700.0, -800.0, -1e4, -1e300, f64::NEG_INFINITY] {
            let (value, limit) = (d.swap().value(v), d.slope_at_infinity());
            if limit.is_finite() {
                // v e^v at the slowest, but for Alpha(0.75), whose swap comes to its limit as e^(v/4).
                assert!((value - limit).abs() <= 64.0 * f64::EPSILON * limit, "{name} at {v}: {value} {limit}");
            } else {
                assert!(!value.is_nan(), "{name} at {v}: {value}");
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
    for_each_divergence!(member law);
}

#[test]
fn real_is_fake_of_the_tilted_divergence() {
    fn law<D: Tilt, T: Real>(name: &str, d: D, limit: f64) {
        for v in log_ratios(limit) {
            let (real, fake) = (read(d.real(at::<T>(v))), read(d.tilt().fake(at::<T>(v))));
            // Exact in mathematics; a weight or an expm1 may be rounded in another order.
            let tolerance = 8.0 * read(T::default_epsilon()) * real.abs();
            assert!(real == fake || (real - fake).abs() <= tolerance, "{name} at {v}: {real} {fake}");
        }
    }
    for_each_divergence!(tilt | name, d | law::<_, f64>(name, d, 300.0));
    for_each_divergence!(tilt | name, d | law::<_, f32>(name, d, 40.0));
    for_each_divergence!(smooth | name, d | law::<_, f64>(name, d, 300.0));
}

#[test]
fn the_tilted_curvature_is_the_curvature_over_the_ratio() {
    fn law<D: Tilt + Smooth>(name: &str, d: D) {
        for v in log_ratios(300.0) {
            // The curvature is the derivative of fake, whatever else is known of the tilted.
            let (_, tilted) = dual(v, |v| d.tilt().fake(v));
            let expected = (-v).exp() * d.curvature(v);
            // Some twenty operations on either side, and the rounding of 1 - alpha. Terms of the size of e^-|v| may cancel in the derivative.
            let scale = expected + (-v.abs()).exp();
            assert!(
                (tilted - expected).abs() <= (64.0 + v.abs()) * f64::EPSILON * scale + saturated(name),
                "{name} at {v}: {tilted} {expected}"
            );
        }
    }
    for_each_divergence!(member law);
    for_each_divergence!(adaptor law);
}

/// Is A = B as a function of v, in all parts?
fn same<A: Smooth, B: Smooth>(a: A, b: B) {
    for v in log_ratios(300.0) {
        for (what, x, y) in [
            ("value", a.value(v), b.value(v)),
            ("real", a.real(v), b.real(v)),
            ("fake", a.fake(v), b.fake(v)),
            ("curvature", a.curvature(v), b.curvature(v)),
        ] {
            // As against the references: up to 32 units each.
            assert!(
                x == y || (x - y).abs() <= 64.0 * f64::EPSILON * y.abs(),
                "{a:?} and {b:?}, {what} at {v}: {x} {y}"
            );
        }
    }
    for (x, y) in [(a.at_zero(), b.at_zero()), (a.slope_at_infinity(), b.slope_at_infinity())] {
        assert!(x == y || (x - y).abs() <= 4.0 * f64::EPSILON * y, "{a:?} and {b:?}: {x} {y}");
    }
}

#[test]
fn members_of_the_family_are_each_other_up_to_scale() {
    same(alpha(1.0), ForwardKl);
    same(alpha(0.0), ReverseKl);
    same(2.0 * alpha(2.0), PearsonChi2);
    same(2.0 * alpha(-1.0), NeymanChi2);
    same(0.5 * alpha(0.5), SquaredHellinger);
    same(Alpha::t_power(0.5).unwrap(), times(0.25, alpha(0.5)));
    same(2.0 * weighted(0.5), JensenShannon);
    same(ForwardKl + ReverseKl, Jeffreys);
    same(2.0 * Symmetrised(ForwardKl), Jeffreys);
    same(Symmetrised(SoftReverseKl), ArithmeticGeometric);
    same(0.5 * SoftForwardKl + 0.5 * SoftReverseKl, ArithmeticGeometric);
    same(Swapped(ModifiedGan).swap(), ModifiedGan);
    same(Symmetrised(Triangular), Triangular);
}

#[test]
fn alpha_is_continuous_through_zero_and_one() {
    for v in log_ratios(20.0) {
        for at in [0.0, 1.0] {
            for h in [1e-4, 1e-8, 1e-12, -1e-4, -1e-8, -1e-12] {
                let (near, limit) = (alpha(at + h), alpha(at));
                for (what, x, y) in [
                    ("value", near.value(v), limit.value(v)),
                    ("real", near.real(v), limit.real(v)),
                    ("fake", near.fake(v), limit.fake(v)),
                    ("curvature", near.curvature(v), limit.curvature(v)),
                ] {
                    // The derivative of e^(a v) by a is v e^(a v): relative to the limit, h |v|.
                    let tolerance = 2.0 * h.abs() * v.abs() + 64.0 * f64::EPSILON;
                    assert!((x - y).abs() <= tolerance * y.abs(), "alpha({} + {h}) {what} at {v}: {x} {y}", at);
                }
            }
        }
    }
}

#[test]
fn the_non_saturating_step_lowers_alpha_by_one() {
    for a in [-1.5, -0.25, 0.0, 0.5, 1.0, 1.75, 3.0] {
        assert_eq!(alpha(a).tilt(), alpha(a - 1.0));
    }
    let chain: Weighted<Alpha> = NeymanChi2.tilt();
    assert_eq!(chain, times(2.0, alpha(-2.0)));
    assert_eq!(Jeffreys.tilt(), ReverseKl + 0.5 * NeymanChi2);
    assert_eq!((2.0 * ForwardKl + Jeffreys).tilt(), 2.0 * ReverseKl + (ReverseKl + 0.5 * NeymanChi2));
    assert_eq!(TotalVariation.tilt(), TotalVariation);
}

#[test]
fn the_weighted_jensen_shannon_goes_to_the_kullback_leiblers() {
    for v in [-3.0, -0.5, 0.2, 2.0] {
        let w = 1e-7;
        let (low, high) = (weighted(w).value(v) / w, weighted(1.0 - w).value(v) / w);
        // The next term is smaller by a factor of w, and a few e^v.
        assert!((low / ForwardKl.value(v) - 1.0).abs() < 1e-5, "{v}: {low}");
        assert!((high / ReverseKl.value(v) - 1.0).abs() < 1e-5, "{v}: {high}");
    }
}

/// Finite parts have finite slopes, however far out: one NaN in a gradient poisons a network.
#[test]
fn derivatives_are_not_nan_far_out() {
    fn law<D: Smooth, T: Real>(name: &str, d: D, far: f64) -> Vec<String> {
        let mut found = Vec::new();
        for v in [-far, far] {
            let tape = fenchel::Tape::<T>::new();
            let x = tape.scalar(at(v));
            for (part, y) in [("real", x.entrywise(|v| d.real(v))), ("fake", x.entrywise(|v| d.fake(v)))] {
                let [slope] = tape.grad(y, [x]);
                if read(slope.to_scalar().unwrap()).is_nan() {
                    found.push(format!("{name} {part}'({v})"));
                }
            }
        }
        found
    }
    let mut found = Vec::new();
    for_each_divergence!(smooth | name, d | found.extend(law::<_, f64>(name, d, 800.0)));
    for_each_divergence!(smooth | name, d | found.extend(law::<_, f64>(name, d, 700.0)));
    for_each_divergence!(smooth | name, d | found.extend(law::<_, f32>(name, d, 100.0)));
    for_each_divergence!(smooth | name, d | found.extend(law::<_, f32>(name, d, 80.0)));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn parameters_out_of_range_are_named() {
    let invalid = |what, value, range| DivergenceError::InvalidParameter { what, value, range };
    assert_eq!(Alpha::new(f64::INFINITY).unwrap_err(), invalid("alpha", f64::INFINITY, "within -1e18 and 1e18"));
    assert!(Alpha::new(f64::NAN).is_err());
    assert_eq!(Alpha::t_power(0.0).unwrap_err(), invalid("t", 0.0, "not 0 or 1"));
    for weight in [0.0, 1.0, -0.5, 1e-40, 1.0 - 1e-17] {
        let expected = invalid("the weight of P", weight, "inside (0, 1), by 2e-38 at least");
        assert_eq!(WeightedJensenShannon::new(weight).unwrap_err(), expected);
    }
    assert!(WeightedJensenShannon::new(f64::NAN).is_err());
    for order in [0.0, -1.0, f64::INFINITY] {
        let expected = invalid("the order of Rényi's divergence", order, "positive, and at most 1e18");
        assert_eq!(Renyi::new(order).unwrap_err(), expected);
    }
}

#[test]
fn a_weight_that_is_none_makes_what_everything_refuses() {
    for weight in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        let refused = |error: DivergenceError| matches!(error, DivergenceError::InvalidWeight { weight: w } if w == weight || w.is_nan() && weight.is_nan());
        let bad = weight * ForwardKl;
        assert!(refused(Weighted::new(weight, ForwardKl).unwrap_err()));
        for v in [-1.0, 0.0, 1.0_f64] {
            assert!(bad.value(v).is_nan() && bad.fake(v).is_nan() && bad.real(v).is_nan() && bad.curvature(v).is_nan());
        }
        assert!(refused(bad.check().unwrap_err()) && refused(bad.swap().check().unwrap_err()));
        assert!(refused((ReverseKl + bad).check().unwrap_err()) && refused((bad + ReverseKl).check().unwrap_err()));
        assert!(refused(Symmetrised(bad).check().unwrap_err()));
        assert!(refused((2.0 * bad).check().unwrap_err()));
        assert!(refused(exact::discrete(&(bad + ReverseKl), &[0.5, 0.5], &[0.25, 0.75]).unwrap_err()));
        assert!(refused(variational::bound(&bad, &[0.0, 1.0], &[0.0, 1.0]).unwrap_err()));
        assert!(refused(variational::plug_in(&bad, &[0.0, 1.0]).unwrap_err()));
        let law = fenchel::distribution::Gaussian::<f64>::standard(1).unwrap();
        let mut rng = fenchel::rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
        assert!(refused(bad.between(&law, &law).unwrap_err()));
        assert!(refused(exact::quadrature(&bad, &law, &law).unwrap_err()));
        assert!(refused(exact::monte_carlo(&bad, &law, &law, 10, &mut rng).unwrap_err()));
        assert!(refused(exact::importance(&bad, &law, &law, &law, 10, &mut rng).unwrap_err()));
        // A loss cannot be refused by name; it is not a number.
        let tape = fenchel::Tape::new();
        let v = tape.scalar(0.3_f64);
        assert!(Game::minimax(bad).critic_loss(v, v).to_scalar().unwrap().is_nan());
    }
}

/// −(1 − π) ln(1 − π) = π − π²/2 − π³/6 − ..., of a π of which 1 − π has few digits, or none.
#[test]
fn a_small_weight_keeps_its_digits() {
    for weight in [1e-5, 1e-10, 1e-17, 3e-38] {
        let d = weighted(weight);
        let series = weight * (1.0 - weight * (0.5 + weight / 6.0));
        assert!((d.at_zero() / series - 1.0).abs() < 1e-14, "{weight}: {}", d.at_zero());
        assert_eq!(d.swap().slope_at_infinity(), d.at_zero());
        // Divided by π it is forward KL at π = 0, and differs by no more than π times some constant.
        let by_weight: f64 = exact::discrete(&d, &[1.0, 0.0], &[0.5, 0.5]).unwrap() / weight;
        assert!((by_weight - 2.0_f64.ln()).abs() <= 2.0 * weight + 1e-15, "{weight}: {by_weight}");
    }
}

/// eᵛ k(−v) of a k that falls as e⁻ᵛ: neither 0 · ∞ nor ∞ where it is 1.
#[test]
fn the_curvature_of_a_swap_does_not_overflow_where_its_limit_is_finite() {
    fn law<T: Real>(far: &[f64]) {
        for &v in far.iter().flat_map(|v| [*v, -v]).collect::<Vec<_>>().iter() {
            let v: T = fenchel::nalgebra::convert(v);
            let of = |d: &str| d.parse::<NamedSmooth>().unwrap();
            assert_eq!(of("forward_kl").swap().curvature(v), ReverseKl.curvature(v));
            assert_eq!(of("reverse_kl").swap().curvature(v), ForwardKl.curvature(v));
            let js = Symmetrised(of("jensen_shannon")).curvature(v);
            assert!((js - JensenShannon.curvature(v)).abs() <= T::default_epsilon() * js, "{v}: {js}");
            assert_eq!(of("jensen_shannon").swap().swap().curvature(v), JensenShannon.curvature(v));
        }
    }
    law::<f64>(&[1.0, 700.0, 720.0, 746.0, 1e4]);
    law::<f32>(&[1.0, 80.0, 89.0, 104.0, 110.0, 1e4]);
}

/// A weight that is none says so, whatever it is wrapped in.
#[test]
fn a_name_for_what_is_refused_is_refused() {
    let wrong = NamedSmooth::TPower(-1.0 * Alpha::new(0.5).unwrap());
    let weight = (-1.0 * Alpha::new(0.5).unwrap()).check().unwrap_err();
    assert_eq!(wrong.check().unwrap_err(), weight);
    assert_eq!(Named::from(wrong).check().unwrap_err(), weight);
    assert_eq!(exact::discrete(&wrong, &[0.5, 0.5], &[0.25, 0.75]).unwrap_err(), weight);
}

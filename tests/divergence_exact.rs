//! Exact values: discrete laws, Gaussians, quadrature and Monte Carlo, against each other and against inequalities.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::f64::consts::LN_2;

use fenchel::distribution::{AffineImage, Density, Gaussian, Law, Mixture, Moments, SampleRows};
use fenchel::divergence::{
    ClosedForm, FDivergence, ForwardKl, JensenShannon, NeymanChi2, PearsonChi2, ReverseKl, SoftReverseKl, Weighted,
    exact,
};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{Rng, RngExt, SeedableRng};
use fenchel::{DistributionError, DivergenceError};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

// ---------------------------------------------------------------------------------------------------------------------
// Discrete laws
// ---------------------------------------------------------------------------------------------------------------------

/// Probabilities on `n` points, some of which may be 0.
fn law(n: usize, zeros: u32) -> impl Strategy<Value = Vec<f64>> {
    let mass = prop_oneof![4 => 1e-3..1.0_f64, 1 => 1e-6..1e-3_f64, zeros => Just(0.0)];
    prop::collection::vec(mass, n).prop_map(normalised)
}

/// `masses` over their sum; all on the first point if there are none.
fn normalised(mut masses: Vec<f64>) -> Vec<f64> {
    let sum: f64 = masses.iter().sum();
    if sum > 0.0 {
        masses.iter_mut().for_each(|x| *x /= sum);
    } else {
        masses[0] = 1.0;
    }
    masses
}

/// Two laws on the same 1 to 50 points.
fn pair() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..=50_usize).prop_flat_map(|n| (law(n, 1), law(n, 1)))
}

/// The same with mass on every point.
fn positive_pair() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..=50_usize).prop_flat_map(|n| (law(n, 0), law(n, 0)))
}

/// Half the L1 distance.
fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    0.5 * p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>()
}

fn discrete<D: FDivergence>(d: D, p: &[f64], q: &[f64]) -> f64 {
    exact::discrete(&d, p, q).unwrap()
}

/// Up to fifty terms of either sign of rounding, a few units each, and the roundings of the probabilities themselves,
/// by which D moves as E_P |f'| eps, which D + 1 bounds up to a small factor for ratios up to 1e6.
const SLACK: f64 = 1e-12;

/// a ≤ b up to rounding.
fn at_most(a: f64, b: f64) -> bool {
    b == f64::INFINITY || a <= b + SLACK * (1.0 + b.abs())
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= SLACK * (1.0 + a.abs().min(b.abs()))
}

/// Runs a law that returns a proptest outcome over the list.
macro_rules! hold {
    ($kind:ident $law:expr) => {{
        let mut outcome: Result<(), TestCaseError> = Ok(());
        for_each_divergence!($kind |name: &str, d| if outcome.is_ok() { outcome = $law(name, d) });
        outcome?;
    }};
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn a_divergence_from_itself_is_exactly_zero(p in (1..=50_usize).prop_flat_map(|n| law(n, 1))) {
        fn zero<D: FDivergence>(name: &str, d: D, p: &[f64]) -> Result<(), TestCaseError> {
            prop_assert_eq!(discrete(d, p, p), 0.0, "{}", name);
            Ok(())
        }
        hold!(any |name, d| zero(name, d, &p));
    }

    /// f(1 + TV) + f(1 - TV) is positive unless TV = 0: so D is positive unless P = Q.
    #[test]
    fn a_divergence_is_at_least_what_its_total_variation_asks_for((p, q) in pair()) {
        fn bound<D: FDivergence>(name: &str, d: D, p: &[f64], q: &[f64]) -> Result<(), TestCaseError> {
            let tv = total_variation(p, q).min(1.0);
            let below = if tv < 1.0 { d.value((-tv).ln_1p()) } else { d.at_zero() };
            let least = d.value(tv.ln_1p()) + below;
            let value = discrete(d, p, q);
            prop_assert!(value >= 0.0 && (tv < 1e-12 || value > 0.0), "{}: {} at TV {}", name, value, tv);
            // 1 - TV cancels near TV = 1, where f may be steep: leave that to the disjoint supports.
            if tv < 1.0 - 1e-6 {
                prop_assert!(at_most(least, value), "{}: {} > {}", name, least, value);
            }
            Ok(())
        }
        hold!(any |name, d| bound(name, d, &p, &q));
    }

    #[test]
    fn exchanging_the_laws_exchanges_the_divergence_for_its_swap((p, q) in pair()) {
        fn exchange<D: FDivergence>(name: &str, d: D, p: &[f64], q: &[f64]) -> Result<(), TestCaseError> {
            let (there, back) = (discrete(d, p, q), discrete(d.swap(), q, p));
            prop_assert!(close(there, back), "{}: {} {}", name, there, back);
            Ok(())
        }
        hold!(any |name, d| exchange(name, d, &p, &q));
    }

    #[test]
    fn merging_points_never_increases_a_divergence(
        (p, q) in pair(), bins in prop::collection::vec(0..8_usize, 50),
    ) {
        fn process<D: FDivergence>(
            name: &str, d: D, p: &[f64], q: &[f64], bins: &[usize],
        ) -> Result<(), TestCaseError> {
            let merge = |law: &[f64]| {
                let mut merged = vec![0.0; 8];
                law.iter().zip(bins).for_each(|(mass, &bin)| merged[bin] += mass);
                merged
            };
            let (before, after) = (discrete(d, p, q), discrete(d, &merge(p), &merge(q)));
            prop_assert!(at_most(after, before), "{}: {} > {}", name, after, before);
            Ok(())
        }
        hold!(any |name, d| process(name, d, &p, &q, &bins));
    }

    /// Any channel, not just a merger.
    #[test]
    fn a_noisy_channel_never_increases_a_divergence(
        (p, q) in pair(), channel in prop::collection::vec(law(5, 1), 50),
    ) {
        fn process<D: FDivergence>(
            name: &str, d: D, p: &[f64], q: &[f64], channel: &[Vec<f64>],
        ) -> Result<(), TestCaseError> {
            let send = |law: &[f64]| {
                let output = |j: usize| law.iter().zip(channel).map(|(mass, row)| mass * row[j]).sum();
                (0..5).map(output).collect::<Vec<f64>>()
            };
            let (before, after) = (discrete(d, p, q), discrete(d, &send(p), &send(q)));
            prop_assert!(at_most(after, before), "{}: {} > {}", name, after, before);
            Ok(())
        }
        hold!(any |name, d| process(name, d, &p, &q, &channel));
    }

    #[test]
    fn a_divergence_is_jointly_convex(
        (p1, q1, p2, q2) in (1..=20_usize).prop_flat_map(|n| (law(n, 1), law(n, 1), law(n, 1), law(n, 1))),
        share in 0.01..0.99_f64,
    ) {
        let mix = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).map(|(a, b)| share * a + (1.0 - share) * b).collect::<Vec<_>>()
        };
        let (p, q) = (mix(&p1, &p2), mix(&q1, &q2));
        macro_rules! convex {
            () => {
                |name: &str, d| -> Result<(), TestCaseError> {
                    let (mixed, first, second) = (discrete(d, &p, &q), discrete(d, &p1, &q1), discrete(d, &p2, &q2));
                    let chord = share * first + (1.0 - share) * second;
                    prop_assert!(at_most(mixed, chord), "{}: {} > {}", name, mixed, chord);
                    Ok(())
                }
            };
        }
        hold!(any convex!());
    }

    /// Mass that one law has alone, beside points that both have: the sum, with the prices of lone mass.
    #[test]
    fn lone_mass_costs_its_price(
        (p, q) in positive_pair(), p_kept in 0.1..1.0_f64, q_kept in 0.1..1.0_f64,
    ) {
        fn price<D: FDivergence>(
            name: &str, d: D, (p, q): (&[f64], &[f64]), p_kept: f64, q_kept: f64,
        ) -> Result<(), TestCaseError> {
            let scaled = |law: &[f64], kept: f64, tail: [f64; 2]| {
                law.iter().map(|x| x * kept).chain(tail).collect::<Vec<_>>()
            };
            let (p, q) = (scaled(p, p_kept, [1.0 - p_kept, 0.0]), scaled(q, q_kept, [0.0, 1.0 - q_kept]));
            let common: f64 = (0..p.len() - 2).map(|i| q[i] * d.value((p[i] / q[i]).ln())).sum();
            let expected = common + d.slope_at_infinity() * (1.0 - p_kept) + d.at_zero() * (1.0 - q_kept);
            let value = discrete(d, &p, &q);
            prop_assert!(close(value, expected), "{}: {} {}", name, value, expected);
            Ok(())
        }
        hold!(any |name, d| price(name, d, (&p, &q), p_kept, q_kept));
    }

    #[test]
    fn the_order_of_the_points_does_not_matter((p, q) in pair(), shift in 0..50_usize) {
        fn permute<D: FDivergence>(name: &str, d: D, p: &[f64], q: &[f64], shift: usize) -> Result<(), TestCaseError> {
            let turn = |law: &[f64]| {
                let mut turned = law.to_vec();
                turned.rotate_left(shift % law.len());
                turned
            };
            let (before, after) = (discrete(d, p, q), discrete(d, &turn(p), &turn(q)));
            prop_assert!(close(before, after), "{}: {} {}", name, before, after);
            Ok(())
        }
        hold!(any |name, d| permute(name, d, &p, &q, shift));
    }

    #[test]
    fn products_add_kullback_leibler_and_multiply_one_plus_chi_square(
        (p1, q1) in (1..=8_usize).prop_flat_map(|n| (law(n, 0), law(n, 0))),
        (p2, q2) in (1..=8_usize).prop_flat_map(|n| (law(n, 0), law(n, 0))),
    ) {
        let product = |a: &[f64], b: &[f64]| a.iter().flat_map(|a| b.iter().map(move |b| a * b)).collect::<Vec<_>>();
        let (p, q) = (product(&p1, &p2), product(&q1, &q2));
        for (joint, parts) in [
            (discrete(ForwardKl, &p, &q), discrete(ForwardKl, &p1, &q1) + discrete(ForwardKl, &p2, &q2)),
            (discrete(ReverseKl, &p, &q), discrete(ReverseKl, &p1, &q1) + discrete(ReverseKl, &p2, &q2)),
        ] {
            prop_assert!(close(joint, parts), "{} {}", joint, parts);
        }
        for (joint, first, second) in [
            (discrete(PearsonChi2, &p, &q), discrete(PearsonChi2, &p1, &q1), discrete(PearsonChi2, &p2, &q2)),
            (discrete(NeymanChi2, &p, &q), discrete(NeymanChi2, &p1, &q1), discrete(NeymanChi2, &p2, &q2)),
        ] {
            let parts = (1.0 + first) * (1.0 + second);
            prop_assert!(close(1.0 + joint, parts), "{} {}", 1.0 + joint, parts);
        }
    }

    /// The textbook inequalities; TV is half the L1 distance, and JensenShannon is twice the JSD.
    #[test]
    fn the_divergences_bound_each_other_as_the_books_say((p, q) in pair()) {
        let tv = total_variation(&p, &q).min(1.0);
        let (kl, reverse) = (discrete(ForwardKl, &p, &q), discrete(ReverseKl, &p, &q));
        let (pearson, neyman) = (discrete(PearsonChi2, &p, &q), discrete(NeymanChi2, &p, &q));
        let jsd = 0.5 * discrete(JensenShannon, &p, &q);
        let entropy = |x: f64| if x <= 0.0 || x >= 1.0 { 0.0 } else { -x * x.ln() - (1.0 - x) * (1.0 - x).ln() };
        let hellinger = 0.5 * p.iter().zip(&q).map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2)).sum::<f64>();
        let triangular: f64 =
            p.iter().zip(&q).filter(|(p, q)| *p + *q > 0.0).map(|(p, q)| (p - q) * (p - q) / (p + q)).sum();
        let mut bounds = vec![
            ("Pinsker", 2.0 * tv * tv, kl),
            ("Pinsker, reversed", 2.0 * tv * tv, reverse),
            ("2 H2 <= KL", 2.0 * hellinger, kl),
            ("KL <= ln(1 + chi2)", kl, pearson.ln_1p()),
            ("ln(1 + chi2) <= chi2", pearson.ln_1p(), pearson),
            ("reverse KL <= ln(1 + Neyman)", reverse, neyman.ln_1p()),
            ("4 TV^2 <= chi2", 4.0 * tv * tv, pearson),
            ("4 TV^2 <= Neyman", 4.0 * tv * tv, neyman),
            ("2 H2 <= chi2", 2.0 * hellinger, pearson),
            ("JSD <= ln 2 TV", jsd, LN_2 * tv),
            ("the entropy bound <= JSD", LN_2 - entropy(0.5 * (1.0 - tv)), jsd),
            ("TV^2 / 2 <= JSD", 0.5 * tv * tv, jsd),
            ("ln 2 H2 <= JSD", LN_2 * hellinger, jsd),
            ("JSD <= H2", jsd, hellinger),
            ("Tri / 4 <= JSD", 0.25 * triangular, jsd),
            ("JSD <= ln 2 / 2 Tri", jsd, 0.5 * LN_2 * triangular),
            ("8 JSD <= Jeffreys", 8.0 * jsd, kl + reverse),
            ("8 H2 <= Jeffreys", 8.0 * hellinger, kl + reverse),
            ("soft reverse KL <= reverse KL", discrete(SoftReverseKl, &p, &q), reverse),
        ];
        if tv < 1.0 - 1e-6 {
            bounds.push(("Bretagnolle and Huber", -(-tv * tv).ln_1p(), kl));
        }
        for (name, less, more) in bounds {
            prop_assert!(at_most(less, more), "{}: {} > {}", name, less, more);
        }
    }

    #[test]
    fn the_divergences_from_the_midpoint_are_sums_of_kullback_leiblers((p, q) in pair()) {
        let midpoint: Vec<f64> = p.iter().zip(&q).map(|(p, q)| 0.5 * (p + q)).collect();
        let js = discrete(ForwardKl, &p, &midpoint) + discrete(ForwardKl, &q, &midpoint);
        prop_assert!(close(discrete(JensenShannon, &p, &q), js));
        let soft = 2.0 * discrete(ForwardKl, &midpoint, &p);
        prop_assert!(close(discrete(SoftReverseKl, &p, &q), soft));
        let weighted = discrete(Weighted::new(2.5, JensenShannon).unwrap(), &p, &q);
        prop_assert!(close(weighted, 2.5 * js));
    }

    /// From the definitions, as a first-year student would sum them.
    #[test]
    fn the_sums_are_those_of_the_definitions((p, q) in positive_pair()) {
        let sum = |f: &dyn Fn(f64, f64) -> f64| p.iter().zip(&q).map(|(&p, &q)| f(p, q)).sum::<f64>();
        prop_assert!(close(discrete(ForwardKl, &p, &q), sum(&|p, q| p * (p / q).ln())));
        prop_assert!(close(discrete(ReverseKl, &p, &q), sum(&|p, q| q * (q / p).ln())));
        prop_assert!(close(discrete(PearsonChi2, &p, &q), sum(&|p, q| (p - q) * (p - q) / q)));
        prop_assert!(close(discrete(NeymanChi2, &p, &q), sum(&|p, q| (p - q) * (p - q) / p)));
    }

    #[test]
    fn single_precision_gives_the_same_to_its_rounding((p, q) in positive_pair()) {
        fn compare<D: FDivergence>(name: &str, d: D, p: &[f64], q: &[f64]) -> Result<(), TestCaseError> {
            let single = |law: &[f64]| law.iter().map(|&x| x as f32).collect::<Vec<_>>();
            let (p, q) = (single(p), single(q));
            let value = f64::from(exact::discrete(&d, &p, &q).unwrap());
            // The same numbers, but in f64: not quite normalised, which `discrete` tolerates only to 1.5e-8.
            let widened = |law: &[f32]| law.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let (p, q) = (widened(&p), widened(&q));
            let expected: f64 = p.iter().zip(&q).map(|(p, q)| q * d.value((p / q).ln())).sum();
            // As SLACK, in units of f32.
            let tolerance = SLACK * f64::from(f32::EPSILON) / f64::EPSILON * (1.0 + expected);
            prop_assert!((value - expected).abs() <= tolerance, "{}: {} {}", name, value, expected);
            Ok(())
        }
        hold!(any |name, d| compare(name, d, &p, &q));
    }
}

#[test]
fn laws_on_different_points_cost_both_prices() {
    fn apart<D: FDivergence>(name: &str, d: D) {
        let value = discrete(d, &[0.25, 0.75, 0.0, 0.0], &[0.0, 0.0, 0.5, 0.5]);
        let expected = d.at_zero() + d.slope_at_infinity();
        // Four products and their sum.
        assert!(value == expected || (value - expected).abs() <= 4.0 * f64::EPSILON * expected, "{name}: {value}");
    }
    for_each_divergence!(any apart);
}

#[test]
fn nearly_equal_laws_keep_their_relative_accuracy() {
    fn near<D: fenchel::divergence::Variational>(name: &str, d: D) {
        for exponent in 3..=40 {
            // Dyadic, so that both laws are exact in f64.
            let h = 2.0_f64.powi(-exponent);
            let value = discrete(d, &[0.5 + 0.5 * h, 0.5 - 0.5 * h], &[0.5, 0.5]);
            let leading = 0.5 * d.curvature(0.0) * h * h;
            // The odd terms cancel between the points: the next term is smaller by a factor of at most about 2 h^2.
            let tolerance = 2.0 * h * h + 16.0 * f64::EPSILON;
            assert!((value / leading - 1.0).abs() <= tolerance, "{name} at {h}: {value} {leading}");
        }
    }
    for_each_divergence!(variational near);
}

#[test]
fn wrong_probabilities_are_named() {
    let kl = |p: &[f64], q: &[f64]| exact::discrete(&ForwardKl, p, q).unwrap_err();
    assert_eq!(kl(&[1.0], &[0.5, 0.5]), DivergenceError::LengthMismatch { p: 1, q: 2 });
    assert_eq!(kl(&[], &[]), DivergenceError::Empty);
    let negative = DivergenceError::InvalidProbability { law: "P", index: 1, value: -0.5 };
    assert_eq!(kl(&[1.5, -0.5], &[0.5, 0.5]), negative);
    let infinite = DivergenceError::InvalidProbability { law: "Q", index: 0, value: f64::INFINITY };
    assert_eq!(kl(&[0.5, 0.5], &[f64::INFINITY, 0.5]), infinite);
    match kl(&[0.5, 0.5], &[0.5, f64::NAN]) {
        DivergenceError::InvalidProbability { law: "Q", index: 1, value } => assert!(value.is_nan()),
        other => panic!("{other}"),
    }
    assert_eq!(kl(&[0.5, 0.25], &[0.5, 0.5]), DivergenceError::NotNormalised { law: "P", sum: 0.75 });
    assert_eq!(kl(&[0.5, 0.5], &[0.5, 1.0]), DivergenceError::NotNormalised { law: "Q", sum: 1.5 });
    for weight in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(Weighted::new(weight, ForwardKl).unwrap_err(), DivergenceError::InvalidWeight { weight });
    }
    match Weighted::new(f64::NAN, ForwardKl).unwrap_err() {
        DivergenceError::InvalidWeight { weight } => assert!(weight.is_nan()),
        other => panic!("{other}"),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Gaussians
// ---------------------------------------------------------------------------------------------------------------------

/// N(mean, L Lᵀ) with the diagonal of L in `scale` and what is below in ±`tilt`.
fn gaussian(dimension: usize, scale: std::ops::Range<f64>, tilt: f64) -> impl Strategy<Value = Gaussian<f64>> {
    let below = prop::collection::vec(-tilt..=tilt, dimension * dimension);
    let diagonal = prop::collection::vec(scale, dimension);
    let mean = prop::collection::vec(-1.0..1.0_f64, dimension);
    (mean, diagonal, below).prop_map(move |(mean, diagonal, below)| {
        let factor =
            DMatrix::from_fn(dimension, dimension, |i, j| if i == j { diagonal[i] } else { below[i * dimension + j] });
        Gaussian::from_cholesky(DVector::from_vec(mean), factor).unwrap()
    })
}

fn gaussian_pair(
    dimensions: std::ops::RangeInclusive<usize>,
    scale: std::ops::Range<f64>,
    tilt: f64,
) -> impl Strategy<Value = (Gaussian<f64>, Gaussian<f64>)> {
    dimensions.prop_flat_map(move |d| (gaussian(d, scale.clone(), tilt), gaussian(d, scale.clone(), tilt)))
}

/// The mean and the standard deviations of the law whose density is proportional to p²/q, if there is one.
fn squared_over(p: &Gaussian<f64>, q: &Gaussian<f64>) -> Option<(DVector<f64>, Vec<f64>)> {
    let precision = |law: &Gaussian<f64>| law.covariance().try_inverse().unwrap();
    let (a, b) = (precision(p) * 2.0, precision(q));
    let covariance = (&a - &b).try_inverse()?;
    if covariance.symmetric_eigenvalues().min() <= 0.0 {
        return None;
    }
    let mean = &covariance * (a * p.mean() - b * q.mean());
    Some((mean, covariance.diagonal().iter().map(|x| x.sqrt()).collect()))
}

/// A box of nine standard deviations of P, Q and the integrands of both chi-squares: at its faces the integrands are
/// below e^-40.
fn wide_box(p: &Gaussian<f64>, q: &Gaussian<f64>) -> Option<(Vec<f64>, Vec<f64>)> {
    let plain =
        |law: &Gaussian<f64>| (law.mean(), law.covariance().diagonal().iter().map(|x| x.sqrt()).collect::<Vec<f64>>());
    let laws = [plain(p), plain(q), squared_over(p, q)?, squared_over(q, p)?];
    let end = |axis: usize, sign: f64| {
        laws.iter().map(|(mean, sd)| sign * mean[axis] + 9.0 * sd[axis]).fold(f64::NEG_INFINITY, f64::max) * sign
    };
    let (lower, upper): (Vec<_>, Vec<_>) = (0..p.mean().len()).map(|axis| (end(axis, -1.0), end(axis, 1.0))).unzip();
    lower.iter().zip(&upper).all(|(a, b)| b - a < 80.0).then_some((lower, upper))
}

fn between<D: ClosedForm<Gaussian<f64>>>(d: D, p: &Gaussian<f64>, q: &Gaussian<f64>) -> f64 {
    d.between(p, q).unwrap()
}

fn agrees_with_quadrature<D: ClosedForm<Gaussian<f64>>>(
    name: &str,
    d: D,
    (p, q): (&Gaussian<f64>, &Gaussian<f64>),
    (lower, upper): (&[f64], &[f64]),
    m: usize,
) -> Result<(), TestCaseError> {
    let exact = between(d, p, q);
    let integral = exact::quadrature(&d, p, q, lower, upper, m).unwrap();
    // What the rule says of itself, what lies outside the box (e^-40 of the whole), and rounding.
    let tolerance = integral.error + 1e-11 * (1.0 + exact);
    prop_assert!((integral.value - exact).abs() <= tolerance, "{}: {:?} {}", name, integral, exact);
    // The error falls as exp(-2 pi^2 (sigma/step)^2): with a step of at most half the narrowest deviation, and one for
    // every second node, e^-19.
    prop_assert!(integral.error <= 1e-7 * (1.0 + exact), "{}: {:?}", name, integral);
    Ok(())
}

proptest! {
    #![proptest_config(fixed(24))]

    #[test]
    fn closed_forms_on_the_line_agree_with_quadrature((p, q) in gaussian_pair(1..=1, 0.8..1.1, 0.0)) {
        let bounds = wide_box(&p, &q);
        prop_assume!(bounds.is_some());
        let (lower, upper) = bounds.unwrap();
        hold!(closed_form |name, d| agrees_with_quadrature(name, d, (&p, &q), (&lower, &upper), 500));
    }
}

proptest! {
    #![proptest_config(fixed(6))]

    #[test]
    fn closed_forms_in_the_plane_agree_with_quadrature((p, q) in gaussian_pair(2..=2, 0.85..1.1, 0.2)) {
        let bounds = wide_box(&p, &q);
        prop_assume!(bounds.is_some());
        let (lower, upper) = bounds.unwrap();
        hold!(closed_form |name, d| agrees_with_quadrature(name, d, (&p, &q), (&lower, &upper), 120));
    }
}

#[test]
fn closed_forms_agree_with_monte_carlo_within_its_error_bar() {
    fn compare<D: ClosedForm<Gaussian<f64>>>(name: &str, d: D) {
        // Neither is much wider than the other: f(p/q)^2 has a mean under both, also for both chi-squares.
        let p = Gaussian::new(dvector![0.3, 0.0, -0.2], dmatrix![1.0, 0.2, 0.0; 0.2, 1.1, 0.1; 0.0, 0.1, 0.9]).unwrap();
        let q = Gaussian::new(dvector![0.0, 0.2, 0.0], dmatrix![1.1, 0.0, 0.1; 0.0, 1.0, 0.2; 0.1, 0.2, 1.0]).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        let exact = between(d, &p, &q);
        let from_q = exact::monte_carlo(&d, &p, &q, 40_000, &mut rng).unwrap();
        let from_p = exact::monte_carlo(&d.swap(), &q, &p, 40_000, &mut rng).unwrap();
        for estimate in [from_q, from_p] {
            // Five standard errors: once in two million seeds.
            assert!((estimate.mean - exact).abs() <= 5.0 * estimate.std_error, "{name}: {estimate:?} {exact}");
            assert!(estimate.std_error < 0.1 * exact, "{name}: {estimate:?} says little about {exact}");
        }
    }
    for_each_divergence!(closed_form compare);
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn a_gaussian_is_exactly_no_divergence_from_itself(
        p in (1..=6_usize).prop_flat_map(|d| gaussian(d, 0.1..3.0, 1.0)),
    ) {
        fn zero<D: ClosedForm<Gaussian<f64>>>(name: &str, d: D, p: &Gaussian<f64>) -> Result<(), TestCaseError> {
            prop_assert_eq!(between(d, p, p), 0.0, "{}", name);
            Ok(())
        }
        hold!(closed_form |name, d| zero(name, d, &p));
    }

    #[test]
    fn a_closed_form_exchanges_with_its_swap((p, q) in gaussian_pair(1..=5, 0.5..2.0, 0.5)) {
        prop_assert_eq!(between(ForwardKl, &p, &q), between(ReverseKl, &q, &p));
        prop_assert_eq!(between(PearsonChi2, &p, &q), between(NeymanChi2, &q, &p));
    }

    /// The textbook formula, with inverse and determinant.
    #[test]
    fn kullback_leibler_is_the_textbook_formula((p, q) in gaussian_pair(1..=5, 0.5..2.0, 0.5)) {
        let (a, b) = (p.covariance(), q.covariance());
        let inverse = b.clone().try_inverse().unwrap();
        let offset = q.mean() - p.mean();
        let textbook = 0.5
            * ((&inverse * &a).trace() + (offset.transpose() * &inverse * &offset)[0] - offset.len() as f64
                + (b.determinant() / a.determinant()).ln());
        let value = between(ForwardKl, &p, &q);
        // The factors have a diagonal of at least 1/2 and entries of at most 2: condition numbers up to about 1e4.
        prop_assert!((value - textbook).abs() <= 1e-11 * (1.0 + value), "{} {}", value, textbook);
    }

    #[test]
    fn chi_square_is_infinite_exactly_where_twice_q_does_not_cover_p((p, q) in gaussian_pair(1..=4, 0.5..1.5, 0.5)) {
        for (value, narrow, wide) in [(between(PearsonChi2, &p, &q), &p, &q), (between(NeymanChi2, &p, &q), &q, &p)] {
            let margin = (wide.covariance() * 2.0 - narrow.covariance()).symmetric_eigenvalues().min();
            // On the border itself rounding decides.
            prop_assume!(margin.abs() > 1e-9);
            // Just inside the border the value may be beyond the range of the numbers.
            prop_assert!(value == f64::INFINITY || margin > 0.0, "{} at margin {}", value, margin);
            prop_assert!(value.is_finite() || margin < 1e-2, "{} at margin {}", value, margin);
        }
    }

    #[test]
    fn an_affine_map_of_both_laws_changes_nothing(
        ((p, q), entries, offset) in (1..=4_usize).prop_flat_map(|d| (
            gaussian_pair(d..=d, 0.7..1.2, 0.3),
            prop::collection::vec(-1.0..1.0_f64, d * d),
            prop::collection::vec(-10.0..10.0_f64, d),
        )),
    ) {
        let d = offset.len();
        // Diagonally dominant, hence invertible, with a condition number below about 20.
        let map = DMatrix::from_row_slice(d, d, &entries) + DMatrix::identity(d, d) * (d as f64 + 0.5);
        let offset = DVector::from_vec(offset);
        let (p_image, q_image) = (p.affine_image(&map, &offset).unwrap(), q.affine_image(&map, &offset).unwrap());
        fn invariant<D: ClosedForm<Gaussian<f64>>>(
            name: &str, d: D, before: (&Gaussian<f64>, &Gaussian<f64>), after: (&Gaussian<f64>, &Gaussian<f64>),
        ) -> Result<(), TestCaseError> {
            let (before, after) = (between(d, before.0, before.1), between(d, after.0, after.1));
            // Condition numbers of about 20 for the map and 10 for each law; a chi-square may be near its pole and
            // amplify by its own size.
            let tolerance = 1e-11 * (1.0 + before) * (1.0 + before);
            prop_assert!(before == after || (before - after).abs() <= tolerance, "{}: {} {}", name, before, after);
            Ok(())
        }
        hold!(closed_form |name, d| invariant(name, d, (&p, &q), (&p_image, &q_image)));
    }

    #[test]
    fn gaussian_products_add_kullback_leibler_and_multiply_one_plus_chi_square(
        (p1, q1) in gaussian_pair(1..=3, 0.7..1.2, 0.3), (p2, q2) in gaussian_pair(1..=3, 0.7..1.2, 0.3),
    ) {
        let product = |a: &Gaussian<f64>, b: &Gaussian<f64>| {
            let (m, n) = (a.mean().len(), b.mean().len());
            let mut factor = DMatrix::zeros(m + n, m + n);
            factor.view_mut((0, 0), (m, m)).copy_from(a.cholesky_factor());
            factor.view_mut((m, m), (n, n)).copy_from(b.cholesky_factor());
            let mean = DVector::from_iterator(m + n, a.mean().iter().chain(b.mean().iter()).copied());
            Gaussian::from_cholesky(mean, factor).unwrap()
        };
        let (p, q) = (product(&p1, &p2), product(&q1, &q2));
        let (joint, parts) = (between(ForwardKl, &p, &q), between(ForwardKl, &p1, &q1) + between(ForwardKl, &p2, &q2));
        // Sums of a few dozen terms, of condition numbers up to about 10.
        prop_assert!((joint - parts).abs() <= 1e-13 * (1.0 + parts), "{} {}", joint, parts);
        let joint = 1.0 + between(PearsonChi2, &p, &q);
        let parts = (1.0 + between(PearsonChi2, &p1, &q1)) * (1.0 + between(PearsonChi2, &p2, &q2));
        // Near the pole errors grow with the value itself.
        prop_assert!(joint == parts || (joint - parts).abs() <= 1e-12 * parts * parts, "{} {}", joint, parts);
    }

    #[test]
    fn gaussian_divergences_bound_each_other((p, q) in gaussian_pair(1..=4, 0.7..1.2, 0.3)) {
        let (kl, chi2) = (between(ForwardKl, &p, &q), between(PearsonChi2, &p, &q));
        prop_assert!(kl >= 0.0 && at_most(kl, chi2.ln_1p()), "{} {}", kl, chi2);
    }

    /// ½ tr(Δ²)/2 + ½ |δ|² in the coordinates in which Q is standard, and twice that for the chi-squares.
    #[test]
    fn nearly_equal_gaussians_keep_their_relative_accuracy(
        q in (1..=4_usize).prop_flat_map(|d| gaussian(d, 0.5..2.0, 0.5)), exponent in 2..=8_i32,
        seed in any::<u64>(),
    ) {
        let h = 10.0_f64.powi(-exponent);
        let d = q.mean().len();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut uniform = || rng.random::<f64>() - 0.5;
        // The factor L (I + h T) with T lower triangular and the mean m + h L s: exact second-order terms are those of
        // T + Tᵀ and s.
        let t = DMatrix::from_fn(d, d, |i, j| if i >= j { uniform() } else { 0.0 });
        let s = DVector::from_fn(d, |_, _| 1.0 + uniform());
        let factor = q.cholesky_factor();
        let moved = factor * (DMatrix::identity(d, d) + &t * h);
        let p = Gaussian::from_cholesky(q.mean() + factor * &s * h, moved).unwrap();
        let half_kl = 0.25 * (&t + t.transpose()).norm_squared() + 0.5 * s.norm_squared();
        let leading = half_kl * h * h;
        // Third-order terms are smaller by a factor of about 10 h; the entries of P and Q are rounded, which moves h
        // by about 1e-16 times a condition number of about 100.
        let tolerance = 40.0 * h + 1e-14 / h;
        for (name, value, expected) in [
            ("forward_kl", between(ForwardKl, &p, &q), leading),
            ("reverse_kl", between(ReverseKl, &p, &q), leading),
            ("pearson_chi2", between(PearsonChi2, &p, &q), 2.0 * leading),
            ("neyman_chi2", between(NeymanChi2, &p, &q), 2.0 * leading),
        ] {
            prop_assert!((value / expected - 1.0).abs() <= tolerance, "{} at {}: {} {}", name, h, value, expected);
        }
    }
}

#[test]
fn closed_forms_in_single_precision_agree_with_double() {
    fn compare<D: ClosedForm<Gaussian<f64>> + ClosedForm<Gaussian<f32>>>(name: &str, d: D) {
        let p = Gaussian::new(dvector![0.25, 0.0], dmatrix![1.0, 0.25; 0.25, 1.0]).unwrap();
        let q = Gaussian::new(dvector![0.0, 0.5], dmatrix![1.25, 0.0; 0.0, 1.0]).unwrap();
        let single = |law: &Gaussian<f64>| Gaussian::<f32>::new(law.mean().cast(), law.covariance().cast()).unwrap();
        let (wide, narrow) = (between(d, &p, &q), f64::from(d.between(&single(&p), &single(&q)).unwrap()));
        // Some thirty roundings of well-conditioned numbers.
        assert!((wide - narrow).abs() <= 64.0 * f64::from(f32::EPSILON) * wide, "{name}: {wide} {narrow}");
    }
    for_each_divergence!(closed_form compare);
}

#[test]
fn gaussians_very_far_apart_are_infinitely_far_or_a_large_number_but_not_nan() {
    fn far<D: ClosedForm<Gaussian<f64>>>(name: &str, d: D) {
        let standard = Gaussian::standard(2).unwrap();
        for (mean, scale) in [(1e3, 1.0), (1e100, 1.0), (0.0, 1e-100), (0.0, 1e100), (1e8, 1.2)] {
            let law = Gaussian::from_cholesky(dvector![mean, 0.0], DMatrix::identity(2, 2) * scale).unwrap();
            for value in [between(d, &law, &standard), between(d, &standard, &law)] {
                assert!(value > 100.0, "{name} at mean {mean}, scale {scale}: {value}");
            }
        }
    }
    for_each_divergence!(closed_form far);
}

// ---------------------------------------------------------------------------------------------------------------------
// Quadrature and Monte Carlo
// ---------------------------------------------------------------------------------------------------------------------

/// The mixture of the blog post that the crate started from.
fn seed_mixture() -> Mixture<Gaussian<f64>> {
    let component = |mean: [f64; 2], variances: [f64; 2]| {
        Gaussian::new(DVector::from_row_slice(&mean), DMatrix::from_diagonal(&DVector::from_row_slice(&variances)))
    };
    let components = vec![component([0.5, 2.0], [4.0, 1.5]).unwrap(), component([9.0, 9.0], [1.0, 3.0]).unwrap()];
    Mixture::new(&[0.75, 0.25], components).unwrap()
}

#[test]
fn the_gaussian_closest_to_the_seed_mixture_misses_it_by_the_known_number() {
    let p = seed_mixture();
    let q = Gaussian::new(dvector![2.625, 3.75], dmatrix![16.796875, 11.15625; 11.15625, 11.0625]).unwrap();
    // Nine standard deviations of Q each way: the centred f integrates q as well.
    let (lower, upper) = ([2.625 - 37.0, 3.75 - 30.0], [2.625 + 37.0, 3.75 + 30.0]);
    let kl = exact::quadrature(&ForwardKl, &p, &q, &lower, &upper, 150).unwrap();
    // Half a unit in the last of the ten digits, and the error of the rule.
    assert!((kl.value - 0.687_199_608_0).abs() <= 1e-10 + kl.error, "{kl:?}");
    assert!(kl.error < 1e-8, "{kl:?}");

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let estimate = exact::monte_carlo(&ForwardKl, &p, &q, 100_000, &mut rng).unwrap();
    // Five standard errors: once in two million seeds.
    assert!((estimate.mean - kl.value).abs() <= 5.0 * estimate.std_error, "{estimate:?}");
}

#[test]
fn quadrature_of_mixtures_agrees_with_monte_carlo_for_every_divergence() {
    fn compare<D: FDivergence>(name: &str, d: D) {
        let mixture = |shift: f64| {
            let component = |mean: f64, sd: f64| Gaussian::new(dvector![mean], dmatrix![sd * sd]).unwrap();
            Mixture::new(&[0.5, 0.5], vec![component(shift - 1.0, 1.0), component(shift + 1.0, 1.0)]).unwrap()
        };
        let (p, q) = (mixture(0.0), mixture(0.4));
        let integral = exact::quadrature(&d, &p, &q, &[-14.0], &[14.0], 400).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let estimate = exact::monte_carlo(&d, &p, &q, 50_000, &mut rng).unwrap();
        // Five standard errors: once in two million seeds.
        assert!(
            (estimate.mean - integral.value).abs() <= 5.0 * estimate.std_error,
            "{name}: {estimate:?} {integral:?}"
        );
        // Analytic integrands with steps of a fourteenth of a standard deviation.
        assert!(integral.error < 1e-10, "{name}: {integral:?}");
    }
    for_each_divergence!(any compare);
}

#[test]
fn the_standard_error_is_the_spread_of_repeated_estimates() {
    let p = Gaussian::new(dvector![0.5], dmatrix![1.0]).unwrap();
    let q = Gaussian::standard(1).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(17);
    let estimates: Vec<_> = (0..400).map(|_| exact::monte_carlo(&ForwardKl, &p, &q, 500, &mut rng).unwrap()).collect();
    let mean = estimates.iter().map(|e| e.mean).sum::<f64>() / 400.0;
    let spread = (estimates.iter().map(|e| (e.mean - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
    let claimed = estimates.iter().map(|e| e.std_error).sum::<f64>() / 400.0;
    // A standard deviation from 400 draws is itself known to 1/sqrt(800) = 3.5 %: four times that.
    assert!((spread / claimed - 1.0).abs() < 0.14, "{spread} {claimed}");
}

#[test]
fn every_monte_carlo_estimate_is_non_negative() {
    fn law<D: FDivergence>(name: &str, d: D) {
        let p = Gaussian::new(dvector![0.01], dmatrix![1.0]).unwrap();
        let q = Gaussian::standard(1).unwrap();
        for seed in 0..50 {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let estimate = exact::monte_carlo(&d, &p, &q, 2, &mut rng).unwrap();
            assert!(estimate.mean >= 0.0, "{name}: {estimate:?}");
        }
    }
    for_each_divergence!(any law);
}

#[test]
fn wrong_laws_boxes_and_counts_are_named() {
    let (one, two) = (Gaussian::<f64>::standard(1).unwrap(), Gaussian::<f64>::standard(2).unwrap());
    let mismatch = DivergenceError::DimensionMismatch { p: 1, q: 2 };
    fn closed<D: ClosedForm<Gaussian<f64>>>(_: &str, d: D) {
        let (one, two) = (Gaussian::standard(1).unwrap(), Gaussian::standard(2).unwrap());
        let error = d.between(&one, &two).unwrap_err();
        assert_eq!(error, DivergenceError::DimensionMismatch { p: 1, q: 2 }, "P and Q in the order of the call");
    }
    for_each_divergence!(closed_form closed);

    let integrate = |lower: &[f64], upper: &[f64], m: usize| {
        exact::quadrature(&ForwardKl, &two, &two, lower, upper, m).unwrap_err()
    };
    assert_eq!(exact::quadrature(&ForwardKl, &one, &two, &[0.0; 2], &[1.0; 2], 3).unwrap_err(), mismatch);
    let corner = |what, found| DivergenceError::BoxDimension { what, expected: 2, found };
    assert_eq!(integrate(&[0.0], &[1.0; 2], 3), corner("the lower corner", 1));
    assert_eq!(integrate(&[0.0; 2], &[1.0; 3], 3), corner("the upper corner", 3));
    let empty = DivergenceError::EmptyBox { axis: 1, lower: 2.0, upper: 2.0 };
    assert_eq!(integrate(&[0.0, 2.0], &[1.0, 2.0], 3), empty);
    let endless = DivergenceError::EmptyBox { axis: 0, lower: 0.0, upper: f64::INFINITY };
    assert_eq!(integrate(&[0.0, 0.0], &[f64::INFINITY, 2.0], 3), endless);
    assert!(matches!(integrate(&[f64::NAN, 0.0], &[1.0, 2.0], 3), DivergenceError::EmptyBox { axis: 0, .. }));
    let count = |m| DivergenceError::NodeCount { m, dimension: 2 };
    assert_eq!(integrate(&[0.0; 2], &[1.0; 2], 0), count(0));
    assert_eq!(integrate(&[0.0; 2], &[1.0; 2], 5000), count(5000)); // 10001^2 is just more than 10^8
    assert_eq!(integrate(&[0.0; 2], &[1.0; 2], usize::MAX), count(usize::MAX));

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    assert_eq!(exact::monte_carlo(&ForwardKl, &one, &two, 10, &mut rng).unwrap_err(), mismatch);
    for n in [0, 1] {
        let error = exact::monte_carlo(&ForwardKl, &two, &two, n, &mut rng).unwrap_err();
        assert_eq!(error, DivergenceError::TooFewDraws { draws: n as u64 });
    }
}

#[test]
fn far_apart_bounded_divergences_reach_their_bound_and_the_others_are_right_or_refused() {
    let law = |mean: f64| Gaussian::new(dvector![mean], dmatrix![1.0]).unwrap();
    let (p, q) = (law(-20.0), law(20.0));
    let value = |integral: Result<exact::Integral, DivergenceError>| integral.unwrap().value;
    let (box_lower, box_upper) = ([-30.0], [30.0]);
    let js = value(exact::quadrature(&JensenShannon, &p, &q, &box_lower, &box_upper, 300));
    assert!((js - 2.0 * std::f64::consts::LN_2).abs() < 1e-10); // the tails beyond the box are below 1e-20
    // 2 KL(M||P): without overlap the half of M that is Q's has ln(m/p) = ln(q/p) - ln 2, the other -ln 2, and E_Q ln(q/p) is KL(Q||P) =
    // 40²/2.
    let soft = value(exact::quadrature(&SoftReverseKl, &p, &q, &box_lower, &box_upper, 300));
    assert!((soft - (800.0 - 2.0 * std::f64::consts::LN_2)).abs() < 1e-9 * 800.0);
    let swapped = value(exact::quadrature(&SoftReverseKl.swap(), &q, &p, &box_lower, &box_upper, 300));
    assert_eq!(swapped, soft);
    // Pearson's is exp(1600) - 1, which no f64 holds.
    let overflow = exact::quadrature(&PearsonChi2, &p, &q, &box_lower, &box_upper, 300).unwrap_err();
    assert!(matches!(overflow, DivergenceError::Overflow { .. }), "{overflow}");
}

#[test]
fn a_price_that_overflows_is_an_error_and_not_an_infinite_divergence() {
    let (p, q) = ([1e-310, 1.0 - 1e-310], [0.5, 0.5]);
    let error = exact::discrete(&NeymanChi2, &p, &q).unwrap_err();
    assert!(matches!(error, DivergenceError::Overflow { v } if v < -700.0), "{error}");
    // Reverse KL has no trouble there: half of ln(0.5e310), and half of ln 0.5.
    let exact = 0.5 * (0.5_f64.ln() + 310.0 * std::f64::consts::LN_10) + 0.5 * 0.5_f64.ln();
    let kl = exact::discrete(&ReverseKl, &p, &q).unwrap();
    assert!((kl - exact).abs() < 1e-13 * exact, "{kl} {exact}"); // a dozen roundings
}

/// A law from elsewhere that has a constant for its log density and draws as many rows as it likes.
struct Careless {
    ln_pdf: f64,
    rows: usize,
}

impl Law for Careless {
    type Scalar = f64;

    fn dimension(&self) -> usize {
        1
    }
}

impl Density for Careless {
    fn ln_pdf_rows(&self, rows: &DMatrix<f64>) -> Result<DVector<f64>, DistributionError> {
        Ok(DVector::from_element(rows.nrows(), self.ln_pdf))
    }
}

impl SampleRows for Careless {
    fn sample_rows_to<R: Rng + ?Sized>(&self, _: &mut R, _: &mut DMatrix<f64>) -> Result<(), DistributionError> {
        Ok(())
    }

    fn sample_rows<R: Rng + ?Sized>(&self, _: usize, _: &mut R) -> Result<DMatrix<f64>, DistributionError> {
        Ok(DMatrix::zeros(self.rows, 1))
    }
}

#[test]
fn a_careless_law_neither_hangs_nor_hides_a_nan() {
    let law = |ln_pdf, rows| Careless { ln_pdf, rows };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let none = exact::monte_carlo(&ForwardKl, &law(0.0, 0), &law(0.0, 0), 10_000, &mut rng);
    assert_eq!(none, Err(DivergenceError::TooFewDraws { draws: 0 }));
    // More than asked for are taken as they come.
    let equal = exact::monte_carlo(&ForwardKl, &law(0.0, 0), &law(0.0, 9_999), 10, &mut rng).unwrap();
    assert_eq!((equal.mean, equal.std_error), (0.0, 0.0));
    for other in [f64::NEG_INFINITY, 0.0] {
        for (p, q) in [(f64::NAN, other), (other, f64::NAN)] {
            let error = exact::quadrature(&ReverseKl, &law(p, 0), &law(q, 0), &[0.0], &[1.0], 4);
            assert_eq!(error, Err(DivergenceError::NotANumber), "{p} {q}");
        }
    }
}

#[test]
fn a_sum_or_a_term_that_overflows_is_an_error_and_not_an_infinite_divergence() {
    let law = |ln_pdf| Careless { ln_pdf, rows: 0 };
    // (p - q)²/q = e^709 on a box of length 10: every term fits, their sum does not.
    let sum = exact::quadrature(&PearsonChi2, &law(354.5), &law(0.0), &[0.0], &[10.0], 4);
    assert_eq!(sum, Err(DivergenceError::NotANumber));
    // p ln(p/q) with p = e^708: the price is finite, the term is not.
    let term = exact::quadrature(&ForwardKl, &law(708.0), &law(0.0), &[0.0], &[1.0], 4);
    assert!(matches!(term, Err(DivergenceError::Overflow { .. })), "{term:?}");
    // What is infinite is infinite.
    let infinite = exact::quadrature(&ForwardKl, &law(0.0), &law(f64::NEG_INFINITY), &[0.0], &[1.0], 4).unwrap();
    assert_eq!((infinite.value, infinite.error), (f64::INFINITY, 0.0));
}

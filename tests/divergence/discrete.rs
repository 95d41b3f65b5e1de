//! Discrete laws: what holds for every divergence, by the sum of its definition.

use fenchel::distribution::Categorical;
use fenchel::divergence::{
    ClosedForm, FDivergence, ForwardKl, JensenShannon, NeymanChi2, PearsonChi2, Renyi, ReverseKl, Smooth,
    SoftReverseKl, Weighted, exact,
};
use fenchel::{DivergenceError, Real};
use proptest::prelude::*;

use crate::fixed;
use crate::random::{SLACK, at_most, close, discrete, law, pair, positive_pair, total_variation};

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

    /// KL(P(x, y) ‖ Q(x, y)) = KL(P(x) ‖ Q(x)) + Σ P(x) KL(P(y | x) ‖ Q(y | x)).
    #[test]
    fn kullback_leibler_obeys_the_chain_rule((p, q) in (2..=8_usize, 2..=6_usize).prop_flat_map(|(rows, columns)| {
        let joint = move || prop::collection::vec(law(columns, 1), rows);
        (law(rows, 1), joint(), law(rows, 0), joint()).prop_map(|(p, p_given, q, q_given)| ((p, p_given), (q, q_given)))
    })) {
        let joint = |(law, given): &(Vec<f64>, Vec<Vec<f64>>)| {
            law.iter().zip(given).flat_map(|(x, row)| row.iter().map(move |y| x * y)).collect::<Vec<_>>()
        };
        let whole = discrete(ForwardKl, &joint(&p), &joint(&q));
        let rows = p.0.iter().zip(p.1.iter().zip(&q.1)).filter(|(x, _)| **x > 0.0);
        let given: f64 = rows.map(|(x, (p, q))| x * discrete(ForwardKl, p, q)).sum();
        let parts = discrete(ForwardKl, &p.0, &q.0) + given;
        prop_assert!(close(whole, parts), "{} {}", whole, parts);
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
    fn near<D: Smooth>(name: &str, d: D) {
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
    for_each_divergence!(smooth near);
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

#[test]
fn a_million_probabilities_in_single_precision_still_sum_to_one() {
    use fenchel::distribution::Categorical;
    use fenchel::divergence::ClosedForm;
    for n in [99_999, 999_999] {
        let law = Categorical::<f32>::new(&vec![1.0; n]).unwrap();
        assert_eq!(ForwardKl.between(&law, &law).unwrap(), 0.0);
        let masses: Vec<f32> = (0..n).map(|i| 1.0 + (i % 3) as f32).collect();
        let other = Categorical::new(&masses).unwrap();
        // A third each of 1/2, 1 and 3/2 times the uniform mass: KL of (1/2, 1, 3/2)/3 from (1, 1, 1)/3.
        let exact = (0.5 * 0.5_f64.ln() + 1.5 * 1.5_f64.ln()) / 3.0;
        let value = f64::from(ForwardKl.between(&other, &law).unwrap());
        // Probabilities rounded to 6e-8 each, and a price of a few roundings.
        assert!((value - exact).abs() <= 1e-5 * exact, "{value} {exact}");
    }
}

/// From mpmath 1.4.1, in 300 digits.
#[test]
fn renyi_keeps_its_digits_where_laws_hardly_overlap_and_where_its_order_is_extreme() {
    fn of<T: Real>(order: f64, p: &[T], q: &[T]) -> T {
        let [p, q] = [p, q].map(|weights| Categorical::new(weights).unwrap());
        Renyi::new(order).unwrap().between(&p, &q).unwrap()
    }
    for (e, expected) in [
        (1e-3, 5.522_461_418_195_83),
        (1e-12, 26.244_726_754_809_66),
        (1e-30, 67.691_258_428_701_47),
        (1e-40, 90.717_109_358_641_93),
    ] {
        let found = of(0.5, &[1.0 - e, e], &[e, 1.0 - e]);
        assert!((found / expected - 1.0_f64).abs() < 1e-14, "{e}: {found} {expected}"); // a dozen roundings
    }
    let single = of(0.5, &[1.0, 1e-12_f32], &[1e-12, 1.0]);
    assert!((single - 26.244727).abs() < 1e-5, "{single}");
    for (order, expected) in [(100.0, 1.0975480410352024), (1000.0, 1.0985068226864703), (1e6, 1.0986121833074887)] {
        let found = of(order, &[0.9, 0.1], &[0.3, 0.7]);
        assert!((found / expected - 1.0_f64).abs() < 1e-14, "{order}: {found} {expected}");
        let single = of(order, &[0.9_f32, 0.1], &[0.3, 0.7]);
        assert!((f64::from(single) / expected - 1.0).abs() < 1e-6, "{order}: {single} {expected}"); // of ln 3, an ε or two
    }
    // P without mass that Q has, and with mass that Q has not: −ln of the mass of Q where P is.
    for order in [1e-20, 1e-31, 1e-100, 1e-300] {
        assert_eq!(of(order, &[1.0, 0.0], &[0.5, 0.5]), 2.0_f64.ln());
        assert!((of(order, &[1.0, 0.0], &[0.7, 0.3]) + 0.7_f64.ln()).abs() < 2e-16, "{order}"); // two roundings
    }
    // Large orders near P = Q, in single precision: α ln p would cancel.
    let (p, q) = (0.3 * (1.0 + 1e-4_f32), 0.3_f32);
    let (wide_p, wide_q) = (f64::from(p), f64::from(q));
    let exact = [(wide_p, wide_q), (f64::from(1.0 - p), f64::from(1.0 - q))]
        .map(|(p, q)| (1e5 * (p / q).ln()).exp() * q)
        .iter()
        .sum::<f64>()
        .ln()
        / (1e5 - 1.0);
    let found = f64::from(of(1e5, &[p, 1.0 - p], &[q, 1.0 - q]));
    assert!((found / exact - 1.0).abs() < 1e-3, "{found} {exact}"); // p and q are normalised, which rounds them by 6e-8 of their difference of 3e-5
    for (order, expected) in [(0.999999, 693_147.873_687_194), (1e-3, 1.3869882021414721), (1e-20, 1.3862943611198906)]
    {
        let found = of(order, &[0.5, 0.5, 0.0], &[0.25, 0.0, 0.75]);
        // 1 − 0.999999 is known to 1e-10.
        assert!((found / expected - 1.0_f64).abs() < if order > 0.9 { 1e-9 } else { 1e-14 }, "{order}: {found}");
    }
    assert_eq!(of(1.5, &[0.5, 0.5, 0.0], &[0.25, 0.0, 0.75]), f64::INFINITY);
    assert_eq!(of(0.5, &[1.0, 0.0], &[0.0, 1.0]), f64::INFINITY);
}

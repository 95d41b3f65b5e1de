//! Inequalities between divergences, over random discrete laws.

use std::f64::consts::LN_2;

use fenchel::divergence::{
    Alpha, FDivergence, ForwardKl, Jeffreys, JensenShannon, Log1pAbs, ModifiedGan, NeymanChi2, PearsonChi2, Renyi,
    ReverseKl, SoftForwardKl, SoftReverseKl, SquaredHellinger, TotalVariation, Triangular,
};
use proptest::prelude::*;

use crate::family::alpha;
use crate::fixed;
use crate::random::{at_most, close, discrete, law, pair, positive_pair};

/// −x ln x − (1 − x) ln(1 − x).
fn entropy(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 { 0.0 } else { -x * x.ln() - (1.0 - x) * (1.0 - x).ln() }
}

proptest! {
    #![proptest_config(fixed(512))]

    /// TV is half the L1 distance, JSD half of `JensenShannon`, H2 half of `SquaredHellinger`.
    #[test]
    fn the_divergences_bound_each_other_as_the_books_say((p, q) in pair()) {
        let tv = discrete(TotalVariation, &p, &q).min(1.0);
        let (kl, reverse) = (discrete(ForwardKl, &p, &q), discrete(ReverseKl, &p, &q));
        let (pearson, neyman) = (discrete(PearsonChi2, &p, &q), discrete(NeymanChi2, &p, &q));
        let (jsd, h2) = (0.5 * discrete(JensenShannon, &p, &q), 0.5 * discrete(SquaredHellinger, &p, &q));
        let (triangular, jeffreys) = (discrete(Triangular, &p, &q), discrete(Jeffreys, &p, &q));
        let mut bounds = vec![
            ("Pinsker", 2.0 * tv * tv, kl),
            ("Pinsker, reversed", 2.0 * tv * tv, reverse),
            ("-2 ln(1 - H2) <= KL", -2.0 * (-h2.min(1.0)).ln_1p(), kl),
            ("2 H2 <= -2 ln(1 - H2)", 2.0 * h2, -2.0 * (-h2.min(1.0)).ln_1p()),
            ("KL <= ln(1 + chi2)", kl, pearson.ln_1p()),
            ("ln(1 + chi2) <= chi2", pearson.ln_1p(), pearson),
            ("reverse KL <= ln(1 + Neyman)", reverse, neyman.ln_1p()),
            ("4 TV^2 <= chi2", 4.0 * tv * tv, pearson),
            ("4 TV^2 <= Neyman", 4.0 * tv * tv, neyman),
            ("2 H2 <= chi2", 2.0 * h2, pearson),
            ("H2 <= TV", h2, tv),
            ("TV <= sqrt(H2 (2 - H2))", tv, (h2 * (2.0 - h2)).max(0.0).sqrt()),
            ("Tri/4 <= H2", 0.25 * triangular, h2),
            ("H2 <= Tri/2", h2, 0.5 * triangular),
            ("2 TV^2 <= Tri", 2.0 * tv * tv, triangular),
            ("Tri <= 2 TV", triangular, 2.0 * tv),
            ("JSD <= ln 2 TV", jsd, LN_2 * tv),
            ("the entropy bound <= JSD", LN_2 - entropy(0.5 * (1.0 - tv)), jsd),
            ("TV^2 / 2 <= JSD", 0.5 * tv * tv, jsd),
            ("ln 2 H2 <= JSD", LN_2 * h2, jsd),
            ("JSD <= H2", jsd, h2),
            ("Tri / 4 <= JSD", 0.25 * triangular, jsd),
            ("JSD <= ln 2 / 2 Tri", jsd, 0.5 * LN_2 * triangular),
            ("8 JSD <= Jeffreys", 8.0 * jsd, jeffreys),
            ("8 H2 <= Jeffreys", 8.0 * h2, jeffreys),
            ("soft reverse KL <= reverse KL", discrete(SoftReverseKl, &p, &q), reverse),
            ("soft forward KL <= forward KL", discrete(SoftForwardKl, &p, &q), kl),
            ("modified GAN <= reverse KL", discrete(ModifiedGan, &p, &q), reverse),
            ("2 TV <= log1p_abs", 2.0 * tv, discrete(Log1pAbs, &p, &q)),
            ("log1p_abs <= 2 TV + Neyman", discrete(Log1pAbs, &p, &q), 2.0 * tv + neyman),
        ];
        if tv < 1.0 - 1e-6 {
            // 1 - TV cancels near 1.
            bounds.push(("Bretagnolle and Huber", -(-tv * tv).ln_1p(), kl));
            bounds.push(("J >= 2 TV ln((1 + TV)/(1 - TV))", 2.0 * tv * (tv.ln_1p() - (-tv).ln_1p()), jeffreys));
            if tv >= 0.5 {
                bounds.push(("chi2 >= TV/(1 - TV)", tv / (1.0 - tv), pearson));
            }
        }
        for (name, less, more) in bounds {
            prop_assert!(at_most(less, more), "{}: {} > {}", name, less, more);
        }
    }

    /// The total variation, as a first-year student would sum it: what the bounds above rest on.
    #[test]
    fn total_variation_is_half_the_l1_distance((p, q) in pair()) {
        let half_l1 = 0.5 * p.iter().zip(&q).map(|(p, q)| (p - q).abs()).sum::<f64>();
        prop_assert!(close(discrete(TotalVariation, &p, &q), half_l1));
        let largest: f64 = p.iter().zip(&q).map(|(p, q)| (p - q).max(0.0)).sum();
        prop_assert!(close(discrete(TotalVariation, &p, &q), largest), "the event where p > q");
    }

    /// D_f <= sup f/g D_g, and sup over u of the ratios of these is known.
    #[test]
    fn a_bound_on_the_generators_is_one_on_the_divergences((p, q) in pair(), a in 0.1..0.9_f64) {
        let value = discrete(alpha(a), &p, &q);
        // f_a(u) <= max(f(0), f'(inf)) |u - 1|.
        let price = alpha(a).at_zero().max(alpha(a).slope_at_infinity());
        prop_assert!(at_most(value, 2.0 * price * discrete(TotalVariation, &p, &q)));
    }

    /// The roots of some are metrics.
    #[test]
    fn roots_that_are_metrics_obey_the_triangle_inequality(
        (p, q, r) in (1..=20_usize).prop_flat_map(|n| (law(n, 1), law(n, 1), law(n, 1))),
    ) {
        fn metric<D: FDivergence>(d: D, power: f64, laws: [&[f64]; 3]) -> Result<(), TestCaseError> {
            let [pq, qr, pr] =
                [(0, 1), (1, 2), (0, 2)].map(|(i, j)| discrete(d, laws[i], laws[j]).max(0.0).powf(power));
            // A root of a rounding, 1e-16, is 1e-8.
            prop_assert!(pr <= pq + qr + 1e-7, "{:?}: {} > {} + {}", d, pr, pq, qr);
            Ok(())
        }
        metric(TotalVariation, 1.0, [&p, &q, &r])?;
        metric(SquaredHellinger, 0.5, [&p, &q, &r])?;
        metric(JensenShannon, 0.5, [&p, &q, &r])?;
        metric(Triangular, 0.5, [&p, &q, &r])?;
    }

    #[test]
    fn renyi_grows_with_its_order((p, q) in pair(), low in 0.05..3.0_f64, more in 0.01..2.0_f64) {
        let renyi = |order: f64| {
            let renyi = Renyi::new(order).unwrap();
            renyi.from_alpha(discrete(renyi.alpha_divergence(), &p, &q))
        };
        prop_assert!(at_most(renyi(low), renyi(low + more)), "{} > {}", renyi(low), renyi(low + more));
    }

    #[test]
    fn renyi_of_known_orders_is_what_it_should_be((p, q) in positive_pair(), order in 0.05..0.95_f64) {
        let renyi = |order: f64, p: &[f64], q: &[f64]| {
            let renyi = Renyi::new(order).unwrap();
            renyi.from_alpha(discrete(renyi.alpha_divergence(), p, q))
        };
        prop_assert!(close(renyi(1.0, &p, &q), discrete(ForwardKl, &p, &q)));
        prop_assert!(close(renyi(2.0, &p, &q), discrete(PearsonChi2, &p, &q).ln_1p()));
        prop_assert!(close(renyi(0.5, &p, &q), -2.0 * (-0.5 * discrete(SquaredHellinger, &p, &q)).ln_1p()));
        let (there, back) = ((1.0 - order) * renyi(order, &p, &q), order * renyi(1.0 - order, &q, &p));
        prop_assert!(close(there, back), "{} {}", there, back);
        let definition = p.iter().zip(&q).map(|(p, q)| p.powf(order) * q.powf(1.0 - order)).sum::<f64>().ln() / (order - 1.0);
        // The naive sum cancels near 1, and 1/(order - 1) amplifies that by 20.
        prop_assert!((renyi(order, &p, &q) - definition).abs() <= 1e-11 * (1.0 + definition), "{} {}", renyi(order, &p, &q), definition);
    }

    /// R_a adds up over products, and 1 - H2 multiplies.
    #[test]
    fn products_add_renyi_and_multiply_affinities(
        (p1, q1) in (1..=8_usize).prop_flat_map(|n| (law(n, 0), law(n, 0))),
        (p2, q2) in (1..=8_usize).prop_flat_map(|n| (law(n, 0), law(n, 0))),
        order in 0.05..3.0_f64,
    ) {
        let product = |a: &[f64], b: &[f64]| a.iter().flat_map(|a| b.iter().map(move |b| a * b)).collect::<Vec<_>>();
        let (p, q) = (product(&p1, &p2), product(&q1, &q2));
        let renyi = |p: &[f64], q: &[f64]| {
            let renyi = Renyi::new(order).unwrap();
            renyi.from_alpha(discrete(renyi.alpha_divergence(), p, q))
        };
        let (joint, parts) = (renyi(&p, &q), renyi(&p1, &q1) + renyi(&p2, &q2));
        prop_assert!((joint - parts).abs() <= 1e-10 * (1.0 + parts), "{} {}", joint, parts);
        let affinity = |p: &[f64], q: &[f64]| 1.0 - 0.5 * discrete(SquaredHellinger, p, q);
        prop_assert!(close(affinity(&p, &q), affinity(&p1, &q1) * affinity(&p2, &q2)));
        // Total variation and Jensen-Shannon do not add, but never exceed the sum.
        for (joint, parts) in [
            (discrete(TotalVariation, &p, &q), discrete(TotalVariation, &p1, &q1) + discrete(TotalVariation, &p2, &q2)),
            (discrete(JensenShannon, &p, &q), discrete(JensenShannon, &p1, &q1) + discrete(JensenShannon, &p2, &q2)),
        ] {
            prop_assert!(at_most(joint, parts), "{} > {}", joint, parts);
        }
    }
}

#[test]
fn alpha_divergences_of_disjoint_laws_cost_what_the_table_says() {
    for a in [0.25, 0.5, 0.75] {
        let value = discrete(Alpha::new(a).unwrap(), &[1.0, 0.0], &[0.0, 1.0]);
        assert!((value - 1.0 / (a * (1.0 - a))).abs() <= 1e-15 * value);
    }
    for a in [-0.5, 0.0, 1.0, 2.0] {
        assert_eq!(discrete(Alpha::new(a).unwrap(), &[1.0, 0.0], &[0.0, 1.0]), f64::INFINITY);
    }
    assert_eq!(Renyi::new(0.5).unwrap().from_alpha(discrete(alpha(0.5), &[1.0, 0.0], &[0.0, 1.0])), f64::INFINITY);
}

//! What the outputs of a critic say: bounds, and what its density ratio gives.

use fenchel::autodiff::Tape;
use fenchel::distribution::Gaussian;
use fenchel::divergence::{
    ClosedForm, Conjugate, FDivergence, ForwardKl, Game, JensenShannon, Log1pAbs, PearsonChi2, ReverseKl, Smooth,
    TotalVariation, Variational, exact, numeric_conjugate, variational,
};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::{DivergenceError, SampleReal};
use proptest::prelude::*;

use crate::fixed;

pub(crate) fn column(values: &[f64]) -> DMatrix<f64> {
    DMatrix::from_column_slice(values.len(), 1, values)
}

pub(crate) fn normalised(masses: &[f64]) -> Vec<f64> {
    let sum: f64 = masses.iter().sum();
    masses.iter().map(|x| x / sum).collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// The bound
// ---------------------------------------------------------------------------------------------------------------------

/// A law P, a law Q with the same positive support, and a critic output for every point.
fn critic() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<f64>)> {
    (1..=20_usize).prop_flat_map(|n| {
        let masses = || prop::collection::vec(0.01..1.0_f64, n).prop_map(|masses| normalised(&masses));
        (masses(), masses(), prop::collection::vec(-4.0..4.0_f64, n))
    })
}

pub(crate) fn expectation(law: &[f64], values: impl Iterator<Item = f64>) -> f64 {
    law.iter().zip(values).map(|(mass, value)| mass * value).sum()
}

proptest! {
    #![proptest_config(fixed(256))]

    /// For any critic, exactly: the one test that a wrong conjugate, a wrong sign and a wrong `real` all fail.
    #[test]
    fn what_the_bound_misses_is_the_bregman_divergence_of_the_critic_from_the_best((p, q, v) in critic()) {
        fn gap<D: Smooth>(
            name: &str, d: D, conjugate: impl Fn(f64) -> f64, p: &[f64], q: &[f64], v: &[f64],
        ) -> Result<(), TestCaseError> {
            let divergence = exact::discrete(&d, p, q).unwrap();
            let bound = expectation(p, v.iter().map(|&v| d.real(v))) - expectation(q, v.iter().map(|&v| d.fake(v)));
            let (mut bregman, mut scale) = (0.0, divergence);
            for i in 0..p.len() {
                let u = p[i] / q[i];
                let (t, best) = (d.real(v[i]), d.real(u.ln()));
                bregman += q[i] * (conjugate(t) - conjugate(best) - u * (t - best));
                scale += q[i] * (conjugate(t).abs() + conjugate(best).abs()) + p[i] * (t.abs() + best.abs());
                // A rounding of t moves f*(t) by e^v times as much.
                scale += q[i] * (v[i].exp() * t.abs() + u * best.abs());
            }
            // Twenty terms, about ten roundings each, none larger than the scale.
            let tolerance = 200.0 * f64::EPSILON * scale;
            let missed = divergence - bound;
            prop_assert!((missed - bregman).abs() <= tolerance, "{}: {} {}", name, missed, bregman);
            prop_assert!(bregman >= -tolerance, "{}: {}", name, bregman);
            Ok(())
        }
        hold!(smooth |name, d| gap(name, d, |t| numeric_conjugate(&d, t), &p, &q, &v));
        hold!(smooth_conjugate |name, d| gap(name, d, |t| Conjugate::conjugate(&d, t), &p, &q, &v));
    }

    #[test]
    fn the_bound_is_tight_at_the_log_density_ratio((p, q, _) in critic()) {
        fn tight<D: Smooth>(name: &str, d: D, p: &[f64], q: &[f64]) -> Result<(), TestCaseError> {
            let best = || p.iter().zip(q).map(|(p, q)| (p / q).ln());
            let (real, fake) = (expectation(p, best().map(|v| d.real(v))), expectation(q, best().map(|v| d.fake(v))));
            let divergence = exact::discrete(&d, p, q).unwrap();
            // Sums of twenty terms with a handful of roundings, of ratios up to 100.
            let size_of_real = expectation(p, best().map(|v| d.real(v).abs()));
            let size_of_fake = expectation(q, best().map(|v| d.fake(v).abs()));
            let tolerance = 100.0 * f64::EPSILON * (divergence + size_of_real + size_of_fake);
            let bound = real - fake;
            prop_assert!((bound - divergence).abs() <= tolerance, "{}: {} {}", name, bound, divergence);
            Ok(())
        }
        hold!(smooth |name, d| tight(name, d, &p, &q));
    }

    #[test]
    fn the_bound_on_numbers_is_minus_the_critic_loss_on_the_tape(
        data in prop::collection::vec(-4.0..4.0_f64, 2..30), samples in prop::collection::vec(-4.0..4.0_f64, 2..30),
    ) {
        fn agree<D: Smooth>(name: &str, d: D, data: &[f64], samples: &[f64]) -> Result<(), TestCaseError> {
            let bound = variational::bound(&d, data, samples).unwrap();
            let tape = Tape::new();
            // The generator has no say in the critic's loss.
            let game = Game { critic: d, generator: ForwardKl };
            let loss = game.critic_loss(tape.var(&column(data)), tape.var(&column(samples))).to_scalar().unwrap();
            let (real, fake) = (data.iter().map(|&v| d.real(v).abs()), samples.iter().map(|&v| d.fake(v).abs()));
            let scale = real.chain(fake).fold(0.0, f64::max);
            // Thirty terms of at most the scale, summed in another order.
            prop_assert!((bound.mean + loss).abs() <= 60.0 * f64::EPSILON * scale, "{}: {} {}", name, bound.mean, loss);
            // The spread of a mean, from first principles.
            let variance_of_mean = |terms: Vec<f64>| {
                let n = terms.len() as f64;
                let mean = terms.iter().sum::<f64>() / n;
                terms.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n
            };
            let variance = variance_of_mean(data.iter().map(|&v| d.real(v)).collect())
                + variance_of_mean(samples.iter().map(|&v| d.fake(v)).collect());
            // The same number of roundings, of squares.
            let close = (bound.std_error - variance.sqrt()).abs() <= 100.0 * f64::EPSILON * (scale + variance.sqrt());
            prop_assert!(close, "{}: {} {}", name, bound.std_error, variance.sqrt());
            Ok(())
        }
        hold!(smooth |name, d| agree(name, d, &data, &samples));
    }
}

#[test]
fn an_undecided_critic_scores_nothing() {
    fn law<D: Smooth>(name: &str, d: D) {
        let bound = variational::bound(&d, &[0.0; 3], &[0.0; 5]).unwrap();
        assert_eq!((bound.mean, bound.std_error), (0.0, 0.0), "{name}");
    }
    for_each_divergence!(smooth law);
}

#[test]
fn the_bound_from_draws_is_the_divergence_within_its_error_bar() {
    fn law<D: ClosedForm<Gaussian<f64>> + Smooth>(name: &str, d: D) {
        let (p, q) = (Gaussian::new(dvector![0.5], dmatrix![1.0]).unwrap(), Gaussian::standard(1).unwrap());
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(23);
        let mut draws = |mean: f64| (0..50_000).map(|_| f64::standard_normal(&mut rng) + mean).collect::<Vec<_>>();
        // ln p/q between N(1/2, 1) and N(0, 1) is x/2 - 1/8.
        let critic = |x: Vec<f64>| x.into_iter().map(|x| 0.5 * x - 0.125).collect::<Vec<_>>();
        let bound = variational::bound(&d, &critic(draws(0.5)), &critic(draws(0.0))).unwrap();
        let exact = d.between(&p, &q).unwrap();
        // Five standard errors: once in two million seeds.
        assert!((bound.mean - exact).abs() <= 5.0 * bound.std_error, "{name}: {bound:?} {exact}");
    }
    for_each_divergence!(closed_form law);
}

#[test]
fn wrong_critic_outputs_are_named() {
    let too_few = |draws| DivergenceError::TooFewDraws { draws };
    assert_eq!(variational::bound(&ForwardKl, &[], &[0.0; 5]).unwrap_err(), too_few(0));
    assert_eq!(variational::bound(&ForwardKl, &[1.0; 5], &[0.0]).unwrap_err(), too_few(1));
    let output = |law, index, value| DivergenceError::CriticOutput { law, index, value };
    // e^800 and 1 - e^800 are beyond the range of the numbers.
    assert_eq!(variational::bound(&ForwardKl, &[0.0; 2], &[0.0, 1.0, 800.0]).unwrap_err(), output("Q", 2, 800.0));
    assert_eq!(variational::bound(&ReverseKl, &[0.0, -800.0], &[0.0; 2]).unwrap_err(), output("P", 1, -800.0));
    assert_eq!(
        variational::bound(&ForwardKl, &[f64::INFINITY, 0.0], &[0.0; 2]).unwrap_err(),
        output("P", 0, f64::INFINITY)
    );
    match variational::bound(&JensenShannon, &[0.0, 0.0, f64::NAN], &[0.0; 2]).unwrap_err() {
        DivergenceError::CriticOutput { law: "P", index: 2, value } => assert!(value.is_nan()),
        other => panic!("{other}"),
    }
    // In f32 the range ends earlier, and the place is as exact.
    assert_eq!(variational::bound(&ForwardKl, &[0.0_f32; 2], &[0.0, 100.0]).unwrap_err(), output("Q", 1, 100.0));
}

proptest! {
    #![proptest_config(fixed(256))]

    /// A critic that is a witness need not be anything: the bound holds, and is best where it is told by p and q.
    #[test]
    fn the_bounds_of_witnesses_hold_for_every_critic((p, q, v) in critic()) {
        fn law<D: Variational>(
            d: D, (p, q): (&[f64], &[f64]), v: &[f64], best: impl Fn(f64) -> f64,
        ) -> Result<(), TestCaseError> {
            let bound = |v: &dyn Fn(usize) -> f64| {
                let real = expectation(p, (0..p.len()).map(|i| d.real(v(i))));
                real - expectation(q, (0..p.len()).map(|i| d.fake(v(i))))
            };
            let exact = exact::discrete(&d, p, q).unwrap();
            // Sums of twenty terms of at most the size of the squares of the ratios, 1e4, and of e^4.
            let rounding = 1e-13 * (1.0 + exact + v.iter().map(|v| (-v).exp()).fold(0.0, f64::max));
            prop_assert!(bound(&|i| v[i]) <= exact + rounding, "{:?}", d);
            let tight = bound(&|i| if p[i] > q[i] { f64::INFINITY } else { best(p[i] / q[i]) });
            prop_assert!((tight - exact).abs() <= rounding, "{:?}: {} {}", d, tight, exact);
            Ok(())
        }
        law(TotalVariation, (&p, &q), &v, |_| f64::NEG_INFINITY)?;
        // 1 - e^-v = -1/u^2.
        law(Log1pAbs, (&p, &q), &v, |u| -(1.0 + 1.0 / (u * u)).ln())?;
    }

    /// DV is the bound of KL with the best constant added to the critic: never below it, never above KL.
    #[test]
    fn donsker_and_varadhan_lie_between_the_bound_and_the_divergence((p, q, v) in critic()) {
        // Samples in the proportions of the laws, to one in ten thousand.
        let counts = |law: &[f64]| law.iter().map(|p| (p * 1e4).round().max(1.0)).collect::<Vec<_>>();
        let (m, n) = (counts(&p), counts(&q));
        let outputs = |counts: &[f64]| -> Vec<f64> {
            counts.iter().zip(&v).flat_map(|(&n, &v)| std::iter::repeat_n(v, n as usize)).collect()
        };
        let (data, samples) = (outputs(&m), outputs(&n));
        let dv = variational::donsker_varadhan(&data, &samples).unwrap().mean;
        let nwj = variational::bound(&ForwardKl, &data, &samples).unwrap().mean;
        let kl = exact::discrete(&ForwardKl, &normalised(&m), &normalised(&n)).unwrap();
        // Means of ten thousand numbers below e^4.
        let rounding = 1e-11 * (1.0 + dv.abs() + nwj.abs());
        prop_assert!(nwj <= dv + rounding && dv <= kl + rounding, "{} {} {}", nwj, dv, kl);
        // And the constant that makes them equal.
        let constant = (samples.iter().map(|v| v.exp()).sum::<f64>() / samples.len() as f64).ln();
        let shift = |outputs: &[f64]| outputs.iter().map(|v| v - constant).collect::<Vec<_>>();
        let best = variational::bound(&ForwardKl, &shift(&data), &shift(&samples)).unwrap().mean;
        prop_assert!((best - dv).abs() <= rounding, "{} {}", best, dv);
    }
}

#[test]
fn from_the_exact_critic_every_divergence_can_be_had() {
    fn law<D: FDivergence>(name: &str, d: D) {
        // N(1/2, 1) and N(0, 1): ln p/q is x/2 - 1/8.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(29);
        let critic = |x: f64| 0.5 * x - 0.125;
        let v_samples: Vec<f64> = (0..50_000).map(|_| critic(f64::standard_normal(&mut rng))).collect();
        let plug_in = variational::plug_in(&d, &v_samples).unwrap();
        let from_p: Vec<f64> = (0..50_000).map(|_| -critic(0.5 + f64::standard_normal(&mut rng))).collect();
        let swapped = variational::plug_in(&d.swap(), &from_p).unwrap();
        // By the trapezoidal rule: exponentially accurate, but for a kink, whose error is h^2/12 times the jump of the slope, below 1e-6.
        let h = 1e-3;
        let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let exact: f64 =
            (-12_000..=12_000).map(|i| f64::from(i) * h).map(|x| density(x) * d.value(critic(x)) * h).sum();
        for estimate in [plug_in, swapped] {
            // Five standard errors: once in two million seeds.
            assert!((estimate.mean - exact).abs() <= 5.0 * estimate.std_error + 1e-6, "{name}: {estimate:?} {exact}");
        }
    }
    for_each_divergence!(any law);
}

#[test]
fn the_standard_error_of_donsker_and_varadhan_is_the_spread_of_repeated_estimates() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(37);
    let estimates: Vec<_> = (0..400)
        .map(|_| {
            let mut draws = |mean: f64| (0..500).map(|_| f64::standard_normal(&mut rng) + mean).collect::<Vec<_>>();
            let critic = |x: Vec<f64>| x.into_iter().map(|x| 0.5 * x).collect::<Vec<_>>(); // without its constant
            variational::donsker_varadhan(&critic(draws(0.5)), &critic(draws(0.0))).unwrap()
        })
        .collect();
    let mean = estimates.iter().map(|e| e.mean).sum::<f64>() / 400.0;
    let spread = (estimates.iter().map(|e| (e.mean - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
    let claimed = estimates.iter().map(|e| e.std_error).sum::<f64>() / 400.0;
    // A standard deviation from 400 draws is itself known to 1/sqrt(800) = 3.5 %: four times that.
    assert!((spread / claimed - 1.0).abs() < 0.14, "{spread} {claimed}");
    // KL is 1/8; the bias, half the variance of the mean of e^v over its square, is 0.28/1000.
    assert!((mean - 0.125).abs() < 5.0 * spread / 20.0 + 3e-4, "{mean}");
}

#[test]
fn wrong_outputs_of_other_estimates_are_named_too() {
    let output = |law, index, value| DivergenceError::CriticOutput { law, index, value };
    let infinity = f64::INFINITY;
    assert_eq!(variational::donsker_varadhan(&[0.0, infinity], &[0.0; 2]).unwrap_err(), output("P", 1, infinity));
    assert_eq!(variational::donsker_varadhan(&[0.0; 2], &[-infinity, 0.0]).unwrap_err(), output("Q", 0, -infinity));
    // Huge outputs are none of its business.
    assert!(variational::donsker_varadhan(&[1e100; 2], &[1e100, 0.0]).is_ok());
    let too_few = DivergenceError::TooFewDraws { draws: 1 };
    assert_eq!(variational::donsker_varadhan(&[0.0; 2], &[0.0]).unwrap_err(), too_few);
    assert_eq!(variational::plug_in(&ForwardKl, &[0.0]).unwrap_err(), too_few);
    assert_eq!(variational::plug_in(&PearsonChi2, &[0.0, 400.0]).unwrap_err(), output("Q", 1, 400.0));
    assert_eq!(variational::plug_in(&Log1pAbs, &[-800.0, 0.0]).unwrap_err(), output("Q", 0, -800.0));
}

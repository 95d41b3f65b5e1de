//! Finite mixtures.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{Categorical, Cdf, Density, Gaussian, Law, Mixture, Moments, SampleRows};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};
use fenchel::rand::Rng;
use fenchel::rand::distr::Distribution;
use proptest::prelude::*;

use crate::{clover, component_of, fixed, integral, rng, string_of};

#[test]
fn densities_integrate_to_one() {
    let line = Gaussian::new(dvector![0.7], dmatrix![2.0]).unwrap();
    let plane = Gaussian::new(dvector![0.7, -0.4], dmatrix![2.0, 0.9; 0.9, 1.0]).unwrap();
    let other = Gaussian::new(dvector![-2.0, 1.0], dmatrix![1.0, 0.0; 0.0, 0.8]).unwrap();
    let mixture = Mixture::new(&[1.0, 3.0], vec![plane.clone(), other]).unwrap();
    // The rule is exact to exp(-2 pi^2 sigma^2/step^2), with sigma at least 0.74 here: below 1e-40; outside the box
    // lies less than e^-50.
    for (name, total) in [
        ("line", integral(&line, 20.0, 0.25)),
        ("plane", integral(&plane, 20.0, 0.25)),
        ("mixture", integral(&mixture, 20.0, 0.25)),
    ] {
        assert!((total - 1.0).abs() < 1e-12, "{name}: {total}"); // a sum of 26 000 terms, nearly all of them tiny
    }
}

#[test]
fn the_mixture_density_is_the_weighted_sum_of_its_components() {
    let law = clover();
    let mut rng = rng(8);
    let rows = law.sample_rows(200, &mut rng).unwrap();
    let found = law.ln_pdf_rows(&rows).unwrap();
    let parts: Vec<_> = law.components().iter().map(|c| c.ln_pdf_rows(&rows).unwrap()).collect();
    for i in 0..rows.nrows() {
        let sum: f64 = law.weights().iter().zip(&parts).map(|(w, part)| w * part[i].exp()).sum();
        // Three exponentials of numbers down to -20, and a logarithm.
        assert!((found[i] - sum.ln()).abs() < 64.0 * f64::EPSILON * (1.0 + sum.ln().abs()), "row {i}");
    }
}

#[test]
fn a_component_of_weight_zero_does_not_count() {
    let (near, far) = (Gaussian::standard(1).unwrap(), Gaussian::new(dvector![5.0], dmatrix![1.0]).unwrap());
    let law = Mixture::new(&[1.0, 0.0], vec![near.clone(), far]).unwrap();
    for x in [-3.0, 0.0, 5.0, 1000.0] {
        assert_eq!(law.ln_pdf(&dvector![x]).unwrap(), near.ln_pdf(&dvector![x]).unwrap());
    }
    let mut rng = rng(2);
    let (_, labels) = law.sample_labelled_rows(10_000, &mut rng).unwrap();
    assert!(labels.iter().all(|&label| label == 0));
}

#[test]
fn a_mixture_has_a_finite_log_density_where_its_density_underflows() {
    let (near, far) = (Gaussian::standard(1).unwrap(), Gaussian::new(dvector![1e6], dmatrix![1.0]).unwrap());
    let law = Mixture::new(&[0.25, 0.75], vec![near, far]).unwrap();
    let half_ln_two_pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
    // At 447.2 the density is e^-1e5; at -1e5, e^-5e9; halfway between the components, twice e^-1.25e11, one from each.
    for (x, weight, squared) in [(447.2, 0.25, 447.2 * 447.2), (-1e5, 0.25, 1e10), (5e5, 1.0, 2.5e11)] {
        let expected = f64::ln(weight) - 0.5 * squared - half_ln_two_pi;
        let found: f64 = law.ln_pdf(&dvector![x]).unwrap();
        // A few roundings of a number of that size.
        assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "at {x}: {found} {expected}");
    }
}

#[test]
fn the_numbers_of_draws_by_component_are_multinomial() {
    let weights = [0.5, 0.3, 0.15, 0.05];
    let n = 100_000.0;
    let mut rng = rng(21);
    let (_, labels) = string_of(&weights).sample_labelled_rows(n as usize, &mut rng).unwrap();
    let chi_square: f64 = (0..4)
        .map(|k| {
            let count = labels.iter().filter(|&&label| label == k).count() as f64;
            (count - n * weights[k]).powi(2) / (n * weights[k])
        })
        .sum();
    assert!(chi_square < 16.27, "{chi_square}"); // three degrees of freedom exceed it once in a thousand
    assert!(chi_square > 0.02, "{chi_square}: the counts do not vary"); // and fall below this once in a thousand
}

#[test]
fn labels_tell_the_component_of_their_rows_in_an_order_of_chance() {
    let law = string_of(&[0.4, 0.0, 0.6]);
    let mut rng = rng(22);
    let (rows, labels) = law.sample_labelled_rows(1000, &mut rng).unwrap();
    assert!(rows.iter().zip(&labels).all(|(&row, &label)| component_of(row) == label));
    // Independent labels differ from their successors with probability 0.48: 480 times, with a standard deviation of
    // 16.
    let changes = labels.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((400..560).contains(&changes), "{changes} changes of component");
}

#[test]
fn labelled_or_not_the_rows_are_the_same() {
    let law = string_of(&[0.4, 0.0, 0.6]);
    for n in [0, 1, 1000, 10_000] {
        let (mut labelled, mut plain) = (rng(26), rng(26));
        let (rows, labels) = law.sample_labelled_rows(n, &mut labelled).unwrap();
        assert_eq!((law.sample_rows(n, &mut plain).unwrap(), labels.len()), (rows, n));
        assert_eq!(labelled, plain, "and so is what follows");
    }
}

#[test]
fn rows_take_the_numbers_of_the_generator_by_blocks_and_in_these_by_components() {
    let law = clover();
    let weights = Categorical::new(law.weights()).unwrap();
    let (n, mut by_hand) = (4096 + 500, rng(27));
    let (rows, labels) = law.sample_labelled_rows(n, &mut rng(27)).unwrap();
    for block in [0..4096, 4096..n] {
        let expected: Vec<usize> = block.clone().map(|_| weights.sample(&mut by_hand)).collect();
        assert_eq!(labels[block.clone()], expected);
        for (k, component) in law.components().iter().enumerate() {
            let places: Vec<usize> = block.clone().filter(|&row| labels[row] == k).collect();
            assert_eq!(rows.select_rows(&places), component.sample_rows(places.len(), &mut by_hand).unwrap());
        }
    }
}

#[test]
fn a_stratified_draw_is_what_the_components_draw_one_after_the_other() {
    let (law, mut by_hand) = (clover(), rng(28));
    let rows = law.stratified_rows(10_000, &mut rng(28)).unwrap();
    let mut start = 0;
    for (component, count) in law.components().iter().zip([5000, 2000, 3000]) {
        assert_eq!(rows.rows(start, count), component.sample_rows(count, &mut by_hand).unwrap());
        start += count;
    }
}

/// A law that hands back one row less than it is asked for.
struct Scant;

impl Law for Scant {
    type Scalar = f64;

    fn dimension(&self) -> usize {
        2
    }
}

impl SampleRows for Scant {
    fn sample_rows_to<R: Rng + ?Sized>(&self, _: &mut R, out: &mut DMatrix<f64>) -> Result<(), DistributionError> {
        *out = DMatrix::zeros(out.nrows() - 1, out.ncols());
        Ok(())
    }
}

#[test]
fn a_component_that_draws_other_rows_than_it_is_asked_for_is_named() {
    let error = Mixture::new(&[1.0], vec![Scant]).unwrap().sample_rows(5, &mut rng(1)).unwrap_err();
    assert_eq!(error, DistributionError::DimensionMismatch { what: "a component's draw", expected: 5, found: 4 });
}

#[test]
fn a_stratified_draw_of_64_has_48_rows_of_the_first_component_and_then_16_of_the_second() {
    let mut rng = rng(23);
    let rows = string_of(&[0.75, 0.25]).stratified_rows(64, &mut rng).unwrap();
    let labels: Vec<_> = rows.iter().map(|&row| component_of(row)).collect();
    assert_eq!(labels, [vec![0; 48], vec![1; 16]].concat());
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn a_stratified_draw_gives_every_component_its_share(
        weights in prop::collection::vec(prop_oneof![4 => 0.01..10.0_f64, 1 => Just(0.0)], 1..8), n in 0..200_usize,
    ) {
        prop_assume!(weights.iter().any(|&w| w > 0.0));
        let law = string_of(&weights);
        let mut rng = rng(24);
        let rows = law.stratified_rows(n, &mut rng).unwrap();
        prop_assert_eq!(rows.shape(), (n, 1));
        let labels: Vec<_> = rows.iter().map(|&row| component_of(row)).collect();
        prop_assert!(labels.is_sorted(), "grouped by component");
        for (k, weight) in law.weights().iter().enumerate() {
            let (count, share) = (labels.iter().filter(|&&label| label == k).count() as f64, weight * n as f64);
            // The whole number below or above; a whole share may be off by its roundings.
            prop_assert!((count - share).abs() < 1.0, "{} rows for a share of {}", count, share);
            prop_assert!(*weight > 0.0 || count == 0.0);
        }
    }

    #[test]
    fn whole_shares_are_met_exactly(counts in prop::collection::vec(0..40_usize, 1..8)) {
        let n: usize = counts.iter().sum();
        prop_assume!(n > 0);
        let law = string_of(&counts.iter().map(|&c| c as f64).collect::<Vec<_>>());
        let mut rng = rng(25);
        let rows = law.stratified_rows(n, &mut rng).unwrap();
        for (k, &count) in counts.iter().enumerate() {
            prop_assert_eq!(rows.iter().filter(|&&row| component_of(row) == k).count(), count);
        }
    }

    #[test]
    fn the_weights_of_a_mixture_count_in_proportion_only(scale in 1e-6..1e6_f64) {
        let (plain, scaled) = (string_of(&[3.0, 1.0]), string_of(&[3.0 * scale, scale]));
        assert_relative_eq!(plain, scaled, max_relative = 1e-15); // one division each
        prop_assert_eq!(plain.weights(), &[0.75, 0.25]);
    }
}

#[test]
fn more_rows_than_memory_can_have_are_an_error() {
    let law = Gaussian::<f64>::standard(2).unwrap();
    let too_large = Err(DistributionError::TooLarge { rows: usize::MAX, columns: 2 });
    assert_eq!(law.sample_rows(usize::MAX, &mut rng(1)), too_large);
    let mixture = Mixture::new(&[1.0], vec![law]).unwrap();
    assert_eq!(mixture.sample_rows(usize::MAX, &mut rng(1)), too_large);
    assert_eq!(mixture.stratified_rows(usize::MAX, &mut rng(1)), too_large);
    assert_eq!(mixture.sample_labelled_rows(usize::MAX, &mut rng(1)).map(|(rows, _)| rows), too_large);
}

#[test]
fn a_wrong_mixture_is_named() {
    let standard = |d| Gaussian::<f64>::standard(d).unwrap();
    let new = |weights: &[f64], components| Mixture::new(weights, components).unwrap_err();
    let two = || vec![standard(2), standard(2)];
    assert_eq!(new(&[], vec![]), DistributionError::NoComponents);
    assert_eq!(new(&[1.0], vec![]), DistributionError::NoComponents);
    assert_eq!(new(&[1.0], two()), DistributionError::CountMismatch { weights: 1, components: 2 });
    let dimensions = DistributionError::DimensionMismatch { what: "a component", expected: 2, found: 3 };
    assert_eq!(new(&[1.0, 1.0], vec![standard(2), standard(3)]), dimensions);
    for weight in [-0.5, f64::INFINITY] {
        assert_eq!(new(&[1.0, weight], two()), DistributionError::InvalidWeight { component: 1, weight });
    }
    match new(&[f64::NAN, 1.0], two()) {
        DistributionError::InvalidWeight { component: 0, weight } => assert!(weight.is_nan()),
        other => panic!("{other}"),
    }
    assert_eq!(new(&[0.0, 0.0], two()), DistributionError::WeightSum { sum: 0.0 });
    assert_eq!(new(&[1e308, 1e308], two()), DistributionError::WeightSum { sum: f64::INFINITY });
}

#[test]
fn responsibilities_are_posterior_probabilities() {
    let law = clover();
    let rows = law.sample_rows(600, &mut rng(31)).unwrap();
    let posterior = law.responsibilities(&rows).unwrap();
    let parts: Vec<_> = law.components().iter().map(|c| c.ln_pdf_rows(&rows).unwrap()).collect();
    for i in 0..rows.nrows() {
        let joint: Vec<f64> = law.weights().iter().zip(&parts).map(|(w, part)| w * part[i].exp()).collect();
        let sum: f64 = joint.iter().sum();
        for k in 0..3 {
            // Exponentials of numbers down to -30 or so, and a quotient.
            assert!((posterior[(i, k)] - joint[k] / sum).abs() < 64.0 * f64::EPSILON, "row {i}, component {k}");
        }
        assert!((posterior.row(i).sum() - 1.0).abs() < 64.0 * f64::EPSILON);
    }
    // At the weights where the components agree, and far out, where all densities underflow.
    let line = string_of(&[0.25, 0.75]);
    let found = line.responsibilities(&dmatrix![500.0; -1e6]).unwrap();
    assert!((found[(0, 0)] - 0.25).abs() < 1e-10); // ln p is about -1.25e5: a rounding of that
    assert_eq!((found[(1, 0)], found[(1, 1)]), (1.0, 0.0));
    assert_eq!(law.responsibilities(&DMatrix::zeros(0, 3)).unwrap().shape(), (0, 3));
}

#[test]
fn a_row_for_which_no_component_is_responsible_is_named() {
    let line = string_of(&[0.5, 0.5]);
    let nowhere = DistributionError::NoDensity { row: 1, ln_pdf: f64::NEG_INFINITY };
    assert_eq!(line.responsibilities(&dmatrix![0.0; f64::INFINITY]).unwrap_err(), nowhere);
    let nan = line.responsibilities(&dmatrix![0.0; 1.0; f64::NAN]).unwrap_err();
    assert!(matches!(nan, DistributionError::NoDensity { row: 2, ln_pdf } if ln_pdf.is_nan()));
    let mismatch = DistributionError::DimensionMismatch { what: "the row", expected: 1, found: 2 };
    assert_eq!(line.responsibilities(&DMatrix::zeros(1, 2)).unwrap_err(), mismatch);
}

#[test]
fn log_weights_are_weights_whose_exponentials_need_not_exist() {
    let laws = |n| vec![Gaussian::<f64>::standard(1).unwrap(); n];
    let plain = Mixture::new(&[1.0, 3.0], laws(2)).unwrap();
    for shift in [0.0, 700.0, -5000.0, 1e5] {
        let law = Mixture::from_ln_weights(&[shift, shift + 3.0_f64.ln()], laws(2)).unwrap();
        // The sum of the shift and ln 3 rounds by a unit of 1e5.
        assert_relative_eq!(law, plain, epsilon = 1e5 * f64::EPSILON);
    }
    let law = Mixture::from_ln_weights(&[0.0, -2000.0], laws(2)).unwrap();
    assert_eq!((law.weights(), law.ln_weights()), (&[1.0, 0.0][..], &[0.0, -2000.0][..]));
    let law = Mixture::from_ln_weights(&[f64::NEG_INFINITY, 0.0], laws(2)).unwrap();
    assert_eq!(law.weights(), [0.0, 1.0]);
    // The density keeps what the probability cannot hold: e^-2000 against e^-50000.
    let far = Gaussian::new(dvector![1000.0], dmatrix![1.0]).unwrap();
    let law = Mixture::from_ln_weights(&[0.0, -2000.0], vec![laws(1)[0].clone(), far]).unwrap();
    let at_peak = -2000.0 - 0.5 * (2.0 * std::f64::consts::PI).ln();
    assert!((law.ln_pdf(&dvector![1000.0]).unwrap() - at_peak).abs() < 4.0 * 2000.0 * f64::EPSILON); // a few roundings
}

#[test]
fn wrong_log_weights_are_named() {
    let new = |ln_weights: &[f64]| {
        Mixture::from_ln_weights(ln_weights, vec![Gaussian::<f64>::standard(1).unwrap(); 2]).unwrap_err()
    };
    assert_eq!(new(&[0.0]), DistributionError::CountMismatch { weights: 1, components: 2 });
    let infinite = DistributionError::InvalidLnWeight { component: 1, ln_weight: f64::INFINITY };
    assert_eq!(new(&[0.0, f64::INFINITY]), infinite);
    assert!(matches!(new(&[f64::NAN, 0.0]), DistributionError::InvalidLnWeight { component: 0, .. }));
    assert_eq!(new(&[f64::NEG_INFINITY; 2]), DistributionError::WeightSum { sum: 0.0 });
    let none = Mixture::<Gaussian<f64>>::from_ln_weights(&[], vec![]).unwrap_err();
    assert_eq!(none, DistributionError::NoComponents);
}

#[test]
fn moments_do_not_see_components_of_no_weight_nor_how_the_mean_is_rounded() {
    let at = |mean: f64, variance| Gaussian::new(dvector![mean], dmatrix![variance]).unwrap();
    let law = Mixture::new(&[1.0, 0.0], vec![at(0.0, 1.0), at(1e200, 1.0)]).unwrap();
    assert_eq!((law.mean()[0], law.covariance()[0]), (0.0, 1.0));
    // A mean that lies between two numbers.
    let far = Mixture::new(&[0.5, 0.5], vec![at(1e16, 0.25), at(1e16 + 2.0, 0.25)]).unwrap();
    assert_eq!(far.covariance()[0], 1.25);
    // Squares that overflow, and means that are one: neither NaN nor less than nothing.
    let apart = Mixture::new(&[0.3, 0.7], vec![at(-1e180, 1.0), at(1e180, 1.0)]).unwrap();
    assert_eq!(apart.covariance()[0], f64::INFINITY);
    let alike = Mixture::new(&[60.0, 3.0, 1.7, 0.3], vec![at(1.1, 1e-52); 4]).unwrap();
    // What the mean lost, 2e-16, is known to ε of it, and the square of that is beside 1e-52 some 1e-11.
    assert!((alike.covariance()[0] / 1e-52 - 1.0).abs() < 1e-10, "{}", alike.covariance());
}

#[test]
fn the_distribution_function_is_the_integral_of_the_density() {
    let law = Mixture::new(
        &[0.25, 0.75],
        vec![
            Gaussian::new(dvector![-1.0], dmatrix![0.25]).unwrap(),
            Gaussian::new(dvector![2.0], dmatrix![4.0]).unwrap(),
        ],
    )
    .unwrap();
    for x in [-30.0, -2.0, -1.0, 0.3, 2.0, 7.0, 40.0] {
        let exact = 0.25 * crate::normal_cdf((x + 1.0) / 0.5) + 0.75 * crate::normal_cdf((x - 2.0) / 2.0);
        assert!((law.cdf(x).unwrap() - exact).abs() < 1e-8, "{x}"); // the series is cut off at 6 deviations, 1e-9
    }
    assert_eq!((law.cdf(f64::NEG_INFINITY), law.cdf(f64::INFINITY)), (Ok(0.0), Ok(1.0)));
    assert!(law.cdf(f64::NAN).unwrap().is_nan());
    // Φ(-20) to ten digits: Abramowitz and Stegun, table 26.2, has -ln Q(20)/ln 10 = 88.56010.
    let tail: f64 = Gaussian::standard(1).unwrap().cdf(-20.0).unwrap();
    assert!((tail.log10() + 88.560_10).abs() < 5e-6); // half a unit in the last printed digit
    let what = "a law with a distribution function";
    let plane = DistributionError::DimensionMismatch { what, expected: 1, found: 3 };
    assert_eq!(clover().cdf(0.0).unwrap_err(), plane);
}

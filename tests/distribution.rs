//! Laws on ℝᵈ: densities, draws, affine images, and what a wrong description is told.
//!
//! The oracles are inverses and determinants, quadrature, the normal distribution function as a series, and statistics
//! of draws.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use approx::{AbsDiffEq, RelativeEq, assert_relative_eq, assert_relative_ne};
use fenchel::DistributionError;
use fenchel::distribution::{AffineImage, Categorical, Density, Gaussian, Law, Mixture, Moments, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use fenchel::rand::SeedableRng;
use fenchel::rand::distr::Distribution;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// N(mean, L Lᵀ) with the diagonal of L in `scale` and what is below in ±`tilt`.
fn gaussian(dimension: usize, scale: std::ops::Range<f64>, tilt: f64) -> impl Strategy<Value = Gaussian<f64>> {
    let below = prop::collection::vec(-tilt..=tilt, dimension * dimension);
    let diagonal = prop::collection::vec(scale, dimension);
    let mean = prop::collection::vec(-2.0..2.0_f64, dimension);
    (mean, diagonal, below).prop_map(move |(mean, diagonal, below)| {
        let entry = |i, j| if i == j { diagonal[i] } else { below[i * dimension + j] };
        Gaussian::from_cholesky(DVector::from_vec(mean), DMatrix::from_fn(dimension, dimension, entry)).unwrap()
    })
}

fn points(dimension: usize) -> impl Strategy<Value = DMatrix<f64>> {
    prop::collection::vec(-4.0..4.0_f64, 3 * dimension).prop_map(move |xs| DMatrix::from_vec(3, dimension, xs))
}

/// A law in three dimensions with correlations, and one with three components, of which two overlap.
fn oblique() -> Gaussian<f64> {
    Gaussian::new(dvector![1.0, -2.0, 0.5], dmatrix![4.0, 1.2, -0.4; 1.2, 2.0, 0.3; -0.4, 0.3, 0.5]).unwrap()
}

fn clover() -> Mixture<Gaussian<f64>> {
    let second = Gaussian::new(dvector![6.0, 0.0, 0.0], DMatrix::identity(3, 3) * 0.25).unwrap();
    let third = Gaussian::new(dvector![0.0, 1.0, 3.0], dmatrix![1.0, 0.5, 0.0; 0.5, 1.0, 0.0; 0.0, 0.0, 9.0]).unwrap();
    Mixture::new(&[0.5, 0.2, 0.3], vec![oblique(), second, third]).unwrap()
}

// ---------------------------------------------------------------------------------------------------------------------
// Densities
// ---------------------------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn the_gaussian_density_is_the_textbook_formula(
        (law, rows) in (1..=4_usize).prop_flat_map(|d| (gaussian(d, 0.5..2.0, 0.5), points(d))),
    ) {
        let covariance = law.covariance();
        let inverse = covariance.clone().try_inverse().unwrap();
        let d = law.dimension();
        let found = law.ln_pdf_rows(&rows).unwrap();
        for (row, &ln_pdf) in rows.row_iter().zip(found.iter()) {
            let offset = row.transpose() - law.mean();
            let squared = (offset.transpose() * &inverse * &offset)[0];
            let normalisation = (2.0 * std::f64::consts::PI).powi(d as i32) * covariance.determinant();
            let textbook = -0.5 * squared - 0.5 * normalisation.ln();
            // The inverse is off by its condition number, up to about 1e3, times a rounding.
            prop_assert!((ln_pdf - textbook).abs() <= 1e-12 * (1.0 + squared), "{} {}", ln_pdf, textbook);
        }
    }

    #[test]
    fn a_covariance_and_its_factor_describe_the_same_law(
        law in (1..=5_usize).prop_flat_map(|d| gaussian(d, 0.5..2.0, 0.5)),
    ) {
        let again = Gaussian::new(law.mean(), law.covariance()).unwrap();
        // A factorisation of a well-conditioned matrix: condition numbers up to about 1e3.
        assert_relative_eq!(again, law, epsilon = 1e-12);
        let by_determinant = law.covariance().determinant().ln();
        prop_assert!((law.ln_determinant() - by_determinant).abs() <= 1e-12 * (1.0 + by_determinant.abs()));
    }

    #[test]
    fn the_density_at_one_point_is_the_density_at_that_row(
        (law, rows) in (1..=4_usize).prop_flat_map(|d| (gaussian(d, 0.5..2.0, 0.5), points(d))),
    ) {
        let all = law.ln_pdf_rows(&rows).unwrap();
        for (row, &ln_pdf) in rows.row_iter().zip(all.iter()) {
            prop_assert_eq!(law.ln_pdf(&row.transpose()).unwrap(), ln_pdf);
        }
    }

    #[test]
    fn a_density_moves_along_with_an_affine_map(
        (first, second, rows, entries, offset, weight) in (1..=4_usize).prop_flat_map(|d| (
            gaussian(d, 0.5..2.0, 0.5),
            gaussian(d, 0.5..2.0, 0.5),
            points(d),
            prop::collection::vec(-1.0..1.0_f64, d * d),
            prop::collection::vec(-10.0..10.0_f64, d),
            0.1..0.9_f64,
        )),
    ) {
        let d = offset.len();
        // Diagonally dominant up to a sign in the first row, so invertible, of either orientation.
        let mut map = DMatrix::from_row_slice(d, d, &entries) + DMatrix::identity(d, d) * (d as f64 + 0.5);
        map.row_mut(0).neg_mut();
        let offset = DVector::from_vec(offset);
        let mut images = &rows * map.transpose();
        images.row_iter_mut().for_each(|mut row| row += offset.transpose());
        let ln_volume = map.determinant().abs().ln();

        let law = Mixture::new(&[weight, 1.0 - weight], vec![first.clone(), second]).unwrap();
        let law_image = law.affine_image(&map, &offset).unwrap();
        let first_image = first.affine_image(&map, &offset).unwrap();
        let pairs = [
            (law.ln_pdf_rows(&rows).unwrap(), law_image.ln_pdf_rows(&images).unwrap()),
            (first.ln_pdf_rows(&rows).unwrap(), first_image.ln_pdf_rows(&images).unwrap()),
        ];
        for (before, after) in pairs {
            for (before, after) in before.iter().zip(after.iter()) {
                // The condition of the map, up to about 20, and of the law, up to about 1e3, times a rounding.
                let expected = before - ln_volume;
                prop_assert!((after - expected).abs() <= 1e-11 * (1.0 + expected.abs()), "{} {}", after, expected);
            }
        }
        // The moments: E(Ax + b) = A E x + b, Cov(Ax + b) = A Cov(x) At. Sums of four products of numbers up to 1e3.
        assert_relative_eq!(law_image.mean(), &map * law.mean() + &offset, epsilon = 1e-12, max_relative = 1e-12);
        let expected = &map * law.covariance() * map.transpose();
        let size = expected.amax();
        assert_relative_eq!(law_image.covariance(), expected, epsilon = 1e-13 * size, max_relative = 1e-12);
    }
}

/// ∫ density by the trapezoidal rule over a box of many standard deviations, with steps well below one.
fn integral(law: &impl Density<Scalar = f64>, half_width: f64, step: f64) -> f64 {
    let side = (half_width / step) as i32;
    let axis: Vec<f64> = (-side..=side).map(|i| f64::from(i) * step).collect();
    let d = law.dimension();
    let total = axis.len().pow(d as u32);
    let rows = DMatrix::from_fn(total, d, |i, j| axis[i / axis.len().pow(j as u32) % axis.len()]);
    law.ln_pdf_rows(&rows).unwrap().iter().map(|x| x.exp()).sum::<f64>() * step.powi(d as i32)
}

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
fn the_density_in_dimension_400_neither_overflows_nor_underflows() {
    let d = 400;
    let law = Gaussian::new(DVector::zeros(d), DMatrix::identity(d, d) * 0.01).unwrap();
    // det = 1e-800 is no f64. By hand: -200 ln(2 pi/100) = 200 (ln 100 - ln 2 pi) = 921.0340371976183 -
    // 367.5754132818691.
    let at_mean: f64 = 553.458_623_915_749_2;
    // The logarithm of 0.1 is rounded, and a sum of 400 terms: 400 half units of 921.
    let found: f64 = law.ln_pdf(&DVector::zeros(d)).unwrap();
    assert!((found - at_mean).abs() < 1e-10);
    // Every coordinate at one standard deviation takes off 400/2.
    let found: f64 = law.ln_pdf(&DVector::from_element(d, 0.1)).unwrap();
    assert!((found - (at_mean - 200.0)).abs() < 1e-10);
    assert!((law.ln_determinant() - 400.0 * 0.01_f64.ln()).abs() < 1e-10);
    // In f32 the same 400 roundings.
    let single = Gaussian::<f32>::new(DVector::zeros(d), DMatrix::identity(d, d) * 0.01).unwrap();
    assert!(
        (f64::from(single.ln_pdf(&DVector::zeros(d)).unwrap()) - at_mean).abs()
            < 400.0 * 921.0 * f64::from(f32::EPSILON)
    );
}

#[test]
fn what_stands_above_the_diagonal_of_a_factor_is_not_read() {
    let full = Gaussian::from_cholesky(dvector![0.0, 0.0], dmatrix![2.0, 99.0; 0.5, 1.0]).unwrap();
    let lower = Gaussian::from_cholesky(dvector![0.0, 0.0], dmatrix![2.0, 0.0; 0.5, 1.0]).unwrap();
    assert_eq!(full, lower);
    assert_eq!(full.covariance(), dmatrix![4.0, 1.0; 1.0, 1.25]);
    assert_eq!(full.cholesky_factor()[(0, 1)], 0.0);
}

#[test]
fn a_covariance_symmetric_to_rounding_is_accepted() {
    // Below the square root of the rounding unit, as sums taken in different orders are.
    let off: f64 = 0.3 * (1.0 + 1e-9);
    let law = Gaussian::new(dvector![0.0, 0.0], dmatrix![1.0, off; 0.3, 1.0]).unwrap();
    let found: f64 = law.covariance()[(0, 1)];
    assert!((found - 0.5 * (off + 0.3)).abs() < 1e-15, "the mean of the two counts");
    // Relative to the standard deviations: 1e-3 beside 1e6 and 1e6 is rounding.
    assert!(Gaussian::new(dvector![0.0, 0.0], dmatrix![1e6, 1e-3; 0.0, 1e6]).is_ok());
    let single = Gaussian::<f32>::new(dvector![0.0, 0.0], dmatrix![1.0, 0.300_01; 0.3, 1.0]);
    assert!(single.is_ok());
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

// ---------------------------------------------------------------------------------------------------------------------
// Draws
// ---------------------------------------------------------------------------------------------------------------------

fn sample_moments(rows: &DMatrix<f64>) -> (DVector<f64>, DMatrix<f64>) {
    let n = rows.nrows() as f64;
    let mean = rows.row_mean().transpose();
    let mut centred = rows.clone();
    centred.row_iter_mut().for_each(|mut row| row -= mean.transpose());
    (mean, centred.tr_mul(&centred) / n)
}

fn has_its_moments(name: &str, law: &(impl SampleRows<Scalar = f64> + Moments), kurtosis: f64) {
    let n = 100_000;
    let mut rng = rng(4);
    let (mean, covariance) = sample_moments(&law.sample_rows(n, &mut rng).unwrap());
    let (exact_mean, exact) = (law.mean(), law.covariance());
    for i in 0..law.dimension() {
        // Five standard errors: once in two million seeds.
        let tolerance = 5.0 * (exact[(i, i)] / n as f64).sqrt();
        assert!((mean[i] - exact_mean[i]).abs() <= tolerance, "{name} mean {i}: {} {}", mean[i], exact_mean[i]);
        for j in 0..law.dimension() {
            // The variance of (x - m)(y - m) is at most E (x - m)^2 (y - m)^2 <= kurtosis times both variances.
            let tolerance = 5.0 * (kurtosis * exact[(i, i)] * exact[(j, j)] / n as f64).sqrt();
            let (found, exact) = (covariance[(i, j)], exact[(i, j)]);
            assert!((found - exact).abs() <= tolerance, "{name} covariance {i}, {j}: {found} {exact}");
        }
    }
}

#[test]
fn draws_have_the_moments_of_their_law() {
    has_its_moments("Gaussian", &oblique(), 3.0);
    // Between its components the third coordinate of the mixture has a kurtosis of up to about 6.
    has_its_moments("Mixture", &clover(), 6.0);
    let turned = clover().affine_image(&dmatrix![1.0, 2.0, 0.0; 0.0, -1.0, 1.0], &dvector![3.0, -100.0]).unwrap();
    has_its_moments("image", &turned, 6.0);
}

/// Φ(x) by the series φ(x) (x + x³/3 + x⁵/15 + ...), whose terms are all of one sign: full accuracy for |x| up to 6.
fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return if x > 0.0 { 1.0 } else { 0.0 }; // to 1e-9
    }
    let (mut term, mut sum, mut k) = (x, 0.0, 1.0);
    while term.abs() > 1e-17 * (1.0 + f64::abs(sum)) {
        sum += term;
        k += 2.0;
        term *= x * x / k;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[test]
fn the_normal_distribution_function_of_these_tests_has_its_published_values() {
    // Abramowitz and Stegun, table 26.1.
    for (x, expected) in
        [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (2.0, 0.977_249_868_051_821), (-1.0, 0.158_655_253_931_457)]
    {
        assert!((normal_cdf(x) - expected).abs() < 1e-15, "{x}"); // half a unit in the last printed digit
    }
}

/// √n times the largest distance between the empirical and the exact distribution function.
fn kolmogorov(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let distance = |(i, &x): (usize, &f64)| (cdf(x) - i as f64 / n).abs().max((cdf(x) - (i as f64 + 1.0) / n).abs());
    draws.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
}

/// Kolmogorov's distribution exceeds this once in a thousand.
const KOLMOGOROV: f64 = 1.95;

fn projected_cdf(law: &Mixture<Gaussian<f64>>, direction: &DVector<f64>) -> impl Fn(f64) -> f64 {
    let parts: Vec<_> = law
        .weights()
        .iter()
        .zip(law.components())
        .map(|(&w, c)| (w, c.mean().dot(direction), (c.covariance() * direction).dot(direction).sqrt()))
        .collect();
    move |x| parts.iter().map(|&(w, mean, sd)| w * normal_cdf((x - mean) / sd)).sum()
}

#[test]
fn a_projection_of_draws_follows_the_exact_distribution_function() {
    let n = 100_000;
    for direction in [dvector![1.0, 0.0, 0.0], dvector![0.3, -0.7, 0.5], dvector![-0.2, 0.1, 1.0]] {
        let single = Mixture::new(&[1.0], vec![oblique()]).unwrap();
        let mut rng = rng(12);
        let gaussian = oblique().sample_rows(n, &mut rng).unwrap() * &direction;
        let statistic = kolmogorov(gaussian.as_slice().to_vec(), projected_cdf(&single, &direction));
        assert!(statistic < KOLMOGOROV, "Gaussian: {statistic}");
        let mixture = clover().sample_rows(n, &mut rng).unwrap() * &direction;
        let statistic = kolmogorov(mixture.as_slice().to_vec(), projected_cdf(&clover(), &direction));
        assert!(statistic < KOLMOGOROV, "Mixture: {statistic}");
    }
}

#[test]
fn one_draw_by_the_trait_of_rand_follows_the_same_law() {
    let direction = dvector![0.3, -0.7, 0.5];
    let mut rng = rng(13);
    let single = Mixture::new(&[1.0], vec![oblique()]).unwrap();
    let draws = (0..20_000).map(|_| oblique().sample(&mut rng).dot(&direction)).collect();
    assert!(kolmogorov(draws, projected_cdf(&single, &direction)) < KOLMOGOROV);
    let law = clover();
    let draws = (&law).sample_iter(&mut rng).take(20_000).map(|x: DVector<f64>| x.dot(&direction)).collect();
    assert!(kolmogorov(draws, projected_cdf(&law, &direction)) < KOLMOGOROV);
}

#[test]
fn draws_in_single_precision_follow_the_same_law() {
    let law = Gaussian::<f32>::new(dvector![1.0, -2.0], dmatrix![4.0, 1.2; 1.2, 2.0]).unwrap();
    let mut rng = rng(14);
    let rows = law.sample_rows(50_000, &mut rng).unwrap();
    let draws = rows.row_iter().map(|row| f64::from(row[0]) - f64::from(row[1])).collect();
    // Mean 1 + 2, variance 4 + 2 - 2.4.
    assert!(kolmogorov(draws, |x| normal_cdf((x - 3.0) / 3.6_f64.sqrt())) < KOLMOGOROV);
}

/// Components a thousand standard deviations apart on a line: a row tells its component.
fn string_of(weights: &[f64]) -> Mixture<Gaussian<f64>> {
    let component = |k: usize| Gaussian::new(dvector![1000.0 * k as f64], dmatrix![1.0]).unwrap();
    Mixture::new(weights, (0..weights.len()).map(component).collect()).unwrap()
}

fn component_of(row: f64) -> usize {
    (row / 1000.0).round() as usize
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
    // Labelled or not, the same rows.
    let mut again = Xoshiro256PlusPlus::seed_from_u64(22);
    assert_eq!(law.sample_rows(1000, &mut again).unwrap(), rows);
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
fn rows_written_in_place_are_the_rows_that_are_allocated() {
    let (mut first, mut second) = (rng(26), rng(26));
    let mut out = DMatrix::from_element(50, 3, f64::NAN);
    clover().sample_rows_to(&mut first, &mut out).unwrap();
    assert_eq!(out, clover().sample_rows(50, &mut second).unwrap());
    assert_eq!(clover().sample_rows(0, &mut first).unwrap().shape(), (0, 3));
}

/// A change of these numbers is a breaking change: whoever fixed a seed gets other draws.
#[test]
fn the_draws_of_a_seed_stay_what_they_are() {
    let pinned_gaussian = dmatrix![
        2.6879972272443524, -0.5772360032186974, -0.5715081853237622;
        1.9049929407689263, -2.7732246074449822, 0.3546751862242682;
        6.896702940571944, -0.08819585241602024, -0.5179138739134643
    ];
    let pinned_mixture = dmatrix![
        2.948351470285972, 2.57073999873601, 0.6511399600562253;
        -1.8790244783858165, 1.476766883891616, 1.8824794488268393;
        1.9049929407689263, -2.7732246074449822, 0.3546751862242682
    ];
    for (name, found, pinned) in [
        ("Gaussian", oblique().sample_rows(3, &mut rng(1)).unwrap(), pinned_gaussian),
        ("Mixture", clover().sample_rows(3, &mut rng(1)).unwrap(), pinned_mixture),
    ] {
        // The tail and the edges of the ziggurat use exp and ln, which other systems' libraries may round otherwise.
        let same = found.relative_eq(&pinned, 1e-14, 1e-14);
        assert!(same, "{name}: {found}");
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Affine images
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn a_projection_onto_fewer_dimensions_is_a_marginal() {
    let law = oblique();
    let onto = dmatrix![0.0, 0.0, 1.0; 1.0, 0.0, 0.0];
    let marginal = law.affine_image(&onto, &dvector![0.0, 0.0]).unwrap();
    let expected = Gaussian::new(dvector![0.5, 1.0], dmatrix![0.5, -0.4; -0.4, 4.0]).unwrap();
    assert_relative_eq!(marginal, expected, epsilon = 1e-15, max_relative = 1e-14); // a handful of roundings
}

/// The pivot at which a matrix fails, and its value to four decimals: rounding apart, that is.
fn singular(error: DistributionError) -> (usize, f64) {
    match error {
        DistributionError::NotPositiveDefinite { pivot, value } => (pivot, (value * 1e4).round() / 1e4 + 0.0),
        other => panic!("{other}"),
    }
}

#[test]
fn a_covariance_is_refused_where_rounding_leaves_a_pivot_and_accepted_above() {
    let new = |correlation: f64| Gaussian::new(DVector::zeros(2), dmatrix![1.0, correlation; correlation, 1.0]);
    // The square of the second pivot is 1 - correlation²: 8 ε is the line for two dimensions.
    assert!(new(1.0 - 16.0 * f64::EPSILON).is_ok());
    assert_eq!(singular(new(1.0 - f64::EPSILON).unwrap_err()).0, 1);
    // A line in space, through sums that round.
    let direction = dvector![0.3, 0.1, 0.7];
    assert!(Gaussian::new(DVector::zeros(3), &direction * direction.transpose()).is_err());
}

#[test]
fn asymmetry_is_refused_beyond_rounding_at_any_scale() {
    // Half of the line √ε and twice it, relative to the standard deviations.
    let line = f64::EPSILON.sqrt();
    for scale in [1e-200, 1.0, 1e200_f64] {
        let new = |gap: f64| Gaussian::new(DVector::zeros(2), dmatrix![1.0, 0.1 + gap; 0.1, 1.0] * scale);
        assert!(new(0.5 * line).is_ok(), "{scale}");
        assert!(
            matches!(new(2.0 * line).unwrap_err(), DistributionError::NotSymmetric { row: 1, column: 0, .. }),
            "{scale}"
        );
    }
    // The largest variances that there are.
    let law = Gaussian::new(DVector::zeros(1), dmatrix![1.5e308]).unwrap();
    assert_eq!(law.cholesky_factor()[(0, 0)], 1.5e308_f64.sqrt());
}

#[test]
fn the_density_is_nan_only_at_a_nan() {
    let law = Gaussian::from_cholesky(DVector::zeros(2), dmatrix![1e-10, 0.0; 1e-10, 1.0]).unwrap();
    for point in [dvector![1e300, 0.0], dvector![f64::INFINITY, 0.0], dvector![f64::INFINITY, f64::INFINITY]] {
        assert_eq!(law.ln_pdf(&point), Ok(f64::NEG_INFINITY));
    }
    assert!(law.ln_pdf(&dvector![f64::NAN, f64::INFINITY]).unwrap().is_nan());
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
fn an_affine_map_that_is_not_onto_is_refused() {
    let law = Gaussian::<f64>::standard(2).unwrap();
    let pivot = |matrix: DMatrix<f64>| {
        let offset = DVector::zeros(matrix.nrows());
        let mixture = Mixture::new(&[1.0], vec![law.clone()]).unwrap();
        let error = law.affine_image(&matrix, &offset).unwrap_err();
        assert_eq!(mixture.affine_image(&matrix, &offset).unwrap_err(), error);
        error
    };
    assert_eq!(singular(pivot(DMatrix::zeros(2, 2))), (0, 0.0));
    assert_eq!(singular(pivot(dmatrix![1.0, 2.0; 2.0, 4.0])), (1, 0.0));
    // 0.1 + 0.2 is not 0.3: singular to rounding.
    assert_eq!(singular(pivot(dmatrix![0.1, 0.2; 0.3, 0.6])), (1, 0.0));
    assert_eq!(singular(pivot(DMatrix::identity(3, 2))), (2, 0.0));
    assert_eq!(pivot(DMatrix::zeros(0, 2)), DistributionError::ZeroDimension);
    // Small is not singular.
    assert!(law.affine_image(&(DMatrix::identity(2, 2) * 1e-100), &DVector::zeros(2)).is_ok());
}

#[test]
fn a_wrong_affine_map_is_named() {
    let law = Gaussian::<f64>::standard(2).unwrap();
    let refused = |matrix: DMatrix<f64>, offset: DVector<f64>| law.affine_image(&matrix, &offset).unwrap_err();
    let mismatch = |what, expected, found| DistributionError::DimensionMismatch { what, expected, found };
    let what = "a row of the affine map";
    assert_eq!(refused(DMatrix::identity(2, 3), DVector::zeros(2)), mismatch(what, 2, 3));
    assert_eq!(refused(DMatrix::identity(2, 2), DVector::zeros(3)), mismatch("the offset", 2, 3));
    let infinite = DistributionError::NonFinite { what: "the affine map", row: 1, column: 0, value: f64::INFINITY };
    assert_eq!(refused(dmatrix![1.0, 0.0; f64::INFINITY, 1.0], DVector::zeros(2)), infinite);
    match refused(DMatrix::identity(2, 2), dvector![0.0, f64::NAN]) {
        DistributionError::NonFinite { what, row: 1, column: 0, value } => {
            assert!(value.is_nan());
            assert_eq!(what, "the offset", "what the caller handed over");
        }
        other => panic!("{other}"),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Approximate equality
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn laws_are_approximately_equal_when_all_their_parameters_are() {
    let law = oblique();
    let moved = |by: f64| Gaussian::from_cholesky(law.mean().add_scalar(by), law.cholesky_factor().clone()).unwrap();
    let stretched = |by: f64| Gaussian::from_cholesky(law.mean(), law.cholesky_factor() * (1.0 + by)).unwrap();
    assert_relative_eq!(law, moved(1e-9), epsilon = 1e-8);
    assert_relative_ne!(law, moved(1e-7), epsilon = 1e-8, max_relative = 1e-9);
    assert_relative_eq!(law, stretched(1e-9), max_relative = 1e-8);
    assert_relative_ne!(law, stretched(1e-7), max_relative = 1e-8);
    assert!(law.abs_diff_eq(&moved(1e-9), 1e-8) && !law.abs_diff_eq(&moved(1e-7), 1e-8));
    assert!(law.abs_diff_eq(&stretched(1e-10), 1e-8) && !law.abs_diff_eq(&stretched(1e-7), 1e-8));
}

#[test]
fn laws_of_different_shapes_are_not_approximately_equal() {
    let (two, three) = (Gaussian::<f64>::standard(2).unwrap(), Gaussian::<f64>::standard(3).unwrap());
    assert!(!two.abs_diff_eq(&three, 1e9) && !three.abs_diff_eq(&two, 1e9));
    assert!(!two.relative_eq(&three, 1e9, 1e9) && !three.relative_eq(&two, 1e9, 1e9));
    let mixtures = |law: &Gaussian<f64>, n: usize| Mixture::new(&vec![1.0; n], vec![law.clone(); n]).unwrap();
    assert!(!mixtures(&two, 2).abs_diff_eq(&mixtures(&two, 3), 1e9));
    assert!(!mixtures(&two, 2).relative_eq(&mixtures(&three, 2), 1e9, 1e9));
}

#[test]
fn mixtures_are_approximately_equal_when_weights_and_components_are() {
    let law = string_of(&[0.5, 0.5]);
    assert_relative_eq!(law, string_of(&[0.5, 0.5 + 1e-10]), epsilon = 1e-8);
    assert_relative_ne!(law, string_of(&[0.5, 0.5 + 1e-5]), epsilon = 1e-8);
    let shifted = law.affine_image(&dmatrix![1.0], &dvector![1e-5]).unwrap();
    assert_relative_ne!(law, shifted, epsilon = 1e-8);
    assert!(law.abs_diff_eq(&shifted, 1e-4) && !law.abs_diff_eq(&shifted, 1e-6));
}

// ---------------------------------------------------------------------------------------------------------------------
// Wrong descriptions
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn a_wrong_gaussian_is_named() {
    let new = |mean: DVector<f64>, covariance: DMatrix<f64>| Gaussian::new(mean, covariance).unwrap_err();
    let mismatch = |what, expected, found| DistributionError::DimensionMismatch { what, expected, found };
    let zero = || DVector::zeros(2);
    assert_eq!(new(DVector::zeros(0), DMatrix::zeros(0, 0)), DistributionError::ZeroDimension);
    assert_eq!(Gaussian::<f64>::standard(0).unwrap_err(), DistributionError::ZeroDimension);
    assert_eq!(new(zero(), DMatrix::identity(2, 3)), mismatch("the covariance", 2, 3));
    assert_eq!(new(zero(), DMatrix::identity(1, 2)), mismatch("the covariance", 2, 1));
    let infinite = |what, row, column| DistributionError::NonFinite { what, row, column, value: f64::INFINITY };
    assert_eq!(new(dvector![0.0, f64::INFINITY], DMatrix::identity(2, 2)), infinite("the mean", 1, 0));
    assert_eq!(new(zero(), dmatrix![1.0, 0.0; f64::INFINITY, 1.0]), infinite("the covariance", 1, 0));
    match new(zero(), dmatrix![1.0, f64::NAN; 0.0, 1.0]) {
        DistributionError::NonFinite { what: "the covariance", row: 0, column: 1, value } => assert!(value.is_nan()),
        other => panic!("{other}"),
    }
    let asymmetric = DistributionError::NotSymmetric { row: 1, column: 0, value: 0.25, mirrored: 0.5 };
    assert_eq!(new(zero(), dmatrix![1.0, 0.5; 0.25, 1.0]), asymmetric);
    // Relative to the standard deviations, 1e-3 is no rounding beside 1e-6.
    assert!(matches!(new(zero(), dmatrix![1e-6, 1e-7; 0.0, 1e-6]), DistributionError::NotSymmetric { .. }));
}

#[test]
fn a_covariance_that_is_not_positive_definite_is_refused_at_the_right_pivot() {
    let pivot = |covariance: DMatrix<f64>| Gaussian::new(DVector::zeros(covariance.nrows()), covariance).unwrap_err();
    assert_eq!(singular(pivot(DMatrix::zeros(2, 2))), (0, 0.0));
    assert_eq!(singular(pivot(dmatrix![-1.0])), (0, -1.0));
    // What is left of the diagonal entry: 1 - 2².
    assert_eq!(singular(pivot(dmatrix![1.0, 2.0; 2.0, 1.0])), (1, -3.0));
    assert_eq!(singular(pivot(DMatrix::from_diagonal(&dvector![1.0, 1.0, -1.0, 1.0]))), (2, -1.0));
    assert_eq!(singular(pivot(dmatrix![1.0, 1.0; 1.0, 1.0])), (1, 0.0));
    // Indefinite though every diagonal entry and every 2 x 2 block is positive: what is left is the determinant, -0.458 by hand
    // before 0.81 is subtracted from 1, over 0.19; that of three digits.
    let (index, left) = singular(pivot(dmatrix![1.0, 0.9, -0.2; 0.9, 1.0, 0.5; -0.2, 0.5, 1.0]));
    let determinant = 1.0 + 2.0 * 0.9 * 0.5 * -0.2 - 0.81 - 0.25 - 0.04;
    assert_eq!(index, 2);
    assert!((left - determinant / 0.19).abs() < 1e-4, "{left}"); // shown to four decimals
    let factor = |factor: DMatrix<f64>| Gaussian::from_cholesky(DVector::zeros(2), factor).unwrap_err();
    assert_eq!(singular(factor(dmatrix![1.0, 0.0; 3.0, 0.0])), (1, 0.0));
    assert_eq!(singular(factor(dmatrix![-1.0, 0.0; 3.0, 1.0])), (0, -1.0));
    let mismatch = DistributionError::DimensionMismatch { what: "the Cholesky factor", expected: 2, found: 3 };
    assert_eq!(factor(DMatrix::identity(3, 3)), mismatch);
    let infinite =
        DistributionError::NonFinite { what: "the Cholesky factor", row: 0, column: 0, value: f64::INFINITY };
    assert_eq!(factor(dmatrix![f64::INFINITY, 0.0; 0.0, 1.0]), infinite);
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
fn rows_of_the_wrong_length_are_refused() {
    let mismatch = |what| DistributionError::DimensionMismatch { what, expected: 3, found: 2 };
    let (law, mixture, rows) = (oblique(), clover(), DMatrix::<f64>::zeros(4, 2));
    for error in [
        law.ln_pdf_rows(&rows).unwrap_err(),
        mixture.ln_pdf_rows(&rows).unwrap_err(),
        law.mahalanobis_squared_rows(&rows).unwrap_err(),
        law.ln_pdf(&DVector::zeros(2)).unwrap_err(),
    ] {
        assert_eq!(error, mismatch("the row"));
    }
    let mut rng = rng(1);
    let mut out = DMatrix::zeros(4, 2);
    for error in
        [law.sample_rows_to(&mut rng, &mut out).unwrap_err(), mixture.sample_rows_to(&mut rng, &mut out).unwrap_err()]
    {
        assert_eq!(error, mismatch("the output row"));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Categories
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn categories_come_as_often_as_their_weights_say() {
    let law = Categorical::new(&[2.0, 0.0, 5.0, 3.0]).unwrap();
    assert_eq!(law.probabilities(), [0.2, 0.0, 0.5, 0.3]);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(71);
    let (n, mut counts) = (100_000, [0; 4]);
    for _ in 0..n {
        counts[Distribution::<usize>::sample(&law, &mut rng)] += 1;
    }
    assert_eq!(counts[1], 0);
    for (count, p) in counts.into_iter().zip(law.probabilities()) {
        let expected = f64::from(n) * p;
        // Five standard deviations of a binomial count: once in two million seeds.
        assert!((f64::from(count) - expected).abs() <= 5.0 * (expected * (1.0 - p)).sqrt(), "{count} {expected}");
    }
    // As rows: the same draws, as numbers.
    let rows = law.sample_rows(1000, &mut Xoshiro256PlusPlus::seed_from_u64(72)).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(72);
    assert!(rows.iter().all(|&row| row == Distribution::<usize>::sample(&law, &mut rng) as f64));
    assert_eq!((rows.shape(), law.dimension()), ((1000, 1), 1));
}

#[test]
fn weights_that_are_no_probabilities_are_named() {
    assert_eq!(Categorical::<f64>::new(&[]), Err(DistributionError::NoComponents));
    let negative = DistributionError::InvalidWeight { component: 1, weight: -1.0 };
    assert_eq!(Categorical::new(&[1.0, -1.0]), Err(negative));
    assert!(matches!(Categorical::new(&[f64::NAN]), Err(DistributionError::InvalidWeight { component: 0, .. })));
    assert_eq!(Categorical::new(&[0.0_f32, 0.0]), Err(DistributionError::WeightSum { sum: 0.0 }));
    assert_eq!(Categorical::new(&[f64::MAX; 2]), Err(DistributionError::WeightSum { sum: f64::INFINITY }));
    let law = Categorical::new(&[1.0_f32, 1.0]).unwrap();
    let mut wide = DMatrix::zeros(3, 2);
    let error = law.sample_rows_to(&mut Xoshiro256PlusPlus::seed_from_u64(1), &mut wide).unwrap_err();
    assert_eq!(error, DistributionError::DimensionMismatch { what: "the output row", expected: 1, found: 2 });
}

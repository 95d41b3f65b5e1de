//! Gaussians whose covariance is known to be diagonal or spherical are those of the same covariance.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{
    Cdf, Conditional, Density, DiagonalGaussian, Gaussian, Law, Marginal, Mixture, Moments, SampleRows,
    SphericalGaussian, Structure, StructuredGaussian,
};
use fenchel::nalgebra::{DMatrix, DVector, dvector};
use fenchel::rand::distr::Distribution;
use fenchel::rand_distr::StandardNormal;
use proptest::prelude::*;

use crate::{clover, fixed, oblique, points, rng};

/// The same answers, to `roundings` units in the last place of what is summed: the order of sums may differ.
fn is_the_full_one<S: Structure>(law: &StructuredGaussian<f64, S>, full: &Gaussian<f64>, rows: &DMatrix<f64>) {
    let roundings = 8.0 * law.dimension() as f64 * f64::EPSILON;
    let near = |found: f64, expected: f64| {
        assert!((found - expected).abs() <= roundings * (1.0 + expected.abs()), "{found} {expected}");
    };
    assert_relative_eq!(law.to_full(), full.clone(), max_relative = roundings);
    assert_relative_eq!(law.covariance(), full.covariance(), max_relative = roundings);
    assert_eq!((law.mean(), law.dimension()), (full.mean(), full.dimension()));
    near(law.ln_determinant(), full.ln_determinant());
    near(law.entropy(), full.entropy());
    let pairs = [
        (law.ln_pdf_rows(rows).unwrap(), full.ln_pdf_rows(rows).unwrap()),
        (law.mahalanobis_squared_rows(rows).unwrap(), full.mahalanobis_squared_rows(rows).unwrap()),
    ];
    for (found, expected) in pairs {
        found.iter().zip(expected.iter()).for_each(|(&found, &expected)| near(found, expected));
    }
    if law.dimension() == 1 {
        for row in rows.iter() {
            near(law.cdf(*row).unwrap(), full.cdf(*row).unwrap());
        }
    } else {
        let mismatch = |found| DistributionError::DimensionMismatch {
            what: "a law with a distribution function",
            expected: 1,
            found,
        };
        assert_eq!(law.cdf(0.0).unwrap_err(), mismatch(law.dimension()));
    }
}

/// μ + σ z with the normals z of the same generator, row after row, in any number.
fn draws_stretched_normals<S: Structure>(law: &StructuredGaussian<f64, S>, deviations: &DVector<f64>, seed: u64) {
    let (mean, d) = (law.mean(), law.dimension());
    for n in [0, 1, 7, 128, 300] {
        let mut normals = rng(seed);
        let z: Vec<f64> = (0..n * d).map(|_| StandardNormal.sample(&mut normals)).collect();
        let expected = DMatrix::from_fn(n, d, |i, j| z[i * d + j] * deviations[j] + mean[j]);
        let mut generator = rng(seed);
        assert_eq!(law.sample_rows(n, &mut generator).unwrap(), expected);
        assert_eq!(generator, normals, "no more drawn than that");
        assert_eq!(law.to_full().sample_rows(n, &mut rng(seed)).unwrap(), expected);
        if n > 0 {
            let draw: DVector<f64> = law.sample(&mut rng(seed));
            assert_eq!(draw, expected.row(0).transpose());
        }
    }
}

fn diagonals() -> impl Strategy<Value = (DVector<f64>, DVector<f64>, DMatrix<f64>)> {
    (1..=5_usize).prop_flat_map(|d| {
        let vector = |range: std::ops::Range<f64>| prop::collection::vec(range, d).prop_map(DVector::from_vec);
        (vector(-2.0..2.0), vector(0.1..4.0), points(d))
    })
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn a_diagonal_or_spherical_law_is_the_full_one_of_its_covariance((mean, variances, rows) in diagonals()) {
        let full = Gaussian::new(mean.clone(), DMatrix::from_diagonal(&variances)).unwrap();
        is_the_full_one(&DiagonalGaussian::new(mean.clone(), variances.clone()).unwrap(), &full, &rows);
        let d = mean.len();
        let full = Gaussian::new(mean.clone(), DMatrix::from_diagonal_element(d, d, variances[0])).unwrap();
        let spherical = SphericalGaussian::new(mean.clone(), variances[0]).unwrap();
        is_the_full_one(&spherical, &full, &rows);
        let same = DiagonalGaussian::new(mean, DVector::from_element(d, variances[0])).unwrap();
        prop_assert_eq!(spherical.to_full(), same.to_full());
    }

    #[test]
    fn marginals_and_conditionals_are_those_of_the_full_law(
        (mean, variances, _) in diagonals(), order in any::<prop::sample::Index>(), values in prop::collection::vec(-3.0..3.0_f64, 5),
    ) {
        let d = mean.len();
        // Some of the coordinates, in an order of their own.
        let first = order.index(d);
        let chosen: Vec<usize> = (0..d).map(|i| (first + d - i) % d).take(1 + first % d).collect();
        let diagonal = DiagonalGaussian::new(mean.clone(), variances.clone()).unwrap();
        let spherical = SphericalGaussian::new(mean, variances[0]).unwrap();
        // A QR decomposition of a few columns of the full factor.
        let roundings = 64.0 * f64::EPSILON;
        let (of_diagonal, of_spherical) = (diagonal.marginal(&chosen).unwrap(), spherical.marginal(&chosen).unwrap());
        assert_relative_eq!(of_diagonal.to_full(), diagonal.to_full().marginal(&chosen).unwrap(), epsilon = roundings);
        assert_relative_eq!(of_spherical.to_full(), spherical.to_full().marginal(&chosen).unwrap(), epsilon = roundings);
        for (place, &coordinate) in chosen.iter().enumerate() {
            prop_assert_eq!(of_diagonal.standard_deviations()[place], variances[coordinate].sqrt());
            prop_assert_eq!(of_diagonal.mean()[place], diagonal.mean()[coordinate]);
        }
        let given = DVector::from_column_slice(&values[..chosen.len()]);
        if chosen.len() < d {
            let (of_diagonal, of_spherical) =
                (diagonal.conditional(&chosen, &given).unwrap(), spherical.conditional(&chosen, &given).unwrap());
            let full = diagonal.to_full().conditional(&chosen, &given).unwrap();
            assert_relative_eq!(of_diagonal.to_full(), full, epsilon = roundings);
            let full = spherical.to_full().conditional(&chosen, &given).unwrap();
            assert_relative_eq!(of_spherical.to_full(), full, epsilon = roundings);
        } else {
            prop_assert_eq!(diagonal.conditional(&chosen, &given).unwrap_err(), DistributionError::ZeroDimension);
            prop_assert_eq!(spherical.conditional(&chosen, &given).unwrap_err(), DistributionError::ZeroDimension);
        }
        let none = DVector::zeros(0);
        prop_assert_eq!(diagonal.conditional(&[], &none), Ok(diagonal.clone()));
        prop_assert_eq!(spherical.conditional(&[], &none), Ok(spherical.clone()));
    }

    #[test]
    fn draws_are_stretched_normals((mean, variances, _) in diagonals(), seed in any::<u64>()) {
        let deviations = variances.map(f64::sqrt);
        draws_stretched_normals(&DiagonalGaussian::new(mean.clone(), variances).unwrap(), &deviations, seed);
        let spherical = SphericalGaussian::new(mean.clone(), deviations[0] * deviations[0]).unwrap();
        let deviation = spherical.standard_deviation();
        draws_stretched_normals(&spherical, &DVector::from_element(mean.len(), deviation), seed);
    }
}

#[test]
fn the_density_of_independent_coordinates_is_the_product_of_theirs() {
    let law = DiagonalGaussian::new(dvector![1.0, -1.0], dvector![4.0, 0.25]).unwrap();
    // By hand: at (3, −1) the first is one deviation off. −½ − ln(2 · ½ · 2π).
    let exact = -0.5 - (2.0 * std::f64::consts::PI).ln();
    assert!((law.ln_pdf(&dvector![3.0, -1.0]).unwrap() - exact).abs() < 4.0 * f64::EPSILON * 2.0);
    assert_eq!(law.standard_deviations(), &dvector![2.0, 0.5]);
    assert_eq!(SphericalGaussian::new(dvector![0.0], 9.0).unwrap().standard_deviation(), 3.0);
}

#[test]
fn a_wrong_diagonal_or_spherical_gaussian_is_named() {
    let diagonal = |mean: DVector<f64>, variances| DiagonalGaussian::new(mean, variances).unwrap_err();
    let spherical = |mean: DVector<f64>, variance| SphericalGaussian::new(mean, variance).unwrap_err();
    assert_eq!(diagonal(DVector::zeros(0), DVector::zeros(0)), DistributionError::ZeroDimension);
    assert_eq!(diagonal(DVector::zeros(0), dvector![1.0]), DistributionError::ZeroDimension);
    assert_eq!(spherical(DVector::zeros(0), 1.0), DistributionError::ZeroDimension);
    for found in [0, 1, 3] {
        let mismatch = DistributionError::DimensionMismatch { what: "the vector of variances", expected: 2, found };
        assert_eq!(diagonal(dvector![0.0, 0.0], DVector::from_element(found, 1.0)), mismatch);
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let infinite = |error: DistributionError, what: &str, row: usize, column: usize| match error {
            DistributionError::NonFinite { what: named, row: r, column: c, value: found } => {
                assert_eq!((named, r, c), (what, row, column));
                assert!(found == value || (found.is_nan() && value.is_nan()));
            }
            other => panic!("{other}"),
        };
        infinite(diagonal(dvector![0.0, value], dvector![1.0, 1.0]), "the mean", 1, 0);
        infinite(spherical(dvector![0.0, value], 1.0), "the mean", 1, 0);
        infinite(diagonal(dvector![0.0, 0.0], dvector![1.0, value]), "the covariance", 1, 1);
        infinite(spherical(dvector![0.0, 0.0], value), "the covariance", 0, 0);
    }
    for value in [0.0, -0.0, -1e-300, -1.0] {
        let flat = |pivot| DistributionError::NotPositiveDefinite { pivot, value };
        assert_eq!(diagonal(dvector![0.0, 0.0, 0.0], dvector![1.0, 1.0, value]), flat(2));
        assert_eq!(spherical(dvector![0.0, 0.0, 0.0], value), flat(0));
    }
}

fn scores_ranges(law: &impl Density<Scalar = f64>) {
    let d = law.dimension();
    let rows = DMatrix::from_fn(700, d, |i, j| ((i * 31 + j * 17) % 101) as f64 / 20.0 - 2.5);
    let whole = law.ln_pdf_rows(&rows).unwrap();
    // Within a block of any size, across some, the ends, and nothing.
    for (first, count) in [(0, 700), (3, 5), (127, 2), (100, 500), (699, 1), (0, 0), (700, 0)] {
        let mut out = vec![f64::NAN; count];
        law.ln_pdf_rows_to(&rows, first, &mut out).unwrap();
        assert_eq!(out, whole.as_slice()[first..first + count], "{count} rows from {first}");
    }
    for (first, count) in [(0, 701), (700, 1), (699, 2), (701, 0), (usize::MAX, 1), (usize::MAX, 0)] {
        let mut out = vec![0.5; count];
        let error = law.ln_pdf_rows_to(&rows, first, &mut out).unwrap_err();
        let row = first.saturating_add(count);
        assert_eq!(error, DistributionError::RowOutOfRange { row, rows: 700 });
        assert_eq!(out, vec![0.5; count], "nothing is written");
    }
    let mut out = [0.0; 2];
    let error = law.ln_pdf_rows_to(&DMatrix::zeros(5, d + 1), 0, &mut out).unwrap_err();
    assert!(matches!(error, DistributionError::DimensionMismatch { found, .. } if found == d + 1), "{error}");
}

#[test]
fn a_range_of_rows_is_scored_as_it_is_among_all_of_them() {
    scores_ranges(&oblique());
    scores_ranges(&DiagonalGaussian::new(dvector![0.5, -1.0, 3.0], dvector![1.0, 0.2, 7.0]).unwrap());
    scores_ranges(&SphericalGaussian::new(dvector![0.5, -1.0, 3.0], 0.3).unwrap());
    scores_ranges(&SphericalGaussian::new(dvector![0.5], 0.3).unwrap());
    // Laws that say nothing about ranges of their own.
    scores_ranges(&clover());
    scores_ranges(&fenchel::distribution::StudentT::new(3.0, dvector![0.0, 1.0], DMatrix::identity(2, 2)).unwrap());
}

/// Of variances at the ends of the range the deviations are numbers with all digits, and so are the logarithms.
#[test]
fn variances_at_the_ends_of_the_range_keep_their_digits() {
    let half_ln_two_pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
    for variance in [5e-324, 1e-320, 1e-300, 1e300, f64::MAX] {
        let (deviation, ln_deviation) = (variance.sqrt(), 0.5 * variance.ln());
        let diagonal = DiagonalGaussian::new(dvector![0.0, 0.0], dvector![variance, 1.0]).unwrap();
        let spherical = SphericalGaussian::new(dvector![0.0, 0.0], variance).unwrap();
        for off in [0.0, 1.0, 3.0] {
            let rows = DMatrix::from_row_slice(1, 2, &[off * deviation, 0.0]);
            // Logarithms of up to 745, and the deviation, round once.
            let near = |found: f64, exact: f64| assert!((found - exact).abs() < 1e-12, "{variance}: {found} {exact}");
            near(diagonal.ln_pdf_rows(&rows).unwrap()[0], -0.5 * off * off - ln_deviation - 2.0 * half_ln_two_pi);
            near(spherical.ln_pdf_rows(&rows).unwrap()[0], -0.5 * off * off - 2.0 * (ln_deviation + half_ln_two_pi));
            near(diagonal.mahalanobis_squared_rows(&rows).unwrap()[0], off * off);
        }
        let draws = spherical.sample_rows(50, &mut rng(90)).unwrap();
        assert!(draws.iter().all(|x| x.is_finite() && x.abs() < 6.0 * deviation));
        assert!((diagonal.ln_determinant() - variance.ln()).abs() < 1e-12);
        assert!((spherical.entropy() - (1.0 + 2.0 * half_ln_two_pi + 2.0 * ln_deviation)).abs() < 1e-12);
    }
    // In a dimension of each end the determinant is 1e-20, and nothing over- or underflows on the way.
    let law = DiagonalGaussian::new(dvector![0.0, 0.0], dvector![1e-320, 1e300]).unwrap();
    assert!((law.ln_determinant() - (1e-320_f64.ln() + 1e300_f64.ln())).abs() < 1e-12);
}

#[test]
fn four_hundred_independent_coordinates_neither_over_nor_underflow() {
    let d = 400;
    // −200 ln(2π/100), by hand: 921.0340371976183 − 367.5754132818691; a sum of 400 roundings of half units of 921.
    let at_mean: f64 = 553.458_623_915_749_2;
    let bound = 1e-10;
    let diagonal = DiagonalGaussian::<f64>::new(DVector::zeros(d), DVector::from_element(d, 0.01)).unwrap();
    let spherical = SphericalGaussian::<f64>::new(DVector::zeros(d), 0.01).unwrap();
    let (mean, one_off) = (DVector::zeros(d), DVector::from_element(d, 0.1));
    for found in [diagonal.ln_pdf(&mean).unwrap(), spherical.ln_pdf(&mean).unwrap()] {
        assert!((found - at_mean).abs() < bound, "{found}");
    }
    for found in [diagonal.ln_pdf(&one_off).unwrap(), spherical.ln_pdf(&one_off).unwrap()] {
        assert!((found - (at_mean - 200.0)).abs() < bound, "{found}");
    }
    let single = SphericalGaussian::<f32>::new(DVector::zeros(d), 0.01).unwrap();
    let found = f64::from(single.ln_pdf(&DVector::zeros(d)).unwrap());
    assert!((found - at_mean).abs() < 400.0 * 921.0 * f64::from(f32::EPSILON), "{found}");
    // Half of the variances large and half small: the product is 1.
    let mixed = DVector::<f64>::from_fn(d, |i, _| if i % 2 == 0 { 1e100 } else { 1e-100 });
    let law = DiagonalGaussian::new(DVector::zeros(d), mixed).unwrap();
    assert!(law.ln_determinant().abs() < 400.0 * 231.0 * f64::EPSILON); // as many logarithms of 230
}

#[test]
fn far_out_the_density_is_minus_infinity_and_nan_only_at_a_nan() {
    let diagonal = DiagonalGaussian::new(dvector![0.0, 0.0], dvector![1e-300, 1.0]).unwrap();
    let spherical = SphericalGaussian::new(dvector![-1e300, 0.0], 1e-300).unwrap();
    for point in [dvector![1e300, 0.0], dvector![f64::INFINITY, 0.0], dvector![f64::NEG_INFINITY, f64::INFINITY]] {
        assert_eq!(diagonal.ln_pdf(&point), Ok(f64::NEG_INFINITY));
        assert_eq!(spherical.ln_pdf(&point), Ok(f64::NEG_INFINITY));
    }
    assert!(diagonal.ln_pdf(&dvector![f64::NAN, f64::INFINITY]).unwrap().is_nan());
    assert!(spherical.ln_pdf(&dvector![0.0, f64::NAN]).unwrap().is_nan());
}

#[test]
fn a_mixture_of_spheres_is_the_mixture_of_the_same_full_laws() {
    let laws =
        [(0.0, 1.0), (3.0, 0.25), (-1.0, 9.0)].map(|(x, v)| SphericalGaussian::new(dvector![x, 1.0], v).unwrap());
    let full = laws.iter().map(SphericalGaussian::to_full).collect();
    let (law, full) =
        (Mixture::new(&[1.0, 2.0, 3.0], laws.to_vec()).unwrap(), Mixture::new(&[1.0, 2.0, 3.0], full).unwrap());
    let rows = full.sample_rows(300, &mut rng(91)).unwrap();
    assert_eq!(law.sample_rows(300, &mut rng(91)).unwrap(), rows);
    // Sums of a few terms of size ten.
    assert!((law.ln_pdf_rows(&rows).unwrap() - full.ln_pdf_rows(&rows).unwrap()).amax() < 1e-13);
    assert!((law.responsibilities(&rows).unwrap() - full.responsibilities(&rows).unwrap()).amax() < 1e-13);
    assert_relative_eq!(law.covariance(), full.covariance(), max_relative = 1e-14, epsilon = 1e-14);
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_among_others() {
    for d in [1, 2, 5, 17, 40] {
        let factor = DMatrix::from_fn(d, d, |i, j| if i == j { 1.5 } else { (i as f64 + 2.0 * j as f64).sin() / 4.0 });
        let full = Gaussian::from_cholesky(DVector::from_fn(d, |i, _| 0.1 * i as f64), factor).unwrap();
        let deviations = DVector::from_fn(d, |i, _| 0.3 + i as f64);
        let diagonal = DiagonalGaussian::new(full.mean(), deviations).unwrap();
        let spherical = SphericalGaussian::new(full.mean(), 0.7).unwrap();
        let rows = full.sample_rows(40, &mut rng(5)).unwrap();
        let together = [full.ln_pdf_rows(&rows), diagonal.ln_pdf_rows(&rows), spherical.ln_pdf_rows(&rows)];
        for i in 0..rows.nrows() {
            let row = rows.row(i).transpose();
            let alone = [full.ln_pdf(&row), diagonal.ln_pdf(&row), spherical.ln_pdf(&row)];
            for (together, alone) in together.iter().zip(alone) {
                assert_eq!(together.as_ref().unwrap()[i].to_bits(), alone.unwrap().to_bits(), "{d} {i}");
            }
        }
    }
}

#[test]
fn a_mixture_is_the_same_law_without_its_structure() {
    let component = |x: f64, v: f64| DiagonalGaussian::new(dvector![x, 1.0], dvector![v, 2.0]).unwrap();
    let law = Mixture::new(&[1.0, 3.0], vec![component(0.0, 1.0), component(4.0, 0.5)]).unwrap();
    let full = law.to_full();
    let rows = full.sample_rows(50, &mut rng(73)).unwrap();
    assert_eq!(rows, law.sample_rows(50, &mut rng(73)).unwrap());
    let (a, b) = (law.ln_pdf_rows(&rows).unwrap(), full.ln_pdf_rows(&rows).unwrap());
    assert!((a - b).amax() < 1e-14); // zeros times numbers change nothing but a rounding
}

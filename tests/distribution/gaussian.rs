//! The multivariate normal law.

use approx::assert_relative_eq;
use fenchel::distribution::{AffineImage, Density, Gaussian, Law, Marginal, Mixture, Moments, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector, convert, dmatrix, dvector};
use fenchel::{DistributionError, Real};
use proptest::prelude::*;

use crate::{clover, fixed, gaussians, oblique, points, rng, singular};

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn the_gaussian_density_is_the_textbook_formula(
        (law, rows) in (1..=4_usize).prop_flat_map(|d| (gaussians(d, 0.5..2.0, 0.5), points(d))),
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
        law in (1..=5_usize).prop_flat_map(|d| gaussians(d, 0.5..2.0, 0.5)),
    ) {
        let again = Gaussian::new(law.mean(), law.covariance()).unwrap();
        // A factorisation of a well-conditioned matrix: condition numbers up to about 1e3.
        assert_relative_eq!(again, law, epsilon = 1e-12);
        let by_determinant = law.covariance().determinant().ln();
        prop_assert!((law.ln_determinant() - by_determinant).abs() <= 1e-12 * (1.0 + by_determinant.abs()));
    }

    #[test]
    fn the_density_at_one_point_is_the_density_at_that_row(
        (law, rows) in (1..=4_usize).prop_flat_map(|d| (gaussians(d, 0.5..2.0, 0.5), points(d))),
    ) {
        let all = law.ln_pdf_rows(&rows).unwrap();
        for (row, &ln_pdf) in rows.row_iter().zip(all.iter()) {
            prop_assert_eq!(law.ln_pdf(&row.transpose()).unwrap(), ln_pdf);
        }
    }

    #[test]
    fn a_density_moves_along_with_an_affine_map(
        (first, second, rows, entries, offset, weight) in (1..=4_usize).prop_flat_map(|d| (
            gaussians(d, 0.5..2.0, 0.5),
            gaussians(d, 0.5..2.0, 0.5),
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
fn a_projection_onto_fewer_dimensions_is_a_marginal() {
    let law = oblique();
    let onto = dmatrix![0.0, 0.0, 1.0; 1.0, 0.0, 0.0];
    let marginal = law.affine_image(&onto, &dvector![0.0, 0.0]).unwrap();
    let expected = Gaussian::new(dvector![0.5, 1.0], dmatrix![0.5, -0.4; -0.4, 4.0]).unwrap();
    assert_relative_eq!(marginal, expected, epsilon = 1e-15, max_relative = 1e-14); // a handful of roundings
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

/// An image has the factor of the law times the map, of whatever size the map is and in both precisions: a root of a covariance never goes through its square.
#[test]
fn images_and_marginals_do_not_depend_on_units() {
    fn check<T: Real>(sizes: &[f64]) {
        let number = convert::<f64, T>;
        let factor = dmatrix![number(1.0), number(0.0); number(0.5), number(1.0)];
        let law = Gaussian::from_cholesky(DVector::zeros(2), factor.clone()).unwrap();
        // Householder's steps for two columns: a dozen roundings.
        let bound = T::default_epsilon() * number(16.0);
        for &size in sizes {
            let size = number(size);
            for sizes in [[size, size], [size, number(1.0)], [number(1.0), size]] {
                let map = DMatrix::from_diagonal(&DVector::from_row_slice(&sizes));
                let image = law.affine_image(&map, &DVector::zeros(2)).unwrap();
                for (i, j) in [(0, 0), (1, 0), (1, 1)] {
                    let error = (image.cholesky_factor()[(i, j)] / sizes[i] - factor[(i, j)]).abs();
                    assert!(error <= bound, "{sizes:?}, ({i}, {j}): {error}");
                }
                let deviation = image.marginal(&[1]).unwrap().cholesky_factor()[0] / sizes[1];
                assert!((deviation - number(1.25).sqrt()).abs() <= bound, "{sizes:?}: {deviation}");
            }
        }
    }
    check::<f64>(&[1e-300, 1e-200, 1e-160, 1e-10, 1.0, 1e10, 1e155, 1e200, 1e300]);
    check::<f32>(&[1e-30, 1e-23, 1e-20, 1e-10, 1.0, 1e10, 1e19, 1e30]);
}

#[test]
fn a_factor_with_a_pivot_that_is_not_positive_is_refused_whatever_stands_beside_it() {
    let new = |factor: DMatrix<f64>| Gaussian::from_cholesky(DVector::zeros(factor.nrows()), factor);
    assert_eq!(singular(new(dmatrix![-1e200]).unwrap_err()), (0, -1e200));
    assert_eq!(singular(new(dmatrix![1.0, 0.0; 1e300, -1.0]).unwrap_err()), (1, -1.0));
    assert_eq!(singular(new(dmatrix![1.0, 0.0; 1e300, 0.0]).unwrap_err()), (1, 0.0));
    assert!(new(dmatrix![1.0, 0.0; 1e300, 1.0]).is_ok());
    assert!(new(dmatrix![1.0, 0.0; 1e300, 1e-30]).is_ok());
    let single = Gaussian::from_cholesky(DVector::zeros(1), dmatrix![-2e19_f32]).unwrap_err();
    assert_eq!(singular(single), (0, f64::from(-2e19_f32)));
    let too_large = |d| DistributionError::TooLarge { rows: d, columns: d };
    for d in [usize::MAX, 1 << 62] {
        assert_eq!(Gaussian::<f64>::standard(d), Err(too_large(d)));
    }
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

#[test]
fn densities_and_entropies_are_those_of_scipy() {
    let reference = crate::reference();
    for d in [1, 2, 3, 6] {
        let of = |what: &str| &reference[what];
        let mean = DVector::from_column_slice(of(&format!("law{d} mean")));
        let covariance = crate::matrix(of(&format!("law{d} covariance")), d);
        let law = Gaussian::new(mean.clone(), covariance.clone()).unwrap();
        let by_precision = Gaussian::from_precision(mean, covariance.try_inverse().unwrap()).unwrap();
        let rows = crate::matrix(of(&format!("law{d} at")), d);
        for law in [law, by_precision] {
            for (found, expected) in law.ln_pdf_rows(&rows).unwrap().iter().zip(of(&format!("normal{d} ln_pdf"))) {
                // The condition of the covariances, up to about 1e3, times a rounding.
                assert!((found - expected).abs() <= 1e-12 * (1.0 + expected.abs()), "{d}: {found} {expected}");
            }
            let expected = of(&format!("normal{d} entropy"))[0];
            assert!((law.entropy() - expected).abs() <= 1e-12 * (1.0 + expected.abs()));
        }
    }
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn a_precision_describes_the_law_of_its_inverse(law in (1..=5_usize).prop_flat_map(|d| gaussians(d, 0.5..2.0, 0.5))) {
        let inverse = law.covariance().try_inverse().unwrap();
        let again = Gaussian::from_precision(law.mean(), inverse).unwrap();
        // Two inversions of matrices of condition up to about 1e3.
        assert_relative_eq!(again, law, epsilon = 1e-11);
    }

    #[test]
    fn entropy_is_the_mean_of_minus_the_log_density(
        law in (1..=2_usize).prop_flat_map(|d| gaussians(d, 0.8..1.5, 0.5)),
    ) {
        // By the trapezoidal rule, as densities are integrated: -p ln p, out to more than seven deviations.
        let (step, side) = (0.25, 64);
        let axis: Vec<f64> = (-side..=side).map(|i| f64::from(i) * step).collect();
        let d = law.dimension();
        let total = axis.len().pow(d as u32);
        let rows = DMatrix::from_fn(total, d, |i, j| axis[i / axis.len().pow(j as u32) % axis.len()]);
        let sum: f64 = law.ln_pdf_rows(&rows).unwrap().iter().map(|ln| -ln * ln.exp()).sum();
        // Deviations of at least 0.8 along an axis and 0.5 or so across: exact to e^-2π²·4; outside lies e^-25 or so.
        prop_assert!((law.entropy() - sum * step.powi(d as i32)).abs() < 1e-9);
    }
}

#[test]
fn a_wrong_precision_is_named() {
    let new = |precision: DMatrix<f64>| Gaussian::from_precision(DVector::zeros(2), precision).unwrap_err();
    let mismatch = DistributionError::DimensionMismatch { what: "the precision", expected: 2, found: 3 };
    assert_eq!(new(DMatrix::identity(3, 3)), mismatch);
    let asymmetric = DistributionError::NotSymmetric { row: 1, column: 0, value: 0.25, mirrored: 0.5 };
    assert_eq!(new(dmatrix![1.0, 0.5; 0.25, 1.0]), asymmetric);
    let infinite = DistributionError::NonFinite { what: "the precision", row: 0, column: 1, value: f64::INFINITY };
    assert_eq!(new(dmatrix![1.0, f64::INFINITY; 0.0, 1.0]), infinite);
    // From the end: the first row is left over, and 1 - 2² with it.
    assert_eq!(singular(new(dmatrix![1.0, 2.0; 2.0, 1.0])), (0, -3.0));
    assert_eq!(singular(new(DMatrix::from_diagonal(&dvector![1.0, -1.0]))), (1, -1.0));
    assert_eq!(singular(new(dmatrix![1.0, 1.0; 1.0, 1.0])).0, 0);
    let empty = Gaussian::<f64>::from_precision(DVector::zeros(0), DMatrix::zeros(0, 0));
    assert_eq!(empty.unwrap_err(), DistributionError::ZeroDimension);
}

#[test]
fn a_dense_law_in_dimension_400_keeps_its_log_density() {
    // An autoregression x_k = 0.9 x_(k-1) + 0.1 z_k with covariance 0.01 0.9^|i-j|/(1 - 0.81): its density is a product of 400 of one variable.
    let d = 400;
    let scale = 0.01 / 0.19;
    let covariance = DMatrix::from_fn(d, d, |i, j| scale * 0.9_f64.powi((i as i32 - j as i32).abs()));
    let law = Gaussian::new(DVector::zeros(d), covariance.clone()).unwrap();
    let point = DVector::from_fn(d, |i, _| (i as f64 * 0.37).sin() * 0.2);
    let normal = |x: f64, variance: f64| -0.5 * x * x / variance - 0.5 * (2.0 * std::f64::consts::PI * variance).ln();
    let chain: f64 = (1..d).map(|k| normal(point[k] - 0.9 * point[k - 1], 0.01)).sum();
    let exact = normal(point[0], scale) + chain;
    let found = law.ln_pdf(&point).unwrap();
    // 400 terms of size up to 10, each off by the condition number 361 times a rounding.
    assert!((found - exact).abs() < 400.0 * 10.0 * 361.0 * f64::EPSILON, "{found} {exact}");
    let single = Gaussian::<f32>::new(DVector::zeros(d), covariance.map(|x| x as f32)).unwrap();
    let found = f64::from(single.ln_pdf(&point.map(|x| x as f32)).unwrap());
    // The same in f32, but for the root of the number of terms: roundings of entries are independent.
    assert!((found - exact).abs() < 20.0 * 10.0 * 361.0 * f64::from(f32::EPSILON), "{found} {exact}");
    // Conditioning on 399 of them leaves the one step.
    let given = DVector::from_fn(d - 1, |i, _| point[i]);
    let others: Vec<_> = (0..d - 1).collect();
    let last = fenchel::distribution::Conditional::conditional(&law, &others, &given).unwrap();
    assert!((last.mean()[0] - 0.9 * point[d - 2]).abs() < 361.0 * 10.0 * f64::EPSILON); // the condition number, a few times
    assert!((last.covariance()[0] - 0.01).abs() < 0.01 * 361.0 * 10.0 * f64::EPSILON);
}

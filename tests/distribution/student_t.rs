//! The multivariate t law.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{AffineImage, Density, Gaussian, Law, Moments, SampleRows, StudentT};
use fenchel::divergence::{ForwardKl, exact};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_dual::Dual64;

use crate::{matrix, oblique, reference, rng, sample_moments};

#[test]
fn densities_are_those_of_scipy() {
    let reference = reference();
    for d in [1, 2, 3, 6] {
        let of = |what: String| &reference[what.as_str()];
        let location = DVector::from_column_slice(of(format!("law{d} mean")));
        let scale = matrix(of(format!("law{d} covariance")), d);
        let rows = matrix(of(format!("law{d} at")), d);
        for degrees in ["0.5", "1.0", "2.5", "10.0", "31.5", "33.0"] {
            let law = StudentT::new(degrees.parse().unwrap(), location.clone(), scale.clone()).unwrap();
            for (found, expected) in law.ln_pdf_rows(&rows).unwrap().iter().zip(of(format!("t{d} {degrees} ln_pdf"))) {
                // The condition of the scales, up to about 1e3, times a rounding.
                assert!(
                    (found - expected).abs() <= 1e-12 * (1.0 + expected.abs()),
                    "{d} {degrees}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn it_tends_to_the_gaussian() {
    let rows = oblique().sample_rows(100, &mut rng(61)).unwrap();
    let normal = oblique().ln_pdf_rows(&rows).unwrap();
    for degrees in [1e4, 1e8, 1e16, 1e300_f64] {
        let law = StudentT::new(degrees, oblique().mean(), oblique().covariance()).unwrap();
        let found = law.ln_pdf_rows(&rows).unwrap();
        for (row, (found, expected)) in found.iter().zip(normal.iter()).enumerate() {
            // The first term of the expansion in 1/ν, (δ² - 2 d δ + d (d - 2))/(4 ν), of which δ is below 30; and roundings.
            let squared = -2.0 * (expected - oblique().ln_pdf(&oblique().mean()).unwrap());
            let first = (squared * squared - 6.0 * squared + 3.0) / (4.0 * degrees);
            let next = 30.0_f64.powi(3) / (degrees * degrees);
            assert!((found - expected - first).abs() <= next + 1e-13 * (1.0 + expected.abs()), "{degrees}, row {row}");
        }
    }
}

#[test]
fn tails_are_finite_where_squares_overflow() {
    // Cauchy: ln p = -ln π - ln(1 + x²), to all digits -ln π - 2 ln x.
    let law = StudentT::new(1.0, DVector::zeros(1), dmatrix![1.0]).unwrap();
    for x in [1e100, 1e200, 1e307] {
        let expected = -std::f64::consts::PI.ln() - 2.0 * f64::ln(x);
        assert_relative_eq!(law.ln_pdf(&dvector![x]).unwrap(), expected, max_relative = 1e-14); // a few roundings
    }
    let single = StudentT::<f32>::new(1.0, DVector::zeros(1), dmatrix![1.0]).unwrap();
    let expected = -std::f32::consts::PI.ln() - 2.0 * 1e30_f32.ln();
    assert_relative_eq!(single.ln_pdf(&dvector![1e30]).unwrap(), expected, max_relative = 1e-6); // a few roundings
    assert_eq!(law.ln_pdf(&dvector![f64::INFINITY]), Ok(f64::NEG_INFINITY));
    assert!(law.ln_pdf(&dvector![f64::NAN]).unwrap().is_nan());
    // In dimension 400, where the determinant is 1e-800.
    let wide = StudentT::new(5.0, DVector::zeros(400), DMatrix::identity(400, 400) * 0.01).unwrap();
    // lnΓ(202.5) - lnΓ(2.5) - 200 ln(5π) + 200 ln 100, with lnΓ of a half-integer as a sum of logarithms.
    let ln_gamma_ratio: f64 = (0..200).map(|j| f64::ln(2.5 + f64::from(j))).sum();
    let expected = ln_gamma_ratio - 200.0 * (5.0 * std::f64::consts::PI).ln() + 200.0 * 100.0_f64.ln();
    assert_relative_eq!(wide.ln_pdf(&DVector::zeros(400)).unwrap(), expected, max_relative = 1e-13); // 400 terms
}

#[test]
fn half_of_the_degrees_of_freedom_is_a_number_too() {
    let least = StudentT::new(5e-324, dvector![0.0], dmatrix![1.0]);
    assert!(matches!(least, Err(DistributionError::InvalidParameter { value: 5e-324, .. })), "{least:?}");
    assert!(
        StudentT::new(1e-323, dvector![0.0_f64], dmatrix![1.0]).unwrap().ln_pdf(&dvector![0.5]).unwrap().is_finite()
    );
}

#[test]
fn moments_exist_for_enough_degrees_of_freedom_only() {
    let law = |degrees| StudentT::new(degrees, oblique().mean(), oblique().covariance()).unwrap();
    let missing = |moment, degrees_of_freedom, least| DistributionError::NoMoment { moment, degrees_of_freedom, least };
    assert_eq!(law(1.0).mean(), Err(missing("mean", 1.0, 1.0)));
    assert_eq!(law(2.0).covariance(), Err(missing("covariance", 2.0, 2.0)));
    assert_eq!(law(2.0).mean(), Ok(oblique().mean()));
    assert_relative_eq!(law(3.0).covariance().unwrap(), oblique().covariance() * 3.0, max_relative = 1e-14); // one product
    // Draws with ten degrees of freedom, of kurtosis 3 + 6/6 = 4.
    let (n, exact) = (100_000, law(10.0).covariance().unwrap());
    let (mean, covariance) = sample_moments(&law(10.0).sample_rows(n, &mut rng(62)).unwrap());
    for i in 0..3 {
        // Five standard errors: once in two million seeds.
        assert!((mean[i] - oblique().mean()[i]).abs() <= 5.0 * (exact[(i, i)] / n as f64).sqrt());
        for j in 0..3 {
            let error = (4.0 * exact[(i, i)] * exact[(j, j)] / n as f64).sqrt();
            assert!((covariance[(i, j)] - exact[(i, j)]).abs() <= 5.0 * error);
        }
    }
}

#[test]
fn an_affine_image_has_the_image_of_the_density() {
    let law = StudentT::new(2.5, oblique().mean(), oblique().covariance()).unwrap();
    let (map, offset) = (dmatrix![1.0, 2.0, 0.0; 0.5, -1.0, 1.0; 0.0, 0.3, 2.0], dvector![3.0, -1.0, 10.0]);
    let image = law.affine_image(&map, &offset).unwrap();
    let rows = oblique().sample_rows(50, &mut rng(63)).unwrap();
    for row in rows.row_iter() {
        let point = row.transpose();
        let expected = law.ln_pdf(&point).unwrap() - map.determinant().abs().ln();
        let found = image.ln_pdf(&(&map * &point + &offset)).unwrap();
        assert!((found - expected).abs() < 1e-12 * (1.0 + expected.abs())); // the condition of map and scale, about 100
    }
    assert_eq!((image.degrees_of_freedom(), image.dimension()), (2.5, 3));
}

#[test]
fn draws_of_tiny_degrees_of_freedom_are_huge_but_never_nan() {
    for degrees in [1e-3, 1e-300] {
        let law = StudentT::<f64>::new(degrees, dvector![1.0, 2.0], DMatrix::identity(2, 2)).unwrap();
        let rows = law.sample_rows(10_000, &mut rng(64)).unwrap();
        assert!(rows.iter().all(|x| !x.is_nan()));
    }
    let narrow = StudentT::<f64>::new(f64::MAX, dvector![1.0], dmatrix![1.0]).unwrap();
    assert!(narrow.sample_rows(1000, &mut rng(65)).unwrap().iter().all(|x| (x - 1.0).abs() < 6.0)); // once in a million
}

#[test]
fn its_slope_is_that_of_the_formula() {
    // d/dx ln p = -(ν + 1)(x - μ)/(ν σ² + (x - μ)²).
    let (degrees, location, deviation) = (2.5, 1.0, 0.7);
    let matrix = |x: f64| DMatrix::from_element(1, 1, Dual64::from(x));
    let law = StudentT::from_cholesky(degrees, matrix(location).column(0).into_owned(), matrix(deviation)).unwrap();
    for x in [-3.0, 0.9, 1.0, 40.0] {
        let found = law.ln_pdf(&DVector::from_element(1, Dual64::from(x).derivative())).unwrap();
        let apart = x - location;
        let slope = -(degrees + 1.0) * apart / (degrees * deviation * deviation + apart * apart);
        assert_relative_eq!(found.eps, slope, max_relative = 1e-14); // a few roundings
    }
}

#[test]
fn quadrature_finds_a_cauchy_law() {
    // Chyzak and Nielsen (2019): KL between Cauchy laws is ln(((s + t)² + (m - n)²)/(4 s t)).
    let law = |place: f64, scale: f64| StudentT::from_cholesky(1.0, dvector![place], dmatrix![scale]).unwrap();
    let found = exact::quadrature(&ForwardKl, &law(0.0, 1.0), &law(3.0, 2.0)).unwrap();
    assert!((found.value - (18.0_f64 / 8.0).ln()).abs() < 1e-8, "{found:?}"); // which quadrature promises
}

#[test]
fn a_wrong_t_law_is_named() {
    for value in [0.0, -1.0, f64::INFINITY] {
        let (what, range) = ("the number of degrees of freedom", "positive and finite in the precision of the law");
        let error = StudentT::new(value, DVector::zeros(1), dmatrix![1.0]).unwrap_err();
        assert_eq!(error, DistributionError::InvalidParameter { what, value, range });
    }
    assert!(StudentT::new(f64::NAN, DVector::zeros(1), dmatrix![1.0]).is_err());
    assert!(StudentT::<f32>::new(1e300, DVector::zeros(1), dmatrix![1.0]).is_err());
    assert!(StudentT::<f32>::new(1e-300, DVector::zeros(1), dmatrix![1.0]).is_err());
    let empty = StudentT::<f64>::new(1.0, DVector::zeros(0), DMatrix::zeros(0, 0)).unwrap_err();
    assert_eq!(empty, DistributionError::ZeroDimension);
    let singular = StudentT::new(1.0, DVector::zeros(2), dmatrix![1.0, 1.0; 1.0, 1.0]).unwrap_err();
    assert!(matches!(singular, DistributionError::NotPositiveDefinite { pivot: 1, .. }));
    let law = StudentT::<f64>::new(1.0, DVector::zeros(2), DMatrix::identity(2, 2)).unwrap();
    let mismatch = DistributionError::DimensionMismatch { what: "the row", expected: 2, found: 3 };
    assert_eq!(law.ln_pdf(&DVector::zeros(3)).unwrap_err(), mismatch);
    assert_eq!(law.shape(), &Gaussian::standard(2).unwrap());
}

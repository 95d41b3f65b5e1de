//! The uniform law on a box.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{Cdf, Density, Gaussian, Marginal, SampleRows, UniformBox};
use fenchel::divergence::{ForwardKl, exact};
use fenchel::nalgebra::{DVector, dmatrix, dvector};

use crate::{KOLMOGOROV, has_its_moments, kolmogorov, rng};

/// [0, 2] × [−3, 1].
pub fn plank() -> UniformBox<f64> {
    UniformBox::new(dvector![0.0, -3.0], dvector![2.0, 1.0]).unwrap()
}

#[test]
fn the_density_is_one_over_the_volume_with_the_boundary_and_zero_outside() {
    let inside = -(8.0_f64.ln());
    for point in [dvector![1.0, 0.0], dvector![0.0, -3.0], dvector![2.0, 1.0]] {
        assert_relative_eq!(plank().ln_pdf(&point).unwrap(), inside, max_relative = 1e-15); // a sum of two
    }
    for point in [dvector![-1e-9, 0.0], dvector![1.0, 1.1], dvector![f64::INFINITY, 0.0], dvector![3.0, -9.0]] {
        assert_eq!(plank().ln_pdf(&point), Ok(f64::NEG_INFINITY));
    }
    for point in [dvector![f64::NAN, 0.0], dvector![f64::NAN, 7.0], dvector![7.0, f64::NAN]] {
        assert!(plank().ln_pdf(&point).unwrap().is_nan());
    }
    assert_relative_eq!(plank().entropy(), -inside, max_relative = 1e-15);
    // 400 dimensions, where the volume is 1e-800.
    let small = UniformBox::new(DVector::zeros(400), DVector::from_element(400, 0.01)).unwrap();
    assert_relative_eq!(small.ln_pdf(&DVector::zeros(400)).unwrap(), 800.0 * 10.0_f64.ln(), max_relative = 1e-13); // 400 terms
}

#[test]
fn coordinates_of_draws_are_uniform() {
    has_its_moments("box", &plank(), 1.8);
    let rows = plank().sample_rows(1_000_000, &mut rng(51)).unwrap();
    for (j, column) in rows.column_iter().enumerate() {
        let law = plank().marginal(&[j]).unwrap();
        let statistic = kolmogorov(column.iter().copied().collect(), |x| law.cdf(x).unwrap());
        assert!(statistic < KOLMOGOROV, "coordinate {j}: {statistic}");
    }
    // Independent: what is left of a projection is a trapezium, of mean and variance the sum.
    let sum = rows.column(0) + rows.column(1);
    let inside = sum.iter().filter(|&&x| (-1.0..=1.0).contains(&x)).count();
    // The middle part of the trapezium has half of the mass; five deviations of a binomial count of a million.
    assert!((inside as f64 - 5e5).abs() < 5.0 * 500.0, "{inside}");
}

#[test]
fn the_distribution_function_is_a_ramp() {
    let law = UniformBox::new(dvector![-1.0], dvector![3.0]).unwrap();
    for (x, expected) in [(-2.0, 0.0), (-1.0, 0.0), (0.0, 0.25), (3.0, 1.0), (f64::INFINITY, 1.0)] {
        assert_eq!(law.cdf(x), Ok(expected));
    }
    assert!(law.cdf(f64::NAN).unwrap().is_nan());
    assert!(plank().cdf(0.0).is_err());
}

#[test]
fn a_map_along_the_axes_makes_a_box() {
    let image = plank().scaled(&dvector![-0.5, 2.0], &dvector![1.0, 0.0]).unwrap();
    assert_eq!(image, UniformBox::new(dvector![0.0, -6.0], dvector![1.0, 2.0]).unwrap());
    assert_eq!(image.lower()[0], 0.0);
    let flat = plank().scaled(&dvector![0.0, 1.0], &dvector![1.0, 0.0]).unwrap_err();
    assert_eq!(flat, DistributionError::InvalidInterval { coordinate: 0, lower: 1.0, upper: 1.0 });
    let what = "the vector of factors";
    let infinite = DistributionError::NonFinite { what, row: 1, column: 0, value: f64::INFINITY };
    assert_eq!(plank().scaled(&dvector![1.0, f64::INFINITY], &DVector::zeros(2)).unwrap_err(), infinite);
    let mismatch = DistributionError::DimensionMismatch { what: "the vector of offsets", expected: 2, found: 1 };
    assert_eq!(plank().scaled(&dvector![1.0, 1.0], &dvector![1.0]).unwrap_err(), mismatch);
}

#[test]
fn quadrature_finds_a_box() {
    let law = UniformBox::new(dvector![5.0], dvector![6.0]).unwrap();
    let normal = Gaussian::new(dvector![5.0], dmatrix![4.0]).unwrap();
    // KL(U ‖ N) = -h(U) + ½ ln(2π 4) + E (x - 5)²/8 with E (x - 5)² = 1/3.
    let expected = 0.5 * (8.0 * std::f64::consts::PI).ln() + 1.0 / 24.0;
    let found = exact::quadrature(&ForwardKl, &law, &normal).unwrap();
    assert!((found.value - expected).abs() < 1e-8, "{found:?}"); // which it promises at jumps
    // In the plane, against a wider box: the logarithm of the quotient of the volumes.
    let wide = UniformBox::new(dvector![-1.0, -4.0], dvector![3.0, 2.0]).unwrap();
    let found = exact::monte_carlo(&ForwardKl, &plank(), &wide, 100_000, &mut rng(52)).unwrap();
    assert!((found.mean - 3.0_f64.ln()).abs() < 5.0 * found.std_error, "{found:?}");
}

#[test]
fn a_wrong_box_is_named() {
    let new = |lower, upper| UniformBox::new(lower, upper).unwrap_err();
    assert_eq!(new(DVector::<f64>::zeros(0), DVector::zeros(0)), DistributionError::ZeroDimension);
    let mismatch = DistributionError::DimensionMismatch { what: "the upper corner", expected: 2, found: 1 };
    assert_eq!(new(dvector![0.0, 0.0], dvector![1.0]), mismatch);
    let interval = |lower, upper| DistributionError::InvalidInterval { coordinate: 1, lower, upper };
    for (lower, upper) in [(1.0, 1.0), (2.0, 1.0), (-1e308, 1e308)] {
        assert_eq!(new(dvector![0.0, lower], dvector![1.0, upper]), interval(lower, upper));
    }
    let infinite =
        DistributionError::NonFinite { what: "the lower corner", row: 0, column: 0, value: f64::NEG_INFINITY };
    assert_eq!(new(dvector![f64::NEG_INFINITY], dvector![1.0]), infinite);
    assert!(matches!(
        new(dvector![0.0], dvector![f64::NAN]),
        DistributionError::NonFinite { what: "the upper corner", .. }
    ));
}

//! Numbers at the ends of the range: whatever a law accepts, its densities, distribution functions and draws are numbers.

use fenchel::distribution::{
    AffineImage, Bandwidth, Cdf, Conditional, Density, DiagonalGaussian, Empirical, Gaussian, KernelDensity, Landmarks,
    Marginal, Mixture, SampleRows, SphericalGaussian, StudentT, UniformBox,
};
use fenchel::nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

use crate::{fixed, rng};

/// Ordinary numbers and others. Not beyond 1e150, the roots of the numbers: a covariance of factors beyond that is none.
fn number() -> impl Strategy<Value = f64> {
    let extreme = [0.0, 1.0, -1.0, 1e-300, 5e-324, -1e-150, 1e150, -1e150, 1e77, 1e-77, f64::INFINITY, f64::NAN];
    prop_oneof![3 => -3.0..3.0_f64, 1 => prop::sample::select(extreme.to_vec())]
}

fn numbers(n: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(number(), n)
}

/// No panic, and no NaN that is not the caller's own.
fn gives_numbers<L>(law: &L, points: &DMatrix<f64>, list: &[usize], values: &DVector<f64>)
where
    L: Density<Scalar = f64> + SampleRows + Marginal + Conditional + Landmarks,
{
    let ln_pdf = law.ln_pdf_rows(points).unwrap();
    for (row, ln_pdf) in points.row_iter().zip(ln_pdf.iter()) {
        assert!(!ln_pdf.is_nan() || row.iter().any(|x| x.is_nan()), "at {row}");
    }
    assert!(law.sample_rows(20, &mut rng(81)).unwrap().iter().all(|x| !x.is_nan()));
    law.landmarks().unwrap();
    for part in [law.marginal(list), law.conditional(list, values)].into_iter().flatten() {
        let origin = DVector::zeros(part.dimension());
        assert!(!part.ln_pdf(&origin).unwrap().is_nan());
        assert!(part.sample_rows(20, &mut rng(82)).unwrap().iter().all(|x| !x.is_nan()));
    }
}

fn rises_from_zero_to_one<L: Cdf<Scalar = f64>>(law: &L) {
    let places = [f64::NEG_INFINITY, -1e300, -1e10, -1.0, 0.0, 1e-300, 1.0, 1e10, 1e300, f64::INFINITY];
    let values: Vec<f64> = places.iter().map(|&x| law.cdf(x).unwrap()).collect();
    // Four weights at most, each rounded, and the sum of as many terms.
    let rounding = 4.0 * f64::EPSILON;
    assert!(values[0] == 0.0 && (values[9] - 1.0).abs() <= rounding, "{values:?}");
    assert!(values.windows(2).all(|pair| pair[0] <= pair[1] + rounding), "{values:?}");
}

proptest! {
    #![proptest_config(fixed(2000))]

    #[test]
    fn whatever_a_law_accepts_it_answers_in_numbers(
        (mean, entries, points, values, other) in (1..=3_usize).prop_flat_map(|d| (
            numbers(d), numbers(d * d), numbers(4 * d), numbers(3), numbers(d),
        )),
        list in prop::collection::vec(0..4_usize, 0..4),
        weights in numbers(3),
    ) {
        let d = mean.len();
        let (mean, other) = (DVector::from_vec(mean), DVector::from_vec(other));
        let matrix = DMatrix::from_vec(d, d, entries);
        let square = &matrix * matrix.transpose();
        let points = DMatrix::from_vec(4, d, points);
        let values = DVector::from_column_slice(&values[..list.len()]);
        let gaussians: Vec<_> = [
            Gaussian::from_cholesky(mean.clone(), matrix.map(f64::abs)),
            Gaussian::new(mean.clone(), square.clone()),
            Gaussian::from_precision(mean.clone(), square.clone()),
        ].into_iter().flatten().collect();
        for law in &gaussians {
            gives_numbers(law, &points, &list, &values);
            prop_assert!(!law.entropy().is_nan());
            if let Ok(image) = law.affine_image(&matrix, &mean) {
                gives_numbers(&image, &points, &list, &values);
            }
            for degrees in [1e-10, 1.0, 1e10] {
                let t = StudentT::from_cholesky(degrees, mean.clone(), law.cholesky_factor().clone()).unwrap();
                gives_numbers(&t, &points, &list, &values);
            }
        }
        if let Ok(law) = DiagonalGaussian::new(mean.clone(), other.clone()) {
            gives_numbers(&law, &points, &list, &values);
            prop_assert!(!law.entropy().is_nan());
            if d == 1 {
                rises_from_zero_to_one(&law);
            }
        }
        if let Ok(law) = SphericalGaussian::new(mean.clone(), other[0]) {
            gives_numbers(&law, &points, &list, &values);
            prop_assert!(!law.entropy().is_nan());
        }
        for mixture in [Mixture::new(&weights[..gaussians.len()], gaussians.clone()),
            Mixture::from_ln_weights(&weights[..gaussians.len()], gaussians.clone())].into_iter().flatten()
        {
            gives_numbers(&mixture, &points, &list, &values);
            if let Ok(posterior) = mixture.responsibilities(&points) {
                prop_assert!(posterior.row_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12)); // three exponentials
            }
            if d == 1 {
                rises_from_zero_to_one(&mixture);
            }
        }
        let laws = [Empirical::new(points.clone()), Empirical::weighted(points.clone(), &[&weights[..], &[1.0]].concat())];
        for data in laws.into_iter().flatten() {
            let kernels = [
                KernelDensity::new(data.clone(), Bandwidth::Scott),
                KernelDensity::new(data.clone(), Bandwidth::Factor(1e-100)),
                KernelDensity::with_kernel(data, square.clone()),
            ];
            for law in kernels.into_iter().flatten() {
                gives_numbers(&law, &points, &list, &values);
                if d == 1 {
                    rises_from_zero_to_one(&law);
                }
            }
        }
        if let Ok(law) = UniformBox::new(mean, other) {
            gives_numbers(&law, &points, &list, &values);
            if d == 1 {
                rises_from_zero_to_one(&law);
            }
        }
    }
}

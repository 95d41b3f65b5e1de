//! Marginals and conditionals: the joint law is their product.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{
    Bandwidth, Conditional, Density, DiagonalGaussian, Empirical, Gaussian, KernelDensity, Marginal, Mixture, Moments,
    SphericalGaussian, StudentT, UniformBox,
};
use fenchel::nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;

use crate::{clover, fixed, gaussians, matrix, oblique, points, reference};

#[test]
fn conditionals_are_those_of_the_textbook_formula_with_sixty_digits() {
    let reference = reference();
    let covariance = matrix(&reference["conditional covariance"], 5);
    let law = Gaussian::new(DVector::from_column_slice(&reference["conditional mean"]), covariance).unwrap();
    for chosen in [&[0][..], &[4], &[3, 1], &[2, 0, 4], &[1, 4, 0, 2]] {
        let name: String = chosen.iter().map(ToString::to_string).collect();
        let of = |what: &str| &reference[format!("conditional {name} {what}").as_str()];
        let found = law.conditional(chosen, &DVector::from_column_slice(of("values"))).unwrap();
        let mean = DVector::from_column_slice(of("given mean"));
        let covariance = matrix(of("given covariance"), 5 - chosen.len());
        // Covariances of condition up to about 1e3, times a rounding.
        assert_relative_eq!(found.mean(), mean, epsilon = 1e-12, max_relative = 1e-12);
        assert_relative_eq!(found.covariance(), covariance, epsilon = 1e-12, max_relative = 1e-12);
    }
}

/// ln p(x) = ln p(chosen) + ln p(rest | chosen) at every row.
fn is_the_product_of_its_parts<L>(law: &L, chosen: &[usize], rows: &DMatrix<f64>, tolerance: f64)
where
    L: Density<Scalar = f64> + Marginal + Conditional,
{
    let rest: Vec<_> = (0..law.dimension()).filter(|i| !chosen.contains(i)).collect();
    for row in rows.row_iter() {
        let point = row.transpose();
        let (given, left) = (point.select_rows(chosen), point.select_rows(&rest));
        let joint = law.ln_pdf(&point).unwrap();
        let marginal = law.marginal(chosen).unwrap().ln_pdf(&given).unwrap();
        let conditional = law.conditional(chosen, &given).unwrap().ln_pdf(&left).unwrap();
        let product = marginal + conditional;
        assert!((joint - product).abs() <= tolerance * (1.0 + joint.abs()), "{chosen:?}: {joint} {product}");
    }
}

fn chosen(dimension: usize) -> impl Strategy<Value = Vec<usize>> {
    (Just((0..dimension).collect::<Vec<_>>()).prop_shuffle(), 1..dimension).prop_map(|(all, k)| all[..k].to_vec())
}

proptest! {
    #![proptest_config(fixed(128))]

    #[test]
    fn marginal_times_conditional_is_joint(
        (first, second, rows, chosen, weight, degrees) in (2..=4_usize).prop_flat_map(|d| (
            gaussians(d, 0.5..2.0, 0.5), gaussians(d, 0.5..2.0, 0.5), points(d), chosen(d), 0.1..0.9_f64, 0.3..40.0_f64,
        )),
    ) {
        // The condition of the laws, up to about 1e3, times a rounding.
        let tolerance = 1e-11;
        is_the_product_of_its_parts(&first, &chosen, &rows, tolerance);
        let t = StudentT::from_cholesky(degrees, first.mean(), first.cholesky_factor().clone()).unwrap();
        is_the_product_of_its_parts(&t, &chosen, &rows, tolerance);
        let mixture = Mixture::new(&[weight, 1.0 - weight], vec![first.clone(), second.clone()]).unwrap();
        is_the_product_of_its_parts(&mixture, &chosen, &rows, tolerance);
        let data = Empirical::weighted(rows.clone() * 0.5, &[1.0, weight, 0.0]).unwrap();
        let kde = KernelDensity::with_kernel(data, second.covariance()).unwrap();
        is_the_product_of_its_parts(&kde, &chosen, &rows, tolerance);
        let corner = DVector::from_element(rows.ncols(), 4.0);
        let uniform = UniformBox::new(-&corner, corner).unwrap();
        is_the_product_of_its_parts(&uniform, &chosen, &rows, tolerance);
    }

    #[test]
    fn a_marginal_has_the_moments_of_its_coordinates_in_their_order(
        (law, chosen) in (2..=5_usize).prop_flat_map(|d| (gaussians(d, 0.5..2.0, 0.5), chosen(d))),
    ) {
        let marginal = law.marginal(&chosen).unwrap();
        let covariance = law.covariance().select_rows(&chosen).select_columns(&chosen);
        assert_relative_eq!(marginal.mean(), law.mean().select_rows(&chosen));
        assert_relative_eq!(marginal.covariance(), covariance, epsilon = 1e-13); // sums of five products up to 4
    }
}

#[test]
fn given_nothing_it_is_the_law_itself() {
    let none = DVector::<f64>::zeros(0);
    assert_eq!(oblique().conditional(&[], &none), Ok(oblique()));
    assert_eq!(clover().conditional(&[], &none), Ok(clover()));
    let data = Empirical::new(DMatrix::from_row_slice(3, 2, &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0])).unwrap();
    let kde = KernelDensity::new(data, Bandwidth::Scott).unwrap();
    assert_eq!(kde.conditional(&[], &none), Ok(kde));
    let t = StudentT::new(2.0, DVector::zeros(2), DMatrix::identity(2, 2)).unwrap();
    assert_eq!(t.conditional(&[], &none), Ok(t));
    let uniform = UniformBox::new(dvector![0.0, 0.0], dvector![1.0, 1.0]).unwrap();
    assert_eq!(uniform.conditional(&[], &none), Ok(uniform));
}

/// Lists of coordinates that no law has, and values that do not fit.
fn refuses_wrong_lists<L>(law: &L)
where
    L: Marginal<Scalar = f64> + Conditional + std::fmt::Debug,
{
    let d = law.dimension();
    let zeros = |n| DVector::zeros(n);
    let all: Vec<_> = (0..d).collect();
    assert_eq!(law.marginal(&[]).unwrap_err(), DistributionError::ZeroDimension);
    assert_eq!(law.conditional(&all, &zeros(d)).unwrap_err(), DistributionError::ZeroDimension);
    let beyond = DistributionError::CoordinateOutOfRange { place: 1, coordinate: d, dimension: d };
    let twice = DistributionError::RepeatedCoordinate { coordinate: 1, first: 0, second: 1 };
    for (list, error) in [([0, d], beyond), ([1, 1], twice)] {
        assert_eq!(law.marginal(&list).unwrap_err(), error);
        assert_eq!(law.conditional(&list, &zeros(2)).unwrap_err(), error);
    }
    let what = "the vector of values";
    let mismatch = DistributionError::DimensionMismatch { what, expected: 1, found: 2 };
    assert_eq!(law.conditional(&[0], &zeros(2)).unwrap_err(), mismatch);
    let infinite = DistributionError::NonFinite { what, row: 0, column: 0, value: f64::INFINITY };
    assert_eq!(law.conditional(&[0], &dvector![f64::INFINITY]).unwrap_err(), infinite);
    assert!(matches!(law.conditional(&[0], &dvector![f64::NAN]), Err(DistributionError::NonFinite { .. })));
}

#[test]
fn wrong_lists_of_coordinates_are_named() {
    refuses_wrong_lists(&oblique());
    refuses_wrong_lists(&DiagonalGaussian::new(DVector::zeros(3), dvector![1.0, 2.0, 3.0]).unwrap());
    refuses_wrong_lists(&SphericalGaussian::new(DVector::zeros(3), 2.0).unwrap());
    refuses_wrong_lists(&clover());
    refuses_wrong_lists(&StudentT::new(3.0, DVector::zeros(3), DMatrix::identity(3, 3)).unwrap());
    refuses_wrong_lists(&UniformBox::new(DVector::zeros(3), DVector::from_element(3, 1.0)).unwrap());
    let data = Empirical::new(DMatrix::identity(5, 3)).unwrap();
    refuses_wrong_lists(&KernelDensity::with_kernel(data, DMatrix::identity(3, 3)).unwrap());
}

#[test]
fn far_out_values_pick_the_nearest_component_and_those_beyond_every_density_are_refused() {
    let law = clover();
    let given = law.conditional(&[0], &dvector![1e100]).unwrap(); // every log density is near -1e200
    assert_eq!(given.weights().iter().filter(|&&w| w > 0.0).count(), 1);
    let nowhere = DistributionError::NoDensity { row: 0, ln_pdf: f64::NEG_INFINITY };
    assert_eq!(law.conditional(&[0], &dvector![1e200]).unwrap_err(), nowhere);
    let data = Empirical::new(DMatrix::from_row_slice(2, 2, &[0.0, 0.0, 1.0, 5.0])).unwrap();
    let kde = KernelDensity::with_kernel(data, DMatrix::identity(2, 2)).unwrap();
    let given = kde.conditional(&[0], &dvector![1e6]).unwrap();
    assert_eq!(given.centres().rows().as_slice(), [5.0]); // e^1e6 times as likely
    assert_eq!(kde.conditional(&[0], &dvector![1e200]).unwrap_err(), nowhere);
}

#[test]
fn a_mixture_of_boxes_is_conditioned_on_those_that_hold_the_value() {
    let uniform = |from: f64| UniformBox::new(dvector![from, from], dvector![from + 1.0, from + 1.0]).unwrap();
    let law = Mixture::new(&[1.0, 3.0], vec![uniform(0.0), uniform(5.0)]).unwrap();
    let given = law.conditional(&[0], &dvector![5.5]).unwrap();
    assert_eq!((given.weights(), given.components()), (&[1.0][..], &[uniform(5.0).marginal(&[1]).unwrap()][..]));
    assert!(matches!(law.conditional(&[0], &dvector![3.0]), Err(DistributionError::NoDensity { row: 0, .. })));
    let outside = DistributionError::OutsideSupport { coordinate: 1, value: 3.0 };
    assert_eq!(uniform(0.0).conditional(&[1], &dvector![3.0]).unwrap_err(), outside);
}

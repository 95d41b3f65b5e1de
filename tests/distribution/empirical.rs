//! Data as a law.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{AffineImage, Cdf, Empirical, Marginal, Moments, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;

use crate::{fixed, rng, sample_moments};

#[test]
fn moments_are_those_of_the_rows_with_divisor_n() {
    let rows = dmatrix![1.0, 2.0; 3.0, -2.0; 5.0, 3.0; -1.0, 7.0];
    let (mean, covariance) = sample_moments(&rows);
    let law = Empirical::new(rows.clone()).unwrap();
    // Four terms each.
    assert_relative_eq!(law.mean(), mean, max_relative = 1e-15);
    assert_relative_eq!(law.covariance(), covariance, max_relative = 1e-14);
    assert_eq!(law.effective_size(), 4.0);
    // A weight of 2 is a row that is there twice.
    let weighted = Empirical::weighted(rows.clone(), &[1.0, 2.0, 0.0, 1.0]).unwrap();
    let twice = Empirical::new(rows.select_rows(&[0, 1, 1, 3])).unwrap();
    assert_relative_eq!(weighted.mean(), twice.mean(), max_relative = 1e-15);
    assert_relative_eq!(weighted.covariance(), twice.covariance(), max_relative = 1e-14);
    assert_relative_eq!(weighted.effective_size(), 16.0 / 6.0, max_relative = 1e-15);
}

#[test]
fn moments_survive_offsets_and_sizes() {
    let data = dmatrix![0.0, 1.0; 1.0, 1.0; 2.0, 1.0];
    let far = Empirical::new(data.add_scalar(1e9)).unwrap();
    assert_eq!(far.covariance(), dmatrix![2.0 / 3.0, 0.0; 0.0, 0.0]);
    assert_eq!(far.mean()[1], 1e9 + 1.0, "a constant is its own mean");
    // Squares of these over- and underflow; their mean does not, nor does a variance of 1e-200.
    let large = Empirical::new(dmatrix![-1.5e308, 1e200; 1.5e308, -1e200]).unwrap();
    assert_eq!((large.mean()[0], large.covariance()[(0, 0)]), (0.0, f64::INFINITY));
    assert!(large.covariance().iter().all(|entry| !entry.is_nan()));
    let lopsided = Empirical::weighted(dmatrix![-1.7e308, 1.0; 1.7e308, 1.0], &[1.0, 1e9]).unwrap();
    assert_eq!(lopsided.covariance(), dmatrix![f64::INFINITY, 0.0; 0.0, 0.0]);
    let small = Empirical::new(dmatrix![1e-100; -1e-100]).unwrap();
    assert_relative_eq!(small.covariance()[0], 1e-200, max_relative = 1e-15);
    // A million equal terms, in f32 too.
    let many = Empirical::new(DMatrix::<f32>::from_fn(1_000_000, 1, |i, _| (i % 10) as f32)).unwrap();
    assert_relative_eq!(many.mean()[0], 4.5, max_relative = 4.0 * f32::EPSILON); // a weight of 1e-6 is rounded once
    // A weight, two quotients, two products and two sizes: seven roundings of half a unit.
    assert_relative_eq!(many.covariance()[0], 8.25, max_relative = 4.0 * f32::EPSILON);
}

#[test]
fn moments_do_not_see_rows_of_no_weight_nor_how_the_mean_is_rounded() {
    // However far away a row is, as one that stands for what is missing.
    for far in [1e5, 1e22, 1e30, f32::MAX] {
        let law = Empirical::weighted(dmatrix![0.0_f32; 1.0; far], &[1.0, 1.0, 0.0]).unwrap();
        assert_eq!((law.mean()[0], law.covariance()[0]), (0.5, 0.25));
    }
    // Means between two numbers: half a unit off, which is as much as a deviation is.
    assert_eq!(Empirical::new(dmatrix![1e16; 1e16 + 2.0]).unwrap().covariance()[0], 1.0);
    assert_eq!(Empirical::new(dmatrix![1.6e9_f32; 1.6e9 + 128.0]).unwrap().covariance()[0], 4096.0);
    // Σ w (x − mean)² of a row that hardly counts, 0.7 from the others: w · 0.49, with half of the weight on each of these.
    for rows in [dmatrix![0.3; 1.0; 1.0], dmatrix![1.0; 0.3; 1.0]] {
        let weights: Vec<f64> = rows.iter().map(|&x| if x < 1.0 { 1e-200 } else { 1.0 }).collect();
        let law = Empirical::weighted(rows, &weights).unwrap();
        assert_relative_eq!(law.covariance()[0], 0.5e-200 * 0.49, max_relative = 1e-15); // a handful of roundings
    }
}

#[test]
fn rows_come_as_often_as_their_weights_say() {
    let rows = DMatrix::from_fn(6, 1, |i, _| i as f64);
    let weights = [0.0, 2.0, 0.0, 5.0, 3.0, 0.0];
    let n = 1_000_000;
    let equal = Empirical::new(rows.clone()).unwrap();
    let weighted = Empirical::weighted(rows, &weights).unwrap();
    for (name, law, shares, limit) in [
        ("equal", equal, [1.0 / 6.0; 6], 20.52), // five degrees of freedom exceed it once in a thousand
        ("weighted", weighted, weights.map(|w| w / 10.0), 13.82), // two degrees of freedom
    ] {
        let drawn = law.sample_rows(n, &mut rng(41)).unwrap();
        let counts = drawn.iter().fold([0.0; 6], |mut counts, &row| {
            counts[row as usize] += 1.0;
            counts
        });
        let chi_square: f64 = counts
            .iter()
            .zip(shares)
            .map(|(&count, share)| {
                let expected = n as f64 * share;
                if share > 0.0 {
                    (count - expected) * (count - expected) / expected
                } else {
                    count * f64::INFINITY.min(1e9)
                }
            })
            .sum();
        assert!(chi_square < limit && chi_square > 0.002, "{name}: {chi_square}");
    }
}

proptest! {
    #![proptest_config(fixed(64))]

    #[test]
    fn images_and_marginals_are_those_of_the_rows(
        numbers in prop::collection::vec(-4.0..4.0_f64, 15), map in prop::collection::vec(-1.0..1.0_f64, 6),
    ) {
        let weights = [1.0, 2.0, 0.5, 0.0, 1.0];
        let rows = DMatrix::from_vec(5, 3, numbers);
        let law = Empirical::weighted(rows.clone(), &weights).unwrap();
        let (map, offset) = (DMatrix::from_vec(2, 3, map), dvector![1.0, -1.0]);
        let image = law.affine_image(&map, &offset).unwrap();
        // A few products of numbers up to 4 and roundings of their sums.
        assert_relative_eq!(image.mean(), &map * law.mean() + &offset, epsilon = 1e-13);
        assert_relative_eq!(image.covariance(), &map * law.covariance() * map.transpose(), epsilon = 1e-13);
        let marginal = law.marginal(&[2, 0]).unwrap();
        prop_assert_eq!(marginal, Empirical::weighted(rows.select_columns(&[2, 0]), &weights).unwrap());
    }
}

#[test]
fn the_distribution_function_is_a_step_function() {
    let rows = dmatrix![3.0; 1.0; 2.0; 2.0];
    let law = Empirical::new(rows.clone()).unwrap();
    let weighted = Empirical::weighted(rows, &[1.0, 5.0, 2.0, 0.0]).unwrap();
    let steps =
        [(0.9, 0.0, 0.0), (1.0, 0.25, 0.625), (2.0, 0.75, 0.875), (2.9, 0.75, 0.875), (f64::INFINITY, 1.0, 1.0)];
    for (x, equal, unequal) in steps {
        assert_eq!((law.cdf(x), weighted.cdf(x)), (Ok(equal), Ok(unequal)), "{x}");
    }
    assert!(law.cdf(f64::NAN).unwrap().is_nan());
}

#[test]
fn data_that_are_no_law_are_named() {
    let new = |rows: DMatrix<f64>| Empirical::new(rows).unwrap_err();
    assert_eq!(new(DMatrix::zeros(3, 0)), DistributionError::ZeroDimension);
    assert_eq!(new(DMatrix::zeros(0, 3)), DistributionError::TooFewRows { rows: 0, needed: 1 });
    let infinite = DistributionError::NonFinite { what: "the data", row: 1, column: 0, value: f64::INFINITY };
    assert_eq!(new(dmatrix![0.0, 1.0; f64::INFINITY, f64::NAN]), infinite);
    let weighted = |weights: &[f64]| Empirical::weighted(dmatrix![0.0; 1.0], weights).unwrap_err();
    assert_eq!(weighted(&[1.0]), DistributionError::CountMismatch { weights: 1, components: 2 });
    assert_eq!(weighted(&[0.0, 0.0]), DistributionError::WeightSum { sum: 0.0 });
    assert_eq!(weighted(&[1.0, -1.0]), DistributionError::InvalidWeight { component: 1, weight: -1.0 });
    let law = Empirical::new(dmatrix![0.0; 1.0]).unwrap();
    assert_eq!(
        law.sample_rows(usize::MAX, &mut rng(1)),
        Err(DistributionError::TooLarge { rows: usize::MAX, columns: 1 })
    );
    assert_eq!(law.marginal(&[]).unwrap_err(), DistributionError::ZeroDimension);
    let beyond = DistributionError::CoordinateOutOfRange { place: 0, coordinate: 1, dimension: 1 };
    assert_eq!(law.marginal(&[1]).unwrap_err(), beyond);
    let overflow = law.affine_image(&dmatrix![1.7e308], &DVector::from_element(1, 1.7e308)).unwrap_err();
    assert!(matches!(overflow, DistributionError::NonFinite { row: 1, column: 0, .. }));
    assert_eq!(
        law.affine_image(&DMatrix::zeros(0, 1), &DVector::zeros(0)).unwrap_err(),
        DistributionError::ZeroDimension
    );
}

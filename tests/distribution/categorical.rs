//! Laws on finitely many categories.

use fenchel::DistributionError;
use fenchel::distribution::{Categorical, Empirical, Law, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::distr::Distribution;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};

use crate::{Ones, rng};

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

/// In single precision the sums of so many probabilities stand still long before the end.
#[test]
fn the_last_of_a_million_categories_come_in_single_precision_too() {
    let (k, n) = (1_000_000, 200_000);
    let law = Categorical::new(&vec![1.0_f32; k]).unwrap();
    let mut rng = rng(74);
    let drawn: Vec<usize> = (0..n).map(|_| law.sample(&mut rng)).collect();
    for share in [0.001, 0.01, 0.5] {
        let count = drawn.iter().filter(|&&category| category as f64 >= k as f64 * (1.0 - share)).count();
        let expected = f64::from(n) * share;
        // Five standard deviations of a binomial count.
        assert!((count as f64 - expected).abs() <= 5.0 * (expected * (1.0 - share)).sqrt(), "{count} {expected}");
    }
}

#[test]
fn a_category_is_the_first_whose_sum_of_probabilities_is_above_the_uniform() {
    // From one to more than are compared one by one, some of weight 0.
    for k in 1..40 {
        let weights: Vec<f64> = (0..k).map(|i| f64::from((i * 7 + 3) % 5)).collect();
        let law = Categorical::new(&weights).unwrap();
        let sums: Vec<f64> = (1..=law.probabilities().len()).map(|n| law.probabilities()[..n].iter().sum()).collect();
        let (mut drawn, mut uniforms) = (rng(73), rng(73));
        for _ in 0..1000 {
            let uniform = uniforms.random::<f64>();
            let expected = sums.iter().position(|&sum| uniform < sum).unwrap();
            assert_eq!(Distribution::<usize>::sample(&law, &mut drawn), expected, "{uniform} of {k}");
        }
    }
}

#[test]
fn what_rounding_leaves_of_a_sum_goes_to_the_last_category_that_can_come() {
    for k in [10, 20, 100, 1000] {
        let mut weights = vec![1.0; k];
        weights.extend([0.0; 3]);
        let law = Categorical::new(&weights).unwrap();
        assert_eq!(Distribution::<usize>::sample(&law, &mut Ones), k - 1);
        let single: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
        assert_eq!(Distribution::<usize>::sample(&Categorical::new(&single).unwrap(), &mut Ones), k - 1);
        let rows = DMatrix::from_fn(weights.len(), 1, |i, _| i as f64);
        let row: DVector<f64> = Empirical::weighted(rows, &weights).unwrap().sample(&mut Ones);
        assert_eq!(row[0], (k - 1) as f64);
    }
    // Ten tenths sum to the largest number below 1, which is not above itself: the case arises.
    let tenths: f64 = Categorical::new(&[1.0; 10]).unwrap().probabilities().iter().sum();
    assert!(tenths < 1.0 && Ones.random::<f64>() >= tenths);
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

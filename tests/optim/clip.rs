//! Clipping and weight decay of gradients.

use fenchel::OptimError;
use fenchel::autodiff::Gradients;
use fenchel::nalgebra::DMatrix;
use fenchel::optim::{add_weight_decay, clip_by_global_norm, clip_by_value, global_norm};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::every::Tracking;
use crate::{gradients, row};

/// The leaf `mean` is tracked.
fn tracking() -> Tracking {
    Tracking { mean: row(&[5.0, 6.0]), weight: row(&[1.0, -2.0, 4.0]) }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn clipping_keeps_the_direction_and_gradients_within_the_limit(
        entries in prop::collection::vec(-1e3_f64..1e3, 6),
        exponent in -140_i32..140,
        limit in 1e-3_f64..1e3,
    ) {
        let scale = 10.0_f64.powi(exponent);
        let before = DMatrix::from_vec(2, 3, entries) * scale;
        let mut g = gradients(std::slice::from_ref(&before));
        let norm = clip_by_global_norm(&before, &mut g, limit * scale).unwrap();
        // Squares of 1e±143 can be summed by plain arithmetic; half a dozen roundings.
        prop_assert!((norm - before.norm()).abs() <= 1e-14 * norm);
        let after = &g.leaves()[0];
        if norm <= limit * scale {
            prop_assert_eq!(after, &before);
        } else {
            let expected = &before * (limit * scale / norm);
            prop_assert!((after - expected).amax() <= 1e-14 * limit * scale);
            prop_assert!((after.norm() / (limit * scale) - 1.0).abs() <= 1e-14);
        }
    }
}

#[test]
fn norms_neither_overflow_nor_underflow() {
    for size in [1e-320, 1e-300, 1e-160, 1.0, 1e160, 3e307] {
        // 3, 4, 12: a norm of 13.
        let entries = [3.0, -4.0, 12.0].map(|x| x * (size / 3.0));
        let params = (row(&[0.0; 2]), row(&[0.0]));
        let mut g = gradients(&[row(&entries[..2]), row(&entries[2..])]);
        let expected = 13.0 * (size / 3.0);
        // Numbers near 1e-320 have three digits; elsewhere half a dozen roundings.
        let digits = if size < 1e-308 { 1e-3 } else { 1e-15 };
        let norm = global_norm(&params, &g).unwrap();
        assert!((norm / expected - 1.0).abs() <= digits, "{norm} {expected}");
        assert_eq!(clip_by_global_norm(&params, &mut g, 1.0).unwrap(), norm);
        let clipped = if norm > 1.0 { [3.0 / 13.0, -4.0 / 13.0, 12.0 / 13.0] } else { entries };
        let leaves = [g.leaves()[0][0], g.leaves()[0][1], g.leaves()[1][0]];
        assert!(leaves.iter().zip(clipped).all(|(g, expected)| (g - expected).abs() <= 1e-15), "{leaves:?}");
    }
    // A norm beyond the largest number is infinite, and clipped all the same.
    let params = row(&[0.0; 4]);
    let mut g = gradients(&[row(&[f64::MAX; 4])]);
    assert_eq!(clip_by_global_norm(&params, &mut g, 1.0).unwrap(), f64::INFINITY);
    assert_eq!(g.leaves()[0], row(&[0.5; 4]));
    assert_eq!(global_norm(&params, &gradients(&[row(&[0.0; 4])])).unwrap(), 0.0);
    assert_eq!(global_norm::<f64, _>(&(), &Gradients::new()).unwrap(), 0.0);
}

#[test]
fn a_norm_of_f32_is_that_of_its_numbers() {
    // With squares that are summed up as they are, the least and the largest of these among them, and with squares that would be 0 or infinite.
    for size in [1.0, 1.7e-10, 1.6e11, 1e-30, 1e30_f32] {
        let entry = |i: usize| size * (0.1 + (i % 7) as f32);
        let g = Gradients::from(vec![DMatrix::from_fn(100, 100, |i, j| entry(i + 100 * j))]);
        let exact = (0..10_000).map(|i| f64::from(entry(i)).powi(2)).sum::<f64>().sqrt();
        let norm = global_norm(&DMatrix::<f32>::zeros(100, 100), &g).unwrap();
        // Four roundings of 6e-8: of the quotients, their squares, the root, the product; and those of the compensation, (10⁴ · 6e-8)² = 4e-7. Plain addition
        // promises 10⁴ · 6e-8 = 6e-4.
        assert!((f64::from(norm) / exact - 1.0).abs() <= 6e-7, "{norm} {exact}");
    }
}

#[test]
fn tracked_leaves_are_no_part_of_norms_and_are_not_clipped_or_decayed() {
    let params = tracking();
    let fresh = || gradients(&[row(&[1e3, -1e3]), row(&[3.0, -4.0, 0.0])]);
    let mut g = fresh();
    assert_eq!(global_norm(&params, &g).unwrap(), 5.0);
    assert_eq!(clip_by_global_norm(&params, &mut g, 10.0).unwrap(), 5.0);
    assert_eq!(g, fresh());
    clip_by_global_norm(&params, &mut g, 2.5).unwrap();
    assert_eq!(g.leaves()[0], row(&[1e3, -1e3]));
    assert!((&g.leaves()[1] - row(&[1.5, -2.0, 0.0])).amax() <= 1e-15); // a rounding or two

    let mut g = fresh();
    clip_by_value(&params, &mut g, 3.5).unwrap();
    assert_eq!(g, gradients(&[row(&[1e3, -1e3]), row(&[3.0, -3.5, 0.0])]));

    let mut g = fresh();
    add_weight_decay(&params, &mut g, 0.5).unwrap();
    assert_eq!(g, gradients(&[row(&[1e3, -1e3]), row(&[3.5, -5.0, 2.0])]));
}

#[test]
fn what_is_wrong_with_gradients_is_named_and_they_stay_as_they_were() {
    type Attempt = fn(&Tracking, &mut Gradients<f64>, f64) -> Result<(), OptimError>;
    let attempts: [(&str, Attempt); 3] = [
        ("value", |params, g, limit| clip_by_value(params, g, limit)),
        ("global norm", |params, g, limit| clip_by_global_norm(params, g, limit).map(drop)),
        ("decay", |params, g, decay| add_weight_decay(params, g, decay)),
    ];
    for (name, attempt) in attempts {
        let params = tracking();
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            let mut g = gradients(&[row(&[1.0, 1.0]), row(&[1.0, 1.0, 1.0])]);
            let before = g.clone();
            let error = attempt(&params, &mut g, bad).expect_err(name);
            assert!(
                matches!(error, OptimError::InvalidSetting { value, .. } if value == bad || value.is_nan() && bad.is_nan()),
                "{name}: {error}"
            );
            assert_eq!(g, before);
        }
        for bad in [f64::NAN, f64::INFINITY] {
            let mut g = gradients(&[row(&[1.0, 1.0]), row(&[9.0, bad, 9.0])]);
            let before = format!("{g:?}");
            let error = attempt(&params, &mut g, 1.0).expect_err(name);
            assert!(
                matches!(&error, OptimError::NonFinite { path, row: 0, column: 1, .. } if path == "weight"),
                "{name}: {error}"
            );
            assert!(error.to_string().contains("'weight'"));
            assert_eq!(format!("{g:?}"), before);
        }
        let mut g = gradients(&[row(&[1.0, 1.0])]);
        assert_eq!(attempt(&params, &mut g, 1.0), Err(OptimError::LeafCount { expected: 2, found: 1 }), "{name}");
        let mut g = gradients(&[row(&[1.0, 1.0]), row(&[1.0])]);
        let expected = OptimError::LeafShape { path: "weight".into(), expected: (1, 3), found: (1, 1) };
        assert_eq!(attempt(&params, &mut g, 1.0), Err(expected), "{name}");
    }
    // What would overflow is an error as well, and a parameter that is not finite.
    let mut params = tracking();
    let mut g = gradients(&[row(&[1.0, 1.0]), row(&[1.0, 1.0, f64::MAX])]);
    let before = g.clone();
    let error = add_weight_decay(&params, &mut g, 1e300).unwrap_err();
    assert!(matches!(&error, OptimError::NonFinite { column: 2, value: f64::MAX, .. }), "{error}");
    params.weight[0] = f64::NAN;
    let error = add_weight_decay(&params, &mut g, 0.1).unwrap_err();
    assert!(matches!(&error, OptimError::NonFinite { what: "the parameter", column: 0, .. }), "{error}");
    assert_eq!(g, before);
    assert!(clip_by_value(&params, &mut g, 0.0).is_err() && clip_by_global_norm(&params, &mut g, 0.0).is_err());
}

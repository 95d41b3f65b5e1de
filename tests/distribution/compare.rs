//! Approximate equality of laws.

use approx::{AbsDiffEq, RelativeEq, assert_relative_eq, assert_relative_ne};
use fenchel::distribution::{AffineImage, Gaussian, Mixture, Moments};
use fenchel::nalgebra::{dmatrix, dvector};

use crate::{oblique, string_of};

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

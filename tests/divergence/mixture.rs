//! Random Gaussian mixtures, by quadrature: the laws of discrete ones hold for densities too.

use fenchel::distribution::{AffineImage, Density, Gaussian, Landmarks, Mixture};
use fenchel::divergence::{FDivergence, Named, exact};
use fenchel::nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

use crate::fixed;
use crate::random::mixture;

/// D(P‖Q), infinite where quadrature finds no number: tails of P that are too wide for D.
fn divergence<D: FDivergence, L: Density<Scalar = f64> + Landmarks>(d: D, p: &L, q: &L) -> f64 {
    exact::quadrature(&d, p, q).map_or(f64::INFINITY, |integral| integral.value)
}

/// Twice what quadrature promises of each side, 1e-10; beyond 1e6 the integrand is too wide to promise much.
fn close(a: f64, b: f64) -> bool {
    a.min(b) > 1e6 || (a - b).abs() <= 4e-10 * (1.0 + a.min(b))
}

proptest! {
    #![proptest_config(fixed(12))]

    #[test]
    fn exchanging_the_laws_exchanges_the_divergence_for_its_swap((p, q) in (mixture(1), mixture(1))) {
        // Both KLs and all that are milder are finite between any of them.
        let finite = Named::all().into_iter().filter(|&d| divergence(d, &p, &q).is_finite()).count();
        prop_assert!(finite >= 20, "{} are finite", finite);
        for d in Named::all() {
            let (there, back) = (divergence(d, &p, &q), divergence(d.swap(), &q, &p));
            prop_assert!(close(there, back), "{}: {} {}", d, there, back);
            prop_assert!(there >= 0.0 && divergence(d, &p, &p) <= 1e-20, "{}: {}", d, there);
        }
    }

    #[test]
    fn an_affine_map_of_both_laws_changes_nothing(
        (p, q) in (mixture(1), mixture(1)), scale in 0.2..5.0_f64, negative in any::<bool>(), offset in -10.0..10.0_f64,
    ) {
        let map = |law: &Mixture<Gaussian<f64>>| {
            let factor = if negative { -scale } else { scale };
            law.affine_image(&DMatrix::from_element(1, 1, factor), &DVector::from_element(1, offset)).unwrap()
        };
        let (p_image, q_image) = (map(&p), map(&q));
        for d in Named::all() {
            let (before, after) = (divergence(d, &p, &q), divergence(d, &p_image, &q_image));
            prop_assert!(close(before, after), "{}: {} {}", d, before, after);
        }
    }

    /// For two mixtures with the same weights: of the mixture no more than of its components, on average.
    #[test]
    fn mixing_never_increases_a_divergence((p, q) in (mixture(1), mixture(1))) {
        let k = p.components().len().min(q.components().len());
        let weights = &p.weights()[..k];
        let total: f64 = weights.iter().sum();
        let mixed = |law: &Mixture<Gaussian<f64>>| Mixture::new(weights, law.components()[..k].to_vec()).unwrap();
        for d in Named::all() {
            let parts: f64 = (0..k)
                .map(|i| weights[i] / total * divergence(d, &p.components()[i], &q.components()[i]))
                .sum();
            let whole = divergence(d, &mixed(&p), &mixed(&q));
            prop_assert!(whole <= parts + 4e-10 * (1.0 + parts), "{}: {} > {}", d, whole, parts);
        }
    }
}

proptest! {
    #![proptest_config(fixed(4))]

    /// A projection is a channel.
    #[test]
    fn a_marginal_never_has_a_larger_divergence((p, q) in (mixture(2), mixture(2)), angle in 0.0..3.1_f64) {
        let project = |law: &Mixture<Gaussian<f64>>| {
            let direction = DMatrix::from_row_slice(1, 2, &[angle.cos(), angle.sin()]);
            law.affine_image(&direction, &DVector::zeros(1)).unwrap()
        };
        let (p_marginal, q_marginal) = (project(&p), project(&q));
        for d in Named::all() {
            let joint = divergence(d, &p, &q);
            if joint < 1e6 {
                let marginal = divergence(d, &p_marginal, &q_marginal);
                prop_assert!(marginal <= joint + 4e-10 * (1.0 + joint), "{}: {} > {}", d, marginal, joint);
            }
        }
    }
}

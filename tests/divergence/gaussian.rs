//! Gaussian laws: closed forms against quadrature, Monte Carlo, textbooks and each other.

use fenchel::distribution::{AffineImage, Gaussian, Moments};
use fenchel::divergence::{
    Alpha, ClosedForm, DivergenceError, FDivergence, ForwardKl, Jeffreys, Named, NeymanChi2, PearsonChi2, Renyi,
    ReverseKl, SquaredHellinger, TotalVariation, exact,
};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use proptest::prelude::*;

use crate::family::alpha;
use crate::fixed;
use crate::random::{at_most, gaussian, gaussian_pair};

fn between<D: ClosedForm<Gaussian<f64>>>(d: D, p: &Gaussian<f64>, q: &Gaussian<f64>) -> f64 {
    d.between(p, q).unwrap()
}

fn agrees_with_quadrature<D: FDivergence + ClosedForm<Gaussian<f64>>>(
    name: &str,
    d: D,
    (p, q): (&Gaussian<f64>, &Gaussian<f64>),
) -> Result<(), TestCaseError> {
    let exact = between(d, p, q);
    // Near its pole a chi-square is wider and larger than any numbers; quadrature then says so.
    if exact > 1e6 {
        return Ok(());
    }
    let integral = exact::quadrature(&d, p, q).unwrap();
    // What quadrature promises; near its pole a chi-square amplifies the roundings of its parameters by its size.
    let tolerance = 1e-10 * exact.max(1.0) + 1e-13 * exact * exact;
    prop_assert!((integral.value - exact).abs() <= tolerance, "{}: {:?} {}", name, integral, exact);
    Ok(())
}

proptest! {
    #![proptest_config(fixed(64))]

    #[test]
    fn closed_forms_on_the_line_agree_with_quadrature((p, q) in gaussian_pair(1..=1, 0.8..1.1, 0.0)) {
        hold!(closed_form |name, d| agrees_with_quadrature(name, d, (&p, &q)));
    }
}

proptest! {
    #![proptest_config(fixed(6))]

    #[test]
    fn closed_forms_in_the_plane_agree_with_quadrature((p, q) in gaussian_pair(2..=2, 0.85..1.1, 0.2)) {
        hold!(closed_form |name, d| agrees_with_quadrature(name, d, (&p, &q)));
    }
}

#[test]
fn closed_forms_agree_with_monte_carlo_within_its_error_bar() {
    fn compare<D: FDivergence + ClosedForm<Gaussian<f64>>>(name: &str, d: D) -> usize {
        // Neither is much wider than the other: f(p/q)^2 has a mean under both, also for both chi-squares.
        let p = Gaussian::new(dvector![0.3, 0.0, -0.2], dmatrix![1.0, 0.2, 0.0; 0.2, 1.1, 0.1; 0.0, 0.1, 0.9]).unwrap();
        let q = Gaussian::new(dvector![0.0, 0.2, 0.0], dmatrix![1.1, 0.0, 0.1; 0.0, 1.0, 0.2; 0.1, 0.2, 1.0]).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        let exact = between(d, &p, &q);
        let from_q = exact::monte_carlo(&d, &p, &q, 40_000, &mut rng).unwrap();
        let from_p = exact::monte_carlo(&d.swap(), &q, &p, 40_000, &mut rng).unwrap();
        let mut unbelieved = 0;
        for estimate in [from_q, from_p] {
            // Five standard errors: once in two million seeds.
            assert!((estimate.mean - exact).abs() <= 5.0 * estimate.std_error, "{name}: {estimate:?} {exact}");
            if estimate.std_error.is_infinite() {
                unbelieved += 1;
            } else {
                assert!(estimate.std_error < 0.1 * exact, "{name}: {estimate:?} says little about {exact}");
            }
        }
        unbelieved
    }
    let mut unbelieved = 0;
    for_each_divergence!(closed_form | name, d | unbelieved += compare(name, d));
    // By chance a finite variance is taken for an infinite one, at two standard errors once in forty times; here twenty-eight estimates.
    assert!(unbelieved <= 3, "{unbelieved} of 28");
}

proptest! {
    #![proptest_config(fixed(256))]

    #[test]
    fn a_gaussian_is_exactly_no_divergence_from_itself(
        p in (1..=6_usize).prop_flat_map(|d| gaussian(d, 0.1..3.0, 1.0)),
    ) {
        fn zero<D: ClosedForm<Gaussian<f64>>>(name: &str, d: D, p: &Gaussian<f64>) -> Result<(), TestCaseError> {
            prop_assert_eq!(between(d, p, p), 0.0, "{}", name);
            Ok(())
        }
        hold!(closed_form |name, d| zero(name, d, &p));
    }

    #[test]
    fn a_closed_form_exchanges_with_its_swap((p, q) in gaussian_pair(1..=6, 0.5..2.0, 0.5), order in -2.0..3.0_f64) {
        prop_assert_eq!(between(ForwardKl, &p, &q), between(ReverseKl, &q, &p));
        prop_assert_eq!(between(Jeffreys, &p, &q), between(Jeffreys, &q, &p));
        for (there, back) in [
            (between(PearsonChi2, &p, &q), between(NeymanChi2, &q, &p)),
            (between(SquaredHellinger, &p, &q), between(SquaredHellinger, &q, &p)),
            (between(alpha(order), &p, &q), between(alpha(order).swap(), &q, &p)),
        ] {
            // Eigenvalues of condition numbers up to about 1e4, and a value near its pole amplifies by its own size.
            let tolerance = 1e-11 * (1.0 + there) * (1.0 + there);
            // Just inside the border the one may be infinite and the other large.
            let far = there.min(back) > 1e6 && there.max(back) == f64::INFINITY;
            prop_assert!(there == back || far || (there - back).abs() <= tolerance, "{} {}", there, back);
        }
    }

    /// The textbook formula, with inverse and determinant.
    #[test]
    fn kullback_leibler_is_the_textbook_formula((p, q) in gaussian_pair(1..=5, 0.5..2.0, 0.5)) {
        let (a, b) = (p.covariance(), q.covariance());
        let inverse = b.clone().try_inverse().unwrap();
        let offset = q.mean() - p.mean();
        let textbook = 0.5
            * ((&inverse * &a).trace() + (offset.transpose() * &inverse * &offset)[0] - offset.len() as f64
                + (b.determinant() / a.determinant()).ln());
        let value = between(ForwardKl, &p, &q);
        // The factors have a diagonal of at least 1/2 and entries of at most 2: condition numbers up to about 1e4.
        prop_assert!((value - textbook).abs() <= 1e-11 * (1.0 + value), "{} {}", value, textbook);
    }

    #[test]
    fn chi_square_is_infinite_exactly_where_twice_q_does_not_cover_p((p, q) in gaussian_pair(1..=4, 0.5..1.5, 0.5)) {
        for (value, narrow, wide) in [(between(PearsonChi2, &p, &q), &p, &q), (between(NeymanChi2, &p, &q), &q, &p)] {
            let margin = (wide.covariance() * 2.0 - narrow.covariance()).symmetric_eigenvalues().min();
            // On the border itself rounding decides.
            prop_assume!(margin.abs() > 1e-9);
            // Just inside the border the value may be beyond the range of the numbers.
            prop_assert!(value == f64::INFINITY || margin > 0.0, "{} at margin {}", value, margin);
            prop_assert!(value.is_finite() || margin < 1e-2, "{} at margin {}", value, margin);
        }
    }

    #[test]
    fn an_affine_map_of_both_laws_changes_nothing(
        ((p, q), entries, offset) in (1..=4_usize).prop_flat_map(|d| (
            gaussian_pair(d..=d, 0.7..1.2, 0.3),
            prop::collection::vec(-1.0..1.0_f64, d * d),
            prop::collection::vec(-10.0..10.0_f64, d),
        )),
    ) {
        let d = offset.len();
        // Diagonally dominant, hence invertible, with a condition number below about 20.
        let map = DMatrix::from_row_slice(d, d, &entries) + DMatrix::identity(d, d) * (d as f64 + 0.5);
        let offset = DVector::from_vec(offset);
        let (p_image, q_image) = (p.affine_image(&map, &offset).unwrap(), q.affine_image(&map, &offset).unwrap());
        fn invariant<D: ClosedForm<Gaussian<f64>>>(
            name: &str, d: D, before: (&Gaussian<f64>, &Gaussian<f64>), after: (&Gaussian<f64>, &Gaussian<f64>),
        ) -> Result<(), TestCaseError> {
            let (before, after) = (between(d, before.0, before.1), between(d, after.0, after.1));
            // Condition numbers of about 20 for the map and 10 for each law; a chi-square may be near its pole and
            // amplify by its own size.
            let tolerance = 1e-11 * (1.0 + before) * (1.0 + before);
            prop_assert!(before == after || (before - after).abs() <= tolerance, "{}: {} {}", name, before, after);
            Ok(())
        }
        hold!(closed_form |name, d| invariant(name, d, (&p, &q), (&p_image, &q_image)));
    }

    #[test]
    fn gaussian_products_add_kullback_leibler_and_multiply_one_plus_chi_square(
        (p1, q1) in gaussian_pair(1..=3, 0.7..1.2, 0.3), (p2, q2) in gaussian_pair(1..=3, 0.7..1.2, 0.3),
    ) {
        let product = |a: &Gaussian<f64>, b: &Gaussian<f64>| {
            let (m, n) = (a.mean().len(), b.mean().len());
            let mut factor = DMatrix::zeros(m + n, m + n);
            factor.view_mut((0, 0), (m, m)).copy_from(a.cholesky_factor());
            factor.view_mut((m, m), (n, n)).copy_from(b.cholesky_factor());
            let mean = DVector::from_iterator(m + n, a.mean().iter().chain(b.mean().iter()).copied());
            Gaussian::from_cholesky(mean, factor).unwrap()
        };
        let (p, q) = (product(&p1, &p2), product(&q1, &q2));
        let (joint, parts) = (between(ForwardKl, &p, &q), between(ForwardKl, &p1, &q1) + between(ForwardKl, &p2, &q2));
        // Sums of a few dozen terms, of condition numbers up to about 10.
        prop_assert!((joint - parts).abs() <= 1e-13 * (1.0 + parts), "{} {}", joint, parts);
        let joint = 1.0 + between(PearsonChi2, &p, &q);
        let parts = (1.0 + between(PearsonChi2, &p1, &q1)) * (1.0 + between(PearsonChi2, &p2, &q2));
        // Near the pole errors grow with the value itself.
        prop_assert!(joint == parts || (joint - parts).abs() <= 1e-12 * parts * parts, "{} {}", joint, parts);
    }

    #[test]
    fn gaussian_divergences_bound_each_other((p, q) in gaussian_pair(1..=4, 0.7..1.2, 0.3)) {
        let (kl, chi2) = (between(ForwardKl, &p, &q), between(PearsonChi2, &p, &q));
        prop_assert!(kl >= 0.0 && at_most(kl, chi2.ln_1p()), "{} {}", kl, chi2);
    }

    /// ½ tr(Δ²)/2 + ½ |δ|² in the coordinates in which Q is standard, and twice that for the chi-squares.
    #[test]
    fn nearly_equal_gaussians_keep_their_relative_accuracy(
        q in (1..=4_usize).prop_flat_map(|d| gaussian(d, 0.5..2.0, 0.5)), exponent in 2..=8_i32,
        seed in any::<u64>(),
    ) {
        let h = 10.0_f64.powi(-exponent);
        let d = q.mean().len();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut uniform = || rng.random::<f64>() - 0.5;
        // The factor L (I + h T) with T lower triangular and the mean m + h L s: exact second-order terms are those of
        // T + Tᵀ and s.
        let t = DMatrix::from_fn(d, d, |i, j| if i >= j { uniform() } else { 0.0 });
        let s = DVector::from_fn(d, |_, _| 1.0 + uniform());
        let factor = q.cholesky_factor();
        let moved = factor * (DMatrix::identity(d, d) + &t * h);
        let p = Gaussian::from_cholesky(q.mean() + factor * &s * h, moved).unwrap();
        let half_kl = 0.25 * (&t + t.transpose()).norm_squared() + 0.5 * s.norm_squared();
        let leading = half_kl * h * h;
        // Third-order terms are smaller by a factor of about 10 h; the entries of P and Q are rounded, which moves h
        // by about 1e-16 times a condition number of about 100.
        let tolerance = 40.0 * h + 1e-14 / h;
        for (name, value, expected) in [
            ("forward_kl", between(ForwardKl, &p, &q), leading),
            ("reverse_kl", between(ReverseKl, &p, &q), leading),
            ("pearson_chi2", between(PearsonChi2, &p, &q), 2.0 * leading),
            ("neyman_chi2", between(NeymanChi2, &p, &q), 2.0 * leading),
        ] {
            prop_assert!((value / expected - 1.0).abs() <= tolerance, "{} at {}: {} {}", name, h, value, expected);
        }
    }
}

#[test]
fn closed_forms_in_single_precision_agree_with_double() {
    fn compare<D: ClosedForm<Gaussian<f64>> + ClosedForm<Gaussian<f32>>>(name: &str, d: D) {
        let p = Gaussian::new(dvector![0.25, 0.0], dmatrix![1.0, 0.25; 0.25, 1.0]).unwrap();
        let q = Gaussian::new(dvector![0.0, 0.5], dmatrix![1.25, 0.0; 0.0, 1.0]).unwrap();
        let single = |law: &Gaussian<f64>| Gaussian::<f32>::new(law.mean().cast(), law.covariance().cast()).unwrap();
        let (wide, narrow) = (between(d, &p, &q), f64::from(d.between(&single(&p), &single(&q)).unwrap()));
        // Some thirty roundings of well-conditioned numbers.
        assert!((wide - narrow).abs() <= 64.0 * f64::from(f32::EPSILON) * wide, "{name}: {wide} {narrow}");
    }
    for_each_divergence!(closed_form compare);
}

#[test]
fn gaussians_very_far_apart_are_infinitely_far_or_a_large_number_but_not_nan() {
    fn far<D: FDivergence + ClosedForm<Gaussian<f64>>>(name: &str, d: D) {
        let standard = Gaussian::standard(2).unwrap();
        for (mean, scale) in [(1e3, 1.0), (1e100, 1.0), (0.0, 1e-100), (0.0, 1e100), (1e8, 1.2)] {
            let law = Gaussian::from_cholesky(dvector![mean, 0.0], DMatrix::identity(2, 2) * scale).unwrap();
            for value in [between(d, &law, &standard), between(d, &standard, &law)] {
                let bound = d.at_zero() + d.slope_at_infinity();
                // Or as far as it goes: e^-115 from its bound, for two dimensions and scales of e^230.
                let far = value > 100.0 || (value - bound).abs() <= 8.0 * f64::EPSILON * bound;
                assert!(far, "{name} at mean {mean}, scale {scale}: {value}");
            }
        }
    }
    for_each_divergence!(closed_form far);
}

proptest! {
    #![proptest_config(fixed(128))]

    /// ½ ln of what the textbook has: with inverses and determinants of the mixed covariance.
    #[test]
    fn renyi_is_the_textbook_formula((p, q) in gaussian_pair(1..=6, 0.6..1.6, 0.3), order in 0.05..1.6_f64) {
        let (a, b) = (p.covariance(), q.covariance());
        let mixed = &b * order + &a * (1.0 - order);
        let value = between(Renyi::new(order).unwrap(), &p, &q);
        if mixed.symmetric_eigenvalues().min() <= 1e-6 {
            prop_assert!(value > 1.0, "{}", value);
            return Ok(());
        }
        let offset = q.mean() - p.mean();
        let inverse = mixed.clone().try_inverse().unwrap();
        let ln_determinants = mixed.determinant().ln() - (1.0 - order) * a.determinant().ln() - order * b.determinant().ln();
        // At order 1 the two terms of the second part cancel: 1/(order - 1) amplifies.
        prop_assume!((order - 1.0).abs() > 1e-3);
        let textbook = 0.5 * order * (offset.transpose() * &inverse * &offset)[0] - 0.5 * ln_determinants / (order - 1.0);
        prop_assert!((value - textbook).abs() <= 1e-9 * (1.0 + value) * (1.0 + 1.0 / mixed.symmetric_eigenvalues().min()), "{} {}", value, textbook);
    }

    /// 2 - 2 e^-B with Bhattacharyya's B.
    #[test]
    fn hellinger_is_bhattacharyyas((p, q) in gaussian_pair(1..=6, 0.6..1.6, 0.3)) {
        let (a, b) = (p.covariance(), q.covariance());
        let middle = (&a + &b) * 0.5;
        let offset = q.mean() - p.mean();
        let distance = (offset.transpose() * middle.clone().try_inverse().unwrap() * &offset)[0] / 8.0
            + 0.5 * (middle.determinant().ln() - 0.5 * (a.determinant().ln() + b.determinant().ln()));
        let textbook = -2.0 * (-distance).exp_m1();
        prop_assert!((between(SquaredHellinger, &p, &q) - textbook).abs() <= 1e-11, "{} {}", between(SquaredHellinger, &p, &q), textbook);
    }

    #[test]
    fn renyi_grows_and_adds_up((p, q) in gaussian_pair(1..=4, 0.7..1.2, 0.3), low in 0.05..1.2_f64, more in 0.01..0.5_f64) {
        let renyi = |order: f64| between(Renyi::new(order).unwrap(), &p, &q);
        prop_assert!(at_most(renyi(low), renyi(low + more)), "{} > {}", renyi(low), renyi(low + more));
        let (there, back) = ((1.0 - low) * renyi(low), low * between(alpha_order(1.0 - low), &q, &p));
        if low < 0.95 {
            prop_assert!((there - back).abs() <= 1e-11 * (1.0 + there), "{} {}", there, back);
        }
    }

    #[test]
    fn alpha_is_continuous_through_zero_and_one((p, q) in gaussian_pair(1..=6, 0.7..1.3, 0.3), h in -1e-7..1e-7_f64) {
        let (kl, reverse) = (between(ForwardKl, &p, &q), between(ReverseKl, &p, &q));
        // The derivative by alpha is of the order of the square of the divergence.
        let tolerance = |value: f64| 1e-11 * (1.0 + value) + 10.0 * h.abs() * (1.0 + value) * (1.0 + value);
        for (value, limit) in [(between(alpha(1.0 + h), &p, &q), kl), (between(alpha(h), &p, &q), reverse)] {
            prop_assert!((value - limit).abs() <= tolerance(limit), "{} {}", value, limit);
        }
        prop_assert!((between(alpha(1.0), &p, &q) - kl).abs() <= 1e-11 * (1.0 + kl));
    }

    #[test]
    fn total_variation_is_erf_where_covariances_are_equal(
        law in (1..=6_usize).prop_flat_map(|d| gaussian(d, 0.5..2.0, 0.5)), along in -1.0..1.0_f64,
    ) {
        // Moved by `along` times the first column of the factor: delta = |along|.
        let moved = law.mean() + law.cholesky_factor().column(0) * along;
        let other = Gaussian::from_cholesky(moved, law.cholesky_factor().clone()).unwrap();
        // erf by its series, which converges fast below 1/2.
        let x = along.abs() / 8.0_f64.sqrt();
        let (mut term, mut sum) = (x, x);
        for n in 1..30 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        let erf = 2.0 / std::f64::consts::PI.sqrt() * sum;
        let value = between(TotalVariation, &law, &other);
        // The move is rounded at the size of the mean.
        prop_assert!((value - erf).abs() <= 1e-15 * 20.0, "{} {}", value, erf);
    }
}

fn alpha_order(order: f64) -> Renyi {
    Renyi::new(order.max(1e-3)).unwrap()
}

#[test]
fn total_variation_of_different_covariances_is_refused() {
    let (p, q) = (Gaussian::<f64>::standard(1).unwrap(), Gaussian::new(dvector![0.0], dmatrix![1.1]).unwrap());
    let nearly = Gaussian::new(dvector![0.0], dmatrix![1.0 + 1e-9]).unwrap();
    assert!(TotalVariation.between(&p, &nearly).is_err());
    let error = TotalVariation.between(&p, &q).unwrap_err();
    assert_eq!(error.to_string(), "no value: total variation between Gaussians of different covariance");
}

/// A variance ratio down to 1e-24: λ − 1 alone would have lost it, and the gaps cancel. N(0, s²) and N(0, 1) have ∫ p^a q^(1−a) = s^(1−a)/√(a + (1 − a) s²).
#[test]
fn one_law_may_be_very_much_narrower_than_the_other() {
    for s in [0.5, 1e-2, 1e-3, 1e-4, 1e-6, 1e-9, 1e-12_f64] {
        let (narrow, wide) =
            (Gaussian::from_cholesky(dvector![0.0], dmatrix![s]).unwrap(), Gaussian::standard(1).unwrap());
        // The same along one axis of the plane, rotated.
        let rotated = dmatrix![0.6 * s, -0.8; 0.8 * s, 0.6];
        let turned = Gaussian::standard(2).unwrap().affine_image(&rotated, &dvector![0.0, 0.0]).unwrap();
        for a in [-1.0, -0.5, 0.3, 0.5, 1.6, 2.0, 3.0] {
            let ln_integral = (1.0 - a) * s.ln() - 0.5 * (a + (1.0 - a) * s * s).ln();
            let exact =
                if a + (1.0 - a) * s * s <= 0.0 { f64::INFINITY } else { ln_integral.exp_m1() / (a * (a - 1.0)) };
            let close =
                |value: f64, tolerance: f64| value == exact || (value - exact).abs() <= tolerance * (1.0 + exact);
            let value = between(alpha(a), &narrow, &wide);
            // A dozen roundings, of exponents of up to 60.
            assert!(close(value, 1e-13), "alpha {a}, {s}: {value} {exact}");
            let exchanged = between(alpha(1.0 - a), &wide, &narrow);
            assert!(close(exchanged, 1e-13), "alpha {a}, {s}, exchanged: {exchanged} {exact}");
            if s >= 1e-4 {
                // In the plane the factor is rounded relative to the wide axis: s is known to 1e-16/s.
                let value = between(alpha(a), &turned, &Gaussian::standard(2).unwrap());
                assert!(close(value, 1e-11), "alpha {a}, {s}, in the plane: {value} {exact}");
            }
        }
    }
}

#[test]
fn very_narrow_and_very_wide_laws_are_far_apart_and_not_infinitely_or_refused() {
    for s in [1e-200, 1e-160, 1e160, 1e200] {
        let (p, q) = (Gaussian::from_cholesky(dvector![0.0], dmatrix![s]).unwrap(), Gaussian::standard(1).unwrap());
        for (p, q) in [(&p, &q), (&q, &p)] {
            // 2 - 2 sqrt(2 s/(1 + s^2)), which is 2.
            assert!((between(SquaredHellinger, p, q) - 2.0).abs() <= 1e-15);
            let (kl, by_alpha) = (between(ForwardKl, p, q), between(alpha(1.0), p, q));
            assert!(kl == by_alpha || (kl - by_alpha).abs() <= 1e-12 * kl, "{s}: {kl} {by_alpha}");
        }
    }
    let narrow = Gaussian::<f32>::from_cholesky(dvector![0.0], dmatrix![1e-23]).unwrap();
    let value = Alpha::new(1.0).unwrap().between(&narrow, &Gaussian::standard(1).unwrap()).unwrap();
    assert!((value - 52.46).abs() < 0.01, "{value}"); // -ln s - 1/2
}

#[test]
fn closed_forms_by_name_are_those_by_type_or_refused() {
    let (p, q) = (
        Gaussian::new(dvector![0.3, 0.0], dmatrix![1.0, 0.3; 0.3, 1.0]).unwrap(),
        Gaussian::new(dvector![0.0, 0.2], dmatrix![1.1, 0.2; 0.2, 1.0]).unwrap(),
    );
    for_each_divergence!(closed_form |name: &str, d| if let Ok(named) = name.parse::<Named>() {
        assert_eq!(between(named, &p, &q), between(d, &p, &q), "{name}");
    });
    let quadrature = |d: Named| exact::quadrature(&d, &p, &q).unwrap().value;
    let mut closed = 0;
    for d in Named::all() {
        match d.between(&p, &q) {
            Ok(value) => {
                closed += 1;
                assert!((value - quadrature(d)).abs() <= 1e-10, "{d}");
            }
            Err(error) => assert!(matches!(error, DivergenceError::Refused { .. }), "{d}: {error}"),
        }
    }
    // Six without a parameter, nine alphas, three t-powers; total variation of these two has none.
    assert_eq!(closed, 18);
}

/// Against sums of logarithms of determinants in 600 digits (mpmath 1.4.1), from either side: a large eigenvalue rounds by more than a small one is.
#[test]
fn renyi_knows_the_small_eigenvalues_beside_the_large_ones() {
    // The order, the factor of P, its mean, R(P, Q) and R(Q, P), with Q standard normal; and how often ε they may be off: what is left of the factor where its
    // columns are of one size has this condition number.
    let cases = [
        (0.5, dmatrix![1e9, 0.0; 3e8, 1.0], [0.0, 0.0], [20.074_135_541_803_24, 20.074_135_541_803_24], 10.0),
        (0.5, dmatrix![1e9, 0.0; 3e8, 1.0], [3.0, -2.0], [22.086_097_264_291_28, 22.086_097_264_291_28], 10.0),
        (0.5, dmatrix![1e8, 0.0; 1e8, 1e-8], [0.0, 0.0], [36.148_214_307_344_79, 36.148_214_307_344_79], 10.0),
        (0.5, dmatrix![1e8, 0.0; 1e8, 1e-8], [3.0, -2.0], [42.398_214_307_344_79, 42.398_214_307_344_79], 10.0),
        (0.5, dmatrix![1e8, 0.0; 1e8, 1.0], [3.0, -2.0], [22.299_665_338_167_25, 22.299_665_338_167_25], 10.0),
        (0.001, dmatrix![1e6, 0.0; 5e5, 1e-6], [3.0, -2.0], [15.383187628079036, 10.488092536901299], 1e3),
        // Lengths whose ratio is beyond the numbers.
        (0.5, dmatrix![1e150, 0.0; 1e150, 1e-160], [0.0, 0.0], [713.108_231_647_594_2, 713.108_231_647_594_2], 10.0),
        (0.9, dmatrix![1e-3, 0.0; 1e5, 1e-5], [3.0, -2.0], [126.01020741669531, 309.37565384226984], 1e8),
        (0.3, dmatrix![1.5, 0.0; 1e7, 2.0], [3.0, -2.0], [25.312491149653932, 23.368840514607943], 1e7),
    ];
    for (order, factor, mean, [forward, backward], condition) in cases {
        let p = Gaussian::from_cholesky(DVector::from_row_slice(&mean), factor.clone()).unwrap();
        let (q, renyi) = (Gaussian::standard(2).unwrap(), Renyi::new(order).unwrap());
        for (found, expected) in [(between(renyi, &p, &q), forward), (between(renyi, &q, &p), backward)] {
            let error = (found / expected - 1.0).abs();
            assert!(error <= 16.0 * condition * f64::EPSILON, "{order} {factor}: {found} {expected}");
        }
    }
    // Squared Hellinger is 2 less a hundred-thousandth, and not 2.
    let p = Gaussian::from_cholesky(DVector::zeros(2), dmatrix![1e9, 0.0; 3e8, 1.0]).unwrap();
    let hellinger = between(SquaredHellinger, &p, &Gaussian::standard(2).unwrap());
    // An exponential of 1e-5, of a logarithm that is known to some 1e-15; and a rounding of 2.
    assert!((hellinger - (2.0 - 2.0 * (-0.5 * 20.074_135_541_803_24_f64).exp())).abs() < 1e-14);
    // Much the same in single precision.
    let single = |p: DMatrix<f32>| {
        let (p, q) = (Gaussian::from_cholesky(DVector::zeros(2), p).unwrap(), Gaussian::standard(2).unwrap());
        [alpha_order(0.5).between(&p, &q).unwrap(), alpha_order(0.5).between(&q, &p).unwrap()]
    };
    for found in single(dmatrix![1000.0, 0.0; 1000.0, 1.0]) {
        assert!((found - 6.6201).abs() < 1e-4, "{found}"); // to four digits, and an ε or two of the logarithms
    }
    let [forward, backward] = single(dmatrix![1e4, 0.0; 3e3, 0.1]);
    // A hundred roundings, of logarithms up to 25.
    assert!((forward / backward - 1.0).abs() < 1e-5, "{forward} {backward}");
}

#[test]
fn renyi_of_extreme_orders_and_widths_on_the_line() {
    let of = |order, deviation: f64, mean| {
        let p = Gaussian::from_cholesky(dvector![mean], dmatrix![deviation]).unwrap();
        between(Renyi::new(order).unwrap(), &p, &Gaussian::standard(1).unwrap())
    };
    // From mpmath, as above.
    for (order, deviation, mean, expected) in [
        (1e-12, 1e-150, 0.0, 331.57225339112876),
        (0.5, 1e-9, 0.0, 20.030118656386466),
        (5000.0, 0.5, 0.0, 0.692_324_058_157_123_8),
        (1e5, 0.9999955000101249, 0.0, 1.290_732_818_573_010_7e-6),
        (1e12, 0.99999999999955, 0.0, 1.290_604_532_639_534e-13),
        (1e9, 0.5, 0.0, 0.693_147_170_342_153_5),
        (1e-3, 1e-4, 10.0, 55.752_510_902_475_63),
    ] {
        let found = of(order, deviation, mean);
        assert!((found / expected - 1.0).abs() < 1e-13, "{order} {deviation}: {found} {expected}"); // a logarithm of 345 rounds by 1e-13 of 330
    }
    // Where P is the narrower, α = 0 is reverse KL and no infinity.
    for deviation in [1e-3, 1e-9, 1e-18] {
        let p = Gaussian::from_cholesky(dvector![0.0], dmatrix![deviation]).unwrap();
        let q = Gaussian::standard(1).unwrap();
        let (zero, reverse) = (between(Alpha::new(0.0).unwrap(), &p, &q), between(ReverseKl, &p, &q));
        // A dozen roundings on either side.
        assert!((zero / reverse - 1.0).abs() < 1e-14, "{zero} {reverse}");
        // Wider than Q by any factor and of an order that large, P is infinitely far.
        let wide = Gaussian::from_cholesky(dvector![0.0], dmatrix![1.9]).unwrap();
        assert_eq!(between(Alpha::new(1e18).unwrap(), &wide, &q), f64::INFINITY);
    }
}

//! Quadrature against closed forms, published values, a second rule, and laws that are made to break it.

use std::f64::consts::{LN_2, PI, SQRT_2};

use fenchel::distribution::{Density, Gaussian, Landmarks, Law, Mixture, Moments};
use fenchel::divergence::{
    ClosedForm, FDivergence, ForwardKl, JensenShannon, NeymanChi2, PearsonChi2, ReverseKl, TotalVariation, exact,
};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use fenchel::{DistributionError, DivergenceError, Real};
use proptest::prelude::*;

use crate::fixed;

/// What quadrature promises for `f64`.
const PROMISE: f64 = 1e-10;

/// N(mean, sd²).
fn on_line(mean: f64, sd: f64) -> Gaussian<f64> {
    Gaussian::from_cholesky(dvector![mean], dmatrix![sd]).unwrap()
}

/// N(mean, ·) with these standard deviations and correlation.
fn in_plane(mean: [f64; 2], sd: [f64; 2], correlation: f64) -> Gaussian<f64> {
    let rest = ((1.0 - correlation) * (1.0 + correlation)).sqrt();
    let factor = dmatrix![sd[0], 0.0; correlation * sd[1], rest * sd[1]];
    Gaussian::from_cholesky(dvector![mean[0], mean[1]], factor).unwrap()
}

/// The value, which must be within the promise of `truth`, and not be further off than it says.
#[track_caller]
fn agrees<D, P, Q>(d: D, p: &P, q: &Q, truth: f64) -> f64
where
    D: FDivergence,
    P: Density<Scalar = f64> + Landmarks,
    Q: Density<Scalar = f64> + Landmarks,
{
    let found = exact::quadrature(&d, p, q).unwrap();
    let off = (found.value - truth).abs();
    assert!(off <= PROMISE * truth.max(1.0), "{found:?} is not {truth}, by {off:e}");
    assert!(found.error <= PROMISE * truth.max(1.0), "{found:?}");
    // The truth itself is a dozen roundings.
    assert!(off <= found.error + 1e-14 * truth.max(1.0), "{found:?} is off {truth} by {off:e}");
    found.value
}

fn refusal<D, P, Q>(d: D, p: &P, q: &Q) -> DivergenceError
where
    D: FDivergence,
    P: Density + Landmarks,
    Q: Density<Scalar = P::Scalar> + Landmarks,
{
    exact::quadrature(&d, p, q).unwrap_err()
}

/// The error function, by the series 2/√π exp(−x²) Σ 2ⁿ x²ⁿ⁺¹/(2n + 1)!!, whose terms all have the sign of x.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > 1e-18 * sum.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    if x.abs() > 7.0 { x.signum() } else { 2.0 / PI.sqrt() * (-x * x).exp() * sum }
}

/// The distribution function of N(0, 1).
fn normal(x: f64) -> f64 {
    0.5 * (1.0 + erf(x / SQRT_2))
}

// ---------------------------------------------------------------------------------------------------------------------
// Laws from elsewhere
// ---------------------------------------------------------------------------------------------------------------------

/// Where a law of this file has its mass.
fn landmark<T: Real>(mean: &[T], sd: &[T]) -> Result<Vec<Gaussian<T>>, DistributionError> {
    let factor = DMatrix::from_diagonal(&DVector::from_column_slice(sd));
    Ok(vec![Gaussian::from_cholesky(DVector::from_column_slice(mean), factor)?])
}

/// A law on ℝᵈ given by its log density and its landmark.
struct Own<F> {
    ln_pdf: F,
    mean: Vec<f64>,
    sd: Vec<f64>,
}

impl<F: Fn(&[f64]) -> f64> Law for Own<F> {
    type Scalar = f64;

    fn dimension(&self) -> usize {
        self.mean.len()
    }
}

impl<F: Fn(&[f64]) -> f64> Density for Own<F> {
    fn ln_pdf_rows(&self, rows: &DMatrix<f64>) -> Result<DVector<f64>, DistributionError> {
        let point = |row| rows.row(row).iter().copied().collect::<Vec<_>>();
        Ok(DVector::from_fn(rows.nrows(), |row, _| (self.ln_pdf)(&point(row))))
    }
}

impl<F: Fn(&[f64]) -> f64> Landmarks for Own<F> {
    fn landmarks(&self) -> Result<Vec<Gaussian<f64>>, DistributionError> {
        landmark(&self.mean, &self.sd)
    }
}

type Line<'a> = Own<Box<dyn Fn(&[f64]) -> f64 + 'a>>;

/// A law whose landmark is at `mean`, with one standard deviation for all axes.
fn own(mean: &[f64], sd: f64, ln_pdf: impl Fn(&[f64]) -> f64 + 'static) -> Line<'static> {
    Own { ln_pdf: Box::new(ln_pdf), mean: mean.to_vec(), sd: vec![sd; mean.len()] }
}

/// ∏ of Cauchy laws: each with density s/π/(s² + (x − m)²).
fn cauchy(m: &'static [f64], s: f64) -> Line<'static> {
    own(m, s, move |x| x.iter().zip(m).map(|(x, m)| -(PI * s).ln() - 2.0 * 1.0_f64.hypot((x - m) / s).ln()).sum())
}

fn laplace(m: f64, b: f64) -> Line<'static> {
    own(&[m], b * SQRT_2, move |x| -(x[0] - m).abs() / b - (2.0 * b).ln())
}

/// Uniform on the interval or the square whose sides begin at `lower`; the landmark knows a mean and a standard deviation.
fn uniform(lower: &'static [f64], side: f64) -> Line<'static> {
    let middle: Vec<_> = lower.iter().map(|l| l + 0.5 * side).collect();
    own(&middle, side / 12.0_f64.sqrt(), move |x| {
        let inside = x.iter().zip(lower).all(|(x, l)| *l <= *x && *x <= l + side);
        if inside { -side.ln() * x.len() as f64 } else { f64::NEG_INFINITY }
    })
}

/// Uniform on the disc.
fn disc(centre: &'static [f64; 2], radius: f64) -> Line<'static> {
    own(centre, 0.5 * radius, move |x| {
        let inside = (x[0] - centre[0]).powi(2) + (x[1] - centre[1]).powi(2) <= radius * radius;
        if inside { -(PI * radius * radius).ln() } else { f64::NEG_INFINITY }
    })
}

// ---------------------------------------------------------------------------------------------------------------------
// Gaussians
// ---------------------------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(fixed(200))]

    #[test]
    fn gaussians_on_the_line(m in -5.0..5.0_f64, ln_s in -3.0..3.0_f64) {
        let (p, q) = (on_line(0.0, 1.0), on_line(m, ln_s.exp()));
        agrees(ForwardKl, &p, &q, ForwardKl.between(&p, &q).unwrap());
        agrees(ReverseKl, &p, &q, ReverseKl.between(&p, &q).unwrap());
    }

    /// p²/q is wider than either law, the more so the nearer the variance of Q is to a half.
    #[test]
    fn chi_squares_on_the_line(m in -2.0..2.0_f64, variance in 0.6..20.0_f64) {
        let (p, q) = (on_line(0.0, 1.0), on_line(m, variance.sqrt()));
        let truth = PearsonChi2.between(&p, &q).unwrap();
        let found = exact::quadrature(&PearsonChi2, &p, &q).unwrap();
        // The exponent m²/(2σ² − 1) and ln det are known to a few ε times their size, up to 40.
        prop_assert!((found.value - truth).abs() <= 1e-10 * truth.max(1.0), "{:?} {}", found, truth);
        let swapped = exact::quadrature(&NeymanChi2, &q, &p).unwrap();
        prop_assert!((swapped.value - truth).abs() <= 1e-10 * truth.max(1.0), "{:?} {}", swapped, truth);
    }

    /// |p − q| between unequal variances has two kinks, anywhere: probabilities of the interval between them.
    #[test]
    fn kinks_on_the_line(m in -3.0..3.0_f64, ln_s in prop_oneof![-3.0..-0.05_f64, 0.05..3.0_f64]) {
        let s = ln_s.exp();
        // The roots of ln p/q = ln s − x²/2 + (x − m)²/(2 s²), without cancellation.
        let (a, b, c) = (0.5 / (s * s) - 0.5, -m / (s * s), 0.5 * m * m / (s * s) + ln_s);
        let half = -0.5 * (b + b.signum() * (b * b - 4.0 * a * c).sqrt());
        let (low, high) = ((half / a).min(c / half), (half / a).max(c / half));
        let mass = |low: f64, high: f64| normal(high) - normal(low);
        let truth = (mass(low, high) - mass((low - m) / s, (high - m) / s)).abs();
        agrees(TotalVariation, &on_line(0.0, 1.0), &on_line(m, s), truth);
    }
}

proptest! {
    #![proptest_config(fixed(12))]

    #[test]
    fn gaussians_in_the_plane(
        m in [-3.0..3.0_f64, -3.0..3.0_f64], ln_s in [-3.0..3.0_f64, -3.0..3.0_f64],
        p_correlation in -0.999..0.999_f64, q_correlation in -0.999..0.999_f64,
    ) {
        let (p, q) = (in_plane([0.0; 2], [1.0; 2], p_correlation), in_plane(m, ln_s.map(f64::exp), q_correlation));
        agrees(ForwardKl, &p, &q, ForwardKl.between(&p, &q).unwrap());
    }
}

#[test]
fn ridges_in_the_plane() {
    let q = in_plane([1.0, 0.5], [1.0, 1.2], 0.3);
    for correlation in [0.999, 0.999_999, -0.999_999_999] {
        let p = in_plane([0.0; 2], [1.0; 2], correlation);
        agrees(ForwardKl, &p, &q, ForwardKl.between(&p, &q).unwrap());
    }
}

#[test]
fn chi_squares_in_the_plane_and_their_poles() {
    let p = in_plane([0.0; 2], [1.0; 2], 0.0);
    let q = in_plane([0.6, 0.8], [0.8, 0.9], 0.1);
    agrees(PearsonChi2, &p, &q, PearsonChi2.between(&p, &q).unwrap());
    // At the pole the integrand does not fall along one axis, beyond it grows; either axis.
    for sd in [[0.5_f64.sqrt(), 0.9], [0.9, 0.5_f64.sqrt()], [0.6, 0.9], [0.9, 0.6]] {
        let error = refusal(PearsonChi2, &p, &in_plane([0.0; 2], sd, 0.0));
        assert!(matches!(error, DivergenceError::NotConverged { .. } | DivergenceError::Overflow { .. }), "{error}");
    }
}

#[test]
fn total_variation_between_equal_covariances_is_an_error_function() {
    // erf(1/(2 √2)): the alternating series, summed to 45 digits with Python's decimal, gives
    // 0.38292492254802620727540922...
    let truth = 0.382_924_922_548_026_2;
    assert!((erf(0.5 / SQRT_2) - truth).abs() < 1e-15); // a dozen roundings
    agrees(TotalVariation, &on_line(0.0, 1.0), &on_line(1.0, 1.0), truth);
    for mean in [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-0.28, 0.96]] {
        agrees(TotalVariation, &in_plane([0.0; 2], [1.0; 2], 0.0), &in_plane(mean, [1.0; 2], 0.0), truth);
    }
}

/// Standard against twice as wide: p = q on a circle, and D is the difference of its masses, 4^(−1/3) − 4^(−4/3).
#[test]
fn a_kink_along_a_circle() {
    let (p, q) = (in_plane([0.0; 2], [1.0; 2], 0.0), in_plane([0.0; 2], [2.0; 2], 0.0));
    agrees(TotalVariation, &p, &q, 0.75 * 0.25_f64.cbrt());
}

/// The curve p = q touches lines of the inner integral far from all landmarks, where both nearly agree between two nodes:
/// only looking for such places gives rotated laws the same divergence.
#[test]
fn a_kink_along_a_curve_in_any_position() {
    let p = in_plane([0.0; 2], [1.0; 2], 0.0);
    let value = |mean| exact::quadrature(&TotalVariation, &p, &in_plane(mean, [2.0; 2], 0.0)).unwrap().value;
    let truth = value([1.0, 0.0]); // the circle is touched at its axis, which is a landmark
    for mean in [[0.0, 1.0], [0.6, 0.8]] {
        assert!((value(mean) - truth).abs() <= PROMISE, "{mean:?}: {} {truth}", value(mean));
    }
}

#[test]
fn nearly_equal_laws_keep_their_relative_accuracy() {
    for h in [1e-3, 1e-5, 1e-6, 1e-8] {
        // ln p/q, of size h, is known to a few ε, and D to twice its relative error.
        let tolerance = 1e-11 + 1e-14 / h;
        let pairs = [
            (on_line(h, 1.0), on_line(0.0, 1.0 + h)),
            (in_plane([h, 0.0], [1.0, 1.0 + h], 0.5), in_plane([0.0; 2], [1.0; 2], 0.5)),
        ];
        for (p, q) in pairs {
            let (found, truth) = (exact::quadrature(&ForwardKl, &p, &q).unwrap(), ForwardKl.between(&p, &q).unwrap());
            assert!((found.value / truth - 1.0).abs() <= tolerance, "{h}: {found:?} {truth}");
            assert!(found.error <= tolerance * truth, "{h}: {found:?}");
        }
    }
}

#[test]
fn equal_laws_are_exactly_equal() {
    let (p, q) = (on_line(3.0, 0.7), in_plane([1.0, 2.0], [0.3, 4.0], 0.9));
    assert_eq!(exact::quadrature(&ForwardKl, &p, &p), Ok(exact::Integral { value: 0.0, error: 0.0 }));
    assert_eq!(exact::quadrature(&TotalVariation, &q, &q), Ok(exact::Integral { value: 0.0, error: 0.0 }));
}

#[test]
fn extreme_scales_are_no_trouble() {
    for scale in [1e-200, 1e-20, 1e20, 1e200] {
        agrees(ForwardKl, &on_line(0.0, scale), &on_line(scale, scale), 0.5);
    }
    for scale in [1e-100, 1e100] {
        let (p, q) = (in_plane([0.0; 2], [scale; 2], 0.3), in_plane([0.0; 2], [scale, 2.0 * scale], 0.3));
        agrees(ForwardKl, &p, &q, ForwardKl.between(&p, &q).unwrap());
    }
    // A density of 1e400.
    let narrow = in_plane([0.0; 2], [1e-200; 2], 0.0);
    let error = refusal(ForwardKl, &narrow, &in_plane([0.0; 2], [1.0; 2], 0.0));
    assert!(matches!(error, DivergenceError::Overflow { .. }), "{error}");
    agrees(JensenShannon, &on_line(-1e6, 1.0), &on_line(1e6, 1.0), 2.0 * LN_2);
}

// ---------------------------------------------------------------------------------------------------------------------
// Mixtures
// ---------------------------------------------------------------------------------------------------------------------

/// Half a unit in the last of ten digits.
const TEN_DIGITS: f64 = 0.6e-10;

#[test]
fn published_divergences_of_a_mixture_on_the_line() {
    let p = Mixture::new(&[0.33, 0.67], vec![on_line(-1.0, 0.25), on_line(2.0, SQRT_2)]).unwrap();
    let forward = exact::quadrature(&ForwardKl, &p, &on_line(1.01, 1.830_443_94)).unwrap();
    assert!((forward.value - 0.288_092_691_5).abs() <= TEN_DIGITS, "{forward:?}");
    let reverse = exact::quadrature(&ReverseKl, &p, &on_line(1.584_093_04, 1.629_422_89)).unwrap();
    assert!((reverse.value - 0.250_672_914_4).abs() <= TEN_DIGITS, "{reverse:?}");
    let js = exact::quadrature(&JensenShannon, &p, &on_line(1.312_515_23, 1.752_473_11)).unwrap();
    assert!((js.value - 0.129_826_930_8).abs() <= TEN_DIGITS, "{js:?}");
}

#[test]
fn the_seed_mixture_in_the_plane() {
    let components =
        vec![in_plane([0.5, 2.0], [2.0, 1.5_f64.sqrt()], 0.0), in_plane([9.0, 9.0], [1.0, 3.0_f64.sqrt()], 0.0)];
    let p = Mixture::new(&[0.75, 0.25], components).unwrap();
    let q = Gaussian::new(p.mean(), p.covariance()).unwrap();
    let found = exact::quadrature(&ForwardKl, &p, &q).unwrap();
    assert!((found.value - 0.687_199_608_0).abs() <= TEN_DIGITS, "{found:?}");
}

/// The trapezoidal rule, which for analytic functions on the line converges exponentially: with 20 nodes for the narrowest
/// deviation, to rounding.
fn trapezoid(p: &Mixture<Gaussian<f64>>, q: &Mixture<Gaussian<f64>>, divergence: impl Fn(f64, f64) -> f64) -> f64 {
    let (lower, step, nodes) = (-60.0, 0.01, 12_000);
    let xs = DMatrix::from_fn(nodes, 1, |i, _| lower + step * i as f64);
    let (ln_p, ln_q) = (p.ln_pdf_rows(&xs).unwrap(), q.ln_pdf_rows(&xs).unwrap());
    ln_p.iter().zip(ln_q.iter()).map(|(&ln_p, &ln_q)| divergence(ln_p, ln_q)).sum::<f64>() * step
}

proptest! {
    #![proptest_config(fixed(32))]

    #[test]
    fn mixtures_on_the_line_agree_with_the_trapezoidal_rule(
        means in prop::array::uniform6(-8.0..8.0_f64), sds in prop::array::uniform6(0.2..3.0_f64),
        weights in prop::array::uniform6(0.05..1.0_f64),
    ) {
        let mixture = |from: usize| {
            let components = (from..from + 3).map(|i| on_line(means[i], sds[i])).collect();
            Mixture::new(&weights[from..from + 3], components).unwrap()
        };
        let (p, q) = (mixture(0), mixture(3));
        agrees(ForwardKl, &p, &q, trapezoid(&p, &q, |ln_p, ln_q| ln_p.exp() * (ln_p - ln_q)));
        // With a = ln((p + q)/2).
        agrees(JensenShannon, &p, &q, trapezoid(&p, &q, |ln_p, ln_q| {
            let a = (0.5 * (ln_p.exp() + ln_q.exp())).max(f64::MIN_POSITIVE).ln();
            let part = |ln: f64| if ln > -700.0 { ln.exp() * (ln - a) } else { 0.0 };
            part(ln_p) + part(ln_q)
        }));
    }
}

/// Components without overlap: the divergence of the weights.
#[test]
fn no_component_is_too_narrow_or_too_far() {
    let kl = 0.5 * 2.0_f64.ln() + 0.5 * (2.0_f64 / 3.0).ln();
    let mixtures = |components: [Gaussian<f64>; 2]| {
        let mixture = |weights: &[f64]| Mixture::new(weights, components.to_vec()).unwrap();
        (mixture(&[0.5, 0.5]), mixture(&[0.25, 0.75]))
    };
    for (mean, sd) in [(30.0, 1e-6), (50.0, 1e-3), (1e3, 1e-3), (1e6, 1.0), (-1e6, 100.0)] {
        let (p, q) = mixtures([on_line(0.0, 1.0), on_line(mean, sd)]);
        agrees(ForwardKl, &p, &q, kl);
    }
    for (mean, sd) in [(30.0, 1e-6), (1e6, 1.0)] {
        let (p, q) = mixtures([in_plane([0.0; 2], [1.0; 2], 0.5), in_plane([mean, -mean], [sd, 2.0 * sd], -0.9)]);
        agrees(ForwardKl, &p, &q, kl);
    }
}

/// A narrow component in the middle of a wide one: the wide one is constant across it, up to 1e-12.
#[test]
fn a_needle_in_a_haystack() {
    let mixture =
        |weight: f64| Mixture::new(&[weight, 1.0 - weight], vec![on_line(0.3, 1e-6), on_line(0.0, 1.0)]).unwrap();
    let (p, q) = (mixture(0.5), mixture(0.25));
    // Beside the needle p/q = 2/3. In it, with needle n and haystack h: n = N(0, 1e-6²) exp(−z²/2), by a trapezoid over z.
    let hay = 1e-6 * (-0.5 * 0.09_f64).exp() / (2.0 * PI).sqrt();
    let step = 0.01;
    let inside: f64 = (-1200..=1200)
        .map(|i| {
            let z = step * f64::from(i);
            let needle = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
            let (p, q) = (0.5 * needle + 0.5 * hay, 0.25 * needle + 0.75 * hay);
            p * (p / q).ln() - 0.5 * hay * (2.0_f64 / 3.0).ln()
        })
        .sum::<f64>()
        * step;
    agrees(ForwardKl, &p, &q, inside + 0.5 * (2.0_f64 / 3.0).ln());
}

#[test]
fn a_component_without_weight_is_no_landmark() {
    let p = Mixture::new(&[1.0, 0.0], vec![on_line(0.0, 1.0), on_line(1e9, 1e-9)]).unwrap();
    assert_eq!(p.landmarks().unwrap(), [on_line(0.0, 1.0)]);
    agrees(ForwardKl, &p, &on_line(1.0, 1.0), 0.5);
    let nested = Mixture::new(&[1.0, 2.0], vec![p.clone(), p]).unwrap();
    assert_eq!(nested.landmarks().unwrap().len(), 2);
}

// ---------------------------------------------------------------------------------------------------------------------
// Laws from elsewhere
// ---------------------------------------------------------------------------------------------------------------------

/// KL between Cauchy laws: ln(((s + t)² + (m − n)²)/(4 s t)). Chyzak and Nielsen (2019), *A closed-form formula for the
/// Kullback-Leibler divergence between Cauchy distributions*.
#[test]
fn algebraic_tails() {
    let truth = |m: f64, s: f64| (((1.0 + s).powi(2) + m * m) / (4.0 * s)).ln();
    let p = cauchy(&[0.0], 1.0);
    for s in [1e-3, 0.1, 2.0, 1e4] {
        agrees(ForwardKl, &p, &cauchy(&[0.0], s), truth(0.0, s));
        agrees(ForwardKl, &p, &cauchy(&[3.0], s), truth(3.0, s));
    }
    agrees(ForwardKl, &p, &cauchy(&[1e3], 1.0), truth(1e3, 1.0));
    // χ² between the two is (truth's argument − 1) · 2 for equal scales, m²/2: from ∫ p²/q with q's quadratic in the
    // numerator.
    agrees(PearsonChi2, &p, &cauchy(&[3.0], 1.0), 4.5);
    agrees(ForwardKl, &cauchy(&[0.0, 0.0], 1.0), &cauchy(&[0.5, 3.0], 2.0), truth(0.5, 2.0) + truth(3.0, 2.0));
}

/// ¼ (1 + |x|)^(−3/2), against four times the scale: ln 4 + 3/2 (E ln(1 + |x|/4) − E ln(1 + |x|)), where the second mean is
/// 2 and the first, by parts and u² = 1 + x, ∫ 2/(3 + u²) from 1 = 2π/(3 √3).
#[test]
fn tails_that_barely_have_a_mass() {
    let law = |s: f64| own(&[0.0], s, move |x| -(4.0 * s).ln() - 1.5 * (x[0].abs() / s).ln_1p());
    agrees(ForwardKl, &law(1.0), &law(4.0), 4.0_f64.ln() + 1.5 * (2.0 * PI / 27.0_f64.sqrt() - 2.0));
}

/// KL between Laplace laws: ln(c/b) − 1 + (m + b exp(−m/b))/c.
#[test]
fn exponential_tails_and_kinks_of_the_densities() {
    for (m, c) in [(0.0, 2.0), (1.5, 2.0), (1.5, 0.01), (7.0, 30.0)] {
        agrees(ForwardKl, &laplace(0.0, 1.0), &laplace(m, c), c.ln() - 1.0 + (m + (-m).exp()) / c);
    }
    // Against a Gaussian: E ln p − E ln q, with E x² = 2 and E|x| = 1.
    let truth = -LN_2 - 1.0 + 0.5 * (2.0 * PI).ln() + 1.0;
    agrees(ForwardKl, &laplace(0.0, 1.0), &on_line(0.0, 1.0), truth);
    agrees(ReverseKl, &on_line(0.0, 1.0), &laplace(0.0, 1.0), truth);
    let truth = -0.5 * (2.0 * PI).ln() - 0.5 + LN_2 + (2.0 / PI).sqrt();
    agrees(ForwardKl, &on_line(0.0, 1.0), &laplace(0.0, 1.0), truth);
}

proptest! {
    #![proptest_config(fixed(200))]

    /// Jumps anywhere.
    #[test]
    fn uniform_laws_on_the_line(a in 0.0..1.0_f64, side in 0.01..2.0_f64) {
        let q = own(&[a + 0.5 * side], side / 12.0_f64.sqrt(), move |x| {
            if a <= x[0] && x[0] <= a + side { -side.ln() } else { f64::NEG_INFINITY }
        });
        let p = uniform(&[0.0], 1.0);
        let common = (a + side).min(1.0) - a;
        agrees(TotalVariation, &p, &q, 0.5 * (1.0 - common + (side - common) / side + common * (1.0 - 1.0 / side).abs()));
        // f(1/u) on what they share, and 1 for each of what they do not, at ln 2 a unit.
        let (m, n) = (0.5 * (1.0 + 1.0 / side), 1.0 / side);
        let shared = common * (-m.ln() + n * (n / m).ln());
        agrees(JensenShannon, &p, &q, shared + LN_2 * (1.0 - common + (side - common) / side));
    }
}

#[test]
fn supports_that_do_not_match() {
    let (inner, outer) = (uniform(&[0.2], 0.5), uniform(&[0.0], 1.0));
    agrees(ForwardKl, &inner, &outer, LN_2);
    let infinite = Ok(exact::Integral { value: f64::INFINITY, error: 0.0 });
    assert_eq!(exact::quadrature(&ForwardKl, &outer, &inner), infinite);
    assert_eq!(exact::quadrature(&ReverseKl, &inner, &outer), infinite);
    assert_eq!(exact::quadrature(&PearsonChi2, &on_line(0.0, 1.0), &inner), infinite);
    agrees(JensenShannon, &inner, &uniform(&[5.0], 1.0), 2.0 * LN_2);
    agrees(TotalVariation, &inner, &uniform(&[1e5], 1.0), 1.0);

    let (p, q) = (uniform(&[0.0, 0.0], 1.0), uniform(&[0.3, 0.4], 1.0));
    assert_eq!(exact::quadrature(&ForwardKl, &p, &q), infinite);
    agrees(TotalVariation, &p, &q, 1.0 - 0.7 * 0.6);
}

/// One less the common area; that of two unit discs whose centres are 1 apart is 2π/3 − √3/2. Between the edges of the discs
/// are slivers where all nodes around see an integrand of 0.
#[test]
fn uniform_laws_on_discs() {
    let common = (2.0 * PI / 3.0 - 0.75_f64.sqrt()) / PI;
    agrees(TotalVariation, &disc(&[0.0, 0.0], 1.0), &disc(&[0.6, 0.8], 1.0), 1.0 - common);
}

/// x² N(0, 1) has density 0 at one point, where ln p/q is −∞: E_Q ln q/p = −E ln x² = γ + ln 2.
#[test]
fn a_zero_of_a_density_is_not_a_gap() {
    let ln_density = |x: f64| (x * x).ln() - 0.5 * x * x - 0.5 * (2.0 * PI).ln();
    let euler = 0.577_215_664_901_532_9; // Abramowitz and Stegun, 6.1.3
    for centre in [0.0, 0.25] {
        let p = own(&[centre], 1.0, move |x| ln_density(x[0]));
        agrees(ReverseKl, &p, &on_line(0.0, 1.0), euler + LN_2);
    }
}

#[test]
fn divergent_integrals_are_refused() {
    let refused = |error: DivergenceError| {
        matches!(error, DivergenceError::NotConverged { .. } | DivergenceError::Overflow { .. })
    };
    let normal = on_line(0.0, 1.0);
    assert!(refused(refusal(PearsonChi2, &normal, &on_line(0.0, 0.4_f64.sqrt()))));
    assert!(refused(refusal(PearsonChi2, &normal, &on_line(0.0, 0.5_f64.sqrt()))));
    // No mean, no variance: the first diverges like a logarithm.
    assert!(refused(refusal(ForwardKl, &cauchy(&[0.0], 1.0), &laplace(0.0, 1.0))));
    assert!(refused(refusal(ForwardKl, &cauchy(&[0.0], 1.0), &normal)));
    assert!(refused(refusal(ReverseKl, &normal, &cauchy(&[0.0], 1.0))));
    assert!(refused(refusal(NeymanChi2, &normal, &cauchy(&[0.0], 1.0))));
    // Densities that are none.
    let constant = |ln_pdf: f64| own(&[0.0], 1.0, move |_| ln_pdf);
    assert!(refused(refusal(ForwardKl, &constant(0.0), &constant(-1.0))));
    let constant = |ln_pdf: f64| own(&[0.0, 0.0], 1.0, move |_| ln_pdf);
    assert!(refused(refusal(ForwardKl, &constant(0.0), &constant(-1.0))));
    // Noise.
    let noise = own(&[0.0], 1.0, |x| (x[0] * 1e9).sin() - 0.5 * x[0] * x[0]);
    assert!(refused(refusal(ForwardKl, &noise, &normal)));
}

#[test]
fn coordinates_too_coarse_for_the_accuracy_are_refused() {
    for mean in [1e8, 1e12, 1e20] {
        let error = refusal(ForwardKl, &on_line(mean, 1.0), &on_line(mean + 1e-8 * mean, 2.0));
        assert!(matches!(error, DivergenceError::NotConverged { .. }), "{mean}: {error}");
    }
}

#[test]
fn single_precision_keeps_a_promise_of_its_own() {
    // 160 ε.
    let promise = 2e-5;
    let single = |law: &Gaussian<f64>| {
        Gaussian::<f32>::from_cholesky(law.mean().cast(), law.cholesky_factor().clone().cast()).unwrap()
    };
    // Parameters that are exact in f32.
    let pairs = [
        (on_line(0.0, 1.0), on_line(1.0, 2.0)),
        (on_line(0.0, 1.0), on_line(8.0, 0.125)),
        (on_line(100.0, 1.0), on_line(101.0, 1.0)),
        (in_plane([0.0; 2], [1.0, 2.0], 0.0), in_plane([1.0, 0.0], [1.0, 1.0], 0.0)),
    ];
    for (p, q) in pairs {
        let (found, truth) =
            (exact::quadrature(&ForwardKl, &single(&p), &single(&q)).unwrap(), ForwardKl.between(&p, &q).unwrap());
        let off = (found.value - truth).abs();
        assert!(off <= found.error && found.error <= promise * truth.max(1.0), "{found:?} {truth}");
        let wide = exact::quadrature(&TotalVariation, &p, &q).unwrap().value;
        let found = exact::quadrature(&TotalVariation, &single(&p), &single(&q)).unwrap();
        assert!((found.value - wide).abs() <= promise, "{found:?} {wide}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let three = Gaussian::<f64>::standard(3).unwrap();
    assert_eq!(refusal(ForwardKl, &three, &three), DivergenceError::NoQuadrature { dimension: 3 });
    let (one, two) = (on_line(0.0, 1.0), in_plane([0.0; 2], [1.0; 2], 0.0));
    assert_eq!(refusal(ForwardKl, &one, &two), DivergenceError::DimensionMismatch { p: 1, q: 2 });

    struct Lost(Vec<Gaussian<f64>>);
    impl Law for Lost {
        type Scalar = f64;

        fn dimension(&self) -> usize {
            1
        }
    }
    impl Density for Lost {
        fn ln_pdf_rows(&self, rows: &DMatrix<f64>) -> Result<DVector<f64>, DistributionError> {
            Ok(DVector::zeros(rows.nrows()))
        }
    }
    impl Landmarks for Lost {
        fn landmarks(&self) -> Result<Vec<Gaussian<f64>>, DistributionError> {
            Ok(self.0.clone())
        }
    }
    assert_eq!(refusal(ForwardKl, &Lost(vec![]), &one), DivergenceError::NoLandmarks { law: "P" });
    assert_eq!(refusal(ForwardKl, &one, &Lost(vec![])), DivergenceError::NoLandmarks { law: "Q" });
    let mismatch = DistributionError::DimensionMismatch { what: "a landmark", expected: 1, found: 2 };
    assert_eq!(refusal(ForwardKl, &Lost(vec![two]), &one), DivergenceError::Distribution(mismatch));
    for (place, width) in [(1e308, 1.0), (-1e308, 1.0), (0.0, 1e308)] {
        let error = refusal(ForwardKl, &one, &on_line(place, width));
        assert_eq!(error, DivergenceError::LandmarkBeyond { law: "Q", place, width });
    }
    let nan = own(&[0.0], 1.0, |x| if x[0] > 2.0 { f64::NAN } else { 0.0 });
    assert_eq!(refusal(ForwardKl, &one, &nan), DivergenceError::NotANumber);
}

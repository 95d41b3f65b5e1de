//! Averages over draws.

use fenchel::distribution::{Density, Gaussian, Landmarks, Law, Mixture, SampleRows, UniformBox};
use fenchel::divergence::{
    ClosedForm, FDivergence, ForwardKl, JensenShannon, NeymanChi2, PearsonChi2, ReverseKl, SoftReverseKl, exact,
};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{Rng, SeedableRng};
use fenchel::{DistributionError, DivergenceError};

/// The mixture of the blog post that the crate started from.
fn seed_mixture() -> Mixture<Gaussian<f64>> {
    let component = |mean: [f64; 2], variances: [f64; 2]| {
        Gaussian::new(DVector::from_row_slice(&mean), DMatrix::from_diagonal(&DVector::from_row_slice(&variances)))
    };
    let components = vec![component([0.5, 2.0], [4.0, 1.5]).unwrap(), component([9.0, 9.0], [1.0, 3.0]).unwrap()];
    Mixture::new(&[0.75, 0.25], components).unwrap()
}

#[test]
fn the_gaussian_closest_to_the_seed_mixture_misses_it_by_the_known_number() {
    let p = seed_mixture();
    let q = Gaussian::new(dvector![2.625, 3.75], dmatrix![16.796875, 11.15625; 11.15625, 11.0625]).unwrap();
    let kl = exact::quadrature(&ForwardKl, &p, &q).unwrap();
    // Half a unit in the last of the ten digits.
    assert!((kl.value - 0.687_199_608_0).abs() <= 1e-10, "{kl:?}");

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let estimate = exact::monte_carlo(&ForwardKl, &p, &q, 100_000, &mut rng).unwrap();
    // Five standard errors: once in two million seeds.
    assert!((estimate.mean - kl.value).abs() <= 5.0 * estimate.std_error, "{estimate:?}");
}

#[test]
fn quadrature_of_mixtures_agrees_with_monte_carlo_for_every_divergence() {
    fn compare<D: FDivergence>(name: &str, d: D) {
        let mixture = |shift: f64| {
            let component = |mean: f64, sd: f64| Gaussian::new(dvector![mean], dmatrix![sd * sd]).unwrap();
            Mixture::new(&[0.5, 0.5], vec![component(shift - 1.0, 1.0), component(shift + 1.0, 1.0)]).unwrap()
        };
        let (p, q) = (mixture(0.0), mixture(0.4));
        let integral = exact::quadrature(&d, &p, &q).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let estimate = exact::monte_carlo(&d, &p, &q, 50_000, &mut rng).unwrap();
        // Five standard errors: once in two million seeds.
        assert!(
            (estimate.mean - integral.value).abs() <= 5.0 * estimate.std_error,
            "{name}: {estimate:?} {integral:?}"
        );
    }
    for_each_divergence!(any compare);
}

#[test]
fn the_standard_error_is_the_spread_of_repeated_estimates() {
    let p = Gaussian::new(dvector![0.5], dmatrix![1.0]).unwrap();
    let q = Gaussian::standard(1).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(17);
    let estimates: Vec<_> = (0..400).map(|_| exact::monte_carlo(&ForwardKl, &p, &q, 500, &mut rng).unwrap()).collect();
    let mean = estimates.iter().map(|e| e.mean).sum::<f64>() / 400.0;
    let spread = (estimates.iter().map(|e| (e.mean - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
    let claimed = estimates.iter().map(|e| e.std_error).sum::<f64>() / 400.0;
    // A standard deviation from 400 draws is itself known to 1/sqrt(800) = 3.5 %: four times that.
    assert!((spread / claimed - 1.0).abs() < 0.14, "{spread} {claimed}");
}

#[test]
fn every_monte_carlo_estimate_is_non_negative() {
    fn law<D: FDivergence>(name: &str, d: D) {
        let p = Gaussian::new(dvector![0.01], dmatrix![1.0]).unwrap();
        let q = Gaussian::standard(1).unwrap();
        for seed in 0..50 {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let estimate = exact::monte_carlo(&d, &p, &q, 2, &mut rng).unwrap();
            assert!(estimate.mean >= 0.0, "{name}: {estimate:?}");
        }
    }
    for_each_divergence!(any law);
}

#[test]
fn wrong_laws_and_counts_are_named() {
    let (one, two) = (Gaussian::<f64>::standard(1).unwrap(), Gaussian::<f64>::standard(2).unwrap());
    let mismatch = DivergenceError::DimensionMismatch { p: 1, q: 2 };
    fn closed<D: ClosedForm<Gaussian<f64>>>(_: &str, d: D) {
        let (one, two) = (Gaussian::standard(1).unwrap(), Gaussian::standard(2).unwrap());
        let error = d.between(&one, &two).unwrap_err();
        assert_eq!(error, DivergenceError::DimensionMismatch { p: 1, q: 2 }, "P and Q in the order of the call");
    }
    for_each_divergence!(closed_form closed);

    assert_eq!(exact::quadrature(&ForwardKl, &one, &two).unwrap_err(), mismatch);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    assert_eq!(exact::monte_carlo(&ForwardKl, &one, &two, 10, &mut rng).unwrap_err(), mismatch);
    for n in [0, 1] {
        let error = exact::monte_carlo(&ForwardKl, &two, &two, n, &mut rng).unwrap_err();
        assert_eq!(error, DivergenceError::TooFewDraws { draws: n as u64 });
    }
}

#[test]
fn far_apart_bounded_divergences_reach_their_bound_and_the_others_are_right_or_refused() {
    let law = |mean: f64| Gaussian::new(dvector![mean], dmatrix![1.0]).unwrap();
    let (p, q) = (law(-20.0), law(20.0));
    let value = |integral: Result<exact::Integral, DivergenceError>| integral.unwrap().value;
    let js = value(exact::quadrature(&JensenShannon, &p, &q));
    assert!((js - 2.0 * std::f64::consts::LN_2).abs() < 1e-10); // the overlap is below 1e-80
    // 2 KL(M||P): without overlap the half of M that is Q's has ln(m/p) = ln(q/p) - ln 2, the other -ln 2, and E_Q ln(q/p) is KL(Q||P) =
    // 40²/2.
    let soft = value(exact::quadrature(&SoftReverseKl, &p, &q));
    assert!((soft - (800.0 - 2.0 * std::f64::consts::LN_2)).abs() < 1e-9 * 800.0);
    let swapped = value(exact::quadrature(&SoftReverseKl.swap(), &q, &p));
    assert!((swapped - soft).abs() <= 1e-10 * soft); // ln p/q comes with the other sign: other roundings
    // Pearson's is exp(1600) - 1, which no f64 holds.
    let overflow = exact::quadrature(&PearsonChi2, &p, &q).unwrap_err();
    assert!(matches!(overflow, DivergenceError::Overflow { .. }), "{overflow}");
}

#[test]
fn a_price_that_overflows_is_an_error_and_not_an_infinite_divergence() {
    let (p, q) = ([1e-310, 1.0 - 1e-310], [0.5, 0.5]);
    let error = exact::discrete(&NeymanChi2, &p, &q).unwrap_err();
    assert!(matches!(error, DivergenceError::Overflow { v } if v < -700.0), "{error}");
    // Reverse KL has no trouble there: half of ln(0.5e310), and half of ln 0.5.
    let exact = 0.5 * (0.5_f64.ln() + 310.0 * std::f64::consts::LN_10) + 0.5 * 0.5_f64.ln();
    let kl = exact::discrete(&ReverseKl, &p, &q).unwrap();
    assert!((kl - exact).abs() < 1e-13 * exact, "{kl} {exact}"); // a dozen roundings
}

/// A law from elsewhere that has a constant for its log density and draws as many rows as it likes.
struct Careless {
    ln_pdf: f64,
    rows: usize,
}

impl Law for Careless {
    type Scalar = f64;

    fn dimension(&self) -> usize {
        1
    }
}

impl Density for Careless {
    fn ln_pdf_rows(&self, rows: &DMatrix<f64>) -> Result<DVector<f64>, DistributionError> {
        Ok(DVector::from_element(rows.nrows(), self.ln_pdf))
    }
}

impl Landmarks for Careless {
    fn landmarks(&self) -> Result<Vec<Gaussian<f64>>, DistributionError> {
        Ok(vec![Gaussian::standard(1)?])
    }
}

impl SampleRows for Careless {
    fn sample_rows_to<R: Rng + ?Sized>(&self, _: &mut R, _: &mut DMatrix<f64>) -> Result<(), DistributionError> {
        Ok(())
    }

    fn sample_rows<R: Rng + ?Sized>(&self, _: usize, _: &mut R) -> Result<DMatrix<f64>, DistributionError> {
        Ok(DMatrix::zeros(self.rows, 1))
    }
}

#[test]
fn a_careless_law_neither_hangs_nor_hides_a_nan() {
    let law = |ln_pdf, rows| Careless { ln_pdf, rows };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let none = exact::monte_carlo(&ForwardKl, &law(0.0, 0), &law(0.0, 0), 10_000, &mut rng);
    assert_eq!(none, Err(DivergenceError::TooFewDraws { draws: 0 }));
    // More than asked for are taken as they come.
    let equal = exact::monte_carlo(&ForwardKl, &law(0.0, 0), &law(0.0, 9_999), 10, &mut rng).unwrap();
    assert_eq!((equal.mean, equal.std_error), (0.0, 0.0));
    for other in [f64::NEG_INFINITY, 0.0] {
        for (p, q) in [(f64::NAN, other), (other, f64::NAN)] {
            let error = exact::quadrature(&ReverseKl, &law(p, 0), &law(q, 0));
            assert_eq!(error, Err(DivergenceError::NotANumber), "{p} {q}");
        }
    }
}

#[test]
fn a_sum_or_a_term_that_overflows_is_an_error_and_not_an_infinite_divergence() {
    let law = |ln_pdf| Careless { ln_pdf, rows: 0 };
    // (p - q)²/q = e^709 all over the line: every term fits, their sum does not.
    let sum = exact::quadrature(&PearsonChi2, &law(354.5), &law(0.0));
    assert_eq!(sum, Err(DivergenceError::NotANumber));
    // p ln(p/q) with p = e^708: the price is finite, the term is not.
    let term = exact::quadrature(&ForwardKl, &law(708.0), &law(0.0));
    assert!(matches!(term, Err(DivergenceError::Overflow { .. })), "{term:?}");
    // What is infinite is infinite.
    let infinite = exact::quadrature(&ForwardKl, &law(0.0), &law(f64::NEG_INFINITY)).unwrap();
    assert_eq!((infinite.value, infinite.error), (f64::INFINITY, 0.0));
}

#[test]
fn an_estimate_that_cannot_be_believed_has_no_error_bar() {
    let law = |mean: f64, variance: f64| Gaussian::new(dvector![mean], dmatrix![variance]).unwrap();
    // (p/q)^2 under Q falls as its size to the power -1.25: a mean, no variance. And KL 32 nats away, from draws that see nothing of P.
    let heavy = (law(0.0, 1.0), law(0.0, 0.6));
    let far = (law(8.0, 1.0), law(0.0, 1.0));
    assert!(exact::quadrature(&PearsonChi2, &heavy.0, &heavy.1).unwrap().value.is_finite());
    let (mut flagged, mut false_alarms) = (0, 0);
    for seed in 0..40 {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let estimate = exact::monte_carlo(&PearsonChi2, &heavy.0, &heavy.1, 10_000, &mut rng).unwrap();
        flagged += usize::from(estimate.std_error.is_infinite());
        let unseen = exact::monte_carlo(&ForwardKl, &far.0, &far.1, 10_000, &mut rng).unwrap();
        assert!(unseen.std_error.is_infinite() && unseen.mean < 2.0, "{unseen:?}");
        // With all moments, near and wide.
        for (d, p, q) in [(ForwardKl, law(0.5, 1.0), law(0.0, 1.0)), (ForwardKl, law(0.0, 1.0), law(0.0, 4.0))] {
            let estimate = exact::monte_carlo(&d, &p, &q, 10_000, &mut rng).unwrap();
            false_alarms += usize::from(estimate.std_error.is_infinite());
        }
    }
    // Measured: 98 of 100, and none of 400.
    assert!(flagged >= 36 && false_alarms == 0, "{flagged} {false_alarms}");
}

#[test]
fn importance_sampling_does_not_depend_on_the_proposal() {
    let law = |mean: f64, variance: f64| Gaussian::new(dvector![mean], dmatrix![variance]).unwrap();
    let (p, q) = (law(0.5, 1.0), law(0.0, 0.8));
    for (name, proposal) in [("wide", law(0.0, 6.0)), ("like p", law(0.5, 1.2)), ("elsewhere", law(-1.0, 4.0))] {
        for d in fenchel::divergence::Named::all() {
            let exact = exact::quadrature(&d, &p, &q).unwrap().value;
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(51);
            let estimate = exact::importance(&d, &p, &q, &proposal, 20_000, &mut rng).unwrap();
            // Five standard errors: once in two million seeds.
            assert!((estimate.mean - exact).abs() <= 5.0 * estimate.std_error, "{d}, {name}: {estimate:?} {exact}");
        }
    }
}

/// A proposal that misses some of Q sees no more of f(0) there than one that misses some of P.
#[test]
fn a_proposal_that_misses_a_law_is_not_believed() {
    let interval = |low: f64, high: f64| UniformBox::new(dvector![low], dvector![high]).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(52);
    let (near, moved, wide) = (interval(0.0, 1.0), interval(0.5, 1.5), interval(0.0, 1.5));
    let mut error = |p: &UniformBox<f64>, q: &UniformBox<f64>, proposal: &UniformBox<f64>| {
        let estimate = exact::importance(&JensenShannon, p, q, proposal, 10_000, &mut rng).unwrap();
        let truth = exact::quadrature(&JensenShannon, p, q).unwrap().value;
        if estimate.std_error.is_finite() {
            assert!((estimate.mean - truth).abs() <= 5.0 * estimate.std_error, "{estimate:?} {truth}");
        }
        estimate.std_error
    };
    for (p, q) in [(&near, &moved), (&moved, &near), (&near, &wide), (&wide, &near)] {
        assert!(error(p, q, &wide).is_finite());
        assert_eq!(error(p, q, &near), f64::INFINITY);
    }
}

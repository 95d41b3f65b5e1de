//! Kernel density estimates.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{
    AffineImage, Bandwidth, Cdf, Density, Empirical, Gaussian, KernelDensity, Landmarks, Marginal, Mixture, Moments,
};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_dual::Dual64;

use crate::{has_its_moments, integral, matrix, reference};

/// Eight points in the plane, of unequal weights, with a kernel that is not round.
pub fn hills() -> KernelDensity<f64> {
    let rows = dmatrix![0.0, 0.0; 1.0, 0.5; -1.0, 2.0; 3.0, 1.0; 2.0, -1.0; 0.5, 0.5; -2.0, -1.5; 1.5, 3.0];
    let data = Empirical::weighted(rows, &[1.0, 2.0, 0.5, 1.0, 0.0, 3.0, 1.0, 0.7]).unwrap();
    KernelDensity::with_kernel(data, dmatrix![0.3, 0.1; 0.1, 0.2]).unwrap()
}

/// The estimate as what it is: a mixture with one component for each row.
fn as_mixture(law: &KernelDensity<f64>) -> Mixture<Gaussian<f64>> {
    let rows = law.centres().rows();
    let component = |row: usize| Gaussian::new(rows.row(row).transpose(), law.kernel().covariance()).unwrap();
    let equal = vec![1.0; rows.nrows()];
    Mixture::new(law.centres().weights().unwrap_or(&equal), (0..rows.nrows()).map(component).collect()).unwrap()
}

#[test]
fn densities_bandwidths_and_distribution_functions_are_those_of_scipy() {
    let reference = reference();
    for d in [1, 2] {
        let of = |what: String| &reference[what.as_str()];
        let data = matrix(of(format!("kde{d} data")), d);
        let at = matrix(of(format!("kde{d} at")), d);
        let weights = of(format!("kde{d} weights"));
        for (rule, bandwidth) in
            [("scott", Bandwidth::Scott), ("silverman", Bandwidth::Silverman), ("0.3", Bandwidth::Factor(0.3))]
        {
            let equal = Empirical::new(data.clone()).unwrap();
            let weighted = Empirical::weighted(data.clone(), weights).unwrap();
            for (name, data) in [("equal", equal), ("weighted", weighted)] {
                let law = KernelDensity::new(data, bandwidth).unwrap();
                let covariance = matrix(of(format!("kde{d} {rule} {name} covariance")), d);
                // Sums of forty terms, and a factorisation of a well-conditioned matrix.
                assert_relative_eq!(law.kernel().covariance(), covariance, max_relative = 1e-13);
                let expected = of(format!("kde{d} {rule} {name} ln_pdf"));
                for (found, expected) in law.ln_pdf_rows(&at).unwrap().iter().zip(expected) {
                    // Squared distances to the nearest centre of up to a few hundred kernel widths, which are relatively accurate
                    // to 1e-13.
                    assert!(
                        (found - expected).abs() <= 1e-12 * (1.0 + expected.abs()),
                        "{rule} {name} {found} {expected}"
                    );
                }
                if d == 1 {
                    for (&x, expected) in at.iter().zip(of(format!("kde1 {rule} {name} cdf"))) {
                        assert!((law.cdf(x).unwrap() - expected).abs() < 1e-13); // a sum of forty terms below 1
                    }
                }
            }
        }
    }
}

#[test]
fn an_estimate_is_a_mixture() {
    let law = hills();
    let mixture = as_mixture(&law);
    let rows = DMatrix::from_fn(1100, 2, |i, j| ((i * (j + 3)) as f64 * 0.37).sin() * 5.0); // more than two blocks
    let (found, expected) = (law.ln_pdf_rows(&rows).unwrap(), mixture.ln_pdf_rows(&rows).unwrap());
    assert_relative_eq!(found, expected, epsilon = 1e-13, max_relative = 1e-12); // squared distances up to a few hundred
    assert_relative_eq!(law.mean(), mixture.mean(), epsilon = 1e-14);
    assert_relative_eq!(law.covariance(), mixture.covariance(), epsilon = 1e-14);
    let line = law.marginal(&[1]).unwrap();
    let projected = mixture.marginal(&[1]).unwrap();
    for x in [-4.0, 0.0, 0.7, 2.0, 9.0] {
        assert_relative_eq!(line.cdf(x).unwrap(), projected.cdf(x).unwrap(), epsilon = 1e-15, max_relative = 1e-14);
    }
    let (map, offset) = (dmatrix![1.0, 2.0; 0.5, -1.0], dvector![3.0, -1.0]);
    let image = law.affine_image(&map, &offset).unwrap();
    let expected = mixture.affine_image(&map, &offset).unwrap().ln_pdf_rows(&rows).unwrap();
    assert_relative_eq!(image.ln_pdf_rows(&rows).unwrap(), expected, epsilon = 1e-12, max_relative = 1e-12);
}

#[test]
fn an_estimate_of_many_rows_in_single_precision_keeps_its_digits() {
    let data = DMatrix::from_fn(20_000, 1, |i, _| ((i as f64 + 0.5) * 0.618_033_988_749_894_9).fract() * 2.0);
    let exact = KernelDensity::with_kernel(Empirical::new(data.clone()).unwrap(), dmatrix![0.01]).unwrap();
    let data = Empirical::new(data.map(|x| x as f32)).unwrap();
    let single = KernelDensity::with_kernel(data, dmatrix![0.01_f32]).unwrap();
    for x in [0.0, 0.25, 1.0, 1.9] {
        let (found, expected) = (single.ln_pdf(&dvector![x]).unwrap(), exact.ln_pdf(&dvector![f64::from(x)]).unwrap());
        // Whitened numbers up to 20 round by 20 ε, a square of 10 by 200 ε or so; a sum in blocks by little more.
        assert!((f64::from(found) - expected).abs() < 256.0 * f64::from(f32::EPSILON), "{x}: {found} {expected}");
    }
}

/// Whitened as they are, centres far from 0 would lose what tells them apart.
#[test]
fn an_estimate_far_from_zero_has_the_density_of_the_mixture() {
    let near = dmatrix![0.0, 0.0; 1.0, 1.25; -1.0, -0.5; 0.5, 0.75; -0.25, -1.0];
    let rows = dmatrix![0.125, 0.25; 1.0, 1.0; -0.5, -0.75];
    for (centre, correlation) in [(0.0, 0.9), (1e6, 0.999), (1e8, 0.999999)] {
        let centres = near.add_scalar(centre);
        let kernel = dmatrix![1.0, correlation; correlation, 1.0];
        // A row that does not count may be anywhere, and comes first.
        let centres = centres.insert_row(0, 1e300);
        let data = Empirical::weighted(centres, &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]).unwrap();
        let law = KernelDensity::with_kernel(data, kernel).unwrap();
        let rows = rows.add_scalar(centre);
        let (found, expected) = (law.ln_pdf_rows(&rows).unwrap(), as_mixture(&law).ln_pdf_rows(&rows).unwrap());
        // Exact differences; squares of up to 1/(1 − ρ²) round by as many ε.
        let bound = 64.0 * f64::EPSILON / (1.0 - correlation * correlation);
        assert!((&found - &expected).amax() <= bound, "{centre}: {found} {expected}");
    }
}

/// Where the centre that counts most is farther from another than the numbers reach.
#[test]
fn centres_at_both_ends_of_the_numbers_have_their_densities() {
    let data = Empirical::weighted(dmatrix![-1e308; 1e308], &[0.6, 0.4]).unwrap();
    let law = KernelDensity::with_kernel(data, dmatrix![1.0]).unwrap();
    for (at, weight) in [(-1e308, 0.6_f64), (1e308, 0.4)] {
        let expected = weight.ln() - 0.5 * std::f64::consts::TAU.ln();
        assert!((law.ln_pdf(&dvector![at]).unwrap() - expected).abs() < 1e-15); // three roundings of numbers below 2
    }
}

#[test]
fn the_kernel_of_unequal_weights_is_that_of_the_unbiased_covariance() {
    // Σ w (x − mean)²/(1 − Σ w²) of two rows is (x₁ − x₂)²/2 whatever their weights; of one and two that hardly count, (1 + 4)/2 · ½.
    // Two dozen roundings, of weights, sums, squares and quotients.
    for weight in [1.0, 1e-8, 1e-30, 1e-200] {
        let law = KernelDensity::new(
            Empirical::weighted(dmatrix![0.0; 2.0], &[1.0, weight]).unwrap(),
            Bandwidth::Factor(1.0),
        );
        assert_relative_eq!(law.unwrap().kernel().covariance()[0], 2.0, max_relative = 1e-14);
    }
    let three = Empirical::weighted(dmatrix![0.0; 1.0; 2.0], &[1.0, 1e-30, 1e-30]).unwrap();
    let law = KernelDensity::new(three, Bandwidth::Factor(1.0)).unwrap();
    assert_relative_eq!(law.kernel().covariance()[0], 1.25, max_relative = 1e-14);
}

#[test]
fn estimates_integrate_to_one() {
    let line = hills().marginal(&[0]).unwrap();
    // Kernels have a deviation of 0.4 at least along an axis and 0.37 across it: the trapezoidal rule is exact to exp(-2 π²
    // 0.137/0.01).
    for (name, total) in [("line", integral(&line, 12.0, 0.1)), ("plane", integral(&hills(), 10.0, 0.1))] {
        assert!((total - 1.0).abs() < 1e-11, "{name}: {total}"); // a sum of 40 000 terms
    }
}

#[test]
fn its_slope_pulls_towards_the_centres_by_their_responsibilities() {
    // d/dx ln p = Σ rᵢ(x) (xᵢ - x)/h², with r the responsibilities of the same mixture.
    let line = hills().marginal(&[0]).unwrap();
    let lift = |x: f64| Dual64::from(x);
    let centres = line.centres().rows().map(lift);
    let weights: Vec<_> = line.centres().weights().unwrap().iter().copied().map(lift).collect();
    let data = Empirical::weighted(centres, &weights).unwrap();
    let law = KernelDensity::with_kernel(data, line.kernel().covariance().map(lift)).unwrap();
    for x in [-3.0, 0.2, 1.7, 6.0] {
        let found = law.ln_pdf(&DVector::from_element(1, lift(x).derivative())).unwrap();
        let pull = line.centres().rows().map(|centre| (centre - x) / line.kernel().covariance()[0]);
        let posterior = as_mixture(&line).responsibilities(&dmatrix![x]).unwrap();
        assert_relative_eq!(found.eps, (posterior * pull)[0], epsilon = 1e-13, max_relative = 1e-13); // sums of eight terms up to 20
    }
}

#[test]
fn draws_have_the_moments_of_the_estimate() {
    has_its_moments("kernel density", &hills(), 4.0); // a coordinate has a kurtosis below 4
}

#[test]
fn landmarks_are_kernels_near_every_centre_of_weight() {
    let law = hills();
    let marks = law.landmarks().unwrap();
    for (row, weight) in law.centres().weights().unwrap().iter().enumerate() {
        let centre = law.centres().rows().row(row).into_owned();
        let near = marks.iter().any(|mark| {
            let squared = mark.mahalanobis_squared_rows(&DMatrix::from_row_slice(1, 2, centre.as_slice())).unwrap();
            squared[0] <= 1.0
        });
        assert!(near || *weight == 0.0);
    }
    let crowd = Empirical::new(DMatrix::from_fn(5000, 1, |i, _| i as f64 * 1e-3)).unwrap();
    let crowd = KernelDensity::with_kernel(crowd, dmatrix![0.25]).unwrap();
    assert!(crowd.landmarks().unwrap().len() <= 10); // five units in steps of more than half a unit
}

#[test]
fn the_density_far_out_is_zero_and_nan_only_at_a_nan() {
    let law = hills();
    for point in [dvector![1e300, 0.0], dvector![f64::INFINITY, 0.0], dvector![f64::INFINITY, f64::INFINITY]] {
        assert_eq!(law.ln_pdf(&point), Ok(f64::NEG_INFINITY));
    }
    assert!(law.ln_pdf(&dvector![f64::NAN, f64::INFINITY]).unwrap().is_nan());
}

#[test]
fn an_estimate_that_cannot_be_made_is_named() {
    let new = |rows: DMatrix<f64>, bandwidth| KernelDensity::new(Empirical::new(rows).unwrap(), bandwidth).unwrap_err();
    assert_eq!(
        new(dmatrix![1.0, 2.0; 3.0, 5.0], Bandwidth::Scott),
        DistributionError::TooFewRows { rows: 2, needed: 3 }
    );
    let constant = new(dmatrix![7.1; 7.1; 7.1], Bandwidth::Scott);
    assert_eq!(constant, DistributionError::NotPositiveDefinite { pivot: 0, value: 0.0 });
    let line = DMatrix::from_fn(50, 2, |i, j| 0.1 * (i * (j + 1)) as f64);
    assert!(matches!(new(line, Bandwidth::Silverman), DistributionError::NotPositiveDefinite { pivot: 1, .. }));
    for value in [0.0, -1.0, f64::INFINITY] {
        let (what, range) = ("the bandwidth factor", "positive and finite");
        let error = new(dmatrix![1.0; 2.0], Bandwidth::Factor(value));
        assert_eq!(error, DistributionError::InvalidParameter { what, value, range });
    }
    assert!(matches!(
        new(dmatrix![1.0; 2.0], Bandwidth::Factor(f64::NAN)),
        DistributionError::InvalidParameter { value, .. } if value.is_nan()
    ));
    let lone = Empirical::weighted(dmatrix![1.0; 2.0], &[1.0, 0.0]).unwrap();
    let few = DistributionError::TooFewRows { rows: 1, needed: 2 };
    assert_eq!(KernelDensity::new(lone, Bandwidth::Scott).unwrap_err(), few);
    let data = Empirical::new(dmatrix![1.0; 2.0]).unwrap();
    let singular = KernelDensity::with_kernel(data.clone(), dmatrix![0.0]).unwrap_err();
    assert_eq!(singular, DistributionError::NotPositiveDefinite { pivot: 0, value: 0.0 });
    let law = KernelDensity::with_kernel(data, dmatrix![1.0]).unwrap();
    let mismatch = DistributionError::DimensionMismatch { what: "the row", expected: 1, found: 2 };
    assert_eq!(law.ln_pdf(&DVector::zeros(2)).unwrap_err(), mismatch);
    assert_eq!(law.ln_pdf_rows(&DMatrix::zeros(0, 1)), Ok(DVector::zeros(0)));
}

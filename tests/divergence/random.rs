//! Random laws for properties: discrete ones with zeros, Gaussians, mixtures.

use fenchel::distribution::{Gaussian, Mixture};
use fenchel::divergence::{FDivergence, exact};
use fenchel::nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

/// Probabilities on `n` points, some of which may be 0.
pub(crate) fn law(n: usize, zeros: u32) -> impl Strategy<Value = Vec<f64>> {
    let mass = prop_oneof![4 => 1e-3..1.0_f64, 1 => 1e-6..1e-3_f64, zeros => Just(0.0)];
    prop::collection::vec(mass, n).prop_map(normalised)
}

/// `masses` over their sum; all on the first point if there are none.
pub(crate) fn normalised(mut masses: Vec<f64>) -> Vec<f64> {
    let sum: f64 = masses.iter().sum();
    if sum > 0.0 {
        masses.iter_mut().for_each(|x| *x /= sum);
    } else {
        masses[0] = 1.0;
    }
    masses
}

/// Two laws on the same 1 to 50 points.
pub(crate) fn pair() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..=50_usize).prop_flat_map(|n| (law(n, 1), law(n, 1)))
}

/// The same with mass on every point.
pub(crate) fn positive_pair() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..=50_usize).prop_flat_map(|n| (law(n, 0), law(n, 0)))
}

/// Half the L1 distance.
pub(crate) fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    0.5 * p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>()
}

pub(crate) fn discrete<D: FDivergence>(d: D, p: &[f64], q: &[f64]) -> f64 {
    exact::discrete(&d, p, q).unwrap()
}

/// Up to fifty terms of either sign of rounding, a few units each, and the roundings of the probabilities themselves,
/// by which D moves as E_P |f'| eps, which D + 1 bounds up to a small factor for ratios up to 1e6.
pub(crate) const SLACK: f64 = 1e-12;

/// a ≤ b up to rounding.
pub(crate) fn at_most(a: f64, b: f64) -> bool {
    b == f64::INFINITY || a <= b + SLACK * (1.0 + b.abs())
}

pub(crate) fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= SLACK * (1.0 + a.abs().min(b.abs()))
}

/// N(mean, L Lᵀ) with the diagonal of L in `scale` and what is below in ±`tilt`.
pub(crate) fn gaussian(
    dimension: usize,
    scale: std::ops::Range<f64>,
    tilt: f64,
) -> impl Strategy<Value = Gaussian<f64>> {
    let below = prop::collection::vec(-tilt..=tilt, dimension * dimension);
    let diagonal = prop::collection::vec(scale, dimension);
    let mean = prop::collection::vec(-1.0..1.0_f64, dimension);
    (mean, diagonal, below).prop_map(move |(mean, diagonal, below)| {
        let factor =
            DMatrix::from_fn(dimension, dimension, |i, j| if i == j { diagonal[i] } else { below[i * dimension + j] });
        Gaussian::from_cholesky(DVector::from_vec(mean), factor).unwrap()
    })
}

pub(crate) fn gaussian_pair(
    dimensions: std::ops::RangeInclusive<usize>,
    scale: std::ops::Range<f64>,
    tilt: f64,
) -> impl Strategy<Value = (Gaussian<f64>, Gaussian<f64>)> {
    dimensions.prop_flat_map(move |d| (gaussian(d, scale.clone(), tilt), gaussian(d, scale.clone(), tilt)))
}

/// A mixture of one to four random Gaussians.
pub(crate) fn mixture(dimension: usize) -> impl Strategy<Value = Mixture<Gaussian<f64>>> {
    let component =
        (0.05..1.0_f64, gaussian(dimension, 0.4..1.5, 0.4), prop::collection::vec(-2.0..2.0_f64, dimension));
    prop::collection::vec(component, 1..=4).prop_map(|components| {
        let (weights, laws): (Vec<f64>, Vec<_>) = components
            .into_iter()
            .map(|(weight, law, shift)| {
                let mean = fenchel::distribution::Moments::mean(&law) + DVector::from_vec(shift);
                (weight, Gaussian::from_cholesky(mean, law.cholesky_factor().clone()).unwrap())
            })
            .unzip();
        Mixture::new(&weights, laws).unwrap()
    })
}

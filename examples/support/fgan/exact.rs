//! The laws of the toy experiment of the f-GAN paper, and exact numbers about them.

use argmin::core::{CostFunction, Executor, State};
use argmin::solver::neldermead::NelderMead;
use argmin_math::{ArgminAdd, ArgminMul, ArgminSub};
use fenchel::SampleReal;
use fenchel::distribution::{DistributionError, Gaussian, Mixture};
use fenchel::divergence::{DivergenceError, FDivergence, exact};
use fenchel::nalgebra::{DMatrix, DVector, convert};

use crate::support::Failure;

/// P, in the precision asked for: 0.33 N(−1, 0.0625) + 0.67 N(2, 2), with variances.
pub fn data_law<T: SampleReal>() -> Result<Mixture<Gaussian<T>>, DistributionError> {
    let component = |mean: f64, variance: f64| {
        Gaussian::new(DVector::from_element(1, convert(mean)), DMatrix::from_element(1, 1, convert(variance)))
    };
    Mixture::new(&[convert(0.33), convert(0.67)], vec![component(-1.0, 0.0625)?, component(2.0, 2.0)?])
}

/// Q = N(μ, σ²).
pub fn model_law(mu: f64, sigma: f64) -> Result<Gaussian<f64>, DistributionError> {
    Gaussian::from_cholesky(DVector::from_element(1, mu), DMatrix::from_element(1, 1, sigma))
}

/// D(P‖Q); infinite where the integral is, or beyond the range of the numbers.
pub fn exact<D: FDivergence>(
    divergence: &D,
    p: &Mixture<Gaussian<f64>>,
    q: &Gaussian<f64>,
) -> Result<f64, DivergenceError> {
    match exact::quadrature(divergence, p, q) {
        Ok(integral) => Ok(integral.value),
        Err(DivergenceError::Overflow { .. } | DivergenceError::NotConverged { .. }) => Ok(f64::INFINITY),
        Err(error) => Err(error),
    }
}

/// A Gaussian from which no small step leads closer to P.
#[derive(Clone, Copy, Debug)]
pub struct Minimum {
    /// Its mean.
    pub mu: f64,
    /// Its standard deviation.
    pub sigma: f64,
    /// D(P‖Q) there.
    pub value: f64,
}

/// (μ, ln σ), with the arithmetic that a simplex needs.
#[derive(Clone, Copy)]
struct Place([f64; 2]);

impl Place {
    fn law(self) -> Result<Gaussian<f64>, DistributionError> {
        model_law(self.0[0], self.0[1].exp())
    }
}

impl ArgminAdd<Self, Self> for Place {
    fn add(&self, other: &Self) -> Self {
        Self([self.0[0] + other.0[0], self.0[1] + other.0[1]])
    }
}

impl ArgminSub<Self, Self> for Place {
    fn sub(&self, other: &Self) -> Self {
        Self([self.0[0] - other.0[0], self.0[1] - other.0[1]])
    }
}

impl ArgminMul<f64, Self> for Place {
    fn mul(&self, factor: &f64) -> Self {
        Self(self.0.map(|x| x * factor))
    }
}

/// D(P‖Q) as a function of the place of Q.
struct Objective<'a, D> {
    divergence: &'a D,
    p: &'a Mixture<Gaussian<f64>>,
}

impl<D: FDivergence> CostFunction for Objective<'_, D> {
    type Param = Place;
    type Output = f64;

    fn cost(&self, place: &Place) -> Result<f64, argmin::core::Error> {
        // The solver takes neither an error at its first places nor infinity; a place without a value is only far too high.
        Ok(exact(self.divergence, self.p, &place.law()?).unwrap_or(f64::INFINITY).min(1e100))
    }
}

/// The minima to which descents lead from either mode of P, from both together, and from a wide Gaussian, the least first.
pub fn minima<D: FDivergence>(divergence: &D, p: &Mixture<Gaussian<f64>>) -> Result<Vec<Minimum>, Failure> {
    let mut minima = Vec::<Minimum>::new();
    for (mu, sigma) in [(-1.0, 0.25), (2.0, 1.4), (1.0, 1.8), (0.5, 1.95)] {
        let mut place = Place([mu, f64::ln(sigma)]);
        // Again from where it ended, with a fresh simplex: the first may have gone flat.
        for size in [0.1, 1e-3] {
            let corners = [[0.0, 0.0], [size, 0.0], [0.0, size]].map(|offset| place.add(&Place(offset)));
            let solver = NelderMead::new(corners.to_vec()).with_sd_tolerance(0.0)?;
            let run =
                Executor::new(Objective { divergence, p }, solver).configure(|state| state.max_iters(100)).run()?;
            place = *run.state().get_best_param().ok_or("no optimum")?;
        }
        let (value, [mu, ln_sigma]) = (exact(divergence, p, &place.law()?)?, place.0);
        let (sigma, known) = (ln_sigma.exp(), |m: &Minimum| (m.mu - mu).hypot(m.sigma - ln_sigma.exp()) < 1e-3);
        if value.is_finite() && !minima.iter().any(known) {
            minima.push(Minimum { mu, sigma, value });
        }
    }
    minima.sort_by(|a, b| a.value.total_cmp(&b.value));
    if minima.is_empty() { Err("infinite for every Gaussian that was tried".into()) } else { Ok(minima) }
}

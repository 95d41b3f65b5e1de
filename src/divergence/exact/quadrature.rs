//! Integrals over the line and the plane.

use approx::AbsDiffEq;
use nalgebra::{DMatrix, RealField};

use super::adaptive::{Goal, Peak, Sum, integrate};
use super::panel::{Node, Sample};
use super::term;
use crate::distribution::{Density, DistributionError, Gaussian, Landmarks, Law, Moments, checked_ln_pdf_rows};
use crate::divergence::{DivergenceError, FDivergence, check_dimensions};
use crate::real::{Real, real, to_f64};

/// An integral by quadrature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Integral {
    /// The value.
    pub value: f64,
    /// What it may be off: an estimate, on the side of caution.
    pub error: f64,
}

/// The most points of the line, beyond those of the first panels.
const MOST_ON_THE_LINE: usize = 1 << 18;

/// The most points of a line in the plane, likewise.
const MOST_ON_A_LINE: usize = 1 << 15;

/// The most points of the plane, up to those of a line.
const MOST_IN_THE_PLANE: usize = 1 << 23;

/// D(P‖Q) = ∫ q f(p/q), over the line or the plane.
///
/// The error is at most 10⁻¹⁰ max(1, D), and mostly 10⁻¹¹ D; where f(0) = ∞ and P has no mass but Q has, or the other way
/// round, D is +∞ and exact, unless that mass is less than the least normal number. For laws on `f32` numbers it is at most 160 ε max(1, D), or 2·10⁻⁵: their densities are no
/// better. Narrow and distant peaks are found by the [landmarks](Landmarks) of the laws; kinks where p = q, jumps, and tails
/// that fall like |x|^(−3/2) or faster, by the rule.
///
/// Adaptive Clenshaw-Curtis quadrature, iterated in the plane. On the line some hundreds of evaluations of both densities,
/// thousands with jumps, and not more than 2¹⁸ beyond the first; in the plane some 10⁵, 10⁶ with a kink along a curve,
/// several times that with a jump, and not more than about 2²³, which takes a second or two.
///
/// ```
/// use fenchel::distribution::{Gaussian, Mixture};
/// use fenchel::divergence::{ForwardKl, exact};
/// use fenchel::nalgebra::{DMatrix, DVector};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let law = |mean: f64, variance| Gaussian::new(DVector::from_vec(vec![mean]), DMatrix::from_element(1, 1, variance));
/// let p = Mixture::new(&[0.33, 0.67], vec![law(-1.0, 0.0625)?, law(2.0, 2.0)?])?;
/// let kl = exact::quadrature(&ForwardKl, &p, &law(1.01, 1.83044394_f64.powi(2))?)?;
/// assert!((kl.value - 0.2880926915).abs() < 1e-10);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Laws of different dimensions, of a dimension other than 1 or 2, without landmarks or with landmarks beyond the numbers; a
/// density that is NaN, a term or a sum that overflows, as in a divergent integral;
/// [`NotConverged`](DivergenceError::NotConverged) for another divergent integral, and for laws whose peaks are so narrow,
/// at their distance from 0, that the coordinates are too coarse for the accuracy.
///
/// A peak or a gap of a density that no landmark tells of may be missed if it is narrower than a third of those that are told of.
pub fn quadrature<D, P, Q>(divergence: &D, p: &P, q: &Q) -> Result<Integral, DivergenceError>
where
    D: FDivergence,
    P: Density<Scalar = Q::Scalar> + Landmarks,
    Q: Density + Landmarks,
{
    divergence.check()?;
    integral(&Priced(divergence), p, q)
}

fn integral<P, Q>(divergence: &dyn Price, p: &P, q: &Q) -> Result<Integral, DivergenceError>
where
    P: Density<Scalar = Q::Scalar> + Landmarks,
    Q: Density + Landmarks,
{
    check_dimensions(p, q)?;
    let dimension = q.dimension();
    if dimension != 1 && dimension != 2 {
        return Err(DivergenceError::NoQuadrature { dimension });
    }
    let mut landmarks = landmarks("P", p)?;
    landmarks.extend(self::landmarks("Q", q)?);
    let firsts: Vec<_> = landmarks.iter().map(Landmark::first).collect();
    let epsilon = to_f64(Q::Scalar::default_epsilon());
    let relative = (16.0 * epsilon).max(1e-11);
    let goal = Goal { relative, absolute: 0.0, price: 0.0, resolution: epsilon, nodes: MOST_ON_THE_LINE };
    let mut terms = Terms { divergence, p, q, epsilon, points: 0 };
    let sum = if dimension == 1 {
        integrate(&firsts, goal, |nodes, _| terms.on_line(None, nodes))?
    } else {
        integrate(&firsts, goal, |nodes, known| terms.across(&landmarks, nodes, known, goal))?
    };
    // Infinite by right: the error is then 0. Ten times the goal, because rounding may stop short of that.
    if sum.error <= 10.0 * relative * sum.value.max(1.0) {
        Ok(Integral { value: sum.value, error: sum.error })
    } else {
        Err(DivergenceError::NotConverged { value: sum.value, error: sum.error })
    }
}

/// A Gaussian that covers mass: N(mean, L Lᵀ).
struct Landmark {
    mean: [f64; 2],
    /// The deviation of the first coordinate, and of the second given the first.
    deviations: [f64; 2],
    /// What the mean of the second moves by, per unit of the first.
    slope: f64,
}

impl Landmark {
    fn new<T: Real>(gaussian: &Gaussian<T>) -> Self {
        let (mean, factor, last) = (gaussian.mean(), gaussian.cholesky_factor(), gaussian.dimension() - 1);
        Self {
            mean: [to_f64(mean[0]), to_f64(mean[last])],
            deviations: [to_f64(factor[(0, 0)]), to_f64(factor[(last, last)])],
            slope: to_f64(factor[(last, 0)]) / to_f64(factor[(0, 0)]),
        }
    }

    /// The first coordinate.
    fn first(&self) -> Peak {
        Peak { place: self.mean[0], width: self.deviations[0] }
    }

    /// The second where the first is x.
    fn second(&self, x: f64) -> Peak {
        Peak { place: self.mean[1] + self.slope * (x - self.mean[0]), width: self.deviations[1] }
    }
}

/// The landmarks of a law on the line or in the plane.
fn landmarks<L: Landmarks>(name: &'static str, law: &L) -> Result<Vec<Landmark>, DivergenceError> {
    let (gaussians, expected) = (law.landmarks()?, law.dimension());
    if gaussians.is_empty() {
        return Err(DivergenceError::NoLandmarks { law: name });
    }
    let landmark = |gaussian: &Gaussian<L::Scalar>| {
        if gaussian.dimension() != expected {
            let found = gaussian.dimension();
            return Err(DistributionError::DimensionMismatch { what: "a landmark", expected, found }.into());
        }
        let landmark = Landmark::new(gaussian);
        let peaks = [landmark.first(), landmark.second(landmark.mean[0])];
        match peaks.into_iter().find(|peak| !peak.is_usable()) {
            Some(Peak { place, width }) => Err(DivergenceError::LandmarkBeyond { law: name, place, width }),
            None => Ok(landmark),
        }
    };
    gaussians.iter().map(landmark).collect()
}

/// What the integrand needs of a divergence, as an object: the rule is then compiled once for each pair of laws, not for each divergence as well.
trait Price {
    fn at_zero(&self) -> f64;
    fn slope_at_infinity(&self) -> f64;
    fn term(&self, ln_p: f64, ln_q: f64) -> Result<f64, DivergenceError>;
}

struct Priced<'a, D>(&'a D);

impl<D: FDivergence> Price for Priced<'_, D> {
    fn at_zero(&self) -> f64 {
        self.0.at_zero()
    }

    fn slope_at_infinity(&self) -> f64 {
        self.0.slope_at_infinity()
    }

    fn term(&self, ln_p: f64, ln_q: f64) -> Result<f64, DivergenceError> {
        term(self.0, ln_p, ln_q)
    }
}

/// q f(p/q) at points, which are counted.
struct Terms<'a, P, Q> {
    divergence: &'a dyn Price,
    p: &'a P,
    q: &'a Q,
    epsilon: f64,
    points: usize,
}

impl<P, Q> Terms<'_, P, Q>
where
    P: Density<Scalar = Q::Scalar>,
    Q: Density,
{
    /// At points of the line, or of the line in the plane where the first coordinate is `first`.
    fn on_line(&mut self, first: Option<f64>, nodes: &[Node]) -> Result<Vec<Sample>, DivergenceError> {
        self.points += nodes.len();
        let dimension = 1 + usize::from(first.is_some());
        let largest = self.largest();
        let rows = DMatrix::from_fn(nodes.len(), dimension, |row, column| {
            let place = if column + 1 == dimension { nodes[row].place } else { first.unwrap_or(0.0) };
            real(place.clamp(-largest, largest)) // what is beyond is not looked at below
        });
        let (ln_p, ln_q) = (checked_ln_pdf_rows(self.p, &rows)?, checked_ln_pdf_rows(self.q, &rows)?);
        let at = |(i, node): (usize, &Node)| {
            if node.place.abs() <= largest { self.sample(to_f64(ln_p[i]), to_f64(ln_q[i])) } else { Ok(Sample::ZERO) }
        };
        nodes.iter().enumerate().map(at).collect()
    }

    /// Integrals over the second coordinate where the first is at the nodes, each as accurate as its weight asks for.
    /// `known` is the value so far.
    fn across(
        &mut self,
        landmarks: &[Landmark],
        nodes: &[Node],
        known: f64,
        goal: Goal,
    ) -> Result<Vec<Sample>, DivergenceError> {
        // What is nearest to the peaks first: it tells how large the whole is, and how little the tails matter.
        let distance = |node: &Node| {
            let distances =
                landmarks.iter().map(Landmark::first).map(|peak| (node.place - peak.place).abs() / peak.width);
            distances.fold(f64::INFINITY, f64::min)
        };
        let distances: Vec<_> = nodes.iter().map(distance).collect();
        let mut order: Vec<_> = (0..nodes.len()).collect();
        order.sort_by(|&i, &j| distances[i].total_cmp(&distances[j]));
        let mut samples = vec![Sample::ZERO; nodes.len()];
        let mut found = 0.0;
        for i in order {
            let Node { place, weight } = nodes[i];
            if !place.is_finite() {
                continue;
            }
            if self.points > MOST_IN_THE_PLANE {
                samples[i].error = f64::INFINITY;
                continue;
            }
            let whole = known.max(found);
            let relative = 0.1 * goal.relative;
            // A thousand nodes may share it.
            let absolute = 1e-3 * relative * whole / weight;
            let inner = Goal { relative, absolute, price: 0.5 * whole, nodes: MOST_ON_A_LINE, ..goal };
            let seconds: Vec<_> = landmarks.iter().map(|landmark| landmark.second(place)).collect();
            let Sum { value, error, mass, mass_error } =
                integrate(&seconds, inner, |nodes, _| self.on_line(Some(place), nodes))?;
            samples[i] = Sample { value, error, mass, mass_error, ratio: f64::NAN };
            if value.is_finite() {
                found += weight * value;
            }
        }
        Ok(samples)
    }

    /// Given ln p and ln q.
    fn sample(&self, ln_p: f64, ln_q: f64) -> Result<Sample, DivergenceError> {
        let (larger, ratio) = (ln_p.max(ln_q), ln_p - ln_q);
        let price = if ln_p < ln_q { self.divergence.at_zero() } else { self.divergence.slope_at_infinity() };
        if ratio.is_infinite() && price == f64::INFINITY && larger < -self.largest().ln() {
            // A density of 0 beside one that is nearly so may have underflowed. The other times the logarithm that did is
            // then what is missing.
            return Ok(Sample { error: (larger + self.largest().ln()).exp(), ..Sample::ZERO });
        }
        let value = self.divergence.term(ln_p, ln_q)?;
        if value.is_nan() {
            return Err(DivergenceError::NotANumber);
        }
        let mass = ln_p.exp() + ln_q.exp();
        // The logarithms are rounded, and ln(p/q) with them. The price moves with that: like its square where it is small,
        // like itself or its exponential where it is large.
        let relative = self.epsilon * (1.0 + larger.abs());
        let (mut error, mass_error) = (value * relative, mass * relative);
        if ratio.is_finite() && ratio != 0.0 && value > 0.0 {
            let steepness = (2.0 + (value.ln() - larger).max(0.0)) / ratio.abs();
            error += value * self.epsilon * (ln_p.abs() + ln_q.abs()) * steepness;
        }
        Ok(Sample { value, error, mass, mass_error, ratio })
    }

    /// The largest of the numbers that the laws live on.
    fn largest(&self) -> f64 {
        Q::Scalar::max_value().map_or(f64::MAX, to_f64)
    }
}

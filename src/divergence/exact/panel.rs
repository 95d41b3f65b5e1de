//! Parts of the line, and what a rule makes of a function on one.

use std::f64::consts::PI;
use std::sync::OnceLock;

/// Nodes of a panel, ends included.
pub(super) const NODES: usize = 25;

/// Coefficients that tell the error.
const LAST: usize = 6;

/// How near to infinity a tail is followed, in its parameter: 10³⁶ times its scale.
const FURTHEST: f64 = 1e-18;

/// Where the integrand is asked for, and what its value there is multiplied by in the sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) place: f64,
    pub(super) weight: f64,
}

/// What is known at a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// The integrand: 0 to +∞.
    pub(super) value: f64,
    /// How far off that may be.
    pub(super) error: f64,
    /// A function that jumps and peaks wherever the integrand may, though that be 0 on both sides: p + q.
    pub(super) mass: f64,
    /// How far off that may be.
    pub(super) mass_error: f64,
    /// A function where whose zeros the integrand may have a kink: ln(p/q). NaN if there is none.
    pub(super) ratio: f64,
}

impl Sample {
    pub(super) const ZERO: Self = Self { value: 0.0, error: 0.0, mass: 0.0, mass_error: 0.0, ratio: f64::NAN };
}

/// Clenshaw and Curtis's rule on [0, 1].
///
/// With n + 1 nodes: sin²(θ/2) for θ = 0, π/n, …, π, of weights 1/n (1 − Σ 2 cos(2jθ)/(4j² − 1) over j from 1 to n/2), the
/// last term and the weights of the ends halved. The ends are nodes, so that no kink or jump is too near to one to be seen.
/// The error is taken to be the largest of the last coefficients of the interpolant in Chebyshev polynomials: where the
/// difference of two rules vanishes now and then by accident, six coefficients in a row do not. Clenshaw and Curtis (1960),
/// *A method for numerical integration on an automatic computer*.
struct Rule {
    nodes: [f64; NODES],
    weights: [f64; NODES],
    coefficients: [[f64; NODES]; LAST],
}

impl Rule {
    fn get() -> &'static Self {
        static RULE: OnceLock<Rule> = OnceLock::new();
        RULE.get_or_init(|| {
            let n = NODES - 1;
            let angle = |k: usize| PI * k as f64 / n as f64;
            let halved = |k: usize| if k == 0 || k == n { 0.5 } else { 1.0 };
            let weight = |k: usize| {
                let term = |j: usize| 2.0 * halved(2 * j) * (2.0 * j as f64 * angle(k)).cos() / (4 * j * j - 1) as f64;
                halved(k) * (1.0 - (1..=n / 2).map(term).sum::<f64>()) / n as f64
            };
            let coefficient = |j: usize, k: usize| 2.0 * halved(j) * halved(k) * (j as f64 * angle(k)).cos() / n as f64;
            Self {
                nodes: std::array::from_fn(|k| (0.5 * angle(k)).sin().powi(2)),
                weights: std::array::from_fn(weight),
                coefficients: std::array::from_fn(|j| std::array::from_fn(|k| coefficient(NODES - LAST + j, k))),
            }
        })
    }
}

/// How a parameter t runs through a part of the line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chart {
    /// x = t.
    Plain,
    /// x = `end` + `scale` (1/t² − 1): a tail, from t = 1 at the end to t = 0 at infinity, whose sign is that of the scale.
    /// What falls like
    /// |x|⁻¹⁻ᵃ becomes t²ᵃ⁻¹: nothing at infinity where a is more than ½, and Cauchy's tail a straight line.
    Tail { end: f64, scale: f64 },
}

impl Chart {
    fn place(self, t: f64) -> f64 {
        match self {
            Self::Plain => t,
            Self::Tail { end, scale } => end + scale * ((t * t).recip() - 1.0),
        }
    }

    /// |dx/dt|.
    fn stretch(self, t: f64) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::Tail { scale, .. } => (2.0 * scale / t / t / t).abs(),
        }
    }
}

/// What the rule makes of one function.
struct Measure {
    sum: f64,
    /// The error of the rule.
    error: f64,
    /// What the samples may be off, together.
    unsure: f64,
    /// What the roundings of places come to, if all conspire.
    unplaced: f64,
    /// The bend is sharpest between this node and the next.
    bend: usize,
}

/// A part of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    /// The ends, as parameters of `chart`.
    ends: [f64; 2],
    chart: Chart,
    /// The error of the panel that this is a part of.
    before: f64,
    /// Where to cut it if halving does not help.
    cuts: [f64; 2],
    pub(super) value: f64,
    pub(super) error: f64,
    pub(super) mass: f64,
    pub(super) mass_error: f64,
    /// Of the two errors what another cut may lessen: nothing, if rounding explains it or the panel is too narrow.
    open: f64,
    mass_open: f64,
}

impl Panel {
    pub(super) fn new(ends: [f64; 2], chart: Chart) -> Self {
        let unknown = f64::INFINITY;
        let (value, error, mass, mass_error, open, mass_open) = (0.0, unknown, 0.0, unknown, unknown, unknown);
        Self { ends, chart, before: unknown, cuts: ends, value, error, mass, mass_error, open, mass_open }
    }

    /// What another cut may lessen, of the value and of the mass at this price.
    pub(super) fn open(&self, price: f64) -> f64 {
        // An unknown mass at no price is nothing.
        self.open + if price > 0.0 { price * self.mass_open } else { 0.0 }
    }

    /// The parameter of node `k`.
    fn parameter(&self, k: usize) -> f64 {
        let [a, b] = self.ends;
        a + (b - a) * Rule::get().nodes[k]
    }

    pub(super) fn nodes(&self) -> [Node; NODES] {
        let width = self.ends[1] - self.ends[0];
        std::array::from_fn(|k| {
            let t = self.parameter(k);
            Node { place: self.chart.place(t), weight: Rule::get().weights[k] * width * self.chart.stretch(t) }
        })
    }

    /// Halves, as long as they help; then what lies about the sharpest bend, and the rest.
    pub(super) fn parts(self, price: f64) -> impl Iterator<Item = Self> {
        let ([a, b], error) = (self.ends, self.open(price));
        let middle = a + 0.5 * (b - a);
        // Of a smooth function halves have a thousandth of the error, with a kink a quarter, with a jump a half.
        let [c, d] = if error > self.before / 64.0 { self.cuts } else { [middle; 2] };
        let parts = [[a, c], [c, d], [d, b]].into_iter().filter(|[a, b]| a < b);
        parts.map(move |ends| Self { before: error, ..Self::new(ends, self.chart) })
    }

    /// Applies the rule; `None` if the integrand is infinite at neighbouring nodes. `price` is of a unit of mass, and
    /// `resolution` the spacing near 1 of the numbers that places are rounded to.
    pub(super) fn measure(mut self, samples: &[Sample], price: f64, resolution: f64) -> Option<Self> {
        let nodes = self.nodes();
        let infinite = |k: usize| samples[k].value == f64::INFINITY;
        if (1..NODES).any(|k| infinite(k - 1) && infinite(k)) {
            return None;
        }
        // Infinite at a point: at an end it does not count, and where it is in between is soon an end.
        let isolated = (1..NODES - 1).any(infinite);
        let sample = |k: usize| match k {
            0 if infinite(0) => samples[1],
            _ if infinite(k) => samples[k - 1],
            _ => samples[k],
        };
        let value = self.apply(&nodes, |k| (sample(k).value, sample(k).error), resolution);
        let mass = self.apply(&nodes, |k| (sample(k).mass, sample(k).mass_error), resolution);
        let (unseen, turn) = self.turn(&nodes, samples);
        let error = if isolated { f64::INFINITY } else { value.error + unseen };
        let bend = if value.error >= price * mass.error { value.bend } else { mass.bend };
        self.cuts = if unseen > value.error { [turn; 2] } else { [self.parameter(bend), self.parameter(bend + 1)] };
        let beyond = |error: f64, rounding: f64| if error > rounding { error } else { 0.0 };
        let (open, mass_open) =
            (beyond(error, value.unsure + value.unplaced), beyond(mass.error, mass.unsure + mass.unplaced));
        (self.open, self.mass_open) = if self.is_wide(resolution) { (open, mass_open) } else { (0.0, 0.0) };
        // Roundings of places have either sign: of 25 that are uniform in half a unit either way, this is about two standard
        // deviations.
        (self.value, self.error) = (value.sum, error + value.unsure + value.unplaced / 16.0);
        (self.mass, self.mass_error) = (mass.sum, mass_open);
        Some(self)
    }

    /// Can it be cut? Not to below some roundings of places, and not far beyond all tails that have an integral.
    fn is_wide(&self, resolution: f64) -> bool {
        let [a, b] = self.ends.map(|t| self.chart.place(t));
        let beyond_tails = matches!(self.chart, Chart::Tail { .. }) && self.ends[1] < FURTHEST;
        !beyond_tails && (b - a).abs() > 64.0 * resolution * a.abs().min(b.abs())
    }

    /// The rule on one function, given by its value and error at every node.
    fn apply(&self, nodes: &[Node; NODES], function: impl Fn(usize) -> (f64, f64), resolution: f64) -> Measure {
        let rule = Rule::get();
        let (mut sum, mut unsure, mut unplaced) = (0.0, 0.0, 0.0);
        let mut heights = [0.0; NODES];
        for (k, node) in nodes.iter().enumerate() {
            let (value, error) = function(k);
            // Not 0 times infinity: the function falls faster than the chart stretches.
            if value > 0.0 || error > 0.0 {
                sum += node.weight * value;
                unsure += node.weight * error;
                heights[k] = node.weight / rule.weights[k] * value;
            }
            let change = if k > 0 { (value - function(k - 1).0).abs() } else { 0.0 };
            if change > 0.0 {
                unplaced += change * node.place.abs().min(nodes[k - 1].place.abs()) * resolution;
            }
        }
        let coefficient = |row: &[f64; NODES]| row.iter().zip(&heights).map(|(c, h)| c * h).sum::<f64>().abs();
        let error = rule.coefficients.iter().map(coefficient).fold(0.0, f64::max);
        let slope = |k: usize| (heights[k + 1] - heights[k]) / (rule.nodes[k + 1] - rule.nodes[k]);
        let (mut bend, mut sharpest, mut last) = (0, 0.0, 0.0);
        for k in 0..NODES - 1 {
            let next = if k + 2 < NODES { (slope(k + 1) - slope(k)).abs() } else { 0.0 };
            if last + next > sharpest {
                (bend, sharpest) = (k, last + next);
            }
            last = next;
        }
        Measure { sum, error, unsure, unplaced, bend }
    }

    /// What escapes all nodes where ln(p/q) turns just beyond 0 between two of them, and where that is.
    fn turn(&self, nodes: &[Node; NODES], samples: &[Sample]) -> (f64, f64) {
        let rule = Rule::get();
        let (mut unseen, mut place) = (0.0, 0.0);
        for k in 1..NODES - 1 {
            let [before, here, after] = [k - 1, k, k + 1].map(|k| samples[k].ratio.abs());
            let same_side = [k - 1, k + 1].iter().all(|&other| samples[other].ratio * samples[k].ratio > 0.0);
            if !same_side || here > before || here > after || !(before + after).is_finite() {
                continue;
            }
            // The parabola through three nodes.
            let (left, right) = (rule.nodes[k] - rule.nodes[k - 1], rule.nodes[k + 1] - rule.nodes[k]);
            let (fall, rise) = ((here - before) / left, (after - here) / right);
            let (slope, half_bend) = ((fall * right + rise * left) / (left + right), (rise - fall) / (left + right));
            let least = here - slope * slope / (4.0 * half_bend);
            // A tenth of what it changes by, for what is not a parabola.
            let depth = 0.1 * (before.max(after) - here) - least;
            if depth > 0.0 && half_bend > 0.0 && samples[k].value > 0.0 {
                let height = nodes[k].weight / rule.weights[k] * samples[k].value * (depth / here);
                let area = height * (depth / half_bend).sqrt();
                if area > unseen {
                    unseen = area;
                    let at = rule.nodes[k] - slope / (2.0 * half_bend);
                    place = self.ends[0] + (self.ends[1] - self.ends[0]) * at;
                }
            }
        }
        (unseen, place)
    }
}

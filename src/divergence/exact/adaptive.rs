//! An adaptive integral over the line, of a function that is only known with an error.

use super::panel::{Chart, NODES, Node, Panel, Sample};
use crate::divergence::DivergenceError;

/// Rounds of refinement; a jump is found to rounding in a dozen or two, an integrable power in a hundred.
const ROUNDS: usize = 256;

/// Boundaries of the first panels, in widths from the place of a peak; further out each is three times as far.
const OFFSETS: [f64; 3] = [2.5, 5.5, REACH];

/// Beyond this many widths from all peaks are the tails.
const REACH: f64 = 10.0;

/// A peak of the integrand, or of a function that it is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peak {
    pub(super) place: f64,
    pub(super) width: f64,
}

impl Peak {
    /// Can panels be put around it?
    pub(super) fn is_usable(self) -> bool {
        self.width > 0.0 && self.place.abs() + REACH * self.width < f64::MAX / 8.0
    }
}

/// When to be content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    /// The error, relative to the value,
    pub(super) relative: f64,
    /// or as it is.
    pub(super) absolute: f64,
    /// What a unit of mass costs that is not accounted for; half the value, at least.
    pub(super) price: f64,
    /// The spacing near 1 of the numbers that places are rounded to.
    pub(super) resolution: f64,
    /// The most nodes, beyond those of the first panels.
    pub(super) nodes: usize,
}

/// What an integral has come to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub(super) value: f64,
    pub(super) error: f64,
    pub(super) mass: f64,
    pub(super) mass_error: f64,
}

/// ∫ of a non-negative function over the line, all nodes of a round in one call; infinity is one of them. The integrand is
/// told the sum so far.
///
/// Panels are cut until what is left of the error is small enough: in each round the fewest, the worst, without which it is.
/// Where the integrand is infinite at neighbouring nodes of a panel, so is the integral.
///
/// # Errors
///
/// Those of the integrand; a sum that overflows. Not to reach the goal is none: the error says so.
pub(super) fn integrate(
    peaks: &[Peak],
    goal: Goal,
    mut integrand: impl FnMut(&[Node], f64) -> Result<Vec<Sample>, DivergenceError>,
) -> Result<Sum, DivergenceError> {
    let mut fresh = first_panels(peaks);
    let mut panels: Vec<Panel> = Vec::new();
    let (mut value, mut nodes_left) = (0.0, goal.nodes);
    for _ in 0..ROUNDS {
        let nodes: Vec<_> = fresh.iter().flat_map(Panel::nodes).collect();
        let samples = integrand(&nodes, value)?;
        for (panel, samples) in fresh.drain(..).zip(samples.chunks_exact(NODES)) {
            match panel.measure(samples, goal.price.max(0.5 * value), goal.resolution) {
                Some(panel) => panels.push(panel),
                None => return Ok(Sum { value: f64::INFINITY, error: 0.0, mass: 0.0, mass_error: 0.0 }),
            }
        }
        value = panels.iter().map(|panel| panel.value).sum();
        if !value.is_finite() {
            return Err(DivergenceError::NotANumber);
        }

        let price = goal.price.max(0.5 * value);
        let closed: f64 = panels.iter().filter(|panel| panel.open(price) == 0.0).map(|panel| panel.error).sum();
        let enough = 0.5 * closed.max(goal.relative * value).max(goal.absolute);
        panels.sort_by(|a, b| a.open(price).total_cmp(&b.open(price)));
        let mut left = 0.0;
        let good = panels.iter().take_while(|panel| {
            left += panel.open(price);
            left <= enough
        });
        let bad = panels.split_off(good.count());
        if bad.is_empty() || 3 * NODES * bad.len() > nodes_left {
            panels.extend(bad);
            break;
        }
        nodes_left -= 3 * NODES * bad.len();
        fresh.extend(bad.into_iter().flat_map(|panel| panel.parts(price)));
    }
    panels.extend(fresh); // not looked at any more, and of an infinite error
    let price = goal.price.max(0.5 * value);
    let sum = |part: fn(&Panel) -> f64| panels.iter().map(part).sum::<f64>();
    let (error, mass, mass_error) = (sum(|panel| panel.error), sum(|panel| panel.mass), sum(|panel| panel.mass_error));
    // An unknown mass at no price is nothing.
    let error = if price > 0.0 { error + price * mass_error } else { error };
    Ok(Sum { value, error, mass, mass_error })
}

/// The first panels: boundaries around every peak, denser the nearer, but where those of narrower peaks are dense enough.
fn first_panels(peaks: &[Peak]) -> Vec<Panel> {
    let mut peaks: Vec<_> = peaks.iter().copied().filter(|peak| peak.is_usable()).collect();
    if peaks.is_empty() {
        peaks.push(Peak { place: 0.0, width: 1.0 });
    }
    // The end of the furthest reach towards one side, and the width of the peak that reaches there.
    let furthest = |sign: f64| {
        let ends = peaks.iter().map(|peak| (peak.place + sign * REACH * peak.width, sign * REACH * peak.width));
        ends.fold((f64::NAN, sign), |best, end| if end.0 * sign <= best.0 * sign { best } else { end })
    };
    let ((lower, lower_scale), (upper, upper_scale)) = (furthest(-1.0), furthest(1.0));
    // Boundaries, and how near the next may be.
    let mut candidates = vec![(lower, 0.0), (upper, 0.0)];
    for peak in &peaks {
        candidates.push((peak.place, 0.5 * peak.width));
        let further = std::iter::successors(Some(3.0 * REACH), |offset| Some(offset * 3.0));
        let mut before = 0.0;
        for offset in OFFSETS.into_iter().chain(further) {
            if before * peak.width > upper - lower {
                break;
            }
            let room = 0.5 * (offset - before) * peak.width;
            candidates.extend([-1.0, 1.0].map(|sign| (peak.place + sign * offset * peak.width, room)));
            before = offset;
        }
    }
    candidates.retain(|&(place, _)| lower <= place && place <= upper);
    candidates.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut cuts: Vec<f64> = Vec::new();
    for (place, room) in candidates {
        let at = cuts.partition_point(|&cut| cut < place);
        let neighbours = &cuts[at.saturating_sub(1)..cuts.len().min(at + 1)];
        if neighbours.iter().all(|cut| (cut - place).abs() > room) {
            cuts.insert(at, place);
        }
    }
    let mut panels: Vec<_> = cuts.windows(2).map(|ends| Panel::new([ends[0], ends[1]], Chart::Plain)).collect();
    for (end, scale) in [(lower, lower_scale), (upper, upper_scale)] {
        panels.push(Panel::new([0.0, 1.0], Chart::Tail { end, scale }));
    }
    panels
}

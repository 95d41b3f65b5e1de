//! Every formula against the 400-digit references of `tests/data/divergences.py`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use fenchel::Real;
use fenchel::divergence::{Conjugate, FDivergence, Log1pAbs, Smooth, TotalVariation, numeric_conjugate};

use crate::{at, dual, read};

/// (v, value) for every divergence and part of it.
type References = BTreeMap<(&'static str, &'static str), Vec<(f64, f64)>>;

static REFERENCES: LazyLock<References> = LazyLock::new(|| {
    let mut references = BTreeMap::<_, Vec<_>>::new();
    for line in include_str!("../data/divergences.csv").lines().skip(1) {
        // A name may have no comma.
        let cells: Vec<&str> = line.split(',').collect();
        let point = (cells[2].parse().unwrap(), cells[3].parse().unwrap());
        references.entry((cells[0], cells[1])).or_default().push(point);
    }
    references
});

/// Rounding units by which a value may be off. A formula takes up to a dozen operations, library exponentials and
/// logarithms are off by up to one unit each, and one may be doubled by the condition of the next.
const UNITS: f64 = 32.0;

/// What of `part` does not agree with the references, for v and values in the range of the numbers.
fn disagreements<T: Real>(
    name: &str,
    part: &str,
    (farthest, range): (f64, RangeInclusive<f64>),
    f: impl Fn(T) -> T,
    condition: impl Fn(f64) -> f64,
) -> Vec<String> {
    let (weight, member) = name.split_once(" * ").map_or((1.0, name), |(w, name)| (w.parse().unwrap(), name));
    let (mut compared, mut off) = (0, Vec::new());
    for &(v, reference) in &REFERENCES[&(member, part)] {
        let expected = weight * reference;
        let magnitudes = [reference.abs(), expected.abs()];
        let representable = read(at::<T>(v)) == v && magnitudes.iter().all(|x| range.contains(x));
        // A v that does not determine the value to a digit says nothing.
        let tolerance = UNITS * condition(v) * read(T::default_epsilon());
        if v.abs() > farthest || !representable || tolerance > 0.1 {
            continue;
        }
        compared += 1;
        let found = read(f(at::<T>(v)));
        let error = (found - expected).abs() / expected.abs();
        if error.is_nan() || error > tolerance {
            let units = error / read(T::default_epsilon());
            off.push(format!("{name} {part}({v}) = {found:e}, not {expected:e}: {units} units"));
        }
    }
    assert!(compared > 12, "{name} {part}: only {compared} references");
    off
}

const DOUBLE: (f64, RangeInclusive<f64>) = (700.0, f64::MIN_POSITIVE..=f64::MAX);
const SINGLE: (f64, RangeInclusive<f64>) = (80.0, f32::MIN_POSITIVE as f64..=f32::MAX as f64);

/// What the rounding of 1 − α costs: with all bits of α in use it is off by a unit or so, and an exponential multiplies that by |v|. In single precision 1 − α
/// is exact enough.
fn complement(name: &str) -> impl Fn(f64) -> f64 {
    let rounded = name.contains("alpha") || name.contains("t_power");
    move |v: f64| if rounded { 1.0 + v.abs() / UNITS } else { 1.0 }
}

/// Is there a reference for it, or for a multiple of it?
fn known(name: &str) -> bool {
    REFERENCES.contains_key(&(name.split_once(" * ").map_or(name, |(_, name)| name), "value"))
}

#[test]
fn formulas_agree_with_high_precision_references() {
    let (mut off, mut members) = (Vec::new(), 0);
    fn values<D: FDivergence>(name: &str, d: D) -> Vec<String> {
        if !known(name) {
            return Vec::new();
        }
        let mut off = disagreements::<f64>(name, "value", DOUBLE, |v| d.value(v), complement(name));
        off.extend(disagreements::<f32>(name, "value", SINGLE, |v| d.value(v), |_| 1.0));
        off
    }
    for_each_divergence!(
        any | name,
        d | {
            members += usize::from(known(name));
            off.extend(values(name, d));
        }
    );
    fn parts<D: Smooth>(name: &str, d: D) -> Vec<String> {
        let mut off = Vec::new();
        if known(name) {
            off.extend(disagreements::<f64>(name, "real", DOUBLE, |v| d.real(v), complement(name)));
            off.extend(disagreements::<f64>(name, "fake", DOUBLE, |v| d.fake(v), |_| 1.0));
            off.extend(disagreements::<f64>(name, "curvature", DOUBLE, |v| d.curvature(v), |_| 1.0));
            off.extend(disagreements::<f32>(name, "real", SINGLE, |v| d.real(v), |_| 1.0));
            off.extend(disagreements::<f32>(name, "fake", SINGLE, |v| d.fake(v), |_| 1.0));
            off.extend(disagreements::<f32>(name, "curvature", SINGLE, |v| d.curvature(v), |_| 1.0));
        }
        off
    }
    for_each_divergence!(smooth | name, d | off.extend(parts(name, d)));
    assert!(off.is_empty(), "{}", off.join("\n"));
    let every = fenchel::divergence::Named::all().len();
    assert!(members >= every, "references for {members} of {every} members and multiples");
}

#[test]
fn conjugates_agree_with_high_precision_suprema() {
    let mut off = Vec::new();
    fn compare<D: FDivergence>(
        name: &str,
        _: D,
        (double, single): (impl Fn(f64) -> f64, impl Fn(f32) -> f32),
        condition: impl Fn(f64) -> f64,
    ) -> Vec<String> {
        if name.contains(" * ") || !known(name) {
            return Vec::new(); // c f*(t/c) is another number
        }
        let mut off = disagreements::<f64>(name, "conjugate", DOUBLE, double, &condition);
        off.extend(disagreements::<f32>(name, "conjugate", SINGLE, single, condition));
        off
    }
    // Near f'(inf) f* is steep: a rounding of t moves it by f*'(t) = e^v times as much.
    fn condition<D: Smooth>(d: D) -> impl Fn(f64) -> f64 {
        move |t| {
            let (value, slope) = dual(t, |t| numeric_conjugate(&d, t));
            (slope * t / value).abs().max(1.0)
        }
    }
    for_each_divergence!(
        smooth | name,
        d | {
            off.extend(compare(name, d, (|t| numeric_conjugate(&d, t), |t| numeric_conjugate(&d, t)), condition(d)));
        }
    );
    for_each_divergence!(
        smooth_conjugate | name,
        d | {
            off.extend(compare(
                name,
                d,
                (|t| Conjugate::conjugate(&d, t), |t| Conjugate::conjugate(&d, t)),
                condition(d),
            ));
        }
    );
    let rough = |t: f64| TotalVariation.conjugate(t);
    off.extend(compare("total_variation", TotalVariation, (rough, |t| TotalVariation.conjugate(t)), |_| 1.0));
    off.extend(compare("log1p_abs", Log1pAbs, (|t| Log1pAbs.conjugate(t), |t| Log1pAbs.conjugate(t)), |_| 1.0));
    assert!(off.is_empty(), "{}", off.join("\n"));
}

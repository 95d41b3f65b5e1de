//! Every optimiser, and a rule from outside: the list that laws are asked of.

use std::collections::BTreeSet;
use std::fmt::Debug;

use fenchel::Real;
use fenchel::autodiff::{Params, Path, Var};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::optim::rule::{
    AdaMaxRule, AdagradRule, AdamRule, AdamWRule, AmsgradRule, Leaf, MassRule, Moments, NadamRule, OptimisticAdamRule,
    RAdamRule, RmsPropRule, Rule, SgdRule, Sm3Rule, Step,
};

/// A rule with a state and a shape of its own: the step has the length rate ‖θ‖, along a mean of normalised gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FromOutside {
    keep: f64,
}

impl Default for FromOutside {
    fn default() -> Self {
        Self { keep: 0.5 }
    }
}

impl<T: Real> Rule<T> for FromOutside {
    const NAME: &'static str = "from_outside";
    const SLOTS: usize = 2;

    /// The mean, and the largest norm so far.
    fn slot_shape(&self, slot: usize, parameter: (usize, usize)) -> (usize, usize) {
        if slot == 0 { parameter } else { (1, 1) }
    }

    fn step(&self, step: Step, leaf: Leaf<'_, T>, state: &mut [DMatrix<T>]) {
        let [mean, largest] = state else { return };
        let keep: T = convert(self.keep);
        let norm = leaf.gradient().norm();
        largest.apply(|largest| *largest = largest.max(norm));
        let length = convert::<_, T>(step.rate) * leaf.parameter().norm();
        for (entry, mean) in leaf.entries().zip(mean.as_mut_slice()) {
            let direction = if norm > T::zero() { entry.gradient() / norm } else { T::zero() };
            *mean = keep * *mean + (T::one() - keep) * direction;
            entry.descend(length * *mean);
        }
    }
}

/// What the laws below ask of a rule.
#[cfg(not(feature = "serde"))]
pub trait AnyRule: Rule<f64> + Rule<f32> + Default + Clone + Debug + PartialEq {}
#[cfg(not(feature = "serde"))]
impl<R: Rule<f64> + Rule<f32> + Default + Clone + Debug + PartialEq> AnyRule for R {}
#[cfg(feature = "serde")]
pub trait AnyRule:
    Rule<f64> + Rule<f32> + Default + Clone + Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned
{
}
#[cfg(feature = "serde")]
impl<R> AnyRule for R where
    R: Rule<f64> + Rule<f32> + Default + Clone + Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned
{
}

/// Calls a function for the rule of every optimiser, with its name.
macro_rules! for_every_optimizer {
    ($law:ident) => {
        $crate::every::for_every_optimizer!($law but);
        $law::<$crate::every::FromOutside>("FromOutside");
        $law::<Sm3Rule>("Sm3");
    };
    // Those that treat every entry of a matrix by itself.
    ($law:ident but) => {
        $law::<SgdRule>("Sgd");
        $law::<MassRule<false>>("Momentum");
        $law::<MassRule<true>>("Nesterov");
        $law::<AdagradRule>("Adagrad");
        $law::<RmsPropRule>("RmsProp");
        $law::<Moments<AdamRule>>("Adam");
        $law::<Moments<AdamWRule>>("AdamW");
        $law::<Moments<AdaMaxRule>>("AdaMax");
        $law::<Moments<AmsgradRule>>("Amsgrad");
        $law::<Moments<NadamRule>>("Nadam");
        $law::<Moments<RAdamRule>>("RAdam");
        $law::<Moments<OptimisticAdamRule>>("OptimisticAdam");
    };
}
pub(crate) use for_every_optimizer;

thread_local! {
    static SEEN: std::cell::RefCell<BTreeSet<&'static str>> = const { std::cell::RefCell::new(BTreeSet::new()) };
}

fn see<R: AnyRule>(name: &'static str) {
    SEEN.with_borrow_mut(|seen| assert!(seen.insert(<R as Rule<f64>>::NAME), "two rules have the name of {name}"));
    SEEN.with_borrow_mut(|seen| seen.insert(name));
}

#[test]
fn the_laws_are_asked_of_every_optimiser_that_the_sources_have() {
    for_every_optimizer!(see);
    let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/optim")).unwrap();
    let sources: Vec<_> = sources.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let aliases = sources.iter().flat_map(|source| source.lines()).filter_map(|line| line.strip_prefix("pub type "));
    let aliases: Vec<_> = aliases.map(|line| line.split('<').next().unwrap()).collect();
    assert!(aliases.len() >= 13, "{aliases:?}");
    for alias in aliases {
        assert!(SEEN.with_borrow(|seen| seen.contains(alias)), "{alias} is not in the list");
    }
}

/// A leaf that is tracked beside one that is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracking {
    pub mean: DMatrix<f64>,
    pub weight: DMatrix<f64>,
}

impl Params<f64> for Tracking {
    type Lifted<'t> = [Var<'t, f64>; 2];

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<f64>) -> Var<'t, f64>) -> Self::Lifted<'t> {
        [leaf(&self.mean), leaf(&self.weight)]
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<f64>)) {
        leaf(&at.name("mean").tracked(), &self.mean);
        leaf(&at.name("weight"), &self.weight);
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<f64>)) {
        leaf(&at.name("mean").tracked(), &mut self.mean);
        leaf(&at.name("weight"), &mut self.weight);
    }
}

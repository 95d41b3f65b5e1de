//! Leaves that are not descended along: what they are to become stands in the place of their gradient.

use fenchel::autodiff::{Gradients, Params, Path, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::{Tape, TapeError, Var};

/// A weight, and a leaf that is tracked.
struct Running {
    weight: DMatrix<f64>,
    mean: DMatrix<f64>,
}

impl Params<f64> for Running {
    type Lifted<'t> = [Var<'t, f64>; 2];

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<f64>) -> Var<'t, f64>) -> [Var<'t, f64>; 2] {
        [leaf(&self.weight), leaf(&self.mean)]
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<f64>)) {
        leaf(&at.name("weight"), &self.weight);
        leaf(&at.name("mean").tracked(), &self.mean);
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<f64>)) {
        leaf(&at.name("weight"), &mut self.weight);
        leaf(&at.name("mean").tracked(), &mut self.mean);
    }
}

fn running() -> Running {
    Running { weight: DMatrix::from_element(1, 2, 3.0), mean: DMatrix::from_element(1, 2, 5.0) }
}

#[test]
fn what_a_tracked_leaf_is_to_become_stands_in_the_place_of_its_gradient() {
    let mut gradients = Gradients::new();
    // The loss depends on the mean, and yet no gradient of it is wanted.
    value_and_grad(&mut Tape::new(), &running(), &mut gradients, |t, &[w, m]| {
        t.track(m, m.scale(0.5));
        t.track(m, t.tracked(m) + w);
        w.component_mul(m).sum()
    })
    .unwrap();
    assert_eq!(gradients.leaves()[0], DMatrix::from_element(1, 2, 5.0));
    assert_eq!(gradients.leaves()[1], DMatrix::from_element(1, 2, 5.5)); // 5/2 + 3
}

#[test]
fn a_tracked_leaf_of_which_nothing_is_said_stays_as_it_is() {
    let mut gradients = Gradients::new();
    value_and_grad(&mut Tape::new(), &running(), &mut gradients, |_, &[w, m]| w.component_mul(m).sum()).unwrap();
    assert_eq!(gradients.leaves()[1], DMatrix::from_element(1, 2, 5.0));
}

#[test]
fn what_is_said_of_a_leaf_that_is_not_tracked_changes_nothing() {
    let mut gradients = Gradients::new();
    let x = DMatrix::from_element(1, 2, 3.0);
    value_and_grad(&mut Tape::new(), &x, &mut gradients, |t, &x| {
        t.track(x, x.scale(7.0));
        x.square().sum()
    })
    .unwrap();
    assert_eq!(gradients.leaves()[0], 2.0 * x);
}

#[test]
fn tracking_another_shape_or_across_tapes_is_a_failure() {
    let tape = Tape::<f64>::new();
    tape.track(tape.filled(1, 2, 0.0), tape.filled(2, 1, 0.0));
    assert_eq!(tape.check(), Err(TapeError::ShapeMismatch { op: "track", left: (1, 2), right: (2, 1) }));
    let (one, two) = (Tape::<f64>::new(), Tape::new());
    one.track(one.scalar(0.0), two.scalar(0.0));
    assert_eq!(one.check(), Err(TapeError::MixedTapes));
}

#[test]
fn clearing_the_tape_forgets_what_was_said() {
    let mut tape = Tape::new();
    let leaf = tape.scalar(1.0_f64);
    tape.track(leaf, leaf.scale(2.0));
    assert_eq!(tape.tracked(leaf).to_scalar(), Ok(2.0));
    tape.clear();
    let leaf = tape.scalar(1.0);
    assert_eq!(tape.tracked(leaf).to_scalar(), Ok(1.0));
}

#[test]
fn a_path_below_a_tracked_one_is_tracked() {
    let root = Path::root();
    let (plain, tracked) = (root.name("weight"), root.name("statistics").tracked());
    assert!(!root.is_tracked() && !plain.is_tracked() && tracked.is_tracked() && tracked.index(3).is_tracked());
    assert_eq!(tracked.index(3).to_string(), "statistics.3");
}

//! The tape itself: recycled slots, recorded failures, auto traits.

use std::error::Error;
use std::fmt::Debug;

use fenchel::autodiff::check::CheckError;
use fenchel::autodiff::{Entrywise, Factor, Gradients, Op, Params, Path, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, Tanh, evaluate};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{Real, Tape, TapeError, Var};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn ones(rows: usize, columns: usize) -> DMatrix<f64> {
    DMatrix::from_element(rows, columns, 1.0)
}

#[test]
fn slots_do_not_grow_after_the_first_step_of_a_loop() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let net = (Dense(8), Tanh, Dense(1));
    let (_, params) = net.init(&mut rng, 2).unwrap();
    let (mut tape, mut gradients) = (Tape::<f64>::new(), Gradients::new());
    let mut slots = Vec::new();
    for _ in 0..5 {
        let rows = DMatrix::from_fn(16, 2, |_, _| rng.random_range(-1.0..1.0));
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&rows)).square().mean())
            .unwrap();
        assert_eq!(tape.slots(), tape.len()); // the longest step so far is this one
        slots.push(tape.slots());
    }
    assert!(slots.iter().all(|&n| n == slots[0]), "{slots:?}");
}

/// Steps of any sizes, one after another: what is in a buffer from before must not matter.
#[test]
fn a_tape_that_was_used_for_other_shapes_gives_the_numbers_of_a_new_one() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
    let net = (Dense(4), Tanh, Dense(2));
    let (_, params) = net.init(&mut rng, 2).unwrap();
    let mut used = Tape::<f64>::new();
    for _ in 0..200 {
        let (count, twice) = (rng.random_range(0..9), rng.random_bool(0.5));
        let rows = DMatrix::from_fn(count, 2, |_, _| rng.random_range(-1.0..1.0));
        let gradient = |tape: &mut Tape<f64>| {
            let mut gradients = Gradients::new();
            let value = value_and_grad(tape, &params, &mut gradients, |t, p| {
                let x = t.var(&rows);
                let y = net.apply(t, p, x).square().sum();
                let [slopes] = if twice { t.grad(y, [x]) } else { [x] };
                y + slopes.square().sum()
            });
            (value.unwrap(), gradients.leaves().to_vec())
        };
        assert_eq!(gradient(&mut used), gradient(&mut Tape::new()), "{count} rows");
    }
}

#[test]
fn clear_forgets_the_nodes_and_keeps_the_slots() {
    let mut tape = Tape::new();
    tape.var(&ones(3, 4)).exp().sum();
    assert_eq!((tape.len(), tape.slots(), tape.is_empty()), (3, 3, false));
    tape.clear();
    assert_eq!((tape.len(), tape.slots(), tape.is_empty()), (0, 3, true));
    assert!(tape.ops().is_empty());
    tape.scalar(1.0);
    assert_eq!((tape.len(), tape.slots()), (1, 3));
}

#[test]
fn the_buffers_of_gradients_are_kept_from_step_to_step() {
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let x = ones(30, 40);
    let mut step = || {
        value_and_grad(&mut tape, &x, &mut gradients, |_, x| x.square().sum()).unwrap();
        gradients.leaves()[0].as_slice().as_ptr()
    };
    let first = step();
    assert!((0..5).all(|_| step() == first), "the gradient moved to another allocation");
}

/// A value and a gradient that use most kernels.
fn step(tape: &Tape<f64>, x: &DMatrix<f64>, w: &DMatrix<f64>) -> Result<[DMatrix<f64>; 3], TapeError> {
    let (x, w) = (tape.var(x), tape.var(w));
    let h = (x * w).tanh();
    let centred = h - h.sum_rows().scale(0.5).repeat_rows(x.shape().0) + h.sum_columns().repeat_columns(w.shape().1);
    let y = centred.square().sum() + h.transpose().mul_tr(h.transpose()).sum();
    let [dx, dw] = tape.grad(y, [x, w]);
    Ok([y.to_matrix()?, dx.to_matrix()?, dw.to_matrix()?])
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recycled_tape_computes_what_a_new_one_does(seed: u64, shapes in prop::collection::vec((0_usize..9, 0_usize..9, 0_usize..9), 1..6)) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut recycled = Tape::new();
        for (m, k, n) in shapes {
            let x = DMatrix::from_fn(m, k, |_, _| rng.random_range(-1.0..1.0));
            let w = DMatrix::from_fn(k, n, |_, _| rng.random_range(-1.0..1.0));
            recycled.clear();
            // The same operations in the same order: equal to the last bit.
            prop_assert_eq!(step(&recycled, &x, &w), step(&Tape::new(), &x, &w));
        }
    }
}

#[test]
fn copy_to_takes_the_shape_of_the_variable_and_keeps_the_allocation() {
    let tape = Tape::new();
    let mut out = DMatrix::zeros(10, 10);
    let before = out.as_slice().as_ptr();
    tape.var(&DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).copy_to(&mut out).unwrap();
    assert_eq!(out, DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    assert_eq!(out.as_slice().as_ptr(), before);
}

type Binary = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;
type Shape = (usize, usize);

#[test]
fn every_operation_that_can_mismatch_names_itself_and_both_shapes() {
    let cases: &[(&str, Binary, [Shape; 2], [Shape; 2])] = &[
        ("Add", |a, b| a + b, [(2, 3), (3, 2)], [(2, 3), (3, 2)]),
        ("Add", |a, b| a + b, [(2, 3), (1, 3)], [(2, 3), (1, 3)]), // nothing is broadcast
        ("Sub", |a, b| a - b, [(2, 3), (2, 4)], [(2, 3), (2, 4)]),
        ("ComponentMul", |a, b| a.component_mul(b), [(2, 3), (1, 1)], [(2, 3), (1, 1)]),
        ("ComponentDiv", |a, b| a.component_div(b), [(2, 3), (0, 3)], [(2, 3), (0, 3)]),
        ("MatMul", |a, b| a * b, [(2, 3), (2, 3)], [(2, 3), (2, 3)]),
        ("MatMul", |a, b| a.tr_mul(b), [(2, 3), (3, 2)], [(3, 2), (3, 2)]), // the left one as transposed
        ("MatMul", |a, b| a.mul_tr(b), [(2, 3), (3, 2)], [(2, 3), (2, 3)]), // the right one as transposed
        ("Affine", |a, b| a.affine(b, a), [(2, 3), (2, 3)], [(2, 3), (2, 3)]),
        ("Affine", |a, b| a.affine(b, a), [(2, 3), (3, 4)], [(2, 3), (1, 4)]), // the bias, which is to be one row
        ("Fill", |a, _| a.fill(5, 5), [(2, 3), (0, 0)], [(2, 3), (1, 1)]),
        ("RepeatRows", |a, _| a.repeat_rows(5), [(2, 3), (0, 0)], [(2, 3), (1, 3)]),
        ("RepeatColumns", |a, _| a.repeat_columns(5), [(2, 3), (0, 0)], [(2, 3), (2, 1)]),
        ("vjp", |a, b| a.tape().vjp(a, b, [a])[0], [(2, 3), (3, 2)], [(2, 3), (3, 2)]),
    ];
    for &(op, compute, [a, b], [left, right]) in cases {
        let tape = Tape::new();
        let (va, vb) = (tape.var(&ones(a.0, a.1)), tape.var(&ones(b.0, b.1)));
        let y = compute(va, vb);
        let expected = TapeError::ShapeMismatch { op, left, right };
        assert_eq!(y.to_matrix(), Err(expected), "{op}");
        assert_eq!(tape.check(), Err(expected), "{op}");
        let text = expected.to_string();
        let shapes = format!("shapes {} x {} and {} x {}", left.0, left.1, right.0, right.1);
        assert!(text.contains(op) && text.contains(&shapes), "{text}");
    }
}

#[test]
fn entrywise_formulas_report_mismatches_too() {
    let tape = Tape::new();
    let (a, b) = (tape.var(&ones(2, 2)), tape.var(&ones(2, 3)));
    let y = a.entrywise(|a| a / Entrywise(b));
    assert_eq!(y.to_matrix(), Err(TapeError::ShapeMismatch { op: "ComponentDiv", left: (2, 2), right: (2, 3) }));
}

#[test]
fn the_first_failure_wins_and_every_later_call_returns_it() {
    let tape = Tape::new();
    let (a, b) = (tape.var(&ones(2, 3)), tape.var(&ones(3, 2)));
    let first = TapeError::ShapeMismatch { op: "Add", left: (2, 3), right: (3, 2) };
    let failed = a + b;
    let later = (failed - b).tanh().mean(); // every one of these would be wrong by itself
    let nodes = tape.len();
    let [gradient] = tape.grad(a * a, [a]);
    for y in [failed, later, gradient, a, b, tape.scalar(1.0)] {
        assert_eq!(y.to_matrix(), Err(first));
        assert_eq!(y.to_scalar(), Err(first));
        assert_eq!(y.copy_to(&mut DMatrix::zeros(1, 1)), Err(first));
        assert!(format!("{y:?}").contains("Add"), "{y:?}");
    }
    assert_eq!(failed.shape(), (0, 0));
    assert_eq!(tape.check(), Err(first));
    assert_eq!(tape.len(), nodes, "nothing is recorded after a failure");
    assert!(format!("{tape:?}").contains("ShapeMismatch"));
}

#[test]
fn clear_forgets_a_failure() {
    let mut tape = Tape::new();
    let _ = tape.var(&ones(2, 3)) + tape.var(&ones(3, 2));
    assert!(tape.check().is_err());
    tape.clear();
    assert_eq!(tape.check(), Ok(()));
    assert_eq!(tape.scalar(2.0).square().to_scalar(), Ok(4.0));
}

#[test]
fn mixing_two_tapes_is_a_failure_of_both() {
    let operations: &[Binary] = &[
        |a, b| a + b,
        |a, b| a - b,
        |a, b| a * b,
        |a, b| a.component_mul(b),
        |a, b| a.component_div(b),
        |a, b| a.tr_mul(b),
        |a, b| a.mul_tr(b),
        |a, b| a.affine(a, b),
        |a, b| a.affine(b, a),
        |a, b| b.affine(a, a),
        |a, b| a.entrywise(|a| a * Entrywise(b)),
    ];
    for (which, compute) in operations.iter().enumerate() {
        let (one, two) = (Tape::new(), Tape::new());
        let y = compute(one.scalar(1.0), two.scalar(2.0));
        assert_eq!(y.to_scalar(), Err(TapeError::MixedTapes), "operation {which}");
        assert_eq!(one.check(), Err(TapeError::MixedTapes), "operation {which}, left");
        assert_eq!(two.check(), Err(TapeError::MixedTapes), "operation {which}, right");
    }
}

#[test]
fn a_gradient_across_two_tapes_is_a_failure() {
    let (one, two) = (Tape::new(), Tape::new());
    let (x, y) = (one.scalar(1.0), two.scalar(2.0));
    let [dx] = one.grad(y, [x]);
    assert_eq!(dx.to_scalar(), Err(TapeError::MixedTapes));

    let (one, two) = (Tape::new(), Tape::new());
    let (x, y) = (one.scalar(1.0), two.scalar(2.0));
    let [dy] = one.grad(x, [y]);
    assert_eq!(dy.to_scalar(), Err(TapeError::MixedTapes));

    let (one, two) = (Tape::new(), Tape::new());
    let (x, u) = (one.scalar(1.0), two.scalar(2.0));
    let [product] = one.vjp(x, u, [x]);
    assert_eq!(product.to_scalar(), Err(TapeError::MixedTapes));
}

#[test]
fn a_loss_from_another_tape_is_an_error() {
    let other: &'static Tape<f64> = Box::leak(Box::default());
    let foreign = other.scalar(1.0);
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let result = value_and_grad(&mut tape, &ones(1, 1), &mut gradients, |_, _| foreign);
    assert_eq!(result, Err(TapeError::MixedTapes));
}

#[test]
fn the_gradient_of_a_matrix_is_an_error_that_tells_its_shape() {
    let tape = Tape::new();
    let x = tape.var(&ones(2, 3));
    let [dx] = tape.grad(x.exp(), [x]);
    assert_eq!(dx.to_matrix(), Err(TapeError::NotScalar { rows: 2, columns: 3 }));

    let mut gradients = Gradients::new();
    let result = value_and_grad(&mut Tape::new(), &ones(2, 3), &mut gradients, |_, x| x.exp());
    assert_eq!(result, Err(TapeError::NotScalar { rows: 2, columns: 3 }));
}

#[test]
fn asking_a_matrix_for_a_number_does_not_spoil_the_tape() {
    let tape = Tape::new();
    let x = tape.var(&ones(2, 3));
    assert_eq!(x.to_scalar(), Err(TapeError::NotScalar { rows: 2, columns: 3 }));
    assert_eq!(x.sum().to_scalar(), Ok(6.0));
}

#[test]
fn the_mean_of_a_matrix_without_entries_is_an_error_and_its_sum_is_zero() {
    for (rows, columns) in [(0, 3), (3, 0), (0, 0)] {
        let tape = Tape::new();
        let x = tape.var(&ones(rows, columns));
        assert_eq!(x.sum().to_scalar(), Ok(0.0));
        assert_eq!(x.sum_rows().to_matrix(), Ok(DMatrix::zeros(1, columns)));
        assert_eq!(x.sum_columns().to_matrix(), Ok(DMatrix::zeros(rows, 1)));
        assert_eq!(x.mean().to_scalar(), Err(TapeError::Empty { op: "mean", rows, columns }));
    }
}

#[test]
fn a_row_or_column_repeated_no_times_is_empty_and_differentiable() {
    let tape = Tape::new();
    let (row, column, one) = (tape.var(&ones(1, 3)), tape.var(&ones(3, 1)), tape.scalar(1.0));
    let parts = [row.repeat_rows(0), column.repeat_columns(0), one.fill(0, 4)];
    assert_eq!(parts.map(Var::shape), [(0, 3), (3, 0), (0, 4)]);
    let y = parts[0].sum() + parts[1].sum() + parts[2].sum();
    let [row, column, one] = tape.grad(y, [row, column, one]);
    assert_eq!(row.to_matrix(), Ok(DMatrix::zeros(1, 3)));
    assert_eq!(column.to_matrix(), Ok(DMatrix::zeros(3, 1)));
    assert_eq!(one.to_scalar(), Ok(0.0));
}

#[test]
fn a_loss_that_is_not_finite_is_an_error_with_its_value() {
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let mut loss_of =
        |x: f64| value_and_grad(&mut tape, &DMatrix::from_element(1, 1, x), &mut gradients, |_, x| x.ln());
    assert_eq!(loss_of(0.0), Err(TapeError::NonFiniteLoss { value: f64::NEG_INFINITY, node: 1, op: "Map" }));
    assert!(matches!(loss_of(-1.0), Err(TapeError::NonFiniteLoss { value, .. }) if value.is_nan()));
    assert_eq!(loss_of(1.0), Ok(0.0)); // and the tape is of use again
}

/// A tree of one leaf that puts `nodes` nodes on the tape.
struct Miscounted {
    leaf: DMatrix<f64>,
    nodes: usize,
}

impl Params<f64> for Miscounted {
    type Lifted<'t> = Var<'t, f64>;

    fn lift_with<'t>(&self, leaf: &mut dyn FnMut(&DMatrix<f64>) -> Var<'t, f64>) -> Var<'t, f64> {
        (1..self.nodes).for_each(|_| _ = leaf(&DMatrix::zeros(1, 1)));
        if self.nodes == 0 {
            // A variable from elsewhere, so that nothing is put on this tape.
            return Box::leak(Box::<Tape<f64>>::default()).scalar(0.0);
        }
        leaf(&self.leaf)
    }

    fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<f64>)) {
        leaf(at, &self.leaf);
    }

    fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<f64>)) {
        leaf(at, &mut self.leaf);
    }
}

#[test]
fn a_parameter_tree_that_lifts_too_many_or_too_few_nodes_is_found_out() {
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let mut run = |nodes| {
        let params = Miscounted { leaf: ones(1, 1), nodes };
        value_and_grad(&mut tape, &params, &mut gradients, |_, x| x.square())
    };
    assert_eq!(run(2), Err(TapeError::LiftedLeaves { expected: 1, found: 2 }));
    assert_eq!(run(0), Err(TapeError::LiftedLeaves { expected: 1, found: 0 }));
    assert_eq!(run(1), Ok(1.0));
}

#[test]
fn a_network_that_does_not_fit_the_data_is_an_error_and_the_tape_recovers() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let net = (Dense(8), Tanh, Dense(1));
    let (_, params) = net.init(&mut rng, 2).unwrap();
    let (mut tape, mut gradients) = (Tape::<f64>::new(), Gradients::new());
    let mut run = |columns| {
        let rows = ones(16, columns);
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&rows)).square().mean())
    };
    let mismatch = TapeError::ShapeMismatch { op: "Affine", left: (16, 3), right: (2, 8) };
    assert_eq!(run(3), Err(mismatch));
    assert!(run(2).is_ok());
    assert_eq!(evaluate(&net, &mut tape, &params, &ones(16, 3)), Err(mismatch));
    assert!(evaluate(&net, &mut tape, &params, &ones(16, 2)).is_ok());
}

#[test]
fn a_parameter_tree_without_leaves_has_a_value_and_no_gradients() {
    let mut gradients = Gradients::new();
    let value = value_and_grad(&mut Tape::new(), &(), &mut gradients, |t, ()| t.scalar(2.0).square());
    assert_eq!(value, Ok(4.0));
    assert!(gradients.leaves().is_empty());
}

#[test]
fn filled_and_scalar_put_what_they_say_on_the_tape() {
    let tape = Tape::<f32>::new();
    assert_eq!(tape.filled(2, 3, 1.5).to_matrix(), Ok(DMatrix::from_element(2, 3, 1.5)));
    assert_eq!(tape.scalar(2.5).to_scalar(), Ok(2.5));
}

fn is_send<T: Send>() {}
fn is_debug<T: Debug>() {}
fn is_error<T: Error + Send + Sync + 'static>() {}

/// Two blanket impls of one trait: naming the method without saying which compiles only if just one of them applies.
trait AmbiguousIfSync<Which> {
    fn is_not_sync() {}
}
struct Applies;
impl<T> AmbiguousIfSync<()> for T {}
impl<T: Sync> AmbiguousIfSync<Applies> for T {}

#[test]
fn a_tape_moves_between_threads_but_is_not_shared() {
    is_send::<Tape<f64>>();
    is_send::<Gradients<f64>>();
    <Tape<f64> as AmbiguousIfSync<_>>::is_not_sync(); // does not compile if the tape is Sync
    let tape = Tape::new();
    tape.scalar(1.0);
    assert_eq!(std::thread::spawn(move || tape.len()).join().unwrap(), 1);
}

#[test]
fn errors_go_into_boxes_and_across_threads() {
    is_error::<TapeError>();
    is_error::<CheckError>();
    is_error::<fenchel::LayerError>();
    is_error::<fenchel::OptimError>();
    is_error::<fenchel::DistributionError>();
    is_error::<fenchel::DivergenceError>();
    is_error::<fenchel::EstimateError>();
}

#[test]
fn public_types_have_debug() {
    fn of_scalar<T: Real>() {
        is_debug::<Tape<T>>();
        is_debug::<Var<'static, T>>();
        is_debug::<Entrywise<'static, T>>();
        is_debug::<Op<T>>();
        is_debug::<Gradients<T>>();
    }
    of_scalar::<f32>();
    of_scalar::<f64>();
    is_debug::<Factor>();
    is_debug::<Path<'static>>();
    is_debug::<TapeError>();
    is_debug::<CheckError>();
    let tape = Tape::new();
    assert!(format!("{:?}", tape.scalar(2.5)).contains("2.5"));
}

#[test]
fn more_entries_than_memory_can_have_are_a_failure() {
    let tape = Tape::<f64>::new();
    let error = tape.filled(usize::MAX, 2, 0.0).to_matrix().unwrap_err();
    assert_eq!(error, TapeError::TooLarge { op: "Leaf", rows: usize::MAX, columns: 2 });
    let tape = Tape::<f64>::new();
    let error = tape.filled(1, 3, 0.0).repeat_rows(usize::MAX).sum().to_scalar().unwrap_err();
    assert_eq!(error, TapeError::TooLarge { op: "RepeatRows", rows: usize::MAX, columns: 3 });
}

/// A computation whose shape depends on values has no derivative to be checked: that is said, and is no panic.
#[test]
fn checking_what_changes_its_shape_is_an_error() {
    let at = [DMatrix::from_element(1, 1, 1.0)];
    let result = fenchel::autodiff::check::gradients(
        |_, x| x[0].fill(1, if x[0].to_scalar().unwrap() > 1.0 { 2 } else { 1 }),
        &at,
        1,
        &mut Xoshiro256PlusPlus::seed_from_u64(8),
    );
    assert!(matches!(result, Err(CheckError::Tape(TapeError::ShapeMismatch { op: "check", .. }))), "{result:?}");
}

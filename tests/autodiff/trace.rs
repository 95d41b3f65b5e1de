//! What a tape tells of itself: dumps, pictures, and where a NaN comes from.

use fenchel::autodiff::{Gradients, NonFinite, Params, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, FanInSum, FanOut, Layer, Parallel, Tanh};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::{Tape, TapeError};

#[test]
fn a_dump_tells_every_node_its_shape_and_the_layer_that_it_is_from() {
    let net = (Dense(3), Tanh);
    let (_, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2).unwrap();
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let rows = DMatrix::zeros(4, 2);
    value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&rows)).sum()).unwrap();
    let dump = tape.dump();
    let lines: Vec<Vec<&str>> = dump.lines().map(|line| line.split_whitespace().collect()).collect();
    let expected = [
        "0 Leaf 2 x 3 0.weight",
        "1 Leaf 1 x 3 0.bias",
        "2 Leaf 4 x 2",
        "3 Affine(2, 0, 1) 4 x 3 0",
        "4 Map(3, Tanh) 4 x 3 1",
        "5 Sum(4) 1 x 1",
        "6 Leaf 1 x 1",
        "7 Fill(6) 4 x 3 '", // the adjoint of the sum
        "8 Map(4, OneMSquare) 4 x 3 1'",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert_eq!(*line, expected.split_whitespace().collect::<Vec<_>>(), "{dump}");
    }
    assert_eq!(lines.len(), tape.len());
    // The weight's gradient is the product of the input, turned, with the adjoint of layer 0.
    assert!(lines.iter().any(|line| line[1].starts_with("MatMul(2',") && line.last() == Some(&"0'")), "{dump}");
}

#[test]
fn every_node_of_a_second_gradient_has_two_primes() {
    let tape = Tape::new();
    let x = tape.scalar(0.5_f64);
    let y = tape.scope("f", || x.tanh());
    let [first] = tape.grad(y, [x]);
    let start = tape.len();
    tape.grad(first, [x]);
    let dump = tape.dump();
    // The first is the cotangent, 1, which is from nowhere. The second gradient differentiates tanh once more, and what came of it.
    let second: Vec<_> = dump.lines().skip(start + 1).collect();
    assert!(second.len() > 3 && second.iter().all(|line| line.ends_with(" f''")), "{dump}");
}

#[test]
fn a_picture_has_every_node_and_every_arrow_once() {
    let tape = Tape::new();
    let x = tape.scalar(2.0_f64);
    let y = tape.scope("square", || x.component_mul(x)) + x;
    tape.grad(y, [x]);
    let dot = tape.to_dot();
    assert!(dot.starts_with("digraph tape {") && dot.ends_with("}\n"), "{dot}");
    assert!(dot.contains("label=\"square\"") && dot.contains("label=\"square'\""), "{dot}");
    for node in 0..tape.len() {
        assert_eq!(dot.matches(&format!("    n{node} [label=")).count(), 1, "{dot}");
    }
    // Both parents of the product are x; the sum has two parents.
    assert_eq!(dot.matches("n0 -> n1;").count(), 2, "{dot}");
    assert!(dot.contains("n1 -> n2;") && dot.contains("n0 -> n2;"), "{dot}");
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
}

#[test]
fn places_nest_as_layers_do_and_end_where_they_end() {
    let net = (Dense(2), FanOut::<2>, Parallel(((Dense(2), Tanh), Dense(2))), FanInSum);
    let (_, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2).unwrap();
    let tape = Tape::new();
    let x = tape.filled(3, 2, 1.0);
    tape.scope("critic", || net.apply(&tape, &params.lift(&tape), x)).sum();
    let dump = tape.dump();
    for place in
        ["critic.0.weight", "critic.2.0.0.bias", "critic.0", "critic.2.0.0", "critic.2.0.1", "critic.2.1", "critic.3"]
    {
        assert!(dump.lines().any(|line| line.split_whitespace().last() == Some(place)), "{place} in {dump}");
    }
    assert!(dump.lines().last().is_some_and(|line| line.split_whitespace().last() == Some("1")), "{dump}");
}

#[test]
fn the_first_value_that_is_not_finite_is_traced_to_its_layer() {
    let net = (Dense(3), Tanh, Dense(2));
    let (_, mut params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2).unwrap();
    params.2.weight[(1, 1)] = f64::MAX;
    params.2.bias[1] = f64::MAX;
    params.0.bias[1] = 20.0; // tanh is 1 there
    let rows = DMatrix::zeros(4, 2);
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let error =
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&rows)).sum()).unwrap_err();
    let first = tape.first_non_finite().unwrap();
    let expected = NonFinite {
        node: first.node,
        op: "Affine",
        path: "2".into(),
        order: 0,
        row: 0,
        column: 1,
        value: f64::INFINITY,
        parents: first.parents.clone(),
    };
    assert_eq!(first, expected);
    assert_eq!(error, TapeError::NonFiniteLoss { value: f64::INFINITY, node: first.node, op: "Affine" });
    assert!(tape.dump().lines().nth(first.node).is_some_and(|line| line.contains("Affine")));
}

#[test]
fn a_gradient_that_is_not_finite_is_traced_to_the_layer_whose_gradient_it_is() {
    // 1/x is 1e200, and its slope -1e400.
    let tape = Tape::new();
    let x = tape.scalar(1e-200_f64);
    let y = tape.scope("inverse", || x.recip());
    assert_eq!(tape.first_non_finite(), None);
    tape.grad(y, [x]);
    let first = tape.first_non_finite().unwrap();
    assert_eq!((first.path.as_str(), first.order, first.value), ("inverse", 1, f64::INFINITY));
}

#[test]
fn a_parameter_that_is_not_finite_is_traced_to_its_path() {
    let net = (Dense(3), Tanh, Dense(2));
    let (_, mut params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2).unwrap();
    params.2.bias[1] = f64::NAN;
    let (mut tape, rows) = (Tape::new(), DMatrix::zeros(4, 2));
    value_and_grad(&mut tape, &params, &mut Gradients::new(), |t, p| net.apply(t, p, t.var(&rows)).sum()).unwrap_err();
    let first = tape.first_non_finite().unwrap();
    assert_eq!((first.op, first.path.as_str(), first.column), ("Leaf", "2.bias", 1));
}

#[test]
fn a_tape_that_failed_still_tells_what_it_has() {
    let tape = Tape::new();
    let _ = tape.filled(2, 3, 1.0_f64) + tape.filled(3, 2, 1.0);
    let dump = tape.dump();
    assert_eq!(dump.lines().count(), 3);
    assert!(dump.lines().next().is_some_and(|line| line.contains("2 x 3")), "{dump}");
    assert!(dump.ends_with("failed here: Add: shapes 2 x 3 and 3 x 2 do not fit\n"), "{dump}");
}

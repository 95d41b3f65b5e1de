//! Layers: the width law, gradients, composition, parameter trees, first draws.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod composition;
mod initializer;
mod laws;
mod normalisation;
mod stax;

use fenchel::autodiff::{Gradients, Params, Path, value_and_grad};
use fenchel::elementary::Function;
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    AffineParams, Dense, Elementwise, Layer, LeakyRelu, Relu, Rescale, Sigmoid, Softplus, Tanh, Wire, cross_entropy,
    evaluate,
};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{LayerError, Tape};

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn random(rows: usize, columns: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

/// Leaves and their paths, in the order of the visit.
fn leaves(params: &impl Params<f64>) -> (Vec<String>, Vec<DMatrix<f64>>) {
    let (mut paths, mut values) = (Vec::new(), Vec::new());
    params.visit(&Path::root(), &mut |path, leaf| {
        paths.push(path.to_string());
        values.push(leaf.clone());
    });
    (paths, values)
}

#[test]
fn activations_compute_their_closed_forms_entry_by_entry() {
    fn output(layer: &impl Layer<f64, Wire, Out = Wire, Params = ()>, x: f64) -> f64 {
        evaluate(layer, &mut Tape::new(), &(), &DMatrix::from_element(2, 3, x)).unwrap()[(1, 2)]
    }
    for x in [-2.5, -0.5, 0.0, 0.5, 2.5_f64] {
        // Closed forms in exponentials, right to a few units in the last place of numbers of order one.
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-15 * b.abs().max(1.0);
        assert!(close(output(&Tanh, x), 1.0 - 2.0 / ((2.0 * x).exp() + 1.0)));
        assert!(close(output(&Sigmoid, x), 1.0 / (1.0 + (-x).exp())));
        assert!(close(output(&Softplus, x), (1.0 + x.exp()).ln()));
        assert_eq!(output(&Relu, x), x.max(0.0));
        assert_eq!(output(&LeakyRelu, x), x.max(0.01 * x));
        assert_eq!(output(&Elementwise(Function::Abs), x), x.abs());
        assert_eq!(output(&Rescale { scale: -4.0, shift: 0.25 }, x), 0.25 - 4.0 * x); // exact in binary
    }
}

#[test]
fn a_dense_layer_is_an_affine_map_of_every_row() {
    let params = AffineParams {
        weight: DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        bias: DMatrix::from_row_slice(1, 3, &[10.0, 20.0, 30.0]),
    };
    let rows = DMatrix::from_row_slice(2, 2, &[1.0, -1.0, 2.0, 0.0]);
    let output = evaluate(&Dense(3), &mut Tape::new(), &params, &rows).unwrap();
    assert_eq!(output, DMatrix::from_row_slice(2, 3, &[7.0, 17.0, 27.0, 12.0, 24.0, 36.0]));
}

#[test]
fn leaves_are_visited_changed_and_put_on_the_tape_in_one_order() {
    let (_, mut params) = (Dense(5), Tanh, (Dense(2), Dense(3))).init(&mut rng(6), 3).unwrap();
    // Every leaf gets its number as value.
    let (mut number, mut paths) = (0.0, Vec::new());
    params.visit_mut(&Path::root(), &mut |path, leaf: &mut DMatrix<f64>| {
        leaf.fill(number);
        number += 1.0;
        paths.push(path.to_string());
    });
    let (visited, values) = leaves(&params);
    assert_eq!(visited, paths);
    assert!(values.iter().enumerate().all(|(i, value)| value[(0, 0)] == i as f64));

    let tape = Tape::new();
    let (first, (), (second, third)) = params.lift(&tape);
    assert_eq!(tape.len(), 6);
    let lifted = [first.weight, first.bias, second.weight, second.bias, third.weight, third.bias];
    assert!(lifted.iter().zip(&values).all(|(var, value)| var.to_matrix().as_ref() == Ok(value)));
}

#[test]
fn gradients_come_in_leaf_order_and_have_the_shapes_of_the_leaves() {
    let mut rng = rng(7);
    let net = (Dense(5), Tanh, Dense(2));
    let (_, params) = net.init(&mut rng, 3).unwrap();
    let rows = random(6, 3, &mut rng);
    let mut gradients = Gradients::new();
    value_and_grad(&mut Tape::new(), &params, &mut gradients, |t, p| net.apply(t, p, t.var(&rows)).sum()).unwrap();
    let shapes: Vec<_> = gradients.leaves().iter().map(DMatrix::shape).collect();
    assert_eq!(shapes, [(3, 5), (1, 5), (5, 2), (1, 2)]);
    // The output is summed over 6 rows, so that is the gradient by the last bias, exactly.
    assert_eq!(gradients.leaves()[3], DMatrix::from_element(1, 2, 6.0));
}

#[test]
fn the_gradient_in_training_is_the_slope_of_evaluate() {
    let mut rng = rng(8);
    let net = (Dense(6), Softplus, Dense(2), Tanh);
    let (_, params) = net.init(&mut rng, 3).unwrap();
    let (rows, direction) = (random(6, 3, &mut rng), net.init(&mut rng, 3).unwrap().1);
    let direction = leaves(&direction).1;
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let value =
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&rows)).square().mean())
            .unwrap();

    let mut loss = |step: f64| {
        let mut moved = params.clone();
        let mut direction = direction.iter();
        moved.visit_mut(&Path::root(), &mut |_, leaf: &mut DMatrix<f64>| *leaf += direction.next().unwrap() * step);
        let output = evaluate(&net, &mut tape, &moved, &rows).unwrap();
        output.norm_squared() / output.len() as f64
    };
    assert!((value - loss(0.0)).abs() <= 1e-15); // sums of 12 squares below 1 in two orders
    let h = 1e-3;
    let difference = (8.0 * (loss(h) - loss(-h)) - (loss(2.0 * h) - loss(-2.0 * h))) / (12.0 * h);
    let slope: f64 = gradients.leaves().iter().zip(&direction).map(|(g, d)| g.dot(d)).sum();
    // Truncation h⁴/30 times a fifth derivative of at most 1e3: 3e-11; rounding 1e-16/h: 1e-13.
    assert!((slope - difference).abs() <= 1e-10, "{slope} by the tape, {difference} by differences");
    assert!(slope.abs() > 1e-3, "a direction along which something changes");
}

#[test]
fn evaluate_equals_apply_to_the_last_bit() {
    let mut rng = rng(9);
    let net = (Dense(6), LeakyRelu, Dense(2));
    let (_, params) = net.init(&mut rng, 3).unwrap();
    let rows = random(6, 3, &mut rng);
    let tape = Tape::new();
    let applied = net.apply(&tape, &params.lift(&tape), tape.var(&rows)).to_matrix();
    assert_eq!(evaluate(&net, &mut Tape::new(), &params, &rows), applied);
}

#[test]
fn different_seeds_and_different_layers_draw_different_weights() {
    let draw = |seed| leaves(&(Dense(3), Dense(3)).init(&mut rng(seed), 3).unwrap().1).1;
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_ne!(draw(1)[0], draw(1)[2]);
}

#[test]
fn a_layer_without_inputs_or_outputs_is_an_error_with_its_path() {
    fn error<L: Layer<f64, Wire>>(layer: &L, width: usize) -> (String, usize, usize, String) {
        let error = layer.init(&mut rng(12), width).err().unwrap();
        let text = error.to_string();
        match error {
            LayerError::ZeroWidth { path, inputs, outputs } => (path, inputs, outputs, text),
            other => panic!("{other:?}"),
        }
    }
    let (path, inputs, outputs, text) = error(&(Dense(4), Tanh, Dense(0)), 2);
    assert_eq!((path.as_str(), inputs, outputs), ("2", 4, 0));
    assert_eq!(text, "layer '2' has 4 inputs and 0 outputs");
    let (path, inputs, outputs, _) = error(&(Tanh, (Relu, (Dense(0),))), 2);
    assert_eq!((path.as_str(), inputs, outputs), ("1.1.0", 2, 0));
    let (path, inputs, outputs, _) = error(&(Tanh, Dense(3)), 0);
    assert_eq!((path.as_str(), inputs, outputs), ("1", 0, 3));
    let (path, inputs, outputs, _) = error(&Dense(0), 0);
    assert_eq!((path.as_str(), inputs, outputs), ("", 0, 0));
}

#[test]
fn a_batch_without_rows_gives_an_output_without_rows_and_gradient_zero() {
    let net = (Dense(6), Tanh, Dense(7), LeakyRelu, Dense(1));
    let (_, params) = net.init(&mut rng(13), 2).unwrap();
    let (mut tape, mut gradients) = (Tape::<f64>::new(), Gradients::new());
    // Fill the slots with something else first.
    evaluate(&net, &mut tape, &params, &DMatrix::from_element(9, 2, 1.0)).unwrap();
    let none = DMatrix::zeros(0, 2);
    assert_eq!(evaluate(&net, &mut tape, &params, &none).unwrap().shape(), (0, 1));
    let value = value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&none)).sum()).unwrap();
    assert_eq!(value, 0.0);
    assert!(gradients.leaves().iter().all(|g| g.iter().all(|&g| g == 0.0)), "{gradients:?}");
    let mean = value_and_grad(&mut tape, &params, &mut gradients, |t, p| net.apply(t, p, t.var(&none)).mean());
    assert!(mean.unwrap_err().to_string().contains("mean of a 0 x 1 matrix"));
}

#[test]
fn a_network_of_f32_computes_what_one_of_f64_does() {
    let mut rng = rng(14);
    let net = (Dense(16), Tanh, Dense(8), LeakyRelu, Dense(2), Rescale { scale: 2.0, shift: -1.0 });
    let (_, single) = net.init(&mut rng, 3).unwrap();
    let (_, mut double) = net.init(&mut rng, 3).unwrap();
    let mut values: Vec<DMatrix<f32>> = Vec::new();
    single.visit(&Path::root(), &mut |_, leaf: &DMatrix<f32>| values.push(leaf.clone()));
    let mut values = values.into_iter();
    double.visit_mut(&Path::root(), &mut |_, leaf: &mut DMatrix<f64>| *leaf = values.next().unwrap().cast());

    let rows = random(9, 3, &mut rng).cast::<f32>();
    let (mut g32, mut g64) = (Gradients::new(), Gradients::new());
    let v32 = value_and_grad(&mut Tape::new(), &single, &mut g32, |t, p| net.apply(t, p, t.var(&rows)).square().mean());
    let rows = rows.cast::<f64>();
    let v64 = value_and_grad(&mut Tape::new(), &double, &mut g64, |t, p| net.apply(t, p, t.var(&rows)).square().mean());
    // Three layers of sums of at most 16 terms of order one, in units of 6e-8: 1e-6 for a value and a gradient of order one, and ten
    // times that for a margin.
    assert!((f64::from(v32.unwrap()) - v64.unwrap()).abs() <= 1e-5);
    for (single, double) in g32.leaves().iter().zip(g64.leaves()) {
        assert!((single.clone().cast::<f64>() - double).amax() <= 1e-5, "{single} and {double}");
    }
}

#[test]
fn rescale_undoes_the_rescale_with_the_inverse_map() {
    let (scale, shift) = (4.0, 0.5); // powers of two: exact
    let net = (Rescale { scale, shift }, Rescale { scale: 1.0 / scale, shift: -shift / scale });
    let rows = random(5, 3, &mut rng(15)).map(|x| (x * 1024.0).round() / 1024.0);
    assert_eq!(evaluate(&net, &mut Tape::new(), &((), ()), &rows).unwrap(), rows);
}

#[test]
fn a_width_beyond_memory_is_refused() {
    let error = Layer::<f64>::init(&(Tanh, Dense(usize::MAX)), &mut rng(1), 2).unwrap_err();
    assert!(matches!(&error, LayerError::Refused { path, .. } if path == "1"), "{error}");
}

/// ln p = −∞ of classes that are not the label costs nothing, and of the label everything.
#[test]
fn a_class_that_is_impossible_costs_nothing_unless_it_is_the_label() {
    fn loss(logits: &[f64], label: usize) -> (f64, Vec<f64>) {
        let tape = Tape::new();
        let x = tape.var(&DMatrix::from_row_slice(1, logits.len(), logits));
        let loss = cross_entropy(x.ln_softmax(), &[label]);
        let [slope] = tape.grad(loss, [x]);
        (loss.to_scalar().unwrap(), slope.to_matrix().unwrap().as_slice().to_vec())
    }
    let nowhere = f64::NEG_INFINITY;
    assert_eq!(loss(&[0.0, nowhere], 0), (0.0, vec![0.0, 0.0]));
    assert_eq!(loss(&[0.0, nowhere, 0.0], 2), (2.0_f64.ln(), vec![0.5, 0.0, -0.5]));
    assert_eq!(loss(&[1e308, -1e308], 0), (0.0, vec![0.0, 0.0]));
    assert_eq!(loss(&[0.0, nowhere], 1).0, f64::INFINITY);
    // The mean of many, and its slope (p − 1 of the label)/n.
    let tape = Tape::new();
    let logits = random(50, 4, &mut rng(61));
    let labels: Vec<usize> = (0..50).map(|i| i * 7 % 4).collect();
    let x = tape.var(&logits);
    let mean = cross_entropy(x.ln_softmax(), &labels);
    let sums: Vec<f64> = logits.row_iter().map(|row| row.iter().map(|x| x.exp()).sum()).collect();
    let expected = labels.iter().enumerate().map(|(i, &label)| sums[i].ln() - logits[(i, label)]).sum::<f64>() / 50.0;
    assert!((mean.to_scalar().unwrap() - expected).abs() < 1e-14); // fifty terms of order one
    let [slope] = tape.grad(mean, [x]);
    let expected = DMatrix::from_fn(50, 4, |i, j| {
        (logits[(i, j)].exp() / sums[i] - if labels[i] == j { 1.0 } else { 0.0 }) / 50.0
    });
    // Shares of at most 1, off by three units or so, over fifty.
    assert!((slope.to_matrix().unwrap() - expected).amax() < 1e-16);
}

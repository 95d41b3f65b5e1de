//! Layers and parameter trees that fenchel does not know.

use downstream::layer::{Gated, Odd, Pair};
use fenchel::autodiff::{Gradients, Params, Path, check, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Conv, Dense, Flatten, Layer, Softplus, Tanh, Unflatten, evaluate};
use fenchel::optim::{Adam, Average};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{LayerError, OptimError, Tape};

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn random(rows: usize, columns: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

fn leaves<P: Params<f64>>(params: &P) -> (Vec<String>, Vec<DMatrix<f64>>) {
    let (mut paths, mut values) = (Vec::new(), Vec::new());
    params.visit(&Path::root(), &mut |path, leaf| {
        paths.push(path.to_string());
        values.push(leaf.clone());
    });
    (paths, values)
}

#[test]
fn my_layers_have_the_right_gradients_to_order_2() {
    let mut rng = rng(1);
    let net = (Odd((Dense(6), Softplus, Dense(2))), Gated(3));
    let (width, params) = net.init(&mut rng, 2).unwrap();
    assert_eq!(width, 3);
    let (paths, _) = leaves(&params);
    let expected = ["0.0.weight", "0.0.bias", "0.2.weight", "0.2.bias"];
    assert_eq!(paths[..4], expected);
    assert_eq!(paths[4..], ["1.value.weight", "1.value.bias", "1.gate.weight", "1.gate.bias"]);

    // The input is one more leaf.
    let tree = (random(7, 2, &mut rng), params);
    check::params(|tape, (x, params)| net.apply(tape, params, *x), &tree, 2, &mut rng).unwrap();
}

#[test]
fn an_odd_layer_is_odd_for_rows_and_images() {
    let mut rng = rng(2);
    let net = (Unflatten([4, 4, 1]), Odd((Conv::new(3, [2, 2]), Softplus)), Flatten, Odd((Dense(6), Softplus)));
    let (width, params) = net.init(&mut rng, 16).unwrap();
    assert_eq!(width, 6);
    let rows = random(5, 16, &mut rng);
    let mut tape = Tape::new();
    let here = evaluate(&net, &mut tape, &params, &rows).unwrap();
    let dump = tape.dump();
    assert!(dump.contains(" 1.here.0\n") && dump.contains(" 3.mirrored.1\n"), "{dump}");
    // The same two numbers, subtracted the other way round.
    assert_eq!(evaluate(&net, &mut tape, &params, &-rows).unwrap(), -here);
}

#[test]
fn an_error_inside_my_layer_has_its_path() {
    let net = (Tanh, Odd((Dense(0), Tanh)));
    let result: Result<(usize, _), LayerError> = Layer::<f64>::init(&net, &mut rng(4), 3);
    assert_eq!(result.unwrap_err().to_string(), "layer '1.0' has 3 inputs and 0 outputs");
}

#[test]
fn my_parameter_tree_is_trained_averaged_and_named_in_errors() {
    let mut rng = rng(5);
    // An autoencoder of points on a line, which one number describes.
    let (encoder, decoder) = ((Dense(1),), (Dense(2),));
    let (code, e) = encoder.init(&mut rng, 2).unwrap();
    let (_, d) = decoder.init(&mut rng, code).unwrap();
    let mut params = Pair { encoder: e, decoder: d };
    let rows = DMatrix::from_fn(32, 2, |i, j| (i as f64 / 16.0 - 1.0) * if j == 0 { 1.0 } else { -2.0 });
    let (mut tape, mut gradients, mut adam) = (Tape::new(), Gradients::new(), Adam::new(0.02).unwrap());
    let mut average = Average::new(0.9, params.clone()).unwrap();
    let mut loss = f64::INFINITY;
    for _ in 0..1000 {
        loss = value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            let x = t.var(&rows);
            (decoder.apply(t, &p.decoder, encoder.apply(t, &p.encoder, x)) - x).square().mean()
        })
        .unwrap();
        adam.update(&mut params, &gradients).unwrap();
        average.update(&params).unwrap();
    }
    // The exact reconstruction is reachable: 0, up to the last steps of Adam, whose squares are far below rate² = 4e-4.
    assert!(loss < 1e-6, "{loss}");
    assert_eq!(leaves(average.params()).0, leaves(&params).0);

    gradients.leaves_mut()[2][(0, 1)] = f64::NAN;
    let error = adam.update(&mut params, &gradients).unwrap_err();
    assert!(
        matches!(&error, OptimError::NonFiniteGradient { path, row: 0, column: 1, .. } if path == "decoder.0.weight"),
        "{error}"
    );
}

#[test]
fn my_layers_work_in_f32() {
    let net = (Odd((Dense(6), Softplus, Dense(2))), Gated(3));
    let (_, params) = net.init(&mut rng(6), 2).unwrap();
    let output = evaluate(&net, &mut Tape::<f32>::new(), &params, &DMatrix::from_element(4, 2, 0.5)).unwrap();
    assert!(output.iter().all(|y| y.is_finite()));
}

//! Composition: tuples, lists, fans, residuals, layers made when the width is known; and the table that a network prints as.

use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    AffineParams, AvgPool, BatchNorm, Conv, ConvTranspose, Dense, Fan, FanInConcat, FanInSum, FanOut, Flatten,
    Identity, Image, Images, Layer, LogSoftmax, MaxPool, Parallel, Relu, Residual, ShapeDependent, Softplus, Tanh,
    Unflatten, Wire, evaluate, summary,
};
use fenchel::{LayerError, Tape, TapeError, Var};

use crate::{leaves, random, rng};

#[test]
fn serial_composition_is_associative() {
    let mut rng = rng(2);
    let (a, b, c) = (Dense(5), Tanh, Dense(2));
    let (_, (pa, pb, pc)) = (a, b, c).init(&mut rng, 3).unwrap();
    let rows = random(6, 3, &mut rng);
    let mut tape = Tape::new();
    let flat = evaluate(&(a, b, c), &mut tape, &(pa.clone(), pb, pc.clone()), &rows).unwrap();
    let left = evaluate(&((a, b), c), &mut tape, &((pa.clone(), pb), pc.clone()), &rows).unwrap();
    let right = evaluate(&(a, (b, c)), &mut tape, &(pa.clone(), (pb, pc.clone())), &rows).unwrap();
    let alone = evaluate(&((a,), ((b, (c,)),)), &mut tape, &((pa,), ((pb, (pc,)),)), &rows).unwrap();
    // The same operations in the same order: equal to the last bit.
    assert_eq!([&left, &right, &alone], [&flat; 3]);
}

#[test]
fn grouping_layers_does_not_change_what_is_drawn_for_them() {
    let drawn = |i: usize| match i {
        0 => leaves(&(Dense(5), Tanh, Dense(2)).init(&mut rng(3), 3).unwrap().1).1,
        1 => leaves(&((Dense(5), Tanh), Dense(2)).init(&mut rng(3), 3).unwrap().1).1,
        _ => leaves(&(Dense(5), (Tanh, Dense(2))).init(&mut rng(3), 3).unwrap().1).1,
    };
    assert_eq!(drawn(0), drawn(1));
    assert_eq!(drawn(0), drawn(2));
}

#[test]
fn a_network_of_twelve_layers_works() {
    let net = (Dense(4), Tanh, Dense(4), Tanh, Dense(4), Tanh, Dense(4), Tanh, Dense(4), Tanh, Dense(4), Dense(3));
    let (width, params) = net.init(&mut rng(4), 2).unwrap();
    assert_eq!(width, 3);
    assert_eq!(leaves(&params).0.last().unwrap(), "11.bias");
    assert_eq!(evaluate(&net, &mut Tape::new(), &params, &DMatrix::zeros(5, 2)).unwrap().shape(), (5, 3));
}

#[test]
fn parameter_paths_count_every_layer_of_every_level() {
    let (_, params) = (Dense(5), Tanh, Dense(2)).init(&mut rng(5), 3).unwrap();
    assert_eq!(leaves(&params).0, ["0.weight", "0.bias", "2.weight", "2.bias"]);
    let (_, params) = (Tanh, (Dense(5), Tanh), ((Dense(2),), Relu)).init(&mut rng(5), 3).unwrap();
    assert_eq!(leaves(&params).0, ["1.0.weight", "1.0.bias", "2.0.0.weight", "2.0.0.bias"]);
    let (_, params) = Dense(5).init(&mut rng(5), 3).unwrap();
    assert_eq!(leaves(&params).0, ["weight", "bias"]);
    assert_eq!(leaves(&DMatrix::zeros(1, 1)).0, [""]);
}

#[test]
fn a_list_of_layers_is_the_tuple_of_them() {
    let mut rng = rng(21);
    let layer = (Dense(3), Tanh);
    let (width, tuple) = (layer, layer, layer).init(&mut rng, 3).unwrap();
    let list = vec![tuple.0.clone(), tuple.1.clone(), tuple.2.clone()];
    assert_eq!(width, 3);
    assert_eq!(leaves(&list), leaves(&tuple));
    let rows = random(5, 3, &mut rng);
    let mut tape = Tape::new();
    // The same operations in the same order.
    let by_list = evaluate(&vec![layer; 3], &mut tape, &list, &rows).unwrap();
    assert_eq!(by_list, evaluate(&(layer, layer, layer), &mut tape, &tuple, &rows).unwrap());

    let (drawn_width, drawn) = Layer::<f64>::init(&vec![layer; 3], &mut crate::rng(5), 3).unwrap();
    let alike = Layer::<f64>::init(&(layer, layer, layer), &mut crate::rng(5), 3).unwrap();
    assert_eq!((drawn_width, leaves(&drawn)), (alike.0, leaves(&alike.1)));
}

#[test]
fn a_list_of_layers_with_the_parameters_of_another_number_is_an_error() {
    let layer = (Dense(3), Tanh);
    let (_, params) = Layer::<f64>::init(&vec![layer; 4], &mut rng(31), 3).unwrap();
    for (layers, parameters) in [(3, 4), (5, 4), (4, 0)] {
        let (net, params) = (vec![layer; layers], params[..parameters].to_vec());
        let expected = TapeError::LayerCount { layers, parameters };
        assert_eq!(evaluate(&net, &mut Tape::new(), &params, &DMatrix::zeros(2, 3)), Err(expected));
        assert_eq!(summary(&net, &params, 3), Err(expected));
    }
}

#[test]
fn images_of_as_many_entries_and_another_height_do_not_add_up() {
    let tape = Tape::<f64>::new();
    let image = |shape| Images { rows: tape.filled(1, 6, 1.0), shape };
    let sum = |images| Layer::<f64, Fan<Image, 2>>::apply(&FanInSum, &tape, &(), images);
    assert_eq!(sum([image([2, 3, 1]), image([2, 3, 1])]).rows.sum().to_scalar(), Ok(12.0));
    let sum = sum([image([2, 3, 1]), image([3, 2, 1])]);
    assert!(matches!(sum.rows.to_matrix(), Err(TapeError::ShapeMismatch { .. })));
}

#[test]
fn images_of_as_many_pixels_and_another_height_do_not_go_side_by_side() {
    let fails = |first, second| {
        let tape = Tape::<f64>::new();
        let image = |shape: [usize; 3]| Images { rows: tape.filled(1, 6 * shape[2].min(2), 1.0), shape };
        let images = [image(first), image(second)];
        let joined = Layer::<f64, Fan<Image, 2>>::apply(&FanInConcat, &tape, &(), images);
        (joined.shape, joined.rows.to_matrix())
    };
    assert_eq!(fails([2, 3, 1], [2, 3, 2]), ([2, 3, 3], Ok(DMatrix::from_element(1, 18, 1.0))));
    assert!(matches!(fails([2, 3, 2], [3, 2, 2]).1, Err(TapeError::ShapeMismatch { .. })));
    assert!(fails([2, 3, usize::MAX], [2, 3, usize::MAX]).1.is_err());
    let tape = Tape::<f64>::new();
    let wide = tape.filled(0, usize::MAX, 1.0);
    assert!(Layer::<f64, Fan<Wire, 2>>::apply(&FanInConcat, &tape, &(), [wide; 2]).to_matrix().is_err());
}

#[test]
fn no_layers_and_identities_change_nothing() {
    let rows = random(5, 3, &mut rng(22));
    let none: Vec<Tanh> = Vec::new();
    assert_eq!(Layer::<f64, Wire>::init(&none, &mut rng(1), 3).unwrap(), (3, vec![]));
    assert_eq!(evaluate(&none, &mut Tape::new(), &vec![], &rows).unwrap(), rows);
    assert_eq!(evaluate(&Identity, &mut Tape::new(), &(), &rows).unwrap(), rows);
    let (_, params) = (Dense(2), Tanh).init(&mut rng(23), 3).unwrap();
    let plain = evaluate(&(Dense(2), Tanh), &mut Tape::new(), &params, &rows).unwrap();
    let padded = ((), params.0.clone(), (), params.1, ());
    let net = (Identity, Dense(2), Identity, Tanh, Identity);
    assert_eq!(evaluate(&net, &mut Tape::new(), &padded, &rows).unwrap(), plain);
}

#[test]
fn branches_are_what_they_are_alone_and_are_joined_as_told() {
    let mut rng = rng(24);
    let branches = Parallel((Dense(2), (Dense(2), Tanh)));
    let (width, params) = (FanOut::<2>, branches, FanInSum).init(&mut rng, 3).unwrap();
    assert_eq!(width, 2);
    let rows = random(5, 3, &mut rng);
    let mut tape = Tape::new();
    let first = evaluate(&Dense(2), &mut tape, &params.1.0, &rows).unwrap();
    let second = evaluate(&(Dense(2), Tanh), &mut tape, &params.1.1, &rows).unwrap();
    let sum = evaluate(&(FanOut::<2>, branches, FanInSum), &mut tape, &params, &rows).unwrap();
    assert_eq!(sum, &first + &second);

    let side_by_side = evaluate(&(FanOut::<2>, branches, FanInConcat), &mut tape, &params, &rows).unwrap();
    assert_eq!((side_by_side.columns(0, 2), side_by_side.columns(2, 2)), (first.columns(0, 2), second.columns(0, 2)));
    assert_eq!(leaves(&params).0, ["1.0.weight", "1.0.bias", "1.1.0.weight", "1.1.0.bias"]);
}

#[test]
fn a_residual_layer_adds_its_input() {
    let mut rng = rng(25);
    let (width, params) = Residual((Dense(3), Tanh)).init(&mut rng, 3).unwrap();
    let rows = random(5, 3, &mut rng);
    let branch = evaluate(&(Dense(3), Tanh), &mut Tape::new(), &params, &rows).unwrap();
    assert_eq!(width, 3);
    assert_eq!(evaluate(&Residual((Dense(3), Tanh)), &mut Tape::new(), &params, &rows).unwrap(), rows + branch);
}

#[test]
fn a_layer_that_depends_on_the_width_is_the_one_it_makes() {
    let mut rng = rng(26);
    let made = ShapeDependent(|width: usize| (Dense(2 * width), Tanh));
    let (width, params) = (Dense(3), made).init(&mut rng, 2).unwrap();
    assert_eq!(width, 6);
    let rows = random(5, 2, &mut rng);
    let fixed = evaluate(&(Dense(3), (Dense(6), Tanh)), &mut Tape::new(), &params, &rows).unwrap();
    assert_eq!(evaluate(&(Dense(3), made), &mut Tape::new(), &params, &rows).unwrap(), fixed);
}

/// Asserts that `init` refuses, at this place, for this reason.
fn is_refused<L: Layer<f64, Wire>>(net: &L, width: usize, at: &str, because: &str) {
    let error = net.init(&mut rng(27), width).map(|(width, _)| width).unwrap_err();
    let LayerError::Refused { path, reason } = &error else { panic!("{error:?}") };
    assert_eq!(path, at, "{error}");
    assert!(reason.contains(because), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_with_its_path() {
    is_refused(&(Unflatten([2, 2, 2]), Flatten), 7, "0", "7 features are not an image of [2, 2, 2]");
    is_refused(&(Unflatten([usize::MAX, 2, 2]), Flatten), 7, "0", "7 features");
    is_refused(&(Unflatten([2, 2, 1]), Conv::new(3, [3, 1])), 4, "1", "no window of [3, 1]");
    is_refused(&(Unflatten([2, 2, 1]), Conv::new(3, [0, 1])), 4, "1", "no window of [0, 1]");
    is_refused(&(Unflatten([2, 2, 1]), Conv::new(3, [1, 1]).strides([1, 0])), 4, "1", "moved by [1, 0]");
    is_refused(&(Unflatten([2, 2, 1]), Conv::new(3, [usize::MAX, 1]).same()), 4, "1", "an image of [2, 2, 1]");
    is_refused(&(Unflatten([2, 2, 1]), MaxPool::new([3, 3])), 4, "1", "no window of [3, 3]");
    is_refused(&(Unflatten([2, 2, 1]), MaxPool::new([1, 1]).strides([0, 1])), 4, "1", "moved by [0, 1]");
    is_refused(&(Unflatten([0, 2, 1]), MaxPool::new([1, 1])), 0, "1", "nothing in an image of [0, 2, 1]");
    is_refused(&Residual(Dense(3)), 2, "", "from 2 to 3");
    is_refused(&(FanOut::<2>, Parallel((Dense(2), Dense(3))), FanInSum), 2, "2", "widths [2, 3] do not add up");
    let images = (Unflatten([2, 2, 1]), FanOut::<2>);
    let parallel = Parallel((Conv::new(1, [1, 1]), Conv::new(1, [2, 1])));
    is_refused(&(images, parallel, FanInConcat), 4, "2", "do not go side by side");
    is_refused(&vec![(Dense(2),), (Dense(usize::MAX),)], 2, "1.0", "more than a matrix can have");
}

fn huge_images(tape: &Tape<f64>) -> Images<'_, f64> {
    Images { rows: tape.filled(3, 2, 1.0), shape: [usize::MAX, usize::MAX, 2] }
}

#[test]
fn images_that_cannot_be_are_errors_of_the_tape() {
    fn fails(apply: impl Fn(&Tape<f64>) -> Images<'_, f64>) {
        assert!(apply(&Tape::new()).rows.to_matrix().is_err());
    }
    fn affine(tape: &Tape<f64>) -> AffineParams<Var<'_, f64>> {
        AffineParams { weight: tape.filled(2, 1, 1.0), bias: tape.filled(1, 1, 1.0) }
    }
    fails(|t| Conv::new(1, [1, 1]).apply(t, &affine(t), huge_images(t)));
    fails(|t| Conv::new(1, [0, 7]).strides([0, 0]).apply(t, &affine(t), huge_images(t)));
    fails(|t| ConvTranspose::new(1, [1, 1]).strides([2, 2]).same().apply(t, &affine(t), huge_images(t)));
    fails(|t| MaxPool::new([2, 2]).same().apply(t, &(), huge_images(t)));
    fails(|t| AvgPool::new([usize::MAX, 2]).same().apply(t, &(), huge_images(t)));
    fails(|t| Layer::<f64, Image>::apply(&LogSoftmax, t, &(), huge_images(t)));
}

#[test]
fn rows_of_another_width_than_at_init_are_an_error() {
    let net = (Unflatten([2, 3, 1]), Conv::new(2, [2, 2]), Flatten);
    let (_, params) = net.init(&mut rng(28), 6).unwrap();
    let error = evaluate(&net, &mut Tape::<f64>::new(), &params, &DMatrix::zeros(5, 7)).unwrap_err();
    assert_eq!(error, TapeError::ShapeMismatch { op: "Unflatten", left: (5, 7), right: (5, 6) });
}

#[test]
fn a_network_of_images_takes_a_batch_without_rows() {
    let net = (
        Unflatten([4, 4, 1]),
        Conv::new(2, [3, 3]).same(),
        Relu,
        MaxPool::new([2, 2]),
        BatchNorm::default(),
        Flatten,
        Dense(3),
    );
    let (_, params) = net.init(&mut rng(29), 16).unwrap();
    assert_eq!(evaluate(&net, &mut Tape::<f64>::new(), &params, &DMatrix::zeros(0, 16)).unwrap().shape(), (0, 3));
}

#[test]
fn a_summary_lists_every_layer_with_what_it_gives_and_holds() {
    let branches = Parallel((Conv::new(2, [1, 1]), (Conv::new(3, [1, 1]), Softplus)));
    let net = (
        Unflatten([4, 6, 1]),
        Conv::new(5, [3, 3]).same(),
        BatchNorm::default(),
        MaxPool::new([2, 2]),
        FanOut::<2>,
        branches,
        FanInConcat,
        Flatten,
        (Dense(7), Residual(Dense(7))),
    );
    let (_, params) = Layer::<f64>::init(&net, &mut rng(30), 24).unwrap();
    let table = summary(&net, &params, 24).unwrap();
    // By hand: 9 · 5 + 5; 5 + 5; 5 · 2 + 2; 5 · 3 + 3; 2 · 3 · 5 · 7 + 7; 7 · 7 + 7.
    let expected = [
        ("0", "Unflatten", "[4, 6, 1]", 0),
        ("1", "Conv", "[4, 6, 5]", 50),
        ("2", "BatchNorm", "[4, 6, 5]", 10),
        ("3", "Pool<Max>", "[2, 3, 5]", 0),
        ("4", "FanOut<2>", "[[2, 3, 5], [2, 3, 5]]", 0),
        ("5.0", "Conv", "[2, 3, 2]", 12),
        ("5.1.0", "Conv", "[2, 3, 3]", 18),
        ("5.1.1", "Softplus", "[2, 3, 3]", 0),
        ("6", "FanInConcat", "[2, 3, 5]", 0),
        ("7", "Flatten", "30", 0),
        ("8.0", "Dense", "7", 217),
        ("8.1", "Residual<Dense>", "7", 56),
    ];
    let found: Vec<_> =
        table.layers.iter().map(|line| (&*line.path, &*line.layer, &*line.width, line.parameters)).collect();
    assert_eq!(found, expected);
    assert_eq!((table.parameters(), table.tracked()), (363, 10));
    let text = table.to_string();
    assert!(text.lines().nth(3).is_some_and(|line| line.ends_with("10  and 10 tracked")), "{text}");
    assert!(text.lines().last().is_some_and(|line| line.contains("total") && line.contains("363")), "{text}");
    assert!(summary(&net, &params, 23).is_err());
}

//! The laws of every layer: the width that it announces is the width that it produces, its output has the right derivatives to order 2, by the
//! input and by every parameter, in use and in training; it treats f32 as f64 and each sample by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path as FilePath;

use fenchel::Tape;
use fenchel::autodiff::{Params, Path, check};
use fenchel::elementary::Function;
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    AvgPool, BatchNorm, Conv, Conv1dTranspose, ConvTranspose, Dense, Dropout, Elementwise, Elu, Exp, FanInConcat,
    FanInSum, FanOut, Flatten, Gelu, GeluTanh, Identity, Image, Initializer, Layer, LayerNorm, LeakyRelu, LogSoftmax,
    MaxPool, Mode, Parallel, Port, Relu, Rescale, Residual, Rows, Selu, ShapeDependent, Sigmoid, Softmax, Softplus,
    SpectralNorm, SumPool, Tanh, Unflatten, Width, Wire,
};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::seq::SliceRandom;

use crate::{leaves, rng};

const SAMPLES: usize = 5;

/// Rows with entries of sizes between 0.3 and 1.3, further from the kinks at 0 than the differences of `check` reach, and within a row further
/// from each other, so that no maximum changes sides.
fn rows(width: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(SAMPLES, width);
    let mut values: Vec<f64> =
        (0..width).map(|i| (2 * i + 1) as f64 / width as f64 - 1.0).map(|x| x + 0.3 * x.signum()).collect();
    for mut row in matrix.row_iter_mut() {
        values.shuffle(rng);
        row.iter_mut().zip(&values).for_each(|(entry, &value)| *entry = value);
    }
    matrix
}

fn entries<P: Rows>(width: Width<P>) -> usize {
    let (positions, channels) = P::layout(width);
    positions * channels
}

/// Which derivatives are those of the function that the layer computes?
#[derive(PartialEq)]
enum Differentiable {
    InUse,
    InBoth,
}

fn obeys<P: Rows, L: Layer<f64, P> + Layer<f32, P>>(
    what: &str,
    layer: &L,
    width: Width<P>,
    announced: Width<<L as Layer<f64, P>>::Out>,
    differentiable: Differentiable,
) where
    <L as Layer<f64, P>>::Out: Rows,
    <L as Layer<f32, P>>::Out: Rows,
    <L as Layer<f64, P>>::Params: Clone,
{
    let mut rng = rng(1);
    let (out, params) = Layer::<f64, P>::init(layer, &mut rng, width).unwrap();
    assert_eq!(out, announced, "{what}: announced");
    let x = rows(entries::<P>(width), &mut rng);

    // Produced.
    let tape = Tape::new();
    let y = layer.apply(&tape, &params.lift(&tape), P::signal(tape.var(&x), width));
    assert_eq!(<L as Layer<f64, P>>::Out::width(y), announced, "{what}: told by the signal");
    let output = <L as Layer<f64, P>>::Out::rows(y).to_matrix().unwrap();
    assert_eq!(output.shape(), (SAMPLES, entries::<<L as Layer<f64, P>>::Out>(announced)), "{what}: produced");

    // Derivatives; the input is one more leaf, and every forward draws the same random numbers.
    let tree = (x.clone(), params.clone());
    let paths = leaves(&params).0;
    let modes = if differentiable == Differentiable::InBoth { &[false, true][..] } else { &[false][..] };
    for &trains in modes {
        let result = check::params(
            |tape, (x, params)| {
                let mut rng = crate::rng(2);
                let mut mode = if trains { Mode::Train(&mut rng) } else { Mode::Evaluate };
                <L as Layer<f64, P>>::Out::rows(layer.forward(tape, params, P::signal(*x, width), &mut mode))
            },
            &tree,
            2,
            &mut rng,
        );
        assert!(result.is_ok(), "{what} with parameters {paths:?}, training {trains}: {result:?}");
    }

    // In use, a sample by itself gives what it gives among others: the same sums in another order.
    let alone = DMatrix::from_fn(1, x.ncols(), |_, j| x[(SAMPLES - 1, j)]);
    let tape = Tape::new();
    let y = layer.apply(&tape, &params.lift(&tape), P::signal(tape.var(&alone), width));
    let y = <L as Layer<f64, P>>::Out::rows(y).to_matrix().unwrap();
    let size = output.amax().max(1.0);
    assert!((y.row(0) - output.row(SAMPLES - 1)).amax() <= 1e-13 * size, "{what}: a sample depends on others");

    // f32: sums of a few dozen terms of order one.
    let (_, mut single) = Layer::<f32, P>::init(layer, &mut rng, width).unwrap();
    let mut values = leaves(&params).1.into_iter();
    single.visit_mut(&Path::root(), &mut |_, leaf: &mut DMatrix<f32>| *leaf = values.next().unwrap().cast());
    let tape = Tape::new();
    let y = layer.apply(&tape, &single.lift(&tape), P::signal(tape.var(&x.cast::<f32>()), width));
    let y = <L as Layer<f32, P>>::Out::rows(y).to_matrix().unwrap().cast::<f64>();
    assert!((y - output).amax() <= 1e-5 * size, "{what}: f32 is another function");
}

macro_rules! laws {
    ($($port:ident $width:expr, $layer:expr => $announced:expr $(, $how:ident)?;)*) => {
        $(obeys::<$port, _>(stringify!($layer), &$layer, $width, $announced, laws!(@how $($how)?));)*
    };
    (@how) => { Differentiable::InBoth };
    (@how $how:ident) => { Differentiable::$how };
}

#[test]
fn layers_of_rows() {
    laws! {
        Wire 4, Dense(3) => 3;
        Wire 9, Dense(8) => 8;
        Wire 1, Dense(3) => 3;
        Wire 4, Dense(1) => 1;
        Wire 4, Dense(3).initialized(Initializer::HeUniform, Initializer::Zeros) => 3;
        Wire 3, Tanh => 3;
        Wire 3, Relu => 3;
        Wire 3, LeakyRelu => 3;
        Wire 3, Exp => 3;
        Wire 3, Sigmoid => 3;
        Wire 3, Softplus => 3;
        Wire 3, Elu => 3;
        Wire 3, Selu => 3;
        Wire 3, Gelu => 3;
        Wire 3, GeluTanh => 3;
        Wire 3, Softmax => 3;
        Wire 3, LogSoftmax => 3;
        Wire 3, Elementwise(Function::LeakyRelu(0.2)) => 3;
        Wire 3, Rescale { scale: -2.5, shift: 0.5 } => 3;
        Wire 3, Identity => 3;
        Wire 3, Flatten => 3;
        Wire 24, Unflatten([4, 3, 2]) => [4, 3, 2];
        Wire 3, Dropout { drop_probability: 0.3 } => 3;
        Wire 3, BatchNorm::default() => 3;
        Wire 3, LayerNorm::default() => 3;
        // In training no derivative flows through the step of the power method: on purpose.
        Wire 4, SpectralNorm(Dense(3)) => 3, InUse;
    }
}

#[test]
fn layers_of_images() {
    laws! {
        Image [4, 3, 2], Conv::new(3, [2, 2]) => [3, 2, 3];
        Image [4, 3, 2], Conv::new(3, [3, 2]).strides([2, 3]).same() => [2, 1, 3];
        Image [4, 3, 2], Conv::new(3, [2, 1]).initialized(Initializer::LecunNormal, Initializer::Constant(0.1)) => [3, 3, 3];
        Image [3, 2, 2], ConvTranspose::new(3, [3, 2]).strides([2, 3]) => [7, 6, 3];
        Image [3, 2, 2], ConvTranspose::new(3, [3, 2]).strides([2, 3]).same() => [6, 6, 3];
        Image [4, 1, 2], Conv1dTranspose::new(3, 3).stride(2) => [9, 1, 3];
        Image [4, 5, 2], MaxPool::new([2, 2]) => [2, 2, 2];
        Image [4, 5, 2], MaxPool::new([3, 2]).strides([2, 2]).same() => [2, 3, 2];
        Image [4, 5, 2], AvgPool::new([2, 3]) => [2, 1, 2];
        Image [4, 5, 2], AvgPool::new([2, 3]).same() => [2, 2, 2];
        Image [4, 5, 2], SumPool::new([2, 3]).strides([1, 1]).same() => [4, 5, 2];
        Image [4, 3, 2], Relu => [4, 3, 2];
        Image [4, 3, 2], Softmax => [4, 3, 2];
        Image [4, 3, 2], LogSoftmax => [4, 3, 2];
        Image [4, 3, 2], Dropout { drop_probability: 0.3 } => [4, 3, 2];
        Image [4, 3, 2], BatchNorm::default() => [4, 3, 2];
        Image [2, 2, 5], LayerNorm::default() => [2, 2, 5]; // of two channels the derivatives are steep
        Image [4, 3, 2], Flatten => 24;
        Image [4, 3, 2], SpectralNorm(Conv::new(3, [2, 2])) => [3, 2, 3], InUse;
        Image [4, 3, 2], Residual((Tanh, Conv::new(2, [3, 3]).same())) => [4, 3, 2];
        Image [4, 3, 2], ShapeDependent(|[_, _, channels]: [usize; 3]| Conv::new(2 * channels, [1, 1])) => [4, 3, 4];
        Image [4, 3, 2], (FanOut::<2>, Parallel((Conv::new(2, [1, 1]), Identity)), FanInConcat) => [4, 3, 4];
        Image [4, 3, 2], (FanOut::<2>, Parallel((Conv::new(2, [1, 1]), Identity)), FanInSum) => [4, 3, 2];
    }
}

#[test]
fn compositions() {
    laws! {
        Wire 4, (Dense(3),) => 3;
        Wire 4, (Tanh, Softplus) => 4;
        Wire 2, (Dense(6), Tanh, Dense(1)) => 1;
        Wire 2, (Tanh, (Dense(6), Sigmoid, Dense(7)), Rescale { scale: 0.5, shift: 1.0 }) => 7;
        Wire 3, (Dense(6), Softplus, (Dense(6), Tanh), Dense(6), Sigmoid) => 6;
        Wire 3, vec![(Dense(3), Tanh); 3] => 3;
        Wire 3, Residual((Dense(4), Tanh, Dense(3))) => 3;
        Wire 3, ShapeDependent(|width| Dense(2 * width)) => 6;
        Wire 3, (FanOut::<3>, Parallel((Dense(2), Dense(2), (Tanh, Dense(2)))), FanInSum) => 2;
        Wire 3, (FanOut::<2>, Parallel((Dense(2), Identity)), FanInConcat) => 5;
        Wire 24, (Unflatten([4, 3, 2]), Conv::new(3, [3, 3]).same(), Softplus, AvgPool::new([2, 2]), Flatten, Dense(2), LogSoftmax) => 2;
    }
}

/// Every layer is among the laws: whatever `src/nn` implements `Layer` for is named above.
#[test]
fn no_layer_is_without_its_laws() {
    let source = |file: &FilePath| fs::read_to_string(file).unwrap();
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root.join("src/nn")).unwrap() {
        let text = source(&entry.unwrap().path());
        for line in text.lines() {
            let line = line.trim();
            let head = |rest: &str| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned();
            if let Some((_, rest)) = line.split_once(" for ")
                && line.starts_with("impl")
                && line.contains(" Layer<")
            {
                names.insert(head(rest));
            } else if let Some(rest) = line.strip_prefix("entrywise!(").or_else(|| line.strip_prefix("convolution!(")) {
                names.extend(
                    rest.split(|c: char| !c.is_alphanumeric()).take_while(|word| !word.is_empty()).map(str::to_owned),
                );
            }
        }
        if let Some(rows) = text.split("\nnamed! {").nth(1) {
            let rows = rows.lines().map(str::trim).take_while(|line| *line != "}");
            names.extend(
                rows.filter(|line| !line.starts_with("///") && !line.is_empty())
                    .map(|line| line.split(' ').next().unwrap().to_owned()),
            );
        }
    }
    names.remove("L"); // `Network` is a name for bounds
    assert!(names.len() > 25, "{names:?}");
    let laws = source(&root.join("tests/nn/laws.rs"));
    let under_law: BTreeSet<_> = laws
        .lines()
        .filter(|line| line.trim_start().starts_with("Wire ") || line.trim_start().starts_with("Image "))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_owned)
        .collect();
    // Spelled otherwise in use: a pool by its alias, a list by its macro, a layer with laws of its own by the method.
    let spelled = |name: &str| match name {
        "Pool" => "MaxPool".to_owned(),
        "Vec" => "vec".to_owned(),
        "Initialized" => "initialized".to_owned(),
        other => other.to_owned(),
    };
    let missing: Vec<_> = names.iter().filter(|name| !under_law.contains(&spelled(name))).collect();
    assert!(missing.is_empty(), "layers without laws: {missing:?}");
}

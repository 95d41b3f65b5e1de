//! Layers that know whether they train: running statistics, the power method, entries left out.

use fenchel::autodiff::{Gradients, Params, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    AffineParams, BatchNorm, Conv, Dense, Dropout, Image, Images, Initializer, Layer, LayerNorm, LeakyRelu, Residual,
    SpectralNorm, SpectralParams, Tanh, Wire, evaluate,
};
use fenchel::optim::Adam;
use fenchel::{LayerError, Tape, Var};

use crate::{random, rng};

/// One training step's worth of gradients, without a step.
fn gradients_of<L: Layer<f64, Wire, Out = Wire>>(net: &L, params: &L::Params, rows: &DMatrix<f64>) -> Gradients<f64> {
    let mut gradients = Gradients::new();
    value_and_grad(&mut Tape::new(), params, &mut gradients, |t, p| {
        net.apply_train(t, p, t.var(rows), &mut rng(1)).square().mean()
    })
    .unwrap();
    gradients
}

#[test]
fn batch_normalisation_standardises_every_feature_of_the_batch() {
    let mut rng = rng(41);
    let rows = DMatrix::from_fn(50, 3, |_, j| 10.0_f64.powi(j as i32) * (1.0 + random(1, 1, &mut rng)[0]));
    let layer = BatchNorm { epsilon: 1e-12, ..BatchNorm::default() };
    let (_, params) = Layer::<f64, Wire>::init(&layer, &mut rng, 3).unwrap();
    let tape = Tape::new();
    let y: Var<'_, f64> =
        Layer::<f64, Wire>::apply_train(&layer, &tape, &params.lift(&tape), tape.var(&rows), &mut rng);
    let y = y.to_matrix().unwrap();
    for column in y.column_iter() {
        // Fifty terms of order one; epsilon is 1e-12 of the variance, or less than 1e-11 where that is 1/3.
        assert!(column.mean().abs() <= 1e-13 && (column.norm_squared() / 50.0 - 1.0).abs() <= 1e-11, "{column}");
    }
}

#[test]
fn running_statistics_follow_the_batches_and_stand_in_for_them_in_use() {
    let mut rng = rng(42);
    let layer = BatchNorm { decay: 0.75, ..BatchNorm::default() };
    let (_, mut params) = Layer::<f64, Wire>::init(&layer, &mut rng, 2).unwrap();
    let mut adam = Adam::new(1e-3).unwrap();
    let (mut mean, mut variance) = (DMatrix::zeros(1, 2), DMatrix::from_element(1, 2, 1.0));
    for _ in 0..5 {
        let rows = random(8, 2, &mut rng).add_scalar(3.0);
        let gradients = gradients_of(&layer, &params, &rows);
        adam.update(&mut params, &gradients).unwrap();
        // By nalgebra: its variance has the divisor n.
        for j in 0..2 {
            mean[j] = 0.75 * mean[j] + 0.25 * rows.column(j).mean();
            variance[j] = 0.75 * variance[j] + 0.25 * rows.column(j).variance() * 8.0 / 7.0;
        }
        assert!((&params.mean - &mean).amax() <= 1e-14 && (&params.variance - &variance).amax() <= 1e-14);
    }
    let row = random(1, 2, &mut rng);
    let y = evaluate(&layer, &mut Tape::new(), &params, &row).unwrap();
    for j in 0..2 {
        let standard = (row[j] - mean[j]) / (variance[j] + 1e-5).sqrt();
        assert!((y[j] - (params.scale[j] * standard + params.shift[j])).abs() <= 1e-13);
    }
}

#[test]
fn two_calls_in_one_loss_both_count_in_the_running_statistics() {
    let layer = BatchNorm { decay: 0.5, ..BatchNorm::default() };
    let (_, params) = Layer::<f64, Wire>::init(&layer, &mut rng(43), 1).unwrap();
    let column = |values: &[f64]| DMatrix::from_column_slice(values.len(), 1, values);
    let (data, samples) = (column(&[1.0, 3.0]), column(&[10.0, 14.0]));
    let mut gradients = Gradients::new();
    value_and_grad(&mut Tape::new(), &params, &mut gradients, |t, p| {
        let mut rng = rng(1);
        let mut of = |rows| Layer::<f64, Wire>::apply_train(&layer, t, p, t.var(rows), &mut rng);
        of(&data).square().mean() - of(&samples).mean()
    })
    .unwrap();
    // Means 2 and 12, unbiased variances 2 and 8: ((0 + 2)/2 + 12)/2 and ((1 + 2)/2 + 8)/2, in halves, so exact.
    assert_eq!((gradients.leaves()[2][0], gradients.leaves()[3][0]), (6.5, 4.75));
}

#[test]
fn batches_of_no_row_and_of_one_do_not_spoil_the_running_statistics() {
    let layer = BatchNorm::default();
    let (_, mut params) = Layer::<f64, Wire>::init(&layer, &mut rng(53), 2).unwrap();
    params.mean.fill(3.0);
    params.variance.fill(4.0);
    let next = |rows: DMatrix<f64>| {
        let mut gradients = Gradients::new();
        value_and_grad(&mut Tape::new(), &params, &mut gradients, |t, p| {
            Layer::<f64, Wire>::apply_train(&layer, t, p, t.var(&rows), &mut rng(1)).sum()
        })
        .unwrap();
        (gradients.leaves()[2][0], gradients.leaves()[3][0])
    };
    assert_eq!(next(DMatrix::zeros(0, 2)), (3.0, 4.0));
    assert_eq!(next(DMatrix::from_element(1, 2, 13.0)), (0.9 * 3.0 + (1.0 - 0.9) * 13.0, 4.0));
}

#[test]
fn training_learns_the_statistics_of_the_data() {
    // The mean of the data is 5 and their deviation 1/sqrt(3): a network that trains with the batch's serves single rows with the running ones.
    let mut rng = rng(44);
    let net = (BatchNorm::default(), Dense(4), Tanh, Dense(1));
    let (_, mut params) = net.init(&mut rng, 1).unwrap();
    let (mut tape, mut gradients, mut adam) = (Tape::new(), Gradients::new(), Adam::new(1e-2).unwrap());
    for _ in 0..500 {
        let rows = random(64, 1, &mut rng).add_scalar(5.0);
        let target = rows.map(|x| (x - 5.0).powi(2));
        value_and_grad(&mut tape, &params, &mut gradients, |t, p| {
            (net.apply_train(t, p, t.var(&rows), &mut rng) - t.var(&target)).square().mean()
        })
        .unwrap();
        adam.update(&mut params, &gradients).unwrap();
    }
    for x in [4.2, 5.0, 5.7] {
        let y = evaluate(&net, &mut tape, &params, &DMatrix::from_element(1, 1, x)).unwrap()[0];
        // Four tanh units fit a parabola on [-1, 1] to about 0.03; with the first statistics (mean 0) the error is above 0.3.
        assert!((y - (x - 5.0).powi(2)).abs() < 0.1, "{x}: {y}");
    }
}

#[test]
fn layer_normalisation_standardises_every_row() {
    let mut rng = rng(45);
    let rows = random(6, 40, &mut rng);
    let (_, params) = Layer::<f64, Wire>::init(&LayerNorm::default(), &mut rng, 40).unwrap();
    let y = evaluate(&LayerNorm::default(), &mut Tape::new(), &params, &rows).unwrap();
    for (row, x) in y.row_iter().zip(rows.row_iter()) {
        // The variance of the input over itself plus epsilon.
        let expected = x.variance() / (x.variance() + 1e-5);
        assert!(row.mean().abs() <= 1e-14 && (row.norm_squared() / 40.0 - expected).abs() <= 1e-13);
    }
}

#[test]
fn spectral_normalisation_makes_the_largest_singular_value_one() {
    let mut rng = rng(46);
    for (inputs, outputs) in [(5, 7), (7, 5), (6, 1), (1, 6)] {
        let layer = SpectralNorm(Dense(outputs));
        let (width, mut params) = Layer::<f64>::init(&layer, &mut rng, inputs).unwrap();
        assert_eq!(width, outputs);
        assert!((params.direction.norm() - 1.0).abs() <= 1e-14);
        // Steps of training without a step of descent.
        for _ in 0..200 {
            params.direction = gradients_of(&layer, &params, &random(3, inputs, &mut rng)).leaves()[2].clone();
        }
        let (unit, mut tape) = (DMatrix::identity(inputs, inputs), Tape::new());
        let zeros = DMatrix::zeros(1, inputs);
        let bias = evaluate(&layer, &mut tape, &params, &zeros).unwrap();
        let rows = evaluate(&layer, &mut tape, &params, &unit).unwrap();
        let weight = DMatrix::from_fn(inputs, outputs, |i, j| rows[(i, j)] - bias[j]);
        let expected = &params.weight / params.weight.clone().svd(false, false).singular_values.max();
        // The power method has converged where the second singular value is not within 1 % of the first: 0.99^440 = 1e-2 of it squared.
        assert!((weight - expected).amax() <= 1e-4, "{inputs} x {outputs}");
    }
}

#[test]
fn spectral_normalisation_trains_with_the_direction_that_it_tracks() {
    let mut rng = rng(47);
    let layer = SpectralNorm(Dense(4));
    let (_, mut params) = layer.init(&mut rng, 3).unwrap();
    let rows = random(5, 3, &mut rng);
    let tape = Tape::new();
    let trained = layer.apply_train(&tape, &params.lift(&tape), tape.var(&rows), &mut rng).to_matrix().unwrap();
    params.direction = gradients_of(&layer, &params, &rows).leaves()[2].clone();
    assert_eq!(trained, evaluate(&layer, &mut Tape::new(), &params, &rows).unwrap());
}

#[test]
fn no_derivative_flows_through_the_step_of_the_power_method() {
    let mut rng = rng(54);
    let layer = SpectralNorm(Dense(4));
    let (_, mut params) = Layer::<f64>::init(&layer, &mut rng, 3).unwrap();
    // Far from the singular vector, so that a derivative through the step would be seen.
    params.direction = DMatrix::from_row_slice(1, 4, &[0.0, 0.6, 0.0, 0.8]);
    let rows = random(5, 3, &mut rng);
    let in_training = gradients_of(&layer, &params, &rows);
    // In use, with the direction that the step leads to, held fixed.
    let next = SpectralParams { direction: in_training.leaves()[2].clone(), ..params };
    let mut in_use = Gradients::new();
    value_and_grad(&mut Tape::new(), &next, &mut in_use, |t, p| layer.apply(t, p, t.var(&rows)).square().mean())
        .unwrap();
    assert_eq!(in_training.leaves()[..2], in_use.leaves()[..2]);
}

#[test]
fn spectral_normalisation_is_right_before_any_training() {
    let (width, params) = Layer::<f64>::init(&SpectralNorm(Dense(6)), &mut rng(55), 8).unwrap();
    assert_eq!(width, 6);
    let estimate = (&params.direction * params.weight.transpose()).norm();
    let largest = params.weight.clone().svd(false, false).singular_values.max();
    // Twenty steps of the power method: (σ₂/σ₁)^40 of the squares is left, 1e-3 for a ratio of 0.85.
    assert!(estimate <= largest * (1.0 + 1e-14) && estimate >= 0.99 * largest, "{estimate} {largest}");
}

#[test]
fn the_spectral_norm_of_weights_whose_squares_are_no_numbers_is_right() {
    let layer = SpectralNorm(Dense(4));
    let (_, params) = Layer::<f32>::init(&layer, &mut rng(56), 3).unwrap();
    let rows = DMatrix::from_element(2, 3, 0.5_f32);
    let output = |size: f32| {
        let weight = params.weight.clone() * size;
        evaluate(&layer, &mut Tape::new(), &SpectralParams { weight, ..params.clone() }, &rows).unwrap()
    };
    // And from the first draw on.
    let huge = Dense(4).initialized(Initializer::Normal { deviation: 1e25 }, Initializer::Zeros);
    let (_, drawn) = Layer::<f32>::init(&SpectralNorm(huge), &mut rng(57), 3).unwrap();
    assert!((drawn.direction.norm() - 1.0).abs() <= 1e-6, "{}", drawn.direction);
    // Powers of two, which change no digit but for the rounding of a reciprocal.
    for size in [2.0_f32.powi(100), 2.0_f32.powi(-80)] {
        assert!((output(size) - output(1.0)).amax() <= 1e-6, "{size}");
    }
}

#[test]
fn the_spectral_norm_of_zero_weights_is_no_nan() {
    let layer = SpectralNorm(Dense(4));
    let (_, mut params) = Layer::<f64>::init(&layer, &mut rng(48), 3).unwrap();
    params.weight.fill(0.0);
    let gradients = gradients_of(&layer, &params, &DMatrix::from_element(5, 3, 1.0));
    assert!(gradients.leaves().iter().all(|leaf| leaf.iter().all(|x| x.is_finite())), "{gradients:?}");
}

/// A direction that the weight takes to 0 would stay 0 for good.
#[test]
fn the_power_method_begins_again_where_it_has_led_to_zero() {
    let zeros = Dense(2).initialized(Initializer::Zeros, Initializer::Zeros);
    let (_, mut params) = Layer::<f64>::init(&SpectralNorm(zeros), &mut rng(58), 2).unwrap();
    // Of two entries: three roundings, here and below.
    assert!((params.direction.norm() - 1.0).abs() < 1e-15, "{}", params.direction);
    // Of a weight of one singular value that is not 0, and a direction that it takes to 0.
    params.weight = DMatrix::from_row_slice(2, 2, &[3.0, 0.0, 0.0, 0.0]);
    params.direction = DMatrix::from_row_slice(1, 2, &[0.0, 1.0]);
    let (rows, mut drawn) = (DMatrix::from_row_slice(1, 2, &[1.0, 1.0]), rng(59));
    let tape = Tape::new();
    let lifted = params.lift(&tape);
    let y = SpectralNorm(Dense(2)).apply_train(&tape, &lifted, tape.var(&rows), &mut drawn).to_matrix().unwrap();
    assert!((y[0].abs() - 1.0).abs() < 1e-15 && y[1] == 0.0, "{y}");
    let next = tape.tracked(lifted.direction).to_matrix().unwrap();
    assert!((next[0].abs() - 1.0).abs() < 1e-15 && next[1] == 0.0, "{next}");
}

#[test]
fn settings_that_init_would_refuse_are_failures_of_the_tape() {
    fn fails<L: Layer<f64, Wire, Out = Wire>>(
        layer: L,
        params: impl Fn(&Tape<f64>) -> fenchel::nn::Lifted<'_, f64, L, Wire>,
    ) {
        let tape = Tape::new();
        let y = layer.apply_train(&tape, &params(&tape), tape.filled(4, 2, 1.0), &mut rng(1)).to_matrix();
        assert!(matches!(y, Err(fenchel::TapeError::InvalidSetting { .. })), "{y:?}");
    }
    for drop_probability in [1.0, 1.5, -0.5, f64::NAN] {
        fails(Dropout { drop_probability }, |_| ());
    }
    for epsilon in [0.0, -1.0, f64::NAN] {
        let (_, params) = Layer::<f64, Wire>::init(&LayerNorm::default(), &mut rng(1), 2).unwrap();
        let (_, of_batch) = Layer::<f64, Wire>::init(&BatchNorm::default(), &mut rng(1), 2).unwrap();
        fails(LayerNorm { epsilon }, |tape| params.lift(tape));
        fails(BatchNorm { epsilon, ..BatchNorm::default() }, |tape| of_batch.lift(tape));
        fails(BatchNorm { decay: epsilon - 0.5, ..BatchNorm::default() }, |tape| of_batch.lift(tape));
    }
}

#[test]
fn dropout_leaves_out_its_share_and_keeps_the_mean() {
    let (p, n) = (0.3, 100_000);
    let layer = Dropout { drop_probability: p };
    let tape = Tape::new();
    let ones = tape.filled(n, 1, 1.0);
    let draw = |seed| Layer::<f64, Wire>::apply_train(&layer, &tape, &(), ones, &mut rng(seed)).to_matrix().unwrap();
    let y = draw(49);
    let kept = 1.0 / (1.0 - p);
    assert!(y.iter().all(|&y| y == 0.0 || y == kept));
    let dropped = y.iter().filter(|&&y| y == 0.0).count() as f64 / n as f64;
    // Five standard errors of a binomial share.
    assert!((dropped - p).abs() <= 5.0 * (p * (1.0 - p) / n as f64).sqrt(), "{dropped}");
    let in_use = Layer::<f64, Wire>::apply(&layer, &tape, &(), ones).to_matrix().unwrap();
    assert_eq!(in_use, DMatrix::from_element(n, 1, 1.0));
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn the_mode_reaches_every_level_of_a_network() {
    let mut rng = rng(50);
    let layer = || Dropout { drop_probability: 0.5 };
    let net = (Dense(8), (Residual((layer(), Tanh)), vec![(layer(), LeakyRelu); 2]), Dense(1));
    let (_, params) = net.init(&mut rng, 2).unwrap();
    let rows = random(4, 2, &mut rng);
    let tape = Tape::new();
    let (p, x) = (params.lift(&tape), tape.var(&rows));
    let in_use = net.apply(&tape, &p, x).to_matrix().unwrap();
    assert_eq!(net.apply(&tape, &p, x).to_matrix().unwrap(), in_use);
    let train = |seed| net.apply_train(&tape, &p, x, &mut crate::rng(seed)).to_matrix().unwrap();
    assert_eq!(train(1), train(1));
    assert_ne!(train(1), train(2));
    assert_ne!(train(1), in_use);
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |error: LayerError, part: &str| {
        assert!(matches!(&error, LayerError::Refused { path, .. } if path == "1"), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    for p in [1.0, -0.1, f64::NAN] {
        let net = (Tanh, Dropout { drop_probability: p });
        refused(Layer::<f64, Wire>::init(&net, &mut rng(1), 2).unwrap_err(), "drop probability");
    }
    for decay in [1.0, -0.1, f64::NAN] {
        let net = (Dense(2), BatchNorm { decay, ..BatchNorm::default() });
        refused(Layer::<f64>::init(&net, &mut rng(1), 2).map(|_| ()).unwrap_err(), "decay");
    }
    // Fine in f64, 0 and 1 in f32.
    let net = (Dense(2), BatchNorm { epsilon: 1e-50, ..BatchNorm::default() });
    assert!(Layer::<f64>::init(&net, &mut rng(1), 2).is_ok());
    refused(Layer::<f32>::init(&net, &mut rng(1), 2).map(|_| ()).unwrap_err(), "epsilon");
    let net = (Dense(2), BatchNorm { decay: 1.0 - 1e-9, ..BatchNorm::default() });
    refused(Layer::<f32>::init(&net, &mut rng(1), 2).map(|_| ()).unwrap_err(), "decay");
    for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let net = (Dense(2), BatchNorm { epsilon, ..BatchNorm::default() });
        refused(Layer::<f64>::init(&net, &mut rng(1), 2).map(|_| ()).unwrap_err(), "epsilon");
        let net = (Dense(2), LayerNorm { epsilon });
        refused(Layer::<f64>::init(&net, &mut rng(1), 2).map(|_| ()).unwrap_err(), "epsilon");
    }
}

#[test]
fn a_spectrally_normalised_convolution_divides_its_kernel() {
    let layer = SpectralNorm(Conv::new(3, [2, 2]));
    let (shape, params) = Layer::<f64, Image>::init(&layer, &mut rng(51), [4, 4, 2]).unwrap();
    assert_eq!(shape, [3, 3, 3]);
    let rows = random(2, 32, &mut rng(52));
    let tape = Tape::new();
    let images = Images { rows: tape.var(&rows), shape: [4, 4, 2] };
    let y = layer.apply(&tape, &params.lift(&tape), images).rows.to_matrix().unwrap();
    let size = (&params.direction * params.weight.transpose()).norm();
    let divided = AffineParams { weight: &params.weight / size, bias: params.bias.clone() };
    let plain = Conv::new(3, [2, 2]).apply(&tape, &divided.lift(&tape), images).rows.to_matrix().unwrap();
    assert!((y - plain).amax() <= 1e-14); // a product with a reciprocal instead of a quotient
}

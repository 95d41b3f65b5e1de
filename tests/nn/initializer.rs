//! First weights.

use fenchel::LayerError;
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{AffineParams, Conv, ConvTranspose, Dense, Initializer, Layer};

use crate::rng;

/// Mean, variance and fourth moment over the squared variance.
fn moments(values: &[f64]) -> (f64, f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let central = |power| values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n;
    (mean, central(2), central(4) / central(2).powi(2))
}

/// Are these normal draws with mean 0 and this variance? Everything within five standard errors, which a right draw misses
/// once in 10⁶ times: σ/√n for the mean, √(2/n) for the relative variance, √(24/n) for the kurtosis.
fn are_normal(values: &[f64], variance: f64) {
    let root_n = (values.len() as f64).sqrt();
    let (mean, found, kurtosis) = moments(values);
    assert!(mean.abs() <= 5.0 * variance.sqrt() / root_n, "mean {mean}");
    assert!((found / variance - 1.0).abs() <= 5.0 * 2.0_f64.sqrt() / root_n, "variance {found}, not {variance}");
    assert!((kurtosis - 3.0).abs() <= 5.0 * 24.0_f64.sqrt() / root_n, "kurtosis {kurtosis}");
}

#[test]
fn the_first_weights_of_a_dense_layer_have_the_variance_of_glorot_and_bengio() {
    for (inputs, outputs) in [(200, 300), (300, 200), (10, 4000)] {
        let (_, params): (_, AffineParams<DMatrix<f64>>) = Dense(outputs).init(&mut rng(10), inputs).unwrap();
        assert_eq!((params.weight.shape(), params.bias.shape()), ((inputs, outputs), (1, outputs)));
        are_normal(params.weight.as_slice(), 2.0 / (inputs + outputs) as f64);
    }
}

#[test]
fn the_first_biases_of_a_dense_layer_have_standard_deviation_one_hundredth() {
    let (_, params): (_, AffineParams<DMatrix<f64>>) = Dense(40_000).init(&mut rng(11), 1).unwrap();
    are_normal(params.bias.as_slice(), 1e-4);
}

/// Uniform on [-limit, limit): variance limit²/3, kurtosis 9/5, with standard errors from the moments of the uniform law.
fn are_uniform(values: &[f64], variance: f64) {
    let (n, limit) = (values.len() as f64, (3.0 * variance).sqrt());
    let (mean, found, kurtosis) = moments(values);
    assert!(values.iter().all(|x| x.abs() <= limit), "beyond {limit}");
    assert!(mean.abs() <= 5.0 * (variance / n).sqrt(), "mean {mean}");
    // Var of the sample variance: (kurtosis - 1) variance²/n with kurtosis 9/5.
    assert!((found / variance - 1.0).abs() <= 5.0 * (0.8 / n).sqrt(), "variance {found}, not {variance}");
    // The estimated kurtosis of a uniform law has a standard error below 2/sqrt(n).
    assert!((kurtosis - 1.8).abs() <= 10.0 / n.sqrt(), "kurtosis {kurtosis}");
}

#[test]
fn every_initializer_has_the_moments_that_it_names() {
    use Initializer as I;
    let shape = (200, 300);
    let draw = |law: I, fan| law.draw::<f64, _>(&mut rng(31), shape, fan).unwrap();
    let fan = (50, 30);
    are_normal(draw(I::Normal { deviation: 0.3 }, fan).as_slice(), 0.09);
    are_normal(draw(I::GlorotNormal, fan).as_slice(), 2.0 / 80.0);
    are_normal(draw(I::HeNormal, fan).as_slice(), 2.0 / 50.0);
    are_normal(draw(I::LecunNormal, fan).as_slice(), 1.0 / 50.0);
    are_uniform(draw(I::Uniform { limit: 0.3 }, fan).as_slice(), 0.03);
    are_uniform(draw(I::GlorotUniform, fan).as_slice(), 2.0 / 80.0);
    are_uniform(draw(I::HeUniform, fan).as_slice(), 2.0 / 50.0);
    are_uniform(draw(I::LecunUniform, fan).as_slice(), 1.0 / 50.0);
    assert_eq!(draw(I::Zeros, fan), DMatrix::zeros(200, 300));
    assert_eq!(draw(I::Constant(-0.5), fan), DMatrix::from_element(200, 300, -0.5));
}

#[test]
fn orthogonal_weights_are_orthogonal_and_lean_no_way() {
    for (rows, columns) in [(30, 20), (20, 30), (25, 25), (1, 5), (5, 1), (1, 1)] {
        let law = Initializer::Orthogonal { gain: 2.0 };
        let w = law.draw::<f64, _>(&mut rng(32), (rows, columns), (rows, columns)).unwrap();
        let product = if rows < columns { &w * w.transpose() } else { w.transpose() * &w };
        // Householder reflections: a few dozen roundings of numbers up to 4.
        let identity = DMatrix::identity(product.nrows(), product.ncols()) * 4.0;
        assert!((product - identity).amax() <= 1e-13, "{rows} x {columns}");
    }
    // Without the signs of R the first entry of Q is always negative; with them, its mean is 0 and its variance 1/n.
    let (mut rng, n) = (rng(33), 4);
    let law = Initializer::Orthogonal { gain: 1.0 };
    let firsts: Vec<f64> = (0..4000).map(|_| law.draw::<f64, _>(&mut rng, (n, n), (n, n)).unwrap()[(0, 0)]).collect();
    let (mean, variance, _) = moments(&firsts);
    assert!(mean.abs() <= 5.0 * (0.25_f64 / 4000.0).sqrt(), "{mean}");
    // x² of a coordinate on the sphere of R⁴ has mean 1/4 and variance 2 (n - 1)/(n² (n + 2)) = 1/16.
    assert!((variance - 0.25).abs() <= 5.0 * (1.0_f64 / 16.0 / 4000.0).sqrt(), "{variance}");
}

#[test]
fn an_initialised_layer_draws_from_its_laws_and_computes_as_before() {
    let (weight, bias) = (Initializer::HeNormal, Initializer::Constant(0.5));
    let (width, params): (_, AffineParams<DMatrix<f64>>) =
        Dense(300).initialized(weight, bias).init(&mut rng(34), 200).unwrap();
    assert_eq!(width, 300);
    are_normal(params.weight.as_slice(), 2.0 / 200.0);
    assert!(params.bias.iter().all(|&b| b == 0.5));
}

#[test]
fn the_fan_of_a_convolution_counts_the_entries_of_its_kernel() {
    // A kernel of 3 by 5 over 20 channels, to 100: 300 in, 1500 out.
    let (_, params): (_, AffineParams<DMatrix<f64>>) = Conv::new(100, [3, 5]).init(&mut rng(35), [7, 7, 20]).unwrap();
    assert_eq!((params.weight.shape(), params.bias.shape()), ((300, 100), (1, 100)));
    are_normal(params.weight.as_slice(), 2.0 / 1800.0);
    let law = Initializer::HeUniform;
    let layer = ConvTranspose::new(100, [3, 5]).strides([2, 2]).initialized(law, Initializer::Zeros);
    let (_, params): (_, AffineParams<DMatrix<f64>>) = layer.init(&mut rng(36), [7, 7, 20]).unwrap();
    are_uniform(params.weight.as_slice(), 2.0 / 300.0);
    let (_, params): (_, AffineParams<DMatrix<f64>>) = Conv::new(40_000, [1, 1]).init(&mut rng(37), [1, 1, 1]).unwrap();
    are_normal(params.bias.as_slice(), 1e-12); // stax's, for convolutions
}

#[test]
fn a_law_with_a_parameter_that_it_cannot_have_is_refused() {
    use Initializer as I;
    for law in [
        I::Constant(f64::NAN),
        I::Normal { deviation: -1.0 },
        I::Normal { deviation: f64::INFINITY },
        I::Uniform { limit: f64::NAN },
        I::Orthogonal { gain: -0.5 },
    ] {
        let error = Layer::<f64>::init(&(Dense(2).initialized(law, I::Zeros),), &mut rng(38), 2).unwrap_err();
        assert!(matches!(&error, LayerError::Refused { path, .. } if path == "0"), "{error}");
        assert!(error.to_string().contains(&format!("{law:?}")), "{error}");
    }
    // Finite in f64, infinite in f32.
    assert!(I::Constant(1e300).draw::<f32, _>(&mut rng(39), (1, 1), (1, 1)).is_err());
    assert!(I::GlorotNormal.draw::<f32, _>(&mut rng(39), (usize::MAX, 2), (1, 1)).is_err());
}

/// Without rows there may be more columns than can be counted through.
#[test]
fn a_matrix_without_entries_takes_no_draw_and_no_time() {
    for law in [Initializer::Orthogonal { gain: 1.0 }, Initializer::GlorotNormal, Initializer::Uniform { limit: 1.0 }] {
        for shape in [(0, usize::MAX), (usize::MAX, 0), (0, 0)] {
            assert_eq!(law.draw::<f64, _>(&mut rng(40), shape, (1, 1)).unwrap().shape(), shape);
        }
    }
}

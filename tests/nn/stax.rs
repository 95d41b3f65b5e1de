//! Values and gradients of JAX's stax: `tests/data/stax.py` made `tests/data/stax.json`, which tells its versions.

use std::collections::BTreeSet;

use fenchel::Tape;
use fenchel::autodiff::{Params, Path};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    AvgPool, BatchNorm, Conv, Conv1dTranspose, ConvTranspose, Dense, Elu, Exp, FanInConcat, FanInSum, FanOut, Flatten,
    Gelu, GeluTanh, Image, Layer, LayerNorm, LeakyRelu, LogSoftmax, MaxPool, Mode, Padding, Parallel, Relu, Rows, Selu,
    Sigmoid, Softmax, Softplus, SumPool, Tanh, Width, Wire,
};
use serde_json::Value;

use crate::rng;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn sizes(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

/// One case of the file, and what became of it.
struct Case<'a> {
    name: &'a str,
    case: &'a Value,
    /// Does the layer train? Batch normalisation of stax always does.
    trains: bool,
}

impl Case<'_> {
    /// A row-major array as a matrix with as many rows.
    fn matrix(&self, key: &str, rows: usize) -> DMatrix<f64> {
        let values = numbers(&self.case[key]);
        DMatrix::from_row_slice(rows, values.len() / rows, &values)
    }

    fn option(&self, key: &str) -> Option<[usize; 2]> {
        let sizes = sizes(self.case["options"].get(key)?);
        Some([sizes[0], sizes.get(1).copied().unwrap_or(1)])
    }

    fn pad(&self) -> Padding {
        match self.case["options"].get("padding").and_then(Value::as_str) {
            Some("SAME") => Padding::Same,
            Some("VALID") | None => Padding::Valid,
            other => panic!("{other:?}"),
        }
    }

    /// Compares to 1e-12 of the largest entry, or of 1: sums of up to a hundred terms of order one, added in another order.
    fn agrees(&self, what: &str, found: &DMatrix<f64>, expected: &DMatrix<f64>) {
        assert_eq!(found.shape(), expected.shape(), "{}: {what}", self.name);
        let off = (found - expected).amax();
        assert!(off <= 1e-12 * expected.amax().max(1.0), "{}: {what} is off by {off:e}", self.name);
    }

    fn run<P: Rows, L: Layer<f64, P, Out: Rows>>(&self, layer: L, width: Width<P>) {
        let samples = sizes(&self.case["input_shape"])[0];
        let (out, mut params) = layer.init(&mut rng(1), width).unwrap();
        // The parameters of the file, by their paths; a kernel's first axes are the rows of the weight.
        let mut set = BTreeSet::new();
        params.visit_mut(&Path::root(), &mut |path, leaf: &mut DMatrix<f64>| {
            let path = path.to_string();
            let given = self.case["params"].get(&path).map(|array| &array["values"]);
            if let Some(values) = given.or_else(|| self.case["options"].get(&path)) {
                let values = numbers(values);
                assert_eq!(leaf.len(), values.len(), "{}: {path}", self.name);
                *leaf = DMatrix::from_row_slice(leaf.nrows(), leaf.ncols(), &values);
                set.insert(path);
            }
        });
        let given: BTreeSet<_> = self.case["params"].as_object().unwrap().keys().cloned().collect();
        assert!(set.is_superset(&given), "{}: {given:?}, but {set:?}", self.name);

        let tape = Tape::new();
        let (lifted, x) = (params.lift(&tape), tape.var(&self.matrix("input", samples)));
        let mut random = rng(1);
        let mut mode = if self.trains { Mode::Train(&mut random) } else { Mode::Evaluate };
        let y = layer.forward(&tape, &lifted, P::signal(x, width), &mut mode);
        let (rows, shape) = (<L::Out as Rows>::rows(y), sizes(&self.case["output_shape"]));
        let (positions, channels) = <L::Out as Rows>::layout(out);
        assert_eq!(
            positions * channels,
            shape[1..].iter().product::<usize>(),
            "{}: {out:?} is not {shape:?}",
            self.name
        );
        self.agrees("the output", &rows.to_matrix().unwrap(), &self.matrix("output", samples));

        let cotangent = tape.var(&self.matrix("cotangent", samples));
        let [gradient] = tape.vjp(rows, cotangent, [x]);
        self.agrees(
            "the gradient of the input",
            &gradient.to_matrix().unwrap(),
            &self.matrix("input_gradient", samples),
        );
        let mut leaves = Vec::new();
        let lifted = params.lift_with(&mut |leaf| {
            leaves.push(tape.var(leaf));
            leaves[leaves.len() - 1]
        });
        let y = layer.forward(&tape, &lifted, P::signal(x, width), &mut mode);
        tape.vjp_mut(<L::Out as Rows>::rows(y), cotangent, &mut leaves);
        let mut leaves = leaves.into_iter();
        params.visit(&Path::root(), &mut |path, leaf: &DMatrix<f64>| {
            let gradient = leaves.next().unwrap();
            let values = self.case["param_gradients"].get(path.to_string());
            assert_eq!(values.is_some(), given.contains(&path.to_string()), "{}: {path}", self.name);
            if let Some(values) = values {
                let expected = DMatrix::from_row_slice(leaf.nrows(), leaf.ncols(), &numbers(values));
                self.agrees(&format!("the gradient of {path}"), &gradient.to_matrix().unwrap(), &expected);
            }
        });
    }

    /// A layer that takes rows or images, whichever the case has.
    fn run_on_any<L>(&self, layer: L)
    where
        L: Layer<f64, Wire, Out = Wire> + Layer<f64, Image, Out = Image>,
    {
        match sizes(&self.case["input_shape"])[1..] {
            [width] => self.run::<Wire, _>(layer, width),
            [height, width, channels] => self.run::<Image, _>(layer, [height, width, channels]),
            ref other => panic!("{other:?}"),
        }
    }

    fn width(&self) -> usize {
        sizes(&self.case["input_shape"])[1]
    }

    fn image(&self) -> [usize; 3] {
        match sizes(&self.case["input_shape"])[1..] {
            [height, width, channels] => [height, width, channels],
            [length, channels] => [length, 1, channels],
            ref other => panic!("{other:?}"),
        }
    }

    /// Runs the layer that the case names.
    fn dispatch(&mut self) {
        let options = &self.case["options"];
        let number = |key: &str| options[key].as_u64().unwrap() as usize;
        let (strides, padding) = (self.option("strides").unwrap_or([1, 1]), self.pad());
        macro_rules! pool {
            ($pool:ident) => {{
                // stax moves a window by 1 unless told.
                let pool = $pool::new(self.option("window").unwrap()).strides(strides);
                let pool = if padding == Padding::Same { pool.same() } else { pool };
                self.run::<Image, _>(pool, self.image());
            }};
        }
        match self.case["layer"].as_str().unwrap() {
            "Dense" => self.run::<Wire, _>(Dense(number("outputs")), self.width()),
            "Conv" => {
                let (channels, kernel) = (number("channels"), self.option("kernel").unwrap());
                self.run::<Image, _>(Conv { channels, kernel, strides, padding }, self.image());
            }
            "ConvTranspose" => {
                let (channels, kernel) = (number("channels"), self.option("kernel").unwrap());
                self.run::<Image, _>(ConvTranspose { channels, kernel, strides, padding }, self.image());
            }
            "Conv1DTranspose" => {
                let (channels, [kernel, _]) = (number("channels"), self.option("kernel").unwrap());
                self.run::<Image, _>(Conv1dTranspose { channels, kernel, stride: strides[0], padding }, self.image());
            }
            "MaxPool" => pool!(MaxPool),
            "AvgPool" => pool!(AvgPool),
            "SumPool" => pool!(SumPool),
            "BatchNorm" => {
                self.trains = true;
                self.run_on_any(BatchNorm::default());
            }
            "BatchNormEvaluate" => self.run_on_any(BatchNorm::default()),
            "LayerNorm" => self.run_on_any(LayerNorm::default()),
            "Tanh" => self.run_on_any(Tanh),
            "Relu" => self.run_on_any(Relu),
            "Exp" => self.run_on_any(Exp),
            "LogSoftmax" => self.run_on_any(LogSoftmax),
            "Softmax" => self.run_on_any(Softmax),
            "Softplus" => self.run_on_any(Softplus),
            "Sigmoid" => self.run_on_any(Sigmoid),
            "Elu" => self.run_on_any(Elu),
            "LeakyRelu" => self.run_on_any(LeakyRelu),
            "Selu" => self.run_on_any(Selu),
            "Gelu" if options["approximate"] == false => self.run_on_any(Gelu),
            "Gelu" => self.run_on_any(GeluTanh),
            "Serial" => self.composite(),
            other => panic!("what is {other}?"),
        }
    }

    fn composite(&self) {
        match self.name {
            "Flatten an image, then Dense" => self.run::<Image, _>((Flatten, Dense(3)), self.image()),
            "FanInSum of two Dense" => {
                self.run::<Wire, _>((FanOut::<2>, Parallel((Dense(3), Dense(3))), FanInSum), self.width());
            }
            "FanInConcat of two Dense" => {
                self.run::<Wire, _>((FanOut::<2>, Parallel((Dense(2), Dense(3))), FanInConcat), self.width());
            }
            "FanInConcat of two images" => {
                let branches = Parallel((Conv::new(2, [1, 1]), Conv::new(3, [1, 1])));
                self.run::<Image, _>((FanOut::<2>, branches, FanInConcat), self.image());
            }
            "A small network" => {
                let net = (Conv::new(3, [3, 3]).same(), Relu, MaxPool::new([2, 2]), Flatten, Dense(5), LogSoftmax);
                self.run::<Image, _>(net, self.image());
            }
            other => panic!("what is {other}?"),
        }
    }
}

#[test]
fn values_and_gradients_agree_with_stax() {
    let file: Value = serde_json::from_str(include_str!("../data/stax.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 100, "{} cases", cases.len());
    for case in cases {
        Case { name: case["name"].as_str().unwrap(), case, trains: false }.dispatch();
    }
}

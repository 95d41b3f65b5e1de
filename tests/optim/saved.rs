//! Saved and restored: training resumed equals training uninterrupted, and a damaged file is an error. Needs the feature `serde`.

use fenchel::SampleReal;
use fenchel::autodiff::Gradients;
use fenchel::nalgebra::DMatrix;
use fenchel::optim::rule::{
    AdaMaxRule, AdagradRule, AdamRule, AdamWRule, AmsgradRule, MassRule, Moments, NadamRule, OptimisticAdamRule,
    RAdamRule, RmsPropRule, Rule, SgdRule, Sm3Rule,
};
use fenchel::optim::{Adam, AdamW, Average, Optimizer, RmsProp, Schedule, Sm3};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use serde_json::{Value, json};

use crate::every::{AnyRule, for_every_optimizer};
use crate::row;

type Tree = (DMatrix<f64>, Vec<DMatrix<f64>>);

/// Everything that a training run is.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(bound(serialize = "R: AnyRule", deserialize = "R: AnyRule"))]
struct Run<R: AnyRule> {
    params: Tree,
    optimizer: Optimizer<f64, R>,
    average: Average<Tree>,
    rng: Xoshiro256PlusPlus,
}

impl<R: AnyRule> Run<R> {
    fn new() -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut draw = |rows, columns| DMatrix::from_fn(rows, columns, |_, _| f64::standard_normal(&mut rng));
        let params = (draw(2, 3), vec![draw(1, 4), draw(3, 1)]);
        let cosine = Schedule::Cosine { initial: 0.1, last: 0.0, steps: 15 };
        let schedule = Schedule::WarmUp { start: 0.01, steps: 5, then: Box::new(cosine) };
        let optimizer = Optimizer::new(schedule).unwrap().with_weight_decay(0.01).unwrap();
        let average = Average::unbiased(0.9, params.clone()).unwrap();
        Self { params, optimizer, average, rng }
    }

    fn train(&mut self, steps: usize) {
        for _ in 0..steps {
            let mut draw = |rows, columns| DMatrix::from_fn(rows, columns, |_, _| f64::standard_normal(&mut self.rng));
            let gradients = Gradients::from(vec![draw(2, 3), draw(1, 4), draw(3, 1)]);
            self.optimizer.update(&mut self.params, &gradients).unwrap();
            self.average.update(&self.params).unwrap();
        }
    }
}

#[test]
fn training_resumed_equals_training_uninterrupted_bit_for_bit() {
    fn law<R: AnyRule>(name: &str) {
        let mut uninterrupted = Run::<R>::new();
        uninterrupted.train(20);
        for before in [0, 1, 10] {
            let mut interrupted = Run::<R>::new();
            interrupted.train(before);
            let file = serde_json::to_string(&interrupted).unwrap();
            let mut resumed: Run<R> = serde_json::from_str(&file).unwrap();
            assert_eq!(resumed, interrupted, "{name} after {before} steps");
            assert_eq!(resumed.optimizer.check_fits(&resumed.params), Ok(()));
            resumed.train(20 - before);
            // Equal digits are equal bits, signs of zeros included.
            assert_eq!(format!("{resumed:?}"), format!("{uninterrupted:?}"), "{name} after {before} steps");
        }
    }
    for_every_optimizer!(law);
}

#[test]
fn single_precision_is_restored_as_well() {
    let mut adam = Adam::<f32>::new(0.1).unwrap();
    let mut x = DMatrix::from_row_slice(1, 2, &[0.1_f32, -3.0]);
    adam.update(&mut x, &Gradients::from(vec![DMatrix::from_row_slice(1, 2, &[0.3_f32, 1e-7])])).unwrap();
    let restored: Adam<f32> = serde_json::from_str(&serde_json::to_string(&adam).unwrap()).unwrap();
    assert_eq!(restored, adam);
}

#[test]
fn no_optimiser_reads_the_file_of_another() {
    fn file_of<R: AnyRule>() -> (&'static str, String) {
        (<R as Rule<f64>>::NAME, serde_json::to_string(&Run::<R>::new().optimizer).unwrap())
    }
    fn law<R: AnyRule>(name: &str) {
        for (of, file) in [file_of::<Moments<AdamRule>>(), file_of::<Moments<AdamWRule>>(), file_of::<MassRule<true>>()]
        {
            let read = serde_json::from_str::<Optimizer<f64, R>>(&file);
            assert_eq!(read.is_ok(), of == <R as Rule<f64>>::NAME, "{name} reads the file of {of}");
        }
    }
    for_every_optimizer!(law);
    let error = serde_json::from_str::<AdamW<f64>>(&file_of::<Moments<AdamRule>>().1).unwrap_err();
    assert!(error.to_string().contains("the optimizer is 'adam', not 'adamw'"), "{error}");
}

/// An optimiser after two steps, as JSON.
fn saved<R: AnyRule>() -> Value {
    let mut run = Run::<R>::new();
    run.train(2);
    serde_json::to_value(&run.optimizer).unwrap()
}

/// The error of reading this after a change at a JSON pointer.
fn damaged<R: AnyRule>(pointer: &str, value: Value) -> String {
    let mut file = saved::<R>();
    *file.pointer_mut(pointer).expect(pointer) = value;
    serde_json::from_str::<Optimizer<f64, R>>(&file.to_string()).expect_err(pointer).to_string()
}

#[test]
fn a_damaged_file_is_an_error_that_names_what_is_wrong() {
    type R = Moments<AdamRule>;
    let cases = [
        ("/rule/beta1", json!(2.0), "beta1 is 2"),
        ("/rule/beta2", json!(-0.5), "beta2 is -0.5"),
        ("/rule/epsilon", json!(0.0), "epsilon is 0"),
        ("/rule/beta1", Value::Null, "null"), // what JSON makes of NaN
        ("/weight_decay", json!(-1.0), "weight decay is -1"),
        ("/schedule/warm_up/start", json!(-1.0), "start is -1"),
        ("/schedule/warm_up/then/cosine/initial", json!(0.0), "initial learning rate is 0"),
        ("/schedule", json!({"constant": 0.0}), "learning rate is 0"),
        ("/schedule", json!({"sawtooth": 1.0}), "sawtooth"),
        ("/steps", json!(-1), "-1"),
        ("/state/1/0", json!([[0.0, 0.0, 0.0], 1, 4]), "state of leaf 1: matrix 0 has 3 numbers for 1 x 4"),
        ("/state/1/1", json!([[], 1_u64 << 33, 1_u64 << 33]), "state of leaf 1: matrix 1 has 0 numbers"),
        ("/state/2/1/0/2", json!(-1.0), "state of leaf 2: matrix 1 has a number that 'adam' cannot have left, -1"),
        ("/state/2", json!([[[0.0, 0.0, 0.0], 3, 1]]), "state of leaf 2: 1 matrices where 'adam' keeps 2"),
        ("/state/0/0/0/0", json!("x"), "string"),
    ];
    for (pointer, value, expected) in cases {
        let error = damaged::<R>(pointer, value);
        assert!(error.contains(expected), "{pointer}: {error}");
    }
    for (missing, within) in [("beta1", "/rule"), ("epsilon", "/rule"), ("steps", ""), ("state", ""), ("optimizer", "")]
    {
        let mut file = saved::<R>();
        file.pointer_mut(within).unwrap().as_object_mut().unwrap().remove(missing).unwrap();
        let error = serde_json::from_str::<Optimizer<f64, R>>(&file.to_string()).expect_err(missing).to_string();
        assert!(error.contains(missing), "{error}");
    }
    let mut file = saved::<R>();
    file["rule"]["beta3"] = json!(0.5);
    let error = serde_json::from_str::<Optimizer<f64, R>>(&file.to_string()).unwrap_err().to_string();
    assert!(error.contains("beta3"), "{error}");

    assert!(damaged::<MassRule<false>>("/rule/mass", json!(1.0)).contains("the mass is 1"));
    assert!(damaged::<AdagradRule>("/rule/momentum", json!(1.5)).contains("the momentum is 1.5"));
    assert!(damaged::<AdagradRule>("/state/0/0/0/0", json!(-1.0)).contains("cannot have left"));
    assert!(damaged::<RmsPropRule>("/rule/gamma", json!(1.5)).contains("gamma is 1.5"));
    assert!(damaged::<Sm3Rule>("/state/0/2/0/0", json!(-1.0)).contains("cannot have left"));
    assert!(
        damaged::<Moments<OptimisticAdamRule>>("/rule/variant/optimism", json!(-1.0)).contains("the optimism is -1")
    );
    let error = serde_json::from_str::<Adam<f32>>(&damaged_rate()).unwrap_err().to_string();
    assert!(error.contains("learning rate is 0.000"), "{error}");
}

/// A file whose rate f64 has and f32 does not.
fn damaged_rate() -> String {
    serde_json::to_string(&Adam::<f64>::new(1e-60).unwrap()).unwrap()
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    fn law<R: AnyRule>(name: &str) {
        let file = saved::<R>().to_string();
        for end in 0..file.len() {
            assert!(serde_json::from_str::<Optimizer<f64, R>>(&file[..end]).is_err(), "{name}, cut after {end} bytes");
        }
    }
    law::<Moments<AdamRule>>("Adam");
    law::<Sm3Rule>("Sm3");
}

#[test]
fn a_restored_state_that_does_not_fit_the_parameters_is_an_error_by_path_and_changes_nothing() {
    let mut file = saved::<Moments<AdamRule>>();
    file["state"][1][1] = json!([[0.0, 0.0], 1, 2]);
    let mut adam: Adam<f64> = serde_json::from_value(file).unwrap();
    let run = Run::<Moments<AdamRule>>::new();
    let (mut params, before) = (run.params.clone(), adam.clone());
    let expected = fenchel::OptimError::LeafShape { path: "1.0".into(), expected: (1, 4), found: (1, 2) };
    assert_eq!(adam.check_fits(&params), Err(expected.clone()));
    let gradients = Gradients::from(vec![DMatrix::zeros(2, 3), DMatrix::zeros(1, 4), DMatrix::zeros(3, 1)]);
    assert_eq!(adam.update(&mut params, &gradients), Err(expected));
    assert_eq!((params, adam), (run.params, before));
}

#[test]
fn settings_are_restored_and_not_the_defaults() {
    let rms_prop = RmsProp::<f64>::new(0.1).unwrap().with_gamma(0.5).unwrap().with_epsilon(1e-3).unwrap();
    let rms_prop = rms_prop.with_momentum(0.25).unwrap().with_weight_decay(0.125).unwrap();
    assert_eq!(serde_json::from_value::<RmsProp<f64>>(serde_json::to_value(&rms_prop).unwrap()).unwrap(), rms_prop);
    let sm3 = Sm3::<f64>::new(0.1).unwrap().with_momentum(0.25).unwrap();
    assert_eq!(serde_json::from_value::<Sm3<f64>>(serde_json::to_value(&sm3).unwrap()).unwrap(), sm3);
    for schedule in [
        Schedule::Constant(0.1),
        Schedule::Exponential { initial: 0.1, factor: 0.5, steps: 3, staircase: true },
        Schedule::InverseTime { initial: 0.1, decay: 0.5, steps: 3, staircase: false },
        Schedule::Polynomial { initial: 0.1, last: 0.01, power: 0.5, steps: 3 },
        Schedule::Piecewise { initial: 0.1, changes: vec![(3, 0.3), (u64::MAX, 0.0)] },
    ] {
        assert_eq!(serde_json::from_str::<Schedule>(&serde_json::to_string(&schedule).unwrap()).unwrap(), schedule);
    }
}

#[test]
fn an_average_is_restored_and_its_decay_checked() {
    for average in [
        Average::new(0.5, row(&[1.0])).unwrap(),
        Average::unbiased(0.5, row(&[1.0])).unwrap(),
        Average::mean(row(&[1.0])),
    ] {
        let (mut average, mut file) = (average.clone(), serde_json::to_value(&average).unwrap());
        average.update(&row(&[0.3])).unwrap();
        let mut restored: Average<DMatrix<f64>> = serde_json::from_value(file.clone()).unwrap();
        restored.update(&row(&[0.3])).unwrap();
        assert_eq!(restored, average);
        file["kind"] = json!({"exponential": {"decay": 1.0}});
        let error = serde_json::from_value::<Average<DMatrix<f64>>>(file).unwrap_err().to_string();
        assert!(error.contains("the decay is 1"), "{error}");
    }
}

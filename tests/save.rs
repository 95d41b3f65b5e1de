//! Parameters saved and restored: every bit, or an error that names the first difference and changes nothing.

#![cfg(all(feature = "serde", feature = "safetensors"))]
// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fenchel::SaveError;
use fenchel::autodiff::{Gradients, Params, Path, Tape, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{
    AffineParams, BatchNorm, Conv, Dense, Dropout, Flatten, Layer, LayerNorm, Relu, SpectralNorm, Tanh, Unflatten,
};
use fenchel::optim::Adam;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::save::{from_safetensors, restore, to_safetensors};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde::{Deserialize, Serialize};

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

type Affine<T> = AffineParams<DMatrix<T>>;

/// Every bit of the leaves, with their paths and shapes.
fn bits(params: &impl Params<f64>) -> Vec<(String, (usize, usize), Vec<u64>)> {
    let mut all = Vec::new();
    params.visit(&Path::root(), &mut |path, leaf| {
        all.push((path.to_string(), leaf.shape(), leaf.iter().map(|x| x.to_bits()).collect()));
    });
    all
}

type Network = (Affine<f64>, (), (Affine<f64>, Vec<Affine<f64>>));

fn network(seed: u64) -> Network {
    Layer::<f64>::init(&(Dense(3), Tanh, (Dense(2), vec![Dense(2); 2])), &mut rng(seed), 2).unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bits at all, NaN and infinities and negative zeros among them, in any shape, in both precisions.
    #[test]
    fn what_is_restored_is_what_was_saved_to_the_last_bit(
        shapes in prop::collection::vec((0_usize..5, 0_usize..5), 0..4), seed: u64,
    ) {
        let mut rng = rng(seed);
        let tree: Vec<DMatrix<f64>> = shapes.iter().map(|&(rows, columns)| DMatrix::from_fn(rows, columns, |_, _| f64::from_bits(rng.random()))).collect();
        let mut other: Vec<DMatrix<f64>> = shapes.iter().map(|&(rows, columns)| DMatrix::zeros(rows, columns)).collect();
        from_safetensors(&to_safetensors(&tree, &[]).unwrap(), &mut other).unwrap();
        prop_assert_eq!(bits(&other), bits(&tree));

        let single: Vec<DMatrix<f32>> = shapes.iter().map(|&(rows, columns)| DMatrix::from_fn(rows, columns, |_, _| f32::from_bits(rng.random()))).collect();
        let mut other: Vec<DMatrix<f32>> = shapes.iter().map(|&(rows, columns)| DMatrix::zeros(rows, columns)).collect();
        from_safetensors(&to_safetensors(&single, &[]).unwrap(), &mut other).unwrap();
        let bits = |tree: &[DMatrix<f32>]| -> Vec<Vec<u32>> { tree.iter().map(|leaf| leaf.iter().map(|x| x.to_bits()).collect()).collect() };
        prop_assert_eq!(bits(&other), bits(&single));
    }
}

#[test]
fn a_file_cut_short_anywhere_is_an_error_and_changes_nothing() {
    let (saved, mut params) = (network(1), network(2));
    let (bytes, before) = (to_safetensors(&saved, &[("note", "text")]).unwrap(), bits(&params));
    for length in 0..bytes.len() {
        let error = from_safetensors(&bytes[..length], &mut params).unwrap_err();
        assert!(matches!(error, SaveError::Damaged { .. }), "{length}: {error}");
        assert_eq!(bits(&params), before);
    }
    assert!(from_safetensors(&[&bytes[..], &[0]].concat(), &mut params).is_err());
}

#[test]
fn a_file_with_any_one_bit_changed_is_an_error_and_changes_nothing() {
    let (saved, mut params) = (network(1), network(2));
    let (bytes, before) = (to_safetensors(&saved, &[("note", "text")]).unwrap(), bits(&params));
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(from_safetensors(&changed, &mut params).is_err(), "bit {bit}");
        assert_eq!(bits(&params), before, "bit {bit}");
    }
    // A letter that goes from the name of a note to its text.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let place = text.find("\"note\":\"text\"").unwrap();
    let mut changed = bytes.clone();
    changed[place..place + 13].copy_from_slice(b"\"not\":\"etext\"");
    assert!(from_safetensors(&changed, &mut params).is_err());
}

#[test]
fn the_first_difference_is_named() {
    let saved = to_safetensors(&network(1), &[]).unwrap();
    let mut before = network(2);
    let kept = bits(&before);
    let error =
        |result: Result<_, SaveError>| result.map(|_: std::collections::BTreeMap<String, String>| ()).unwrap_err();

    let wider = Layer::<f64>::init(&(Dense(3), Tanh, (Dense(4), vec![Dense(2); 2])), &mut rng(1), 2).unwrap().1;
    let found = error(from_safetensors(&to_safetensors(&wider, &[]).unwrap(), &mut before));
    assert_eq!(found, SaveError::Shape { path: "2.0.weight".into(), expected: vec![3, 2], found: vec![3, 4] });
    assert_eq!(found.to_string(), "'2.0.weight' is [3, 4], not [3, 2]");

    let mut deeper = Layer::<f64>::init(&(Dense(3), Tanh, (Dense(2), vec![Dense(2); 3])), &mut rng(1), 2).unwrap().1;
    let found = error(from_safetensors(&saved, &mut deeper));
    assert_eq!(found, SaveError::Missing { path: "2.1.2.weight".into() });
    let mut shallower = Layer::<f64>::init(&(Dense(3), Tanh, (Dense(2), vec![Dense(2); 1])), &mut rng(1), 2).unwrap().1;
    let found = error(from_safetensors(&saved, &mut shallower));
    assert_eq!(found, SaveError::Unexpected { path: "2.1.1.bias".into() });

    let mut single = Layer::<f32>::init(&(Dense(3), Tanh, (Dense(2), vec![Dense(2); 2])), &mut rng(1), 2).unwrap().1;
    let found = error(from_safetensors(&saved, &mut single));
    assert_eq!(found, SaveError::Type { path: "0.weight".into(), expected: "f32", found: "f64".into() });

    assert_eq!(
        restore(&mut before, wider),
        Err(SaveError::Shape { path: "2.0.weight".into(), expected: vec![3, 2], found: vec![3, 4] })
    );
    assert_eq!(restore(&mut before, deeper), Err(SaveError::Unexpected { path: "2.1.2.weight".into() }));
    let mut deeper = network(1);
    deeper.2.1.pop();
    assert_eq!(restore(&mut before, deeper), Err(SaveError::Missing { path: "2.1.1.weight".into() }));
    assert_eq!(bits(&before), kept);
    restore(&mut before, network(1)).unwrap();
    assert_eq!(before, network(1));
}

#[test]
fn the_same_parameters_and_notes_make_the_same_file() {
    let notes = [("b", "two"), ("a", "one \"quoted\" \u{1f40c}\n"), ("c", "")];
    let bytes = to_safetensors(&network(1), &notes).unwrap();
    for _ in 0..10 {
        assert_eq!(to_safetensors(&network(1), &notes).unwrap(), bytes);
    }
    let read = from_safetensors(&bytes, &mut network(2)).unwrap();
    assert_eq!(
        read.into_iter().collect::<Vec<_>>(),
        [("a", notes[1].1), ("b", "two"), ("c", "")].map(|(a, b)| (a.into(), b.into()))
    );
    // What is named as the format's own table of notes cannot be a parameter; there is none by that name in a tree of ours.
    assert_eq!(bytes.len() % 8, 0);
}

#[test]
fn a_matrix_on_its_own_is_called_value_and_a_tree_with_one_path_twice_is_refused() {
    let mut matrix = DMatrix::from_row_slice(1, 2, &[1.0, 2.0]);
    let bytes = to_safetensors(&matrix, &[]).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("\"value\""));
    from_safetensors(&bytes, &mut matrix).unwrap();

    /// Two leaves of one name.
    struct Twins(DMatrix<f64>);
    impl Params<f64> for Twins {
        type Lifted<'t> = ();
        fn lift_with<'t>(&self, _: &mut dyn FnMut(&DMatrix<f64>) -> fenchel::Var<'t, f64>) {}
        fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<f64>)) {
            (0..2).for_each(|_| leaf(&at.name("twin"), &self.0));
        }
        fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<f64>)) {
            (0..2).for_each(|_| leaf(&at.name("twin"), &mut self.0));
        }
    }
    let twins = to_safetensors(&Twins(matrix), &[]);
    assert_eq!(twins, Err(SaveError::Ambiguous { path: "twin".into() }));
}

#[test]
fn names_that_a_file_needs_and_notes_of_one_name_are_refused() {
    let one = DMatrix::from_element(1, 1, 1.0);
    let twice = to_safetensors(&one, &[("note", "a"), ("note", "b")]);
    assert_eq!(twice, Err(SaveError::Ambiguous { path: "note".into() }));
    let reserved = |name: &str| Err(SaveError::Reserved { name: name.into() });
    for name in ["fenchel.crc32", "fenchel.checked_by"] {
        assert_eq!(to_safetensors(&one, &[(name, "text")]), reserved(name));
    }
    /// A leaf called as notes are.
    struct Notes(DMatrix<f64>);
    impl Params<f64> for Notes {
        type Lifted<'t> = ();
        fn lift_with<'t>(&self, _: &mut dyn FnMut(&DMatrix<f64>) -> fenchel::Var<'t, f64>) {}
        fn visit(&self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &DMatrix<f64>)) {
            leaf(&at.name("__metadata__"), &self.0);
        }
        fn visit_mut(&mut self, at: &Path<'_>, leaf: &mut dyn FnMut(&Path<'_>, &mut DMatrix<f64>)) {
            leaf(&at.name("__metadata__"), &mut self.0);
        }
    }
    assert_eq!(to_safetensors(&Notes(one), &[]), reserved("__metadata__"));
    // Without columns there may be more rows than can be counted through.
    let empty = DMatrix::<f64>::zeros(usize::MAX, 0);
    let mut other = empty.clone();
    from_safetensors(&to_safetensors(&empty, &[]).unwrap(), &mut other).unwrap();
    assert_eq!(other.shape(), (usize::MAX, 0));
}

/// What `tests/data/saved.py` writes with the Python package, and what it reads of ours.
fn known() -> (DMatrix<f32>, DMatrix<f32>) {
    let weight = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
    (weight, DMatrix::from_row_slice(1, 3, &[-1.0, f32::INFINITY, 1e-45]))
}

#[test]
fn a_file_of_the_python_package_is_read() {
    let mut params = (DMatrix::zeros(2, 3), DMatrix::zeros(1, 3));
    let notes = from_safetensors(include_bytes!("data/python.safetensors"), &mut params).unwrap();
    assert_eq!(params, known());
    assert_eq!(notes["made by"], "safetensors 0.8.0 for Python");
}

#[test]
fn the_file_that_the_python_package_was_seen_to_read_is_the_one_that_is_written() {
    let bytes = to_safetensors(&known(), &[]).unwrap();
    assert_eq!(bytes, include_bytes!("data/fenchel.safetensors"));
}

/// Everything that training goes on from.
#[derive(Serialize, Deserialize)]
struct Checkpoint<P> {
    params: P,
    adam: Adam<f64>,
    rng: Xoshiro256PlusPlus,
}

/// Trains for so many steps: rows, dropout and all are drawn from the checkpoint's generator.
fn train<L: fenchel::nn::Network<f64>>(net: &L, state: &mut Checkpoint<L::Params>, steps: usize) {
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    for _ in 0..steps {
        let rows = DMatrix::from_fn(8, 9, |_, _| state.rng.random_range(-1.0..1.0));
        value_and_grad(&mut tape, &state.params, &mut gradients, |t, p| {
            net.apply_train(t, p, t.var(&rows), &mut state.rng).square().mean()
        })
        .unwrap();
        state.adam.update(&mut state.params, &gradients).unwrap();
    }
}

#[test]
fn training_resumed_equals_training_uninterrupted_to_the_last_bit() {
    let net = (
        Unflatten([3, 3, 1]),
        Conv::new(2, [2, 2]),
        BatchNorm::default(),
        Relu,
        Flatten,
        Dropout { drop_probability: 0.2 },
        (SpectralNorm(Dense(4)), LayerNorm::default(), vec![(Dense(4), Tanh); 2]),
        Dense(1),
    );
    let mut rng = rng(3);
    let (_, params) = net.init(&mut rng, 9).unwrap();
    let mut state = Checkpoint { params, adam: Adam::new(1e-2).unwrap(), rng };
    train(&net, &mut state, 7);
    let saved = serde_json::to_string(&state).unwrap();
    let mut resumed: Checkpoint<_> = serde_json::from_str(&saved).unwrap();
    assert_eq!(bits(&resumed.params), bits(&state.params));
    train(&net, &mut state, 13);
    train(&net, &mut resumed, 13);
    assert_eq!(bits(&resumed.params), bits(&state.params));
    assert_eq!(serde_json::to_string(&resumed).unwrap(), serde_json::to_string(&state).unwrap());
    assert_ne!(saved, serde_json::to_string(&state).unwrap());
}

#[test]
fn matrices_of_another_shape_than_their_header_says_are_refused() {
    let (saved, wrong) = (serde_json::to_string(&network(1)).unwrap(), |text: &str| {
        serde_json::from_str::<(Affine<f64>, (), serde::de::IgnoredAny)>(text).is_err()
    });
    assert!(!wrong(&saved));
    // nalgebra writes [data, rows, columns].
    assert!(saved.contains(",2,3]"), "{saved}");
    assert!(wrong(&saved.replacen(",2,3]", ",2,4]", 1)));
    // Whose product is 0 in 64 bits.
    let empty = r#"{"weight":[[],8589934592,8589934592],"bias":[[],0,0]}"#;
    let error = serde_json::from_str::<Affine<f64>>(empty).unwrap_err().to_string();
    assert!(error.contains("AffineParams: 0 numbers for 8589934592 x 8589934592"), "{error}");
    assert!(wrong(&saved[..saved.len() - 1]));
}

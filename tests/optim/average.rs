//! Averages of parameters.

use fenchel::OptimError;
use fenchel::optim::Average;

use crate::{row, tree};

#[test]
fn an_average_of_a_constant_converges_at_the_rate_of_its_decay() {
    let mut average = Average::new(0.5, row(&[0.0, 8.0])).unwrap();
    for n in 1..=40 {
        average.update(&row(&[1.0, -8.0])).unwrap();
        let left = 0.5_f64.powi(n);
        assert_eq!(*average.params(), row(&[1.0 - left, -8.0 + 16.0 * left])); // powers of two: exact
    }
    let mut average = Average::new(0.9, row(&[0.0])).unwrap();
    (0..400).for_each(|_| average.update(&row(&[1.0])).unwrap());
    assert!((average.params()[0] - 1.0).abs() <= 1e-15); // 0.9^400 = 5e-19, and it stops within a unit in the last place or two
}

#[test]
fn an_average_without_memory_is_the_last_parameters() {
    let mut average = Average::new(0.0, tree()).unwrap();
    let mut moved = tree();
    moved.0.weight.fill(0.1);
    moved.2.bias.fill(-7e3);
    average.update(&moved).unwrap();
    assert_eq!(*average.params(), moved);
    assert_eq!(average.into_params(), moved);
}

#[test]
fn averaging_parameters_of_other_shapes_is_an_error_and_changes_nothing() {
    let mut average = Average::new(0.5, row(&[1.0, 2.0])).unwrap();
    let error = average.update(&row(&[1.0, 2.0, 3.0])).unwrap_err();
    assert_eq!(error, OptimError::LeafShape { path: String::new(), expected: (1, 2), found: (1, 3) });
    assert_eq!(*average.params(), row(&[1.0, 2.0]));

    let mut average = Average::new(0.5, tree()).unwrap();
    let mut other = tree();
    other.2.bias = row(&[0.0]);
    let error = average.update(&other).unwrap_err();
    assert_eq!(error, OptimError::LeafShape { path: "2.bias".into(), expected: (1, 2), found: (1, 1) });
    assert_eq!(*average.params(), tree());
}

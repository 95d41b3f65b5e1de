//! Operations that move numbers or sum along rows, of matrices of all sizes: pieces, squares and blocks of rows are no business of anybody's.

use fenchel::nalgebra::DMatrix;
use fenchel::{Tape, Var, autodiff::Selection, special};

/// Of less and of more than a piece of a copy, a side of a square and a block of rows; some are multiples of these.
const SHAPES: [(usize, usize); 8] = [(1, 1), (3, 5), (16, 16), (17, 33), (256, 3), (300, 70), (1, 700), (1025, 2)];

fn numbers(rows: usize, columns: usize) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| ((i * 7 + j * 131) as f64 * 0.618).fract() * 40.0 - 20.0)
}

#[test]
fn every_number_gets_to_its_place() {
    let mut tape = Tape::new();
    for (rows, columns) in SHAPES {
        tape.clear();
        let matrix = numbers(rows, columns);
        let x = tape.var(&matrix);
        let mut copy = DMatrix::zeros(0, 0);
        x.copy_to(&mut copy).unwrap();
        assert_eq!(copy, matrix);
        assert_eq!(x.detach().to_matrix().unwrap(), matrix);
        assert_eq!(x.transpose().to_matrix().unwrap(), matrix.transpose());
        let reshaped = DMatrix::from_column_slice(columns, rows, matrix.as_slice());
        assert_eq!(x.reshape(columns, rows).to_matrix().unwrap(), reshaped);

        let (row, column) = (matrix.rows(0, 1).into_owned(), matrix.columns(0, 1).into_owned());
        let repeated = DMatrix::from_fn(rows, columns, |_, j| row[j]);
        assert_eq!(tape.var(&row).repeat_rows(rows).to_matrix().unwrap(), repeated);
        let repeated = DMatrix::from_fn(rows, columns, |i, _| column[i]);
        assert_eq!(tape.var(&column).repeat_columns(columns).to_matrix().unwrap(), repeated);
        assert_eq!(
            tape.scalar(3.5).fill(rows, columns).to_matrix().unwrap(),
            DMatrix::from_element(rows, columns, 3.5)
        );

        let last = Selection::range(columns - 1, 1, columns);
        assert_eq!(x.gather(last).to_matrix().unwrap(), matrix.columns(columns - 1, 1).into_owned());
        let mut alone = DMatrix::zeros(rows, columns);
        alone.set_column(columns - 1, &matrix.column(0));
        assert_eq!(tape.var(&column).scatter_add(last).to_matrix().unwrap(), alone);
        let twice = tape.concat_columns(&[x, x]).to_matrix().unwrap();
        assert_eq!(twice, DMatrix::from_fn(rows, 2 * columns, |i, j| matrix[(i, j % columns)]));
    }
}

/// Whatever an operation does, and in whatever shape it is told of.
type Computation = fn(Var<'_, f64>) -> Var<'_, f64>;

const COMPUTATIONS: [Computation; 13] = [
    |x| x * x.transpose(),
    |x| x.tr_mul(x),
    |x| x.mul_tr(x),
    |x| x.tr_mul(x.tanh()).tanh(),
    |x| x.transpose(),
    |x| x.sum_rows(),
    |x| x.sum_columns(),
    |x| x.ln_sum_exp(),
    |x| x.ln_softmax(),
    |x| x.columns(0, 1),
    |x| x.scatter_add(Selection::Transpose { rows: x.shape().1, columns: 1 }),
    |x| x.exp() - x.component_mul(x).reshape(x.shape().1, x.shape().0).detach().transpose(),
    |x| x.tape().concat_columns(&[x, x]),
];

/// To reshape or to detach copies nothing, and nothing that comes after can tell.
#[test]
fn what_changes_no_entry_takes_no_room_and_is_as_good_as_a_copy() {
    for (rows, columns) in SHAPES {
        let (matrix, other) = (numbers(rows, columns), numbers(columns, rows));
        let reshaped = DMatrix::from_column_slice(columns, rows, matrix.as_slice());
        for (number, computation) in COMPUTATIONS.into_iter().enumerate() {
            let (tape, of_copy) = (Tape::new(), Tape::new());
            let x = tape.var(&matrix);
            let (shared, copied) = (x.reshape(columns, rows), of_copy.var(&reshaped));
            assert_eq!((tape.len(), tape.slots()), (2, 1));
            assert_eq!(x.detach().reshape(columns, rows).detach().to_matrix().unwrap(), reshaped);
            assert_eq!((tape.len(), tape.slots()), (5, 1));

            let values_and_slopes = |tape: &Tape<f64>, x, in_shape: Var<'_, f64>| {
                let y = computation(in_shape);
                let loss = y.square().sum() + in_shape.component_mul(tape.var(&other)).sum();
                let [slopes] = tape.grad(loss, [x]);
                (y.to_matrix().unwrap(), slopes.to_matrix().unwrap().as_slice().to_vec())
            };
            let found = values_and_slopes(&tape, x, shared);
            assert_eq!(found, values_and_slopes(&of_copy, copied, copied), "{rows} x {columns}, {number}");
            // It is still what it was, in its own shape.
            assert_eq!(x.to_matrix().unwrap(), matrix);
        }
    }
}

#[test]
fn a_row_is_summed_as_it_is_alone() {
    let mut tape = Tape::new();
    for (rows, columns) in SHAPES {
        tape.clear();
        let matrix = numbers(rows, columns);
        let x = tape.var(&matrix);
        let (ln_sums, ln_softmax) = (x.ln_sum_exp().to_matrix().unwrap(), x.ln_softmax().to_matrix().unwrap());
        for (i, row) in matrix.row_iter().enumerate() {
            let row: Vec<f64> = row.iter().copied().collect();
            let (ln_sum, largest) = (special::ln_sum_exp(&row), row.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            // Each is a logarithm of a sum of so many terms, off by a unit each, and a rounding of a number below 20 + ln 700.
            let bound = f64::EPSILON * (columns as f64 + 32.0);
            assert!((ln_sums[i] - ln_sum).abs() <= bound, "{rows} x {columns}, row {i}");
            for (j, &x) in row.iter().enumerate() {
                let expected = (x - largest) - (ln_sum - largest);
                assert!((ln_softmax[(i, j)] - expected).abs() <= 3.0 * bound, "{rows} x {columns}, ({i}, {j})");
            }
        }
    }
    // No columns, no terms.
    assert_eq!(
        tape.filled(3, 0, 1.0).ln_sum_exp().to_matrix().unwrap(),
        DMatrix::from_element(3, 1, f64::NEG_INFINITY)
    );
    assert_eq!(tape.filled(3, 0, 1.0).ln_softmax().shape(), (3, 0));
}

/// A million terms one after another in f32 would lose three digits, all to the same side.
#[test]
fn sums_of_very_many_terms_keep_their_digits_in_single_precision() {
    let tape = Tape::<f32>::new();
    let n = 1_000_000;
    // What the terms really are, times n.
    let (exact, bound) = (f64::from(0.1_f32) * 1e6, 4e-6); // 128 roundings of ε/2 of partial sums, which are half of the whole on average; what is kept is known to ε
    for (x, axis) in [(tape.filled(1, n, 0.1), 1), (tape.filled(n, 1, 0.1), 0), (tape.filled(2, n / 2, 0.1), 1)] {
        let sums = [x.sum(), if axis == 1 { x.sum_columns().sum() } else { x.sum_rows().sum() }];
        for sum in sums {
            let sum = f64::from(sum.to_scalar().unwrap());
            assert!((sum / exact - 1.0).abs() <= bound, "{sum}");
        }
    }
    // Exactly, where every partial sum is a number.
    assert_eq!(
        tape.filled(3, 1 << 25, 1.0).sum_columns().to_matrix().unwrap(),
        DMatrix::from_element(3, 1, 33554432.0)
    );
    // Infinities and NaN as plain addition has them.
    let far = tape.var(&DMatrix::from_fn(2, 3000, |i, j| if j == 2500 { [f32::INFINITY, f32::NAN][i] } else { 1.0 }));
    let sums = far.sum_columns().to_matrix().unwrap();
    assert!(sums[0] == f32::INFINITY && sums[1].is_nan(), "{sums}");
    let largest = tape.filled(1, 3000, f32::MAX);
    assert_eq!((largest.sum().to_scalar(), largest.sum_columns().to_scalar()), (Ok(f32::INFINITY), Ok(f32::INFINITY)));
}

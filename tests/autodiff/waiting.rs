//! Products wait for the function that follows, and may be computed along with it: nobody who asks for a number must notice.

use fenchel::autodiff::{Op, check};
use fenchel::elementary::Function;
use fenchel::nalgebra::DMatrix;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{Tape, Var};

/// Rows and columns of products: of 140 kB, so that any function may follow; and of some that only those are computed along with which take no time.
const SIZES: [[usize; 2]; 2] = [[220, 80], [35, 9]];

fn matrix(rows: usize, columns: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

/// Data, weights, a bias and more weights.
fn inputs([rows, columns]: [usize; 2]) -> [DMatrix<f64>; 4] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(5);
    let [x, bias] = [matrix(rows, 30, rng), matrix(1, columns, rng)];
    [x, matrix(30, columns, rng) * 0.2, bias, matrix(columns, columns, rng) * 0.1]
}

/// Two layers, given what becomes of every product as it is recorded.
fn layers<'t>(inputs: &[Var<'t, f64>], recorded: impl Fn(Var<'t, f64>)) -> Var<'t, f64> {
    let &[x, weight, bias, next] = inputs else { unreachable!() };
    let first = x.affine(weight, bias);
    recorded(first);
    let first = first.leaky_relu(0.1);
    let second = first * next;
    recorded(second);
    (second.tanh() - first).square().mean()
}

#[test]
fn the_numbers_are_those_of_products_that_were_read_before_anything_became_of_them() {
    for [rows, columns] in SIZES {
        let inputs = inputs([rows, columns]);
        let numbers = |recorded: &dyn Fn(Var<'_, f64>)| {
            let tape = Tape::new();
            let inputs = [0, 1, 2, 3].map(|i| tape.var(&inputs[i]));
            let loss = layers(&inputs, recorded);
            let gradients = tape.grad(loss, inputs).map(|gradient| gradient.to_matrix().unwrap());
            (loss.to_scalar().unwrap(), gradients)
        };
        let read = |product: Var<'_, f64>| assert_eq!(product.to_matrix().unwrap().shape(), (rows, columns));
        assert!(numbers(&|_| {}) == numbers(&read), "{rows} x {columns}");
    }
}

#[test]
fn a_product_is_there_for_whoever_asks_later() {
    for size in SIZES {
        let [x, weight, bias, _] = inputs(size);
        let tape = Tape::new();
        let product = tape.var(&x).affine(tape.var(&weight), tape.var(&bias));
        let value = product.leaky_relu(0.1);
        let (again, shifted) = (product.tanh(), product.shift(1.0));
        let exact = &x * &weight + DMatrix::from_fn(size[0], size[1], |_, j| bias[j]);
        let apart = |value: Var<'_, f64>, exact: DMatrix<f64>| (value.to_matrix().unwrap() - exact).amax();
        // Sums of 30 terms up to 0.2, rounded in another order.
        let rounding = 2.0 * 31.0 * 31.0 * 0.2 * f64::EPSILON;
        assert!(apart(product, exact.clone()) <= rounding);
        assert!(apart(value, exact.map(|x| if x > 0.0 { x } else { 0.1 * x })) <= rounding);
        assert!(apart(again, exact.map(f64::tanh)) <= rounding);
        assert!(apart(shifted, exact.map(|x| x + 1.0)) <= rounding);
    }
}

#[test]
fn derivatives_are_right_to_order_two() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(6);
    // No kinks: what else waits in a gradient, times a slope, is the same for all functions.
    let result = check::gradients(
        |_, inputs| {
            let &[x, weight, bias, next] = inputs else { unreachable!() };
            let first = x.affine(weight, bias).tanh();
            (first * next).softplus().square() + first
        },
        &inputs(SIZES[0]),
        2,
        rng,
    );
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn a_negative_slope_is_not_read_off_the_value() {
    // The value is positive where x is negative.
    let tape = Tape::new();
    let x = tape.var(&DMatrix::from_row_slice(1, 4, &[-2.0, -0.5, 0.5, 2.0]));
    let [slope] = tape.grad(x.leaky_relu(-0.25).sum(), [x]);
    assert_eq!(slope.to_matrix().unwrap().as_slice(), [-0.25, -0.25, 1.0, 1.0]);
}

#[test]
fn what_is_cut_off_from_a_product_has_its_numbers_and_not_those_of_an_earlier_step() {
    for size in SIZES {
        let [x, weight, bias, _] = inputs(size);
        let mut tape = Tape::new();
        let steps = [true, false].map(|read_first| {
            tape.clear();
            let product =
                tape.var(&x).affine(tape.var(&(&weight * if read_first { 2.0 } else { 1.0 })), tape.var(&bias));
            if read_first {
                product.to_matrix().unwrap();
            }
            product.leaky_relu(0.1);
            let (cut, reversed) = (product.detach(), product.reverse_gradient());
            assert_eq!(cut.to_matrix(), product.to_matrix());
            assert_eq!(reversed.to_matrix(), product.to_matrix());
            cut.to_matrix().unwrap()
        });
        assert_ne!(steps[0], steps[1]);

        let fresh = Tape::new();
        let product = fresh.var(&x).affine(fresh.var(&weight), fresh.var(&bias));
        product.leaky_relu(0.1);
        assert_eq!(product.detach().to_matrix().unwrap(), steps[1]);
    }
}

#[test]
fn the_second_derivative_of_a_step_records_nothing() {
    let tape = Tape::new();
    let x = tape.var(&DMatrix::from_row_slice(1, 2, &[-2.0, 0.5]));
    let [slope] = tape.grad(x.leaky_relu(0.1).square().sum(), [x]);
    let before = tape.len();
    let [second] = tape.grad(slope.sum(), [x]);
    assert_eq!(second.to_matrix().unwrap().as_slice(), [2.0 * 0.1 * 0.1, 2.0]);
    let steps = tape.ops()[before..].iter().filter(|op| matches!(op, Op::Map(_, Function::Step(_)))).count();
    assert_eq!(steps, 0, "{}", tape.dump());
}

//! Every operation and every function: values, adjoints, and adjoints of adjoints.

use std::collections::BTreeSet;

use fenchel::autodiff::{Edge, Op, Selection, Windows, check};
use fenchel::elementary::{Function, Interval};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{Rng, RngExt, SeedableRng};
use fenchel::{Elementary, Real, Tape, Var};
use num_dual::Dual64;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

type Computation<T> = for<'t> fn(&'t Tape<T>, &[Var<'t, T>]) -> Var<'t, T>;

/// A computation on numbers, and the same on dual numbers.
macro_rules! both {
    ($compute:expr) => {
        ($compute as Computation<f64>, $compute as Computation<Dual64>)
    };
}

/// The number, in whatever a tape computes with.
fn k<T: Real>(x: f64) -> T {
    convert(x)
}

/// A computation, and the shapes of its inputs.
struct Case {
    what: &'static str,
    shapes: &'static [(usize, usize)],
    compute: (Computation<f64>, Computation<Dual64>),
}

/// Of images of 3 by 4 pixels with 2 channels, with everything uneven.
const WINDOWS: Windows = Windows {
    image: [3, 4, 2],
    kernel: [2, 3],
    strides: [2, 1],
    dilation: [1, 2],
    padding: [[1, 0], [2, 1]],
    edge: Edge::Zero,
};

/// Together they use every operation, on inputs of sizes in [0.5, 1.5) with random signs.
const CASES: &[Case] = &[
    Case { what: "a leaf", shapes: &[(2, 3)], compute: both!(|_, x| x[0]) },
    Case { what: "a leaf used twice", shapes: &[(2, 3)], compute: both!(|_, x| x[0].component_mul(x[0])) },
    Case {
        what: "a detached constant",
        shapes: &[(2, 3)],
        compute: both!(|t, x| x[0].component_mul(t.filled(2, 3, k(1.7)).detach())),
    },
    Case { what: "a sum", shapes: &[(2, 3), (2, 3)], compute: both!(|_, x| (x[0] + x[1]).square()) },
    Case { what: "a sum with itself", shapes: &[(2, 3)], compute: both!(|_, x| (x[0] + x[0]).square()) },
    Case { what: "a difference", shapes: &[(3, 2), (3, 2)], compute: both!(|_, x| (x[0] - x[1]).square()) },
    Case { what: "a difference with a square", shapes: &[(3, 2)], compute: both!(|_, x| x[0] - x[0].square()) },
    Case { what: "a product", shapes: &[(3, 2), (3, 2)], compute: both!(|_, x| x[0].component_mul(x[1]).square()) },
    Case {
        what: "a quotient",
        shapes: &[(2, 2), (2, 2)],
        compute: both!(|_, x| x[0].component_div(x[1].square().shift(k(1.0)))),
    },
    Case {
        what: "a quotient by a function of itself",
        shapes: &[(2, 2)],
        compute: both!(|_, x| x[0].component_div(x[0].square().shift(k(1.0)))),
    },
    Case { what: "a shift", shapes: &[(2, 2)], compute: both!(|_, x| x[0].shift(k(-0.3)).square()) },
    Case { what: "a scaling", shapes: &[(2, 2)], compute: both!(|_, x| x[0].scale(k(-0.7)).square()) },
    Case { what: "a negation", shapes: &[(2, 2)], compute: both!(|_, x| (-x[0]).exp()) },
    Case { what: "a function", shapes: &[(2, 2)], compute: both!(|_, x| x[0].tanh()) },
    Case {
        what: "a transpose",
        shapes: &[(2, 3), (3, 2)],
        compute: both!(|_, x| x[0].transpose().component_mul(x[1]).square()),
    },
    Case { what: "a total", shapes: &[(3, 4)], compute: both!(|_, x| x[0].square().sum().square()) },
    Case { what: "a mean", shapes: &[(3, 4)], compute: both!(|_, x| x[0].square().mean().square()) },
    Case {
        what: "a fill",
        shapes: &[(1, 1), (3, 2)],
        compute: both!(|_, x| x[0].square().fill(3, 2).component_mul(x[1])),
    },
    Case { what: "a sum of rows", shapes: &[(4, 3)], compute: both!(|_, x| x[0].square().sum_rows().square()) },
    Case {
        what: "a repeated row",
        shapes: &[(1, 3), (4, 3)],
        compute: both!(|_, x| x[0].square().repeat_rows(4).component_mul(x[1])),
    },
    Case { what: "a sum of columns", shapes: &[(4, 3)], compute: both!(|_, x| x[0].square().sum_columns().square()) },
    Case {
        what: "a repeated column",
        shapes: &[(4, 1), (4, 3)],
        compute: both!(|_, x| x[0].square().repeat_columns(3).component_mul(x[1])),
    },
    // The entries are of sizes of at least 0.5 apart from 0, so the larger of x and 0.1 x changes sides at no point near.
    Case { what: "a maximum", shapes: &[(3, 2)], compute: both!(|_, x| x[0].square().max(x[0].scale(k(0.1)))) },
    Case {
        what: "a maximum of two",
        shapes: &[(3, 2), (3, 2)],
        compute: both!(|_, x| x[0].square().max(x[1].square().shift(k(5.0))).tanh()),
    },
    Case { what: "ln sum exp", shapes: &[(3, 4)], compute: both!(|_, x| x[0].ln_sum_exp().square()) },
    Case { what: "softmax", shapes: &[(3, 4)], compute: both!(|_, x| x[0].ln_softmax().exp()) },
    Case {
        what: "another shape",
        shapes: &[(3, 4), (2, 6)],
        compute: both!(|_, x| x[0].reshape(2, 6).component_mul(x[1])),
    },
    Case { what: "some columns", shapes: &[(3, 5)], compute: both!(|_, x| x[0].columns(1, 3).square()) },
    Case {
        what: "columns side by side",
        shapes: &[(3, 2), (3, 1)],
        compute: both!(|t, x| t.concat_columns(&[x[0], x[1].square(), x[0]]).square()),
    },
    Case {
        what: "columns of blocks",
        shapes: &[(2, 6)],
        compute: both!(|_, x| x[0].gather(Selection::Blocks { blocks: 2, width: 3, start: 1, len: 2 }).square()),
    },
    Case {
        what: "columns of a table turned",
        shapes: &[(2, 6)],
        compute: both!(|_, x| x[0].gather(Selection::Transpose { rows: 2, columns: 3 }).square()),
    },
    Case {
        what: "windows",
        shapes: &[(2, 24)],
        compute: both!(|_, x| x[0].gather(Selection::Windows(WINDOWS)).square()),
    },
    Case {
        what: "windows that repeat the edge",
        shapes: &[(2, 24)],
        compute: both!(|_, x| {
            let edge = Windows { edge: Edge::Nearest, dilation: [1, 1], ..WINDOWS };
            x[0].gather(Selection::Windows(edge)).square()
        }),
    },
    // The matrix product: every combination of transpositions, by every way to write it, thin (a side of at most 5) and thick.
    Case { what: "A B, thin", shapes: &[(2, 3), (3, 4)], compute: both!(|_, x| x[0] * x[1]) },
    Case { what: "A B, thick", shapes: &[(6, 7), (7, 8)], compute: both!(|_, x| x[0] * x[1]) },
    Case { what: "A^T B by tr_mul, thin", shapes: &[(3, 2), (3, 4)], compute: both!(|_, x| x[0].tr_mul(x[1])) },
    Case { what: "A^T B by tr_mul, thick", shapes: &[(7, 6), (7, 8)], compute: both!(|_, x| x[0].tr_mul(x[1])) },
    Case {
        what: "A^T B by transpose, thin",
        shapes: &[(3, 2), (3, 4)],
        compute: both!(|_, x| x[0].transpose() * x[1]),
    },
    Case {
        what: "A^T B by transpose, thick",
        shapes: &[(7, 6), (7, 8)],
        compute: both!(|_, x| x[0].transpose() * x[1]),
    },
    Case { what: "A B^T by mul_tr, thin", shapes: &[(2, 3), (4, 3)], compute: both!(|_, x| x[0].mul_tr(x[1])) },
    Case { what: "A B^T by mul_tr, thick", shapes: &[(6, 7), (8, 7)], compute: both!(|_, x| x[0].mul_tr(x[1])) },
    Case {
        what: "A B^T by transpose, thin",
        shapes: &[(2, 3), (4, 3)],
        compute: both!(|_, x| x[0] * x[1].transpose()),
    },
    Case {
        what: "A B^T by transpose, thick",
        shapes: &[(6, 7), (8, 7)],
        compute: both!(|_, x| x[0] * x[1].transpose()),
    },
    Case { what: "A^T B^T, thin", shapes: &[(3, 2), (4, 3)], compute: both!(|_, x| x[0].transpose().mul_tr(x[1])) },
    Case { what: "A^T B^T, thick", shapes: &[(7, 6), (8, 7)], compute: both!(|_, x| x[0].tr_mul(x[1].transpose())) },
    // Nonlinear on top, so that the second order goes through the products of the first.
    Case {
        what: "tanh of A^T B",
        shapes: &[(7, 6), (7, 2)],
        compute: both!(|_, x| x[0].scale(k(0.2)).tr_mul(x[1]).tanh()),
    },
    Case {
        what: "tanh of A B^T",
        shapes: &[(6, 7), (2, 7)],
        compute: both!(|_, x| x[0].scale(k(0.2)).mul_tr(x[1]).tanh()),
    },
    Case { what: "A A", shapes: &[(6, 6)], compute: both!(|_, x| x[0] * x[0]) },
    Case { what: "A^T A", shapes: &[(7, 6)], compute: both!(|_, x| x[0].tr_mul(x[0])) },
    // What becomes of an adjoint on its way through a function.
    Case {
        what: "a slope by x",
        shapes: &[(2, 3)],
        compute: both!(|t, x| t.grad(x[0].softplus().square().sum(), [x[0]])[0]),
    },
    Case {
        what: "a slope by the value",
        shapes: &[(2, 3)],
        compute: both!(|t, x| t.grad(x[0].tanh().square().sum(), [x[0]])[0]),
    },
    Case {
        what: "a slope that is 0 or 1",
        shapes: &[(2, 3)],
        compute: both!(|t, x| t.grad(x[0].relu().square().sum(), [x[0]])[0]),
    },
    Case {
        what: "an affine map, thin",
        shapes: &[(2, 3), (3, 4), (1, 4)],
        compute: both!(|_, x| x[0].affine(x[1], x[2]).tanh()),
    },
    Case {
        what: "an affine map, thick",
        shapes: &[(6, 7), (7, 8), (1, 8)],
        compute: both!(|_, x| x[0].scale(k(0.2)).affine(x[1], x[2]).tanh()),
    },
    Case {
        what: "an affine map of one matrix three times",
        shapes: &[(1, 1)],
        compute: both!(|_, x| x[0].affine(x[0], x[0])),
    },
    Case { what: "A A^T", shapes: &[(3, 2)], compute: both!(|_, x| x[0].mul_tr(x[0])) },
];

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Sizes in [0.5, 1.5), with random signs.
fn signed<R: Rng>((rows, columns): (usize, usize), rng: &mut R) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| rng.random_range(0.5..1.5) * if rng.random_bool(0.5) { 1.0 } else { -1.0 })
}

#[test]
fn the_gradient_of_every_operation_is_right_to_order_2() {
    let mut rng = rng(1);
    for case in CASES {
        let at: Vec<_> = case.shapes.iter().map(|&shape| signed(shape, &mut rng)).collect();
        let result = check::gradients(case.compute.0, &at, 2, &mut rng);
        assert!(result.is_ok(), "{}: {result:?}", case.what);
    }
}

/// Forward mode over reverse mode: a gradient on a tape of dual numbers carries its own derivative along the direction that they point in.
#[test]
fn hessian_vector_products_of_every_operation_are_those_of_dual_numbers() {
    let mut rng = rng(7);
    for case in CASES {
        let at: Vec<_> = case.shapes.iter().map(|&shape| signed(shape, &mut rng)).collect();
        let along: Vec<_> = case.shapes.iter().map(|&shape| signed(shape, &mut rng)).collect();

        let tape = Tape::new();
        let x: Vec<_> = at.iter().map(|x| tape.var(x)).collect();
        let y = (case.compute.0)(&tape, &x);
        let weights = signed(y.shape(), &mut rng);
        let mut products = x.clone();
        tape.vjp_mut(y, tape.var(&weights), &mut products);
        let slope = products
            .iter()
            .zip(&along)
            .fold(tape.scalar(0.0), |sum, (gradient, along)| sum + gradient.component_mul(tape.var(along)).sum());
        let mut products = x;
        tape.vjp_mut(slope, tape.scalar(1.0), &mut products);

        let duals = Tape::new();
        let x: Vec<_> = at.iter().zip(&along).map(|(x, d)| duals.var(&x.zip_map(d, Dual64::new))).collect();
        let y = (case.compute.1)(&duals, &x);
        let mut gradients = x;
        duals.vjp_mut(y, duals.var(&weights.map(Dual64::from)), &mut gradients);
        for (by_tape, by_duals) in products.into_iter().zip(gradients) {
            let (by_tape, by_duals) = (by_tape.to_matrix().unwrap(), by_duals.to_matrix().unwrap().map(|x| x.eps));
            // Up to a hundred terms of order ten, rounded a few times.
            assert!((&by_tape - &by_duals).amax() <= 1e-11, "{}: {by_tape} and {by_duals}", case.what);
        }
    }
}

#[test]
fn no_operation_is_without_a_check() {
    let mut rng = rng(2);
    let mut seen = BTreeSet::new();
    let mut flags = BTreeSet::new();
    for case in CASES {
        let tape = Tape::new();
        let x: Vec<_> = case.shapes.iter().map(|&shape| tape.var(&signed(shape, &mut rng))).collect();
        (case.compute.0)(&tape, &x).to_matrix().expect(case.what);
        for op in tape.ops() {
            seen.insert(op.name());
            if let Op::MatMul(a, b) = op {
                flags.insert((a.transposed, b.transposed));
            }
        }
    }
    let all: BTreeSet<_> = Op::<f64>::NAMES.iter().copied().collect();
    assert_eq!(seen, all, "an operation without a case in CASES, or one that has gone");
    // `transpose()` is a node of its own, and the adjoints of these three need no fourth: both flags at once cannot come about.
    assert!(flags.is_superset(&BTreeSet::from([(false, false), (false, true), (true, false)])), "{flags:?}");
}

/// Where a function is smooth and its fifth derivatives stay below 1e3, so that the differences of `check` hold 1e-8:
/// the truncation error is 1e-12/30 times the sixth derivative at order 2.
fn smooth_range(function: Function) -> (f64, f64) {
    match function {
        Function::Ln | Function::Ln1p | Function::Sqrt | Function::Recip | Function::RecipOrZero => (1.2, 2.0),
        Function::Clamp(_) | Function::Inside(_) => (-0.4, 0.65), // strictly inside [-0.5, 0.75]; outside is below
        _ => (0.1, 1.5),
    }
}

#[test]
fn the_derivative_of_every_function_is_right_to_order_2() {
    let mut rng = rng(4);
    for &function in Function::ALL {
        let (low, high) = smooth_range(function);
        let mut ranges = vec![(low, high)];
        match function {
            Function::Ln | Function::Sqrt => {}
            Function::Ln1p => ranges.push((0.2, 0.5)),
            Function::Clamp(_) | Function::Inside(_) => ranges.extend([(-1.5, -0.6), (0.85, 1.5)]),
            Function::Indicator(_) => ranges.push((-8.0, -1.0)),
            _ => ranges.push((-high, -low)),
        }
        for (low, high) in ranges {
            let x = DMatrix::from_fn(2, 2, |_, _| rng.random_range(low..high));
            let result = check::gradients(|_, x| x[0].map(function), &[x], 2, &mut rng);
            assert!(result.is_ok(), "{function:?} in [{low}, {high}]: {result:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// The oracle is a dual number carried through the *value* of the function.
    #[test]
    fn the_derivative_of_every_function_agrees_with_dual_numbers(t in 0.02_f64..0.98) {
        for &function in Function::ALL {
            let (low, high) = match function {
                Function::Ln | Function::Sqrt => (0.05, 9.0),
                Function::Recip | Function::RecipOrZero => (0.05, 9.0),
                Function::Ln1p => (-0.9, 9.0),
                Function::ScaledLn1p(_) => (-2.0, 9.0), // 1/0.4 further down it ends
                _ => (-8.0, 8.0),
            };
            let x = low + (high - low) * t;
            let tape = Tape::new();
            let v = tape.scalar(x);
            let y = v.map(function);
            let [slope] = tape.grad(y, [v]);
            let dual = Dual64::from(x).derivative().map(function);
            let (by_tape, by_dual) = (slope.to_scalar().unwrap(), dual.eps);
            // num_dual's tanh is a quotient of sinh and cosh: a few units in the last place.
            prop_assert!((y.to_scalar().unwrap() - dual.re).abs() <= 1e-15 * dual.re.abs(), "{:?} at {}", function, x);
            // Both are a handful of roundings; the dual of a series or of Newton's method, and 1 - tanh², cancel at most 1e4-fold here
            // in absolute terms of one.
            prop_assert!(
                (by_tape - by_dual).abs() <= 1e-12 * by_dual.abs().max(1.0),
                "{:?} at {}: {} by the tape, {} by dual numbers", function, x, by_tape, by_dual
            );
        }
    }
}

/// Small integers: every product and every partial sum is exact in f32, whatever the order, so products compare with ==.
fn integers<T: Real>(rows: usize, columns: usize, rng: &mut impl Rng) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |_, _| convert(f64::from(rng.random_range(-8..=8_i32))))
}

fn triple_loop<T: Real>(a: &DMatrix<T>, b: &DMatrix<T>) -> DMatrix<T> {
    let mut product = DMatrix::zeros(a.nrows(), b.ncols());
    for i in 0..a.nrows() {
        for j in 0..b.ncols() {
            for k in 0..a.ncols() {
                product[(i, j)] += a[(i, k)] * b[(k, j)];
            }
        }
    }
    product
}

/// Compares all ways to write A B with three loops, on one tape that is cleared in between: every slot holds leftovers of other
/// shapes, NaN among them.
fn products_are_right<T: Real>(shapes: &[(usize, usize, usize)]) {
    let mut rng = rng(5);
    let mut tape = Tape::<T>::new();
    for &(m, k, n) in shapes {
        let (a, b) = (integers::<T>(m, k, &mut rng), integers::<T>(k, n, &mut rng));
        let exact = triple_loop(&a, &b);
        tape.clear();
        for _ in 0..12 {
            // Poison the slots: a kernel that scales what was there by 0 instead of overwriting it would keep the NaN.
            tape.filled(n, m, convert(f64::NAN));
        }
        tape.clear();
        let (at, bt) = (tape.var(&a.transpose()), tape.var(&b.transpose()));
        let (a, b) = (tape.var(&a), tape.var(&b));
        let products = [a * b, at.tr_mul(b), a.mul_tr(bt)];
        for (which, product) in products.into_iter().enumerate() {
            assert_eq!(product.to_matrix().unwrap(), exact, "{m} x {k} x {n}, way {which}");
        }
        let both = at.tr_mul(bt.transpose());
        assert_eq!(both.to_matrix().unwrap(), exact, "{m} x {k} x {n}, both transposed");
    }
}

fn shapes() -> Vec<(usize, usize, usize)> {
    let small = (1..=8).flat_map(|m| (1..=8).flat_map(move |k| (1..=8).map(move |n| (m, k, n))));
    let larger =
        [(64, 2, 32), (64, 32, 1), (2, 64, 32), (33, 17, 9), (5, 100, 6), (6, 100, 5), (1, 257, 1), (40, 41, 42)];
    let empty = [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (7, 0, 8), (0, 7, 8)];
    small.chain(larger).chain(empty).collect()
}

#[test]
fn matrix_products_equal_three_loops_in_f64() {
    products_are_right::<f64>(&shapes());
}

#[test]
fn matrix_products_equal_three_loops_in_f32() {
    products_are_right::<f32>(&shapes());
}

#[test]
fn gradients_of_matrix_products_equal_three_loops() {
    // d sum(G ∘ A B)/dA = G Bᵀ and dB = Aᵀ G, with the flags that the rules choose; integers again, so exact.
    let mut rng = rng(6);
    let mut tape = Tape::new();
    for (m, k, n) in shapes() {
        let (a, b, g) = (integers(m, k, &mut rng), integers(k, n, &mut rng), integers::<f64>(m, n, &mut rng));
        let (da, db) = (triple_loop(&g, &b.transpose()), triple_loop(&a.transpose(), &g));
        tape.clear();
        let (vat, vbt) = (tape.var(&a.transpose()), tape.var(&b.transpose()));
        let (va, vb, vg) = (tape.var(&a), tape.var(&b), tape.var(&g));
        let plain = tape.vjp(va * vb, vg, [va, vb]).map(|v| v.to_matrix().unwrap());
        assert_eq!(plain, [da.clone(), db.clone()], "A B, {m} x {k} x {n}");
        let left = tape.vjp(vat.tr_mul(vb), vg, [vat, vb]).map(|v| v.to_matrix().unwrap());
        assert_eq!(left, [da.transpose(), db.clone()], "A^T B, {m} x {k} x {n}");
        let right = tape.vjp(va.mul_tr(vbt), vg, [va, vbt]).map(|v| v.to_matrix().unwrap());
        assert_eq!(right, [da, db.transpose()], "A B^T, {m} x {k} x {n}");
    }
}

fn row(values: &[f64]) -> DMatrix<f64> {
    DMatrix::from_row_slice(1, values.len(), values)
}

#[test]
fn a_variable_used_twice_gets_both_contributions() {
    let tape = Tape::new();
    let x = tape.var(&row(&[2.0, -3.0]));
    let y = (x.component_mul(x) + x.scale(5.0) + x).sum(); // x² + 6 x
    let [dx] = tape.grad(y, [x]);
    assert_eq!(dx.to_matrix().unwrap(), row(&[10.0, 0.0])); // 2 x + 6, in integers
}

#[test]
fn a_gradient_with_respect_to_an_intermediate_variable_holds_it_fixed() {
    let tape = Tape::new();
    let x = tape.scalar(3.0);
    let h = x.square();
    let y = h.component_mul(h) + x; // h² + x
    let [dh, dx] = tape.grad(y, [h, x]);
    assert_eq!(dh.to_scalar().unwrap(), 18.0); // 2 h
    assert_eq!(dx.to_scalar().unwrap(), 109.0); // 4 x³ + 1
}

#[test]
fn the_gradient_with_respect_to_the_output_itself_is_one() {
    let tape = Tape::new();
    let y = tape.scalar(3.0).square();
    assert_eq!(tape.grad(y, [y, y]).map(|v| v.to_scalar().unwrap()), [1.0, 1.0]);
}

#[test]
fn a_variable_that_the_output_does_not_use_has_gradient_zero_of_its_shape() {
    let tape = Tape::new();
    let (x, unused) = (tape.var(&row(&[1.0, 2.0])), tape.var(&DMatrix::from_element(3, 4, 7.0)));
    let y = x.sum();
    let later = tape.var(&DMatrix::from_element(2, 5, 7.0));
    let child = x.exp(); // made from x, but y is not made from it
    let [a, b, c] = tape.grad(y, [unused, later, child]);
    assert_eq!(a.to_matrix().unwrap(), DMatrix::zeros(3, 4));
    assert_eq!(b.to_matrix().unwrap(), DMatrix::zeros(2, 5));
    assert_eq!(c.to_matrix().unwrap(), DMatrix::zeros(1, 2));
}

#[test]
fn detach_keeps_the_value_and_stops_the_derivative() {
    let tape = Tape::new();
    let x = tape.scalar(3.0);
    let y = x.square().detach().component_mul(x); // 9 x, with 9 held fixed
    let [dx] = tape.grad(y, [x]);
    let [d2x] = tape.grad(dx, [x]);
    assert_eq!(y.to_scalar().unwrap(), 27.0);
    assert_eq!(dx.to_scalar().unwrap(), 9.0);
    assert_eq!(d2x.to_scalar().unwrap(), 0.0);
}

/// The number of nodes that a gradient records for sum(tanh(x)²), when other computations surround it on the tape.
fn nodes_of_a_gradient(before: usize, between: usize, beside: usize) -> usize {
    let tape = Tape::new();
    let other = tape.filled(2, 2, 0.3);
    (0..before).fold(other, |v, _| v.exp().tanh());
    let x = tape.filled(2, 2, 0.5);
    let h = x.tanh();
    (0..between).fold(other, |v, _| v.sigmoid().square()); // made from something else
    (0..beside).fold(h, |v, _| v.exp().tanh()); // made from h, but y is not made from it
    let y = h.square().sum();
    let start = tape.len();
    tape.grad(y, [x])[0].to_matrix().unwrap();
    tape.len() - start
}

#[test]
fn a_gradient_records_nothing_for_unrelated_computations() {
    let alone = nodes_of_a_gradient(0, 0, 0);
    for (before, between, beside) in [(50, 0, 0), (0, 50, 0), (0, 0, 50), (20, 20, 20)] {
        assert_eq!(nodes_of_a_gradient(before, between, beside), alone, "{before}, {between}, {beside}");
    }
}

#[test]
fn inputs_that_are_not_asked_for_cost_a_gradient_nothing() {
    // y = sum((data W)²) by W: the product that would be the gradient by the data must not be recorded.
    let tape = Tape::new();
    let (data, w) = (tape.filled(7, 3, 0.5), tape.filled(3, 2, 0.1));
    let y = (data * w).square().sum();
    let start = tape.len();
    tape.grad(y, [w]);
    let products = tape.ops()[start..].iter().filter(|op| op.name() == "MatMul").count();
    assert_eq!(products, 1);
}

#[test]
fn a_gradient_with_respect_to_an_intermediate_variable_records_nothing_below_it() {
    // The same y = sum(h²), with h a leaf and with h the end of a computation that nobody asks about.
    let nodes = |computed: bool| {
        let tape = Tape::new();
        let x = tape.filled(2, 2, 0.5);
        let h = if computed { x.tanh() } else { x };
        let y = h.square().sum();
        let start = tape.len();
        tape.grad(y, [h])[0].to_matrix().unwrap();
        tape.len() - start
    };
    assert_eq!(nodes(true), nodes(false));
}

/// Value, first and second derivative at x.
fn to_order_2(function: Function, x: f64) -> [f64; 3] {
    let tape = Tape::new();
    let v = tape.scalar(x);
    let y = v.map(function);
    let [first] = tape.grad(y, [v]);
    let [second] = tape.grad(first, [v]);
    [y, first, second].map(|v| v.to_scalar().unwrap())
}

#[test]
fn derivatives_at_kinks_are_the_documented_finite_ones() {
    let interval = Interval { lower: -0.5, upper: 0.75 };
    // The documentation of `Function`, as numbers: value, first derivative, second derivative.
    let expected = [
        (Function::Sqrt, 0.0, [0.0, 0.0, 0.0]),
        (Function::Abs, 0.0, [0.0, 0.0, 0.0]),
        (Function::Abs, -0.0, [0.0, 0.0, 0.0]),
        (Function::Relu, 0.0, [0.0, 0.0, 0.0]),
        (Function::Relu, -0.0, [0.0, 0.0, 0.0]),
        (Function::LeakyRelu(0.01), 0.0, [0.0, 0.01, 0.0]),
        (Function::LeakyRelu(0.01), -0.0, [0.0, 0.01, 0.0]),
        (Function::Clamp(interval), -0.5, [-0.5, 0.0, 0.0]),
        (Function::Clamp(interval), 0.75, [0.75, 0.0, 0.0]),
        (Function::Clamp(interval), 9.0, [0.75, 0.0, 0.0]),
        (Function::Inside(interval), -0.5, [0.0, 0.0, 0.0]),
        (Function::Inside(interval), 0.75, [0.0, 0.0, 0.0]),
        (Function::Indicator(interval), 0.75, [0.0, 0.0, 0.0]),
        (Function::Sign, 0.0, [0.0, 0.0, 0.0]),
        (Function::Sign, -0.0, [0.0, 0.0, 0.0]),
        (Function::Step(0.25), 0.0, [0.25, 0.0, 0.0]),
        (Function::RecipOrZero, 0.0, [0.0, 0.0, 0.0]),
    ];
    for (function, x, values) in expected {
        assert_eq!(to_order_2(function, x), values, "{function:?} at {x}");
    }
}

#[test]
fn far_out_values_and_derivatives_are_their_limits() {
    // e^-800 is 0 in f64 and so are its neighbours: the limits are exact.
    let expected = [
        (Function::Softplus, 800.0, [800.0, 1.0, 0.0]),
        (Function::Softplus, -800.0, [0.0, 0.0, 0.0]),
        (Function::Sigmoid, 800.0, [1.0, 0.0, 0.0]),
        (Function::Sigmoid, -800.0, [0.0, 0.0, 0.0]),
        (Function::Tanh, 800.0, [1.0, 0.0, 0.0]),
        (Function::Tanh, -800.0, [-1.0, 0.0, 0.0]),
        (Function::Exp, -800.0, [0.0, 0.0, 0.0]),
        (Function::ExpM1, -800.0, [-1.0, 0.0, 0.0]),
        (Function::XExpMExpM1, -800.0, [1.0, 0.0, 0.0]),
        (Function::LnMixExp([0.5, 0.5]), -800.0, [-std::f64::consts::LN_2, 0.0, 0.0]),
        (Function::ExpM1Mx, -800.0, [799.0, -1.0, 0.0]),
    ];
    for (function, x, values) in expected {
        let found = to_order_2(function, x).map(|v| v + 0.0); // -0 to 0
        assert_eq!(found, values, "{function:?} at {x}");
    }
    let [value, first, second] = to_order_2(Function::LnMixExp([0.5, 0.5]), 800.0);
    assert!((value - (800.0 - std::f64::consts::LN_2)).abs() <= 1.2e-13); // one unit in the last place of 800
    assert_eq!((first, second), (1.0, 0.0));
}

#[test]
fn no_finite_input_of_a_network_activation_makes_a_derivative_nan() {
    let activations = [
        Function::Tanh,
        Function::Sigmoid,
        Function::Softplus,
        Function::Relu,
        Function::LeakyRelu(0.01),
        Function::Abs,
    ];
    for function in activations {
        for size in [0.0, f64::MIN_POSITIVE, 1e-300, 1e-8, 30.0, 709.0, 711.0, 745.0, 1e4, 1e150, f64::MAX] {
            for x in [size, -size] {
                let values = to_order_2(function, x);
                assert!(values.iter().all(|v| v.is_finite()), "{function:?} at {x}: {values:?}");
            }
        }
    }
}

#[test]
fn the_checker_notices_a_missing_gradient_however_small_the_values() {
    let x = DMatrix::from_row_slice(1, 2, &[0.3, -0.8]);
    // Nor is there an order at which nothing is checked.
    assert!(check::gradients(|_, x| x[0].square().detach(), std::slice::from_ref(&x), 0, &mut rng(1)).is_err());
    for size in [1.0, 1e-9, 1e-200] {
        let result =
            check::gradients(|_, x| x[0].square().detach().scale(size), std::slice::from_ref(&x), 1, &mut rng(1));
        assert!(matches!(result, Err(check::CheckError::Mismatch { order: 1, .. })), "{size}: {result:?}");
        assert_eq!(
            check::gradients(|_, x| x[0].square().scale(size), std::slice::from_ref(&x), 2, &mut rng(1)),
            Ok(()),
            "{size}"
        );
    }
}

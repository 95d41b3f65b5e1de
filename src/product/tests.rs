//! Products beside a triple loop in twice the digits.

use nalgebra::DMatrix;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::real::{real, to_f64};

fn factor<T>(matrix: &DMatrix<T>, transposed: bool) -> Factor<'_, T> {
    Factor { entries: matrix, shape: matrix.shape(), transposed }
}

/// A product by the loops of the crate beside the sum of its terms, for all four ways to hold the factors, with and without a row to be added.
fn check<T: Real>(rng: &mut Xoshiro256PlusPlus, [rows, columns, inner]: [usize; 3], room: &mut Room<T>) {
    let mut matrix = |rows, columns| DMatrix::<T>::from_fn(rows, columns, |_, _| real(rng.random_range(-1.0..1.0)));
    let (a, b, row) = (matrix(rows, inner), matrix(inner, columns), matrix(1, columns));
    let (held_a, held_b) = ([a.clone(), a.transpose()], [b.clone(), b.transpose()]);
    for (left, right, start) in
        [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().flat_map(|(l, r)| [(l, r, false), (l, r, true)])
    {
        let left_factor = factor(&held_a[left], left == 1);
        let right_factor = factor(&held_b[right], right == 1);
        // Numbers from before must not matter.
        let mut out = DMatrix::from_element(rows, columns, real(f64::NAN));
        multiply(left_factor, right_factor, start.then_some(&row), None, &mut out, room);
        for i in 0..rows {
            for j in 0..columns {
                let terms = (0..inner).map(|p| to_f64(a[(i, p)]) * to_f64(b[(p, j)]));
                let first = if start { to_f64(row[j]) } else { 0.0 };
                let exact = terms.clone().sum::<f64>() + first;
                // A rounding for each sum and each product, in the worst order, and those of the loop here.
                let most = (2 * inner + 2) as f64
                    * to_f64(T::default_epsilon())
                    * (terms.map(f64::abs).sum::<f64>() + first.abs());
                let error = (to_f64(out[(i, j)]) - exact).abs();
                assert!(
                    error <= most,
                    "{rows} x {inner} times {inner} x {columns}, held {left}{right}, at {i}, {j}: {error} > {most}"
                );
            }
        }
    }
}

#[test]
fn products_of_all_small_shapes_are_those_of_a_triple_loop() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let (mut f32_room, mut f64_room) = (Room::default(), Room::default());
    for rows in 0..=9 {
        for columns in 0..=9 {
            for inner in 0..=9 {
                check::<f32>(&mut rng, [rows, columns, inner], &mut f32_room);
                check::<f64>(&mut rng, [rows, columns, inner], &mut f64_room);
            }
        }
    }
}

#[test]
fn products_that_fill_their_blocks_and_do_not_are_those_of_a_triple_loop() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
    let (mut f32_room, mut f64_room) = (Room::default(), Room::default());
    let around = |size: usize| [size - 1, size, size + 1];
    // Around multiples of vectors of every width, and around what is taken at a time.
    for rows in [16, 24, 33, 48, 64, 97, 128] {
        for (columns, inner) in [(1, 1), (5, 1), (2, 40), (7, 64), (8, 17), (32, 2), (33, 31)] {
            check::<f32>(&mut rng, [rows, columns, inner], &mut f32_room);
            check::<f64>(&mut rng, [rows, columns, inner], &mut f64_room);
        }
    }
    for size in around(256) {
        for shape in [[size, 5, 3], [5, size, 3], [20, 12, size], [32, size, 1], [3, 2, 2 * size], [size, 10, size]] {
            check::<f32>(&mut rng, shape, &mut f32_room);
            check::<f64>(&mut rng, shape, &mut f64_room);
        }
    }
}

#[test]
fn what_is_not_a_number_stays_in_its_row_or_column() {
    let mut room = Room::default();
    for (rows, columns, inner) in [(3, 3, 3), (20, 9, 40), (33, 33, 33)] {
        let mut a = DMatrix::from_element(rows, inner, 1.0);
        a[(1, 2)] = f64::NAN;
        let b = DMatrix::from_element(inner, columns, f64::INFINITY);
        for transposed in [false, true] {
            let held = if transposed { a.transpose() } else { a.clone() };
            let mut out = DMatrix::zeros(rows, columns);
            multiply(factor(&held, transposed), factor(&b, false), None, None, &mut out, &mut room);
            let wrong = out
                .row_iter()
                .enumerate()
                .find(|(i, row)| row.iter().any(|x| if *i == 1 { !x.is_nan() } else { *x != f64::INFINITY }));
            assert_eq!(wrong.map(|(i, _)| i), None);
        }
    }
}

/// A product that more is made of on the way, by parts, and one that more is made of at the end.
fn check_then<T: Real>(rng: &mut Xoshiro256PlusPlus, [rows, columns, inner]: [usize; 3], room: &mut Room<T>) {
    let mut matrix = |rows, columns| DMatrix::<T>::from_fn(rows, columns, |_, _| real(rng.random_range(-1.0..1.0)));
    let (a, b, row, others) = (matrix(rows, inner), matrix(inner, columns), matrix(1, columns), matrix(rows, columns));
    let (held_a, held_b) = ([a.clone(), a.transpose()], [b.clone(), b.transpose()]);
    for (left, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let left = factor(&held_a[left], left == 1);
        let right = factor(&held_b[right], right == 1);
        let mut product = DMatrix::zeros(rows, columns);
        multiply(left, right, Some(&row), None, &mut product, room);
        for function in [Function::Tanh, Function::Relu, Function::LeakyRelu(0.1), Function::Step(0.25)] {
            for of in [None, Some(&others)] {
                let mut out = DMatrix::from_element(rows, columns, real(f64::NAN));
                multiply(left, right, Some(&row), Some(Then { function, of }), &mut out, room);
                let mut expected = product.clone();
                function.apply(
                    of.unwrap_or(&product).as_slice(),
                    of.map(|_| product.as_slice()),
                    expected.as_mut_slice(),
                );
                assert!(out == expected, "{rows} x {inner} x {columns}, {function:?}");
            }
        }
    }
}

#[test]
fn what_is_made_of_a_product_does_not_depend_on_when() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(10);
    let (mut f32_room, mut f64_room) = (Room::default(), Room::default());
    // Thin, small, of one term and two, of several parts, of more columns and terms than are taken at a time, without terms, without entries.
    let of_few_terms = [[64, 9, 1], [136, 33, 2], [1040, 10, 1]];
    let others =
        [[3, 2, 40], [9, 9, 9], [700, 130, 7], [300, 300, 20], [70, 40, 530], [20, 30, 0], [0, 4, 4], [4, 0, 4]];
    for shape in of_few_terms.into_iter().chain(others) {
        check_then::<f32>(&mut rng, shape, &mut f32_room);
        check_then::<f64>(&mut rng, shape, &mut f64_room);
    }
}

/// An entry is the same sum however wide the vectors are; where the machine has both.
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
#[test]
fn wider_vectors_do_not_change_a_bit() {
    use pulp::Simd;
    use pulp::x86::{V3, V4};

    use super::fast::{Finish, Held, Product};
    use super::wide::Wide;

    fn check<T: Wide>(v3: V3, v4: V4, rng: &mut Xoshiro256PlusPlus, [rows, columns, inner]: [usize; 3]) {
        fn on<S: Simd, T: Wide>(
            simd: S,
            held: [Held<'_, T>; 2],
            of: &[T],
            [rows, columns, inner]: [usize; 3],
        ) -> Vec<T> {
            let [left, right] = held;
            let mut out = vec![T::zero(); rows * columns];
            let along = left.transposed && !right.transposed && rows.min(columns) < 8;
            let finish = Some(Finish { function: Function::Step(0.25), of: Some(of) });
            let (out_slice, room) = (&mut out[..], &mut Vec::new());
            let done = simd.vectorize(&mut Product {
                left,
                right,
                inner,
                start: None,
                finish,
                out: out_slice,
                rows,
                columns,
                along,
                room,
            });
            assert!(done);
            out
        }

        let mut numbers = |count| (0..count).map(|_| real(rng.random_range(-1.0..1.0))).collect::<Vec<T>>();
        let (a, b, of) = (numbers(rows * inner), numbers(inner * columns), numbers(rows * columns));
        for (left, right) in [(false, false), (false, true), (true, false), (true, true)] {
            let held = [
                Held { entries: &a, stride: if left { inner } else { rows }, transposed: left },
                Held { entries: &b, stride: if right { columns } else { inner }, transposed: right },
            ];
            let shape = [rows, columns, inner];
            assert!(on(v3, held, &of, shape) == on(v4, held, &of, shape), "{shape:?}, transposed: {left}, {right}");
        }
    }

    let (Some(v3), Some(v4)) = (V3::try_new(), V4::try_new()) else {
        eprintln!("no vectors of 512 bits here: nothing compared");
        return;
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    for rows in [1, 2, 3, 5, 8, 16, 31, 64, 130] {
        for columns in [1, 2, 3, 4, 7, 8, 33] {
            for inner in [1, 2, 7, 8, 15, 16, 17, 24, 31, 40, 64, 300, 1030] {
                check::<f32>(v3, v4, &mut rng, [rows, columns, inner]);
                check::<f64>(v3, v4, &mut rng, [rows, columns, inner]);
            }
        }
    }
}

/// On any machine: a sum along columns is of as many numbers as the widest vector has, each a chain of fused products, and these are added by halves.
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
#[test]
fn sums_along_columns_are_those_of_a_plain_loop_over_sixteen_or_eight_numbers() {
    fn plain<T: Real>(a: &[T], b: &[T]) -> T {
        let mut lanes = vec![T::zero(); 64 / size_of::<T>()];
        let count = lanes.len();
        for (at, (&a, &b)) in a.iter().zip(b).enumerate() {
            lanes[at % count] = a.mul_add(b, lanes[at % count]);
        }
        while lanes.len() > 1 {
            let upper = lanes.split_off(lanes.len() / 2);
            lanes.iter_mut().zip(upper).for_each(|(lower, upper)| *lower += upper);
        }
        lanes[0]
    }

    fn check<T: Real>(rng: &mut Xoshiro256PlusPlus, [rows, columns, inner]: [usize; 3]) {
        let mut matrix = |columns| DMatrix::<T>::from_fn(inner, columns, |_, _| real(rng.random_range(-1.0..1.0)));
        let (a, b) = (matrix(rows), matrix(columns));
        let mut out = DMatrix::zeros(rows, columns);
        let [left, right] = [(&a, true), (&b, false)].map(|(matrix, transposed)| factor(matrix, transposed));
        multiply(left, right, None, None, &mut out, &mut Room::default());
        let column = |matrix: &DMatrix<T>, j: usize| matrix.as_slice()[j * inner..][..inner].to_vec();
        let expected = DMatrix::from_fn(rows, columns, |i, j| plain(&column(&a, i), &column(&b, j)));
        assert!(out == expected, "{rows} x {columns}, {inner} terms");
    }

    if !finishes::<f32>([8, 1, 8]) {
        eprintln!("no vectors of 256 bits here: nothing compared");
        return;
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(12);
    for (rows, columns) in [(1, 1), (2, 32), (3, 5), (7, 9), (33, 1), (10, 2)] {
        for inner in [1, 7, 8, 9, 15, 16, 17, 24, 31, 64, 300, 512] {
            check::<f32>(&mut rng, [rows, columns, inner]);
            check::<f64>(&mut rng, [rows, columns, inner]);
        }
    }
}

/// Threads take columns apart, so that an entry is the same sum on however many.
#[cfg(feature = "rayon")]
#[test]
fn threads_do_not_change_a_bit() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
    let mut matrix = |rows, columns| DMatrix::<f32>::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0));
    // Enough for five threads.
    let (a, b, row, others) = (matrix(300, 450), matrix(450, 170), matrix(1, 170), matrix(300, 170));
    let (held_a, held_b) = ([a.clone(), a.transpose()], [b.clone(), b.transpose()]);
    for (left, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let on = |threads| {
            let mut out = DMatrix::zeros(300, 170);
            let left = factor(&held_a[left], left == 1);
            let right = factor(&held_b[right], right == 1);
            let then = Some(Then { function: Function::LeakyRelu(0.1), of: Some(&others) });
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| multiply(left, right, Some(&row), then, &mut out, &mut Room::default()));
            out
        };
        let one = on(1);
        for threads in [2, 3, 5] {
            assert!(on(threads) == one, "{threads} threads");
        }
    }
}

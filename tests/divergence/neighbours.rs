//! KL from samples, against its definition by brute force, closed forms, and data made to break a k-d tree.

use fenchel::distribution::{Gaussian, Mixture, SampleRows};
use fenchel::divergence::{ClosedForm, Estimate, ForwardKl, neighbours};
use fenchel::nalgebra::{DMatrix, DVector, dmatrix, dvector};
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::rand::{RngExt, SeedableRng};
use fenchel::{DistributionError, DivergenceError};

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// N((shift, 0, ...), scale² I).
fn gaussian(dimension: usize, shift: f64, scale: f64) -> Gaussian<f64> {
    let mean = DVector::from_fn(dimension, |i, _| if i == 0 { shift } else { 0.0 });
    Gaussian::new(mean, DMatrix::identity(dimension, dimension) * (scale * scale)).unwrap()
}

/// n rows of N((shift, 0, ...), scale² I) and m of N(0, I).
fn samples(d: usize, n: usize, m: usize, shift: f64, scale: f64, seed: u64) -> (DMatrix<f64>, DMatrix<f64>) {
    let mut rng = rng(seed);
    (
        gaussian(d, shift, scale).sample_rows(n, &mut rng).unwrap(),
        gaussian(d, 0.0, 1.0).sample_rows(m, &mut rng).unwrap(),
    )
}

fn kl(x: &DMatrix<f64>, y: &DMatrix<f64>, k: usize) -> Estimate {
    let estimate = neighbours::kl(x, y, k).unwrap();
    assert!(estimate.mean.is_finite() && estimate.std_error >= 0.0, "{estimate:?}");
    estimate
}

/// H_n, from the smallest term up.
fn harmonic(n: usize) -> f64 {
    (1..=n).rev().map(|i| 1.0 / i as f64).sum()
}

// ---------------------------------------------------------------------------------------------------------------------
// The definition
// ---------------------------------------------------------------------------------------------------------------------

/// All orders of `p` rows of P, `true`, and `q` of Q; each stands for as many orders of the rows themselves.
fn orders(p: usize, q: usize) -> impl Iterator<Item = Vec<bool>> {
    let orders = (0..1_u32 << (p + q)).filter(move |bits| bits.count_ones() as usize == p);
    orders.map(move |bits| (0..p + q).map(|i| bits >> i & 1 == 1).collect())
}

/// H_l − H_k strictly before the row that makes it k of each; `true` is a row of P.
fn term(order: impl IntoIterator<Item = bool>, k: usize) -> Option<f64> {
    let (mut p, mut q) = (0, 0);
    for of_p in order {
        let before = (p, q);
        *(if of_p { &mut p } else { &mut q }) += 1;
        if p >= k && q >= k {
            return Some(harmonic(before.0) - harmonic(before.1));
        }
    }
    None
}

/// The estimate from its definition: all distances, and all orders of rows that are equally far.
fn brute_force(x: &DMatrix<f64>, y: &DMatrix<f64>, k: usize) -> f64 {
    let (n, m) = (x.nrows(), y.nrows());
    let entry = |row: usize, axis: usize| if row < n { x[(row, axis)] } else { y[(row - n, axis)] };
    let ranks: Vec<Vec<i64>> = (0..n + m)
        .map(|row| {
            let rank = |axis| {
                // Those below count twice, equal ones once: twice the mean rank, but for a constant.
                (0..n + m)
                    .map(|other| {
                        i64::from(entry(other, axis) < entry(row, axis))
                            + i64::from(entry(other, axis) <= entry(row, axis))
                    })
                    .sum()
            };
            (0..x.ncols()).map(rank).collect()
        })
        .collect();
    let mut sum = 0.0;
    for i in 0..n {
        let squared = |j: usize| ranks[i].iter().zip(&ranks[j]).map(|(a, b)| (a - b).pow(2)).sum::<i64>();
        let mut others: Vec<_> = (0..n + m).filter(|&j| j != i).map(|j| (squared(j), j < n)).collect();
        others.sort_unstable();
        let mut inside: Vec<bool> = vec![];
        for shell in others.chunk_by(|a, b| a.0 == b.0) {
            let shell: Vec<_> = shell.iter().map(|other| other.1).collect();
            let all: Vec<bool> = inside.iter().chain(&shell).copied().collect();
            if term(all.iter().copied(), k).is_some() {
                let of_p = shell.iter().filter(|&&of_p| of_p).count();
                let orders = orders(of_p, shell.len() - of_p);
                let terms: Vec<_> = orders.map(|order| term(inside.iter().copied().chain(order), k).unwrap()).collect();
                sum += terms.iter().sum::<f64>() / terms.len() as f64;
                break;
            }
            inside = all;
        }
    }
    harmonic(m) - harmonic(n - 1) + sum / n as f64
}

/// Up to 1000 terms below 10, each of a dozen roundings.
const SLACK: f64 = 1e-12;

#[test]
fn the_estimate_is_what_its_definition_says() {
    for (seed, &(d, n, m, k)) in [
        (1, 40, 60, 1),
        (1, 60, 40, 5),
        (2, 100, 100, 3),
        (2, 12, 10, 5),
        (3, 50, 120, 4),
        (5, 80, 80, 5),
        (9, 60, 60, 2),
        (24, 60, 50, 3),
        (25, 60, 50, 3),
        (40, 50, 60, 3), // on both sides of where the tree becomes one leaf
    ]
    .iter()
    .enumerate()
    {
        for (shift, scale) in [(0.0, 1.0), (1.0, 1.0), (0.0, 0.3), (30.0, 1.0)] {
            let (x, y) = samples(d, n, m, shift, scale, seed as u64);
            let (estimate, exact) = (kl(&x, &y, k).mean, brute_force(&x, &y, k));
            assert!((estimate - exact).abs() <= SLACK, "d {d}, n {n}, m {m}, k {k}, shift {shift}: {estimate} {exact}");
        }
    }
}

#[test]
fn rows_at_equal_distances_count_in_every_order() {
    let mut rng = rng(3);
    for (d, n, m, k, cells) in
        [(1, 8, 7, 1, 4), (1, 8, 7, 3, 5), (1, 7, 8, 2, 2), (2, 8, 8, 2, 3), (2, 8, 9, 3, 6), (3, 7, 8, 2, 2)]
    {
        for _ in 0..10 {
            let mut grid = |rows| DMatrix::from_fn(rows, d, |_, _| f64::from(rng.random_range(0..cells)) * 0.1);
            let (x, y) = (grid(n), grid(m));
            let (estimate, exact) = (kl(&x, &y, k).mean, brute_force(&x, &y, k));
            assert!((estimate - exact).abs() <= SLACK, "{x} {y} {k}: {estimate} {exact}");
        }
    }
}

#[test]
fn between_laws_on_few_points_it_is_the_plug_in_estimate_with_harmonic_numbers() {
    // Points with more than k rows of either: no ball grows beyond its point.
    for (p, q, k) in [
        (vec![8], vec![6], 3),
        (vec![6, 6], vec![20, 5], 5),
        (vec![700, 20, 300], vec![5, 4000, 1000], 4),
        (vec![3000, 2, 4, 1000], vec![1000, 1, 1, 9000], 1),
    ] {
        let rows = |counts: &[usize]| {
            let points = counts.iter().enumerate().flat_map(|(point, &count)| std::iter::repeat_n(point, count));
            let rows: Vec<_> = points.flat_map(|point| [(point as f64).sin(), 7.0, (point as f64).cos()]).collect();
            DMatrix::from_row_slice(rows.len() / 3, 3, &rows)
        };
        let (x, y) = (rows(&p), rows(&q));
        let (n, m) = (x.nrows(), y.nrows());
        let terms = p.iter().zip(&q).map(|(&p, &q)| p as f64 * (harmonic(p - 1) - harmonic(q)));
        let exact = harmonic(m) - harmonic(n - 1) + terms.sum::<f64>() / n as f64;
        let estimate = kl(&x, &y, k);
        // Sums of thousands of terms that are not larger than 10.
        assert!((estimate.mean - exact).abs() <= 1e-11, "{p:?} {q:?}: {estimate:?} {exact}");
        // And that is close to KL itself: n p is binomial, and Σ over four points of a quarter of 1/√1 at the rarest.
        let kl =
            p.iter().zip(&q).map(|(&p, &q)| p as f64 / n as f64 * (p as f64 / n as f64 / (q as f64 / m as f64)).ln());
        assert!((estimate.mean - kl.sum::<f64>()).abs() <= 0.2, "{p:?} {q:?}: {estimate:?}");
    }
}

#[test]
fn equal_rows_alone_are_0_apart() {
    for (n, m, k) in [(4, 2, 1), (5000, 3000, 5), (3000, 5000, 1)] {
        let estimate = kl(&DMatrix::from_element(n, 2, 0.1), &DMatrix::from_element(m, 2, 0.1), k);
        // Means of thousands of equal terms below 10, minus the same number.
        assert!(estimate.mean.abs() <= 1e-12 && estimate.std_error <= 1e-12, "{estimate:?}");
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Known divergences
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn estimates_agree_with_the_closed_form_within_the_error_bar_and_the_documented_bias() {
    for (d, shift, scale, bias) in [
        // The biases of the table in the documentation, which are for fewer rows, rounded up.
        (1, 0.0, 1.0, 0.0),
        (1, 1.0, 1.0, 0.02),
        (1, 0.0, 0.5, 0.02),
        (2, 0.0, 1.0, 0.0),
        (2, 1.0, 1.0, 0.04),
        (2, 0.0, 0.5, 0.03),
        (5, 0.0, 1.0, 0.0),
        (5, 1.0, 1.0, 0.13),
        (5, 0.0, 0.7, 0.10),
    ] {
        let exact: f64 = ForwardKl.between(&gaussian(d, shift, scale), &gaussian(d, 0.0, 1.0)).unwrap();
        for (n, m) in [(1000, 2000), (2000, 1000)] {
            let (x, y) = samples(d, n, m, shift, scale, 11);
            let estimate = kl(&x, &y, 5);
            // Four standard errors, one of which is known to an eighth: once in ten thousand seeds.
            assert!(
                (estimate.mean - exact).abs() <= 4.0 * estimate.std_error + bias,
                "d {d}, {n}, {m}, shift {shift}, scale {scale}: {estimate:?} {exact}"
            );
            assert!(estimate.std_error < 0.08, "{estimate:?}"); // or the line above would be empty
        }
    }
}

#[test]
fn a_gaussian_misses_the_seed_mixture_by_the_known_number() {
    let component = |mean: [f64; 2], variances: [f64; 2]| {
        Gaussian::new(DVector::from_row_slice(&mean), DMatrix::from_diagonal(&DVector::from_row_slice(&variances)))
            .unwrap()
    };
    let p = Mixture::new(&[0.75, 0.25], vec![component([0.5, 2.0], [4.0, 1.5]), component([9.0, 9.0], [1.0, 3.0])])
        .unwrap();
    let q = Gaussian::new(dvector![2.625, 3.75], dmatrix![16.796875, 11.15625; 11.15625, 11.0625]).unwrap();
    let mut rng = rng(5);
    let estimate = kl(&p.sample_rows(4000, &mut rng).unwrap(), &q.sample_rows(4000, &mut rng).unwrap(), 5);
    // By quadrature, as in tests/divergence_exact.rs. Four standard errors, and 0.03 for the bias as for Gaussians half a nat apart.
    assert!((estimate.mean - 0.687_199_608).abs() <= 4.0 * estimate.std_error + 0.03, "{estimate:?}");
}

#[test]
fn where_densities_are_constant_there_is_no_bias() {
    // P uniform on the unit square, q = 8/5 on one half and 2/5 on the other: only balls across the border, √(k/n) of them, see two densities.
    let exact = 0.5 * (5.0_f64 / 8.0).ln() + 0.5 * (5.0_f64 / 2.0).ln();
    for (n, m, k) in [(500, 500, 1), (300, 600, 3), (600, 300, 3)] {
        let estimates: Vec<_> = (0..40)
            .map(|seed| {
                let mut rng = rng(seed);
                let x = DMatrix::from_fn(n, 2, |_, _| rng.random::<f64>());
                let mut y = DMatrix::from_fn(m, 2, |_, _| rng.random::<f64>());
                y.column_mut(0).apply(|u| *u = if *u < 0.8 { *u / 1.6 } else { 0.5 + (*u - 0.8) / 0.4 });
                kl(&x, &y, k)
            })
            .collect();
        let mean = estimates.iter().map(|e| e.mean).sum::<f64>() / 40.0;
        let error = estimates.iter().map(|e| e.std_error).sum::<f64>() / 40.0 / 40.0_f64.sqrt();
        // Four standard errors of the mean; at the border, 5 to 10 % of the rows, terms are off by up to half of ln 4, to both sides.
        assert!((mean - exact).abs() <= 4.0 * error + 0.01, "{n} {m} {k}: {mean} ± {error}, {exact}");
    }
}

#[test]
fn the_standard_error_is_the_spread_of_repeated_estimates() {
    for (d, n, m, k, shift) in [(1, 300, 300, 3, 0.5), (2, 200, 400, 5, 0.0), (3, 400, 200, 5, 0.5)] {
        let runs = 100;
        let estimates: Vec<_> = (0..runs)
            .map(|seed| {
                let (x, y) = samples(d, n, m, shift, 1.0, seed);
                kl(&x, &y, k)
            })
            .collect();
        let mean = estimates.iter().map(|e| e.mean).sum::<f64>() / runs as f64;
        let spread = (estimates.iter().map(|e| (e.mean - mean).powi(2)).sum::<f64>() / (runs - 1) as f64).sqrt();
        let claimed = estimates.iter().map(|e| e.std_error).sum::<f64>() / runs as f64;
        // The spread is known to 1/√200 = 7 %: three times that, and 4 % for halves, whose variance is not quite twice as large.
        assert!((claimed / spread - 1.0).abs() < 0.25, "d {d}, {n}, {m}: {claimed} {spread}");
        // As often below 0 as above where P = Q: 100 tosses of a coin, four standard deviations.
        let negative = estimates.iter().filter(|e| e.mean < 0.0).count();
        assert!(shift > 0.0 || (30..=70).contains(&negative), "{negative}");
    }
}

#[test]
fn laws_without_overlap_are_as_far_apart_as_the_rows_can_tell() {
    for k in [1, 5] {
        let (x, y) = samples(2, 500, 300, 1000.0, 1.0, 1);
        let estimate = kl(&x, &y, k);
        // H_m − H_{k−1} at most, with a little less for every row of P that is nearer to Q's than most.
        let most = harmonic(300) - harmonic(k - 1);
        assert!((most - 3.0..=most).contains(&estimate.mean), "{estimate:?} {most}");
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Invariance
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn increasing_maps_of_the_coordinates_of_both_change_no_bit() {
    let (x, y) = samples(3, 200, 150, 0.7, 1.2, 2);
    let expected = kl(&x, &y, 4);
    type Map = fn(f64) -> f64;
    let maps: [(&str, Map); 8] = [
        ("translated", |x| x + 1e3),
        ("enlarged", |x| x * 1e300),
        ("reduced", |x| x * 1e-300),
        ("doubled", |x| x * 2.0),
        ("exp", f64::exp),
        ("cubed", |x| x.powi(3)),
        ("tiny beside an offset", |x| 1.0 + x * 1e-9),
        ("to the edge", |x| x * 1e307),
    ];
    for (name, map) in maps {
        let mapped = |sample: &DMatrix<f64>| {
            DMatrix::from_fn(sample.nrows(), 3, |i, j| if j == 1 { sample[(i, j)] } else { map(sample[(i, j)]) })
        };
        assert_eq!(kl(&mapped(&x), &mapped(&y), 4), expected, "{name}");
    }
    // A sum of rationals in another order: 200 terms below 10.
    let exchanged = |sample: &DMatrix<f64>| {
        DMatrix::from_fn(sample.nrows(), 5, |i, j| [sample[(i, 2)], 5.0, sample[(i, 0)], sample[(i, 1)], -0.0][j])
    };
    let estimate = kl(&exchanged(&x), &exchanged(&y), 4);
    assert!(
        (estimate.mean - expected.mean).abs() <= SLACK,
        "columns in another order, and constant ones: {estimate:?} {expected:?}"
    );
}

#[test]
fn the_order_of_the_rows_changes_no_bit() {
    let (x, y) = samples(2, 200, 150, 0.7, 1.2, 4);
    let rounded = |sample: &DMatrix<f64>| sample.map(|x| (x * 4.0).round() / 4.0);
    for (x, y) in [(x.clone(), y.clone()), (rounded(&x), rounded(&y))] {
        let expected = kl(&x, &y, 4);
        let turned = |sample: &DMatrix<f64>, step: usize| {
            let n = sample.nrows();
            DMatrix::from_fn(n, 2, |i, j| sample[((i * step + 3) % n, j)])
        };
        // Steps without a common factor with the number of rows.
        assert_eq!(kl(&turned(&x, 77), &turned(&y, 149), 4), expected);
        assert_eq!(kl(&x, &y, 4), expected);
    }
}

#[test]
fn single_precision_gives_what_double_gives_for_the_same_rows() {
    let (x, y) = samples(2, 150, 200, 0.5, 1.0, 6);
    let (x, y): (DMatrix<f32>, DMatrix<f32>) = (x.cast(), y.cast());
    assert_eq!(neighbours::kl(&x, &y, 3).unwrap(), kl(&x.cast(), &y.cast(), 3));
}

// ---------------------------------------------------------------------------------------------------------------------
// Hard rows
// ---------------------------------------------------------------------------------------------------------------------

#[test]
fn rounded_rows_are_as_good_as_the_grid_allows() {
    let (x, y) = samples(2, 2000, 2000, 1.0, 1.0, 8);
    for cell in [0.01, 0.1, 0.5] {
        let rounded = |sample: &DMatrix<f64>| sample.map(|x| (x / cell).round() * cell);
        let estimate = kl(&rounded(&x), &rounded(&y), 5);
        // Merging points loses about cell²/24 of the Fisher information, 0.005 nats for half a standard deviation; the rest as above.
        assert!((estimate.mean - 0.5).abs() <= 4.0 * estimate.std_error + 0.04, "{cell}: {estimate:?}");
    }
}

#[test]
fn rows_made_to_break_a_tree_do_not() {
    let sorted = |n: usize| DMatrix::from_fn(n, 1, |i, _| i as f64);
    let geometric = |n: usize, d: usize| {
        DMatrix::from_fn(n, d, |i, j| 0.5_f64.powi(((i / d) % 1074) as i32 + i32::from(i % d == j)))
    };
    let neighbours_of_1 =
        |n: usize, d: usize| DMatrix::from_fn(n, d, |i, j| if i >> j & 1 == 1 { 1.0 } else { 1.0_f64.next_up() });
    let half_equal =
        |n: usize| DMatrix::from_fn(n, 2, |i, j| if i % 2 == 0 { 1.0 } else { ((i * 7919 + j * 31) % 1009) as f64 });
    let one_constant = |n: usize| DMatrix::from_fn(n, 2, |i, j| if j == 0 { 3.0 } else { ((i * 7919) % 2003) as f64 });
    let outlier = |n: usize| {
        DMatrix::from_fn(n, 2, |i, j| {
            if i == j {
                -1e308
            } else if i == j + 2 {
                f64::MAX
            } else {
                (i * 7919 % 1009) as f64 * 1e-308
            }
        })
    };
    let cases = [
        ("sorted", sorted(2000)),
        ("geometric", geometric(4000, 20)),
        ("adjacent numbers", neighbours_of_1(2048, 11)),
        ("half of them equal", half_equal(8000)),
        ("a constant column", one_constant(2000)),
        ("outliers", outlier(1000)),
    ];
    for (name, rows) in cases {
        let n = rows.nrows() / 2;
        // Every other row, so that P = Q but for the noise.
        let every_other = |first: usize| DMatrix::from_fn(n, rows.ncols(), |i, j| rows[(2 * i + first, j)]);
        let reversed = DMatrix::from_fn(n, rows.ncols(), |i, j| rows[(n - 1 - i, j)]);
        let _ = kl(&every_other(0), &every_other(1), 3);
        let _ = kl(&rows, &reversed, 3);
        // All rows again: every distance has its double.
        assert!(kl(&rows, &rows, 3).mean.abs() < 1.0, "{name}");
    }
}

#[test]
fn wrong_samples_and_counts_are_named() {
    let rows = |n: usize, d: usize| DMatrix::from_fn(n, d, |i, j| (i + j) as f64);
    let refused = |x: &DMatrix<f64>, y: &DMatrix<f64>, k| neighbours::kl(x, y, k).unwrap_err();
    assert_eq!(refused(&rows(9, 2), &rows(9, 3), 1), DivergenceError::DimensionMismatch { p: 2, q: 3 });
    assert_eq!(refused(&rows(9, 0), &rows(9, 0), 1), DistributionError::ZeroDimension.into());
    for (n, m, k) in [(9, 9, 0), (9, 9, 4), (9, 5, 3), (9, 9, 9), (0, 9, 1), (9, 0, 1), (9, 9, usize::MAX)] {
        assert_eq!(refused(&rows(n, 1), &rows(m, 1), k), DivergenceError::NeighbourCount { k, p: n, q: m });
    }
    assert!(kl(&rows(10, 1), &rows(8, 1), 4).mean.is_finite()); // as few as there may be
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        let mut bad = rows(9, 3);
        bad[(4, 2)] = value;
        let named = |what| DivergenceError::from(DistributionError::NonFinite { what, row: 4, column: 2, value });
        assert_eq!(refused(&bad, &rows(9, 3), 1), named("the sample of P"));
        assert_eq!(refused(&rows(9, 3), &bad, 1), named("the sample of Q"));
    }
    let nan = DMatrix::from_element(9, 1, f64::NAN);
    let error = refused(&rows(9, 1), &nan, 1).to_string();
    assert_eq!(error, "the sample of Q has the value NaN in row 0, column 0");
}

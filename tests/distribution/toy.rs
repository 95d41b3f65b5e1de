//! The laws that papers on generative adversarial networks plot.

use approx::assert_relative_eq;
use fenchel::DistributionError;
use fenchel::distribution::{Moments, SampleRows, SwissRoll, TwoMoons, grid_of_25, ring_of_8};
use fenchel::nalgebra::{DMatrix, dmatrix, dvector};

use crate::{KOLMOGOROV, has_its_moments, kolmogorov, rng};

const PI: f64 = std::f64::consts::PI;

#[test]
fn the_ring_and_the_grid_are_where_the_papers_put_them() {
    let ring = ring_of_8::<f64>().unwrap();
    let diagonal = 2.0_f64.sqrt();
    let places = [
        [2.0, 0.0],
        [diagonal, diagonal],
        [0.0, 2.0],
        [-diagonal, diagonal],
        [-2.0, 0.0],
        [-diagonal, -diagonal],
        [0.0, -2.0],
        [diagonal, -diagonal],
    ];
    for (mode, place) in ring.components().iter().zip(places) {
        assert_relative_eq!(mode.mean(), dvector![place[0], place[1]], epsilon = 1e-15); // sines of rounded angles
        assert_relative_eq!(mode.covariance(), DMatrix::identity(2, 2) * 4e-4, epsilon = 1e-18);
    }
    assert_eq!(ring.weights(), [0.125; 8]);
    // The variance of a circle of radius 2 is 2 along each axis.
    assert_relative_eq!(ring.covariance(), DMatrix::identity(2, 2) * (2.0 + 4e-4), epsilon = 1e-14);

    let grid = grid_of_25::<f64>().unwrap();
    let mut means: Vec<_> = grid.components().iter().map(|mode| (mode.mean()[0], mode.mean()[1])).collect();
    let expected: Vec<_> =
        (-2..=2).flat_map(|i| (-2..=2).map(move |j| (2.0 * f64::from(i), 2.0 * f64::from(j)))).collect();
    assert_eq!(means, expected);
    means.dedup();
    assert_eq!((means.len(), grid.weights().len()), (25, 25));
    // The variance of -4, -2, 0, 2, 4 is 8: over 2√2 it is 1, as Gulrajani et al. have it.
    assert_relative_eq!(grid.covariance(), DMatrix::identity(2, 2) * (8.0 + 0.0025), epsilon = 1e-13); // 25 terms up to 16
    assert_eq!(ring_of_8::<f32>().unwrap().components().len(), 8);
}

#[test]
fn each_mode_gets_its_share_of_draws() {
    let n = 1_000_000;
    let (_, labels) = grid_of_25::<f64>().unwrap().sample_labelled_rows(n, &mut rng(71)).unwrap();
    let mut counts = [0.0; 25];
    labels.iter().for_each(|&label| counts[label] += 1.0);
    let expected = n as f64 / 25.0;
    let chi_square: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
    assert!((8.08..51.18).contains(&chi_square), "{chi_square}"); // 24 degrees of freedom: once in a thousand on each side
}

#[test]
fn draws_have_the_moments_in_closed_form() {
    for noise in [0.0, 0.25] {
        has_its_moments("swiss roll", &SwissRoll::new(noise).unwrap(), 3.0); // flatter than a Gaussian
        has_its_moments("moons", &TwoMoons::new(noise).unwrap(), 3.0);
    }
}

#[test]
fn a_roll_without_noise_is_a_spiral_with_a_uniform_radius() {
    let rows = SwissRoll::<f64>::new(0.0).unwrap().sample_rows(1_000_000, &mut rng(72)).unwrap();
    let radii: Vec<f64> = rows.row_iter().map(|row| row[0].hypot(row[1])).collect();
    for (row, &t) in rows.row_iter().zip(&radii) {
        // Angles up to 14, whose cosines are multiplied by 14.
        assert!((row[0] - t * t.cos()).abs() < 1e-12 && (row[1] - t * t.sin()).abs() < 1e-12);
    }
    assert!(kolmogorov(radii, |t| ((t - 1.5 * PI) / (3.0 * PI)).clamp(0.0, 1.0)) < KOLMOGOROV);
}

#[test]
fn moons_without_noise_are_half_circles_with_uniform_angles() {
    let (rows, labels) = TwoMoons::<f64>::new(0.0).unwrap().sample_labelled_rows(1_000_000, &mut rng(73)).unwrap();
    let (mut outer, mut inner) = (Vec::new(), Vec::new());
    for (row, &label) in rows.row_iter().zip(&labels) {
        // scikit-learn's inner moon is the outer one upside down: 1 - x, ½ - y.
        let [x, y] = if label == 0 { [row[0], row[1]] } else { [1.0 - row[0], 0.5 - row[1]] };
        assert!((x.hypot(y) - 1.0).abs() < 1e-15 && y > -1e-15); // a few roundings
        if label == 0 { outer.push(y.atan2(x)) } else { inner.push(y.atan2(x)) }
    }
    // Five deviations of a binomial count of a million.
    assert!((outer.len() as f64 - 5e5).abs() < 5.0 * 500.0);
    for angles in [outer, inner] {
        assert!(kolmogorov(angles, |t| (t / PI).clamp(0.0, 1.0)) < KOLMOGOROV);
    }
}

#[test]
fn noise_is_added_independently() {
    // Away from the moons' own shape: the noise is the difference of two streams that differ in it only.
    let still = TwoMoons::new(0.0).unwrap().sample_rows(100_000, &mut rng(74)).unwrap();
    let (noisy, _) = TwoMoons::new(0.5).unwrap().sample_labelled_rows(100_000, &mut rng(74)).unwrap();
    assert_eq!(noisy, TwoMoons::new(0.5).unwrap().sample_rows(100_000, &mut rng(74)).unwrap(), "labelled or not");
    let roll = |noise| SwissRoll::new(noise).unwrap().sample_rows(100_000, &mut rng(75)).unwrap();
    for noise in [noisy - still, roll(0.5) - roll(0.0)] {
        let direction = dvector![0.6, -0.8];
        let draws = (noise * direction).as_slice().to_vec();
        assert!(kolmogorov(draws, |x| crate::normal_cdf(x / 0.5)) < KOLMOGOROV);
    }
}

#[test]
fn noise_that_is_no_deviation_is_refused() {
    for value in [-0.1, f64::INFINITY] {
        let error = DistributionError::InvalidParameter { what: "the noise", value, range: "finite and not negative" };
        assert_eq!(SwissRoll::new(value).unwrap_err(), error);
        assert_eq!(TwoMoons::new(value).unwrap_err(), error);
    }
    assert!(SwissRoll::new(f32::NAN).is_err() && TwoMoons::new(f32::NAN).is_err());
    let too_large = DistributionError::TooLarge { rows: usize::MAX, columns: 2 };
    let moons = TwoMoons::new(0.1).unwrap();
    assert_eq!(moons.sample_labelled_rows(usize::MAX, &mut rng(1)).unwrap_err(), too_large);
    assert_eq!(moons.sample_rows(usize::MAX, &mut rng(1)).unwrap_err(), too_large);
    let mut narrow = dmatrix![0.0];
    let mismatch = DistributionError::DimensionMismatch { what: "the output row", expected: 2, found: 1 };
    assert_eq!(moons.sample_rows_to(&mut rng(1), &mut narrow).unwrap_err(), mismatch);
}

//! The laws of the book, put to a divergence and laws that fenchel does not know.

use downstream::divergence::{MyHellinger, TiltedHellinger};
use downstream::law::{Laplace, UniformBox};
use fenchel::distribution::{AffineImage, Density, Mixture, Moments, SampleRows};
use fenchel::divergence::{
    ClosedForm, Conjugate, FDivergence, Game, Objective, Smooth, SquaredHellinger, Tilt, Variational, exact,
    numeric_conjugate, variational,
};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::SeedableRng;
use fenchel::rand::distr::Distribution;
use fenchel::rand::rngs::Xoshiro256PlusPlus;
use fenchel::{DistributionError, Tape};

const VS: [f64; 9] = [-20.0, -3.0, -0.7, -1e-3, 0.0, 1e-3, 0.7, 3.0, 20.0];

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// The laws of a smooth divergence, at all of `VS`.
fn obeys<D: Smooth + Conjugate>(d: D) {
    assert_eq!((d.value(0.0), d.real(0.0), d.fake(0.0)), (0.0, 0.0, 0.0)); // centred, exactly
    for v in VS {
        let u = v.exp();
        let (value, real, fake, k) = (d.value(v), d.real(v), d.fake(v), d.curvature(v));
        // Relative to the larger of the terms that cancel; a few roundings, each magnified by |v| < 21 in an exponential.
        let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= 2e-14 * scale.max(a.abs()).max(b.abs());
        assert!(value >= 0.0, "{d:?} at {v}");
        assert!(close(fake, u * real - value, (u * real).abs()), "{d:?}: fake = u f' - f at {v}");
        assert!(d.conjugate_domain().contains(real), "{d:?}: real stays in the domain at {v}");
        // At 20 the slope is within 1e-5 of the end of the domain and its distance has lost five digits: hence u.max(1) below.
        assert!(
            (d.conjugate(real) - fake).abs() <= 1e-14 * u.max(1.0).max(fake.abs()),
            "{d:?}: fake = conjugate(real) at {v}"
        );

        // The closed conjugate is the one that fenchel finds by inversion.
        assert!(
            (d.conjugate(real) - numeric_conjugate(&d, real)).abs() <= 1e-14 * u.max(1.0).max(fake.abs()),
            "{d:?}: conjugates at {v}"
        );

        // Derivatives by the tape.
        let tape = Tape::new();
        let x = tape.scalar(v);
        let slope = |y| tape.grad(y, [x])[0].to_scalar().unwrap();
        assert!(close(slope(x.entrywise(|v| d.fake(v))), k, 0.0), "{d:?}: fake' = k at {v}");
        assert!(close(slope(x.entrywise(|v| d.real(v))), k / u, 0.0), "{d:?}: real' = k/u at {v}");
        assert!(close(slope(x.entrywise(|v| d.value(v))), u * real, u.max(1.0)), "{d:?}: value' = u f' at {v}");

        // Fenchel and Young: u t <= f(u) + f*(t), wherever t is; rounding of numbers of size u.
        for t in [-9.0, -1.0, 0.0, 0.1, 0.3] {
            assert!(u * t <= value + d.conjugate(t) + 1e-14 * (1.0 + u), "{d:?} at {v}, {t}");
        }
        // The swap twice is the divergence, and f(1/u) u is the swap.
        assert!(close(d.swap().value(-v) * u, value, u), "{d:?}: swap at {v}");
        assert!(close(d.swap().swap().value(v), value, 0.0), "{d:?}: swapped twice at {v}");
    }
    assert_eq!(d.conjugate(d.slope_at_infinity() + 1e-6), f64::INFINITY);
}

#[test]
fn my_divergence_obeys_the_laws() {
    obeys(MyHellinger);
}

#[test]
fn my_divergence_is_the_one_inside() {
    for v in VS {
        let (mine, theirs) = (MyHellinger, SquaredHellinger);
        assert_eq!((mine.value(v), mine.real(v), mine.fake(v)), (theirs.value(v), theirs.real(v), theirs.fake(v)));
        assert_eq!(mine.curvature(v), theirs.curvature(v));
    }
    let sum = 2.0 * SquaredHellinger + MyHellinger; // theirs on the left
    assert!((sum.value(1.0) - 3.0 * MyHellinger.value(1.0_f64)).abs() <= 1e-15);
}

#[test]
fn what_its_non_saturating_step_minimises_obeys_the_laws_too() {
    obeys(TiltedHellinger);
    for v in VS {
        assert_eq!(MyHellinger.real(v), MyHellinger.tilt().fake(v)); // one formula: exact
    }
    let _: Game<MyHellinger, TiltedHellinger> = Game::non_saturating(MyHellinger);
}

#[test]
fn boundary_values_are_limits() {
    let d = MyHellinger;
    // f(e^-80) and e^-80 f(e^80) are within 2 e^-40 = 1e-17 of the limits.
    assert!((d.value(-80.0_f64) - d.at_zero()).abs() <= 1e-15);
    assert!((d.value(80.0_f64) * (-80.0_f64).exp() - d.slope_at_infinity()).abs() <= 1e-15);
    // Of distributions that share nothing: f(0) + f'(∞).
    let apart: f64 = exact::discrete(&d, &[1.0, 0.0], &[0.0, 1.0]).unwrap();
    assert_eq!(apart, 2.0);
}

#[test]
fn half_of_it_is_one_minus_the_affinity_and_affinities_multiply() {
    let (p, q) = ([0.5, 0.3, 0.2], [0.1, 0.6, 0.3]);
    let d: f64 = exact::discrete(&MyHellinger, &p, &q).unwrap();
    let affinity: f64 = p.iter().zip(&q).map(|(p, q): (&f64, &f64)| (p * q).sqrt()).sum();
    assert!((d - (2.0 - 2.0 * affinity)).abs() <= 1e-15); // roundings of numbers of order one
    let square = |p: [f64; 3]| p.iter().flat_map(|a| p.iter().map(move |b| a * b)).collect::<Vec<_>>();
    let both: f64 = exact::discrete(&MyHellinger, &square(p), &square(q)).unwrap();
    assert!(((1.0 - both / 2.0) - affinity.powi(2)).abs() <= 1e-15);
}

#[test]
fn monte_carlo_between_my_laws_agrees_with_my_closed_form() {
    let (p, q) = (
        Laplace::new(DVector::from_vec(vec![0.0, 1.0]), DVector::from_vec(vec![1.0, 0.5])).unwrap(),
        Laplace::new(DVector::from_vec(vec![0.0, 1.0]), DVector::from_vec(vec![2.0, 1.5])).unwrap(),
    );
    let truth: f64 = MyHellinger.between(&p, &q).unwrap();
    let found = exact::monte_carlo(&MyHellinger, &p, &q, 100_000, &mut rng(1)).unwrap();
    assert!((found.mean - truth).abs() <= 5.0 * found.std_error, "{found:?}, not {truth}"); // once in 10⁶
    assert!(found.std_error < 0.01 * truth); // the terms have a deviation of the order of their mean
}

#[test]
fn monte_carlo_counts_what_my_uniform_laws_leave_out() {
    // The unit interval in one of twice the length: affinity ∫ √(1 · ½) = √½.
    let law = |upper: f64| UniformBox { lower: DVector::from_vec(vec![0.0]), upper: DVector::from_vec(vec![upper]) };
    let found = exact::monte_carlo(&MyHellinger, &law(1.0), &law(2.0), 100_000, &mut rng(2)).unwrap();
    assert!((found.mean - (2.0 - 2.0 * 0.5_f64.sqrt())).abs() <= 5.0 * found.std_error, "{found:?}");
}

#[test]
fn quadrature_takes_my_laws_and_my_divergence() {
    let law = |b: f64| Laplace::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![b])).unwrap();
    let truth: f64 = MyHellinger.between(&law(1.0), &law(2.0)).unwrap();
    let found = exact::quadrature(&MyHellinger, &law(1.0), &law(2.0)).unwrap();
    assert!((found.value - truth).abs() <= 1e-10, "{found:?}, not {truth}"); // what quadrature promises

    // With jumps, which mean and covariance do not tell of: 2 − 2 √½, as above.
    let law = |upper: f64| UniformBox { lower: DVector::from_vec(vec![0.0]), upper: DVector::from_vec(vec![upper]) };
    let found = exact::quadrature(&MyHellinger, &law(1.0), &law(2.0)).unwrap();
    assert!((found.value - (2.0 - 2.0 * 0.5_f64.sqrt())).abs() <= 1e-10, "{found:?}");
}

#[test]
fn the_bound_at_the_true_ratio_is_my_divergence_and_lower_elsewhere() {
    let (p, q) = (
        Laplace::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![1.0])).unwrap(),
        Laplace::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![2.0])).unwrap(),
    );
    let (x, y) = (p.sample_rows(50_000, &mut rng(3)).unwrap(), q.sample_rows(50_000, &mut rng(4)).unwrap());
    let ratio = |rows: &DMatrix<f64>| p.ln_pdf_rows(rows).unwrap() - q.ln_pdf_rows(rows).unwrap();
    let (vx, vy) = (ratio(&x), ratio(&y));
    let truth: f64 = MyHellinger.between(&p, &q).unwrap();
    let tight = variational::bound(&MyHellinger, vx.as_slice(), vy.as_slice()).unwrap();
    assert!((tight.mean - truth).abs() <= 5.0 * tight.std_error, "{tight:?}, not {truth}");
    let half = variational::bound(&MyHellinger, (vx * 0.5).as_slice(), (vy * 0.5).as_slice()).unwrap();
    assert!(half.mean < truth - 5.0 * half.std_error, "{half:?}, below {truth}");
}

#[test]
fn my_laws_fit_into_the_parts_of_fenchel() {
    let mixture = Mixture::new(
        &[1.0, 3.0],
        vec![
            Laplace::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![1.0])).unwrap(),
            Laplace::new(DVector::from_vec(vec![4.0]), DVector::from_vec(vec![1.0])).unwrap(),
        ],
    )
    .unwrap();
    assert_eq!(mixture.mean(), DVector::from_vec(vec![3.0]));
    let rows = mixture.sample_rows(1000, &mut rng(5)).unwrap();
    assert_eq!((rows.shape(), mixture.ln_pdf_rows(&rows).unwrap().len()), ((1000, 1), 1000));
    let one: DVector<f64> = mixture.components()[0].sample(&mut rng(6));
    assert_eq!(one.len(), 1);
    let unit = UniformBox { lower: DVector::from_vec(vec![0.0, 0.0]), upper: DVector::from_vec(vec![1.0, 1.0]) };
    let image = unit
        .affine_image(&DMatrix::from_diagonal(&DVector::from_vec(vec![-2.0, 3.0])), &DVector::from_vec(vec![1.0, 0.0]))
        .unwrap();
    assert_eq!(
        image,
        UniformBox { lower: DVector::from_vec(vec![-1.0, 0.0]), upper: DVector::from_vec(vec![1.0, 3.0]) }
    );
    // A mixture of boxes normalises as its boxes do.
    let boxes = Mixture::new(&[1.0], vec![unit]).unwrap();
    assert_eq!(
        boxes
            .affine_image(&DMatrix::identity(2, 2), &DVector::zeros(2))
            .unwrap()
            .ln_pdf(&DVector::from_vec(vec![0.5, 0.5])),
        Ok(0.0)
    );
}

#[test]
fn the_moments_of_my_law_are_those_of_its_draws() {
    let law = Laplace::<f64>::new(DVector::from_vec(vec![1.0, -2.0]), DVector::from_vec(vec![0.5, 2.0])).unwrap();
    let n = 100_000;
    let rows = law.sample_rows(n, &mut rng(7)).unwrap();
    for axis in 0..2 {
        let (column, variance) = (rows.column(axis), law.covariance()[(axis, axis)]);
        let root_n = (n as f64).sqrt();
        assert!((column.mean() - law.mean()[axis]).abs() <= 5.0 * variance.sqrt() / root_n); // five standard errors
        assert!((column.variance() / variance - 1.0).abs() <= 5.0 * 5.0_f64.sqrt() / root_n); // the kurtosis is 6
    }
}

#[test]
fn my_laws_refuse_with_the_errors_of_fenchel() {
    let law = Laplace::<f64>::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![1.0])).unwrap();
    let wrong = law.ln_pdf_rows(&DMatrix::zeros(3, 2));
    assert_eq!(wrong, Err(DistributionError::DimensionMismatch { what: "the row", expected: 1, found: 2 }));
    assert!(Laplace::<f64>::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![0.0])).is_err());
    assert!(Laplace::<f64>::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![f64::NAN])).is_err());
}

#[test]
fn my_laws_work_in_f32() {
    let law = Laplace::<f32>::new(DVector::from_vec(vec![0.0]), DVector::from_vec(vec![1.0])).unwrap();
    let rows = law.sample_rows(10, &mut rng(8)).unwrap();
    assert!(law.ln_pdf_rows(&rows).unwrap().iter().all(|ln_p| ln_p.is_finite() && *ln_p <= -std::f32::consts::LN_2));
}

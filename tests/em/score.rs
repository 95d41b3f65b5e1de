//! The score: the gradient of the log-likelihood, by the tape, of a mixture written with its operations. It is 0 at the end of every fit.

use fenchel::Var;
use fenchel::autodiff::Tape;
use fenchel::distribution::{
    Diagonal, DiagonalGaussian, Full, Gaussian, Mixture, Moments, Spherical, SphericalGaussian, Structure,
    StructuredGaussian,
};
use fenchel::estimate::{CovarianceModel, FitMle, Tied};
use fenchel::nalgebra::DMatrix;

use crate::{go_on, groups, iterated, plain, start, weights};

/// What is free in the precision root W = L⁻¹.
#[derive(Clone, Copy)]
enum Free {
    Triangle,
    Diagonal,
    Number,
}

impl Free {
    /// The parameters of a component's W.
    fn of<S: Structure>(self, law: &StructuredGaussian<f64, S>) -> DMatrix<f64> {
        let root = law.to_full().cholesky_factor().clone().try_inverse().unwrap();
        match self {
            Self::Triangle => root,
            Self::Diagonal => DMatrix::from_row_slice(1, root.nrows(), root.diagonal().as_slice()),
            Self::Number => DMatrix::from_element(1, 1, root[(0, 0)]),
        }
    }

    /// W from its parameters; what stands above the diagonal is none.
    fn root<'t>(self, parameters: Var<'t, f64>, d: usize) -> Var<'t, f64> {
        let tape = parameters.tape();
        let on_diagonal = tape.from_fn(d, d, |i, j| f64::from(u8::from(i == j)));
        match self {
            Self::Triangle => parameters.component_mul(tape.from_fn(d, d, |i, j| f64::from(u8::from(i >= j)))),
            Self::Diagonal => parameters.repeat_rows(d).component_mul(on_diagonal),
            Self::Number => parameters.fill(d, d).component_mul(on_diagonal),
        }
    }
}

/// The mean log-likelihood of a row, and the largest entry of its gradient by means, precision roots and logits of the weights.
fn score<S: Structure>(
    law: &Mixture<StructuredGaussian<f64, S>>,
    free: Free,
    tied: bool,
    rows: &DMatrix<f64>,
    weights: Option<&[f64]>,
) -> (f64, f64) {
    let (n, d) = rows.shape();
    let tape = Tape::new();
    let x = tape.var(rows);
    let row = |numbers: &[f64]| tape.var(&DMatrix::from_row_slice(1, numbers.len(), numbers));
    let logits = row(law.ln_weights());
    let means: Vec<_> = law.components().iter().map(|c| row(c.mean().as_slice())).collect();
    let roots: Vec<_> =
        law.components().iter().take(if tied { 1 } else { means.len() }).map(|c| tape.var(&free.of(c))).collect();
    let terms: Vec<_> = (0..means.len())
        .map(|k| {
            let root = free.root(roots[if tied { 0 } else { k }], d);
            let z = (x - means[k].repeat_rows(n)).mul_tr(root);
            let diagonal = root.component_mul(tape.from_fn(d, d, |i, j| f64::from(u8::from(i == j)))).sum_columns();
            let constant = diagonal.ln().sum().shift(-0.5 * d as f64 * (2.0 * std::f64::consts::PI).ln());
            z.square().sum_columns().scale(-0.5) + constant.fill(n, 1)
        })
        .collect();
    let ln_pdf = (tape.concat_columns(&terms) + logits.ln_softmax().repeat_rows(n)).ln_sum_exp();
    let ones = vec![1.0; n];
    let weights = weights.unwrap_or(&ones);
    let weighted = ln_pdf.component_mul(tape.from_fn(n, 1, |i, _| weights[i])).sum();
    let ln_likelihood = weighted.scale(1.0 / weights.iter().sum::<f64>());
    let mut gradient = [&[logits], &means[..], &roots[..]].concat();
    tape.vjp_mut(ln_likelihood, tape.scalar(1.0), &mut gradient);
    let largest = gradient.iter().map(|g| g.to_matrix().unwrap().amax()).fold(0.0, f64::max);
    (ln_likelihood.to_scalar().unwrap(), largest)
}

/// Of mean products of up to four deviations, some 50 in size, each off by some ten units; and the M-step that led there rounds as much, in
/// covariances of condition up to 10.
const ROUNDING: f64 = 50.0 * 10.0 * 10.0 * 2.0 * f64::EPSILON;

/// `ends` as the iterations do, once more is done than the likelihood shows.
fn is_stationary<M: CovarianceModel>(free: Free, tied: bool, weights: Option<&[f64]>) {
    let rows = groups(400, 21);
    let em = plain::<M>(3).max_iterations(20_000);
    let start = start(&em, &rows, weights, 22);
    let slope = |fit: &fenchel::estimate::MixtureFit<f64, M>| {
        let (ln_likelihood, slope) = score(fit.law(), free, tied, &rows, weights);
        // Two computations of the same sum.
        assert!((ln_likelihood - fit.mean_ln_likelihood()).abs() < ROUNDING);
        slope
    };
    assert!(slope(&start) > 1e-3, "the start is not the end");
    let fit = go_on(&em, &rows, weights, &start).unwrap();
    assert!(fit.converged());
    // The likelihood rests to the bit where the gradient is the root of a unit or so. It shrinks with the iterations.
    let (end, _) = iterated(&em, &rows, weights, &fit, fit.iterations() + 2000);
    let (rests, end) = (slope(&fit), slope(&end));
    assert!(rests < 1e-5, "{rests}");
    assert!(end < ROUNDING, "{end}");
}

#[test]
fn the_score_is_zero_where_a_fit_ends() {
    let weights = weights(400);
    for weights in [None, Some(&weights[..])] {
        is_stationary::<Full>(Free::Triangle, false, weights);
        is_stationary::<Diagonal>(Free::Diagonal, false, weights);
        is_stationary::<Spherical>(Free::Number, false, weights);
        is_stationary::<Tied>(Free::Triangle, true, weights);
        is_stationary::<Tied<Diagonal>>(Free::Diagonal, true, weights);
        is_stationary::<Tied<Spherical>>(Free::Number, true, weights);
    }
}

#[test]
fn the_score_is_zero_at_the_closed_form() {
    let (rows, weights) = (groups(400, 23), weights(400));
    macro_rules! check {
        ($law:ty, $free:expr) => {
            for weights in [None, Some(&weights[..])] {
                let law = match weights {
                    None => <$law>::fit_mle(&rows).unwrap(),
                    Some(weights) => <$law>::fit_mle_weighted(&rows, weights).unwrap(),
                };
                let (_, slope) = score(&Mixture::new(&[1.0], vec![law]).unwrap(), $free, false, &rows, weights);
                assert!(slope < ROUNDING, "{slope}");
            }
        };
    }
    check!(Gaussian<f64>, Free::Triangle);
    check!(DiagonalGaussian<f64>, Free::Diagonal);
    check!(SphericalGaussian<f64>, Free::Number);
}

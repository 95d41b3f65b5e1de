//! Closed forms for pairs of Gaussians, from their Cholesky factors, in logarithms.

use nalgebra::{DMatrix, SymmetricEigen};

use super::singular::left_singular;
use crate::distribution::{Gaussian, Law, Moments};
use crate::divergence::{
    Alpha, ClosedForm, DivergenceError, FDivergence, ForwardKl, Jeffreys, Named, NamedSmooth, NeymanChi2, PearsonChi2,
    Renyi, ReverseKl, SquaredHellinger, TotalVariation, check_dimensions, check_not_nan,
};
use crate::real::{Real, SampleReal, real, to_f64};
use crate::special::{NEGLIGIBLE, exp_m1_mx, scaled_exp_m1, scaled_ln_1p};

/// L_Q⁻¹ L_P and L_Q⁻¹ (μ_P − μ_Q): P as seen by whom Q is standard normal.
fn seen_from<T: Real>(q: &Gaussian<T>, p: &Gaussian<T>) -> Result<(DMatrix<T>, DMatrix<T>), DivergenceError> {
    check_dimensions(p, q)?;
    let mut factor = p.cholesky_factor().clone();
    let mut mean = DMatrix::from_column_slice(p.dimension(), 1, (p.mean() - q.mean()).as_slice());
    // Cannot fail: the diagonal of the factor is positive.
    q.cholesky_factor().solve_lower_triangular_mut(&mut factor);
    q.cholesky_factor().solve_lower_triangular_mut(&mut mean);
    Ok((factor, mean))
}

/// ½ (tr(Σ_Q⁻¹ Σ_P) + (μ_P − μ_Q)ᵀ Σ_Q⁻¹ (μ_P − μ_Q) − d − ln det(Σ_Q⁻¹ Σ_P)).
impl<T: Real> ClosedForm<Gaussian<T>> for ForwardKl {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        let (factor, mean) = seen_from(q, p)?;
        // Trace and determinant share the diagonal of the triangular factor: x² − 1 − ln x² each, the centred f of reverse
        // KL, so that near P = Q nothing cancels.
        let mut twice = mean.norm_squared();
        for (column, entries) in factor.column_iter().enumerate() {
            let ln_square = entries[column].ln() * real(2.0);
            let below = entries.rows_range(column + 1..).norm_squared();
            twice += ReverseKl.value(ln_square) + below;
        }
        check_not_nan(twice * real(0.5))
    }
}

/// KL(Q‖P).
impl<T: Real> ClosedForm<Gaussian<T>> for ReverseKl {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        check_dimensions(p, q)?;
        ForwardKl.between(q, p)
    }
}

/// KL(P‖Q) + KL(Q‖P).
impl<T: Real> ClosedForm<Gaussian<T>> for Jeffreys {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        (ForwardKl + ReverseKl).between(p, q)
    }
}

/// X_α(P, Q) = R_α/α = ln ∫ pᵅ q¹⁻ᵅ / (α(α − 1)), which is continuous through α = 0 and 1: of Rényi's divergence and D_α alike.
///
/// With λ the eigenvalues and δ the coordinates of covariance and mean of P as seen by whom Q is standard normal, s = α + (1 − α) λ, and Σ the sum over them:
/// X = ½ Σ [δ²/s + (ln s − (1 − α) ln λ)/(α(1 − α))]; +∞ unless every s is positive, which is α Σ_Q + (1 − α) Σ_P positive definite.
///
/// Gil, Alajaji and Linder (2013), *Rényi divergence measures for commonly used univariate continuous distributions*.
fn scaled_renyi<T: SampleReal>(alpha: Alpha, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
    check_dimensions(p, q)?;
    // X_α(P, Q) = X_{1 − α}(Q, P). Where it is finite for an α above 1, every λ is below α/(α − 1): no rounding of a large one reaches a small one.
    if alpha.alpha() < 0.0 {
        return scaled_renyi(alpha.swap(), q, p);
    }
    // Otherwise from whichever side the other is not beyond the range of the numbers.
    for (alpha, p, q) in [(alpha, p, q), (alpha.swap(), q, p)] {
        let (factor, mean) = seen_from(q, p)?;
        if factor.iter().chain(mean.iter()).all(|&x| (x * x).is_finite()) {
            return scaled_renyi_seen(alpha, factor, &mean);
        }
        if alpha.alpha() > 1.0 {
            return Ok(real(f64::INFINITY));
        }
    }
    // Either is beyond the numbers as the other sees it.
    Err(DivergenceError::NotANumber)
}

/// The same, given factor and mean of P as seen from Q.
fn scaled_renyi_seen<T: SampleReal>(alpha: Alpha, factor: DMatrix<T>, mean: &DMatrix<T>) -> Result<T, DivergenceError> {
    let (vectors, excesses) = spectrum(factor)?;
    let along = vectors.tr_mul(mean);
    let (a, complement) = (alpha.alpha(), alpha.swap().alpha());
    let c = -alpha.product(); // α(1 − α)
    // g(c y)/c with g(y) = eʸ − 1 − y, and 0 at c = 0.
    let gap = |c: f64, y: T| if c.abs() < NEGLIGIBLE { T::zero() } else { exp_m1_mx(y * real(c)) * real(c.recip()) };
    let mut twice = T::zero();
    for (k, [n, ln_lambda]) in excesses.into_iter().enumerate() {
        // 1 and −1 of a small λ would cancel.
        let s = if n > real(-0.5) {
            T::one() + n * real(complement)
        } else {
            real::<T>(a) + ln_lambda.exp() * real(complement)
        };
        if s <= T::zero() {
            return Ok(real(f64::INFINITY));
        }
        // s λ^(α − 1) − 1 = α(1 − α) (g(α y)/α + g((α − 1) y)/(1 − α)) with y = ln λ: nothing cancels near λ = 1, α = 0 or α = 1. It does for large α.
        let spread = gap(a, ln_lambda) - gap(-complement, ln_lambda);
        let logarithms = if a > 1.0 && ln_lambda.abs() * real(a) > real(a.recip()) {
            // There the logarithms themselves do not, which for α > 1 are of different signs.
            ((n * real(complement)).ln_1p() - ln_lambda * real(complement)) * real(c.recip())
        } else if (spread * real(c)).abs() < real(0.5) {
            scaled_ln_1p(c, spread)
        } else {
            (s.ln() - ln_lambda * real(complement)) * real(c.recip())
        };
        twice += along[k] * along[k] / s + logarithms;
    }
    check_not_nan(twice * real(0.5))
}

/// The eigenvectors of L Lᵀ, and with each λ − 1 and ln λ.
fn spectrum<T: SampleReal>(factor: DMatrix<T>) -> Result<(DMatrix<T>, Vec<[T; 2]>), DivergenceError> {
    // L Lᵀ − I, where x² − 1 = (x − 1)(x + 1) loses nothing.
    let mut excess = factor.lower_triangle();
    let below = excess.clone() - DMatrix::from_diagonal(&excess.diagonal());
    excess = &below * factor.transpose() + DMatrix::from_diagonal(&factor.diagonal()) * below.transpose();
    for (k, &x) in factor.diagonal().iter().enumerate() {
        excess[(k, k)] += (x - T::one()) * (x + T::one());
    }
    if excess.norm() < real(0.5) {
        let eigen = SymmetricEigen::try_new(excess, T::default_epsilon(), 10_000).ok_or(DivergenceError::NotANumber)?;
        return Ok((eigen.eigenvectors, eigen.eigenvalues.iter().map(|&n| [n, n.ln_1p()]).collect()));
    }
    // Not all are near 1: then the small ones must be known by themselves.
    let (vectors, deviations) = left_singular(factor);
    let excesses = deviations.into_iter().map(|x| [(x - T::one()) * (x + T::one()), x.ln() * real(2.0)]);
    Ok((vectors, excesses.collect()))
}

/// (∫ pᵅ q¹⁻ᵅ − 1)/(α(α − 1)); +∞ unless α Σ_Q + (1 − α) Σ_P is positive definite.
///
/// For `f32` and `f64` only: eigenvectors have no derivative where eigenvalues meet.
impl<T: SampleReal> ClosedForm<Gaussian<T>> for Alpha {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        check_not_nan(scaled_exp_m1(self.product(), scaled_renyi(*self, p, q)?))
    }
}

/// ln ∫ pᵅ q¹⁻ᵅ / (α − 1); +∞ unless α Σ_Q + (1 − α) Σ_P is positive definite.
impl<T: SampleReal> ClosedForm<Gaussian<T>> for Renyi {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        Ok(scaled_renyi(self.alpha_divergence(), p, q)? * real(self.alpha_divergence().alpha()))
    }
}

/// Multiples of members of the alpha family.
macro_rules! multiples_of_alpha {
    ($($(#[$doc:meta])* $divergence:ident = $factor:literal * $alpha:literal;)*) => {$(
        $(#[$doc])*
        impl<T: SampleReal> ClosedForm<Gaussian<T>> for $divergence {
            fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
                ($factor * Alpha::of($alpha)).between(p, q)
            }
        }
    )*};
}
multiples_of_alpha! {
    /// +∞ unless 2 Σ_Q − Σ_P is positive definite.
    PearsonChi2 = 2.0 * 2.0;
    /// +∞ unless 2 Σ_P − Σ_Q is positive definite.
    NeymanChi2 = 2.0 * -1.0;
    /// 2 − 2 e⁻ᴮ with B Bhattacharyya's distance.
    SquaredHellinger = 0.5 * 0.5;
}

/// erf(δ/(2 √2)) with δ² = (μ_P − μ_Q)ᵀ Σ⁻¹ (μ_P − μ_Q), between Gaussians of **equal covariance**; others it refuses, because in several
/// dimensions there is none.
///
/// Equal means to rounding, 16 d ε relative.
impl<T: SampleReal> ClosedForm<Gaussian<T>> for TotalVariation {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        let (factor, mean) = seen_from(q, p)?;
        let dimension = p.dimension();
        let rounding = T::default_epsilon() * real(16.0 * dimension as f64);
        let departure = (factor - DMatrix::identity(dimension, dimension)).amax();
        if departure.partial_cmp(&rounding).is_none_or(|order| order.is_gt()) {
            return Err(DivergenceError::Refused {
                reason: "total variation between Gaussians of different covariance",
            });
        }
        check_not_nan(real(libm::erf(to_f64(mean.norm()) / (2.0 * std::f64::consts::SQRT_2))))
    }
}

/// By name, what a type would not let compile is [`Refused`](DivergenceError::Refused).
impl<T: SampleReal> ClosedForm<Gaussian<T>> for NamedSmooth {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        match self {
            Self::ForwardKl(d) => d.between(p, q),
            Self::ReverseKl(d) => d.between(p, q),
            Self::Jeffreys(d) => d.between(p, q),
            Self::PearsonChi2(d) => d.between(p, q),
            Self::NeymanChi2(d) => d.between(p, q),
            Self::SquaredHellinger(d) => d.between(p, q),
            Self::Alpha(d) => d.between(p, q),
            Self::TPower(d) => d.between(p, q),
            _ => Err(DivergenceError::Refused { reason: NO_CLOSED_FORM }),
        }
    }
}

/// By name, what a type would not let compile is [`Refused`](DivergenceError::Refused).
impl<T: SampleReal> ClosedForm<Gaussian<T>> for Named {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        match self {
            Self::Smooth(d) => d.between(p, q),
            Self::TotalVariation(d) => d.between(p, q),
            Self::Log1pAbs(_) => Err(DivergenceError::Refused { reason: NO_CLOSED_FORM }),
        }
    }
}

const NO_CLOSED_FORM: &str = "this divergence has no closed form between Gaussians";

//! Closed forms for pairs of Gaussians, from their Cholesky factors.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::distribution::{Gaussian, Law, Moments};
use crate::divergence::{
    ClosedForm, DivergenceError, FDivergence, ForwardKl, NeymanChi2, PearsonChi2, ReverseKl, check_dimensions,
};
use crate::real::{Real, real};

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
        not_nan(twice * real(0.5))
    }
}

/// KL(Q‖P).
impl<T: Real> ClosedForm<Gaussian<T>> for ReverseKl {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        check_dimensions(p, q)?;
        ForwardKl.between(q, p)
    }
}

/// exp(δᵀ (I − N)⁻¹ δ − ½ ln det(I − N²)) − 1, where N = A − I, and A and δ are the covariance and mean of P as seen by whom Q is standard
/// normal; +∞ unless I − N, which is 2 Σ_Q − Σ_P seen so, is positive definite.
impl<T: Real> ClosedForm<Gaussian<T>> for PearsonChi2 {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        let (factor, mean) = seen_from(q, p)?;
        let infinity = real::<T>(f64::INFINITY);
        let identity = DMatrix::identity(p.dimension(), p.dimension());
        let excess = &factor * factor.transpose() - identity;
        if excess.iter().any(|x| !x.is_finite()) {
            return Ok(infinity); // a variance ratio beyond the range of the numbers
        }
        // Eigenvalues rather than determinants: the logarithm of det(I − N²) is then accurate near P = Q.
        let eigen = SymmetricEigen::try_new(excess, T::default_epsilon(), 10_000).ok_or(DivergenceError::NotANumber)?;
        let along = eigen.eigenvectors.tr_mul(&mean);
        let mut exponent = T::zero();
        for (&eigenvalue, &distance) in eigen.eigenvalues.iter().zip(along.iter()) {
            if eigenvalue >= T::one() {
                return Ok(infinity);
            }
            exponent += distance * distance / (T::one() - eigenvalue);
            exponent -= (-eigenvalue * eigenvalue).ln_1p() * real(0.5);
        }
        not_nan(exponent.exp_m1())
    }
}

/// χ²(Q‖P).
impl<T: Real> ClosedForm<Gaussian<T>> for NeymanChi2 {
    fn between(&self, p: &Gaussian<T>, q: &Gaussian<T>) -> Result<T, DivergenceError> {
        check_dimensions(p, q)?;
        PearsonChi2.between(q, p)
    }
}

/// Covariances and means beyond the range of the numbers can end in ∞ − ∞.
fn not_nan<T: Real>(value: T) -> Result<T, DivergenceError> {
    if value.partial_cmp(&value).is_some() { Ok(value) } else { Err(DivergenceError::NotANumber) }
}

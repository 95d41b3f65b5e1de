//! What a covariance is known to look like.

use std::fmt::Debug;

use nalgebra::{DMatrix, DVector};

use super::kernel::{Colour, Divisor, Standardise, Stretch, Whiten};
use crate::real::{Real, count, real};
use crate::vector::over_columns;

/// The structure of a covariance matrix, as a type: [`Full`], [`Diagonal`] or [`Spherical`].
///
/// It decides what a [Gaussian](super::StructuredGaussian) stores, and what its draws and densities cost:
///
/// | structure | Σ | free numbers | a draw, a density |
/// |---|---|---|---|
/// | [`Full`] | any that is positive definite | d (d + 1)/2 | O(d²) |
/// | [`Diagonal`] | diag(σ₁², ..., σ_d²) | d | O(d) |
/// | [`Spherical`] | σ² I | 1 | O(d) |
///
/// There are no others: what one needs is not public.
pub trait Structure: sealed::Root {}

/// Any covariance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Full;

/// Coordinates that are independent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Diagonal;

/// Coordinates that are independent and have one variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spherical;

impl Structure for Full {}

impl Structure for Diagonal {}

impl Structure for Spherical {}

pub(crate) mod sealed {
    use super::*;

    /// L of Σ = L Lᵀ, and what is done with it. Rows come column by column, each of `height` entries.
    pub trait Root: Copy + Debug + Default + PartialEq + Send + Sync + 'static {
        /// What is stored of L: its lower triangle, its diagonal, or the one number there.
        type Root<T: Real>: Clone + Debug + PartialEq + Send + Sync;

        /// L as a matrix.
        fn factor<T: Real>(root: &Self::Root<T>, dimension: usize) -> DMatrix<T>;

        /// ln det Σ, from the diagonal of L: it neither over- nor underflows in high dimension.
        fn ln_determinant<T: Real>(root: &Self::Root<T>, dimension: usize) -> T;

        /// Makes L⁻¹ y of every row y.
        fn whiten<T: Real>(root: &Self::Root<T>, entries: &mut [T], height: usize);

        /// Makes μ + L z of every row z; μ = 0 if it is left empty.
        fn colour<T: Real>(root: &Self::Root<T>, mean: &[T], entries: &mut [T], height: usize);
    }
}

impl sealed::Root for Full {
    /// Zero above the diagonal, positive on it.
    type Root<T: Real> = DMatrix<T>;

    fn factor<T: Real>(root: &DMatrix<T>, _: usize) -> DMatrix<T> {
        root.clone()
    }

    fn ln_determinant<T: Real>(root: &DMatrix<T>, _: usize) -> T {
        root.diagonal().iter().fold(T::zero(), |sum, &entry| sum + entry.ln()) * real(2.0)
    }

    fn whiten<T: Real>(root: &DMatrix<T>, entries: &mut [T], height: usize) {
        let divisors: Vec<_> = root.diagonal().iter().map(|&pivot| Divisor::new(pivot)).collect();
        over_columns(Whiten { factor: root.as_slice(), divisors: &divisors, entries, height });
    }

    fn colour<T: Real>(root: &DMatrix<T>, mean: &[T], entries: &mut [T], height: usize) {
        over_columns(Colour { factor: root.as_slice(), mean, entries, height });
    }
}

impl sealed::Root for Diagonal {
    type Root<T: Real> = DVector<T>;

    fn factor<T: Real>(root: &DVector<T>, _: usize) -> DMatrix<T> {
        DMatrix::from_diagonal(root)
    }

    fn ln_determinant<T: Real>(root: &DVector<T>, _: usize) -> T {
        root.iter().fold(T::zero(), |sum, &entry| sum + entry.ln()) * real(2.0)
    }

    fn whiten<T: Real>(root: &DVector<T>, entries: &mut [T], height: usize) {
        over_columns(Standardise { deviation: |j| root[j], entries, height });
    }

    fn colour<T: Real>(root: &DVector<T>, mean: &[T], entries: &mut [T], height: usize) {
        over_columns(Stretch { deviation: |j| root[j], mean, entries, height });
    }
}

impl sealed::Root for Spherical {
    type Root<T: Real> = T;

    fn factor<T: Real>(root: &T, dimension: usize) -> DMatrix<T> {
        DMatrix::from_diagonal_element(dimension, dimension, *root)
    }

    fn ln_determinant<T: Real>(root: &T, dimension: usize) -> T {
        count::<T>(dimension) * root.ln() * real(2.0)
    }

    fn whiten<T: Real>(root: &T, entries: &mut [T], height: usize) {
        over_columns(Standardise { deviation: |_| *root, entries, height });
    }

    fn colour<T: Real>(root: &T, mean: &[T], entries: &mut [T], height: usize) {
        over_columns(Stretch { deviation: |_| *root, mean, entries, height });
    }
}

//! The scalar bound.
//!
//! Everything that only *evaluates* is generic over [`Real`]: `f32`, `f64`, and numbers that carry derivatives
//! (`num_dual::Dual64`, say), which is how the tests get an independent derivative of every formula. What *draws*
//! random numbers asks for [`SampleReal`].

use std::any::TypeId;

use nalgebra::{DMatrix, RealField, convert, convert_unchecked};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// A real scalar that is cheap to copy: `f32`, `f64`, dual numbers.
pub trait Real: RealField + Copy {}

impl<T: RealField + Copy> Real for T {}

/// A [`Real`] that can be drawn at random: `f32` and `f64`.
pub trait SampleReal: Real {
    /// One draw from N(0, 1).
    fn standard_normal<R: Rng + ?Sized>(rng: &mut R) -> Self;

    /// One draw from the uniform law on [0, 1).
    fn standard_uniform<R: Rng + ?Sized>(rng: &mut R) -> Self;
}

impl<T: Real> SampleReal for T
where
    StandardNormal: Distribution<T>,
    StandardUniform: Distribution<T>,
{
    #[inline]
    fn standard_normal<R: Rng + ?Sized>(rng: &mut R) -> Self {
        StandardNormal.sample(rng)
    }

    #[inline]
    fn standard_uniform<R: Rng + ?Sized>(rng: &mut R) -> Self {
        StandardUniform.sample(rng)
    }
}

/// Could a matrix of this shape exist? Its bytes must not be more than an allocation can have.
pub(crate) fn fits<T>(rows: usize, columns: usize) -> bool {
    let bytes = rows.checked_mul(columns).and_then(|entries| entries.checked_mul(size_of::<T>()));
    bytes.is_some_and(|bytes| bytes <= isize::MAX as usize)
}

/// Gives `matrix` the shape asked for, keeping its allocation. The entries are left over from before: fill them. False, and a matrix without entries, if
/// there is no memory for as many.
#[inline]
pub(crate) fn reshape<T: Real>(matrix: &mut DMatrix<T>, rows: usize, columns: usize) -> bool {
    matrix.shape() == (rows, columns) || reshape_anew(matrix, rows, columns)
}

fn reshape_anew<T: Real>(matrix: &mut DMatrix<T>, rows: usize, columns: usize) -> bool {
    let mut buffer: Vec<T> = std::mem::replace(matrix, DMatrix::zeros(0, 0)).data.into();
    if buffer.try_reserve_exact((rows * columns).saturating_sub(buffer.len())).is_err() {
        return false;
    }
    buffer.resize(rows * columns, T::zero());
    *matrix = DMatrix::from_vec(rows, columns, buffer);
    true
}

/// nalgebra's own form of a saved matrix: its columns one after another, rows, columns. nalgebra multiplies the two unchecked when it reads one, so that
/// 2³³ × 2³³ without numbers passes for a matrix.
#[cfg(feature = "serde")]
pub(crate) type SavedMatrix<T> = (Vec<T>, usize, usize);

/// The matrix, or what is wrong with it.
#[cfg(feature = "serde")]
pub(crate) fn saved_matrix<T: Real>((numbers, rows, columns): SavedMatrix<T>) -> Result<DMatrix<T>, String> {
    if fits::<T>(rows, columns) && numbers.len() == rows * columns {
        Ok(DMatrix::from_vec(rows, columns, numbers))
    } else {
        Err(format!("{} numbers for {rows} x {columns}", numbers.len()))
    }
}

/// Copies numbers to as many places, a few kilobytes at a time.
///
/// More at once glibc copies by `rep movsb`, which takes twenty to thirty times as long on Zen 3 where one place is a little more than whole pages from the
/// other; and that is where two matrices of 2ᵏ numbers, allocated one after the other, are.
pub(crate) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    const PIECE: usize = 2048;
    let entries = (PIECE / size_of::<T>().max(1)).max(1);
    for (from, to) in from.chunks(entries).zip(to.chunks_mut(entries)) {
        to.copy_from_slice(from);
    }
}

/// A sum that carries what its roundings lose, so that a million terms are as accurate as two.
///
/// Neumaier (1974), *Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen*.
pub(crate) struct CompensatedSum<T> {
    sum: T,
    lost: T,
}

impl<T: Real> Default for CompensatedSum<T> {
    fn default() -> Self {
        Self { sum: T::zero(), lost: T::zero() }
    }
}

impl<T: Real> CompensatedSum<T> {
    #[inline(always)]
    pub(crate) fn plus(self, term: T) -> Self {
        let (sum, lost) = exact_sum(self.sum, term);
        Self { sum, lost: self.lost + lost }
    }

    /// Adds another such sum.
    pub(crate) fn add(&mut self, other: Self) {
        let (sum, lost) = exact_sum(self.sum, other.sum);
        *self = Self { sum, lost: self.lost + lost + other.lost };
    }

    /// The sum; infinite or NaN as plain addition would have it.
    pub(crate) fn total(self) -> T {
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// A unit in which numbers of at most this size can be squared and the squares be summed up, in f32 as well: 1 unless they are very large or very small. A
/// square that is lost in it is next to nothing beside that of the largest.
pub(crate) fn unit_of_squares<T: Real>(largest: T) -> T {
    let as_they_are = largest >= real(1e-9) && largest <= real(1e12) || largest <= T::zero();
    if as_they_are { T::one() } else { largest }
}

/// a + b, and what its rounding loses, exactly. Knuth (1998), *The Art of Computer Programming*, volume 2, section 4.2.2.
#[inline(always)]
pub(crate) fn exact_sum<T: Real>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// The least normal number of `f32` and `f64`. Of other types 0: of what carries derivatives, a number next to 0 is not the whole.
pub(crate) fn least_normal<T: Real>() -> T {
    let of = TypeId::of::<T>();
    if of == TypeId::of::<f32>() {
        real(f32::MIN_POSITIVE.into())
    } else if of == TypeId::of::<f64>() {
        real(f64::MIN_POSITIVE)
    } else {
        T::zero()
    }
}

/// The literal `x` as a `T`.
#[inline]
pub(crate) fn real<T: Real>(x: f64) -> T {
    convert(x)
}

/// The count `n` as a `T`.
#[inline]
pub(crate) fn count<T: Real>(n: usize) -> T {
    convert(n as f64)
}

/// The real part of `x` as an `f64`, for error messages and for quantities that are `f64` in every precision.
#[inline]
pub(crate) fn to_f64<T: Real>(x: T) -> f64 {
    convert_unchecked(x)
}

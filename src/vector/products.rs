//! Products of columns with columns.

use nalgebra::DMatrix;

use crate::real::Real;

/// Adds aᵀ b to `sums`, its lower triangle only, for a and b of columns of `height` entries, a multiple of 16.
///
/// By intrinsics, because the compiler vectorises such sums across columns as often as along them. Their order is the same without.
#[allow(clippy::ptr_arg)] // what is in a slice cannot be asked for
pub(crate) fn add_lower_products<T: Real>(a: &Vec<T>, b: &Vec<T>, height: usize, sums: &mut DMatrix<T>) {
    #[cfg(feature = "simd")]
    {
        use super::lane::{known, known_ref};
        if let (Some(a), Some(b), Some(sums)) =
            (known_ref::<_, Vec<f64>>(a), known_ref::<_, Vec<f64>>(b), known::<_, DMatrix<f64>>(sums))
        {
            return pulp::Arch::new().dispatch(wide::OfF64 { a, b, height, sums: sums.as_mut_slice() });
        }
        if let (Some(a), Some(b), Some(sums)) =
            (known_ref::<_, Vec<f32>>(a), known_ref::<_, Vec<f32>>(b), known::<_, DMatrix<f32>>(sums))
        {
            return pulp::Arch::new().dispatch(wide::OfF32 { a, b, height, sums: sums.as_mut_slice() });
        }
    }
    if size_of::<T>() == size_of::<f32>() {
        add_by::<T, F32_LANES>(a, b, height, sums);
    } else {
        add_by::<T, F64_LANES>(a, b, height, sums);
    }
}

/// A sum is that of so many, of which each takes every so many-th product.
const F64_LANES: usize = 8;
const F32_LANES: usize = 16;

fn add_by<T: Real, const N: usize>(a: &[T], b: &[T], height: usize, sums: &mut DMatrix<T>) {
    for (i, a) in a.chunks_exact(height).enumerate() {
        for (j, b) in b.chunks_exact(height).enumerate().take(i + 1) {
            let mut lanes = [T::zero(); N];
            for (a, b) in a.chunks_exact(N).zip(b.chunks_exact(N)) {
                for lane in 0..N {
                    lanes[lane] += a[lane] * b[lane];
                }
            }
            sums[(i, j)] += total(lanes);
        }
    }
}

/// The sum of the lanes, two halves at a time.
#[inline(always)]
pub(crate) fn total<T: Real, const N: usize>(mut lanes: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            let other = lanes[lane + half];
            lanes[lane] += other;
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(feature = "simd")]
mod wide {
    use pulp::{Simd, WithSimd};

    use super::{F32_LANES, F64_LANES, total};

    macro_rules! products {
        ($name:ident, $float:ident, $lanes:ident, $per:ident, $as:ident, $as_mut:ident, $splat:ident, $add:ident, $mul:ident) => {
            pub(super) struct $name<'a> {
                pub(super) a: &'a [$float],
                pub(super) b: &'a [$float],
                pub(super) height: usize,
                pub(super) sums: &'a mut [$float],
            }

            impl $name<'_> {
                /// Adds the products of column `i` of a with `M` columns of b, from column `j` on.
                #[inline(always)]
                fn add<S: Simd, const M: usize>(&mut self, simd: S, i: usize, j: usize) {
                    let dimension = self.a.len() / self.height;
                    let wide = $lanes / S::$per;
                    let a = S::$as(&self.a[i * self.height..][..self.height]).0;
                    let mut columns = [a; M];
                    for (next, column) in columns.iter_mut().enumerate() {
                        *column = &S::$as(&self.b[(j + next) * self.height..][..self.height]).0[..a.len()];
                    }
                    let mut sums = [[simd.$splat(0.0); $lanes]; M];
                    for at in 0..a.len() / wide {
                        for part in 0..wide {
                            let place = at * wide + part;
                            for next in 0..M {
                                let product = simd.$mul(a[place], columns[next][place]);
                                sums[next][part] = simd.$add(sums[next][part], product);
                            }
                        }
                    }
                    for (next, sums) in sums.iter().enumerate() {
                        let mut lanes = [0.0; $lanes];
                        S::$as_mut(&mut lanes).0.copy_from_slice(&sums[..wide]);
                        self.sums[(j + next) * dimension + i] += total(lanes);
                    }
                }
            }

            impl WithSimd for $name<'_> {
                type Output = ();

                #[inline(always)]
                fn with_simd<S: Simd>(mut self, simd: S) {
                    for i in 0..self.a.len() / self.height {
                        let mut j = 0;
                        // As many columns as leave their sums in registers.
                        while $lanes / S::$per == 1 && j + 8 <= i + 1 {
                            self.add::<S, 8>(simd, i, j);
                            j += 8;
                        }
                        while $lanes / S::$per <= 2 && j + 4 <= i + 1 {
                            self.add::<S, 4>(simd, i, j);
                            j += 4;
                        }
                        while j + 2 <= i + 1 {
                            self.add::<S, 2>(simd, i, j);
                            j += 2;
                        }
                        if j <= i {
                            self.add::<S, 1>(simd, i, j);
                        }
                    }
                }
            }
        };
    }

    products!(OfF64, f64, F64_LANES, F64_LANES, as_simd_f64s, as_mut_simd_f64s, splat_f64s, add_f64s, mul_f64s);
    products!(OfF32, f32, F32_LANES, F32_LANES, as_simd_f32s, as_mut_simd_f32s, splat_f32s, add_f32s, mul_f32s);
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::real::real;

    /// Intrinsics, where there are any, beside the plain loop, for numbers of columns that fill their tiles and that do not.
    fn check<T: Real, const LANES: usize>() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(42);
        for (height, columns) in [(16, 1), (16, 2), (48, 3), (128, 7), (96, 8), (128, 9), (128, 17)] {
            let mut numbers = || (0..height * columns).map(|_| real(rng.random_range(-1.0..1.0))).collect::<Vec<T>>();
            let (a, b, start) = (numbers(), numbers(), DMatrix::from_element(columns, columns, real(0.25)));
            let (mut wide, mut plain) = (start.clone(), start);
            add_lower_products(&a, &b, height, &mut wide);
            add_by::<T, LANES>(&a, &b, height, &mut plain);
            assert_eq!(wide, plain, "{height} x {columns}");
        }
    }

    #[test]
    fn intrinsics_give_the_bits_of_the_plain_loop() {
        check::<f64, F64_LANES>();
        check::<f32, F32_LANES>();
    }
}

//! Vectors of numbers, as wide as the machine has them.

use pulp::Simd;

use super::fast::Product;
use crate::real::Real;

/// `f64` or `f32`, with what a product needs of vectors of them.
pub(super) trait Wide: Real + Default {
    type Vector<S: Simd>: Copy;

    /// Numbers all of which are different.
    const COUNTED: [[Self; MOST_LANES]; BY];

    /// Multiplies with the widest vectors of the machine; false if it has none.
    fn multiply(product: &mut Product<'_, Self>) -> bool;

    /// The numbers in a vector.
    fn lanes<S: Simd>() -> usize;

    /// The number in every lane.
    fn broadcast<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;

    /// a b + c, rounded once.
    fn fused<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;

    /// a + b.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// a b.
    fn product<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// `then` where the first of two is less, and `otherwise` elsewhere.
    fn where_less<S: Simd>(
        simd: S,
        these: [Self::Vector<S>; 2],
        then: Self::Vector<S>,
        otherwise: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// The sum of the lanes.
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;

    /// The numbers in the lanes.
    fn numbers<S: Simd>(a: &Self::Vector<S>) -> &[Self];

    /// Numbers of four vectors side by side, in an [`Order`] that is pulp's affair.
    fn transposed<S: Simd>(simd: S, a: [Self::Vector<S>; BY]) -> [Self::Vector<S>; BY];

    /// Does `transposed` put them in this order?
    #[inline(always)]
    fn is_in<S: Simd>(order: Order, simd: S) -> bool {
        let lanes = Self::lanes::<S>();
        let mut columns = [Self::broadcast(simd, Self::default()); BY];
        for (column, numbers) in columns.iter_mut().zip(&Self::COUNTED) {
            *column = Self::vectors::<S>(&numbers[..lanes]).0[0];
        }
        let rows = Self::transposed(simd, columns);
        // Plain loops, for the compiler then knows their result.
        let mut is_it = true;
        for (m, row) in rows.iter().enumerate() {
            for (place, &number) in Self::numbers::<S>(row).iter().enumerate() {
                let [k, lane] = order.origin(m, place);
                is_it &= number == Self::COUNTED[k][lane];
            }
        }
        is_it
    }

    /// The order in which `transposed` puts them, if it is a known one.
    #[inline(always)]
    fn order<S: Simd>(simd: S) -> Option<Order> {
        if Self::is_in(Order::Rows, simd) {
            Some(Order::Rows)
        } else if Self::is_in(Order::Pairs, simd) {
            Some(Order::Pairs)
        } else {
            None
        }
    }

    /// Whole vectors, and the rest.
    fn vectors<S: Simd>(x: &[Self]) -> (&[Self::Vector<S>], &[Self]);

    /// Whole vectors, and the rest.
    fn vectors_mut<S: Simd>(x: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
}

macro_rules! wide {
    (
        $float:ident, $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident, $add:ident, $mul:ident,
        $less_than:ident, $select:ident, $sum:ident,
        $vectors:ident, $vectors_mut:ident, $deinterleave:ident
    ) => {
        impl Wide for $float {
            type Vector<S: Simd> = S::$vector;

            const COUNTED: [[$float; MOST_LANES]; BY] = {
                let mut numbers = [[0.0; MOST_LANES]; BY];
                let mut place = 0;
                while place < MOST_LANES * BY {
                    numbers[place / MOST_LANES][place % MOST_LANES] = place as $float;
                    place += 1;
                }
                numbers
            };

            // Not generic, so that the loops are compiled once, here, and not by every crate that has a tape.
            fn multiply(product: &mut Product<'_, Self>) -> bool {
                pulp::Arch::new().dispatch(product)
            }

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }

            #[inline(always)]
            fn broadcast<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }

            #[inline(always)]
            fn fused<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn product<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn where_less<S: Simd>(
                simd: S,
                [a, b]: [S::$vector; 2],
                then: S::$vector,
                otherwise: S::$vector,
            ) -> S::$vector {
                simd.$select(simd.$less_than(a, b), then, otherwise)
            }

            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$vector) -> Self {
                simd.$sum(a)
            }

            #[inline(always)]
            fn numbers<S: Simd>(a: &S::$vector) -> &[Self] {
                pulp::bytemuck::cast_slice(std::slice::from_ref(a))
            }

            #[inline(always)]
            fn transposed<S: Simd>(simd: S, a: [S::$vector; BY]) -> [S::$vector; BY] {
                simd.$deinterleave(a)
            }

            #[inline(always)]
            fn vectors<S: Simd>(x: &[Self]) -> (&[S::$vector], &[Self]) {
                S::$vectors(x)
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(x: &mut [Self]) -> (&mut [S::$vector], &mut [Self]) {
                S::$vectors_mut(x)
            }
        }
    };
}

wide!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_f64s,
    add_f64s,
    mul_f64s,
    less_than_f64s,
    select_f64s,
    reduce_sum_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    deinterleave_shfl_f64s
);
wide!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_f32s,
    add_f32s,
    mul_f32s,
    less_than_f32s,
    select_f32s,
    reduce_sum_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    deinterleave_shfl_f32s
);

/// How numbers of four vectors are put side by side.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// The vector number m has those of lane m of each, then those of lane m + 4, and so on.
    Rows,
    /// The same of two of them, and then of the other two, for eight lanes.
    Pairs,
}

impl Order {
    /// Which vector the number in this place of the vector number `m` is from, and which lane of it.
    #[inline(always)]
    pub(super) fn origin(self, m: usize, place: usize) -> [usize; 2] {
        match self {
            Self::Rows => [place % BY, m + place / BY * BY],
            Self::Pairs => [place / BY * 2 + place % 2, m + place / 2 % 2 * BY],
        }
    }
}

/// Vectors transposed at a time.
pub(super) const BY: usize = 4;

/// The lanes of the widest vector.
pub(super) const MOST_LANES: usize = 16;

/// At most as many numbers as a vector has; zeros follow.
///
/// By a detour, and not by a masked instruction: its mask would take up a register in the loops around it.
#[inline(always)]
pub(super) fn load<T: Wide, S: Simd>(from: &[T]) -> T::Vector<S> {
    let mut lanes = [T::default(); MOST_LANES];
    lanes[..from.len()].copy_from_slice(from);
    T::vectors::<S>(&lanes).0[0]
}

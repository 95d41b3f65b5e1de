//! eˣ without a branch.

use super::loops::{Left, Many, NEAR, SHORT, in_steps};

/// 1/n! for n = 2, 3, ..., rounded.
macro_rules! inverse_factorials {
    ($float:ident, $terms:expr) => {{
        let mut inverse = [0.0; $terms];
        let (mut n, mut factorial) = (2, 1.0);
        while n < $terms + 2 {
            factorial *= n as $float; // exact, of 13! and less
            inverse[n - 2] = 1.0 / factorial;
            n += 1;
        }
        inverse
    }};
}

/// x = k ln 2 + r with a whole k and |r| ≤ ½ ln 2, then eˣ = 2ᵏ eʳ: Cody and Waite (1980), *Software Manual for the Elementary Functions*,
/// chapter 6. Here eʳ is 1 + high + tail, where high is all but exact and tail is small, so that the sum of 1 and high is done first, what its
/// rounding loses is added to the tail, and only the last addition rounds by half a unit.
macro_rules! exponentials {
    (
        $float:ident, $bits:ident, digits: $digits:expr, bias: $bias:expr, ln_2: [$high:expr, $low:expr], range: [$lowest:expr, $highest:expr],
        terms: $terms:expr, $reduce:ident, $power:ident, $parts:ident, $tail:ident, $sum:ident, $scale:ident, $exp:ident, $exp_each:ident
    ) => {
        /// The two parts of r, of which the second is to be taken from the first, and k + 2 · bias.
        #[inline(always)]
        pub(super) fn $reduce(x: $float) -> ([$float; 2], $bits) {
            /// Added to a number, it leaves the nearest whole one in the last bits.
            const SHIFT: $float = ((3 as $bits) << ($digits - 2)) as $float;
            /// ln 2 in two parts; the first one has bits to spare for an exact product with k.
            const LN_2: [$float; 2] = [$high, $low];

            let shifted = x * std::$float::consts::LOG2_E + SHIFT;
            let k = shifted - SHIFT;
            ([x - k * LN_2[0], k * LN_2[1]], shifted.to_bits().wrapping_sub(SHIFT.to_bits() - 2 * $bias))
        }

        /// 2 to the power of what is left of the exponent without its bias.
        #[inline(always)]
        pub(super) fn $power(exponent: $bits) -> $float {
            $float::from_bits(exponent << ($digits - 1))
        }

        /// The two parts of r, the second one first, and what `reduce` has of k, as the bits of a number.
        #[inline(always)]
        fn $parts(x: $float) -> [$float; 3] {
            // What is farther out under- or overflows as these do. NaN is neither below nor above.
            let x = if $lowest > x { $lowest } else { x };
            let x = if $highest < x { $highest } else { x };
            let ([high, low], exponents) = $reduce(x);
            [low, high, $float::from_bits(exponents)]
        }

        /// eʳ − 1 less the first part of r.
        #[inline(always)]
        pub(super) fn $tail(low: $float, high: $float) -> $float {
            const TERMS: [$float; $terms] = inverse_factorials!($float, $terms);

            let r = high - low;
            let square = r * r;
            // Four terms at a time: many short chains of products instead of a long one.
            let four = |n: usize| (TERMS[n] + TERMS[n + 1] * r) + (TERMS[n + 2] + TERMS[n + 3] * r) * square;
            let mut polynomial = four($terms - 4);
            for n in (0..$terms - 4).step_by(4).rev() {
                polynomial = polynomial * (square * square) + four(n);
            }
            polynomial * square - low
        }

        /// eʳ, off by half a unit and as much as the tail is.
        #[inline(always)]
        pub(super) fn $sum(tail: $float, high: $float) -> $float {
            let sum = 1.0 + high;
            let lost = high - (sum - 1.0);
            sum + (lost + tail)
        }

        /// A number that is not far from 1, times 2ᵏ.
        #[inline(always)]
        pub(super) fn $scale(x: $float, exponents: $float) -> $float {
            // 2ᵏ may be no number where eˣ is one, so it is two factors, of exponents ⌊k/2⌋ and ⌈k/2⌉.
            let exponents = exponents.to_bits();
            let half = exponents >> 1;
            x * $power(half) * $power(exponents.wrapping_sub(half))
        }

        in_steps! {
            /// eˣ, off by less than one unit in the last place, with gradual underflow; 1 at 0, 0 at −∞, +∞ at +∞ and NaN at NaN.
            $exp, $exp_each: $float, x, [low, high, exponents, tail];
            let [low, high, exponents] = $parts(x);
            let [tail] = [$tail(low, high)];
            $scale($sum(tail, high), exponents)
        }
    };
}

exponentials! {
    f64, u64, digits: 53, bias: 1023, ln_2: [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)],
    range: [-746.0, 710.0], terms: 12, reduce_f64, power_f64, parts_f64, tail_f64, sum_f64, scale_f64,
    exp_f64, exp_each_f64
}
exponentials! {
    f32, u32, digits: 24, bias: 127, ln_2: [f32::from_bits(0x3f31_7200), f32::from_bits(0x35bf_be8e)],
    range: [-104.0, 89.0], terms: 8, reduce_f32, power_f32, parts_f32, tail_f32, sum_f32, scale_f32,
    exp_f32, exp_each_f32
}

//! ln x and ln(1 + x) without a branch.

use crate::real::exact_sum;

/// 2/(2 n + 3) for n = 0, 1, ..., rounded.
macro_rules! odd_fractions {
    ($float:ident, $terms:expr) => {{
        let mut fractions = [0.0; $terms];
        let mut n = 0;
        while n < $terms {
            fractions[n] = 2.0 / (2 * n + 3) as $float;
            n += 1;
        }
        fractions
    }};
}

/// x = 2ᵏ m with m between √½ and √2, then ln x = k ln 2 + ln m, where s = (m − 1)/(m + 1) gives ln m = 2 s + ⅔ s³ + ⅖ s⁵ + ...
///
/// The 2 s is written as f − s f with f = m − 1, which is exact, and that in turn as f − (½ f² − s ½ f²): so the logarithm rounds as f does. From the
/// `e_log.c` of Sun's fdlibm (1993).
macro_rules! logarithms {
    (
        $float:ident, $bits:ident, digits: $digits:expr, bias: $bias:expr, root_half: $root_half:expr, ln_2: [$high:expr, $low:expr],
        terms: $terms:expr, $split:ident, $join:ident, $ln_of_normal:ident, $ln:ident, $ln_1p:ident
    ) => {
        /// −k and f.
        #[inline(always)]
        fn $split(x: $float) -> [$float; 2] {
            const ROOT_HALF: $bits = $root_half;
            const FRACTION: $bits = (1 << ($digits - 1)) - 1;
            /// The number in whose last bits whole numbers stand as they are.
            const SHIFT: $float = ((1 as $bits) << ($digits - 1)) as $float;

            // With √½ moved to 1, the exponent is k and the fraction how far m is above √½.
            let moved = x.to_bits().wrapping_add((1.0 as $float).to_bits() - ROOT_HALF);
            let shifted = $float::from_bits(SHIFT.to_bits() | (moved >> ($digits - 1)));
            [(SHIFT + $bias) - shifted, $float::from_bits((moved & FRACTION) + ROOT_HALF) - 1.0]
        }

        /// k ln 2 + ln(1 + f) + `rest`, which is less than a unit in the last place of 1.
        #[inline(always)]
        fn $join([minus_k, f]: [$float; 2], rest: $float) -> $float {
            /// 2/3, 2/5, 2/7, ...
            const TERMS: [$float; $terms] = odd_fractions!($float, $terms);

            let s = f / (2.0 + f);
            let (z, square) = (s * s, s * s * (s * s));
            // Even and odd terms apart: two short chains of products instead of a long one.
            let (mut even, mut odd) = (TERMS[$terms - 2], TERMS[$terms - 1]);
            for pair in TERMS[..$terms - 2].as_chunks::<2>().0.iter().rev() {
                (even, odd) = (even * square + pair[0], odd * square + pair[1]);
            }
            let half_square = 0.5 * f * f;
            let low = s * (half_square + z * (even + odd * z)) + (rest - minus_k * $low);
            // Subtracted, because -0 - 0 is -0.
            (f - (half_square - low)) - minus_k * $high
        }

        /// ln x of what is not less than the least normal number, of +∞ and NaN; off by less than one unit in the last place.
        #[inline(always)]
        pub(super) fn $ln_of_normal(x: $float) -> $float {
            let ln = $join($split(x), 0.0);
            if x < $float::INFINITY { ln } else { x }
        }

        /// ln x, off by less than one unit in the last place; −∞ at 0, NaN below, +∞ at +∞ and NaN at NaN.
        #[inline(always)]
        pub(super) fn $ln(x: $float) -> $float {
            const UP: $float = ((1 as $bits) << $digits) as $float;
            let subnormal = x < $float::MIN_POSITIVE;
            let [minus_k, f] = $split(if subnormal { x * UP } else { x });
            let ln = $join([if subnormal { minus_k + $digits as $float } else { minus_k }, f], 0.0);
            let end = if x == 0.0 { $float::NEG_INFINITY } else { x };
            let end = if x < 0.0 { $float::NAN } else { end };
            if x > 0.0 && x < $float::INFINITY { ln } else { end }
        }

        /// ln(1 + x), off by less than one unit in the last place; ±0 at ±0, −∞ at −1, NaN below, +∞ at +∞ and NaN at NaN.
        #[inline(always)]
        pub(super) fn $ln_1p(x: $float) -> $float {
            let (sum, lost) = exact_sum(1.0, x);
            let [minus_k, f] = $split(sum);
            // Where no power of 2 is taken out f is x itself, of which 1 + x may have lost all.
            let (f, rest) = if minus_k == 0.0 { (x, 0.0) } else { (f, lost / sum) };
            let ln = $join([minus_k, f], rest);
            let end = if sum == 0.0 { $float::NEG_INFINITY } else { x };
            let end = if sum < 0.0 { $float::NAN } else { end };
            if sum > 0.0 && sum < $float::INFINITY { ln } else { end }
        }
    };
}

logarithms! {
    f64, u64, digits: 53, bias: 1023.0, root_half: 0x3fe6_a09e_667f_3bcd,
    ln_2: [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)],
    terms: 10, split_f64, join_f64, ln_of_normal_f64, ln_f64, ln_1p_f64
}
logarithms! {
    f32, u32, digits: 24, bias: 127.0, root_half: 0x3f35_04f3,
    ln_2: [f32::from_bits(0x3f31_7200), f32::from_bits(0x35bf_be8e)],
    terms: 4, split_f32, join_f32, ln_of_normal_f32, ln_f32, ln_1p_f32
}

//! ln x without a branch.

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
macro_rules! ln {
    (
        $name:ident, $float:ident, $bits:ident, digits: $digits:expr, bias: $bias:expr, root_half: $root_half:expr,
        ln_2: [$high:expr, $low:expr], terms: $terms:expr
    ) => {
        /// ln x of what is not less than the least normal number, of +∞ and NaN; off by less than one unit in the last place.
        #[inline(always)]
        pub(super) fn $name(x: $float) -> $float {
            /// 2/3, 2/5, 2/7, ...
            const TERMS: [$float; $terms] = odd_fractions!($float, $terms);
            const ROOT_HALF: $bits = $root_half;
            const FRACTION: $bits = (1 << ($digits - 1)) - 1;
            /// The number in whose last bits whole numbers stand as they are.
            const SHIFT: $float = ((1 as $bits) << ($digits - 1)) as $float;

            // With √½ moved to 1, the exponent is k and the fraction how far m is above √½.
            let moved = x.to_bits().wrapping_add((1.0 as $float).to_bits() - ROOT_HALF);
            let k = $float::from_bits(SHIFT.to_bits() | (moved >> ($digits - 1))) - (SHIFT + $bias);
            let f = $float::from_bits((moved & FRACTION) + ROOT_HALF) - 1.0;
            let s = f / (2.0 + f);
            let (z, square) = (s * s, s * s * (s * s));
            // Even and odd terms apart: two short chains of products instead of a long one.
            let (mut even, mut odd) = (0.0, 0.0);
            for pair in TERMS.as_chunks::<2>().0.iter().rev() {
                (even, odd) = (even * square + pair[0], odd * square + pair[1]);
            }
            let half_square = 0.5 * f * f;
            let ln = k * $high - ((half_square - (s * (half_square + z * (even + odd * z)) + k * $low)) - f);
            if x < $float::INFINITY { ln } else { x }
        }
    };
}

ln! {
    ln_f64, f64, u64, digits: 53, bias: 1023.0, root_half: 0x3fe6_a09e_667f_3bcd,
    ln_2: [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)], terms: 12
}
ln! {
    ln_f32, f32, u32, digits: 24, bias: 127.0, root_half: 0x3f35_04f3,
    ln_2: [f32::from_bits(0x3f31_7200), f32::from_bits(0x35bf_be8e)], terms: 6
}

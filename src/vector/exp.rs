//! eˣ without a branch.

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
/// chapter 6. Off by less than one unit in the last place, with gradual underflow; 1 at 0, 0 at −∞, +∞ at +∞ and NaN at NaN.
macro_rules! exp {
    (
        $(#[$doc:meta])* $name:ident, $float:ident, $bits:ident, digits: $digits:expr, bias: $bias:expr, ln_2: [$high:expr, $low:expr],
        range: [$lowest:expr, $highest:expr], terms: $terms:expr
    ) => {
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name(x: $float) -> $float {
            const TERMS: [$float; $terms] = inverse_factorials!($float, $terms);
            /// Added to a number, it leaves the nearest whole one in the last bits.
            const SHIFT: $float = ((3 as $bits) << ($digits - 2)) as $float;
            /// ln 2 in two parts; the first one has bits to spare for an exact product with k.
            const LN_2: [$float; 2] = [$high, $low];

            // What is farther out under- or overflows as these do. NaN is neither below nor above.
            let x = if $lowest > x { $lowest } else { x };
            let x = if $highest < x { $highest } else { x };
            let shifted = x * std::$float::consts::LOG2_E + SHIFT;
            let k = shifted - SHIFT;
            let (high, low) = (x - k * LN_2[0], k * LN_2[1]);
            let r = high - low;
            let square = r * r;
            // Even and odd terms apart: two short chains of products instead of a long one.
            let (mut even, mut odd) = (0.0, 0.0);
            for pair in TERMS.as_chunks::<2>().0.iter().rev() {
                (even, odd) = (even * square + pair[0], odd * square + pair[1]);
            }
            let exp_r = 1.0 + (high + ((even + odd * r) * square - low));
            // 2ᵏ may be no number where eˣ is one, so it is two factors, of exponents ⌊k/2⌋ and ⌈k/2⌉.
            let exponents = shifted.to_bits().wrapping_sub(SHIFT.to_bits() - 2 * $bias);
            let half = exponents >> 1;
            let power = |exponent: $bits| $float::from_bits(exponent << ($digits - 1));
            exp_r * power(half) * power(exponents.wrapping_sub(half))
        }
    };
}

exp! {
    exp_f64, f64, u64, digits: 53, bias: 1023, ln_2: [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)],
    range: [-746.0, 710.0], terms: 12
}
exp! {
    exp_f32, f32, u32, digits: 24, bias: 127, ln_2: [f32::from_bits(0x3f31_7200), f32::from_bits(0x35bf_be8e)],
    range: [-104.0, 89.0], terms: 8
}

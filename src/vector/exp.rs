//! eˣ, eˣ − 1 and tanh x without a branch.

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
/// chapter 6. Here eʳ is 1 + high + tail, where high is all but exact and tail is small, so that the sums of 2ᵏ, 2ᵏ high and ±1 are done first, what their
/// rounding loses is added to the tail, and only the last addition rounds by half a unit.
macro_rules! exponentials {
    (
        $float:ident, $bits:ident, digits: $digits:expr, bias: $bias:expr, ln_2: [$high:expr, $low:expr], range: [$lowest:expr, $highest:expr],
        far_below: $far_below:expr, terms: $terms:expr, $reduce:ident, $power:ident, $exp:ident, $exp_m1:ident, $tanh:ident
    ) => {
        /// high, tail, and k + 2 · bias.
        #[inline(always)]
        fn $reduce(x: $float) -> ($float, $float, $bits) {
            const TERMS: [$float; $terms] = inverse_factorials!($float, $terms);
            /// Added to a number, it leaves the nearest whole one in the last bits.
            const SHIFT: $float = ((3 as $bits) << ($digits - 2)) as $float;
            /// ln 2 in two parts; the first one has bits to spare for an exact product with k.
            const LN_2: [$float; 2] = [$high, $low];

            let shifted = x * std::$float::consts::LOG2_E + SHIFT;
            let k = shifted - SHIFT;
            let (high, low) = (x - k * LN_2[0], k * LN_2[1]);
            let r = high - low;
            let square = r * r;
            // Four terms at a time: many short chains of products instead of a long one.
            let four = |n: usize| (TERMS[n] + TERMS[n + 1] * r) + (TERMS[n + 2] + TERMS[n + 3] * r) * square;
            let mut sum = four($terms - 4);
            for n in (0..$terms - 4).step_by(4).rev() {
                sum = sum * (square * square) + four(n);
            }
            (high, sum * square - low, shifted.to_bits().wrapping_sub(SHIFT.to_bits() - 2 * $bias))
        }

        /// 2 to the power of what is left of the exponent without its bias.
        #[inline(always)]
        fn $power(exponent: $bits) -> $float {
            $float::from_bits(exponent << ($digits - 1))
        }

        /// eˣ, off by less than one unit in the last place, with gradual underflow; 1 at 0, 0 at −∞, +∞ at +∞ and NaN at NaN.
        #[inline(always)]
        pub(super) fn $exp(x: $float) -> $float {
            // What is farther out under- or overflows as these do. NaN is neither below nor above.
            let x = if $lowest > x { $lowest } else { x };
            let x = if $highest < x { $highest } else { x };
            let (high, tail, exponents) = $reduce(x);
            let sum = 1.0 + high;
            let lost = high - (sum - 1.0);
            // 2ᵏ may be no number where eˣ is one, so it is two factors, of exponents ⌊k/2⌋ and ⌈k/2⌉.
            let half = exponents >> 1;
            (sum + (lost + tail)) * $power(half) * $power(exponents.wrapping_sub(half))
        }

        /// eˣ − 1, off by less than 1.2 units in the last place; ±0 at ±0, −1 at −∞, +∞ at +∞ and NaN at NaN.
        #[inline(always)]
        pub(super) fn $exp_m1(x: $float) -> $float {
            let reachable = if $far_below > x { $far_below } else { x };
            let reachable = if $highest < reachable { $highest } else { reachable };
            let (high, tail, exponents) = $reduce(reachable);
            // Half of everything, because 2ᵏ may be no number where eˣ is one.
            let half = $power(exponents.wrapping_sub($bias + 1));
            let (whole, product) = (half - 0.5, half * high);
            let sum = whole + product;
            let lost = product - (sum - whole);
            let exp_m1 = (sum + (lost + half * tail)) * 2.0;
            // Half of the least numbers is none.
            if x.abs() < $float::EPSILON / 4.0 { x } else { exp_m1 }
        }

        /// tanh x by E = e^(−2|x|) − 1, off by less than two units in the last place; ±0 at ±0, ±1 at ±∞ and NaN at NaN.
        #[inline(always)]
        pub(super) fn $tanh(x: $float) -> $float {
            /// Where tanh x is about ½.
            const MIDDLE: $float = 0.5493;
            let size = x.abs();
            let doubled = if $far_below > -2.0 * size { $far_below } else { -2.0 * size };
            let (high, tail, exponents) = $reduce(doubled);
            let power = $power(exponents.wrapping_sub($bias));
            let (whole, product) = (1.0 - power, power * high);
            let sum = whole - product;
            let lost = (whole - sum) - product;
            let rest = product + power * tail;
            // -E/(2 + E), and above ½ what is left to 1, lest the error of the quotient be that of the result: 1 - 2 (1 + E)/(2 + E).
            let (start, numerator) =
                if size < MIDDLE { (0.0, sum + (lost - power * tail)) } else { (1.0, -2.0 * (power + rest)) };
            (start + numerator / ((1.0 + power) + rest)).copysign(x)
        }
    };
}

exponentials! {
    f64, u64, digits: 53, bias: 1023, ln_2: [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)],
    range: [-746.0, 710.0], far_below: -40.0, terms: 12, reduce_f64, power_f64, exp_f64, exp_m1_f64, tanh_f64
}
exponentials! {
    f32, u32, digits: 24, bias: 127, ln_2: [f32::from_bits(0x3f31_7200), f32::from_bits(0x35bf_be8e)],
    range: [-104.0, 89.0], far_below: -20.0, terms: 8, reduce_f32, power_f32, exp_f32, exp_m1_f32, tanh_f32
}

//! eˣ − 1, tanh, sigmoid and softplus without a branch, as fractions.

/// Σ cₙ tⁿ, by pairs of terms, then pairs of pairs: short chains of products.
macro_rules! polynomial {
    (@pairs $t:ident; [$($sum:expr),*]) => {{
        let square = $t * $t;
        polynomial!(square; $($sum),*)
    }};
    (@pairs $t:ident; [$($sum:expr),*] $a:expr) => { polynomial!(@pairs $t; [$($sum,)* $a]) };
    (@pairs $t:ident; [$($sum:expr),*] $a:expr, $b:expr $(, $rest:expr)*) => {
        polynomial!(@pairs $t; [$($sum,)* $a + $t * $b] $($rest),*)
    };
    ($t:ident; $a:expr, $b:expr) => { $a + $t * $b };
    ($t:ident; $($term:expr),*) => { polynomial!(@pairs $t; [] $($term),*) };
}

pub(super) use polynomial;

/// With x = k ln 2 + r as in `exp.rs` and R = r coth(r/2) = 2 + r²/6 − ..., an even function that takes few terms, eʳ is (R + r)/(R − r). With
/// p = 2ᵏ this makes
///
/// * eˣ − 1 = (p − 1) + p · 2 r/(R − r), where the quotient is r + r c/(2 − c) with c = r − (R − 2);
/// * eˣ/(1 + c eˣ) = P + P · 2 r/D, where P = p/(1 + c p) and D = (R − r) + c p (R + r). For c = 1 it is the sigmoid of x, for c = ½ the q of
///   ln(1 + eˣ) = 2 artanh ½ q = q + q³/12 + q⁵/80 + ...;
/// * tanh x = r/R with r = 2 x where this is small, and elsewhere, for positive x, 1 − 2 E/(1 + E) with E = e^(−2 x).
///
/// Each is a number that is off by half a unit or less, and a smaller correction. The R of eʳ is that of the `e_exp.c` of Sun's fdlibm (1993); the polynomials
/// are from `tests/data/minimax.py`.
macro_rules! fractions {
    (
        $of:ident, $float:ident, $bits:ident, digits: $digits:expr, bias: $bias:expr, range: [$lowest:expr, $highest:expr],
        far_below: $far_below:expr, reduce: $reduce:ident, power: $power:ident,
        even: [$($even:expr),*], wide_even: [$($wide_even:expr),*], artanh: [$($artanh:expr),*]
    ) => {
        pub(super) mod $of {
            use crate::vector::exp::{$power, $reduce};
            use crate::vector::loops::{Left, Many, NEAR, SHORT, in_steps};

            /// R − 2 for r up to ½ ln 2, given r².
            #[inline(always)]
            fn even(z: $float) -> $float {
                z * (polynomial!(z; $($even),*))
            }

            /// R − 2 for r up to ln 3, given r².
            #[inline(always)]
            fn wide_even(z: $float) -> $float {
                z * (polynomial!(z; $($wide_even),*))
            }

            /// (2 artanh ½ q − q)/q for q up to ⅔, given q².
            #[inline(always)]
            fn artanh_rest(t: $float) -> $float {
                t * (polynomial!(t; $($artanh),*))
            }

            /// 2 − (R − r), for r up to ½ ln 2.
            #[inline(always)]
            fn below_two(r: $float) -> $float {
                r - even(r * r)
            }

            /// What r is the first less the second of, and p/2: half of everything, because 2ᵏ may be no number where eˣ is one.
            #[inline(always)]
            fn exp_m1_parts(x: $float) -> [$float; 3] {
                let x = if $far_below > x { $far_below } else { x };
                let x = if $highest < x { $highest } else { x };
                let ([high, low], exponents) = $reduce(x);
                [low, high, $power(exponents.wrapping_sub($bias + 1))]
            }

            /// eʳ − 1 less the first part of r.
            #[inline(always)]
            fn exp_m1_correction(low: $float, high: $float, below: $float) -> $float {
                (high - low) * below / (2.0 - below) - low
            }

            #[inline(always)]
            fn exp_m1_by(x: $float, correction: $float, high: $float, half: $float) -> $float {
                let exp_m1 = (((half - 0.5) + half * high) + half * correction) * 2.0;
                // Half of the least numbers is none.
                if x.abs() < $float::EPSILON / 4.0 { x } else { exp_m1 }
            }

            in_steps! {
                /// eˣ − 1, off by less than 1.3 units in the last place; ±0 at ±0, −1 at −∞, +∞ at +∞ and NaN at NaN.
                exp_m1, exp_m1_each: $float, x, [low, high, half, below, correction];
                let [low, high, half] = exp_m1_parts(x);
                let [below] = [below_two(high - low)];
                let [correction] = [exp_m1_correction(low, high, below)];
                exp_m1_by(x, correction, high, half)
            }

            in_steps! {
                /// 1 − e⁻ˣ.
                one_m_exp_m, one_m_exp_m_each: $float, x, [low, high, half, below, correction];
                let [low, high, half] = exp_m1_parts(-x);
                let [below] = [below_two(high - low)];
                let [correction] = [exp_m1_correction(low, high, below)];
                -exp_m1_by(-x, correction, high, half)
            }

            /// r of −2 |x|, which is −2 |x| itself where tanh is r/R, and p, which is 0 there.
            #[inline(always)]
            fn tanh_parts(x: $float) -> [$float; 2] {
                /// Where tanh is ½: below, the error of a quotient is that of the result, above it is halved.
                const MIDDLE: $float = -1.09862;
                let doubled = -2.0 * x.abs();
                let doubled = if $far_below > doubled { $far_below } else { doubled };
                let ([high, low], exponents) = $reduce(doubled);
                let near = doubled > MIDDLE;
                let power = $power(exponents.wrapping_sub($bias));
                [if near { doubled } else { high - low }, if near { 0.0 } else { power }]
            }

            /// r/R or −2 E/(1 + E), given R − 2.
            #[inline(always)]
            fn tanh_correction(r: $float, p: $float, even: $float) -> $float {
                let without = 2.0 - (r - even);
                let with = p * (without + (r + r));
                let near = p == 0.0;
                (if near { -r } else { -2.0 * with }) / (if near { 2.0 + even } else { without + with })
            }

            #[inline(always)]
            fn tanh_by(x: $float, correction: $float, p: $float) -> $float {
                (if p == 0.0 { correction } else { 1.0 + correction }).copysign(x)
            }

            in_steps! {
                /// tanh x, off by less than two units in the last place; ±0 at ±0, ±1 at ±∞ and NaN at NaN.
                tanh, tanh_each: $float, x, [r, p, even, correction];
                let [r, p] = tanh_parts(x);
                let [even] = [wide_even(r * r)];
                let [correction] = [tanh_correction(r, p, even)];
                tanh_by(x, correction, p)
            }

            /// Of e = e^(−|x|): r and p.
            #[inline(always)]
            fn share_parts(x: $float) -> [$float; 2] {
                /// 2ᵏ may be less than the least normal number; 2ᵏ times this is not.
                const DOWN: $float = 1.0 / ((1 as $bits) << ($digits + 1)) as $float;
                let below = -x.abs();
                let below = if $lowest > below { $lowest } else { below };
                let ([high, low], exponents) = $reduce(below);
                let p = $power(exponents.wrapping_sub($bias - ($digits + 1))) * DOWN;
                [high - low, p]
            }

            /// 2 r/D, as r + r (2 − D)/D.
            #[inline(always)]
            fn share_correction(r: $float, cp: $float, below: $float) -> $float {
                let rest = below - cp * ((2.0 - below) + (r + r));
                r + r * rest / (2.0 - rest)
            }

            #[inline(always)]
            fn sigmoid_by(x: $float, correction: $float, start: $float) -> $float {
                let share = start + start * correction;
                if x > 0.0 { 1.0 - share } else { share }
            }

            in_steps! {
                /// 1/(1 + e⁻ˣ), off by less than two units in the last place, with gradual underflow; ½ at ±0, 0 at −∞, 1 at +∞ and NaN at NaN.
                sigmoid, sigmoid_each: $float, x, [r, p, start, below, correction];
                let [r, p] = share_parts(x);
                let [start, below] = [p / (1.0 + p), below_two(r)];
                let [correction] = [share_correction(r, p, below)];
                sigmoid_by(x, correction, start)
            }

            #[inline(always)]
            fn sigmoid_slope_by(correction: $float, start: $float) -> $float {
                let share = start + start * correction;
                share * (1.0 - share)
            }

            in_steps! {
                /// The derivative of the sigmoid, off by less than 2.7 units in the last place, with gradual underflow; ¼ at ±0, 0 at ±∞ and NaN at NaN.
                sigmoid_slope, sigmoid_slope_each: $float, x, [r, p, start, below, correction];
                let [r, p] = share_parts(x);
                let [start, below] = [p / (1.0 + p), below_two(r)];
                let [correction] = [share_correction(r, p, below)];
                sigmoid_slope_by(correction, start)
            }

            #[inline(always)]
            fn softplus_by(x: $float, start: $float, rest: $float, artanh: $float) -> $float {
                let ln = start + (rest + (start + rest) * artanh);
                (if x > 0.0 { x } else { 0.0 }) + ln
            }

            in_steps! {
                /// ln(1 + eˣ), off by less than two units in the last place, with gradual underflow; 0 at −∞, +∞ at +∞ and NaN at NaN.
                softplus, softplus_each: $float, x, [r, p, start, below, rest, artanh];
                let [r, p] = share_parts(x);
                let [start, below] = [p / (1.0 + 0.5 * p), below_two(r)];
                let [rest] = [start * share_correction(r, 0.5 * p, below)];
                let [artanh] = [artanh_rest((start + rest) * (start + rest))];
                softplus_by(x, start, rest, artanh)
            }
        }
    };
}

fractions! {
    of_f64, f64, u64, digits: 53, bias: 1023, range: [-746.0, 710.0], far_below: -40.0, reduce: reduce_f64, power: power_f64,
    even: [1.6666666666666602e-1, -2.777777777701362e-3, 6.613756320932973e-5, -1.6533901668386776e-6, 4.1381167766730586e-8],
    wide_even: [1.666666666666666e-1, -2.7777777777762635e-3, 6.613756612361501e-5, -1.6534390912329859e-6, 4.1753360317524004e-8, -1.0566162836681816e-9, 2.6578475514038844e-11, -5.923897529018452e-13],
    artanh: [8.333333333333288e-2, 1.2500000000049138e-2, 2.2321428553011198e-3, 4.340278119080408e-4, 8.877804651631608e-5, 1.878242173592573e-5, 4.059135158928578e-6, 9.236207750782316e-7, 1.5907514851235003e-7, 8.115073599797369e-8]
}
fractions! {
    of_f32, f32, u32, digits: 24, bias: 127, range: [-104.0, 89.0], far_below: -20.0, reduce: reduce_f32, power: power_f32,
    even: [1.6666625e-1, -2.7667477e-3],
    wide_even: [1.6666666e-1, -2.7777317e-3, 6.602102e-5, -1.536518e-6],
    artanh: [8.3333015e-2, 1.2506781e-2, 2.187433e-3, 5.473527e-4]
}

//! The standard normal law's density and distribution function without a branch.

use super::exp::{reduce_f32, reduce_f64, scale_f32, scale_f64, sum_f32, sum_f64, tail_f32, tail_f64};
use super::fraction::polynomial;
use super::loops::{Left, Many, NEAR, SHORT, in_steps};
use crate::real::{Real, real, to_f64};

/// φ(x) = e^(−x²/2)/√(2π), and Φ(−x) = e^(−x²/2) (1 + N(x)/Q(x))/(2 (1 + x)) for x ≥ 0, where the quotient is between −0.2 and 0.06, so that of the roundings
/// of its polynomials little is left.
///
/// The square is needed in two parts, because the exponential makes of a rounding of it x²/2 roundings. The first part is the square of the upper half of
/// the digits, which is exact. The polynomials are from `tests/data/minimax.py`.
macro_rules! normals {
    (
        $of:ident, $float:ident, $bits:ident, lower_digits: $lower:expr, farthest: $farthest:expr, $reduce:ident, $tail:ident, $sum:ident, $scale:ident,
        above: [$($above:expr),*], below: [$($below:expr),*]
    ) => {
        pub(super) mod $of {
            use super::*;

            /// |x|, but no farther out than where nothing is left of either.
            #[inline(always)]
            fn size(x: $float) -> $float {
                let size = x.abs();
                if $farthest < size { $farthest } else { size }
            }

            /// Of −x²/2 = k ln 2 + r: the two parts of r, the second one first, and k as `scale` wants it.
            #[inline(always)]
            fn parts(x: $float) -> [$float; 3] {
                let size = size(x);
                let upper = $float::from_bits(size.to_bits() & ($bits::MAX << $lower));
                let rest = 0.5 * (size - upper) * (size + upper);
                let ([high, low], exponents) = $reduce(-0.5 * upper * upper);
                [low + rest, high, $float::from_bits(exponents)]
            }

            /// 2 (1 + |x|) Φ(−|x|) e^(x²/2) − 1.
            #[inline(always)]
            fn excess_at(x: $float) -> $float {
                let size = size(x);
                size * (polynomial!(size; $($above),*)) / (polynomial!(size; $($below),*))
            }

            in_steps! {
                /// φ(x), off by less than two units in the last place, with gradual underflow; 0 at ±∞ and NaN at NaN.
                normal_pdf, normal_pdf_each: $float, x, [low, high, exponents, tail];
                let [low, high, exponents] = parts(x);
                let [tail] = [$tail(low, high)];
                $scale($sum(tail, high) * (ONE_BY_ROOT_TAU as $float), exponents)
            }

            #[inline(always)]
            fn cdf_by(x: $float, tail: $float, high: $float, exponents: $float, excess: $float) -> $float {
                let of_both = tail + excess * (1.0 + (high + tail));
                let below = $scale($sum(of_both, high) / (2.0 + 2.0 * size(x)), exponents);
                if x > 0.0 { 1.0 - below } else { below }
            }

            in_steps! {
                /// Φ(x), off by less than three units in the last place, with gradual underflow; ½ at ±0, 0 at −∞, 1 at +∞ and NaN at NaN.
                normal_cdf, normal_cdf_each: $float, x, [low, high, exponents, tail, excess];
                let [low, high, exponents] = parts(x);
                let [tail] = [$tail(low, high)];
                let [excess] = [excess_at(x)];
                cdf_by(x, tail, high, exponents, excess)
            }
        }
    };
}

normals! {
    of_f64, f64, u64, lower_digits: 27, farthest: 38.6, reduce_f64, tail_f64, sum_f64, scale_f64,
    above: [2.0211543919713107e-1, 1.8016781106357846e-1, 5.527954332913633e-2, -7.248559535393874e-3, -1.2518472297629023e-2, -5.220308379107959e-3, -1.2584306106545892e-3, -1.9250311884149837e-4, -1.7905952517615623e-5, -8.075145095857812e-7],
    below: [1.0, 2.365244207791591, 2.6015370113122236, 1.7569786531938603, 8.094349407300033e-1, 2.668281866731891e-1, 6.40479672818375e-2, 1.1122615589411916e-2, 1.3486670721151936e-3, 1.0436486905064282e-4, 3.995313335725015e-6]
}
normals! {
    of_f32, f32, u32, lower_digits: 12, farthest: 14.4, reduce_f32, tail_f32, sum_f32, scale_f32,
    above: [2.0211558e-1, 4.6806395e-2, -2.1155354e-2, -1.3031576e-2, -2.4731979e-3],
    below: [1.0, 1.7054297, 1.2508208, 5.019328e-1, 1.1276589e-1, 1.223687e-2]
}

/// 1/√(2π).
const ONE_BY_ROOT_TAU: f64 = 0.398_942_280_401_432_7;

/// Of numbers that carry something beside their real part, by the real part.
pub(super) mod others {
    use super::*;

    /// φ(x), whose derivatives have φ(x) as a factor, which is set right.
    pub(in crate::vector) fn normal_pdf<T: Real>(x: T) -> T {
        let density = (x * x * real(-0.5)).exp() * real(ONE_BY_ROOT_TAU);
        let found = to_f64(density);
        if found > 0.0 { density * real(of_f64::normal_pdf(to_f64(x)) / found) } else { density }
    }

    /// Φ(x + d) = Φ(x) + φ(x) (d − x d²/2 + (x² − 1) d³/6), to the third order.
    pub(in crate::vector) fn normal_cdf<T: Real>(x: T) -> T {
        let at = to_f64(x);
        let (cdf, density, rest) = (of_f64::normal_cdf(at), of_f64::normal_pdf(at), x - real(at));
        if density == 0.0 || !rest.is_finite() {
            return real(cdf);
        }
        let [first, second, third] = [density, -0.5 * at * density, (at * at - 1.0) / 6.0 * density].map(real::<T>);
        real::<T>(cdf) + rest * (first + rest * (second + rest * third))
    }
}

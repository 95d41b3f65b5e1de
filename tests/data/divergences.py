"""High-precision reference values for the formulas of the crate: writes divergences.csv and special.csv beside itself.

Every value is computed from its textbook formula, as written, with 400 decimal digits, so that cancellation (about 2 * 300 / ln 10
digits at worst) leaves more than enough; the formulas share nothing with the rearranged ones in src/. Conjugates are suprema, found by solving
f'(u) = t, whatever their closed form may be. Values that over- or underflow a normal f64 are left out; the f32 tests leave out more.

Made with Python 3.11 and mpmath 1.3.0:  pip install mpmath==1.3.0 && python3 divergences.py
"""

from pathlib import Path

from mpmath import cosh, erfc, exp, log, mp, mpf, nstr, sqrt, tanh

mp.dps = 400
SMALLEST, LARGEST = mpf(2) ** -1022, mpf(2) ** 1023
INFINITY = mpf("inf")

# Every point is a double, and so is what Rust parses back from its shortest decimal form.
# The powers of two are f32 numbers as well.
POSITIVE = [2.0**-40, 2.0**-20, 2.0**-10, 0.125, 1e-9, 1e-6, 1e-3, 0.1, 0.25, 0.5, 0.75, 0.9999, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 33.5, 36.5,
            60.0, 80.0, 100.0, 345.0, 700.0]
POINTS = [-x for x in reversed(sorted(POSITIVE))] + sorted(POSITIVE)
# One with all its bits in use, at which c v is rounded for every c.
POINTS += [-679.3, -123.4567, 123.4567, 679.3]


class Divergence:
    """f, f' and f'' as functions of u, and the limits f(0), f'(0), f'(infinity)."""

    def __init__(self, f, slope, second, at_zero, slope_at_zero, slope_at_infinity):
        self.f, self.slope, self.second = f, slope, second
        self.at_zero, self.slope_at_zero, self.slope_at_infinity = at_zero, slope_at_zero, slope_at_infinity

    def conjugate(self, t):
        """The supremum of u t - f(u) over u >= 0; None if it is infinite."""
        if t <= self.slope_at_zero:
            return -self.at_zero
        if t >= self.slope_at_infinity:
            return None
        # f'(e^v) = t by bisection, then by Newton's method.
        low, high = mpf(-1), mpf(1)
        while self.slope(exp(low)) > t:
            low *= 2
        while self.slope(exp(high)) < t:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            if self.slope(exp(middle)) < t:
                low = middle
            else:
                high = middle
        v = (low + high) / 2
        for _ in range(6):
            u = exp(v)
            v -= (self.slope(u) - t) / (u * self.second(u))
        return exp(v) * t - self.f(exp(v))


def alpha(a):
    a = mpf(a)
    if a == 0:
        return reverse_kl
    if a == 1:
        return forward_kl
    return Divergence(
        lambda u: (u**a - 1 - a * (u - 1)) / (a * (a - 1)),
        lambda u: (u ** (a - 1) - 1) / (a - 1),
        lambda u: u ** (a - 2),
        1 / a if a > 0 else INFINITY,
        -1 / (a - 1) if a > 1 else -INFINITY,
        1 / (1 - a) if a < 1 else INFINITY,
    )


def scaled(c, d):
    return Divergence(lambda u: c * d.f(u), lambda u: c * d.slope(u), lambda u: c * d.second(u), c * d.at_zero, c * d.slope_at_zero, c * d.slope_at_infinity)


def t_power(t):
    t = mpf(t)
    sign = -1 if 0 < t < 1 else 1
    return Divergence(
        lambda u: sign * (u**t - 1) - sign * t * (u - 1),
        lambda u: sign * t * (u ** (t - 1) - 1),
        lambda u: sign * t * (t - 1) * u ** (t - 2),
        abs(t - 1) if t > 0 else INFINITY,
        -sign * t if t > 1 else -INFINITY,
        abs(t) if t < 1 else INFINITY,
    )


def weighted_jensen_shannon(w):
    w = mpf(w)

    def m(u):
        return 1 - w + w * u

    return Divergence(
        lambda u: w * u * log(u) - m(u) * log(m(u)),
        lambda u: w * log(u / m(u)),
        lambda u: w * (1 - w) / (u * m(u)),
        -(1 - w) * log(1 - w),
        -INFINITY,
        -w * log(w),
    )


LN_2 = log(mpf(2))
forward_kl = Divergence(lambda u: u * log(u) - u + 1, log, lambda u: 1 / u, mpf(1), -INFINITY, INFINITY)
reverse_kl = Divergence(lambda u: u - 1 - log(u), lambda u: 1 - 1 / u, lambda u: 1 / u**2, INFINITY, -INFINITY, mpf(1))
DIVERGENCES = {
    "forward_kl": forward_kl,
    "reverse_kl": reverse_kl,
    "jeffreys": Divergence(
        lambda u: (u - 1) * log(u), lambda u: log(u) + 1 - 1 / u, lambda u: 1 / u + 1 / u**2, INFINITY, -INFINITY, INFINITY
    ),
    "pearson_chi2": Divergence(lambda u: (u - 1) ** 2, lambda u: 2 * (u - 1), lambda u: mpf(2), mpf(1), mpf(-2), INFINITY),
    "neyman_chi2": Divergence(lambda u: (u - 1) ** 2 / u, lambda u: 1 - 1 / u**2, lambda u: 2 / u**3, INFINITY, -INFINITY, mpf(1)),
    "squared_hellinger": Divergence(
        lambda u: (sqrt(u) - 1) ** 2, lambda u: 1 - 1 / sqrt(u), lambda u: 1 / (2 * u * sqrt(u)), mpf(1), -INFINITY, mpf(1)
    ),
    "jensen_shannon": Divergence(
        lambda u: u * log(u) - (1 + u) * log((1 + u) / 2), lambda u: log(2 * u / (1 + u)), lambda u: 1 / (u * (1 + u)), LN_2, -INFINITY, LN_2
    ),
    "soft_forward_kl": Divergence(
        lambda u: (1 + u) * log((1 + u) / 2) + 1 - u, lambda u: log((1 + u) / 2), lambda u: 1 / (1 + u), 1 - LN_2, -LN_2, INFINITY
    ),
    "soft_reverse_kl": Divergence(
        lambda u: (1 + u) * log((1 + u) / (2 * u)) + u - 1,
        lambda u: log((1 + u) / (2 * u)) + 1 - 1 / u,
        lambda u: 1 / (u**2 * (1 + u)),
        INFINITY,
        -INFINITY,
        1 - LN_2,
    ),
    "arithmetic_geometric": Divergence(
        lambda u: (1 + u) * log((1 + u) / (2 * sqrt(u))),
        lambda u: log((1 + u) / (2 * sqrt(u))) + 1 - (1 + u) / (2 * u),
        lambda u: (1 + u**2) / (2 * u**2 * (1 + u)),
        INFINITY,
        -INFINITY,
        INFINITY,
    ),
    "triangular": Divergence(
        lambda u: (u - 1) ** 2 / (1 + u), lambda u: 1 - 4 / (1 + u) ** 2, lambda u: 8 / (1 + u) ** 3, mpf(1), mpf(-3), mpf(1)
    ),
    "modified_gan": Divergence(
        lambda u: log((1 + u) / (2 * u)) + (u - 1) / 2,
        lambda u: 1 / (1 + u) - 1 / u + mpf(1) / 2,
        lambda u: 1 / u**2 - 1 / (1 + u) ** 2,
        INFINITY,
        -INFINITY,
        mpf(1) / 2,
    ),
    # Not differentiable at 1: values only, and conjugates by hand.
    "total_variation": Divergence(lambda u: abs(u - 1) / 2, None, None, mpf(1) / 2, None, mpf(1) / 2),
    "log1p_abs": Divergence(lambda u: u - 1 if u >= 1 else 1 / u - 1, None, None, INFINITY, None, mpf(1)),
}
# The parameters as Rust prints them.
for a in ["-1.3", "-0.5", "0", "0.000000001", "0.3", "0.75", "1", "1.6", "2.5"]:
    DIVERGENCES[f"alpha({a})"] = alpha(float(a))
for t in ["-0.5", "0.4", "1.5"]:
    DIVERGENCES[f"t_power({t})"] = t_power(float(t))
for w in ["0.01", "0.3", "0.9"]:
    DIVERGENCES[f"weighted_jensen_shannon({w})"] = weighted_jensen_shannon(float(w))


SPECIAL = {
    "softplus": lambda x: log(1 + exp(x)),
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "mix_sigmoid(0.3)": lambda x: mpf(0.3) * exp(x) / (1 - mpf(0.3) + mpf(0.3) * exp(x)),
    "mix_sigmoid(0.999)": lambda x: mpf(0.999) * exp(x) / (1 - mpf(0.999) + mpf(0.999) * exp(x)),
    "ln_mix_exp(0.5)": lambda x: log((1 + exp(x)) / 2),
    "ln_mix_exp(0.001)": lambda x: log(1 - mpf(0.001) + mpf(0.001) * exp(x)),
    "ln_mix_exp(0.9)": lambda x: log(1 - mpf(0.9) + mpf(0.9) * exp(x)),
    "ln_cosh": lambda x: log(cosh(x)),
    "exp_m1_mx": lambda x: exp(x) - 1 - x,
    "x_exp_m_exp_m1": lambda x: x * exp(x) - (exp(x) - 1),
    "scaled_exp(0.7)": lambda x: exp(mpf(0.7) * x),
    "scaled_exp_m1(-0.6)": lambda x: (exp(mpf(-0.6) * x) - 1) / mpf(-0.6),
    "scaled_exp_m1(0.000001)": lambda x: (exp(mpf(1e-6) * x) - 1) / mpf(1e-6),
    "scaled_ln_1p(0.4)": lambda x: log(1 + mpf(0.4) * x) / mpf(0.4) if mpf(0.4) * x > -1 else None,
    "alpha_generator(0.3)": lambda x: alpha(0.3).f(exp(x)),
    "alpha_generator(1.000001)": lambda x: alpha(1.000001).f(exp(x)),
    "tanh": tanh,
    "normal_cdf": lambda x: erfc(-x / sqrt(2)) / 2,
}


def fits(value):
    return value is not None and SMALLEST <= abs(value) <= LARGEST


def write(name, header, rows):
    lines = [f"{label},{function},{point!r},{nstr(value, 20, min_fixed=1, max_fixed=0)}\n"
             for label, function, point, value in rows if fits(value)]
    Path(__file__).with_name(name).write_text(header + "".join(lines))
    print(name, len(lines))


def divergence_rows():
    for name, d in DIVERGENCES.items():
        for v in POINTS:
            u = exp(mpf(v))
            yield name, "value", v, d.f(u)
            if d.slope is None:
                continue
            yield name, "real", v, d.slope(u)
            yield name, "fake", v, u * d.slope(u) - d.f(u)
            yield name, "curvature", v, u**2 * d.second(u)
            # At t = v as such, not at f'(e^v).
            if abs(v) <= 100:
                yield name, "conjugate", v, d.conjugate(mpf(v))
    for t in POINTS:
        if t <= 0.5:
            yield "total_variation", "conjugate", t, mpf(max(t, -0.5))
        if t <= 1:
            yield "log1p_abs", "conjugate", t, mpf(t) if t >= -1 else 1 - 2 * sqrt(-mpf(t))


def special_rows():
    for name, function in SPECIAL.items():
        for x in POINTS:
            yield "special", name, x, function(mpf(x))


write("divergences.csv", "divergence,function,v,value\n", divergence_rows())
write("special.csv", "room,function,x,value\n", special_rows())

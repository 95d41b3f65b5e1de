"""High-precision reference values for the formulas of the crate: writes divergences.csv and special.csv beside itself.

Every value is computed from its textbook formula, as written, with 400 decimal digits, so that cancellation (about 2 * 300 / ln 10
digits at worst) leaves more than enough; the formulas share nothing with the rearranged ones in src/. Values that over- or underflow a normal
f64 are left out; the f32 tests leave out more.

Made with Python 3.11 and mpmath 1.3.0:  pip install mpmath==1.3.0 && python3 divergences.py
"""

from pathlib import Path

from mpmath import exp, findroot, log, mp, mpf, nstr, sqrt, tanh

mp.dps = 400
SMALLEST, LARGEST = mpf(2) ** -1022, mpf(2) ** 1023

# Every point is a double, and so is what Rust parses back from its shortest decimal form.
# The powers of two are f32 numbers as well.
POSITIVE = [2.0**-40, 2.0**-20, 2.0**-13, 2.0**-10, 2.0**-7, 0.125, 1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9999, 1.0, 1.0001, 1.5, 2.0, 5.0, 10.0, 20.0, 30.0,
            33.5, 36.5, 50.0, 60.0, 80.0, 100.0, 300.0, 345.0, 700.0]
POINTS = [-x for x in reversed(sorted(POSITIVE))] + sorted(POSITIVE)


def forward_kl(u):
    return u * log(u) - u + 1, log(u), 1 / u, lambda t: exp(t) - 1


def reverse_kl(u):
    return u - 1 - log(u), 1 - 1 / u, 1 / u**2, lambda t: -log(1 - t)


def pearson_chi2(u):
    return (u - 1) ** 2, 2 * (u - 1), mpf(2), lambda t: t + t**2 / 4 if t >= -2 else mpf(-1)


def neyman_chi2(u):
    return (u - 1) ** 2 / u, 1 - 1 / u**2, 2 / u**3, lambda t: 2 - 2 * sqrt(1 - t)


def jensen_shannon(u):
    return u * log(u) - (1 + u) * log((1 + u) / 2), log(2 * u / (1 + u)), 1 / (u * (1 + u)), lambda t: -log(2 - exp(t))


def soft_reverse_kl(u):
    # f'(u) = ln((1 + u)/(2u)) + 1 - 1/u; no conjugate in closed form, so its column is left out.
    return (1 + u) * log((1 + u) / (2 * u)) + u - 1, log((1 + u) / (2 * u)) + 1 - 1 / u, 1 / (u**2 * (1 + u)), None


def soft_forward_kl(u):
    ln2 = log(mpf(2))
    f = (1 + u) * log((1 + u) / 2) + 1 - u
    return f, log((1 + u) / 2), 1 / (1 + u), lambda t: 2 * (exp(t) - 1) - t if t >= -ln2 else ln2 - 1


DIVERGENCES = [forward_kl, reverse_kl, pearson_chi2, neyman_chi2, jensen_shannon, soft_reverse_kl, soft_forward_kl]


def inverse_2_exp_m1_mx(t):
    """The x > -ln 2 with 2 (e^x - 1) - x = t."""
    lowest = log(mpf(2)) - 1
    if t <= lowest:
        return None
    start = -log(mpf(2)) + sqrt(2 * (t - lowest)) if t < 4 else log(1 + t / 2)
    return findroot(lambda x: 2 * (exp(x) - 1) - x - t, start, solver="newton", df=lambda x: 2 * exp(x) - 1, tol=mpf(10) ** -700,
                    maxsteps=200)


SPECIAL = {
    "softplus": lambda x: log(1 + exp(x)),
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "ln_mean_exp": lambda x: log((1 + exp(x)) / 2),
    "exp_m1_mx": lambda x: exp(x) - 1 - x,
    "x_exp_m_exp_m1": lambda x: x * exp(x) - (exp(x) - 1),
    "inverse_2_exp_m1_mx": inverse_2_exp_m1_mx,
    "tanh": tanh,
}


def fits(value):
    return value is not None and SMALLEST <= abs(value) <= LARGEST


def write(name, header, rows):
    lines = [f"{label},{function},{point!r},{nstr(value, 25, min_fixed=1, max_fixed=0)}\n"
             for label, function, point, value in rows if fits(value)]
    Path(__file__).with_name(name).write_text(header + "".join(lines))
    print(name, len(lines))


def divergence_rows():
    for divergence in DIVERGENCES:
        for v in POINTS:
            u = exp(mpf(v))
            f, slope, second, conjugate = divergence(u)
            name = divergence.__name__
            yield name, "value", v, f
            yield name, "real", v, slope
            yield name, "fake", v, u * slope - f
            yield name, "curvature", v, u**2 * second
            if conjugate is not None:
                # At t = v as such, not at f'(e^v).
                limit = {"reverse_kl": 1, "neyman_chi2": 1, "jensen_shannon": log(mpf(2))}.get(name)
                if limit is None or v < limit:
                    yield name, "conjugate", v, conjugate(mpf(v))


def special_rows():
    for name, function in SPECIAL.items():
        for x in POINTS:
            yield "special", name, x, function(mpf(x))
        if name == "inverse_2_exp_m1_mx":
            for x in [-0.3068, -0.306, -0.3, -0.29, -0.2, 3.9, 3.999, 4.0, 4.1, 1e6, 1e30, 1e300]:
                yield "special", name, x, function(mpf(x))


write("divergences.csv", "divergence,function,v,value\n", divergence_rows())
write("special.csv", "room,function,x,value\n", special_rows())

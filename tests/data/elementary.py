"""Smooth functions to three times the digits of a double, for `tests/elementary.rs`: writes elementary.csv beside itself.

A row is the function, x, the value rounded to a double, and what the rounding lost, in units of the last place of the rounded value. Of every function
there are points near 0, over its bends, where branches of its algorithm meet, and far out on both sides.

Made with Python 3.11 and mpmath 1.4.1:
    pip install mpmath==1.4.1 && python3 elementary.py
"""

import math
import pathlib
import random

import mpmath

mpmath.mp.prec = 200
random.seed(2)


def uniform(low, high, count):
    return [float(f"{random.uniform(low, high):.9g}") for _ in range(count)]


def tiny(count, low=-1000):
    return [random.choice([-1, 1]) * float(f"{2.0 ** random.uniform(low, -3):.9g}") for _ in range(count)]


def around(places):
    """Just beside some places, on both sides of 0."""
    return [sign * place * (1 + step * 2.0**-n) for place in places for n in (50, 30, 12) for step in (-1, 1) for sign in (-1, 1)]


def ln_1p(x):
    return mpmath.log(1 + mpmath.mpf(x)) if abs(x) > 2.0**-60 else mpmath.log1p(x)


def sigmoid_slope(x):
    e = mpmath.exp(-abs(x))
    return e / (1 + e) ** 2


def ln_cosh(x):
    size = abs(x)
    return ln_1p(2 * mpmath.sinh(size / 2) ** 2) if size < 1 else size + ln_1p(mpmath.exp(-2 * size)) - mpmath.log(2)


def normal_pdf(x):
    return mpmath.exp(-mpmath.mpf(x) ** 2 / 2) / mpmath.sqrt(2 * mpmath.pi)


def normal_cdf(x):
    return mpmath.erfc(-mpmath.mpf(x) / mpmath.sqrt(2)) / 2


half_ln_2 = [(n + 0.5) * math.log(2) for n in range(0, 4)]  # where another power of 2 is taken out
everywhere = [*tiny(200), *tiny(100, -60), *uniform(-1, 1, 300), *uniform(-4, 4, 400), *uniform(-40, 40, 200), *around(half_ln_2)]

FUNCTIONS = {
    "exp_m1": (mpmath.expm1, [*everywhere, *uniform(36, 38, 50), *uniform(-750, 709.7, 200), 709.782]),
    "ln": (
        mpmath.log,
        [
            *uniform(0.4, 2.1, 500),
            *[1 + x for x in tiny(200, -50)],
            *[random.uniform(1, 2) * 2.0 ** random.randint(-1022, 1023) for _ in range(300)],
            *[random.randrange(1, 2**53) * 2.0**-1074 for _ in range(50)],  # subnormal numbers and the first that are not
            *[random.randrange(1, 2**20) * 2.0**-1074 for _ in range(50)],
        ],
    ),
    "ln_1p": (
        ln_1p,
        [
            *tiny(300),
            *uniform(-0.99, 1, 500),
            *uniform(0.9, 60, 200),
            *[-1 + abs(x) for x in tiny(100, -52)],
            *[random.uniform(1, 2) * 2.0 ** random.randint(0, 1023) for _ in range(200)],
            *around([math.sqrt(2) - 1, 1 - math.sqrt(0.5)]),
        ],
    ),
    "tanh": (mpmath.tanh, [*everywhere, *[x / 2 for x in around(half_ln_2)], *around([math.atanh(0.5), 0.5493, 19, 20])]),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), [*everywhere, *uniform(-708, -30, 100)]),
    "softplus": (lambda x: ln_1p(mpmath.exp(x)), [*everywhere, *uniform(-708, -30, 100), *uniform(40, 900, 50)]),
    "ln_cosh": (ln_cosh, [*[x for x in everywhere if abs(x) > 2.0**-500], *around([2]), *uniform(-900, 900, 100)]),
    "one_m_exp_m": (lambda x: -mpmath.expm1(-x), [*everywhere, *uniform(-709.7, 750, 200)]),
    "one_m_square": (lambda x: (1 - x) * (1 + x), [*everywhere, *[sign + x for x in tiny(100, -52) for sign in (-1, 1)]]),
    "sigmoid_slope": (sigmoid_slope, [*everywhere, *uniform(-700, 700, 100)]),
    "normal_pdf": (normal_pdf, [*everywhere, *uniform(-38.6, 38.6, 300)]),
    "normal_cdf": (normal_cdf, [*everywhere, *uniform(-38.5, -4, 300), *uniform(4, 50, 50)]),
}

with open(pathlib.Path(__file__).with_suffix(".csv"), "w") as file:
    file.write("function,x,value,lost\n")
    for name, (function, points) in FUNCTIONS.items():
        for x in points:
            exact = mpmath.mpf(function(mpmath.mpf(x)))
            value = float(exact)
            file.write(f"{name},{x!r},{value!r},{float((exact - value) / math.ulp(value)):.4f}\n")

"""Exponentials and logarithms to twice the digits of a double, for the tests of `src/vector`: writes vector.csv beside itself.

A row is the function, x, the value rounded to a double, and what the rounding lost, in units of the last place of the rounded value.

Made with Python 3.11 and mpmath 1.4.1:
    pip install mpmath==1.4.1 && python3 vector.py
"""

import math
import pathlib
import random

import mpmath

mpmath.mp.prec = 200
random.seed(1)

exp = [random.uniform(-745, 709.7) for _ in range(500)]  # all that neither over- nor underflows
exp += [random.uniform(-40, 0) for _ in range(500)]  # terms of a sum below its largest
exp += [random.uniform(-0.35, 0.35) for _ in range(200)]  # no power of 2 is taken out
exp += [random.uniform(-745, -707) for _ in range(200)]  # gradual underflow
exp += [sign * 2.0**-n for n in range(0, 80, 4) for sign in (-1, 1)]
ln = [random.uniform(1, 2) for _ in range(500)]  # sums of two exponentials
ln += [random.uniform(0.5, 50) for _ in range(400)]
ln += [1 + sign * 2.0**-n for n in range(2, 52, 2) for sign in (-1, 1)]  # near the zero
ln += [random.uniform(1, 2) * 2.0 ** random.randint(-1022, 1023) for _ in range(200)]

with open(pathlib.Path(__file__).with_suffix(".csv"), "w") as file:
    file.write("function,x,value,lost\n")
    for name, function, points in [("exp", mpmath.exp, exp), ("ln", mpmath.log, ln)]:
        for x in points:
            exact = function(mpmath.mpf(x))
            value = float(exact)
            file.write(f"{name},{x!r},{value!r},{float((exact - value) / math.ulp(value))!r}\n")

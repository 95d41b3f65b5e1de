"""Reference values for the laws: writes distribution.csv beside itself.

Kernel density estimates, multivariate t and normal laws are SciPy's; conditional Gaussians are the textbook formula, inverse and all, with 60 decimal digits.
Every number that goes in is written out as well, so that the test reads both sides from the file.

A line is: what, then numbers. Matrices are written row by row.

Made with Python 3.11, NumPy 2.4.6, SciPy 1.17.1 and mpmath 1.4.1:
    pip install numpy==2.4.6 scipy==1.17.1 mpmath==1.4.1 && python3 distribution.py
"""

from pathlib import Path

import numpy as np
from mpmath import matrix, mp, mpf
from scipy.stats import gaussian_kde, multivariate_normal, multivariate_t

mp.dps = 60
rng = np.random.default_rng(1)
lines = []


def write(what, *numbers):
    flat = [float(x) for part in numbers for x in np.ravel(part)]
    lines.append(",".join([what, *map(repr, flat)]))


def spread(d):
    """A covariance of moderate condition."""
    root = np.tril(rng.uniform(-1, 1, (d, d)), -1) + np.diag(rng.uniform(0.5, 2, d))
    return root @ root.T


for d in (1, 2):
    data = rng.normal(size=(40, d)) @ np.linalg.cholesky(spread(d)).T + 3
    weights = rng.uniform(0.1, 2, 40)
    at = rng.uniform(-3, 9, (12, d))
    write(f"kde{d} data", data)
    write(f"kde{d} weights", weights)
    write(f"kde{d} at", at)
    for rule in ("scott", "silverman", 0.3):
        for name, given in (("equal", None), ("weighted", weights)):
            kde = gaussian_kde(data.T, bw_method=rule, weights=given)
            write(f"kde{d} {rule} {name} covariance", kde.covariance)
            write(f"kde{d} {rule} {name} ln_pdf", kde.logpdf(at.T))
            if d == 1:
                cdf = [kde.integrate_box_1d(-np.inf, x) for x in at[:, 0]]
                write(f"kde1 {rule} {name} cdf", cdf)

for d in (1, 2, 3, 6):
    mean, covariance = rng.uniform(-2, 2, d), spread(d)
    at = rng.uniform(-6, 6, (8, d))
    write(f"law{d} mean", mean)
    write(f"law{d} covariance", covariance)
    write(f"law{d} at", at)
    write(f"normal{d} ln_pdf", multivariate_normal(mean, covariance).logpdf(at))
    write(f"normal{d} entropy", multivariate_normal(mean, covariance).entropy())
    for df in (0.5, 1.0, 2.5, 10.0, 31.5, 33.0):
        write(f"t{d} {df} ln_pdf", multivariate_t(mean, covariance, df).logpdf(at))

# Given some coordinates, in any order: mean m2 + S21 S11^-1 (x - m1), covariance S22 - S21 S11^-1 S12.
mean, covariance = rng.uniform(-2, 2, 5), spread(5)
write("conditional mean", mean)
write("conditional covariance", covariance)
for chosen in ([0], [4], [3, 1], [2, 0, 4], [1, 4, 0, 2]):
    rest = [i for i in range(5) if i not in chosen]
    values = rng.uniform(-4, 4, len(chosen))
    block = lambda rows, columns: matrix([[mpf(covariance[i, j]) for j in columns] for i in rows])
    column = lambda xs: matrix([mpf(x) for x in xs])
    regression = block(rest, chosen) * block(chosen, chosen) ** -1
    given = column(mean[rest]) + regression * (column(values) - column(mean[chosen]))
    left = block(rest, rest) - regression * block(chosen, rest)
    name = "".join(map(str, chosen))
    write(f"conditional {name} values", values)
    write(f"conditional {name} given mean", [float(x) for x in given])
    write(f"conditional {name} given covariance", [float(x) for x in left])

Path(__file__).with_suffix(".csv").write_text("\n".join(lines) + "\n")

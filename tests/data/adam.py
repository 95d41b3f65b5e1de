"""Adam by Algorithm 1 of Kingma and Ba (2015), in decimal arithmetic of 60 digits: the oracle of tests/optim.rs.

    python3 tests/data/adam.py > tests/data/adam.csv

The gradients are given, not computed from the parameters; they are printed with 17 digits, and the floats that these digits name are
what both sides use. The decay rates are the exact values of the floats 0.9, 0.999 and so on.
"""

from decimal import Decimal, getcontext
from math import cos, sin

getcontext().prec = 60

RATE, EPSILON = Decimal(0.01), Decimal(1e-8)
SETTINGS = [(0.9, 0.999), (0.5, 0.9)]
START = [1.0, -2.0, 0.25]
STEPS = 100


def gradients(t):
    """A smooth one, one that changes sign often and by size, and one so small that epsilon matters."""
    return [sin(0.3 * t) + 0.5, 40.0 * cos(2.1 * t) ** 3, 3e-8 * sin(0.05 * t + 1.0)]


print("beta1,beta2,step,g0,g1,g2,x0,x1,x2")
for beta1, beta2 in SETTINGS:
    b1, b2 = Decimal(beta1), Decimal(beta2)
    theta = [Decimal(x) for x in START]
    m, v = [Decimal(0)] * 3, [Decimal(0)] * 3
    for t in range(1, STEPS + 1):
        g = gradients(t)
        for i in range(3):
            m[i] = b1 * m[i] + (1 - b1) * Decimal(g[i])
            v[i] = b2 * v[i] + (1 - b2) * Decimal(g[i]) ** 2
            m_hat = m[i] / (1 - b1**t)
            v_hat = v[i] / (1 - b2**t)
            theta[i] -= RATE * m_hat / (v_hat.sqrt() + EPSILON)
        print(",".join([repr(beta1), repr(beta2), str(t)] + [repr(x) for x in g] + [repr(float(x)) for x in theta]))

"""The polynomials of `src/vector/fraction.rs` and `src/vector/normal.rs`, by Remez's exchange: prints their coefficients, and the largest error relative to
what they are part of.

Made with Python 3.11 and mpmath 1.4.1:
    pip install mpmath==1.4.1 && python3 minimax.py
"""

import struct

import mpmath as mp

mp.mp.prec = 300


def exchanged(grid, errors, count):
    """As many places of the largest errors, of signs in turn."""
    points, start = [], 0
    while start < len(grid):
        end = start
        while end < len(grid) and (errors[end] >= 0) == (errors[start] >= 0):
            end += 1
        points.append(max(range(start, end), key=lambda n: abs(errors[n])))
        start = end
    while len(points) > count:
        points.pop(0 if abs(errors[points[0]]) < abs(errors[points[-1]]) else -1)
    return [grid[n] for n in points]


def minimax(function, weight, upper, terms):
    """The c for which the largest |weight(t) (Σ cₙ tⁿ − function(t))| of t up to `upper` is least, and how large it is."""
    points = [upper * (1 - mp.cos(mp.pi * (n + mp.mpf("0.5")) / (terms + 1))) / 2 for n in range(terms + 1)]
    grid = [upper * (1 - mp.cos(mp.pi * mp.mpf(n) / 400)) / 2 for n in range(1, 401)]
    for _ in range(12):
        # Errors of one size, with signs in turn, at the points; then the points go to where the errors are largest.
        rows = mp.matrix([[t**n for n in range(terms)] + [(-1) ** i / weight(t)] for i, t in enumerate(points)])
        c = list(mp.lu_solve(rows, mp.matrix([function(t) for t in points])))[:terms]
        errors = [weight(t) * (mp.polyval(c[::-1], t) - function(t)) for t in grid]
        points = exchanged(grid, errors, terms + 1)
    return c, max(map(abs, errors))


def rational(function, upper, degree):
    """The P and Q of a degree, both 1 at 0 as the function is, for which the largest |P(x)/(Q(x) function(x)) − 1| of x up to `upper` is least, and how large
    it is."""
    # Close together near 0, where the function bends.
    places = [(1 - mp.cos(mp.pi * mp.mpf(n) / 1500)) * upper / (upper + 2) for n in range(1, 1501)]
    grid = [2 * t / (2 - t) for t in places]
    values = {x: function(x) for x in grid}
    count = 2 * degree + 1
    points = [grid[int(len(grid) * (n + 0.5) / count)] for n in range(count)]
    p, q, error = [mp.mpf(1)], [mp.mpf(1)], mp.mpf(0)
    for _ in range(30):
        # P − Q f (1 ± e) = 0 at the points, where the product of e and Q is linear about what they are so far.
        rows, right = [], []
        for i, x in enumerate(points):
            sign, f = (-1) ** i, values[x]
            level = f * (1 + sign * error)
            powers = [x**n for n in range(1, degree + 1)]
            rows.append([*powers, *[-level * power for power in powers], -sign * f * mp.polyval(q[::-1], x)])
            right.append(level - 1)
        *found, change = mp.lu_solve(mp.matrix(rows), mp.matrix(right))
        p, q, error = [mp.mpf(1), *found[:degree]], [mp.mpf(1), *found[degree:]], error + change
        errors = [mp.polyval(p[::-1], x) / (mp.polyval(q[::-1], x) * values[x]) - 1 for x in grid]
        if abs(change) < abs(error) / 10**6:
            points = exchanged(grid, errors, count)
    return p, q, max(map(abs, errors))


def even(z):
    """(r coth(r/2) − 2)/z, z = r²."""
    r = mp.sqrt(z)
    return (r * mp.coth(r / 2) - 2) / z


def artanh(t):
    """(2 artanh ½ q − q)/q³, t = q²."""
    q = mp.sqrt(t)
    return (2 * mp.atanh(q / 2) - q) / (q * t)


def tail(x):
    """2 (1 + x) Φ(−x) e^(x²/2)."""
    return (1 + x) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2))


def shortest(x, form):
    """Rounded, and in as few digits as tell it from its neighbours."""
    (rounded,) = struct.unpack(form, struct.pack(form, float(x)))
    texts = (f"{rounded:.{digits}e}" for digits in range(17))
    return next(text for text in texts if struct.pack(form, float(text)) == struct.pack(form, rounded)).replace("e-0", "e-").replace("e+0", "e")


def show(name, c, error):
    numbers = ", ".join(shortest(x, name[-3:].replace("f64", "d").replace("f32", "f")) for x in c)
    print(f"{name}: {numbers} (2^{mp.nstr(mp.log(error, 2), 4)})")


half_ln_2, ln_3, two_thirds = mp.mpf("0.3467"), mp.mpf("1.0987"), mp.mpf(2) / 3
for name, function, weight, upper, terms in [
    ("even, f64", even, lambda z: z / 2, half_ln_2**2, 5),
    ("even, f32", even, lambda z: z / 2, half_ln_2**2, 2),
    ("wide_even, f64", even, lambda z: z / 2, ln_3**2, 8),
    ("wide_even, f32", even, lambda z: z / 2, ln_3**2, 4),
    ("artanh, f64", artanh, lambda t: t, two_thirds**2, 10),
    ("artanh, f32", artanh, lambda t: t, two_thirds**2, 4),
]:
    c, error = minimax(function, weight, upper, terms)
    show(name, c, error)

for name, upper, degree in [("f64", "38.6", 10), ("f32", "14.4", 5)]:
    p, q, error = rational(tail, mp.mpf(upper), degree)
    show(f"above, {name}", [a - b for a, b in zip(p, q)][1:], error)
    show(f"below, {name}", q, error)

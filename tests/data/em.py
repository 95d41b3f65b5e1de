"""EM of Gaussian mixtures by scikit-learn: writes em.csv beside itself, and its data: iris.csv, wine.csv, breast_cancer.csv.

Nothing is drawn. A start is rows of the data as means, equal weights, and the covariance of all rows as far as the structure holds
it; STEPS iterations follow, an E-step and an M-step each. The trace is the mean log-likelihood of a row before each M-step, scikit-learn's
`lower_bounds_`, and once more at the end. scikit-learn has no weights, so the weighted cases repeat rows; the file has both.

A line is: "data covariance k what", then numbers. Matrices are written row by row, one component after the other. A diagonal is a
row, a spherical covariance a number, and there is one tied covariance. Labels are those of all rows, scores are ln pdf of every 30th.

Everything is computed a second time with centred formulas and 64 bits of mantissa. How far scikit-learn is from that says what a test can
ask of anybody; the largest distances are printed, and must stay within DIGITS.

Made with Python 3.11 on x86-64 (for its 80-bit numbers), NumPy 2.4.6 and scikit-learn 1.9.1:
    pip install numpy==2.4.6 scikit-learn==1.9.1 && OMP_NUM_THREADS=1 python3 em.py
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

HERE = Path(__file__).parent
STEPS = 30
DIGITS = 1e-12
LONG = np.longdouble
lines = []


def write(what, *numbers):
    flat = [x for part in numbers for x in np.ravel(part).tolist()]
    lines.append(",".join([what, *map(repr, flat)]))


def data(name, source, columns, rows):
    """Writes the data as they are distributed, below a header that names them."""
    head = [f"# {source} Licence: CC BY 4.0.", "# " + ",".join(columns)]
    body = [",".join(repr(float(x)).removesuffix(".0") for x in row) for row in rows]
    (HERE / f"{name}.csv").write_text("\n".join(head + body) + "\n")
    assert np.array_equal(np.loadtxt(HERE / f"{name}.csv", delimiter=","), rows), name
    return rows


def structured(covariance, kind, k):
    """One covariance as the start of k components, in scikit-learn's shapes."""
    d = len(covariance)
    return {
        "full": np.tile(covariance, (k, 1, 1)),
        "tied": covariance,
        "diag": np.tile(np.diag(covariance), (k, 1)),
        "spherical": np.full(k, np.trace(covariance) / d),
    }[kind]


def matrices(covariances, kind, k, d):
    """The covariance matrix of each component."""
    if kind == "tied":
        return np.tile(covariances, (k, 1, 1))
    if kind == "full":
        return covariances
    return np.stack([np.eye(d, dtype=LONG) * c for c in covariances])


def ln_pdf(x, mean, covariance):
    """The normal log density, by a Cholesky factor and forward substitution that use no LAPACK."""
    d = len(mean)
    factor, z = np.zeros((d, d), LONG), (x - mean).T.copy()
    for j in range(d):
        factor[j, j] = np.sqrt(covariance[j, j] - factor[j, :j] @ factor[j, :j])
        factor[j + 1 :, j] = (covariance[j + 1 :, j] - factor[j + 1 :, :j] @ factor[j, :j]) / factor[j, j]
        z[j] = (z[j] - factor[j, :j] @ z[:j]) / factor[j, j]
    return -(z**2).sum(0) / 2 - np.log(np.diag(factor)).sum() - d * np.log(8 * np.arctan(LONG(1))) / 2


def again(x, row_weights, kind, reg_covar, weights, means, covariances):
    """The same EM in 80-bit numbers, with the weights of the rows in the sums: trace, weights, means, covariance matrices."""
    x, row_weights, means = LONG(x), LONG(row_weights), LONG(means)
    (k, d), trace = means.shape, []
    covariances = matrices(LONG(covariances), kind, k, d)
    for step in range(STEPS + 1):
        joint = np.log(LONG(weights))[:, None] + np.stack([ln_pdf(x, m, c) for m, c in zip(means, covariances)])
        total = np.log(np.exp(joint - joint.max(0)).sum(0)) + joint.max(0)
        trace.append(total @ row_weights / row_weights.sum())
        if step == STEPS:
            return np.array(trace), weights, means, covariances
        shares = np.exp(joint - total) * row_weights
        sizes = shares.sum(1)
        weights, means = sizes / row_weights.sum(), shares @ x / sizes[:, None]
        scatters = np.stack([(s * (x - m).T) @ (x - m) for s, m in zip(shares, means)])
        spreads = scatters.sum(0) / row_weights.sum() if kind == "tied" else scatters / sizes[:, None, None]
        if kind == "diag":
            spreads = np.diagonal(spreads, axis1=1, axis2=2)
        if kind == "spherical":
            spreads = np.trace(spreads, axis1=1, axis2=2) / d
        covariances = matrices(spreads, kind, k, d) + reg_covar * np.eye(d, dtype=LONG)


def case(name, x, kind, k, reg_covar, row_weights=None):
    n, d = x.shape
    name = f"{name} {kind} {k}"
    counts = np.ones(n, int) if row_weights is None else row_weights
    repeated = np.repeat(x, counts, axis=0)
    means = x[[(2 * j + 1) * n // (2 * k) for j in range(k)]]
    start = np.full(k, 1 / k), means, structured(np.cov(x.T, bias=True), kind, k)

    law = GaussianMixture(k, covariance_type=kind, reg_covar=reg_covar)
    law.weights_, law.means_, law.covariances_ = start
    law.precisions_cholesky_ = _compute_precision_cholesky(law.covariances_, kind)
    trace = []
    for _ in range(STEPS):
        mean_ln_likelihood, ln_shares = law._e_step(repeated)
        trace.append(mean_ln_likelihood)
        law._m_step(repeated, ln_shares)
    trace.append(law.score(repeated))

    write(f"{name} reg_covar", reg_covar)
    for what, numbers in zip(("weights", "means", "covariances"), start):
        write(f"{name} start {what}", numbers)
    write(f"{name} trace", trace)
    write(f"{name} weights", law.weights_)
    write(f"{name} means", law.means_)
    write(f"{name} covariances", law.covariances_)
    write(f"{name} parameters", law._n_parameters())
    write(f"{name} aic", law.aic(repeated))
    write(f"{name} bic", law.bic(repeated))
    write(f"{name} labels", law.predict(x))
    write(f"{name} scores", law.score_samples(x[::30]))

    # Labels are the same for everybody where the two best components are apart.
    best = np.sort(law.predict_proba(x), axis=1)
    assert (best[:, -1] - best[:, -2]).min() > 1e-4, name
    long_trace, long_weights, long_means, long_covariances = again(x, counts, kind, reg_covar, *start)
    sizes = np.sqrt(np.diagonal(long_covariances, axis1=1, axis2=2))
    found = matrices(law.covariances_, kind, k, d)
    return [
        abs(trace - long_trace).max(),
        abs(law.weights_ - long_weights).max(),
        (abs(law.means_ - long_means) / sizes).max(),
        (abs(found - long_covariances) / (sizes[:, :, None] * sizes[:, None, :])).max(),
    ]


iris, wine, cancer = load_iris(), load_wine(), load_breast_cancer()
columns = [0, 1, 4, 5, 8]
UCI = "https://archive.ics.uci.edu/dataset"
IRIS = f"Iris, R. A. Fisher (1936), {UCI}/53/iris, with two values corrected as in R and scikit-learn."
WINE = f"Wine, S. Aeberhard and M. Forina (1991), {UCI}/109/wine."
CANCER = f"Breast Cancer Wisconsin (Diagnostic), W. Wolberg et al. (1993), {UCI}/17, five of its columns."
sets = [
    ("iris", data("iris", IRIS, iris.feature_names, iris.data), 0.0),
    ("wine", data("wine", WINE, wine.feature_names, wine.data), 1e-6),
    # Unlike the first two: groups that overlap, units apart by a factor of 300, a reg_covar that is half a variance: with it
    # the likelihood need not rise.
    ("breast_cancer", data("breast_cancer", CANCER, cancer.feature_names[columns], cancer.data[:, columns]), 1e-4),
]
row_weights = np.arange(len(iris.data)) * 7 % 4
write("weighted_iris row weights", row_weights)

print(f"{'farthest from 64 bits of mantissa':<36}{'trace':>9}{'weights':>9}{'means':>9}{'covariances':>13}")
for kind in ("full", "tied", "diag", "spherical"):
    cases = [(name, x, kind, k, reg_covar) for name, x, reg_covar in sets for k in (2, 3)]
    for arguments in [*cases, ("weighted_iris", iris.data, kind, 3, 0.0, row_weights)]:
        name, _, _, k, *_ = arguments
        trace, weights, means, covariances = case(*arguments)
        print(f"{name:<16}{kind:<12}{k:<8}{trace:>9.0e}{weights:>9.0e}{means:>9.0e}{covariances:>13.0e}")
        assert max(trace, weights, means, covariances) < DIGITS, name

(HERE / "em.csv").write_text("\n".join(lines) + "\n")

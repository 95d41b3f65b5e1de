"""The contestants that are Python's. src/python.rs starts this and says what to do, a line at a time, with tabs between words; answers end with a line ".".

    versions
    prepare TASK DIRECTORY SIZE...    reads what is there and warms up; a line for each contestant: its name and "ready" with a note, or why it
                                      cannot, or "*" and why none can
    run NAME                          seconds, and the number that all contestants must agree on

Sizes are rows, columns and components; for the training loop rows, batch, width, iterations and the bits of a number. DIRECTORY has numbers of 8 bytes: `rows`, one column after the other, `law`, which gives weights, means and covariances of a mixture, and
`start`, a mixture as well. What a user would do once is done before the clock starts: rows lie in memory as NumPy has them,
precisions are factorised, functions are compiled.
"""

import gc
import sys
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import training

warnings.filterwarnings("ignore")
OUT, sys.stdout = sys.stdout, sys.stderr  # whatever libraries print is no answer


def mixture(file, d, k):
    import numpy as np

    weights, means, covariances = np.split(np.fromfile(file), [k, k + k * d])
    return weights, means.reshape(k, d), covariances.reshape(k, d, d)


def rows_of(file, n, d):
    import numpy as np

    return np.ascontiguousarray(np.fromfile(file).reshape(d, n).T)


def fitted(law):
    """scikit-learn's mixture, as if it had been fitted."""
    import numpy as np
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(len(law[0]), covariance_type="full")
    model.weights_, model.means_, model.covariances_ = law
    model.precisions_cholesky_ = np.stack([np.linalg.inv(np.linalg.cholesky(c)).T for c in law[2]])
    return model


def timed(work, check, times=1):
    """Seconds that the work takes, which is to do something so many times, each time, and the check of its result, which is not timed."""

    def run():
        start = time.perf_counter()
        result = work()
        return (time.perf_counter() - start) / times, check(result)

    return run


def sampling(directory, n, d, k):
    import numpy as np

    weights, means, covariances = law = mixture(directory / "law", d, k)
    rng = np.random.default_rng(1)

    def grouped():
        counts = rng.multinomial(n, weights)
        return np.concatenate([rng.multivariate_normal(m, c, size) for m, c, size in zip(means, covariances, counts)])

    first = lambda rows: rows[:, 0].mean()
    yield "numpy, grouped by component", lambda: timed(grouped, first)
    yield "numpy, in random order", lambda: timed(lambda: grouped()[rng.permutation(n)], first)

    def sklearn():
        model = fitted(law)
        return timed(lambda: model.sample(n)[0], first)

    yield "scikit-learn, grouped", sklearn


def mle(directory, n, d, k):
    import numpy as np

    x = rows_of(directory / "rows", n, d)

    def centred():
        mean = x.mean(axis=0)
        off = x - mean
        return mean, off.T @ off / n

    total = lambda fit: fit[0].sum() + fit[1].sum()
    yield "numpy, mean and centred XᵀX / n", lambda: timed(centred, total)
    yield "numpy, mean and cov", lambda: timed(lambda: (x.mean(axis=0), np.cov(x, rowvar=False, bias=True)), total)


def density(directory, n, d, k):
    import numpy as np

    weights, means, covariances = law = mixture(directory / "law", d, k)
    x = rows_of(directory / "rows", n, d)

    def jax():
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        inverses = np.stack([np.linalg.inv(np.linalg.cholesky(c)) for c in covariances])
        diagonals = np.diagonal(inverses, axis1=1, axis2=2)
        constants = np.log(weights) - d * np.log(2 * np.pi) / 2 + np.log(diagonals).sum(axis=1)

        @jax.jit
        def ln_pdf(x):
            whitened = [(x - m) @ inverse.T for m, inverse in zip(means, inverses)]
            terms = [c - (z**2).sum(axis=1) / 2 for c, z in zip(constants, whitened)]
            return jnp.logaddexp(*terms) if k == 2 else jax.nn.logsumexp(jnp.stack(terms), axis=0)

        there = jnp.asarray(x)
        return timed(lambda: jax.block_until_ready(ln_pdf(there)), mean)

    def sklearn():
        model = fitted(law)
        return timed(lambda: model.score_samples(x), mean)

    def scipy():
        from scipy.special import logsumexp
        from scipy.stats import multivariate_normal

        def ln_pdf():
            terms = [np.log(w) + multivariate_normal.logpdf(x, m, c) for w, m, c in zip(*law)]
            return logsumexp(np.stack(terms, axis=1), axis=1)

        return timed(ln_pdf, mean)

    mean = lambda ln_pdf: float(ln_pdf.mean())
    yield "jax, jitted by hand", jax
    yield "scikit-learn", sklearn
    yield "scipy", scipy


def em(directory, n, d, k):
    import numpy as np

    x = rows_of(directory / "rows", n, d)
    weights, means, covariances = mixture(directory / "start", d, k)

    def sklearn():
        from sklearn.mixture import GaussianMixture

        def fit(steps):
            model = GaussianMixture(k, covariance_type="full", max_iter=steps, tol=0.0, reg_covar=0.0)
            model.set_params(weights_init=weights, means_init=means, precisions_init=np.linalg.inv(covariances))
            start = time.perf_counter()
            model.fit(x)
            seconds = time.perf_counter() - start
            assert model.n_iter_ == steps
            return seconds, model

        def run():
            short, _ = fit(2)
            long, model = fit(12)
            return (long - short) / 10, model.score(x)

        return run

    yield "scikit-learn", sklearn


def trained(how, directory, n, batch, width, iterations, *arguments, **settings):
    def contestant():
        work, check, note = how(rows_of(directory / "rows", n, 2), batch, width, iterations, *arguments, **settings)
        return timed(work, check, iterations), note

    return contestant


def loop(directory, n, batch, width, iterations, bits):
    sizes = directory, n, batch, width
    yield "jax, one scan, trees, rbg", trained(training.by_jax, *sizes, iterations, bits, False, "rbg")
    yield "jax, one scan, flat, threefry", trained(training.by_jax, *sizes, iterations, bits, True, "threefry2x32")
    if bits == 32:
        few = iterations // 5  # it is slow
        yield "torch, eager", trained(training.by_torch, *sizes, few)
        yield "torch, eager, fused Adam", trained(training.by_torch, *sizes, few, fused=True)


def grid(directory, *sizes):
    yield "jax, one scan, flat, rbg", trained(training.by_jax, directory, *sizes, 32, True, "rbg")


TASKS = {"sampling": sampling, "mle": mle, "density": density, "em": em, "loop": loop, "grid": grid}
PACKAGES = ("numpy", "scipy", "scikit-learn", "jax", "torch")
ready = {}


def warmed(name, contestant):
    try:
        made = contestant()
        ready[name], note = made if isinstance(made, tuple) else (made, "")
        ready[name]()
        return f"ready {note}"
    except ImportError as error:
        return str(error)


def obey(command, arguments):
    if command == "versions":
        for name in PACKAGES:
            try:
                yield f"{name} {version(name)}"
            except PackageNotFoundError:
                yield f"no {name}"
    elif command == "prepare":
        ready.clear()
        task, directory, *sizes = arguments
        try:
            for name, contestant in TASKS[task](Path(directory), *map(int, sizes)):
                yield f"{name}\t{warmed(name, contestant)}"
        except ImportError as error:  # NumPy itself
            yield f"*\t{error}"
    else:
        seconds, check = ready[arguments[0]]()
        gc.collect()
        yield f"{seconds!r} {float(check)!r}"


gc.disable()
for line in sys.stdin:
    command, *arguments = line.strip().split("\t")
    for answer in obey(command, arguments):
        print(answer, file=OUT)
    print(".", file=OUT, flush=True)

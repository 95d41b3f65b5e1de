"""Reference values and gradients of layers, computed by the layers of JAX's stax in double precision: writes stax.json beside itself.

Made with Python 3.11, jax 0.10.2 and numpy 2.4.6:  pip install jax==0.10.2 numpy==2.4.6 && python3 stax.py

A case is a layer with its options, parameters, an input, the output, a cotangent, and the gradients of sum(cotangent * output) by jax.vjp.
Arrays are flat, the last axis fastest; parameters carry the shapes that stax gives them. Images are NHWC, kernels HWIO (signals NHC, HIO).
An option that is not there has the default of stax: strides of 1, padding VALID. A combinator lists its parts under "layers"; its parameters are
named by position, "1.0.weight" being the weight of branch 0 of part 1. Numbers that are drawn are rounded to a few decimals,
and each case draws from a generator seeded by its name, so that a new case leaves the others as they are.

Two layers are not in stax and are written out here: LayerNorm, and BatchNormEvaluate, which is BatchNorm with given moments.
Numbers are those of XLA on a CPU: about 1e-15 of the largest term that goes into them, and not of the number itself where terms cancel.
"""

import json
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.example_libraries import stax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

SEED = 1
EPSILON = 1e-5
ACTIVATIONS = ["Tanh", "Relu", "Exp", "LogSoftmax", "Softmax", "Softplus", "Sigmoid", "Elu", "LeakyRelu", "Selu"]
CONVOLUTIONS = ["Conv", "ConvTranspose", "Conv1DTranspose"]
POOLS = ["MaxPool", "AvgPool", "SumPool"]
NAMES = {layer: ["weight", "bias"] for layer in ["Dense"] + CONVOLUTIONS}
NAMES |= {layer: ["shift", "scale"] for layer in ["BatchNorm", "BatchNormEvaluate", "LayerNorm"]}


# Layers, as pairs of functions in the manner of stax.


def affine(standardise):
    """scale * standardise(x) + shift, with one scale and one shift per channel."""
    init = lambda _, shape: (shape, (jnp.zeros(shape[-1:]), jnp.ones(shape[-1:])))
    apply = lambda params, x, **_: params[1] * standardise(x) + params[0]
    return init, apply


def layer_norm():
    def standardise(x):
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        return centred / jnp.sqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + EPSILON)

    return affine(standardise)


def batch_norm_evaluate(mean, variance):
    mean, variance = jnp.array(mean), jnp.array(variance)
    return affine(lambda x: (x - mean) / jnp.sqrt(variance + EPSILON))


def build(layer, options):
    """The (init, apply) of a layer that is given by its name and options."""
    tuples = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    if layer in CONVOLUTIONS:
        return getattr(stax, layer)(tuples.pop("channels"), tuples.pop("kernel"), **tuples)
    if layer in POOLS:
        return getattr(stax, layer)(tuples.pop("window"), **tuples)
    if layer in ["Serial", "Parallel"]:
        return getattr(stax, layer.lower())(*(build(**part) for part in options["layers"]))
    if layer in ACTIVATIONS + ["Flatten", "FanInSum"]:
        return getattr(stax, layer)
    if layer == "Gelu":
        return stax.elementwise(jax.nn.gelu, **options)
    if layer in ["Dense", "FanOut", "FanInConcat", "BatchNorm"]:
        return getattr(stax, layer)(*tuples.values())
    return {"BatchNormEvaluate": batch_norm_evaluate, "LayerNorm": layer_norm}[layer](**tuples)


def leaves(layer, options, params, path=""):
    """The parameters by name, in the order of the layer."""
    if "layers" not in options:
        return {path + name: leaf for name, leaf in zip(NAMES.get(layer, []), params)}
    parts = enumerate(zip(options["layers"], params))
    return {name: leaf for i, (part, own) in parts for name, leaf in leaves(**part, params=own, path=f"{path}{i}.").items()}


# What is drawn, from a generator, for a shape.


def order_one(rng, shape):
    """Of either sign and of size 0.5 to 1.5: nothing is so small that an error in it could hide."""
    return np.round(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape), 3)


def spread(limit):
    """One number from each of n equal parts of (-limit, limit), in random order."""

    def draw(rng, shape):
        n = int(np.prod(shape))
        return np.round(limit * (2 * (rng.permutation(n) + rng.uniform(0.0, 1.0, n)) / n - 1), 3).reshape(shape)

    return draw


def integers(low, high):
    return lambda rng, shape: rng.integers(low, high + 1, shape).astype(float)


def huge(rng, shape):
    """Vectors along the last axis near 1000 and near -1000 in turn, but the last one near both: softmax must subtract its maximum."""
    centres = np.full((int(np.prod(shape[:-1])), shape[-1]), 1000.0)
    centres[1::2] = -1000.0
    centres[-1] = 1000.0 * (-1.0) ** np.arange(shape[-1])
    return np.round(centres.reshape(shape) + rng.uniform(-3.0, 3.0, shape), 3)


def faint(rng, shape):
    """Variances of about EPSILON, which then decides the result."""
    return np.round(order_one(rng, shape) * 3e-3, 6)


def flat(array):
    return np.asarray(array, dtype=np.float64).ravel().tolist()


def case(name, layer, options, input_shape, draw=order_one):
    rng = np.random.default_rng([SEED, *name.encode()])
    init, apply = build(layer, options)
    output_shape, params = init(jax.random.key(0), tuple(input_shape))
    params = jax.tree.map(lambda leaf: jnp.array(order_one(rng, leaf.shape)), params)
    x = jnp.array(draw(rng, input_shape))
    output, pullback = jax.vjp(apply, params, x)
    assert output.shape == tuple(output_shape) and output.dtype == jnp.float64
    cotangent = order_one(rng, output.shape)
    param_gradients, input_gradient = pullback(jnp.array(cotangent))
    named = leaves(layer, options, params)
    assert len(named) == len(jax.tree.leaves(params))
    return {
        "name": name,
        "layer": layer,
        "options": options,
        "input_shape": list(input_shape),
        "params": {key: {"shape": list(leaf.shape), "values": flat(leaf)} for key, leaf in named.items()},
        "input": flat(x),
        "output_shape": list(output.shape),
        "output": flat(output),
        "cotangent": flat(cotangent),
        "input_gradient": flat(input_gradient),
        "param_gradients": {key: flat(leaf) for key, leaf in leaves(layer, options, param_gradients).items()},
    }


# The cases.


def by(sizes):
    return "x".join(map(str, sizes))


def convolution(layer, kernel, strides, padding, size, inputs, outputs):
    name = f"{layer} {padding.lower()} kernel {by(kernel)} strides {by(strides)} on {by(size)}"
    options = {"channels": outputs, "kernel": kernel, "strides": strides, "padding": padding}
    return case(name, layer, options, [2, *size, inputs])


def convolutions():
    sizes = [[5, 4], [6, 5]]
    for i, kernel in enumerate([[1, 1], [3, 3], [3, 2]]):
        for j, strides in enumerate([[1, 1], [2, 1], [2, 3]]):
            for k, padding in enumerate(["VALID", "SAME"]):
                yield convolution("Conv", kernel, strides, padding, sizes[(i + j + k) % 2], 2, 3)
    for padding in ["VALID", "SAME"]:
        yield convolution("Conv", [3, 5], [1, 1], padding, [3, 5], 3, 2)
    yield case("Conv with the defaults", "Conv", {"channels": 3, "kernel": [2, 3]}, [2, 4, 5, 2])
    # Kernels shorter than, as long as and longer than the stride, along one axis or both.
    transposed = [([1, 1], [1, 1]), ([1, 1], [2, 3]), ([2, 3], [1, 1]), ([2, 2], [2, 2]), ([3, 3], [2, 2]), ([5, 4], [2, 2]),
                  ([2, 3], [3, 3]), ([4, 5], [3, 3]), ([3, 2], [2, 1]), ([2, 4], [1, 3]), ([2, 5], [3, 2])]
    for kernel, strides in transposed:
        for padding in ["VALID", "SAME"]:
            yield convolution("ConvTranspose", kernel, strides, padding, [3, 2], 3, 2)
    yield case("ConvTranspose with the defaults", "ConvTranspose", {"channels": 3, "kernel": [3, 2]}, [2, 3, 4, 2])
    for kernel in [2, 3]:
        for stride in [1, 2, 3]:
            for padding in ["VALID", "SAME"]:
                yield convolution("Conv1DTranspose", [kernel], [stride], padding, [5], 3, 2)


def pools():
    for layer in POOLS:
        settings = [([2, 3], None, "VALID", [5, 4]), ([3, 2], None, "SAME", [5, 4]), ([2, 2], [2, 2], "VALID", [5, 7]), ([2, 3], [2, 3], "SAME", [5, 7]),
                    ([3, 2], [2, 1], "SAME", [4, 5]), ([1, 2], [2, 3], "SAME", [6, 5]), ([4, 3], [1, 2], "VALID", [4, 5])]
        for window, strides, padding, size in settings:
            options = {"window": window, "padding": padding} | ({"strides": strides} if strides else {})
            strides = f"strides {by(strides)}" if strides else "default strides"
            yield case(f"{layer} {padding.lower()} window {by(window)} {strides} on {by(size)}", layer, options, [2, *size, 2], spread(2))
    # The order in which a window is read decides which of two equal maxima gets the gradient; zeros as padding would beat negative entries.
    ties = [([2, 3], [1, 1], "VALID", integers(0, 2)), ([3, 3], [2, 2], "SAME", integers(0, 2)), ([2, 3], [2, 3], "SAME", integers(-3, -2))]
    for window, strides, padding, draw in ties:
        options = {"window": window, "strides": strides, "padding": padding}
        yield case(f"MaxPool {padding.lower()} window {by(window)} strides {by(strides)} with ties", "MaxPool", options, [2, 5, 7, 2], draw)


def normalisations():
    for kind, shape, axis in [("rows", [7, 3], [0]), ("images", [2, 3, 5, 2], [0, 1, 2])]:
        for what, draw in [("", order_one), (", faint", faint)]:
            yield case(f"BatchNorm of {kind}{what}", "BatchNorm", {"axis": axis}, shape, draw)
        moments = {"mean": [0.3, -0.7, 1.1][: shape[-1]], "variance": [0.6, 2.5, 3e-5][-shape[-1] :]}
        yield case(f"BatchNormEvaluate of {kind}", "BatchNormEvaluate", moments, shape)
    for kind, shape in [("rows", [2, 7]), ("images", [2, 3, 2, 5])]:
        for what, draw in [("", order_one), (", faint", faint)]:
            yield case(f"LayerNorm of {kind}{what}", "LayerNorm", {}, shape, draw)


def activations():
    variants = [(layer, {}, layer) for layer in ACTIVATIONS]
    variants += [("Gelu", {"approximate": False}, "Gelu exact"), ("Gelu", {"approximate": True}, "Gelu tanh")]
    for layer, options, name in variants:
        for limit in [3, 30]:
            yield case(f"{name} within {limit}", layer, options, [2, 11], spread(limit))
    for layer in ["LogSoftmax", "Softmax"]:
        yield case(f"{layer} of images", layer, {}, [2, 3, 2, 5], spread(3))
        yield case(f"{layer} of huge rows", layer, {}, [3, 5], huge)
        yield case(f"{layer} of huge images", layer, {}, [2, 3, 2, 5], huge)


def composites():
    def part(layer, **options):
        return {"layer": layer, "options": options}

    def serial(name, shape, *parts):
        return case(name, "Serial", {"layers": list(parts)}, shape)

    def conv(channels, *kernel, padding="VALID"):
        return part("Conv", channels=channels, kernel=list(kernel), padding=padding)

    yield case("Dense", "Dense", {"outputs": 3}, [2, 5])
    yield serial("Flatten an image, then Dense", [2, 3, 2, 5], part("Flatten"), part("Dense", outputs=3))
    fan, pair = part("FanOut", count=2), part("Parallel", layers=[part("Dense", outputs=3), part("Dense", outputs=3)])
    uneven = part("Parallel", layers=[part("Dense", outputs=2), part("Dense", outputs=3)])
    yield serial("FanInSum of two Dense", [2, 5], fan, pair, part("FanInSum"))
    yield serial("FanInConcat of two Dense", [2, 5], fan, uneven, part("FanInConcat", axis=-1))
    images = part("Parallel", layers=[conv(2, 1, 1), conv(3, 1, 1)])
    yield serial("FanInConcat of two images", [2, 3, 5, 2], fan, images, part("FanInConcat", axis=-1))
    pool = part("MaxPool", window=[2, 2], strides=[2, 2])
    head = [part("Flatten"), part("Dense", outputs=5), part("LogSoftmax")]
    yield serial("A small network", [2, 5, 6, 2], conv(3, 3, 3, padding="SAME"), part("Relu"), pool, *head)


def main():
    cases = [*composites(), *convolutions(), *pools(), *normalisations(), *activations()]
    assert len({case["name"] for case in cases}) == len(cases)
    versions = json.dumps({package: version(package) for package in ["jax", "jaxlib", "numpy"]})
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    Path(__file__).with_name("stax.json").write_text(f'{{"versions": {versions}, "cases": [\n{lines}\n]}}\n')


main()

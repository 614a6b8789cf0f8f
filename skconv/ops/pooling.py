"""Max and sum pooling of channels-last arrays."""

from __future__ import annotations

import jax

from . import tiles
from .platform import kernel_for
from .windows import Window


def pool_max(x: jax.Array, window: Window) -> jax.Array:
    """Return the maxima under a moving window.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    window : Window
        Without dilation and groups. Padding never wins.

    Returns
    -------
    array of shape (n, oh, ow, channels)

    Examples
    --------
    >>> x = jax.numpy.arange(16.0).reshape(1, 4, 4, 1)
    >>> pool_max(x, Window((2, 2), stride=(2, 2)))[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    pool = tiles.pool_max if window.is_tiling else kernel_for("pool_max", x)
    return pool(x, window)


def pool_sum(x: jax.Array, window: Window) -> jax.Array:
    """Return the sums under a moving window.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    window : Window
        Without dilation and groups. Padding counts as zeros.

    Returns
    -------
    array of shape (n, oh, ow, channels)
    """
    pool = tiles.pool_sum if window.is_tiling else kernel_for("pool_sum", x)
    return pool(x, window)

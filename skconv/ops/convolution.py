"""Convolution of channels-last arrays."""

from __future__ import annotations

import jax

from .platform import kernel_for
from .windows import Window


def convolve(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate images with filters.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    W : array of shape (num_filters, channels / groups, kh, kw)
    window : Window
        Of size ``(kh, kw)``. Padding is zeros.

    Returns
    -------
    array of shape (n, oh, ow, num_filters)

    Examples
    --------
    >>> x, W = jax.numpy.ones((1, 5, 5, 2)), jax.numpy.ones((4, 2, 3, 3))
    >>> convolve(x, W, Window((3, 3), stride=(2, 2))).shape
    (1, 2, 2, 4)
    """
    return kernel_for("convolve", x)(x, W, window)

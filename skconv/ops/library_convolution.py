"""Convolution on the CPU by XLA's library, which copies no patches.

XLA gives convolutions of images to YNNPACK, and those before a max pool together with it and the
biases and nonlinearities between, whose inputs then never leave the cache. Gradients need these
inputs and the patches, so that training is no faster with it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from .windows import Window, pad

LEAST_CHANNELS = 17
"""Number of channels or filters from which XLA uses the library."""

MOST_FILTERS = 128
"""Number of filters up to which the library is faster than a product with patches.

Copying the patches then takes longer than multiplying them. Milliseconds for convolution, bias and
ReLU in a loop, by patches and by the library, on an AMD EPYC, two cores (jax 0.10.2): 16.6 and 4.4
for (16, 32, 32, 32) to 10 filters of 3x3, 19.4 and 15.0 for (128, 28, 28, 1) to 32, 9.2 and 7.5 for
(4, 56, 56, 64) to 128 with stride 2, 8.7 and 8.8 for (4, 28, 28, 128) to 256, 32 and 37 for
(4, 7, 7, 512) to 512.
"""

ODD_FILTERS = 32
"""Number of filters up to which the library is slow for an odd number of channels but one.

Milliseconds with 3 channels, and with a fourth one of zeros: 3.7 and 0.8 for (16, 32, 32, 3) to 24
filters of 3x3, 1.8 and 0.9 to 32, 1.4 and 1.7 to 64.
"""


def beats_patches(x: jax.Array, W: jax.Array, window: Window) -> bool:
    """Return whether the library computes a convolution, faster than a product with patches.

    Parameters
    ----------
    x, W : array
        As in `convolution.convolve`.
    window : Window
        Without groups.
    """
    filters, channels = W.shape[:2]
    return (
        filters <= MOST_FILTERS
        and max(filters, channels) >= LEAST_CHANNELS
        and len(window.size) == 2
        and any(step < k for step, k in zip(window.stride, window.size, strict=True))
        and all(step == 1 for step in window.dilation)
        and x.dtype == W.dtype == jnp.float32
    )


def convolve(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate images with filters.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    W : array of shape (kh, kw, channels, num_filters)
    window : Window
        Of size ``(kh, kw)``, without dilation and groups. Padding is zeros; negative pads crop.

    Returns
    -------
    array of shape (n, oh, ow, num_filters)
    """
    channels, filters = W.shape[-2:]
    pads = window.pads
    axes = zip(x.shape[1:-1], pads, window.size, strict=True)
    large = any(k > n or sum(ends) >= k for n, ends, k in axes)
    if large and min(map(min, pads)) >= 0:
        # the library takes no filters, and makes no images, that are larger than its input
        x, pads = pad(x, pads), ((0, 0),) * len(pads)
    if channels % 2 and channels > 1 and LEAST_CHANNELS <= filters <= ODD_FILTERS:
        x = jnp.pad(x, ((0, 0),) * (x.ndim - 1) + ((0, 1),))
        W = jnp.pad(W, ((0, 0),) * (W.ndim - 2) + ((0, 1), (0, 0)))
    spatial = "DHW"[-len(window.size) :]
    names = (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")
    return lax.conv_general_dilated(x, W, window.stride, pads, dimension_numbers=names)

"""Images resized as Pillow does, with filters that average over the pixels that become one.

Pillow rounds after each axis, with filters of 22 bits. Its results are repeated exactly here where
it resizes the width first, as it does if images keep their aspect ratio; for any number of channels
and, without rounding, for floats.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import sparse

BITS = 22
"""Precision of Pillow's filters for images of 8 bits."""


def _bilinear(x: np.ndarray) -> np.ndarray:
    return np.clip(1 - np.abs(x), 0, None)


def _bicubic(x: np.ndarray) -> np.ndarray:
    x, a = np.abs(x), -0.5
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _box(x: np.ndarray) -> np.ndarray:
    return ((x > -0.5) & (x <= 0.5)).astype(float)


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "bilinear": (_bilinear, 1),
    "bicubic": (_bicubic, 2),
    "box": (_box, 0.5),
    "lanczos": (_lanczos, 3),
}
"""Filters and the distance from their center at which they end."""


def resample(
    images: np.ndarray,
    size: tuple[int, int],
    method: str,
    part: tuple[slice, slice] = (slice(None), slice(None)),
) -> np.ndarray:
    """Resize images.

    Parameters
    ----------
    images : uint8 or float array of shape (..., height, width)
    size : (int, int)
        Height and width.
    method : str
        A key of `FILTERS`.
    part : (slice, slice)
        Rows and columns of the result that are wanted.

    Returns
    -------
    array of shape (..., height, width)
        Of the type of the images.

    Examples
    --------
    >>> resample(np.array([[0, 100], [0, 100]], np.uint8), (1, 4), 'bilinear')
    array([[  0,  25,  75, 100]], dtype=uint8)
    """
    rows, columns = part
    images = _along(-1, images, size[1], method, columns)
    return _along(-2, images, size[0], method, rows)


def _along(axis: int, images: np.ndarray, size: int, method: str, part: slice) -> np.ndarray:
    moved = np.moveaxis(images, axis, 0)
    if len(moved) == size:
        return np.moveaxis(moved[part], 0, axis)
    weights = _weights(len(moved), size, method)[part]
    pixels = moved.reshape(len(moved), -1)
    if images.dtype == np.uint8:
        sums = _whole(weights) @ pixels.astype(np.float64)  # exact
        found = np.clip(np.floor(sums / 2**BITS + 0.5), 0, 255)
    else:
        found = weights @ pixels
    resized = found.astype(images.dtype).reshape(weights.shape[0], *moved.shape[1:])
    return np.moveaxis(resized, 0, axis)


def _whole(weights: sparse.csr_array) -> sparse.csr_array:
    """Return weights as Pillow rounds them, in units of its precision."""
    rounded = weights.copy()
    rounded.data = np.trunc(rounded.data * 2**BITS + np.copysign(0.5, rounded.data))
    return rounded


@lru_cache(maxsize=64)
def _weights(old: int, new: int, method: str) -> sparse.csr_array:
    """Return the weights of the old pixels for each new one, of shape (new, old)."""
    function, support = FILTERS[method]
    scale = old / new
    spread = max(scale, 1.0)
    centers = (np.arange(new)[:, None] + 0.5) * scale
    first = np.trunc(np.clip(centers - support * spread + 0.5, 0, None))
    last = np.trunc(np.clip(centers + support * spread + 0.5, None, old))
    pixels = np.arange(old)
    weights = function((pixels - centers + 0.5) / spread)
    weights = np.where((pixels >= first) & (pixels < last), weights, 0)
    return sparse.csr_array(weights / weights.sum(1, keepdims=True))

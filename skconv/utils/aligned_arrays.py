"""Arrays that JAX uses on the CPU as they are, without a copy, because of where they begin."""

from __future__ import annotations

import math
import mmap
from typing import Any

import numpy as np

ALIGNMENT = 64
"""Bytes of which XLA takes the address of an array to be a multiple."""

LARGE = 2**20
"""Bytes from which an array has pages of its own, which go back to the system with it.

The C library keeps freed memory for later, in parts that differ by thread: reading 184 MB of rows
chunk by chunk left 40 MB of it.
"""

_PRIVATE: dict[str, Any] = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
)
"""How pages are mapped: not to be shared with child processes, where the system knows that."""


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return zeros whose address is a multiple of `ALIGNMENT`.

    Large ones take no memory while they are zeros, as the system provides a page when it is first
    written to.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype

    Examples
    --------
    >>> array = aligned_zeros((2, 3), np.float32)
    >>> array.shape, array.ctypes.data % 64
    ((2, 3), 0)
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size >= LARGE:
        return np.frombuffer(mmap.mmap(-1, size, **_PRIVATE), dtype).reshape(shape)
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def take_aligned(array: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return some rows of an array, in an array whose address is a multiple of `ALIGNMENT`.

    Parameters
    ----------
    array : array of shape (n, ...)
    index : int array of shape (rows,)
        Positions from -n to n - 1.

    Examples
    --------
    >>> take_aligned(np.arange(6).reshape(3, 2), np.array([2, 0]))
    array([[4, 5],
           [0, 1]])
    """
    out = aligned_zeros((len(index), *array.shape[1:]), array.dtype)
    return np.take(array, index, axis=0, out=out, mode="wrap")  # 'raise' would copy `out`

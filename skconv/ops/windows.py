"""What a moving window sees of channels-last arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp

Pads = tuple[tuple[int, int], ...]


def pad(x: jax.Array, pads: Sequence[tuple[int, int]], value: float = 0) -> jax.Array:
    """Put a value before and after each spatial axis.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
    pads : sequence of (int, int)
    value : float

    Returns
    -------
    array of shape (n, h + pads, w + pads, channels)
    """
    if not any(map(any, pads)):
        return x
    return jnp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)


def windows(
    x: jax.Array,
    size: Sequence[int],
    stride: Sequence[int] | None = None,
    dilation: Sequence[int] | None = None,
) -> Iterator[jax.Array]:
    """Yield what each element of the window sees, in the order of the elements.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    size, stride, dilation : sequence of int
        One for each spatial axis; the latter two are one by default.

    Yields
    ------
    array of shape (n, oh, ow, channels)
    """
    ones = (1,) * len(size)
    axes = list(zip(x.shape[1:-1], size, stride or ones, dilation or ones, strict=True))
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in axes]
    for element in itertools.product(*map(range, size)):
        parts = (
            slice(d * at, d * at + (count - 1) * s + 1, s)
            for at, count, (_, _, s, d) in zip(element, counts, axes, strict=True)
        )
        yield x[(slice(None), *parts)]

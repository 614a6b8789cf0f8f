"""Moving windows over the spatial axes of channels-last arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp

Pads = tuple[tuple[int, int], ...]
"""Number of positions added before and after each spatial axis."""


@dataclass(frozen=True)
class Window:
    """Geometry of a window that moves over the spatial axes of an array.

    Equal windows have equal hashes, so that a window can be a static argument.

    Parameters
    ----------
    size : sequence of int
        Elements of the window along each spatial axis.
    stride : sequence of int, optional
        Distance between neighboring positions of the window; 1 by default.
    pads : sequence of (int, int), optional
        Positions added before and after each spatial axis; none by default.
    dilation : sequence of int, optional
        Distance between neighboring elements of the window; 1 by default.
    groups : int
        Number of groups of channels; a filter sees the channels of its own group only.

    Examples
    --------
    >>> window = Window((3, 3), pads=[(1, 1), (1, 1)])
    >>> window.stride, window.pads
    ((1, 1), ((1, 1), (1, 1)))
    """

    size: tuple[int, ...]
    stride: tuple[int, ...] = ()
    pads: Pads = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1

    def __post_init__(self) -> None:
        ones = (1,) * len(self.size)
        canonical = {
            "size": tuple(self.size),
            "stride": tuple(self.stride) or ones,
            "pads": tuple((before, after) for before, after in self.pads) or ((0, 0),) * len(ones),
            "dilation": tuple(self.dilation) or ones,
        }
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    @property
    def is_tiling(self) -> bool:
        """Whether the positions of the window neither overlap nor leave gaps nor see padding."""
        undilated = all(step == 1 for step in self.dilation)
        return self.stride == self.size and undilated and not any(map(any, self.pads))


def pad(x: jax.Array, pads: Sequence[tuple[int, int]], value: float = 0) -> jax.Array:
    """Pad the spatial axes with a constant.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
    pads : sequence of (int, int)
        Positions added before and after each spatial axis.
    value : float

    Returns
    -------
    array of shape (n, h + pads, w + pads, channels)
    """
    if not any(map(any, pads)):
        return x
    return jnp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)


def windows(x: jax.Array, window: Window) -> Iterator[jax.Array]:
    """Yield, for each element of the window, its values at all positions of the window.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes. Padding is zeros.
    window : Window

    Yields
    ------
    array of shape (n, oh, ow, channels)
        In row-major order of the elements.
    """
    x = pad(x, window.pads)
    axes = list(zip(x.shape[1:-1], window.size, window.stride, window.dilation, strict=True))
    counts = [(n - dilation * (k - 1) - 1) // stride + 1 for n, k, stride, dilation in axes]
    for element in itertools.product(*map(range, window.size)):
        slices = (
            slice(dilation * index, dilation * index + (count - 1) * stride + 1, stride)
            for index, count, (_, _, stride, dilation) in zip(element, counts, axes, strict=True)
        )
        yield x[(slice(None), *slices)]

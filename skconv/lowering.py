"""Convolution and pooling of channels-last arrays, each lowered as its platform runs it best.

On the CPU, XLA leaves its fast convolution path inside a loop: the weight gradient of (64, 16, 16,
64) to 128 filters of 3x3 takes 66 ms alone and 12 s in a loop. So there a convolution is a matrix
product with patches, in blocks where they would not stay in the cache, and pooling is a reduction
over shifted slices.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

from .blocks import convolve_blocks, worth_blocks
from .windows import Pads, pad, windows


def convolve(
    x: jax.Array,
    W: jax.Array,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> jax.Array:
    """Correlate images with filters.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    W : array of shape (num_filters, channels / groups, kh, kw)
    stride, dilation : sequence of int
        One for each spatial axis.
    pads : sequence of (int, int)
        Zeros before and after each spatial axis.
    groups : int
        Groups of channels that do not see each other.

    Returns
    -------
    array of shape (n, oh, ow, num_filters)
    """
    if jax.default_backend() == "cpu":
        plain = groups == 1 and all(step == 1 for step in (*stride, *dilation))
        if plain and worth_blocks(x, W.shape[2:], pads):
            return convolve_blocks(x, jnp.moveaxis(W, (0, 1), (-1, -2)), tuple(map(tuple, pads)))
        return convolve_patches(x, W, stride, pads, dilation, groups)
    return convolve_lax(x, W, stride, pads, dilation, groups)


def convolve_lax(
    x: jax.Array,
    W: jax.Array,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> jax.Array:
    """`convolve` by XLA's own convolution."""
    spatial = "DHW"[3 - len(stride) :]
    numbers = (f"N{spatial}C", f"OI{spatial}", f"N{spatial}C")
    return lax.conv_general_dilated(
        x,
        W,
        tuple(stride),
        pads,
        rhs_dilation=tuple(dilation),
        dimension_numbers=numbers,
        feature_group_count=groups,
    )


def convolve_patches(
    x: jax.Array,
    W: jax.Array,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> jax.Array:
    """`convolve` by one matrix product with the patches under the filters."""
    taps = list(windows(pad(x, pads), W.shape[2:], stride, dilation))
    num_filters, channels = W.shape[:2]
    field = math.prod(W.shape[2:])
    if groups == 1:
        matrix = W.reshape(num_filters, channels, field).transpose(2, 1, 0)
        patches = jnp.concatenate(taps, axis=-1)
        flat = patches.reshape(-1, field * channels)  # of more axes the derived gradient is slow
        out = flat @ matrix.reshape(field * channels, num_filters)
        return out.reshape(*patches.shape[:-1], num_filters)
    patches = jnp.stack(taps, axis=-2)
    patches = patches.reshape(*patches.shape[:-1], groups, channels)
    filters = W.reshape(groups, num_filters // groups, channels, field)
    out = jnp.einsum("...tgc,goct->...go", patches, filters)
    return out.reshape(*out.shape[:-2], num_filters)


def pool_max(x: jax.Array, size: Sequence[int], stride: Sequence[int], pads: Pads) -> jax.Array:
    """Maximum under a moving window.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
    size, stride : sequence of int
        One for each spatial axis.
    pads : sequence of (int, int)
        Positions before and after each spatial axis that never win.

    Returns
    -------
    array of shape (n, oh, ow, channels)
    """
    if _tiles(x, size, stride, pads):
        return _max_of_tiles(_whole(x, size), tuple(size))
    if jax.default_backend() == "cpu":
        taps = windows(pad(x, pads, -jnp.inf), size, stride)
        result = next(taps)
        for tap in taps:
            result = jnp.maximum(result, tap)
        return result
    return lax.reduce_window(
        x, -jnp.inf, lax.max, (1, *size, 1), (1, *stride, 1), ((0, 0), *pads, (0, 0))
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _max_of_tiles(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    """Maximum of each tile; its gradient goes to the first element that is the maximum.

    The gradient that JAX derives reads all elements three times to share among equal ones; this one
    reads only where the maximum was, and is what torch computes.
    """
    return _tile(x, size).max(axis=_inner(len(size)))


def _max_and_place(x: jax.Array, size: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    first, *others = windows(x, size, size)
    largest, place = first, jnp.zeros(first.shape, jnp.int32)
    for i, tap in enumerate(others, start=1):
        place = jnp.where(tap > largest, jnp.int32(i), place)
        largest = jnp.maximum(largest, tap)
    return largest, place


def _spread(size: tuple[int, ...], place: jax.Array, g: jax.Array) -> tuple[jax.Array]:
    inner = _inner(len(size))
    place, wide = (jnp.expand_dims(array, inner) for array in (place, g))
    numbers = jnp.arange(math.prod(size), dtype=jnp.int32).reshape(size)
    numbers = jnp.expand_dims(numbers, [axis for axis in range(wide.ndim) if axis not in inner])
    spread = jnp.where(numbers == place, wide, jnp.zeros((), g.dtype))
    spatial = [n * k for n, k in zip(g.shape[1:-1], size, strict=True)]
    return (spread.reshape(g.shape[0], *spatial, g.shape[-1]),)


_max_of_tiles.defvjp(_max_and_place, _spread)


def pool_sum(x: jax.Array, size: Sequence[int], stride: Sequence[int], pads: Pads) -> jax.Array:
    """Sum under a moving window; arguments and result as `pool_max`."""
    if _tiles(x, size, stride, pads):
        return _tile(x, size).sum(axis=_inner(len(size)))
    if jax.default_backend() == "cpu":
        return sum(windows(pad(x, pads), size, stride))
    return lax.reduce_window(
        x, 0.0, lax.add, (1, *size, 1), (1, *stride, 1), ((0, 0), *pads, (0, 0))
    )


def _tiles(x: jax.Array, size: Sequence[int], stride: Sequence[int], pads: Pads) -> bool:
    return tuple(size) == tuple(stride) and not any(map(any, pads))


def _whole(x: jax.Array, size: Sequence[int]) -> jax.Array:
    """Leave out what fills no tile."""
    return x[(slice(None), *(slice(n // k * k) for n, k in zip(x.shape[1:], size, strict=False)))]


def _tile(x: jax.Array, size: Sequence[int]) -> jax.Array:
    x = _whole(x, size)
    counts = [n // k for n, k in zip(x.shape[1:-1], size, strict=True)]
    split = itertools.chain.from_iterable(zip(counts, size, strict=True))
    return x.reshape(x.shape[0], *split, x.shape[-1])


def _inner(axes: int) -> tuple[int, ...]:
    return tuple(2 + 2 * axis for axis in range(axes))

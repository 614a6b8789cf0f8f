"""Convolution and pooling of channels-last arrays, each lowered as its platform runs it best.

On the CPU, XLA leaves its fast convolution path inside a loop, for gradients and for groups: the
weight gradient of (64, 16, 16, 64) to 128 filters of 3x3 takes 66 ms alone and 12 s in a loop. So
there gradients, and often the convolution itself, are matrix products with patches, in blocks where
they would not stay in the cache, and pooling is a reduction over shifted slices.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

from .blocked import convolve_blocks, worth_blocks
from .depthwise import convolve_depthwise
from .windows import Pads, pad, windows

GROUP_CHANNELS = 32
"""Channels from which a group is worth a convolution of its own."""


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
        if groups == x.shape[-1] > 1:
            return _by_channel(x, W, stride, pads, dilation)
        if groups > 1:
            return _by_group(x, W, stride, pads, dilation, groups)
        if all(step == 1 for step in stride):
            return _by_phase(x, W, pads, dilation)
        return convolve_patches(x, W, stride, pads, dilation)
    return convolve_lax(x, W, stride, pads, dilation, groups)


def _by_channel(
    x: jax.Array,
    W: jax.Array,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
) -> jax.Array:
    """`convolve` with as many groups as channels."""
    x = jnp.repeat(x, len(W) // x.shape[-1], axis=-1) if len(W) > x.shape[-1] else x
    filters = jnp.moveaxis(W[:, 0], 0, -1)
    return convolve_depthwise(x, filters, tuple(stride), tuple(map(tuple, pads)), tuple(dilation))


def _by_group(
    x: jax.Array,
    W: jax.Array,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> jax.Array:
    """`convolve` by one convolution for each group, or for several where they are small.

    Together they have filters with zeros for the channels that they do not see. A core takes 19 ms
    for (64, 16, 16, 64) with 3x3 filters in 2 or in 16 groups, forward and backward, and 175 ms for
    products of groups of patches.
    """
    channels = W.shape[1]
    sizes = (n for n in range(1, groups + 1) if groups % n == 0)
    together = next((n for n in sizes if n * channels >= GROUP_CHANNELS), groups)
    filters = [_alone_in_their_groups(w, together) for w in jnp.split(W, groups // together)]
    parts = jnp.split(x, len(filters), axis=-1)
    done = [
        convolve(part, w, stride, pads, dilation, 1) for part, w in zip(parts, filters, strict=True)
    ]
    return jnp.concatenate(done, axis=-1)


def _alone_in_their_groups(W: jax.Array, groups: int) -> jax.Array:
    """Give filters zeros for the channels of other groups.

    A product with zeros and ones instead is a program whose gradient crashes jaxlib 0.10.2.
    """
    channels, still = W.shape[1], [(0, 0)] * (W.ndim - 2)
    return jnp.concatenate(
        [
            jnp.pad(w, ((0, 0), (i * channels, (groups - 1 - i) * channels), *still))
            for i, w in enumerate(jnp.split(W, groups))
        ]
    )


def _by_phase(x: jax.Array, W: jax.Array, pads: Pads, dilation: Sequence[int]) -> jax.Array:
    """`convolve` by a convolution without dilation of the pixels that meet in it.

    Pixels whose distance is no multiple of the dilation never meet, and go into images of their
    own. A core takes 43 ms for (64, 16, 16, 64) with 64 filters of 3x3, dilated by 2, forward and
    backward, and 80 ms with patches.
    """
    if all(step == 1 for step in dilation):
        return _plain(x, W, pads)
    sizes = [n + sum(p) for n, p in zip(x.shape[1:-1], pads, strict=True)]
    rest = [(p, q + -n % d) for n, (p, q), d in zip(sizes, pads, dilation, strict=True)]
    x, axes = pad(x, rest), len(dilation)
    split = itertools.chain.from_iterable(
        (n // d, d) for n, d in zip(x.shape[1:-1], dilation, strict=True)
    )
    x = x.reshape(len(x), *split, x.shape[-1])
    within, between = range(2, 2 * axes + 1, 2), range(1, 2 * axes, 2)
    x = x.transpose(0, *within, *between, -1)
    out = _plain(x.reshape(-1, *x.shape[axes + 1 :]), W, ((0, 0),) * axes)
    out = out.reshape(*x.shape[: axes + 1], *out.shape[1:])
    back = itertools.chain.from_iterable((axes + 1 + i, 1 + i) for i in range(axes))
    out = out.transpose(0, *back, -1)
    out = out.reshape(
        len(out), *(n * d for n, d in zip(out.shape[1:-1:2], dilation, strict=True)), -1
    )
    extents = (d * (k - 1) for k, d in zip(W.shape[2:], dilation, strict=True))
    return out[(slice(None), *(slice(n - e) for n, e in zip(sizes, extents, strict=True)))]


def _plain(x: jax.Array, W: jax.Array, pads: Pads) -> jax.Array:
    """`convolve` without stride, dilation and groups."""
    if worth_blocks(x, W.shape[2:], pads):
        return convolve_blocks(x, jnp.moveaxis(W, (0, 1), (-1, -2)), tuple(map(tuple, pads)))
    ones = (1,) * len(pads)
    return convolve_patches(x, W, ones, pads, ones)


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
    x: jax.Array, W: jax.Array, stride: Sequence[int], pads: Pads, dilation: Sequence[int]
) -> jax.Array:
    """`convolve` by one matrix product with the patches under the filters."""
    taps = list(windows(pad(x, pads), W.shape[2:], stride, dilation))
    matrix = jnp.moveaxis(W, (0, 1), (-1, -2)).reshape(-1, len(W))
    patches = jnp.concatenate(taps, axis=-1)
    flat = patches.reshape(-1, len(matrix))  # of more axes the derived gradient is slow
    return (flat @ matrix).reshape(*patches.shape[:-1], len(W))

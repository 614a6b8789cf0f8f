"""Convolution on the CPU, by matrix products with the patches under the filters.

On the CPU, XLA leaves its fast convolution path inside a loop, for gradients and for groups: the
weight gradient of (64, 16, 16, 64) to 128 filters of 3x3 takes 66 ms alone and 12 s in a loop. So
gradients, and often the convolution itself, are matrix products with patches, computed in blocks of
images if the patches of the whole batch would not stay in the cache.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
from jax import lax

from . import library_convolution
from .blocked import convolve_blocks, worth_blocks
from .depthwise import convolve_depthwise
from .untransformed import untransformed
from .windows import Window, pad, windows

GROUP_CHANNELS = 32
"""Number of channels from which a group gets a convolution of its own."""


def convolve(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate images with filters; arguments and result as in `convolution.convolve`."""
    if window.groups == x.shape[-1] > 1:
        return _by_channel(x, W, window)
    if window.groups > 1:
        return _by_group(x, W, window)
    if all(step == 1 for step in window.dilation):
        return _undilated(x, W, window)
    if all(step == 1 for step in window.stride):
        return _by_phase(x, W, window)
    return _by_patches(x, W, window)


def _by_patches(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """`convolve` without groups, by patches where gradients follow, and else the faster way.

    Predicting a batch of 128 digits by the tutorial's network takes 0.58 of the time with patches;
    a training step takes the same time with either (AMD EPYC, two cores, jax 0.10.2).
    """
    by_patches = functools.partial(convolve_patches, window=window)
    if not library_convolution.beats_patches(x, W, window):
        return by_patches(x, W)

    def by_library(x: jax.Array, W: jax.Array) -> jax.Array:
        return library_convolution.convolve(x, jnp.moveaxis(W, (0, 1), (-1, -2)), window)

    return untransformed(by_library, by_patches)(x, W)


def convolve_patches(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """`convolve` without groups, by one matrix product with the patches under the filters.

    If the patches are wide, filters stay rows of a matrix, and so do their gradients: transposing
    large filters is slow. Forward and gradients of (4, 7, 7, 512) to 512 filters of 3x3 take 37 ms,
    and 44 with filters as columns; a training step of ResNet-18 on four images of 224x224 took 0.88
    of the time after this change and that of `winograd.gradient_of_right_sides`. For narrow patches
    it is the other way round: 14 ms and 11 for (128, 28, 28, 1) to 32 of 3x3 (one core of an AMD
    EPYC, jax 0.10.2).
    """
    patches = jnp.concatenate(list(windows(x, window)), axis=-1)
    flat = patches.reshape(-1, patches.shape[-1])  # with more axes the derived gradient is slow
    if flat.shape[-1] >= 2 * len(W):
        rows = jnp.moveaxis(W, 1, -1).reshape(len(W), -1)
        out = lax.dot_general(flat, rows, (((1,), (1,)), ((), ())))
    else:
        out = flat @ jnp.moveaxis(W, (0, 1), (-1, -2)).reshape(-1, len(W))
    return out.reshape(*patches.shape[:-1], len(W))


def _by_channel(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """`convolve` with as many groups as channels."""
    x = jnp.repeat(x, len(W) // x.shape[-1], axis=-1) if len(W) > x.shape[-1] else x
    filters = jnp.moveaxis(W[:, 0], 0, -1)
    return convolve_depthwise(x, filters, window)


def _by_group(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """`convolve` by one convolution for each group, or for several groups if they are small.

    Groups that share a convolution have filters with zeros for each other's channels. A core takes
    19 ms for (64, 16, 16, 64) with 3x3 filters in 2 or in 16 groups, forward and backward, and 175
    ms for products of groups of patches.
    """
    channels, groups = W.shape[1], window.groups
    divisors = (n for n in range(1, groups + 1) if groups % n == 0)
    together = next((n for n in divisors if n * channels >= GROUP_CHANNELS), groups)
    filters = [_zeros_for_other_groups(part, together) for part in jnp.split(W, groups // together)]
    inputs = jnp.split(x, len(filters), axis=-1)
    ungrouped = replace(window, groups=1)
    outputs = [convolve(*pair, ungrouped) for pair in zip(inputs, filters, strict=True)]
    return jnp.concatenate(outputs, axis=-1)


def _zeros_for_other_groups(W: jax.Array, groups: int) -> jax.Array:
    """Extend the filters of each group with zeros for the channels of the other groups.

    Multiplying by a mask of zeros and ones instead gives a program whose gradient crashes jaxlib
    0.10.2.
    """
    channels, unpadded = W.shape[1], [(0, 0)] * (W.ndim - 2)
    return jnp.concatenate(
        [
            jnp.pad(part, ((0, 0), (i * channels, (groups - 1 - i) * channels), *unpadded))
            for i, part in enumerate(jnp.split(W, groups))
        ]
    )


def _by_phase(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """`convolve` without stride, by an undilated convolution of each phase of the dilation.

    Pixels whose distance is not a multiple of the dilation never meet, and become images of their
    own. A core takes 43 ms for (64, 16, 16, 64) with 64 filters of 3x3, dilated by 2, forward and
    backward, and 80 ms with patches.
    """
    pads, dilation = window.pads, window.dilation
    sizes = [n + sum(ends) for n, ends in zip(x.shape[1:-1], pads, strict=True)]
    to_multiples = [
        (before, after + -n % step)
        for n, (before, after), step in zip(sizes, pads, dilation, strict=True)
    ]
    x, axes = pad(x, to_multiples), len(dilation)
    split = itertools.chain.from_iterable(
        (n // step, step) for n, step in zip(x.shape[1:-1], dilation, strict=True)
    )
    x = x.reshape(len(x), *split, x.shape[-1])
    phases, pixels = range(2, 2 * axes + 1, 2), range(1, 2 * axes, 2)
    x = x.transpose(0, *phases, *pixels, -1)
    out = _undilated(x.reshape(-1, *x.shape[axes + 1 :]), W, Window(window.size))
    out = out.reshape(*x.shape[: axes + 1], *out.shape[1:])
    back = itertools.chain.from_iterable((axes + 1 + i, 1 + i) for i in range(axes))
    out = out.transpose(0, *back, -1)
    out = out.reshape(
        len(out), *(n * step for n, step in zip(out.shape[1:-1:2], dilation, strict=True)), -1
    )
    extents = (step * (k - 1) for k, step in zip(W.shape[2:], dilation, strict=True))
    return out[
        (slice(None), *(slice(n - extent) for n, extent in zip(sizes, extents, strict=True)))
    ]


def _undilated(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """`convolve` without dilation and groups."""
    filters = jnp.moveaxis(W, (0, 1), (-1, -2))
    if worth_blocks(x, filters, window):
        return convolve_blocks(x, filters, window)
    return _by_patches(x, W, window)

"""Convolution on the CPU as matrix products over blocks of images that stay in the cache.

The patches under the filters of a whole batch are many times its size: writing and reading them
costs more than the arithmetic. In blocks of a few images they never leave the cache, and each
gradient is a sum or a convolution of the same kind. Milliseconds within a compiled loop on two
cores (AMD EPYC, 1 MiB of L2 each; jax 0.10.2), forward, gradient of the input, of the filters:

==============================  =================  =================  =================  ==========
input, filters                  patches at once    lax                blocks             torch 2.13
==============================  =================  =================  =================  ==========
(64,32,32,64) to 64 of 3x3      97, 77, 119        31, 33, 49         22, 25, 30         14, 17, 14
(64,16,16,64) to 128 of 3x3     16, 16, 22         12, 13, 14         8, 9, 10           6, 8, 7
(64,16,16,128) to 128 of 3x3    62, 47, 63         15, 14, 26         15, 16, 22         13, 14, 12
(64,8,8,128) to 256 of 3x3      8, 7, 9            6, 7, 11           7, 8, 9            6, 6, 6
(64,8,8,256) to 256 of 3x3      25, 18, 30         13, 14, 26         13, 14, 18         11, 11, 12
(32,32,32,32) to 32 of 5x5      66, 33, 70         9, 9, 10           8, 8, 10           5, 6, 6
(128,13,13,32) to 64 of 2x2     1.6, 2.6, 6.8      2.8, 1.3, 6.0      1.6, 1.3, 1.8      1, 1, 1
==============================  =================  =================  =================  ==========

The columns of lax hold for gradients written as forward convolutions, as `_gradient_of_input` does;
those that JAX derives take 0.3 and 12 seconds within a loop for the second row.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
from jax import lax

Pads = tuple[tuple[int, int], ...]

BLOCK_BYTES = 5 * 2**20
"""Size of the patches of a block; 2 to 8 MiB are about as fast."""

SMALL_BYTES = 12 * 2**20
"""Size of the patches of a batch up to which blocks only cost."""


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve_blocks(x: jax.Array, W: jax.Array, pads: Pads) -> jax.Array:
    """Correlate images with filters, one pixel at a time.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    W : array of shape (kh, kw, channels, num_filters)
    pads : tuple of (int, int)
        Zeros before and after each spatial axis.

    Returns
    -------
    array of shape (n, oh, ow, num_filters)
    """
    return _correlate(_pad(x, pads), W)


def _forward(x: jax.Array, W: jax.Array, pads: Pads) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return _correlate(_pad(x, pads), W), (x, W)


def _backward(pads: Pads, kept: tuple[jax.Array, ...], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, W = kept
    return _gradient_of_input(g, W, pads), _gradient_of_filters(_pad(x, pads), g, W)


convolve_blocks.defvjp(_forward, _backward)


def _correlate(x: jax.Array, W: jax.Array) -> jax.Array:
    if _patch_bytes(x, W) * len(x) <= SMALL_BYTES:
        patches = jnp.concatenate(list(_windows(x, W.shape[:-2])), axis=-1)
        return patches @ W.reshape(-1, W.shape[-1])
    return _over_blocks(lambda block: _by_rows(block, W), _block(x, W), x)


def _gradient_of_input(g: jax.Array, W: jax.Array, pads: Pads) -> jax.Array:
    """Correlate with the filters turned by 180 degrees, channels and filters exchanged."""
    spatial = tuple(range(W.ndim - 2))
    turned = jnp.flip(W, spatial).swapaxes(-1, -2)
    outer = tuple((k - 1 - a, k - 1 - b) for k, (a, b) in zip(W.shape, pads, strict=False))
    if _patch_bytes(g, turned) * len(g) <= SMALL_BYTES or any(map(_negative, outer)):
        letters = "DHW"[-len(spatial) :]
        numbers = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
        ones = (1,) * len(spatial)
        return lax.conv_general_dilated(g, turned, ones, outer, dimension_numbers=numbers)
    return _correlate(_pad(g, outer), turned)


def _gradient_of_filters(x: jax.Array, g: jax.Array, W: jax.Array) -> jax.Array:
    field = math.prod(W.shape[:-1])
    if _patch_bytes(x, W) * len(x) <= SMALL_BYTES:
        windows = _windows(x, W.shape[:-2])
        if field <= 32:
            windows = [jnp.concatenate(list(windows), axis=-1)]
        return jnp.concatenate([_product(window, g) for window in windows]).reshape(W.shape)
    size = _block(x, W)
    blocks = [_split(array, size) for array in (x, g)]

    def add(i: jax.Array, total: jax.Array) -> jax.Array:
        xb, gb = (block[i] for block in blocks)
        parts = [_product(rows, gb) for rows in _rows(xb, W.shape[:-2])]
        return total + jnp.concatenate(parts).reshape(W.shape)

    return lax.fori_loop(0, len(blocks[0]), add, jnp.zeros(W.shape, W.dtype))


def _product(seen: jax.Array, g: jax.Array) -> jax.Array:
    """Sum over all positions what the filters saw times what is asked of them."""
    return seen.reshape(-1, seen.shape[-1]).T @ g.reshape(-1, g.shape[-1])


def _by_rows(x: jax.Array, W: jax.Array) -> jax.Array:
    """Correlate with one product for each row of the filters, which copies less than patches."""
    rows = W.reshape(-1, W.shape[-3] * W.shape[-2], W.shape[-1])
    return sum(seen @ row for seen, row in zip(_rows(x, W.shape[:-2]), rows, strict=True))


def _rows(x: jax.Array, size: tuple[int, ...]) -> Iterator[jax.Array]:
    """Yield what each row of the filters sees: its elements side by side as channels."""
    wide = jnp.concatenate(list(_windows(x, (1,) * (len(size) - 1) + size[-1:])), axis=-1)
    return _windows(wide, (*size[:-1], 1))


def _windows(x: jax.Array, size: tuple[int, ...]) -> Iterator[jax.Array]:
    """Yield what each element of the filters sees."""
    out = [n - k + 1 for n, k in zip(x.shape[1:-1], size, strict=True)]
    for at in itertools.product(*map(range, size)):
        part = tuple(slice(a, a + n) for a, n in zip(at, out, strict=True))
        yield x[(slice(None), *part)]


def _patch_bytes(x: jax.Array, W: jax.Array) -> int:
    """Size of the patches of one padded image."""
    positions = math.prod(n - k + 1 for n, k in zip(x.shape[1:-1], W.shape[:-2], strict=True))
    return positions * math.prod(W.shape[:-1]) * x.dtype.itemsize


def _block(x: jax.Array, W: jax.Array) -> int:
    """Images in a block: the largest divisor of the batch whose patches stay in the cache."""
    fitting = max(BLOCK_BYTES // _patch_bytes(x, W), 1)
    return max(size for size in range(1, len(x) + 1) if len(x) % size == 0 and size <= fitting)


def _split(x: jax.Array, size: int) -> jax.Array:
    return x.reshape(-1, size, *x.shape[1:])


def _over_blocks(work: Callable[[jax.Array], jax.Array], size: int, x: jax.Array) -> jax.Array:
    done = lax.map(work, _split(x, size))
    return done.reshape(len(x), *done.shape[2:])


def _pad(x: jax.Array, pads: Pads) -> jax.Array:
    return jnp.pad(x, ((0, 0), *pads, (0, 0))) if any(map(any, pads)) else x


def _negative(pad: tuple[int, int]) -> bool:
    return min(pad) < 0

"""Convolution on the CPU in blocks of images that stay in the cache, or by XLA's fast path.

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

With fewer channels lax is level there, and ahead elsewhere: milliseconds of one core's time (Intel
Xeon with AVX-512), forward, gradient of the input, and that of the filters with one product for
each row of the filters or with `_turned_product`:

==============================  =================  =================  =================
input, filters                  blocks             lax                rows, turned
==============================  =================  =================  =================
(64,16,16,32) to 32 of 3x3      4.6, 4.7           2.0, 2.0           8.3, 3.7
(64,16,16,32) to 32 of 5x5      8.8, 8.8           4.8, 4.8           18.9, 9.9
(64,8,8,64) to 32 of 3x3        2.4, 0.9           1.0, 0.9           4.3, 2.1
(64,32,32,3) to 64 of 3x3       7.0, 27.6          1.9, 5.5           7.9, 9.9
(128,28,28,1) to 32 of 3x3      4.0, 19.3          1.2, 4.9
(64,256,32) to 64 of 5          3.4, 5.2           2.3, 2.6           5.4, 4.2
(8,8,16,16,16) to 32 of 3x3x3   5.4, 10.1          18.5, 37.4         7.5, 8.8
(64,16,16,64) to 128 of 1x1     1.7, 2.7           2.1, 2.8           3.4, 5.0
==============================  =================  =================  =================

Filters of 3x3 with 64 channels or more go by Winograd's products instead. In a slower hour of the
same machine the six such convolutions of a VGG-like net, with all the rest of a training step, took
0.43 s by them and 0.74 s without; each alone, forward and gradient of the filters: 46 of 57 and 60
of 69 ms in the first row, 26 of 38 and 38 of 57 in the third, 26 of 39 and 28 of 44 in the fifth.
With 32 channels they were level.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
from jax import lax

from . import winograd
from .windows import Pads, pad, windows

BLOCK_BYTES = 5 * 2**20
"""Size of the patches of a block; 2 to 8 MiB are about as fast."""

SMALL_BYTES = 12 * 2**20
"""Size of the patches of a batch up to which blocks only cost.

A step of the tutorial's network (the last row and one with 9 MiB of patches), in which both
convolutions are one product with all patches and the gradients those that JAX derives, takes 15 ms;
by sums over the elements of the filters and XLA's convolution for the gradient of the input it took
20 (Intel Xeon, two cores).
"""

TURNED_BYTES = 2**19
"""Size of the patches of a block that `_turned_product` takes: images one by one, or nearly so."""

WINOGRAD_BYTES = 20 * 2**20
"""Size of the transformed images of a block."""

WINOGRAD_CHANNELS = 64
"""Channels and filters from which transforms cost less than the products that they save."""


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
    return _correlate(x, W, pads)


def _forward(x: jax.Array, W: jax.Array, pads: Pads) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return convolve_blocks(x, W, pads), (x, W)


def _backward(pads: Pads, kept: tuple[jax.Array, ...], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, W = kept
    return _gradient_of_input(g, W, pads), _gradient_of_filters(pad(x, pads), g, W)


convolve_blocks.defvjp(_forward, _backward)


def _correlate(x: jax.Array, W: jax.Array, pads: Pads) -> jax.Array:
    if any(map(_negative, pads)):
        return _by_lax(x, W, pads)
    padded = pad(x, pads)
    if _by_winograd(W):
        right = winograd.transform_filters(W)
        block = _block(padded, W)
        return _over_blocks(lambda images: winograd.correlate(images, right), block, padded)
    if W.ndim <= 4 and math.prod(W.shape[:-2]) > 1:
        return _by_lax(x, W, pads)
    return _over_blocks(lambda images: _by_rows(images, W), _block(padded, W), padded)


def _by_lax(x: jax.Array, W: jax.Array, pads: Pads) -> jax.Array:
    letters = "DHW"[-(W.ndim - 2) :]
    numbers = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    return lax.conv_general_dilated(x, W, (1,) * len(letters), pads, dimension_numbers=numbers)


def _gradient_of_input(g: jax.Array, W: jax.Array, pads: Pads) -> jax.Array:
    """Correlate with the filters turned by 180 degrees, channels and filters exchanged."""
    turned = jnp.flip(W, range(W.ndim - 2)).swapaxes(-1, -2)
    outer = tuple((k - 1 - a, k - 1 - b) for k, (a, b) in zip(W.shape, pads, strict=False))
    return convolve_blocks(g, turned, outer)


def _gradient_of_filters(x: jax.Array, g: jax.Array, W: jax.Array) -> jax.Array:
    field, filters = math.prod(W.shape[:-1]), W.shape[-1]
    if _by_winograd(W):
        gradients = _sum_over_blocks(winograd.gradient_of_right_sides, _block(x, W), x, g)
        return winograd.gradient_of_filters(gradients, W.ndim - 2)
    image = _patch_bytes(x, W)
    if field >= 2 * filters and image <= BLOCK_BYTES:
        block = _largest(len(x), TURNED_BYTES // image)
        (turned,) = _sum_over_blocks(functools.partial(_turned_product, W.shape[:-2]), block, x, g)
        return turned.T.reshape(W.shape)

    def products(x: jax.Array, g: jax.Array) -> list[jax.Array]:
        return [_product(seen, g) for seen in _rows(x, W.shape[:-2])]

    return jnp.concatenate(_sum_over_blocks(products, _block(x, W), x, g)).reshape(W.shape)


def _turned_product(size: tuple[int, ...], x: jax.Array, g: jax.Array) -> list[jax.Array]:
    """Sum what is asked of the filters times what they saw, of shape ``(filters, field)``.

    XLA's matrix product takes its left side along the rows at twice the speed, once it is written
    down so, which costs little for the narrower one of the two.
    """
    patches = jnp.concatenate(list(windows(x, size)), axis=-1)
    turned = lax.optimization_barrier(g.reshape(-1, g.shape[-1]).T)
    return [turned @ patches.reshape(-1, patches.shape[-1])]


def _product(seen: jax.Array, g: jax.Array) -> jax.Array:
    """Sum over all positions what the filters saw times what is asked of them."""
    return seen.reshape(-1, seen.shape[-1]).T @ g.reshape(-1, g.shape[-1])


def _by_rows(x: jax.Array, W: jax.Array) -> jax.Array:
    """Correlate with one product for each row of the filters, which copies less than patches."""
    rows = W.reshape(-1, W.shape[-3] * W.shape[-2], W.shape[-1])
    return sum(seen @ row for seen, row in zip(_rows(x, W.shape[:-2]), rows, strict=True))


def _rows(x: jax.Array, size: tuple[int, ...]) -> Iterator[jax.Array]:
    """Yield what each row of the filters sees: its elements side by side as channels."""
    wide = jnp.concatenate(list(windows(x, (1,) * (len(size) - 1) + size[-1:])), axis=-1)
    return windows(wide, (*size[:-1], 1))


def worth_blocks(x: jax.Array, size: Sequence[int], pads: Pads) -> bool:
    """Whether the patches under filters of that size are too large to be made all at once."""
    padded = [n + sum(ends) for n, ends in zip(x.shape[1:-1], pads, strict=True)]
    patch = math.prod(size) * x.shape[-1]
    return len(x) * _positions(padded, size) * patch * x.dtype.itemsize > SMALL_BYTES


def _positions(extents: Sequence[int], size: Sequence[int]) -> int:
    return math.prod(n - k + 1 for n, k in zip(extents, size, strict=True))


def _patch_bytes(x: jax.Array, W: jax.Array) -> int:
    """Size of the patches of one padded image."""
    positions = _positions(x.shape[1:-1], W.shape[:-2])
    return positions * math.prod(W.shape[:-1]) * x.dtype.itemsize


def _by_winograd(W: jax.Array) -> bool:
    return winograd.fits(W) and min(W.shape[-2:]) >= WINOGRAD_CHANNELS


def _block(x: jax.Array, W: jax.Array) -> int:
    """Images in a block: the largest divisor of the batch that stays in the cache."""
    if _by_winograd(W):
        fitting = WINOGRAD_BYTES // winograd.left_bytes(x)
    else:
        fitting = BLOCK_BYTES // _patch_bytes(x, W)
    return _largest(len(x), fitting)


def _largest(count: int, limit: int) -> int:
    """Find the largest divisor of a batch within a limit, or one."""
    return max(n for n in range(1, count + 1) if count % n == 0 and n <= max(limit, 1))


def _split(x: jax.Array, size: int) -> jax.Array:
    return x.reshape(-1, size, *x.shape[1:])


def _over_blocks(work: Callable[[jax.Array], jax.Array], size: int, x: jax.Array) -> jax.Array:
    done = lax.map(work, _split(x, size))
    return done.reshape(len(x), *done.shape[2:])


def _sum_over_blocks(
    work: Callable[..., list[jax.Array]], size: int, *arrays: jax.Array
) -> list[jax.Array]:
    blocks = [_split(array, size) for array in arrays]

    def add(i: jax.Array, totals: list[jax.Array]) -> list[jax.Array]:
        parts = work(*(block[i] for block in blocks))
        return [total + part for total, part in zip(totals, parts, strict=True)]

    shapes = jax.eval_shape(work, *(block[0] for block in blocks))
    zeros = [jnp.zeros(shape.shape, shape.dtype) for shape in shapes]
    return lax.fori_loop(0, len(blocks[0]), add, zeros)


def _negative(pads: tuple[int, int]) -> bool:
    return min(pads) < 0

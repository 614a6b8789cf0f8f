"""Convolution on the CPU in blocks of images that stay in the cache, or by XLA's fast path.

The patches under the filters of a whole batch are many times its size: writing and reading them
costs more than the arithmetic. In blocks of a few images they never leave the cache, and each
gradient is a sum or a convolution of the same kind. Filters of 3x3 with 64 channels or more are
multiplied by Winograd's algorithm instead. See the section "Kernels" of docs/benchmarks.md for the
measurements.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
from jax import lax

from . import library_convolution, winograd
from .windows import Window, pad, windows

BLOCK_BYTES = 5 * 2**20
"""Most bytes of the patches of a block; 2 to 8 MiB are about as fast."""

SMALL_BYTES = 12 * 2**20
"""Bytes of the patches of a batch up to which blocks are slower than patches of the whole batch.

A step of the tutorial's network ((128, 13, 13, 32) to 64 filters of 2x2 and a convolution with 9
MiB of patches) takes 15 ms if both convolutions are one product with all patches and the gradients
those that JAX derives; with sums over the elements of the filters and XLA's convolution for the
gradient of the input it took 20 (Intel Xeon, two cores).
"""

TRANSPOSED_BYTES = 2**19
"""Most bytes of the patches of a block in `_transposed_product`: one image, or a few."""

WINOGRAD_BYTES = 2 * 2**20
"""Most bytes of the transformed images of a block, or as many as the transformed filters have.

Forward and gradients of (4, 56, 56, 64) to 64 filters take 20.4 ms with 2 MiB, 22.5 with 10 and
24.8 with 20 (one core of an AMD EPYC).
"""

WINOGRAD_SMALL_BYTES = 5 * 2**20
"""Bytes of the patches of a batch up to which products with them are faster than Winograd's.

Forward and gradients of (4, 14, 14, 256) to 256 filters, with 7 MiB of patches, take 32 ms with
patches and 20 with Winograd's algorithm; (4, 7, 7, 512) to 512 filters, with 3 MiB, 42 and 48 (one
core of an AMD EPYC).
"""

WINOGRAD_CHANNELS = 64
"""Channels and filters from which the transforms cost less than the products that they save."""


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve_blocks(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate images with filters, one pixel at a time.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    W : array of shape (kh, kw, channels, num_filters)
    window : Window
        Of size ``(kh, kw)``, without stride, dilation and groups. Padding is zeros; negative pads
        crop.

    Returns
    -------
    array of shape (n, oh, ow, num_filters)
    """
    if any(min(ends) < 0 for ends in window.pads):
        return library_convolution.convolve(x, W, window)
    padded = pad(x, window.pads)
    if _by_winograd(W):
        right = winograd.transform_filters(W)
        block = _block(padded, W)
        return _over_blocks(lambda images: winograd.correlate(images, right), block, padded)
    if W.ndim <= 4 and math.prod(window.size) > 1:
        return library_convolution.convolve(x, W, window)
    return _over_blocks(lambda images: _by_rows(images, W), _block(padded, W), padded)


def _forward(x: jax.Array, W: jax.Array, window: Window) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return convolve_blocks(x, W, window), (x, W)


def _backward(
    window: Window, inputs: tuple[jax.Array, ...], gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, W = inputs
    of_filters = _gradient_of_filters(pad(x, window.pads), gradient, W)
    return _gradient_of_input(gradient, W, window), of_filters


convolve_blocks.defvjp(_forward, _backward)


def _gradient_of_input(gradient: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate with the filters rotated by 180 degrees, channels and filters exchanged.

    The gradient that JAX derives from XLA's convolution takes 0.3 seconds within a loop for
    (64, 16, 16, 64) to 128 filters of 3x3, and 12 for that of the filters.
    """
    rotated = jnp.flip(W, range(W.ndim - 2)).swapaxes(-1, -2)
    outer = tuple(
        (k - 1 - before, k - 1 - after)
        for k, (before, after) in zip(window.size, window.pads, strict=True)
    )
    return convolve_blocks(gradient, rotated, replace(window, pads=outer))


def _gradient_of_filters(x: jax.Array, gradient: jax.Array, W: jax.Array) -> jax.Array:
    field, filters = math.prod(W.shape[:-1]), W.shape[-1]
    if _by_winograd(W):

        def of_sides(x: jax.Array, gradient: jax.Array) -> list[jax.Array]:
            return [winograd.gradient_of_right_sides(x, gradient)]

        (of_right,) = _sum_over_blocks(of_sides, _block(x, W), x, gradient)
        return winograd.gradient_of_filters(of_right, W.ndim - 2)
    image_bytes = _patch_bytes(x, W)
    if field >= 2 * filters and image_bytes <= BLOCK_BYTES:
        block = _largest_divisor(len(x), TRANSPOSED_BYTES // image_bytes)
        product = functools.partial(_transposed_product, W.shape[:-2])
        (transposed,) = _sum_over_blocks(product, block, x, gradient)
        return transposed.T.reshape(W.shape)

    def products(x: jax.Array, gradient: jax.Array) -> list[jax.Array]:
        return [_product(values, gradient) for values in _rows(x, W.shape[:-2])]

    of_rows = _sum_over_blocks(products, _block(x, W), x, gradient)
    return jnp.concatenate(of_rows).reshape(W.shape)


def _transposed_product(
    size: tuple[int, ...], x: jax.Array, gradient: jax.Array
) -> list[jax.Array]:
    """Compute the transposed gradient of the filters, of shape ``(filters, field)``.

    XLA's matrix product is twice as fast if its left side is stored row by row. Storing it so costs
    little for the narrower of the two sides, the gradient.
    """
    patches = jnp.concatenate(list(windows(x, Window(size))), axis=-1)
    transposed = lax.optimization_barrier(gradient.reshape(-1, gradient.shape[-1]).T)
    return [transposed @ patches.reshape(-1, patches.shape[-1])]


def _product(values: jax.Array, gradient: jax.Array) -> jax.Array:
    """Sum the outer products of inputs and gradients over all positions."""
    return values.reshape(-1, values.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])


def _by_rows(x: jax.Array, W: jax.Array) -> jax.Array:
    """Correlate with one product for each row of the filters, which copies less than patches."""
    rows = W.reshape(-1, W.shape[-3] * W.shape[-2], W.shape[-1])
    products = (values @ row for values, row in zip(_rows(x, W.shape[:-2]), rows, strict=True))
    return functools.reduce(operator.add, products)


def _rows(x: jax.Array, size: tuple[int, ...]) -> Iterator[jax.Array]:
    """Yield the input of each row of the filters, with its elements side by side as channels."""
    one_row = Window((1,) * (len(size) - 1) + size[-1:])
    wide = jnp.concatenate(list(windows(x, one_row)), axis=-1)
    return windows(wide, Window((*size[:-1], 1)))


def worth_blocks(x: jax.Array, W: jax.Array, window: Window) -> bool:
    """Return whether products with the patches of the batch are slower than blocks of images.

    Arguments as in `convolve_blocks`.
    """
    padded = [n + sum(ends) for n, ends in zip(x.shape[1:-1], window.pads, strict=True)]
    patch = math.prod(window.size) * x.shape[-1]
    small = WINOGRAD_SMALL_BYTES if _by_winograd(W) else SMALL_BYTES
    return len(x) * _positions(padded, window.size) * patch * x.dtype.itemsize > small


def _positions(extents: Sequence[int], size: Sequence[int]) -> int:
    return math.prod(n - k + 1 for n, k in zip(extents, size, strict=True))


def _patch_bytes(x: jax.Array, W: jax.Array) -> int:
    """Return the size of the patches of one padded image."""
    positions = _positions(x.shape[1:-1], W.shape[:-2])
    return positions * math.prod(W.shape[:-1]) * x.dtype.itemsize


def _by_winograd(W: jax.Array) -> bool:
    return winograd.fits(W) and min(W.shape[-2:]) >= WINOGRAD_CHANNELS


def _block(x: jax.Array, W: jax.Array) -> int:
    """Return the number of images in a block: the largest divisor of the batch that fits."""
    if _by_winograd(W):
        fitting = max(WINOGRAD_BYTES, winograd.right_bytes(W)) // winograd.left_bytes(x)
    else:
        fitting = BLOCK_BYTES // _patch_bytes(x, W)
    return _largest_divisor(len(x), fitting)


def _largest_divisor(count: int, limit: int) -> int:
    """Return the largest divisor of a batch within a limit, or one."""
    return max(n for n in range(1, count + 1) if count % n == 0 and n <= max(limit, 1))


def _split(x: jax.Array, size: int) -> jax.Array:
    return x.reshape(-1, size, *x.shape[1:])


def _over_blocks(compute: Callable[[jax.Array], jax.Array], size: int, x: jax.Array) -> jax.Array:
    blocks = lax.map(compute, _split(x, size))
    return blocks.reshape(len(x), *blocks.shape[2:])


def _sum_over_blocks(
    compute: Callable[..., list[jax.Array]], size: int, *arrays: jax.Array
) -> list[jax.Array]:
    blocks = [_split(array, size) for array in arrays]

    def add(i: jax.Array, totals: list[jax.Array]) -> list[jax.Array]:
        parts = compute(*(block[i] for block in blocks))
        return [total + part for total, part in zip(totals, parts, strict=True)]

    shapes = jax.eval_shape(compute, *(block[0] for block in blocks))
    zeros = [jnp.zeros(shape.shape, shape.dtype) for shape in shapes]
    return lax.fori_loop(0, len(blocks[0]), add, zeros)

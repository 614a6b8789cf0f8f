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
from collections.abc import Iterator, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
from jax import lax

from . import few_channels, winograd
from .blocks import largest_divisor, map_blocks, sum_over_blocks
from .library_convolution import convolve as convolve_by_library
from .untransformed import Compute, untransformed
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

WINOGRAD_BYTES = 8 * 2**20
"""Most bytes of the transformed images of a block, or as many as the transformed filters have.

The products of a smaller block are too small for two cores: a training step of the VGG-like network
takes 0.31 s with 8 MiB and 0.35 with 2, of ResNet-18 on four images of 224x224 0.30 and 0.32 (AMD
EPYC). One core alone would prefer 2: forward and gradients of (4, 56, 56, 64) to 64 filters take
20.4 ms with them, and 22.5 with 10.
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
    """Correlate images with filters; as `library_convolution.convolve`, but in blocks of images."""
    if any(min(ends) < 0 for ends in window.pads):
        return convolve_by_library(x, W, window)
    padded, inner = pad(x, window.pads), _without_pads(window)
    if _by_winograd(W, window):
        right = winograd.transform_filters(W)
        block = _block(padded, W, inner)
        return map_blocks(lambda images: winograd.correlate(images, right), block, padded)
    if W.ndim <= 4 and math.prod(window.size) > 1:
        return _by_library(x, W, window)
    return map_blocks(lambda images: _by_rows(images, W, inner), _block(padded, W, inner), padded)


def _forward(x: jax.Array, W: jax.Array, window: Window) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return convolve_blocks(x, W, window), (x, W)


def _backward(
    window: Window, inputs: tuple[jax.Array, ...], gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, W = inputs
    of_filters = _gradient_of_filters(pad(x, window.pads), gradient, W, _without_pads(window))
    if _is_strided(window):
        return _gradient_of_strided_input(x, gradient, W, window), of_filters
    return _gradient_of_input(gradient, W, window), of_filters


convolve_blocks.defvjp(_forward, _backward)


def _by_library(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    by_library = functools.partial(convolve_by_library, window=window)
    by_patches = functools.partial(_by_patches, window=window)
    return untransformed(by_library, by_patches)(x, W)


def _by_patches(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    padded, inner = pad(x, window.pads), _without_pads(window)

    def correlate(images: jax.Array) -> jax.Array:
        patches = jnp.concatenate(list(windows(images, inner)), axis=-1)
        matrix = W.reshape(-1, W.shape[-1])
        flat = patches.reshape(-1, len(matrix))  # with more axes the derived gradient is slow
        return (flat @ matrix).reshape(*patches.shape[:-1], -1)

    if len(x) * _patch_bytes(padded, W, inner) <= SMALL_BYTES:
        return correlate(padded)
    return map_blocks(correlate, _block(padded, W, inner), padded)


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


def _gradient_of_strided_input(
    x: jax.Array, gradient: jax.Array, W: jax.Array, window: Window
) -> jax.Array:
    """Transpose the products with the rows of the filters."""
    size = _block(pad(x, window.pads), W, window)

    def correlate(images: jax.Array) -> jax.Array:
        return _by_rows(pad(images, window.pads), W, _without_pads(window))

    transposed = jax.linear_transpose(correlate, x[:size])
    return map_blocks(lambda images: transposed(images)[0], size, gradient)


def _gradient_of_filters(
    x: jax.Array, gradient: jax.Array, W: jax.Array, window: Window
) -> jax.Array:
    field, filters = math.prod(W.shape[:-1]), W.shape[-1]
    if _by_winograd(W, window):

        def of_sides(x: jax.Array, gradient: jax.Array) -> list[jax.Array]:
            return [winograd.gradient_of_right_sides(x, gradient)]

        (of_right,) = sum_over_blocks(of_sides, _block(x, W, window), x, gradient)
        return winograd.gradient_of_filters(of_right, W.ndim - 2)
    if few_channels.fits(W):
        few = functools.partial(few_channels.gradient_of_filters, window=window)
        return untransformed(few, _patches_transposed(W, window))(x, gradient)
    image_bytes = _patch_bytes(x, W, window)
    if field >= 2 * filters and image_bytes <= BLOCK_BYTES:
        block = largest_divisor(len(x), TRANSPOSED_BYTES // image_bytes)
        product = functools.partial(_transposed_product, window)
        (transposed,) = sum_over_blocks(product, block, x, gradient)
        return transposed.T.reshape(W.shape)

    def products(x: jax.Array, gradient: jax.Array) -> list[jax.Array]:
        return [_product(values, gradient) for values in _rows(x, window)]

    of_rows = sum_over_blocks(products, _block(x, W, window), x, gradient)
    return jnp.concatenate(of_rows).reshape(W.shape)


def _patches_transposed(W: jax.Array, window: Window) -> Compute:
    """Return a function of images and gradient that transposes the products with patches."""

    def of_filters(x: jax.Array, gradient: jax.Array) -> jax.Array:
        transposed = jax.linear_transpose(lambda W: _by_patches(x, W, window), like)
        return transposed(gradient)[0]

    like = jax.ShapeDtypeStruct(W.shape, W.dtype)
    return of_filters


def _transposed_product(window: Window, x: jax.Array, gradient: jax.Array) -> list[jax.Array]:
    """Compute the transposed gradient of the filters, of shape ``(filters, field)``.

    XLA's matrix product is twice as fast if its left side is stored row by row. Storing it so costs
    little for the narrower of the two sides, the gradient.
    """
    patches = jnp.concatenate(list(windows(x, window)), axis=-1)
    transposed = lax.optimization_barrier(gradient.reshape(-1, gradient.shape[-1]).T)
    return [transposed @ patches.reshape(-1, patches.shape[-1])]


def _product(values: jax.Array, gradient: jax.Array) -> jax.Array:
    """Sum the outer products of inputs and gradients over all positions."""
    return values.reshape(-1, values.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])


def _by_rows(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate with one product for each row of the filters, which copies less than patches."""
    rows = W.reshape(-1, W.shape[-3] * W.shape[-2], W.shape[-1])
    products = (values @ row for values, row in zip(_rows(x, window), rows, strict=True))
    return functools.reduce(operator.add, products)


def _rows(x: jax.Array, window: Window) -> Iterator[jax.Array]:
    """Yield the input of each row of the filters, with its elements side by side as channels."""
    (*size, elements), (*stride, step) = window.size, window.stride
    ones = (1,) * len(size)
    wide = jnp.concatenate(list(windows(x, Window((*ones, elements), (*ones, step)))), axis=-1)
    return windows(wide, Window((*size, 1), (*stride, 1)))


def worth_blocks(x: jax.Array, W: jax.Array, window: Window) -> bool:
    """Return whether products with the patches of the batch are slower than blocks of images.

    Arguments as in `convolve_blocks`.
    """
    padded = [n + sum(ends) for n, ends in zip(x.shape[1:-1], window.pads, strict=True)]
    patch = math.prod(window.size) * x.shape[-1]
    if few_channels.fits(W):  # whose patches take longer to copy than to multiply
        return True
    small = WINOGRAD_SMALL_BYTES if _by_winograd(W, window) else SMALL_BYTES
    return len(x) * _positions(padded, window) * patch * x.dtype.itemsize > small


def _positions(extents: Sequence[int], window: Window) -> int:
    axes = zip(extents, window.size, window.stride, strict=True)
    return math.prod((n - k) // step + 1 for n, k, step in axes)


def _patch_bytes(x: jax.Array, W: jax.Array, window: Window) -> int:
    """Return the size of the patches of one padded image."""
    positions = _positions(x.shape[1:-1], window)
    return positions * math.prod(W.shape[:-1]) * x.dtype.itemsize


def _is_strided(window: Window) -> bool:
    return any(step > 1 for step in window.stride)


def _without_pads(window: Window) -> Window:
    return replace(window, pads=())


def _by_winograd(W: jax.Array, window: Window) -> bool:
    fits = winograd.fits(W) and not _is_strided(window)
    return fits and min(W.shape[-2:]) >= WINOGRAD_CHANNELS


def _block(x: jax.Array, W: jax.Array, window: Window) -> int:
    """Return the number of images in a block: the largest divisor of the batch that fits."""
    if _by_winograd(W, window):
        fitting = max(WINOGRAD_BYTES, winograd.right_bytes(W)) // winograd.left_bytes(x)
    else:
        fitting = BLOCK_BYTES // _patch_bytes(x, W, window)
    return largest_divisor(len(x), fitting)

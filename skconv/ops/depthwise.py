"""Convolution of each channel with a filter of its own, on the CPU.

The output and the gradient of the input are sums of elementwise products over the elements of the
filter. The gradient of the filters sums such products over all positions; XLA sums along leading
axes slowly, and a product with a vector of ones takes half the time. All of them go by blocks of a
few images that stay in the cache.

Milliseconds of one core's time within a compiled loop (Intel Xeon with AVX-512, jax 0.10.2, torch
2.13), forward and both gradients together:

=================================  =======  ====  =====
input, filters                     patches  sums  torch
=================================  =======  ====  =====
(64,16,16,64), 3x3                 101      4.8   4.8
(64,16,16,64), 5x5, strided by 2   88       3.2   9.9
(64,16,16,64), 3x3, to 128 of 1x1  114      12    18
=================================  =======  ====  =====
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp
from jax import lax

from .windows import Window, pad, windows

BLOCK_BYTES = 2**17
"""Most bytes of the images of a block."""


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve_depthwise(x: jax.Array, W: jax.Array, window: Window) -> jax.Array:
    """Correlate each channel with its own filter.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    W : array of shape (kh, kw, channels)
    window : Window
        Of size ``(kh, kw)``. Its groups are ignored; padding is zeros.

    Returns
    -------
    array of shape (n, oh, ow, channels)
    """

    def correlate(x: jax.Array) -> jax.Array:
        return _sum_of_products(windows(x, window), _elements(W))

    return _join(lax.map(correlate, _split(x, x)))


def _forward(x: jax.Array, W: jax.Array, window: Window) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return convolve_depthwise(x, W, window), (x, W)


def _backward(
    window: Window, inputs: tuple[jax.Array, ...], gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, W = inputs
    channels = W.shape[-1]
    axes = list(zip(x.shape[1:-1], window.pads, strict=True))
    padded_sizes = [n + before + after for n, (before, after) in axes]
    unpadded = [slice(before, before + n) for n, (before, _) in axes]
    x_blocks, gradient_blocks = _split(x, x), _split(gradient, x)

    def of_input(gradient: jax.Array) -> jax.Array:
        return _gradient_of_padded(gradient, W, window, padded_sizes)[(slice(None), *unpadded)]

    def add_of_filters(i: jax.Array, total: jax.Array) -> jax.Array:
        x, gradient = x_blocks[i], gradient_blocks[i]
        ones = jnp.ones((1, math.prod(gradient.shape[:-1])), gradient.dtype)
        products = (values * gradient for values in windows(x, window))
        # The barrier makes XLA materialize the products; fused, its matrix product is not faster.
        written = (lax.optimization_barrier(p).reshape(-1, channels) for p in products)
        return total + jnp.concatenate([ones @ p for p in written])

    zeros = jnp.zeros((math.prod(window.size), channels), W.dtype)
    dW = lax.fori_loop(0, len(x_blocks), add_of_filters, zeros)
    return _join(lax.map(of_input, gradient_blocks)), dW.reshape(W.shape)


convolve_depthwise.defvjp(_forward, _backward)


def _gradient_of_padded(
    gradient: jax.Array, W: jax.Array, window: Window, sizes: Sequence[int]
) -> jax.Array:
    """Compute the gradient of the padded input, of spatial `sizes`.

    Pixels that lie a stride apart have met the same elements of the filter. So for each phase of
    the stride the gradient is a correlation with those elements; at the end the phases are
    interleaved.
    """
    stride = window.stride
    axes = list(zip(gradient.shape[1:-1], window.size, stride, window.dilation, sizes, strict=True))
    counts = [-(-n // s) for *_, s, _, n in axes]
    before = [d * (k - 1) // s for _, k, s, d, _ in axes]
    after = [count - n for count, (n, *_) in zip(counts, axes, strict=True)]
    padded = pad(gradient, list(zip(before, after, strict=True)))
    zeros = jnp.zeros((len(gradient), *counts, gradient.shape[-1]), gradient.dtype)
    phases = []
    for phase in itertools.product(*map(range, stride)):
        meeting = [
            [(at, first - (d * at - r) // s) for at in range(k) if d * at % s == r]
            for r, first, (_, k, s, d, _) in zip(phase, before, axes, strict=True)
        ]
        values, elements = [], []
        for taps in itertools.product(*meeting):
            cuts = (slice(start, start + n) for (_, start), n in zip(taps, counts, strict=True))
            values.append(padded[(slice(None), *cuts)])
            elements.append(W[tuple(at for at, _ in taps)])
        phases.append(_sum_of_products(values, elements) if values else zeros)
    whole = _interleave(phases, stride)
    return whole[(slice(None), *map(slice, sizes))]


def _interleave(phases: Sequence[jax.Array], stride: Sequence[int]) -> jax.Array:
    """Interleave the phases of the stride, given with the last axis varying fastest."""
    if len(phases) == 1:
        return phases[0]
    x, axes = jnp.stack(phases), len(stride)
    batch, *counts, channels = x.shape[1:]
    x = x.reshape(*stride, batch, *counts, channels)
    order = itertools.chain.from_iterable((axes + 1 + i, i) for i in range(axes))
    x = x.transpose(axes, *order, -1)
    return x.reshape(batch, *(n * s for n, s in zip(counts, stride, strict=True)), channels)


def _sum_of_products(values: Iterable[jax.Array], elements: Iterable[jax.Array]) -> jax.Array:
    products = (part * element for part, element in zip(values, elements, strict=True))
    return functools.reduce(operator.add, products)


def _elements(W: jax.Array) -> jax.Array:
    return W.reshape(-1, W.shape[-1])


def _split(x: jax.Array, like: jax.Array) -> jax.Array:
    """Split a batch into blocks, of as many images of `like` as fit `BLOCK_BYTES`."""
    fitting = max(BLOCK_BYTES // (like[0].size * like.dtype.itemsize), 1)
    size = max(n for n in range(1, len(x) + 1) if len(x) % n == 0 and n <= fitting)
    return x.reshape(-1, size, *x.shape[1:])


def _join(blocks: jax.Array) -> jax.Array:
    return blocks.reshape(-1, *blocks.shape[2:])

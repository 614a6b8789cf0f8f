"""Convolution of each channel with a filter of its own, on the CPU.

There is no matrix in it: it is a sum over the elements of the filter of elementwise products, and
so is the gradient of the input. That of the filters is a sum over all positions of such products;
XLA sums along leading axes slowly, and a product with a vector of ones takes half the time. All in
blocks of a few images that stay in the cache.

Milliseconds of one core's time within a compiled loop (Intel Xeon with AVX-512, jax 0.10.2, torch
2.13), forward and both gradients together:

=================================  =======  ====  =====
input, filters                     patches  here  torch
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
from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp
from jax import lax

from .windows import Pads, pad, windows

BLOCK_BYTES = 2**17
"""Size of the images of a block."""


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def convolve_depthwise(
    x: jax.Array,
    W: jax.Array,
    stride: tuple[int, ...],
    pads: Pads,
    dilation: tuple[int, ...],
) -> jax.Array:
    """Correlate each channel with its own filter.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    W : array of shape (kh, kw, channels)
    stride, dilation : tuple of int
        One for each spatial axis.
    pads : tuple of (int, int)
        Zeros before and after each spatial axis.

    Returns
    -------
    array of shape (n, oh, ow, channels)
    """
    size = W.shape[:-1]

    def correlate(x: jax.Array) -> jax.Array:
        return _sum_of_products(windows(pad(x, pads), size, stride, dilation), _elements(W))

    return _join(lax.map(correlate, _split(x, x)))


def _forward(
    x: jax.Array,
    W: jax.Array,
    stride: tuple[int, ...],
    pads: Pads,
    dilation: tuple[int, ...],
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return convolve_depthwise(x, W, stride, pads, dilation), (x, W)


def _backward(
    stride: tuple[int, ...],
    pads: Pads,
    dilation: tuple[int, ...],
    kept: tuple[jax.Array, ...],
    g: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    x, W = kept
    size, channels = W.shape[:-1], W.shape[-1]
    sizes = [n + before + after for n, (before, after) in zip(x.shape[1:], pads, strict=False)]
    inside = [slice(p, p + n) for n, (p, _) in zip(x.shape[1:], pads, strict=False)]
    x_blocks, g_blocks = _split(x, x), _split(g, x)

    def of_input(g: jax.Array) -> jax.Array:
        return _take_back(g, W, stride, dilation, sizes)[(slice(None), *inside)]

    def of_filters(i: jax.Array, total: jax.Array) -> jax.Array:
        x, g = x_blocks[i], g_blocks[i]
        ones = jnp.ones((1, math.prod(g.shape[:-1])), g.dtype)
        products = (seen * g for seen in windows(pad(x, pads), size, stride, dilation))
        # the barrier has XLA write the products down, without which its matrix product is no faster
        written = (lax.optimization_barrier(p).reshape(-1, channels) for p in products)
        return total + jnp.concatenate([ones @ p for p in written])

    zeros = jnp.zeros((math.prod(size), channels), W.dtype)
    dW = lax.fori_loop(0, len(x_blocks), of_filters, zeros)
    return _join(lax.map(of_input, g_blocks)), dW.reshape(W.shape)


convolve_depthwise.defvjp(_forward, _backward)


def _take_back(
    g: jax.Array,
    W: jax.Array,
    stride: Sequence[int],
    dilation: Sequence[int],
    sizes: Sequence[int],
) -> jax.Array:
    """Compute the gradient of the padded input, of these sizes.

    What lies a stride apart has met the same elements of the filter: for each position within a
    stride the gradient is a correlation with those, and all are put side by side in the end.
    """
    axes = list(zip(g.shape[1:-1], W.shape[:-1], stride, dilation, sizes, strict=True))
    counts = [-(-n // s) for *_, s, _, n in axes]
    first = [d * (k - 1) // s for _, k, s, d, _ in axes]
    rest = [count - n for count, (n, *_) in zip(counts, axes, strict=True)]
    g = pad(g, list(zip(first, rest, strict=True)))
    parts = []
    for phase in itertools.product(*map(range, stride)):
        meeting = [
            [(at, f - (d * at - r) // s) for at in range(k) if d * at % s == r]
            for r, f, (_, k, s, d, _) in zip(phase, first, axes, strict=True)
        ]
        seen, elements = [], []
        for taps in itertools.product(*meeting):
            cuts = (slice(start, start + n) for (_, start), n in zip(taps, counts, strict=True))
            seen.append(g[(slice(None), *cuts)])
            elements.append(W[tuple(at for at, _ in taps)])
        parts.append(_sum_of_products(seen, elements) if seen else None)
    zeros = jnp.zeros((len(g), *counts, g.shape[-1]), g.dtype)
    parts = [zeros if part is None else part for part in parts]
    whole = _interleave(parts, stride)
    return whole[(slice(None), *map(slice, sizes))]


def _interleave(parts: Sequence[jax.Array], stride: Sequence[int]) -> jax.Array:
    """Put the parts of all positions within a stride, last axis first, in their places."""
    if len(parts) == 1:
        return parts[0]
    x, axes = jnp.stack(parts), len(stride)
    batch, *counts, channels = x.shape[1:]
    x = x.reshape(*stride, batch, *counts, channels)
    order = itertools.chain.from_iterable((axes + 1 + i, i) for i in range(axes))
    x = x.transpose(axes, *order, -1)
    return x.reshape(batch, *(n * s for n, s in zip(counts, stride, strict=True)), channels)


def _sum_of_products(seen: Iterable[jax.Array], elements: Iterable[jax.Array]) -> jax.Array:
    return sum(part * element for part, element in zip(seen, elements, strict=True))


def _elements(W: jax.Array) -> jax.Array:
    return W.reshape(-1, W.shape[-1])


def _split(x: jax.Array, like: jax.Array) -> jax.Array:
    """Cut a batch into blocks, as large as `like` says."""
    fitting = max(BLOCK_BYTES // (like[0].size * like.dtype.itemsize), 1)
    size = max(n for n in range(1, len(x) + 1) if len(x) % n == 0 and n <= fitting)
    return x.reshape(-1, size, *x.shape[1:])


def _join(blocks: jax.Array) -> jax.Array:
    return blocks.reshape(-1, *blocks.shape[2:])

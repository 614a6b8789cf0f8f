"""Compute over a batch in blocks of rows that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax


def largest_divisor(count: int, limit: int) -> int:
    """Return the largest divisor of a number of rows within a limit, or one."""
    return max(n for n in range(1, count + 1) if count % n == 0 and n <= max(limit, 1))


def map_blocks(compute: Callable[[jax.Array], jax.Array], size: int, x: jax.Array) -> jax.Array:
    """Return the joined results of a function of a block of `size` rows."""
    blocks = lax.map(compute, _split(x, size))
    return blocks.reshape(len(x), *blocks.shape[2:])


def sum_over_blocks(
    compute: Callable[..., list[jax.Array]], size: int, *arrays: jax.Array
) -> list[jax.Array]:
    """Return the sums of what a function of blocks of `size` rows of the arrays returns."""
    blocks = [_split(array, size) for array in arrays]

    def add(i: jax.Array, totals: list[jax.Array]) -> list[jax.Array]:
        parts = compute(*(block[i] for block in blocks))
        return [total + part for total, part in zip(totals, parts, strict=True)]

    shapes = jax.eval_shape(compute, *(block[0] for block in blocks))
    zeros = [jnp.zeros(shape.shape, shape.dtype) for shape in shapes]
    return lax.fori_loop(0, len(blocks[0]), add, zeros)


def _split(x: jax.Array, size: int) -> jax.Array:
    return x.reshape(-1, size, *x.shape[1:])

"""The outputs of a batch, computed in parts one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..layers.base import Context
from ..network.graph import Variables
from ..ops.mesh import split_rows

Compute = Callable[[Variables, Any, Context], tuple[Any, Variables]]
"""From the state, inputs and a context to the outputs and the new state."""


def in_parts(
    compute: Compute, count: int, state: Variables, X: dict[str, jax.Array], ctx: Context
) -> tuple[Any, Variables]:
    """Compute the outputs of a batch in parts of its rows, each from the state after the last.

    A part has every `count`-th row, so that devices which share the batch share each part.

    For the gradients, only inputs and outputs of the parts are kept; each part is computed again
    when the gradients of its outputs are known. So any function of the outputs of the whole batch
    has the gradients that it has without parts, and in memory are the values of one part.

    Parameters
    ----------
    compute : callable
    count : int
        Number of parts. If they do not divide the rows, the first rows fill up the parts.
    state : dict of dict of array
    X : dict of array of shape (n, ...)
    ctx : Context
        With a key and a mask.

    Returns
    -------
    outputs : array of shape (n, ...), or tuple of arrays
    state : dict of dict of array
    """
    assert ctx.mask is not None
    assert ctx.key is not None
    n = len(ctx.mask)
    size = -(-n // count)
    rows = jnp.arange(size * count) % n
    mask = ctx.mask[rows] & (jnp.arange(size * count) < n)

    def cut(array: jax.Array) -> jax.Array:
        whole = array if len(array) == len(rows) else array[rows]
        return whole.reshape(size, count, *array.shape[1:]).swapaxes(0, 1)

    def joined(array: jax.Array) -> jax.Array:
        return array.swapaxes(0, 1).reshape(-1, *array.shape[2:])[:n]

    def run_part(state: Variables, part: Any) -> tuple[Variables, Any]:
        X, mask, key = part
        out, state = compute(state, split_rows(X), ctx._replace(key=key, mask=mask))
        return state, out

    parts = jax.tree.map(cut, X), cut(mask), jax.random.split(ctx.key, count)
    # a loop computes each part on its own anyway, so nothing must keep XLA from merging them
    run_again = jax.checkpoint(run_part, prevent_cse=False)
    state, out = lax.scan(run_again, state, parts)
    return jax.tree.map(joined, out), state

"""How rows lie on the device, and how programs take batches of them and put outputs down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Batches(NamedTuple):
    """Rows cut into batches, as `skconv.data.Chunk` holds them.

    Parameters
    ----------
    X : dict of array of shape (steps, batch, ...)
    y : array of shape (steps, batch, ...)
    weights : array of shape (steps, batch)
        Weight of each row in the loss; zero for rows that only fill up.
    rows : int32 array of shape (steps, batch)
        Number of each row in the data.
    """

    X: dict[str, Any]
    y: Any
    weights: Any
    rows: Any

    def batch(self, i: Any) -> tuple[dict[str, Any], Any, Any]:
        """X, y and weights of a batch."""
        return batch_of(self.X, i), at(self.y, i), self.weights[i]


class Gathered(NamedTuple):
    """Batches that lie anywhere in the data.

    Parameters
    ----------
    X : dict of array of shape (1, n, ...)
    y : array of shape (1, n, ...)
    index : int32 array of shape (steps, batch)
        Rows of each batch.
    weights : array of shape (steps, batch)
    """

    X: dict[str, Any]
    y: Any
    index: Any
    weights: Any

    def batch(self, i: Any) -> tuple[dict[str, Any], Any, Any]:
        """X, y and weights of a batch."""
        places = 0, self.index[i]
        return batch_of(self.X, places), at(self.y, places), self.weights[i]


def flat(batches: Any) -> Any:
    """Take arrays of batches for arrays of rows."""
    return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), batches)


def batch_of(X: dict[str, jax.Array], i: Any) -> dict[str, jax.Array]:
    """Take a batch, or the rows at some places, as float32."""
    return {name: array[i].astype(jnp.float32) for name, array in X.items()}


def at(y: Any, i: Any) -> Any:
    """Take the targets of a batch, or at some places."""
    return jax.tree.map(lambda array: array[i], y)


def buffer(make: Callable[[Any], Any], length: int) -> Any:
    """Make room for what a function of the batch's number gives for all batches."""
    return jax.tree.map(
        lambda one: jnp.zeros((length, *one.shape), one.dtype), jax.eval_shape(make, 0)
    )


def put(kept: Any, i: Any, new: Any) -> Any:
    """Put down what a batch gave."""
    return jax.tree.map(lambda buffer, one: buffer.at[i].set(one), kept, new)

"""The default training objective: the weighted mean of the losses, plus penalties."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..utils.checks import bounded
from .base import NATURAL
from .by_nonlinearity import LossFunction

__all__ = ["objective"]


@bounded(l1=NATURAL, l2=NATURAL)
def objective(
    predictions: jax.Array,
    targets: jax.Array,
    weights: jax.Array,
    params: list[jax.Array],
    *,
    loss_function: LossFunction,
    l1: float | jax.Array | None = None,
    l2: float | jax.Array | None = None,
) -> jax.Array:
    """Compute the weighted mean loss of a batch, plus penalties on the parameters.

    A custom objective has the same signature; its further keywords are set by ``objective_*``. For
    a net with several outputs, predictions and targets are tuples (in training, predictions of
    auxiliary outputs come last), and the loss function takes such tuples and returns the sum of the
    losses under the outputs' weights.

    Parameters
    ----------
    predictions : array of shape (n, ...)
        Outputs of the network.
    targets : array of shape (n, ...)
        Ignored ones are -1 for classes, and NaN otherwise; the loss function leaves them out.
    weights : array of shape (n,)
        Weight of each row, the mean of those of its targets; zero for rows that pad the batch.
    params : list of arrays
        The regularizable parameters.
    loss_function : callable
        ``(predictions, targets) -> losses``.
    l1, l2 : float, optional
        Factors on the sum of absolute values and of squares of `params`.

    Returns
    -------
    scalar array

    Examples
    --------
    >>> from skconv.objectives import squared_error
    >>> predictions, targets = jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])
    >>> float(objective(predictions, targets, jnp.ones(2), [], loss_function=squared_error))
    5.0
    """
    losses = loss_function(predictions, targets)
    rows = losses.reshape(losses.shape[0], -1).mean(axis=1)
    loss = weighted_mean(rows, weights)
    if l1 is not None:
        loss += l1 * sum(jnp.abs(p).sum() for p in params)
    if l2 is not None:
        loss += l2 * sum(jnp.square(p).sum() for p in params)
    return loss


def weighted_mean(rows: jax.Array, weights: jax.Array) -> jax.Array:
    """Return the mean of `rows` under `weights`, or zero if all weights are zero."""
    total = weights.sum()
    return (rows * weights).sum() / jnp.where(total > 0, total, 1)

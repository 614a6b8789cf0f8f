"""The partial likelihood of Cox's proportional hazards model."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from ..utils.loss_contracts import LossContract, takes

__all__ = ["cox_loss"]

ABSENT = -1e30
"""Logarithm of the weight of rows that are not at risk; finite, so that gradients are."""


@takes(LossContract("parameters", "survival"))
def cox_loss(
    predictions: jax.Array, targets: jax.Array, weights: jax.Array | None = None
) -> jax.Array:
    """Compute the negative log partial likelihood of Cox's model (Cox 1972).

    It is ``log(sum(exp(h_j))) - h_i`` for a row with an event, where ``h`` is the logarithm of the
    risk, and the sum goes over the rows still at risk: those whose time is not before that of the
    row. Rows with equal times are all at risk (Breslow 1974). Censored rows have a loss of zero.

    The rows of a batch are the set at risk, also in validation, so larger batches come closer to
    the likelihood of all rows. The output has one unit, the logarithm of the risk, which `predict`
    returns, of shape (n,). `score` is Harrell's concordance index.

    As y, a net takes an array of shape (n, 2) with times and events (1, or 0 if censored), a
    structured array with a field of bools, the event, and a field of times, as in scikit-survival,
    or a DataFrame with such columns. It needs ``regression=True``.

    Parameters
    ----------
    predictions : array of shape (n,) or (n, 1)
        Logarithm of the risk.
    targets : array of shape (n, 2)
        Time, and 1 if the event was observed or 0 if the row was censored.
    weights : array of shape (n,), optional
        Weight of each row in the sums; zero for rows that pad the batch.

    Returns
    -------
    array of shape (n,)

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> targets = jnp.array([[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    >>> [round(float(loss), 4) for loss in cox_loss(jnp.zeros(3), targets)]
    [1.0986, 0.0, 0.0]

    >>> import numpy as np
    >>> from skconv import NeuralNetRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> time = rng.exponential(np.exp(-X[:, 0]))
    >>> y = np.column_stack([np.minimum(time, 2), time < 2])
    >>> net = NeuralNetRegressor(
    ...     objective_loss_function='cox_loss', max_epochs=20, random_state=0
    ... ).fit(X, y)
    >>> net.score(X, y) > 0.7
    True
    """
    log_risk = predictions.reshape(len(targets))
    times, events = targets[:, 0], targets[:, 1]
    log_weights = jnp.zeros_like(log_risk)
    if weights is not None:
        log_weights = jnp.where(weights > 0, jnp.log(jnp.where(weights > 0, weights, 1)), ABSENT)
    order = jnp.argsort(-times)
    sums = cumulative_logsumexp((log_risk + log_weights)[order])
    last_at_risk = jnp.searchsorted(-times[order], -times, side="right") - 1
    return events * (sums[last_at_risk] - log_risk)


def cumulative_logsumexp(values: jax.Array) -> jax.Array:
    """Return the logarithms of the cumulative sums of ``exp(values)``.

    They are computed in about ``sqrt(n)`` blocks: within each, and then over all before it, in
    memory for ``n**1.5`` numbers. The scan of `jax.lax.cumlogsumexp` takes long to compile.

    Parameters
    ----------
    values : array of shape (n,)

    Returns
    -------
    array of shape (n,)

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> jnp.exp(cumulative_logsumexp(jnp.log(jnp.array([1.0, 2.0, 3.0])))).round(4).tolist()
    [1.0, 3.0, 6.0]
    """
    n = len(values)
    size = max(1, math.isqrt(n))
    count = -(-n // size)
    padded = jnp.pad(values, (0, count * size - n), constant_values=ABSENT)
    blocks = padded.reshape(count, size)
    reached = jnp.tril(jnp.ones((size, size), bool))
    within = jax.nn.logsumexp(jnp.where(reached, blocks[:, None], -jnp.inf), axis=2)
    earlier = jnp.tril(jnp.ones((count, count), bool), -1)
    before = jax.nn.logsumexp(jnp.where(earlier, within[:, -1], ABSENT), axis=1)
    return jnp.logaddexp(within, before[:, None]).ravel()[:n]

"""The deviance of counts and rates."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..nonlinearities import exponential
from ..utils.loss_contracts import LossContract, takes
from .base import TINY, aligned
from .by_nonlinearity import on_logits

__all__ = ["poisson_deviance"]


@takes(LossContract("rates", "values", 0))
def poisson_deviance(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Compute the deviance of a Poisson distribution, elementwise.

    It is ``2 * (target * log(target / rate) - target + rate)``, as in
    `sklearn.metrics.mean_poisson_deviance`, and differs from twice the negative log likelihood by a
    constant. It suits counts, and other positive numbers whose variance grows with their mean.

    An output layer without a nonlinearity gets an exponential, so that rates are positive.
    `predict` returns the rate, and `score` is its R^2. The default net does not standardize such
    targets.

    Parameters
    ----------
    predictions : array of shape (n, ...)
        Rates. After `skconv.nonlinearities.exponential`, training computes the loss from their
        logarithms instead.
    targets : array of shape (n, ...)
        Not negative.

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> loss = poisson_deviance(jnp.array([1.0, 2.0]), jnp.array([0.0, 2.0]))
    >>> [round(float(value), 4) for value in loss]
    [2.0, 0.0]

    >>> import numpy as np
    >>> from skconv import NeuralNetRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 2))
    >>> y = rng.poisson(np.exp(X[:, 0]))
    >>> net = NeuralNetRegressor(
    ...     objective_loss_function='poisson_deviance', max_epochs=20, random_state=0
    ... ).fit(X, y)
    >>> bool((net.predict(X) > 0).all())
    True
    """
    return _deviance(predictions, jnp.log(jnp.maximum(predictions, TINY)), targets)


@on_logits(poisson_deviance, exponential)
def _of_log_rates(logits: jax.Array, targets: jax.Array) -> jax.Array:
    return _deviance(jnp.exp(logits), logits, targets)


def _deviance(rates: jax.Array, log_rates: jax.Array, targets: jax.Array) -> jax.Array:
    targets = aligned(rates, targets)
    log_targets = jnp.log(jnp.where(targets > 0, targets, 1))
    return 2 * (targets * (log_targets - log_rates) - targets + rates)

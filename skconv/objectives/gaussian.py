"""The negative log likelihood of a normal distribution with a predicted mean and variance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..utils.checks import bounded
from ..utils.loss_contracts import LossContract, takes
from ..utils.output_forms import OutputForm
from .base import NATURAL

__all__ = ["gaussian_nll"]

EPS = 1e-6
"""Default of the smallest variance, as in torch."""


@dataclass(frozen=True)
class MeanAndLogVariance(OutputForm):
    """The mean of each target, and the logarithm of its variance.

    Parameters
    ----------
    eps : float
        Added to the variance.
    """

    eps: float

    units = 2

    content = "a mean and a log variance"

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return the mean."""
        return values[..., 0]

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return the standard deviation."""
        return np.sqrt(np.exp(values[..., 1]) + self.eps)

    def affine(self, mean: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the scale for the mean, and a shift of the log variance."""
        shift = np.stack([mean, 2 * np.log(scale)], axis=-1)
        return shift, np.stack([scale, np.ones_like(scale)], axis=-1)


def _contract(eps: Any = EPS) -> LossContract:
    return LossContract("parameters", "values", form=MeanAndLogVariance(float(eps)))


@takes(_contract)
@bounded(eps=NATURAL)
def gaussian_nll(predictions: jax.Array, targets: jax.Array, eps: float = EPS) -> jax.Array:
    """Compute the negative log likelihood of a normal distribution (Nix and Weigend 1994).

    It is ``(log(2 * pi * v) + (target - mean)**2 / v) / 2`` with ``v = exp(log_variance) + eps``.

    The output has two units for each target, which is the default of `num_units`: the mean, and the
    logarithm of the variance; convolutions have them on the axis of the channels. `predict` returns
    the mean in the shape of y, and ``predict(X, return_std=True)`` the mean and the standard
    deviation, both in the units of y. `score` is the R^2 of the mean. Dropout makes the deviation
    too large; set ``dropout_p=0.0`` in the default network.

    Parameters
    ----------
    predictions : array of shape (n, ..., 2)
        Mean and log variance.
    targets : array of shape (n, ...)
    eps : float
        Added to the variance, so that the loss is bounded below.

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> loss = gaussian_nll(jnp.array([[1.0, 0.0]]), jnp.array([1.0]))
    >>> [round(float(value), 4) for value in loss]
    [0.9189]

    >>> from sklearn.datasets import load_diabetes
    >>> from skconv import NeuralNetRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = NeuralNetRegressor(
    ...     objective_loss_function='gaussian_nll', max_epochs=20, random_state=0
    ... ).fit(X, y)
    >>> mean, std = net.predict(X, return_std=True)
    >>> mean.shape, std.shape
    ((442,), (442,))
    """
    mean, log_variance = jnp.moveaxis(predictions.reshape(*targets.shape, 2), -1, 0)
    variance = jnp.exp(log_variance) + eps
    scaled = jnp.square(targets - mean) / variance
    return 0.5 * (math.log(2 * math.pi) + jnp.log(variance) + scaled)

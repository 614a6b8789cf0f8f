"""The pinball loss, whose minimum is a quantile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..utils.checks import bounded, open_fraction
from ..utils.loss_contracts import LossContract, takes
from ..utils.output_forms import OutputForm

__all__ = ["pinball_loss"]


def _levels(value: Any) -> str | None:
    """Check for a level of a quantile, or a sequence of them."""
    valid = "a number between 0 and 1, exclusive, or a sequence of them"
    if isinstance(value, str) or np.ndim(value) > 1 or np.size(value) == 0:
        return valid
    levels = np.asarray(value, dtype=object).ravel()
    return valid if any(map(open_fraction, levels)) else None


@dataclass(frozen=True)
class Quantiles(OutputForm):
    """Quantiles of each target.

    Parameters
    ----------
    levels : tuple of float
    single : bool
        Whether there is one quantile without an axis of its own.
    """

    levels: tuple[float, ...]
    single: bool = False

    @property
    def units(self) -> int:
        """Number of quantiles."""
        return len(self.levels)

    @property
    def content(self) -> str:
        """The number of quantiles as text."""
        return f"{self.units} quantile{'s' if self.units > 1 else ''}"

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return the quantiles."""
        return values[..., 0] if self.single else values

    def affine(self, mean: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the scale for each quantile."""
        shape = (*np.shape(mean), self.units)
        shift, factor = (np.broadcast_to(part[..., None], shape) for part in (mean, scale))
        return shift, factor

    def score(self, y: np.ndarray, predictions: np.ndarray, sample_weight: Any) -> float:
        """Return the mean over the quantiles of the explained fraction of the pinball loss."""
        from sklearn.metrics import d2_pinball_score

        by_level = predictions[..., None] if self.single else predictions
        scores = [
            d2_pinball_score(y, by_level[..., i], alpha=level, sample_weight=sample_weight)
            for i, level in enumerate(self.levels)
        ]
        return float(np.mean(scores))


def _contract(quantiles: Any = 0.5) -> LossContract:
    single = np.ndim(quantiles) == 0
    levels = tuple(map(float, np.ravel(quantiles)))
    return LossContract("numbers", "values", form=Quantiles(levels, single))


@takes(_contract)
@bounded(quantiles=_levels)
def pinball_loss(
    predictions: jax.Array, targets: jax.Array, quantiles: float | Sequence[float] = 0.5
) -> jax.Array:
    """Compute the pinball loss, whose minimum are quantiles (Koenker and Bassett 1978).

    It is ``max(q * d, (q - 1) * d)`` with ``d = target - prediction`` for the quantile ``q``, or
    the mean of that over several quantiles. For 0.5 it is half the absolute error.

    The output has a unit for each quantile of each target, which is the default of `num_units`;
    convolutions have them on the axis of the channels. `predict` returns an array of shape (n, q)
    for y of shape (n,), and (n, k, q) for y of shape (n, k), in the units of y; without the last
    axis if `quantiles` is a number. `score` is the mean over the quantiles of
    `sklearn.metrics.d2_pinball_score`. Dropout moves low and high quantiles apart; set
    ``dropout_p=0.0`` in the default network for quantiles that cover as many targets as they say.

    Parameters
    ----------
    predictions : array of shape (n, ..., q)
        The last axis has the quantiles; if `quantiles` is a number, it may be missing.
    targets : array of shape (n, ...)
    quantiles : float or sequence of q floats
        Levels of the quantiles, between 0 and 1. Other numbers of quantiles compile a new program,
        and so do other levels, unless `quantiles` is a number.

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> predictions, targets = jnp.array([[1.0, 3.0]]), jnp.array([2.0])
    >>> pinball_loss(predictions, targets, quantiles=(0.25, 0.75)).tolist()
    [0.25]

    >>> from sklearn.datasets import load_diabetes
    >>> from skconv import NeuralNetRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = NeuralNetRegressor(
    ...     objective_loss_function='pinball_loss',
    ...     objective_quantiles=(0.1, 0.5, 0.9),
    ...     max_epochs=20,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> net.predict(X).shape
    (442, 3)
    """
    levels = jnp.ravel(jnp.asarray(quantiles, predictions.dtype))
    errors = targets[..., None] - predictions.reshape(*targets.shape, levels.size)
    return jnp.maximum(levels * errors, (levels - 1) * errors).mean(axis=-1)

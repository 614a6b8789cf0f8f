"""The norm of the gradients in the history."""

from __future__ import annotations

from typing import Any

import optax

from ..training.history import Row
from .base import Handler

__all__ = ["GradientNorm"]


class GradientNorm(Handler):
    """Handler that records the global norm of the gradients.

    The training step computes the norm, before clipping and the layers' `grad_scale`. Whichever
    parameter lists this handler, the history gets a column ``grad_norm`` with the mean over the
    steps of each epoch, and ``net.last_batch_`` has the norm of the last step for handlers in
    ``on_batch_finished``. In ``on_training_started`` it still lets one call run several epochs.

    Examples
    --------
    >>> handler = GradientNorm()
    """

    measures = (("grad_norm", optax.tree.norm),)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; the training step computes `measures`."""

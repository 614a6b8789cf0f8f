"""A record of how large the gradients are."""

from __future__ import annotations

from typing import Any

import optax

from ..training.history import Row
from .base import Handler

__all__ = ["GradientNorm"]


class GradientNorm(Handler):
    """Record the norm of the gradients of all parameters together.

    The step itself computes it, before clipping and the layers' `grad_scale`. Wherever this
    handler is listed, the history gets a column ``grad_norm`` with the mean over the steps of
    each epoch, and ``net.last_batch_`` has that of a step for handlers in ``on_batch_finished``.
    As ``on_training_started`` it lets several epochs go through one call.

    Examples
    --------
    >>> handler = GradientNorm()
    """

    measures = (("grad_norm", optax.tree.norm),)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; all that is asked for is in `measures`."""

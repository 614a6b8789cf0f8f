"""Histories for Weights & Biases."""

from __future__ import annotations

from typing import Any

from ..training.history import Row, numbers
from ..utils.optional import import_optional
from .base import Logger
from .hyperparams import describe_params, get_update_hyperparams

__all__ = ["WandbLogger"]


class WandbLogger(Logger):
    """Log parameters, history and the numbers of the update rule as a run of Weights & Biases.

    Pass it as ``on_epoch_finished``. It needs wandb: ``pip install 'skconv[wandb]'``.

    Parameters
    ----------
    project : str
    **options
        Further arguments of ``wandb.init``, such as ``dir``, ``name`` and ``mode='offline'``.

    Attributes
    ----------
    run_id : str or None
        Of the run; a training that goes on has the same one.

    Examples
    --------
    >>> handler = WandbLogger('digits', mode='offline')
    """

    def __init__(self, project: str = "skconv", **options: Any) -> None:
        self.project = project
        self.options = options
        super().__init__()

    def reset(self) -> None:
        """Begin a new run at the next training."""
        super().reset()
        self.run_id: str | None = None

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Begin a run, or go on with the one that there is."""
        known = {} if self.run_id is None else {"id": self.run_id, "resume": "allow"}
        given = {"config": describe_params(net), "reinit": "create_new"} | self.options | known
        run = import_optional("wandb").init(project=self.project, **given)
        self.run_id = run.id
        return run

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Log the last row."""
        row = train_history[-1]
        self.opened.log(numbers(row) | get_update_hyperparams(net), step=row["epoch"])

    def close(self) -> None:
        """End the run."""
        self.opened.finish()

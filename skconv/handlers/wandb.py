"""Logging to Weights & Biases."""

from __future__ import annotations

from typing import Any

from ..training.history import Row, numbers
from ..utils.optional import import_optional
from .base import RunLogger
from .hyperparams import describe_params, get_update_hyperparams

__all__ = ["WandbLogger"]


class WandbLogger(RunLogger):
    """Handler that logs parameters, history and the update rule's numbers as a W&B run.

    Pass it as ``on_epoch_finished``. It needs wandb: ``pip install 'skconv[wandb]'``.

    Parameters
    ----------
    project : str
        Name of the project.
    **options
        Other arguments of ``wandb.init``, such as ``dir``, ``name`` and ``mode='offline'``.

    Attributes
    ----------
    run_id : str or None
        ID of the run; a training that continues an earlier one, or resumes from a `Checkpoint`,
        logs to the same run. W&B ignores epochs that it has logged already. With
        ``mode='offline'``, each start of a training leaves a folder; ``wandb sync`` joins those of
        a run.

    Examples
    --------
    >>> handler = WandbLogger('digits', mode='offline')
    """

    allowed_in = ("on_epoch_finished",)

    def __init__(self, project: str = "skconv", **options: Any) -> None:
        self.project = project
        self.options = options
        super().__init__()

    def reset(self) -> None:
        """Start a new run at the next training."""
        super().reset()
        self.run_id: str | None = None

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Start a run, or resume the one of the training that continues."""
        resumed = {} if self.run_id is None else {"id": self.run_id, "resume": "allow"}
        defaults = {"config": describe_params(net), "reinit": "create_new"}
        options = defaults | self.options | resumed
        run = import_optional("wandb").init(project=self.project, **options)
        self.run_id = run.id
        return run

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Log the last row of the history."""
        row = train_history[-1]
        self.opened.log(numbers(row) | get_update_hyperparams(net), step=row["epoch"])

    def close(self) -> None:
        """End the run."""
        self.opened.finish()

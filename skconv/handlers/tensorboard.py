"""Logging to TensorBoard."""

from __future__ import annotations

import datetime
import os
from typing import Any

from ..training.history import Row, numbers
from ..utils import checks
from ..utils.checks import natural
from ..utils.optional import import_optional
from .base import RunLogger
from .hyperparams import describe_params, get_update_hyperparams

__all__ = ["TensorBoard"]


class TensorBoard(RunLogger):
    """Handler that logs history, the update rule's numbers and weights for TensorBoard.

    Pass it as ``on_epoch_finished``, and view the log with ``tensorboard --logdir runs``. It needs
    tensorboardX: ``pip install 'skconv[log]'``.

    Parameters
    ----------
    folder : str or path
        Folder in which each training gets a subfolder, named after the time of its first epoch. One
        that resumes from a `Checkpoint` stays in its subfolder.
    histograms : int
        Epochs from one histogram of the weights to the next; 0 for none.

    Attributes
    ----------
    path : str or None
        Subfolder of the training.

    Examples
    --------
    >>> handler = TensorBoard('runs', histograms=5)
    """

    allowed_in = ("on_epoch_finished",)
    parameter_checks = {"folder": checks.path, "histograms": natural}

    def __init__(self, folder: str | os.PathLike[str] = "runs", histograms: int = 0) -> None:
        self.folder = folder
        self.histograms = histograms
        self.check_parameters()
        super().__init__()

    def reset(self) -> None:
        """Start a new subfolder at the next training."""
        super().reset()
        self.path: str | None = None

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Open an event file, in the same subfolder if training continues."""
        first = self.path is None
        now = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
        self.path = os.path.join(os.fspath(self.folder), os.path.basename(self.path or now))
        writer = import_optional("tensorboardX").SummaryWriter(
            self.path,
            # files opened within the same second would otherwise share a name
            filename_suffix=f".{len(train_history)}",
            # hides what was logged after the checkpoint that this training resumes from
            purge_step=None if first else train_history[-1]["epoch"],
        )
        if first:
            lines = [f"    {name} = {value}" for name, value in describe_params(net).items()]
            writer.add_text("parameters", "\n".join(lines))
        return writer

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Log the last row of the history."""
        row = train_history[-1]
        for name, value in (numbers(row) | get_update_hyperparams(net)).items():
            self.opened.add_scalar(_tag(name), value, row["epoch"])
        if self.histograms and row["epoch"] % self.histograms == 0:
            for parameter in net.get_all_params():
                name = parameter.name.replace(".", "/")
                self.opened.add_histogram(name, parameter.get_value(), row["epoch"])
        self.opened.flush()

    def close(self) -> None:
        """Close the event file."""
        self.opened.close()


def _tag(name: str) -> str:
    """Return a tag that groups a value with others, by TensorBoard's prefix before a slash."""
    first, _, rest = name.partition("_")
    return {"train": f"{rest}/train", "valid": f"{rest}/valid", "update": f"update/{rest}"}.get(
        first, name
    )

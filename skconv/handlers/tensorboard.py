"""Histories for TensorBoard."""

from __future__ import annotations

import datetime
import os
from typing import Any

from ..training.history import Row, numbers
from ..utils.optional import import_optional
from .base import Logger
from .hyperparams import describe_params, get_update_hyperparams

__all__ = ["TensorBoard"]


class TensorBoard(Logger):
    """Write the history, the numbers of the update rule and the weights for TensorBoard.

    Pass it as ``on_epoch_finished``, and look at it with ``tensorboard --logdir runs``. It needs
    tensorboardX: ``pip install 'skconv[log]'``.

    Parameters
    ----------
    folder : str or path
        Each training has a folder inside, called by its time.
    histograms : int
        Epochs between two histograms of the weights; 0 for none.

    Attributes
    ----------
    path : str or None
        Folder of the training.

    Examples
    --------
    >>> handler = TensorBoard('runs', histograms=5)
    """

    def __init__(self, folder: str | os.PathLike[str] = "runs", histograms: int = 0) -> None:
        self.folder = folder
        self.histograms = histograms
        super().__init__()

    def reset(self) -> None:
        """Begin a new folder at the next training."""
        super().reset()
        self.path: str | None = None

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Open a file of events, in the same folder where training goes on."""
        first = self.path is None
        if first:
            now = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
            self.path = os.path.join(os.fspath(self.folder), now)
        # two files of one second would have one name
        suffix = f".{len(train_history)}"
        writer = import_optional("tensorboardX").SummaryWriter(self.path, filename_suffix=suffix)
        if first:
            rows = [f"    {name} = {word}" for name, word in describe_params(net).items()]
            writer.add_text("parameters", "\n".join(rows))
        return writer

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Write the last row."""
        row = train_history[-1]
        for name, value in (numbers(row) | get_update_hyperparams(net)).items():
            self.opened.add_scalar(_tag(name), value, row["epoch"])
        if self.histograms and row["epoch"] % self.histograms == 0:
            for parameter in net.get_all_params():
                name = parameter.name.replace(".", "/")
                self.opened.add_histogram(name, parameter.get_value(), row["epoch"])
        self.opened.flush()

    def close(self) -> None:
        """Close the file."""
        self.opened.close()


def _tag(name: str) -> str:
    """Group losses, accuracies and rates, as TensorBoard does with what is before a slash."""
    first, _, rest = name.partition("_")
    return {"train": f"{rest}/train", "valid": f"{rest}/valid", "update": f"update/{rest}"}.get(
        first, name
    )

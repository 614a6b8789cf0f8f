"""Tables of layers and epochs, printed during training."""

from __future__ import annotations

import math
from typing import Any

from ..network.summary import LOW_CAPACITY, Line, has_windows, summary_lines
from ..training.history import KEYS, Row, valid_key
from .base import Handler
from .terminal import is_interactive, say

__all__ = ["PrintLayerInfo", "PrintLog"]

COLORS = {"cyan": "\033[36m", "green": "\033[32m", "magenta": "\033[35m", "red": "\033[31m"}


def _colored(text: str, color: str | None) -> str:
    return f"{COLORS[color]}{text}\033[0m" if color and is_interactive() else text


class PrintLog(Handler):
    """Handler that prints a row after each epoch, with the best losses so far in color.

    Pass it as ``on_epoch_finished``; ``verbose=1`` adds it.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(max_epochs=5, on_epoch_finished=PrintLog())
    """

    allowed_in = ("on_epoch_finished",)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Print the header again before the next row."""
        self.first_iteration = True

    def get_state(self) -> dict[str, Any]:
        """Return nothing: a training that resumes prints the header again."""
        return {}

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Print the last row of the history."""
        say(self.table(net, train_history))

    def table(self, net: Any, train_history: list[Row]) -> str:
        """Format the last row of the history, below a header if it is the first row."""
        row = train_history[-1]
        cells = {
            "epoch": row["epoch"],
            "trn loss": _loss(row, "train_loss", "cyan"),
            "val loss": _loss(row, "valid_loss", "green"),
            "trn/val": row["train_loss"] / row["valid_loss"] if row["valid_loss"] else math.nan,
        }
        if "valid_accuracy" in row:
            cells["valid acc"] = row["valid_accuracy"]
        cells.update({_header(name): row[name] for name in row if name not in KEYS})
        cells["dur"] = f"{row['dur']:.2f}s"
        header, rule, line = _tabulate([cells], headers="keys", floatfmt=".5f").split("\n")
        lines = [header, rule, line] if self.first_iteration else [line]
        self.first_iteration = False
        return "\n".join(lines)


def _tabulate(rows: Any, **options: Any) -> str:
    from tabulate import tabulate

    return tabulate(rows, **options)


def _header(name: str) -> str:
    """Abbreviate the columns of single outputs in the same way as those of all outputs."""
    for metric, abbreviation in (("loss", "val loss"), ("accuracy", "valid acc")):
        name = name.replace(valid_key(metric, ""), f"{abbreviation} ")
    return name


def _loss(row: Row, name: str, color: str) -> str:
    return _colored(f"{row[name]:.5f}", color if row[f"{name}_best"] else None)


class PrintLayerInfo(Handler):
    """Handler that prints the table of layers before training.

    Pass it as ``on_training_started``; ``verbose=1`` adds it. With ``verbose=2``, the table of a
    convolutional network includes learning capacity and coverage of the image, and with
    ``verbose=3`` also the filter sizes and receptive fields behind them.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(on_training_started=PrintLayerInfo(), max_epochs=1)
    >>> net = net.fit(np.ones((20, 7)), [0, 1] * 10)
    # Neural Network with 1002 learnable parameters
    <BLANKLINE>
    ## Layer information
    <BLANKLINE>
      #  name       size    parameters
    ---  -------  ------  ------------
      0  input         7             0
      1  norm          7             0
      2  hidden      100           800
      3  dropout     100             0
      4  output        2           202
    <BLANKLINE>
    """

    allowed_in = ("on_training_started",)

    def __call__(self, net: Any, train_history: list[Row] | None = None) -> None:
        """Print the table, unless training continues after earlier epochs."""
        if not train_history:
            say(self.table(net))

    def table(self, net: Any) -> str:
        """Format the table of layers, below the number of parameters."""
        network = net.network_
        table = summary_lines(network)
        total = sum(line.learnable for line in table)
        parts = [f"# Neural Network with {total} learnable parameters", "## Layer information"]
        if net.verbose < 2 or not has_windows(network):
            parts.append(_plain(table))
        else:
            parts += [_detailed(table, net.verbose > 2), _legend()]
        return "\n\n".join(parts) + "\n"


def _plain(table: list[Line]) -> str:
    rows = [(i, line.name, line.size, line.learnable) for i, line in enumerate(table)]
    return _tabulate(rows, headers=["#", "name", "size", "parameters"], intfmt=",")


def _detailed(table: list[Line], sizes: bool) -> str:
    axes = "ZYX"[-max(len(line.image) for line in table) :]
    columns = ["cap. {} [%]", "cov. {} [%]"] + ["filter {}", "field {}"] * sizes
    headers = ["name", "size", "total", *(c.format(axis) for c in columns for axis in axes)]
    rows = []
    for line in table:
        values: list[tuple[float, ...]] = [line.capacity(), line.coverage()]
        name = _colored(line.name, _warning(min(values[0], default=100), max(values[1], default=0)))
        if sizes:
            values += [tuple(map(int, extents)) for extents in (line.filter, line.field)]
        missing = [None] * (len(axes) - len(line.image))
        rows.append([name, line.size, line.outputs, *(x for v in values for x in (*missing, *v))])
    return _tabulate(rows, headers=headers, tablefmt="pipe", floatfmt=".2f")


def _warning(capacity: float, coverage: float) -> str | None:
    low, wide = capacity < LOW_CAPACITY, coverage > 100
    return {(True, True): "red", (True, False): "magenta", (False, True): "cyan"}.get((low, wide))


def _legend() -> str:
    return "\n".join(
        [
            "Explanation",
            "    X, Y:    image dimensions",
            "    cap.:    learning capacity",
            "    cov.:    coverage of image",
            f"    {_colored('magenta', 'magenta')}: capacity too low (<1/6)",
            f"    {_colored('cyan', 'cyan')}:    image coverage too high (>100%)",
            f"    {_colored('red', 'red')}:     capacity too low and coverage too high",
        ]
    )

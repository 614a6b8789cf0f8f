"""Export of the training history to pandas, CSV and JSON."""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from ..training.history import Row
from ..utils.files import atomic_write
from ..utils.optional import import_optional

if TYPE_CHECKING:
    from pandas import DataFrame


class HistoryMixin:
    """The history of a net as a DataFrame or file."""

    train_history_: list[Row]

    @property
    def history_(self) -> DataFrame:
        """The history as a pandas DataFrame with one row per epoch, indexed by its number.

        Needs pandas, which ``pip install 'skconv[log]'`` installs.
        """
        check_is_fitted(self)
        try:
            pandas = import_optional("pandas")
        except ImportError as error:  # scikit-learn's views of a net try all of its attributes
            raise AttributeError(str(error)) from error
        frame = pandas.DataFrame(self.train_history_)
        return frame.set_index("epoch") if len(frame) else frame

    def save_history_to(self, fname: str | os.PathLike[str]) -> None:
        """Write the history to a file.

        Parameters
        ----------
        fname : str or path
            Name ending in ``.csv`` or ``.json``. JSON holds a list of objects, with null for NaN
            and infinite values. An existing file is replaced.

        Raises
        ------
        ValueError
            If the name has another ending.
        OSError
            With the path, if the file cannot be written.
        """
        check_is_fitted(self)
        path = Path(fname)
        if path.suffix not in WRITERS:
            raise ValueError(f"fname must end in {' or '.join(WRITERS)}, got {path.name!r}")
        with (
            atomic_write(path) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as file,
        ):
            WRITERS[path.suffix](self.train_history_, file)


def _write_csv(history: list[Row], file: Any) -> None:
    writer = csv.DictWriter(file, list(dict.fromkeys(key for row in history for key in row)))
    writer.writeheader()
    writer.writerows(history)


def _write_json(history: list[Row], file: Any) -> None:
    rows = [{key: v if math.isfinite(v) else None for key, v in row.items()} for row in history]
    json.dump(rows, file, indent=1, allow_nan=False)


WRITERS = {".csv": _write_csv, ".json": _write_json}
"""Function that writes a history, by the ending of the file."""

"""The history of a training for other tools."""

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
    """What a net offers of its history beside `train_history_`."""

    train_history_: list[Row]

    @property
    def history_(self) -> DataFrame:
        """The history as a pandas DataFrame with a row for each epoch, by its number.

        pandas comes with ``pip install 'skconv[log]'``.
        """
        check_is_fitted(self)
        frame = import_optional("pandas").DataFrame(self.train_history_)
        return frame.set_index("epoch") if len(frame) else frame

    def save_history_to(self, fname: str | os.PathLike[str]) -> None:
        """Write the history to a file.

        Parameters
        ----------
        fname : str or path
            Ends in ``.csv``, or in ``.json`` for a list of objects in which null stands for what
            is no finite number. A file that is there already is replaced.

        Raises
        ------
        ValueError
            For another ending.
        """
        check_is_fitted(self)
        path = Path(fname)
        if path.suffix not in WRITERS:
            raise ValueError(
                f"a history is kept in {' or '.join(WRITERS)} files, not in {str(path.name)!r}"
            )
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
"""By the ending of the file."""

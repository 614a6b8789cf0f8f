"""Weight files of nolearn, which are pickles, read without running their code."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..utils.files import atomic_write

_NUMPY = ("core.multiarray", "_core.multiarray", "core.numeric", "_core.numeric")

ALLOWED = {
    ("collections", "OrderedDict"),
    ("_codecs", "encode"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *((f"numpy.{home}", name) for home in _NUMPY for name in ("_reconstruct", "scalar")),
    *((f"numpy.{home}", "_frombuffer") for home in _NUMPY),
}
"""What pickles of arrays name, of any version of NumPy."""


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickler of dicts, lists and arrays, which refuses everything that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(
                f"a weight file must hold arrays only, got {module}.{name}; if you trust it, write "
                "load_params_from(pickle.load(open(path, 'rb'), encoding='latin1'))"
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def save_pickle(values: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write weights by layer in nolearn's format; if interrupted, an existing file is kept.

    Parameters
    ----------
    values : mapping of str to list of array
    path : str or path
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(pickle.dumps(dict(values)))


def load_pickle(path: str | os.PathLike[str]) -> Any:
    """Read weights in nolearn's format.

    Parameters
    ----------
    path : str or path
        Written by `save_pickle`, or by nolearn, also on Python 2.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is not a pickle of arrays; its code is never run.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / 'net.params'
    >>> save_pickle({'conv1': [0.5]}, path)
    >>> load_pickle(path)
    {'conv1': [0.5]}
    """
    with Path(path).open("rb") as file:
        try:
            return _ArrayUnpickler(file, encoding="latin1").load()
        except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError) as error:
            raise ValueError(f"{Path(path).name} must be a file of weights: {error}") from error

"""Weight files of nolearn, which are pickles, read without running their code."""

from __future__ import annotations

import os
import pickle
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..utils.files import atomic_write, naming
from .array_unpickler import ArrayUnpickler, PickledArray


def save_pickle(values: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write weights by layer in nolearn's format; if interrupted, an existing file is kept.

    Parameters
    ----------
    values : mapping of str to list of array
    path : str or path
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(pickle.dumps(dict(values)))


def load_pickle(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read weights in nolearn's format.

    Parameters
    ----------
    path : str or path
        Written by `save_pickle`, or by nolearn, also on Python 2.

    Returns
    -------
    dict of str to list, array, number or str

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        If it is not a pickle of a dict of arrays; its code is never run.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / 'net.params'
    >>> save_pickle({'conv1': [0.5]}, path)
    >>> load_pickle(path)
    {'conv1': [0.5]}
    """
    with naming(path):
        data = Path(path).read_bytes()
    try:
        unpickler = ArrayUnpickler(data)
        return _read_values(unpickler.load(), unpickler)
    except ValueError as error:
        problem = textwrap.shorten(str(error), 400)
        raise ValueError(f"{os.fspath(path)} must be a file of weights: {problem}") from error


def _read_values(loaded: Any, unpickler: ArrayUnpickler) -> dict[str, Any]:
    """Return the arrays of a dict of arrays, or of lists of them."""
    if isinstance(loaded, list | tuple):
        raise ValueError(
            "it must hold a dict of arrays by layer, got a list; for one flat list of arrays, as "
            "Lasagne's model zoo has them, load it by pickle.load if you trust it, and write "
            "skconv.layers.set_all_param_values(net.layers_['output'], arrays)"
        )
    if not isinstance(loaded, dict):
        raise ValueError(
            f"it must hold a dict of arrays by layer, got an object of type {type(loaded).__name__}"
        )
    return {name: _read_value(value, unpickler) for name, value in loaded.items()}


def _read_value(value: Any, unpickler: ArrayUnpickler) -> Any:
    if not isinstance(value, list | tuple):
        return _read_leaf(value)
    unpickler.spend(len(value))
    return [_read_leaf(item) for item in value]


def _read_leaf(value: Any) -> Any:
    if isinstance(value, PickledArray) and value.array is not None:
        return value.array if value.array.shape else value.array[()]
    if isinstance(value, int | float | str | None):
        return value
    raise ValueError("it must hold arrays, or lists of arrays, by layer")

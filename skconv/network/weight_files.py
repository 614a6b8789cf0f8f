"""Weight files: ``.safetensors`` or ``.npz``, without pickle, replaced whole or not at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from ..utils.files import atomic_write

SUFFIXES = (".safetensors", ".npz")


def save_arrays(arrays: Mapping[str, np.ndarray], path: str | os.PathLike[str]) -> None:
    """Write named arrays; an interruption leaves the old file as it was.

    Parameters
    ----------
    arrays : mapping of str to array
    path : str or path
        Ends in ``.safetensors`` or ``.npz``.

    Raises
    ------
    ValueError
        For another ending.
    FileNotFoundError
        Where there is no such folder.
    """
    path = Path(path)
    _check_suffix(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to write {path.name} in")
    with atomic_write(path) as temporary:
        if path.suffix == ".npz":
            named: dict[str, Any] = dict(arrays)
            np.savez(temporary, **named)
        else:
            contiguous = {key: np.asarray(array, order="C") for key, array in arrays.items()}
            safetensors.numpy.save_file(contiguous, temporary)


def load_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read named arrays.

    Parameters
    ----------
    path : str or path
        A file that `save_arrays` wrote.

    Returns
    -------
    dict of str to array

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        For another ending, and for a file that is damaged or of another format.
    """
    path = Path(path)
    _check_suffix(path)
    try:
        if path.suffix == ".npz":
            return _read_npz(path)
        return safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, zipfile.BadZipFile, ValueError, EOFError) as error:
        raise ValueError(f"{path} is truncated or no {path.suffix} file: {error}") from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as stream:  # np.load leaves the file of a path open where it fails
        loaded = np.load(stream, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("a single array without a name")
        with loaded as file:
            arrays = {name: file[name] for name in file.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("not all of its members are arrays")
    return arrays


def _check_suffix(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"weights are kept in {' or '.join(SUFFIXES)} files, not in {str(path.name)!r}"
        )

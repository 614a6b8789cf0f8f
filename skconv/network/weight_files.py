"""Weight files in the formats ``.safetensors`` and ``.npz``, without pickle."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors.numpy

from ..utils.files import atomic_write

SUFFIXES = (".safetensors", ".npz")


def save_arrays(arrays: Mapping[str, np.ndarray], path: str | os.PathLike[str]) -> None:
    """Write named arrays; if interrupted, an existing file is kept.

    Parameters
    ----------
    arrays : mapping of str to array
    path : str or path
        With the suffix ``.safetensors`` or ``.npz``.

    Raises
    ------
    ValueError
        For another suffix.
    OSError
        With the path, if the folder does not exist or the file cannot be written.
    """
    check_suffix(Path(path))
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        if Path(path).suffix == ".npz":
            named: dict[str, Any] = dict(arrays)
            np.savez(file, **named)
        else:
            _write_safetensors(arrays, file)


def _write_safetensors(arrays: Mapping[str, np.ndarray], file: BinaryIO) -> None:
    """Write arrays one by one; safetensors itself hides why a disk refuses them."""
    names = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))  # aligns them
    header: dict[str, Any] = {}
    end = 0
    for name in names:
        array, start = arrays[name], end
        end += array.nbytes
        code = DTYPE_CODES.get(array.dtype.name, f"{array.dtype.kind.upper()}{array.itemsize * 8}")
        header[name] = {"dtype": code, "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for name in names:
        file.write(np.asarray(arrays[name], order="C").tobytes())


DTYPE_CODES = {"bfloat16": "BF16", "bool": "BOOL"}
"""Names of dtypes in ``.safetensors`` that are not those of NumPy, such as ``F32``."""


def load_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read named arrays.

    Parameters
    ----------
    path : str or path
        A file written by `save_arrays`.

    Returns
    -------
    dict of str to array

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        For another suffix, or a file that is damaged or of another format.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES and _is_pickle(path):
        raise ValueError(
            f"a weight file must be a {' or '.join(SUFFIXES)} file, got a pickle, {path.name!r}, "
            "which may run any code when it is loaded; if you trust it, write load_params_from("
            f"pickle.load(open({path.name!r}, 'rb'), encoding='latin1')), and save_params_to"
            f"({path.stem + '.npz'!r}) to convert it"
        )
    check_suffix(path)
    try:
        if path.suffix == ".npz":
            return _read_npz(path)
        return safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, zipfile.BadZipFile, ValueError, EOFError) as error:
        raise ValueError(f"{path} must be a complete {path.suffix} file: {error}") from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as stream:  # given a path, np.load leaves the file open if it fails
        loaded = np.load(stream, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("a single array without a name")
        with loaded as file:
            arrays = {name: file[name] for name in file.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("not all members are arrays")
    return arrays


def _is_pickle(path: Path) -> bool:
    """Return whether a file starts like a pickle, of a dict or of any object since protocol 2."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(2)
    return start[:1] == b"\x80" or start in (b"(d", b"}q", b"cc", b"cn", b"c_")


def check_suffix(path: Path) -> None:
    """Raise `ValueError` unless the path has the suffix of a weight file."""
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"a weight file must have the suffix {' or '.join(SUFFIXES)}, got {str(path.name)!r}"
        )

"""Weight files in the formats ``.safetensors`` and ``.npz``, without pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..utils.files import atomic_write
from .archive import SUFFIX, open_archived_weights
from .array_file import ArrayFile
from .npz_file import NpzFile
from .safetensors_file import SafetensorsFile, write_safetensors
from .torch_file import SUFFIXES as TORCH_SUFFIXES
from .torch_file import TorchFile

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
            write_safetensors(arrays, file)


def open_weights(path: str | os.PathLike[str]) -> ArrayFile | TorchFile:
    """Open a file of weights, also one that torch wrote, to be used in a ``with`` statement.

    Parameters
    ----------
    path : str or path
        A file as for `open_arrays`, one of a whole net, such as ``'digits.skconv'``, or one of
        torch, such as ``'resnet18.pth'``.

    Returns
    -------
    ArrayFile or TorchFile
        The latter maps names to tensors, or is a checkpoint that holds such a mapping.

    Raises
    ------
    ImportError
        For a file of torch, if torch is not installed.
    OSError, ValueError
        As `open_arrays` does.
    """
    suffix = Path(path).suffix
    if suffix == SUFFIX:
        return open_archived_weights(path)
    return TorchFile(path) if suffix in TORCH_SUFFIXES else open_arrays(path)


def open_arrays(path: str | os.PathLike[str]) -> ArrayFile:
    """Open a file of named arrays, to be used in a ``with`` statement.

    Parameters
    ----------
    path : str or path
        A file written by `save_arrays`, or by other programs in one of these formats.

    Returns
    -------
    ArrayFile
        Maps names to arrays with a shape and a dtype; `numpy.asarray` reads their values.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        For another suffix, or a file that is damaged or of another format.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / 'weights.npz'
    >>> save_arrays({'hidden.b': np.zeros(3)}, path)
    >>> with open_arrays(path) as file:
    ...     list(file), file['hidden.b'].shape, np.asarray(file['hidden.b'])
    (['hidden.b'], (3,), array([0., 0., 0.]))
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
    return (NpzFile if path.suffix == ".npz" else SafetensorsFile)(path)


def load_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read all arrays of a file written by `save_arrays`, which does not compress them.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    dict of str to array

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        For another suffix; or a file that is damaged, of another format, or smaller than its
        arrays.
    """
    with open_arrays(path) as file:
        arrays = dict(file)
        size = sum(array.nbytes for array in arrays.values())
        if size > file.size:
            raise ValueError(
                f"{path} must not be compressed, got {file.size} bytes for arrays of {size} bytes"
            )
        return {name: np.asarray(array) for name, array in arrays.items()}


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

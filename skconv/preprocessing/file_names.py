"""File names in lists, arrays and tables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import list_names

MOST = 10
"""Number of problems that a message lists."""

_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]+:/")
"""The start of a URL, also after a folder, or of what is left of one in a path."""


def read_file_names(X: Any, folder: str | os.PathLike[str] | None = None) -> list[str]:
    """Return file names as a list of text.

    Parameters
    ----------
    X : list, array of shape (n,) or (n, 1), Series, or DataFrame of one column
        Of text or paths.
    folder : path, optional
        Where files are whose names are relative.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If X holds anything else, or nothing.

    Examples
    --------
    >>> read_file_names(np.array([["a.png"], ["b.png"]]), "images")
    ['images/a.png', 'images/b.png']
    """
    if isinstance(X, str | bytes | os.PathLike):
        raise ValueError(
            f"X must be a list of file names, got {_text(X)!r}; give a single one as [X], and "
            "those in a folder as skconv.datasets.image_folder(X).data"
        )
    if not hasattr(X, "__len__") or isinstance(X, Mapping | set):
        hint = "; give its file names" if isinstance(X, Mapping) else ""
        raise ValueError(f"X must be a list of file names, got {type(X).__name__}{hint}")
    if hasattr(X, "columns"):
        X = X.to_numpy()
    if isinstance(X, np.ndarray) and X.ndim > 1:
        if X.ndim > 2 or X.shape[1] != 1:
            raise ValueError(
                f"X must have one column of file names, got shape {X.shape}; select one as X[name]"
            )
        X = X[:, 0]
    names = list(X)
    if not names:
        raise ValueError("X must have at least one file name, got none")
    others = [i for i, name in enumerate(names) if not _is_name(name)]
    if others:
        listed = list_names((f"{names[i]!r:.40} in row {i}" for i in others), MOST)
        raise ValueError(f"X must be a list of file names, got {listed}")
    return [os.path.join(folder or "", _text(name)) for name in names]


def hint_for(path: str | bytes | os.PathLike[Any]) -> str:
    """Return what to write for a path that does not exist.

    Examples
    --------
    >>> hint_for("~/images"), hint_for("images")
    ("; write os.path.expanduser('~/images')", '')
    """
    name = _text(path)
    if name.startswith("~"):
        return f"; write os.path.expanduser({name!r})"
    if _URL.search(name):
        return "; download what is at a URL to a folder first"
    return ""


def _text(name: str | bytes | os.PathLike[Any]) -> str:
    return str(os.fsdecode(name))  # numpy.str_ stays one otherwise, which repr tells


def _is_name(name: Any) -> bool:
    return isinstance(name, str | bytes | os.PathLike) and bool(os.fspath(name))

"""Images in folders that are named by their labels."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ..errors import list_names
from ..preprocessing.decode_image import FORMATS
from ..preprocessing.file_names import hint_for

__all__ = ["image_folder"]

SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
"""Endings of the names of images."""

IGNORED = "__MACOSX"
"""A folder that macOS adds to archives, besides hidden ones."""


def image_folder(path: str | os.PathLike[str], *, return_X_y: bool = False) -> Any:
    """Return the names of the images in a folder, and their labels.

    The label of an image is the name of the subfolder that it is in, at any depth, also through
    links to folders. Files that are hidden or whose names do not end as those of images do are
    ignored. No image is read: a pipeline of `skconv.preprocessing.ReadImages` and a net takes their
    names.

    Parameters
    ----------
    path : path
        A folder with a subfolder for each label.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.

    Returns
    -------
    sklearn.utils.Bunch
        With these attributes:

        data : array of str of shape (n,)
            File names, which start with `path`, in the order of labels and of names.
        target : array of str of shape (n,)
            The label of each.
        target_names : list of str
            All labels, sorted.

    Raises
    ------
    ValueError
        If `path` is not a folder, or has no subfolders, or subfolders without images.

    Warns
    -----
    UserWarning
        If images are in the folder itself, which have no label and are left out.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as path:
    ...     for name in ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/notes.txt"]:
    ...         file = Path(path) / name
    ...         file.parent.mkdir(exist_ok=True)
    ...         file.touch()
    ...     images = image_folder(path)
    >>> [Path(name).name for name in images.data]
    ['1.jpg', '2.jpg', '1.jpg']
    >>> images.target.tolist(), images.target_names
    (['cat', 'cat', 'dog'], ['cat', 'dog'])
    """
    folder = Path(os.fsdecode(path))
    if not folder.is_dir():
        got = "a file" if folder.exists() else f"nothing{hint_for(path)}"
        raise ValueError(f"path must be a folder, got {os.fspath(path)!r}, where there is {got}")
    visible = sorted((one for one in folder.iterdir() if _is_visible(one.name)), key=_name)
    labels = [one for one in visible if one.is_dir()]
    unlabeled = [one.name for one in visible if not one.is_dir() and _is_image(one.name)]
    if not labels:
        got = f"{len(unlabeled)} images without" if unlabeled else "none"
        pattern = f"*{Path(unlabeled[0]).suffix}" if unlabeled else "*.jpg"
        raise ValueError(
            f"path must be a folder with a subfolder for each label, got {got} in "
            f"{os.fspath(path)!r}; the names of its images are sorted(Path(path).glob({pattern!r}))"
        )
    images = {label.name: list(_images(label)) for label in labels}
    empty = [name for name, found in images.items() if not found]
    if empty:
        raise ValueError(
            f"each subfolder of {os.fspath(path)!r} must hold images, got none in "
            f"{list_names(map(repr, empty))}; their names end in {', '.join(SUFFIXES)}"
        )
    if unlabeled:
        warnings.warn(
            f"{len(unlabeled)} images in {os.fspath(path)!r} itself have no label and are left "
            f"out: {list_names(unlabeled)}",
            UserWarning,
            stacklevel=2,
        )
    data = np.array([name for found in images.values() for name in found])
    target = np.repeat(list(images), [len(found) for found in images.values()])
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, target_names=list(images))


def _images(folder: Path) -> Iterator[str]:
    """Yield the names of the images in a folder and its subfolders, sorted.

    Links to folders are followed, unless they lead to one that has been met or holds this one.
    """
    outer = Path(os.path.realpath(folder.parent))
    met = {str(outer), *map(str, outer.parents)}
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in met:
            folders.clear()
            continue
        met.add(real)
        folders[:] = sorted(filter(_is_visible, folders))
        for file in sorted(filter(_is_visible, files)):
            if _is_image(file):
                yield os.path.join(place, file)


def _name(path: Path) -> str:
    return path.name


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name != IGNORED


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)

"""Images read from files."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..errors import Problems
from ..utils.checks import Check, flag, is_integer, one_of, or_none, path, positive_or_none
from ..utils.versions import Versioned
from .dataset_parts import LARGE_BYTES
from .decode_image import FILTERS, MODES, RESIZES, ImageForm, UndecodableImageError, image_size
from .file_names import hint_for, read_file_names
from .image_rows import ImageRows
from .row_view import RowView

__all__ = ["ReadImages"]


class ReadImages(TransformerMixin, Versioned, BaseEstimator):
    """Read images from files, as arrays or, if they are many, while a net trains on them.

    Files are JPEG, PNG, GIF, BMP, TIFF, WebP, AVIF, JPEG 2000, PPM, TGA, PCX and ICO; of those with
    several images, the first one is read. Images are turned upright by their EXIF orientation. Of
    16 bits per channel, the upper 8 are kept. It needs Pillow: ``pip install 'skconv[images]'``.

    Parameters
    ----------
    size : int or (int, int), optional
        Height and width of the images; one number for both. By default, sizes are kept, which must
        all be that of the first image.
    channels : {1, 3, 4}, default=3
        Gray, color, or color with transparency. Gray and palette images become color, and color
        images gray, as the brightness that the eye sees (ITU-R 601).
    resize : {'crop', 'pad', 'stretch'}, default='crop'
        How images of another aspect ratio come to the size: by their center, by a border of
        `background`, or out of proportion.
    resample : str, default='bilinear'
        Filter for other sizes: ``'nearest'``, ``'box'``, ``'bilinear'``, ``'hamming'``,
        ``'bicubic'`` or ``'lanczos'``. All but the first average over the pixels that become one.
    background : int or (int, int, int), default=255
        Brightness or color, from 0 to 255, behind transparent pixels, around padded images, and in
        place of files that cannot be read. With four channels, these stay transparent.
    draft : bool, default=True
        Whether large JPEG files are decoded in a lower resolution, at least twice `size`, which is
        several times as fast and differs little.
    folder : path, optional
        Where the files are, if their names are relative to a folder.
    on_error : {'raise', 'warn'}, default='raise'
        What to do with files that are missing or damaged, or have more pixels than
        ``PIL.Image.MAX_IMAGE_PIXELS``. With ``'warn'``, a warning lists them and their rows become
        images of background, so that y keeps its order; `readable` tells which to leave out.
    lazy : bool or 'auto', default='auto'
        Whether files are decoded when a net needs them, again in each epoch, rather than into one
        array. ``'auto'`` does so if the array would take more than two GiB. The start of each file
        is looked at before.
    workers : int, optional
        Number of threads that decode; by default one for each core.

    Attributes
    ----------
    size_ : (int, int)
        Height and width of the images.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as folder:
    ...     for name, color in {"red.png": "red", "blue.jpg": "blue"}.items():
    ...         Image.new("RGB", (60, 40), color).save(Path(folder) / name)
    ...     X = ReadImages(size=32, folder=folder).fit_transform(["red.png", "blue.jpg"])
    >>> X.shape, X.dtype
    ((2, 3, 32, 32), dtype('uint8'))
    >>> X[0, :, 0, 0]
    array([255,   0,   0], dtype=uint8)
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        *,
        channels: int = 3,
        resize: str = "crop",
        resample: str = "bilinear",
        background: int | Sequence[int] = 255,
        draft: bool = True,
        folder: str | os.PathLike[str] | None = None,
        on_error: str = "raise",
        lazy: bool | str = "auto",
        workers: int | None = None,
    ) -> None:
        self.size = size
        self.channels = channels
        self.resize = resize
        self.resample = resample
        self.background = background
        self.draft = draft
        self.folder = folder
        self.on_error = on_error
        self.lazy = lazy
        self.workers = workers

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the names, and find the size of the images.

        Parameters
        ----------
        X : list, array of shape (n,) or (n, 1), Series, or DataFrame of one column
            File names, as text or paths.
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all invalid parameters; if X does not hold file names, or `folder` does not exist;
            if no file tells the size.
        """
        form = self._form()
        names = self._names(X)
        self.size_ = _first_size(names) if form.size is None else form.size
        return self

    def transform(self, X: Any) -> Any:
        """Read images.

        Parameters
        ----------
        X : list, array of shape (n,) or (n, 1), Series, or DataFrame of one column
            File names, as text or paths.

        Returns
        -------
        uint8 array of shape (n, channels, height, width), or RowView
            A view, of which nets read rows when they need them, according to `lazy`.

        Raises
        ------
        ValueError
            If files cannot be read, of which up to ten are listed; if X does not hold file names,
            or `folder` does not exist.

        Warns
        -----
        UserWarning
            If files cannot be read and ``on_error='warn'``.
        """
        rows = self._rows(X)
        lazy = math.prod(rows.shape) > LARGE_BYTES if self.lazy == "auto" else self.lazy
        if not lazy:
            return rows.read_all()
        rows.check()
        return RowView(rows)

    def readable(self, X: Any) -> np.ndarray:
        """Return which files can be read; all of them are decoded.

        Parameters
        ----------
        X : list, array of shape (n,) or (n, 1), Series, or DataFrame of one column
            File names, as text or paths.

        Returns
        -------
        bool array of shape (n,)
        """
        return self._rows(X).readable()

    def _rows(self, X: Any) -> ImageRows:
        form = self._form()
        if form.size is None:
            check_is_fitted(self)
        workers = effective_n_jobs(-1) if self.workers is None else self.workers
        return ImageRows(
            self._names(X),
            form,
            self.size_ if form.size is None else form.size,
            workers=workers,
            skip=self.on_error == "warn",
        )

    def _names(self, X: Any) -> list[str]:
        names, folder = read_file_names(X), self.folder
        if folder is None:
            return names
        if not os.path.isdir(folder) and not all(map(os.path.isabs, names)):
            given = f"{os.fspath(folder)!r}, which is not one{hint_for(folder)}"
            raise ValueError(f"folder must be the folder of the files, got {given}")
        return read_file_names(names, folder)

    def _form(self) -> ImageForm:
        """Return the form of the images, or raise all problems of the parameters."""
        problems = Problems()
        for name, check in CHECKS.items():
            value = getattr(self, name)
            if valid := check(value):
                problems.add_parameter(name, valid, value)
        problems.raise_any()
        size, background = self.size, self.background
        return ImageForm(
            size=None if size is None else _repeated(size, 2),  # type: ignore[arg-type]
            channels=int(self.channels),
            resize=self.resize,
            resample=self.resample,
            background=_repeated(background, 3),  # type: ignore[arg-type]
            draft=bool(self.draft),
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = self.size is None
        tags.no_validation = True
        return tags


def _repeated(value: Any, n: int) -> tuple[int, ...]:
    return tuple(map(int, value)) if np.ndim(value) else (int(value),) * n


def _first_size(names: Sequence[str]) -> tuple[int, int]:
    """Return the size of the first image that can be read."""
    reason = None
    for name in names:
        try:
            return image_size(name)
        except UndecodableImageError as error:
            reason = reason or error
    assert reason is not None
    raise reason


def _integers(valid: str, count: int, low: int, high: float = math.inf) -> Check:
    """Build a check for an integer, or one for each of `count` values."""

    def check(value: Any) -> str | None:
        several = isinstance(value, list | tuple | np.ndarray) and len(value) == count
        values = value if several else (value,)
        return None if all(is_integer(one, low, high) for one in values) else valid

    return check


def _channels(value: Any) -> str | None:
    return None if is_integer(value) and value in MODES else "1, 3 or 4"


def _lazy(value: Any) -> str | None:
    return None if value == "auto" or flag(value) is None else "True, False or 'auto'"


CHECKS: dict[str, Check] = {
    "size": or_none(_integers("a positive integer, (height, width)", 2, 1)),
    "channels": _channels,
    "resize": one_of(*RESIZES),
    "resample": one_of(*FILTERS),
    "background": _integers("an integer from 0 to 255, or three of them", 3, 0, 255),
    "draft": flag,
    "folder": or_none(path),
    "on_error": one_of("raise", "warn"),
    "lazy": _lazy,
    "workers": positive_or_none,
}
"""What each parameter may be."""

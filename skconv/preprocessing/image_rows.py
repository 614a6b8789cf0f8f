"""Images of files, which are decoded when they are wanted."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..utils.single_rows import SingleRows, in_threads
from .decode_image import ImageForm, UndecodableImageError, check_header
from .file_names import MOST


class ImageRows(SingleRows):
    """Images of files as an array of shape (n, channels, height, width).

    Parameters
    ----------
    names : sequence of str
    form : ImageForm
    size : (int, int)
        Height and width of each image.
    workers : int
        Number of threads that decode.
    skip : bool
        Whether an image of background takes the place of files that cannot be decoded, rather than
        to raise.
    """

    def __init__(
        self,
        names: Sequence[str],
        form: ImageForm,
        size: tuple[int, int],
        *,
        workers: int,
        skip: bool,
    ) -> None:
        super().__init__((len(names), form.channels, *size), np.uint8, workers)
        self._names, self._form, self._skip = names, form, skip
        self._told: set[int] = set()
        self._lock: Any = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def row(self, i: int) -> np.ndarray:
        """Return an image.

        Raises
        ------
        UndecodableImageError
            If the file cannot be decoded, or is of another size while sizes are kept.
        """
        try:
            return self._decode(i)
        except UndecodableImageError as error:
            self._report({i: error})
            return self._blank()

    def check(self) -> None:
        """Look at the start of each file.

        Raises
        ------
        UndecodableImageError
            With the files that cannot be decoded.

        Warns
        -----
        UserWarning
            In place of the error, if they are to be skipped.
        """
        self._report(self._try_each(lambda i: check_header(self._names[i])))

    def read_all(self) -> np.ndarray:
        """Return all images; one error or warning has all files that cannot be decoded."""
        images = np.empty(self.shape, self.dtype)

        def read(i: int) -> None:
            images[i] = self._decode(i)

        problems = self._try_each(read)
        self._report(problems)
        images[list(problems)] = self._blank()
        return images

    def readable(self) -> np.ndarray:
        """Return whether each file can be decoded, as a bool array of shape (n,)."""
        mask = np.ones(len(self), bool)
        mask[list(self._try_each(self._decode))] = False
        return mask

    def _decode(self, i: int) -> np.ndarray:
        name = self._names[i]
        image = self._form.decode(name)
        if image.shape != self.shape[1:]:
            raise UndecodableImageError(
                f"{name!r} has {image.shape[1]}x{image.shape[2]} pixels, and the first image of "
                f"fit {self.shape[2]}x{self.shape[3]}; set a size, as in ReadImages(size=64)"
            )
        return image

    def _blank(self) -> np.ndarray:
        return self._form.blank(self.shape[2:])  # type: ignore[arg-type]

    def _try_each(self, function: Callable[[int], Any]) -> dict[int, UndecodableImageError]:
        """Call a function for each row, and return its errors by row."""
        problems = {}

        def call(i: int) -> None:
            try:
                function(i)
            except UndecodableImageError as error:
                problems[i] = error

        in_threads(call, range(len(self)), self.workers)
        return dict(sorted(problems.items()))

    def _report(self, problems: Mapping[int, UndecodableImageError]) -> None:
        """Raise, or warn once of each file."""
        with self._lock:
            new = {i: problems[i] for i in sorted(problems.keys() - self._told)}
            self._told.update(new)
        if problems and not self._skip:
            raise UndecodableImageError(
                f"{_listed(problems, len(self))}; set on_error='warn' to take images of background "
                "in their places, or leave them out: X[reader.readable(X)]"
            )
        if new:
            warnings.warn(
                f"{_listed(new, len(self))}; their rows are images of background",
                UserWarning,
                stacklevel=4,
            )


def _listed(problems: Mapping[int, UndecodableImageError], n: int) -> str:
    """Return a message that lists files, each by its row and name."""
    listed = [f"\n - {error} (row {i})" for i, error in problems.items()]
    more = f"\n - and {len(listed) - MOST} more" if len(listed) > MOST else ""
    return (
        f"X must be files of images, got {len(problems)} of {n} that cannot be read:"
        f"{''.join(listed[:MOST])}{more}\n"
    )

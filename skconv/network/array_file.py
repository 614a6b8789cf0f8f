"""Files of named arrays whose names and headers are read before any of their data."""

from __future__ import annotations

import errno
import os
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np


@contextmanager
def naming_file(path: str | os.PathLike[str], suffix: str) -> Iterator[None]:
    """Raise whatever a damaged file causes in the block as a `ValueError` with the path.

    The libraries that parse files raise about ten types of exceptions for damaged ones, among them
    zlib.error, NotImplementedError, RuntimeError and RecursionError.

    Parameters
    ----------
    path : str or path
    suffix : str
        Of the format that the file should have.

    Raises
    ------
    OSError
        With the path, if the operating system fails to read.
    ValueError
        For everything else.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
        problem = textwrap.shorten(str(error) or type(error).__name__, 300)
        raise ValueError(f"{path} must be a complete {suffix} file: {problem}") from error


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array in a file, which NumPy reads when it needs the values.

    Parameters
    ----------
    file : ArrayFile
    name : str
    shape : tuple of int
    dtype : numpy.dtype or None
        None for a type that NumPy does not have, such as one of four bits.
    type_name : str
        Name of the type, for messages.
    offset : int
        First byte of the values.
    """

    file: ArrayFile
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype | None
    type_name: str
    offset: int
    fortran_order: bool = False

    @property
    def nbytes(self) -> int:
        """Size of the values in bytes."""
        return prod(self.shape) * (self.dtype.itemsize if self.dtype else 1)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        with self.file.naming():
            if self.dtype is None:
                raise ValueError(f"{self.name!r} has values of the type {self.type_name}")
            values = np.empty(prod(self.shape), self.dtype)
            self.file.read_into(self, values.view(np.uint8))
        array = values.reshape(self.shape, order="F" if self.fortran_order else "C")
        return array if dtype is None else array.astype(dtype)


class Section:
    """A part of a binary file, which is read as a file of its own.

    Parameters
    ----------
    stream : binary file
        Several sections may share it.
    start, size : int

    Attributes
    ----------
    owns : bool
        Whether closing the section closes the file.
    """

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self.size = size
        self.owns = False
        self._stream, self._start, self._place = stream, start, 0

    def seek(self, place: int) -> None:
        """Go to a byte."""
        self._place = place

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes, fewer at the end."""
        left = max(self.size - self._place, 0)
        self._stream.seek(self._start + self._place)
        found = self._stream.read(left if count < 0 else min(count, left))
        self._place += len(found)
        return found

    def close(self) -> None:
        """Close the file if the section owns it; otherwise leave it open, for other sections."""
        if self.owns:
            self._stream.close()


class ArrayFile(ABC, Mapping[str, StoredArray]):
    """An open file of named arrays.

    Headers are read when an array is looked up, and values when it is converted by `numpy.asarray`,
    so that memory is spent on what the caller wants only.

    Parameters
    ----------
    path : str or path
    part : Section, optional
        The part of an open file that holds the arrays; by default all of it.

    Raises
    ------
    OSError
        If the file cannot be opened or read.
    ValueError
        If it is damaged; also later, when headers and values are read.
    """

    suffix: ClassVar[str]

    def __init__(self, path: str | os.PathLike[str], part: Section | None = None) -> None:
        self.path = path
        opened = open(path, "rb") if part is None else part  # noqa: SIM115
        self.stream: Any = opened
        try:
            with self.naming():
                self.size = self._find_size()
                self.names = dict.fromkeys(self.read_names())
        except BaseException:
            self.stream.close()
            raise

    def _find_size(self) -> int:
        if isinstance(self.stream, Section):
            return self.stream.size
        return os.fstat(self.stream.fileno()).st_size

    def naming(self) -> Any:
        """Return a context in which all errors name the file."""
        return naming_file(self.path, self.suffix)

    @abstractmethod
    def read_names(self) -> list[str]:
        """Return the names of the arrays; raises if one is given twice."""

    @abstractmethod
    def read_header(self, name: str) -> StoredArray:
        """Return an array without reading its values."""

    @abstractmethod
    def read_into(self, array: StoredArray, values: np.ndarray) -> None:
        """Read the bytes of an array."""

    def __getitem__(self, name: str) -> StoredArray:
        if name not in self.names:
            raise KeyError(name)
        with self.naming():
            return self.read_header(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stream.close()


def read_exactly(stream: Any, values: np.ndarray) -> None:
    """Fill a uint8 array from a stream, and raise `ValueError` if that ends before."""
    done = 0
    while done < len(values):
        part = stream.read(min(len(values) - done, 2**20))
        if not part:
            raise ValueError(f"it ends {len(values) - done} bytes before the end of an array")
        values[done : done + len(part)] = np.frombuffer(part, np.uint8)
        done += len(part)

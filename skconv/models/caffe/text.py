"""Text files of Caffe, read as messages of protobuf."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Problems
from ...utils.optional import import_optional
from .scan import Scan, scan
from .schema import new_message

LARGEST = 4 * 2**20
"""Most bytes of a text file; that of ResNet-152 has 150,000."""


class TextFile(NamedTuple):
    """A text file of Caffe.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    message : google.protobuf.message.Message
    scan : Scan
        Lines of the layers, and names that Caffe does not have.
    """

    name: str
    message: Any
    scan: Scan


def read_text(path: str | os.PathLike[str], kind: str) -> TextFile:
    """Read a text file.

    Fields that Caffe does not have are ignored by protobuf and listed in ``scan``.

    Parameters
    ----------
    path : str or path
    kind : str
        The message in it: ``'Net'`` or ``'Solver'``.

    Returns
    -------
    TextFile

    Raises
    ------
    ValueError
        If it cannot be read as this message, with the line; or with all values of enumerations,
        such as types of layers, that Caffe does not have.
    OSError
        If the file cannot be opened.
    """
    path = Path(path)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} must be a text file of at most {LARGEST:,} bytes")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name} must be a text file, such as deploy.prototxt; a binary file of weights, "
            "such as x.caffemodel, is the second argument"
        ) from error
    message = new_message(kind)
    text_format = import_optional("google.protobuf.text_format")
    try:
        found = scan(text, message.DESCRIPTOR)
    except ValueError as error:
        raise ValueError(f"{path.name}, {error}") from error
    _check_values(path.name, found)
    try:
        with warnings.catch_warnings():  # of escapes in strings that Python does not know
            warnings.simplefilter("ignore", DeprecationWarning)
            text_format.Parse(text, message, allow_unknown_field=True)
    except text_format.ParseError as error:
        reason = re.sub(r"^(\d+:\d+ : )+", "", str(error))
        line = f", line {error.GetLine()}" if error.GetLine() else ""
        raise ValueError(f"{path.name}{line}: {reason}") from error
    return TextFile(path.name, message, found)


def _check_values(file: str, found: Scan) -> None:
    """Raise an error for all unknown values of enumerations; protobuf stops at the first one."""
    problems = Problems()
    for name in found.unknown:
        if name.value is not None:
            problems.add(
                f"{file}, line {name.line}: {name.path} must be a value that Caffe has, got "
                f"{name.value}.{name.hint}"
            )
    problems.raise_any()

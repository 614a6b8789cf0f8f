"""Guess from the shape of rows whether images lack channels or have them last."""

from __future__ import annotations

from typing import Any

COLORS = (1, 3, 4)
"""Numbers of channels of images: gray, RGB, RGBA."""

SMALLEST = 8
"""Height and width from which two axes without channels may be an image."""


def has_channels_last(row: tuple[int, ...]) -> bool:
    """Return whether a row can only be meant as an image, or volume, with channels last.

    Its last axis has the size of colors and the first has not, the axes before the last are much
    longer, and they are of similar length.

    Examples
    --------
    >>> has_channels_last((32, 32, 3)), has_channels_last((28, 28, 1))
    (True, True)
    >>> has_channels_last((3, 32, 32)), has_channels_last((64, 4, 4))
    (False, False)
    """
    if len(row) not in (3, 4) or row[-1] not in COLORS or row[0] in COLORS:
        return False
    low, high = min(row[:-1]), max(row[:-1])
    return low >= 2 * row[-1] + 2 and high <= 4 * low


def has_channels_first(row: tuple[int, ...]) -> bool:
    """Return whether a row can only be meant as an image, or volume, with channels first."""
    return has_channels_last(move_channels_last(row))


def lacks_channels(row: tuple[int, ...]) -> bool:
    """Return whether a row of two axes may be an image, whose axes have similar lengths.

    Examples
    --------
    >>> lacks_channels((28, 28)), lacks_channels((62, 47)), lacks_channels((100, 12))
    (True, True, False)
    """
    return len(row) == 2 and min(row) >= SMALLEST and max(row) <= 1.5 * min(row)


def holds_pixels(row: tuple[Any, ...], image: tuple[Any, ...]) -> bool:
    """Return whether a row of targets or outputs has values for each pixel of an image.

    Examples
    --------
    >>> holds_pixels((32, 24), (3, 32, 24)), holds_pixels((5, 32, 24), (3, 32, 24))
    (True, True)
    >>> holds_pixels((10,), (3, 32, 24)), holds_pixels((24,), (32, 24))
    (False, False)
    """
    return len(image) == 3 and len(row) >= 2 and image[1:] in (row[-2:], row[:2])


def describe_rows(row: tuple[Any, ...]) -> str:
    """Return the shape of a batch of rows as text.

    Examples
    --------
    >>> describe_rows((3, 32, 32)), describe_rows((7,)), describe_rows(())
    ('(n, 3, 32, 32)', '(n, 7)', '(n,)')
    """
    return f"(n, {', '.join(map(str, row))})" if row else "(n,)"


def channels_hint(row: tuple[int, ...]) -> str:
    """Return what to write for images or volumes with channels last.

    Examples
    --------
    >>> channels_hint((32, 32, 3))
    "images are channels first: X.transpose(0, 3, 1, 2), or set data_format='channels_last'"
    """
    last = len(row)
    order = ", ".join(map(str, (0, last, *range(1, last))))
    return f"images are channels first: X.transpose({order}), or set data_format='channels_last'"


def mismatch_hint(given: tuple[int, ...], row: tuple[int, ...]) -> str:
    """Return what to write if an array should hold rows of another shape, or an empty string.

    Parameters
    ----------
    given : tuple of int
        Shape of the array.
    row : tuple of int
        Shape of a row as the network takes it.

    Examples
    --------
    >>> mismatch_hint((28, 28), (1, 28, 28))
    'give a single image as X[None]'
    >>> mismatch_hint((9, 32, 32, 3), (3, 32, 32))
    "images are channels first: X.transpose(0, 3, 1, 2), or set data_format='channels_last'"
    """
    if len(row) > 1 and _same(given, row):
        kind = {2: "sequence", 3: "image"}.get(len(row), "sample")
        return f"give a single {kind} as X[None]"
    if len(row) >= 3 and len(given) > 2:
        if move_channels_first(given[1:]) == row:
            return channels_hint(given[1:])
        if len(row) == 3 and move_channels_first(given) == row:
            return "give a single image as X.transpose(2, 0, 1)[None]; images are channels first"
        if given[1:] == row[1:]:
            return f"the net takes images of {row[0]} channels"
    return ""


def _same(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Return whether shapes are equal but for axes of length one."""
    return [n for n in shape if n != 1] == [n for n in other if n != 1]


def move_channels_first(row: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a row with its last axis first."""
    return (*row[-1:], *row[:-1])


def move_channels_last(row: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a row with its first axis last."""
    return (*row[1:], *row[:1])

"""The wire format of protobuf, walked without building objects."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
"""Kinds of values on the wire."""


class WireError(ValueError):
    """A file that is damaged, or no message of the kind that it should be."""


def fields(view: memoryview, where: str) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and the value of each field of a message.

    Parameters
    ----------
    view : memoryview of bytes
    where : str
        What the message is, for messages of errors.

    Yields
    ------
    number : int
    value : int or memoryview
        Numbers of fixed size and nested messages are parts of `view`.

    Raises
    ------
    WireError
        If the message ends too early, or is none.

    Examples
    --------
    >>> list(fields(memoryview(bytes([8, 150, 1])), 'a message'))
    [(1, 150)]
    """
    position, end = 0, len(view)
    while position < end:
        key, position = varint(view, position, where)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, position = varint(view, position, where)
            yield number, value
            continue
        if kind == BYTES:
            size, position = varint(view, position, where)
        elif kind in (EIGHT, FOUR):
            size = 8 if kind == EIGHT else 4
        else:
            raise WireError(f"{where} has a field of the unknown kind {kind}")
        if size > end - position:
            raise WireError(
                f"{where} ends too early: {end - position:,} of {size:,} bytes are left"
            )
        yield number, view[position : position + size]
        position += size


def varint(view: memoryview, position: int, where: str) -> tuple[int, int]:
    """Return an integer of variable length, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(view):
            raise WireError(f"{where} ends too early, within a number")
        byte = view[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise WireError(f"{where} has a number of more than ten bytes")

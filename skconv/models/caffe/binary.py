"""Binary files of Caffe: the weights of each layer."""

from __future__ import annotations

import math
import mmap
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...utils.wire import WireError, fields, varint

LAYER, V1_LAYER, V0_LAYER = 100, 2, 1
"""Fields that hold layers: of a net, of a net in the format V1, and of a layer of V1."""

NAME_AND_BLOBS = {LAYER: (1, 7), V1_LAYER: (4, 6), V0_LAYER: (1, 50)}
"""Fields of such layers."""

OLD_SHAPE, SHAPE, FLOATS, DOUBLES = (1, 2, 3, 4), 7, 5, 8
"""Fields of a blob: number, channels, height and width or a shape, and its values."""

DTYPES: dict[int, np.dtype[Any]] = {FLOATS: np.dtype("<f4"), DOUBLES: np.dtype("<f8")}

MOST_LAYERS, MOST_BLOBS, MOST_AXES = 20_000, 64, 32


class Blob(NamedTuple):
    """A parameter of a layer, as the file holds it.

    Parameters
    ----------
    shape : tuple of int
    values : float32 array of shape (n,)
    """

    shape: tuple[int, ...]
    values: np.ndarray


def read_blobs(path: str | os.PathLike[str]) -> dict[str, list[Blob]]:
    """Read the weights of a ``.caffemodel``, by the names of its layers.

    The file is walked here rather than parsed by protobuf, which would hold all of it several times
    and make an object of each number: 138 million of them for VGG-16. The memory needed is that of
    the weights, whatever the file claims.

    Parameters
    ----------
    path : str or path
        In the current format or in one of the older ones, V1 and V0.

    Returns
    -------
    dict of str to list of Blob
        Layers without weights are left out.

    Raises
    ------
    ValueError
        If the file is damaged, truncated, or not a ``.caffemodel``.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise WireError(f"{path.name} must be a .caffemodel, got an empty file")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return _read(memoryview(mapped))
    except WireError as error:
        raise WireError(_explained(path.name, mapped[:64], str(error))) from None


def _explained(name: str, start: bytes, reason: str) -> str:
    if start.startswith(b"\x89HDF"):
        return f"{name} must be a .caffemodel of protobuf, got HDF5; save it as BINARYPROTO"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in start):
        return f"{name} must be a binary .caffemodel, got text; the layout is the first argument"
    return f"{name} must be a .caffemodel, but {reason}"


def _read(view: memoryview) -> dict[str, list[Blob]]:
    found: dict[str, list[Blob]] = {}
    for number, value in fields(view, "the file"):
        if number in (LAYER, V1_LAYER) and isinstance(value, memoryview):
            name, blobs = _layer(value, number)
            if blobs:
                found[name] = blobs
            if len(found) > MOST_LAYERS:
                raise WireError(f"it has more than {MOST_LAYERS} layers")
    return found


def _layer(view: memoryview, kind: int) -> tuple[str, list[Blob]]:
    """Return the name of a layer and its weights."""
    name_field, blobs_field = NAME_AND_BLOBS[kind]
    name, parts = "", []
    for number, value in fields(view, f"layer {name!r}" if name else "a layer"):
        if not isinstance(value, memoryview):
            continue
        if number == name_field:
            name = bytes(value[:1000]).decode("utf-8", "replace")
        elif number == blobs_field:
            parts.append(value)
            if len(parts) > MOST_BLOBS:
                raise WireError(f"layer {name!r} has more than {MOST_BLOBS} blobs")
        elif number == V0_LAYER and kind == V1_LAYER:
            return _layer(value, V0_LAYER)
    return name, [_blob(part, f"blob {i} of layer {name!r}") for i, part in enumerate(parts)]


def _blob(view: memoryview, where: str) -> Blob:
    """Return the shape and a copy of the values of a blob."""
    old = dict.fromkeys(OLD_SHAPE, 0)
    shape: tuple[int, ...] | None = None
    held: dict[int, memoryview | bytearray] = {}
    for number, value in fields(view, where):
        if number in old and isinstance(value, int):
            old[number] = value
        elif number == SHAPE and isinstance(value, memoryview):
            shape = _dims(value, f"the shape of {where}")
        elif number in DTYPES and isinstance(value, memoryview):
            if number not in held:
                held[number] = value
            else:  # numbers may come in several pieces, or one by one
                before = held[number]
                joined = before if isinstance(before, bytearray) else bytearray(before)
                joined += value
                held[number] = joined
    if shape is None and any(old.values()):
        shape = tuple(old.values())
    number = DOUBLES if DOUBLES in held else FLOATS
    data, dtype = held.get(number, b""), DTYPES[number]
    size = len(data) // dtype.itemsize if shape is None else math.prod(shape)
    if size * dtype.itemsize != len(data):
        raise WireError(
            f"{where} has {len(data):,} bytes of numbers for the shape {shape or (size,)}"
        )
    values = np.frombuffer(data, dtype).astype(np.float32)
    return Blob((size,) if shape is None else shape, values)


def _dims(view: memoryview, where: str) -> tuple[int, ...]:
    """Return the sizes of a shape, which are packed or single."""
    sizes: list[int] = []
    for number, value in fields(view, where):
        if number != 1:
            continue
        position = 0
        while isinstance(value, memoryview) and position < len(value):
            size, position = varint(value, position, where)
            sizes.append(size)
            if len(sizes) > MOST_AXES:
                break
        if isinstance(value, int):
            sizes.append(value)
        if len(sizes) > MOST_AXES:
            raise WireError(f"{where} has more than {MOST_AXES} axes")
    return tuple(sizes)

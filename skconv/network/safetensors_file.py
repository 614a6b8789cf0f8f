"""Files in the format ``.safetensors``.

They are read without the library of the format, which maps files into memory, where another process
that shortens the file would end this one; takes the last of several arrays of one name; and does
not read bfloat16 into NumPy in all versions.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

import jax.numpy as jnp
import numpy as np

from .array_file import ArrayFile, StoredArray, read_exactly

MAX_HEADER = 2**22
"""Bytes of a header, enough for 40,000 arrays; Python needs about 30 times as many for its JSON."""

DTYPES = {
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    **{f"{kind.upper()}{8 * n}": np.dtype(f"<{kind}{n}") for kind in "iu" for n in (1, 2, 4, 8)},
    "BOOL": np.dtype(bool),
    "C64": np.dtype("<c8"),
    "BF16": np.dtype(jnp.bfloat16),
    "F8_E4M3": np.dtype(jnp.float8_e4m3fn),
    "F8_E5M2": np.dtype(jnp.float8_e5m2),
}
"""Types of NumPy by their names in the format."""


class SafetensorsFile(ArrayFile):
    """An open ``.safetensors`` file."""

    suffix = ".safetensors"

    def read_names(self) -> list[str]:
        """Read the header, a JSON object after its length, and return the names."""
        length = int.from_bytes(self.stream.read(8), "little")
        if self.size < 8 or length > self.size - 8:
            raise ValueError("it is shorter than its header")
        if length > MAX_HEADER:
            raise ValueError(f"its header has {length} bytes, more than {MAX_HEADER}")
        header = json.loads(self.stream.read(length).decode(), object_pairs_hook=_without_doubles)
        if not isinstance(header, dict):
            raise ValueError("its header is not a JSON object")
        header.pop("__metadata__", None)
        self._start = 8 + length
        self._arrays = {name: self._as_array(name, entry) for name, entry in header.items()}
        self._check_ranges([entry["data_offsets"] for entry in header.values()])
        return list(self._arrays)

    def _as_array(self, name: str, entry: Any) -> StoredArray:
        if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
            raise ValueError(f"{name!r} must have a dtype, a shape and data_offsets")
        kind, shape, ends = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not _are_counts(shape) or not _are_counts(ends) or len(ends) != 2 or ends[0] > ends[1]:
            raise ValueError(f"{name!r} must have a shape and offsets of non-negative integers")
        dtype = DTYPES.get(kind) if isinstance(kind, str) else None
        label = str(kind) if dtype is None else dtype.name
        array = StoredArray(self, name, tuple(shape), dtype, label, self._start + ends[0])
        if dtype is not None and array.nbytes != ends[1] - ends[0]:
            raise ValueError(f"{name!r} must have {array.nbytes} bytes, got {ends[1] - ends[0]}")
        return array

    def _check_ranges(self, ranges: list[list[int]]) -> None:
        """Raise `ValueError` unless the arrays lie side by side to the end of the file."""
        end = 0
        for first, last in sorted(ranges):
            if first != end:
                raise ValueError("its arrays do not lie side by side")
            end = last
        if self._start + end != self.size:
            raise ValueError(f"it must have {self._start + end} bytes, got {self.size}")

    def read_header(self, name: str) -> StoredArray:
        """Return an array without reading its values."""
        return self._arrays[name]

    def read_into(self, array: StoredArray, values: np.ndarray) -> None:
        """Read the bytes of an array."""
        self.stream.seek(array.offset)
        read_exactly(self.stream, values)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"it has {name[:100]!r} twice")
        found[name] = value
    return found


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 2**62 for n in values)


DTYPE_CODES = {dtype.name: code for code, dtype in DTYPES.items()}
"""Names of dtypes in ``.safetensors`` by those of NumPy, such as ``F32``."""


def write_safetensors(arrays: Mapping[str, np.ndarray], file: IO[bytes]) -> None:
    """Write arrays one by one; safetensors itself hides why a disk refuses them.

    Parameters
    ----------
    arrays : mapping of str to array
    file : binary file
    """
    names = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))  # aligns them
    header: dict[str, Any] = {}
    end = 0
    for name in names:
        array, start = arrays[name], end
        end += array.nbytes
        header[name] = {
            "dtype": DTYPE_CODES[array.dtype.name],
            "shape": array.shape,
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for name in names:
        file.write(np.asarray(arrays[name], order="C").tobytes())

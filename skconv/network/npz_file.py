"""Files in NumPy's format ``.npz``: a zip of arrays."""

from __future__ import annotations

import io
import zipfile

import jax.numpy as jnp
import numpy as np

from .array_file import ArrayFile, StoredArray, read_exactly

HEADER = 2**14
"""Bytes at the start of a member that are searched for its header; NumPy allows 10,000."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What NumPy writes. Other methods of compression cannot be read in parts of bounded size."""


class NpzFile(ArrayFile):
    """An open ``.npz`` file."""

    suffix = ".npz"

    def read_names(self) -> list[str]:
        """Read the list of members, and return their names without the ending."""
        self._zip = zipfile.ZipFile(self.stream)
        names: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            name, dot, ending = member.filename.rpartition(".")
            if dot + ending != ".npy":
                raise ValueError(f"its member {member.filename[:100]!r} is not an array")
            if name in names:
                raise ValueError(f"it has {name[:100]!r} twice")
            names[name] = member
        self._members = names
        return list(names)

    def _open(self, name: str) -> zipfile.ZipExtFile:
        member = self._members[name]
        if member.compress_type not in METHODS:
            raise ValueError(f"{name!r} is compressed in a way that NumPy does not use")
        return self._zip.open(member)  # type: ignore[return-value]

    def read_header(self, name: str) -> StoredArray:
        """Return an array without reading its values."""
        with self._open(name) as member:
            start = io.BytesIO(member.read(HEADER))
        version = np.lib.format.read_magic(start)
        if version == (1, 0):
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(start)
        elif version == (2, 0):
            shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(start)
        else:
            raise ValueError(f"{name!r} has named fields")
        if dtype.hasobject:
            raise ValueError(f"{name!r} holds Python objects")
        if not all(0 <= n < 2**62 for n in shape):
            raise ValueError(f"{name!r} has the shape {shape}")
        if dtype == np.dtype("V2"):  # as NumPy writes bfloat16
            dtype = np.dtype(jnp.bfloat16)
        return StoredArray(self, name, shape, dtype, dtype.name, start.tell(), fortran_order)

    def read_into(self, array: StoredArray, values: np.ndarray) -> None:
        """Read the bytes of an array, and check that no others follow."""
        with self._open(array.name) as member:
            member.read(array.offset)
            read_exactly(member, values)
            if member.read(1):  # reading the end checks the sum of the member as well
                raise ValueError(f"{array.name!r} has more bytes than its shape {array.shape}")

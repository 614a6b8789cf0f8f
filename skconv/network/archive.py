"""Files of JSON and arrays: a zip whose members are stored as they are.

Any program that reads zips, JSON and ``.safetensors`` reads them. They are read here without
`zipfile`, whose index of a damaged file may be large, and whose members may be compressed.
"""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..utils.files import atomic_write
from .array_file import Section, naming_file
from .safetensors_file import SafetensorsFile, write_safetensors

SUFFIX = ".skconv"

WEIGHTS = "weights.safetensors"
"""The member that holds the weights of a net."""

MOST_MEMBERS = 16

MOST_JSON = 2**24
"""Bytes of a member in JSON; Python needs up to 30 times as many for its values."""

MOST_LINE = 2**16
"""Bytes of a line of JSON."""

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONG = 0xFFFFFFFF
_CHUNK = 2**20


def write_archive(
    path: str | os.PathLike[str],
    texts: Mapping[str, Iterable[str]],
    arrays: Mapping[str, Mapping[str, np.ndarray]],
) -> None:
    """Write a file of texts and arrays; if interrupted, an existing file is kept.

    Equal contents give equal files.

    Parameters
    ----------
    path : str or path
    texts : mapping of str to iterable of str
        The parts of each text by the name of the member.
    arrays : mapping of str to mapping of str to array
        Named arrays by the name of the member.

    Raises
    ------
    OSError
        With the path, if the folder does not exist or the file cannot be written.
    """
    with (
        atomic_write(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as members,
    ):
        for name, parts in texts.items():
            with members.open(_info(name), "w", force_zip64=True) as member:
                for part in parts:
                    member.write(part.encode())
        for name, own in arrays.items():
            with members.open(_info(name), "w", force_zip64=True) as member:
                write_safetensors(own, member)


def _info(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


class ArchivedArrays(SafetensorsFile):
    """Arrays that are a member of an archive."""

    suffix = SUFFIX


class Member(NamedTuple):
    """Where a member of an archive lies."""

    start: int
    size: int


class Archive:
    """An open file of texts and arrays.

    Parameters
    ----------
    path : str or path
    stream : binary file
    names : iterable of str or None
        The members that it may have; None for any.

    Raises
    ------
    ValueError
        If it is damaged: its checksums are compared.
    """

    def __init__(
        self, path: str | os.PathLike[str], stream: BinaryIO, names: Iterable[str] | None
    ) -> None:
        self._path, self._stream = path, stream
        self._members: dict[str, Member] = {}
        with self._naming():
            self._read_members(None if names is None else set(names))

    def _naming(self) -> AbstractContextManager[None]:
        return naming_file(self._path, SUFFIX)

    def _read_members(self, known: set[str] | None) -> None:
        for name, member, checksum in _read_index(self._stream):
            if known is not None and name not in known:
                raise ValueError(f"it has an unknown member {name[:100]!r}")
            if name in self._members:
                raise ValueError(f"it has {name!r} twice")
            if _checksum(self._section(member)) != checksum:
                raise ValueError(f"{name!r} is damaged, as its checksum says")
            self._members[name] = member

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def _section(self, member: Member) -> Section:
        return Section(self._stream, *member)

    def read_json(self, name: str) -> Any:
        """Return the values of a member in JSON."""
        with self._naming():
            member = self._member(name)
            if member.size > MOST_JSON:
                raise ValueError(f"{name!r} has {member.size} bytes, more than {MOST_JSON}")
            return _parsed(self._section(member).read())

    def _member(self, name: str) -> Member:
        if name not in self._members:
            raise ValueError(f"it has no {name!r}")
        return self._members[name]

    def read_lines(self, name: str) -> list[Any]:
        """Return the values of each line of a member with JSON in its lines."""
        found, rest = list[Any](), b""
        with self._naming():
            section = self._section(self._member(name))
            while part := section.read(MOST_LINE):
                *lines, rest = (rest + part).split(b"\n")
                found += map(_parsed, lines)
                if len(rest) > MOST_LINE:
                    raise ValueError(f"{name!r} has a line of more than {MOST_LINE} bytes")
            return found + ([_parsed(rest)] if rest else [])

    def open_arrays(self, name: str) -> ArchivedArrays:
        """Return the arrays of a member; none are read before they are asked for."""
        with self._naming():
            return ArchivedArrays(self._path, self._section(self._member(name)))


@contextmanager
def open_archive(path: str | os.PathLike[str], names: Iterable[str]) -> Iterator[Archive]:
    """Open a file that `write_archive` wrote.

    Parameters
    ----------
    path : str or path
    names : iterable of str
        The members that it may have.

    Yields
    ------
    Archive

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        With the path, if it is damaged; also later, when its members are read.

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + '/numbers.skconv'
    >>> write_archive(path, {'a.json': ['[1, 2]']}, {'b.safetensors': {'x': np.zeros(3)}})
    >>> with open_archive(path, ['a.json', 'b.safetensors']) as archive:
    ...     archive.read_json('a.json'), archive.open_arrays('b.safetensors')['x'].shape
    ([1, 2], (3,))
    """
    with open(os.fspath(path), "rb") as stream:
        yield Archive(path, stream, names)


def open_archived_weights(path: str | os.PathLike[str]) -> ArchivedArrays:
    """Open the weights of the net that a file holds, to be used in a ``with`` statement.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    ArchivedArrays

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        If it is damaged, or holds a net without weights.
    """
    stream = open(os.fspath(path), "rb")  # noqa: SIM115
    try:
        arrays = Archive(path, stream, None).open_arrays(WEIGHTS)
    except BaseException:
        stream.close()
        raise
    arrays.stream.owns = True
    return arrays


def _read_index(stream: BinaryIO) -> Iterator[tuple[str, Member, int]]:
    """Yield the name, the place and the checksum of each member."""
    size = stream.seek(0, os.SEEK_END)
    if size < _END.size:
        raise ValueError("it is too short")
    mark, *_, count, length, start, comment = _END.unpack(
        _read_at(stream, size - _END.size, _END.size)
    )
    if mark != b"PK\5\6" or comment:
        raise ValueError("it does not end as a zip does")
    if start == _LONG:
        start = _long_start(stream, size - _END.size)
    if count > MOST_MEMBERS or length > MOST_MEMBERS * 2**10 or start + length > size:
        raise ValueError("its index of members is damaged")
    index, place = _read_at(stream, start, length), 0
    for _ in range(count):
        if place + _ENTRY.size > length:
            raise ValueError("its index of members is damaged")
        entry = _ENTRY.unpack_from(index, place)
        mark, flags, method, checksum = entry[0], entry[3], entry[4], entry[7]
        packed, unpacked, name_length, extra_length, note = entry[8:13]
        place += _ENTRY.size
        name = index[place : place + name_length].decode()
        extra = index[place + name_length : place + name_length + extra_length]
        place += name_length + extra_length + note
        if mark != b"PK\1\2" or place > length:
            raise ValueError("its index of members is damaged")
        if method != zipfile.ZIP_STORED or flags & 0x61:
            raise ValueError(f"{name[:100]!r} must be stored as it is, not compressed or encrypted")
        unpacked, packed, offset = _long_sizes(extra, unpacked, packed, entry[-1])
        if packed != unpacked:
            raise ValueError(f"{name[:100]!r} must be stored as it is, not compressed or encrypted")
        yield name, _located(stream, name, offset, unpacked, start), checksum


def _long_start(stream: BinaryIO, end: int) -> int:
    """Return where the index of a file of more than 4 GB begins."""
    mark, _, place, _ = _LOCATOR.unpack(_read_at(stream, end - _LOCATOR.size, _LOCATOR.size))
    record = _END64.unpack(_read_at(stream, place, _END64.size))
    if mark != b"PK\6\7" or record[0] != b"PK\6\6":
        raise ValueError("its index of members is damaged")
    return int(record[-1])


def _long_sizes(extra: bytes, *sizes: int) -> list[int]:
    """Return sizes, of which those of more than 4 GB are in an extra field."""
    found = list(sizes)
    wanted = [i for i, size in enumerate(sizes) if size == _LONG]
    if wanted:
        if len(extra) < 4 + 8 * len(wanted) or extra[:2] != b"\1\0":
            raise ValueError("its index of members is damaged")
        values = struct.unpack_from(f"<{len(wanted)}Q", extra, 4)
        for i, value in zip(wanted, values, strict=True):
            found[i] = value
    return found


def _located(stream: BinaryIO, name: str, offset: int, size: int, end: int) -> Member:
    """Return where the bytes of a member are, which follow its own header."""
    header = _LOCAL.unpack(_read_at(stream, offset, _LOCAL.size))
    name_length, extra_length = header[-2:]
    start = offset + _LOCAL.size + name_length + extra_length
    given = _read_at(stream, offset + _LOCAL.size, name_length)
    if header[0] != b"PK\3\4" or given != name.encode() or start + size > end:
        raise ValueError(f"the header of {name[:100]!r} is damaged")
    return Member(start, size)


def _read_at(stream: BinaryIO, place: int, count: int) -> bytes:
    if not 0 <= place < 2**62:
        raise ValueError("its index of members is damaged")
    stream.seek(place)
    found = stream.read(count)
    if len(found) != count:
        raise ValueError("it ends before its index says")
    return found


def _checksum(section: Section) -> int:
    total = 0
    while part := section.read(_CHUNK):
        total = zlib.crc32(part, total)
    return total


def _parsed(text: bytes) -> Any:
    """Return the values of JSON, whose numbers are finite and whose names differ."""
    return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has an object with two values of one name")
    return found

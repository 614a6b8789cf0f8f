"""Reading of pickles that hold arrays, without `pickle`, which would run their code."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

_HOMES = ("core.multiarray", "_core.multiarray", "core.numeric", "_core.numeric")

KNOWN = {
    ("collections", "OrderedDict"): "OrderedDict",
    ("_codecs", "encode"): "encode",
    ("builtins", "bytes"): "bytes",
    ("__builtin__", "bytes"): "bytes",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    **{
        (f"numpy.{home}", name): name
        for home in _HOMES
        for name in ("_reconstruct", "scalar", "_frombuffer")
    },
}
"""What pickles of arrays name, of any version of Python and NumPy."""

TYPE = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248])")


class Name(NamedTuple):
    """A name of `KNOWN`; what it stands for is never called."""

    text: str


class TypeOfArray:
    """The dtype of an array, whose byte order a pickle adds later."""

    def __init__(self, text: Any) -> None:
        match = TYPE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError("it has an array of something other than numbers")
        self.text, self.order = match[1], "="

    def set_state(self, state: Any) -> None:
        """Take over the byte order."""
        match state:
            case (_, ("<" | ">" | "=" | "|") as order, None, None, None, *_):
                self.order = order
            case _:
                raise ValueError("it has an array of something other than numbers")

    def read(self, values: Any) -> np.ndarray:
        """Return a flat array of the values in a buffer."""
        return np.frombuffer(values, np.dtype(self.order + self.text))


class PickledArray:
    """An array, whose values a pickle adds later."""

    def __init__(self) -> None:
        self.array: np.ndarray | None = None

    def set_values(self, dtype: Any, shape: Any, values: Any, fortran: bool) -> None:
        """Take over the values."""
        if not isinstance(dtype, TypeOfArray) or not isinstance(values, bytes | bytearray):
            raise ValueError("it has an array without values")
        sizes = shape if isinstance(shape, tuple) else (-1,)
        if not all(type(size) is int and size >= 0 for size in sizes):
            raise ValueError("it has an array without a shape")
        flat = dtype.read(values)
        # NumPy refuses large sizes beside zeros by an OverflowError
        if len(sizes) > 32 or max(sizes, default=0) >= 2**31 or prod(sizes) != len(flat):
            raise ValueError("it has an array whose shape is not that of its values")
        self.array = flat.reshape(sizes, order="F" if fortran else "C")


class ArrayUnpickler:
    """Reader of a pickle of arrays, numbers, text, lists, tuples and dicts with text as keys.

    It follows the instructions of the pickle itself, and calls nothing that a pickle names: arrays
    are made from their types, shapes and values, which are checked. Time and memory are
    proportional to the size of the pickle, whatever it says.

    Parameters
    ----------
    data : bytes
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.left = len(data)

    def load(self) -> Any:
        """Return what was pickled.

        Raises
        ------
        ValueError
            If the pickle is damaged, or holds anything else.
        """
        while (code := self._take(1)) != b".":
            if code not in INSTRUCTIONS:
                raise ValueError(f"it has the instruction {code!r}, which arrays do not need")
            INSTRUCTIONS[code](self)
        return self.pop()

    def spend(self, amount: int) -> None:
        """Raise `ValueError` if more is copied than the pickle can need.

        A pickle may refer to a value any number of times, but needs each only once.
        """
        self.left -= amount
        if self.left < 0:
            raise ValueError("it refers to the same values too often")

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the last value from the stack, but not from below a mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise ValueError("it takes more values than it has")
        return self.stack.pop()

    def pop_marked(self) -> list[Any]:
        """Take all values down to the last mark."""
        if not self.marks:
            raise ValueError("it takes more values than it has")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def drop_marked(self) -> None:
        """Take off all values down to the last mark."""
        self.pop_marked()

    def take_line(self) -> bytes:
        """Return the text up to the end of a line."""
        end = self.data.find(b"\n", self.place)
        if end < 0:
            raise ValueError("it ends within a line")
        line = self._take(end - self.place)
        self.place += 1
        return line

    def take_number(self, form: str) -> Any:
        """Return a number of a format of `struct`."""
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def take_counted(self, form: str) -> bytes:
        """Return bytes whose number stands before them, in a format of `struct`."""
        return self._take(self.take_number(form))

    def _take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.data) - self.place:
            raise ValueError("it ends too early")
        self.place += count
        return self.data[self.place - count : self.place]

    def recall(self, index: int) -> None:
        """Put a value on the stack once more."""
        if index not in self.memo:
            raise ValueError("it refers to a value that it does not have")
        self.push(self.memo[index])

    def remember(self, index: int) -> None:
        """Give the last value a number."""
        value = self.pop()
        self.push(value)
        self.memo[index] = value

    def repeat(self) -> None:
        """Put the last value on the stack once more."""
        value = self.pop()
        self.push(value)
        self.push(value)

    def drop(self) -> None:
        """Take off the last value, or the last mark if it comes after."""
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop()

    def push_tuple(self, count: int) -> None:
        """Replace the last values by a tuple of them."""
        values = [self.pop() for _ in range(count)]
        self.push(tuple(values[::-1]))

    def extend(self, values: list[Any]) -> None:
        """Add values to the list below them."""
        target = self.pop()
        if not isinstance(target, list):
            raise ValueError("it adds values to something other than a list")
        target.extend(values)
        self.push(target)

    def update(self, values: list[Any]) -> None:
        """Add keys and values to the dict below them."""
        target = self.pop()
        if not isinstance(target, dict) or len(values) % 2:
            raise ValueError("it adds values to something other than a dict")
        target.update(self._pairs(zip(values[::2], values[1::2], strict=True)))
        self.push(target)

    def push_dict(self, values: list[Any]) -> None:
        """Put a dict of keys and values on the stack."""
        self.push({})
        self.update(values)

    def _pairs(self, pairs: Any) -> Iterator[tuple[str, Any]]:
        for pair in pairs:
            if not isinstance(pair, list | tuple) or len(pair) != 2 or type(pair[0]) is not str:
                raise ValueError("it has a dict with keys other than names")
            yield pair[0], pair[1]

    def push_name(self, module: Any, name: Any) -> None:
        """Put a name on the stack, if arrays need it."""
        known = KNOWN.get((module, name)) if {type(module), type(name)} == {str} else None
        if known is None:
            raise ValueError(
                f"a weight file must hold arrays only, got {module!s:.100}.{name!s:.100}; if you "
                "trust it, write load_params_from(pickle.load(open(path, 'rb'), "
                "encoding='latin1'))"
            )
        self.push(Name(known))

    def call(self) -> None:
        """Do what a name and arguments on the stack stand for."""
        arguments, name = self.pop(), self.pop()
        match name, arguments:
            case Name("OrderedDict"), () | (list(),):
                pairs = arguments[0] if arguments else []
                self.spend(len(pairs))
                self.push(dict(self._pairs(pairs)))
            case Name("bytes"), ():
                self.push(b"")
            case Name("encode"), (str(text), "latin1" | "latin-1"):
                self.push(self._as_bytes(text))
            case Name("dtype"), (text, *_):
                self.push(TypeOfArray(text))
            case Name("_reconstruct"), (Name("ndarray"), *_):
                self.push(PickledArray())
            case Name("scalar"), (dtype, values):
                scalar = PickledArray()
                scalar.set_values(dtype, (), self._as_bytes(values), False)
                self.push(scalar)
            case Name("_frombuffer"), (values, dtype, shape, "C" | "F" as order):
                array = PickledArray()
                array.set_values(dtype, shape, values, order == "F")
                self.push(array)
            case _:
                raise ValueError("it calls something with arguments that arrays do not need")

    def build(self) -> None:
        """Complete the array or the dtype below its state."""
        state, target = self.pop(), self.pop()
        match target, state:
            case TypeOfArray(), tuple():
                target.set_state(state)
            case PickledArray(array=None), (*_, shape, dtype, fortran, values) if len(state) <= 5:
                target.set_values(dtype, shape, self._as_bytes(values), bool(fortran))
            case _:
                raise ValueError("it completes something other than an array")
        self.push(target)

    def _as_bytes(self, values: Any) -> Any:
        """Return the bytes of a text of Python 2."""
        if not isinstance(values, str):
            return values
        self.spend(len(values))
        return values.encode("latin1")


def _int_of_line(line: bytes) -> int | bool:
    return {b"00": False, b"01": True}.get(line, int(line.removesuffix(b"L")))


def _text_of_line(line: bytes) -> str:
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
        raise ValueError("it has a text without quotes")
    return codecs.escape_decode(line[1:-1])[0].decode("latin1")


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


INSTRUCTIONS: dict[bytes, Callable[[ArrayUnpickler], None]] = {
    # the frame: version, sizes of parts, marks, copies
    b"\x80": lambda m: m.take_number("<B"),
    b"\x95": lambda m: m.take_number("<Q"),
    b"(": lambda m: m.marks.append(len(m.stack)),
    b"0": ArrayUnpickler.drop,
    b"1": ArrayUnpickler.drop_marked,
    b"2": ArrayUnpickler.repeat,
    b"p": lambda m: m.remember(int(m.take_line())),
    b"q": lambda m: m.remember(m.take_number("<B")),
    b"r": lambda m: m.remember(m.take_number("<I")),
    b"\x94": lambda m: m.remember(len(m.memo)),
    b"g": lambda m: m.recall(int(m.take_line())),
    b"h": lambda m: m.recall(m.take_number("<B")),
    b"j": lambda m: m.recall(m.take_number("<I")),
    # numbers
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": lambda m: m.push(_int_of_line(m.take_line())),
    b"L": lambda m: m.push(_int_of_line(m.take_line())),
    b"J": lambda m: m.push(m.take_number("<i")),
    b"K": lambda m: m.push(m.take_number("<B")),
    b"M": lambda m: m.push(m.take_number("<H")),
    b"\x8a": lambda m: m.push(_long(m.take_counted("<B"))),
    b"\x8b": lambda m: m.push(_long(m.take_counted("<i"))),
    b"F": lambda m: m.push(float(m.take_line())),
    b"G": lambda m: m.push(m.take_number(">d")),
    # text and bytes; the texts of Python 2 may be either
    b"S": lambda m: m.push(_text_of_line(m.take_line())),
    b"T": lambda m: m.push(m.take_counted("<i").decode("latin1")),
    b"U": lambda m: m.push(m.take_counted("<B").decode("latin1")),
    b"V": lambda m: m.push(m.take_line().decode("raw-unicode-escape")),
    b"\x8c": lambda m: m.push(_utf8(m.take_counted("<B"))),
    b"X": lambda m: m.push(_utf8(m.take_counted("<I"))),
    b"\x8d": lambda m: m.push(_utf8(m.take_counted("<Q"))),
    b"C": lambda m: m.push(m.take_counted("<B")),
    b"B": lambda m: m.push(m.take_counted("<I")),
    b"\x8e": lambda m: m.push(m.take_counted("<Q")),
    b"\x96": lambda m: m.push(m.take_counted("<Q")),
    # lists, tuples and dicts
    b")": lambda m: m.push(()),
    b"\x85": lambda m: m.push_tuple(1),
    b"\x86": lambda m: m.push_tuple(2),
    b"\x87": lambda m: m.push_tuple(3),
    b"t": lambda m: m.push(tuple(m.pop_marked())),
    b"]": lambda m: m.push([]),
    b"l": lambda m: m.push(m.pop_marked()),
    b"a": lambda m: m.extend([m.pop()]),
    b"e": lambda m: m.extend(m.pop_marked()),
    b"}": lambda m: m.push({}),
    b"d": lambda m: m.push_dict(m.pop_marked()),
    b"s": lambda m: m.update([m.pop(), m.pop()][::-1]),
    b"u": lambda m: m.update(m.pop_marked()),
    # names and what they stand for
    b"c": lambda m: m.push_name(m.take_line().decode(), m.take_line().decode()),
    b"\x93": lambda m: m.push_name(*[m.pop(), m.pop()][::-1]),
    b"R": ArrayUnpickler.call,
    b"b": ArrayUnpickler.build,
}
"""The instructions of pickles of all protocols that arrays need, by code, as in `pickletools`."""

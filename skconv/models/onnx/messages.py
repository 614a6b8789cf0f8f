"""ONNX files as plain values: graphs, nodes and arrays."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...utils.wire import WireError, fields, varint

MOST_NODES, MOST_ARRAYS, MOST_VALUES, MOST_AXES = 100_000, 100_000, 1_000_000, 32
"""Bounds on what a file may hold: nodes, arrays, integers in attributes and strings, axes."""

DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    9: np.dtype("?"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
}
"""Types of arrays by their code."""

FLOATS = (1, 10, 11)
"""Codes of types that are floats."""

INFINITE = 0x7FFFFFFFFFFFFFFF


@dataclass
class OnnxNode:
    """A node of a graph.

    Parameters
    ----------
    op : str
        Its operator.
    name : str
    inputs, outputs : list of str
        Names of values; an empty one stands for an input that is left out.
    attributes : dict of str to object
    domain : str
        Whose operator it is; empty for that of ONNX.
    """

    op: str = ""
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    domain: str = ""

    def __str__(self) -> str:
        return f"node {self.name or ', '.join(self.outputs)!r} ({self.op})"

    def get(self, name: str, default: Any) -> Any:
        """Return an attribute, or its default."""
        return self.attributes.get(name, default)


@dataclass
class OnnxGraph:
    """A graph.

    Parameters
    ----------
    nodes : list of OnnxNode
    arrays : dict of str to array
        Constants by name.
    inputs, outputs : dict of str to (int, list of int or None)
        Type and shape by name; None for sizes that are open.
    """

    nodes: list[OnnxNode] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    inputs: dict[str, tuple[int, Any]] = field(default_factory=dict)
    outputs: dict[str, tuple[int, Any]] = field(default_factory=dict)


def read_graph(path: str | os.PathLike[str]) -> OnnxGraph:
    """Read the graph of an ONNX file.

    The file is walked here, so that the memory needed is that of its arrays, whatever it claims,
    and nothing in it is run. Files with data in other files are refused.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ValueError
        If the file is damaged or truncated, or no ONNX file.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise ValueError(f"{path.name} must be an ONNX file, got an empty file")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        graphs = [v for n, v in fields(memoryview(mapped), "the file") if n == 7]
        if len(graphs) != 1 or not isinstance(graphs[0], memoryview):
            raise WireError("it holds no graph")
        return _graph(graphs[0])
    except WireError as error:
        raise ValueError(f"{path.name} must be an ONNX file, but {error}") from None


def _text(value: Any) -> str:
    if not isinstance(value, memoryview):
        raise WireError("a text is a number")
    return bytes(value[:1000]).decode("utf-8", "replace")


def _parts(view: Any, where: str) -> Iterator[tuple[int, Any]]:
    if not isinstance(view, memoryview):
        raise WireError(f"{where} is a number")
    return fields(view, where)


def _graph(view: memoryview) -> OnnxGraph:
    graph = OnnxGraph()
    for number, value in _parts(view, "the graph"):
        if number == 1:
            graph.nodes.append(_node(value))
        elif number == 5:
            name, array = _array(value)
            graph.arrays[name] = array
        elif number in (11, 12):
            name, kind, shape = _value_info(value)
            (graph.inputs if number == 11 else graph.outputs)[name] = kind, shape
        elif number == 15:
            raise WireError("it has sparse arrays, which are not supported")
        sizes = len(graph.inputs) + len(graph.outputs) + len(graph.arrays)
        if len(graph.nodes) > MOST_NODES or sizes > MOST_ARRAYS:
            raise WireError(f"it has more than {MOST_NODES:,} nodes or arrays")
    graph.inputs = {name: v for name, v in graph.inputs.items() if name not in graph.arrays}
    return graph


def _node(view: Any) -> OnnxNode:
    node = OnnxNode()
    for number, value in _parts(view, "a node"):
        if number == 1:
            node.inputs.append(_text(value))
        elif number == 2:
            node.outputs.append(_text(value))
        elif number in (3, 4, 7):
            setattr(node, {3: "name", 4: "op", 7: "domain"}[number], _text(value))
        elif number == 5:
            name, found = _attribute(value)
            node.attributes[name] = found
        if len(node.inputs) + len(node.outputs) + len(node.attributes) > MOST_VALUES:
            raise WireError("a node has too many inputs")
    return node


def _attribute(view: Any) -> tuple[str, Any]:
    name, kind = "", 0
    single: Any = None
    several: list[Any] = []
    for number, value in _parts(view, "an attribute"):
        if number == 1:
            name = _text(value)
        elif number == 2:
            single = (_floats(value) or [0.0])[0]
        elif number == 3:
            single = _signed(value)
        elif number == 4:
            single = _text(value)
        elif number == 5:
            single = _array(value)[1]
        elif number == 6:
            single = OnnxGraph  # a graph within a node, of which no operator is known here
        elif number == 7:
            several += _floats(value)
        elif number == 8:
            several += _integers(value, f"attribute {name!r}")
        elif number == 9:
            several.append(_text(value))
        elif number == 20:
            kind = _signed(value)
        if len(several) > MOST_VALUES:
            raise WireError(f"attribute {name!r} has more than {MOST_VALUES:,} values")
    if single is None and kind in (1, 2):
        single = 0  # which some writers leave out
    return name, several if single is None else single


def _signed(value: Any) -> int:
    if not isinstance(value, int):
        raise WireError("a number is a text")
    value &= 2**64 - 1
    return value - 2**64 if value > INFINITE else value


def _floats(value: Any) -> list[float]:
    if not isinstance(value, memoryview) or len(value) % 4:
        raise WireError("numbers of an attribute are cut off")
    return np.frombuffer(value, "<f4").tolist()


def _integers(value: Any, where: str) -> list[int]:
    """Return integers, which are packed or single."""
    if isinstance(value, int):
        return [_signed(value)]
    found, position = [], 0
    while position < len(value):
        one, position = varint(value, position, where)
        found.append(_signed(one))
        if len(found) > MOST_VALUES:
            raise WireError(f"{where} has more than {MOST_VALUES:,} values")
    return found


def _array(view: Any) -> tuple[str, np.ndarray]:
    """Return the name and the values of an array."""
    name, code = "", 1
    shape: list[int] = []
    pieces: dict[int, list[Any]] = {}
    for number, value in _parts(view, "an array"):
        if number == 1:
            shape += _integers(value, "a shape")
        elif number == 2:
            code = value
        elif number in (4, 5, 7, 9, 10):
            if number in (4, 9, 10) and not isinstance(value, memoryview):
                raise WireError("numbers of an array are cut off")
            pieces.setdefault(number, []).append(value)
        elif number == 8:
            name = _text(value)
        elif number == 6:
            code = 8
        elif (number == 14 and value == 1) or number == 13:
            raise WireError(
                f"array {name!r} is in another file; write one with all arrays, as by "
                "onnx.save(onnx.load(path), path)"
            )
        if len(shape) > MOST_AXES or sum(map(len, pieces.values())) > MOST_VALUES:
            raise WireError(f"array {name!r} has too many axes or pieces")
    return name, _values(name, code, shape, pieces)


def _values(name: str, code: Any, shape: list[int], pieces: dict[int, list[Any]]) -> np.ndarray:
    where = f"array {name!r}"
    if code == 8:
        return np.zeros(0)  # text, such as the labels of classes
    if code not in DTYPES or min(shape, default=0) < 0:
        raise WireError(f"{where} has a type that is not supported: {code}")
    dtype = DTYPES[code]
    if 9 in pieces:
        raw = pieces[9][-1]
        data = np.frombuffer(raw, dtype) if len(raw) % dtype.itemsize == 0 else np.zeros(0)
    elif 4 in pieces or 10 in pieces:
        own = np.dtype("<f4" if 4 in pieces else "<f8")
        joined = b"".join(bytes(piece) for piece in pieces.get(4, pieces.get(10, [])))
        data = np.frombuffer(joined[: len(joined) // own.itemsize * own.itemsize], own)
    else:
        integers: list[int] = []
        for piece in (*pieces.get(5, ()), *pieces.get(7, ())):
            integers += _integers(piece, where)
        data = np.asarray(integers, np.int64)
        data = data.astype(np.uint16).view(np.float16) if code == 10 else data
    if data.size != math.prod(shape):
        raise WireError(f"{where} has {data.size:,} numbers for the shape {tuple(shape)}")
    return data.astype(dtype, copy=False).reshape(shape)


def _value_info(view: Any) -> tuple[str, int, Any]:
    """Return the name, the type and the shape of an input or output."""
    name, kind = "", 0
    shape: Any = None
    for number, value in _parts(view, "a value"):
        if number == 1:
            name = _text(value)
        elif number == 2:
            for own, tensor in _parts(value, "a type"):
                if own == 1:
                    kind, shape = _tensor_type(tensor)
    return name, kind, shape


def _tensor_type(view: Any) -> tuple[int, Any]:
    kind = 0
    shape: Any = None
    for number, value in _parts(view, "a type"):
        if number == 1:
            kind = _signed(value)
        elif number == 2:
            shape = []
            for own, dim in _parts(value, "a shape"):
                if own == 1:
                    sizes = [v for n, v in _parts(dim, "a size") if n == 1]
                    shape.append(_signed(sizes[-1]) if sizes else None)
                if len(shape) > MOST_AXES:
                    raise WireError(f"a shape has more than {MOST_AXES} axes")
    return kind, shape

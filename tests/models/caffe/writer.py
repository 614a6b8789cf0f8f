"""Write files of Caffe: layouts as text, and weights in all formats."""

import struct
from typing import Any, NamedTuple

import numpy as np


class Word(str):
    """A value of an enumeration, which is written without quotes."""

    __slots__ = ()


def prototxt(fields: dict[str, Any]) -> str:
    """Return a message as text: dicts are messages, and lists repeat a field."""
    return "\n".join(_lines(fields))


def _lines(fields):
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                yield f"{name} {{"
                yield from (f"  {line}" for line in _lines(value))
                yield "}"
            else:
                yield f"{name}: {_literal(value)}"


def _literal(value):
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if type(value) is str else str(value)


class Writer:
    """A layout in the making; each layer follows the one before, unless `bottom` is given."""

    def __init__(self, *shape: int, name: str = "net") -> None:
        self.fields: dict[str, Any] = {"name": name, "layer": []}
        self.last: Any = []
        if shape:
            self.layer("data", "Input", bottom=[], input_param={"shape": {"dim": list(shape)}})

    def layer(self, name, type, bottom=None, top=None, **fields):
        """Add a layer and return its top."""
        bottom, top = self.last if bottom is None else bottom, name if top is None else top
        layer = {"name": name, "type": type, "bottom": bottom, "top": top}
        self.fields["layer"].append(layer | fields)
        self.last = top
        return top

    def conv(self, name, num_output, size, *, relu=True, bottom=None, bias=True, **param):
        """Add a convolution and a rectifier in place."""
        param = {"num_output": num_output, "kernel_size": size, **param}
        if not bias:
            param["bias_term"] = False
        self.layer(name, "Convolution", bottom, convolution_param=param)
        if relu:
            self.layer(f"{name}_relu", "ReLU", top=name)
        return name

    def fc(self, name, num_output, *, relu=False, dropout=False):
        """Add an inner product, and a rectifier and a dropout in place."""
        self.layer(name, "InnerProduct", inner_product_param={"num_output": num_output})
        if relu:
            self.layer(f"{name}_relu", "ReLU", top=name)
        if dropout:
            self.layer(f"{name}_drop", "Dropout", top=name)
        return name

    def pool(self, name, size, stride, kind="MAX", *, bottom=None, **param):
        """Add a pooling."""
        param = {"pool": Word(kind), "kernel_size": size, "stride": stride, **param}
        return self.layer(name, "Pooling", bottom, pooling_param=param)

    def global_pool(self, name, kind="AVE"):
        """Add a pooling of whole images."""
        param = {"pool": Word(kind), "global_pooling": True}
        return self.layer(name, "Pooling", pooling_param=param)

    def text(self):
        """Return the layout."""
        return prototxt(self.fields)


V1_TYPES = {"InnerProduct": "INNER_PRODUCT"}


def as_v1(net: Writer) -> str:
    """Return a layout in the format V1, with the shape of the input outside of the layers."""
    data, *layers = net.fields["layer"]
    dims = data["input_param"]["shape"]["dim"]
    old = [
        layer | {"type": Word(V1_TYPES.get(layer["type"], layer["type"].upper()))}
        for layer in layers
    ]
    return prototxt({"input": "data", "input_dim": dims, "layers": old})


class Format(NamedTuple):
    """Fields of a format of weights: of the net's layers, and of their name and blobs."""

    layer: int
    name: int
    blobs: int


CURRENT, V1, V0 = Format(100, 1, 7), Format(2, 4, 6), Format(2, 1, 50)


def varint(value: int) -> bytes:
    """Return an integer as protobuf writes it."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: bytes | int) -> bytes:
    """Return a field of a message: bytes or an integer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def blob(array: np.ndarray, *, old: bool = False, double: bool = False, packed=True) -> bytes:
    """Return a parameter; in the older formats, its shape has four axes."""
    if old:
        shape = (1,) * (4 - array.ndim) + array.shape
        head = b"".join(field(number, n) for number, n in enumerate(shape, start=1))
    else:
        head = field(7, field(1, b"".join(map(varint, array.shape))))
    if not packed:
        single = (struct.pack("<f", number) for number in array.ravel())
        return head + b"".join(varint(5 << 3 | 5) + number for number in single)
    return head + field(8 if double else 5, array.astype("<f8" if double else "<f4").tobytes())


def caffemodel(
    weights: dict[str, list[np.ndarray]], format: Format = CURRENT, **how: bool
) -> bytes:
    """Return a file of weights by layer."""
    how = {"old": format is not CURRENT, **how}
    layers = []
    for name, arrays in weights.items():
        blobs = b"".join(field(format.blobs, blob(array, **how)) for array in arrays)
        layer = field(format.name, name.encode()) + blobs
        layers.append(field(format.layer, field(1, layer) if format is V0 else layer))
    return field(1, b"net") + b"".join(layers)

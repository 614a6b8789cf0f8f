"""The layers of a layout of Caffe in one form, whatever the format of the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import list_names
from .text import TextFile

V1_TYPES = {
    "ABSVAL": "AbsVal",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "ELTWISE": "Eltwise",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "LRN": "LRN",
    "MVN": "MVN",
    "RELU": "ReLU",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
    "IM2COL": "Im2col",
}
"""Types of the format V1 whose present names are not their words in capitals and small letters."""

TEST = 1
"""The phase of a net that predicts."""


@dataclass(frozen=True)
class CaffeLayer:
    """A layer as its file describes it.

    Parameters
    ----------
    name, type : str
    line : int
        Where it starts in the file.
    bottoms, tops : tuple of str
        Names of the inputs and outputs.
    message : google.protobuf.message.Message
        Holds ``<type>_param``.
    shared : tuple of str
        Name of each parameter, by which layers share it; empty if it has none.
    rates, decays : tuple of float or None
        Factors on the learning rate and the weight decay of each parameter.
    """

    name: str
    type: str
    line: int
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    message: Any
    shared: tuple[str, ...] = ()
    rates: tuple[float | None, ...] = ()
    decays: tuple[float | None, ...] = ()

    def param(self, name: str) -> Any:
        """Return the message ``<name>_param``, with defaults if the file does not give it."""
        return getattr(self.message, f"{name}_param")

    def __str__(self) -> str:
        return f"layer {self.name!r} ({self.type})"


@dataclass
class Layout:
    """A net as its file describes it, in the phase of prediction.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    layers : list of CaffeLayer
    inputs : dict of str to tuple of int
        Shapes of the inputs that the file gives outside of its layers, with the batch.
    """

    file: str
    layers: list[CaffeLayer]
    inputs: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def at(self, line: int) -> str:
        """Return how messages refer to a line of the file."""
        return f"{self.file}, line {line}"


def read_layout(text: TextFile) -> Layout:
    """Return the layers of a net that predicts.

    Layers that are for training only are left out.

    Parameters
    ----------
    text : TextFile
        A file that holds a net.

    Returns
    -------
    Layout

    Raises
    ------
    ValueError
        If the file has no layers, is in the format V0, or has shapes for some of its inputs only.

    Warns
    -----
    UserWarning
        If layers have fields that Caffe does not have.
    """
    net = text.message
    if not text.scan.lines:
        raise ValueError(
            f"{text.name} must have layers, got none; read a solver by from_caffe_solver"
        )
    if any(layer.HasField("layer") for layer in net.layers):
        raise ValueError(
            f"{text.name}, line {text.scan.lines[0]}: the format V0 of 2013 is not supported; "
            "convert the file with Caffe's upgrade_net_proto_text"
        )
    kept = [
        (i, layer, line)
        for i, (layer, line) in enumerate(zip(_in_order(text), text.scan.lines, strict=True))
        if _is_included(layer)
    ]
    _warn_of_fields(text, {i for i, *_ in kept})
    return Layout(text.name, [_layer(layer, line) for _, layer, line in kept], _input_shapes(text))


def _in_order(text: TextFile) -> Iterator[Any]:
    """Yield the layers in the order of the file; those of both formats may alternate."""
    current, old = iter(text.message.layer), iter(text.message.layers)
    for is_old in text.scan.old:
        yield next(old if is_old else current)


def _warn_of_fields(text: TextFile, kept: set[int]) -> None:
    """Warn of unknown fields, but not of those of layers that are for training only."""
    ignored = [
        f"{name.path} in line {name.line}"
        for name in text.scan.unknown
        if name.value is None and (name.layer is None or name.layer in kept)
    ]
    if ignored:
        warnings.warn(
            f"{text.name} has fields that Caffe does not have, which are ignored: "
            f"{list_names(ignored)}",
            stacklevel=4,
        )


def _is_included(layer: Any) -> bool:
    """Return whether a layer is part of a net that predicts, at level 0 and without stages."""
    if layer.include:
        return any(map(_is_met, layer.include))
    return not any(map(_is_met, layer.exclude))


def _is_met(rule: Any) -> bool:
    if rule.HasField("phase") and rule.phase != TEST:
        return False
    if rule.HasField("min_level") and rule.min_level > 0:
        return False
    if rule.HasField("max_level") and rule.max_level < 0:
        return False
    return not rule.stage


def _layer(message: Any, line: int) -> CaffeLayer:
    if message.DESCRIPTOR.name == "Layer":
        kind = message.type
        shared = tuple(spec.name for spec in message.param)
        rates = tuple(s.lr_mult if s.HasField("lr_mult") else None for s in message.param)
        decays = tuple(s.decay_mult if s.HasField("decay_mult") else None for s in message.param)
    else:
        number = message.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number
        old = number[message.type].name
        kind = V1_TYPES.get(old, old.title().replace("_", ""))
        shared = tuple(message.param)
        rates, decays = tuple(message.blobs_lr), tuple(message.weight_decay)
    return CaffeLayer(
        message.name or f"{kind.lower()}_in_line_{line}",
        kind,
        line,
        tuple(message.bottom),
        tuple(message.top),
        message,
        shared,
        rates,
        decays,
    )


def _input_shapes(text: TextFile) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the inputs that are declared outside of the layers."""
    net = text.message
    names = list(net.input)
    shapes: Sequence[tuple[int, ...]] = [tuple(shape.dim) for shape in net.input_shape]
    if net.input_dim:
        dims = list(net.input_dim)
        shapes = [tuple(dims[i : i + 4]) for i in range(0, len(dims), 4)]
    if shapes and (len(shapes) != len(names) or not all(shapes)):
        raise ValueError(
            f"{text.name}: each input must have an input_shape, or four input_dim, got "
            f"{len(names)} inputs and {list(map(list, shapes))}"
        )
    shapes = shapes or [()] * len(names)
    return dict(zip(names, shapes, strict=True))

"""The network in the making, and the weights that its layers take from a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ...errors import LayerError
from ...layers import FlattenLayer, InputLayer, Layer
from .layout import CaffeLayer

Shape = tuple[Any, ...]
Target = tuple[str, str]

RESERVED = ("update", "objective")
"""Names that a layer of a net cannot have."""


class Tensor(NamedTuple):
    """An output of a layer of the network.

    Parameters
    ----------
    name : str
        Name of the layer.
    shape : tuple of int
        Its shape in Caffe, with None for the batch.
    """

    name: str
    shape: Shape


@dataclass
class Node:
    """A layer of the network.

    Parameters
    ----------
    cls : type of Layer
    fields : dict of str to object
    incomings : list of str
    shape : tuple of int
        Of its output, with None for the batch.
    """

    cls: type[Layer]
    fields: dict[str, Any]
    incomings: list[str]
    shape: Shape


def _unchanged(array: np.ndarray) -> np.ndarray:
    return array


class Part(NamedTuple):
    """A parameter of a layer that has one counterpart in Caffe.

    Parameters
    ----------
    target : (str, str)
        Layer and parameter of the network.
    shape : tuple of int
        The shape in Caffe.
    convert : callable
        From the array in this shape to that of the network.
    """

    target: Target
    shape: Shape
    convert: Callable[[np.ndarray], np.ndarray] = _unchanged


class Slots(NamedTuple):
    """What a layer takes from a file of weights.

    Parameters
    ----------
    layer : CaffeLayer
    shapes : tuple of tuple of int
        Shape of each of its parameters in Caffe.
    targets : tuple of (str, str)
        Layers and parameters of the network.
    convert : callable
        From the parameters in these shapes to the arrays of `targets`.
    """

    layer: CaffeLayer
    shapes: tuple[Shape, ...]
    targets: tuple[Target, ...]
    convert: Callable[[Sequence[np.ndarray]], list[np.ndarray]]


class Head(NamedTuple):
    """An output that a loss looks at.

    Parameters
    ----------
    weight : float
        Of the loss.
    target : str
        Name of the blob that it is compared with.
    """

    weight: float
    target: str


@dataclass
class Graph:
    """A network in the making.

    Parameters
    ----------
    batch : int
        Number of rows that the layout is written for.

    Attributes
    ----------
    nodes : dict of str to Node
        Layers of the network by name, each after those that feed it.
    tops : dict of str to Tensor
        The present output under each of Caffe's names, which layers in place replace.
    slots : list of Slots
    maps : dict of str to Tensor
        Channels without positions, by the layers that give them positions of size one.
    heads : dict of str to Head
        Outputs that losses look at.
    silenced : set of str
        Layers that are not outputs, although no other layer takes their values.
    keywords : dict of str to object
        Further keywords of the net.
    shared : dict of str to (str, str)
        Layer and parameter by the name under which Caffe's layers share it.
    notes : list of str
        What the net cannot express, for a warning.
    """

    batch: int = 1
    nodes: dict[str, Node] = field(default_factory=dict)
    tops: dict[str, Tensor] = field(default_factory=dict)
    slots: list[Slots] = field(default_factory=list)
    maps: dict[str, Tensor] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    silenced: set[str] = field(default_factory=set)
    keywords: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Target] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def inputs(self, layer: CaffeLayer, number: int | None = None) -> list[Tensor]:
        """Return the inputs of a layer.

        Raises
        ------
        ValueError
            If it must have another number of inputs.
        """
        if number is not None and len(layer.bottoms) != number:
            raise ValueError(f"bottom must be given {_times(number)}, got {list(layer.bottoms)}")
        if not layer.bottoms:
            raise ValueError("bottom must be given, got none")
        return [self.tops[bottom] for bottom in layer.bottoms]

    def set_tops(self, layer: CaffeLayer, tensors: Sequence[Tensor]) -> None:
        """Make tensors the outputs of a layer.

        Raises
        ------
        ValueError
            If it must have another number of outputs, or another layer has one of this name which
            this one does not replace in place.
        """
        if len(layer.tops) != len(tensors):
            raise ValueError(f"top must be given {_times(len(tensors))}, got {list(layer.tops)}")
        taken = [top for top in layer.tops if top in self.tops and top not in layer.bottoms]
        if taken or len(set(layer.tops)) < len(layer.tops):
            raise ValueError(
                "top must be a name that no other layer makes, or that of the bottom which it "
                f"replaces, got {list(layer.tops)}"
            )
        self.tops.update(zip(layer.tops, tensors, strict=True))

    def name_for(self, wanted: str) -> str:
        """Return an identifier like a name of Caffe, which no other layer has.

        Examples
        --------
        >>> Graph().name_for('inception_3a/1x1')
        'inception_3a_1x1'
        """
        name = re.sub(r"_+", "_", re.sub(r"\W", "_", wanted, flags=re.ASCII)).strip("_") or "layer"
        if not name.isidentifier() or name in RESERVED:
            name = f"layer_{name}"
        free, number = name, 2
        while free in self.nodes:
            free, number = f"{name}_{number}", number + 1
        return free

    def add(
        self, name: str, cls: type[Layer], inputs: Iterable[Tensor] = (), **fields: Any
    ) -> Tensor:
        """Add a layer and return its output.

        Parameters
        ----------
        name : str
            As in Caffe; see `name_for`.
        cls : type of Layer
        inputs : iterable of Tensor
        **fields : object

        Raises
        ------
        ValueError
            If the layer cannot have these fields or inputs.
        """
        layer, inputs = cls(**fields), list(inputs)
        for problem in layer.check():
            raise ValueError(problem)
        try:
            shape = layer.output_shape(*(tensor.shape for tensor in inputs))
        except LayerError as error:
            raise ValueError(str(error)) from error
        name = self.name_for(name)
        self.nodes[name] = Node(cls, fields, [tensor.name for tensor in inputs], shape)
        return Tensor(name, shape)

    def add_input(self, top: str, sizes: Sequence[int]) -> None:
        """Add an input, with the batch first among its sizes."""
        if len(sizes) < 2 or not all(size > 0 for size in sizes):
            raise ValueError(f"the shape of input {top!r} must be positive, got {list(sizes)}")
        if top in self.tops:
            raise ValueError(f"input must be a name that no other one has, got {top!r} again")
        self.batch = sizes[0]
        self.tops[top] = self.add(top, InputLayer, shape=(None, *sizes[1:]))

    def flat(self, tensor: Tensor, name: str) -> Tensor:
        """Return a tensor with its axes after the batch flattened."""
        if len(tensor.shape) == 2:
            return tensor
        if tensor.name in self.maps:
            return self.maps[tensor.name]
        return self.add(name, FlattenLayer, [tensor])

    def take(self, layer: CaffeLayer, *parts: Part) -> None:
        """Let a layer take its parameters from a file, in Caffe's order.

        Parameters that share the name of one before are shared with it.
        """
        own = []
        for part, name in zip(parts, (*layer.shared, *[""] * len(parts)), strict=False):
            owner = self.shared.setdefault(name, part.target) if name else part.target
            if owner != part.target:
                self.nodes[part.target[0]].fields[part.target[1]] = ".".join(owner)
            own.append(owner == part.target)

        def convert(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
            return [
                part.convert(array)
                for part, array, is_own in zip(parts, arrays, own, strict=True)
                if is_own
            ]

        targets = (part.target for part, is_own in zip(parts, own, strict=True) if is_own)
        shapes = (part.shape for part in parts)
        self.slots.append(Slots(layer, tuple(shapes), tuple(targets), convert))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"

"""A table of the layers: shapes, sizes, learning capacity and coverage of the image."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..layers.shapes import Shape
from .free_sizes import open_shapes
from .graph import Network, count_parameters
from .node import Node

LOW_CAPACITY = 100 / 6
"""Percentage below which a layer can learn little: its filter is small in its receptive field."""


class Line(NamedTuple):
    """A line of the table, for one layer.

    Parameters
    ----------
    name, kind, size : str
        `size` is the shape of an output row, such as ``'32x26x26'``, with None for free sizes.
    outputs, learnable : int
        Number of values in an output row; number of trainable parameters.
    filter, field : tuple of float
        Extent of the layer's filter and its receptive field, in pixels of the image, Y first. The
        whole image if positions are lost before or in the layer.
    image : tuple of float
        Size of the image: the positions of the network's input, or of the layer's if those have
        another number of axes, as for convolutions of embedded words.
    """

    name: str
    kind: str
    size: str
    outputs: int
    learnable: int
    filter: tuple[float, ...]
    field: tuple[float, ...]
    image: tuple[float, ...]

    def capacity(self) -> tuple[float, ...]:
        """Return the filter size as a percentage of the receptive field."""
        return tuple(100 * f / r for f, r in zip(self.filter, self.field, strict=True))

    def coverage(self) -> tuple[float, ...]:
        """Return the receptive field as a percentage of the image, which it may exceed."""
        return tuple(100 * r / n for r, n in zip(self.field, self.image, strict=True))


def summary_lines(network: Network) -> list[Line]:
    """Return the lines of the table for all layers.

    Capacity and coverage follow Xudong Cao, "A practical theory for designing very deep
    convolutional neural networks" (2015), as in nolearn.

    Parameters
    ----------
    network : Network

    Returns
    -------
    list of Line
    """
    image = _positions(max(network.inputs.values(), key=len))
    views: dict[str, _View] = {}
    shapes = open_shapes(network)
    table = []
    for node in network.nodes:
        view = views[node.name] = _view(node, [views[name] for name in node.incomings], image)
        row = node.output_shape[1:]
        table.append(
            Line(
                node.name,
                type(node.layer).__name__,
                "x".join(map(str, shapes[node.name][1:])),
                math.prod(n or 1 for n in row),
                count_parameters(
                    s for p, s in node.specs.items() if (node.name, p) not in network.shared
                ),
                view.filter if view.local and node.incomings else view.image,
                view.field if view.local and node.incomings else view.image,
                view.image,
            )
        )
    return table


def has_windows(network: Network) -> bool:
    """Return whether the network has convolution or pooling layers."""
    return any(hasattr(node.layer, "window") for node in network.nodes)


class _View(NamedTuple):
    """The part of an image that a position of a layer's output depends on.

    `jump` is the distance of two neighboring positions in the input; `local` is False once
    positions are lost.
    """

    image: tuple[float, ...]
    filter: tuple[float, ...]
    field: tuple[float, ...]
    jump: tuple[float, ...]
    local: bool = True


def _view(node: Node, inputs: list[_View], image: tuple[float, ...]) -> _View:
    if not inputs:
        return _start(node.output_shape, image)
    before = max(inputs, key=lambda view: (len(view.image), not view.local, view.field))
    if not hasattr(node.layer, "window"):
        keeps_positions = (
            node.layer.layout in ("any", "channels_last")
            or node.output_shape[2:] == node.input_shapes[0][2:] != ()
        )
        return before._replace(local=before.local and keeps_positions)
    size, stride = node.layer.window
    if len(size) != len(before.image):
        before = _start(node.input_shapes[0])
    jump = tuple(j * t for j, t in zip(before.jump, stride, strict=True))
    if not node.specs:
        return before._replace(jump=jump)
    field = tuple(r + j * (s - 1) for r, j, s in zip(before.field, before.jump, size, strict=True))
    spans = tuple(j * s for j, s in zip(before.jump, size, strict=True))
    return before._replace(filter=spans, field=field, jump=jump)


def _start(shape: Shape, image: tuple[float, ...] = ()) -> _View:
    """Return the view of an input, whose positions are those of its shape, or else of an image."""
    positions = _positions(shape) or image
    ones = (1.0,) * len(positions)
    return _View(positions, ones, ones, ones, len(shape) > 2)


def _positions(shape: Shape) -> tuple[float, ...]:
    return tuple(float(n or 1) for n in shape[2:])

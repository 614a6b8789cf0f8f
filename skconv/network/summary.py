"""The table of layers: shapes, sizes, learning capacity and coverage of the image."""

from __future__ import annotations

import math
from typing import NamedTuple

from .graph import Network, Node, count_parameters

LOW_CAPACITY = 100 / 6
"""Percent below which a layer can learn little: its filter is lost in what it sees."""


class Line(NamedTuple):
    """A layer in the table.

    Parameters
    ----------
    name, kind, size : str
        `size` is the shape of a row of its output, ``'32x26x26'``.
    outputs, learnable : int
        Numbers of a row of its output; of its parameters.
    filter, field : tuple of float
        Size in pixels of the input that the layer's filter spans by its elements, and that it
        sees; Y first. The whole image where the layer is no convolution or pooling.
    """

    name: str
    kind: str
    size: str
    outputs: int
    learnable: int
    filter: tuple[float, ...]
    field: tuple[float, ...]

    def capacity(self) -> tuple[float, ...]:
        """Filter size over receptive field in percent; low where the field has grown too large."""
        return tuple(100 * f / r for f, r in zip(self.filter, self.field, strict=True))

    def coverage(self, image: tuple[int, ...]) -> tuple[float, ...]:
        """Receptive field over image size in percent; above 100 it sees beyond the image."""
        return tuple(100 * r / n for r, n in zip(self.field, image, strict=True))


def summary_lines(network: Network) -> list[Line]:
    """Describe all layers.

    Capacity and coverage follow Xudong Cao, "A practical theory for designing very deep
    convolutional neural networks" (2015), as in nolearn.

    Parameters
    ----------
    network : Network

    Returns
    -------
    list of Line
    """
    image = tuple(map(float, max(network.inputs.values(), key=len)[2:]))
    sights: dict[str, _Sight] = {}
    table = []
    for node in network.nodes:
        sight = sights[node.name] = _look(node, [sights[name] for name in node.incomings], image)
        rows = node.output_shape[1:]
        table.append(
            Line(
                node.name,
                type(node.layer).__name__,
                "x".join(map(str, rows)),
                math.prod(rows),
                count_parameters(
                    s for p, s in node.specs.items() if (node.name, p) not in network.shared
                ),
                sight.filter if sight.local and node.incomings else image,
                sight.field if sight.local and node.incomings else image,
            )
        )
    return table


def has_windows(network: Network) -> bool:
    """Tell whether filters or pools slide over the input."""
    return any(hasattr(node.layer, "window") for node in network.nodes)


class _Sight(NamedTuple):
    """What a position of a layer's output sees; `jump` is the distance of two in the input."""

    filter: tuple[float, ...]
    field: tuple[float, ...]
    jump: tuple[float, ...]
    local: bool = True


def _look(node: Node, fed: list[_Sight], image: tuple[float, ...]) -> _Sight:
    ones = (1.0,) * len(image)
    if not fed:
        return _Sight(ones, ones, ones, len(node.output_shape) > 2)
    before = max(fed, key=lambda sight: (not sight.local, sight.field))
    if not hasattr(node.layer, "window"):
        keeps_positions = (
            node.layer.layout in ("any", "channels_last")
            or node.output_shape[2:] == node.input_shapes[0][2:] != ()
        )
        return before._replace(local=before.local and keeps_positions)
    size, stride = node.layer.window
    jump = tuple(j * t for j, t in zip(before.jump, stride, strict=True))
    if not node.specs:
        return before._replace(jump=jump)
    field = tuple(r + j * (s - 1) for r, j, s in zip(before.field, before.jump, size, strict=True))
    spans = tuple(j * s for j, s in zip(before.jump, size, strict=True))
    return _Sight(spans, field, jump, before.local)

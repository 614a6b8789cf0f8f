"""The ends of a net: where data come in, and what losses look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...layers import DimshuffleLayer, NonlinearityLayer
from ...nonlinearities import sigmoid, softmax
from .graph import Graph, Head, Tensor
from .layout import CaffeLayer
from .numbers import plain, row_axis
from .transform import image_size

FILES = ("Data", "HDF5Data", "ImageData", "MemoryData", "WindowData")
"""Types of layers that read files of pictures and labels."""


def read_input(layer: CaffeLayer, graph: Graph) -> None:
    """Add an input for each top."""
    kind = "dummy_data" if layer.type == "DummyData" else "input"
    shapes = [tuple(shape.dim) for shape in layer.param(kind).shape]
    shapes = shapes * len(layer.tops) if len(shapes) == 1 else shapes
    if len(shapes) != len(layer.tops):
        raise ValueError(
            f"shape must be given once, or for each of {len(layer.tops)} tops, got {len(shapes)}; "
            "or pass input_shape=(channels, height, width)"
        )
    for top, shape in zip(layer.tops, shapes, strict=True):
        graph.add_input(top, shape)


def read_files(layer: CaffeLayer, graph: Graph) -> None:
    """Add an input for the pictures that the layer reads; the second top are labels."""
    sizes = image_size(layer)
    if sizes is None:
        raise ValueError(
            "the size of the data must be known from crop_size, got none; pass "
            "input_shape=(channels, height, width)"
        )
    graph.add_input(layer.tops[0], (1, *sizes))


def softmax_layer(layer: CaffeLayer, graph: Graph) -> None:
    """Add a softmax, over the channels or another axis."""
    (x,) = graph.inputs(layer, 1)
    rank = len(x.shape)
    axis = row_axis(layer.param("softmax").axis, rank)
    if axis == 1:
        out = _head(layer, graph, x, softmax)
    else:  # the axis takes the place of the channels, and then goes back
        order = list(range(rank))
        order[1], order[axis] = axis, 1
        moved = graph.add(f"{layer.name}_order", DimshuffleLayer, [x], pattern=tuple(order))
        ratio = graph.add(
            f"{layer.name}_channels", NonlinearityLayer, [moved], nonlinearity=softmax
        )
        out = graph.add(layer.name, DimshuffleLayer, [ratio], pattern=tuple(order))
    graph.set_tops(layer, [out])


def _loss(nonlinearity: Any, **keywords: Any) -> Callable[[CaffeLayer, Graph], None]:
    """Return a converter of losses, which make an output of what they look at."""

    def convert(layer: CaffeLayer, graph: Graph) -> None:
        x = graph.tops.get(layer.bottoms[0]) if layer.bottoms else None
        weights = layer.message.loss_weight
        weight = plain(weights[0]) if weights else 1.0
        if x is None or not weight:
            return
        target = layer.bottoms[1] if len(layer.bottoms) > 1 else ""
        graph.heads[_head(layer, graph, x, nonlinearity).name] = Head(weight, target)
        graph.keywords |= keywords

    return convert


def _head(layer: CaffeLayer, graph: Graph, x: Tensor, nonlinearity: Any) -> Tensor:
    """Return the output that a loss looks at, which a layer of the net may compute already."""
    if nonlinearity is None:
        return x
    for name, node in graph.nodes.items():
        found = node.fields.get("nonlinearity")
        if node.cls is NonlinearityLayer and node.incomings == [x.name] and found is nonlinearity:
            return Tensor(name, x.shape)
    return graph.add(layer.name, NonlinearityLayer, [x], nonlinearity=nonlinearity)


def leave_out(layer: CaffeLayer, graph: Graph) -> None:
    """Leave out a layer that only observes."""


def other_loss(layer: CaffeLayer, graph: Graph) -> None:
    """Leave out a loss that is to be chosen anew."""
    graph.notes.append(f"{layer} is left out; set objective_loss_function")


def silence(layer: CaffeLayer, graph: Graph) -> None:
    """Leave out a layer that keeps its inputs from being outputs."""
    graph.silenced |= {graph.tops[name].name for name in layer.bottoms if name in graph.tops}


INPUTS = {
    "DummyData": read_input,
    "Input": read_input,
    **dict.fromkeys(FILES, read_files),
}

OBSERVERS = {
    "Accuracy": leave_out,
    "ArgMax": leave_out,
    "ContrastiveLoss": other_loss,
    "EuclideanLoss": _loss(None, regression=True),
    "HDF5Output": leave_out,
    "HingeLoss": other_loss,
    "InfogainLoss": other_loss,
    "MultinomialLogisticLoss": other_loss,
    "SigmoidCrossEntropyLoss": _loss(sigmoid),
    "Silence": silence,
    "SoftmaxWithLoss": _loss(softmax),
}
"""Layers at the end, whose further inputs may be unknown, such as labels."""

CONVERTERS = {**INPUTS, **OBSERVERS, "Softmax": softmax_layer}

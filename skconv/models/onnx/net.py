"""The network that is made of an ONNX graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...layers import GlobalPoolLayer, Layer, ReshapeLayer
from ..caffe.graph import Graph, Tensor
from .messages import OnnxNode

Value = Tensor | np.ndarray
"""What a name stands for: the output of a layer, or a constant.

A shape that starts with the batch is a constant of objects, in which the batch is None.
"""


class OnnxNet:
    """The network in the making, and its weights.

    Parameters
    ----------
    arrays : mapping of str to array
        Constants of the file.
    uses : Counter of str
        How often each value is used.

    Attributes
    ----------
    graph : Graph
    values : dict of str to Tensor or array
    weights : dict of str to float32 array
    opset : int
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], uses: Counter[str]) -> None:
        self.graph = Graph()
        self.values: dict[str, Value] = dict(arrays)
        self.uses = uses
        self.weights: dict[str, np.ndarray] = {}

    def tensor(self, node: OnnxNode, i: int = 0) -> Tensor:
        """Return an input that the output of a layer feeds."""
        value = self.values[node.inputs[i]] if i < len(node.inputs) else None
        if not isinstance(value, Tensor):
            raise ValueError(f"input {i} must be computed from the inputs of the net")
        return value

    def constant(self, node: OnnxNode, i: int, default: Any = None) -> Any:
        """Return an input that is a constant, or the default if it is left out."""
        if i >= len(node.inputs) or not node.inputs[i]:
            return default
        value = self.values[node.inputs[i]]
        if isinstance(value, Tensor):
            raise ValueError(f"input {i} must be a constant")
        return value

    def setting(self, node: OnnxNode, name: str, i: int, default: Any = None) -> Any:
        """Return a setting that is an attribute in older files and an input in newer ones."""
        return node.attributes.get(name, self.constant(node, i, default))

    def add(
        self,
        node: OnnxNode,
        cls: type[Layer],
        inputs: Iterable[Tensor],
        weights: Mapping[str, np.ndarray] | None = None,
        part: str = "",
        **fields: Any,
    ) -> Tensor:
        """Add a layer with its weights, and return its output.

        Parameters
        ----------
        node : OnnxNode
        cls : type of Layer
        inputs : iterable of Tensor
        weights : mapping of str to array, optional
        part : str
            Distinguishes several layers of a node.
        **fields : object
        """
        out = self.graph.add(self._name(node) + part, cls, inputs, **fields)
        for name, array in (weights or {}).items():
            array = np.asarray(array)
            if array.dtype.kind != "f":
                raise ValueError(f"{name} must hold floats, got {array.dtype}")
            self.weights[f"{out.name}.{name}"] = np.ascontiguousarray(array, np.float32)
        return out

    def _name(self, node: OnnxNode) -> str:
        """Return a name for a node, without the operator at its end if that is not needed."""
        name = (node.name or node.outputs[0]).strip("/")
        short = name.removesuffix(f"/{node.op}")
        is_free = self.graph.name_for(short) == Graph().name_for(short)
        return short if short and is_free else name

    def set(self, node: OnnxNode, value: Value) -> None:
        """Make a value the first output of a node."""
        self.values[node.outputs[0]] = value

    def flat(self, node: OnnxNode, x: Tensor) -> Tensor:
        """Return a tensor with the axes after the batch flattened."""
        return self.graph.flat(x, self._name(node))

    def pool_all(self, node: OnnxNode, x: Tensor, function: Any, keep: bool = True) -> Tensor:
        """Add a pooling of whole images, whose axes remain with size one."""
        fields = {} if function is None else {"pool_function": function}
        flat = self.add(node, GlobalPoolLayer, [x], **fields)
        if not keep:
            return flat
        shape = ([0], x.shape[1], *(1,) * (len(x.shape) - 2))
        out = self.add(node, ReshapeLayer, [flat], part="_axes", shape=shape)
        self.graph.maps[out.name] = flat
        return out


def row_axis(axis: int, rank: int) -> int:
    """Return the axis of a row, counted from 0.

    Raises
    ------
    ValueError
        If it is the batch axis, or out of range.
    """
    if not -rank <= axis < rank or axis % rank == 0:
        raise ValueError(f"axis must be one of 1 to {rank - 1}, got {axis}")
    return axis % rank


def listed(value: Any) -> list[Any]:
    """Return integers of an attribute or a constant as a list."""
    return [None if n is None else int(n) for n in np.atleast_1d(np.asarray(value)).tolist()]


def same_sides(pads: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what is padded before and after each axis."""
    half = len(pads) // 2
    return tuple(pads[:half]), tuple(pads[half:])

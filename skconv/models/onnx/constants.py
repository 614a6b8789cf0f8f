"""Operators of ONNX on constants, such as the shapes that programs compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .messages import OnnxNode
from .net import listed

MOST_VALUES = 1000
"""Most values of constants that others are computed from, which bounds those by its square."""


def fold(node: OnnxNode, values: Sequence[Any]) -> np.ndarray:
    """Return what a node computes from constants.

    Parameters
    ----------
    node : OnnxNode
    values : sequence of array or None
        None for inputs that are left out. Shapes that hold the batch are arrays of objects, in
        which it is None.

    Raises
    ------
    ValueError
        If it is not known how, or the result would be large.
    """
    if node.op not in FOLDED:
        raise ValueError("it must be computed from the inputs of the net, not from constants")
    if sum(np.size(value) for value in values) > MOST_VALUES and node.op not in VIEWS:
        raise ValueError(f"constants must have at most {MOST_VALUES:,} values to compute with")
    try:
        return np.asarray(FOLDED[node.op](node, *values))
    except (TypeError, IndexError, KeyError) as error:
        raise ValueError(f"its constants do not fit: {error}") from error


def _constant(node: OnnxNode) -> Any:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in node.attributes:
            return node.attributes[name]
    raise ValueError("a constant must have a value")


def _gather(node: OnnxNode, array: Any, index: Any) -> Any:
    return np.take(array, np.asarray(index, np.int64), axis=node.get("axis", 0))


def _axes(node: OnnxNode, given: Any) -> tuple[int, ...] | None:
    axes = node.get("axes", given)
    return None if axes is None else tuple(listed(axes))


def _squeeze(node: OnnxNode, array: Any, axes: Any = None) -> Any:
    return np.squeeze(array, _axes(node, axes))


def _unsqueeze(node: OnnxNode, array: Any, axes: Any = None) -> Any:
    return np.expand_dims(array, _axes(node, axes) or ())


def _slice(
    node: OnnxNode,
    array: Any,
    starts: Any = None,
    ends: Any = None,
    axes: Any = None,
    steps: Any = None,
) -> Any:
    start, end = (listed(node.get(n, v))[0] for n, v in (("starts", starts), ("ends", ends)))
    return array[start : end : 1 if steps is None else listed(steps)[0]]


def _cast(node: OnnxNode, array: Any) -> Any:
    if array.dtype == object:
        return array
    kinds = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}
    return array.astype(kinds[node.attributes["to"]])


def _concat(node: OnnxNode, *arrays: Any) -> Any:
    return np.concatenate([np.atleast_1d(array) for array in arrays], axis=node.get("axis", 0))


def _computed(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda node, *arrays: function(*arrays)


def _transpose(node: OnnxNode, array: Any) -> Any:
    return np.transpose(array, node.get("perm", None))


def _reshape(node: OnnxNode, array: Any, shape: Any) -> Any:
    return np.reshape(array, listed(shape))


VIEWS = ("Constant", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""Operators whose results take no memory."""

FOLDED: dict[str, Callable[..., Any]] = {
    "Add": _computed(np.add),
    "Cast": _cast,
    "Concat": _concat,
    "Constant": _constant,
    "Div": _computed(lambda a, b: a // b if np.asarray(a).dtype.kind in "iu" else a / b),
    "Gather": _gather,
    "Identity": _computed(lambda array: array),
    "Mul": _computed(np.multiply),
    "Reshape": _reshape,
    "Shape": _computed(np.shape),
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": _computed(np.subtract),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""How to compute a node of each operator."""

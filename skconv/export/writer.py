"""A graph of ONNX in the making."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..utils.optional import import_optional

OPSET, IR_VERSION = 21, 10
"""Operators and format of the files, which onnxruntime reads since version 1.18."""


class Writer:
    """A graph of ONNX in the making: its nodes and constants, in order.

    Parameters
    ----------
    reserved : sequence of str
        Names of inputs and outputs, which no other value gets.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
    initializers : list of onnx.TensorProto
    scope : str
        Name of what is being written, after which values are named.
    """

    def __init__(self, reserved: Sequence[str] = ()) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.scope = ""
        self._names = set(reserved)
        self._helper = import_optional("onnx.helper")
        self._numpy = import_optional("onnx.numpy_helper")

    def free_name(self, wanted: str) -> str:
        """Return a name that no other value has, and reserve it."""
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted}_{number}", number + 1
        self._names.add(name)
        return name

    def add(self, op: str, *inputs: str, named: str | None = None, **attributes: Any) -> str:
        """Add a node with one output, and return the name of the output.

        Parameters
        ----------
        op : str
            An operator of ONNX.
        *inputs : str
            Names of values; an empty one stands for an input that is left out.
        named : str, optional
            Name of the output, which must be reserved; by default one in the present scope.
        **attributes : object
        """
        name = named or self.free_name(f"{self.scope}/{op}")
        self.nodes.append(self._helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def add_several(self, op: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> Any:
        """Add a node with several outputs, and return their names."""
        names = [self.free_name(f"{self.scope}/{op}") for _ in range(outputs)]
        node = self._helper.make_node(op, inputs, names, name=names[0], **attributes)
        self.nodes.append(node)
        return names

    def constant(self, value: Any, name: str = "constant", dtype: Any = np.float32) -> str:
        """Add an array and return its name.

        Parameters
        ----------
        value : array-like
        name : str
            Within the present scope.
        dtype : dtype or None
            None for that of the value.
        """
        array = np.asarray(value) if dtype is None else np.asarray(value, dtype)
        name = self.free_name(f"{self.scope}.{name}" if self.scope else name)
        self.initializers.append(self._numpy.from_array(np.asarray(array, order="C"), name))
        return name

    def integers(self, *values: int, name: str = "constant") -> str:
        """Add a vector of integers, such as a shape or axes, and return its name."""
        return self.constant(values, name, np.int64)

    @contextmanager
    def attempt(self) -> Any:
        """Return a block after which nothing has been written if it raises an exception."""
        kept = len(self.nodes), len(self.initializers), set(self._names)
        try:
            yield
        except Exception:
            del self.nodes[kept[0] :], self.initializers[kept[1] :]
            self._names = kept[2]
            raise

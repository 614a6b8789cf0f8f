"""Layers that have no operators of their own in ONNX, traced by jax2onnx."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import jax

from ..layers.base import Context
from ..network.head import Head
from ..network.model import Model
from ..network.node import Node
from ..utils.optional import import_optional
from .writer import OPSET, Writer


def write_traced(
    writer: Writer, model: Model, node: Node, inputs: Sequence[str], head: Head | None
) -> str:
    """Write what JAX computes for a layer, and return the name of its output.

    Parameters
    ----------
    writer : Writer
        In the scope of the layer.
    model : Model
    node : Node
    inputs : sequence of str
        Names of the values that feed the layer.
    head : Head or None
        If the layer is an output; its nonlinearity is left out.

    Raises
    ------
    ImportError
        If jax2onnx is not installed.
    ValueError
        With the reason, if it does not know an operation of JAX.
    """
    network = model.network

    def function(*arrays: jax.Array) -> jax.Array:
        (out,), _ = network.apply(
            *model.weights,
            {},
            network.float32_runtime,
            Context(False),
            to=[node.name],
            logits=[node.name] if head is not None and head.ending else [],
            given=dict(zip(node.incomings, arrays, strict=True)),
        )
        return out

    compose = import_optional("onnx.compose")
    made = _trace(function, [("N", *shape[1:]) for shape in node.input_shapes])
    made = compose.add_prefix(made, writer.free_name(f"{node.name}/traced") + "/")
    if made.functions or len(made.graph.output) != 1:
        raise ValueError("its operations are split in functions")
    renamed = dict(zip((value.name for value in made.graph.input), inputs, strict=True))
    for own in made.graph.node:
        _rename(own, renamed)
        writer.nodes.append(own)
    writer.initializers += made.graph.initializer
    return made.graph.output[0].name


def _trace(function: Any, shapes: list[tuple[Any, ...]]) -> Any:
    jax2onnx = import_optional("jax2onnx")
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return jax2onnx.to_onnx(function, shapes, opset=OPSET)
    except Exception as error:  # of many kinds, which depend on the operation
        raise ValueError(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}") from error
    finally:
        logging.disable(disabled)


def _rename(node: Any, names: dict[str, str]) -> None:
    """Replace inputs of a node, also within its subgraphs."""
    for i, name in enumerate(node.input):
        node.input[i] = names.get(name, name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for own in graph.node:
                _rename(own, names)

"""The layers of a network, written to a graph of ONNX."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import Problems, describe_layer
from ..network.graph import Network
from ..network.head import SCALE
from ..network.model import Model
from ..network.node import Node
from . import elementwise, filters, neighbors, normalization, sequences, shapes
from .functions import NoCounterpartError, write_function
from .job import Job
from .traced import write_traced
from .writer import Writer

CONVERTERS = {
    **elementwise.CONVERTERS,
    **filters.CONVERTERS,
    **neighbors.CONVERTERS,
    **normalization.CONVERTERS,
    **sequences.CONVERTERS,
    **shapes.CONVERTERS,
}
"""How to write a layer of each class."""


def write_network(writer: Writer, model: Model, inputs: Mapping[str, str]) -> list[str]:
    """Write all layers that predictions need, and return the names of the predicted outputs.

    Layers are written by the operators that ONNX has for them, so that other programs recognize
    and optimize them. Those that it has none for are traced by JAX.

    Parameters
    ----------
    writer : Writer
    model : Model
    inputs : mapping of str to str
        Names of the values of the input layers.

    Returns
    -------
    list of str
        In the units of the targets.

    Raises
    ------
    ValueError
        With all layers that cannot be written.
    """
    network, problems = model.network, Problems()
    values, heads = dict(inputs), {head.name: head for head in network.heads}
    predicted = [head for head in network.heads if head.predicted]
    for node in _needed(network, [head.name for head in predicted]):
        writer.scope = node.name
        if not node.incomings or any(name not in values for name in node.incomings):
            continue  # an input, or a consequence of a problem before
        try:
            values[node.name] = _write_layer(writer, model, node, values)
            head = heads.get(node.name)
            if head is not None and head.ending:
                axis = 1 if head.unit_axis == 1 else -1
                values[node.name] = write_function(writer, head.ending, values[node.name], axis)
        except (NoCounterpartError, ValueError) as error:
            values.pop(node.name, None)
            where = describe_layer(node.name, node.layer)
            problems.add(f"{where} cannot be written to ONNX: {error}")
    problems.raise_any()
    found = []
    for head in predicted:
        writer.scope, out = head.name, values[head.name]
        if head.scaled:
            mean, scale = (writer.constant(model.get((head.name, name)), name) for name in SCALE)
            out = writer.add("Add", writer.add("Mul", out, scale), mean)
        found.append(out)
    return found


def _needed(network: Network, names: list[str]) -> list[Node]:
    """Return the layers that some layers depend on, and those layers, in their order."""
    needed = set(names)
    for node in reversed(network.nodes):
        if node.name in needed:
            needed.update(node.incomings)
    return [node for node in network.nodes if node.name in needed]


def _write_layer(writer: Writer, model: Model, node: Node, values: Mapping[str, str]) -> str:
    inputs = [values[name] for name in node.incomings]
    if node.layer.only_noise:
        return inputs[0]
    params = {
        name: np.asarray(model.get((node.name, name)), np.float32)
        for name in node.specs
        if name not in SCALE
    }
    job = Job(writer, node.layer, inputs, node.input_shapes, node.output_shape, params)
    convert = CONVERTERS.get(type(node.layer))
    if convert is not None and not node.copies:
        try:
            with writer.attempt():
                return convert(job)
        except NoCounterpartError:
            pass
    heads = {head.name: head for head in model.network.heads}
    return write_traced(writer, model, node, inputs, heads.get(node.name))

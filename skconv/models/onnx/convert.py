"""Nets in ONNX files as networks with weights."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np

from ...errors import Problems, list_names
from ..caffe.finish import finish
from ..caffe.graph import Head, Tensor
from ..pretrained import Pretrained
from . import elementwise, shapes, windows
from .constants import FOLDED, fold
from .messages import FLOATS, OnnxGraph, OnnxNode, read_graph
from .net import OnnxNet

OPERATORS = {**elementwise.OPERATORS, **shapes.OPERATORS, **windows.OPERATORS}
"""How to add a node of each operator."""

DOMAINS = ("", "ai.onnx")
"""Names of the operators of ONNX, rather than of a program."""

KNOWN = sorted({*OPERATORS, *FOLDED})


def from_onnx(path: str | os.PathLike[str]) -> Pretrained:
    """Read a net from an ONNX file, such as `skconv.export.to_onnx` and torch write.

    Nodes become layers: ``Conv``, ``ConvTranspose``, ``Gemm``, ``MatMul`` with constant weights,
    poolings, also of whole images, ``BatchNormalization``, ``InstanceNormalization``,
    ``LayerNormalization``, ``LRN``, nonlinearities, ``Dropout``, sums, products, maxima and minima,
    also with constants, ``Concat``, ``Flatten``, ``Reshape``, ``Squeeze``, ``Unsqueeze``,
    ``Transpose``, ``Pad``, ``Slice``, ``Gather`` of one position, and ``Resize`` that repeats
    pixels. The first axis is the batch.

    Parameters
    ----------
    path : str or path
        With all weights in this file.

    Returns
    -------
    Pretrained
        ``network`` has the layers under the names of the nodes, in which other characters than
        letters and digits are underscores.

    Raises
    ------
    ValueError
        With all operators that have no layer, or all nodes whose attributes have none; or if the
        file is damaged or truncated.
    OSError
        If the file cannot be opened.

    Notes
    -----
    Nothing in the file is run, and the memory needed is about that of its weights. Outputs that
    are no floats, such as labels, are left out.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skconv import NeuralNet, models
    >>> from skconv.export import to_onnx
    >>> net = NeuralNet(**models.lenet5((1, 32, 32), 10), random_state=0).initialize()
    >>> with TemporaryDirectory() as folder:
    ...     to_onnx(net, Path(folder, 'lenet.onnx'))
    ...     pretrained = from_onnx(Path(folder, 'lenet.onnx'))
    >>> [name for name, layer in pretrained.network['layers']][:2]
    ['input', 'c1']
    >>> net = NeuralNet(**pretrained.network, pretrained=pretrained)
    """
    path = Path(path)
    graph = read_graph(path)
    try:
        net = convert(graph)
        network, _ = finish(net.graph)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    kept = {name for name, _ in network["layers"]}
    weights = {n: array for n, array in net.weights.items() if n.rpartition(".")[0] in kept}
    return Pretrained(network, weights, None, path.name)


def convert(graph: OnnxGraph) -> OnnxNet:
    """Return the network of a graph, to be finished.

    Parameters
    ----------
    graph : OnnxGraph

    Raises
    ------
    ValueError
        With all problems.
    """
    outputs = [name for name, (kind, _) in graph.outputs.items() if kind in (0, *FLOATS)]
    nodes = _needed(graph, outputs)
    unknown = Counter(
        node.op for node in nodes if node.op not in KNOWN or node.domain not in DOMAINS
    )
    if unknown:
        found = ", ".join(f"{op} ({number})" for op, number in sorted(unknown.items()))
        raise ValueError(
            f"operators must be those that layers have, got {found}; known are "
            f"{list_names(KNOWN, len(KNOWN))}"
        )
    uses = Counter(name for node in nodes for name in node.inputs)
    uses.update(outputs)
    net, problems, failed = OnnxNet(graph.arrays, uses), Problems(), set[str]()
    for name, (_, shape) in graph.inputs.items():
        _add_input(net, name, shape, problems, failed)
    for node in nodes:
        if failed.intersection(node.inputs):
            failed.update(node.outputs)  # a consequence of a problem before
            continue
        try:
            _add_node(net, node)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            reason = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            problems.add(f"{node}: {reason}")
            failed.update(node.outputs)
    problems.raise_any()
    for name in outputs:
        value = net.values.get(name)
        if not isinstance(value, Tensor) or value.name in graph.inputs:
            raise ValueError(f"output {name!r} must be computed from the inputs")
        net.graph.heads[value.name] = Head(1.0, name)
        net.graph.tops[name] = value
    if not outputs:
        raise ValueError("the net must have an output of floats")
    return net


def _add_input(
    net: OnnxNet, name: str, shape: list[int | None] | None, problems: Problems, failed: set[str]
) -> None:
    row = (shape or [])[1:]
    if not row or None in row:
        failed.add(name)
        problems.add(
            f"input {name!r} must have a batch and sizes that are given, got "
            f"{None if shape is None else tuple(shape)}; write the file for one size"
        )
        return
    try:
        net.graph.add_input(name, [1, *[n or 0 for n in row]])
        net.values[name] = net.graph.tops.pop(name)
    except ValueError as error:
        failed.add(name)
        problems.add(str(error))


def _add_node(net: OnnxNet, node: OnnxNode) -> None:
    missing = [name for name in node.inputs if name and name not in net.values]
    if missing or not node.outputs:
        raise ValueError(f"inputs must be computed before, got {list_names(missing)}")
    values = [net.values[name] if name else None for name in node.inputs]
    if not any(isinstance(value, Tensor) for value in values):
        net.set(node, fold(node, values))
    elif node.op == "Shape":
        (x,) = values
        sizes = np.array(x.shape if isinstance(x, Tensor) else (), object)
        net.set(node, sizes[node.get("start", 0) : node.get("end", None)])
    elif node.op not in OPERATORS:
        raise ValueError("inputs must be constants")
    else:
        net.set(node, OPERATORS[node.op](net, node))


def _needed(graph: OnnxGraph, outputs: list[str]) -> list[OnnxNode]:
    """Return the nodes that some outputs depend on."""
    needed, nodes = set(outputs), []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            nodes.append(node)
    return nodes[::-1]

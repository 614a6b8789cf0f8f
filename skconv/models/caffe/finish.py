"""Turn a finished graph into layers and keywords for `NeuralNet`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...errors import list_names
from ...layers import (
    BatchNormLayer,
    BiasLayer,
    DropoutLayer,
    FlattenLayer,
    InputLayer,
    MergeLayer,
    NonlinearityLayer,
    ScaleLayer,
)
from ...nonlinearities import sigmoid, softmax
from .graph import Graph, Head, Node, Target


def finish(graph: Graph) -> tuple[dict[str, Any], dict[Target, Target]]:
    """Return the network, and which of its parameters have moved to another layer.

    What nothing takes is an output, and layers that lead to no output are removed. Outputs of one
    position lose its axes, a scale after a batch normalization becomes part of it, and a softmax
    or sigmoid at the end part of the layer before, whose number of units can then be changed.

    Parameters
    ----------
    graph : Graph
        It is changed.

    Returns
    -------
    network : dict
        ``layers`` and keywords.
    moved : dict of (str, str) to (str, str)

    Raises
    ------
    ValueError
        If the net has no output.
    """
    outputs = _outputs(graph)
    for name in outputs:
        _flatten_end(graph, name, outputs)
    _remove_unused(graph, outputs)
    moved = _merge_scales(graph, outputs)
    for name in outputs:
        _merge_end(graph, name, outputs)
    keywords = graph.keywords | _output_keywords(graph, outputs)
    return _network(graph) | keywords, moved


def _uses(graph: Graph) -> Counter[str]:
    """Return how often each layer feeds another."""
    return Counter(name for node in graph.nodes.values() for name in node.incomings)


def _outputs(graph: Graph) -> list[str]:
    """Return the outputs: what losses look at or, without losses, what nothing takes."""
    uses, ends = _uses(graph), {tensor.name for tensor in graph.tops.values()}
    loose = [
        name
        for name, node in graph.nodes.items()
        if name in ends and not uses[name] and node.cls is not InputLayer
        if name not in graph.silenced
    ]
    outputs = [name for name in graph.nodes if name in graph.heads] or loose
    if not outputs:
        raise ValueError("the net must have an output other than its inputs")
    if left := [name for name in loose if name not in outputs]:
        graph.notes.append(f"outputs without a loss are left out: {list_names(left)}")
    return outputs


def _replace(graph: Graph, outputs: list[str], old: str, new: str) -> None:
    """Let those that take the values of a layer take those of another."""
    for node in graph.nodes.values():
        node.incomings = [new if name == old else name for name in node.incomings]
    if old in outputs:
        outputs[outputs.index(old)] = new
    if old in graph.heads:
        graph.heads[new] = graph.heads.pop(old)


def _insert_after(graph: Graph, place: str, name: str, node: Node) -> None:
    order = list(graph.nodes.items())
    at = list(graph.nodes).index(place) + 1
    graph.nodes = dict([*order[:at], (name, node), *order[at:]])


def _flatten_end(graph: Graph, name: str, outputs: list[str]) -> None:
    """Drop the axes of an output of one position, ahead of its last elementwise layers."""
    shape = graph.nodes[name].shape
    if len(shape) < 3 or set(shape[2:]) != {1}:
        return
    uses, ends = _uses(graph), []
    while graph.nodes[name].cls in (NonlinearityLayer, DropoutLayer):
        ends.append(name)
        (name,) = graph.nodes[name].incomings
        if uses[name] > 1 or name in outputs:
            break
    if name in graph.maps:
        flat = graph.maps[name].name
    else:
        flat = graph.name_for(f"{name}_flat")
        _insert_after(graph, name, flat, Node(FlattenLayer, {}, [name], shape[:2]))
    if not ends:
        taken = [node for node in graph.nodes.values() if name in node.incomings]
        _replace(graph, outputs, name, flat)
        for node in taken:
            node.incomings = [name if n == flat else n for n in node.incomings]
        return
    graph.nodes[ends[-1]].incomings = [flat]
    for end in ends:
        graph.nodes[end].shape = shape[:2]


def _remove_unused(graph: Graph, outputs: list[str]) -> None:
    needed, waiting = set(), list(outputs)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += graph.nodes[name].incomings
    graph.nodes = {name: node for name, node in graph.nodes.items() if name in needed}


def _merge_scales(graph: Graph, outputs: list[str]) -> dict[Target, Target]:
    """Make scales and biases after a batch normalization part of it."""
    moved: dict[Target, Target] = {}
    shared = {
        value.partition(".")[0]
        for node in graph.nodes.values()
        for value in node.fields.values()
        if isinstance(value, str)
    }
    for name, node in list(graph.nodes.items()):
        if node.cls is not BatchNormLayer:
            continue
        for cls, own, param in ((ScaleLayer, "scales", "gamma"), (BiasLayer, "b", "beta")):
            takers = [other for other, n in graph.nodes.items() if name in n.incomings]
            if len(takers) != 1 or name in outputs:
                break
            (taker,) = takers
            fields = graph.nodes[taker].fields
            if graph.nodes[taker].cls is not cls or "shared_axes" in fields or taker in shared:
                break
            del node.fields[param]
            if own in fields:
                node.fields[param] = fields[own]
            moved[taker, own] = (name, param)
            del graph.nodes[taker]
            _replace(graph, outputs, taker, name)
    return moved


def _merge_end(graph: Graph, name: str, outputs: list[str]) -> None:
    """Make a softmax or sigmoid at the end part of the layer before."""
    node = graph.nodes[name]
    if node.cls is not NonlinearityLayer or node.fields["nonlinearity"] not in (softmax, sigmoid):
        return
    (before,) = node.incomings
    is_linear = graph.nodes[before].fields.get("nonlinearity", softmax) is None
    if is_linear and _uses(graph)[before] == 1 and before not in outputs:
        graph.nodes[before].fields["nonlinearity"] = node.fields["nonlinearity"]
        del graph.nodes[name]
        _replace(graph, outputs, name, before)


def _output_keywords(graph: Graph, outputs: list[str]) -> dict[str, Any]:
    """Return the keywords that tell which layers are outputs, and how their losses are weighted."""
    heads = {name: graph.heads.get(name, Head(1.0, "")) for name in outputs}
    if len(outputs) > 1 and graph.heads and len({head.target for head in heads.values()}) == 1:
        # as in GoogLeNet, all but one only help to train the net
        main = max(outputs, key=lambda name: (heads[name].weight, outputs.index(name)))
        aux = {name: head.weight for name, head in heads.items() if name != main}
        return {"outputs": main, "aux_outputs": aux}
    if len(outputs) == 1:
        return {} if outputs == list(graph.nodes)[-1:] else {"outputs": outputs[0]}
    weights = {name: head.weight for name, head in heads.items() if head.weight != 1}
    return {"outputs": outputs} | ({"output_weights": weights} if weights else {})


def _network(graph: Graph) -> dict[str, Any]:
    """Return layers and keywords; a layer that follows the one that feeds it needs no keyword."""
    layers: list[tuple[str, type]] = []
    keywords: dict[str, Any] = {}
    for name, node in graph.nodes.items():
        fields = dict(node.fields)
        if issubclass(node.cls, MergeLayer):
            fields["incomings"] = node.incomings
        elif node.incomings and node.incomings[0] != (layers[-1][0] if layers else None):
            fields["incoming"] = node.incomings[0]
        layers.append((name, node.cls))
        keywords |= {f"{name}_{field}": value for field, value in fields.items()}
    return {"layers": layers, **keywords}

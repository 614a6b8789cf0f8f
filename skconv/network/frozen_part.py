"""The part of a network that training leaves unchanged, and the rest that it trains."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..layers import InputLayer
from ..layers.specs import reference_fields
from .graph import Network
from .node import Node
from .program_values import Runtime


class FrozenPart(NamedTuple):
    """The layers whose outputs for a row are the same in every epoch.

    Parameters
    ----------
    layers : tuple of str
        In topological order.
    features : tuple of str
        Those among them that feed other layers.
    """

    layers: tuple[str, ...]
    features: tuple[str, ...]


def find_frozen_part(network: Network, runtime: Runtime) -> FrozenPart:
    """Return the layers that neither change in training nor follow any that do.

    Frozen layers have a `grad_scale` of 0. Layers without parameters follow what feeds them, unless
    they draw noise; so do those that are adapted to the training rows once.

    Parameters
    ----------
    network : Network
    runtime : dict of dict of scalar
        Values of the layers' runtime fields.
    """
    outputs = {head.name for head in network.heads}
    used = {
        getattr(node.layer, field)
        for node in network.nodes
        for field, kind in reference_fields(type(node.layer)).items()
        if kind == "layer"
    }
    used |= {layer for pair in network.shared.items() for layer, _ in pair}
    found: set[str] = set()
    for node in network.nodes:
        if node.name in outputs | used or not _is_constant(node, runtime):
            continue
        if found.issuperset(node.incomings):
            found.add(node.name)
    fed = {name for node in network.nodes if node.name not in found for name in node.incomings}
    names = [node.name for node in network.nodes if node.name in found]
    return FrozenPart(tuple(names), tuple(name for name in names if name in fed))


def _is_constant(node: Node, runtime: Runtime) -> bool:
    """Return whether a layer's output is the same in every epoch for the same input."""
    if node.copies or node.layer.noisy:
        return False
    if any(spec.trainable for spec in node.specs.values()):
        return float(runtime.get(node.name, {}).get("grad_scale", 1.0)) == 0
    return not node.specs or node.layer.adapts


def without_part(network: Network, part: FrozenPart) -> Network:
    """Return the network after a frozen part, whose features are its inputs.

    Parameters
    ----------
    network : Network
    part : FrozenPart
    """
    nodes = {}
    for number, node in enumerate(network.nodes):
        if node.name in part.features:
            shape = node.output_shape
            nodes[number] = Node(node.name, InputLayer(shape=shape), (), (), shape, {})
        elif node.name not in part.layers:
            nodes[number] = node
    return replace(network, nodes=tuple(nodes.values()), numbers=tuple(nodes))

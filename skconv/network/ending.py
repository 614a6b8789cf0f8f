"""What an output whose last layers have no parameters ends in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..layers.base import Context
from ..layers.specs import reference_fields
from ..nonlinearities import output_range, softmax
from ..utils.fields import UNSET
from .activation import Activation
from .graph import Network
from .node import Node

SLACK = 1e-3
"""Tolerance for sums of probabilities."""


def settled_ending(name: str, nodes: Mapping[str, Node], wanted: Any, axis: int) -> Any:
    """Return the nonlinearity whose values an output has without one more, or None.

    A softmax may come before layers without parameters, such as a FlattenLayer or a
    GlobalPoolLayer. Whether they leave probabilities is measured, as layers may have functions of
    the user's.

    Parameters
    ----------
    name : str
        The output.
    nodes : mapping of str to Node
    wanted : callable
        The nonlinearity that the targets ask for.
    axis : int
        Axis of the units.

    Returns
    -------
    callable or None
        `softmax` if the values sum to one along the axis, and else `wanted` if they are
        probabilities, as it demands.
    """
    path, sources = _before(name, nodes)
    if not path or not sources:
        return None
    values = output_range(wanted)
    if values is None or not values.is_probability:
        return None
    made = _measured(name, path, sources)
    if made.min() < -SLACK or made.max() > 1 + SLACK:
        return None
    if made.shape[axis] > 1 and np.allclose(made.sum(axis), 1, atol=SLACK):
        return softmax
    return None if values.sums_to_one else wanted


def _before(name: str, nodes: Mapping[str, Node]) -> tuple[list[Node], list[Node]]:
    """Return the last layers, which have no parameters, and those that feed them, in order."""
    path: set[str] = set()
    sources: set[str] = set()
    left = [name]
    while left:
        node = nodes[left.pop()]
        if node.specs or not node.incomings:
            sources.add(node.name)
        elif "layer" in reference_fields(type(node.layer)).values():
            return [], []  # it uses the parameters of another layer
        else:
            path.add(node.name)
            left += node.incomings
    return [nodes[n] for n in nodes if n in path], [nodes[n] for n in nodes if n in sources]


def _measured(name: str, path: list[Node], sources: list[Node]) -> np.ndarray:
    """Return the output for large random numbers before the nonlinearities of the sources."""
    rng = np.random.default_rng(0)
    given = {}
    for node in sources:
        shape = (2 * math.prod(node.copies), *node.output_shape[1:])
        last = node.layer.layout == "channels_last"
        x = Activation(jnp.asarray(10 * rng.normal(size=shape), jnp.float32), False).to_layout(last)
        layer = _without_unset(node).layer
        x = layer.activate(x) if layer.ends_in_nonlinearity() else x
        given[node.name] = Activation(x, last).to_layout(False)
    network = Network((*sources, *map(_without_unset, path)), (), {})
    (made,), _ = network.apply({}, {}, {}, {}, Context(False), to=[name], given=given)
    return np.asarray(made, np.float64)


def _without_unset(node: Node) -> Node:
    """Return a node whose nonlinearity, if it is left to the target, is the identity."""
    if getattr(node.layer, "nonlinearity", None) is not UNSET:
        return node
    changes: dict[str, Any] = {"nonlinearity": None}
    return node._replace(layer=replace(node.layer, **changes))

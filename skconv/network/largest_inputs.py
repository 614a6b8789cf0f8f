"""Size layers for the largest value of X that reaches them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from ..errors import LayerError
from ..layers.base import Context, Layer
from ..utils.fields import UNSET
from .node import Node

MOST = 2**53
"""Largest value that is told apart; infinity counts as it."""


class LargestInputs:
    """The largest values that X has in the input of each layer, as far as they can be known.

    Parameters
    ----------
    largest : mapping of str to array
        Largest values of flattened rows, or of all positions, by name of the input layer; the key
        None stands for the only one. Empty if no layer is sized for them.
    sized : mapping of str to int
        Largest values by layer that were found before, which come first.

    Attributes
    ----------
    used : dict of str to int
        Largest values by layer, of those that were sized for them.
    """

    def __init__(self, largest: Mapping[str | None, np.ndarray], sized: Mapping[str, int]) -> None:
        self._largest = largest
        self._sized = sized
        self._moved: dict[str, np.ndarray] = {}
        self.used: dict[str, int] = {}

    def resize(self, name: str, layer: Layer, incomings: Sequence[str]) -> Layer:
        """Return a layer that is sized for its input.

        Raises
        ------
        LayerError
            If it needs the largest value, which is not known or too large.
        """
        if all(getattr(layer, field) is not UNSET for field in layer.sized_by_values):
            return layer.sized_for(None)
        largest = self._sized.get(name)
        if largest is None and incomings and incomings[0] in self._moved:
            largest = int(min(self._moved[incomings[0]].max(), MOST))
        found = layer.sized_for(largest)
        for problem in found.check():
            raise LayerError(problem)
        if largest is not None:
            self.used[name] = largest
        return found

    def add(self, node: Node) -> None:
        """Add the output of a layer that only moves values, or that of an input layer."""
        if not self._largest:
            return
        if not node.incomings:
            only = self._largest.get(None) if len(self._largest) == 1 else None
            values, row = self._largest.get(node.name, only), node.output_shape[1:]
            if values is not None and values.size in (1, math.prod(row)):
                whole = np.broadcast_to(values, math.prod(row))
                self._moved[node.name] = whole.reshape(1, *row)
        elif node.layer.moves_values and all(name in self._moved for name in node.incomings):
            given = [jnp.asarray(self._moved[name]) for name in node.incomings]
            moved = node.layer.apply({}, {}, *given, ctx=Context(False))[0]
            self._moved[node.name] = np.asarray(moved)

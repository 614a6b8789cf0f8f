"""Activations with their memory layout: channels first or last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp

from ..layers.base import Layer


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Activation:
    """The output of a layer in the layout that the layer worked in.

    Parameters
    ----------
    array : array of shape (n, channels, ...) or (n, ..., channels)
    last : bool
        Whether the channels are the last axis.
    """

    array: jax.Array
    last: bool = field(metadata={"static": True})

    def to_layout(self, last: bool) -> jax.Array:
        """Return the array with its channels last, or first."""
        if self.array.ndim <= 2 or self.last == last:
            return self.array
        return jnp.moveaxis(self.array, 1, -1) if last else jnp.moveaxis(self.array, -1, 1)


def wants_channels_last(layer: Layer, inputs: Sequence[Activation]) -> bool:
    """Return whether a layer takes its inputs channels last; elementwise layers take either."""
    return inputs[0].last if layer.layout == "any" else layer.layout == "channels_last"


def repeat_mask(mask: jax.Array | None, inputs: Sequence[Activation]) -> jax.Array | None:
    """Repeat the mask of the rows for inputs that hold several copies of them, copy after copy."""
    if mask is None:
        return None
    return jnp.tile(mask, len(inputs[0].array) // len(mask))


def unit_axis(
    name: str, layers: Mapping[str, Layer], incomings: Mapping[str, Sequence[str]], ranks: Mapping
) -> int:
    """Return the axis of a layer's output that holds its units, by the kind of the layer.

    Layers of images and signals have them on axis 1, layers of sequences and dense layers on the
    last; others leave the axes as they get them.

    Parameters
    ----------
    name : str
    layers : mapping of str to Layer
    incomings : mapping of str to sequence of str
    ranks : mapping of str to int
        Number of axes of each layer's output.

    Returns
    -------
    int
        1 or -1.
    """
    layer, fed = layers[name], incomings.get(name, ())
    makes_units = any(getattr(layer, field, None) for field in UNIT_FIELDS)
    if not makes_units and fed and ranks[fed[0]] == ranks[name]:
        return unit_axis(fed[0], layers, incomings, ranks)
    images = not makes_units and ranks[name] > 3
    return 1 if images or layer.layout == "channels_last" else -1


UNIT_FIELDS = ("num_units", "num_filters")
"""Fields that hold the number of units of a layer."""


def takes_channels(
    name: str, layers: Mapping[str, Layer], incomings: Mapping[str, Sequence[str]]
) -> bool:
    """Return whether a layer feeds one that works on channels, at least through elementwise ones.

    Parameters
    ----------
    name : str
    layers : mapping of str to Layer
    incomings : mapping of str to sequence of str
        Names of the layers that feed each layer.
    """
    reached = [name]
    for passed in reached:  # grows on the way
        for other, layer in layers.items():
            if other in reached or passed not in incomings.get(other, ()):
                continue
            if layer.layout == "channels_last":
                return True
            if layer.layout == "any":
                reached.append(other)
    return False

"""The layers of a network that is not built, for weights of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from ...layers import Layer
from ...utils.fields import fields_of_kind


class LayerTarget(NamedTuple):
    """A layer that weights of torch are converted for; see `assignment.Target`.

    Parameters
    ----------
    name : str
    layer : Layer
    incomings : tuple of str
    specs : dict of str to None
        Its parameters, whose shapes are not known.
    """

    name: str
    layer: Layer
    incomings: tuple[str, ...]
    specs: dict[str, Any]


def targets_of(network: Mapping[str, Any]) -> tuple[list[LayerTarget], list[str]]:
    """Return the layers of a network that have parameters or pass them on, and its outputs.

    Parameters
    ----------
    network : mapping of str to object
        ``layers``, as pairs of name and class, and their keywords.

    Examples
    --------
    >>> from skconv.models import lenet5
    >>> targets, outputs = targets_of(lenet5())
    >>> targets[1].name, list(targets[1].specs), outputs
    ('c1', ['W', 'b'], ['output'])
    """
    found: list[LayerTarget] = []
    before: tuple[str, ...] = ()
    for name, cls in network["layers"]:
        given = {
            field.name: network[f"{name}_{field.name}"]
            for field in fields(cls)
            if f"{name}_{field.name}" in network
        }
        incoming = given.pop("incoming", None)
        several = given.pop("incomings", None)
        incomings = tuple(several) if several else (incoming,) if incoming else before
        layer = cls(**given)
        parameters = [field.name for field in fields_of_kind(cls, "initial")]
        specs = {key: None for key in parameters if getattr(layer, key) is not None}
        found.append(LayerTarget(name, layer, incomings, specs))
        before = (name,)
    return found, [found[-1].name, *network.get("aux_outputs", ())]

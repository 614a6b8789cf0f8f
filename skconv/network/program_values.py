"""Values of a layer that are part of a program, and those that enter it as arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layers.base import Layer
from ..layers.specs import InitialHolder, reference_fields
from ..utils.fields import cached_per_class, fields_of_kind
from .node import Node

Runtime = dict[str, dict[str, Any]]
"""Values of the runtime fields by layer and field."""


@cached_per_class
def _structural_fields(cls: type[Layer]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the fields whose values are part of a program, and those whose presence is."""
    values = (*reference_fields(cls), *(f.name for f in fields_of_kind(cls, "structural")))
    optional = fields_of_kind(cls, "initial", "optional")
    return values, tuple(f.name for f in optional if f.metadata.get("absent") is None)


def program_values(layer: Layer) -> list[Any]:
    """Return the values by which layers of a class compile to different programs."""
    values, optional = _structural_fields(type(layer))
    return [
        *(_structure(getattr(layer, name)) for name in values),
        *(getattr(layer, name) is None for name in optional),
    ]


def _structure(value: Any) -> Any:
    return value.without_initial() if isinstance(value, InitialHolder) else value


@cached_per_class
def _runtime_fields(cls: type[Layer]) -> tuple[tuple[str, Any], ...]:
    """Return the runtime fields with the value that stands for None."""
    fields = fields_of_kind(cls, "runtime", "optional")
    return tuple((field.name, field.metadata.get("absent")) for field in fields)


def runtime_values(node: Node) -> dict[str, Any]:
    """Return the values of the runtime fields, leaving out absent ones."""
    trainable = any(spec.trainable for spec in node.specs.values())
    values = {}
    for name, absent in _runtime_fields(type(node.layer)):
        value = getattr(node.layer, name)
        if value is None and trainable:
            value = absent
        if value is not None:
            values[name] = value
    return values


def as_float32(runtime: Runtime) -> Runtime:
    """Convert all values to float32, so that no program is compiled for another dtype."""
    return {
        layer: {name: np.float32(value) for name, value in own.items()}
        for layer, own in runtime.items()
    }

"""Layers with Lasagne's defaults where those of `skconv.layers` differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .. import layers
from ..layers import Layer
from ..utils.fields import UNSET

_FLIPS, _FLIPS_NOT = {"flip_filters": True}, {"flip_filters": False}

DEFAULTS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("Conv1DLayer", "Conv2DLayer", "Conv3DLayer"), _FLIPS),
    **{f"LocallyConnected{n}DLayer": _FLIPS for n in (1, 2, 3)},
    **dict.fromkeys(("TransposedConv2DLayer", "TransposedConv3DLayer"), _FLIPS_NOT),
    "ExpressionLayer": {"shape": None},
}
"""Lasagne's defaults that are not those of `skconv.layers`, by class and field."""

VARIANTS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "dnn": {
        "Conv2DDNNLayer": ("Conv2DLayer", _FLIPS_NOT),
        "Conv3DDNNLayer": ("Conv3DLayer", _FLIPS_NOT),
        "MaxPool2DDNNLayer": ("MaxPool2DLayer", {}),
        "MaxPool3DDNNLayer": ("MaxPool3DLayer", {}),
        "Pool2DDNNLayer": ("Pool2DLayer", {}),
        "Pool3DDNNLayer": ("Pool3DLayer", {}),
        "SpatialPyramidPoolingDNNLayer": ("SpatialPyramidPoolingLayer", {}),
        "BatchNormDNNLayer": ("BatchNormLayer", {}),
    },
    "corrmm": {"Conv2DMMLayer": ("Conv2DLayer", _FLIPS_NOT)},
    "cuda_convnet": {
        "Conv2DCCLayer": ("Conv2DLayer", _FLIPS_NOT),
        "MaxPool2DCCLayer": ("MaxPool2DLayer", {"ignore_border": False}),
    },
}
"""Layers of Lasagne's further modules: those of `LAYERS` with other defaults."""


def _with_defaults(cls: type[Layer], name: str, defaults: Mapping[str, Any]) -> type[Layer]:
    """Return a class of a name with other defaults; `cls` itself if nothing differs."""
    if not defaults and name == cls.__name__:
        return cls
    fields = {field.name: field for field in dataclasses.fields(cls)}
    changed: list[Any] = []
    for key, default in defaults.items():
        old = fields[key]
        options: dict[str, Any] = {"kw_only": old.kw_only, "metadata": old.metadata}
        changed.append((key, old.type, dataclasses.field(default=default, **options)))
    doc = f"The layer `skconv.layers.{_plain(cls).__name__}` with Lasagne's defaults."
    namespace = {"__doc__": doc, "__module__": __name__}
    return dataclasses.make_dataclass(name, changed, bases=(cls,), namespace=namespace, frozen=True)


def _plain(cls: type[Layer]) -> type[Layer]:
    """Return the class of `skconv.layers` that a class here derives from."""
    return next(base for base in cls.__mro__ if base.__module__ != __name__)


def _as_in_lasagne(cls: type[Layer]) -> type[Layer]:
    """Return a layer class with Lasagne's defaults."""
    name = cls.__name__
    defaults = dict(DEFAULTS.get(name, {}))
    fields = {field.name: field.default for field in dataclasses.fields(cls)}
    if fields.get("nonlinearity") is UNSET:
        # at the output, too: Lasagne's layers do not know the task
        defaults["nonlinearity"] = cls.default_nonlinearity
    return _with_defaults(cls, name, defaults)


def _all_layers() -> dict[str, type[Layer]]:
    named = {name: getattr(layers, name) for name in layers.__all__}
    classes = {
        name: cls for name, cls in named.items() if isinstance(cls, type) and issubclass(cls, Layer)
    }
    own = {cls: _as_in_lasagne(cls) for cls in classes.values()}  # once for all names of a class
    return {name: own[cls] for name, cls in classes.items()}


LAYERS = _all_layers()
"""The layer classes of `skconv.layers`, with Lasagne's defaults, by name.

Examples
--------
>>> LAYERS['Conv2DLayer'](None, 8, 3).flip_filters, layers.Conv2DLayer(None, 8, 3).flip_filters
(True, False)
"""

FURTHER = {
    module: {
        name: _with_defaults(LAYERS[plain], name, defaults)
        for name, (plain, defaults) in variants.items()
    }
    for module, variants in VARIANTS.items()
}
"""The layer classes of Lasagne's further modules, by module and name."""

for _classes in (LAYERS, *FURTHER.values()):
    globals().update(_classes)  # where pickle looks for them

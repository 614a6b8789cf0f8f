"""What a layer is: a frozen dataclass, three pure methods, fields of four kinds."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import LayerError
from ..init import Array, as_initializer
from ..nonlinearities import linear, rectify
from ..utils.fields import UNSET, field_kinds, field_problems, optional
from ..utils.random_keys import fold_in_range
from .shapes import Shape

Params = dict[str, jax.Array]

Copies = tuple[int, ...]
"""How many copies of each row of the net an activation holds, the latest multiplication first."""


def extra_input() -> Any:
    """Field that may name a layer which feeds this one as well, after all that `incoming` names.

    It takes a layer or its name; in a built network it holds the name, or None.
    """
    return field(default=None, metadata={"kind": "graph", "further": "input"})


def layer_reference() -> Any:
    """Field that names a layer whose function this one works with.

    It takes a layer or its name. After what feeds this layer anyway, it is fed by the other's
    output and then by the other's inputs; `Context.functions` has the function between the two.
    """
    return field(default=UNSET, metadata={"kind": "graph", "further": "layer"})


def reference_fields(layer: Layer | type[Layer]) -> Mapping[str, str]:
    """Return the fields made by `extra_input` (``'input'``) and `layer_reference` (``'layer'``)."""
    return _reference_fields(layer if isinstance(layer, type) else type(layer))


@functools.cache
def _reference_fields(cls: type[Layer]) -> Mapping[str, str]:
    fields = dataclasses.fields(cls)
    return MappingProxyType(
        {f.name: f.metadata["further"] for f in fields if "further" in f.metadata}
    )


class Context(NamedTuple):
    """What a layer may know of the call it is part of.

    Parameters
    ----------
    train : bool
        True in training steps, False at prediction.
    key : jax key or None
        Source of the layer's randomness; None at prediction.
    mask : array of shape (n,) or None
        One for rows that count, zero for those that fill up the batch; as long as the layer's
        inputs, even where those hold copies of the rows.
    functions : mapping of str to callable
        By name of a layer in a field made by `layer_reference`: from its inputs to its output.
    """

    train: bool
    key: jax.Array | None = None
    mask: jax.Array | None = None
    functions: Mapping[str, Callable[..., jax.Array]] = MappingProxyType({})


@dataclass(frozen=True)
class ParamSpec:
    """A parameter that a layer asks for.

    Parameters
    ----------
    shape : tuple of int
    init : callable, float, array or str
        What the user gave for it; a str names a layer to share it with.
    regularizable : bool
        Whether l1 and l2 penalties act on it.
    trainable : bool
        False for state that the layer itself renews, such as running means.
    """

    shape: tuple[int, ...]
    init: Any
    regularizable: bool = True
    trainable: bool = True


@dataclass(frozen=True)
class Layer:
    """A step of a network.

    Subclasses are frozen dataclasses that say `output_shape` and `apply`, and `param_specs` where
    they have parameters. Their fields are made by `structural`, `runtime`, `optional` and
    `initial`.

    Parameters
    ----------
    incoming : Layer or str, optional
        The layer that feeds this one, or its name; by default the one before in the list.
    name : str, optional
        Prefix of the layer's keywords; made up where missing.
    l1, l2 : float, optional
        Factors on the sum of absolute values and of squares of the layer's regularisable
        parameters, added to the loss. Runtime values, as is `grad_scale`.
    grad_scale : float, optional
        Factor on the gradients of the layer's parameters; 0 freezes the layer: no update changes
        its parameters, and its state stays as it is.
    """

    incoming: Any = field(default=None, compare=False, repr=False, metadata={"kind": "graph"})
    name: str | None = field(default=None, kw_only=True, metadata={"kind": "graph"})
    l1: float | None = optional(low=0.0)
    l2: float | None = optional(low=0.0)
    grad_scale: float | None = optional(absent=1.0)

    layout: ClassVar[str] = "channels_first"
    """Axes that `apply` works in: ``'channels_first'``, ``'channels_last'``, or ``'any'`` where
    every element has the same lot."""

    aliases: ClassVar[dict[str, str]] = {}
    """Older names of fields."""

    default_nonlinearity: ClassVar[Any] = staticmethod(rectify)
    """What an unset `nonlinearity` means, except at the output."""

    inner_nonlinearity: ClassVar[bool] = False
    """Whether more comes after `nonlinearity`, so that it is none of the output."""

    def __post_init__(self) -> None:
        for name, kind in field_kinds(type(self)).items():
            value = getattr(self, name)
            if kind == "initial" and isinstance(value, np.ndarray | jax.Array):
                object.__setattr__(self, name, Array(value))
            elif kind == "structural" and isinstance(value, list | tuple):
                object.__setattr__(self, name, _tuples(value))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Shape of the output for these inputs; raises `LayerError` where they do not fit."""
        raise NotImplementedError

    def copies(self, *given: Copies) -> Copies:
        """Copies of each row in the output, for those in the inputs.

        They lie along the first axis, copy after copy. Raises `LayerError` where the inputs hold
        different ones.
        """
        if len(set(given)) > 1:
            numbers = " and ".join(str(math.prod(copies)) for copies in given)
            raise LayerError(f"takes inputs with as many copies of each row, got {numbers}")
        return given[0] if given else ()

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Parameters and state by name, in the order in which they are listed."""
        return {}

    def init(self, key: jax.Array, *input_shapes: Shape) -> tuple[Params, Params]:
        """Draw the initial parameters and state."""
        params: Params = {}
        state: Params = {}
        specs = self.param_specs(*input_shapes)
        for own_key, (name, spec) in zip(
            fold_in_range(key, len(specs)), specs.items(), strict=True
        ):
            if isinstance(spec.init, str):
                continue
            initializer = as_initializer(spec.init)
            try:
                drawn = initializer(own_key, spec.shape, jnp.float32)
            except (TypeError, ValueError) as error:
                raise LayerError(f"{name}: {error}") from error
            (params if spec.trainable else state)[name] = jax.device_put(drawn)
        return params, state

    def apply(
        self, params: Params, state: Params, *inputs: jax.Array, ctx: Context
    ) -> tuple[jax.Array, Params]:
        """Compute the output and the new state."""
        raise NotImplementedError

    def check(self) -> Iterable[str]:
        """Yield what is wrong with the fields, whatever the inputs."""
        return field_problems(self, inferred=("nonlinearity",))

    def ends_in_nonlinearity(self) -> bool:
        """Tell whether a field `nonlinearity` decides what the output looks like."""
        return hasattr(self, "nonlinearity") and not self.inner_nonlinearity

    def activate(self, x: jax.Array) -> jax.Array:
        """Apply the field `nonlinearity`, of which None is the identity."""
        return (self.nonlinearity or linear)(x)


@dataclass(frozen=True)
class MergeLayer(Layer):
    """A step that several layers feed.

    Parameters
    ----------
    incomings : sequence of Layer or str
        The layers that feed this one, or their names.
    """

    incoming: None = field(default=None, init=False, repr=False, metadata={"kind": "graph"})
    incomings: Any = field(default=(), compare=False, repr=False, metadata={"kind": "graph"})


def _tuples(values: list | tuple) -> tuple:
    return tuple(_tuples(value) if isinstance(value, list) else value for value in values)


def bias_specs(b: Any, shape: Shape, *, untied: bool) -> dict[str, ParamSpec]:
    """``b`` for an output of that shape, one for each channel or, untied, for each place of it."""
    if b is None:
        return {}
    return {"b": ParamSpec(shape[1:] if untied else shape[1:2], b, regularizable=False)}


def add_biases(x: jax.Array, params: Params, *, untied: bool) -> jax.Array:
    """Add ``b``, where there is one, to an output whose channels come last."""
    if "b" not in params:
        return x
    return x + (jnp.moveaxis(params["b"], 0, -1) if untied else params["b"])

"""The base classes of layers: frozen dataclasses with pure methods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import LayerError
from ..init import Array, as_initializer
from ..nonlinearities import linear, rectify
from ..utils.fields import UNSET, field_kinds, field_problems, optional
from ..utils.owned_values import owned
from ..utils.random_keys import fold_in_range
from .instance_values import ValuedLayer
from .shapes import Shape
from .specs import (
    Context,
    Copies,
    Output,
    Params,
    ParamSpec,
    extra_input,
    layer_reference,
)

__all__ = ["Context", "Layer", "MergeLayer", "ParamSpec", "extra_input", "layer_reference"]


@dataclass(frozen=True)
class Layer(ValuedLayer):
    """Base class of all layers.

    Subclasses are frozen dataclasses that define `output_shape` and `apply`, and `param_specs` if
    they have parameters. Their fields are made by `structural`, `runtime`, `optional` and
    `initial`.

    Parameters
    ----------
    incoming : Layer or str, optional
        The layer that feeds this one, or its name; by default the previous layer in the list.
    name : str, optional
        Prefix of the layer's keywords; generated if missing.
    l1, l2 : float, optional
        Factors on the sum of absolute values and of squares of the layer's regularizable
        parameters, added to the loss. Runtime values, as is `grad_scale`.
    grad_scale : float, optional
        Factor on the gradients of the layer's parameters; 0 freezes the layer: neither its
        parameters nor its state change.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from skconv.layers import Layer, structural
    >>> @dataclass(frozen=True)
    ... class EveryNthLayer(Layer):
    ...     step: int = structural()
    ...
    ...     def output_shape(self, *input_shapes):
    ...         rows, columns = input_shapes[0]
    ...         return rows, -(-columns // self.step)
    ...
    ...     def apply(self, params, state, *inputs, ctx):
    ...         return inputs[0][:, :: self.step], state
    >>> EveryNthLayer(step=2).output_shape((None, 7))
    (None, 4)

    In a net, the size of the step is the keyword ``thin_step`` of ``("thin", EveryNthLayer)``.
    """

    incoming: Any = field(default=None, compare=False, repr=False, metadata={"kind": "graph"})
    name: str | None = field(default=None, kw_only=True, metadata={"kind": "graph"})
    l1: float | None = optional(low=0.0)
    l2: float | None = optional(low=0.0)
    grad_scale: float | None = optional(absent=1.0)

    aliases: ClassVar[dict[str, str]] = {}
    """Fields by their older names."""

    bundles: ClassVar[tuple[str, ...]] = ()
    """Keywords that stand for several fields; `resolve_fields` returns those."""

    default_nonlinearity: ClassVar[Any] = staticmethod(rectify)
    """The `nonlinearity` of a layer that sets none, except at the output."""

    adapts: ClassVar[bool] = False
    """Whether the layer has state that `adapt` computes from the training rows."""

    inner_nonlinearity: ClassVar[bool] = False
    """Whether `nonlinearity` acts inside the layer rather than on its output."""

    only_noise: ClassVar[bool] = False
    """Whether the layer only adds noise in training, and returns its input at prediction."""

    @classmethod
    def resolve_fields(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields and their values for keywords, some of which may stand for other fields."""
        return dict(given)

    @property
    def noisy(self) -> bool:
        """Whether `apply` draws random numbers in training."""
        return False

    @property
    def full_precision(self) -> bool | None:
        """Whether the layer computes in float32 in a net whose `compute_dtype` is lower.

        As do layers that add up many values or look up indices; None if it does as soon as it keeps
        state.
        """
        return None

    @property
    def exact_inputs(self) -> bool:
        """Whether the layers before must compute in float32 as well, as for indices."""
        return False

    @property
    def layout(self) -> str:
        """Layout that `apply` works in: ``'channels_first'``, ``'channels_last'`` or ``'any'``.

        ``'any'`` is for elementwise layers, which work in either layout.
        """
        return "channels_first"

    sized_by_values: ClassVar[tuple[str, ...]] = ()
    """Fields that follow from the largest value of the input if they are unset."""

    def sized_for(self, largest: int | None) -> Self:
        """Return the layer with the fields that follow from the largest value of its input.

        Parameters
        ----------
        largest : int or None
            None if it is not known, as for values that another layer computes.

        Raises
        ------
        LayerError
            If it must be known.
        """
        return self

    moves_values: ClassVar[bool] = False
    """Whether the layer only moves, drops or repeats values, and may add constants."""

    @property
    def index_size(self) -> int | None:
        """Return `k` if the input must hold integers from 0 to ``k - 1``, None for any numbers.

        `fit` and `predict` check the values of X that reach such a layer, directly or through
        layers that only move values.
        """
        return None

    def __post_init__(self) -> None:
        own = []
        for name, kind in field_kinds(type(self)).items():
            value = getattr(self, name)
            if kind == "initial" and value is not None and value is not UNSET:
                given = Array(value) if isinstance(value, np.ndarray | jax.Array) else value
                object.__setattr__(self, name, owned(given))
                if getattr(self, name) is not value:
                    own.append(name)
                    self._hold(name)
            elif kind == "structural" and isinstance(value, list | tuple):
                object.__setattr__(self, name, _tuples(value))
        object.__setattr__(self, "_own", tuple(own))

    def __copy__(self) -> Layer:
        """Return a layer with parameters of its own, except for those of other layers."""
        other: Layer = object.__new__(type(self))
        vars(other).update(self.__getstate__())
        for name in vars(self).get("_own", ()):
            if getattr(self, name) is not None:
                object.__setattr__(other, name, getattr(self, name).copied())
                other._hold(name)
        return other

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the output; raise `LayerError` for shapes that do not fit."""
        raise NotImplementedError

    def positions(self, *input_shapes: Shape) -> int:
        """Return at how many positions of a row the same units are computed."""
        return math.prod(n or 1 for n in self.output_shape(*input_shapes)[2:])

    def copies(self, *given: Copies) -> Copies:
        """Return the copies of each row in the output, given those in the inputs.

        Copies are stacked along the first axis. Raises `LayerError` if the inputs differ.
        """
        if len(set(given)) > 1:
            numbers = " and ".join(str(math.prod(copies)) for copies in given)
            raise LayerError(f"inputs must have equally many copies of each row, got {numbers}")
        return given[0] if given else ()

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return the specifications of the parameters and state by name, in order."""
        return {}

    def init(self, key: jax.Array, *input_shapes: Shape) -> tuple[Params, Params]:
        """Draw the initial parameters and state."""
        params: Params = {}
        state: Params = {}
        specs = self.param_specs(*input_shapes)
        if not specs:
            return params, state
        keys = fold_in_range(key, len(specs))
        for own_key, (name, spec) in zip(keys, specs.items(), strict=True):
            if isinstance(spec.init, str):
                continue
            initializer = as_initializer(spec.init)
            try:
                drawn = initializer(own_key, spec.shape, jnp.float32)
            except (TypeError, ValueError) as error:
                raise LayerError(f"{name}: {error}") from error
            if not np.isfinite(drawn).all():
                raise LayerError(f"{name} must hold finite numbers, but {spec.init!r} drew others")
            (params if spec.trainable else state)[name] = jax.device_put(drawn)
        return params, state

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the output and the new state."""
        raise NotImplementedError

    def adapt(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return state computed from all training rows, once before the first epoch.

        Called if `adapts` is True; the layer must then follow an InputLayer directly.

        Parameters
        ----------
        batches : iterable of (array of shape (n, ...), array of shape (n,))
            Rows as they enter the network, and their weights.
        """
        return {}

    def check(self) -> Iterable[str]:
        """Yield a message for each invalid field, regardless of the inputs."""
        return field_problems(self, inferred=("nonlinearity",))

    def ends_in_nonlinearity(self) -> bool:
        """Return whether the output is that of a field `nonlinearity`."""
        return hasattr(self, "nonlinearity") and not self.inner_nonlinearity

    def activate(self, x: jax.Array) -> jax.Array:
        """Apply the field `nonlinearity`; None is the identity."""
        return (getattr(self, "nonlinearity", None) or linear)(x)


@dataclass(frozen=True)
class MergeLayer(Layer):
    """Base class of layers with several inputs.

    Parameters
    ----------
    incomings : sequence of Layer or str
        The layers that feed this one, or their names.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from skconv.layers import InputLayer, MergeLayer
    >>> @dataclass(frozen=True)
    ... class DifferenceLayer(MergeLayer):
    ...     def output_shape(self, *input_shapes):
    ...         return input_shapes[0]
    ...
    ...     def apply(self, params, state, *inputs, ctx):
    ...         return inputs[0] - inputs[1], state
    >>> left, right = InputLayer((None, 3), name="left"), InputLayer((None, 3), name="right")
    >>> difference = DifferenceLayer((left, right))

    It is the ``incoming`` of the next layer, or a net's last layer: ``NeuralNet(difference)``.
    """

    incoming: None = field(default=None, init=False, repr=False, metadata={"kind": "graph"})
    incomings: Any = field(default=(), compare=False, repr=False, metadata={"kind": "graph"})


def _tuples(values: list | tuple) -> tuple:
    return tuple(_tuples(value) if isinstance(value, list) else value for value in values)


def bias_specs(b: Any, shape: Shape, *, untied: bool) -> dict[str, ParamSpec]:
    """Return the specification of ``b``: one bias per channel or, if untied, per position."""
    if b is None:
        return {}
    return {"b": ParamSpec(shape[1:] if untied else shape[1:2], b, regularizable=False)}


def add_biases(x: jax.Array, params: Params, *, untied: bool) -> jax.Array:
    """Add the biases ``b``, if the layer has any, to a channels-last output."""
    if "b" not in params:
        return x
    return x + (jnp.moveaxis(params["b"], 0, -1) if untied else params["b"])

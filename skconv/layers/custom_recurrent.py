"""Recurrent layers whose connections are graphs of layers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import Constant
from ..nonlinearities import rectify
from ..utils.checks import flag, optional_callable
from ..utils.dtypes import widened
from ..utils.fields import initial, runtime, structural
from ..utils.owned_values import OwnedValue
from .base import Context, Layer, Params, ParamSpec, extra_input
from .connections import layers_below
from .sequences import Carry, SequenceLayer, Step, all_steps
from .shapes import Shape
from .subgraph import Subgraph

__all__ = ["CustomRecurrentLayer"]


def _graph(value: Any) -> str | None:
    if isinstance(value, Subgraph):
        return None
    return "a layer with an InputLayer of its own, as in DenseLayer(InputLayer((None, 4)), 10)"


@dataclass(frozen=True)
class CustomRecurrentLayer(SequenceLayer):
    """Recurrent layer whose connections are layers, such as convolutions.

    ``hid[t] = nonlinearity(input_to_hidden(x[t]) + hidden_to_hidden(hid[t - 1]))`` for input of
    shape (n, time, ...).

    Parameters
    ----------
    input_to_hidden : Layer
        The last of one or more layers, which start with an InputLayer for a single step: of the
        shape of the input without time. It is applied to all steps at once, so noise differs
        between steps, and batch normalization uses statistics of all of them.
    hidden_to_hidden : Layer
        Likewise, for the last output. The shapes of its input and output are that of
        the output of `input_to_hidden`. Noise differs between steps.
    nonlinearity : callable or None
        None is the identity.
    hid_init : initializer, array or Layer
        Output before the first step, of the shape of one row, ``(1, ...)``, or a layer with such an
        output for each row.
    backwards, learn_init, gradient_steps, grad_clipping, unroll_scan, precompute_input
        As in `RecurrentLayer`.
    mask_input, only_return_final, hid_input
        As in `RecurrentLayer`.

    Notes
    -----
    Parameters are named after the field and the inner layer: ``input_to_hidden_dense1_W``, or
    ``input_to_hidden_<name>_W`` for a layer with a name. Set `l1`, `l2` and `grad_scale` on this
    layer rather than on inner ones, and give those all their fields, as none is inferred.

    Examples
    --------
    A recurrent layer of images, whose weights are convolutions:

    >>> from skconv.layers import Conv2DLayer, InputLayer
    >>> frames = InputLayer((None, 10, 3, 32, 32))
    >>> look = Conv2DLayer(InputLayer((None, 3, 32, 32)), 8, 3, pad='same', nonlinearity=None)
    >>> keep = Conv2DLayer(InputLayer((None, 8, 32, 32)), 8, 3, pad='same', nonlinearity=None)
    >>> CustomRecurrentLayer(frames, look, keep).output_shape
    (None, 10, 8, 32, 32)
    """

    input_to_hidden: Any = structural(check=_graph)
    hidden_to_hidden: Any = structural(check=_graph)
    nonlinearity: Any = structural(rectify, check=optional_callable)
    hid_init: Any = initial(Constant(0.0))
    backwards: bool = structural(False, check=flag)
    learn_init: bool = structural(False, check=flag)
    gradient_steps: int = structural(-1, check=all_steps)
    grad_clipping: float = runtime(0.0, low=0.0)
    unroll_scan: bool = structural(False, check=flag)
    precompute_input: bool = structural(True, check=flag)
    mask_input: Any = extra_input()
    only_return_final: bool = structural(False, check=flag)
    _: KW_ONLY
    hid_input: Any = extra_input()

    graphs: ClassVar[tuple[str, str]] = ("input_to_hidden", "hidden_to_hidden")

    @classmethod
    def resolve_fields(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields, with the graphs of layers that they hold."""
        fields = super().resolve_fields(given)
        for name in cls.graphs:
            if isinstance(fields.get(name), Layer):
                fields[name] = Subgraph.of(name, fields[name])
        return fields

    def __post_init__(self) -> None:
        given = {name: getattr(self, name) for name in self.graphs}
        for name, graph in self.resolve_fields(given).items():
            object.__setattr__(self, name, graph)
        super().__post_init__()
        if self.is_connected:
            self._hold_inner()

    def __copy__(self) -> Layer:
        """Return a layer with parameters of its own, those of inner layers included."""
        other: Any = super().__copy__()
        for name in self.graphs:
            object.__setattr__(other, name, copy.copy(getattr(self, name)))
        if other.is_connected:
            other._hold_inner()
        return other

    def _hold_inner(self) -> None:
        """Let the parameters of inner layers find their values in this one."""
        outside = {layer.graph_key for layer in layers_below([self])}
        for name, value in self._inner_values():
            if isinstance(value, OwnedValue) and value.holder_key not in outside:
                value.hold(self, name)

    def _inner_values(self) -> Iterator[tuple[str, Any]]:
        graphs = {name: getattr(self, name) for name in self.graphs}
        for name, graph in graphs.items():
            if isinstance(graph, Subgraph):
                yield from graph.initial_values(name)

    def initial_value(self, name: str) -> Any:
        """Return the initial value of a parameter, also of an inner layer."""
        return dict(self._inner_values()).get(name, super().initial_value(name))

    @property
    def full_precision(self) -> bool | None:
        """Whether an inner layer keeps the full precision."""
        return any(
            layer.full_precision for name in self.graphs for layer in getattr(self, name).layers
        )

    @property
    def exact_inputs(self) -> bool:
        """Whether an inner layer has exact inputs."""
        return any(
            layer.exact_inputs for name in self.graphs for layer in getattr(self, name).layers
        )

    @property
    def noisy(self) -> bool:
        """Whether an inner layer draws random numbers in training."""
        return any(getattr(self, name).noisy for name in self.graphs)

    def check(self) -> Iterator[str]:
        """Yield a message for each invalid field of this layer and of inner ones."""
        yield from super().check()
        for name in self.graphs:
            if isinstance(getattr(self, name), Subgraph):
                yield from (f"{name}: {one}" for one in getattr(self, name).problems())

    def _state_shape(self, *input_shapes: Shape) -> Shape:
        fed = self._shape_of("input_to_hidden", (None, *input_shapes[0][2:]))
        made = self._shape_of("hidden_to_hidden", fed)
        if made != fed:
            raise LayerError(
                f"hidden_to_hidden must return the shape of input_to_hidden, {fed}, got {made}"
            )
        return fed[1:]

    def _shape_of(self, name: str, shape: Shape) -> Shape:
        try:
            made: Shape = getattr(self, name).output_shape(shape)
        except LayerError as error:
            raise LayerError(f"{name}: {error}") from error
        return made

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return the initial state and the parameters of the inner layers, in Lasagne's order."""
        row = self._state_shape(*input_shapes)
        shapes = (None, *input_shapes[0][2:]), (None, *row)
        of_input, of_hidden = (
            getattr(self, name).param_specs(name, shape)
            for name, shape in zip(self.graphs, shapes, strict=True)
        )
        for name, spec in of_hidden.items():
            if not spec.trainable:
                raise LayerError(
                    f"hidden_to_hidden must have no layer that keeps state, got {name}; "
                    "LayerNormLayer normalizes without it"
                )
        return self.start_specs(*input_shapes) | of_input | of_hidden

    def _read(
        self, params: Params, state: Params, x: jax.Array, ctx: Context
    ) -> tuple[jax.Array, Callable[[jax.Array], jax.Array], Params]:
        time = x.shape[1]
        rows = jnp.moveaxis(x, 1, 0).reshape(-1, *x.shape[2:])
        key = None if ctx.key is None else jax.random.fold_in(ctx.key, 0)
        mask = None if ctx.mask is None else jnp.tile(ctx.mask, time)
        ctx = ctx._replace(key=key, mask=mask)
        out, state = self.input_to_hidden.apply("input_to_hidden", params, state, rows, ctx)
        return out.reshape(time, -1, *out.shape[1:]), lambda sums: sums, state

    def _step(self, params: Params, state: Params, ctx: Context) -> Step:
        apply = self.hidden_to_hidden.apply

        def advance(fed: jax.Array, carry: Carry, key: Any) -> Carry:
            own = ctx._replace(key=key)
            out, _ = apply("hidden_to_hidden", params, state, carry[0].astype(fed.dtype), own)
            return (self.activate(self.clip(widened(fed) + widened(out))),)

        return advance

"""A hashable graph of layers with shapes, and what it computes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import LayerError, describe_layer, did_you_mean
from ..init import Constant
from ..layers.base import Context, Copies, Layer, Params, ParamSpec, reference_fields
from ..layers.shapes import Shape
from ..nonlinearities import linear
from ..utils.cache_keys import structural_key
from ..utils.fields import kind_of
from ..utils.random_keys import fold_in


class Head(NamedTuple):
    """An output layer.

    Parameters
    ----------
    name : str
    target : int
        Number of the target that it is trained on.
    predicted : bool
        False for an auxiliary output, which is there for the training loss alone.
    ending : callable, optional
        Nonlinearity after a layer that has none of its own.
    """

    name: str
    target: int = 0
    predicted: bool = True
    ending: Any = None


Variables = dict[str, Params]
"""Arrays by layer and by parameter."""

Runtime = dict[str, dict[str, Any]]
"""Numbers by layer and by runtime field."""

Place = tuple[str, str]
"""Layer and parameter."""


class Node(NamedTuple):
    """A layer in its place.

    Parameters
    ----------
    name : str
    layer : Layer
    incomings : tuple of str
        Names of the layers that feed it.
    input_shapes : tuple of tuple
    output_shape : tuple
    specs : dict of str to ParamSpec
        Its parameters and state, in order.
    copies : tuple of int
        Those of each row that its output holds, as `Layer.copies` says.
    """

    name: str
    layer: Layer
    incomings: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    specs: dict[str, ParamSpec]
    copies: Copies = ()


@dataclass(frozen=True, eq=False)
class Network:
    """A graph of layers, ready to be initialised and applied.

    Parameters
    ----------
    nodes : tuple of Node
        Each after those that feed it.
    heads : tuple of Head
        The output layers, those that are predicted first.
    shared : dict
        From the place of a shared parameter to the place where it is kept.
    """

    nodes: tuple[Node, ...]
    heads: tuple[Head, ...]
    shared: Mapping[Place, Place]

    @cached_property
    def key(self) -> Hashable:
        """Equal for networks that compile to the same programs."""
        parts = [
            (
                node.name,
                type(node.layer),
                _fields_key(node.layer),
                node.incomings,
                node.output_shape,
            )
            for node in self.nodes
        ]
        return (*parts, self.heads, *sorted(self.shared.items()))

    @cached_property
    def initial_key(self) -> Hashable:
        """Equal for networks that start with equal weights from equal seeds."""
        initial = [
            structural_key(getattr(node.layer, f.name))
            for node in self.nodes
            for f in dataclasses.fields(node.layer)
            if kind_of(f) == "initial"
        ]
        return self.key, *initial

    def node(self, name: str) -> Node:
        """Find a layer by name."""
        for node in self.nodes:
            if node.name == name:
                return node
        names = [node.name for node in self.nodes]
        raise ValueError(f"there is no layer {name!r}.{did_you_mean(name, names)}")

    @property
    def inputs(self) -> dict[str, Shape]:
        """Shapes of the input layers by name."""
        return {node.name: node.output_shape for node in self.nodes if not node.incomings}

    def rows(self) -> dict[str, Shape]:
        """Shapes of the rows that enter, by name."""
        return {name: shape[1:] for name, shape in self.inputs.items()}

    @property
    def outputs(self) -> dict[str, Shape]:
        """Shapes of the outputs that are predicted, by name."""
        names = [head.name for head in self.heads if head.predicted]
        return {name: self.node(name).output_shape for name in names}

    def nonlinearity(self, head: Head) -> Any:
        """What an output layer ends in."""
        last = self.node(head.name).layer
        own = last.nonlinearity if last.ends_in_nonlinearity() else None
        return head.ending or own or linear

    def feeds_others(self, name: str) -> bool:
        """Tell whether a layer's output goes into another layer."""
        return any(name in node.incomings for node in self.nodes)

    def places(self) -> list[tuple[Place, ParamSpec]]:
        """List all parameters and state once, in the order of the layers."""
        return [
            ((node.name, name), spec)
            for node in self.nodes
            for name, spec in node.specs.items()
            if (node.name, name) not in self.shared
        ]

    def parameter_shapes(self) -> dict[Place, tuple[int, ...]]:
        """Shapes of all parameters and state."""
        return {place: spec.shape for place, spec in self.places()}

    def multiply_adds(self) -> int:
        """Products of a row with weights, about."""
        return sum(
            math.prod(spec.shape) * math.prod(n or 1 for n in node.output_shape[2:])
            for node in self.nodes
            for spec in node.specs.values()
            if spec.regularizable
        )

    def regularizable(self, params: Variables) -> list[jax.Array]:
        """Pick the parameters that penalties act on."""
        return [
            params[layer][name]
            for (layer, name), spec in self.places()
            if spec.trainable and spec.regularizable
        ]

    def penalty(self, params: Variables, runtime: Runtime) -> Any:
        """Sum the penalties that the layers' own `l1` and `l2` put on their parameters."""
        total: Any = 0.0
        for node in self.nodes:
            own = runtime.get(node.name, {})
            weights = [
                self._param(params, node.name, name)
                for name, spec in node.specs.items()
                if spec.trainable and spec.regularizable
            ]
            if "l1" in own:
                total += own["l1"] * sum(jnp.abs(weight).sum() for weight in weights)
            if "l2" in own:
                total += own["l2"] * sum(jnp.square(weight).sum() for weight in weights)
        return total

    def scale_gradients(self, grads: Variables, runtime: Runtime) -> Variables:
        """Multiply gradients by the `grad_scale` of each layer that has the parameters."""
        grads = {layer: dict(own) for layer, own in grads.items()}
        for node in self.nodes:
            if "grad_scale" not in runtime.get(node.name, {}):
                continue
            scale = runtime[node.name]["grad_scale"]
            for name, spec in node.specs.items():
                if spec.trainable:
                    layer, kept = self.shared.get((node.name, name), (node.name, name))
                    grads[layer][kept] = scale * grads[layer][kept]
        return grads

    def freeze_unscaled(self, old: Variables, new: Variables, runtime: Runtime) -> Variables:
        """Keep the old arrays of layers whose `grad_scale` is 0."""
        new = {layer: dict(own) for layer, own in new.items()}
        for node in self.nodes:
            scale = runtime.get(node.name, {}).get("grad_scale")
            for name in node.specs if scale is not None else ():
                layer, kept = self.shared.get((node.name, name), (node.name, name))
                if kept in new.get(layer, {}):
                    before = old[layer][kept]
                    new[layer][kept] = jnp.where(scale == 0, before, new[layer][kept])
        return new

    def structure(self) -> Network:
        """Copy the network without its initial values, which no program needs."""
        return replace(self, nodes=tuple(map(_without_initial, self.nodes)))

    def runtime(self) -> Runtime:
        """Numbers of the runtime fields, as the layers hold them, without absent ones."""
        return {node.name: dict(_numbers(node)) for node in self.nodes}

    def init(self, key: jax.Array) -> tuple[Variables, Variables]:
        """Draw the initial parameters and state.

        Parameters
        ----------
        key : jax key

        Returns
        -------
        params, state : dict of dict of array
        """
        params, state = {}, {}
        for i, node in enumerate(self.nodes):
            try:
                drawn = node.layer.init(fold_in(key, i), *node.input_shapes)
            except LayerError as error:
                raise LayerError(f"{describe_layer(node.name, node.layer)} {error}") from error
            for kept, new in zip((params, state), drawn, strict=True):
                if new:
                    kept[node.name] = new
        return params, state

    def apply(
        self,
        params: Variables,
        state: Variables,
        inputs: Mapping[str, jax.Array],
        runtime: Runtime,
        ctx: Context,
        *,
        to: Sequence[str] | None = None,
        logits: Collection[str] = (),
        given: Mapping[str, jax.Array] = MappingProxyType({}),
    ) -> tuple[tuple[jax.Array, ...], Variables]:
        """Compute the outputs for a batch, all in one pass.

        Parameters
        ----------
        params, state : dict of dict of array
        inputs : dict of array
            By name of the input layer, channels first.
        runtime : dict of dict of scalar
            Numbers that take the place of the layers' runtime fields.
        ctx : Context
        to : sequence of str, optional
            The layers whose output is wanted; by default all output layers.
        logits : collection of str
            Those of them whose nonlinearity is left out; they must not feed other layers.
        given : mapping of str to array
            Outputs of layers that are taken as they are, and not computed.

        Returns
        -------
        outputs : tuple of array
            In their public shape, channels first.
        state : dict of dict of array
        """
        to = [head.name for head in self.heads] if to is None else to
        needed = self._ancestors(to, given)
        places = {node.name: i for i, node in enumerate(self.nodes)}

        def run(name: str, fed: list[Activation]) -> tuple[Activation, Params]:
            node = self.nodes[places[name]]
            changes = dict(runtime.get(name, {}))
            if name in logits and node.layer.ends_in_nonlinearity():
                changes["nonlinearity"] = None
            layer = replace(node.layer, **changes)
            last = _wants_last(layer, fed)
            own = {param: self._param(params, name, param) for param in node.specs}
            own = {param: value for param, value in own.items() if value is not None}
            key = None if ctx.key is None else jax.random.fold_in(ctx.key, places[name])
            functions = {other: partial(alone, other, last) for other in _others(layer)}
            try:
                out, new = layer.apply(
                    own,
                    state.get(name, {}),
                    *(value.to_layout(last) for value in fed),
                    ctx=ctx._replace(key=key, mask=_mask(ctx, fed), functions=functions),
                )
            except Exception as error:
                error.add_note(f"in {describe_layer(name, layer)}")
                raise
            return Activation(out, last), new

        def alone(name: str, last: bool, *inputs: jax.Array) -> jax.Array:
            return run(name, [Activation(x, last) for x in inputs])[0].to_layout(last)

        renewed = dict(state)
        entering = {**inputs, **given}
        values: dict[str, Activation] = {name: Activation(x, False) for name, x in entering.items()}
        for node in self.nodes:
            if node.name not in needed:
                continue
            fed = [values[name] for name in node.incomings or (node.name,)]
            values[node.name], new = run(node.name, fed)
            if new:
                renewed[node.name] = new
        for head in self.heads:
            if head.ending and head.name in needed and head.name not in logits:
                values[head.name] = Activation(head.ending(values[head.name].to_layout(True)), True)
        return tuple(values[name].to_layout(False) for name in to), renewed

    def _param(self, params: Variables, layer: str, name: str) -> jax.Array | None:
        layer, name = self.shared.get((layer, name), (layer, name))
        return params.get(layer, {}).get(name)

    def _ancestors(self, names: Iterable[str], given: Collection[str]) -> set[str]:
        """Name the layers to compute."""
        found = set(names) - set(given)
        for node in reversed(self.nodes):
            if node.name in found:
                found.update(set(node.incomings) - set(given))
        return found


class Activation(NamedTuple):
    """An activation and where its channels are: the one place where axes are moved."""

    array: jax.Array
    last: bool

    def to_layout(self, last: bool) -> jax.Array:
        if self.array.ndim <= 2 or self.last == last:
            return self.array
        return jnp.moveaxis(self.array, 1, -1) if last else jnp.moveaxis(self.array, -1, 1)


def _wants_last(layer: Layer, fed: list[Activation]) -> bool:
    return fed[0].last if layer.layout == "any" else layer.layout == "channels_last"


def _mask(ctx: Context, fed: list[Activation]) -> jax.Array | None:
    """Repeat the mask where the rows are there several times, copy after copy."""
    if ctx.mask is None:
        return None
    return jnp.tile(ctx.mask, len(fed[0].array) // len(ctx.mask))


def _others(layer: Layer) -> list[str]:
    return [
        getattr(layer, name) for name, kind in reference_fields(layer).items() if kind == "layer"
    ]


def _numbers(node: Node) -> Iterator[tuple[str, Any]]:
    learns = any(spec.trainable for spec in node.specs.values())
    for f in dataclasses.fields(node.layer):
        value = getattr(node.layer, f.name)
        if value is None and learns:
            value = f.metadata.get("absent")
        if kind_of(f) in ("runtime", "optional") and value is not None:
            yield f.name, value


def _fields_key(layer: Layer) -> Hashable:
    return (
        tuple((name, getattr(layer, name)) for name in reference_fields(layer))
        + tuple(
            (f.name, structural_key(getattr(layer, f.name)))
            for f in dataclasses.fields(layer)
            if kind_of(f) == "structural"
        )
        + tuple(
            (f.name, getattr(layer, f.name) is None)
            for f in dataclasses.fields(layer)
            if kind_of(f) in ("initial", "optional") and f.metadata.get("absent") is None
        )
    )


def _without_initial(node: Node) -> Node:
    layer = node.layer
    initial = [f.name for f in dataclasses.fields(layer) if kind_of(f) == "initial"]
    blank = {name: Constant() for name in initial if getattr(layer, name) is not None}
    specs = {name: replace(spec, init=Constant()) for name, spec in node.specs.items()}
    return node._replace(layer=replace(layer, **blank), specs=specs)


def count_parameters(specs: Iterable[ParamSpec]) -> int:
    """Count the learnable numbers."""
    return sum(int(np.prod(spec.shape)) for spec in specs if spec.trainable)


def as_float32(runtime: Runtime) -> Runtime:
    """Give numbers one dtype, so that no program is compiled for another."""
    return {
        layer: {name: np.float32(value) for name, value in own.items()}
        for layer, own in runtime.items()
    }

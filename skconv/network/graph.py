"""A graph of layers with its shapes, and the computation that it defines."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import LayerError, describe_layer, did_you_mean
from ..layers.base import Context, Params, ParamSpec
from ..layers.shapes import Shape
from ..nonlinearities import exponential, linear, sigmoid
from ..utils.cache_keys import HashedTuple, structural_key
from ..utils.fields import fields_of_kind
from ..utils.random_keys import fold_in_range
from .activation import takes_channels
from .forward_pass import ForwardPass
from .head import Head, draw_scale
from .index_columns import IndexColumns, find_index_columns
from .node import Node, initial_holders
from .precision import full_dtype
from .program_values import Runtime, as_float32, program_values, runtime_values
from .recomputation import Blocks

Variables = dict[str, Params]
"""Arrays by layer and parameter."""


Place = tuple[str, str]
"""Names of a layer and of one of its parameters."""


@dataclass(frozen=True, eq=False)
class Network:
    """A graph of layers, ready to be initialized and applied.

    Parameters
    ----------
    nodes : tuple of Node
        In topological order.
    heads : tuple of Head
        The output layers, the predicted ones first.
    shared : dict
        Maps each shared parameter to the one that it is shared with, both as places.
    free : dict of str to tuple
        Shapes of the input layers that leave sizes of their rows open, with None for those.
    transposed : frozenset of (str, str)
        The shared parameters whose axes are reversed.
    compute_dtype : {'float32', 'bfloat16', 'float64'}
        Type in which the layers compute; see `skconv.network.precision`.
    numbers : tuple of int or None
        A number for each layer, which its noise is drawn with; by default its position.
    sized : mapping of str to int
        The largest value of the input of each layer that was sized for it.
    """

    nodes: tuple[Node, ...]
    heads: tuple[Head, ...]
    shared: Mapping[Place, Place]
    free: Mapping[str, Shape] = field(default_factory=dict)
    transposed: frozenset[Place] = frozenset()
    compute_dtype: str = "float32"
    numbers: tuple[int, ...] | None = None
    sized: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def key(self) -> Hashable:
        """Key that is equal for networks that share their programs.

        Networks for several free sizes do, as the programs themselves tell shapes apart.
        """
        nodes = [
            (node.name, type(node.layer), node.incomings, self._known_shape(node))
            for node in self.nodes
        ]
        structure = structural_key([self._values_of(node) for node in self.nodes])
        parameters = tuple(self.parameter_shapes().items()) if self.free else ()
        shared = [(*pair, pair[0] in self.transposed) for pair in sorted(self.shared.items())]
        dtype = () if self.compute_dtype == "float32" else (self.compute_dtype,)
        numbers = () if self.numbers is None else (self.numbers,)
        values = *nodes, structure, self.heads, *shared, *parameters, *dtype, *numbers
        return HashedTuple(values)

    @property
    def dtype(self) -> np.dtype:
        """Type of the weights, the outputs and all that is computed from them."""
        return full_dtype(self.compute_dtype)

    def _known_shape(self, node: Node) -> Shape | int:
        """Return the shape of a layer's output, or the number of its axes if sizes are free."""
        return len(node.output_shape) if self.free else node.output_shape

    def _values_of(self, node: Node) -> list[Any]:
        """Return the values by which the layer compiles to another program than its class."""
        if node.name in self.free:
            return [self.free[node.name]]
        return program_values(node.layer)

    @cached_property
    def initial_key(self) -> Hashable:
        """Key that is equal for networks that draw equal weights from equal seeds."""
        initial = [
            getattr(node.layer, field.name)
            for node in self.nodes
            for field in fields_of_kind(type(node.layer), "initial")
        ]
        initial += [list(initial_holders(node.layer).values()) for node in self.nodes]
        return self.key, structural_key(initial)

    def node(self, name: str) -> Node:
        """Return the node of a layer; an unknown name raises `ValueError`."""
        for node in self.nodes:
            if node.name == name:
                return node
        names = [node.name for node in self.nodes]
        raise ValueError(f"unknown layer {name!r}.{did_you_mean(name, names)}")

    @cached_property
    def inputs(self) -> dict[str, Shape]:
        """Shapes of the input layers by name."""
        return {node.name: node.output_shape for node in self.nodes if not node.incomings}

    @cached_property
    def indices(self) -> dict[str, list[IndexColumns]]:
        """The values of a row that layers look up in a table, by name of the input layer."""
        return find_index_columns(self.nodes)

    def takes_channels(self, name: str) -> bool:
        """Return whether an input layer feeds a layer that takes its first axis as channels."""
        layers = {node.name: node.layer for node in self.nodes}
        return takes_channels(name, layers, {node.name: node.incomings for node in self.nodes})

    def rows(self) -> dict[str, Shape]:
        """Return the shape of a row of each input layer, by name."""
        return {name: shape[1:] for name, shape in self.inputs.items()}

    @cached_property
    def outputs(self) -> dict[str, Shape]:
        """Shapes of the predicted outputs by name."""
        names = [head.name for head in self.heads if head.predicted]
        return {name: self.node(name).output_shape for name in names}

    @cached_property
    def output_bytes(self) -> dict[str, int]:
        """Sizes in bytes of the layers' outputs for one row, by name."""
        itemsize = jnp.dtype(self.compute_dtype).itemsize
        return {node.name: itemsize * node.output_values for node in self.nodes}

    @property
    def unit_axes(self) -> tuple[int, ...]:
        """Axes of the units of the predicted outputs, in their order."""
        return tuple(head.unit_axis for head in self.heads if head.predicted)

    def has_logits(self, head: Head, *, units_last: bool) -> bool:
        """Return whether a loss may take an output before its nonlinearity.

        Parameters
        ----------
        head : Head
        units_last : bool
            Whether the loss gets the units on the last axis wherever the output has them.
        """
        elementwise = any(self.nonlinearity(head) is own for own in (exponential, sigmoid))
        flat = len(self.node(head.name).output_shape) == 2
        return (flat or units_last or elementwise) and self.ends_itself(head)

    def ends_itself(self, head: Head) -> bool:
        """Return whether the nonlinearity of an output may be left out for a loss on logits."""
        return head.settled is None and not self.feeds_others(head.name)

    def nonlinearity(self, head: Head) -> Any:
        """Return the final nonlinearity of an output layer."""
        last = self.node(head.name).layer
        own = getattr(last, "nonlinearity", None) if last.ends_in_nonlinearity() else None
        return head.settled or head.ending or own or linear

    def feeds_others(self, name: str) -> bool:
        """Return whether a layer is an input of another layer."""
        return any(name in node.incomings for node in self.nodes)

    def places(self) -> list[tuple[Place, ParamSpec]]:
        """Return all parameters and state, each shared parameter once, in layer order."""
        return [
            ((node.name, name), spec)
            for node in self.nodes
            for name, spec in node.specs.items()
            if (node.name, name) not in self.shared
        ]

    def parameter_shapes(self) -> dict[Place, tuple[int, ...]]:
        """Return the shapes of all parameters and state."""
        return {place: spec.shape for place, spec in self.places()}

    def multiply_adds(self) -> int:
        """Return the approximate number of multiply-adds for one row."""
        return sum(
            math.prod(spec.shape) * node.layer.positions(*node.input_shapes)
            for node in self.nodes
            for spec in node.specs.values()
            if spec.regularizable
        )

    def regularizable(self, params: Variables) -> list[jax.Array]:
        """Return the parameters that penalties act on."""
        return [
            params[layer][name]
            for (layer, name), spec in self.places()
            if spec.trainable and spec.regularizable
        ]

    def penalty(self, params: Variables, runtime: Runtime) -> Any:
        """Return the sum of the layers' own `l1` and `l2` penalties."""
        total: Any = 0.0
        for node in self.nodes:
            factors = runtime.get(node.name, {})
            own = self._own_params(params, node)
            weights = [
                own[name]
                for name, spec in node.specs.items()
                if spec.trainable and spec.regularizable
            ]
            if "l1" in factors:
                total += factors["l1"] * sum(jnp.abs(weight).sum() for weight in weights)
            if "l2" in factors:
                total += factors["l2"] * sum(jnp.square(weight).sum() for weight in weights)
        return total

    def scale_gradients(self, grads: Variables, runtime: Runtime) -> Variables:
        """Multiply the gradients of each layer's parameters by its `grad_scale`."""
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
        """Return the new arrays, but the old ones for layers whose `grad_scale` is 0."""
        new = {layer: dict(own) for layer, own in new.items()}
        for node in self.nodes:
            scale = runtime.get(node.name, {}).get("grad_scale")
            places = [self.shared.get((node.name, name), (node.name, name)) for name in node.specs]
            changed = [(layer, name) for layer, name in places if name in new.get(layer, {})]
            if scale is None or not changed:
                continue
            frozen = scale == 0
            for layer, name in changed:
                new[layer][name] = lax.select(frozen, old[layer][name], new[layer][name])
        return new

    def structure(self) -> Network:
        """Return the network without its initial values, which no program needs."""
        return replace(self, nodes=tuple(node.without_initial() for node in self.nodes))

    def runtime(self) -> Runtime:
        """Return the values of the layers' runtime fields, leaving out absent ones."""
        return {node.name: runtime_values(node) for node in self.nodes}

    @cached_property
    def float32_runtime(self) -> Runtime:
        """The same as float32, so that no program is compiled for another dtype."""
        return as_float32(self.runtime())

    def init(self, key: jax.Array, known: Collection[Place] = ()) -> tuple[Variables, Variables]:
        """Draw the initial parameters and state.

        Parameters
        ----------
        key : jax key
        known : collection of (layer, parameter)
            Layers whose parameters and state all are among them are left out; those of the others
            are as without.

        Returns
        -------
        params, state : dict of dict of array
        """
        params: Variables = {}
        state: Variables = {}
        missing = {layer for layer, _ in self.parameter_shapes().keys() - set(known)}
        for node, own_key in zip(self.nodes, fold_in_range(key, len(self.nodes)), strict=True):
            if node.name not in missing:
                continue
            try:
                own_params, own_state = node.layer.init(own_key, *node.input_shapes)
            except LayerError as error:
                raise LayerError(f"{describe_layer(node.name, node.layer)}: {error}") from error
            if own_params:
                params[node.name] = own_params
            own_state |= draw_scale(node)
            if own_state:
                state[node.name] = own_state
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
        blocks: Blocks = (),
    ) -> tuple[tuple[jax.Array, ...], Variables]:
        """Compute the outputs of several layers for a batch, in one pass.

        Parameters
        ----------
        params, state : dict of dict of array
        inputs : dict of array
            By name of the input layer, channels first.
        runtime : dict of dict of scalar
            Values that replace the layers' runtime fields.
        ctx : Context
        to : sequence of str, optional
            The layers whose output is returned; by default all output layers.
        logits : collection of str
            Layers among them whose nonlinearity is left out; they must not feed other layers.
        given : mapping of str to array
            Known outputs of layers, which are not computed again.
        blocks : tuple of tuple of str
            Layers whose outputs are computed again for the gradients, block by block, instead of
            being kept.

        Returns
        -------
        outputs : tuple of array
            In their public shape, channels first.
        state : dict of dict of array
        """
        to = [head.name for head in self.heads] if to is None else to
        needed = self._ancestors(to, given)
        own_params = partial(self._own_params, params)
        forward = ForwardPass(
            self.nodes,
            self.heads,
            self.compute_dtype,
            own_params,
            state,
            runtime,
            ctx,
            logits,
            self.numbers or range(len(self.nodes)),
        )
        entering = {**inputs, **given}
        names = [node.name for node in self.nodes if node.name in needed]
        return forward.outputs(names, entering, to, blocks)

    def _own_params(self, params: Variables, node: Node) -> Params:
        """Return the parameters of one layer, shared ones included."""
        own = {}
        for name in node.specs:
            layer, kept = self.shared.get((node.name, name), (node.name, name))
            if kept in params.get(layer, {}):
                value = params[layer][kept]
                own[name] = value.T if (node.name, name) in self.transposed else value
        return own

    def _ancestors(self, names: Iterable[str], given: Collection[str]) -> set[str]:
        """Return the names of all layers to compute."""
        found = set(names) - set(given)
        for node in reversed(self.nodes):
            if node.name in found:
                found.update(set(node.incomings) - set(given))
        return found


def count_parameters(specs: Iterable[ParamSpec]) -> int:
    """Return the number of trainable parameters."""
    return sum(int(np.prod(spec.shape)) for spec in specs if spec.trainable)

"""The computation of the outputs of a network's layers for a batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import jax

from ..errors import describe_layer
from ..layers.base import Context, Layer, Params
from ..layers.specs import reference_fields
from .activation import Activation, repeat_mask, wants_channels_last
from .head import Head
from .node import Node
from .precision import LayerDtypes, cast_floats, full_dtype, renewed_state
from .program_values import Runtime
from .recomputation import Blocks, in_blocks

Values = dict[str, Activation]
"""Outputs by layer."""


@dataclass(frozen=True)
class ForwardPass:
    """The computation of the outputs of layers for a batch.

    Parameters
    ----------
    nodes : tuple of Node
        In topological order.
    heads : tuple of Head
    dtype : str
        Type in which the layers compute.
    own_params : callable
        From a node to its parameters, shared ones included.
    state : dict of dict of array
    runtime : dict of dict of scalar
    ctx : Context
    logits : collection of str
        Layers whose nonlinearity is left out.
    numbers : sequence of int
        A number for each layer, which its noise is drawn with.
    """

    nodes: Sequence[Node]
    heads: Sequence[Head]
    dtype: str
    own_params: Callable[[Node], Params]
    state: Mapping[str, Params]
    runtime: Runtime
    ctx: Context
    logits: Collection[str]
    numbers: Sequence[int]

    def outputs(
        self,
        names: Sequence[str],
        entering: Mapping[str, jax.Array],
        to: Sequence[str],
        blocks: Blocks,
    ) -> tuple[tuple[jax.Array, ...], dict[str, Params]]:
        """Compute layers, and return the outputs of some of them and the new state of all.

        Parameters
        ----------
        names : sequence of str
            The layers to compute.
        entering : mapping of str to array
            Inputs of the network and known outputs, channels first.
        to : sequence of str
            The layers whose output is returned, channels first.
        blocks : tuple of tuple of str
            As for `Network.apply`.
        """
        renewed = dict(self.state)
        values: Values = {name: Activation(x, False) for name, x in entering.items()}
        for own_names, again in in_blocks(names, blocks):
            if again:
                made, new = self._run_again(own_names, values, names, to)
            else:
                made, new = self._run_all(own_names, values)
            values |= made
            renewed |= new
        for head in self.heads:
            if head.ending and head.name in names and head.name not in self.logits:
                last = head.unit_axis == 1
                out = head.ending(values[head.name].to_layout(last))
                values[head.name] = Activation(out, last)
        outs = tuple(values[name].to_layout(False) for name in to)
        if self.dtype != "float32":
            outs = cast_floats(outs, full_dtype(self.dtype))
        return outs, renewed

    def _run_again(
        self, own_names: Sequence[str], values: Values, names: Sequence[str], to: Sequence[str]
    ) -> tuple[Values, dict[str, Params]]:
        """Run layers that are computed again for the gradients; only what others need is kept."""
        fed = set(itertools.chain.from_iterable(map(self._incomings, own_names)))
        others = [self._incomings(name) for name in names if name not in own_names]
        wanted = {*to, *(head.name for head in self.heads), *itertools.chain.from_iterable(others)}

        def run(values: Values) -> tuple[Values, dict[str, Params]]:
            made, new = self._run_all(own_names, values)
            return {name: value for name, value in made.items() if name in wanted}, new

        return jax.checkpoint(run)({name: one for name, one in values.items() if name in fed})

    def _run_all(self, names: Sequence[str], values: Values) -> tuple[Values, dict[str, Params]]:
        """Run layers, and return their outputs and new state."""
        values, renewed = dict(values), {}
        for name in names:
            values[name], new = self._run(name, [values[one] for one in self._incomings(name)])
            own = self.state.get(name, {})
            if new:
                renewed[name] = new if new.keys() == own.keys() else {**own, **new}
        return {name: values[name] for name in names}, renewed

    def _incomings(self, name: str) -> tuple[str, ...]:
        """Return the names of what feeds a layer; an input layer is fed under its own."""
        return self.nodes[self._places[name]].incomings or (name,)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {node.name: i for i, node in enumerate(self.nodes)}

    @cached_property
    def _exact(self) -> set[str]:
        """Names of the output layers, and of those that feed layers with exact inputs."""
        found = {head.name for head in self.heads}
        feeding: set[str] = set()
        for node in reversed(self.nodes):
            if node.layer.exact_inputs or node.name in feeding:
                feeding.update(node.incomings)
        return found | feeding

    def _run(self, name: str, fed: Sequence[Activation]) -> tuple[Activation, Params]:
        """Run a layer, and return its output and new state."""
        place, ctx = self._places[name], self.ctx
        node, changes = self.nodes[place], dict(self.runtime.get(name, {}))
        if name in self.logits and node.layer.ends_in_nonlinearity():
            changes["nonlinearity"] = None
        layer = replace(node.layer, **changes)
        last = wants_channels_last(layer, fed)
        ctx = ctx._replace(
            key=None if ctx.key is None else jax.random.fold_in(ctx.key, self.numbers[place]),
            mask=repeat_mask(ctx.mask, fed),
            functions={
                other: partial(self._run_alone, other, last) for other in _referenced_layers(layer)
            },
        )
        inputs = [value.to_layout(last) for value in fed]
        params, kept = self.own_params(node), self.state.get(name, {})
        state, dtypes = kept, None
        if self.dtype != "float32":
            dtypes = LayerDtypes(node, self.dtype, inputs, exact=name in self._exact)
            inputs, params, state = dtypes.enter((inputs, params, kept))
        try:
            out, new = layer.apply(params, state, *inputs, ctx=ctx)
        except Exception as error:
            error.add_note(f"in {describe_layer(name, layer)}")
            raise
        if dtypes is not None:
            out, new = dtypes.leave(out), renewed_state(new, state, kept)
        return Activation(out, last), new

    def _run_alone(self, name: str, last: bool, *inputs: jax.Array) -> jax.Array:
        """Return the output of a layer for inputs in a layout, which it keeps."""
        out = self._run(name, [Activation(x, last) for x in inputs])[0].to_layout(last)
        return out if self.dtype == "float32" else cast_floats(out, inputs[0].dtype)


def _referenced_layers(layer: Layer) -> list[str]:
    """Return the names of the layers whose functions a layer uses."""
    references = reference_fields(type(layer)).items()
    return [getattr(layer, name) for name, kind in references if kind == "layer"]

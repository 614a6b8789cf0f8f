"""Build a network from layer entries and keywords, or raise all problems in one message."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from .. import init, nonlinearities
from ..errors import InvalidParameterError, LayerError, Problems, describe_layer, did_you_mean
from ..layers.base import Layer
from ..layers.shapes import Shape
from ..layers.specs import reference_fields
from ..layers.subgraph import Subgraph
from ..utils.fields import UNSET, field_kinds
from ..utils.image_shapes import (
    channels_hint,
    describe_rows,
    has_channels_last,
    move_channels_first,
)
from ..utils.other_names import LAYER, keyword_hint
from .activation import UNIT_FIELDS, takes_channels, unit_axis
from .ending import settled_ending
from .free_sizes import fits, is_free, misfit
from .graph import Network, Place
from .head import Head, scale_specs
from .largest_inputs import LargestInputs
from .layer_list import GRAPH, LayerEntry, incoming_fields, layer_keywords, resolve_fields
from .node import Node
from .node_checks import check_initial_values, check_nodes
from .sharing import ParameterNames, Source, find_source, is_reference
from .target_info import TargetInfo, with_target_units, with_units


def build_network(
    specs: list[LayerEntry],
    keywords: Mapping[str, Mapping[str, Any]],
    *,
    input_shapes: Mapping[str | None, Shape] | None = None,
    heads: Sequence[Head] | None = None,
    tasks: Sequence[TargetInfo] = (TargetInfo(),),
    images: bool = False,
    largest: Mapping[str | None, np.ndarray] = MappingProxyType({}),
    sized: Mapping[str, int] = MappingProxyType({}),
) -> Network:
    """Build the network described by layer entries and keywords.

    Parameters
    ----------
    specs : list of LayerEntry
    keywords : mapping of str to mapping
        Keywords by layer, which override the fields given in `specs`.
    input_shapes : mapping of str to tuple, optional
        Row shapes for input layers that have none; the key None stands for the only input layer.
    heads : sequence of Head, optional
        The output layers, the predicted ones first; by default the last layer.
    tasks : sequence of TargetInfo
        One for each target.
    images : bool
        Whether rows of several axes are images before they enter the network.
    largest : mapping of str to array, optional
        The largest value at each position of a row of each input, by which layers are sized.
    sized : mapping of str to int, optional
        The largest value of the input of layers, as in `Network.sized`, which comes first.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        With all problems: missing or invalid fields, unknown incoming layers, a cycle, shapes
        that do not fit.
    """
    builder = _Builder(specs, keywords, heads or [Head(specs[-1].name)], tasks, largest, sized)
    builder.infer(input_shapes or {}, images=images)
    return builder.finish()


INFERRED = ("shape", *UNIT_FIELDS, "nonlinearity")
"""Fields that may be left to the data, the targets or the kind of layer."""


class _Builder:
    def __init__(
        self,
        specs: list[LayerEntry],
        keywords: Mapping[str, Mapping[str, Any]],
        heads: Sequence[Head],
        tasks: Sequence[TargetInfo],
        largest: Mapping[str | None, np.ndarray],
        sized: Mapping[str, int],
    ) -> None:
        self.problems = Problems()
        self.tasks = tasks
        self.heads = {head.name: head for head in heads}
        self.keywords = dict(keywords)
        self.names = [spec.name for spec in specs]
        self.layers: dict[str, Layer] = {}
        self.incomings: dict[str, tuple[str, ...]] = {}
        self.free: dict[str, Shape] = {}
        self.largest = LargestInputs(largest, sized)
        self.parameters = ParameterNames((spec.name, spec.given) for spec in specs)
        for spec in specs:
            with self.problems.collect():
                given = resolve_fields(spec.name, spec.cls, keywords.get(spec.name, {}))
                self.keywords[spec.name] = given
            for field, value in self.keywords.get(spec.name, {}).items():
                with self.problems.collect():
                    self.parameters.check_keyword(spec, field, value)
        self.problems.raise_any()
        self.problems.call_each(self.add, specs, [None, *self.names[:-1]])
        self.problems.raise_any()
        for name, layer in self.layers.items():
            for field, kind in reference_fields(type(layer)).items():
                if kind == "layer":
                    self.incomings[name] += self.incomings.get(getattr(layer, field), ())

    def add(self, spec: LayerEntry, previous: str | None) -> None:
        """Create a layer and list its incoming layers."""
        own, aliases = self.keywords.get(spec.name, {}), spec.cls.aliases
        overridden = {aliases.get(name, name) for name in own}
        given = {
            name: value
            for name, value in spec.given.items()
            if aliases.get(name, name) not in overridden
        }
        given |= own
        self.incomings[spec.name] = self.take_incomings(spec, given, previous)
        self.layers[spec.name] = spec.cls(**self.fields(spec, given), name=spec.name)

    def take_incomings(
        self, spec: LayerEntry, given: dict[str, Any], previous: str | None
    ) -> tuple[str, ...]:
        """Remove the incoming layers from the given fields and return their names."""
        single, several = given.pop("incoming", None), given.pop("incomings", None)
        several = [several] if isinstance(several, str) else several
        names = [single] if single is not None else list(several or spec.incomings or ())
        fields = incoming_fields(spec.cls)
        if (names and not fields) or (len(names) > 1 and "incomings" not in fields):
            number = "one" if fields else "no"
            self.problems.add(
                f"{describe_layer(spec.name, spec.cls)} takes {number} incoming layer, got {names}"
            )
        if not fields:
            return ()
        if not names and previous is not None:
            names = [previous]
        if not names:
            self.problems.add(
                f"{describe_layer(spec.name, spec.cls)} has no incoming layer; "
                "a network must start with an InputLayer"
            )
        references = [(field, given.get(field)) for field in reference_fields(spec.cls)]
        incomings = [("incoming", name) for name in names] + [
            (field, name) for field, name in references if name not in (None, UNSET)
        ]
        for field, name in incomings:
            if name not in self.names:
                self.problems.add(
                    f"{describe_layer(spec.name, spec.cls)}: {field} must be the name of a layer, "
                    f"got {name!r}{_name_hint(name, self.names)}"
                )
        return tuple(name for _, name in incomings)

    def fields(self, spec: LayerEntry, given: dict[str, Any]) -> dict[str, Any]:
        """Return the given fields by their current names."""
        fields = {}
        keywords, aliases = layer_keywords(spec.cls), spec.cls.aliases
        for name, value in given.items():
            real = aliases.get(name, name)
            if name not in keywords:
                valid = [keyword for keyword in keywords if keyword not in GRAPH]
                self.problems.add(
                    f"{describe_layer(spec.name, spec.cls)} has no {name!r}."
                    f"{keyword_hint(name, valid, LAYER)}"
                )
            elif real in fields or (real != name and real in given):
                names = [repr(other) for other in given if aliases.get(other, other) == real]
                self.problems.add(
                    f"{describe_layer(spec.name, spec.cls)}: {real} must be given once, "
                    f"got {' and '.join(names)}"
                )
            else:
                fields[real] = self.named(spec, real, value)
        return fields

    def named(self, spec: LayerEntry, field: str, value: Any) -> Any:
        """Return the nonlinearity or initializer for its name, and other values unchanged.

        Among initial values, the name of a layer comes first: the parameter is shared with it.
        """
        if isinstance(value, Subgraph):
            return value.with_initial(field, partial(self.initial_value, spec))
        if field_kinds(spec.cls)[field] == "initial":
            return self.initial_value(spec, field, value)
        if not isinstance(value, str):
            return value
        if field.startswith("nonlinearity"):
            if value in nonlinearities.NAMED:
                return nonlinearities.NAMED[value]
            self.problems.add(
                f"{describe_layer(spec.name, spec.cls)}: {field} must be a function, its name, or "
                f"None for the identity, got {value!r}.{did_you_mean(value, nonlinearities.NAMED)}",
                InvalidParameterError,
            )
        return value

    def initial_value(self, spec: LayerEntry, param: str, value: Any) -> Any:
        """Return the initializer for its name, or the name of a parameter to share."""
        value = self.parameters.resolve(spec, param, value)
        if isinstance(value, str) and not is_reference(value, self.names):
            return init.NAMED.get(value, value)
        return value

    def infer(
        self,
        input_shapes: Mapping[str | None, Shape],
        *,
        images: bool = False,
    ) -> None:
        """Set the fields that follow from the data or the kind of layer."""
        inputs = [name for name in self.names if not self.incomings[name]]
        changes: dict[str, dict[str, Any]] = {name: {} for name in self.layers}
        for name, layer in self.layers.items():
            own = changes[name]
            only_input = len(inputs) == 1 and name not in input_shapes
            row_shape = input_shapes.get(None if only_input else name)
            unset = {field for field in INFERRED if getattr(layer, field, None) is UNSET}
            what = "X" if only_input else f"X[{name!r}]"
            if name in inputs:
                own |= self.input_shape(name, row_shape, what, images=images)
            if "nonlinearity" in unset and self.task(name).ending is None:
                own["nonlinearity"] = layer.default_nonlinearity
        for name, own in changes.items():
            if own:
                self.layers[name] = replace(self.layers[name], **own)

    def input_shape(
        self, name: str, row: Shape | None, what: str, *, images: bool
    ) -> dict[str, Shape]:
        """Return the shape of an input layer if it follows from the rows, after checking it."""
        given = getattr(self.layers[name], "shape", None)
        inferred: dict[str, Shape] = {}
        if given is UNSET and row is not None:
            inferred = {"shape": (None, *row)}
        elif isinstance(given, tuple) and is_free(given):
            inferred = self.fill_sizes(name, given, row, what)
            if not inferred or given[1] is not None:
                return inferred
        if images or takes_channels(name, self.layers, self.incomings):
            self.check_channels(name, row, inferred.get("shape"), what)
        return inferred

    def fill_sizes(self, name: str, shape: Shape, row: Shape | None, what: str) -> dict[str, Shape]:
        """Return the shape of an input layer with the sizes of the rows where it leaves them open.

        The open shape is kept in `free`.
        """
        if row is None:
            self.problems.add(
                f"{describe_layer(name, self.layers[name])}: shape must have known sizes to build "
                f"the network without data, got {shape}; call fit, which takes them from X, or "
                f"give sizes, as in {name}_shape={(None, *(size or 32 for size in shape[1:]))}"
            )
        elif not fits(row, shape):
            self.problems.add(misfit(what, name, row, shape))
        else:
            self.free[name] = (None, *shape[1:])
            return {"shape": (None, *row)}
        return {}

    def task(self, name: str) -> TargetInfo:
        """Return the defaults that follow from the target of a layer, if it is an output."""
        head = self.heads.get(name)
        return TargetInfo() if head is None else self.tasks[head.target]

    def units_task(self, name: str) -> tuple[TargetInfo, list[Layer]]:
        """Return what decides a layer's number of units, and the layers between it and the output.

        Those have no units of their own: a convolution and a GlobalPoolLayer may be an output
        together.
        """
        then: list[Layer] = []
        while name not in self.heads:
            fed = [other for other, names in self.incomings.items() if name in names]
            alone = len(fed) == 1 and len(self.incomings[fed[0]]) == 1
            if not alone or len(then) == len(self.names):  # the latter in a cycle
                return TargetInfo(), []
            (name,) = fed
            if any(hasattr(self.layers[name], field) for field in UNIT_FIELDS):
                return TargetInfo(), []
            then.append(self.layers[name])
        return self.task(name), then

    def set_ending(self, name: str, nodes: dict[str, Node]) -> None:
        """Set the axis of the units of an output, and its nonlinearity if the layer sets none."""
        node, task, head = nodes[name], self.task(name), self.heads[name]
        layer, shape, axis = node.layer, node.output_shape, 1
        if len(shape) > 2:
            ranks = {name: len(node.output_shape) for name, node in nodes.items()}
            axis = unit_axis(name, self.layers, self.incomings, ranks)
            axis = axis if task.unit_axis is None else task.unit_axis(shape, axis)
        self.heads[name] = head = head._replace(unit_axis=axis)
        if task.ending is None:
            return
        unset = getattr(layer, "nonlinearity", None) is UNSET
        if getattr(layer, "nonlinearity", None) and layer.ends_in_nonlinearity() and not unset:
            return
        ending = task.ending(shape, axis)
        settled = settled_ending(name, nodes, ending, axis)
        self.heads[name] = head = head._replace(settled=settled)
        if unset:
            changes: dict[str, Any] = {"nonlinearity": None if settled else ending}
            nodes[name] = node._replace(layer=replace(layer, **changes))
        elif not settled and not layer.ends_in_nonlinearity():
            self.heads[name] = head._replace(ending=ending)

    def check_channels(self, name: str, row: Shape | None, inferred: Any, what: str) -> None:
        """Check that rows, or else the given shape of an input layer, have channels first."""
        if inferred is not None and row is not None and has_channels_last(row):
            axes = ["n", "channels", "depth", "height", "width"]
            axes = axes if len(row) == 4 else [*axes[:2], *axes[3:]]
            self.problems.add(
                f"{what} must have shape ({', '.join(axes)}), got {describe_rows(row)}; "
                f"{channels_hint(row)}; if {row[0]} is the number of channels, set "
                f"{name}_shape={(None, *row)}"
            )
        given = getattr(self.layers[name], "shape", None)
        if inferred is None and isinstance(given, tuple) and has_channels_last(given[1:]):
            warnings.warn(
                f"{describe_layer(name, self.layers[name])}: shape {given} means {given[1]} "
                "channels; shapes of layers are channels first also for "
                f"data_format='channels_last': {(given[0], *move_channels_first(given[1:]))}",
                UserWarning,
                stacklevel=2,
            )

    def finish(self) -> Network:
        """Connect the layers and check the result."""
        for name in self.layers:
            layer = with_units(self.layers[name].sized_for(0), self.units_task(name)[0], 1)
            for error in layer.check():
                self.problems.add(f"{describe_layer(name, layer)}: {error}", InvalidParameterError)
        order = self.order()
        self.problems.raise_any()
        nodes: dict[str, Node] = {}
        for name in order:
            node = self.connect(name, nodes)
            if node is not None:
                nodes[name] = node
        self.problems.raise_any()
        for name in self.heads:
            self.set_ending(name, nodes)
        sources = self.share(nodes)
        shared = {place: source.place for place, source in sources.items()}
        self.problems.raise_any()
        heads = tuple(self.heads.values())
        check_nodes(nodes, heads, shared, self.names, self.problems)
        self.problems.raise_any()
        for head in heads:
            if head.scaled:
                node = nodes[head.name]
                specs = node.specs | scale_specs(node.output_shape)
                nodes[head.name] = node._replace(specs=specs)
        transposed = frozenset(place for place, source in sources.items() if source.transposed)
        sized = self.largest.used
        return Network(tuple(nodes.values()), heads, shared, self.free, transposed, sized=sized)

    def order(self) -> list[str]:
        """Sort the layers topologically, else in the given order, and check for cycles."""
        done: list[str] = []
        open_: list[str] = []

        def visit(name: str) -> None:
            if name in done:
                return
            if name in open_:
                cycle = " -> ".join([*open_[open_.index(name) :], name])
                raise ValueError(f"the layers form a cycle: {cycle}")
            open_.append(name)
            for incoming in self.incomings[name]:
                visit(incoming)
            done.append(open_.pop())

        with self.problems.collect():
            for name in self.names:
                visit(name)
        return done

    def connect(self, name: str, nodes: Mapping[str, Node]) -> Node | None:
        """Infer the shapes and parameters of a layer; None if it or its inputs are not valid."""
        incomings = self.incomings[name]
        if not all(incoming in nodes for incoming in incomings):
            return None
        shapes = tuple(nodes[incoming].output_shape for incoming in incomings)
        layer = self.layers[name]
        try:
            layer = self.largest.resize(name, layer, incomings)
            task, then = self.units_task(name)
            layer = self.layers[name] = with_target_units(layer, task, shapes, then)
            shape = layer.output_shape(*shapes)
            copies = layer.copies(*(nodes[incoming].copies for incoming in incomings))
            specs = layer.param_specs(*shapes)
            check_initial_values(specs)
        except LayerError as error:
            self.problems.add(f"{describe_layer(name, layer)}: {error}")
            return None
        node = Node(name, layer, incomings, shapes, shape, specs, copies)
        self.largest.add(node)
        return node

    def share(self, nodes: Mapping[str, Node]) -> dict[Place, Source]:
        """Return the source of the array of each shared parameter."""
        shared: dict[Place, Source] = {}
        for node in nodes.values():
            for param, spec in node.specs.items():
                if isinstance(spec.init, str):
                    with self.problems.collect():
                        shared[node.name, param] = find_source(node, param, nodes)
        return shared


def _name_hint(value: Any, names: Sequence[str]) -> str:
    """Return the nearest name of a layer, or what to write for a layer of another net."""
    if hasattr(value, "get_params"):
        hint = "write a new layer, and load_params_from(net, strict=False) for its weights"
        return f", a layer of another net; {hint}"
    return f".{did_you_mean(value, names)}"

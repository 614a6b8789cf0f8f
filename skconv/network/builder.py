"""From a named list and its keywords to a network, or to a message with all that is wrong."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..errors import LayerError, Problems, describe_layer, did_you_mean
from ..init import Array, Constant, as_initializer
from ..layers.base import Layer, ParamSpec, reference_fields
from ..layers.shapes import Shape
from ..utils.checks import fits_float32
from ..utils.fields import UNSET
from .graph import Head, Network, Node, Place
from .layer_list import GRAPH, LayerEntry


class TargetInfo(NamedTuple):
    """What a target says of the output layers that are trained on it.

    Parameters
    ----------
    num_units : int, optional
        Units for a layer that has none.
    ending : callable, optional
        From the number of units to the nonlinearity of a layer that has none.
    """

    num_units: int | None = None
    ending: Callable[[int | None], Any] | None = None


def build_network(
    specs: list[LayerEntry],
    keywords: Mapping[str, Mapping[str, Any]],
    *,
    input_shapes: Mapping[str | None, Shape] | None = None,
    heads: Sequence[Head] | None = None,
    tasks: Sequence[TargetInfo] = (TargetInfo(),),
) -> Network:
    """Build the network that the specs and keywords describe.

    Parameters
    ----------
    specs : list of LayerEntry
    keywords : mapping of str to mapping
        Keywords by layer; they prevail over what the specs hold.
    input_shapes : mapping of str to tuple, optional
        Shapes for input layers that have none; None names the only one.
    heads : sequence of Head, optional
        The output layers, those that are predicted first; by default the last layer.
    tasks : sequence of Task
        One for each target.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        With all faults: missing or impossible fields, incomings that do not exist, a cycle,
        shapes that do not fit.
    """
    builder = _Builder(specs, keywords, heads or [Head(specs[-1].name)])
    builder.infer(input_shapes or {}, tasks)
    return builder.finish()


class _Builder:
    def __init__(
        self,
        specs: list[LayerEntry],
        keywords: Mapping[str, Mapping[str, Any]],
        heads: Sequence[Head],
    ) -> None:
        self.problems = Problems()
        self.heads = {head.name: head for head in heads}
        self.names = [spec.name for spec in specs]
        self.layers: dict[str, Layer] = {}
        self.incomings: dict[str, tuple[str, ...]] = {}
        before: str | None = None
        for spec in specs:
            own = keywords.get(spec.name, {})
            prevail = {spec.cls.aliases.get(name, name) for name in own}
            given = {
                name: value
                for name, value in spec.given.items()
                if spec.cls.aliases.get(name, name) not in prevail
            }
            given |= own
            self.incomings[spec.name] = self.feeding(spec, given, before)
            with self.problems.collect():
                self.layers[spec.name] = spec.cls(**self.fields(spec, given), name=spec.name)
            before = spec.name
        self.problems.raise_any()
        for name, layer in self.layers.items():
            for field, kind in reference_fields(layer).items():
                if kind == "layer":
                    self.incomings[name] += self.incomings.get(getattr(layer, field), ())

    def feeding(
        self, spec: LayerEntry, given: dict[str, Any], before: str | None
    ) -> tuple[str, ...]:
        single, several = given.pop("incoming", None), given.pop("incomings", None)
        several = [several] if isinstance(several, str) else several
        names = [single] if single is not None else list(several or spec.incomings or ())
        fed_by = {f.name for f in dataclasses.fields(spec.cls) if f.name in GRAPH and f.init}
        if (names and not fed_by) or (len(names) > 1 and "incomings" not in fed_by):
            number = "one" if fed_by else "no"
            self.problems.add(
                f"{describe_layer(spec.name, spec.cls)} takes {number} incoming layer, got {names}"
            )
        if not fed_by:
            return ()
        if not names and before is not None:
            names = [before]
        if not names:
            self.problems.add(
                f"{describe_layer(spec.name, spec.cls)} has nothing to feed it; "
                "a network starts with an InputLayer"
            )
        feeds = [("incoming", name) for name in names]
        feeds += [(field, given.get(field)) for field in reference_fields(spec.cls)]
        feeds = [(field, name) for field, name in feeds if name not in (None, UNSET)]
        for field, name in feeds:
            if name not in self.names:
                self.problems.add(
                    f"{describe_layer(spec.name, spec.cls)}: {field} {name!r} does not exist."
                    f"{did_you_mean(name, self.names)}"
                )
        return tuple(name for _, name in feeds)

    def fields(self, spec: LayerEntry, given: dict[str, Any]) -> dict[str, Any]:
        fields = {}
        valid = [name for name in spec.keywords() if name not in GRAPH]
        for name, value in given.items():
            real = spec.cls.aliases.get(name, name)
            where = describe_layer(spec.name, spec.cls)
            if name not in valid:
                self.problems.add(f"{where} has no {name!r}.{did_you_mean(name, valid)}")
            elif real in fields or (real != name and real in given):
                self.problems.add(f"{where}: {real!r} is given twice, also by its older name")
            else:
                fields[real] = value
        return fields

    def infer(self, input_shapes: Mapping[str | None, Shape], tasks: Sequence[TargetInfo]) -> None:
        inputs = [name for name in self.names if not self.incomings[name]]
        for name, layer in self.layers.items():
            changes: dict[str, Any] = {}
            head = self.heads.get(name)
            num_units, ending = TargetInfo() if head is None else tasks[head.target]
            found = input_shapes.get(
                None if len(inputs) == 1 and name not in input_shapes else name
            )
            if name in inputs and layer.shape is UNSET and found is not None:
                changes["shape"] = (None, *found)
            if getattr(layer, "num_units", None) is UNSET and num_units:
                changes["num_units"] = num_units
            if getattr(layer, "nonlinearity", None) is UNSET:
                changes["nonlinearity"] = layer.default_nonlinearity
            if ending is not None:
                last = ending(changes.get("num_units", getattr(layer, "num_units", None)))
                if "nonlinearity" in changes:
                    changes["nonlinearity"] = last
                elif not layer.ends_in_nonlinearity():
                    self.heads[name] = head._replace(ending=last)
            self.layers[name] = replace(layer, **changes)

    def finish(self) -> Network:
        for name, layer in self.layers.items():
            for error in layer.check():
                self.problems.add(f"{describe_layer(name, layer)}: {error}")
        order = self.order()
        self.problems.raise_any()
        nodes: dict[str, Node] = {}
        for name in order:
            node = self.place(name, nodes)
            if node is not None:
                nodes[name] = node
        self.problems.raise_any()
        shared = self.share(nodes)
        self.check_use(nodes)
        heads = tuple(self.heads.values())
        for head in heads:
            self.check_end(nodes[head.name])
            self.compare(nodes[head.name], nodes[heads[head.target].name])
        self.problems.raise_any()
        return Network(tuple(nodes.values()), heads, shared)

    def compare(self, aux: Node, output: Node) -> None:
        """Note an auxiliary output that cannot be trained on the output's target."""
        if aux.output_shape != output.output_shape:
            self.problems.add(
                f"{describe_layer(aux.name, aux.layer)} has shape {aux.output_shape} and cannot be "
                f"trained on the target of {output.name!r}, which has {output.output_shape}"
            )

    def order(self) -> list[str]:
        """List each layer after those that feed it, else as given; note a cycle."""
        done: list[str] = []
        open_: list[str] = []

        def visit(name: str) -> None:
            if name in done:
                return
            if name in open_:
                cycle = " -> ".join([*open_[open_.index(name) :], name])
                raise ValueError(f"the layers form a cycle: {cycle}")
            open_.append(name)
            for feed in self.incomings[name]:
                visit(feed)
            done.append(open_.pop())

        with self.problems.collect():
            for name in self.names:
                visit(name)
        return done

    def place(self, name: str, nodes: Mapping[str, Node]) -> Node | None:
        layer, incomings = self.layers[name], self.incomings[name]
        if not all(feed in nodes for feed in incomings):
            return None
        shapes = tuple(nodes[feed].output_shape for feed in incomings)
        try:
            shape = layer.output_shape(*shapes)
            copies = layer.copies(*(nodes[feed].copies for feed in incomings))
            specs = layer.param_specs(*shapes)
            for param, spec in specs.items():
                _check_init(param, spec)
        except LayerError as error:
            self.problems.add(f"{describe_layer(name, layer)} {error}")
            return None
        return Node(name, layer, incomings, shapes, shape, specs, copies)

    def check_use(self, nodes: Mapping[str, Node]) -> None:
        """Note penalties and factors of gradients that have nothing to act on."""
        for keyword in ("l1", "l2", "grad_scale"):
            able = [
                node.name
                for node in nodes.values()
                if any(
                    spec.trainable and (spec.regularizable or keyword == "grad_scale")
                    for spec in node.specs.values()
                )
            ]
            for name, node in nodes.items():
                value = getattr(node.layer, keyword)
                if value is not None and name not in able:
                    self.problems.add(
                        f"{describe_layer(name, node.layer)} has no parameters for {keyword}={value!r} to "
                        f"act on; layers that have some: {', '.join(able) or 'none'}"
                    )

    def check_end(self, last: Node) -> None:
        """Note an output that has not one row for each row of X."""
        if last.copies:
            self.problems.add(
                f"{describe_layer(last.name, last.layer)} is an output and holds "
                f"{math.prod(last.copies)} copies of each row; a CyclicPoolLayer must come before"
            )

    def share(self, nodes: Mapping[str, Node]) -> dict[Place, Place]:
        shared: dict[Place, Place] = {}
        for node in nodes.values():
            for param, spec in node.specs.items():
                if isinstance(spec.init, str):
                    with self.problems.collect():
                        shared[node.name, param] = self.keeper(node, param, nodes)
        return shared

    def keeper(self, node: Node, param: str, nodes: Mapping[str, Node]) -> Place:
        """Follow the names of a shared parameter to where it is kept."""
        spec = node.specs[param]
        where, passed = describe_layer(node.name, node.layer), [node.name]
        kept = spec
        while isinstance(kept.init, str):
            target = kept.init
            if target not in nodes or param not in nodes[target].specs:
                owners = [n.name for n in nodes.values() if param in n.specs]
                raise ValueError(
                    f"{where}: {param}={target!r} is no layer with a {param!r}."
                    f"{did_you_mean(target, owners)}"
                )
            if target in passed:
                raise ValueError(f"{where}: {param} is shared in a circle: {passed}")
            passed.append(target)
            kept = nodes[target].specs[param]
        if kept.shape != spec.shape:
            raise ValueError(
                f"{where}: {param} has shape {spec.shape} and cannot be shared with "
                f"{passed[-1]!r}, where it has shape {kept.shape}"
            )
        return passed[-1], param


def _check_init(param: str, spec: ParamSpec) -> None:
    if isinstance(spec.init, str):
        if not spec.trainable:
            raise LayerError(f"{param} is state and cannot be shared, got {spec.init!r}")
        return
    try:
        given = as_initializer(spec.init)
    except (TypeError, ValueError):
        hint = f"; write {spec.init.__name__}()" if isinstance(spec.init, type) else ""
        raise LayerError(
            f"{param} must be an initializer, a number, an array or the name of a layer, "
            f"got {spec.init!r}{hint}"
        ) from None
    if isinstance(given, Array) and given.values.shape != spec.shape:
        raise LayerError(f"{param} must have shape {spec.shape}, got {given.values.shape}")
    if isinstance(given, Array | Constant):
        values = given.values if isinstance(given, Array) else given.val
        if not fits_float32(values):
            raise LayerError(f"{param} must hold finite numbers, got {spec.init!r}")

"""From the parameters of a net to what is built and trained, with all faults in one message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Protocol

from ..augment.pipeline import Entry, check_entries, read_entries
from ..augment.tunable import without_values
from ..data.output_targets import Outputs, by_output, output_names, regression_by_output
from ..data.targets import Target, from_output
from ..errors import Problems, describe_layer, did_you_mean
from ..layers.base import Layer
from ..models import default
from ..network.builder import TargetInfo, build_network
from ..network.graph import Head, Network, Runtime, as_float32
from ..network.layer_list import LayerEntry, read_layers
from ..nonlinearities import linear, softmax
from ..training.events import EVENTS
from ..training.plan import Plan, Scores
from ..updates.update_rule import Update, resolve_update
from ..utils.checks import as_list
from .routing import (
    SplitKeywords,
    check_collisions,
    keyword_owners,
    loss_parameters,
    parameters_of,
    route_keywords,
    sort_keywords,
)


class ConfiguredNet(Protocol):
    """A net as a fit reads its parameters, at its start and while it trains."""

    def _settings(self) -> dict[str, Any]:
        """Return all parameters by their current names."""

    @classmethod
    def _own(cls) -> set[str]:
        """Return the names of the parameters without a prefix."""


@dataclass(frozen=True)
class Blueprint:
    """The parameters of a net, each keyword with its owner.

    Parameters
    ----------
    specs : list of LayerEntry
    keywords : dict of str to dict
        By layer.
    update : Update
    update_values : dict of str to float or schedule
    objective : callable
    objective_given : SplitKeywords
        Keywords of the objective.
    losses_given : tuple of SplitKeywords
        By output, keywords of the loss function.
    heads : tuple of Head
    weights : tuple of float
        Of the heads in the training loss.
    regression : tuple of bool
        By output, whether it answers with numbers.
    losses : tuple of (callable or None)
        By output, None for what suits the target.
    augment : tuple of Entry
    """

    specs: list[LayerEntry]
    keywords: dict[str, dict[str, Any]]
    update: Update
    update_values: dict[str, Any]
    objective: Callable[..., Any]
    objective_given: SplitKeywords
    losses_given: tuple[SplitKeywords, ...]
    heads: tuple[Head, ...]
    weights: tuple[float, ...]
    regression: tuple[bool, ...]
    losses: tuple[Callable[..., Any] | None, ...]
    augment: tuple[Entry, ...]

    def network(
        self, shapes: Mapping[str | None, tuple[int, ...]], outputs: Outputs | None
    ) -> Network:
        """Build the network.

        Parameters
        ----------
        shapes : mapping of str to tuple
            Shape of a row of each input, as far as known.
        outputs : Outputs or None
            None where no targets are known.
        """
        known = outputs.targets if outputs else (None,) * len(self.regression)
        tasks = list(map(_task, known, self.regression))
        return build_network(
            self.specs, self.keywords, input_shapes=shapes, heads=self.heads, tasks=tasks
        )

    def runtime(self, network: Network) -> Runtime:
        """Numbers of the layers as the keywords say now, where the network has others."""
        runtime = network.runtime()
        for spec in self.specs:
            own, layer = runtime[spec.name], network.node(spec.name).layer
            changes = _runtime_changes(spec, layer, own, self.keywords[spec.name])
            if not changes:
                continue
            for error in replace(layer, **changes).check():
                raise ValueError(f"{describe_layer(spec.name, layer)}: {error}")
            for name, value in changes.items():
                if name not in own or value is None:
                    raise ValueError(
                        f"{describe_layer(spec.name, layer)}: {name} must stay "
                        f"{getattr(layer, name)!r} in this training, got {value!r}; "
                        "another network needs a fit of its own"
                    )
            own.update(changes)
        return as_float32(runtime)

    def transforms(self) -> tuple[Callable[..., Any], ...]:
        """Transforms without their numbers, as a plan holds them."""
        return tuple(without_values(entry.transform) for entry in self.augment)


def _runtime_changes(
    spec: LayerEntry, layer: Layer, own: Mapping[str, Any], keywords: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keywords of a layer that set runtime values, by field.

    Parameters
    ----------
    spec : LayerEntry
    layer : Layer
        The layer as the network holds it.
    own : mapping of str to float
        Its runtime values.
    keywords : mapping of str to object
    """
    by_name = {field.name: field for field in fields(layer)}
    changes = {}
    for keyword, value in keywords.items():
        name = spec.cls.aliases.get(keyword, keyword)
        metadata = by_name[name].metadata if name in by_name else {}
        if name in own:
            changes[name] = metadata.get("absent") if value is None else value
        elif metadata.get("kind") == "optional" and value is not None:
            changes[name] = value
    return changes


def _task(target: Target | None, numbers: bool) -> TargetInfo:
    """What a target, or its kind alone, says of an output layer."""

    def ending(units: Any) -> Any:
        try:
            known = target or from_output((None, units), regression=numbers)
            return known.match((None, units)).nonlinearity
        except (ValueError, TypeError):
            return target.nonlinearity if target else (linear if numbers else softmax)

    return TargetInfo(target.num_units if target else None, ending)


def make_blueprint(
    params: Mapping[str, Any], own: set[str], shape: tuple[int, ...] | None
) -> Blueprint:
    """Hand each keyword to its owner.

    Parameters
    ----------
    params : mapping of str to object
        All parameters of the net.
    own : set of str
        Names of those without a prefix.
    shape : tuple of int or None
        Shape of a row, for the network of ``layers=None``.

    Returns
    -------
    Blueprint

    Raises
    ------
    ValueError
        With all keywords that nobody takes, and all layers that collide with a parameter.
    """
    problems = Problems()
    layers, given = params["layers"], {}
    if layers is None:
        given = default(shape or (1,))
        layers = given.pop("layers")
    given |= {name: value for name, value in params.items() if name not in own}
    given |= params["more_params"] or {}
    specs: list[LayerEntry] = []
    with problems.collect():
        specs = read_layers(layers)
    transforms = [] if params["augment"] is None else read_entries(params["augment"])
    check_collisions(specs, transforms, own, problems)
    objective = params["objective"]
    routed, unknown = {}, Problems()
    if specs:
        routed, unknown = route_keywords(given, keyword_owners(specs, transforms, params), own)
    problems.found += unknown.found
    update, update_values = Update(None, (), ()), {}
    if callable(params["update"]) or isinstance(params["update"], tuple):
        with problems.collect():
            update, update_values = resolve_update(params["update"], routed.get("update", {}))
    heads, weights, losses = (), (), ()
    names = output_names(params["outputs"])
    aux = params["aux_outputs"] if isinstance(params["aux_outputs"], Mapping) else {}
    with problems.collect():
        by_output("regression", params["regression"], names, False)
    with problems.collect():
        name = "objective_loss_function"
        losses = by_output(name, params[name], names, None)
    if specs:
        with problems.collect():
            heads = read_heads(params["outputs"], aux, [spec.name for spec in specs])
            weights = head_weights(heads, params["output_weights"] or {}, aux)
    augment = [
        entry.tuned(routed[entry.prefix]) if entry.prefix in routed else entry
        for entry in transforms
    ]
    if augment:
        check_entries(augment, problems)
    problems.raise_any()
    own_keywords, given = parameters_of(objective), routed["objective"]
    objective_given = sort_keywords(own_keywords, given, problems)
    rest = {name: value for name, value in given.items() if name not in own_keywords}
    losses_given = tuple(sort_keywords(takes, rest, problems) for takes in loss_parameters(params))
    problems.raise_any()
    return Blueprint(
        specs,
        {spec.name: routed[spec.name] for spec in specs},
        update,
        update_values,
        objective,
        objective_given,
        losses_given,
        heads,
        weights,
        regression_by_output(params["regression"], params["outputs"]),
        losses,
        tuple(augment),
    )


def _holding(loss: Callable[..., Any], structure: tuple[tuple[str, Any], ...]) -> Any:
    return partial(loss, **dict(structure)) if structure else loss


def make_plan(
    blueprint: Blueprint, network: Network, outputs: Outputs, params: Mapping[str, Any]
) -> Plan:
    """Collect all that decides what is compiled."""
    pairs = zip(blueprint.losses, outputs.targets, blueprint.losses_given, strict=True)
    made = Plan(
        network=network,
        objective=blueprint.objective,
        objective_structure=blueprint.objective_given.structure,
        loss_functions=tuple(
            _holding(loss or target.loss, given.structure) for loss, target, given in pairs
        ),
        accuracies=tuple(target.accuracy for target in outputs.targets),
        update=blueprint.update,
        augment=blueprint.transforms(),
        scores_train=tuple(map(tuple, as_list(params["scores_train"]))),
        scores_valid=tuple(map(tuple, as_list(params["scores_valid"]))),
        measures=_measures(params),
    )
    problems = Problems()
    for argument in ("custom_scores", "scores_train", "scores_valid"):
        taken = [*made.columns, *(name for name, _ in made.measures)]
        for name, _ in as_list(params[argument]):
            if name in taken:
                problems.add(f"{argument}: {name!r} is a column of the history already")
    problems.raise_any()
    return made


def _measures(params: Mapping[str, Any]) -> Scores:
    """Collect what the handlers want to know of the steps, each once."""
    handlers = [handler for name in EVENTS for handler in as_list(params[name])]
    return tuple(dict(pair for h in handlers for pair in getattr(h, "measures", ())).items())


def read_heads(outputs: Any, aux_outputs: Iterable[str], layers: Sequence[str]) -> tuple[Head, ...]:
    """Find the output layers, those that are predicted first.

    Parameters
    ----------
    outputs : str, list of str or None
    aux_outputs : iterable of str
        Auxiliary outputs, trained on the target of the first output.
    layers : sequence of str
        Names of all layers.

    Returns
    -------
    tuple of Head

    Raises
    ------
    ValueError
        With all names that no layer has, or that are there twice.
    """
    problems = Problems()
    names = [layers[-1] if name is None else name for name in output_names(outputs)]
    aux = list(aux_outputs)
    for argument, given in (("outputs", names), ("aux_outputs", aux)):
        for name in given:
            if name not in layers:
                problems.add(f"{argument}: there is no layer {name!r}.{did_you_mean(name, layers)}")
    for i, name in enumerate(names):
        if name in names[:i]:
            problems.add(f"outputs: {name!r} is there twice")
        if name in aux:
            problems.add(f"aux_outputs: {name!r} is an output already")
    problems.raise_any()
    predicted = [Head(name, target) for target, name in enumerate(names)]
    return (*predicted, *(Head(name, predicted=False) for name in aux))


def head_weights(
    heads: Sequence[Head],
    output_weights: Mapping[str, float],
    aux_outputs: Mapping[str, float],
) -> tuple[float, ...]:
    """Weight of each output in the training loss; one where nothing is said.

    Examples
    --------
    >>> heads = read_heads(['digit', 'parity'], ['early'], ['early', 'digit', 'parity'])
    >>> head_weights(heads, {'parity': 0.5}, {'early': 0.3})
    (1.0, 0.5, 0.3)
    """
    names = [head.name for head in heads if head.predicted]
    return (*by_output("output_weights", output_weights, names, 1.0), *aux_outputs.values())

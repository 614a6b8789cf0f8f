"""From the parameters of a net to what is built and trained, with all faults in one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from .augmenting import Entry, check_entries, entries
from .building import Task, build
from .errors import Faults, called
from .heads import Head, by_output, head_weights, numeric, output_names, read_heads
from .keys import structural_key
from .layers.base import kind_of
from .layers.spec import Spec, read
from .models import default
from .moments import MOMENTS
from .network import Network, Runtime
from .nonlinearities import linear, softmax
from .outputs import Outputs
from .owners import (
    Given,
    check_collisions,
    loss_parameters,
    owners,
    parameters_of,
    sort_keywords,
)
from .params import route
from .passes import Values
from .plans import Plan, Scores
from .settings import as_list
from .targets import Target, from_output
from .tunable import numbers_of, structure_of
from .updating import Update, resolve, values_at


@dataclass(frozen=True)
class Blueprint:
    """The parameters of a net, each keyword with its owner.

    Parameters
    ----------
    specs : list of Spec
    keywords : dict of str to dict
        By layer.
    update : Update
    update_values : dict of str to float or schedule
    objective : callable
    objective_given : Given
        Keywords of the objective.
    losses_given : tuple of Given
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

    specs: list[Spec]
    keywords: dict[str, dict[str, Any]]
    update: Update
    update_values: dict[str, Any]
    objective: Callable[..., Any]
    objective_given: Given
    losses_given: tuple[Given, ...]
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
        return build(self.specs, self.keywords, input_shapes=shapes, heads=self.heads, tasks=tasks)

    def runtime(self, network: Network) -> Runtime:
        """Numbers of the layers as the keywords say now, where the network has others."""
        runtime = network.runtime()
        for spec in self.specs:
            own, layer = runtime[spec.name], network.node(spec.name).layer
            kinds = {f.name: kind_of(f) for f in fields(layer)}
            absent = {f.name: f.metadata.get("absent") for f in fields(layer)}
            changes = {
                spec.cls.aliases.get(name, name): value
                for name, value in self.keywords[spec.name].items()
            }
            changes = {
                name: absent[name] if value is None and name in own else value
                for name, value in changes.items()
                if name in own or (kinds[name] == "optional" and value is not None)
            }
            for fault in replace(layer, **changes).check():
                raise ValueError(f"{called(spec.name, layer)}: {fault}")
            for name, value in changes.items():
                if name not in own or value is None:
                    raise ValueError(
                        f"{called(spec.name, layer)} has {name}={getattr(layer, name)!r} in this "
                        f"training; {value!r} would need a fit of its own"
                    )
            own.update(changes)
        return as_numbers(runtime)

    def transforms(self) -> tuple[Callable[..., Any], ...]:
        """Transforms without their numbers, as a plan holds them."""
        return tuple(structure_of(entry.transform) for entry in self.augment)


def _task(target: Target | None, numbers: bool) -> Task:
    """What a target, or its kind alone, says of an output layer."""

    def ending(units: Any) -> Any:
        try:
            known = target or from_output((None, units), regression=numbers)
            return known.match((None, units)).nonlinearity
        except (ValueError, TypeError):
            return target.nonlinearity if target else (linear if numbers else softmax)

    return Task(target.num_units if target else None, ending)


def as_numbers(runtime: Runtime) -> Runtime:
    """Give numbers one dtype, so that no program is compiled for another."""
    return {
        layer: {name: np.float32(value) for name, value in own.items()}
        for layer, own in runtime.items()
    }


def blueprint(params: Mapping[str, Any], own: set[str], shape: tuple[int, ...] | None) -> Blueprint:
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
    faults = Faults()
    layers, given = params["layers"], {}
    if layers is None:
        given = default(shape or (1,))
        layers = given.pop("layers")
    given |= {name: value for name, value in params.items() if name not in own}
    given |= params["more_params"] or {}
    specs: list[Spec] = []
    with faults.collect():
        specs = read(layers)
    check_collisions(specs, params, own, faults)
    objective = params["objective"]
    routed, unknown = route(given, owners(specs, params), own) if specs else ({}, Faults())
    faults.found += unknown.found
    update, update_values = Update(None, (), ()), {}
    if callable(params["update"]) or isinstance(params["update"], tuple):
        with faults.collect():
            update, update_values = resolve(params["update"], routed.get("update", {}))
    heads, weights, losses = (), (), ()
    names = output_names(params["outputs"])
    aux = params["aux_outputs"] if isinstance(params["aux_outputs"], Mapping) else {}
    with faults.collect():
        by_output("regression", params["regression"], names, False)
    with faults.collect():
        name = "objective_loss_function"
        losses = by_output(name, params[name], names, None)
    if specs:
        with faults.collect():
            heads = read_heads(params["outputs"], aux, [spec.name for spec in specs])
            weights = head_weights(heads, params["output_weights"] or {}, aux)
    augment = [
        entry.tuned(routed[entry.prefix]) if entry.prefix in routed else entry
        for entry in entries(params["augment"])
    ]
    check_entries(augment, faults)
    faults.raise_any()
    own_keywords, given = parameters_of(objective), routed["objective"]
    objective_given = sort_keywords(own_keywords, given, faults)
    rest = {name: value for name, value in given.items() if name not in own_keywords}
    losses_given = tuple(sort_keywords(takes, rest, faults) for takes in loss_parameters(params))
    faults.raise_any()
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
        numeric(params["regression"], params["outputs"]),
        losses,
        tuple(augment),
    )


def _holding(loss: Callable[..., Any], structure: tuple[tuple[str, Any], ...]) -> Any:
    return partial(loss, **dict(structure)) if structure else loss


def plan(
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
    faults = Faults()
    for argument in ("custom_scores", "scores_train", "scores_valid"):
        taken = [*made.columns, *(name for name, _ in made.measures)]
        for name, _ in as_list(params[argument]):
            if name in taken:
                faults.add(f"{argument}: {name!r} is a column of the history already")
    faults.raise_any()
    return made


def _measures(params: Mapping[str, Any]) -> Scores:
    """Collect what the handlers want to know of the steps, each once."""
    handlers = [handler for name in MOMENTS for handler in as_list(params[name])]
    return tuple(dict(pair for h in handlers for pair in getattr(h, "measures", ())).items())


class LiveValues:
    """The numbers for the coming steps, as the net's parameters are at that moment.

    Parameters
    ----------
    params : callable
        Returns the net's parameters by name; a handler may have changed them.
    make : callable
        From parameters to a `Blueprint`.
    network : Network
    """

    def __init__(
        self,
        params: Callable[[], dict[str, Any]],
        make: Callable[[dict[str, Any]], Blueprint],
        network: Network,
    ) -> None:
        self._params = params
        self._make = make
        self._network = network
        self._seen: dict[str, Any] = {}
        self._blueprint: Blueprint | None = None
        self._fixed = Values({}, {}, {}, (), (), ())

    def __call__(self, start: int, steps: int) -> Values:
        """Numbers for `steps` steps after the first `start`."""
        now = self._params()
        if self._blueprint is None or not _identical(now, self._seen):
            self.renew(now, self._make(now))
        update = values_at(self._blueprint.update_values, start, steps)
        return self._fixed._replace(update=update)

    def renew(self, now: dict[str, Any], new: Blueprint) -> None:
        """Take the numbers from now on from other parameters, and their blueprint."""
        old = self._blueprint
        if old is not None and (old.update.names != new.update.names):
            raise ValueError(
                f"the update takes {old.update.names} in this training; "
                f"{new.update.names} would need a fit of its own"
            )
        if new.heads != tuple(head._replace(ending=None) for head in self._network.heads):
            raise ValueError("the outputs of a net cannot change in training; fit it afresh")
        if old is not None and _key(old) != _key(new):
            raise ValueError(
                "only numbers of the transforms in augment can change in training; "
                "all else needs a fit of its own"
            )
        self._seen, self._blueprint = now, new
        objective, *losses = (
            {name: np.float32(value) for name, value in given.values.items()}
            for given in (new.objective_given, *new.losses_given)
        )
        weights = np.asarray(new.weights, np.float32)
        augment = tuple(numbers_of(entry.transform) for entry in new.augment)
        runtime = new.runtime(self._network)
        self._fixed = Values(runtime, {}, objective, tuple(losses), weights, augment)


def _key(blueprint: Blueprint) -> Any:
    return structural_key(blueprint.transforms())


def _identical(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)

"""From the parameters of a net to what is built and trained, with all faults in one message."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .building import Task, build
from .errors import Faults, called
from .heads import Head, by_output, head_weights, numeric, output_names, read_heads
from .layers.base import kind_of
from .layers.spec import Spec, read
from .models import default
from .network import Network, Runtime
from .nonlinearities import linear, softmax
from .outputs import Outputs
from .params import route
from .passes import Values
from .plans import Plan
from .scalars import is_number, takes_number
from .settings import as_list
from .targets import Classes, Labels, Numbers, Target, from_output
from .updating import Update, keywords, resolve, values_at

PREFIXES = ("update", "objective")


class Given(NamedTuple):
    """Keywords by what they decide.

    Parameters
    ----------
    structure : tuple of (str, object)
        What is compiled.
    values : dict of str to float
        What enters the compiled step.
    """

    structure: tuple[tuple[str, Any], ...]
    values: dict[str, float]


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
            changes = {
                spec.cls.aliases.get(name, name): value
                for name, value in self.keywords[spec.name].items()
            }
            changes = {
                name: value
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
    _check_collisions(specs, own, faults)
    objective = params["objective"]
    routed, unknown = route(given, _owners(specs, params), own) if specs else ({}, Faults())
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
    faults.raise_any()
    own_keywords, given = _parameters(objective), routed["objective"]
    objective_given = _sorted(own_keywords, given, faults)
    rest = {name: value for name, value in given.items() if name not in own_keywords}
    losses_given = tuple(_sorted(takes, rest, faults) for takes in _loss_parameters(params))
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
    )


def _sorted(
    takes: Mapping[str, inspect.Parameter], given: Mapping[str, Any], faults: Faults
) -> Given:
    """Sort the keywords that a function takes, of which those of a whole number are counts."""
    values, structure = {}, {}
    for name, value in given.items():
        if name not in takes:
            continue
        if is_number(value) and not isinstance(takes[name].default, int):
            values[name] = value
        elif takes_number(takes[name]) and value is not None:
            faults.add(f"objective_{name}={value!r} is no number")
        elif value is not takes[name].default:
            structure[name] = value
    return Given(tuple(sorted(structure.items())), values)


def check_names(params: Mapping[str, Any], own: set[str], names: Iterable[str]) -> None:
    """Check that keywords have an owner, whatever else the parameters are.

    Parameters
    ----------
    params : mapping of str to object
        All parameters of the net.
    own : set of str
        Names of those without a prefix.
    names : iterable of str
        The keywords to check.

    Raises
    ------
    ValueError
        With all keywords that nobody takes.
    """
    layers = params["layers"]
    specs = read(default((3, 32, 32))["layers"] if layers is None else layers)
    route(dict.fromkeys(names), _owners(specs, params), own)[1].raise_any()


def _owners(specs: list[Spec], params: Mapping[str, Any]) -> dict[str, Iterable[str] | None]:
    owners: dict[str, Iterable[str] | None] = {spec.name: spec.keywords() for spec in specs}
    owners["update"] = keywords(params["update"])
    owners["objective"] = _parameters(params["objective"])
    for takes in _loss_parameters(params):
        owners["objective"] |= takes
    return owners


def _check_collisions(specs: list[Spec], own: set[str], faults: Faults) -> None:
    for spec in specs:
        where = called(spec.name, spec.cls)
        if spec.name in PREFIXES or spec.name in own:
            faults.add(f"{where} is called as a parameter of NeuralNet; choose another name")
        for keyword in spec.keywords():
            if f"{spec.name}_{keyword}" in own:
                faults.add(
                    f"{where} collides with the parameter '{spec.name}_{keyword}' of NeuralNet; "
                    "choose another name"
                )


def _parameters(objective: Any) -> dict[str, inspect.Parameter]:
    """Keywords of the objective that a user may set."""
    if not callable(objective):
        return {}
    parameters = inspect.signature(objective).parameters
    return {
        name: p
        for name, p in parameters.items()
        if p.kind is p.KEYWORD_ONLY and name != "loss_function"
    }


def _loss_parameters(params: Mapping[str, Any]) -> tuple[dict[str, inspect.Parameter], ...]:
    """Keywords that the loss function of each output takes beside predictions and targets."""
    names, argument = output_names(params["outputs"]), "objective_loss_function"
    numbers = numeric(params["regression"], params["outputs"])
    try:
        losses = by_output(argument, params[argument], names, None)
    except ValueError:  # that message is not about keywords
        losses = (None,) * len(names)
    by_task = [[Numbers.loss] if number else [Classes.loss, Labels.loss] for number in numbers]
    return tuple(
        _keywords(suiting if loss is None else [loss])
        for loss, suiting in zip(losses, by_task, strict=True)
    )


def _keywords(losses: Iterable[Any]) -> dict[str, inspect.Parameter]:
    found: dict[str, inspect.Parameter] = {}
    for loss in filter(callable, losses):
        try:
            parameters = inspect.signature(loss).parameters
        except ValueError:  # functions of other languages have no signature
            continue
        further = list(parameters.values())[2:]
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        found |= {p.name: p for p in further if p.kind in named}
    return found


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
        augment=tuple(as_list(params["augment"])),
        scores_train=tuple(map(tuple, as_list(params["scores_train"]))),
        scores_valid=tuple(map(tuple, as_list(params["scores_valid"]))),
    )
    faults = Faults()
    for argument in ("custom_scores", "scores_train", "scores_valid"):
        for name, _ in as_list(params[argument]):
            if name in made.columns:
                faults.add(f"{argument}: {name!r} is a column of the history already")
    faults.raise_any()
    return made


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
        self._fixed = Values({}, {}, {}, (), ())

    def __call__(self, start: int, steps: int) -> Values:
        """Numbers for `steps` steps after the first `start`."""
        now = self._params()
        if self._blueprint is None or not _identical(now, self._seen):
            self._renew(now)
        update = values_at(self._blueprint.update_values, start, steps)
        return self._fixed._replace(update=update)

    def _renew(self, now: dict[str, Any]) -> None:
        new = self._make(now)
        old = self._blueprint
        if old is not None and (old.update.names != new.update.names):
            raise ValueError(
                f"the update takes {old.update.names} in this training; "
                f"{new.update.names} would need a fit of its own"
            )
        if new.heads != tuple(head._replace(ending=None) for head in self._network.heads):
            raise ValueError("the outputs of a net cannot change in training; fit it afresh")
        self._seen, self._blueprint = now, new
        objective, *losses = (
            {name: np.float32(value) for name, value in given.values.items()}
            for given in (new.objective_given, *new.losses_given)
        )
        weights = np.asarray(new.weights, np.float32)
        self._fixed = Values(new.runtime(self._network), {}, objective, tuple(losses), weights)


def _identical(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)

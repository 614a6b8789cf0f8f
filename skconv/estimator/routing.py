"""Routing of a net's prefixed keywords to layers, update, objective and transforms."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..augment.pipeline import Entry, read_entries
from ..errors import Problems, describe_layer, did_you_mean
from ..models.default import default
from ..network.layer_list import LayerEntry, layer_keywords, read_layers
from ..objectives import objective as default_objective
from ..targets.by_output import by_output, output_names, regression_by_output
from ..targets.classes import Classes
from ..targets.labels import Labels
from ..targets.numbers import Numbers
from ..updates.by_name import rules_with
from ..updates.update_rule import update_keywords
from ..utils.checks import Check, checks_of, function_name, in_float32, is_number, takes_number
from ..utils.loss_contracts import WEIGHTS, LossInfo, contract_of
from ..utils.other_names import LAYER, UPDATE, keyword_hint, parameter_hint
from ..utils.signatures import signature_of


def route_keywords(
    given: Mapping[str, Any], owners: Mapping[str, Iterable[str] | None], known: Iterable[str]
) -> tuple[dict[str, dict[str, Any]], Problems]:
    """Route each prefixed keyword to its owner.

    The longest prefix whose owner has the keyword wins, so ``pool_pool_size`` works whether the
    layer is named ``pool`` or ``pool_pool``.

    Parameters
    ----------
    given : mapping of str to object
        Prefixed keywords.
    owners : mapping of str to iterable of str or None
        Keywords accepted with each prefix; None accepts any.
    known : iterable of str
        Names without a prefix, for the hints.

    Returns
    -------
    routed : dict of str to dict
        Keywords without their prefix, by owner; every owner has an entry.
    problems : Problems
        One error per unknown keyword.

    Examples
    --------
    >>> route_keywords({'conv1_stride': 2}, {'conv1': ['stride'], 'update': None}, [])[0]
    {'conv1': {'stride': 2}, 'update': {}}
    """
    takes = {prefix: None if names is None else list(names) for prefix, names in owners.items()}
    routed: dict[str, dict[str, Any]] = {prefix: {} for prefix in takes}
    problems = Problems()
    for key, value in given.items():
        prefixes = sorted((p for p in takes if key.startswith(f"{p}_")), key=len, reverse=True)
        for prefix in prefixes:
            keyword = key[len(prefix) + 1 :]
            valid = takes[prefix]
            if valid is None or keyword in valid:
                routed[prefix][keyword] = value
                break
        else:
            problems.add(f"unknown parameter {key!r}.{_nearest(key, prefixes, takes, known)}")
    return routed, problems


def unused_keywords(given: Iterable[str], prefixes: Iterable[str]) -> list[str]:
    """Return the keywords that start with none of the prefixes.

    Examples
    --------
    >>> unused_keywords(['conv1_stride', 'conv2_stride'], ['conv1', 'update'])
    ['conv2_stride']
    """
    starts = tuple(f"{prefix}_" for prefix in prefixes)
    return [name for name in given if not name.startswith(starts)]


def _nearest(
    key: str, prefixes: list[str], takes: Mapping[str, list[str] | None], known: Iterable[str]
) -> str:
    if key in known:
        return f" It is a parameter of its own, so write NeuralNet({key}=...)."
    prefix = prefixes[0] if prefixes else ""
    names = takes.get(prefix) or []
    table = UPDATE if prefix == "update" else LAYER
    keyword = key[len(prefix) + 1 :]
    if keyword not in table and (hint := parameter_hint(key)):
        return hint
    translated = any(name in names for name in table.get(keyword, ()))
    if prefix == "update" and not translated and (rules := rules_with(keyword)):
        return f" Set update to a rule that has it: {', '.join(map(repr, rules))}."
    if prefix:
        return keyword_hint(keyword, names, table, f"{prefix}_")
    full = [f"{prefix}_{name}" for prefix, names in takes.items() for name in names or ()]
    hint = did_you_mean(key, [*known, *full])
    if hint.startswith(" Did you mean"):
        return hint
    return f" No layer has that prefix; prefixes are: {', '.join(takes)}."


PREFIXES = ("update", "objective")
"""Prefixes that no layer can have as its name."""


class SplitKeywords(NamedTuple):
    """Keywords of a function, split into structure and runtime values.

    Parameters
    ----------
    structure : tuple of (str, object)
        Keywords that are part of the compiled program.
    values : dict of str to float
        Numbers passed to the compiled step.
    """

    structure: tuple[tuple[str, Any], ...]
    values: dict[str, float]

    def bound_to(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with the keywords that are structure.

        Examples
        --------
        >>> SplitKeywords((('ndigits', 1),), {}).bound_to(round)(0.55)
        0.6
        >>> SplitKeywords((), {}).bound_to(round) is round
        True
        """
        return partial(function, **dict(self.structure)) if self.structure else function


class Keyword(NamedTuple):
    """A keyword of an objective or a loss function.

    Parameters
    ----------
    default : object
    is_number : bool
        Whether it is a number rather than a count, a flag or a function.
    check : callable or None
        Check of its values, if the function declares one.
    """

    default: Any
    is_number: bool
    check: Check | None = None

    def error(self, value: Any) -> str | None:
        """Return None for a valid value, and otherwise a phrase that says what is valid."""
        if value is None and (self.default is None or self.default is inspect.Parameter.empty):
            return None
        if self.check is not None:
            given = in_float32(value) if is_number(value) else value
            valid = self.check(given)
            takes_none = self.default is None and not (valid or "").endswith("or None")
            return f"{valid} or None" if valid and takes_none else valid
        if is_number(value):
            return "a number" if np.isnan(value) else None
        return "a number" if self.is_number else None


def _keyword(function: Any, parameter: inspect.Parameter) -> Keyword:
    check = checks_of(function).get(parameter.name)
    return Keyword(parameter.default, takes_number(parameter), check)


def keyword_owners(
    specs: Sequence[LayerEntry],
    transforms: Sequence[Entry],
    params: Mapping[str, Any],
    loss_keywords: Iterable[Mapping[str, Keyword]],
) -> dict[str, Iterable[str] | None]:
    """Return the keywords accepted with each prefix; None accepts any.

    Parameters
    ----------
    specs : sequence of LayerEntry
    transforms : sequence of Entry
        Transforms in `augment`.
    params : mapping of str to object
        All parameters of the net.
    loss_keywords : iterable of mapping
        Keywords of the loss function of each output, as from `loss_parameters`.
    """
    found: dict[str, Iterable[str] | None] = {spec.name: layer_keywords(spec.cls) for spec in specs}
    found["update"] = update_keywords(params["update"])
    objective = parameters_of(params["objective"])
    for parameters in loss_keywords:
        objective |= parameters
    found["objective"] = objective
    found |= {entry.prefix: entry.keywords() for entry in transforms}
    return found


def check_names(params: Mapping[str, Any], own: set[str], names: Iterable[str]) -> None:
    """Check that keywords have an owner, even if other parameters are invalid.

    Parameters
    ----------
    params : mapping of str to object
        All parameters of the net.
    own : set of str
        Names of the parameters without a prefix.
    names : iterable of str
        Keywords to check.

    Raises
    ------
    ValueError
        With all unknown keywords.
    """
    layers = params["layers"]
    if layers is None:
        layers = default((3, 32, 32), params["hidden_layer_sizes"])["layers"]
    specs = read_layers(layers)
    owners = keyword_owners(specs, read_entries(params["augment"]), params, loss_parameters(params))
    _, unknown = route_keywords(dict.fromkeys(names), owners, own)
    unknown.raise_any()


def check_collisions(
    specs: Sequence[LayerEntry], transforms: Sequence[Entry], own: set[str], problems: Problems
) -> None:
    """Add an error for each layer whose keywords would be ambiguous."""
    prefixes = {entry.prefix: entry.label for entry in transforms}
    for spec in specs:
        where = describe_layer(spec.name, spec.cls)
        if spec.name in PREFIXES or spec.name in own:
            problems.add(f"{where} has the name of a parameter of NeuralNet; choose another name")
        if spec.name in prefixes:
            problems.add(
                f"{where} has the prefix of the keywords of {prefixes[spec.name]}; "
                "choose another name"
            )
        for keyword in layer_keywords(spec.cls):
            if f"{spec.name}_{keyword}" in own:
                problems.add(
                    f"{where} has the keyword {spec.name}_{keyword}, which is a parameter of "
                    "NeuralNet; choose another name"
                )


def parameters_of(objective: Any) -> dict[str, Keyword]:
    """Return the keywords of an objective, by name."""
    if not callable(objective):
        return {}
    parameters = signature_of(objective).parameters
    return {
        name: _keyword(objective, p)
        for name, p in parameters.items()
        if p.kind is p.KEYWORD_ONLY and name != "loss_function"
    }


def loss_parameters(params: Mapping[str, Any]) -> tuple[dict[str, Keyword], ...]:
    """Return the keywords of each output's loss function, by name."""
    names, argument = output_names(params["outputs"]), "objective_loss_function"
    numbers = regression_by_output(params["regression"], params["outputs"])
    try:
        losses = by_output(argument, params[argument], names, None)
    except ValueError:  # reported elsewhere
        losses = (None,) * len(names)
    by_task = [[Numbers.loss] if number else [Classes.loss, Labels.loss] for number in numbers]
    return tuple(
        _keywords(defaults if loss is None else [loss])
        for loss, defaults in zip(losses, by_task, strict=True)
    )


def describe_losses(params: Mapping[str, Any]) -> tuple[LossInfo, ...]:
    """Return what is known of the loss of each output; tolerates parameters that are not valid.

    Parameters
    ----------
    params : mapping of str to object
        All parameters of the net.
    """
    names, argument = output_names(params["outputs"]), "objective_loss_function"
    own_objective = _innermost(params["objective"]) is not default_objective and len(names) == 1
    given = {**params, **(params["more_params"] or {})}
    try:
        losses = by_output(argument, params[argument], names, None)
    except ValueError:  # reported elsewhere
        losses = (None,) * len(names)

    def describe(loss: Any) -> LossInfo:
        if loss is None:
            return LossInfo(own=own_objective)
        keywords = {
            name: given[f"objective_{name}"]
            for name, keyword in _keywords([loss]).items()
            if f"objective_{name}" in given and not keyword.error(given[f"objective_{name}"])
        }
        contract = contract_of(partial(loss, **keywords)) if callable(loss) else None
        return LossInfo(function_name(loss), contract, callable(loss) and contract is None)

    return tuple(map(describe, losses))


def _innermost(function: Any) -> Any:
    while isinstance(function, partial):
        function = function.func
    return function


def _keywords(losses: Iterable[Any]) -> dict[str, Keyword]:
    found: dict[str, Keyword] = {}
    for loss in filter(callable, losses):
        try:
            parameters = signature_of(loss).parameters
        except ValueError:  # functions written in C may lack a signature
            continue
        further = [p for p in list(parameters.values())[2:] if p.name != WEIGHTS]
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        found |= {p.name: _keyword(loss, p) for p in further if p.kind in named}
    return found


def sort_keywords(
    takes: Mapping[str, Keyword], given: Mapping[str, Any], problems: Problems
) -> SplitKeywords:
    """Split the keywords that a function takes into structure and runtime values.

    A number is a runtime value, unless the parameter's default is an integer: then it is a count
    and belongs to the structure. Adds an error for each invalid value.
    """
    values, structure = {}, {}
    for name, keyword in takes.items():
        bound = name not in given and keyword.default is not inspect.Parameter.empty
        if bound and (valid := keyword.error(keyword.default)):
            problems.add_parameter(f"objective_{name}", valid, keyword.default)
    for name, value in given.items():
        if name not in takes:
            continue
        if valid := takes[name].error(value):
            problems.add_parameter(f"objective_{name}", valid, value)
        elif is_number(value) and not isinstance(takes[name].default, int):
            values[name] = value
        elif value is not takes[name].default:
            structure[name] = value
    return SplitKeywords(tuple(sorted(structure.items())), values)

"""The table of valid values for the parameters of `NeuralNet`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import optax

from ..data.iterators import BatchIterator, TrainSplit
from ..errors import Problems
from ..training.events import EVENTS
from ..training.history import KEYS
from ..utils.checks import is_integer, is_named, is_number

Test = Callable[[Any], bool]


def _is_fraction(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1


def _is_list_of_functions(value: Any) -> bool:
    return value is None or callable(value) or _each(value, callable)


def _is_list_of_transforms(value: Any) -> bool:
    def is_entry(entry: Any) -> bool:
        return callable(entry[1] if is_named(entry) else entry)

    return value is None or callable(value) or _each(value, is_entry)


def _is_free_name(name: str) -> bool:
    return name not in (*KEYS, "loss", "accuracy", "weight", "finite")


def _is_list_of_scores(value: Any) -> bool:
    def is_score(entry: Any) -> bool:
        return is_named(entry) and _is_free_name(entry[0]) and callable(entry[1])

    return value is None or _each(value, is_score)


def _each(value: Any, test: Test) -> bool:
    return isinstance(value, list | tuple) and all(map(test, value))


def _is_iterator(value: Any) -> bool:
    size = value.batch_size if isinstance(value, BatchIterator) else value
    return is_integer(size, low=1)


def _is_split(value: Any) -> bool:
    if isinstance(value, TrainSplit):
        value = value.eval_size
    without = value is None or (is_integer(value) and value == 0)
    return without or _is_fraction(value) or hasattr(value, "split") or callable(value)


def _is_list_of_names(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return _each(names, lambda name: isinstance(name, str)) and len(names) > 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or (is_integer(value) and value in (0, 1))


def _by_output(value: Any, test: Test) -> bool:
    """Return whether a value, or each value of a dict or list by output, passes a test."""
    if isinstance(value, Mapping):
        return all(map(test, value.values()))
    return _each(value, test) or test(value)


def _are_weights(value: Any) -> bool:
    def is_weight(number: Any) -> bool:
        return is_number(number) and 0 <= number < np.inf

    return value is None or (isinstance(value, Mapping) and all(map(is_weight, value.values())))


_HANDLERS = (_is_list_of_functions, "a function (net, train_history), or a list of them")

_SCORES = (
    _is_list_of_scores,
    "a list of (name, function) with names that the history does not use",
)

_WEIGHTS = (_are_weights, "a dict of non-negative weights by output, or None")

_ITERATOR = (_is_iterator, "a positive batch size, or a BatchIterator with one")

RULES: dict[str, tuple[Test, str]] = {
    "update": (
        lambda v: callable(v) or isinstance(v, optax.GradientTransformation),
        "an update rule such as skconv.updates.adam or optax.adam",
    ),
    "objective": (callable, "a function such as skconv.objectives.objective"),
    "objective_loss_function": (
        lambda v: _by_output(v, lambda loss: loss is None or callable(loss)),
        "a function (predictions, targets), a dict of functions by output, or None",
    ),
    "regression": (
        lambda v: _by_output(v, _is_flag),
        "True or False, or a dict or list of them by output",
    ),
    "outputs": (
        lambda v: v is None or _is_list_of_names(v),
        "the name of a layer, a list of names, or None",
    ),
    "aux_outputs": _WEIGHTS,
    "output_weights": _WEIGHTS,
    "batch_iterator_train": _ITERATOR,
    "batch_iterator_test": _ITERATOR,
    "max_epochs": (lambda v: is_integer(v, low=0), "a non-negative integer"),
    "train_split": (
        _is_split,
        "a fraction between 0 and 1, a splitter, a function (X, y, net), or None",
    ),
    "custom_scores": _SCORES,
    "scores_train": _SCORES,
    "scores_valid": _SCORES,
    **dict.fromkeys(EVENTS, _HANDLERS),
    "more_params": (lambda v: v is None or isinstance(v, Mapping), "a dict or None"),
    "class_weight": (
        lambda v: v is None or isinstance(v, Mapping) or (isinstance(v, str) and v == "balanced"),
        "a dict of weights by label, 'balanced', or None",
    ),
    "augment": (
        _is_list_of_transforms,
        "a transform or function (key, Xb, yb), a list of them or of (name, transform), or None",
    ),
    "test_augment": (
        lambda v: v is None or callable(v),
        "a function (forward, key, Xb), or None",
    ),
}
"""For each parameter a test of its value, and a phrase that says what is valid."""


def check_settings(values: Mapping[str, Any]) -> Problems:
    """Check the values of parameters that have a rule.

    Parameters
    ----------
    values : mapping of str to object
        Parameters of a net by name.

    Returns
    -------
    Problems
        One error per invalid value.

    Examples
    --------
    >>> check_settings({'max_epochs': -1}).found
    [ValueError('max_epochs must be a non-negative integer, got -1')]
    """
    problems = Problems()
    for name, (test, valid) in RULES.items():
        if name in values and not test(values[name]):
            problems.add(f"{name} must be {valid}, got {values[name]!r}")
    return problems

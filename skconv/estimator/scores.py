"""Scores of a net: functions, and scorers of scikit-learn by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sklearn.metrics import get_scorer, get_scorer_names

from ..errors import Problems, did_you_mean
from ..handlers.base import Direction
from ..handlers.monitor import direction_of
from ..training.history import KEYS
from ..training.prepared_fit import PreparedFit
from ..utils.checks import as_list, is_named

SCORES = ("custom_scores", "scores_train", "scores_valid")
"""Parameters that hold scores."""

RESERVED = ("loss", "accuracy", "weight", "finite")
"""Names that compiled scores cannot have, besides the keys of the history."""

Scorer = type(get_scorer("accuracy"))
"""Class of the scorers that scikit-learn's `get_scorer` and `make_scorer` return."""


class Entry(NamedTuple):
    """An entry of one of the lists of scores.

    Parameters
    ----------
    given : str or (str, callable or str)
    output : str, optional
        The output that it scores, if it is given by output.
    """

    given: Any
    output: str | None = None

    @property
    def name(self) -> str:
        """Name of the score in the history."""
        name = self.given if isinstance(self.given, str) else self.given[0]
        return name if self.output is None else f"{name}_{self.output}"

    @property
    def score(self) -> Any:
        """The function, or the scorer or its name."""
        return self.given if isinstance(self.given, str) else self.given[1]


def score_entries(scores: Any) -> list[Entry]:
    """Return the entries of a parameter that holds scores.

    Examples
    --------
    >>> [entry.name for entry in score_entries(['roc_auc', ('mcc', 'matthews_corrcoef')])]
    ['roc_auc', 'mcc']
    >>> [entry.name for entry in score_entries({'digit': 'roc_auc_ovr', 'age': ['r2']})]
    ['roc_auc_ovr_digit', 'r2_age']
    """
    if isinstance(scores, Mapping):
        return [Entry(given, name) for name, own in scores.items() for given in as_list(own)]
    return [Entry(given) for given in as_list(scores)]


def check_scores(values: Mapping[str, Any], problems: Problems) -> None:
    """Check the entries of the lists of scores, and add any errors to `problems`.

    Parameters
    ----------
    values : mapping of str to object
        Parameters of a net by name.
    problems : Problems
    """
    for argument in SCORES:
        for entry in score_entries(values.get(argument)):
            valid, got, hint = _check_entry(argument, entry.given)
            if valid:
                problems.add_parameter(argument, valid, got, hint)


def _check_entry(argument: str, entry: Any) -> tuple[str, Any, str]:
    """Return what would be valid, the value given instead, and a hint; empty if it is valid."""
    custom = argument == "custom_scores"
    signature = "(y_true, y_output)" if custom else "(predictions, targets)"
    scorers = " or names of scikit-learn's scorers" if custom else ""
    valid = f"a list of (name, function){scorers}"
    if custom and isinstance(entry, str):
        return _check_scorer(entry)
    if isinstance(entry, str):
        known = "; scorers of scikit-learn belong in custom_scores"
        return valid, entry, known if entry in get_scorer_names() else ""
    if not is_named(entry):
        return valid, entry, f"; write ('name', {entry.__name__})" if _has_name(entry) else ""
    name, score = entry
    if name in KEYS or (name in RESERVED and not custom):
        return f"{valid} with names that the history does not use", name, ""
    if custom and isinstance(score, str):
        return _check_scorer(score)
    if isinstance(score, Scorer):
        hint = "; scorers of scikit-learn belong in custom_scores"
        return ("", None, "") if custom else (valid, entry, hint)
    if not callable(score):
        return valid, entry, ""
    if isinstance(score, type):
        return valid, entry, f"; write {score.__name__}()"
    if not takes_two_arguments(score):
        return f"a list of (name, function) with functions {signature}", entry, ""
    return "", None, ""


def _has_name(entry: Any) -> bool:
    return callable(entry) and hasattr(entry, "__name__")


def _check_scorer(name: str) -> tuple[str, Any, str]:
    names = get_scorer_names()
    if name in names:
        return "", None, ""
    hint = did_you_mean(name, names)
    if not hint.startswith(" Did"):
        hint = " sklearn.metrics.get_scorer_names() returns all names."
    return "a list of (name, function) or names of scikit-learn's scorers", name, "." + hint


def takes_two_arguments(function: Callable[..., Any]) -> bool:
    """Return whether a function can be called with two positional arguments.

    Examples
    --------
    >>> takes_two_arguments(lambda net, train_history: None), takes_two_arguments(lambda net: None)
    (True, False)
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a function in C without a signature
        return True
    try:
        signature.bind(None, None)
    except TypeError:
        return False
    return True


def monitored_columns(
    fit: PreparedFit, params: Mapping[str, Any], handlers: Sequence[Any]
) -> dict[str, Direction | None]:
    """Return the numbers that rows of the history will have, and which of them are better.

    Parameters
    ----------
    fit : PreparedFit
    params : mapping of str to object
        Parameters of the net.
    handlers : sequence of handlers
        Those that add columns have their names in an attribute `history_columns`.

    Returns
    -------
    dict of str to {'min', 'max'} or None
        None if neither the name of a column nor that of its function says it.
    """
    entries = [entry for argument in SCORES for entry in score_entries(params[argument])]
    directions = {entry.name: _direction_of(entry) for entry in entries}
    custom = [entry.name for entry in score_entries(params["custom_scores"])] if fit.valid else []
    added = [name for handler in handlers for name in getattr(handler, "history_columns", ())]
    names = [*fit.columns, *custom, *added]
    return {name: directions[name] if name in directions else direction_of(name) for name in names}


def _direction_of(entry: Entry) -> Direction | None:
    function = entry.score
    if isinstance(function, str | Scorer):
        return "max"
    by_name = direction_of(entry.given[0])
    by_function = direction_of(getattr(getattr(function, "func", function), "__name__", ""))
    if by_name and by_function and by_name != by_function:
        return None
    return by_name or by_function

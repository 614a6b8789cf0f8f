"""Scores of a net: functions, and scorers of scikit-learn by name."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import Problems, did_you_mean
from ..handlers.base import Direction
from ..handlers.monitor import direction_of
from ..training.history import KEYS
from ..training.prepared_fit import PreparedFit
from ..utils.checks import as_list, function_name, is_named, takes_arguments

SCORES = ("custom_scores", "scores_train", "scores_valid")
"""Parameters that hold scores."""

RESERVED = ("loss", "accuracy", "weight", "finite")
"""Names that compiled scores cannot have, besides the keys of the history."""


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


def is_scorer(score: Any) -> bool:
    """Return whether a score is what scikit-learn's `get_scorer` and `make_scorer` return."""
    metrics = sys.modules.get("sklearn.metrics")  # which makes all scorers
    return metrics is not None and isinstance(score, type(metrics.get_scorer("accuracy")))


def _scorer_names() -> list[str]:
    """Return the names of scikit-learn's scorers, whose module takes 25 ms to import."""
    from sklearn.metrics import get_scorer_names

    return get_scorer_names()


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
        return valid, entry, known if entry in _scorer_names() else ""
    if not is_named(entry):
        return valid, entry, f"; write ('name', {entry.__name__})" if _has_name(entry) else ""
    name, score = entry
    if not name:
        return f"{valid} with names that are not empty", entry, ""
    if name in KEYS or (name in RESERVED and not custom):
        return f"{valid} with names that the history does not use", name, ""
    if custom and isinstance(score, str):
        return _check_scorer(score)
    if is_scorer(score):
        hint = "; scorers of scikit-learn belong in custom_scores"
        return ("", None, "") if custom else (valid, entry, hint)
    if not callable(score):
        return valid, entry, ""
    if isinstance(score, type):
        return valid, entry, f"; write {score.__name__}()"
    if not takes_arguments(score, 2):
        return f"a list of (name, function) with functions {signature}", entry, ""
    return "", None, ""


def _has_name(entry: Any) -> bool:
    return callable(entry) and hasattr(entry, "__name__")


def _check_scorer(name: str) -> tuple[str, Any, str]:
    names = _scorer_names()
    if name in names:
        return "", None, ""
    hint = did_you_mean(name, names)
    if not hint.startswith(" Did"):
        hint = " sklearn.metrics.get_scorer_names() returns all names."
    return "a list of (name, function) or names of scikit-learn's scorers", name, "." + hint


def list_hint(scores: Any) -> str:
    """Return what to write instead of a value that is not a list of scores, or an empty string.

    Examples
    --------
    >>> list_hint(('top', max)), list_hint(max), list_hint({'top': max, 'low': min})
    ("; write [('top', max)]", "; write [('max', max)]", "; write [('top', max), ('low', min)]")
    >>> list_hint(('rank', 'roc_auc')), list_hint(['f1_macro', 'roc_auc'])
    ("; write [('rank', 'roc_auc')]", '')
    """
    pairs: list[Any] = []
    if _is_single(scores):
        pairs = [scores]
    elif _has_name(scores) and not isinstance(scores, type):
        pairs = [(scores.__name__, scores)]
    elif isinstance(scores, Mapping) and all(map(callable, scores.values())):
        pairs = list(scores.items())
    written = [
        f"({name!r}, {function_name(own) if callable(own) else repr(own)})" for name, own in pairs
    ]
    return f"; write [{', '.join(written)}]" if written else ""


def is_list_of_scores(scores: Any) -> bool:
    """Return whether a value is None or a list, and not the only entry of one."""
    return scores is None or (isinstance(scores, list | tuple) and not _is_single(scores))


def _is_single(scores: Any) -> bool:
    """Return whether a value is a pair of a name and a score, outside of a list."""
    if not is_named(scores):
        return False
    name, score = scores
    names = _scorer_names() if isinstance(score, str) else ()
    return callable(score) or (score in names and name not in names)


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
    if isinstance(function, str) or is_scorer(function):
        return "max"
    by_name = direction_of(entry.given[0])
    by_function = direction_of(getattr(getattr(function, "func", function), "__name__", ""))
    if by_name and by_function and by_name != by_function:
        return None
    return by_name or by_function

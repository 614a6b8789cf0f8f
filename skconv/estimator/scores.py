"""Scores of a net: functions, and scorers of scikit-learn by name."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.utils import ClassifierTags, RegressorTags, Tags
from sklearn.utils.metaestimators import available_if

from ..errors import Problems, did_you_mean
from ..handlers.base import Direction
from ..handlers.monitor import direction_of
from ..targets.by_output import as_tuple, by_output
from ..targets.classes import Classes
from ..targets.holes import is_known
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs
from ..targets.target import Target
from ..training.history import KEYS
from ..training.loop import Score
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


def read_custom_scores(entries: Any, fit: PreparedFit) -> list[Score]:
    """Return `custom_scores` as functions, and try the scorers among them on the validation set.

    Parameters
    ----------
    entries : list, str, dict by output, or None
        The parameter of the net.
    fit : PreparedFit

    Returns
    -------
    list of (str, callable)

    Raises
    ------
    ValueError
        With all scorers that do not suit the targets.
    """
    names = fit.outputs.names
    if isinstance(entries, Mapping):
        by_output("custom_scores", entries, names, None)
    problems = Problems()
    scores: list[Score] = []
    for entry in score_entries(entries):
        index = None if entry.output is None else names.index(entry.output)
        score: Any = entry.score
        if isinstance(score, str | Scorer):
            outputs, y = _of_output(fit, index)
            scorer = OutputScorer(get_scorer(score), outputs)
            reason = _why_unsuitable(score, scorer, y)
            if reason:
                valid = "a list of (name, function) or scorers that suit y"
                hint = _hint(score, outputs, y)
                problems.add_parameter("custom_scores", valid, entry.name, f", {reason}{hint}")
            score = scorer
        scores.append((entry.name, score if index is None else PartScore(score, index)))
    problems.raise_any()
    return scores


def _of_output(fit: PreparedFit, index: int | None) -> tuple[Outputs, Any]:
    """Return the targets of one output, or of all, and their encoded validation set, if any.

    Numbers are in the units of y, as custom scores get them.
    """
    outputs = _as_scored(fit.outputs)
    y = None if fit.valid is None else fit.outputs.in_units(fit.valid.y)
    if index is None:
        return outputs, y
    outputs = replace(outputs, names=(outputs.names[index],), targets=(outputs.targets[index],))
    return outputs, None if y is None else as_tuple(y)[index]


def _as_scored(outputs: Outputs) -> Outputs:
    """Return outputs for what scorers get: numbers in the units of y, and positions as rows."""

    def scored(target: Target) -> Target:
        if isinstance(target, Numbers):
            return replace(target, mean=None, scale=None)
        return replace(target, positions=(), axis=1) if isinstance(target, Classes) else target

    return replace(outputs, targets=tuple(map(scored, outputs.targets)))


def _why_unsuitable(given: Any, scorer: OutputScorer, y: Any) -> str:
    """Return why a scorer does not suit the targets, or an empty string."""
    outputs = scorer.outputs
    if len(outputs.targets) > 1:
        example = {outputs.names[0]: given if isinstance(given, str) else "..."}
        return (
            f"a scorer, which takes a single output; give it to an output, as in {example}, or "
            "write a function of all outputs"
        )
    (target,) = outputs.targets
    if isinstance(given, str) and _is_for_numbers(given) != isinstance(target, Numbers):
        return f"a scorer for {'regression' if _is_for_numbers(given) else 'classification'}"
    if y is None:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they concern the made-up predictions
            scorer(y, _likely_output(target, y))
    except Exception as error:
        return f"which fails on the validation set with {type(error).__name__}: {error}"
    return ""


def _hint(given: Any, outputs: Outputs, y: Any) -> str:
    """Name the variants of a scorer that suit the targets, such as ``f1_macro``."""
    if not isinstance(given, str) or y is None:
        return ""
    variants = [name for name in get_scorer_names() if name.startswith(f"{given}_")]
    suitable = [
        name
        for name in variants
        if not _why_unsuitable(name, OutputScorer(get_scorer(name), outputs), y)
    ]
    return f"; scorers that suit y: {', '.join(suitable)}" if suitable else ""


def _is_for_numbers(scorer: str) -> bool:
    return scorer in ("r2", "explained_variance") or "_error" in scorer or "_deviance" in scorer


def _likely_output(target: Target, encoded: np.ndarray) -> np.ndarray:
    """Return an output of a network that predicts the targets well, but not perfectly."""
    if isinstance(target, Numbers):
        return target.likely_output(encoded)
    if isinstance(target, Classes) and not target.single:
        encoded = np.eye(len(target.classes), dtype=np.float32)[target.indices(encoded)]
        return 0.9 * encoded + 0.1 / len(target.classes)
    return 0.8 * encoded + 0.1


def _true_targets(target: Target, encoded: np.ndarray) -> np.ndarray:
    """Return targets as they were in y, for indices of classes or encoded targets."""
    if isinstance(target, Classes):
        return target.classes[encoded]
    return target.as_given(encoded) if isinstance(target, Numbers) else target.decode(encoded)


@dataclass
class OutputScorer:
    """A scorer of scikit-learn as a function ``(y_true, y_output) -> float``.

    Parameters
    ----------
    scorer : callable
        ``(estimator, X, y) -> float``.
    outputs : Outputs
        With a single target.
    """

    scorer: Callable[..., float]
    outputs: Outputs

    def __call__(self, y_true: np.ndarray, y_output: np.ndarray) -> float:
        """Return the score of an output of the network for encoded targets.

        The positions of all rows are rows for the scorer. Those with ignored targets are left out.
        """
        (target,) = self.outputs.targets
        if isinstance(target, Classes):
            units = 1 if target.single else target.num_units
            y_true, y_output = target.indices(y_true).ravel(), y_output.reshape(-1, units)
        if target.ignored is not None:
            known = is_known(y_true).reshape(len(y_true), -1).all(axis=1)
            if not known.any():
                return np.nan
            y_true, y_output = y_true[known], y_output[known]
        predicted = PredictedOutput(self.outputs, y_output)
        return self.scorer(predicted, np.empty((len(y_output), 1)), _true_targets(target, y_true))


@dataclass
class PartScore:
    """A score of one of several outputs, as a function of all of them.

    Parameters
    ----------
    score : callable
        ``(y_true, y_output) -> float`` for the arrays of the output.
    index : int
    """

    score: Callable[..., float]
    index: int

    def __call__(self, y_true: Any, y_output: Any) -> float:
        """Return the score of the output."""
        return self.score(as_tuple(y_true)[self.index], as_tuple(y_output)[self.index])


@dataclass(eq=False)
class PredictedOutput(BaseEstimator):
    """A fitted estimator that predicts a given output of the network, whatever X is.

    Parameters
    ----------
    outputs : Outputs
    output : array
    """

    outputs: Outputs
    output: np.ndarray = field(repr=False)

    @property
    def classes_(self) -> Any:
        """Class labels."""
        return self.outputs.classes

    def predict(self, X: Any) -> Any:
        """Return labels, indicators or numbers."""
        return self.outputs.decode(self.output)

    @available_if(lambda self: self.outputs.classes is not None)
    def predict_proba(self, X: Any) -> Any:
        """Return probabilities of the classes."""
        return self.outputs.probabilities(self.output)

    def __sklearn_tags__(self) -> Tags:
        """Return the tags of a classifier, or of a regressor for numbers."""
        tags = super().__sklearn_tags__()
        if self.outputs.classes is None:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        else:
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags(multi_label=True)
        return tags

    def __sklearn_is_fitted__(self) -> bool:
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

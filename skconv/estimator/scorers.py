"""Scorers of scikit-learn as scores of a net's outputs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags, Tags
from sklearn.utils.metaestimators import available_if

from ..errors import Problems
from ..targets.by_output import as_tuple, by_output
from ..targets.classes import Classes
from ..targets.holes import is_known
from ..targets.modeled_numbers import ModeledNumbers
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs
from ..targets.ragged import is_ragged
from ..targets.target import Target
from ..training.loop import Score
from ..training.prepared_fit import PreparedFit
from ..utils.output_forms import UnitsLast
from ..utils.row_containers import object_array
from .scores import is_scorer, score_entries


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
        if isinstance(score, str) or is_scorer(score):
            from sklearn.metrics import get_scorer

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
        units = 1
        if isinstance(target, Classes):
            units = 1 if target.single else target.num_units
        elif isinstance(target, ModeledNumbers):
            units = target.num_units // math.prod(target.shape)
        if is_ragged(y_true):
            y_true = np.concatenate([row.ravel() for row in y_true])
            y_output = np.concatenate([row.reshape(-1, units) for row in y_output])
            target = target.of_rows(()) if isinstance(target, Classes) else _of_numbers(target)
        if isinstance(target, Classes):
            y_true, y_output = target.indices(y_true).ravel(), y_output.reshape(-1, units)
        if target.ignored is not None:
            known = is_known(y_true).reshape(len(y_true), -1).all(axis=1)
            if not known.any():
                return np.nan
            y_true, y_output = y_true[known], y_output[known]
        predicted = PredictedOutput(replace(self.outputs, targets=(target,)), y_output)
        return self.scorer(predicted, np.empty((len(y_output), 1)), _true_targets(target, y_true))


def _of_numbers(target: Any) -> Any:
    """Return the targets of single numbers, such as those of positions."""
    if isinstance(target, ModeledNumbers):
        units = target.num_units // math.prod(target.shape)
        view = UnitsLast((), units, (units,), first=False)
        return replace(target, shape=(), output_shape=(), view=view)
    return replace(target, shape=(), output_shape=(1,))


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
    from sklearn.metrics import get_scorer, get_scorer_names

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
    if is_ragged(encoded):
        return object_array([_likely_output(target, row[None])[0] for row in encoded])
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

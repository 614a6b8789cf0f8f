"""Average the predictions of several fitted estimators, output by output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..estimator.neural_net import NeuralNet
from ..model_selection.containers import last_step
from ..targets.by_output import as_tuple
from ..targets.classes import Classes
from ..targets.forms import by_position
from ..targets.labels import Labels
from ..targets.output_inference import infer_outputs
from ..targets.outputs import Outputs
from ..targets.target import Target


def joint_outputs(estimators: Sequence[Any], y: Any) -> Outputs:
    """Return the targets of all estimators together.

    Parameters
    ----------
    estimators : sequence of fitted estimators
        Nets, pipelines that end in one, or other estimators with a single output.
    y : array-like, dict or list of arrays
        All targets, of which each estimator may have seen some only.

    Returns
    -------
    Outputs
        Classes are those that some estimator has seen.
    """
    ends = [last_step(estimator) for estimator in estimators]
    if not all(isinstance(end, NeuralNet) for end in ends):
        return infer_outputs(y, (None,), regression=(not is_classifier(estimators[0]),))
    each = [end._fitted().outputs for end in ends]
    targets = tuple(map(_joint, zip(*(outputs.targets for outputs in each), strict=True)))
    return replace(each[0], targets=targets)


def _joint(targets: Sequence[Any]) -> Target:
    first: Target = targets[0]
    if not isinstance(first, Classes):
        return first
    return replace(first, classes=np.unique(np.concatenate([one.classes for one in targets])))


@dataclass(frozen=True)
class MeanPrediction:
    """The mean of the predictions of several fitted estimators.

    An output is averaged as its kind: numbers as they are, classes and labels by their
    probabilities. Estimators that compute scores rather than probabilities vote.

    Parameters
    ----------
    estimators : sequence of fitted estimators
    outputs : Outputs
        The targets of all of them, as `joint_outputs` returns them.
    """

    estimators: Sequence[Any]
    outputs: Outputs

    def predict(self, X: Any) -> Any:
        """Return labels, indicators or numbers, in the form of a net's `predict`."""
        targets = self.outputs.targets
        means = self._probabilities(X)
        voting = [i for i, mean in enumerate(means) if mean is None]

        def votes() -> Iterator[list[Any]]:
            for one in self.estimators:
                own = self.outputs.split(one.predict(X))
                yield [_vote(targets[i], own[i]) for i in voting]

        for i, mean in zip(voting, _mean(votes()) if voting else (), strict=True):
            means[i] = mean
        return self.outputs.join([_decide(*pair) for pair in zip(targets, means, strict=True)])

    def probabilities(self, X: Any) -> Any:
        """Return probabilities in the form of a net's `predict_proba`.

        Classes that an estimator has not seen count with probability zero.
        """
        return by_position(self._probabilities(X))

    def log_probabilities(self, X: Any) -> Any:
        """Return the logarithms of the probabilities."""
        with np.errstate(divide="ignore"):
            return by_position(
                [None if mean is None else np.log(mean) for mean in self._probabilities(X)]
            )

    def _probabilities(self, X: Any) -> list[Any]:
        """Return the mean probabilities of each output; None for numbers and scores."""
        targets = self.outputs.targets
        if not has_probabilities(self.estimators):
            return [None] * len(targets)

        def aligned() -> Iterator[list[Any]]:
            for one in self.estimators:
                parts = zip(
                    targets, as_tuple(one.predict_proba(X)), as_tuple(one.classes_), strict=True
                )
                yield [None if p is None else _align(t, p, classes) for t, p, classes in parts]

        return _mean(aligned())


def has_probabilities(estimators: Sequence[Any]) -> bool:
    """Return whether all estimators predict probabilities."""
    return all(hasattr(one, "predict_proba") for one in estimators)


def _mean(values: Iterator[list[Any]]) -> list[Any]:
    """Return the mean of each output over the estimators, as they come; None stays None."""
    count, totals = 1, next(values)
    for own in values:
        count += 1
        pairs = zip(totals, own, strict=True)
        totals = [None if part is None else total + part for total, part in pairs]
    return [None if total is None else total / count for total in totals]


def _align(target: Target, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return float64 probabilities with a column for each class of the target, on axis 1."""
    if not isinstance(target, Classes):
        return probabilities.astype(np.float64)
    n, _, *positions = probabilities.shape
    aligned = np.zeros((n, len(target.classes), *positions))
    aligned[:, np.searchsorted(target.classes, classes)] = probabilities
    return aligned


def _vote(target: Target, predicted: np.ndarray) -> np.ndarray:
    """Return predicted numbers or indicators, or ones for the predicted classes, on axis 1."""
    if not isinstance(target, Classes):
        return predicted
    classes = target.classes.reshape(-1, *(1,) * (predicted.ndim - 1))
    return (predicted[:, None] == classes).astype(np.float64)


def _decide(target: Target, mean: np.ndarray) -> np.ndarray:
    """Return the labels, indicators or numbers for a mean of probabilities or votes."""
    if isinstance(target, Classes):
        return target.classes[mean.argmax(axis=1)]
    return replace(target, scores=False).decode(mean) if isinstance(target, Labels) else mean

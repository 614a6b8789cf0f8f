"""Test samples of a report: what the net gets, the targets, and the predictions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.reconstruction import own_target, reconstructs
from ..preprocessing.dataset_parts import split_dataset
from ..targets.ragged_array import RaggedArray, read_rows
from ..targets.scoring import score_outputs
from ..targets.target import Target
from .wrapped_net import unwrap_with_rows


@dataclass(frozen=True)
class ReportSamples:
    """Samples that a net is tested with.

    Parameters
    ----------
    net : NeuralNet
        The net inside a pipeline or search.
    given, X : array-like
        Samples as the pipeline gets them, and as the net does.
    true, predicted : tuple of array
        Targets and predictions of each output.
    probabilities : tuple of array or None
        Probabilities or scores of the classes, by output; None for numbers.
    seconds : float
        Time of the prediction, without that of compiling.
    """

    net: Any
    given: Any
    X: Any
    true: tuple[Any, ...]
    predicted: tuple[Any, ...]
    probabilities: tuple[Any, ...]
    seconds: float

    def __len__(self) -> int:
        return len(self.predicted[0])

    @property
    def targets(self) -> Sequence[Target]:
        """What each output predicts."""
        return self.net._fitted().outputs.targets

    @property
    def names(self) -> list[str]:
        """Names of the output layers."""
        return list(self.net.network_.outputs)

    def score(self, i: int) -> float:
        """Return the score of an output."""
        only = self.net._fitted().outputs.only(i)
        return score_outputs(only, self.true[i], self.predicted[i])

    @classmethod
    def read(cls, estimator: Any, net: Any, X: Any, y: Any) -> ReportSamples:
        """Predict for samples, and split targets and predictions by output.

        Parameters
        ----------
        estimator : NeuralNet, Pipeline or search
        net : NeuralNet
            The net inside it.
        X : array-like
        y : array-like or None

        Raises
        ------
        ValueError
            If X or y is missing, or their lengths differ.
        """
        if X is None:
            raise ValueError("X must be given with y, got None")
        X, y = split_dataset(X, y)
        outputs = net._fitted().outputs
        _, rows = unwrap_with_rows(estimator, X)
        if y is None:
            if not reconstructs(y, net.regression, net.outputs, net.autoencoder):
                raise ValueError("y must be given with X, got None")
            y = own_target(rows, net._fitted().read_rows)
        true = tuple(_as_rows(part) for part in outputs.split(y))
        probabilities = _by_class(net, rows, len(true))
        if all(part is None for part in probabilities):
            estimator.predict(X)  # which compiles, as do the probabilities
        start = time.perf_counter()
        predicted = outputs.split(estimator.predict(X))
        seconds = time.perf_counter() - start
        count = len(predicted[0])
        for part in true:
            if len(part) != count:
                raise ValueError(f"y must have as many rows as X, {count}, got {len(part)}")
        return cls(net, X, rows, true, predicted, probabilities, seconds)


def _as_rows(part: Any) -> Any:
    rows = read_rows(part.toarray() if hasattr(part, "toarray") else part)
    return rows.rows() if isinstance(rows, RaggedArray) else np.asarray(rows)


def _by_class(net: Any, X: Any, count: int) -> tuple[Any, ...]:
    """Return the probabilities or scores of the classes, by output; None for numbers."""
    found: list[Any] = [None] * count
    for method in ("predict_proba", "decision_function"):
        if hasattr(net, method):
            values = getattr(net, method)(X)
            for i, part in enumerate(values if isinstance(values, list) else [values]):
                found[i] = part if found[i] is None else found[i]
    return tuple(found)

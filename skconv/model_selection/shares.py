"""Shares of jobs, which processes run one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from ..data.inputs import row_shapes
from ..estimator.architecture import architecture
from ..estimator.neural_net import NeuralNet
from ..utils.digests import digest
from .jobs import Job


def cut_shares(jobs: Sequence[Job], X: Any, count: int) -> list[list[int]]:
    """Return the indices of the jobs of each share.

    Jobs of one architecture are next to each other, so that few shares compile the same programs.

    Parameters
    ----------
    jobs : sequence of Job
    X : array-like
        The rows of all jobs.
    count : int
        Number of shares; there are fewer if there are fewer jobs.
    """
    groups: dict[str, list[int]] = {}
    for i, job in enumerate(jobs):
        groups.setdefault(_architecture(job.estimator, X), []).append(i)
    order = [i for group in groups.values() for i in group]
    return [part.tolist() for part in np.array_split(order, min(count, len(jobs)))]


def _architecture(estimator: Any, X: Any) -> str:
    """Return a digest that is equal for estimators that are fitted with the same programs.

    Parameters
    ----------
    estimator : estimator
    X : array-like or None
        None if the rows of a net are not known.
    """
    if isinstance(estimator, NeuralNet):
        shapes = {} if X is None else row_shapes(X, estimator.data_format)
        return architecture(estimator, next(iter(shapes.values()), None))
    if isinstance(estimator, Pipeline) and estimator.steps:
        *before, (_, last) = estimator.steps
        return digest(([_unfitted(step) for _, step in before], _architecture(last, None)))
    return digest(_unfitted(estimator))


def _unfitted(value: Any) -> Any:
    """Return what tells estimators apart before they are fitted."""
    params = getattr(value, "get_params", None)
    return (type(value), params(deep=False)) if params else value

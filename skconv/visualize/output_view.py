"""One output of a net, with the columns of its predictions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..errors import did_you_mean
from ..targets.by_output import as_tuple
from ..targets.classes import Classes
from ..targets.numbers import Numbers
from ..targets.target import Target
from ..utils.checks import is_integer


@dataclass(frozen=True)
class OutputView:
    """One output of a fitted net.

    Its columns are those of `predict_proba` or the scores of the classes, or for regression the
    predicted numbers.

    Parameters
    ----------
    net : NeuralNet
    name : str
        Name of the output layer.
    index : int
        Index of the output.
    target : Classes, Labels or Numbers
    """

    net: Any
    name: str
    index: int
    target: Target

    def predict(self, X: Any) -> np.ndarray:
        """Predict probabilities, scores or numbers, of shape (n, columns)."""
        if isinstance(self.target, Numbers):
            predictions = self.decoded(X)
            return predictions.reshape(len(predictions), -1)
        return self.target.by_class(as_tuple(self.net._fitted().compute(X))[self.index])

    def decoded(self, X: Any) -> np.ndarray:
        """Predict labels, indicators or numbers, as the net's `predict` does."""
        return self.net._fitted().outputs.split(self.net.predict(X))[self.index]

    def choose_columns(self, target: Any, X: Any) -> np.ndarray:
        """Return the column to explain for each sample.

        Parameters
        ----------
        target : label, index of a predicted number, array-like of shape (n,) of them, or None
            None stands for the most likely class of each sample.
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples as in `fit`.

        Returns
        -------
        int array of shape (n,)

        Raises
        ------
        ValueError
            If the net has no such class, the length of `target` differs from that of X, or
            `target` is None for several numbers.
        """
        if target is None:
            return self._most_likely(X)
        given = np.asarray(target)
        n = len(self.net._fitted().rows(X))
        if given.shape not in ((), (n,)):
            raise ValueError(
                f"target must be a single value or have shape ({n},), got shape {given.shape}"
            )
        return np.broadcast_to([self._column(value) for value in given.reshape(-1).tolist()], n)

    def unit_weights(self, columns: np.ndarray) -> np.ndarray:
        """Return the weights of the output units whose weighted sum is the score of each column.

        Parameters
        ----------
        columns : int array of shape (n,)

        Returns
        -------
        float32 array of shape (n, units)
        """
        if isinstance(self.target, Classes) and self.target.single:
            return np.where(columns[:, None], np.float32(1), np.float32(-1))
        counted = isinstance(self.target, Classes) and self.target.counted is not None
        units = self.targets(columns) if counted else columns
        return np.eye(self.target.num_units, dtype=np.float32)[units]

    def label(self, column: int) -> str:
        """Return the label of a column."""
        return str(column if self.target.classes is None else self.target.classes[column])

    def targets(self, columns: np.ndarray) -> np.ndarray:
        """Return the targets for which `choose_columns` returns these columns."""
        return self.target.classes[columns] if isinstance(self.target, Classes) else columns

    def captions(self, X: Any, columns: np.ndarray) -> list[str]:
        """Return the prediction for each sample at its column as text, such as ``'cat (93%)'``."""
        values = self.predict(X)[np.arange(len(columns)), columns]
        template = "number {}: {:.3g}"
        if not isinstance(self.target, Numbers):
            template = "{} ({:.3g})" if self.target.scores else "{} ({:.0%})"
        return [
            template.format(self.label(column), value)
            for column, value in zip(columns, values, strict=True)
        ]

    def _most_likely(self, X: Any) -> np.ndarray:
        if isinstance(self.target, Numbers) and self.target.num_units > 1:
            raise ValueError(
                f"target must be given for the output {self.name!r}, which predicts several "
                f"numbers: an integer from 0 to {self.target.num_units - 1}"
            )
        return self.predict(X).argmax(axis=1)

    def _column(self, target: Any) -> int:
        if isinstance(self.target, Classes):
            classes = self.target.classes.tolist()
            if target not in classes:
                hint = did_you_mean(target, classes)
                raise ValueError(f"target must be one of the classes, got {target!r}.{hint}")
            return classes.index(target)
        last = self.target.num_units - 1
        if not is_integer(target, 0, last):
            raise ValueError(f"target must be an integer from 0 to {last}, got {target!r}")
        return target


def view_output(net: Any, output: str | None = None, *, positions: bool = False) -> OutputView:
    """Return a view of an output of a net.

    Parameters
    ----------
    net : NeuralNet
    output : str, optional
        Name of the output layer; by default the first.
    positions : bool
        Whether the output may have a class for each of several positions of a row.

    Returns
    -------
    OutputView

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If the net has no such output, or if it has positions that are not allowed.
    """
    check_is_fitted(net)
    names = list(net.network_.outputs)
    if output is None:
        output = names[0]
    if output not in names:
        raise ValueError(
            f"output must be an output layer of the net, got {output!r}."
            f"{did_you_mean(output, names)}"
        )
    index = names.index(output)
    target = net._fitted().outputs.targets[index]
    if isinstance(target, Classes) and target.positions and not positions:
        raise ValueError(
            f"output must have one prediction for each sample, got {output!r} with a class at each "
            f"of {math.prod(target.positions)} positions; plot_confusion takes all positions, and "
            "predict and predict_proba return them"
        )
    return OutputView(net, output, index, target)

"""One output of a net, and the numbers of its answer that can be asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..data.output_targets import as_tuple
from ..data.targets import Classes, Numbers, Target
from ..errors import did_you_mean
from ..utils.checks import is_integer


@dataclass(frozen=True)
class OutputView:
    """What a net answers at one of its outputs.

    The columns of an answer are those of `predict_proba`, or the numbers that are predicted.

    Parameters
    ----------
    net : NeuralNet
    name : str
        Of the output layer.
    number : int
        Of the output, among those that are predicted.
    target : Classes, Labels or Numbers
    """

    net: Any
    name: str
    number: int
    target: Target

    def columns(self, X: Any) -> np.ndarray:
        """Answer for rows: probabilities or numbers of shape (n, columns)."""
        numbers = isinstance(self.target, Numbers)
        found = self.net.predict(X) if numbers else self.net.predict_proba(X)
        found = as_tuple(found)[self.number]
        return found.reshape(len(found), -1)

    def chosen(self, target: Any, X: Any) -> np.ndarray:
        """Find the column that each row is asked about.

        Parameters
        ----------
        target : label, number of an output, array-like of shape (n,) of them, or None
            None stands for the class that is most likely for the row.
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows as in `fit`.

        Returns
        -------
        int array of shape (n,)

        Raises
        ------
        ValueError
            For labels that the net does not know, another number of them than of rows, and where
            no class is most likely.
        """
        if target is None:
            return self._most_likely(X)
        given = np.asarray(target)
        n = len(self.net._fitted().rows(X))
        if given.shape not in ((), (n,)):
            raise ValueError(f"target has shape {given.shape}, and X has {n} rows")
        return np.broadcast_to([self._column(one) for one in given.reshape(-1).tolist()], n)

    def direction(self, chosen: np.ndarray) -> np.ndarray:
        """Weigh the units of the output layer so that their sum is what was asked about.

        Parameters
        ----------
        chosen : int array of shape (n,)

        Returns
        -------
        float32 array of shape (n, units)
        """
        if isinstance(self.target, Classes) and self.target.single:
            return np.where(chosen[:, None], np.float32(1), np.float32(-1))
        return np.eye(self.target.num_units, dtype=np.float32)[chosen]

    def label(self, column: int) -> str:
        """Name a column."""
        return str(column if self.target.classes is None else self.target.classes[column])

    def targets(self, chosen: np.ndarray) -> np.ndarray:
        """Say which targets choose these columns."""
        return chosen if not isinstance(self.target, Classes) else self.target.classes[chosen]

    def words(self, X: Any, chosen: np.ndarray) -> list[str]:
        """Say for each row what the net answers at the column chosen, as ``'cat (93%)'``."""
        found = self.columns(X)[np.arange(len(chosen)), chosen]
        form = "{} ({:.0%})" if self.target.classes is not None else "number {}: {:.3g}"
        return [form.format(self.label(i), one) for i, one in zip(chosen, found, strict=True)]

    def _most_likely(self, X: Any) -> np.ndarray:
        if isinstance(self.target, Numbers) and self.target.num_units > 1:
            raise ValueError(
                f"target is needed: the output {self.name!r} predicts {self.target.num_units} "
                f"numbers, of which it names one, from 0 to {self.target.num_units - 1}"
            )
        return self.columns(X).argmax(axis=1)

    def _column(self, target: Any) -> int:
        if isinstance(self.target, Classes):
            known = self.target.classes.tolist()
            if target not in known:
                hint = did_you_mean(target, known)
                raise ValueError(f"target={target!r} is none of the classes.{hint}")
            return known.index(target)
        if not is_integer(target) or not 0 <= target < self.target.num_units:
            last = self.target.num_units - 1
            raise ValueError(f"target={target!r} is not the number of an answer, from 0 to {last}")
        return target


def view_output(net: Any, output: str | None = None) -> OutputView:
    """Look at an output of a net.

    Parameters
    ----------
    net : NeuralNet
    output : str, optional
        Name of the output layer; by default the first.

    Returns
    -------
    OutputView

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For a layer that is no output.
    """
    check_is_fitted(net)
    names = list(net.network_.outputs)
    if output is None:
        output = names[0]
    if output not in names:
        raise ValueError(f"the net has no output {output!r}.{did_you_mean(output, names)}")
    number = names.index(output)
    return OutputView(net, output, number, net._fitted().outputs.targets[number])

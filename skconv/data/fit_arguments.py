"""The arguments of a call to `fit` or `partial_fit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..preprocessing.dataset_parts import split_dataset
from ..preprocessing.row_view import read_whole
from .array_kinds import refuse_streams
from .inputs import RowSubset
from .named_inputs import by_input


@dataclass(frozen=True)
class FitArguments:
    """The arguments of a call to `fit` or `partial_fit`.

    Parameters
    ----------
    X, y, sample_weight : array-like
    valid : (X_val, y_val) or None
        Validation set passed by the caller.
    classes : array-like or None
        All class labels, if y may lack some of them.
    whole : bool
        Whether to train on all rows, without a validation set.
    epochs : int or None
        Number of epochs, in place of `max_epochs`.
    groups : array-like or None
        Group of each row, for a `train_split` that splits by groups.
    batch_size : int or None
        Number of rows in a batch, in place of that of `batch_iterator_train`.
    """

    X: Any
    y: Any
    sample_weight: Any = None
    valid: tuple[Any, Any] | None = None
    classes: Any = None
    whole: bool = False
    epochs: Any = None
    groups: Any = None
    batch_size: int | None = None

    def read(self) -> FitArguments:
        """Return the arguments with arrays in place of map-style datasets."""
        X, y = split_dataset(self.X, self.y)
        if not isinstance(X, RowSubset):
            refuse_streams("X", X)
        valid = None if self.valid is None else split_dataset(*self.valid)
        return replace(self, X=X, y=y, valid=valid, groups=read_whole(self.groups))

    def by_input(self, names: Sequence[str]) -> FitArguments:
        """Return the arguments with the arrays of X by input layer, as `by_input` does."""
        X: Any = self.X
        if isinstance(X, RowSubset):
            return replace(self, X=replace(X, X=by_input(X.X, names)))
        return replace(self, X=by_input(X, names))

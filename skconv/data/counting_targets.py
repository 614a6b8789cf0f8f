"""Check that some targets count: neither ignored nor without weight."""

from __future__ import annotations

import warnings

import numpy as np

from ..targets.by_output import as_tuple
from ..targets.classes import Classes
from ..targets.holes import is_known
from ..targets.outputs import Outputs
from .dataset import Dataset


def check_counting(outputs: Outputs, train: Dataset, valid: Dataset | None) -> None:
    """Raise `ValueError` if no target of the training rows counts; warn if none to validate does.

    Rows without weight are as good as no rows.
    """
    if not (any(outputs.holes) or train.target_weights is not None):
        return
    if not train.counts(outputs.holes):
        raise ValueError(
            "the training samples must have a target that counts, but all of them are ignored "
            "(ignore_label) or have weight zero"
        )
    for target, part in zip(outputs.targets, as_tuple(train.y), strict=True):
        rows = isinstance(part, np.ndarray) and part.ndim == 2
        if target.ignored is None or not rows or isinstance(target, Classes):
            continue  # units are shared by the positions of a row
        empty = ~is_known(part).any(axis=0)
        if empty.any():
            warnings.warn(
                f"column {empty.argmax()} of y has no targets to train on, as all are ignored "
                "(ignore_label), so its predictions are arbitrary",
                UserWarning,
                stacklevel=2,
            )
    if valid is not None and not valid.counts(outputs.holes):
        warnings.warn(
            "the validation set has no target that counts, so its loss is NaN; all are ignored "
            "(ignore_label) or have weight zero",
            UserWarning,
            stacklevel=2,
        )

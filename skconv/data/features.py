"""Number and names of the features of several inputs, as scikit-learn has them for one array."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from ..errors import Problems

FEATURES = ("n_features_in_", "feature_names_in_")
"""Attributes that scikit-learn sets on an estimator when it validates X."""


def check_features(estimator: Any, arrays: Mapping[str, Any], *, reset: bool) -> None:
    """Set the features of a dict of arrays on an estimator, or compare their names with them.

    Parameters
    ----------
    estimator : object
        With `reset`, ``n_features_in_`` becomes the number of values in a row of all arrays, and
        ``feature_names_in_`` the names of the columns: a dict of those arrays that have any, or one
        array if there is a single input.
    arrays : mapping of str to array of shape (n, values)
        Arrays by input, as given.
    reset : bool
        True in fit.

    Raises
    ------
    ValueError
        If names of columns differ from those in fit.

    Warns
    -----
    UserWarning
        If columns had names in fit only, or have them now only.
    """
    seen = getattr(estimator, "feature_names_in_", None)
    known = seen if isinstance(seen, Mapping) else dict.fromkeys(list(arrays)[:1], seen)
    problems, found = Problems(), {}
    for name, array in arrays.items():
        with problems.collect():
            names = _check_names(estimator, name, array, known.get(name), reset=reset)
            if names is not None:
                found[name] = names
    problems.raise_any()
    if not reset:
        return
    vars(estimator).pop("feature_names_in_", None)
    estimator.n_features_in_ = sum(int(np.shape(array)[1]) for array in arrays.values())
    if found:
        estimator.feature_names_in_ = found if len(arrays) > 1 else next(iter(found.values()))


def _check_names(
    estimator: Any, name: str, array: Any, known: Any, *, reset: bool
) -> np.ndarray | None:
    """Return the names of the columns of an input; compare them with the known ones."""
    probe = copy.copy(estimator)  # its class is part of the messages
    for attribute in FEATURES:
        vars(probe).pop(attribute, None)
    if known is not None:
        probe.feature_names_in_ = known
    try:
        validate_data(probe, array, reset=reset, skip_check_array=True)
    except (ValueError, TypeError) as error:
        raise type(error)(f"X[{name!r}]: {error}") from error
    return vars(probe).get("feature_names_in_")

"""Name the arrays of X by input layer, and say what to write instead of an X without names."""

from __future__ import annotations

from collections.abc import Mapping, MappingView, Sequence
from typing import Any

import numpy as np

from ..errors import Problems, did_you_mean
from ..utils.row_containers import has_names

SLICE = (
    "pass skconv.preprocessing.SliceDict(X) to functions of scikit-learn; the searches of "
    "skconv.model_selection take the dict itself"
)
"""How a dict of arrays is passed to functions that split it into rows."""

STACK = "stack samples by input, {name: np.stack([x[name] for x in X]) for name in X[0]}"


def by_input(X: Any, names: Sequence[str]) -> Any:
    """Return X with its arrays by input layer.

    Parameters
    ----------
    X : array-like, DataFrame, sparse matrix, dict of arrays, or list of arrays
        A list or tuple with one array for each input layer, in their order, becomes a dict if there
        are several.
    names : sequence of str
        Names of the input layers.

    Returns
    -------
    array-like or dict of arrays

    Raises
    ------
    ValueError
        If there are several input layers, but not an array for each of them; or if X is what
        becomes of a dict of arrays where it is taken for a sequence of samples.

    Examples
    --------
    >>> by_input([[[1], [2]], [[3], [4]]], ['left', 'right'])
    {'left': [[1], [2]], 'right': [[3], [4]]}
    >>> by_input([[1], [2]], ['input'])
    [[1], [2]]
    """
    if isinstance(X, np.ndarray) and X.dtype.kind in "biuf" and len(names) < 2:
        return X
    became = _what_a_dict_became(X, names)
    if became:
        got, hint = became
        raise ValueError(f"X must be an array, or a dict of arrays, got {got}; {hint}")
    if has_names(X):
        return _checked_names(X, names) if names else X
    if len(names) < 2:
        return X
    if isinstance(X, list | tuple) and len(X) == len(names):
        return dict(zip(names, X, strict=True))
    listed, kind = ", ".join(map(repr, names)), type(X).__name__
    got = f"a {kind} of {len(X)}" if isinstance(X, list | tuple) else f"a single {kind}"
    raise ValueError(
        f"X must have an array for each of the input layers {listed}, got {got}; give a dict of "
        "arrays, or make it of a table by skconv.preprocessing.SplitColumns"
    )


def _checked_names(X: Mapping[Any, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """Return a dict that has an array for each input layer, or the only input without its name."""
    problems, given = Problems(), list(X)
    if not given:
        problems.add("X must have an array for each input layer, got an empty dict")
    for name in X:
        if name not in names:
            hint = did_you_mean(str(name), names)
            problems.add(f"X must have names of input layers as keys, got {name!r}.{hint}")
    missing = [name for name in names if name not in given] if given else []
    for name in missing:
        problems.add(
            f"X must have an array for the input layer {name!r}, got only those for "
            f"{', '.join(map(repr, X))}"
        )
    problems.raise_any()
    return X


def _what_a_dict_became(X: Any, names: Sequence[str]) -> tuple[str, str] | None:
    """Return what X is and what to do, if it was a dict of arrays once, or else None."""
    if isinstance(X, MappingView):
        return type(X).__name__, SLICE
    objects = isinstance(X, np.ndarray) and X.dtype.kind in "OU" and X.ndim <= 1
    if not objects and not isinstance(X, list | tuple | set | frozenset):
        return None
    elements = [X.item()] if isinstance(X, np.ndarray) and not X.ndim else list(X)
    if elements and all(isinstance(one, str) and one in names for one in elements):
        return f"the names {', '.join(map(repr, map(str, elements)))} without arrays", SLICE
    if not elements or not all(isinstance(one, Mapping) for one in elements):
        return None
    if not any(np.ndim(value) for value in elements[0].values()):
        return None
    kind = "an array" if isinstance(X, np.ndarray) else f"a {type(X).__name__}"
    return f"{kind} of dicts", SLICE if len(elements) == 1 else f"{STACK}; {SLICE}"

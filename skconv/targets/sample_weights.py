"""Weights of samples and of single targets, as given by users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_array

from ..preprocessing.row_view import read_whole
from ..utils.checks import is_integer, is_number
from .by_output import by_output
from .ragged_array import RaggedArray, array_parts, read_rows
from .weighted_targets import take_targets

NAME = "sample_weight"


class SampleWeights(NamedTuple):
    """Validated `sample_weight`.

    Parameters
    ----------
    rows : float32 array of shape (n,), or None
        Weight of each row; None if targets have weights of their own.
    targets : tuple of (array, RaggedArray or None), or None
        Weights of the targets of each output, of shape ``(n,)`` or that of its y; None for an
        output whose targets all have weight one. None if only rows have weights.
    """

    rows: np.ndarray | None
    targets: tuple[Any, ...] | None

    def subset(self, index: np.ndarray) -> SampleWeights:
        """Return the weights of some of the rows."""
        return SampleWeights(*take_targets(tuple(self), index))

    def arranged(self, encoded: Sequence[Any]) -> tuple[Any, ...] | None:
        """Return the weights of the targets in the shapes of the encoded targets."""
        if self.targets is None:
            return None
        return tuple(_arrange(*pair) for pair in zip(self.targets, encoded, strict=True))


def check_weights(
    sample_weight: Any, n: int, names: Sequence[str | None] = (None,), y: Sequence[Any] = ()
) -> SampleWeights:
    """Validate the weights of `n` samples, or of their targets.

    Parameters
    ----------
    sample_weight : array-like of shape (n,), or of the shape of y
        If there are several outputs, a dict, list or tuple of them by output, or an array with a
        column for each output.
    n : int
    names : sequence of str or None
        The outputs; None for a single one.
    y : sequence of array-like or RaggedArray
        Targets of each output.

    Returns
    -------
    SampleWeights

    Raises
    ------
    ValueError
        For other shapes, negative weights, NaN, infinity, or no positive weight.

    Examples
    --------
    >>> check_weights([1, 2], 2).rows.tolist()
    [1.0, 2.0]
    >>> weights = check_weights([[1, 0], [2, 1]], 2, y=[[[0.5, 0.3], [0.1, 0.2]]])
    >>> weights.targets[0].tolist()
    [[1.0, 0.0], [2.0, 1.0]]
    """
    if is_number(sample_weight):
        epochs = f"; write epochs={sample_weight} for the number of epochs"
        raise ValueError(
            f"{NAME} must be an array of shape ({n},), with a weight for each row, got "
            f"{sample_weight}{epochs if is_integer(sample_weight, low=0) else ''}"
        )
    targets = list(y) or [np.empty(n)] * len(names)
    sample_weight = read_whole(sample_weight)
    parts = _split(sample_weight, n, names)
    if parts is None:
        weights = _check(NAME, sample_weight, n, targets[0] if len(names) == 1 else np.empty(n))
        by_row = isinstance(weights, np.ndarray) and weights.ndim == 1
        result = SampleWeights(weights, None) if by_row else SampleWeights(None, (weights,))
        given = [weights]
    else:
        whats = [f"{NAME} of the output {name!r}" for name in names]
        own = tuple(
            None if part is None else _check(what, part, n, target)
            for what, part, target in zip(whats, parts, targets, strict=True)
        )
        result, given = SampleWeights(None, own), [part for part in own if part is not None]
    positive = (rows.any() for part in given for _, rows in array_parts(part))
    if not any(positive) and len(given) == len(names):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return result


def _split(value: Any, n: int, names: Sequence[str | None]) -> Sequence[Any] | None:
    """Return the weights of each output; None for weights of rows, or of a single output."""
    if isinstance(value, Mapping) and tuple(names) == (None,):
        raise ValueError(
            f"{NAME} must be an array for a net with a single output, got a dict of "
            f"{', '.join(map(repr, value))}"
        )
    if isinstance(value, Mapping):
        return by_output(NAME, value, names, None)
    if len(names) == 1:
        return None
    if hasattr(value, "columns"):
        return by_output(NAME, {name: value[name] for name in value.columns}, names, None)
    if isinstance(value, list | tuple) and len(value) == len(names) and _holds_arrays(value):
        return value
    if isinstance(read_rows(value), RaggedArray):
        raise ValueError(
            f"{NAME} must be a dict or list of arrays by output, got a list of rows of several "
            "shapes"
        )
    if len(_shape(value)) < 2:
        return None
    table = np.asarray(value)
    if table.shape != (n, len(names)):
        raise ValueError(
            f"{NAME} must have shape ({n},) or ({n}, {len(names)}), or be a dict or list of arrays "
            f"by output, got shape {table.shape}"
        )
    return list(table.T)


def _shape(values: Any) -> tuple[int, ...]:
    return tuple(values.shape) if hasattr(values, "shape") else np.asarray(values).shape


def _holds_arrays(value: Sequence[Any]) -> bool:
    return any(part is None or np.ndim(part) for part in value)


def _check(what: str, value: Any, n: int, y: Any) -> Any:
    """Return the weights of rows, or of the targets y, as float32."""
    weights = read_rows(value)
    if isinstance(weights, RaggedArray):
        return _check_ragged(what, weights, y)
    if isinstance(y, RaggedArray):
        return _check_array(what, weights, (n,), ", or be a list of arrays of the shapes of y")
    shape = _shape(y)
    return _check_array(what, weights, (n,), f", or {shape} as y has" * (len(shape) > 1), shape)


def _check_ragged(what: str, weights: RaggedArray, y: Any) -> RaggedArray:
    """Return the weights of the targets of rows of several shapes."""
    given, shape = weights.row_shapes(), None if isinstance(y, RaggedArray) else _shape(y)
    wanted = [shape[1:]] * shape[0] if shape else y.row_shapes()
    if len(given) != len(wanted):
        raise ValueError(f"{what} must have {len(wanted)} rows as y has, got {len(given)}")
    for i, (own, other) in enumerate(zip(given, wanted, strict=True)):
        if own != other:
            raise ValueError(
                f"{what} must have rows of the shapes of y, got {own} instead of {other} in row {i}"
            )
    return weights.map(lambda rows: _check_array(what, rows, rows.shape))


def _check_array(
    what: str, value: Any, shape: tuple[int, ...], other: str = "", *further: tuple[int, ...]
) -> np.ndarray:
    """Return weights of a shape as float32; `other` describes further valid forms."""
    weights = check_array(value, ensure_2d=False, allow_nd=True, dtype=np.float32, input_name=what)
    if weights.shape not in (shape, *further):
        raise ValueError(f"{what} must have shape {shape}{other}, got {weights.shape}")
    if weights.min() < 0:
        raise ValueError(f"Negative values in data passed to `{what}`")
    return weights


def _arrange(weights: Any, encoded: Any) -> Any:
    if isinstance(encoded, RaggedArray):
        own = [None if weights is None else weights[index] for index in encoded.positions]
        return encoded.like([_arrange(*pair) for pair in zip(own, encoded.groups, strict=True)])
    if weights is None:
        return np.ones(encoded.shape, np.float32)
    if weights.size == encoded.size:
        return weights.reshape(encoded.shape)
    by_row = weights.reshape(len(weights), *(1,) * (encoded.ndim - 1))
    return np.array(np.broadcast_to(by_row, encoded.shape))

"""Padding of sequences of several lengths."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import InvalidParameterError, Problems
from ..utils.checks import flag, one_of, positive, positive_or_none
from ..utils.row_containers import object_array
from ..utils.versions import Versioned
from .slice_dict import SliceDict

__all__ = ["PadSequences"]

POWER = "power_of_two"


class PadSequences(TransformerMixin, Versioned, BaseEstimator):
    """Pad sequences of several lengths to one, with a mask of their time steps.

    Parameters
    ----------
    name, mask_name : str, default='input' and 'mask'
        Names of the padded sequences and of the mask in the result, which are those of the input
        layers of a net. Without a mask, ``mask_name=None``, the result is one array.
    max_length : int, optional
        Length to which longer sequences are cut.
    length_multiple : int or 'power_of_two', default=1
        The length of the padded sequences is rounded up to a multiple of this number, or to a power
        of two. A net with a free length compiles its programs once for each length.
    buckets : bool, default=False
        Whether each sequence is padded to its own length, rounded up, rather than all to that of
        the longest. The results are then arrays of objects, of as few lengths as `length_multiple`
        leaves, from which a net with a free length takes batches of one length each.
    value : float, default=0
        Value of the padding.
    padding, truncation : {'after', 'before'}, default='after'
        Where sequences are padded, and where they are cut.

    Attributes
    ----------
    length_ : int
        Length of the longest sequence in `fit`, cut and rounded up. Later sequences are padded to
        at least this length, unless there are buckets.
    step_shape_ : tuple of int
        Shape of a time step; empty for sequences of single numbers.

    Examples
    --------
    >>> pad = PadSequences(name='words')
    >>> X = pad.fit_transform([[5, 7, 2], [4], [8, 1]])
    >>> X['words']
    array([[5, 7, 2],
           [4, 0, 0],
           [8, 1, 0]])
    >>> X['mask']
    array([[1, 1, 1],
           [1, 0, 0],
           [1, 1, 0]], dtype=uint8)
    >>> pad.inverse_transform(X)
    [array([5, 7, 2]), array([4]), array([8, 1])]
    """

    def __init__(
        self,
        name: str = "input",
        mask_name: str | None = "mask",
        *,
        max_length: int | None = None,
        length_multiple: int | str = 1,
        buckets: bool = False,
        value: float = 0,
        padding: str = "after",
        truncation: str = "after",
    ) -> None:
        self.name = name
        self.mask_name = mask_name
        self.max_length = max_length
        self.length_multiple = length_multiple
        self.buckets = buckets
        self.value = value
        self.padding = padding
        self.truncation = truncation

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the length of the longest sequence, and the shape of a time step.

        Parameters
        ----------
        X : list, object array, Series, or DataFrame of one column, of sequences; or array
            Each sequence has shape ``(time,)`` or ``(time, features)``; so do the rows of an array.
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all problems: invalid parameters, empty sequences, anything but numbers, and time
            steps of several shapes.
        """
        self._check_parameters()
        sequences = _read(X)
        self.step_shape_ = sequences[0].shape[1:]
        self.length_ = self._rounded(max(map(len, sequences)))
        return self

    def transform(self, X: Any) -> Any:
        """Pad sequences.

        Parameters
        ----------
        X : list, object array, Series, or DataFrame of one column, of sequences; or array
            As in `fit`.

        Returns
        -------
        SliceDict, or array if `mask_name` is None
            Under `name` an array of shape ``(n, time)`` or ``(n, time, features)``, in the dtype of
            the sequences; under `mask_name` a uint8 array of shape ``(n, time)``, which is one for
            time steps of the sequences and zero for the padding. With `buckets`, object arrays of
            shape ``(n,)``.

        Raises
        ------
        ValueError
            For empty sequences, and for time steps of another shape than in `fit`.
        """
        check_is_fitted(self)
        self._check_parameters()
        sequences = [self._cut(sequence) for sequence in _read(X)]
        if sequences[0].shape[1:] != self.step_shape_:
            raise ValueError(
                f"X must have sequences of shape {_described(self.step_shape_)} as in fit, got "
                f"{_described(sequences[0].shape[1:])}"
            )
        lengths = [self._rounded(len(sequence)) for sequence in sequences]
        if not self.buckets:
            lengths = [max(*lengths, self.length_)] * len(sequences)
        dtype = np.result_type(*{sequence.dtype for sequence in sequences})
        with np.errstate(invalid="ignore"):
            held = np.asarray(self.value).astype(dtype)
        if not np.array_equal(held, self.value, equal_nan=dtype.kind == "f"):
            raise InvalidParameterError(
                f"value must be a number that {dtype} holds, as the sequences do, got "
                f"{self.value!r}"
            )
        padded = [
            self._padded(sequence.astype(dtype, copy=False), length, self.value)
            for sequence, length in zip(sequences, lengths, strict=True)
        ]
        masks = [
            self._padded(np.ones(len(sequence), np.uint8), length, 0)
            for sequence, length in zip(sequences, lengths, strict=True)
        ]
        collect = object_array if self.buckets else np.stack
        if self.mask_name is None:
            return collect(padded)
        return SliceDict({self.name: collect(padded), self.mask_name: collect(masks)})

    def inverse_transform(self, X: Any, mask: Any = None) -> list[np.ndarray]:
        """Drop the padding, also from predictions for each time step, such as tags.

        Parameters
        ----------
        X : SliceDict, as `transform` returns it; or array of shape (n, time, ...)
        mask : SliceDict, as `transform` returns it, or array of shape (n, time), optional
            Which time steps to keep, if X is an array.

        Returns
        -------
        list of array of shape (time, ...)
            One for each sequence. What was cut off stays lost.

        Raises
        ------
        ValueError
            If no mask is given, or one of another shape.

        Examples
        --------
        >>> pad = PadSequences()
        >>> X = pad.fit_transform([[5, 7, 2], [4]])
        >>> pad.inverse_transform(np.array([['A', 'B', 'B'], ['A', 'B', 'B']]), mask=X)
        [array(['A', 'B', 'B'], dtype='<U1'), array(['A'], dtype='<U1')]
        """
        mask = X if mask is None else mask
        if isinstance(mask, Mapping):
            mask = mask.get(self.mask_name)
        elif mask is X:
            mask = None
        if mask is None:
            raise ValueError(
                "mask must be given for an array, as in "
                "inverse_transform(tags, mask=pad.transform(X))"
            )
        rows = X[self.name] if isinstance(X, Mapping) else X
        if len(rows) != len(mask):
            raise ValueError(f"mask must have {len(rows)} rows as X has, got {len(mask)}")
        kept = []
        for i, (row, own) in enumerate(zip(rows, mask, strict=True)):
            if len(row) != len(own):
                raise ValueError(
                    f"mask must have {len(row)} time steps as X has in row {i}, got {len(own)}"
                )
            kept.append(np.asarray(row)[np.asarray(own) != 0])
        return kept

    def _check_parameters(self) -> None:
        problems = Problems()
        rules = {
            "max_length": positive_or_none,
            "buckets": flag,
            "padding": one_of("after", "before"),
            "truncation": one_of("after", "before"),
        }
        for parameter, check in rules.items():
            if valid := check(getattr(self, parameter)):
                problems.add_parameter(parameter, valid, getattr(self, parameter))
        multiple = self.length_multiple
        if positive(multiple) and one_of(POWER)(multiple):
            valid = f"a positive integer or {POWER!r}"
            problems.add_parameter("length_multiple", valid, multiple)
        if not isinstance(self.value, Real):
            problems.add_parameter("value", "a number", self.value)
        if not isinstance(self.name, str):
            problems.add_parameter("name", "the name of an input layer", self.name)
        if self.mask_name is not None and (
            not isinstance(self.mask_name, str) or self.mask_name == self.name
        ):
            valid = "the name of another input layer, or None"
            problems.add_parameter("mask_name", valid, self.mask_name)
        problems.raise_any()

    def _rounded(self, length: int) -> int:
        """Return a length rounded up, at most `max_length`."""
        if self.length_multiple == POWER:
            rounded = 1 << (length - 1).bit_length()
        else:
            multiple = int(self.length_multiple)
            rounded = -(-length // multiple) * multiple
        return rounded if self.max_length is None else min(rounded, int(self.max_length))

    def _cut(self, sequence: np.ndarray) -> np.ndarray:
        if self.max_length is None or len(sequence) <= self.max_length:
            return sequence
        length = int(self.max_length)
        return sequence[:length] if self.truncation == "after" else sequence[-length:]

    def _padded(self, sequence: np.ndarray, length: int, value: Any) -> np.ndarray:
        whole = np.full((length, *sequence.shape[1:]), value, sequence.dtype)
        start = 0 if self.padding == "after" else length - len(sequence)
        whole[start : start + len(sequence)] = sequence
        return whole


def _read(X: Any) -> list[np.ndarray]:
    """Return the sequences of X as arrays, or raise all problems in one message."""
    if getattr(X, "ndim", None) == 2 and hasattr(X, "columns"):
        if X.shape[1] != 1:
            raise ValueError(
                f"X must have one column of sequences, got {X.shape[1]}; select one as X[[name]]"
            )
        X = X.iloc[:, 0]
    sized = isinstance(X, list | tuple) or getattr(X, "ndim", 0) >= 1
    if isinstance(X, str | Mapping) or not sized:
        raise ValueError(f"X must be a list or an array of sequences, got {type(X).__name__}")
    if not len(X):
        raise ValueError("X must have at least one sequence, got none")
    problems, sequences = Problems(), []
    for i, sequence in enumerate(X):
        with problems.collect():
            sequences.append(_as_sequence(i, sequence))
    problems.raise_any()
    shapes = [sequence.shape[1:] for sequence in sequences]
    other = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
    if other is not None:
        raise ValueError(
            f"X must have sequences of one kind, got {_described(shapes[0])} in row 0 and "
            f"{_described(shapes[other])} in row {other}"
        )
    return sequences


def _as_sequence(i: int, sequence: Any) -> np.ndarray:
    what = "each sequence of X must be an array of numbers of shape (time,) or (time, features)"
    if isinstance(sequence, str):
        raise ValueError(f"{what}, got text in row {i}: {sequence!r:.40}; number its words first")
    try:
        array = np.asarray(sequence)
    except ValueError as error:
        raise ValueError(f"{what}, got time steps of several lengths in row {i}") from error
    if array.ndim == 0:
        raise ValueError(f"{what}, got {sequence!r:.40} in row {i}; a single sequence is [x]")
    if not len(array):
        raise ValueError(f"{what}, got an empty one in row {i}; drop it, and its target")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{what}, got {array.dtype} in row {i}; number words or categories first")
    return array


def _described(step: tuple[int, ...]) -> str:
    return f"({', '.join(['time', *map(str, step)])}{'' if step else ','})"

"""A dict of arrays that can be indexed by rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, NoReturn

import numpy as np
from scipy import sparse
from sklearn.utils.validation import _num_samples

from ..errors import Problems, did_you_mean
from ..utils.late_arrays import is_late
from ..utils.row_containers import select_rows
from .row_view import RowView

__all__ = ["SliceDict"]


class SliceDict(MutableMapping[str, Any]):
    """A dict of arrays with the same number of rows, which can be indexed by rows.

    Nets with several inputs take a dict of arrays, one for each input layer. scikit-learn's
    functions, such as `GridSearchCV`, `cross_val_predict` and `train_test_split`, count the keys of
    a plain dict as samples. They take a `SliceDict`, as its length is the number of rows, and
    indexing it by rows indexes all arrays. It serves for targets of several outputs, too.

    Parameters
    ----------
    arrays : mapping of str to array-like, or iterable of (str, array-like)
        Arrays, lists, DataFrames, memory maps or sparse matrices by name. They are not copied,
        except for sparse matrices in other formats than CSR. Rows of arrays of h5py, zarr and the
        like are a `RowView`.
    **named
        Further arrays.

    Attributes
    ----------
    shape : (int,)
        Number of rows.

    Raises
    ------
    ValueError
        If the arrays differ in length.
    TypeError
        If a name is not a string, or a value has no rows.

    Examples
    --------
    >>> import numpy as np
    >>> X = SliceDict(image=np.zeros((5, 1, 8, 8), np.uint8), table=np.eye(5))
    >>> len(X), X.shape, list(X)
    (5, (5,), ['image', 'table'])
    >>> X[[0, 2]]
    SliceDict(image=<uint8 of shape (2, 1, 8, 8)>, table=<float64 of shape (2, 5)>)
    >>> X['table'].shape
    (5, 5)
    """

    def __init__(
        self,
        arrays: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        /,
        **named: Any,
    ) -> None:
        problems = Problems()
        self._arrays: dict[str, Any] = {}
        for name, values in (dict(arrays) | named).items():
            with problems.collect():
                self._arrays[_checked_name(name)] = _checked_rows(name, values)
        lengths = {name: _num_samples(values) for name, values in self._arrays.items()}
        if len(set(lengths.values())) > 1:
            problems.add(f"the arrays must have the same number of rows, got {_listed(lengths)}")
        problems.raise_any()

    @property
    def shape(self) -> tuple[int]:
        """Number of rows, as a tuple."""
        return (len(self),)

    def __len__(self) -> int:
        return next((_num_samples(values) for values in self._arrays.values()), 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._arrays

    def keys(self) -> Any:
        """Return the names of the arrays."""
        return self._arrays.keys()

    def values(self) -> Any:
        """Return the arrays."""
        return self._arrays.values()

    def items(self) -> Any:
        """Return pairs of a name and its array."""
        return self._arrays.items()

    def __getitem__(self, key: Any) -> Any:
        """Return the array of this name, or some rows of all arrays as a `SliceDict`.

        Parameters
        ----------
        key : str, slice, int array-like, or bool array-like of shape (n,)
        """
        if isinstance(key, str):
            if key not in self._arrays:
                raise KeyError(f"{key!r} is not the name of an array.{_names_hint(self, key)}")
            return self._arrays[key]
        rows = self._rows_of(key)
        part = type(self)()
        part._arrays = {name: _rows(values, rows) for name, values in self._arrays.items()}
        return part

    def _rows_of(self, key: Any) -> Any:
        """Return a valid index of rows, a slice or an array."""
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:  # as scikit-learn does
            key = key[0]
        if isinstance(key, slice):
            if all(bound is None or hasattr(bound, "__index__") for bound in _bounds(key)):
                return key
            raise TypeError(f"rows must be sliced by integers, got {key!r}")
        index = np.asarray(key)
        if index.ndim == 0 and index.dtype.kind in "iu":
            raise TypeError(
                f"rows must be an array or a slice, got {key!r}; X[[{key}]] is a single row, and "
                "X[name] is the array of a name"
            )
        if index.ndim == 1 and not index.size:
            return index.astype(int)
        if index.ndim != 1 or index.dtype.kind not in "iub":
            raise TypeError(
                "a SliceDict must be indexed by the name of an array, or by rows as a slice, "
                f"integers or booleans of one axis, got {key!r}"
            )
        if index.dtype.kind == "b":
            if len(index) != len(self):
                raise IndexError(
                    f"a mask of rows must have {len(self)} booleans, one for each row, got "
                    f"{len(index)}"
                )
            return np.flatnonzero(index)
        return index

    def __setitem__(self, name: str, values: Any) -> None:
        """Set an array, which must have as many rows as the others."""
        values = _checked_rows(_checked_name(name), values)
        others = {key: _num_samples(array) for key, array in self.items() if key != name}
        n = _num_samples(values)
        if others and n not in others.values():
            raise ValueError(
                f"the arrays must have the same number of rows, got {_listed({name: n} | others)}"
            )
        self._arrays[name] = values

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(f"{name!r} is not the name of an array.{_names_hint(self, name)}")
        del self._arrays[name]

    def copy(self) -> SliceDict:
        """Return a new `SliceDict` of the same arrays."""
        return type(self)(self._arrays)

    __copy__ = copy

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a dict with the same names and equal arrays."""
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(_equal(self[key], other[key]) for key in self)

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise `TypeError`, because several arrays are not one."""
        raise TypeError(
            "X and y must be single arrays here, got a SliceDict of "
            f"{', '.join(map(repr, self))}; for X pass a table to a pipeline with "
            "skconv.preprocessing.SplitColumns before the net, or use "
            "skconv.ensemble.BatchedBagging for ensembles; for y stratify by one output, as in "
            "cv=list(StratifiedKFold().split(X, y[name]))"
        )

    def __repr__(self) -> str:
        arrays = (f"{name}={_described(values)}" for name, values in self.items())
        return f"{type(self).__name__}({', '.join(arrays)})"


def _checked_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the names of arrays must be strings, got {name!r}")
    return name


def _checked_rows(name: Any, values: Any) -> Any:
    """Return values that have rows, sparse ones in a format that can be indexed by rows."""
    if sparse.issparse(values):
        return values.tocsr()
    has_rows = isinstance(values, list | tuple) or len(getattr(values, "shape", ())) > 0
    if isinstance(values, Mapping) or not has_rows:
        raise TypeError(
            f"{name!r} must be an array, a list, a DataFrame or a sparse matrix, got {values!r:.80}"
        )
    return values


def _rows(values: Any, rows: Any) -> Any:
    """Return some rows of an array, as a view if they are to be read late."""
    return RowView(values)[rows] if is_late(values) else select_rows(values, rows)


def _bounds(rows: slice) -> tuple[Any, ...]:
    return rows.start, rows.stop, rows.step


def _equal(first: Any, second: Any) -> bool:
    first, second = (a.toarray() if sparse.issparse(a) else a for a in (first, second))
    return bool(np.array_equal(first, second))


def _described(values: Any) -> str:
    if isinstance(values, list | tuple):
        return f"<{type(values).__name__} of {len(values)}>"
    kind = getattr(values, "dtype", type(values).__name__)
    return f"<{kind} of shape {tuple(values.shape)}>"


def _listed(lengths: Mapping[str, int]) -> str:
    return ", ".join(f"{n} in {name!r}" for name, n in lengths.items())


def _names_hint(arrays: SliceDict, name: Any) -> str:
    return did_you_mean(str(name), arrays.keys())

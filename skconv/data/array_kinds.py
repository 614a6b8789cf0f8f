"""Say what to write instead of an X that is not an array of numbers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import Any

import numpy as np
from scipy import sparse

from ..preprocessing.decode_image import FORMATS
from ..utils.foreign_arrays import as_numpy, is_tensor
from ..utils.row_containers import object_array

IMAGES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)

FILES = (*IMAGES, ".npy", ".npz", ".csv")
"""Endings by which text is taken for the name of a file."""

FEW = 1000
"""Number of elements of a list that are looked at to describe it."""


def check_kind(what: str, X: Any) -> Any:
    """Check that X is an array-like, and return it as an array if it is a list of arrays.

    Parameters
    ----------
    what : str
        Name of X for messages.
    X : object

    Returns
    -------
    array, DataFrame or sparse matrix

    Raises
    ------
    ValueError
        With what to write instead.
    """
    if type(X) is np.ndarray and X.dtype.kind in "biuf":
        return X
    if isinstance(X, str | bytes | PathLike):
        raise ValueError(f"{what} must be an array, got {X!r}; read the file into an array first")
    refuse_streams(what, X)
    if isinstance(X, list | tuple) and not len(X):
        raise ValueError(f"{what} must have at least one row, got an empty {type(X).__name__}")
    if not hasattr(X, "__len__") and hasattr(X, "__array_interface__"):
        raise ValueError(
            f"{what} must be an array of images; give a single one as np.asarray(X)[None]"
        )
    if getattr(getattr(X, "dtype", None), "names", None):
        raise ValueError(
            f"{what} must not be a structured array, got {X.dtype}; use pandas.DataFrame(X)"
        )
    if np.ma.is_masked(X):
        raise ValueError(
            f"{what} must not have masked values; fill them first: X.filled(0), or SimpleImputer"
        )
    if any(_kind(values) == "dates" for _, values in _typed_columns(X)):
        raise ValueError(_describe(what, X))
    if sparse.issparse(X):
        return X
    return _as_array(what, X)


def refuse_streams(what: str, X: Any) -> None:
    """Raise `ValueError` for an iterable that is not an array-like, with what to write instead."""
    known = isinstance(X, str | bytes | PathLike) or _is_array_like(X)
    if known and not isinstance(X, set | frozenset | Iterator):
        return
    hint = (
        "train on batches (X, y) by partial_fit_stream, and predict them one by one; or collect "
        "samples into one array, as np.stack([x for x, _ in data]) does"
    )
    if isinstance(X, set | frozenset):
        hint = "sets have no order: give a list"
    raise ValueError(
        f"{what} must be an array, a DataFrame, a sparse matrix or a dict of arrays, "
        f"got {type(X).__name__}; {hint}"
    )


@contextmanager
def explaining(what: str, X: Any) -> Iterator[None]:
    """Add what to write instead to an error in converting X to numbers."""
    try:
        yield
    except (ValueError, TypeError) as error:
        message = "" if sparse.issparse(X) else _describe(what, X)
        if not message:
            raise
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{message} ({reason})") from error


def _is_array_like(X: Any) -> bool:
    known = ("__array__", "__array_interface__", "__dataframe__", "shape", "iloc")
    scalar = X is None or isinstance(X, int | float | complex | Mapping)
    return scalar or isinstance(X, list | tuple) or any(hasattr(X, name) for name in known)


def _as_array(what: str, X: Any) -> Any:
    """Return lists, arrays of objects and arrays of other libraries as one array, if possible."""
    if isinstance(X, list | tuple) and any(map(sparse.issparse, X)):
        raise ValueError(
            f"{what} must be one sparse matrix, got a list; use scipy.sparse.vstack(X)"
        )
    objects = str(getattr(X, "dtype", None)) == "object" and getattr(X, "ndim", 0) == 1
    if objects and len(X) and np.ndim(np.asarray(X)[0]):
        X = list(X)
    if is_tensor(X):
        return as_numpy(what, X)
    if isinstance(X, list | tuple) and all(map(is_tensor, X)):
        X = [as_numpy(f"{what}[{i}]", one) for i, one in enumerate(X)]
    if not isinstance(X, list | tuple):
        table = hasattr(X, "shape") and len(X.shape) <= 2
        return X if table or isinstance(X, np.ndarray) else np.asarray(X)
    with explaining(what, X):
        return np.asarray(X)


def _describe(what: str, X: Any) -> str:
    """Return what is wrong with X and what to write instead, or an empty string."""
    if hasattr(X, "columns"):
        found = [(name, kind, values) for name, values in _columns(X) if (kind := _kind(values))]
        if not found:
            return ""
        kinds = {kind: ADVICE[kind] for _, kind, _ in found}
        columns = ", ".join(f"{kind} in column {name!r}" for name, kind, _ in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        return f"{what} must hold numbers, got {columns}{more}; {'; '.join(kinds.values())}"
    elements = _few(X)
    if not elements:
        return ""
    if all(isinstance(one, tuple) and len(one) == 2 for one in elements) and any(
        np.ndim(x) != np.ndim(y) for x, y in elements
    ):
        return (
            f"{what} must hold numbers, got pairs of X and y; give them apart: X, y = zip(*data), "
            "or read a dataset by skconv.preprocessing.read_dataset"
        )
    if getattr(X, "ndim", 1) > 1 or isinstance(elements[0], list | tuple):
        flat = list(_leaves(X))
        kind = _kind(object_array(flat))
        if kind in ("text", "file names", "dates", "complex numbers"):
            example = next((one for one in flat if isinstance(one, str | PathLike)), None)
            got = kind if example is None else f"{kind} such as {str(example)!r}"
            return f"{what} must hold numbers, got {got}; {ADVICE[kind]}"
    kind = _kind(object_array(elements))
    if kind in ("text", "file names"):
        return f"{what} must hold numbers, got {kind} such as {str(elements[0])!r}; {ADVICE[kind]}"
    if kind == "dates":
        return f"{what} must hold numbers, got dates; {ADVICE[kind]}"
    if isinstance(elements[0], Mapping):
        return f"{what} must hold numbers, got dicts; use pandas.DataFrame(X) or DictVectorizer"
    return _describe_sizes(what, elements)


def _describe_sizes(what: str, elements: list[Any]) -> str:
    """Return what to do with elements of several shapes."""
    shapes = []
    for element in elements:
        try:
            shapes.append(np.shape(element))
        except ValueError:
            return f"{what} must have rows of one shape; {PAD}"
    sizes = sorted(set(shapes), key=shapes.index)
    if len(sizes) < 2 or any(not size for size in sizes):
        return ""
    got = f"got rows of shape {sizes[0]} and {sizes[1]}"
    sequences = all(len(size) == 1 for size in sizes) or (
        all(len(size) == 2 for size in sizes) and len({size[1] for size in sizes}) == 1
    )
    advice = PAD if sequences else RESIZE
    return f"{what} must have rows of one shape, {got}; {advice}"


PAD = (
    "pad sequences to one length with skconv.preprocessing.PadSequences, which also gives the mask "
    "for recurrent layers; or leave the length open, as in input_shape=(None, None, 8), for layers "
    "that take any"
)

RESIZE = (
    "resize or crop images to one size first, such as "
    "np.stack([np.asarray(Image.fromarray(x).resize((64, 64))) for x in X]) with Pillow; or leave "
    "sizes open, as in input_shape=(None, 3, None, None), for layers that take any"
)

ADVICE = {
    "text": (
        "encode categories with OneHotEncoder, or with OrdinalEncoder for an EmbeddingLayer, as "
        "part of make_column_transformer; and words with TfidfVectorizer"
    ),
    "file names": (
        "read images by make_pipeline(skconv.preprocessing.ReadImages(size=64), net), and other "
        "files into arrays"
    ),
    "dates": "convert dates to numbers first, such as days since the first: (X - X.min()).dt.days",
    "complex numbers": "give real and imaginary parts, or absolute values, as columns",
    "arrays": "stack them into one array: np.stack(X[name])",
}
"""What to do with values of each kind."""


def _kind(values: np.ndarray) -> str:
    """Return what values are if they are not numbers, as a key of `ADVICE`; else an empty string.

    Text that can be read as numbers counts as numbers.
    """
    if values.dtype.kind in "Mm":
        return "dates"
    if values.dtype.kind == "c":
        return "complex numbers"
    if values.dtype.kind not in "OUST":
        return ""
    elements = values.ravel()[:FEW].tolist()
    if any(isinstance(one, datetime.date | datetime.timedelta) for one in elements):
        return "dates"
    if any(isinstance(one, complex) for one in elements):
        return "complex numbers"
    if any(np.ndim(one) for one in elements if not isinstance(one, str | list | Mapping)):
        return "arrays"
    text = [str(one) for one in elements if isinstance(one, str | bytes | PathLike)]
    if not text:
        return ""
    paths = [one for one in elements if isinstance(one, PathLike)]
    if paths or all(one.lower().endswith(FILES) for one in text):
        return "file names"
    return "" if all(map(_is_number, text)) else "text"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(X: Any) -> Iterator[tuple[Any, np.ndarray]]:
    for name in X.columns:
        yield name, np.asarray(X[name])


def _typed_columns(X: Any) -> Iterator[tuple[Any, np.ndarray]]:
    """Yield an array, or the columns of a DataFrame, that are known to hold dates."""
    if hasattr(X, "columns"):
        types = list(X.dtypes)
        # each type once: 20 names of the same take 100 us, as long as a small net for one row
        dates = {dtype for dtype in set(types) if _names_dates(str(dtype).lower())}
        for name, dtype in zip(X.columns, types, strict=True):
            if dtype in dates:
                yield name, np.asarray(X[name])
    elif isinstance(getattr(X, "dtype", None), np.dtype) and X.dtype.kind in "Mm":
        yield None, np.asarray(X)


def _names_dates(dtype: str) -> bool:
    return any(word in dtype for word in ("date", "time", "duration"))


def _few(X: Any) -> list[Any]:
    if not isinstance(X, list | tuple) and not getattr(X, "ndim", 0):
        return []
    return list(X[:FEW])


def _leaves(X: Iterable[Any]) -> Iterator[Any]:
    """Yield the first values of nested lists, or of an array."""
    if isinstance(X, np.ndarray):
        yield from X.ravel()[:FEW].tolist()
        return
    for row in list(X)[:100]:
        yield from list(row)[:100] if isinstance(row, list | tuple | np.ndarray) else (row,)

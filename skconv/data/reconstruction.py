"""X as its own target, for autoencoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from ..errors import InvalidParameterError
from ..targets.by_output import regression_by_output
from ..targets.ragged_array import join_rows
from .late_rows import LateRows
from .ragged_rows import RaggedRows
from .rows import ChannelsLast, Inputs, Rows
from .shape_groups import group_rows


def reconstructs(y: Any, regression: Any, outputs: Any, autoencoder: Any) -> bool:
    """Return whether the target of a fit is X.

    Parameters
    ----------
    y : array-like or None
        As passed to `fit`.
    regression, outputs, autoencoder
        As the parameters of `NeuralNet`.
    """
    return regression_by_output(regression, outputs) == (True,) and (y is None or bool(autoencoder))


def check_autoencoder(params: Mapping[str, Any]) -> None:
    """Raise `ValueError` if a net with the parameter `autoencoder` does not predict one array."""
    numbers = regression_by_output(params["regression"], params["outputs"])
    if not params["autoencoder"] or numbers == (True,):
        return
    if len(numbers) > 1:
        raise InvalidParameterError(
            f"autoencoder must be False for a net with {len(numbers)} outputs, got "
            f"{params['autoencoder']!r}; give X as the target of one of them in y"
        )
    raise InvalidParameterError(
        f"regression must be True for autoencoder={params['autoencoder']!r}, got "
        f"{params['regression']!r}"
    )


def check_order(rows: Rows, inputs: Inputs) -> None:
    """Raise `ValueError` if rows are flattened images whose channels the network moves."""
    (row,) = inputs.rows().values()
    if rows.reading.flat_last and len(row) > 2:
        raise ValueError(
            "X must have shape (n, height, width, channels) if it is the target, too, with "
            "data_format='channels_last', got flattened images; reshape it"
        )


def as_target(rows: Rows) -> Any:
    """Return the rows of X as targets.

    Parameters
    ----------
    rows : Rows
        As read, before they are arranged for the network.

    Returns
    -------
    float32 array of shape (n, features) or (n, channels, ...), or RaggedArray
        It shares the memory of X if that is float32, and all rows are taken.

    Raises
    ------
    ValueError
        For several inputs, and for sparse X.
    """
    if isinstance(rows, RaggedRows):
        return join_rows(list(map(as_target, rows.groups)), rows.positions)
    if len(rows.arrays) > 1:
        raise ValueError(
            f"y must be given for a net with several inputs, got None; give the array of X to "
            f"reconstruct, such as y=X[{next(iter(rows.arrays))!r}]"
        )
    ((name, array),) = rows.arrays.items()
    last = isinstance(array, ChannelsLast)
    values, shape = (array.array, array.row) if last else (array, rows.shapes[name])
    if sparse.issparse(values):
        raise ValueError(
            "X must be dense if it is the target, too, got a sparse matrix; give X.toarray(), or "
            "reduce it first, as by TruncatedSVD"
        )
    if rows.index is not None or isinstance(values, LateRows):
        values = values[slice(None) if rows.index is None else rows.index]
    images = values.reshape(len(values), *shape)
    return (np.moveaxis(images, -1, 1) if last else images).astype(np.float32, copy=False)


def own_target(X: Any, read: Callable[[Any], Rows]) -> Any:
    """Return X as the target to score, whose rows may have several shapes.

    Parameters
    ----------
    X : array-like
    read : callable
        Validates rows of one shape.

    Returns
    -------
    array of shape (n, ...) or RaggedArray
    """
    groups = group_rows(X)
    if not groups:
        return as_target(read(X))
    parts = [as_target(read(group.X)) for group in groups]
    return join_rows(parts, [group.positions for group in groups])

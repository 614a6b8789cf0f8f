"""Numbers of Caffe's messages as they are written in its files."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain(value: float) -> float:
    """Return a number of single precision with the digits that the file has.

    Examples
    --------
    >>> import numpy as np
    >>> float(np.float32(0.1)), plain(np.float32(0.1))
    (0.10000000149011612, 0.1)
    """
    return float(str(np.float32(value)))


def positive_axis(axis: int, rank: int, name: str = "axis") -> int:
    """Return an axis counted from the front.

    Raises
    ------
    ValueError
        If a blob of `rank` axes does not have it.

    Examples
    --------
    >>> positive_axis(-1, 4)
    3
    """
    if not -rank <= axis < rank:
        raise ValueError(f"{name} must be an axis of a blob of {rank} axes, got {axis}")
    return axis % rank


def row_axis(axis: int, rank: int, name: str = "axis") -> int:
    """Return an axis counted from the front, which must not be the batch.

    Raises
    ------
    ValueError
        If it is the batch, or no axis of a blob of `rank` axes.
    """
    axis = positive_axis(axis, rank, name)
    if axis == 0:
        raise ValueError(f"{name} must not be 0, the batch, as rows are independent")
    return axis


def each_side(param: Any, name: str, axes: int, default: int | None = None) -> Any:
    """Return a size of a window along each axis, or one number for all if they are equal.

    Parameters
    ----------
    param : google.protobuf.message.Message
        With a repeated field `name`, and fields for height and width, as in ``pad_h``.
    name : str
        ``'kernel_size'``, ``'stride'``, ``'pad'`` or ``'dilation'``.
    axes : int
        Number of axes after the channels.
    default : int, optional
        Used if the file gives no size.

    Raises
    ------
    ValueError
        If the size is missing, or given for another number of axes.
    """
    stem = name.removesuffix("_size")
    sides = [f"{stem}_{side}" for side in "hw"]
    given = list(getattr(param, name))
    known = [side for side in sides if side in param.DESCRIPTOR.fields_by_name]
    if any(param.HasField(side) for side in known):
        if given or axes != 2:
            raise ValueError(f"{name} must be given once, or as {stem}_h and {stem}_w of images")
        given = [getattr(param, side) for side in sides]
    if not given and default is None:
        raise ValueError(f"{name} must be given")
    given = given or [default]
    if len(given) not in (1, axes):
        raise ValueError(f"{name} must be one number, or one for each of {axes} axes, got {given}")
    return given[0] if len(set(given)) == 1 else tuple(given)

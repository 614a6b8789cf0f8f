"""Arrays of other libraries, such as tensors of torch."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_numpy(what: str, value: Any) -> np.ndarray:
    """Return an array, tensor, image or number as a NumPy array.

    Parameters
    ----------
    what : str
        Its name, for messages.
    value : object

    Raises
    ------
    ValueError
        If the other library refuses, as torch does for tensors that require gradients.

    Examples
    --------
    >>> as_numpy('y', 3).shape
    ()
    """
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        hint = "; give it as tensor.detach().cpu().float().numpy()" if is_tensor(value) else ""
        raise ValueError(
            f"{what} must be an array that NumPy can read, got {type(value).__name__}: "
            f"{str(error).rstrip('.')}{hint}"
        ) from error


def is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor as torch has them, which may be part of a graph."""
    return hasattr(value, "detach") and hasattr(value, "__array__")

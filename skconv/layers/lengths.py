"""Lasagne's functions for the sizes of outputs, for layers of your own."""

from __future__ import annotations

from typing import Any

from ..utils.checks import is_integer

__all__ = ["conv_input_length", "conv_output_length", "pool_output_length"]


def conv_output_length(
    input_length: int | None, filter_size: int, stride: int, pad: int | str = 0
) -> int | None:
    """Return the size of the output of a convolution along one axis.

    Parameters
    ----------
    input_length : int or None
    filter_size, stride : int
    pad : int, 'valid', 'same' or 'full'

    Returns
    -------
    int or None
        None if `input_length` is None.

    Raises
    ------
    ValueError
        For another `pad`.

    Examples
    --------
    >>> conv_output_length(28, 3, 2), conv_output_length(28, 3, 2, pad='same')
    (13, 14)
    """
    padding = _padding(filter_size, pad)
    if input_length is None:
        return None
    return (input_length + padding - filter_size) // stride + 1


def conv_input_length(
    output_length: int | None, filter_size: int, stride: int, pad: int | str = 0
) -> int | None:
    """Return the smallest size of the input of a convolution that has an output of some size.

    It is the size of the output of a transposed convolution.

    Parameters
    ----------
    output_length : int or None
    filter_size, stride : int
    pad : int, 'valid', 'same' or 'full'

    Returns
    -------
    int or None
        None if `output_length` is None.

    Raises
    ------
    ValueError
        For another `pad`.

    Examples
    --------
    >>> conv_input_length(13, 3, 2), conv_input_length(13, 3, 2, pad='full')
    (27, 23)
    """
    padding = 2 * (filter_size // 2) if pad == "same" else _padding(filter_size, pad)
    if output_length is None:
        return None
    return (output_length - 1) * stride + filter_size - padding


def pool_output_length(
    input_length: int | None, pool_size: int | None, stride: int, pad: int, ignore_border: bool
) -> int | None:
    """Return the size of the output of a pooling layer along one axis.

    Parameters
    ----------
    input_length, pool_size : int or None
    stride, pad : int
    ignore_border : bool
        Whether a last window that does not fit is left out.

    Returns
    -------
    int or None
        None if `input_length` or `pool_size` is None.

    Raises
    ------
    ValueError
        For padding without `ignore_border`.

    Examples
    --------
    >>> pool_output_length(9, 2, 2, 0, True), pool_output_length(9, 2, 2, 0, False)
    (4, 5)
    """
    if pad and not ignore_border:
        raise ValueError(f"pad must be 0 for ignore_border=False, got {pad!r}")
    if input_length is None or pool_size is None:
        return None
    if ignore_border:
        return (input_length + 2 * pad - pool_size) // stride + 1
    if stride >= pool_size:
        return -(-input_length // stride)
    return max(0, -((pool_size - input_length) // stride)) + 1


def _padding(filter_size: int, pad: Any) -> int:
    """Return the padding on both sides together."""
    named = {"valid": 0, "same": filter_size - 1, "full": 2 * (filter_size - 1)}
    if isinstance(pad, str) and pad in named:
        return named[pad]
    if not is_integer(pad):
        raise ValueError(f"pad must be an integer, 'valid', 'same' or 'full', got {pad!r}")
    return 2 * int(pad)

"""Return memory that was freed to the operating system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def trim() -> None:
    """Return freed memory to the operating system, if the C library can.

    The GNU C library otherwise keeps free pages that lie between used ones, and compiling leaves
    many: dropping 64 programs lowered resident memory from 706 to 688 MB, and this call to 450 MB.

    Examples
    --------
    >>> trim()
    """
    _trim_function()(0)


@cache
def _trim_function() -> Callable[[int], object]:
    """Return ``malloc_trim``, or a function that does nothing where it is missing."""
    try:
        function: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (TypeError, OSError, AttributeError):  # on Windows, macOS and musl
        return lambda pad: None
    return function

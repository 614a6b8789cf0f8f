"""SIGTERM as an interrupt of a training, for handlers that keep what it has learned."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def sigterm_as_interrupt(wanted: bool = True) -> Iterator[None]:
    """Raise `KeyboardInterrupt` at SIGTERM, as at Ctrl-C, while the block runs.

    A handler of signals that the program has set is left in place, and so is what threads other
    than the main thread cannot change.

    Parameters
    ----------
    wanted : bool
        Whether to do so.

    Examples
    --------
    >>> import os
    >>> try:
    ...     with sigterm_as_interrupt():
    ...         os.kill(os.getpid(), signal.SIGTERM)
    ... except KeyboardInterrupt as error:
    ...     print(error)
    SIGTERM
    """
    main = threading.current_thread() is threading.main_thread()
    if not (wanted and main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL):
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt("SIGTERM")

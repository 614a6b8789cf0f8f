"""Ctrl-C and SIGTERM as interrupts of a training that come through."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_received: list[str] = []
"""Names of the signals received in the present training, until it is interrupted."""

_noted: list[str] = []
"""Names of the signals of which the processes of the present training have not been told yet."""


@contextmanager
def interruptible(*, sigterm: bool = False, note: bool = False) -> Iterator[None]:
    """Raise `KeyboardInterrupt` at Ctrl-C, and at SIGTERM if wanted, while the block runs.

    Python ignores an exception that a signal raises in a finalizer or in a callback of the garbage
    collector. The signal is noted, and `raise_ignored` raises the exception again.

    A handler of signals that the program has set is left in place, and so is what threads other
    than the main thread cannot change.

    Parameters
    ----------
    sigterm : bool
        Whether SIGTERM is an interrupt, too.
    note : bool
        Whether to leave the first signal to `take_noted`, as other processes would wait for one
        that stops anywhere.

    Examples
    --------
    >>> import os
    >>> try:
    ...     with interruptible(sigterm=True):
    ...         os.kill(os.getpid(), signal.SIGTERM)
    ... except KeyboardInterrupt as error:
    ...     print(error)
    SIGTERM
    """
    usual: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler}
    if sigterm:
        usual[signal.SIGTERM] = signal.SIG_DFL
    main = threading.current_thread() is threading.main_thread()
    replaced = [n for n, handler in usual.items() if main and signal.getsignal(n) == handler]
    for number in replaced:
        signal.signal(number, _note if note else _interrupt)
    try:
        yield
        raise_ignored()
    except KeyboardInterrupt:
        _received.clear()
        raise
    finally:
        if replaced:
            _received.clear()
            _noted.clear()
        for number in reversed(replaced):
            signal.signal(number, usual[number])


def raise_ignored() -> None:
    """Raise `KeyboardInterrupt` if Ctrl-C or SIGTERM came while Python ignored exceptions."""
    if _received:
        raise KeyboardInterrupt(*_received)


def take_noted() -> str | None:
    """Return the name of a signal that has been noted, once."""
    return _noted.pop() if _noted else None


def _note(number: int, frame: Any) -> None:
    if _noted:
        _interrupt(number, frame)
    _noted.append(signal.Signals(number).name)


def _interrupt(number: int, frame: Any) -> None:
    _received[:] = [signal.Signals(number).name]
    raise KeyboardInterrupt(*_received)

"""Refusal of JAX in a process that was forked after JAX had been used."""

from __future__ import annotations

import os
import sys

_forked = False


def check_fork() -> None:
    """Raise an error if JAX was in use when this process was forked.

    A forked process has none of the threads that JAX started, and would wait for them forever.

    Raises
    ------
    RuntimeError
        In the child. Processes forked before JAX was used, and those started with another program
        or interpreter, are fine.

    Examples
    --------
    >>> check_fork()
    """
    if _forked:
        raise RuntimeError(
            "nets must not fit, predict or load weights in a process that was forked after JAX had "
            "been used, where they would wait forever; start processes with "
            "multiprocessing.get_context('spawn') or joblib's 'loky', or fork before the first "
            "call of fit or predict, as gunicorn does with preload_app if the net is only loaded "
            "before"
        )


def _note_fork() -> None:
    """Note in the child whether JAX had started its threads."""
    global _forked
    # JAX has no public name for this; its function that asks takes a lock, which a thread that is
    # missing here may hold
    bridge = sys.modules.get("jax._src.xla_bridge")
    _forked = bool(getattr(bridge, "_backends", None))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)

"""Where warnings point to: the line of the user, not one of the libraries between."""

from __future__ import annotations

import sys
from types import FrameType

LIBRARIES = {"skconv", "sklearn", "joblib", "contextlib", "functools"}
"""Packages whose frames may lie between a line of the user and the one that warns."""


def stacklevel_of_user() -> int:
    """Return the `stacklevel` with which the caller's warning points to the line of the user.

    How many frames lie between depends on callbacks, searches and ensembles.
    """
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and _library_of(frame) in LIBRARIES:
        frame, level = frame.f_back, level + 1
    return level


def _library_of(frame: FrameType) -> str:
    return frame.f_globals.get("__name__", "").partition(".")[0]

"""Dataclass fields that tell structural, runtime and initial values apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import Any

import numpy as np

from .checks import between


class _Unset:
    """Stands for a value that the network finds out: from the data, the task or the layer."""

    def __repr__(self) -> str:
        return "<unset>"

    def __reduce__(self) -> str:
        return "UNSET"

    def __copy__(self) -> _Unset:
        return self

    def __deepcopy__(self, memo: Any) -> _Unset:
        return self


UNSET: Any = _Unset()


def structural(default: Any = UNSET, check: Callable[[Any], str | None] | None = None) -> Any:
    """Field that is part of the architecture: another value is another program.

    Parameters
    ----------
    default : object
        Without one the field must be given.
    check : callable, optional
        Returns what would be valid where the value is not, and None where it is.
    """
    return field(default=default, metadata={"kind": "structural", "check": check})


def runtime(default: float, low: float = -np.inf, high: float = np.inf) -> Any:
    """Field whose number enters the compiled program: another value compiles nothing.

    Parameters
    ----------
    default : float
    low, high : float
        Bounds of valid values.
    """
    return field(default=default, metadata={"kind": "runtime", "check": between(low, high)})


def optional(low: float = -np.inf, high: float = np.inf, absent: float | None = None) -> Any:
    """Keyword for a number that enters the compiled program, or None for a program without it.

    Another number compiles nothing.

    Parameters
    ----------
    low, high : float
        Bounds of valid values.
    absent : float, optional
        Number that None stands for, so that None is no program of its own.
    """
    bounded = between(low, high)

    def check(value: Any) -> str | None:
        valid = None if value is None else bounded(value)
        return valid and f"{valid}, or None"

    metadata = {"kind": "optional", "check": check, "absent": absent}
    return field(default=None, kw_only=True, repr=False, metadata=metadata)


def initial(default: Any) -> Any:
    """Field that only decides where a parameter starts: no part of any program.

    It takes an initialiser, a number, an array, the name of a layer to share the parameter with,
    and, where the layer can do without the parameter, None.
    """
    return field(default=default, metadata={"kind": "initial", "check": None})


def kind_of(spec: dataclasses.Field) -> str:
    """Kind of a layer's field, by the function that made it; ``'graph'`` for name and incomings."""
    return spec.metadata.get("kind", "structural")

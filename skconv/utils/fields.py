"""Dataclass fields of layers and transforms: structural, runtime, optional and initial values."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, field
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from .checks import between, or_none

F = TypeVar("F", bound=Callable[..., Any])


class _Unset:
    """Placeholder for a value inferred later: from the data, the task or the layer."""

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
    """Return a field that is part of the architecture: a new value compiles a new program.

    Parameters
    ----------
    default : object
        Without a default the field is required.
    check : callable, optional
        Returns None for a valid value, and otherwise a phrase that says what is valid.
    """
    return field(default=default, metadata={"kind": "structural", "check": check})


def runtime(default: float, low: float = -np.inf, high: float = np.inf) -> Any:
    """Return a field for a number passed to the compiled program: a new value compiles nothing.

    Parameters
    ----------
    default : float
    low, high : float
        Bounds of valid values.
    """
    return field(default=default, metadata={"kind": "runtime", "check": between(low, high)})


def optional(low: float = -np.inf, high: float = np.inf, absent: float | None = None) -> Any:
    """Return a keyword-only field for a runtime number, or None for a program without it.

    Changing the number compiles nothing.

    Parameters
    ----------
    low, high : float
        Bounds of valid values.
    absent : float, optional
        Number used for None, so that None needs no program of its own.
    """
    metadata = {"kind": "optional", "check": or_none(between(low, high)), "absent": absent}
    return field(default=None, kw_only=True, repr=False, metadata=metadata)


def initial(default: Any) -> Any:
    """Return a field for a parameter's initial value, which is not part of any program.

    It accepts an initializer or its name, a number, an array, the name of a layer or of its
    parameter, ``'conv1.W'`` or transposed ``'conv1.W.T'``, or ``other.W`` of a layer, to share the
    parameter with and, if the layer can do without the parameter, None.
    """
    return field(default=default, metadata={"kind": "initial", "check": None})


def kind_of(spec: Field) -> str:
    """Return the kind of a field: `structural`, `runtime`, `optional`, `initial` or ``'graph'``.

    The fields for the name and the incoming layers are of the kind ``'graph'``.
    """
    return spec.metadata.get("kind", "structural")


def cached_per_class(function: F) -> F:
    """Cache a function of a class, keeping its signature.

    To mypy the classes of dataclasses are not hashable, so it rejects them as arguments of a
    function with `functools.cache`.
    """
    cached: Any = functools.cache(function)
    return cached


@cached_per_class
def field_kinds(cls: type) -> Mapping[str, str]:
    """Return the kind of each field of a dataclass, by name; cached for each class.

    Examples
    --------
    >>> from skconv.layers import DropoutLayer
    >>> field_kinds(DropoutLayer)['p'], field_kinds(DropoutLayer)['l2']
    ('runtime', 'optional')
    """
    return MappingProxyType({spec.name: kind_of(spec) for spec in dataclasses.fields(cls)})


@cached_per_class
def fields_of_kind(cls: type, *kinds: str) -> tuple[Field, ...]:
    """Return the fields of a dataclass that are of one of some kinds; cached for each class.

    Examples
    --------
    >>> from skconv.layers import DropoutLayer
    >>> [spec.name for spec in fields_of_kind(DropoutLayer, 'runtime')]
    ['p']
    """
    return tuple(spec for spec in dataclasses.fields(cls) if kind_of(spec) in kinds)


@cached_per_class
def _field_checks(cls: type) -> tuple[tuple[str, Callable[[Any], str | None] | None], ...]:
    return tuple((spec.name, spec.metadata.get("check")) for spec in dataclasses.fields(cls))


def field_problems(instance: Any, inferred: Collection[str] = ()) -> Iterator[str]:
    """Yield a message for each missing or invalid field of a dataclass instance.

    Parameters
    ----------
    instance : dataclass
    inferred : collection of str
        Names of fields that may be unset.

    Examples
    --------
    >>> from skconv.layers import DropoutLayer
    >>> list(field_problems(DropoutLayer(p=1.5)))
    ['p must be a number between 0.0 and 1.0, got 1.5']
    """
    for name, check in _field_checks(type(instance)):
        value = getattr(instance, name)
        if value is UNSET:
            if name not in inferred:
                yield f"{name} is missing"
        elif check is not None and (valid := check(value)):
            yield f"{name} must be {valid}, got {value!r}"

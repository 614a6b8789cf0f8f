"""Frozen dataclasses with runtime values, and functions to read and replace their fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from ..errors import TransformError, did_you_mean
from ..utils.fields import field_problems, kind_of


@dataclass(frozen=True)
class Tunable:
    """A frozen dataclass of structural fields and runtime values.

    Subclasses define their fields by `skconv.layers.structural` and `skconv.layers.runtime`. A
    runtime value is a traced number in a compiled program: a new one compiles nothing. Fields may
    hold other tunables, or tuples of them.
    """

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, list | tuple | np.ndarray):
                object.__setattr__(self, spec.name, _as_tuple(value))

    def check(self) -> Iterable[str]:
        """Yield messages about invalid fields, inner tunables included."""
        yield from field_problems(self)
        for where, one in inner_tunables(self):
            if isinstance(one, Tunable):
                yield from (f"{where} ({type(one).__name__}): {error}" for error in one.check())

    def error(self, message: str) -> TransformError:
        """Return an error whose message begins with the name of the class."""
        return TransformError(f"{type(self).__name__}: {message}")


def inner_tunables(tunable: Tunable) -> Iterator[tuple[str, Any]]:
    """Yield the tunables in the fields, and other entries of their tuples, with their places."""
    for spec in dataclasses.fields(tunable):
        value = getattr(tunable, spec.name)
        if isinstance(value, Tunable):
            yield spec.name, value
        elif _holds_tunables(value):
            yield from ((f"{spec.name}[{i}]", one) for i, one in enumerate(value))


def runtime_values(tunable: Any) -> dict[str, Any]:
    """Return the numbers that are passed to the compiled program.

    Parameters
    ----------
    tunable : Tunable or object
        Other objects, such as functions, have no runtime values.

    Returns
    -------
    dict
        By field: a number, a tuple of two if the field holds two, or the dict of an inner tunable.
        Tunables in a tuple are named by their index: ``{'transforms': {'0': {...}}}``.

    Examples
    --------
    >>> from skconv.augment import OneOf, RandomFlip
    >>> runtime_values(OneOf([RandomFlip(p=0.2), RandomFlip()]))['transforms']['0']['p']
    0.2
    """
    if not isinstance(tunable, Tunable):
        return {}
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(tunable):
        value = getattr(tunable, spec.name)
        given = kind_of(spec) == "optional" and value is not None
        if given or kind_of(spec) == "runtime":
            values[spec.name] = value
        elif isinstance(value, Tunable):
            values[spec.name] = runtime_values(value)
        elif _holds_tunables(value):
            values[spec.name] = {str(i): runtime_values(one) for i, one in enumerate(value)}
    return values


def with_values(tunable: Any, values: Mapping[str, Any]) -> Any:
    """Return a copy with other runtime values, which may be traced.

    Parameters
    ----------
    tunable : Tunable or object
    values : mapping
        As returned by `runtime_values`; missing ones stay unchanged.

    Returns
    -------
    Tunable or object

    Raises
    ------
    ValueError
        For the name of anything but a runtime value.

    Examples
    --------
    >>> from skconv.augment import RandomFlip, Sometimes
    >>> with_values(Sometimes(0.5, RandomFlip()), {'p': 0.1, 'transform': {'p': 0.3}}).transform.p
    0.3
    """
    if not values:
        return tunable
    valid = runtime_values(tunable)
    changes: dict[str, Any] = {}
    for name, given in values.items():
        if name not in valid:
            what = type(tunable).__name__ if valid else repr(tunable)
            raise ValueError(f"{what} has no runtime value {name!r}.{did_you_mean(name, valid)}")
        value = getattr(tunable, name)
        if isinstance(value, Tunable):
            changes[name] = with_values(value, given)
        elif _holds_tunables(value):
            unknown = [index for index in given if index not in valid[name]]
            if unknown:
                raise ValueError(
                    f"{type(tunable).__name__} has no {name}[{unknown[0]}], "
                    f"only {len(value)} {name}"
                )
            changes[name] = tuple(
                with_values(one, given.get(str(i), {})) for i, one in enumerate(value)
            )
        else:
            changes[name] = given
    return replace(tunable, **changes) if changes else tunable


def without_values(tunable: Any) -> Any:
    """Return a copy with zeros as runtime values, equal for tunables of the same program.

    Parameters
    ----------
    tunable : Tunable or object

    Returns
    -------
    Tunable or object

    Examples
    --------
    >>> from skconv.augment import RandomFlip
    >>> without_values(RandomFlip(p=0.3))
    RandomFlip(target=None, keypoint_range=None, flip_pairs=(), p=0.0, axis='horizontal')
    """
    values = runtime_values(tunable)
    return with_values(tunable, jax.tree.map(lambda _: 0.0, values) if values else values)


def float32_values(tunable: Any) -> Any:
    """Return the runtime values as float32, so that other dtypes compile nothing.

    Parameters
    ----------
    tunable : Tunable or object

    Returns
    -------
    dict
        As returned by `runtime_values`.
    """
    values = runtime_values(tunable)
    return jax.tree.map(np.float32, values) if values else values


def parameters(tunable: Any) -> dict[str, Any]:
    """Return all fields by scikit-learn's parameter names, inner tunables included.

    Parameters
    ----------
    tunable : Tunable or object
        Other objects have no parameters.

    Returns
    -------
    dict of str to object

    Examples
    --------
    >>> from skconv.augment import Brightness, Sometimes
    >>> parameters(Sometimes(0.5, Brightness(0.1)))
    {'p': 0.5, 'transform': Brightness(strength=0.1), 'transform__strength': 0.1}
    """
    if not isinstance(tunable, Tunable):
        return {}
    found: dict[str, Any] = {}
    for spec in dataclasses.fields(tunable):
        value = getattr(tunable, spec.name)
        found[spec.name] = value
        parts = {f"{spec.name}__": value}
        if _holds_tunables(value):
            parts = {f"{spec.name}__{i}__": one for i, one in enumerate(value)}
            found |= {name[:-2]: one for name, one in parts.items()}
        for prefix, part in parts.items():
            found |= {f"{prefix}{name}": inner for name, inner in parameters(part).items()}
    return found


def with_parameters(tunable: Any, values: Mapping[str, Any]) -> Any:
    """Return a copy with other fields, by the names of `parameters`.

    Parameters
    ----------
    tunable : Tunable or object
    values : mapping of str to object
        A field is replaced before the fields inside it.

    Returns
    -------
    Tunable or object

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from skconv.augment import Brightness, Sometimes
    >>> with_parameters(Sometimes(0.5, Brightness(0.1)), {'transform__strength': 0.3, 'p': 1.0})
    Sometimes(p=1.0, transform=Brightness(strength=0.3))
    """
    for name in sorted(values, key=lambda name: name.count("__")):
        valid = parameters(tunable)
        if name not in valid:
            what = type(tunable).__name__ if valid else repr(tunable)
            raise ValueError(f"{what} has no parameter {name!r}.{did_you_mean(name, valid)}")
        tunable = _replaced(tunable, name.split("__"), values[name])
    return tunable


def _replaced(old: Any, path: list[str], new: Any) -> Any:
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(old, tuple):
        i = int(first)
        return (*old[:i], _replaced(old[i], rest, new), *old[i + 1 :])
    return replace(old, **{first: _replaced(getattr(old, first), rest, new)})


def _holds_tunables(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(one, Tunable) for one in value)


def _as_tuple(value: Any) -> Any:
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return tuple(map(_as_tuple, value)) if isinstance(value, list | tuple) else value

"""Arrays that become the parameters of a network: by place, and checked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..errors import Problems, did_you_mean, list_names
from ..utils.checks import fits_float32
from ..utils.derived_arrays import DerivedArray, read_array
from ..utils.foreign_arrays import is_tensor
from .array_file import ArrayFile, StoredArray
from .graph import Network, Place

MOST = 10
"""Problems of each kind in a message."""


def by_place(
    source: Mapping[str, Any], network: Network, *, strict: bool = True
) -> dict[Place, Any]:
    """Return weights by layer and parameter, given in the form of files or of nolearn.

    Parameters
    ----------
    source : mapping or ArrayFile
        ``{'conv1.W': array}`` as in files, or ``{'conv1': [W, b]}`` as in nolearn, in the order of
        the layer's parameters.
    network : Network
    strict : bool
        Whether layers must have as many arrays as in the network; if not, others are left out, with
        a warning.

    Raises
    ------
    ValueError
        If a parameter is given twice, as in ``{'conv1': [W, b], 'conv1.W': W}``.

    Returns
    -------
    dict of (layer, parameter) to array
        Of a file, with None in place of arrays that the network does not have.
    """
    places: dict[Place, Any] = {}

    def add(given: Mapping[Place, Any]) -> None:
        for place, array in given.items():
            if place in places:
                raise ValueError(
                    f"source must have each parameter once, got {name_of(place)!r} twice"
                )
            places[place] = array

    if isinstance(source, ArrayFile):
        shapes = network.parameter_shapes()
        for name in source:
            add({(place := _place_of(name)): source[name] if place in shapes else None})
        return places
    layers = [node.name for node in network.nodes]
    for key, value in source.items():
        if not isinstance(key, str):
            raise ValueError(f"source must have names as keys, got {key!r}")
        if isinstance(value, list | tuple) and key not in layers:
            add({(key, str(i)): array for i, array in enumerate(value)})
        elif isinstance(value, list | tuple):
            own = [place for place, _ in network.places() if place[0] == key]
            if len(own) != len(value):
                message = f"source must have {len(own)} arrays for layer {key!r}, got {len(value)}"
                if strict:
                    raise ValueError(message)
                warnings.warn(
                    f"load_params_from skips a layer: {message}", UserWarning, stacklevel=5
                )
                continue
            add(dict(zip(own, value, strict=True)))
        else:
            add({_place_of(key): value})
    return places


def _place_of(name: str) -> Place:
    layer, _, parameter = name.rpartition(".")
    return layer, parameter


def check_arrays(
    arrays: Mapping[Place, Any], shapes: Mapping[Place, tuple[int, ...]], *, strict: bool
) -> dict[Place, np.ndarray]:
    """Return those of the given arrays that belong to a network.

    Parameters
    ----------
    arrays : mapping of (layer, parameter) to array
        Arrays in files are read once all names, shapes and types are those of the network.
    shapes : mapping of (layer, parameter) to tuple of int
        Of all parameters of the network.
    strict : bool
        Whether all parameters, and no others, must be given.

    Raises
    ------
    ValueError
        With the parameters that are missing, unknown, not finite or of another shape or type; at
        most ten of each kind.
    """
    problems = Problems()
    known = {place: array for place, array in arrays.items() if place in shapes}
    if strict:
        names = list(map(".".join, shapes))
        unknown = [name_of(place) for place in arrays if place not in shapes]
        listed = ""
        for name in unknown[:MOST]:
            hint = did_you_mean(name, names, MOST)
            problems.add(
                f"the network has no parameter {name[:100]!r}.{'' if hint == listed else hint}"
            )
            listed = hint if hint.startswith(" Valid") else listed
        _add_count(problems, "unknown parameters", unknown)
    readable = {}
    for place, array in known.items():
        with problems.collect():
            readable[place] = _readable(name_of(place), array)
    sound = _of_which(readable, problems, lambda place, array: _check_header(array, shapes[place]))
    missing = [name_of(place) for place in shapes if place not in arrays]
    if strict and missing:
        problems.add(f"parameters are missing: {list_names(missing, MOST)}")
    if any(isinstance(array, StoredArray | DerivedArray) for array in readable.values()):
        problems.raise_any()
    values = {place: np.asarray(array) for place, array in sound.items()}
    sound = _of_which(values, problems, lambda place, array: _check_values(array))
    problems.raise_any()
    return sound


def name_of(place: Place) -> str:
    """Return the name of a parameter in files."""
    return ".".join(filter(None, place))


def _readable(name: str, array: Any) -> Any:
    """Return an array as NumPy reads it; also tensors with gradients and those in bfloat16."""
    if isinstance(array, StoredArray | DerivedArray):
        return array
    if is_tensor(array) and any(kind in str(array.dtype) for kind in ("float8", "float4")):
        raise ValueError(f"parameter {name!r} must {_wrong_type(array.dtype)}")
    return read_array(f"parameter {name!r}", array)


def _check_header(array: Any, shape: tuple[int, ...]) -> str | None:
    if array.shape != shape:
        return f"have shape {shape}, got {array.shape}"
    dtype = array.dtype
    if dtype is not None and (dtype.kind in "fiu" or dtype == jnp.bfloat16):
        return None
    return _wrong_type(getattr(array, "type_name", dtype))


def _wrong_type(given: Any) -> str:
    return (
        "hold integers, or floats of 16 bits or more (float16, bfloat16, float32, float64), got "
        f"{given}; convert it to float32 where it was made"
    )


def _check_values(array: np.ndarray) -> str | None:
    return None if fits_float32(array) else "hold finite numbers"


def _of_which(
    arrays: Mapping[Place, Any], problems: Problems, check: Callable[[Place, Any], str | None]
) -> dict[Place, Any]:
    """Return the arrays that pass a check, and add the first problems of others."""
    found = {place: check(place, array) for place, array in arrays.items()}
    wrong = [
        f"parameter {name_of(place)!r} must {valid}" for place, valid in found.items() if valid
    ]
    for message in wrong[:MOST]:
        problems.add(message)
    _add_count(problems, "parameters like these", wrong)
    return {place: array for place, array in arrays.items() if not found[place]}


def _add_count(problems: Problems, what: str, found: list[str]) -> None:
    if len(found) > MOST:
        problems.add(f"{len(found) - MOST} more {what}")

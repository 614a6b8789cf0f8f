"""The sources that weights of a net are loaded from: nets, dicts and files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import numpy as np

from ..errors import list_names
from ..models.pretrained import Pretrained
from ..models.torch.modules import find_state_dict, is_of_torch
from ..network.array_checks import MOST, by_place, check_arrays
from ..network.array_file import ArrayFile
from ..network.graph import Network, Place
from ..network.weight_files import open_weights

Open = Callable[[str], AbstractContextManager[Mapping[str, Any]]]
"""Opens a file of weights by name."""


def read_weights(
    source: Any,
    build: Callable[[], Network],
    open_file: Open = open_weights,
    *,
    strict: bool,
    replaced: Collection[str] | None = None,
) -> tuple[dict[Place, np.ndarray], Network, str, str]:
    """Read the weights of a source that belong to a network, and check them.

    Parameters
    ----------
    source : NeuralNet, Pretrained, mapping, str or path
    build : callable
        Returns the network, once the source is known to be of a valid kind.
    open_file : callable
        Opens a file of weights by name.
    strict : bool
        Whether the source must have exactly the parameters of the network.
    replaced : collection of str, optional
        The only layers that may have weights of another shape, which are left out, if not `strict`.
        By default all may, with a warning.

    Returns
    -------
    values : dict of (layer, parameter) to array
    network : Network
    origin : str
        Where they come from.
    table : str
        Lines that say which module of torch each layer has its weights from; or an empty string.

    Raises
    ------
    TypeError
        For a source of another kind.
    ValueError
        With the parameters that are missing, unknown, not finite or of another shape or type; and
        for a damaged file, with its name.
    """
    given, origin, path = source, f"a {type(source).__name__}", None
    with ExitStack() as stack:
        if isinstance(source, str | os.PathLike):
            origin = path = os.fspath(source)
            source = stack.enter_context(open_file(path))
        elif isinstance(source, Pretrained):
            origin, source = source.source or origin, source.weights
        elif hasattr(source, "get_all_params"):
            source = {p.name: p.get_value() for p in source.get_all_params()}
        _check_kind(source)
        network = build()
        with _naming_origin(path):
            if not isinstance(source, ArrayFile):
                source = find_state_dict(source)
            if not _is_of_torch(source, network):
                values = _read_values(source, network, strict=strict, replaced=replaced)
                return values, network, origin, ""
            values, table = _read_torch(source, network, strict=strict, replaced=replaced)
            known = path or isinstance(given, Pretrained)
            return values, network, origin if known else "a state dict of torch", table


@contextmanager
def _naming_origin(path: str | None) -> Iterator[None]:
    """Let a `ValueError` raised in the block name the file that is the source, if it is one."""
    try:
        yield
    except ValueError as error:
        if path is None or path in str(error):
            raise
        message = str(error)
        if message.startswith("source "):
            raise ValueError(f"{path} {message.removeprefix('source ')}") from error
        raise ValueError(f"{path} must hold the weights of this net: {error}") from error


def _check_kind(source: Any) -> None:
    """Raise `TypeError` for a source of another kind."""
    if not isinstance(source, Mapping):
        hint = ""
        if isinstance(source, list | tuple):
            hint = (
                "; for one flat list of arrays, as Lasagne's model zoo has them, write "
                "skconv.layers.set_all_param_values(net.layers_['output'], arrays) after "
                "net.initialize(), with the name of the last layer"
            )
        elif hasattr(source, "state_dict"):
            hint = "; for a module of torch, give module.state_dict()"
        raise TypeError(
            f"source must be a net, a dict or a path, got {type(source).__name__}{hint}"
        )


def _is_of_torch(source: Mapping[Any, Any], network: Network) -> bool:
    """Return whether a mapping has names of torch, and none of the network."""
    own = {".".join(place) for place in network.parameter_shapes()}
    return is_of_torch(source.keys()) and own.isdisjoint(source)


def _read_torch(
    source: Mapping[str, Any],
    network: Network,
    *,
    strict: bool,
    replaced: Collection[str] | None,
) -> tuple[dict[Place, np.ndarray], str]:
    """Return the checked arrays of a state dict of torch, and which module each layer has."""
    from ..models.torch.weights import from_torch

    heads = [head.name for head in network.heads]
    converted = from_torch(source, network.nodes, heads=heads, shared=network.shared, strict=strict)
    for message in converted.doubts + (converted.left_out if replaced is None else []):
        warnings.warn(message, UserWarning, stacklevel=4)
    arrays = converted.arrays
    if strict:
        values = check_arrays(arrays, network.parameter_shapes(), strict=False)
    else:
        values = _check_fitting(arrays, network, replaced)
    for place, owner in network.shared.items():
        if place in arrays and owner in values:
            value = np.asarray(arrays[place])
            value = value.T if place in network.transposed else value
            if not np.array_equal(value, values[owner]):
                raise ValueError(
                    f"source must have equal arrays for {'.'.join(place)} and {'.'.join(owner)}, "
                    "which the net shares"
                )
    return values, converted.table()


def _read_values(
    source: Mapping[str, Any],
    network: Network,
    *,
    strict: bool,
    replaced: Collection[str] | None,
) -> dict[Place, np.ndarray]:
    """Return the checked arrays of a source that belong to the network."""
    given = by_place(source, network, strict=strict)
    if strict:
        return check_arrays(given, network.parameter_shapes(), strict=True)
    return _check_fitting(given, network, replaced)


def _check_fitting(
    given: Mapping[Place, Any], network: Network, replaced: Collection[str] | None
) -> dict[Place, np.ndarray]:
    """Return the checked arrays that have names and shapes of the network."""
    fitting = _fitting(given, network, replaced)
    if not fitting:
        found = list_names(sorted({layer for layer, _ in given})) or "none"
        names = list_names([node.name for node in network.nodes if node.specs])
        raise ValueError(
            "source must have parameters with names and shapes of this net, which has the layers "
            f"{names}, got those of the layers {found}"
        )
    return check_arrays(fitting, network.parameter_shapes(), strict=False)


def _fitting(
    given: Mapping[Place, Any], network: Network, replaced: Collection[str] | None
) -> dict[Place, Any]:
    """Return the arrays that have the shape of the network's parameter, and tell of others."""
    shapes = network.parameter_shapes()
    found = {place: np.shape(array) for place, array in given.items() if place in shapes}
    skipped = [
        f"{'.'.join(place)} has shape {shapes[place]}, got {shape}"
        for place, shape in found.items()
        if shape != shapes[place] and (replaced is None or place[0] not in replaced)
    ]
    more = f"; and {len(skipped) - MOST} more" if len(skipped) > MOST else ""
    if skipped and replaced is not None:
        raise ValueError(
            "source must have the shapes of this net in all layers but the outputs: "
            f"{'; '.join(skipped[:MOST])}{more}"
        )
    if skipped:
        warnings.warn(
            f"load_params_from skips parameters of another shape: {'; '.join(skipped[:MOST])}"
            f"{more}",
            UserWarning,
            stacklevel=6,
        )
    return {place: given[place] for place, shape in found.items() if shape == shapes[place]}

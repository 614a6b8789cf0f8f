"""The model that a fit starts from: drawn, pretrained, or that of the fit before."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from ..errors import list_names
from ..network.array_checks import MOST
from ..network.free_sizes import network_for
from ..network.graph import Network, Place
from ..network.model import Model
from ..network.precision import cast_floats, device_copy
from ..ops.platform import on_host
from ..targets.outputs import Outputs
from ..utils.checks import is_integer
from ..utils.memo import Memo
from .weight_sources import read_weights


class Continuation(NamedTuple):
    """The model and targets that training continues from.

    Parameters
    ----------
    model : Model
    outputs : Outputs or None
        None if the model was initialized without data.
    """

    model: Model
    outputs: Outputs | None


def draw_model(
    params: Mapping[str, Any],
    network: Network,
    memo: Memo,
    values: Mapping[Place, Any] = MappingProxyType({}),
) -> Model:
    """Draw the weights of a new model that neither `pretrained` nor `values` has.

    Parameters
    ----------
    params : mapping of str to object
        Parameters of the net.
    network : Network
    memo : Memo
        Fits whose `random_state` is the same integer share their weights.
    values : mapping of (layer, parameter) to array
        Checked arrays, which also replace those of `pretrained`.

    Raises
    ------
    ValueError
        If `pretrained` has nothing for the network, or weights of another shape for layers other
        than its outputs.
    """
    given = params["random_state"]
    seed = _seed_from(int(given)) if is_integer(given) else _draw_seed(given)
    source = params["pretrained"]
    sources = [] if source is None else [source]

    def read() -> dict[Place, Any]:
        found = _read_pretrained(source, network, verbose=params["verbose"])
        return {place: device_copy(value, network.dtype) for place, value in found.items()}

    def draw() -> Model:
        known: dict[Place, Any] = {}
        if source is not None:  # whatever the seed, as fits share the features of frozen layers
            key = "pretrained", network.initial_key
            known = memo.get(key, sources, read) if memo.shares else read()
        return Model(network, seed).initialize(known | dict(values))

    with on_host() if params["shard_params"] else nullcontext():
        if memo.shares and is_integer(given) and not values:
            key = "model", network.initial_key, seed, params["shard_params"]
            return replace(memo.get(key, sources, draw), network=network)
        return draw()


def _draw_seed(random_state: Any) -> int:
    return int(check_random_state(random_state).randint(2**31 - 1))


_seed_from = lru_cache(maxsize=128)(_draw_seed)  # seeding takes longer than drawing


def continue_model(continuation: Continuation, network: Network) -> Model:
    """Return a copy of the model that training continues from, with the current layers.

    Raises
    ------
    ValueError
        If parameters have changed their shapes.
    """
    before = continuation.model.network
    if before.parameter_shapes() != network.parameter_shapes():
        network_for(before, network.rows())  # names the layers if the size of X is the reason
        raise ValueError(
            "the parameters must keep their shapes while training continues, but the layers have "
            "changed; fit the net afresh with warm_start=False"
        )
    model = copy.copy(continuation.model)
    model.join()  # as one that was pickled during a training
    model.network, model.carry = network, cast_floats(model.carry, network.dtype)
    return model


def _read_pretrained(source: Any, network: Network, *, verbose: int) -> dict[Place, np.ndarray]:
    """Read the weights of `pretrained` that belong to the network."""
    outputs = [_sets_units(network, head.name) for head in network.heads]
    try:
        values, _, origin, _ = read_weights(source, lambda: network, strict=False, replaced=outputs)
    except ValueError as error:
        raise ValueError(f"pretrained: {error}") from error
    found = {layer for layer, _ in values}
    own = {layer for layer, _ in network.parameter_shapes()}
    random = own - found
    between = [name for name in random if _feeds(network, name, found)]
    if between:
        names = [node.name for node in network.nodes if node.name in between]
        warnings.warn(
            f"pretrained has no weights for {list_names(names, MOST)}, which feed layers that it "
            "has weights for, and start from random ones; give layers the names that they have in "
            "pretrained",
            UserWarning,
            stacklevel=2,
        )
    if verbose:
        others = [node.name for node in network.nodes if node.name in random]
        rest = f"; drawn at random: {list_names(others, MOST)}" if others else ""
        print(f"Starts from {len(values)} pretrained arrays of {origin}{rest}.")
    return values


def _sets_units(network: Network, name: str) -> str:
    """Return the layer whose weights decide on the units of an output, such as before a pooling."""
    node = network.node(name)
    while not node.specs and len(node.incomings) == 1:
        node = network.node(node.incomings[0])
    return node.name


def _feeds(network: Network, name: str, others: Iterable[str]) -> bool:
    """Return whether the output of a layer reaches any of the others."""
    reached = {name}
    for node in network.nodes:
        if reached & set(node.incomings):
            reached.add(node.name)
    return bool((reached - {name}) & set(others))

"""A fitted net as a pure function of its parameters and inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ..layers.base import Context
from ..network.graph import Variables
from ..network.head import SCALE
from ..network.model import Model
from ..ops.mesh import put_weights
from ..targets.by_output import unwrap_single


def pure_function(model: Model) -> tuple[Callable[[Variables, Any], Any], Variables]:
    """Return a network as a pure function, and its parameters.

    Parameters
    ----------
    model : Model

    Returns
    -------
    function : callable
        ``(params, X) -> outputs``, as at prediction.
    params : dict of dict of array
        Weights and state by layer and name.
    """
    network, (trained, kept_state) = model.network, model.weights
    runtime = network.float32_runtime
    heads = [head for head in network.heads if head.predicted]
    kept = {layer: set(own) for layer, own in trained.items()}

    def split(params: Variables) -> tuple[Variables, Variables]:
        parts: tuple[Variables, Variables] = {}, {}
        for layer, own in params.items():
            for name, value in own.items():
                part = parts[0 if name in kept.get(layer, ()) else 1]
                part.setdefault(layer, {})[name] = value
        return parts

    def function(params: Variables, X: Any) -> Any:
        weights, state = split(params)
        given = X if isinstance(X, Mapping) else dict.fromkeys(network.inputs, X)
        inputs = {}
        for name, shape in network.inputs.items():
            array = jnp.asarray(given[name]).astype(jnp.float32)
            row = array.shape[1:] if name in network.free else shape[1:]
            inputs[name] = array.reshape(array.shape[0], *row)
        names = [head.name for head in heads]
        outs, _ = network.apply(weights, state, inputs, runtime, Context(False), to=names)
        parts = []
        for head, out in zip(heads, outs, strict=True):
            if head.scaled:
                mean, scale = (state[head.name][name] for name in SCALE)
                parts.append(out * scale + mean)
            else:
                parts.append(out)
        return unwrap_single(parts)

    merged: dict[str, dict[str, jax.Array]] = {}
    for tree in put_weights((trained, kept_state), None):
        for layer, own in tree.items():
            merged.setdefault(layer, {}).update(own)
    return function, merged

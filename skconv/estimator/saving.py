"""Save nets to one file without pickle: parameters, weights, targets, history."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..config.encoding import Encoder
from ..config.names import Names
from ..data.features import FEATURES
from ..errors import Problems, describe_layer, list_names
from ..network.archive import MOST_JSON, WEIGHTS, write_archive
from ..network.graph import Place
from ..network.model import Model
from ..targets.outputs import Outputs
from ..utils.versions import version_of
from .blueprint import Blueprint
from .configuring import ConfigMixin, encode_params
from .net_file import (
    CONFIG,
    CONFIG_ARRAYS,
    COUNTS,
    HISTORY,
    STATE,
    STATE_ARRAYS,
    TARGETS,
    UPDATE,
    has_state,
    named_leaves,
    rebuilt_network,
)


def save(net: Any, path: str | os.PathLike[str], trusted: Iterable[Any] | None = None) -> None:
    """Write a net to one file without pickle: its parameters and all that it has learned.

    The file holds the parameters as in `NeuralNet.to_config`, the weights and running statistics,
    the state of the update rule and of handlers, the classes or the scale of y, the names of the
    features, and the history. It is a zip of JSON and ``.safetensors`` files, which other programs
    read as well; its ``weights.safetensors`` is a file for `NeuralNet.load_params_from`.

    Parameters
    ----------
    net : NeuralNet
        Fitted, initialized or neither.
    path : str or path
        Usually with the ending ``.skconv``. An existing file is replaced atomically.
    trusted : list of str, type or function, default=None
        Your own classes and functions that the file may name, as in `NeuralNet.to_config`.

    Raises
    ------
    TypeError
        If `net` is not a net, as skops saves pipelines and searches, or if a parameter holds
        something that has no name, such as a lambda.
    ValueError
        If layers have other parameters than when the net was fitted.
    OSError
        With the path, if the folder does not exist or the file cannot be written.

    See Also
    --------
    load
    NeuralNet.save_params_to : Writes the weights alone.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> import skconv
    >>> X, y = load_iris(return_X_y=True)
    >>> net = skconv.NeuralNet(max_epochs=2, random_state=0).fit(X, y)
    >>> path = tempfile.mkdtemp() + '/iris.skconv'
    >>> skconv.save(net, path)
    >>> other = skconv.load(path)
    >>> bool((other.predict_proba(X) == net.predict_proba(X)).all())
    True
    """
    if isinstance(path, ConfigMixin):
        raise TypeError("path must be a path, got a net; write skconv.save(net, path)")
    if not isinstance(net, ConfigMixin):
        raise TypeError(
            f"net must be a NeuralNet, got {type(net).__name__}; skops.io.dump writes pipelines, "
            "searches and ensembles with nets inside, or save the net alone, such as "
            "pipeline[-1] or search.best_estimator_"
        )
    names, problems = Names(trusted, TARGETS), Problems()
    arrays: dict[str, dict[str, np.ndarray]] = {CONFIG_ARRAYS: {}, STATE_ARRAYS: {}}
    texts: dict[str, Any] = {}
    config = encode_params(net, names, problems, arrays[CONFIG_ARRAYS])
    state = vars(net)
    if "_model" in state:
        model = state["_model"]
        texts[STATE] = _encode_state(net, names, problems, arrays[STATE_ARRAYS])
        problems.raise_any()
        blueprint = _check_rebuilt(net, model, state["_outputs"])
        arrays[WEIGHTS] = {f"{layer}.{name}": array for (layer, name), array in _weights(model)}
        texts[STATE]["update"] = model.continues_with(blueprint.update)
        if texts[STATE]["update"]:
            arrays[UPDATE] = {
                name: np.asarray(leaf) for name, leaf in named_leaves(model.opt).items()
            }
        rows = Encoder(Names(), problems).encode(state["train_history_"], "train_history_")
    problems.raise_any()
    texts = {name: [_as_json(name, text)] for name, text in {CONFIG: config, **texts}.items()}
    if "_model" in state:
        texts[HISTORY] = [json.dumps(row, allow_nan=False) + "\n" for row in rows]
    needed = {name: own for name, own in arrays.items() if own or name == WEIGHTS}
    write_archive(path, texts, needed)


def _as_json(name: str, value: Any) -> str:
    text = json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False)
    if len(text.encode()) > MOST_JSON:
        raise ValueError(
            f"{name} must have at most {MOST_JSON} bytes, got {len(text.encode())}; leave out "
            "classes or names of features, which are many"
        )
    return text


def _encode_state(
    net: Any, names: Names, problems: Problems, arrays: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Return what a fitted net knows besides its weights and its history."""
    state = vars(net)
    model = state["_model"]
    encoder = Encoder(names, problems, arrays)
    features = {name: state[name] for name in FEATURES if name in state}
    encoded = {
        "numbers": encoder.encode(model.network.runtime(), "numbers"),
        "outputs": encoder.encode(state["_outputs"], "targets"),
        "features": encoder.encode(features, "features"),
        "handlers": [
            encoder.encode(handler.get_state(), f"handlers[{i}]") if has_state(handler) else None
            for i, handler in enumerate(net._given_handlers())
        ],
    }
    found: dict[str, Any] = {name: getattr(model, name) for name in COUNTS}
    found["loaded"] = model.loaded
    found["update_without"] = sorted(model.opt_without)
    found["adapted"] = sorted(map(".".join, model.adapted))
    found["sized"] = dict(model.network.sized)
    found["inputs"] = {name: list(shape) for name, shape in model.network.rows().items()}
    found["versions"] = {name: version_of(name) for name in ("skconv", "jax", "optax")}
    return found | encoded


def _check_rebuilt(net: Any, model: Model, outputs: Outputs | None) -> Blueprint:
    """Raise `ValueError` unless the parameters of a net still make the network that it has."""
    before = model.network
    hint = "set its parameters back, or fit it again"
    try:
        blueprint, now = rebuilt_network(net, before.rows(), outputs, before.sized)
    except ValueError as error:
        raise ValueError(
            f"net must have the parameters that it was fitted with; {hint}: {error}"
        ) from error
    if now.key == before.key:
        return blueprint
    found = {node.name: node.layer for node in now.nodes}
    changed = [
        describe_layer(node.name, node.layer)
        for node in before.nodes
        if found.get(node.name) != node.layer
    ]
    raise ValueError(
        "net must have the parameters that it was fitted with, got others for "
        f"{list_names(changed) or 'its layers'}; {hint}"
    )


def _weights(model: Model) -> Iterator[tuple[Place, np.ndarray]]:
    """Yield all parameters and state of the layers, each shared parameter once."""
    params, state = model.weights  # also those of layers that a training leaves out
    for place, spec in model.network.places():
        tree = params if spec.trainable else state
        yield place, np.asarray(tree[place[0]][place[1]])

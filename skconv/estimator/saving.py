"""Nets in one file without pickle: parameters, weights, targets, history."""

from __future__ import annotations

import inspect
import json
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from ..config.decoding import Decoder
from ..config.encoding import Encoder
from ..config.names import Names
from ..data.features import FEATURES
from ..errors import Problems, describe_layer, list_names
from ..network.archive import MOST_JSON, WEIGHTS, Archive, open_archive, write_archive
from ..network.array_checks import by_place
from ..network.graph import Network, Place, Variables
from ..network.memory import check_weights
from ..network.model import Model, TrainState
from ..network.precision import check_available
from ..objectives.gaussian import MeanAndLogVariance
from ..objectives.pinball import Quantiles
from ..targets.by_output import output_names
from ..targets.classes import Classes
from ..targets.distributions import OneHot, SoftClasses
from ..targets.kept import Fields, Kept
from ..targets.labels import Labels
from ..targets.modeled_numbers import ModeledNumbers
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs
from ..targets.survival import Survival
from ..updates.update_rule import Update, values_at
from ..utils.loss_contracts import LossContract, LossInfo
from ..utils.output_forms import UnitsLast
from ..utils.versions import version_of
from .blueprint import Blueprint, make_blueprint
from .configuring import ConfigMixin, decode_params, encode_params, net_classes
from .validation import check_settings

CONFIG, CONFIG_ARRAYS = "config.json", "config.safetensors"
STATE, STATE_ARRAYS = "state.json", "state.safetensors"
UPDATE, HISTORY = "update.safetensors", "history.jsonl"

MEMBERS = (CONFIG, CONFIG_ARRAYS, STATE, STATE_ARRAYS, WEIGHTS, UPDATE, HISTORY)
"""The members of a file. Those but the first are missing if there is nothing to hold."""

LEARNED = MEMBERS[2:]
"""The members of a net that was fitted or initialized."""

MOST_TEXT = 2000
"""Characters of a message."""

MOST_OUTPUTS = 2**22
"""Size of an output up to which its decoding is tried."""

TARGETS = {
    cls.__name__: cls
    for cls in (
        *(Classes, Fields, Kept, Labels, LossContract, LossInfo, MeanAndLogVariance),
        *(ModeledNumbers, Numbers, OneHot, Outputs, Quantiles, SoftClasses, Survival, UnitsLast),
    )
}
"""Classes of which the state of a net has objects."""

COUNTS = ("seed", "epoch", "step")


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
        For what is no net; skops saves pipelines and searches. Also for parameters that hold what
        has no name, such as a lambda.
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
            arrays[UPDATE] = {name: np.asarray(leaf) for name, leaf in _leaves(model.opt).items()}
        rows = Encoder(Names(), problems).encode(state["train_history_"], "train_history_")
    problems.raise_any()
    texts = {name: [_as_json(name, text)] for name, text in {CONFIG: config, **texts}.items()}
    if "_model" in state:
        texts[HISTORY] = [json.dumps(row, allow_nan=False) + "\n" for row in rows]
    needed = {name: own for name, own in arrays.items() if own or name == WEIGHTS}
    write_archive(path, texts, needed)


def load(path: str | os.PathLike[str], trusted: Iterable[Any] | None = None) -> Any:
    """Return the net of a file that `save` has written.

    It predicts as the saved one did. A further `fit` with ``warm_start=True`` and `partial_fit`
    continue with the state of the update rule and of the handlers.

    No code of the file is run, and nothing is imported unless it is trusted. Fitting the net may
    still read or write files if it has handlers or weights that do; look at its parameters first.

    Parameters
    ----------
    path : str or path
    trusted : list of str, type or function, default=None
        Your own classes and functions that the file may name, as in
        ``['mypackage.layers.MyLayer']``. An error lists those that it needs.

    Returns
    -------
    NeuralNet
        Of the class of the saved net.

    Raises
    ------
    OSError
        If the file does not exist or cannot be read.
    ValueError
        With the path, for a file that is damaged, of another format or of a newer version, or
        whose parts do not fit together.

    Warns
    -----
    UserWarning
        If the state of the update rule does not fit because the file was written with another
        version of optax; training then continues with a new one.
    """
    names = Names(trusted, TARGETS)
    with open_archive(path, MEMBERS) as archive, _naming_net(path):
        problems = Problems()
        config = archive.read_json(CONFIG)
        if not isinstance(config, Mapping):
            raise ValueError(f"{CONFIG!r} must hold a dict")
        cls = net_classes()["NeuralNet"]
        arrays = _read_arrays(archive, CONFIG_ARRAYS)
        net = decode_params(cls, config, names, problems, arrays)
        problems.raise_any()
        if any(name in archive for name in LEARNED):
            _restore(net, archive, names)
    return net


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
            encoder.encode(handler.get_state(), f"handlers[{i}]") if _has_state(handler) else None
            for i, handler in enumerate(net._given_handlers())
        ],
    }
    found: dict[str, Any] = {name: getattr(model, name) for name in COUNTS}
    found["loaded"] = model.loaded
    found["update_without"] = sorted(model.opt_without)
    found["adapted"] = sorted(map(".".join, model.adapted))
    found["inputs"] = {name: list(shape) for name, shape in model.network.rows().items()}
    found["versions"] = {name: version_of(name) for name in ("skconv", "jax", "optax")}
    return found | encoded


def _rebuilt(
    net: Any, rows: Mapping[str, tuple[int, ...]], outputs: Outputs | None
) -> tuple[Blueprint, Network]:
    """Return the network of a net for rows of known shapes and known targets."""
    params = net._settings()
    check_settings(params).raise_any()
    known = dict[str | None, tuple[int, ...]](() if outputs is None else rows.items())
    blueprint = make_blueprint(params, net._own(), next(iter(known.values()), None))
    return blueprint, blueprint.network(known, outputs)


def _check_rebuilt(net: Any, model: Model, outputs: Outputs | None) -> Blueprint:
    """Raise `ValueError` unless the parameters of a net still make the network that it has."""
    before = model.network
    hint = "set its parameters back, or fit it again"
    try:
        blueprint, now = _rebuilt(net, before.rows(), outputs)
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


def _leaves(tree: Any) -> dict[str, Any]:
    """Return the arrays of the state of an update rule by their path."""
    return {
        f"update{jax.tree_util.keystr(path)}": leaf
        for path, leaf in jax.tree.leaves_with_path(tree)
    }


@contextmanager
def _naming_net(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise whatever a damaged file causes in the block as a `ValueError` with the path.

    Values of wrong types cause errors of many types, wherever they are used first.
    """
    path = os.fspath(path)
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) or str(path) in str(error):
            raise
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        if len(text) > MOST_TEXT:
            text = text[:MOST_TEXT] + " ..."
        raise ValueError(f"{path} must hold a net: {text}") from error


def _read_arrays(archive: Archive, name: str) -> dict[str, np.ndarray]:
    if name not in archive:
        return {}
    return {key: np.asarray(array) for key, array in archive.open_arrays(name).items()}


def _restore(net: Any, archive: Archive, names: Names) -> None:
    """Let a net have learned what a file says."""
    state = archive.read_json(STATE)
    problems = Problems()
    decoder = Decoder(names, problems, _read_arrays(archive, STATE_ARRAYS))
    outputs = decoder.decode(state["outputs"], "targets")
    features = decoder.decode(state["features"], "features")
    learned = decoder.decode(state["handlers"], "handlers")
    numbers = decoder.decode(state["numbers"], "numbers")
    problems.raise_any()
    if not isinstance(outputs, Outputs | None):
        raise ValueError("targets must be those of outputs")
    rows = {name: tuple(map(_count, shape)) for name, shape in state["inputs"].items()}
    blueprint, network = _rebuilt(net, rows, outputs)
    network = _with_numbers(network, numbers)
    if network.rows() != rows:
        raise ValueError(f"inputs must have rows of shapes {network.rows()}, got {rows}")
    check_available(network.compute_dtype)
    check_weights(network, training=False)
    if outputs is not None:
        _check_outputs(outputs, net, network)
    seed, epoch, step = (_count(state[name]) for name in COUNTS)
    model = Model(network, seed, epoch=epoch, step=step)
    model.carry = _read_weights(archive, model)
    places = {".".join(place): place for place in network.parameter_shapes()}
    model.adapted = frozenset(places[name] for name in state["adapted"])
    model.loaded = state["loaded"] is True
    if state["update"] is True:
        model.opt_without = frozenset(state["update_without"])
        _read_update(archive, model, blueprint, state["versions"])
    history = list(_read_history(archive)) if HISTORY in archive else []
    known = _check_features(features)
    vars(net).update(known | {"_model": model, "_outputs": outputs, "train_history_": history})
    net._enter_layers()
    _restore_handlers(net._given_handlers(), learned)
    classes = net._targets().classes
    if classes is not None:
        net.classes_ = classes
    net._remember_as_given()


def _with_numbers(network: Network, numbers: Any) -> Network:
    """Return a network whose layers have the numbers of the fit, if parameters were set later."""
    own = network.runtime()
    if numbers == own:
        return network
    if not isinstance(numbers, dict) or numbers.keys() != own.keys():
        given = list_names(numbers) if isinstance(numbers, dict) else type(numbers).__name__
        raise ValueError(f"layers must be {list_names(own)} by the parameters, got {given}")
    nodes = []
    for node in network.nodes:
        given = numbers[node.name]
        layer = replace(node.layer, **{name: given[name] for name in own[node.name]})
        for problem in layer.check():
            raise ValueError(f"{describe_layer(node.name, layer)}: {problem}")
        nodes.append(node._replace(layer=layer))
    return replace(network, nodes=tuple(nodes))


def _has_state(handler: Any) -> bool:
    return hasattr(handler, "get_state") and hasattr(handler, "set_state")


def _restore_handlers(handlers: list[Any], states: Any) -> None:
    """Let handlers have learned what a file says, but their parameters and methods be as given."""
    if not isinstance(states, list) or len(states) != len(handlers):
        raise ValueError(f"handlers must have {len(handlers)} states")
    for handler, state in zip(handlers, states, strict=True):
        if state is None:
            continue
        taken = inspect.signature(type(handler)).parameters
        if not _has_state(handler) or not isinstance(state, dict):
            raise ValueError(
                f"handlers must be those that have a state, got {type(handler).__name__}"
            )
        for name in state:
            if name in taken or callable(getattr(handler, name, None)) or name.startswith("__"):
                raise ValueError(
                    f"{type(handler).__name__} must learn attributes, got {name[:60]!r}"
                )
        handler.set_state(state)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError(f"counts and sizes must be non-negative integers, got {str(value)[:60]!r}")
    return value


def _check_outputs(outputs: Outputs, net: Any, network: Network) -> None:
    """Raise an error for targets that do not fit the outputs, or that cannot be decoded."""
    kinds = (Classes, Labels, Numbers)
    if not isinstance(outputs.targets, tuple) or not isinstance(outputs.losses, tuple):
        raise ValueError("targets must be a tuple")
    if tuple(outputs.names) != output_names(net.outputs):
        raise ValueError(f"targets must be those of the outputs {output_names(net.outputs)}")
    if len(outputs.targets) != len(outputs.names) or len(outputs.losses) not in (
        0,
        len(outputs.names),
    ):
        raise ValueError("targets must be as many as the outputs")
    if not all(isinstance(target, kinds) for target in outputs.targets):
        raise ValueError("targets must be classes, labels or numbers")
    if not all(isinstance(loss, LossInfo) for loss in outputs.losses):
        raise ValueError("targets must have descriptions of their losses")
    shapes = list(network.outputs.values())
    outputs.match(shapes, network.unit_axes)
    for target, shape in zip(outputs.targets, shapes, strict=True):
        row = [n or 1 for n in shape[1:]]
        if math.prod(row) <= MOST_OUTPUTS:
            target.decode(np.zeros((1, *row), np.float32))


def _read_weights(archive: Archive, model: Model) -> TrainState:
    """Return the weights of a network, after all checks of files of weights."""
    network = model.network
    given = model.check(by_place(archive.open_arrays(WEIGHTS), network))
    params: dict[str, Any] = {}
    state: dict[str, Any] = {}
    for place, spec in network.places():
        array = np.asarray(given[place], network.dtype)
        (params if spec.trainable else state).setdefault(place[0], {})[place[1]] = array
    return TrainState(params, state)


def _read_update(
    archive: Archive, model: Model, blueprint: Blueprint, versions: Mapping[str, str]
) -> None:
    """Give a model the state of its update rule, which must have the structure of this one."""
    update, step = blueprint.update, model.step
    params = {name: own for name, own in model.params.items() if name not in model.opt_without}
    structure = _update_structure(update, blueprint.update_values, params, step)
    expected = _leaves(structure)
    given = archive.open_arrays(UPDATE) if UPDATE in archive else {}
    wrong = sorted(expected.keys() ^ given.keys())
    for name, leaf in expected.items():
        if name in given and (given[name].shape, given[name].dtype) != (leaf.shape, leaf.dtype):
            wrong.append(name)
    if wrong:
        before, now = versions.get("optax"), version_of("optax")
        message = f"the state of the update rule must fit, got another for {list_names(wrong)}"
        if before == now:
            raise ValueError(message)
        warnings.warn(
            f"{message}; the file was written with optax {str(before)[:20]}, and this is {now}: "
            "training continues with a new state",
            UserWarning,
            stacklevel=4,
        )
        return
    leaves = [np.asarray(given[name]) for name in expected]
    model.opt = jax.tree.unflatten(jax.tree.structure(structure), leaves)
    model.update = update


def _update_structure(
    update: Update, values: Mapping[str, Any], params: Variables, step: int
) -> Any:
    """Return the shapes of the state of an update rule."""
    rates = {name: numbers[0] for name, numbers in values_at(values, step, 1).items()}
    return jax.eval_shape(lambda p, r: update.transformation(r).init(p), params, rates)


def _read_history(archive: Archive) -> Iterator[dict[str, Any]]:
    problems = Problems()
    decoder = Decoder(Names(), problems)
    for row in archive.read_lines(HISTORY):
        decoded = decoder.decode(row, "train_history_")
        problems.raise_any()
        if not isinstance(decoded, dict) or type(decoded.get("epoch")) is not int:
            raise ValueError("train_history_ must have a dict with an epoch in each line")
        yield decoded


def _check_features(features: Any) -> dict[str, Any]:
    """Return the number and the names of the features, if they are of the right types."""
    if not isinstance(features, dict) or not features.keys() <= set(FEATURES):
        raise ValueError(f"features must be {' and '.join(FEATURES)}")
    if "n_features_in_" in features:
        _count(features["n_features_in_"])
    given = features.get("feature_names_in_", {})
    for one in given.values() if isinstance(given, dict) else [given]:
        if not isinstance(one, np.ndarray) or one.ndim != 1:
            raise ValueError("feature_names_in_ must be arrays of names")
    return features

"""Restore what a net has learned from its file, after all checks."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from ..config.decoding import Decoder
from ..config.names import Names
from ..data.features import FEATURES
from ..errors import Problems, describe_layer, list_names
from ..network.archive import WEIGHTS, Archive
from ..network.array_checks import by_place
from ..network.graph import Network, Variables
from ..network.memory import check_weights
from ..network.model import Model, TrainState
from ..network.precision import check_available
from ..targets.by_output import output_names
from ..targets.classes import Classes
from ..targets.labels import Labels
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs
from ..updates.update_rule import Update, values_at
from ..utils.loss_contracts import LossInfo
from ..utils.versions import version_of
from .blueprint import Blueprint
from .net_file import (
    COUNTS,
    HISTORY,
    STATE,
    STATE_ARRAYS,
    UPDATE,
    has_state,
    named_leaves,
    rebuilt_network,
)

MOST_OUTPUTS = 2**22
"""Size of an output up to which its decoding is tried."""


def read_arrays(archive: Archive, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of a member; none if the file lacks it."""
    if name not in archive:
        return {}
    return {key: np.asarray(array) for key, array in archive.open_arrays(name).items()}


def restore(net: Any, archive: Archive, names: Names) -> None:
    """Let a net have learned what a file says.

    Parameters
    ----------
    net : NeuralNet
        With the parameters of the file, not fitted.
    archive : Archive
    names : Names
        With the classes of targets.

    Raises
    ------
    Exception
        Of any type, if the file is damaged or its parts do not fit; the net is then of no use.
    """
    state = archive.read_json(STATE)
    problems = Problems()
    decoder = Decoder(names, problems, read_arrays(archive, STATE_ARRAYS))
    outputs = decoder.decode(state["outputs"], "targets")
    features = decoder.decode(state["features"], "features")
    learned = decoder.decode(state["handlers"], "handlers")
    numbers = decoder.decode(state["numbers"], "numbers")
    problems.raise_any()
    if not isinstance(outputs, Outputs | None):
        raise ValueError("targets must be those of outputs")
    rows = {name: tuple(map(_count, shape)) for name, shape in state["inputs"].items()}
    sized = {name: _count(value) for name, value in state.get("sized", {}).items()}
    blueprint, network = rebuilt_network(net, rows, outputs, sized)
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


def _restore_handlers(handlers: list[Any], states: Any) -> None:
    """Let handlers have learned what a file says, but their parameters and methods be as given."""
    if not isinstance(states, list) or len(states) != len(handlers):
        raise ValueError(f"handlers must have {len(handlers)} states")
    for handler, state in zip(handlers, states, strict=True):
        if state is None:
            continue
        taken = inspect.signature(type(handler)).parameters
        if not has_state(handler) or not isinstance(state, dict):
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
    expected = named_leaves(structure)
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

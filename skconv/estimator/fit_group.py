"""What fits share that differ in nothing but numbers: data, network and programs."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np

from ..augment.base import mixes
from ..data.chunks import first_batch
from ..data.dataset import Dataset
from ..data.features import FEATURES
from ..data.fit_arguments import FitArguments
from ..data.fit_data import FitData
from ..data.inputs import row_shapes
from ..data.iterators import as_test_iterator, as_train_iterator, has_transform
from ..data.position_weights import weigh_positions
from ..errors import Problems, describe_layer
from ..layers.shapes import Shape
from ..models.default import INPUT_NAMES
from ..network.free_sizes import FreeSizesHint, network_for
from ..network.frozen_part import without_part
from ..network.graph import Network
from ..network.hidden_layer import find_hidden_layer
from ..network.layer_list import input_names
from ..network.memory import check_batch, check_shares, check_weights
from ..network.model import Model
from ..network.recomputation import find_blocks
from ..ops.device_choice import device_count
from ..targets.by_output import as_tuple
from ..targets.checks import warn_if_one_hot
from ..targets.distributions import OneHot
from ..targets.labels import Labels
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs
from ..targets.ragged_array import RaggedArray, array_parts
from ..training.adaptation import adapt, target_scales
from ..training.arguments import Values
from ..training.dry_run import check_losses, check_transforms
from ..training.entering import inputs_of
from ..training.fitted_net import warn_without_noise
from ..training.plan import Plan
from ..training.programs import TrainPrograms, train_programs_for
from ..training.returned_classes import check_augmented_classes
from ..utils.cache_keys import structural_key
from ..utils.fields import UNSET
from ..utils.image_shapes import describe_rows, lacks_channels
from ..utils.loss_contracts import DEFAULT_LOSS
from ..utils.memo import Memo
from .augment_checks import check_augment_of_masks
from .blueprint import Blueprint, ConfiguredNet, make_blueprint
from .feature_cache import cached_part, check_cache, with_features
from .initial_model import Continuation, continue_model, draw_model
from .live_values import LiveValues
from .moved_pixels import check_unmoved_outputs, warn_unmoved_targets
from .output_checks import check_outputs, one_hot_as_classes, with_scores
from .plan import make_plan
from .routing import describe_losses


@dataclass(frozen=True, eq=False)
class FitGroup:
    """What fits share that differ in nothing but numbers of the update and the objective.

    Parameters
    ----------
    params : dict of str to object
        Parameters of the net that it was prepared for.
    blueprint : Blueprint
        That of the same net.
    row : tuple of int or None
        Shape of a row of the first input.
    model : Model
        The model that training starts from; each fit needs a copy.
    outputs : Outputs
    train : Dataset
    valid : Dataset or None
    features : dict of str to object
        The net's attributes for the features of X.
    frozen : tuple of str
        Layers whose outputs are computed once.
    plan : Plan
    programs : TrainPrograms
    """

    params: Mapping[str, Any]
    blueprint: Blueprint
    row: tuple[int, ...] | None
    model: Model
    outputs: Outputs
    train: Dataset
    valid: Dataset | None
    features: dict[str, Any]
    frozen: tuple[str, ...]
    plan: Plan
    programs: TrainPrograms

    def fits(self, blueprint: Blueprint) -> bool:
        """Return whether another blueprint differs in nothing but numbers."""
        return _structure(blueprint) == _structure(self.blueprint)


def _structure(blueprint: Blueprint) -> Hashable:
    """Return a key of what a program holds of the update and the objective."""
    given = (blueprint.objective_given, *blueprint.losses_given)
    return structural_key([vars(blueprint.update), [own.structure for own in given]])


def prepare_group(
    net: ConfiguredNet,
    params: dict[str, Any],
    arguments: FitArguments,
    continuation: Continuation | None,
    memo: Memo,
    problems: Problems,
) -> FitGroup:
    """Read the data, build the network and get the programs, without modifying the net.

    Parameters
    ----------
    net : NeuralNet
    params : dict of str to object
        Its parameters.
    arguments : FitArguments
    continuation : Continuation or None
        What training continues from; None to start afresh.
    memo : Memo
        Results that fits on the same data share.
    problems : Problems
        Those found so far, which are raised with all others.

    Raises
    ------
    ValueError
        With all problems of data and parameters in one message.
    """
    probe = copy.copy(net)
    names = INPUT_NAMES if params["layers"] is None else input_names(params["layers"])
    data = FitData(arguments, params, memo, names, describe_losses(params))
    known = None if continuation is None else continuation.outputs
    reset = continuation is None or bool(continuation.model.network.free)
    data.read(probe, known, problems, reset=reset)
    _check_batches(params, data, None, problems)
    sized = {} if continuation is None else continuation.model.network.sized
    blueprint, network = _build(net, params, data, memo, problems, sized)
    with problems.collect():
        devices = device_count(params["devices"]) if params["shard_params"] else 1
        check_weights(network, devices, training=True)
    with problems.collect():
        find_hidden_layer(network, params["transform_layer"])
    with problems.collect():
        find_blocks(network.nodes, params["remat"])
    _check_batches(params, data, network, problems)
    check_cache(params, network, problems)
    problems.raise_any()
    warn_without_noise(params["test_augment"], network)
    check_unmoved_outputs(params["test_augment"], network.rows(), network.outputs)

    if continuation is None:
        model = draw_model(params, network, memo)
    else:
        model = continue_model(continuation, network)
    scales, axes = target_scales(model), network.unit_axes
    with FreeSizesHint(network, partial(_valid_shapes, arguments, params)):
        targets = data.outputs and data.resized(data.outputs, list(network.outputs.values()))
        _check_widths(network, targets, data.first_of_largest)
        matched, train, valid = data.datasets(
            probe, inputs_of(network), network.outputs, model.seed, scales, axes=axes
        )
    outputs = with_scores(one_hot_as_classes(matched, network, train.y), network)
    _warn_of_one_hot(blueprint, network, outputs, train.y)
    shapes = [rows.shape[1:] for part in as_tuple(train.y) for _, rows in array_parts(part)]
    warn_unmoved_targets(blueprint.augment, network.rows(), shapes)
    adapt(model, train, outputs)
    train, valid = weigh_positions(train, valid)
    devices = device_count(params["devices"])
    if devices > 1 and has_transform(train.iterator):
        rows = len(next(iter(train.batch_shapes()[0].values())))
        check_shares("batch_iterator_train", rows, devices, " after its transform")

    trained = network
    frozen: tuple[str, ...] = ()
    if params["cache_features"]:
        part = cached_part(network, blueprint.runtime(network))
        trained = without_part(network, part)
        train, valid = with_features(model, part, train, valid, memo)
        model.leave_out(part.layers)
        frozen = part.layers
    values = LiveValues(net, network, frozen)
    values.renew(params, blueprint)
    weighted = train.target_weights is not None
    _check_averages(blueprint, outputs, train.y)
    plan = make_plan(blueprint, trained, outputs, params, weighted=weighted)
    check_augment_of_masks(blueprint.augment, outputs, network)
    check_outputs(network, plan.loss_functions, outputs, train.y)
    programs = train_programs_for(plan)
    first = values(model.step, 1)
    _check_losses(plan, programs, train, first)
    _check_augment(blueprint, plan, programs, train, first)
    features = {name: vars(probe)[name] for name in FEATURES if name in vars(probe)}
    row = next(iter(network.rows().values()), None)
    return FitGroup(
        params, blueprint, row, model, outputs, train, valid, features, frozen, plan, programs
    )


def _valid_shapes(arguments: FitArguments, params: Mapping[str, Any]) -> Mapping[Any, Any]:
    """Return the shape of a row of each input of `X_val`."""
    return row_shapes(arguments.valid[0], params["data_format"]) if arguments.valid else {}


def _build(
    net: ConfiguredNet,
    params: Mapping[str, Any],
    data: FitData,
    memo: Memo,
    problems: Problems,
    sized: Mapping[str, int],
) -> tuple[Blueprint, Network]:
    """Build the network for the data, or raise all problems found so far and while building.

    Fits on the same data share it, also if they differ in what is no part of it.
    """
    blueprint = network = None
    shapes = data.entering_shapes(problems)
    with problems.collect():
        blueprint = make_blueprint(params, net._own(), next(iter(shapes.values()), None))
        if shapes:
            outputs = data.outputs
            largest = data.largest_values() if blueprint.reads_values else {}
            targets = outputs or _stand_in(blueprint)
            build = partial(blueprint.network, shapes, targets, largest=largest, sized=sized)
            if outputs is None or not memo.shares:
                network = build()
            else:
                values = tuple((name, own.tobytes()) for name, own in largest.items())
                key = "network", blueprint.network_key, tuple(shapes.items()), values
                network = memo.get(key, [outputs], build)
    if blueprint is not None:
        _check_mixing(blueprint, data.y, problems)
    if network is not None:
        _check_sequences(network, data.moved_sequences, problems)
    problems.raise_any()
    assert blueprint is not None
    assert network is not None
    if params["layers"] is None:
        _warn_of_missing_channels(shapes)
    return blueprint, network


def _check_widths(network: Network, outputs: Outputs | None, row: int | None) -> None:
    """Raise an error for each output layer whose shape does not fit its targets.

    Parameters
    ----------
    network : Network
    outputs : Outputs or None
    row : int or None
        The row whose targets these are, if rows differ in shape.
    """
    problems = Problems()
    heads = [head for head in network.heads if head.predicted]
    for i, head in enumerate(heads):
        node = network.node(head.name)
        problems.call_each(
            partial(_match, describe_layer(head.name, node.layer), row),
            [] if outputs is None else [outputs.only(i)],
            [node.output_shape],
            [head.unit_axis],
        )
    problems.raise_any()


def _match(layer: str, row: int | None, outputs: Outputs, shape: Shape, axis: int) -> None:
    try:
        outputs.match([shape], [axis])
    except ValueError as error:
        where = "" if row is None else f" (row {row})"
        raise ValueError(f"{layer}: {error}{where}") from error


def _check_batches(
    params: Mapping[str, Any], data: FitData, network: Network | None, problems: Problems
) -> None:
    """Check that the batches fit into memory; those of X alone if the network is not known."""
    if problems.found or data.rows is None:
        return
    n, size, devices = len(data.rows), data.rows.row_bytes(), device_count(params["devices"])
    iterators = {
        "batch_iterator_train": lambda value: as_train_iterator(value, n, devices),
        "batch_iterator_test": lambda value: as_test_iterator(value, devices),
    }
    for name, read in iterators.items():
        with problems.collect():
            batch_size = read(params[name]).batch_size
            training = name == "batch_iterator_train" and not params["remat"]
            if network is None:
                check_shares(name, batch_size, devices)
            check_batch(name, batch_size, n, size, network, devices, training=training)


def _warn_of_one_hot(blueprint: Blueprint, network: Network, outputs: Outputs, y: Any) -> None:
    """Warn of one-hot classes that are trained as labels, although nothing asks for it."""
    parts = zip(network.heads, outputs.targets, as_tuple(y), blueprint.losses, strict=False)
    layers = {spec.name: spec.given for spec in blueprint.specs}
    for head, target, part, loss in parts:
        given = {**layers[head.name], **blueprint.keywords[head.name]}
        chosen = loss is not None or given.get("nonlinearity", UNSET) is not UNSET
        if isinstance(target, Labels) and not isinstance(target, OneHot) and not chosen:
            warn_if_one_hot(part, head.name)


def _stand_in(blueprint: Blueprint) -> Outputs:
    """Return placeholders for invalid targets, so that problems of the layers are found too."""
    targets = (Numbers((1,)),) * len(blueprint.regression)
    return Outputs((None,) * len(targets), targets)


def _check_mixing(blueprint: Blueprint, y: Any, problems: Problems) -> None:
    """Add an error for each transform that would average text labels."""
    mixing = [entry for entry in blueprint.augment if mixes(entry.transform)]
    if not (mixing and all(blueprint.regression)):
        return
    values = y.flat() if isinstance(y, RaggedArray) else np.asarray(y).flat
    first = next(iter(values), None)
    for entry in mixing if isinstance(first, str) else ():
        problems.add(
            f"y must hold numbers, because {entry.label} mixes targets, got text: '{first}'"
        )


def _check_averages(blueprint: Blueprint, outputs: Outputs, y: Any) -> None:
    """Raise an error if a transform would average targets of which averages mean nothing."""
    problems = Problems()
    infos = outputs.losses or (DEFAULT_LOSS,) * len(outputs.targets)
    for target, info, own in zip(outputs.targets, infos, as_tuple(y), strict=True):
        if not isinstance(target, Numbers) or target.can_average(own):
            continue
        for entry in blueprint.augment:
            if mixes(entry.transform):
                problems.add(
                    f"augment must keep the targets of {info.name or 'an objective of your own'}, "
                    f"whose averages mean nothing, got {entry.label}"
                )
    problems.raise_any()


def _check_sequences(network: Network, moved: Sequence[Any], problems: Problems) -> None:
    """Add an error for each input whose features were moved before its time steps in vain."""
    for name in network.inputs:
        given = None if None in moved else name
        if given in moved and not network.takes_channels(name):
            what = "X" if given is None else f"X[{name!r}]"
            problems.add(
                f"data_format must be 'channels_first' for {what}, whose first layer takes "
                f"(n, time, features) as they are; with several inputs, give a dict: "
                f"data_format={{'image': 'channels_last'}}"
            )


def _warn_of_missing_channels(shapes: Mapping[Any, tuple[int, ...]]) -> None:
    """Warn of rows that the default network flattens although they may be images."""
    for row in filter(lacks_channels, shapes.values()):
        warnings.warn(
            f"X of shape {describe_rows(row)} is flattened by the default network; "
            "give images a channel axis, X[:, None], so that they are convolved",
            UserWarning,
            stacklevel=2,
        )


def _check_losses(plan: Plan, programs: TrainPrograms, train: Dataset, values: Values) -> None:
    """Check the losses on the shapes of the targets, once for each program."""
    for own, part in () if has_transform(train.iterator) else _by_shape(plan, train):
        shapes = list(own.network.rows().values())
        description = f"losses for {[(y.shape[1:], y.dtype) for y in as_tuple(part.y)]} of {shapes}"
        if description not in programs.checked_batches:
            check_losses(own, part.y, values)
            programs.checked_batches.add(description)


def _by_shape(plan: Plan, train: Dataset) -> Iterator[tuple[Plan, Dataset]]:
    """Yield the rows of each shape, with a plan for the network of their size."""
    for _, part in train.parts():
        network = plan.network
        if network.free:
            shapes = {name: array.shape[1:] for name, array in part.batch_shapes()[0].items()}
            network = network_for(network, shapes)
        yield (plan if network is plan.network else replace(plan, network=network)), part


def _check_augment(
    blueprint: Blueprint, plan: Plan, programs: TrainPrograms, train: Dataset, values: Values
) -> None:
    """Check the transforms on the shapes of the first batch, once for each program."""
    for own, part in _by_shape(plan, train) if blueprint.augment else ():
        batch = first_batch(part.rows, part.y, part.iterator)
        X, y = jax.tree.map(lambda own: jax.ShapeDtypeStruct(own.shape, own.dtype), batch)
        description = str((X, y))
        if description not in programs.checked_batches:
            computing = check_transforms(own, blueprint.augment, X, y, values)
            entries = {i: blueprint.augment[i] for i in computing}
            check_augmented_classes(own, entries, *batch, values)
            programs.checked_batches.add(description)

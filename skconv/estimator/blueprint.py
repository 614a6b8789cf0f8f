"""The blueprint of a net: its parameters, checked and assigned to layers, update and losses."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import optax

from ..augment.base import Transform
from ..augment.pipeline import Entry, check_entries, read_entries
from ..augment.tunable import without_values
from ..errors import InvalidParameterError, Problems, describe_layer
from ..layers.base import Layer
from ..layers.shapes import Shape
from ..models.default import HIDDEN_LAYER_SIZES, default
from ..network.builder import build_network
from ..network.graph import Network
from ..network.head import Head
from ..network.layer_list import LayerEntry, read_layers
from ..network.program_values import Runtime, as_float32
from ..network.target_info import TargetInfo
from ..nonlinearities import linear, softmax
from ..objectives.by_nonlinearity import default_nonlinearity
from ..targets.by_output import by_output, output_names, regression_by_output
from ..targets.inference import from_output
from ..targets.outputs import Outputs
from ..targets.target import Target
from ..updates.transformation import is_transformation
from ..updates.update_rule import Update, resolve_update
from ..utils.cache_keys import structural_key
from ..utils.checks import is_integer
from ..utils.fields import UNSET
from .heads import head_weights, read_heads, scaled_outputs
from .routing import (
    SplitKeywords,
    check_collisions,
    keyword_owners,
    loss_parameters,
    parameters_of,
    route_keywords,
    sort_keywords,
    unused_keywords,
)


class ConfiguredNet(Protocol):
    """The part of a net that a fit reads: its parameters, at the start and during training."""

    def _settings(self) -> dict[str, Any]:
        """Return all parameters by their current names."""

    @classmethod
    def _own(cls) -> set[str]:
        """Return the names of the parameters without a prefix."""


@dataclass(frozen=True)
class Blueprint:
    """The parameters of a net, with every keyword assigned to its owner.

    Parameters
    ----------
    specs : list of LayerEntry
    keywords : dict of str to dict
        Keywords of each layer.
    update : Update
    update_values : dict of str to float or schedule
        Hyperparameters of the update.
    objective : callable
    objective_given : SplitKeywords
        Keywords of the objective.
    losses_given : tuple of SplitKeywords
        Keywords of each output's loss function.
    heads : tuple of Head
    weights : tuple of float
        Weight of each head in the training loss.
    regression : tuple of bool
        Whether each output predicts numbers.
    losses : tuple of (callable or None)
        Loss function of each output; None for the default of its target.
    augment : tuple of Entry
    images : bool
        Whether rows of several axes are images before they enter the network: for transforms of
        images and for the default network.
    compute_dtype : str
        Type in which the layers compute, as in `Network`.
    """

    specs: list[LayerEntry]
    keywords: dict[str, dict[str, Any]]
    update: Update
    update_values: dict[str, Any]
    objective: Callable[..., Any]
    objective_given: SplitKeywords
    losses_given: tuple[SplitKeywords, ...]
    heads: tuple[Head, ...]
    weights: tuple[float, ...]
    regression: tuple[bool, ...]
    losses: tuple[Callable[..., Any] | None, ...]
    augment: tuple[Entry, ...]
    images: bool
    compute_dtype: str

    def network(
        self,
        shapes: Mapping[str | None, tuple[int, ...]],
        outputs: Outputs | None,
        *,
        largest: Mapping[str | None, np.ndarray] = MappingProxyType({}),
        sized: Mapping[str, int] = MappingProxyType({}),
    ) -> Network:
        """Build the network.

        Parameters
        ----------
        shapes : mapping of str to tuple
            Shape of a row of each input, as far as known.
        outputs : Outputs or None
            None if the targets are not known.
        largest : mapping of str to array, optional
            The largest value at each position of a row of each input.
        sized : mapping of str to int, optional
            The largest value of the input of layers, as in `Network.sized`, which comes first.
        """
        known = outputs.targets if outputs else (None,) * len(self.regression)
        tasks = list(map(_task, known, self.regression, self.loss_functions()))
        network = build_network(
            self.specs,
            self.keywords,
            input_shapes=shapes,
            heads=self.heads,
            tasks=tasks,
            images=self.images,
            largest=largest,
            sized=sized,
        )
        return replace(network, compute_dtype=self.compute_dtype)

    @property
    def reads_values(self) -> bool:
        """Whether layers are to be sized for the largest values of X."""
        return any(
            (self.keywords[spec.name].get(name, spec.given.get(name, UNSET))) is UNSET
            for spec in self.specs
            for name in spec.cls.sized_by_values
        )

    @property
    def network_key(self) -> Hashable:
        """Key that is equal for blueprints that build equal networks for equal rows and targets."""
        return structural_key(
            [
                self.specs,
                self.keywords,
                self.heads,
                self.regression,
                self.loss_functions(),
                self.images,
                self.compute_dtype,
            ]
        )

    def loss_functions(self) -> tuple[Callable[..., Any] | None, ...]:
        """Return the loss function of each output with the keywords that are not numbers."""
        pairs = zip(self.losses, self.losses_given, strict=True)
        return tuple(loss and given.bound_to(loss) for loss, given in pairs)

    def runtime(self, network: Network) -> Runtime:
        """Return the runtime values of the network's layers, with the current keywords."""
        runtime = network.runtime()
        layers = {node.name: node.layer for node in network.nodes}
        for spec in self.specs:
            own, layer = runtime[spec.name], layers[spec.name]
            changes = _runtime_changes(spec, layer, own, self.keywords[spec.name])
            if not changes:
                continue
            for error in replace(layer, **changes).check():
                raise InvalidParameterError(f"{describe_layer(spec.name, layer)}: {error}")
            for name, value in changes.items():
                if name not in own or value is None:
                    raise ValueError(
                        f"{describe_layer(spec.name, layer)}: {name} must stay "
                        f"{getattr(layer, name)!r} during training, got {value!r}; "
                        "fit the net afresh"
                    )
            own.update(changes)
        return as_float32(runtime)

    def transforms(self) -> tuple[Callable[..., Any], ...]:
        """Return the transforms without their runtime values."""
        return tuple(without_values(entry.transform) for entry in self.augment)


def _runtime_changes(
    spec: LayerEntry, layer: Layer, own: Mapping[str, Any], keywords: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keywords of a layer that set runtime values, by field.

    Parameters
    ----------
    spec : LayerEntry
    layer : Layer
        The layer as the network holds it.
    own : mapping of str to float
        Its runtime values.
    keywords : mapping of str to object
    """
    by_name = {field.name: field for field in fields(layer)}
    changes = {}
    for keyword, value in keywords.items():
        name = spec.cls.aliases.get(keyword, keyword)
        metadata = by_name[name].metadata if name in by_name else {}
        if name in own:
            changes[name] = metadata.get("absent") if value is None else value
        elif metadata.get("kind") == "optional" and value is not None:
            changes[name] = value
    return changes


def _task(target: Target | None, numbers: bool, loss: Callable[..., Any] | None) -> TargetInfo:
    """Return what a target, or at least its kind, and a loss imply for their output layer."""

    def usual(shape: Shape, axis: int) -> Any:
        try:
            known = target or from_output(shape, regression=numbers, axis=axis)
            return known.match(shape, axis).nonlinearity
        except (ValueError, TypeError):
            return target.nonlinearity if target else (linear if numbers else softmax)

    def ending(shape: Shape, axis: int) -> Any:
        nonlinearity = usual(shape, axis)
        return nonlinearity if loss is None else default_nonlinearity(loss, nonlinearity)

    if target is None:
        return TargetInfo(None, ending)
    return TargetInfo(target.units_for, ending, target.unit_axis)


def make_blueprint(
    params: Mapping[str, Any], own: set[str], shape: tuple[int, ...] | None
) -> Blueprint:
    """Assign every keyword to its owner, and check layers, update, outputs and transforms.

    Parameters
    ----------
    params : mapping of str to object
        All parameters of the net.
    own : set of str
        Names of the parameters without a prefix.
    shape : tuple of int or None
        Shape of a row, which decides on the network of ``layers=None``.

    Returns
    -------
    Blueprint

    Raises
    ------
    ValueError
        With all problems, such as unknown keywords and layers that have the name of a parameter.
    """
    problems = Problems()
    layers, given = params["layers"], {}
    keywords = {name: value for name, value in params.items() if name not in own}
    keywords |= params["more_params"] or {}
    if layers is None:
        given = default(_given_shape(keywords) or shape or (1,), params["hidden_layer_sizes"])
        layers = given.pop("layers")
    elif not np.array_equal(params["hidden_layer_sizes"], HIDDEN_LAYER_SIZES):
        problems.add(
            f"hidden_layer_sizes must be {HIDDEN_LAYER_SIZES} for a net with its own layers, got "
            f"{params['hidden_layer_sizes']!r}; set their num_units, as in hidden_num_units=50"
        )
    given |= keywords
    specs: list[LayerEntry] = []
    with problems.collect():
        specs = read_layers(layers)
    transforms = [] if params["augment"] is None else read_entries(params["augment"])
    check_collisions(specs, transforms, own, problems)
    objective = params["objective"]
    routed: dict[str, dict[str, Any]] = {}
    loss_keywords = loss_parameters(params)
    if specs:
        owners = keyword_owners(specs, transforms, params, loss_keywords)
        more = set(params["more_params"] or {}) - own
        unused = unused_keywords(sorted(more), owners)
        if unused:
            warnings.warn(
                f"more_params has keywords that no part of the net takes: {', '.join(unused)}; "
                f"prefixes are: {', '.join(owners)}",
                UserWarning,
                stacklevel=2,
            )
        used = {name: value for name, value in given.items() if name not in unused}
        routed, unknown = route_keywords(used, owners, own)
        problems.found += unknown.found
    update = Update(optax.identity, (), ())
    update_values: dict[str, Any] = {}
    if callable(params["update"]) or is_transformation(params["update"]):
        with problems.collect():
            update, update_values = resolve_update(params["update"], routed.get("update", {}))
    heads: tuple[Head, ...] = ()
    weights: tuple[float, ...] = ()
    losses: tuple[Callable[..., Any] | None, ...] = ()
    names = output_names(params["outputs"])
    aux = params["aux_outputs"] if isinstance(params["aux_outputs"], Mapping) else {}
    with problems.collect():
        by_output("regression", params["regression"], names, False)
    with problems.collect():
        name = "objective_loss_function"
        losses = by_output(name, params[name], names, None)
    if specs:
        with problems.collect():
            scaled = scaled_outputs(params)
            heads = read_heads(params["outputs"], aux, [spec.name for spec in specs], scaled)
            weights = head_weights(heads, params["output_weights"] or {}, aux)
    augment = [
        entry.with_keywords(routed[entry.prefix]) if entry.prefix in routed else entry
        for entry in transforms
    ]
    if augment:
        check_entries(augment, problems)
    problems.raise_any()
    own_keywords, given = parameters_of(objective), routed["objective"]
    objective_given = sort_keywords(own_keywords, given, problems)
    rest = {name: value for name, value in given.items() if name not in own_keywords}
    losses_given = tuple(sort_keywords(takes, rest, problems) for takes in loss_keywords)
    problems.raise_any()
    return Blueprint(
        specs,
        {spec.name: routed[spec.name] for spec in specs},
        update,
        update_values,
        objective,
        objective_given,
        losses_given,
        heads,
        weights,
        regression_by_output(params["regression"], params["outputs"]),
        losses,
        tuple(augment),
        params["layers"] is None or any(isinstance(e.transform, Transform) for e in augment),
        params["compute_dtype"] or "float32",
    )


def _given_shape(keywords: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Return the shape of a row for the default network, if ``input_shape`` is given."""
    shape = keywords.get("input_shape")
    if isinstance(shape, list | tuple) and len(shape) > 1 and all(map(is_integer, shape[1:])):
        return tuple(shape[1:])
    return None

"""What follows from the parameters of a net for its predictions, kept for its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_
from typing import Any, NamedTuple

from jax.sharding import Mesh

from ..data.inputs import FIRST
from ..data.iterators import BatchIterator, as_test_iterator
from ..errors import Problems
from ..network.model import Model
from ..ops.device_choice import device_count, mesh_for
from ..ops.platform import device
from ..ops.processes import own_mesh
from ..targets.outputs import Outputs
from ..training.adaptation import in_units_of
from ..training.plain_predictor import PlainPredictor
from .overrides import check_iterator
from .validation import check_devices

GIVEN = ("batch_iterator_test", "check_input", "data_format", "devices", "test_augment")
"""Parameters that predictions depend on, of which some may be objects that change."""

DECISIVE = (*GIVEN, "shard_params", "_outputs", "n_features_in_", "feature_names_in_")
"""Attributes that predictions depend on, besides the model."""

FIXED = (int, str, type(None))
"""Types of parameters that cannot change but by another value."""

KEY = "prediction"


class PreparedPrediction(NamedTuple):
    """What predictions take besides the model and the rows.

    Parameters
    ----------
    outputs : Outputs
        Decode what the network computes.
    iterator : BatchIterator
    mesh : Mesh or None
        The devices that share the rows of each batch; None for the default device.
    plain : PlainPredictor or None
        Predicts for plain arrays, if that is all that the parameters ask for.
    """

    outputs: Outputs
    iterator: BatchIterator
    mesh: Mesh | None
    plain: PlainPredictor | None


def prepare_prediction(
    attributes: Mapping[str, Any],
    model: Model,
    targets: Callable[[Mapping[str, Any]], Outputs],
) -> PreparedPrediction:
    """Check the parameters that matter to predictions, and return what follows from them.

    It is kept with what is prepared for the weights, unless a parameter is an object that may
    change.

    Parameters
    ----------
    attributes : mapping of str to object
        Parameters and attributes of the net.
    model : Model
        The model for prediction.
    targets : callable
        ``(attributes) -> Outputs``, called if nothing is kept.
    """
    kept = model.prepared
    assert kept is not None  # as for all models that predict
    decisive = *map(attributes.get, DECISIVE), device()
    before, prepared = kept.get(KEY, ((), None))
    if prepared is None or not all(map(is_, decisive, before)):
        prepared = _prepare(attributes, model, targets)
        fixed = all(isinstance(attributes[name], FIXED) for name in GIVEN)
        if attributes["_outputs"] is not None and fixed:
            kept[KEY] = decisive, prepared
    return prepared


def _prepare(
    attributes: Mapping[str, Any],
    model: Model,
    targets: Callable[[Mapping[str, Any]], Outputs],
) -> PreparedPrediction:
    given, devices = attributes["batch_iterator_test"], attributes["devices"]
    problems = Problems()
    check_iterator("batch_iterator_test", given, problems)
    check_devices(devices, problems)
    problems.raise_any()
    iterator = as_test_iterator(given, device_count(devices))
    mesh = own_mesh(mesh_for(devices, shard_params=attributes["shard_params"]))
    plain = None
    if attributes["data_format"] == FIRST and "feature_names_in_" not in attributes:
        features, check = attributes.get("n_features_in_"), bool(attributes["check_input"])
        plain = PlainPredictor.of(model.network, iterator, features, check=check)
    return PreparedPrediction(in_units_of(targets(attributes), model), iterator, mesh, plain)

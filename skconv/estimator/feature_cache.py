"""Features of frozen layers, computed once instead of in every epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from ..data.dataset import Dataset
from ..data.iterators import as_test_iterator, as_train_iterator, has_transform
from ..data.rows import Reading, Rows
from ..errors import Problems, list_names
from ..network.array_checks import MOST
from ..network.frozen_part import FrozenPart, find_frozen_part
from ..network.graph import Network
from ..network.model import Model
from ..network.program_values import Runtime
from ..training.output_rows import predict_rows
from ..utils.memo import Memo


def check_cache(params: Mapping[str, Any], network: Network, problems: Problems) -> None:
    """Add an error for what makes the features of a row change from epoch to epoch.

    Parameters
    ----------
    params : mapping of str to object
        Parameters of the net.
    network : Network
    problems : Problems
    """
    if not params["cache_features"]:
        return
    if params["augment"]:
        problems.add("cache_features must be False with augment, which changes rows in each epoch")
    for name, read in (
        ("batch_iterator_train", lambda value: as_train_iterator(value, 1)),
        ("batch_iterator_test", as_test_iterator),
    ):
        if has_transform(read(params[name])):
            problems.add(f"cache_features must be False with the transform of {name}")
    if network.free:
        problems.add(
            "cache_features must be False for rows of several sizes, got the input shapes "
            f"{list(network.free.values())}"
        )


def cached_part(network: Network, runtime: Runtime) -> FrozenPart:
    """Return the part of a network whose outputs are computed once.

    Raises
    ------
    ValueError
        If it computes nothing, as no layers after the inputs are frozen.
    """
    part = find_frozen_part(network, runtime)
    if all(not network.node(name).incomings for name in part.features):
        first = next(node.name for node in network.nodes if node.name not in part.layers)
        raise ValueError(
            "cache_features must be False for a net whose first layers are not frozen, as is "
            f"{first!r}; set {first}_grad_scale=0 if it has parameters, rather than by the handler "
            f"Freeze, and {first}_p=0 if it draws noise"
        )
    return part


def with_features(
    model: Model, part: FrozenPart, train: Dataset, valid: Dataset | None, memo: Memo
) -> tuple[Dataset, Dataset | None]:
    """Return datasets whose rows are the features that a frozen part computes.

    Parameters
    ----------
    model : Model
    part : FrozenPart
    train, valid : Dataset or None
        Arranged for the whole network.
    memo : Memo
        Fits on the same rows, with the same frozen weights, share their features.
    """
    network, iterator = model.network, (valid or train).iterator
    own = [tree.get(layer, {}) for tree in model.weights for layer in part.layers]
    weights = jax.tree.leaves(own)
    values = network.float32_runtime
    numbers = tuple((name, *sorted(values.get(name, {}).items())) for name in part.layers)

    def features(dataset: Dataset) -> Dataset:
        rows = dataset.rows
        arrays, shapes = {}, {}
        for name in part.features:
            shapes[name] = shape = network.node(name).output_shape[1:]
            if not network.node(name).incomings:
                arrays[name] = rows.arrays[name]
                continue

            def compute(name: str = name, rows: Rows = rows) -> np.ndarray:
                found = predict_rows(model, rows.whole(), iterator, to=name)
                return found.reshape(len(found), -1)

            key = "features", name, shape, numbers, network.key
            arrays[name] = memo.get(key, [*rows.arrays.values(), *weights], compute)
        return replace(dataset, rows=Rows(arrays, shapes, rows.index, reading=Reading(check=False)))

    return features(train), valid and features(valid)


def check_unchanged(before: Runtime, now: Runtime) -> None:
    """Raise `ValueError` if values have changed that outputs were computed with once.

    Parameters
    ----------
    before, now : dict of dict of scalar
        Values of the runtime fields of the frozen layers.
    """
    changed: dict[tuple[str, float], list[str]] = {}
    for layer, own in before.items():
        for field, value in own.items():
            if value != now[layer][field]:
                changed.setdefault((field, float(value)), []).append(layer)
    found = [
        f"{field} must stay {value:g} for {list_names(sorted(layers), MOST)}"
        for (field, value), layers in changed.items()
    ]
    if found:
        raise ValueError(
            f"{'; '.join(found)} during a training with cache_features=True; go on with "
            "cache_features=False and warm_start=True"
        )

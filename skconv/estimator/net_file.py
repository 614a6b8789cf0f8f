"""What a file of a net has: its members, and the objects that a net has learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from ..network.archive import WEIGHTS
from ..network.graph import Network
from ..objectives.gaussian import MeanAndLogVariance
from ..objectives.pinball import Quantiles
from ..targets.classes import Classes
from ..targets.distributions import OneHot, SoftClasses
from ..targets.kept import Fields, Kept
from ..targets.labels import Labels
from ..targets.modeled_numbers import ModeledNumbers
from ..targets.numbers import Numbers
from ..targets.outputs import Outputs
from ..targets.survival import Survival
from ..utils.loss_contracts import LossContract, LossInfo
from ..utils.output_forms import UnitsLast
from .blueprint import Blueprint, make_blueprint
from .validation import check_settings

CONFIG, CONFIG_ARRAYS = "config.json", "config.safetensors"
STATE, STATE_ARRAYS = "state.json", "state.safetensors"
UPDATE, HISTORY = "update.safetensors", "history.jsonl"

MEMBERS = (CONFIG, CONFIG_ARRAYS, STATE, STATE_ARRAYS, WEIGHTS, UPDATE, HISTORY)
"""The members of a file. Only the first is always present; empty members are left out."""

TARGETS = {
    cls.__name__: cls
    for cls in (
        *(Classes, Fields, Kept, Labels, LossContract, LossInfo, MeanAndLogVariance),
        *(ModeledNumbers, Numbers, OneHot, Outputs, Quantiles, SoftClasses, Survival, UnitsLast),
    )
}
"""Classes of which the state of a net has objects."""

COUNTS = ("seed", "epoch", "step")


def rebuilt_network(
    net: Any,
    rows: Mapping[str, tuple[int, ...]],
    outputs: Outputs | None,
    sized: Mapping[str, int],
) -> tuple[Blueprint, Network]:
    """Return the network of a net for known targets and known shapes and values of rows."""
    params = net._settings()
    check_settings(params).raise_any()
    known = dict[str | None, tuple[int, ...]](() if outputs is None else rows.items())
    blueprint = make_blueprint(params, net._own(), next(iter(known.values()), None))
    return blueprint, blueprint.network(known, outputs, sized=sized)


def named_leaves(tree: Any) -> dict[str, Any]:
    """Return the arrays of the state of an update rule by their path."""
    return {
        f"update{jax.tree_util.keystr(path)}": leaf
        for path, leaf in jax.tree.leaves_with_path(tree)
    }


def has_state(handler: Any) -> bool:
    """Return whether a handler has a state that can be written and set."""
    return hasattr(handler, "get_state") and hasattr(handler, "set_state")

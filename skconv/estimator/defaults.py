"""The values that parameters left at None stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..nonlinearities import linear
from ..objectives import absolute_error, objective, squared_error
from ..ops.device_choice import device_count
from ..ops.mesh import multiple_of
from ..targets.by_output import regression_by_output
from ..updates.default import default_update
from ..utils.loss_contracts import contract_of

OWN_BATCH_SIZE = 128
"""Batch size in training of networks given as `layers`, as in nolearn."""

SCALED_LOSSES = (None, squared_error, absolute_error)
"""Losses that mean the same whatever the units of y are; None is the default."""


def with_defaults(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a net with values in place of None.

    Parameters
    ----------
    params : mapping of str to object
        All parameters of a net.

    Returns
    -------
    dict
        Equal parameters give identical values, so that a change is seen by identity.
    """
    default_network = params["layers"] is None
    found = dict(params)
    if params["update"] is None:
        found["update"] = default_update(default_network=default_network)
    if params["batch_iterator_train"] is None and not default_network:
        devices = device_count(params["devices"])
        found["batch_iterator_train"] = multiple_of(devices, OWN_BATCH_SIZE)
    if params["normalize_y"] is None:
        numbers = any(regression_by_output(params["regression"], params["outputs"]))
        found["normalize_y"] = default_network and numbers and not _has_output_scale(params)
    return found


def _has_output_scale(params: Mapping[str, Any]) -> bool:
    """Return whether the output or the loss of a default network refers to the units of y."""
    keywords = {**params, **(params["more_params"] or {})}
    loss, nonlinearity = params["objective_loss_function"], keywords.get("output_nonlinearity")
    own_loss = not any(loss is scaled for scaled in SCALED_LOSSES) and not _has_form(loss)
    own_output = not any(nonlinearity is name for name in (None, linear)) and not (
        isinstance(nonlinearity, str) and nonlinearity in ("linear", "identity")
    )
    return own_loss or own_output or params["objective"] is not objective


def _has_form(loss: Any) -> bool:
    """Return whether a loss reads several units of an output, which can be scaled back."""
    contract = contract_of(loss) if callable(loss) else None
    return contract is not None and contract.form is not None

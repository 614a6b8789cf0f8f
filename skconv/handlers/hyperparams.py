"""Read and set hyperparameters of a net during training."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ..errors import did_you_mean
from ..updates.by_name import named_update
from ..updates.default import default_update
from ..utils.checks import is_number

MAX_LENGTH = 250
"""Characters of a parameter's value that all experiment trackers accept."""


def get_hyperparam(net: Any, name: str) -> float:
    """Return the current value of a numeric hyperparameter.

    Parameters
    ----------
    net : NeuralNet
    name : str
        A parameter such as ``'update_learning_rate'``; by default its value is the update rule's
        default.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the net lacks the parameter, or if its value is not a number but, say, a schedule.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> from skconv.updates import adam
    >>> get_hyperparam(NeuralNet(update=adam), 'update_learning_rate')
    0.001
    """
    values = _hyperparams(net)
    if name not in values:
        raise ValueError(f"the net has no hyperparameter {name!r}.{did_you_mean(name, values)}")
    if not is_number(values[name]):
        raise ValueError(f"{name} must be a number for handlers to change it, got {values[name]!r}")
    return float(values[name])


def set_hyperparam(net: Any, name: str, value: float) -> None:
    """Set a hyperparameter for the coming steps; `fit` restores it at the end.

    Parameters
    ----------
    net : NeuralNet
    name : str
    value : float
    """
    if name in (net.more_params or {}):
        net.more_params = {**net.more_params, name: value}
    else:
        setattr(net, name, value)


def changed_params(net: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that handlers have set since the start of a training.

    Parameters
    ----------
    net : NeuralNet
    given : mapping of str to object
        Its parameters at the start.

    Returns
    -------
    dict of str to object
        Those of `more_params` one by one.
    """
    before = _flat_params(given)
    now = _flat_params(net.get_params(deep=False))
    return {
        name: value
        for name, value in now.items()
        if name not in before or before[name] is not value
    }


def restore_params(net: Any, given: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """Set the parameters of a net to those at the start of a training, and to changes since then.

    Parameters
    ----------
    net : NeuralNet
    given : mapping of str to object
    changed : mapping of str to object
        As returned by `changed_params`.
    """
    before = _flat_params(given)
    for name in changed_params(net, given):
        if name in before:
            set_hyperparam(net, name, before[name])
        elif name not in changed:
            delattr(net, name)
    for name, value in changed.items():
        set_hyperparam(net, name, value)


def _flat_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters without handlers, and those of `more_params` one by one."""
    flat = {**params, **(params.get("more_params") or {})}
    return {name: flat[name] for name in flat if name != "more_params" and name[:3] != "on_"}


def describe_params(net: Any) -> dict[str, str]:
    """Return short descriptions of a net's parameters, for experiment trackers.

    Parameters
    ----------
    net : NeuralNet

    Returns
    -------
    dict of str to str
        Without handlers, and without parameters that are None.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> describe_params(NeuralNet(update_learning_rate=0.5))['update_learning_rate']
    '0.5'
    """
    return {
        name: _describe(value)[:MAX_LENGTH]
        for name, value in net.get_params(deep=False).items()
        if value is not None and not name.startswith("on_")
    }


def get_update_hyperparams(net: Any) -> dict[str, float]:
    """Return the current numbers of the update rule, without schedules."""
    return {
        name: float(value)
        for name, value in _hyperparams(net).items()
        if name.startswith("update_") and is_number(value)
    }


def _describe(value: Any) -> str:
    if isinstance(value, str):
        return value
    return getattr(value, "__name__", None) or repr(value)


def _hyperparams(net: Any) -> dict[str, Any]:
    """Return the parameters by name: the rule's defaults, overridden by the net's own values."""
    update = named_update(net.update) or default_update(default_network=net.layers is None)
    parameters = inspect.signature(update).parameters if callable(update) else {}
    defaults = {f"update_{p.name}": p.default for p in parameters.values()}
    own = {name: value for name, value in vars(net).items() if name[0] != "_" and name[-1] != "_"}
    return defaults | own | (net.more_params or {})

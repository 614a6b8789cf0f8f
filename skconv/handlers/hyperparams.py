"""Read and set a number of a net while it trains, as handlers do."""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import did_you_mean
from ..utils.checks import is_number

MAX_WORD = 250
"""Characters that all trackers take as a parameter."""


def get_hyperparam(net: Any, name: str) -> float:
    """Read the number that is in force.

    Parameters
    ----------
    net : NeuralNet
    name : str
        A parameter such as ``'update_learning_rate'``; one that was not given has the default of
        the update rule.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Where there is no such parameter, and where it is no number: a schedule, say.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> from skconv.updates import adam
    >>> get_hyperparam(NeuralNet(update=adam), 'update_learning_rate')
    0.001
    """
    known = _known(net)
    if name not in known:
        raise ValueError(f"the net has no number {name!r}.{did_you_mean(name, known)}")
    if not is_number(known[name]):
        raise ValueError(f"{name}={known[name]!r} is no number that a handler could change")
    return float(known[name])


def set_hyperparam(net: Any, name: str, value: float) -> None:
    """Set a number for the coming steps; `fit` puts it back in the end.

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


def describe_params(net: Any) -> dict[str, str]:
    """Describe the parameters of a net in a few words each, for trackers of experiments.

    Parameters
    ----------
    net : NeuralNet

    Returns
    -------
    dict of str to str
        Without handlers and what is None.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> describe_params(NeuralNet(update_learning_rate=0.5))['update_learning_rate']
    '0.5'
    """
    given = net.get_params(deep=False).items()
    return {
        key: _word(value)[:MAX_WORD]
        for key, value in given
        if value is not None and not key.startswith("on_")
    }


def get_update_hyperparams(net: Any) -> dict[str, float]:
    """Read the numbers of the update rule that are in force, without schedules."""
    known = _known(net).items()
    return {key: float(v) for key, v in known if key.startswith("update_") and is_number(v)}


def _word(value: Any) -> str:
    return getattr(value, "__name__", None) or repr(value)


def _known(net: Any) -> dict[str, Any]:
    """All that might be a number; what comes later prevails."""
    parameters = inspect.signature(net.update).parameters if callable(net.update) else {}
    defaults = {f"update_{p.name}": p.default for p in parameters.values()}
    given = {key: value for key, value in vars(net).items() if key[0] != "_" and key[-1] != "_"}
    return defaults | given | (net.more_params or {})

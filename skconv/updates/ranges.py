"""Valid values of hyperparameters of update rules, by name, for Lasagne's names and optax's."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ..utils.checks import Check, above_zero, between, flag, fraction, is_number, positive

_natural = between(0.0, np.inf)

NUMBERS: dict[str, Check] = {
    **dict.fromkeys(("learning_rate", "adam_learning_rate", "max_learning_rate"), _natural),
    **dict.fromkeys(("weight_decay", "weight_decay_rate", "adam_weight_decay"), _natural),
    **dict.fromkeys(("epsilon", "eps", "eps_root", "initial_accumulator_value"), _natural),
    **dict.fromkeys(("momentum", "rho", "decay", "decay_rate", "ema_decay"), fraction),
    **dict.fromkeys(("beta", "beta1", "beta2", "b1", "b2", "b3", "adam_b1", "adam_b2"), fraction),
    "damping": above_zero,
    "cg_decay": between(0.0, 1.0),
}
"""A check for each name of a number."""

COUNTS = ("memory_size", "linesearch_steps", "ns_steps", "cg_iterations")
"""Names of positive integers."""


def number_check(name: str, parameter: inspect.Parameter | None) -> Check:
    """Return the check of a number that a factory takes by this name.

    Numbers of other names than those of the table may be anything but NaN, as may those whose
    default is outside the range: there, the name has another meaning.

    Parameters
    ----------
    name : str
    parameter : inspect.Parameter or None
        The factory's parameter, if it has one of this name.

    Examples
    --------
    >>> number_check('momentum', None)(1.5)
    'a number >= 0.0 and < 1.0'
    """
    check = NUMBERS.get(name, _not_nan)
    default = None if parameter is None else parameter.default
    return _not_nan if is_number(default) and check(default) else check


def _not_nan(value: Any) -> str | None:
    return "a number" if np.isnan(value) else None


def is_certainly_number(name: str, parameter: inspect.Parameter | None) -> bool:
    """Return whether a factory takes a number by this name, and no flag, mask or function."""
    return name in NUMBERS or (parameter is not None and isinstance(parameter.default, float))


def structure_check(name: str, parameter: inspect.Parameter | None) -> Check | None:
    """Return the check of a count or a flag, or None for anything else.

    Examples
    --------
    >>> structure_check('memory_size', None)(0)
    'a positive integer'
    """
    if name in COUNTS:
        return positive
    default = None if parameter is None else parameter.default
    return flag if isinstance(default, bool) else None

"""The update rule of nets that set none."""

from __future__ import annotations

from functools import partial
from typing import Any

from .rules import adam, nesterov_momentum

DEFAULT_NETWORK_UPDATE = partial(adam, learning_rate=0.003)
"""Update rule of the default network, whose inputs and numeric targets are standardized."""


def default_update(*, default_network: bool) -> Any:
    """Return Adam for the default network, and Nesterov momentum, as in nolearn, for all others.

    Examples
    --------
    >>> default_update(default_network=False).__name__
    'nesterov_momentum'
    """
    return DEFAULT_NETWORK_UPDATE if default_network else nesterov_momentum

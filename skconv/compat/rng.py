"""Lasagne's source of random numbers, from which nets without a `random_state` draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.random_keys import SEEDS


def get_rng() -> Any:
    """Return what `set_rng` has set; by default `numpy.random`, which ``numpy.random.seed`` seeds.

    Returns
    -------
    numpy.random.RandomState or module
    """
    return SEEDS["source"]


def set_rng(new_rng: Any) -> None:
    """Set the source of the initial weights and orders of nets without a `random_state`.

    Parameters
    ----------
    new_rng : numpy.random.RandomState or module
        ``numpy.random`` for the global one.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if new_rng is not np.random and not isinstance(new_rng, np.random.RandomState):
        raise TypeError(
            "new_rng must be a numpy.random.RandomState or the module numpy.random, got "
            f"{new_rng!r}"
        )
    SEEDS["source"] = new_rng


def current_state() -> Any:
    """Return the `random_state` of nets that set none."""
    return None if SEEDS["source"] is np.random else SEEDS["source"]

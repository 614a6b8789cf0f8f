"""Train the nets of several calls of `fit` together."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from .errors import did_you_mean
from .fitting import prepare
from .lanes import MODES, Lane, run
from .shelf import Shelf
from .together import Call

MEMORY = 0.25
"""Part of the memory that the weights of all lanes, and what their steps compute, may have."""

MAX_LANES = 64
"""Lanes at a time, where memory would allow for more, which gain nothing on a CPU."""


@dataclass
class Outcome:
    """What became of a call.

    Parameters
    ----------
    fault : Exception or None
    seconds : float
        Its share of the time.
    """

    fault: Exception | None = None
    seconds: float = 0.0


def check_lanes(lanes: Any, max_lanes: Any) -> None:
    """Raise `ValueError` for a way to train together that there is not."""
    if lanes not in MODES:
        hint = did_you_mean(str(lanes), MODES)
        raise ValueError(f"lanes={lanes!r} is none of {', '.join(map(repr, MODES))}.{hint}")
    count = isinstance(max_lanes, int | np.integer) and not isinstance(max_lanes, bool)
    if max_lanes is not None and (not count or max_lanes < 1):
        raise ValueError(f"max_lanes={max_lanes!r} is no whole number from 1 on, and not None")


def conduct(calls: Sequence[Call], shelf: Shelf, lanes: str, width: int) -> list[Outcome]:
    """Train nets together; each becomes what its own `fit` would have made of it.

    Parameters
    ----------
    calls : sequence of Call
    shelf : Shelf
        Where what they have in common is kept.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}
    width : int
        Lanes in one program at the most.

    Returns
    -------
    list of Outcome
        One for each call. After Ctrl-C those that were not through have `KeyboardInterrupt` as
        the cause of their fault.
    """
    outcomes, ready = [Outcome() for _ in calls], []
    for call, outcome in zip(calls, outcomes, strict=True):
        began = time.perf_counter()
        training = ExitStack()
        try:
            made = call.net._training(call.data, goes_on=call.goes_on, shelf=shelf)
            session = training.enter_context(made)
        except Exception as fault:
            outcome.fault = fault
        else:
            lane = Lane(session, call.epochs)
            ready.append((outcome, training, lane))
        outcome.seconds = time.perf_counter() - began
    with suppress(KeyboardInterrupt):
        run([lane for *_, lane in ready], lanes, width)
    for outcome, training, lane in ready:
        outcome.fault = lane.fault
        outcome.seconds += lane.seconds
        try:
            training.__exit__(lane.fault and type(lane.fault), lane.fault, None)
        except Exception as fault:
            outcome.fault = fault
    return outcomes


def lanes_that_fit(call: Call, shelf: Shelf) -> int:
    """How many nets like this one memory has room for."""
    net = call.net
    try:
        made = prepare(net, net._settings, net._blueprint, call.data, None, shelf)
    except Exception:
        return MAX_LANES
    model, size = made.model, made.train.iterator.batch_size
    kept = sum(leaf.nbytes for leaf in jax.tree.leaves((model.params, model.state, model.opt)))
    outputs = sum(math.prod(n or 1 for n in node.output_shape) for node in model.network.nodes)
    lane = 3 * kept + 3 * 4 * size * outputs
    return int(np.clip(MEMORY * _memory() / lane, 1, MAX_LANES))


def _memory() -> int:
    """Bytes that the device has."""
    known = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in known:
        return known["bytes_limit"]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

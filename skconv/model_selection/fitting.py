"""Training of deferred fits together, as many at a time as fit into memory."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..errors import Problems, did_you_mean
from ..estimator.deferred import DeferredFit
from ..estimator.prepare import prepare
from ..ops.platform import devices, memory, platform
from ..training.lanes import MODES, Lane, run_lanes
from ..utils.checks import one_of, positive_or_none
from ..utils.memo import Memo

MEMORY_FRACTION = 0.25
"""Fraction of the device's memory for the weights and activations of all lanes."""

MAX_LANES = 64
"""Maximum number of lanes; more gain nothing on a CPU, even if memory has room for them."""


@dataclass
class FitOutcome:
    """How a fit ended.

    Parameters
    ----------
    error : Exception or None
    seconds : float
        Its share of the time.
    """

    error: Exception | None = None
    seconds: float = 0.0


def check_lanes(lanes: Any, max_lanes: Any) -> None:
    """Raise `InvalidParameterError` if `lanes` or `max_lanes` is invalid."""
    problems = Problems()
    if valid := one_of(*MODES)(lanes):
        problems.add_parameter("lanes", valid, lanes, f".{did_you_mean(str(lanes), MODES)}")
    if valid := positive_or_none(max_lanes):
        problems.add_parameter("max_lanes", valid, max_lanes)
    problems.raise_any()


def fit_jobs(calls: Sequence[DeferredFit], memo: Memo, lanes: str, width: int) -> list[FitOutcome]:
    """Train nets together, each with the result of its own `fit`, up to rounding.

    Parameters
    ----------
    calls : sequence of DeferredFit
    memo : Memo
        Results that the fits share.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}
    width : int
        Maximum number of lanes in one program.

    Returns
    -------
    list of FitOutcome
        One per call. After Ctrl-C, the errors of unfinished fits have `KeyboardInterrupt` as their
        cause.
    """
    outcomes, prepared = [FitOutcome() for _ in calls], []
    for call, outcome in zip(calls, outcomes, strict=True):
        start = time.perf_counter()
        training = ExitStack()
        try:
            context = call.net._training(call.arguments, continues=call.continues, memo=memo)
            loop = training.enter_context(context)
        except Exception as error:
            outcome.error = error
        else:
            prepared.append((outcome, training, Lane(loop, call.epochs)))
        outcome.seconds = time.perf_counter() - start
    with suppress(KeyboardInterrupt):
        run_lanes([lane for *_, lane in prepared], lanes, width)
    for outcome, training, lane in prepared:
        outcome.error = lane.error
        outcome.seconds += lane.seconds
        try:
            training.__exit__(type(lane.error) if lane.error else None, lane.error, None)
        except Exception as error:
            outcome.error = error
    return outcomes


def lanes_in_memory(call: DeferredFit, memo: Memo) -> int:
    """Return how many nets like this one fit into memory, from 1 to `MAX_LANES` for each device."""
    # those of a CPU share its memory
    count = 1 if platform() == "cpu" else len(devices())
    try:
        fit = prepare(call.net, call.arguments, None, memo)
    except Exception:  # raised again, and reported, when this net is trained
        return MAX_LANES
    model, size = fit.model, fit.train.iterator.batch_size
    kept = sum(leaf.nbytes for leaf in jax.tree.leaves(model.carry))
    outputs = sum(math.prod(n or 1 for n in node.output_shape) for node in model.network.nodes)
    lane = 3 * kept + 3 * 4 * size * outputs
    return count * int(np.clip(MEMORY_FRACTION * memory() / lane, 1, MAX_LANES))

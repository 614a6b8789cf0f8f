"""The compiled programs and the one cache that holds them.

A program is made from a `Plan`, which has no weights, no data and no numbers, only structure. A
clone, a fold, another learning rate or another number of rows has an equal plan and so the same
program. Batch shapes and dtypes are told apart by `jax.jit` itself.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from . import predict_step, train_step
from .plan import Plan, PredictPlan

__all__ = ["clear_programs", "compile_counts", "set_compilation_cache"]


MAX_PROGRAMS = 64
"""Plans whose programs are kept; the least recently used goes first."""


class TrainPrograms:
    """Compiled functions that train and evaluate; they hold the plan and nothing else.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    train_sums, valid_sums : list of str
        Names of the sums that `train` returns.
    checked_batches : set of str
        Descriptions of the batches that the transforms have been checked on.
    """

    def __init__(self, plan: Plan) -> None:
        self.train_sums = train_step.train_sums(plan)
        self.valid_sums = train_step.valid_sums(plan)
        self.checked_batches: set[str] = set()
        self.start = _compiled(train_step.start, plan)
        self.train = _compiled(train_step.train, plan, count="train", static=("outputs",))
        self.train_lanes = _compiled(train_step.train_lanes, plan, count="train", static=("how",))


class PredictPrograms:
    """Compiled functions that predict; they hold the plan and nothing else.

    Parameters
    ----------
    plan : PredictPlan
    """

    def __init__(self, plan: PredictPlan) -> None:
        self.predict = _compiled(predict_step.predict, plan, count="predict", static=("to",))
        self.gradient = _compiled(
            predict_step.gradient, plan, count="gradient", static=("layer", "output", "logits")
        )


def _compiled(
    function: Callable[..., Any],
    plan: Plan | PredictPlan,
    *,
    count: str | None = None,
    static: tuple[str, ...] = (),
) -> Callable[..., Any]:
    """Compile a function of a plan, counting its traces as `count`."""
    bound = partial(function, plan)
    return jax.jit(
        bound if count is None else _counted(count, bound),
        static_argnames=static,
        compiler_options=_compiler_options(),
    )


def _counted(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Count how often a function is traced."""

    def traced(*args: Any, **kwargs: Any) -> Any:
        _counts[kind] += 1
        return function(*args, **kwargs)

    return traced


COMPILER_OPTIONS = {"xla_cpu_use_fusion_emitters": False}
"""Options that let programs compile sooner on the CPU.

XLA's older emitters of fused loops give programs that run as fast (the tutorial's network and a
VGG-like one, jax 0.10.2); those of the former take 2.2 instead of 3.5 seconds.
"""


@cache
def _compiler_options() -> dict[str, bool]:
    """Choose the options that this platform and version of XLA have."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=COMPILER_OPTIONS).lower().compile()
    except jax.errors.JaxRuntimeError:
        return {}
    return COMPILER_OPTIONS


_cache: OrderedDict[Hashable, TrainPrograms | PredictPrograms] = OrderedDict()
_lock = threading.Lock()
_counts: Counter[str] = Counter()


def train_programs_for(plan: Plan) -> TrainPrograms:
    """Return the programs of a plan, from the cache if an equal plan has been seen before."""
    return _cached(TrainPrograms, plan)


def predict_programs_for(plan: PredictPlan) -> PredictPrograms:
    """Return the programs of a plan, from the cache if an equal plan has been seen before."""
    return _cached(PredictPrograms, plan)


def _cached(kind: Callable[[Any], Any], plan: Any) -> Any:
    key = kind, plan.key
    with _lock:
        if key not in _cache:
            _cache[key] = kind(replace(plan, network=plan.network.structure()))
            while len(_cache) > MAX_PROGRAMS:
                _cache.popitem(last=False)
        _cache.move_to_end(key)
        return _cache[key]


def compile_counts() -> dict[str, int]:
    """Count the programs compiled in this process so far.

    Returns
    -------
    dict of str to int
        For ``'train'``, which evaluates on the validation rows as well, ``'predict'`` and
        ``'gradient'``.

    Examples
    --------
    >>> sorted(compile_counts())
    ['gradient', 'predict', 'train']
    """
    return {kind: _counts[kind] for kind in ("train", "predict", "gradient")}


def clear_programs() -> None:
    """Forget all compiled programs; the next use compiles again."""
    with _lock:
        _cache.clear()


def set_compilation_cache(directory: str | os.PathLike[str] | None) -> None:
    """Keep compiled programs in a folder, for this process and those that come after.

    Off by default, unless JAX's own variable ``JAX_COMPILATION_CACHE_DIR`` names a folder. The
    folder holds JAX's format; it may be shared by processes and removed at any time.

    Parameters
    ----------
    directory : str, path or None
        Folder to use, made where it is missing; None switches the cache off.

    Examples
    --------
    >>> import tempfile
    >>> set_compilation_cache(tempfile.mkdtemp())
    >>> set_compilation_cache(None)
    """
    if directory is not None:
        directory = str(Path(directory).expanduser().resolve())
        Path(directory).mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", directory)
    # JAX keeps what took a second or more to compile; small nets take less, and add up.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0 if directory else 1.0)
    compilation_cache.reset_cache()

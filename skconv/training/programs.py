"""The compiled programs and the one cache that holds them.

Programs are cached by their `Plan`, which holds structure only. Clones, folds, other learning rates
and other numbers of rows have equal plans and so share programs. Within a program, `jax.jit` tells
batch shapes and dtypes apart.
"""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache
from itertools import count as count_from
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from ..ops.dealt_batches import deals_batches
from ..ops.mesh import platform_of, sharing_rows
from ..ops.platform import platform
from ..utils.allocator import trim
from . import predict_step, sums, train_lanes, train_step
from .compiled_function import CompiledFunction, forget_traces
from .plan import Plan, PredictPlan

__all__ = ["clear_programs", "compile_counts", "set_compilation_cache"]


MAX_BYTES = 128 * 2**20
"""Estimated memory of all cached programs; the least recently used are dropped first.

This is enough for about 20 networks with one hidden layer.
"""

MIN_PLANS = 16
"""Number of plans whose programs are cached, whatever their size: those of eight large networks."""

PLAN_BYTES = 2**16
"""Memory of a plan that nothing has been compiled for yet."""


class TrainPrograms:
    """The compiled functions that train and evaluate; they hold the plan, but no data.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    train_sums, valid_sums : list of str
        Names of the sums that `train` returns, in order.
    mesh : Mesh or None
        The devices that share the rows of each batch; None for the default device.
    checked_batches : set of str
        Shapes and dtypes of the batches that the transforms have been checked on, as text.
    checked_update : bool
        Whether the update rule has been checked.
    update_warning : str or None
        What users of the update rule must know.
    used : int
        Number of the last use, by which programs are dropped.
    """

    used = 0

    def __init__(self, plan: Plan) -> None:
        self.train_sums = sums.train_sums(plan)
        self.valid_sums = sums.valid_sums(plan)
        self.mesh = plan.mesh
        self.checked_batches: set[str] = set()
        self.checked_update = False
        self.update_warning: str | None = None
        self.start = _compiled(train_step.start, plan, count="start")
        self.train = _compiled(train_step.train, plan, count="train", static=("outputs",))
        self.train_lanes = _compiled(
            train_lanes.train_lanes, plan, count="train", static=("mode", "mesh")
        )

    @property
    def nbytes(self) -> int:
        """Estimated memory of the programs compiled so far."""
        return PLAN_BYTES + self.start.nbytes + self.train.nbytes + self.train_lanes.nbytes


class PredictPrograms:
    """The compiled functions that predict; they hold the plan, but no data.

    Parameters
    ----------
    plan : PredictPlan

    Attributes
    ----------
    used : int
        Number of the last use, by which programs are dropped.
    """

    used = 0

    def __init__(self, plan: PredictPlan) -> None:
        self.predict = _compiled(
            predict_step.predict, plan, count="predict", static=("to", "logits", "spread")
        )
        self.gradient = _compiled(
            predict_step.gradient, plan, count="gradient", static=("layer", "output", "logits")
        )

    @property
    def nbytes(self) -> int:
        """Estimated memory of the programs compiled so far."""
        return PLAN_BYTES + self.predict.nbytes + self.gradient.nbytes


def _compiled(
    function: Callable[..., Any],
    plan: Plan | PredictPlan,
    *,
    count: str,
    static: tuple[str, ...] = (),
) -> CompiledFunction:
    """Return the compiled function of a plan, whose traces are counted as `count`."""
    mesh = plan.mesh

    def traced(*args: Any, **kwargs: Any) -> Any:
        _counts[count] += 1
        with sharing_rows(None if deals_batches(mesh) else mesh):
            return function(plan, *args, **kwargs)

    where = platform() if mesh is None else platform_of(mesh)
    recomputes = bool(getattr(plan, "blocks", ()))

    def jit(*, newer: bool) -> Any:
        options = _compiler_options(where, recomputes=recomputes, newer=newer)
        return jax.jit(traced, static_argnames=static, compiler_options=options)

    return CompiledFunction(jit(newer=False), mesh, newer=jit(newer=True))


OLDER_EMITTERS: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False}
"""Options that shorten the compilation of programs of varied operations on the CPU.

XLA's newer emitters of fused loops take longer for a loop, but compile equal loops once, and large
loops run faster; see `repetition.DISTINCT_SHARE` and `emitters.LARGE_LOOPS` for measurements.
"""


NEWER_EMITTERS: dict[str, Any] = {
    "xla_cpu_use_fusion_emitters": True,
    "xla_backend_optimization_level": 1,
}
"""Options for programs that suit the newer emitters, on the CPU.

With them, LLVM finds little more to improve at higher levels: a ResNet-18 of 224x224 takes 5.4 s
to compile at level 1 and 6.1 at the default, 3, and 641 and 638 ms for two steps; LSTMs 1.27 and
1.5 s (AMD EPYC, two cores, jax 0.10.2). With the older emitters, level 1 makes the step of two
dense layers 1.5 times as long.
"""


RECOMPUTING: dict[str, Any] = {"xla_disable_hlo_passes": "cse_barrier_expander"}
"""Options for programs that compute outputs again for the gradients, on the CPU.

There, XLA drops the barriers around them so early that it then merges them with those computed
before, which are therefore kept: 12 dense layers of 20 units in three blocks took 3.8 MB for 2,000
rows with and without blocks, and 1.6 MB with these options (jax 0.10.2).
"""


@cache
def _compiler_options(platform: str, *, recomputes: bool, newer: bool) -> dict[str, Any]:
    """Return those options that this version of XLA has for a platform.

    Parameters
    ----------
    platform : str
    recomputes : bool
        Whether the program computes outputs again for the gradients.
    newer : bool
        Whether the program suits the newer emitters.
    """
    options: dict[str, Any] = {}
    for wanted in [NEWER_EMITTERS if newer else OLDER_EMITTERS] + [RECOMPUTING] * recomputes:
        if platform == "cpu" and _are_known(wanted):
            options |= wanted
    return options


def _are_known(options: dict[str, Any]) -> bool:
    """Return whether this version of XLA has some options."""
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True


_cache: dict[Hashable, TrainPrograms | PredictPrograms] = {}
_lock = threading.Lock()
_uses = count_from(1)
_counts: Counter[str] = Counter()
_dropped_bytes = 0


def train_programs_for(plan: Plan) -> TrainPrograms:
    """Return the programs of a plan, from the cache if it has those of an equal plan."""
    return _cached(TrainPrograms, plan)


def predict_programs_for(plan: PredictPlan) -> PredictPrograms:
    """Return the programs of a plan, from the cache if it has those of an equal plan."""
    return _cached(PredictPrograms, plan)


def note_use(programs: TrainPrograms | PredictPrograms) -> None:
    """Note that programs are used, so that others are dropped before them."""
    programs.used = next(_uses)


def _cached(kind: Callable[[Any], Any], plan: Any) -> Any:
    key = platform(), kind, plan.key
    much = False
    with _lock:
        programs = _cache.get(key)
        if programs is None:
            programs = _cache[key] = kind(replace(plan, network=plan.network.structure()))
            note_use(programs)
            much = _drop_programs()
        note_use(programs)
    if much:
        _return_memory()
    return programs


def _drop_programs() -> bool:
    """Drop the programs of the least recently used plans until the others fit `MAX_BYTES`.

    Return whether so many were dropped since the last time that returning their memory, which takes
    as long as a small net's epoch, is worthwhile.
    """
    global _dropped_bytes
    by_use = sorted(_cache.items(), key=lambda item: item[1].used)
    sizes = [programs.nbytes for _, programs in by_use]
    excess = sum(sizes) - MAX_BYTES
    for (key, _), size in list(zip(by_use, sizes, strict=True))[:-MIN_PLANS]:
        if excess <= 0:
            break
        del _cache[key]
        excess -= size
        _dropped_bytes += size
    much = _dropped_bytes > MAX_BYTES / 4
    if much:
        _dropped_bytes = 0
    return much


def _return_memory() -> None:
    """Return the memory of dropped programs to the operating system."""
    forget_traces()
    gc.collect()
    trim()


def compile_counts() -> dict[str, int]:
    """Return the number of programs compiled in this process so far.

    Returns
    -------
    dict of str to int
        For ``'train'``, which includes evaluation on the validation set, ``'predict'`` and
        ``'gradient'``.

    Examples
    --------
    >>> sorted(compile_counts())
    ['gradient', 'predict', 'train']
    """
    return {kind: _counts[kind] for kind in ("train", "predict", "gradient")}


def clear_programs() -> None:
    """Drop all compiled programs, so that their next use compiles them again.

    Their memory is returned to the operating system. Without this call, the programs used last are
    kept, in about 130 MB of memory. What remains belongs to JAX, such as the programs of single
    operations; ``jax.clear_caches()`` drops them, and those that other code has compiled.
    """
    with _lock:
        _cache.clear()
    _return_memory()


def set_compilation_cache(directory: str | os.PathLike[str] | None) -> None:
    """Cache compiled programs in a directory, for this and later processes.

    By default, programs are cached on disk only if the environment variable
    ``JAX_COMPILATION_CACHE_DIR`` names a directory. The directory, in JAX's format, can be shared
    by processes and deleted at any time.

    Parameters
    ----------
    directory : str, path or None
        Directory, created if missing; None turns the cache off.

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
    # by default, JAX caches only programs that took a second to compile; small nets take less
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0 if directory else 1.0)
    compilation_cache.reset_cache()

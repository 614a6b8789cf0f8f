"""Several trainings side by side: in one program, or one after the other in threads."""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import numpy as np

from ..data.chunks import cut_batches, epoch_orders, epochs_per_call
from ..data.dataset import Dataset
from ..data.device import IndexedBatches, scatter_rows
from ..data.inputs import Rows
from ..data.iterators import has_transform
from ..utils.cache_keys import structural_key
from ..utils.memo import Memo
from .loop import TrainingLoop, pad_update_values, step_range
from .train_step import AXES, CallResult, StepPosition, TrainState

MODES = ("auto", "loop", "unroll", "vmap")

UNROLLED = 4
"""Lanes of one program where their operations stand one after the other."""

SMALL = 2**20
"""Products of a step up to which all lanes at once are faster on a CPU than one after the other.

A network of 30-20-2 units trains 1.4 times as fast so, one of 784-64-10 units half as fast as in
two threads, and convolutions at 0.8 of their speed (two cores, jax 0.10.2).
"""


@dataclass(eq=False)
class Lane:
    """A training among others.

    Parameters
    ----------
    loop : TrainingLoop
    epochs : int
        Epochs that are left.
    error : Exception or None
        What ended it.
    seconds : float
        Its share of the time.
    ended : bool
        Whether it is through.
    """

    loop: TrainingLoop
    epochs: int
    error: Exception | None = None
    seconds: float = 0.0
    ended: bool = False
    _ending: ExitStack = field(default_factory=ExitStack)

    def begin(self) -> bool:
        """Call the handlers of the beginning, and tell whether there is anything to do."""
        self._ending.enter_context(self.loop.closing())
        try:
            self.loop.start(self.epochs)
        except Exception as error:
            return self.end(error)
        self.epochs = self.loop.max_epochs
        return self.epochs > 0 or self.end()

    def end(self, error: Exception | None = None) -> bool:
        """Call the handlers of the end, unless training failed; return False."""
        try:
            with self._ending:
                if error is None or isinstance(error, StopIteration):
                    error = None
                    self.loop.finish()
        except Exception as other:
            error = other
        self.error, self.ended = error, True
        return False

    def interrupt(self, stop: KeyboardInterrupt) -> None:
        """End before its end."""
        self._ending.close()
        self.error = InterruptedError("training was interrupted before it came to its end")
        self.error.__cause__ = stop

    def note(self, count: int, before: Any, trained: CallResult, seconds: float) -> bool:
        """Write down what some epochs gave, and tell whether more are to come."""
        self.epochs -= count
        try:
            going = self.loop.record(count, before, [trained], [None], seconds / count)
        except Exception as error:
            return self.end(error)
        return (going and self.epochs > 0) or self.end()

    def run(self) -> None:
        """Train on its own."""
        began = time.perf_counter()
        try:
            self.loop.run(self.epochs, catch_interrupt=False)
        except Exception as error:
            self.error = error
        self.ended = not self.loop.stopped
        self.seconds += time.perf_counter() - began


def run_lanes(lanes: Sequence[Lane], how: str, width: int) -> None:
    """Train all lanes.

    Parameters
    ----------
    lanes : sequence of Lane
    how : {'auto', 'loop', 'unroll', 'vmap'}
        One after the other with the program of a single training, several unrolled in one program,
        or all of them vectorised; lanes that cannot be trained so go one after the other.
    width : int
        Lanes in one program at the most.

    Raises
    ------
    KeyboardInterrupt
        Lanes that were not through by then have it as the cause of their fault.
    """
    groups: dict[Hashable, list[Lane]] = defaultdict(list)
    for lane in lanes:
        groups[_group(lane.loop, how)].append(lane)
    try:
        for (mode, *_), group in groups.items():
            _on_all_devices(_one_by_one if mode == "loop" else LaneGroup(mode, width).run, group)
    except KeyboardInterrupt as stop:
        for lane in lanes:
            if not lane.ended:
                lane.interrupt(stop)
        raise


def _group(loop: TrainingLoop, how: str) -> tuple[Hashable, ...]:
    """What lanes of one program have in common, the way they go first."""
    train, valid, handlers = loop.fit.train, loop.fit.valid, loop.handlers
    mode = _fastest(loop) if how == "auto" else how
    arrays = train.rows.arrays
    elsewhere = valid and any(valid.rows.arrays[name] is not a for name, a in arrays.items())
    alone = handlers.on_batch_finished or handlers.on_steps or loop.custom_scores or elsewhere
    if (
        mode == "loop"
        or alone
        or any(has_transform(feed.iterator) for feed in (train, valid) if feed)
    ):
        return "loop", id(loop.fit.programs)
    sizes = [(feed.steps, feed.iterator.batch_size) for feed in (train, valid) if feed]
    return mode, id(loop.fit.programs), *map(id, arrays.values()), *sizes


def _fastest(loop: TrainingLoop) -> str:
    if loop.net.verbose:  # the rows of several nets would mix
        return "loop"
    if jax.default_backend() != "cpu":
        return "vmap"
    network, size = loop.model.network, loop.fit.train.iterator.batch_size
    return "vmap" if size * network.multiply_adds() <= SMALL else "loop"


def _on_all_devices(work: Callable[[Sequence[Lane]], None], lanes: Sequence[Lane]) -> None:
    """Give each device a share of the lanes; where somebody looks on, one has them all."""
    devices = jax.local_devices()
    if len(devices) == 1 or not _quiet(lanes):
        work(lanes)
        return

    def on(device: jax.Device, share: Sequence[Lane]) -> None:
        with jax.default_device(device):
            work(share)

    shares = [(device, lanes[i :: len(devices)]) for i, device in enumerate(devices)]
    _in_threads([partial(on, *share) for share in shares if share[1]], len(devices), lanes)


def _one_by_one(lanes: Sequence[Lane]) -> None:
    """Train lanes on their own, on a CPU in as many threads as there are cores."""
    on_cores = jax.default_backend() == "cpu" and jax.local_device_count() == 1
    threads = _cores() if on_cores and _quiet(lanes) else 1
    alone = 1 if threads > 1 else len(lanes)  # the first compiles for the others
    for lane in lanes[:alone]:
        lane.run()
    _in_threads([lane.run for lane in lanes[alone:]], threads, lanes)


def _quiet(lanes: Sequence[Lane]) -> bool:
    return not any(any(vars(lane.loop.handlers).values()) for lane in lanes)


def _in_threads(tasks: Sequence[Callable[[], None]], threads: int, lanes: Sequence[Lane]) -> None:
    """Do all tasks; where one fails, and at Ctrl-C, the lanes end after their present call."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            for one in [pool.submit(task) for task in tasks]:
                one.result()
        except BaseException:
            for lane in lanes:
                lane.loop.stopped = True
            pool.shutdown(cancel_futures=True)
            raise


def _cores() -> int:
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


class LaneGroup:
    """Lanes in one program: where one ends another takes its place.

    There are as many places as the first of some groups of one architecture needed.

    Parameters
    ----------
    how : {'unroll', 'vmap'}
    width : int
    """

    def __init__(self, how: str, width: int) -> None:
        self._how = how
        self._width = min(width, UNROLLED) if how == "unroll" else width

    def run(self, lanes: Sequence[Lane]) -> None:
        """Train lanes of one group."""
        first = lanes[0].loop
        rounds = -(-len(lanes) // self._width)
        key = "lanes", self._how, first.fit.train.steps, first.fit.valid and first.fit.valid.steps
        width = first.memo.get(key, [first.fit.programs], lambda: -(-len(lanes) // rounds))
        waiting, going = list(lanes), []
        while (waiting or going) and not first.stopped:
            while waiting and len(going) < width:
                lane = waiting.pop(0)
                if lane.begin():
                    going.append(lane)
            if going:
                going = self._call(going, width)

    def _call(self, lanes: list[Lane], width: int) -> list[Lane]:
        """Train for some epochs, and list the lanes that go on."""
        began = time.perf_counter()
        loops = [lane.loop for lane in lanes]
        first = loops[0]
        steps, size = first.fit.train.steps, first.fit.train.iterator.batch_size
        room = epochs_per_call((steps, size))
        watched = any(loop.handlers.on_epoch_finished for loop in loops)
        count = 1 if watched else min(room, *(lane.epochs for lane in lanes))
        befores = [loop.snapshot() for loop in loops]
        shape, common = (room, steps, size), Memo()
        made = [_arguments(loop, shape, count, common) for loop in loops]
        made += made[:1] * (width - len(made))
        trained = first.fit.programs.train_lanes(
            *map(_stacked, AXES, zip(*made, strict=True)), how=self._how
        )
        each = _taken_apart(trained, len(lanes))
        seconds = (time.perf_counter() - began) / len(lanes)
        going = []
        for lane, before, one in zip(lanes, befores, each, strict=True):
            model = lane.loop.model
            model.params, model.state, model.opt = one.carry
            model.step += steps * count
            lane.seconds += seconds
            if lane.note(count, before, one._replace(carry=None), seconds):
                going.append(lane)
        return going


def _arguments(
    loop: TrainingLoop, shape: tuple[int, int, int], count: int, common: Memo
) -> tuple[Any, ...]:
    """What the program takes of a lane for some epochs."""
    model, train, valid = loop.model, loop.fit.train, loop.fit.valid
    arrays, device = list(train.rows.arrays.values()), jax.config.jax_default_device
    X = loop.memo.get(("all rows", device), arrays, partial(_all, train.rows))
    whole = next(iter(X.values())).shape[:2]
    feeds = [feed for feed in (train, valid) if feed]
    data = structural_key([(feed.index, feed.y, feed.weights) for feed in feeds])
    rows, shown = common.get(("rows", data), [], partial(scatter_rows, X, whole, *feeds)), None
    if valid:
        index, weights = cut_batches(
            len(valid.rows), valid.weights, valid.iterator, seed=model.seed
        )
        shown = IndexedBatches(X, rows.y, valid.index[index].astype(np.int32), weights)
    epochs = range(model.epoch, model.epoch + count)
    drawn = structural_key((train.iterator, train.index, model.seed, epochs.start))
    order = common.get(("order", drawn), [], partial(_order, train, shape, model.seed, epochs))
    return (
        TrainState(model.params, model.state, model.opt),
        rows,
        order,
        shown,
        pad_update_values(loop.fit.values(model.step, shape[1] * count), math.prod(shape[:2])),
        StepPosition(np.uint32(model.seed), np.int32(model.epoch), np.int32(0)),
        step_range(count, 0, train.steps, len(train.rows), len(shown.index) if shown else 0),
    )


def _order(feed: Dataset, shape: tuple[int, int, int], seed: int, epochs: range) -> np.ndarray:
    order = epoch_orders(len(feed.rows), feed.iterator, shape, seed, epochs)
    return feed.index[order].astype(np.int32)


def _all(rows: Rows) -> dict[str, jax.Array]:
    return {name: jax.device_put(x[None]) for name, x in rows.whole().take(slice(None)).items()}


def _stacked(axis: Any, args: Sequence[Any]) -> Any:
    """Give arguments the axes of `train_lanes`."""
    if axis is None or args[0] is None:
        return args[0]
    if axis == 0:
        return jax.tree.map(lambda *arrays: np.stack(list(map(np.asarray, arrays))), *args)
    return type(axis)(*map(_stacked, axis, zip(*args, strict=True)))


def _taken_apart(trained: CallResult, n: int) -> list[CallResult]:
    """Take the lanes out of what the program gives."""
    host = jax.tree.map(np.asarray, trained)
    return [jax.tree.map(lambda array, i=i: array[i], host) for i in range(n)]

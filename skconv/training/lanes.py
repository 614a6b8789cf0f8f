"""Train several nets side by side: in one compiled program, or separately in threads."""

from __future__ import annotations

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
from jax.sharding import Mesh

from ..data.chunks import cut_batches, epoch_orders, epochs_per_call, resident_steps
from ..data.dataset import Dataset
from ..data.device import IndexedBatches, scatter_rows
from ..data.iterators import has_transform
from ..data.ragged_rows import RaggedRows
from ..data.rows import Rows
from ..ops.mesh import make_mesh, multiple_of, whole
from ..ops.platform import device, devices, keep_device, platform
from ..utils.cache_keys import structural_key
from ..utils.memo import Memo
from .arguments import CallResult, StepRange, TrainArguments
from .cores import available_cores
from .interrupts import interruptible, raise_ignored
from .loop import Snapshot, TrainingLoop
from .train_lanes import LANE_AXES

MODES = ("auto", "loop", "unroll", "vmap")

MAX_UNROLLED = 4
"""Maximum number of lanes in one program with mode ``'unroll'``."""

VMAP_MULTIPLY_ADDS = 2**20
"""Multiply-adds of a step up to which ``'vmap'`` is faster than ``'loop'`` on a CPU.

With ``'vmap'`` a network of 30-20-2 units trains 1.4 times as fast, one of 784-64-10 units half as
fast as in two threads, and convolutions at 0.8 of their speed (two cores, jax 0.10.2).
"""


@dataclass(eq=False)
class Lane:
    """One of several trainings that run side by side.

    Parameters
    ----------
    loop : TrainingLoop
    epochs : int
        Number of remaining epochs.
    error : Exception or None
        Exception that ended the training.
    seconds : float
        Share of the training time.
    ended : bool
        Whether the training has ended, with or without an exception.
    """

    loop: TrainingLoop
    epochs: int
    error: Exception | None = None
    seconds: float = 0.0
    ended: bool = False
    _closing: ExitStack = field(default_factory=ExitStack)

    def begin(self) -> bool:
        """Call the handlers for the start of training, and return whether epochs remain."""
        self._closing.enter_context(self.loop.closing())
        try:
            self.loop.start(self.epochs)
        except Exception as error:
            return self.end(error)
        self.epochs = self.loop.max_epochs
        return self.epochs > 0 or self.end()

    def end(self, error: Exception | None = None) -> bool:
        """Call the handlers for the end of training, unless it failed; return False."""
        try:
            with self._closing:
                if error is None or isinstance(error, StopIteration):
                    error = None
                    self.loop.finish()
        except Exception as other:
            error = other
        self.error, self.ended = error, True
        return False

    def interrupt(self, interrupt: KeyboardInterrupt) -> None:
        """Stop this training after Ctrl-C."""
        self._closing.close()
        self.error = InterruptedError("training was interrupted before its last epoch")
        self.error.__cause__ = interrupt

    def record(self, count: int, before: Snapshot, result: CallResult, seconds: float) -> bool:
        """Add some epochs to the history, and return whether epochs remain."""
        self.epochs -= count
        try:
            finite = self.loop.record(count, before, [result], [None], seconds / count)
        except Exception as error:
            return self.end(error)
        return (finite and self.epochs > 0) or self.end()

    def run(self) -> None:
        """Run all epochs, with the program of a single training."""
        began = time.perf_counter()
        try:
            self.loop.run(self.epochs, catch_interrupt=False)
        except Exception as error:
            self.error = error
        self.ended = not self.loop.stopped
        self.seconds += time.perf_counter() - began


def run_lanes(lanes: Sequence[Lane], mode: str, width: int) -> None:
    """Train all lanes.

    Parameters
    ----------
    lanes : sequence of Lane
    mode : {'auto', 'loop', 'unroll', 'vmap'}
        ``'loop'`` runs each lane with the program of a single training, ``'unroll'`` and
        ``'vmap'`` several lanes in one program, and ``'auto'`` chooses the fastest mode. Lanes that
        cannot share a program run with ``'loop'``. On several devices, ``'loop'`` runs lanes that
        can share one in a program with a lane for each device.
    width : int
        Maximum number of lanes of a device in one program.

    Raises
    ------
    KeyboardInterrupt
        It is the cause of the error of each lane that had not ended.
    """
    groups: dict[tuple[str, Hashable], list[Lane]] = defaultdict(list)
    for lane in lanes:
        groups[_group_key(lane.loop, mode)].append(lane)
    catches_sigterm = any(lane.loop.handlers.catches_sigterm for lane in lanes)
    try:
        with interruptible(sigterm=catches_sigterm):
            _run_groups([(key[0], group) for key, group in groups.items()], width)
    except KeyboardInterrupt as interrupt:
        for lane in lanes:
            if not lane.ended:
                lane.interrupt(interrupt)
        raise


def _run_groups(groups: Sequence[tuple[str, list[Lane]]], width: int) -> None:
    """Train the lanes of each group; on a CPU, several groups compile and run side by side."""

    def run(mode: str, group: list[Lane]) -> None:
        if mode == "loop":
            _share_among_devices(group)
        else:
            LaneGroup(mode, width).run(group)

    lanes = [lane for _, group in groups for lane in group]
    threads = min(len(groups), _threads(lanes))
    if threads > 1:
        _run_in_threads([partial(run, *group) for group in groups], threads, lanes)
    else:
        for group in groups:
            run(*group)


def _threads(lanes: Sequence[Lane]) -> int:
    """Return how many threads may run lanes: one per core of a CPU that is a single device."""
    on_cores = platform() == "cpu" and jax.local_device_count("cpu") == 1
    return available_cores() if on_cores and not _run_alone(lanes) else 1


def _group_key(loop: TrainingLoop, mode: str) -> tuple[str, Hashable]:
    """Return the mode of a training, and a key that is equal for lanes of one program.

    Mode ``'each'`` is that of lanes of which each device has one.
    """
    train, valid, handlers = loop.fit.train, loop.fit.valid, loop.handlers
    if mode == "auto":
        mode = _fastest_mode(loop)
    if mode == "loop" and len(devices()) > 1 and not loop.net.verbose:
        mode = "each"
    datasets = [dataset for dataset in (train, valid) if dataset]
    arrays = train.rows.arrays
    if (
        mode == "loop"
        or loop.fit.programs.mesh is not None
        or any(isinstance(dataset.rows, RaggedRows) for dataset in datasets)
        or handlers.on_batch_finished
        or handlers.on_steps
        or loop.custom_scores
        or (train.rows.are_elsewhere and resident_steps(train.rows.whole(), train.iterator) is None)
        or any(
            dataset.rows.arrays[name] is not arrays[name] for dataset in datasets for name in arrays
        )
        or any(has_transform(dataset.iterator) for dataset in datasets)
    ):
        return "loop", id(loop.fit.programs)
    sizes = [(dataset.steps, dataset.iterator.batch_size) for dataset in datasets]
    return mode, (id(loop.fit.programs), *map(id, arrays.values()), *sizes)


def _fastest_mode(loop: TrainingLoop) -> str:
    if loop.net.verbose:  # the printed rows of several nets would mix
        return "loop"
    if platform() != "cpu":
        return "vmap"
    network, batch_size = loop.model.network, loop.fit.train.iterator.batch_size
    return "vmap" if batch_size * network.multiply_adds() <= VMAP_MULTIPLY_ADDS else "loop"


def _share_among_devices(lanes: Sequence[Lane]) -> None:
    """Run a share of the lanes on each device, or all lanes on one if there are handlers."""
    available = devices()
    if len(available) == 1 or _run_alone(lanes):
        _run_separately(lanes)
        return

    def run_on(target: jax.Device, share: Sequence[Lane]) -> None:
        with jax.default_device(target):
            _run_separately(share)

    shares = [(target, lanes[i :: len(available)]) for i, target in enumerate(available)]
    tasks = [partial(run_on, *share) for share in shares if share[1]]
    _run_in_threads(tasks, len(available), lanes)


def _run_separately(lanes: Sequence[Lane]) -> None:
    """Run each lane with the program of a single training, on a CPU in one thread per core."""
    threads = _threads(lanes)
    in_this_thread = 1 if threads > 1 else len(lanes)  # the first compiles for the others
    for lane in lanes[:in_this_thread]:
        lane.run()
    _run_in_threads([lane.run for lane in lanes[in_this_thread:]], threads, lanes)


def _run_alone(lanes: Sequence[Lane]) -> bool:
    """Return whether lanes have handlers, or use several devices each."""
    return any(
        lane.loop.fit.programs.mesh is not None or any(vars(lane.loop.handlers).values())
        for lane in lanes
    )


def _run_in_threads(
    tasks: Sequence[Callable[[], None]], threads: int, lanes: Sequence[Lane]
) -> None:
    """Run all tasks; after an exception or Ctrl-C, the lanes stop after their current call."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            for future in [pool.submit(keep_device(task)) for task in tasks]:
                future.result()
        except BaseException:
            for lane in lanes:
                lane.loop.stopped = True
            pool.shutdown(cancel_futures=True)
            raise


class LaneGroup:
    """Lanes that train in one program; when one ends, a waiting lane takes its place.

    Parameters
    ----------
    mode : {'each', 'unroll', 'vmap'}
    width : int
        Maximum number of lanes of a device in the program; one with ``'each'``.
    """

    def __init__(self, mode: str, width: int) -> None:
        self._mode = "unroll" if mode == "each" else mode
        self._width = min(width, {"each": 1, "unroll": MAX_UNROLLED}.get(mode, width))

    def run(self, lanes: Sequence[Lane]) -> None:
        """Train all lanes of a group."""
        first = lanes[0].loop
        mesh, width = self._program_width(first, len(lanes))
        waiting = list(lanes)
        active: list[Lane] = []
        while (waiting or active) and not first.stopped:
            while waiting and len(active) < width:
                lane = waiting.pop(0)
                if lane.begin():
                    active.append(lane)
            if active:
                active = self._run_call(active, width, mesh)

    def _program_width(self, first: TrainingLoop, lanes: int) -> tuple[Mesh | None, int]:
        """Return the devices that share the program, and the number of its lanes.

        These are those of an earlier group with the same programs, which so need not be compiled
        again, or the fewest that need no more rounds than the maximum.
        """
        chosen = devices()[:lanes]

        def fewest() -> tuple[Mesh | None, int]:
            rounds = -(-lanes // (self._width * len(chosen)))
            width = multiple_of(len(chosen), -(-lanes // rounds))
            return make_mesh(chosen) if len(chosen) > 1 else None, width

        valid_steps = first.fit.valid and first.fit.valid.steps
        steps = first.fit.train.steps, valid_steps
        key = "lanes", self._mode, self._width, tuple(chosen), steps
        return _memo(first).get(key, [first.fit.programs], fewest)

    def _run_call(self, lanes: list[Lane], width: int, mesh: Mesh | None) -> list[Lane]:
        """Train for some epochs, and return the lanes with remaining epochs."""
        raise_ignored()
        began = time.perf_counter()
        loops = [lane.loop for lane in lanes]
        fit = loops[0].fit
        steps, batch_size = fit.train.steps, fit.train.iterator.batch_size
        max_epochs = epochs_per_call((steps, batch_size))
        watched = any(loop.handlers.on_epoch_finished for loop in loops)
        count = 1 if watched else min(max_epochs, *(lane.epochs for lane in lanes))
        snapshots = [loop.snapshot() for loop in loops]
        shape, shared = (max_epochs, steps, batch_size), Memo()
        arguments = [_lane_arguments(loop, shape, count, shared, mesh) for loop in loops]
        arguments += arguments[:1] * (width - len(arguments))
        stacked = map(_stack_lanes, LANE_AXES, zip(*arguments, strict=True))
        result = fit.programs.train_lanes(*stacked, mode=self._mode, mesh=mesh)
        results = _split_lanes(result, len(lanes))
        seconds = (time.perf_counter() - began) / len(lanes)
        active = []
        for lane, before, result in zip(lanes, snapshots, results, strict=True):
            model = lane.loop.model
            lane.loop.take(result.carry)
            model.step += steps * count
            lane.seconds += seconds
            if lane.record(count, before, result._replace(carry=None), seconds):
                active.append(lane)
        return active


def _lane_arguments(
    loop: TrainingLoop,
    shape: tuple[int, int, int],
    count: int,
    shared: Memo,
    mesh: Mesh | None,
) -> TrainArguments:
    """Return the arguments of one lane for some epochs; `shared` keeps arrays that lanes share."""
    model, train, valid = loop.model, loop.fit.train, loop.fit.valid
    arrays = list(train.rows.arrays.values())
    key = "all rows", mesh or device()
    X = _memo(loop).get(key, arrays, partial(_place_all_rows, train.rows, mesh))
    X_shape = next(iter(X.values())).shape[:2]
    datasets = [dataset for dataset in (train, valid) if dataset]
    parts = [
        part
        for own in datasets
        for part in (own.rows.index, own.y, own.target_weights, own.weights)
    ]
    data = shared.get("data", parts, partial(structural_key, parts))  # reads them all
    rows = shared.get(("rows", data), [], partial(scatter_rows, X, X_shape, *datasets))
    valid_batches = None
    if valid:
        in_order, size = np.arange(len(valid.rows)), valid.iterator.batch_size
        index, weights = cut_batches(in_order, valid.weights, size)
        valid_batches = IndexedBatches(X, rows.y, valid.index[index].astype(np.int32), weights)
    epochs = range(model.epoch, model.epoch + count)
    order_key = "order", structural_key(train.iterator), data, model.seed, epochs.start
    order = shared.get(order_key, [], partial(_row_order, train, shape, model.seed, epochs))
    valid_steps = len(valid_batches.index) if valid_batches else 0
    steps = StepRange(count, 0, train.steps, len(train.rows), valid_steps)
    return loop.fit.train_arguments(rows, order, valid_batches, steps, numbers=loop.numbers())


def _memo(loop: TrainingLoop) -> Memo:
    """Return the memo of a lane; lanes always have one."""
    assert loop.memo is not None
    return loop.memo


def _row_order(
    dataset: Dataset, shape: tuple[int, int, int], seed: int, epochs: range
) -> np.ndarray:
    """Return the positions of the rows in the arrays that hold them, in the order of the epochs."""
    n = len(dataset.rows)
    given = seed, epochs, dataset.y, dataset.rows.index
    order = epoch_orders(n, dataset.iterator, shape, *given)
    return dataset.index[order].astype(np.int32)


def _place_all_rows(rows: Rows, mesh: Mesh | None) -> dict[str, jax.Array]:
    """Place all rows of the arrays on each device, as one batch."""
    every = rows.whole().take(slice(None))
    return {name: jax.device_put(x[None], whole(mesh)) for name, x in every.items()}


def _stack_lanes(axis: Any, arguments: Sequence[Any]) -> Any:
    """Stack an argument of all lanes along its axis in `LANE_AXES`."""
    if axis is None or arguments[0] is None:
        return arguments[0]
    if axis == 0:
        return jax.tree.map(lambda *arrays: np.stack(list(map(np.asarray, arrays))), *arguments)
    return type(axis)(*map(_stack_lanes, axis, zip(*arguments, strict=True)))


def _split_lanes(result: CallResult, lanes: int) -> list[CallResult]:
    """Return the results of the single lanes, as NumPy arrays."""
    host = jax.tree.map(np.asarray, result)
    return [jax.tree.map(lambda array, i=i: array[i], host) for i in range(lanes)]

"""The training loop: chunk in, sums out; rows of history; handlers called."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..data.chunks import (
    Chunk,
    epoch_orders,
    epochs_per_call,
    fits_one_chunk,
    identity_order,
    iterate_chunks,
)
from ..data.dataset import Dataset
from ..data.device import StackedBatches, place_rows, place_shared_rows, stack_batches
from ..data.iterators import has_transform
from ..data.prefetch import prefetch
from ..network.model import Model
from ..utils.memo import Memo
from .events import Handler, Handlers, Pace, Progress
from .forward import Values
from .history import Row, append_row
from .metrics import concatenate_batches, wait_for_previous, weighted_means
from .programs import Programs
from .train_step import CallResult, StepPosition, StepRange, TrainState

PATIENCE = 0.05
"""Seconds that a call may take before the next one goes through twice as many epochs."""

Score = tuple[str, Callable[[np.ndarray, np.ndarray], float]]


class Snapshot(NamedTuple):
    """The state of a model at the beginning of a call."""

    params: Any
    state: Any
    opt: Any
    step: int


@dataclass
class TrainingLoop:
    """All that a training needs.

    Parameters
    ----------
    net : object
        Handed to the handlers, not used otherwise.
    model : Model
        Renewed as training goes on.
    programs : Programs
    train : Dataset
    valid : Dataset or None
    values : callable
        ``(start, steps) -> Values``, the numbers for the coming steps; asked before each chunk.
    history : list of dict
    handlers : Handlers
    custom_scores : list of (str, callable)
        Each ``(y_true, y_output) -> float`` on all validation rows, tuples of arrays where there
        are several outputs.
    """

    net: Any
    model: Model
    programs: Programs
    train: Dataset
    valid: Dataset | None
    values: Callable[[int, int], Values]
    history: list[Row]
    handlers: Handlers
    custom_scores: list[Score]
    memo: Memo | None = None
    """Where the data lie that it shares with other trainings."""
    epochs: int = 0
    """Epochs that this session has been through."""
    stopped: bool = False
    """Whether to end after the present call."""
    most: int = 0
    """Epochs after which it ends."""
    pace: Pace = field(default_factory=Pace)

    def run(self, epochs: int, *, alone: bool = True) -> None:
        """Train for a number of epochs, or until a handler raises `StopIteration`.

        Epochs that a handler puts into the history before the first one count as well.

        Parameters
        ----------
        epochs : int
        alone : bool
            Whether Ctrl-C ends this training alone, and raises nothing.

        Warns
        -----
        ConvergenceWarning
            Where the loss is no longer finite; the weights are those of the epoch before.
        UserWarning
            After Ctrl-C; what was learnt is kept.
        """
        with self.ending():
            try:
                self.start(epochs)
                self._go_through()
            except StopIteration:
                pass
            except KeyboardInterrupt:
                if not alone:
                    raise
                warnings.warn(
                    f"training was interrupted after {len(self.history)} epochs; "
                    "what was learnt is kept",
                    stacklevel=5,
                )
            self.finish()

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Tell the handlers of the end, whatever happens within."""
        with ExitStack() as stack:
            for end in reversed(self.handlers.ends):
                stack.callback(end, self.net, self.history)
            stack.callback(setattr, self.model, "batch", None)
            yield

    def start(self, epochs: int) -> None:
        """Call the handlers of the beginning."""
        before = len(self.history)
        self.most = epochs
        self._call(self.handlers.on_training_started + self.handlers.begins)
        self.most -= len(self.history) - before

    def finish(self) -> None:
        """Call the handlers of the end."""
        self._call(self.handlers.on_training_finished)

    def _go_through(self) -> None:
        """Train for the epochs that there are, several in a call where nobody looks on."""
        self._place()
        left, several = self.most, 1
        with self._feeding(left):
            while left > 0 and not self.stopped:
                began, count = time.perf_counter(), min(left, several)
                if not self._epochs(count):
                    break
                left -= count
                if self._unwatched() and time.perf_counter() - began < PATIENCE:
                    at_once = epochs_per_call(self._whole.batches.weights.shape)
                    several = min(2 * several, at_once)

    def _place(self) -> None:
        """Give the device what stays the same from epoch to epoch."""
        self._whole = self._shown = None
        rows, iterator = self.train.rows, self.train.iterator
        if self.memo and fits_one_chunk(rows.whole(), iterator):
            self._whole = place_shared_rows(self.train, self.memo)
        elif fits_one_chunk(rows, iterator):
            self._whole = place_rows(self.train)
        valid = list(_chunks(self.valid, self.model, 0, keep=True)) if self.valid else []
        self._valid = [(stack_batches(chunk), chunk.steps) for chunk in valid]
        if self._valid:
            self._shown = jax.device_put(self._valid[0][0])

    @contextmanager
    def _feeding(self, epochs: int) -> Iterator[None]:
        """Have the chunks of all epochs come; those that take time are made ahead."""
        coming = self._stream(range(self.model.epoch, self.model.epoch + epochs))
        try:
            if has_transform(self.train.iterator):
                with prefetch(coming) as self._coming:
                    yield
            else:
                self._coming = coming
                yield
        finally:
            del (
                self._coming
            )  # it knows this session, whose data would stay until garbage is collected

    def _stream(self, epochs: range) -> Iterator[Chunk]:
        for epoch in epochs:
            try:
                yield from _chunks(self.train, self.model, epoch)
            except Exception as error:
                error.add_note(f"in epoch {epoch + 1}")
                raise

    def _unwatched(self) -> bool:
        """Whether nobody looks on between the epochs, and they are of one call each."""
        handlers = self.handlers.on_batch_finished or self.handlers.on_epoch_finished
        watched = handlers or self.custom_scores or len(self._valid) > 1
        return self._whole is not None and not watched

    def _epochs(self, count: int) -> bool:
        """Go through some epochs, and tell whether all is still finite."""
        began = time.perf_counter()
        before = self.before()
        found: list[CallResult] = []
        try:
            outputs = self._train(count, found)
            jax.block_until_ready(found)
        except BaseException:
            if self._settle(found, count, before) < count:
                self._warn_diverged()
            raise
        seconds = (time.perf_counter() - began) / count
        return self.note(count, before, found, outputs, seconds)

    def before(self) -> Snapshot:
        """What training goes back to where an epoch diverges."""
        model = self.model
        return Snapshot(model.params, model.state, model.opt, model.step)

    def note(
        self,
        count: int,
        before: Snapshot,
        found: list[CallResult],
        outputs: list[Any],
        seconds: float,
    ) -> bool:
        """Write down what the calls for some epochs gave, and tell whether all is still finite."""
        good = self._settle(found, count, before)
        self.model.epoch += good
        self.epochs += good
        train = weighted_means([one.train for one in found], self.programs.train_sums)
        valid = None
        if self.valid:
            valid = weighted_means([one.valid for one in found], self.programs.valid_sums)
        for epoch in range(good):
            scores = None if valid is None else valid[epoch] | self._custom(outputs)
            del train[epoch]["finite"]
            append_row(self.history, train[epoch], scores, seconds)
        if good < count:
            self._warn_diverged()
            return False
        self._call(self.handlers.on_epoch_finished + self.handlers.on_rows)
        return True

    def _train(self, count: int, found: list[CallResult]) -> list[jax.Array | None]:
        """Train and evaluate; note in `found` what each call gives, and return the outputs."""
        handlers = self.handlers.on_batch_finished
        size = self.train.iterator.batch_size
        total, done = -(-len(self.train.rows) // size), 0
        valid = [(self._shown, steps) for _, steps in self._valid[:1]] + self._valid[1:]
        outputs = []
        for rows, order, real, steps in self._rows(count):
            for start, stop in self._pieces(steps, count):
                first = valid[0] if valid else (None, 0)
                shown = 0 if handlers or done + stop < total else first[1]
                where = step_range(count, start, stop, real, shown)
                self._step(rows, order, first[0], where, done, found)
                self._call(handlers)
                self._tell(self.epochs + count - 1, done + stop, total, found)
            done += steps
        if valid and not handlers:
            outputs.append(found[-1].outputs)
        for batches, steps in valid if handlers else valid[1:]:
            self._step(rows, order, batches, step_range(1, 0, 0, real, steps), done, found)
            outputs.append(found[-1].outputs)
        return outputs

    def _pieces(self, steps: int, epochs: int) -> Iterator[tuple[int, int]]:
        """Cut the steps of a chunk into those of single calls."""
        if self.handlers.on_batch_finished:
            return ((i, i + 1) for i in range(steps))
        if self.handlers.on_steps and epochs == 1:
            return self.pace.cut(steps)
        return iter([(0, steps)])

    def _tell(self, epoch: int, step: int, steps: int, found: list[CallResult]) -> None:
        """Tell those who watch the steps; what the last call found may not be there yet."""
        if not self.handlers.on_steps:
            return
        over, loss = [one.train for one in found[:-1]], math.nan
        if over:
            loss = weighted_means(over, self.programs.train_sums)[0]["loss"]
        for watcher in self.handlers.on_steps:
            watcher(self.net, Progress(epoch, self.most, step, steps, loss))

    def _step(
        self,
        rows: StackedBatches,
        order: Any,
        valid: StackedBatches | None,
        span: StepRange,
        done: int,
        found: list[CallResult],
    ) -> None:
        """Call the program, and wait for the call before, so that two chunks are in memory."""
        model, (epochs, start, stop, *_) = self.model, map(int, span)
        trained = self.programs.train(
            TrainState(model.params, model.state, model.opt),
            rows,
            order,
            valid,
            pad_update_values(self.values(model.step - start, stop * epochs), order[..., 0].size),
            _moment(model, model.epoch, done),
            span,
            outputs=bool(self.custom_scores),
        )
        model.params, model.state, model.opt = trained.carry
        model.step += (stop - start) * epochs
        if self.handlers.on_batch_finished:
            model.batch = self.programs.train_sums, trained.train
        found.append(trained._replace(carry=None))
        wait_for_previous(found)

    def _rows(self, count: int) -> Iterator[tuple[StackedBatches, Any, int, int]]:
        """Yield rows, the order to take them in, how many of it are real, and the steps."""
        model, (rows, _, _, iterator) = self.model, self.train
        if self._whole is not None:
            batches, steps, _ = self._whole
            epochs = range(model.epoch, model.epoch + count)
            shape = (epochs_per_call(batches.weights.shape), *batches.weights.shape)
            order = epoch_orders(len(rows), iterator, shape, model.seed, epochs)
            yield batches, self._whole.places(order), len(rows), steps
            return
        left = -(-len(rows) // iterator.batch_size)
        while left > 0:
            chunk = next(self._coming)
            left -= chunk.steps
            shape = chunk.weights.shape
            yield (
                jax.device_put(stack_batches(chunk)),
                identity_order(shape),
                math.prod(shape),
                chunk.steps,
            )

    def _settle(self, found: list[CallResult], count: int, before: Snapshot) -> int:
        """Count the epochs that went well, and go back to the end of the last one of them."""
        if not found:
            return count
        place = self.programs.train_sums.index("finite")
        finite = np.stack([np.asarray(one.train)[:count, place] for one in found]).all(axis=0)
        good = count if finite.all() else int(finite.argmin())
        model, steps = self.model, (self.model.step - before.step) // count
        if good == 0:
            model.params, model.state, model.opt, model.step = before
        elif good < count:
            model.step = before.step + good * steps
        return good

    def _custom(self, outputs: list[jax.Array | None]) -> dict[str, float]:
        """Compute the scores of NumPy on all validation rows."""
        if not self.custom_scores:
            return {}
        output = concatenate_batches(outputs, len(self.valid.rows))
        return {name: float(score(self.valid.y, output)) for name, score in self.custom_scores}

    def _call(self, handlers: Iterable[Handler]) -> None:
        for handler in handlers:
            handler(self.net, self.history)

    def _warn_diverged(self) -> None:
        epoch = len(self.history) + 1
        kept = f"those of epoch {epoch - 1}" if self.history else "the initial ones"
        warnings.warn(
            f"the loss was no longer finite in epoch {epoch}; training stopped, and the weights "
            f"are {kept}. Lower update_learning_rate, or scale X and y",
            ConvergenceWarning,
            stacklevel=9,
        )


def _chunks(feed: Dataset, model: Model, epoch: int, *, keep: bool = False) -> Iterator[Chunk]:
    rows, y, weights, iterator = feed
    return iterate_chunks(rows, y, weights, iterator, seed=model.seed, epoch=epoch, keep=keep)


def _moment(model: Model, epoch: int, step: int) -> StepPosition:
    return StepPosition(np.uint32(model.seed), np.int32(epoch), np.int32(step))


def pad_update_values(values: Values, length: int) -> Values:
    """Give the numbers of the update a chunk's length; those in excess are never used."""
    filled = {name: np.resize(numbers, length) for name, numbers in values.update.items()}
    return values._replace(update=filled)


def step_range(*numbers: int) -> StepRange:
    """Give the numbers of a span one dtype."""
    return StepRange(*map(np.int32, numbers))

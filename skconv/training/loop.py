"""The training loop: call the compiled programs, keep the history, call the handlers."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from numbers import Real
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..network.model import Model, TrainState
from ..ops.mesh import own_arrays
from ..targets.numbers import Numbers
from ..utils.memo import Memo
from ..utils.user_frames import stacklevel_of_user
from .arguments import CallResult, StepRange
from .events import Handler, Handlers, Pace, Progress
from .feeder import Feed
from .history import Row, append_row
from .hosts import Hosts
from .interrupts import interruptible, raise_ignored
from .metrics import compute_score, wait_for_previous, wait_on_host, weighted_means
from .prepared_fit import PreparedFit
from .ragged_feeder import make_feeder

PATIENCE = 0.05
"""Seconds; after a shorter call, the next one runs twice as many epochs."""

WATCHING = ("on_batch_finished", "on_epoch_finished", "on_steps")
"""Events whose handlers decide how training is cut into calls."""

Score = tuple[str, Callable[[np.ndarray, np.ndarray], float]]


class Snapshot(NamedTuple):
    """The state of a model before a call."""

    carry: TrainState
    step: int
    statistics: tuple[Any, ...]


@dataclass
class TrainingLoop:
    """A training in progress.

    Parameters
    ----------
    net : object
        Passed to the handlers.
    fit : PreparedFit
        Its model is updated in place.
    history : list of dict
    handlers : Handlers
    custom_scores : list of (str, callable)
        Each ``(y_true, y_output) -> float`` on all validation rows, tuples of arrays if there are
        several outputs.
    memo : Memo, optional
        Shared by trainings on the same data, which it saves from copying rows to the device again.

    Attributes
    ----------
    epochs : int
        Epochs completed by this loop.
    stopped : bool
        Whether to stop after the current call.
    max_epochs : int
        Epochs after which training ends.
    pace : Pace
        Steps per call while handlers watch single steps.
    """

    net: Any
    fit: PreparedFit
    history: list[Row]
    handlers: Handlers
    custom_scores: list[Score]
    memo: Memo | None = None
    epochs: int = 0
    stopped: bool = False
    max_epochs: int = 0
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self._hosts = Hosts(self.fit.programs.mesh)
        watching = [getattr(self.handlers, name) for name in WATCHING]
        self._watched = dict(zip(WATCHING, map(bool, watching), strict=True))

    @property
    def model(self) -> Model:
        """The model in training."""
        return self.fit.model

    def run(self, epochs: int, *, catch_interrupt: bool = True) -> None:
        """Train for a number of epochs, or until a handler raises `StopIteration`.

        Epochs that a handler adds to the history before the first one count as well.

        Parameters
        ----------
        epochs : int
        catch_interrupt : bool
            Whether Ctrl-C stops this training with a warning instead of an exception; so does
            SIGTERM, if a handler asks for it.

        Warns
        -----
        ConvergenceWarning
            If the loss becomes NaN or infinite; the weights of the epoch before are kept.
        UserWarning
            After Ctrl-C; the weights learned so far are kept.
        """
        with self.closing():
            try:
                sigterm, note = self.handlers.catches_sigterm, self._hosts.several
                with interruptible(sigterm=sigterm, note=note):
                    self.start(epochs)
                    self._run_epochs()
            except StopIteration:
                self.stopped = True
            except KeyboardInterrupt:
                if not catch_interrupt:
                    raise
                warnings.warn(
                    f"training was interrupted after {len(self.history)} epochs; "
                    "the weights learned so far are kept",
                    stacklevel=stacklevel_of_user(),
                )
            self.finish()

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Call the handlers' `end` on leaving, even after an exception."""
        with ExitStack() as stack:
            for end in reversed(self.handlers.ends):
                stack.callback(end, self.net, self.history)
            stack.callback(vars(self.model).update, batch=None, identity=None, statistics=())
            stack.callback(self._keep_own_weights)
            yield

    def _keep_own_weights(self) -> None:
        """Keep the weights of this process, which other processes need not compute with."""
        if self._hosts.several:
            self.model.carry = own_arrays(self.model.carry)
            self.model.statistics = own_arrays(self.model.statistics)
            self._hand_over_statistics()

    def start(self, epochs: int) -> None:
        """Call the handlers for the start of training."""
        before = len(self.history)
        self.max_epochs = epochs
        handlers, hosts = self.handlers, self._hosts
        if hosts.several:
            identity = self.model.identity
            hosts.check_same({} if identity is None else identity.outline)
        watching = [getattr(handlers, name) for name in WATCHING]
        self._watched = dict(zip(WATCHING, hosts.any(watching), strict=True))
        with hosts.together():
            self._call(handlers.on_training_started + handlers.begins + handlers.begun)
            self._start_statistics()
        hosts.check_same({"the epoch they resume from": self.model.epoch, "epochs": epochs})
        self.max_epochs -= len(self.history) - before

    def finish(self) -> None:
        """Call the handlers for the end of training."""
        with self._hosts.together():
            self._call(self.handlers.finishes + self.handlers.on_training_finished)

    def _run_epochs(self) -> None:
        """Run the remaining epochs, several per call when no handler needs to see each one."""
        fit = self.fit
        self._feeder = make_feeder(
            fit.train, fit.valid, fit.model, self.memo, fit.outputs.holes, fit.programs.mesh
        )
        left, epochs_per_call = self.max_epochs, 1
        with self._feeder.streaming(left):
            while left > 0 and not self.stopped:
                began, count = time.perf_counter(), min(left, epochs_per_call)
                if not self._run_call(count):
                    break
                left -= count
                if self._may_run_several() and time.perf_counter() - began < PATIENCE:
                    epochs_per_call = min(2 * epochs_per_call, self._feeder.epochs_per_call)

    def _may_run_several(self) -> bool:
        """Return whether one call may run several epochs.

        All rows must be on the device, and no handler or custom score may need each epoch.
        """
        feeder, watched = self._feeder, self._watched
        if feeder.resident is None or feeder.valid_calls > 1:
            return False
        each = watched["on_batch_finished"] or watched["on_epoch_finished"]
        return not (each or self.custom_scores)

    def _run_call(self, count: int) -> bool:
        """Train for some epochs, and return whether all of them stayed finite."""
        raise_ignored()
        began = time.perf_counter()
        before = self.snapshot()
        results: list[CallResult] = []
        try:
            outputs = self._train(count, results)
            jax.block_until_ready(results)
        except (StopIteration, KeyboardInterrupt):
            if self._keep_finite_epochs(results, count, before) < count:
                self._warn_diverged()
            raise
        except BaseException:  # an epoch counts once it is complete
            self._restore(before)
            raise
        seconds = self._hosts.slowest((time.perf_counter() - began) / count)
        return self.record(count, before, results, outputs, seconds)

    def snapshot(self) -> Snapshot:
        """Return the state to restore if an epoch diverges."""
        model = self.model
        return Snapshot(model.carry, model.step, model.statistics)

    def _restore(self, before: Snapshot) -> None:
        self.model.carry, self.model.step, self.model.statistics = before
        self._hand_over_statistics()

    def take(self, carry: TrainState) -> None:
        """Take over what a program returned."""
        self.model.take(carry)
        self._hand_over_statistics()

    def numbers(self) -> tuple[dict[str, float], ...]:
        """Return the numbers of the statistics of handlers."""
        return tuple(handler.statistic_numbers() for handler in self.handlers.statistics)

    def _start_statistics(self) -> None:
        """Start the statistics of handlers, or go on with those that they have."""
        weights = self.model.carry[:2]
        self.model.statistics = tuple(
            handler.statistic[0](weights)
            if handler.statistic_value is None
            else handler.statistic_value
            for handler in self.handlers.statistics
        )

    def _hand_over_statistics(self) -> None:
        pairs = zip(self.handlers.statistics, self.model.statistics, strict=True)
        for handler, value in pairs:
            handler.statistic_value = value

    def record(
        self,
        count: int,
        before: Snapshot,
        results: list[CallResult],
        outputs: list[Any],
        seconds: float,
    ) -> bool:
        """Add some epochs to the history, and return whether all of them stayed finite.

        Parameters
        ----------
        count : int
            Number of epochs.
        before : Snapshot
        results : list of CallResult
            Results of the calls that trained for these epochs.
        outputs : list of array or None
            Predictions for the validation rows, chunk by chunk, for `custom_scores`.
        seconds : float
            Duration of one epoch.
        """
        finite = self._keep_finite_epochs(results, count, before)
        programs = self.fit.programs
        train = weighted_means([result.train for result in results], programs.train_sums)
        valid = [dict.fromkeys({"loss", "accuracy"} & {*programs.valid_sums}, math.nan)] * count
        if self.fit.valid:
            valid = weighted_means([result.valid for result in results], programs.valid_sums)
        custom: dict[str, float] = {}
        if finite and self.fit.valid and self.custom_scores:
            try:
                with self._hosts.together():
                    custom = self._compute_custom(outputs)
            except BaseException:  # an epoch counts once it has a row
                self._restore(before)
                raise
        history = list(self.history)
        for epoch in range(finite):
            del train[epoch]["finite"]
            append_row(history, train[epoch], valid[epoch], seconds, custom)
        rows = history[len(self.history) :]
        # Ctrl-C comes when a function is called or ends, or a loop repeats, so not in between
        self.history += rows
        self.model.epoch += finite
        self.epochs += finite
        if finite < count:
            self._warn_diverged()
            return False
        with self._hosts.together():
            self._call(self.handlers.on_epoch_finished + self.handlers.on_rows)
        return True

    def _train(self, count: int, results: list[CallResult]) -> list[Any]:
        """Train and evaluate; append to `results` call by call, and return the outputs."""
        total, done = self.fit.train.steps, 0
        feeder, outputs = self._feeder, []
        early = self._validates_in_last_training_call()
        for feed in self._hosts.each(feeder.feeds(count)):
            for start, stop in self._cut_steps(feed.steps, count):
                is_last = done + stop >= total
                valid_steps = feed.valid_steps if early and is_last else 0
                steps = StepRange(count, start, stop, feed.rows, valid_steps)
                self._call_program(feed, steps, done, results)
                with self._watching():
                    self._call(self.handlers.on_batch_finished)
                    self._report_progress(self.epochs + count - 1, done + stop, total, results)
            done += feed.steps
            if feeder.resident is None:
                wait_on_host(results)
        if early:
            outputs.append(results[-1].outputs)
        valid_feeds = islice(self._hosts.each(feeder.valid_feeds(feed)), early, None)
        del feed  # and the memory of its rows
        for valid_feed in valid_feeds:
            steps = StepRange(1, 0, 0, valid_feed.rows, valid_feed.valid_steps)
            self._call_program(valid_feed, steps, done, results)
            wait_on_host(results)
            outputs.append(results[-1].outputs)
        return outputs

    def _validates_in_last_training_call(self) -> bool:
        """Return whether the last training call also evaluates the first validation chunk.

        That saves a call. Batch handlers may change the weights after the last batch, so with them
        validation takes separate calls.
        """
        feeder = self._feeder
        early = feeder.validates_early and feeder.valid_calls > 0
        return early and not self._watched["on_batch_finished"]

    def _watching(self) -> AbstractContextManager[None]:
        """Return the block in which handlers of batches and steps are called."""
        watched = self._watched["on_batch_finished"] or self._watched["on_steps"]
        return self._hosts.together() if watched else nullcontext()

    def _cut_steps(self, steps: int, epochs: int) -> Iterator[tuple[int, int]]:
        """Yield the first and the last step of each call for a chunk."""
        if self._watched["on_batch_finished"]:
            return ((step, step + 1) for step in range(steps))
        if self._watched["on_steps"] and epochs == 1:
            return self.pace.cut(steps, self._hosts.slowest)
        return iter([(0, steps)])

    def _report_progress(
        self, epoch: int, step: int, steps: int, results: list[CallResult]
    ) -> None:
        """Call the handlers of steps, without waiting for the result of the last call."""
        if not self.handlers.on_steps:
            return
        sums, loss = [result.train for result in results[:-1]], math.nan
        if sums:
            loss = weighted_means(sums, self.fit.programs.train_sums)[0]["loss"]
        for handler in self.handlers.on_steps:
            handler(self.net, Progress(epoch, self.max_epochs, step, steps, loss))

    def _call_program(
        self,
        feed: Feed,
        steps: StepRange,
        first_step: int,
        results: list[CallResult],
    ) -> None:
        """Call the program, and wait for the call before, so that two chunks are in memory."""
        model, programs = self.model, self.fit.programs
        result = programs.train(
            *self.fit.train_arguments(
                feed.batches, feed.order, feed.valid, steps, first_step, self.numbers()
            ),
            outputs=bool(self.custom_scores),
        )
        self.take(result.carry)
        model.step += (steps.stop - steps.start) * steps.epochs
        if self.handlers.on_batch_finished:
            model.batch = programs.train_sums, result.train
        results.append(result._replace(carry=None))
        wait_for_previous(results)

    def _keep_finite_epochs(self, results: list[CallResult], count: int, before: Snapshot) -> int:
        """Return the number of finite epochs, and set the model to the end of the last of them."""
        if not results:
            return count
        column = self.fit.programs.train_sums.index("finite")
        flags = np.stack([np.asarray(result.train)[:count, column] for result in results])
        is_finite = flags.all(axis=0)
        finite = count if is_finite.all() else int(is_finite.argmin())
        model, steps = self.model, (self.model.step - before.step) // count
        if finite == 0:
            self._restore(before)
        elif finite < count:
            model.step = before.step + finite * steps
        return finite

    def _compute_custom(self, outputs: list[Any]) -> dict[str, float]:
        """Compute the NumPy scores on all validation rows."""
        valid = self.fit.valid
        assert valid is not None
        targets = self.fit.outputs
        output = targets.output_in_units(self._feeder.in_order(outputs))
        y = targets.in_units(valid.y)
        return {name: compute_score(name, score, y, output) for name, score in self.custom_scores}

    def _call(self, handlers: Iterable[Handler]) -> None:
        for handler in handlers:
            try:
                handler(self.net, self.history)
            except AttributeError as error:
                if isinstance(error.obj, Real) and error.name in ("get_value", "set_value"):
                    error.add_note(
                        "Hyperparameters are numbers; set them by assignment, as in "
                        "net.update_learning_rate = 0.01"
                    )
                raise

    def _scaling_hint(self) -> str:
        """Return which data to scale, and how."""
        heads = [head for head in self.model.network.heads if head.predicted]
        pairs = zip(heads, self.fit.outputs.targets, strict=True)
        unscaled = any(isinstance(target, Numbers) and not head.scaled for head, target in pairs)
        return "or scale X, or set normalize_y=True" if unscaled else "or scale X"

    def _warn_diverged(self) -> None:
        epoch = len(self.history) + 1
        kept = f"those of epoch {epoch - 1}" if self.history else "the initial ones"
        warnings.warn(
            f"the loss became NaN or infinite in epoch {epoch}; training stopped, and the weights "
            f"are {kept}. Lower update_learning_rate, {self._scaling_hint()}",
            ConvergenceWarning,
            stacklevel=stacklevel_of_user(),
        )

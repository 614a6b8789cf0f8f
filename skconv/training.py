"""The training loop: chunk in, sums out; rows of history; handlers called."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .data import (
    BatchIterator,
    Chunk,
    as_they_are,
    chunks,
    epochs_at_once,
    fits_one_chunk,
    orders,
    take,
)
from .history import Row, append_row
from .inputs import Rows
from .model import Model
from .moments import Handler, Handlers, Pace, Progress
from .network import Runtime
from .passes import Values
from .programs import Programs
from .steps import Batches, Moment, Span, Trained, TrainState

PATIENCE = 0.05
"""Seconds that a call may take before the next one goes through twice as many epochs."""

Score = tuple[str, Callable[[np.ndarray, np.ndarray], float]]


class Feed(NamedTuple):
    """Rows to train or to evaluate on.

    Parameters
    ----------
    rows : Rows
    y : array or tuple of array
        Encoded targets; a tuple where there are several outputs.
    weights : array or None
    iterator : BatchIterator
    """

    rows: Rows
    y: Any
    weights: np.ndarray | None
    iterator: BatchIterator

    def subset(self, index: np.ndarray) -> Feed:
        """Keep only some of the rows."""
        weights = None if self.weights is None else self.weights[index]
        return self._replace(rows=self.rows.subset(index), y=take(self.y, index), weights=weights)


@dataclass
class Session:
    """All that a training needs.

    Parameters
    ----------
    net : object
        Handed to the handlers, not used otherwise.
    model : Model
        Renewed as training goes on.
    programs : Programs
    train : Feed
    valid : Feed or None
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
    train: Feed
    valid: Feed | None
    values: Callable[[int, int], Values]
    history: list[Row]
    handlers: Handlers
    custom_scores: list[Score]
    epochs: int = 0
    """Epochs that this session has been through."""
    most: int = 0
    """Epochs after which it ends."""
    pace: Pace = field(default_factory=Pace)

    def run(self, epochs: int) -> None:
        """Train for a number of epochs, or until a handler raises `StopIteration`.

        Epochs that a handler puts into the history before the first one count as well.

        Warns
        -----
        ConvergenceWarning
            Where the loss is no longer finite; the weights are those of the epoch before.
        UserWarning
            After Ctrl-C; what was learnt is kept.
        """
        self._place()
        with ExitStack() as stack:
            for end in reversed(self.handlers.ends):
                stack.callback(end, self.net, self.history)
            stack.callback(setattr, self.model, "batch", None)
            self._run(epochs)

    def _run(self, epochs: int) -> None:
        before = len(self.history)
        self.most = epochs
        try:
            self._call(self.handlers.on_training_started + self.handlers.begins)
            self.most -= len(self.history) - before
            left, ahead = self.most, 1
            while left > 0:
                began, count = time.perf_counter(), min(left, ahead)
                if not self._epochs(count):
                    break
                left -= count
                self._call(self.handlers.on_rows)
                if self._unwatched() and time.perf_counter() - began < PATIENCE:
                    ahead = min(2 * ahead, epochs_at_once(self._whole[0].weights.shape))
        except StopIteration:
            pass
        except KeyboardInterrupt:
            warnings.warn(
                f"training was interrupted after {len(self.history)} epochs; "
                "what was learnt is kept",
                stacklevel=6,
            )
        self._call(self.handlers.on_training_finished)

    def _place(self) -> None:
        """Give the device what stays the same from epoch to epoch."""
        rows, y, weights, iterator = self.train
        self._whole = self._shown = None
        if fits_one_chunk(rows, iterator):
            still = BatchIterator(iterator.batch_size)
            (chunk,) = chunks(rows, y, weights, still)
            self._whole = jax.device_put(_batches(chunk)), chunk.steps
        valid = list(_chunks(self.valid, self.model, 0)) if self.valid else []
        self._valid = [(_batches(chunk), chunk.steps) for chunk in valid]
        if self._valid:
            self._shown = jax.device_put(self._valid[0][0])

    def _unwatched(self) -> bool:
        """Whether nobody looks on between the epochs, and they are of one call each."""
        handlers = self.handlers.on_batch_finished or self.handlers.on_epoch_finished
        watched = handlers or self.custom_scores or len(self._valid) > 1
        return self._whole is not None and not watched

    def _epochs(self, count: int) -> bool:
        """Go through some epochs, and tell whether all is still finite."""
        began = time.perf_counter()
        model = self.model
        before = model.params, model.state, model.opt, model.step
        found: list[Trained] = []
        try:
            outputs = self._train(count, found)
        except BaseException:
            if self._settle(found, count, before) < count:
                self._warn_diverged()
            raise
        good = self._settle(found, count, before)
        model.epoch += good
        self.epochs += good
        seconds = (time.perf_counter() - began) / count
        train = means([one.train for one in found], self.programs.train_sums)
        valid = None
        if self._valid:
            valid = means([one.valid for one in found], self.programs.valid_sums)
        for epoch in range(good):
            scores = None if valid is None else valid[epoch] | self._custom(outputs)
            del train[epoch]["finite"]
            append_row(self.history, train[epoch], scores, seconds)
        if good < count:
            self._warn_diverged()
            return False
        self._call(self.handlers.on_epoch_finished)
        return True

    def _train(self, count: int, found: list[Trained]) -> list[jax.Array | None]:
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
                span = _span(count, start, stop, real, shown)
                self._step(rows, order, first[0], span, done, found)
                self._call(handlers)
                self._tell(self.epochs + count - 1, done + stop, total, found)
            done += steps
        if valid and not handlers:
            outputs.append(found[-1].outputs)
        for batches, steps in valid if handlers else valid[1:]:
            self._step(rows, order, batches, _span(1, 0, 0, real, steps), done, found)
            outputs.append(found[-1].outputs)
        return outputs

    def _pieces(self, steps: int, epochs: int) -> Iterator[tuple[int, int]]:
        """Cut the steps of a chunk into those of single calls."""
        if self.handlers.on_batch_finished:
            return ((i, i + 1) for i in range(steps))
        if self.handlers.on_steps and epochs == 1:
            return self.pace.cut(steps)
        return iter([(0, steps)])

    def _tell(self, epoch: int, step: int, steps: int, found: list[Trained]) -> None:
        """Tell those who watch the steps; what the last call found may not be there yet."""
        if not self.handlers.on_steps:
            return
        over, loss = [one.train for one in found[:-1]], math.nan
        if over:
            loss = means(over, self.programs.train_sums)[0]["loss"]
        for watcher in self.handlers.on_steps:
            watcher(self.net, Progress(epoch, self.most, step, steps, loss))

    def _step(
        self,
        rows: Batches,
        order: Any,
        valid: Batches | None,
        span: Span,
        done: int,
        found: list[Trained],
    ) -> None:
        """Call the program, and wait for the call before, so that two chunks are in memory."""
        model, (epochs, start, stop, *_) = self.model, map(int, span)
        trained = self.programs.train(
            TrainState(model.params, model.state, model.opt),
            rows,
            order,
            valid,
            _filled(self.values(model.step - start, stop * epochs), order[..., 0].size),
            _moment(model, model.epoch, done),
            span,
            outputs=bool(self.custom_scores),
        )
        model.params, model.state, model.opt = trained.carry
        model.step += (stop - start) * epochs
        if self.handlers.on_batch_finished:
            model.batch = self.programs.train_sums, trained.train
        found.append(trained._replace(carry=None))
        _keep_pace(found)

    def _rows(self, count: int) -> Iterator[tuple[Batches, Any, int, int]]:
        """Yield rows, the order to take them in, how many of it are real, and the steps."""
        model, (rows, _, _, iterator) = self.model, self.train
        if self._whole is not None:
            batches, steps = self._whole
            epochs = range(model.epoch, model.epoch + count)
            yield (
                batches,
                orders(len(rows), iterator, batches.weights.shape, model.seed, epochs),
                len(rows),
                steps,
            )
            return
        for chunk in _chunks(self.train, model, model.epoch):
            shape = chunk.weights.shape
            yield jax.device_put(_batches(chunk)), as_they_are(shape), math.prod(shape), chunk.steps

    def _settle(self, found: list[Trained], count: int, before: tuple[Any, ...]) -> int:
        """Count the epochs that went well, and go back to the end of the last one of them."""
        if not found:
            return count
        place = self.programs.train_sums.index("finite")
        finite = np.stack([np.asarray(one.train)[:count, place] for one in found]).all(axis=0)
        good = count if finite.all() else int(finite.argmin())
        model, steps = self.model, (self.model.step - before[-1]) // count
        if good == 0:
            model.params, model.state, model.opt, model.step = before
        elif good < count:
            model.step = before[-1] + good * steps
        return good

    def _custom(self, outputs: list[jax.Array | None]) -> dict[str, float]:
        """Compute the scores of NumPy on all validation rows."""
        if not self.custom_scores:
            return {}
        output = _joined(outputs, len(self.valid.rows))
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
            stacklevel=8,
        )


def predict(
    programs: Programs,
    model: Model,
    rows: Rows,
    iterator: BatchIterator,
    runtime: Runtime,
    numbers: Mapping[str, Any],
    to: str | None = None,
) -> Any:
    """Compute a layer's output for all rows.

    Parameters
    ----------
    programs : Programs
    model : Model
    rows : Rows
    iterator : BatchIterator
    runtime : dict of dict of float32
    numbers : dict of float32
        Of what augments at test time.
    to : str, optional
        Name of the layer; by default all outputs.

    Returns
    -------
    float32 array of shape (n, ...), or a tuple of them where there are several outputs
    """
    kept, seed = [], np.uint32(model.seed)
    for chunk in chunks(rows, None, None, iterator):
        args = (model.params, model.state, chunk.X, runtime, numbers, seed, np.int32(chunk.steps))
        kept.append(programs.predict(*args, to=to))
        _keep_pace(kept)
    return _joined(kept, len(rows))


def _keep_pace(found: list[Any]) -> None:
    """Wait for all chunks but the last, so that two of them are in memory and no more."""
    if len(found) > 1:
        jax.block_until_ready(found[-2])


def _chunks(feed: Feed, model: Model, epoch: int) -> Iterable[Chunk]:
    rows, y, weights, iterator = feed
    return chunks(rows, y, weights, iterator, seed=model.seed, epoch=epoch)


def _moment(model: Model, epoch: int, step: int) -> Moment:
    return Moment(np.uint32(model.seed), np.int32(epoch), np.int32(step))


def _filled(values: Values, length: int) -> Values:
    """Give the numbers of the update a chunk's length; those in excess are never used."""
    filled = {name: np.resize(numbers, length) for name, numbers in values.update.items()}
    return values._replace(update=filled)


def _batches(chunk: Chunk) -> Batches:
    return Batches(chunk.X, chunk.y, chunk.weights, chunk.rows)


def _span(*numbers: int) -> Span:
    return Span(*map(np.int32, numbers))


def _joined(kept: Sequence[Any], n: int) -> Any:
    def joined(*parts: jax.Array) -> np.ndarray:
        batches = [np.asarray(part) for part in parts]
        return np.concatenate([part.reshape(-1, *part.shape[2:]) for part in batches])[:n]

    return jax.tree.map(joined, *kept)


def means(found: Sequence[jax.Array], names: list[str]) -> list[dict[str, float]]:
    """Divide the sums of all calls by their weight, for each epoch.

    Parameters
    ----------
    found : sequence of array of shape (EPOCHS, names)
        As in `skconv.steps.Trained`.
    names : list of str
        Of the columns.

    Returns
    -------
    list of dict of str to float
    """
    host = sum(np.asarray(sums).astype(np.float64) for sums in found)
    weight = names.index("weight")
    means = host / np.maximum(host[:, [weight]], np.finfo(np.float32).tiny)
    rows = [dict(zip(names, row, strict=True)) for row in means.tolist()]
    return [{name: mean for name, mean in row.items() if name != "weight"} for row in rows]

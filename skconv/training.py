"""The training loop: chunk in, sums out; rows of history; handlers called."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .data import BatchIterator, Chunk, chunks, take
from .history import Row, append_row
from .inputs import Rows
from .model import Model
from .network import Runtime
from .programs import Moment, Programs, TrainState, Values

Handler = Callable[[Any, list[Row]], Any]

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
class Handlers:
    """Callables ``(net, train_history)`` by the moment at which they are called."""

    on_batch_finished: list[Handler]
    on_epoch_finished: list[Handler]
    on_training_started: list[Handler]
    on_training_finished: list[Handler]


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

    def run(self, epochs: int) -> None:
        """Train for a number of epochs, or until a handler raises `StopIteration`.

        Warns
        -----
        ConvergenceWarning
            Where the loss is no longer finite; the weights are those of the epoch before.
        UserWarning
            After Ctrl-C; what was learnt is kept.
        """
        valid_chunks = list(_chunks(self.valid, self.model, 0)) if self.valid else []
        try:
            self._call(self.handlers.on_training_started)
            for _ in range(epochs):
                if not self._epoch(valid_chunks):
                    break
        except StopIteration:
            pass
        except KeyboardInterrupt:
            warnings.warn(
                f"training was interrupted after {len(self.history)} epochs; "
                "what was learnt is kept",
                stacklevel=4,
            )
        self._call(self.handlers.on_training_finished)

    def _epoch(self, valid_chunks: list[Chunk]) -> bool:
        began = time.perf_counter()
        model = self.model
        before = model.params, model.state, model.opt, model.step
        found: list[jax.Array] = []
        try:
            self._train(found)
            evaluated = self._evaluate(valid_chunks)
        finally:
            train = _means(found, self.programs.train_sums) if found else {"finite": 1.0}
            finite = train.pop("finite") == 1
            if not finite:
                model.params, model.state, model.opt, model.step = before
                self._warn_diverged()
        if not finite:
            return False
        model.epoch += 1
        self.epochs += 1
        valid = self._scores(evaluated) if valid_chunks else None
        append_row(self.history, train, valid, time.perf_counter() - began)
        self._call(self.handlers.on_epoch_finished)
        return True

    def _train(self, found: list[jax.Array]) -> None:
        """Go through an epoch, and note the sums of each chunk in `found`."""
        model, handlers = self.model, self.handlers.on_batch_finished
        done = 0
        for chunk in _chunks(self.train, model, model.epoch):
            length = chunk.weights.shape[0]
            parts = [(0, chunk.steps)] if not handlers else _singly(chunk.steps)
            for start, stop in parts:
                values = _filled(self.values(model.step - start, stop), length)
                moment = _moment(model, model.epoch, done)
                carry, sums = self.programs.train(
                    TrainState(model.params, model.state, model.opt),
                    chunk.X,
                    chunk.y,
                    chunk.weights,
                    values,
                    moment,
                    np.int32(start),
                    np.int32(stop),
                )
                model.params, model.state, model.opt = carry
                model.step += stop - start
                found.append(sums)
                self._call(handlers)
            done += chunk.steps
            _keep_pace(found)

    def _evaluate(self, valid_chunks: list[Chunk]) -> list[tuple[jax.Array, Any]]:
        """Begin to evaluate all validation rows; the caller waits for what it gives."""
        model, values = self.model, self.values(self.model.step, 0)
        found: list[tuple[jax.Array, Any]] = []
        for chunk in valid_chunks:
            result = self.programs.evaluate(
                model.params,
                model.state,
                chunk.X,
                chunk.y,
                chunk.weights,
                values._replace(update={}),
                np.int32(chunk.steps),
                outputs=bool(self.custom_scores),
            )
            found.append(result)
            _keep_pace(found)
        return found

    def _scores(self, evaluated: list[tuple[jax.Array, Any]]) -> dict[str, float]:
        sums, outputs = zip(*evaluated, strict=True)
        means = _means(sums, self.programs.evaluate_sums)
        if self.custom_scores:
            output = _rows(outputs, len(self.valid.rows))
            for name, score in self.custom_scores:
                means[name] = float(score(self.valid.y, output))
        return means

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
            stacklevel=6,
        )


def predict(
    programs: Programs,
    model: Model,
    rows: Rows,
    iterator: BatchIterator,
    runtime: Runtime,
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
    to : str, optional
        Name of the layer; by default all outputs.

    Returns
    -------
    float32 array of shape (n, ...), or a tuple of them where there are several outputs
    """
    kept, done = [], 0
    for chunk in chunks(rows, None, None, iterator):
        moment = _moment(model, 0, done)
        args = (model.params, model.state, chunk.X, runtime, moment, np.int32(chunk.steps))
        kept.append(programs.predict(*args, to=to))
        done += chunk.steps
        _keep_pace(kept)
    return _rows(kept, len(rows))


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


def _singly(steps: int) -> list[tuple[int, int]]:
    return [(i, i + 1) for i in range(steps)]


def _rows(kept: Sequence[Any], n: int) -> Any:
    def joined(*parts: jax.Array) -> np.ndarray:
        batches = [np.asarray(part) for part in parts]
        return np.concatenate([part.reshape(-1, *part.shape[2:]) for part in batches])[:n]

    return jax.tree.map(joined, *kept)


def _means(found: Sequence[jax.Array], names: list[str]) -> dict[str, float]:
    """Divide the sums of all chunks by their weight; ``finite`` holds where it holds for all."""
    host = np.stack([np.asarray(sums) for sums in found]).astype(np.float64)
    totals = dict(zip(names, host.sum(axis=0).tolist(), strict=True))
    weight = max(totals.pop("weight"), np.finfo(np.float32).tiny)
    means = {name: total / weight for name, total in totals.items()}
    if "finite" in means:
        means["finite"] = float(totals["finite"] == len(found))
    return means

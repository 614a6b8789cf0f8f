"""Build the training and validation sets of a fit from X, y and sample weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np

from ..network.graph import Network
from ..utils.cache_keys import structural_key
from ..utils.memo import Memo
from .chunks import first_batch, take_targets
from .inputs import Rows, check_rows
from .iterators import (
    BatchIterator,
    TrainSplit,
    as_split,
    as_test_iterator,
    as_train_iterator,
    has_transform,
)
from .output_targets import Outputs, as_tuple, check_lengths
from .targets import Numbers


class Dataset(NamedTuple):
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

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.rows) // self.iterator.batch_size)

    @property
    def index(self) -> np.ndarray:
        """Which rows of its arrays these are."""
        known = self.rows.index
        return np.arange(len(self.rows)) if known is None else known

    def subset(self, index: np.ndarray) -> Dataset:
        """Keep only some of the rows."""
        weights = None if self.weights is None else self.weights[index]
        return self._replace(
            rows=self.rows.subset(index), y=take_targets(self.y, index), weights=weights
        )


def _encoded(outputs: Outputs, y: Any, network: Network, memo: Memo) -> tuple[Outputs, Any]:
    """Targets that agree with the network, and y as they encode it."""
    shapes = tuple(network.outputs.values())

    def make() -> tuple[Outputs, Any]:
        matched = outputs.match(list(shapes))
        return matched, matched.encode(y)

    return memo.get(("encoded", shapes), [outputs, y], make)


def _batch(feed: Dataset) -> tuple[dict[str, Any], Any]:
    """What the first batch is like, without its numbers."""
    made = first_batch(feed.rows, feed.y, feed.iterator)
    return jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), made)


def _held_out(
    probe: Any, params: dict[str, Any], valid: tuple[Any, Any], network: Network, outputs: Outputs
) -> Dataset:
    X, y = valid
    if X is None or y is None:
        raise ValueError("X_val and y_val belong together; one of them is missing")
    rows = check_rows(probe, X, reset=False, check=params["check_input"])
    check_lengths(len(rows), y, outputs.names)
    iterator = as_test_iterator(params["batch_iterator_test"])
    return Dataset(rows, outputs.encode(y), None, iterator)


def _shapes_after(params: dict[str, Any], rows: Rows, outputs: Outputs, y: Any) -> dict[Any, Any]:
    """Shapes of rows as they enter the network, after the training iterator's transform."""
    iterator = as_train_iterator(params["batch_iterator_train"])
    if not has_transform(iterator):
        return rows.shapes
    numbers = [one.shape if isinstance(one, Numbers) else () for one in outputs.targets]
    shapes = [
        (None, *(shape or (one.num_units,)))
        for shape, one in zip(numbers, outputs.targets, strict=True)
    ]
    X, _ = first_batch(rows, outputs.match(shapes).encode(y), iterator)
    return {name: array.shape[1:] for name, array in X.items()}


def _arranged(feed: Dataset, network: Network, *, like: BatchIterator | None = None) -> Dataset:
    """Give rows the shapes of the input layers, or let the iterator's transform do that.

    Parameters
    ----------
    feed : Dataset
    network : Network
    like : BatchIterator, optional
        For rows of validation that of training, whose transform may be to blame.
    """
    changed = has_transform(feed.iterator)
    try:
        return feed._replace(rows=feed.rows.arrange(network.inputs, changed=changed))
    except ValueError as error:
        if like is None or not has_transform(like):
            raise
        raise ValueError(
            f"rows for validation: {error}; batch_iterator_train has a transform, and "
            "batch_iterator_test needs one that makes rows of the same shape"
        ) from error


def _split(
    net: Any, params: dict[str, Any], feed: Dataset, seed: int, network: Network, memo: Memo
) -> tuple[Dataset, Dataset | None]:
    splitter = as_split(params["train_split"])
    iterator = as_test_iterator(params["batch_iterator_test"])
    if splitter is None:
        return feed, None
    if not hasattr(splitter, "split"):
        train, valid = _split_by_function(net, splitter, _arranged(feed, network))
        return train, valid._replace(iterator=iterator)
    if isinstance(splitter, TrainSplit) and splitter.random_state is None:
        splitter = TrainSplit(splitter.eval_size, splitter.stratify, seed)
    first = as_tuple(feed.y)[0]
    classes = first if first.ndim == 1 else None
    train, valid = memo.get(
        ("split", structural_key(splitter)),
        [first],
        lambda: next(iter(splitter.split(np.empty((len(feed.rows), 1)), classes))),
    )
    return feed.subset(np.asarray(train)), feed.subset(np.asarray(valid))._replace(
        iterator=iterator
    )


def _split_by_function(net: Any, function: Any, feed: Dataset) -> tuple[Dataset, Dataset]:
    """Split as nolearn's functions do, which return arrays and know no weights."""
    if feed.weights is not None:
        raise ValueError(
            "train_split is a function, which cannot split sample_weight; use a splitter"
        )
    X_train, X_valid, *ys = function(feed.rows.all(), feed.y, net)
    y_train, y_valid = (jax.tree.map(lambda _, y: np.asarray(y), feed.y, y) for y in ys)
    return (
        feed._replace(rows=feed.rows.like(X_train), y=y_train),
        feed._replace(rows=feed.rows.like(X_valid), y=y_valid),
    )


def _with_class_weights(feed: Dataset, class_weight: Any, outputs: Outputs) -> Dataset:
    if class_weight is None:
        return feed
    of_class = outputs.row_weights(feed.y, class_weight)
    known = 1 if feed.weights is None else feed.weights
    return feed._replace(weights=(of_class * known).astype(np.float32))

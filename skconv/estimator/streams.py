"""Training on a stream of batches, one step for each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Self

from ..data.fit_arguments import FitArguments
from ..data.inputs import Targets
from ..errors import InvalidParameterError
from ..training.interrupts import interruptible
from ..training.loop import TrainingLoop
from ..utils.checks import is_integer
from .keyword_params import explaining_keywords

Read = tuple[Any, Any, Any]
"""X, y and sample weights of a batch."""


class StreamMixin:
    """The methods of a net that train on batches from elsewhere."""

    _training: Callable[..., AbstractContextManager[TrainingLoop]]
    _given_handlers: Callable[[], list[Any]]

    @explaining_keywords
    def partial_fit_stream(
        self, batches: Iterable[Any], classes: Targets | None = None, epochs: int = 1
    ) -> Self:
        """Train on a stream of batches, continuing from the current weights.

        Each batch is one step of the update rule, whatever the size of `batch_iterator_train`, and
        one row of `train_history_`, as in a call of `partial_fit`. One batch at a time is in
        memory. Batches of one size, and smaller ones, share a compiled program; a larger one
        compiles another. A handler that raises `StopIteration`, a loss that is not finite, and
        Ctrl-C end the stream.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            Such as a `torch.utils.data.DataLoader`, or a generator. Each part is what `partial_fit`
            takes. Batches ``(X,)`` are for a net that reconstructs X.
        classes : array-like of shape (n_classes,), optional
            All labels of all batches; required in the first call if its first batch lacks some.
        epochs : int, default=1
            Number of passes over the batches, which must start afresh with each ``iter(batches)``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the stream is empty, or a batch is invalid; with its number. Steps of the batches
            before are kept.

        Warns
        -----
        UserWarning
            After Ctrl-C. The weights learned so far are kept.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.utils import gen_batches, shuffle
        >>> from skconv import NeuralNet
        >>> X, y = shuffle(*load_iris(return_X_y=True), random_state=0)
        >>> batches = [(X[rows], y[rows]) for rows in gen_batches(150, 32)]
        >>> net = NeuralNet(update_learning_rate=0.01, random_state=0)
        >>> net.partial_fit_stream(batches, classes=[0, 1, 2], epochs=20).score(X, y) > 0.9
        True
        """
        largest = steps = done = 0
        catches_sigterm = any(getattr(h, "catches_sigterm", False) for h in self._given_handlers())
        try:
            with interruptible(sigterm=catches_sigterm):
                for step, (X, y, weights) in enumerate(_read(batches, epochs)):
                    largest, steps = max(largest, _rows(X)), step + 1
                    arguments = FitArguments(
                        X, y, weights, classes=classes, whole=True, batch_size=largest
                    )
                    try:
                        with self._training(arguments, continues=hasattr(self, "_model")) as loop:
                            loop.run(1, catch_interrupt=False)
                    except Exception as error:
                        error.add_note(f"in batch {step}")
                        raise
                    done = steps
                    if loop.stopped or not loop.epochs:
                        break
        except KeyboardInterrupt:
            warnings.warn(
                f"training was interrupted after {done} batches; the weights learned "
                "so far are kept",
                UserWarning,
                stacklevel=3,
            )
            return self
        if not steps:
            raise ValueError("batches must hold at least one batch, got none")
        return self


def _read(batches: Any, epochs: int) -> Iterator[Read]:
    """Yield X, y and the weights of each batch."""
    if not is_integer(epochs, low=1):
        raise InvalidParameterError(f"epochs must be a positive integer, got {epochs!r}")
    if not isinstance(batches, Iterable) or isinstance(batches, str | bytes | Mapping):
        raise ValueError(
            "batches must be an iterable of (X, y) or (X, y, sample_weight), got "
            f"{type(batches).__name__}"
        )
    if isinstance(batches, Iterator) and epochs > 1:
        raise ValueError(
            f"batches must start afresh with each of the {epochs} epochs, such as a DataLoader or "
            f"a list, got {type(batches).__name__}"
        )
    for _ in range(epochs):
        yield from (_parts(batch, i) for i, batch in enumerate(batches))


def _parts(batch: Any, i: int) -> Read:
    if isinstance(batch, tuple | list) and 1 <= len(batch) <= 3:
        X, y, weights = (*batch, None, None)[:3]
        return X, y, weights
    if isinstance(batch, Mapping):
        got = f"a dict of {', '.join(map(repr, batch))}"
        hint = "; give pairs, such as ((b['image'], b['label']) for b in batches)"
    else:
        many = isinstance(batch, tuple | list)
        got, hint = f"a {type(batch).__name__}{f' of {len(batch)}' if many else ''}", ""
    raise ValueError(
        f"each batch must be (X, y) or (X, y, sample_weight), got {got} in batch {i}{hint}"
    )


def _rows(X: Any) -> int:
    """Return the number of rows of a batch, as far as known, for the size of a step."""
    first = next(iter(X.values()), ()) if isinstance(X, Mapping) else X
    shape = getattr(first, "shape", None)
    return max(1, shape[0] if shape else len(first) if hasattr(first, "__len__") else 1)

"""The net of nolearn, made from `skconv.NeuralNet` and its parameters."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..data.fit_arguments import FitArguments
from ..data.iterators import as_test_iterator
from ..data.row_order import count_rows, take_rows
from ..estimator.neural_net import NeuralNet as Net
from ..estimator.scores import score_entries
from ..layers import DropoutLayer, GlobalPoolLayer, NonlinearityLayer
from ..network.graph import Network
from ..network.layer_list import read_layers
from ..network.views import keep_weights
from ..network.weight_files import SUFFIXES
from ..targets.by_output import as_tuple
from ..training.loop import Score
from ..training.prepared_fit import PreparedFit
from ..utils.memo import Memo
from .iterators import BatchIterator, TrainSplit, as_split
from .pickles import load_pickle, save_pickle
from .rng import current_state
from .theano import SharedVariable

BATCH_SIZE = 128
"""nolearn's batch size."""

UNUSED = ("X_tensor_type", "y_tensor_type")
"""Parameters of nolearn that have no effect: arrays have the type that they have."""


def _signature() -> inspect.Signature:
    """Return the signature of `skconv.NeuralNet` with nolearn's default and further parameters."""
    *given, keywords = inspect.signature(Net.__init__).parameters.values()
    given = [p.replace(default=True) if p.name == "warm_start" else p for p in given]
    unused = [inspect.Parameter(name, keywords.KEYWORD_ONLY, default=None) for name in UNUSED]
    return inspect.Signature([*given, *unused, keywords])


class NeuralNet(Net):
    """A net as in nolearn: the same as `skconv.NeuralNet`, with nolearn's defaults and methods.

    - Batches of 128 keep the order of the rows, and `TrainSplit` validates on the first fold.
    - `fit` continues, and takes the number of epochs as its third argument; `partial_fit` is an
      epoch of it. Layer instances bring the weights that they have in another net.
    - Without `use_label_encoder`, integer labels are the indices of the output's units.
    - Hyperparameters may be `theano.shared` variables.
    - `load_params_from` skips parameters of another shape, with a warning, and reads nolearn's
      files, which `save_params_to` writes.
    - `custom_scores` are means over batches, and `scores_train` and `scores_valid` get lists of
      outputs.
    - Predictions of a single number have the shape (n, 1), also from `predict_proba`.

    Parameters
    ----------
    layers : list or Layer
    warm_start : bool, default=True
        Whether `fit` continues from the current weights.
    X_tensor_type, y_tensor_type : object, default=None
        Without effect.
    **kwargs
        The other parameters and the prefixed keywords of `skconv.NeuralNet`.

    See Also
    --------
    skconv.NeuralNet : Documents parameters, attributes and methods.
    """

    _components: ClassVar[dict[str, Any]] = {**Net._components, "train_split": as_split}

    def __init__(self, layers: Any = None, *, warm_start: bool = True, **kwargs: Any) -> None:
        unused = {name: kwargs.pop(name, None) for name in UNUSED}
        defaults = {
            "batch_iterator_train": BatchIterator(BATCH_SIZE),
            "batch_iterator_test": BatchIterator(BATCH_SIZE),
            "train_split": TrainSplit(0.2),
        }
        super().__init__(layers, warm_start=warm_start, **{**defaults, **kwargs})
        for name, value in unused.items():
            setattr(self, name, value)

    vars(__init__)["__signature__"] = _signature()

    def fit(  # type: ignore[override]
        self,
        X: Any,
        y: Any = None,
        epochs: int | None = None,
        *,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train for `epochs` epochs, by default `max_epochs`, from the current weights.

        Parameters
        ----------
        X, y, epochs, sample_weight, X_val, y_val, groups
            As in `skconv.NeuralNet.fit`, with nolearn's third argument.

        Returns
        -------
        self
        """
        return super().fit(X, y, sample_weight, X_val, y_val, epochs=epochs, groups=groups)

    def _build_network(self) -> Network:
        """Build the network, which starts from weights that layer instances have in another net."""
        keep_weights(self.layers)
        return super()._build_network()

    def partial_fit(  # type: ignore[override]
        self, X: Any, y: Any = None, classes: Any = None
    ) -> Self:
        """Train for one epoch as `fit` does, with its validation set.

        Parameters
        ----------
        X, y
            As in `fit`.
        classes : array-like, optional
            Without effect, as in nolearn.

        Returns
        -------
        self
        """
        return self.fit(X, y, epochs=1)

    def predict_proba(self, X: Any, **options: Any) -> Any:
        """Return the probabilities of the labels, or what `predict` returns if it is numbers.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        **options
            As in `skconv.NeuralNet.predict_proba`.
        """
        method = super().predict if self.regression else super().predict_proba
        return method(X, **options)

    def load_params_from(self, source: Any, strict: bool = False) -> None:
        """Load weights, all that have the name and the shape of parameters of this net.

        Parameters
        ----------
        source : NeuralNet, dict, str or path
            As in `skconv.NeuralNet.load_params_from`, or a file that nolearn wrote, a pickle of
            arrays, which is read without running its code.
        strict : bool, default=False
            Whether the source must have exactly the parameters of this net.
        """
        super().load_params_from(source, strict=strict)

    def _open_weights(self, path: str) -> AbstractContextManager[Mapping[str, Any]]:
        if Path(path).suffix in SUFFIXES:
            return super()._open_weights(path)
        return nullcontext(load_pickle(path))

    def save_params_to(self, fname: str | os.PathLike[str]) -> None:
        """Write the weights to a file.

        Parameters
        ----------
        fname : str or path
            With the suffix ``.npz`` or ``.safetensors``; with any other it is written in nolearn's
            format, a pickle.
        """
        if Path(fname).suffix in SUFFIXES:
            super().save_params_to(fname)
        else:
            save_pickle(self.get_all_params_values(), fname)

    def load_weights_from(self, source: Any) -> None:
        """Load weights, under the older name of `load_params_from`."""
        if isinstance(source, list):
            raise ValueError(
                "source must be a net, a dict or a path, got a list; write "
                "get_all_params_values() where it was made"
            )
        self.load_params_from(source)

    def save_weights_to(self, fname: str | os.PathLike[str]) -> None:
        """Write the weights, under the older name of `save_params_to`."""
        self.save_params_to(fname)

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            name: value.number if isinstance(value, SharedVariable) else value
            for name, value in super()._settings().items()
            if name not in UNUSED
        }
        if isinstance(settings["train_split"], Real):  # as eval_size
            settings["train_split"] = as_split(settings["train_split"])
        if settings["random_state"] is None:
            settings["random_state"] = current_state()
        for name in ("scores_train", "scores_valid"):
            if settings[name]:
                settings[name] = _of_lists(tuple(settings[name]))
        return settings

    def _training(
        self, arguments: FitArguments, *, continues: bool, memo: Memo | None = None
    ) -> Any:
        if not hasattr(self, "_model"):
            keep_weights(self.layers)
        given = self._with_labels_of_units(arguments)
        if self.regression is True:
            given = replace(given, y=_as_column(given.y))
        return super()._training(given, continues=continues, memo=memo)

    def _with_labels_of_units(self, arguments: FitArguments) -> FitArguments:
        """Return the arguments with the indices of the units as classes, for integer labels."""
        settings = self._settings()
        if settings["regression"] or settings["use_label_encoder"] or arguments.classes is not None:
            return arguments
        units = _units_of_last_layer(settings)
        labels = arguments.y if isinstance(arguments.y, list | np.ndarray) else np.zeros(0)
        labels = np.asarray(labels)
        if labels.dtype.kind not in "iu" or labels.ndim != 1 or not labels.size or not units:
            return arguments
        within = labels.min() >= 0 and labels.max() < units
        return replace(arguments, classes=np.arange(units)) if within and units > 1 else arguments

    def _custom_scores(self, prepared: PreparedFit) -> list[Score]:
        size = as_test_iterator(self.batch_iterator_test).batch_size
        functions = [
            not isinstance(entry.given, str) for entry in score_entries(self.custom_scores)
        ]
        scores = super()._custom_scores(prepared)
        return [
            (name, MeanOverBatches(score, size) if is_function else score)
            for (name, score), is_function in zip(scores, functions, strict=True)
        ]


@dataclass(frozen=True)
class OfList:
    """A score ``(outputs, targets)`` that gets a list of the outputs, as in nolearn.

    Parameters
    ----------
    score : callable

    Examples
    --------
    >>> OfList(lambda outputs, targets: outputs[0] - targets)(3, 1)
    2
    """

    score: Any

    def __call__(self, predictions: Any, targets: Any) -> Any:
        """Return the score."""
        return self.score(list(as_tuple(predictions)), targets)


@functools.lru_cache(maxsize=64)
def _of_lists(scores: tuple[Any, ...]) -> list[Any]:
    """Return scores that get lists; cached, since nets compare their settings by identity."""
    return [(name, OfList(score)) for name, score in scores]


def _as_column(y: Any) -> Any:
    """Return numbers of shape (n,) in the shape (n, 1), in which nolearn predicts them."""
    return y[:, None] if isinstance(y, np.ndarray) and y.ndim == 1 else y


def _units_of_last_layer(settings: Mapping[str, Any]) -> int | None:
    """Return the number of units that the layers give the output; None if they leave it open."""
    if settings["layers"] is None:
        return None
    given = {**settings, **(settings["more_params"] or {})}
    for entry in reversed(read_layers(settings["layers"])):
        for field in ("num_units", "num_filters"):
            units = given.get(f"{entry.name}_{field}", entry.given.get(field))
            if isinstance(units, int | np.integer):
                return int(units)
        if not issubclass(entry.cls, NonlinearityLayer | DropoutLayer | GlobalPoolLayer):
            return None
    return None


@dataclass(frozen=True)
class MeanOverBatches:
    """A score as nolearn computes it: the mean of its values for batches, by their sizes.

    Parameters
    ----------
    score : callable
        ``(y_true, y_output) -> float``.
    batch_size : int

    Examples
    --------
    >>> largest = MeanOverBatches(lambda y_true, y_output: float(y_output.max()), 2)
    >>> largest(np.zeros(3), np.array([1.0, 2.0, 5.0]))
    3.0
    """

    score: Any
    batch_size: int

    def __call__(self, y_true: Any, y_output: Any) -> float:
        """Return the mean."""
        n = count_rows(y_true, "y_true")
        batches = [
            np.arange(start, min(start + self.batch_size, n))
            for start in range(0, n, self.batch_size)
        ]
        values = [
            self.score(take_rows(y_true, rows), take_rows(y_output, rows)) for rows in batches
        ]
        return float(np.average(values, weights=[len(rows) for rows in batches]))

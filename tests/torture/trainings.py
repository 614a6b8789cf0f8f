"""Trainings with every handler that has a state, and what is left at their end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from skconv import NeuralNet
from skconv.data.iterators import BatchIterator
from skconv.handlers import (
    AdjustVariable,
    Checkpoint,
    EarlyStopping,
    ExponentialMovingAverage,
    Freeze,
    GradientNorm,
    Handler,
    PrintLog,
    ReduceLROnPlateau,
    RememberBestWeights,
    RestoreBestWeights,
    SaveWeights,
    TerminateOnNaN,
    Timer,
    Unfreeze,
    WeightLog,
)
from skconv.layers import BatchNormLayer, DenseLayer, DropoutLayer, InputLayer
from skconv.training.events import EVENTS
from skconv.updates import adam
from skconv.utils.checks import as_list
from skconv.utils.plain_values import pack

from .children import Report

X, y = np.random.default_rng(0).normal(size=(40, 20)).astype(np.float32), np.arange(40) % 2

EPOCHS = 40

STEPS = 2
"""Of an epoch: the training rows are 32, in batches of 16."""

Params = dict[str, Any]


class Sums(Handler):
    """A handler of one's own, whose state decides what it sets."""

    def reset(self) -> None:
        self.count, self.sums = 0, [np.zeros(3)]

    __init__ = reset

    def __call__(self, net: Any, train_history: list[Any]) -> None:
        self.count += 1
        self.sums[0] += self.count
        net.update_learning_rate = 0.05 if self.count % 2 else 0.001 * float(self.sums[0][1])


class Doubling:
    """A callable that is no `Handler`, with a state."""

    def __init__(self) -> None:
        self.rate = 0.001

    def get_state(self) -> Params:
        return {"rate": self.rate}

    def set_state(self, state: Params) -> None:
        self.rate = state["rate"]

    def __call__(self, net: Any, train_history: list[Any]) -> None:
        self.rate = min(1.2 * self.rate, 0.1)
        net.update_learning_rate = self.rate


def cosine(net: Any, train_history: list[Any]) -> None:
    net.update_learning_rate = 0.1 / len(train_history)


def adjust() -> Handler:
    return AdjustVariable("update_learning_rate", 0.1, 0.001)


def plateau() -> Handler:
    return ReduceLROnPlateau(0.5, patience=2, threshold=0.5, cooldown=1, verbose=0)


def stopping() -> Handler:
    return EarlyStopping(patience=30, min_delta=0.5, verbose=0)


def at_epochs(*handlers: Callable[[], Any]) -> Callable[[Path], Params]:
    """Return a function that makes new handlers, for a folder where they may write."""
    return lambda folder: {"on_epoch_finished": [make() for make in handlers]}


def every_handler(folder: Path) -> Params:
    remember = RememberBestWeights(verbose=0)
    return {
        "on_training_started": [Freeze("hidden"), GradientNorm()],
        "on_batch_finished": [ExponentialMovingAverage(0.9), WeightLog(folder / "log.csv")],
        "on_epoch_finished": [
            *(Unfreeze("hidden", epoch=9), Sums(), plateau(), stopping(), remember, PrintLog()),
            *(TerminateOnNaN(verbose=0), Timer(1000, verbose=0)),
            SaveWeights(folder / "weights.npz", only_best=True),
        ],
        "on_training_finished": [RestoreBestWeights(remember)],
    }


CASES: dict[str, Callable[[Path], Params]] = {
    "every handler": every_handler,
    "no handler": at_epochs(),
    "AdjustVariable": at_epochs(adjust),
    "ReduceLROnPlateau": at_epochs(plateau),
    "EarlyStopping": at_epochs(stopping),
    "ExponentialMovingAverage of epochs": at_epochs(lambda: ExponentialMovingAverage(0.9)),
    "ExponentialMovingAverage of batches": lambda folder: {
        "on_batch_finished": ExponentialMovingAverage(0.9)
    },
    "RememberBestWeights": lambda folder: {
        "on_epoch_finished": [RememberBestWeights(verbose=0), adjust()],
        "on_training_finished": RestoreBestWeights(),
    },
    "Freeze and Unfreeze": lambda folder: {
        "on_training_started": Freeze("hidden"),
        "on_epoch_finished": Unfreeze("hidden", epoch=12),
    },
    "GradientNorm": lambda folder: {
        "on_training_started": GradientNorm(),
        "on_epoch_finished": ReduceLROnPlateau(monitor="grad_norm", mode="min", verbose=0),
    },
    "WeightLog": lambda folder: {"on_batch_finished": WeightLog(folder / "log.csv", write_every=5)},
    "SaveWeights": lambda folder: {
        "on_epoch_finished": SaveWeights(folder / "weights.safetensors", only_best=True)
    },
    "TerminateOnNaN": at_epochs(lambda: TerminateOnNaN(verbose=0)),
    "two of a class": at_epochs(stopping, lambda: EarlyStopping(35, "train_loss", verbose=0)),
    "own handler": at_epochs(Sums),
    "own callable": at_epochs(Doubling),
    "own function": at_epochs(lambda: cosine),
}
"""Functions that return handlers as parameters of a net."""

WITHOUT_STATE = {
    "Handler": "the base class",
    "LearningRateFinder": "ends a test, and restores the net",
    "MlflowLogger": "logs what it is told",
    "OptunaPruning": "a training that resumes belongs to another trial",
    "PlotLoss": "draws the history",
    "PrintLayerInfo": "prints the layers",
    "PrintProgress": "prints the progress",
    "TensorBoard": "logs what it is told",
    "WandbLogger": "logs what it is told",
}
"""Public handlers that no case has, and why."""


def train(
    report: Report, case: str, path: Path, first: bool, then: Callable[..., Any] | None = None
) -> None:
    """Train with a checkpoint after each epoch; report each one, then what is left at the end.

    Parameters
    ----------
    report : callable
        Called with 0 before the training, with the number of epochs after each of them, and with
        the dict that `remains` returns.
    case : str
    path : Path
        Of the checkpoint; the handlers may write files in the folder ``others`` beside it.
    first : bool
        Whether the checkpoint is the first handler of an epoch, rather than the last one.
    then : callable, optional
        Called with the net at the end; what it returns is added to the report.
    """
    folder = path.parent / "others"
    folder.mkdir(exist_ok=True)
    params = CASES[case](folder)
    checkpoint, given = Checkpoint(path), as_list(params.pop("on_epoch_finished", None))
    handlers = [checkpoint, *given] if first else [*given, checkpoint]

    def tell(net: Any, train_history: list[Any]) -> None:
        report(len(train_history))

    layers = [
        ("input", InputLayer),
        ("hidden", DenseLayer),
        ("norm", BatchNormLayer),
        ("drop", DropoutLayer),
        ("output", DenseLayer),
    ]
    net = NeuralNet(
        layers=layers,
        hidden_num_units=8,
        batch_iterator_train=BatchIterator(16, seed=0),
        update=adam,
        max_epochs=EPOCHS,
        random_state=0,
        on_epoch_finished=[*handlers, tell],
        **params,
    )
    report(0)
    net.fit(X, y)
    report(remains(net) | ({} if then is None else then(net)))


def remains(net: Any) -> dict[str, Any]:
    """Return what two equal trainings have in common at their end, in NumPy."""
    handlers = [handler for event in EVENTS for handler in as_list(getattr(net, event))]
    states = [handler.get_state() for handler in handlers if hasattr(handler, "get_state")]
    arrays: dict[str, np.ndarray] = {}
    packed = pack(states, arrays, "")
    model = net._model
    return {
        "weights and states": [np.asarray(leaf) for leaf in jax.tree.leaves(model.carry)],
        "counts": [model.epoch, model.step, len(net.train_history_)],
        "history": [{k: v for k, v in row.items() if k != "dur"} for row in net.train_history_],
        "handlers": [packed, arrays],
        "predictions": net.predict_proba(X),
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return which of the things that `remains` returns differ in a single bit."""
    return [name for name in one if not _equal(one[name], other[name])]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == (other.tobytes())
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other or (one != one and other != other)

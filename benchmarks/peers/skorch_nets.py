"""The networks in skorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from .. import recipe
from ..case import Sample
from ..clock import Clock
from ..data import Split
from .torch_nets import MLP, Hidden, Tabular, Tutorial


def tutorial(device: str, **kwargs: Any) -> NeuralNetClassifier:
    """Return the convolutional network of the quickstart."""
    return _classifier(Tutorial, device, **kwargs)


def mlp(device: str, **kwargs: Any) -> NeuralNetClassifier:
    """Return a 784-500-50-10 perceptron."""
    return _classifier(MLP, device, **kwargs)


def tabular(device: str, **kwargs: Any) -> NeuralNetClassifier:
    """Return a net with one hidden layer for the iris data."""
    return _classifier(Tabular, device, **{"lr": recipe.TABLE_RATE, **kwargs})


def hidden(
    device: str, features: int, units: int, classes: int, **kwargs: Any
) -> NeuralNetClassifier:
    """Return a net with one hidden layer."""
    sizes = {"features": features, "units": units, "classes": classes}
    own = {f"module__{name}": size for name, size in sizes.items()}
    return _classifier(Hidden, device, **own, **kwargs)


def epochs(net: NeuralNetClassifier, split: Split) -> Sample:
    """Fit a net and time the epochs."""
    clock = Clock()
    valid = Dataset(split.X_valid, split.y_valid)
    net.set_params(callbacks=[_EpochEnd(clock)], train_split=predefined_split(valid))
    net.fit(split.X_train, split.y_train)
    accuracy = np.mean(net.predict(split.X_test) == split.y_test)
    loss = net.history[-1]["train_loss"]
    return Sample(clock.warm, clock.first, {"accuracy": accuracy, "training loss": loss})


def _classifier(module: type, device: str, **kwargs: Any) -> NeuralNetClassifier:
    settings = {
        "criterion": torch.nn.CrossEntropyLoss,
        "optimizer": torch.optim.SGD,
        "optimizer__momentum": recipe.MOMENTUM,
        "optimizer__nesterov": True,
        "lr": recipe.RATE,
        "batch_size": recipe.BATCH,
        "iterator_train__shuffle": True,
        "device": device,
        "verbose": 0,
    }
    return NeuralNetClassifier(module, **{**settings, **kwargs})


class _EpochEnd(Callback):
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.clock.tick()

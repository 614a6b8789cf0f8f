"""The networks in skconv."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv import NeuralNet, models
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    InputLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
)

from . import recipe
from .case import Sample
from .clock import Clock
from .data import Split

UPDATE = {
    "batch_iterator_train": recipe.BATCH,
    "batch_iterator_test": recipe.BATCH,
    "update_learning_rate": recipe.RATE,
    "update_momentum": recipe.MOMENTUM,
}


def tutorial(**kwargs: Any) -> NeuralNet:
    """Return the convolutional network of the quickstart."""
    layers = [
        (InputLayer, {}),
        (Conv2DLayer, {"num_filters": 32, "filter_size": 3}),
        (MaxPool2DLayer, {"pool_size": 2}),
        (Conv2DLayer, {"num_filters": 64, "filter_size": 2}),
        (MaxPool2DLayer, {"pool_size": 2}),
        (DenseLayer, {"num_units": 500}),
        (DenseLayer, {}),
    ]
    return NeuralNet(layers, **{**UPDATE, **kwargs})


def mlp(**kwargs: Any) -> NeuralNet:
    """Return a 784-500-50-10 perceptron."""
    layers = [
        (InputLayer, {}),
        (DenseLayer, {"num_units": 500}),
        (DenseLayer, {"num_units": 50}),
        (DenseLayer, {}),
    ]
    return NeuralNet(layers, **{**UPDATE, **kwargs})


def hidden(units: int, **kwargs: Any) -> NeuralNet:
    """Return a net with one hidden layer."""
    layers = [(InputLayer, {}), (DenseLayer, {"num_units": units}), (DenseLayer, {})]
    return NeuralNet(layers, **{**UPDATE, **kwargs})


def vgg(**kwargs: Any) -> NeuralNet:
    """Return a VGG-like net: six convolutions with batch normalization."""
    layers: list[Any] = [(InputLayer, {})]
    for filters in (64, 128, 256):
        for _ in range(2):
            plain = {"filter_size": 3, "pad": "same", "b": None, "nonlinearity": None}
            layers.append((Conv2DLayer, {"num_filters": filters, **plain}))
            layers += [(BatchNormLayer, {}), (NonlinearityLayer, {})]
        layers.append((MaxPool2DLayer, {"pool_size": 2}))
    layers += [(DenseLayer, {"num_units": 256}), (DenseLayer, {})]
    own = {"batch_iterator_train": recipe.VGG_BATCH, "update_learning_rate": recipe.VGG_RATE}
    return NeuralNet(layers, **{**UPDATE, **own, **kwargs})


def resnet(width: float, **kwargs: Any) -> NeuralNet:
    """Return a ResNet-18 for 32x32 images, with a factor on the number of filters."""
    params = models.resnet(18, (3, 32, 32), 10, small=True, width=width)
    own = {"update_learning_rate": recipe.RESNET_RATE, "train_split": None}
    return NeuralNet(**params, **{**UPDATE, **own, **kwargs})


def imagenet(**kwargs: Any) -> NeuralNet:
    """Return a ResNet-18 for images of 224x224 and ten classes."""
    params = models.resnet(18, (3, 224, 224), 10)
    batch = recipe.IMAGENET_BATCH
    own = {"batch_iterator_train": batch, "batch_iterator_test": batch}
    own |= {"update_learning_rate": recipe.IMAGENET_RATE}
    return NeuralNet(**params, **{**UPDATE, **own, **kwargs})


def deep(layers: int, units: int, **kwargs: Any) -> NeuralNet:
    """Return a perceptron with many equal hidden layers."""
    hidden = [(DenseLayer, {"num_units": units})] * layers
    return NeuralNet([(InputLayer, {}), *hidden, (DenseLayer, {})], **{**UPDATE, **kwargs})


def tabular(**kwargs: Any) -> NeuralNet:
    """Return a net with one hidden layer for the iris data."""
    return hidden(recipe.TABLE_UNITS, **{"update_learning_rate": recipe.TABLE_RATE, **kwargs})


def training_scores(net: NeuralNet) -> dict[str, float]:
    """Return the losses and the validation accuracy of the last epoch."""
    row = net.train_history_[-1]
    return {"training loss": row["train_loss"], "accuracy": row["valid_accuracy"]}


def epochs(net: NeuralNet, split: Split) -> Sample:
    """Fit a net and time the epochs, including validation."""
    clock = Clock()
    net.set_params(on_epoch_finished=clock.tick)
    net.fit(split.X_train, split.y_train, X_val=split.X_valid, y_val=split.y_valid)
    accuracy = np.mean(net.predict(split.X_test) == split.y_test)
    loss = net.train_history_[-1]["train_loss"]
    return Sample(clock.warm, clock.first, {"accuracy": accuracy, "training loss": loss})


def training_epochs(net: NeuralNet, split: Split) -> Sample:
    """Fit a net without validation and time the epochs.

    The accuracy is computed in the training steps: the running statistics of batch normalization
    need more steps to converge, and libraries average them differently.
    """
    clock = Clock()
    train_scores = [("train_accuracy", lambda output, y: output.argmax(1) == y)]
    net.set_params(on_epoch_finished=clock.tick, train_split=None, scores_train=train_scores)
    net.fit(split.X_train, split.y_train)
    row = net.train_history_[-1]
    scores = {"training accuracy": row["train_accuracy"], "training loss": row["train_loss"]}
    return Sample(clock.warm, clock.first, scores)


def image_epochs(net: NeuralNet, X: np.ndarray, y: np.ndarray) -> Sample:
    """Fit a net to images without validation, and time the epochs."""
    clock = Clock()
    net.set_params(on_epoch_finished=clock.tick).fit(X, y)
    return Sample(clock.warm, clock.first, {"training loss": net.train_history_[-1]["train_loss"]})

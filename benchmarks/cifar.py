"""The command ``python -m benchmarks.cifar``: accuracies on CIFAR-10.

By default, a VGG with batch normalization is trained on all training images and evaluated on the
test images; ``--augment`` adds flips and crops. With ``--overfit``, each network of
`skconv.models`, adapted to 32x32 images, is fitted to 64 images.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optax
from tabulate import tabulate

from skconv import NeuralNet, models
from skconv.augment import RandomCrop, RandomFlip
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
)
from skconv.updates import adam

BATCH = 128
RATE = 0.05
WEIGHT_DECAY = 5e-4
DROPOUT = (0.1, 0.2, 0.3, 0.5)
"""Probabilities after each pooling and before the output."""

AUGMENT = [RandomFlip(), RandomCrop(pad=4)]

MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "lenet5": (models.lenet5, {}),
    "alexnet, one column": (models.alexnet, {"groups": 1, "small": True}),
    "alexnet, two groups": (models.alexnet, {"groups": 2, "small": True}),
    **{
        f"vgg {letter}": (models.vgg, {"configuration": letter})
        for letter in ("A", "A-LRN", "B", "C", "D", "E")
    },
    "vgg D, batch_norm": (models.vgg, {"configuration": "D", "batch_norm": True}),
    "googlenet": (models.googlenet, {"small": True}),
    **{
        f"resnet {depth}": (models.resnet, {"depth": depth, "small": True})
        for depth in (18, 20, 34)
    },
}

IMAGES = 64
"""Number of images to overfit, in four batches."""

LOSS = 0.02
"""Training loss at which they are fitted."""

RATES = {"lenet5": 2e-3, "resnet 18": 1e-3, "resnet 20": 1e-3, "resnet 34": 1e-3}
"""Adam's learning rates; `DEEP_RATE` for all other networks."""

DEEP_RATE = 2e-4


class Cifar(NamedTuple):
    """Standardized images of shape (n, 3, 32, 32) and their classes."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def load(path: Path, rows: int | None = None) -> Cifar:
    """Read uint8 images ``(n, 32, 32, 3)`` and labels, and draw a number of training images."""
    with np.load(path) as arrays:
        order = np.random.default_rng(0).permutation(len(arrays["train_x"]))[:rows]
        train, test = arrays["train_x"][order], arrays["test_x"]
        y, y_test = arrays["train_y"][order].astype(int), arrays["test_y"].astype(int)
    mean, deviation = train.mean((0, 1, 2)), train.std((0, 1, 2))

    def standardize(images: np.ndarray) -> np.ndarray:
        scaled = ((images - mean) / deviation).astype(np.float32)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    return Cifar(standardize(train), y, standardize(test), y_test)


def vgg(width: float, dropout: float, **keywords: Any) -> NeuralNet:
    """Return a VGG-like net: six convolutions with batch normalization, and dropout.

    Parameters
    ----------
    width, dropout : float
        Factors on the number of filters and units, and on the dropout probabilities.
    **keywords
        Parameters of `NeuralNet`.
    """
    layers: list[Any] = [(InputLayer, {})]
    plain = {"filter_size": 3, "pad": "same", "b": None, "nonlinearity": None}
    for block, filters in enumerate((64, 128, 256), start=1):
        for _ in range(2):
            layers.append((Conv2DLayer, {"num_filters": int(filters * width), **plain}))
            layers += [(BatchNormLayer, {}), (NonlinearityLayer, {})]
        layers.append((MaxPool2DLayer, {"pool_size": 2}))
        layers.append((DropoutLayer, {"name": f"dropout{block}"}))
    layers.append((DenseLayer, {"num_units": int(256 * width), "b": None, "nonlinearity": None}))
    layers += [(BatchNormLayer, {}), (NonlinearityLayer, {})]
    layers += [(DropoutLayer, {"name": "dropout4"}), (DenseLayer, {})]
    dropped = {f"dropout{i}_p": dropout * p for i, p in enumerate(DROPOUT, start=1)}
    return NeuralNet(layers, **dropped, **keywords)


def accuracy(
    cifar: Cifar, epochs: int, width: float, dropout: float, seed: int, *, augmented: bool
) -> float:
    """Train a net, and return its test accuracy."""
    steps = epochs * -(-len(cifar.X_train) // BATCH)
    net = vgg(
        width,
        dropout,
        augment=AUGMENT if augmented else None,
        batch_iterator_train=BATCH,
        max_epochs=epochs,
        objective_l2=WEIGHT_DECAY / 2,
        random_state=seed,
        train_split=None,
        update_learning_rate=optax.cosine_onecycle_schedule(steps, RATE, pct_start=0.2),
        verbose=1,
    )
    began = time.perf_counter()
    net.fit(cifar.X_train, cifar.y_train)
    trained = time.perf_counter() - began
    score = net.score(cifar.X_test, cifar.y_test)
    print(f"seed {seed}: test accuracy {score:.4f}, trained in {trained:.0f} s", flush=True)
    return score


def overfit(cifar: Cifar, name: str, epochs: int, width: float) -> tuple[float, float, int, float]:
    """Fit a few images; return accuracy, loss, epochs and seconds."""
    make, keywords = MODELS[name]
    if make is not models.lenet5:
        keywords = keywords | {"width": width}
    params = make(input_shape=cifar.X_train.shape[1:], num_classes=10, **keywords)
    kinds = dict(params["layers"])
    params |= {f"{layer}_p": 0.0 for layer, kind in kinds.items() if kind is DropoutLayer}
    # there are too few steps for the running statistics to converge by default
    params |= {f"{layer}_alpha": 0.5 for layer, kind in kinds.items() if kind is BatchNormLayer}
    net = NeuralNet(
        **params,
        batch_iterator_train=IMAGES // 4,
        batch_iterator_test=IMAGES,
        max_epochs=epochs,
        on_epoch_finished=_stop,
        random_state=0,
        train_split=None,
        update=adam,
        update_learning_rate=RATES.get(name, DEEP_RATE),
    )
    began = time.perf_counter()
    X, y = cifar.X_train[:IMAGES], cifar.y_train[:IMAGES]
    accuracy = net.fit(X, y).score(X, y)
    last = net.train_history_[-1]
    return accuracy, last["train_loss"], last["epoch"], time.perf_counter() - began


def _stop(net: NeuralNet, history: list[dict[str, Any]]) -> None:
    if history[-1]["train_loss"] <= LOSS:
        raise StopIteration


def main(arguments: list[str] | None = None) -> None:
    """Train on CIFAR-10 and print the accuracies."""
    options = _options(arguments)
    cifar = load(options.path, options.rows)
    if options.overfit:
        headers = ["network", "accuracy", "loss", "epochs", "s"]
        rows = []
        for name in options.models or MODELS:
            rows.append((name, *overfit(cifar, name, options.epochs or 60, options.width)))
            print(f"{name}: {rows[-1][1]:.3f} after {rows[-1][4]:.0f} s", flush=True)
        print(f"\n{tabulate(rows, headers, floatfmt=('', '.3f', '.4f', '', '.0f'))}")
        return
    settings = {name: getattr(options, name) for name in ("width", "dropout")}
    settings |= {"epochs": options.epochs or 25, "augmented": options.augment}
    scores = [accuracy(cifar, seed=seed, **settings) for seed in options.seeds]
    print(f"test accuracy: {np.mean(scores):.4f}, from {min(scores):.4f} to {max(scores):.4f}")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.cifar", description=main.__doc__)
    parser.add_argument("path", type=Path, help="an .npz file with train_x, train_y and test_*")
    parser.add_argument(
        "--epochs", type=int, help="default 25; at most 60 by default with --overfit"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rows", type=int, help="number of training images")
    parser.add_argument("--width", type=float, default=1.0, help="factor on the number of filters")
    parser.add_argument(
        "--dropout", type=float, default=1.0, help="factor on the dropout probabilities"
    )
    parser.add_argument("--augment", action="store_true", help="flip and crop in training")
    parser.add_argument("--overfit", action="store_true", help=f"fit {IMAGES} images")
    parser.add_argument("--models", nargs="+", choices=MODELS, metavar="NAME", help=str([*MODELS]))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

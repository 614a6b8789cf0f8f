# %% [markdown]
# # Segment images of shapes with a small U-Net
#
# A U-Net (Ronneberger et al. 2015) predicts a class for each pixel. It shrinks the image to see
# more of it, enlarges the result again, and combines it with the finer features that were found on
# the way down. The images are made: noisy disks, crosses and triangles that overlap. Pixels on the
# outline of a shape have the label 255, as in Pascal VOC, and count neither in training nor in
# scores.
#
# Run `python examples/segmentation.py`; it takes less than a minute on two CPU cores and writes
# `segmentation.png`.

# %%
from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter
from sklearn.metrics import jaccard_score

from skconv import NeuralNet
from skconv.augment import RandomFlip
from skconv.handlers import AdjustVariable
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    InputLayer,
    MaxPool2DLayer,
    Upscale2DLayer,
)

SIZE = 32
"""Height and width of the images in pixels."""

CLASSES = ("background", "disk", "cross", "triangle")

OUTLINE = 255
"""Label of the pixels that count nothing."""


# %%
class Images(NamedTuple):
    """Images of shape (n, 1, 32, 32) and the labels of their pixels, of shape (n, 32, 32)."""

    X: np.ndarray
    y: np.ndarray


# %%
def is_inside(kind: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return which coordinates lie in a shape of the given class around the origin."""
    if kind == 1:
        return x**2 + y**2 < 1
    if kind == 2:
        return (np.minimum(abs(x), abs(y)) < 0.35) & (np.maximum(abs(x), abs(y)) < 1)
    return (y < 0.7) & (y > 1.9 * abs(x) - 1)


# %%
def make(n: int, seed: int) -> Images:
    """Return n images of 1 to 3 shapes of random sizes and shades, with noise."""
    rng = np.random.default_rng(seed)
    X, labels = np.empty((n, 1, SIZE, SIZE), np.float32), np.zeros((n, SIZE, SIZE), np.uint8)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for image, mask in zip(X[:, 0], labels, strict=True):
        image[:] = rng.uniform(0.4, 0.6)
        for _ in range(rng.integers(1, 4)):
            kind, radius = rng.integers(1, len(CLASSES)), rng.uniform(5, 9)
            column, row = rng.uniform(4, SIZE - 4, 2)
            inside = is_inside(kind, (columns - column) / radius, (rows - row) / radius)
            image[inside], mask[inside] = rng.choice([0, 0.2, 0.8, 1]), kind
    outline = maximum_filter(labels, (1, 2, 2)) != minimum_filter(labels, (1, 2, 2))
    X += rng.normal(0, 0.05, X.shape)
    return Images(X, np.where(outline, OUTLINE, labels))


# %%
def convolve(incoming: object, filters: int) -> BatchNormLayer:
    """Return two convolutions that keep the size of the image, each with batch normalization."""
    for _ in range(2):
        convolved = Conv2DLayer(incoming, filters, filter_size=3, pad="same", W="he_normal")
        incoming = BatchNormLayer(convolved)
    return incoming


# %%
def build(epochs: int, seed: int = 0) -> NeuralNet:
    fine = convolve(InputLayer(), 8)
    middle = convolve(MaxPool2DLayer(fine, pool_size=2), 16)
    coarse = convolve(MaxPool2DLayer(middle, pool_size=2), 32)
    middle = convolve(ConcatLayer([Upscale2DLayer(coarse, scale_factor=2), middle]), 16)
    fine = convolve(ConcatLayer([Upscale2DLayer(middle, scale_factor=2), fine]), 8)
    return NeuralNet(
        layers=Conv2DLayer(fine, filter_size=1),
        ignore_label=OUTLINE,
        augment=RandomFlip(target="mask"),
        update="adam",
        update_learning_rate=0.01,
        on_epoch_finished=AdjustVariable("update_learning_rate", start=0.01, stop=0.0005),
        batch_iterator_train=16,
        max_epochs=epochs,
        verbose=1,
        random_state=seed,
    )


# %%
def mean_iou(y: np.ndarray, predicted: np.ndarray) -> float:
    """Return the intersection over union of true and predicted pixels, mean over the classes."""
    known = y != OUTLINE
    return jaccard_score(y[known], predicted[known], average="macro")


# %%
def draw(images: Images, predicted: np.ndarray, columns: int = 7) -> mpl.figure.Figure:
    """Plot the first images, their true classes and the predicted ones below each other."""
    colors = mpl.colors.ListedColormap(["#f2f0e9", "#d1495b", "#2f6690", "#edae49"])
    colors = colors.with_extremes(over="#6f7480")  # labels that are not among the classes
    figure, axes = plt.subplots(3, columns, figsize=(1.7 * columns, 5.8), layout="constrained")
    rows = {"image": images.X[:, 0], "true classes": images.y, "predicted": predicted}
    for row, (name, pictures) in zip(axes, rows.items(), strict=True):
        row[0].set_ylabel(name)
        for ax, picture in zip(row, pictures, strict=False):
            if name == "image":
                ax.imshow(picture, cmap="gray")
            else:
                ax.imshow(picture, cmap=colors, vmin=-0.5, vmax=len(CLASSES) - 0.5)
            ax.set(xticks=[], yticks=[])
    patches = [
        mpl.patches.Patch(fc=colors(i), ec="gray", label=name) for i, name in enumerate(CLASSES)
    ]
    patches.append(mpl.patches.Patch(fc="#6f7480", ec="gray", label="outline, ignored"))
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), frameon=False)
    return figure


# %%
def main(epochs: int = 12, rows: int = 600, path: str = "segmentation.png") -> float:
    train, test = make(rows, seed=0), make(200, seed=1)
    net = build(epochs).fit(train.X, train.y)
    predicted = net.predict(test.X)
    score = mean_iou(test.y, predicted)
    print(f"\nTest accuracy over all pixels: {net.score(test.X, test.y):.3f}")
    print(f"Mean intersection over union: {score:.3f}")
    mpl.use("Agg")
    figure = draw(test, predicted)
    figure.savefig(path, dpi=100)
    plt.close(figure)
    print(f"Picture: {path}")
    return score


# %%
if __name__ == "__main__":
    main()

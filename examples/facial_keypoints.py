# %% [markdown]
# # Find 68 points of faces, learning from mirrored faces as well
#
# The network of Daniel Nouri's facial keypoints tutorial, as a regression: where a face is
# mirrored in training, the points are mirrored with it, and those of the left change their names
# with those of the right. The error is a distance in parts of the distance of the eyes.
#
# Run `python examples/facial_keypoints.py faces.npz`, with a file of uint8 `train_x` of shape
# `(n, 64, 64)` and `train_k` of shape `(n, 68, 2)`, x and y of the points in pixels, and the same
# of `test`. Without a file it learns from drawn faces, which are easy. It writes
# `facial_keypoints.png`.

# %%
from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.model_selection import GroupShuffleSplit

from skconv import NeuralNet
from skconv.augment import RandomFlip
from skconv.handlers import AdjustVariable
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer
from skconv.updates.rules import adam

SIZE = 64
"""Pixels of an image, along each axis."""

LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
"""Left and right as one sees them."""

FLIP_PAIRS = [
    *zip(range(8), range(16, 8, -1), strict=True),  # jaw
    *zip(range(17, 22), range(26, 21, -1), strict=True),  # brows
    *zip((31, 32), (35, 34), strict=True),  # nose
    *zip(range(36, 42), (45, 44, 43, 42, 47, 46), strict=True),  # eyes
    *zip((48, 49, 50, 58, 59), (54, 53, 52, 56, 55), strict=True),  # lips, outside
    *zip((60, 61, 67), (64, 63, 65), strict=True),  # lips, inside
]
"""Points that change their places in a mirrored face, in the numbering of Sagonas et al. (2013)."""

ALIKE = 0.3
"""Distance of images, as one less their correlation, up to which they may be of one film."""


RATES = (1e-3, 1e-5)
"""In the first and in the last epoch."""


# %%
class Faces(NamedTuple):
    """Images of shape (n, 1, 64, 64), and points (n, 68, 2), x and y from 0 to 64 at the edges."""

    images: np.ndarray
    points: np.ndarray


# %%
def load(data: str | Path, rows: int | None) -> Faces:
    with np.load(data) as arrays:
        images = np.concatenate([arrays["train_x"], arrays["test_x"]])
        points = np.concatenate([arrays["train_k"], arrays["test_k"]])
    chosen = np.random.default_rng(0).permutation(len(images))[:rows]
    return Faces(images[chosen][:, None], points[chosen])


# %%
def template() -> np.ndarray:
    """Points of a face that is drawn with arcs, of shape (68, 2), from -1 to 1."""

    def arc(n: int, centre: tuple, radii: tuple, start: float, stop: float) -> np.ndarray:
        angles = np.radians(np.linspace(start, stop, n))
        return centre + radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    return np.concatenate(
        [
            arc(17, (0, -0.1), (0.75, 0.9), 180, 0),
            arc(5, (-0.38, -0.3), (0.22, 0.15), 200, 340),
            arc(5, (0.38, -0.3), (0.22, 0.15), 200, 340),
            np.linspace((0, -0.25), (0, 0.1), 4),
            arc(5, (0, 0.15), (0.18, 0.08), 160, 20),
            arc(6, (-0.38, -0.2), (0.15, 0.07), 180, 480),
            arc(6, (0.38, -0.2), (0.15, 0.07), 180, 480),
            arc(12, (0, 0.45), (0.3, 0.14), 180, 510),
            arc(8, (0, 0.45), (0.22, 0.06), 180, 495),
        ]
    )


# %%
def drawn(n: int) -> Faces:
    """Draw faces that are turned, shifted and stretched: dark points on grey."""
    random = np.random.default_rng(0)
    angles = random.normal(0, 0.2, n)
    turns = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]])
    sizes = SIZE / 2 * random.uniform(0.6, 0.9, (n, 1, 2))
    centres = SIZE / 2 + random.normal(0, 2, (n, 1, 2))
    points = (template() @ turns.transpose(2, 1, 0) * sizes + centres).astype(np.float32)
    # a point is dark in x and dark in y
    near = np.exp(-((points[..., None] - np.arange(SIZE) - 0.5) ** 2))
    dark = np.einsum("npx,npy->nyx", near[:, :, 0], near[:, :, 1])
    noise = random.normal(0, 10, dark.shape)
    return Faces(np.clip(160 - 120 * dark + noise, 0, 255).astype(np.uint8)[:, None], points)


# %%
def groups(images: np.ndarray) -> np.ndarray:
    """Number images so that those which are much alike share a number.

    Frames of one film show one person. Where nobody noted who it is, the likeness of the images
    tells; a person in two films may still have two numbers.
    """
    small = images.reshape(len(images), SIZE // 2, 2, SIZE // 2, 2).mean(axis=(2, 4))
    distances = 1 - np.corrcoef(small.reshape(len(images), -1))
    return fcluster(linkage(squareform(distances, checks=False), "average"), ALIKE, "distance")


# %%
def split(faces: Faces) -> tuple[Faces, Faces]:
    """Set a fifth of the groups aside for the test."""
    splitter = GroupShuffleSplit(1, test_size=0.2, random_state=0)
    train, test = next(splitter.split(faces.images, groups=groups(faces.images)))
    return tuple(Faces(faces.images[rows], faces.points[rows]) for rows in (train, test))


# %%
def to_targets(points: np.ndarray) -> np.ndarray:
    """Points as the network learns them: from -1 to 1 across the image."""
    return (points / SIZE * 2 - 1).astype(np.float32)


# %%
def to_points(targets: np.ndarray) -> np.ndarray:
    return (targets + 1) * SIZE / 2


# %%
def build(epochs: int) -> NeuralNet:
    layers = [("input", InputLayer)]
    keywords = {}
    for i, (filters, size) in enumerate(((32, 3), (64, 2), (128, 2)), start=1):
        layers += [(f"conv{i}", Conv2DLayer), (f"pool{i}", MaxPool2DLayer)]
        keywords[f"conv{i}_num_filters"] = filters
        keywords[f"conv{i}_filter_size"] = size
        keywords[f"pool{i}_pool_size"] = 2
    layers += [("hidden4", DenseLayer), ("hidden5", DenseLayer), ("output", DenseLayer)]
    half = 1 / SIZE
    flip = RandomFlip(
        target="keypoints",
        flip_pairs=FLIP_PAIRS,
        # the transform counts pixels from the centre of the first, and targets from its edge
        keypoint_range=(-1 + half, 1 + half),
    )
    return NeuralNet(
        layers=layers,
        **keywords,
        hidden4_num_units=500,
        hidden5_num_units=500,
        regression=True,
        augment=[("flip", flip)],
        batch_iterator_train=64,
        update=adam,
        update_learning_rate=RATES[0],
        on_epoch_finished=AdjustVariable("update_learning_rate", *RATES),
        train_split=None,
        max_epochs=epochs,
        random_state=0,
        verbose=1,
    )


# %%
def errors(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mean distance from the true points for each face, in parts of the distance of the eyes."""
    left, right = (points[:, eye].mean(axis=1) for eye in (LEFT_EYE, RIGHT_EYE))
    between = np.linalg.norm(left - right, axis=1)
    return np.linalg.norm(predicted - points, axis=2).mean(axis=1) / between


# %%
def draw(faces: Faces, predicted: np.ndarray, path: Path) -> None:
    """Draw the first faces, and below those whose errors are largest."""
    mpl.use("Agg")
    found = errors(predicted, faces.points)
    figure = plt.figure(figsize=(12, 9), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    for part, title, rows in (
        (top, "True points in green, predicted in red", np.arange(len(found))),
        (bottom, "The largest errors, in distances of the eyes", np.argsort(-found)),
    ):
        part.suptitle(title)
        for axes in part.subplots(2, 6).flat:
            axes.set_axis_off()
        for axes, i in zip(part.axes, rows, strict=False):
            axes.imshow(faces.images[i, 0], cmap="gray", extent=(0, SIZE, SIZE, 0))
            axes.plot(*faces.points[i].T, ".", color="tab:green", markersize=3)
            axes.plot(*predicted[i].T, ".", color="tab:red", markersize=3)
            axes.set_title(f"{found[i]:.3f}", fontsize=9)
    figure.savefig(path, dpi=100)
    plt.close(figure)


# %%
def main(
    data: str | Path | None = None,
    epochs: int = 20,
    path: str | Path = "facial_keypoints.png",
    rows: int | None = None,
) -> float:
    faces = drawn(rows or 1000) if data is None else load(data, rows)
    train, test = split(faces)
    net = build(epochs).fit(train.images / 255, to_targets(train.points))
    predicted = to_points(net.predict(test.images / 255))
    error = float(errors(predicted, test.points).mean())
    mean_face = np.broadcast_to(train.points.mean(axis=0), test.points.shape)
    print(f"\n{len(train.points)} faces to learn from, {len(test.points)} for the test")
    print(f"Error of the mean face: {errors(mean_face, test.points).mean():.4f}")
    print(f"Error of the network: {error:.4f} of the distance of the eyes")
    draw(test, predicted, Path(path))
    print(f"Picture: {path}")
    return error


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Find 68 points of faces, learning from mirrored faces as well"
    )
    parser.add_argument("data", nargs="?", help="faces in an .npz file")
    parser.add_argument("--epochs", type=int, default=20)
    # the arguments of a notebook are not ours
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    main(options.data, options.epochs)

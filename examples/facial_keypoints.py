# %% [markdown]
# # Locate 68 facial keypoints, with flips as augmentation
#
# The network of Daniel Nouri's facial keypoints tutorial, as a regression. When training mirrors a
# face, it mirrors the keypoints too, and swaps those of the left side with those of the right. The
# error is the mean distance to the true keypoints, divided by the distance between the eyes.
#
# Run `python examples/facial_keypoints.py faces.npz`, with a file that holds uint8 `train_x` of
# shape `(n, 64, 64)`, `train_k` of shape `(n, 68, 2)` with the x and y of the keypoints in pixels,
# and `test_x` and `test_k` likewise. Without a file it uses synthetic faces, which are easy. It
# writes `facial_keypoints.png`.

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
from skconv.updates import adam

SIZE = 64
"""Height and width of the images in pixels."""

LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
"""Left and right as seen in the image."""

FLIP_PAIRS = [
    *zip(range(8), range(16, 8, -1), strict=True),  # jaw
    *zip(range(17, 22), range(26, 21, -1), strict=True),  # brows
    *zip((31, 32), (35, 34), strict=True),  # nose
    *zip(range(36, 42), (45, 44, 43, 42, 47, 46), strict=True),  # eyes
    *zip((48, 49, 50, 58, 59), (54, 53, 52, 56, 55), strict=True),  # lips, outside
    *zip((60, 61, 67), (64, 63, 65), strict=True),  # lips, inside
]
"""Keypoints to swap in a mirrored face, in the numbering of Sagonas et al. (2013)."""

SAME_PERSON = 0.3
"""Distance of images, 1 - correlation, up to which they are put into the same group."""

RATES = (1e-3, 1e-5)
"""Learning rates of the first and the last epoch."""


# %%
class Faces(NamedTuple):
    """Images (n, 1, 64, 64) and keypoints (n, 68, 2), with x and y from 0 to 64 at the edges."""

    images: np.ndarray
    points: np.ndarray


# %%
def load(data: str | Path, rows: int | None) -> Faces:
    with np.load(data) as arrays:
        images = np.concatenate([arrays["train_x"], arrays["test_x"]])
        points = np.concatenate([arrays["train_k"], arrays["test_k"]])
    order = np.random.default_rng(0).permutation(len(images))[:rows]
    return Faces(images[order][:, None], points[order])


# %%
def template() -> np.ndarray:
    """Return the keypoints of a face made of arcs, of shape (68, 2), from -1 to 1."""

    def arc(n: int, center: tuple, radii: tuple, start: float, stop: float) -> np.ndarray:
        angles = np.radians(np.linspace(start, stop, n))
        return center + radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)

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
def synthesize(n: int) -> Faces:
    """Return n rotated, shifted and stretched faces: dark points on gray."""
    random = np.random.default_rng(0)
    angles = random.normal(0, 0.2, n)
    rotations = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]])
    sizes = SIZE / 2 * random.uniform(0.6, 0.9, (n, 1, 2))
    centers = SIZE / 2 + random.normal(0, 2, (n, 1, 2))
    points = (template() @ rotations.transpose(2, 1, 0) * sizes + centers).astype(np.float32)
    # a point is the product of a bump along x and one along y
    bumps = np.exp(-((points[..., None] - np.arange(SIZE) - 0.5) ** 2))
    darkness = np.einsum("npx,npy->nyx", bumps[:, :, 0], bumps[:, :, 1])
    noise = random.normal(0, 10, darkness.shape)
    return Faces(np.clip(160 - 120 * darkness + noise, 0, 255).astype(np.uint8)[:, None], points)


# %%
def groups(images: np.ndarray) -> np.ndarray:
    """Cluster images by similarity, and return the group of each.

    Frames of one video show one person, and must not be split between training and test. Persons
    are not labeled, so similar images are grouped; a person in two videos may be in two groups.
    """
    small = images.reshape(len(images), SIZE // 2, 2, SIZE // 2, 2).mean(axis=(2, 4))
    distances = 1 - np.corrcoef(small.reshape(len(images), -1))
    return fcluster(
        linkage(squareform(distances, checks=False), "average"), SAME_PERSON, "distance"
    )


# %%
def split(faces: Faces) -> tuple[Faces, Faces]:
    """Return training and test set; the test set holds a fifth of the groups."""
    splitter = GroupShuffleSplit(1, test_size=0.2, random_state=0)
    train, test = next(splitter.split(faces.images, groups=groups(faces.images)))
    return tuple(Faces(faces.images[rows], faces.points[rows]) for rows in (train, test))


# %%
def to_targets(points: np.ndarray) -> np.ndarray:
    """Scale keypoints to the regression targets, from -1 to 1 across the image."""
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
        # the transform measures from the center of the first pixel, the targets from its edge
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
    """Return the mean keypoint distance of each face, divided by the distance of its eyes."""
    left, right = (points[:, eye].mean(axis=1) for eye in (LEFT_EYE, RIGHT_EYE))
    eye_distances = np.linalg.norm(left - right, axis=1)
    return np.linalg.norm(predicted - points, axis=2).mean(axis=1) / eye_distances


# %%
def draw(faces: Faces, predicted: np.ndarray, path: Path) -> None:
    """Plot the first faces, and below them those with the largest errors."""
    mpl.use("Agg")
    face_errors = errors(predicted, faces.points)
    figure = plt.figure(figsize=(12, 9), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    for part, title, rows in (
        (top, "True keypoints in green, predicted in red", np.arange(len(face_errors))),
        (bottom, "Largest errors, relative to the distance of the eyes", np.argsort(-face_errors)),
    ):
        part.suptitle(title)
        for axes in part.subplots(2, 6).flat:
            axes.set_axis_off()
        for axes, i in zip(part.axes, rows, strict=False):
            axes.imshow(faces.images[i, 0], cmap="gray", extent=(0, SIZE, SIZE, 0))
            axes.plot(*faces.points[i].T, ".", color="tab:green", markersize=3)
            axes.plot(*predicted[i].T, ".", color="tab:red", markersize=3)
            axes.set_title(f"{face_errors[i]:.3f}", fontsize=9)
    figure.savefig(path, dpi=100)
    plt.close(figure)


# %%
def main(
    data: str | Path | None = None,
    epochs: int = 20,
    path: str | Path = "facial_keypoints.png",
    rows: int | None = None,
) -> float:
    faces = synthesize(rows or 1000) if data is None else load(data, rows)
    train, test = split(faces)
    net = build(epochs).fit(train.images / 255, to_targets(train.points))
    predicted = to_points(net.predict(test.images / 255))
    error = float(errors(predicted, test.points).mean())
    mean_face = np.broadcast_to(train.points.mean(axis=0), test.points.shape)
    print(f"\n{len(train.points)} training faces, {len(test.points)} test faces")
    print(f"Error of the mean face: {errors(mean_face, test.points).mean():.4f}")
    print(f"Error of the network: {error:.4f}, relative to the distance of the eyes")
    draw(test, predicted, Path(path))
    print(f"Picture: {path}")
    return error


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Locate 68 facial keypoints, with flips as augmentation"
    )
    parser.add_argument("data", nargs="?", help="faces in an .npz file")
    parser.add_argument("--epochs", type=int, default=20)
    # in a notebook, the arguments are the kernel's
    options = parser.parse_args([] if "ipykernel" in sys.modules else None)
    main(options.data, options.epochs)

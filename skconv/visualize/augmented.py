"""Augmented images, as training may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.utils import check_array, check_random_state

from ..augment.base import Transform, invoke
from ..augment.pipeline import check_entries, read_entries
from ..augment.unset_fields import with_classes
from ..errors import Problems
from ..utils.checks import positive
from .base import ImagePlotter, Size, panels
from .wrapped_net import unwrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_IMAGES = 32
"""Maximum number of images, each of which takes a row of the figure."""


def plot_augmented(
    transforms: Any,
    X: Any,
    n: int = 6,
    *,
    y: Any = None,
    random_state: Any = 0,
    ax: Any = None,
    figsize: Size = None,
) -> Figure:
    """Plot each image in a row, first the original, then augmented as in training.

    Parameters
    ----------
    transforms : NeuralNet, callable, or list of callable or (str, callable)
        Transforms ``(key, Xb, yb) -> (Xb, yb)``, such as those of `skconv.augment`, or a net,
        Pipeline or search, whose net's parameter ``augment`` has them.
    X : array-like of shape (images, channels, height, width)
        Up to 32 images of 1 or 3 channels, with the dtype and range that the net is trained on.
    n : int
        Number of augmented versions of each image.
    y : array-like of shape (images, ...), optional
        Targets, for transforms that use them. Keypoints, the targets of transforms with
        ``target='keypoints'``, are drawn on the images.
    random_state : int, RandomState or None
        Seed of the transforms.
    ax : Axes, optional
        Axes to draw on; by default a new figure.
    figsize : (float, float), optional
        Size of a new figure in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If `augment` is empty, or if X has another shape or too many images.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> import numpy as np
    >>> from skconv.augment import RandomAffine
    >>> X = np.random.default_rng(0).random((4, 1, 28, 28))
    >>> figure = plot_augmented(RandomAffine(rotation=20), X, n=5)
    >>> len(figure.axes)
    24
    >>> matplotlib.pyplot.close(figure)
    """
    transforms = unwrap(transforms)
    if positive(n):
        raise ValueError(f"n must be {positive(n)}, got {n!r}")
    images = _images(X)
    targets, classes = _targets(y, len(images))
    chosen = [with_classes(transform, classes) for transform in _listed(transforms)]
    columns = [(images, targets), *_draws(chosen, images, targets, n, random_state)]
    rows, _, height, width = images.shape
    to_pixels = None if y is None else _to_pixels(chosen, height, width)
    cell = (1.1, 1.1 * height / width + 0.3 / rows)
    figure, grid = panels(rows, n + 1, cell, ax=ax, figsize=figsize, title_height=0.06)
    draw_image = ImagePlotter(np.asarray(X))
    for column, (column_images, column_targets) in enumerate(columns):
        for row, axes in enumerate(grid[:, column]):
            draw_image(axes, column_images[row])
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(column == 0)
            if to_pixels is not None:
                points = to_pixels(column_targets[row])
                axes.scatter(*points.T, s=6, c=np.arange(len(points)), cmap="rainbow")
                axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    grid[0, 0].set_title("original", fontsize=9)
    return figure


def _listed(transforms: Any) -> list[Callable[..., Any]]:
    entries = read_entries(transforms.augment if hasattr(transforms, "augment") else transforms)
    if not entries or not all(callable(entry.transform) for entry in entries):
        raise ValueError(
            "transforms must be a function (key, Xb, yb), a list of them or of (name, transform), "
            f"or a net with augment, got {transforms!r}"
        )
    problems = Problems()
    check_entries(entries, problems)
    problems.raise_any()
    return [entry.transform for entry in entries]


def _images(X: Any) -> np.ndarray:
    images = check_array(X, dtype=np.float32, ensure_2d=False, allow_nd=True, input_name="X")
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) > MAX_IMAGES:
        raise ValueError(
            f"X must have shape (n, channels, height, width), with at most {MAX_IMAGES} images of "
            f"1 or 3 channels, got {images.shape}"
        )
    return images


def _targets(y: Any, n: int) -> tuple[np.ndarray, int]:
    """Return targets as the loss takes them, and the number of their classes."""
    given = np.zeros(n, np.int32) if y is None else np.asarray(y)
    if len(given) != n:
        raise ValueError(f"y must have as many rows as X, {n}, got {len(given)}")
    if given.dtype.kind == "f" or given.ndim > 1:
        return given.astype(np.float32), 1
    classes, index = np.unique(given, return_inverse=True)
    return index.astype(np.int32), len(classes)


def _draws(
    transforms: list[Any], images: np.ndarray, targets: np.ndarray, n: int, random_state: Any
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    seed = jax.random.key(check_random_state(random_state).randint(2**31 - 1))
    rows = jnp.arange(len(images), dtype=jnp.int32)
    for draw in range(n):
        key = jax.random.fold_in(seed, draw)
        Xb, yb = jnp.asarray(images), jnp.asarray(targets)
        for i, transform in enumerate(transforms):
            Xb, yb = invoke(transform, jax.random.fold_in(key, i), Xb, yb, draw, rows)
        yield np.asarray(Xb), np.asarray(yb)


def _to_pixels(
    transforms: Iterable[Any], height: int, width: int
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return a function from keypoints to pixels, by the keypoint range of a transform."""
    for transform in transforms:
        if getattr(transform, "target", None) == "keypoints":
            limits = getattr(transform, "keypoint_range", None)
            low, high = limits or (0.0, 1.0)
            unit = (high - low) / np.array([width, height]) if limits else np.ones(2)
            return lambda points: (points.reshape(-1, 2) - low) / unit
        if isinstance(transform, Transform):
            for value in vars(transform).values():
                inner = value if isinstance(value, tuple) else (value,)
                found = _to_pixels(inner, height, width)
                if found is not None:
                    return found
    return None

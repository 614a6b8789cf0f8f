"""What training sees of images after augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.utils import check_array, check_random_state

from ..augment.base import Transform, invoke, with_classes
from ..utils.checks import positive
from .base import Size, panels, shower

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_IMAGES = 32
"""More rows than these make no picture that anybody could read."""


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
    """Draw images in a row each: first as they are, then as training may see them.

    Parameters
    ----------
    transforms : NeuralNet, callable, or list of callable or (str, callable)
        A net has them in ``augment``. Each is ``(key, Xb, yb) -> (Xb, yb)``, as those in
        `skconv.augment`.
    X : array-like of shape (images, channels, height, width)
        Up to 32 images of 1 or 3 channels, of the type and in the range that the net is trained on.
    n : int
        Draws of each image.
    y : array-like of shape (images, ...), optional
        Targets, for transforms that need them. Keypoints, of transforms with
        ``target='keypoints'``, are drawn on the images.
    random_state : int, RandomState or None
        Decides the draws.
    ax : Axes, optional
        Where to draw; by default a new figure.
    figsize : (float, float), optional
        Size of a new figure in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where there are no transforms, or X is no handful of images.

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
    if positive(n):
        raise ValueError(f"n must be {positive(n)}, got {n!r}")
    images = _images(X)
    targets, classes = _targets(y, len(images))
    chosen = [with_classes(transform, classes) for transform in _listed(transforms)]
    columns = [(images, targets), *_draws(chosen, images, targets, n, random_state)]
    rows, _, height, width = images.shape
    to_pixels = None if y is None else _to_pixels(chosen, height, width)
    cell = (1.1, 1.1 * height / width + 0.3 / rows)
    figure, grid = panels(rows, n + 1, cell, ax=ax, figsize=figsize, words=0.06)
    show = shower(np.asarray(X))
    for column, (drawn, moved) in enumerate(columns):
        for row, axes in enumerate(grid[:, column]):
            show(axes, drawn[row])
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(column == 0)
            if to_pixels is not None:
                points = to_pixels(moved[row])
                axes.scatter(*points.T, s=6, c=np.arange(len(points)), cmap="rainbow")
                axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    grid[0, 0].set_title("original", fontsize=9)
    return figure


def _listed(transforms: Any) -> list[Callable[..., Any]]:
    given = transforms.augment if hasattr(transforms, "augment") else transforms
    given = given if isinstance(given, list | tuple) else [given]
    pairs = [one if isinstance(one, tuple) else (None, one) for one in given]
    if not pairs or not all(len(pair) == 2 and callable(pair[1]) for pair in pairs):
        raise ValueError(
            f"augment={given!r} holds nothing to draw; give transforms (key, Xb, yb), a list of "
            "them or of (name, transform), or a net that has some"
        )
    return [transform for _, transform in pairs]


def _images(X: Any) -> np.ndarray:
    images = check_array(X, dtype=np.float32, ensure_2d=False, allow_nd=True, input_name="X")
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) > MAX_IMAGES:
        raise ValueError(
            f"X must hold up to {MAX_IMAGES} images of shape (channels, height, width), with 1 or "
            f"3 channels; its shape is {images.shape}"
        )
    return images


def _targets(y: Any, n: int) -> tuple[np.ndarray, int]:
    """Targets as the loss takes them, and the number of classes among them."""
    given = np.zeros(n, np.int32) if y is None else np.asarray(y)
    if len(given) != n:
        raise ValueError(f"y has {len(given)} rows, and X has {n}")
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
    """Find a transform that moves keypoints, and in its fields how they are counted."""
    for transform in transforms:
        if getattr(transform, "target", None) == "keypoints":
            counted = getattr(transform, "keypoint_range", None)
            low, high = counted or (0.0, 1.0)
            unit = (high - low) / np.array([width, height]) if counted else np.ones(2)
            return lambda points: (points.reshape(-1, 2) - low) / unit
        if isinstance(transform, Transform):
            for value in vars(transform).values():
                inner = value if isinstance(value, tuple) else (value,)
                found = _to_pixels(inner, height, width)
                if found is not None:
                    return found
    return None

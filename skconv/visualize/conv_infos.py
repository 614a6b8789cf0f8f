"""The helpers of `nolearn.lasagne.util`: filters and receptive fields of convolutional layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..layers.base import Layer
from ..layers.conv import Conv2DLayer
from ..layers.pool import MaxPool2DLayer
from .wrapped_net import unwrap

__all__ = ["get_conv_infos", "get_real_filter", "get_receptive_field"]


class ansi:  # noqa: N801, nolearn's name
    """Codes of colors for text in a terminal."""

    BLUE = "\033[94m"
    CYAN = "\033[36m"
    GREEN = "\033[32m"
    MAGENTA = "\033[35m"
    RED = "\033[31m"
    ENDC = "\033[0m"


def is_conv2d(layers: Any) -> bool:
    """Return whether a layer, or one of several, is a `Conv2DLayer`."""
    return _any_is(layers, Conv2DLayer)


def is_maxpool2d(layers: Any) -> bool:
    """Return whether a layer, or one of several, is a `MaxPool2DLayer`."""
    return _any_is(layers, MaxPool2DLayer)


def _any_is(layers: Any, cls: type[Layer]) -> bool:
    several = layers if isinstance(layers, Iterable) else [layers]
    return any(isinstance(getattr(layer, "layer", layer), cls) for layer in several)


def get_real_filter(layers: Sequence[Any], img_size: Sequence[int]) -> np.ndarray:
    """Compute the extent of each layer's filter in the image, in pixels, as nolearn does.

    Strides and padding of convolutions are not considered, and all layers behind the first that is
    neither a `Conv2DLayer` nor a `MaxPool2DLayer` count as seeing the whole image. The table
    printed with ``verbose=2`` considers strides, and other layers.

    Parameters
    ----------
    layers : sequence of layers
        In their order, the input layer first, such as ``net.layers_.values()``.
    img_size : (int, int)
        Height and width of the image.

    Returns
    -------
    array of shape (n_layers, 2)

    Examples
    --------
    >>> from skconv.layers import Conv2DLayer, InputLayer, MaxPool2DLayer
    >>> layers = [InputLayer((None, 1, 28, 28)), Conv2DLayer(None, 8, (5, 5)),
    ...           MaxPool2DLayer(None, 2), Conv2DLayer(None, 8, (3, 3))]
    >>> get_real_filter(layers, (28, 28)).tolist()
    [[28.0, 28.0], [5.0, 5.0], [5.0, 5.0], [6.0, 6.0]]
    """
    return _extents(layers, img_size, lambda before, jump, size: size * jump)


def get_receptive_field(layers: Sequence[Any], img_size: Sequence[int]) -> np.ndarray:
    """Compute the receptive field of each layer in the image, in pixels, as nolearn does.

    Parameters
    ----------
    layers, img_size
        As in `get_real_filter`, whose simplifications hold here, too.

    Returns
    -------
    array of shape (n_layers, 2)

    Examples
    --------
    >>> from skconv.layers import Conv2DLayer, InputLayer, MaxPool2DLayer
    >>> layers = [InputLayer((None, 1, 28, 28)), Conv2DLayer(None, 8, (5, 5)),
    ...           MaxPool2DLayer(None, 2), Conv2DLayer(None, 8, (3, 3))]
    >>> get_receptive_field(layers, (28, 28)).tolist()
    [[28.0, 28.0], [5.0, 5.0], [5.0, 5.0], [9.0, 9.0]]
    """

    def grow(before: np.ndarray | None, jump: np.ndarray, size: np.ndarray) -> np.ndarray:
        return size if before is None else before + jump * (size - 1)

    return _extents(layers, img_size, grow)


def _extents(
    layers: Sequence[Any],
    img_size: Sequence[int],
    extent: Callable[[np.ndarray | None, np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return an extent of each layer; `extent` takes that of the last convolution, if any.

    Its further arguments are the distance of neighboring positions in the image, and the size of
    the filter.
    """
    found = np.zeros((len(layers), 2))
    found[0] = img_size
    jump, last = np.ones(2), None
    for i, layer in enumerate(layers[1:], 1):
        if is_conv2d(layer):
            last = found[i] = extent(last, jump, np.array(layer.filter_size))
        elif is_maxpool2d(layer):
            found[i] = 0.0 if last is None else last
            jump = jump * np.array(layer.pool_size)
        else:
            found[i:] = img_size
            break
    return found


def get_conv_infos(net: Any, min_capacity: float = 100.0 / 6, detailed: bool = False) -> str:
    """Format a table of the learning capacity and the coverage of the image of each layer.

    The names of layers are magenta if their capacity is too low, cyan if they cover more than the
    image, and red if both.

    Parameters
    ----------
    net : NeuralNet, or an estimator that wraps one
        Initialized or fitted, for images.
    min_capacity : float
        Percentage below which the capacity is too low.
    detailed : bool
        Whether to include the filters and receptive fields, as computed by `get_real_filter` and
        `get_receptive_field`.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the first layer does not take images.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> from skconv.layers import Conv2DLayer, DenseLayer, InputLayer
    >>> net = NeuralNet([InputLayer((None, 1, 8, 8)), Conv2DLayer(None, 4, 3), DenseLayer(None, 2)])
    >>> print(get_conv_infos(net.initialize()))
    name     size      total    cap.Y    cap.X    cov.Y    cov.X
    -------  ------  -------  -------  -------  -------  -------
    input0   1x8x8        64   100.00   100.00   100.00   100.00
    conv2d1  4x6x6       144   100.00   100.00    37.50    37.50
    dense2   2             2   100.00   100.00   100.00   100.00
    """
    from tabulate import tabulate

    found = unwrap(net)
    layers, shapes = list(found.layers_.values()), [n.output_shape for n in found.network_.nodes]
    image = shapes[0][2:]
    if len(image) != 2:
        raise ValueError(
            "net must start with an InputLayer of shape (None, channels, height, width), "
            f"got {shapes[0]}"
        )
    filters, fields = get_real_filter(layers, image), get_receptive_field(layers, image)
    with np.errstate(divide="ignore", invalid="ignore"):
        capacity = 100.0 * filters / fields
    capacity[~np.isfinite(capacity)] = 1
    coverage = 100.0 * fields / image
    headers = ["name", "size", "total", "cap.Y", "cap.X", "cov.Y", "cov.X"]
    headers += ["filter Y", "filter X", "field Y", "field X"] if detailed else []
    rows = []
    for i, layer in enumerate(layers):
        low, wide = (capacity[i] < min_capacity).any(), (coverage[i] > 100).any()
        color = ansi.RED if low and wide else ansi.CYAN if wide else ansi.MAGENTA if low else ""
        name = f"{color}{layer.name}{ansi.ENDC}" if color else layer.name
        size = "x".join(map(str, shapes[i][1:]))
        row = [name, size, math.prod(shapes[i][1:]), *capacity[i], *coverage[i]]
        rows.append(row + [int(n) for n in (*filters[i], *fields[i])] * detailed)
    return tabulate(rows, headers, floatfmt=".2f")

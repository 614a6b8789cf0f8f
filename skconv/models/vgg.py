"""The networks of Oxford's Visual Geometry Group: many filters of 3x3, one after the other."""

from __future__ import annotations

from typing import Any

from ..errors import did_you_mean
from ..layers import (
    BatchNormLayer,
    DropoutLayer,
    LocalResponseNormalization2DLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
)
from .base import Stack

FILTERS = (64, 128, 256, 512, 512)

CONVOLUTIONS = {
    "A": (1, 1, 2, 2, 2),
    "A-LRN": (1, 1, 2, 2, 2),
    "B": (2, 2, 2, 2, 2),
    "C": (2, 2, 3, 3, 3),
    "D": (2, 2, 3, 3, 3),
    "E": (2, 2, 4, 4, 4),
}
"""Convolutions before each of the five poolings, by the letters of the paper's first table."""


def vgg(
    configuration: str,
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    batch_norm: bool = False,
    width: float = 1.0,
) -> dict[str, Any]:
    """Return one of the networks of Simonyan and Zisserman (2014).

    Parameters
    ----------
    configuration : 'A', 'A-LRN', 'B', 'C', 'D' or 'E'
        D is also known as VGG-16, with 138,357,544 parameters, and E as VGG-19, with 143,667,240.
    input_shape : (int, int, int), optional
        Channels, height and width, 32x32 or more; None leaves them to X.
    num_classes : int, optional
        None leaves them to y.
    batch_norm : bool
        Whether each convolution is followed by batch normalisation, and has no biases then.
    width : float
        Factor on the number of filters and hidden units.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    References
    ----------
    Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition"
    (2014).

    Examples
    --------
    >>> [name for name, layer in vgg('D')['layers']][:5]
    ['input', 'conv1_1', 'conv1_2', 'pool1', 'conv2_1']
    """
    if configuration not in CONVOLUTIONS:
        raise ValueError(
            f"there is no configuration {configuration!r}."
            f"{did_you_mean(configuration, CONVOLUTIONS)}"
        )
    stack = Stack(input_shape, width)
    counts = CONVOLUTIONS[configuration]
    for block, (filters, count) in enumerate(zip(FILTERS, counts, strict=True), start=1):
        for i in range(1, count + 1):
            size = 1 if configuration == "C" and i == 3 else 3
            _convolve(stack, f"{block}_{i}", filters, size, batch_norm=batch_norm)
            if configuration == "A-LRN" and block == 1:
                stack.add("norm1", LocalResponseNormalization2DLayer)
        stack.add(f"pool{block}", MaxPool2DLayer, pool_size=2)
    for i in (6, 7):
        stack.dense(f"fc{i}", 4096)
        stack.add(f"dropout{i}", DropoutLayer)
    return stack.end(num_classes)


def _convolve(stack: Stack, place: str, filters: int, size: int, *, batch_norm: bool) -> None:
    if not batch_norm:
        stack.conv(f"conv{place}", filters, size)
        return
    stack.conv(f"conv{place}", filters, size, b=None, nonlinearity=None)
    stack.add(f"norm{place}", BatchNormLayer)
    stack.add(f"rectify{place}", NonlinearityLayer)

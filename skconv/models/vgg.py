"""VGG networks."""

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
"""Number of convolutions before each of the five poolings, by configuration in Table 1."""

HEADS = {
    **{"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "output"},
    **{"pre_logits.fc1": "fc6", "pre_logits.fc2": "fc7", "head.fc": "output"},
}
"""Dense layers by their names in torchvision and timm."""


def _torch_layers(configuration: str, *, batch_norm: bool) -> dict[str, str]:
    """Return the layers of a configuration by their names in torchvision and timm."""
    found = dict(HEADS)
    position = 0
    for block, count in enumerate(CONVOLUTIONS[configuration], start=1):
        for i in range(1, count + 1):
            found[f"features.{position}"] = f"conv{block}_{i}"
            if batch_norm:
                found[f"features.{position + 1}"] = f"norm{block}_{i}"
            position += 3 if batch_norm else 2
        position += 1
    return found


TORCH_LAYERS = tuple(
    _torch_layers(configuration, batch_norm=batch_norm).get
    for configuration in "ABDE"
    for batch_norm in (False, True)
)
"""Names of torchvision and timm: the layer that a module stands for, in each configuration."""


def vgg(
    configuration: str,
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    batch_norm: bool = False,
    width: float = 1.0,
) -> dict[str, Any]:
    """Return a VGG network of Simonyan and Zisserman (2014).

    Parameters
    ----------
    configuration : 'A', 'A-LRN', 'B', 'C', 'D' or 'E'
        D is VGG-16, with 138,357,544 parameters, and E is VGG-19, with 143,667,240.
    input_shape : (int, int, int), optional
        Channels, height and width, at least 32x32; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    batch_norm : bool
        Whether batch normalization follows each convolution, which then has no biases.
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
            f"configuration must be one of the paper's, got {configuration!r}."
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

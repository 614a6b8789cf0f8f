"""SqueezeNet."""

from __future__ import annotations

from typing import Any

from ..init import Normal
from ..layers import ConcatLayer, DropoutLayer, MaxPool2DLayer
from .base import Stack

FIRES = {
    2: (16, 64),
    3: (16, 64),
    4: (32, 128),
    5: (32, 128),
    6: (48, 192),
    7: (48, 192),
    8: (64, 256),
    9: (64, 256),
}
"""Filters of the squeeze and of each of the two expand convolutions, by module."""

VERSIONS = {"1.0": ((96, 7), (1, 4, 8)), "1.1": ((64, 3), (1, 3, 5))}
"""Filters of the first convolution and their size, and the modules that a pooling follows."""


def _torch_layers(version: str) -> dict[str, str]:
    found, position = {"features.0": "conv1", "classifier.1": "conv10"}, 3
    for place in FIRES:
        parts = ("squeeze", "expand1x1", "expand3x3")
        found |= {f"features.{position}.{part}": f"fire{place}_{part}" for part in parts}
        position += 2 if place in VERSIONS[version][1] else 1
    return found


TORCH_LAYERS = tuple(_torch_layers(version).get for version in VERSIONS)
"""Names of torchvision: the layer that a module stands for, in each version."""


def squeezenet(
    version: str = "1.1",
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    width: float = 1.0,
) -> dict[str, Any]:
    """Return SqueezeNet (Iandola et al. 2016).

    Parameters
    ----------
    version : '1.0' or '1.1'
        1.0 is that of the paper, with 1,248,424 parameters. 1.1 has smaller filters at first and
        pools earlier; 1,235,496 parameters and 2.4 times fewer operations.
    input_shape : (int, int, int), optional
        Channels, height and width; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    width : float
        Factor on the number of filters.

    Returns
    -------
    dict
        ``layers`` and their keywords. The classes are the filters of the last convolution,
        ``conv10``, whose rectified outputs are averaged.

    References
    ----------
    Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model
    size" (2016). Version 1.1 is that of the authors' code.

    Examples
    --------
    >>> [name for name, layer in squeezenet()['layers']][:4]
    ['input', 'conv1', 'pool1', 'fire2_squeeze']
    """
    if version not in VERSIONS:
        raise ValueError(f"version must be '1.0' or '1.1', got {version!r}")
    (filters, size), pooled = VERSIONS[version]
    stack = Stack(input_shape, width)
    stack.conv("conv1", filters, size, stride=2, pad=0)
    _pool(stack, 1)
    for place, (squeezed, expanded) in FIRES.items():
        _fire(stack, f"fire{place}", squeezed, expanded)
        if place in pooled:
            _pool(stack, place)
    stack.add("dropout", DropoutLayer)
    return stack.end_in_conv("conv10", num_classes, W=Normal(0.01))


def _pool(stack: Stack, place: int) -> None:
    stack.add(f"pool{place}", MaxPool2DLayer, pool_size=3, stride=2, ignore_border=False)


def _fire(stack: Stack, name: str, squeezed: int, expanded: int) -> None:
    squeeze = stack.conv(f"{name}_squeeze", squeezed, 1)
    stack.conv(f"{name}_expand1x1", expanded, 1)
    stack.conv(f"{name}_expand3x3", expanded, 3, incoming=squeeze)
    stack.add(f"{name}_concat", ConcatLayer, incomings=[f"{name}_expand1x1", f"{name}_expand3x3"])

"""GoogLeNet."""

from __future__ import annotations

from typing import Any

from ..layers import (
    ConcatLayer,
    DropoutLayer,
    GlobalPoolLayer,
    LocalResponseNormalization2DLayer,
    MaxPool2DLayer,
    Pool2DLayer,
)
from .base import Stack

MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Filters for 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5 and pool proj in Table 1 of the paper."""

HALVE = {"pool_size": 3, "stride": 2, "ignore_border": False}

AUXILIARY = {"4a": "aux1", "4d": "aux2"}
"""Modules followed by an auxiliary output."""

AUXILIARY_WEIGHT = 0.3


def googlenet(
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    aux: bool = False,
    width: float = 1.0,
    small: bool = False,
) -> dict[str, Any]:
    """Return GoogLeNet, the first network of inception modules (Szegedy et al. 2014).

    Parameters
    ----------
    input_shape : (int, int, int), optional
        Channels, height and width; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    aux : bool
        Whether to add two auxiliary outputs, used in training only, with weight 0.3 in the loss:
        13,378,280 parameters, and 6,998,552 without them, as in Caffe's bvlc_googlenet.
    width : float
        Factor on the number of filters and hidden units.
    small : bool
        Whether the network starts with a 3x3 convolution, for images of 32x32, instead of a 7x7
        convolution with stride 2 and a pooling.

    Returns
    -------
    dict
        ``layers`` and their keywords and, with `aux`, ``aux_outputs``.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions" (2014). Its Table 1 counts too few parameters
    for some layers, such as 2.7K for the first, whose filters alone have 9,408 weights.

    Examples
    --------
    >>> googlenet(aux=True)['aux_outputs']
    {'aux1_output': 0.3, 'aux2_output': 0.3}
    """
    stack = Stack(input_shape, width)
    if small:
        stack.conv("conv1", 64, 3)
    else:
        stack.conv("conv1", 64, 7, stride=2)
        stack.add("pool1", MaxPool2DLayer, **HALVE)
    stack.add("norm1", LocalResponseNormalization2DLayer)
    stack.conv("conv2_reduce", 64, 1)
    stack.conv("conv2", 192, 3)
    stack.add("norm2", LocalResponseNormalization2DLayer)
    stack.add("pool2", MaxPool2DLayer, **HALVE)
    for place, filters in MODULES.items():
        if place in ("4a", "5a"):
            stack.add(f"pool{int(place[0]) - 1}", MaxPool2DLayer, **HALVE)
        before = _inception(stack, f"inception{place}", filters)
        if aux and place in AUXILIARY:
            _auxiliary(stack, AUXILIARY[place], num_classes)
            stack.last = before
    stack.add("pool5", GlobalPoolLayer)
    stack.add("dropout", DropoutLayer, p=0.4)
    network = stack.end(num_classes)
    if aux:
        network["aux_outputs"] = {f"{name}_output": AUXILIARY_WEIGHT for name in AUXILIARY.values()}
    return network


def _inception(stack: Stack, name: str, filters: tuple[int, ...]) -> str:
    """Add an inception module, whose branches share one incoming layer, and return its name."""
    before = stack.last
    one, reduce3, three, reduce5, five, pooled = filters
    stack.conv(f"{name}_3x3_reduce", reduce3, 1, incoming=before)
    stack.conv(f"{name}_3x3", three, 3)
    stack.conv(f"{name}_5x5_reduce", reduce5, 1, incoming=before)
    stack.conv(f"{name}_5x5", five, 5)
    stack.add(f"{name}_pool", MaxPool2DLayer, pool_size=3, stride=1, pad=1, incoming=before)
    stack.conv(f"{name}_pool_proj", pooled, 1)
    stack.conv(f"{name}_1x1", one, 1, incoming=before)
    branches = [f"{name}_{branch}" for branch in ("1x1", "3x3", "5x5", "pool_proj")]
    return stack.add(f"{name}_concat", ConcatLayer, incomings=branches)


def _auxiliary(stack: Stack, name: str, num_classes: int | None) -> None:
    stack.add(f"{name}_pool", Pool2DLayer, pool_size=5, stride=3, mode="average")
    stack.conv(f"{name}_conv", 128, 1)
    stack.dense(f"{name}_fc", 1024)
    stack.add(f"{name}_dropout", DropoutLayer, p=0.7)
    stack.output(f"{name}_output", num_classes)

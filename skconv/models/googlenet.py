"""GoogLeNet: filters of several sizes side by side."""

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
"""Filters of 1x1, before 3x3, 3x3, before 5x5, 5x5, and after pooling: the paper's first table."""

HALVE = {"pool_size": 3, "stride": 2, "ignore_border": False}

AUXILIARY = {"4a": "aux1", "4d": "aux2"}
"""Modules that an auxiliary output follows."""

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
        Channels, height and width; None leaves them to X.
    num_classes : int, optional
        None leaves them to y.
    aux : bool
        Whether there are two auxiliary outputs, each with a weight of 0.3 in the loss, which help
        the training and have no part in prediction. 13,378,280 parameters, and 6,998,552 without
        them, as in Caffe's bvlc_googlenet.
    width : float
        Factor on the number of filters and hidden units.
    small : bool
        Whether the network starts with a convolution of 3x3 instead of one of 7x7 with a stride of
        2 and a pooling, for images of 32x32.

    Returns
    -------
    dict
        ``layers`` and their keywords, and with `aux` also ``aux_outputs``.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions" (2014). Its first table counts less for some
    layers than they have, as 2.7 thousand for the first, whose filters alone have 9,408 weights.

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
    made = stack.end(num_classes)
    if aux:
        made["aux_outputs"] = {f"{name}_output": AUXILIARY_WEIGHT for name in AUXILIARY.values()}
    return made


def _inception(stack: Stack, name: str, filters: tuple[int, ...]) -> str:
    """Add a module; its layers name what feeds them, for it is not always the one before."""
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

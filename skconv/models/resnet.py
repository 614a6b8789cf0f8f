"""Residual networks."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..layers import (
    BatchNormLayer,
    ElemwiseSumLayer,
    GlobalPoolLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
    PadLayer,
)
from .base import Stack


class Kind(NamedTuple):
    """Architecture of the networks of a depth.

    Parameters
    ----------
    blocks : tuple of int
        Number of blocks in each stage.
    bottleneck : bool
        Whether a block has a 3x3 convolution between two 1x1 convolutions, instead of two 3x3.
    cifar : bool
        Whether the network is for images of 32x32.
    """

    blocks: tuple[int, ...]
    bottleneck: bool = False
    cifar: bool = False


KINDS = {
    18: Kind((2, 2, 2, 2)),
    34: Kind((3, 4, 6, 3)),
    50: Kind((3, 4, 6, 3), bottleneck=True),
    101: Kind((3, 4, 23, 3), bottleneck=True),
    152: Kind((3, 8, 36, 3), bottleneck=True),
    **{6 * n + 2: Kind((n, n, n), cifar=True) for n in (3, 5, 7, 9, 18)},
}
"""Architectures by depth, from Table 1 and Section 4.2 of the paper."""


STEM = {"conv1": "conv1", "bn1": "norm1", "fc": "output", "linear": "output"}
BLOCK = re.compile(r"layer(\d+)\.(\d+)\.(?:(conv|bn)([123])|downsample\.([01]))")


def torch_layer(module: str) -> str | None:
    """Return the layer that a module of a residual network in torchvision or timm stands for.

    Also those of published networks for CIFAR with shortcuts of option A.

    Examples
    --------
    >>> torch_layer('layer1.0.conv2'), torch_layer('layer2.0.downsample.1')
    ('conv2_1b', 'norm3_1_shortcut')
    """
    match = BLOCK.fullmatch(module)
    if match is None:
        return STEM.get(module)
    stage, block, kind, number, shortcut = match.groups()
    place = f"{int(stage) + 1}_{int(block) + 1}"
    if shortcut is not None:
        return f"{('conv', 'norm')[int(shortcut)]}{place}_shortcut"
    return f"{'conv' if kind == 'conv' else 'norm'}{place}{'abc'[int(number) - 1]}"


def resnet(
    depth: int = 18,
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    width: float = 1.0,
    small: bool = False,
) -> dict[str, Any]:
    """Return a residual network of He et al. (2015).

    Parameters
    ----------
    depth : int
        18, 34, 50, 101 or 152 for ImageNet, with 11,689,512 to 60,192,808 parameters. 20, 32, 44,
        56 or 110 for images of 32x32, with 0.27 to 1.7 million parameters.
    input_shape : (int, int, int), optional
        Channels, height and width; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    width : float
        Factor on the number of filters.
    small : bool
        Whether a network for ImageNet starts with a 3x3 convolution, for images of 32x32, instead
        of a 7x7 convolution with stride 2 and a pooling. Networks for CIFAR always do.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    Notes
    -----
    If a block changes the shape, its shortcut is a 1x1 convolution in the networks for ImageNet
    (option B of the paper); in those for CIFAR it subsamples the pixels and appends channels of
    zeros (option A). In blocks of three convolutions the 3x3 has the stride, as in torch.

    References
    ----------
    He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2015).

    Examples
    --------
    >>> [name for name, layer in resnet(20, (3, 32, 32), 10)['layers']][:5]
    ['input', 'conv1', 'norm1', 'rectify1', 'conv2_1a']
    """
    if depth not in KINDS:
        valid = ", ".join(map(str, sorted(KINDS)))
        raise ValueError(f"depth must be one of {valid}, got {depth!r}")
    kind = KINDS[depth]
    stack = Stack(input_shape, width)
    filters = 16 if kind.cifar else 64
    if kind.cifar or small:
        _convolve(stack, "1", filters, 3)
        stack.add("rectify1", NonlinearityLayer)
    else:
        _convolve(stack, "1", filters, 7, stride=2)
        stack.add("rectify1", NonlinearityLayer)
        stack.add("pool1", MaxPool2DLayer, pool_size=3, stride=2, pad=1)
    for stage, count in enumerate(kind.blocks):
        for i in range(count):
            stride = 2 if stage and not i else 1
            place = f"{stage + 2}_{i + 1}"
            _block(stack, kind, place, filters * 2**stage, stride, first=not i)
    stack.add("pool", GlobalPoolLayer)
    return stack.end(num_classes)


def _block(stack: Stack, kind: Kind, place: str, filters: int, stride: int, *, first: bool) -> None:
    entry, out = stack.last, 4 * filters if kind.bottleneck else filters
    if kind.bottleneck:
        convolutions = [(filters, 1, 1), (filters, 3, stride), (out, 1, 1)]
    else:
        convolutions = [(filters, 3, stride), (filters, 3, 1)]
    for i, (number, size, step) in enumerate(convolutions):
        if i:
            stack.add(f"rectify{place}{'abc'[i - 1]}", NonlinearityLayer)
        end = _convolve(stack, f"{place}{'abc'[i]}", number, size, stride=step)
    if not first or (stride == 1 and not kind.bottleneck):
        shortcut = entry
    elif kind.cifar:
        shortcut = _pad(stack, place, entry, out)
    else:
        shortcut = _convolve(stack, f"{place}_shortcut", out, 1, stride=stride, incoming=entry)
    stack.add(f"sum{place}", ElemwiseSumLayer, incomings=[end, shortcut])
    stack.add(f"rectify{place}", NonlinearityLayer)


def _convolve(stack: Stack, place: str, filters: int, size: int, **fields: Any) -> str:
    stack.conv(f"conv{place}", filters, size, b=None, nonlinearity=None, **fields)
    return stack.add(f"norm{place}", BatchNormLayer)


def _pad(stack: Stack, place: str, entry: str, filters: int) -> str:
    """Subsample the image by 2 and double its channels with zeros."""
    stack.add(f"halve{place}", MaxPool2DLayer, pool_size=1, stride=2, incoming=entry)
    new = stack.scaled(filters) - stack.scaled(filters // 2)
    return stack.add(f"widen{place}", PadLayer, width=((0, new), 0, 0), batch_ndim=1)

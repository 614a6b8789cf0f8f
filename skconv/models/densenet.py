"""Densely connected networks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..layers import (
    BatchNormLayer,
    ConcatLayer,
    GlobalPoolLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
    Pool2DLayer,
)
from ..utils.checks import is_integer, positive
from .base import Stack

KINDS = {
    121: ((6, 12, 24, 16), 32),
    161: ((6, 12, 36, 24), 48),
    169: ((6, 12, 32, 32), 32),
    201: ((6, 12, 48, 32), 32),
}
"""Layers of each dense block and growth rate, by depth: Table 1 of the paper; 161 is torch's."""

NORM = {"epsilon": 1e-5, "alpha": 0.1}

BOTTLENECK = 4
"""Filters of a 1x1 convolution per filter of the 3x3 convolution that follows."""


def densenet(
    depth: int = 121,
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    blocks: Sequence[int] | None = None,
    growth: int | None = None,
    small: bool = False,
) -> dict[str, Any]:
    """Return a densely connected network, DenseNet-BC (Huang et al. 2017).

    Parameters
    ----------
    depth : int
        121, 161, 169 or 201, with 7,978,856, 28,681,000, 14,149,480 and 20,013,928 parameters.
    input_shape : (int, int, int), optional
        Channels, height and width; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    blocks : sequence of int, optional
        Number of layers in each dense block, instead of those of `depth`. ``blocks=(16, 16, 16),
        growth=12, small=True`` is the paper's network of depth 100 for images of 32x32.
    growth : int, optional
        Number of channels that each layer adds; by default 32, and 48 for a depth of 161.
    small : bool
        Whether the network starts with a 3x3 convolution, for images of 32x32, instead of a 7x7
        convolution with stride 2 and a pooling.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    References
    ----------
    Huang, Liu, van der Maaten, Weinberger, "Densely connected convolutional networks" (2017).

    Examples
    --------
    >>> [name for name, layer in densenet()['layers']][5:12]
    ['norm2_1a', 'rectify2_1a', 'conv2_1a', 'norm2_1b', 'rectify2_1b', 'conv2_1b', 'concat2_1']
    """
    if depth not in KINDS:
        raise ValueError(f"depth must be one of 121, 161, 169, 201, got {depth!r}")
    counts: tuple[int, ...]
    counts, step = KINDS[depth]
    if blocks is not None:
        counts = tuple(blocks) if isinstance(blocks, Sequence) else ()
    step = step if growth is None else growth
    if not counts or not all(is_integer(count, low=1) for count in counts):
        raise ValueError(f"blocks must be a sequence of positive integers, got {blocks!r}")
    if problem := positive(step):
        raise ValueError(f"growth must be {problem}, got {growth!r}")
    stack = Stack(input_shape)
    channels = 2 * step
    if small:
        stack.conv("conv1", channels, 3, b=None, nonlinearity=None)
    else:
        stack.conv("conv1", channels, 7, stride=2, b=None, nonlinearity=None)
        _activate(stack, "1")
        stack.add("pool1", MaxPool2DLayer, pool_size=3, stride=2, pad=1)
    for stage, count in enumerate(counts, start=2):
        for i in range(1, count + 1):
            entry = stack.last
            _convolve(stack, f"{stage}_{i}a", BOTTLENECK * step, 1)
            grown = _convolve(stack, f"{stage}_{i}b", step, 3)
            stack.add(f"concat{stage}_{i}", ConcatLayer, incomings=[entry, grown])
        channels += count * step
        if stage <= len(counts):
            channels //= 2
            _convolve(stack, f"{stage}", channels, 1)
            stack.add(f"pool{stage}", Pool2DLayer, pool_size=2, mode="average")
    _activate(stack, f"{len(counts) + 1}")
    stack.add("pool", GlobalPoolLayer)
    return stack.end(num_classes)


def _activate(stack: Stack, place: str) -> None:
    stack.add(f"norm{place}", BatchNormLayer, **NORM)
    stack.add(f"rectify{place}", NonlinearityLayer)


def _convolve(stack: Stack, place: str, filters: int, size: int) -> str:
    """Add a convolution after normalization and rectifier."""
    _activate(stack, place)
    return stack.conv(f"conv{place}", filters, size, b=None, nonlinearity=None)


ENDS = {
    **{"features.conv0": "conv1", "features.norm0": "norm1"},
    **{"features.norm5": "norm5", "classifier": "output"},
}
"""Layers outside the blocks by torch's names."""

LAYER = re.compile(r"features\.denseblock(\d+)\.denselayer(\d+)\.(norm|conv)\.?([12])")
"""Modules of a block; the files of torchvision have one more dot than the modules."""

TRANSITION = re.compile(r"features\.transition(\d+)\.(norm|conv)")


def torch_layer(module: str) -> str | None:
    """Return the layer that a module of a DenseNet in torchvision or timm stands for.

    Examples
    --------
    >>> torch_layer('features.denseblock1.denselayer2.conv1'), torch_layer('features.norm5')
    ('conv2_2a', 'norm5')
    """
    if found := LAYER.fullmatch(module):
        block, layer, kind, number = found.groups()
        return f"{kind}{int(block) + 1}_{layer}{'ab'[int(number) - 1]}"
    if found := TRANSITION.fullmatch(module):
        return f"{found[2]}{int(found[1]) + 1}"
    return ENDS.get(module)

"""ConvNeXt networks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..init import Normal
from ..layers import (
    Conv2DLayer,
    DepthwiseConv2DLayer,
    ElemwiseSumLayer,
    GlobalPoolLayer,
    LayerNormLayer,
    NINLayer,
    ScaleLayer,
    StochasticDepthLayer,
)
from ..nonlinearities import gelu
from ..utils.checks import fraction, is_integer
from .base import Stack

SIZES = {
    "T": ((3, 3, 9, 3), 96, 0.1),
    "S": ((3, 3, 27, 3), 96, 0.4),
    "B": ((3, 3, 27, 3), 128, 0.5),
    "L": ((3, 3, 27, 3), 192, 0.5),
}
"""Blocks of each stage, filters of the first, and the probability of leaving out the last block."""

START = Normal(0.02)

LAYER_SCALE = 1e-6
"""Factor on the channels of each block's branch at the start."""


def convnext(
    size: str = "T",
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    depths: Sequence[int] | None = None,
    width: float = 1.0,
    stochastic_depth: float | None = None,
) -> dict[str, Any]:
    """Return a ConvNeXt network (Liu et al. 2022).

    Parameters
    ----------
    size : 'T', 'S', 'B' or 'L'
        28,589,128, 50,223,688, 88,591,464 or 197,767,336 parameters.
    input_shape : (int, int, int), optional
        Channels, height and width, at least 32x32; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    depths : sequence of int, optional
        Number of blocks of each stage, instead of those of `size`.
    width : float
        Factor on the number of filters.
    stochastic_depth : float, optional
        Probability of leaving out the last block in training, which increases linearly from zero
        for the first; by default the paper's, 0.1, 0.4, 0.5 and 0.5.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    References
    ----------
    Liu et al., "A ConvNet for the 2020s" (2022).

    Examples
    --------
    >>> [name for name, layer in convnext()['layers']][3:10]
    ['conv2_1a', 'norm2_1', 'conv2_1b', 'conv2_1c', 'scale2_1', 'sum2_1', 'conv2_2a']
    """
    if size not in SIZES:
        raise ValueError(f"size must be 'T', 'S', 'B' or 'L', got {size!r}")
    counts: tuple[int, ...]
    counts, filters, last = SIZES[size]
    if depths is not None:
        counts = tuple(depths) if isinstance(depths, Sequence) else ()
        if not counts or not all(is_integer(count, low=1) for count in counts):
            raise ValueError(f"depths must be a sequence of positive integers, got {depths!r}")
    last = last if stochastic_depth is None else stochastic_depth
    if problem := fraction(last):
        raise ValueError(f"stochastic_depth must be {problem}, got {stochastic_depth!r}")
    stack = Stack(input_shape, width)
    number, steps = 0, max(1, sum(counts) - 1)
    for stage, count in enumerate(counts, start=2):
        channels = stack.scaled(filters * 2 ** (stage - 2))
        if stage == 2:
            _convolve(stack, "1", channels, 4)
            _normalize(stack, "1")
        else:
            _normalize(stack, f"{stage}")
            _convolve(stack, f"{stage}", channels, 2)
        for i in range(1, count + 1):
            _block(stack, f"{stage}_{i}", channels, last * number / steps)
            number += 1
    stack.add("pool", GlobalPoolLayer)
    _normalize(stack, f"{len(counts) + 2}")
    return stack.end(num_classes) | {"output_W": START}


def _convolve(stack: Stack, place: str, filters: int, size: int) -> None:
    """Add a convolution of patches that touch each other."""
    patches = {"filter_size": size, "stride": size, "nonlinearity": None}
    stack.add(f"conv{place}", Conv2DLayer, num_filters=filters, W=START, **patches)


def _normalize(stack: Stack, place: str) -> None:
    stack.add(f"norm{place}", LayerNormLayer, axes=1, epsilon=1e-6)


def _block(stack: Stack, place: str, channels: int, p: float) -> None:
    entry, linear = stack.last, {"nonlinearity": None, "W": START}
    stack.add(f"conv{place}a", DepthwiseConv2DLayer, filter_size=7, pad="same", **linear)
    _normalize(stack, place)
    stack.add(f"conv{place}b", NINLayer, num_units=4 * channels, W=START, nonlinearity=gelu)
    stack.add(f"conv{place}c", NINLayer, num_units=channels, **linear)
    end = stack.add(f"scale{place}", ScaleLayer, scales=LAYER_SCALE)
    if p:
        end = stack.add(f"depth{place}", StochasticDepthLayer, p=p)
    stack.add(f"sum{place}", ElemwiseSumLayer, incomings=[end, entry])


ENDS = {
    **{"stem.0": "conv1", "stem.1": "norm1", "head.norm": "norm6", "head.fc": "output"},
    **{"features.0.0": "conv1", "features.0.1": "norm1"},
    **{"classifier.0": "norm6", "classifier.2": "output"},
}
"""Layers outside the stages by the names of timm and of torchvision."""

BLOCK = re.compile(r"stages\.(\d+)\.blocks\.(\d+)\.(.+)|features\.(\d+)\.(\d+)\.(.+)")

IN_BLOCK = {
    **{"conv_dw": "conv{}a", "norm": "norm{}", "mlp.fc1": "conv{}b", "mlp.fc2": "conv{}c"},
    **{"block.0": "conv{}a", "block.2": "norm{}", "block.3": "conv{}b", "block.5": "conv{}c"},
    **{"gamma": "scale{}.scales", "layer_scale": "scale{}.scales"},
}

DOWN = re.compile(r"stages\.(\d+)\.downsample\.([01])|features\.([246])\.([01])")


def torch_layer(module: str) -> str | None:
    """Return the layer that a module of a ConvNeXt in torchvision or timm stands for.

    For a tensor of its own, by its full name, it is the layer and the parameter.

    Examples
    --------
    >>> torch_layer('features.1.0.block.3'), torch_layer('stages.0.blocks.2.gamma')
    ('conv2_1b', 'scale2_3.scales')
    """
    if module in ENDS:
        return ENDS[module]
    if found := DOWN.fullmatch(module):
        timm, part, torchvision, other = found.groups()
        stage = int(timm) if timm else int(torchvision) // 2
        return f"{('norm', 'conv')[int(part or other)]}{stage + 2}"
    if found := BLOCK.fullmatch(module):
        number, block, rest = found.groups()[:3] if found[1] else found.groups()[3:]
        stage = int(number) + 2 if found[1] else (int(number) + 3) // 2
        return IN_BLOCK.get(rest, "").format(f"{stage}_{int(block) + 1}") or None
    return None

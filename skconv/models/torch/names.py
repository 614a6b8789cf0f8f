"""The names that torchvision and timm give to the layers of published networks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from ..alexnet import torch_layer as alexnet_layer
from ..convnext import torch_layer as convnext_layer
from ..densenet import torch_layer as densenet_layer
from ..efficientnet import TORCH_LAYERS as EFFICIENTNET_LAYERS
from ..mobilenet import TORCH_LAYERS as MOBILENET_LAYERS
from ..resnet import torch_layer as resnet_layer
from ..squeezenet import TORCH_LAYERS as SQUEEZENET_LAYERS
from ..vgg import TORCH_LAYERS as VGG_LAYERS
from ..vit import torch_layer as vit_layer

TorchLayer = Callable[[str], str | None]
"""Maps the path of a module of torch to the name of our layer, or to None.

It may also be called with the full name of a tensor, and return a layer and parameter,
``'layer.param'``, for tensors that belong to no layer of torch, such as ``'pos_embed'``.
"""

FAMILIES: dict[str, tuple[TorchLayer, ...]] = {
    "alexnet": (alexnet_layer,),
    "convnext": (convnext_layer,),
    "densenet": (densenet_layer,),
    "efficientnet": EFFICIENTNET_LAYERS,
    "mobilenet_v2": MOBILENET_LAYERS,
    "squeezenet": SQUEEZENET_LAYERS,
    "resnet": (resnet_layer,),
    "vgg": VGG_LAYERS,
    "vit": (vit_layer,),
}
"""By function of `skconv.models`: names in each of its variants."""


class Names(NamedTuple):
    """The layers of modules.

    Parameters
    ----------
    family : str
        Function of `skconv.models`; ``''`` if modules have the names of the layers.
    layers : dict of str to str
        Layers by path of the module, or by full name of a tensor.
    """

    family: str
    layers: dict[str, str]


def match_names(paths: Collection[str], tensors: Iterable[str], layers: Collection[str]) -> Names:
    """Return the layers that modules of torch stand for, in the family that fits best.

    Modules may also have the names of the layers, with dots in place of underscores.

    Parameters
    ----------
    paths : collection of str
        Paths of the modules.
    tensors : iterable of str
        Names of the tensors, without prefixes of wrappers.
    layers : collection of str
        Names of the layers of a network.

    Examples
    --------
    >>> match_names(['layer1.0.conv1', 'fc'], [], ['conv2_1a', 'output'])
    Names(family='resnet', layers={'layer1.0.conv1': 'conv2_1a', 'fc': 'output'})
    """
    tensors = list(tensors)
    known = set(layers)

    def own(path: str) -> str | None:
        return next((name for name in (path, path.replace(".", "_")) if name in known), None)

    found = [
        Names(family, _layers_of(names, paths, tensors))
        for family, variants in {"": (own,), **FAMILIES}.items()
        for names in variants
    ]
    return max(
        found, key=lambda names: sum(1 for name in names.layers.values() if _in(name, known))
    )


def _in(name: str, layers: Collection[str]) -> bool:
    return name in layers or name.rpartition(".")[0] in layers


def _layers_of(names: TorchLayer, paths: Iterable[str], tensors: Iterable[str]) -> dict[str, str]:
    direct = {key: place for key in tensors if "." in (place := names(key) or "")}
    return {path: layer for path in paths if (layer := names(path))} | direct


def likely_family(paths: Collection[str]) -> str | None:
    """Return the function of `skconv.models` whose published weights have such names, if any."""
    best = max(
        (sum(1 for path in paths if names(path)), family)
        for family, variants in FAMILIES.items()
        for names in variants
    )
    return best[1] if paths and best[0] > 0.8 * len(paths) else None

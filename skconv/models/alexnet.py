"""AlexNet."""

from __future__ import annotations

from typing import Any

from ..layers import DropoutLayer, LocalResponseNormalization2DLayer, MaxPool2DLayer
from .base import Stack

FILTERS = {1: (64, 192, 384, 256, 256), 2: (96, 256, 384, 384, 256)}
"""Number of filters of the five convolutions, by the number of groups."""


TORCH = {
    **{f"features.{i}": f"conv{n}" for n, i in enumerate((0, 3, 6, 8, 10), start=1)},
    **{f"classifier.{i}": name for i, name in ((1, "fc6"), (4, "fc7"), (6, "output"))},
}
"""Layers by their names in torchvision, whose alexnet is that with one group."""


def torch_layer(module: str) -> str | None:
    """Return the layer that a module of torchvision's alexnet stands for.

    Examples
    --------
    >>> torch_layer('features.3')
    'conv2'
    """
    return TORCH.get(module)


def alexnet(
    input_shape: tuple[int, int, int] | None = (3, 224, 224),
    num_classes: int | None = 1000,
    *,
    groups: int = 2,
    width: float = 1.0,
    small: bool = False,
) -> dict[str, Any]:
    """Return AlexNet, in its version for two devices or for one.

    Parameters
    ----------
    input_shape : (int, int, int), optional
        Channels, height and width; None to infer them from X.
    num_classes : int, optional
        Number of classes; None to infer it from y.
    groups : 1 or 2
        2 for Krizhevsky et al. (2012): the second, fourth and fifth convolution have two groups,
        and local response normalization follows the first two; 60,965,224 parameters. 1 for
        Krizhevsky (2014), without normalization; 61,100,840 parameters.
    width : float
        Factor on the number of filters and hidden units.
    small : bool
        Whether the first convolution is 5x5 with stride 1, for images of 32x32, as in Krizhevsky's
        networks for CIFAR.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    Notes
    -----
    The first convolution is padded by 2, so that images of 224x224 give maps of 55x55; that of the
    paper would need 227x227. The paper of 2014 has 384 filters in the fourth convolution, but its
    code, cuda-convnet2's ``layers-imagenet-1gpu.cfg``, has 256, as does torchvision.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural
    networks" (2012). Krizhevsky, "One weird trick for parallelizing convolutional neural networks"
    (2014).

    Examples
    --------
    >>> [name for name, layer in alexnet()['layers']][:5]
    ['input', 'conv1', 'norm1', 'pool1', 'conv2']
    """
    if groups not in FILTERS:
        raise ValueError(f"groups must be 1 or 2, got {groups!r}")
    split = {"num_groups": groups}
    first = {"filter_size": 5} if small else {"filter_size": 11, "stride": 4, "pad": 2}
    convolutions: tuple[dict[str, Any], ...] = (
        first,
        {"filter_size": 5, **split},
        {"filter_size": 3},
        {"filter_size": 3, **split},
        {"filter_size": 3, **split},
    )
    stack = Stack(input_shape, width)
    for i, (filters, fields) in enumerate(zip(FILTERS[groups], convolutions, strict=True), start=1):
        stack.conv(f"conv{i}", filters, **fields)
        if groups == 2 and i in (1, 2):
            stack.add(f"norm{i}", LocalResponseNormalization2DLayer)
        if i in (1, 2, 5):
            stack.add(f"pool{i}", MaxPool2DLayer, pool_size=3, stride=2)
    for i in (6, 7):
        stack.dense(f"fc{i}", 4096)
        stack.add(f"dropout{i}", DropoutLayer)
    return stack.end(num_classes)

"""Pairs of layers and equivalent torch modules, in everyday sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """A layer and the equivalent torch module.

    Parameters
    ----------
    name : str
        Name for ``--only``.
    ours : callable
        Maps the module `skconv.layers` to a layer.
    theirs : callable
        Maps the module `torch` to a module or function of the inputs.
    shapes : tuple of tuple
        Shapes of the inputs: batch, channels, and further axes.
    classes : int, optional
        If given, the inputs are integers below it, without gradients.
    why : str
        The reason if it misses the bar.
    """

    name: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    shapes: tuple[Shape, ...]
    classes: int | None = None
    why: str = ""


def _conv(name: str, shape: Shape, filters: int, size: int, why: str = "", **options: Any) -> Pair:
    """Return a pair of linear convolutions; `options` are torch's."""
    axes = len(shape) - 2
    renamed = {"padding": "pad", "groups": "num_groups"}
    own = {renamed.get(key, key): value for key, value in options.items()}
    return Pair(
        name,
        lambda layers: getattr(layers, f"Conv{axes}DLayer")(
            num_filters=filters, filter_size=size, nonlinearity=None, **own
        ),
        lambda torch: getattr(torch.nn, f"Conv{axes}d")(shape[1], filters, size, **options),
        (shape,),
        why=why,
    )


MIDDLE = (64, 64, 16, 16)
"""Shape of the images in the middle of a small network."""

PRODUCTS = "XLA's matrix products run at half the rate of the library that torch calls"

ZEROS = "groups are one product, with zeros for the channels that a filter does not use"

PAIRS = (
    Pair(
        "dense",
        lambda layers: layers.DenseLayer(num_units=500, nonlinearity=None),
        lambda torch: torch.nn.Linear(784, 500),
        ((128, 784),),
    ),
    Pair(
        "dense with rectifier",
        lambda layers: layers.DenseLayer(num_units=1000),
        lambda torch: torch.nn.Sequential(torch.nn.Linear(1000, 1000), torch.nn.ReLU()),
        ((128, 1000),),
    ),
    _conv("conv1d 5", (64, 32, 256), 64, 5, padding=2),
    _conv("conv1d 3 dilated 4", (64, 32, 256), 64, 3, padding=4, dilation=4),
    _conv("conv2d 3x3", MIDDLE, 64, 3, PRODUCTS, padding=1),
    _conv("conv2d 3x3 of 3 channels", (64, 3, 32, 32), 64, 3, padding=1),
    _conv(
        "conv2d 5x5",
        (64, 32, 16, 16),
        32,
        5,
        PRODUCTS,
        padding=2,
    ),
    _conv("conv2d 3x3 strided 2", MIDDLE, 128, 3, padding=1, stride=2),
    _conv(
        "conv2d 11x11 strided 4",
        (16, 3, 64, 64),
        64,
        11,
        "patches are materialized for the product and both gradients",
        padding=2,
        stride=4,
    ),
    _conv(
        "conv2d 3x3 dilated 2",
        MIDDLE,
        64,
        3,
        "pixels are rearranged into one image per phase, and back",
        padding=2,
        dilation=2,
    ),
    _conv("conv2d 3x3, 2 groups", MIDDLE, 64, 3, ZEROS, padding=1, groups=2),
    _conv("conv2d 3x3, 16 groups", MIDDLE, 64, 3, ZEROS, padding=1, groups=16),
    _conv("conv2d 1x1", MIDDLE, 128, 1),
    _conv("conv2d 1x1 strided 2", MIDDLE, 128, 1, stride=2),
    Pair(
        "nin",
        lambda layers: layers.NINLayer(num_units=128, nonlinearity=None),
        lambda torch: torch.nn.Conv2d(64, 128, 1),
        (MIDDLE,),
    ),
    Pair(
        "depthwise 3x3",
        lambda layers: layers.DepthwiseConv2DLayer(filter_size=3, pad=1, nonlinearity=None),
        lambda torch: torch.nn.Conv2d(64, 64, 3, padding=1, groups=64),
        (MIDDLE,),
        why="images are read once per filter position, in both directions",
    ),
    Pair(
        "depthwise 5x5 strided 2",
        lambda layers: layers.DepthwiseConv2DLayer(
            filter_size=5, pad=2, stride=2, nonlinearity=None
        ),
        lambda torch: torch.nn.Conv2d(64, 64, 5, padding=2, stride=2, groups=64),
        (MIDDLE,),
    ),
    Pair(
        "separable 3x3",
        lambda layers: layers.SeparableConv2DLayer(
            num_filters=128, filter_size=3, pad=1, nonlinearity=None
        ),
        lambda torch: torch.nn.Sequential(
            torch.nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False),
            torch.nn.Conv2d(64, 128, 1),
        ),
        (MIDDLE,),
    ),
    _conv(
        "conv3d 3x3x3",
        (8, 16, 8, 16, 16),
        32,
        3,
        "XLA lacks a fast path for volumes, and patches are 27 times as large",
        padding=1,
    ),
    Pair(
        "transposed 4x4 strided 2",
        lambda layers: layers.TransposedConv2DLayer(
            num_filters=32, filter_size=4, stride=2, crop=1, nonlinearity=None
        ),
        lambda torch: torch.nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
        ((64, 64, 8, 8),),
        why="patches of the larger image are materialized for the gradients",
    ),
    Pair(
        "transposed 3x3",
        lambda layers: layers.TransposedConv2DLayer(
            num_filters=32, filter_size=3, crop=1, nonlinearity=None
        ),
        lambda torch: torch.nn.ConvTranspose2d(64, 32, 3, padding=1),
        ((64, 64, 8, 8),),
        why=PRODUCTS,
    ),
    Pair(
        "max pool 2/2",
        lambda layers: layers.MaxPool2DLayer(pool_size=2),
        lambda torch: torch.nn.MaxPool2d(2),
        (MIDDLE,),
    ),
    Pair(
        "max pool 3/2",
        lambda layers: layers.MaxPool2DLayer(pool_size=3, stride=2),
        lambda torch: torch.nn.MaxPool2d(3, 2),
        (MIDDLE,),
    ),
    Pair(
        "max pool 3/1 padded",
        lambda layers: layers.MaxPool2DLayer(pool_size=3, stride=1, pad=1),
        lambda torch: torch.nn.MaxPool2d(3, 1, 1),
        (MIDDLE,),
    ),
    Pair(
        "average pool 2/2",
        lambda layers: layers.Pool2DLayer(pool_size=2, mode="average"),
        lambda torch: torch.nn.AvgPool2d(2),
        (MIDDLE,),
    ),
    Pair(
        "average pool 3/2",
        lambda layers: layers.Pool2DLayer(pool_size=3, stride=2, mode="average"),
        lambda torch: torch.nn.AvgPool2d(3, 2),
        (MIDDLE,),
    ),
    Pair(
        "global pool",
        lambda layers: layers.GlobalPoolLayer(),
        lambda torch: lambda x: x.mean((2, 3)),
        (MIDDLE,),
    ),
    Pair(
        "upscale 2",
        lambda layers: layers.Upscale2DLayer(scale_factor=2),
        lambda torch: torch.nn.Upsample(scale_factor=2),
        (MIDDLE,),
    ),
    Pair(
        "batch norm",
        lambda layers: layers.BatchNormLayer(),
        lambda torch: torch.nn.BatchNorm2d(64),
        (MIDDLE,),
    ),
    Pair(
        "local response norm",
        lambda layers: layers.LocalResponseNormalization2DLayer(),
        lambda torch: torch.nn.LocalResponseNorm(5, k=2.0),
        (MIDDLE,),
    ),
    Pair(
        "layer norm",
        lambda layers: layers.LayerNormLayer(),
        lambda torch: torch.nn.LayerNorm(500),
        ((512, 500),),
        why="XLA reads the rows once per sum, for four sums",
    ),
    Pair(
        "group norm, 8 groups",
        lambda layers: layers.GroupNormLayer(num_groups=8),
        lambda torch: torch.nn.GroupNorm(8, 64),
        (MIDDLE,),
        why="XLA reads the images once per sum, for four sums",
    ),
    Pair(
        "instance norm",
        lambda layers: layers.InstanceNormLayer(),
        lambda torch: torch.nn.InstanceNorm2d(64, affine=True),
        (MIDDLE,),
    ),
    Pair(
        "dropout",
        lambda layers: layers.DropoutLayer(),
        lambda torch: torch.nn.Dropout(),
        (MIDDLE,),
    ),
    Pair(
        "spatial dropout",
        lambda layers: layers.SpatialDropoutLayer(),
        lambda torch: torch.nn.Dropout2d(),
        (MIDDLE,),
    ),
    Pair(
        "rectifier",
        lambda layers: layers.NonlinearityLayer(),
        lambda torch: torch.nn.ReLU(),
        (MIDDLE,),
    ),
    Pair(
        "parametric rectifier",
        lambda layers: layers.ParametricRectifierLayer(),
        lambda torch: torch.nn.PReLU(64),
        (MIDDLE,),
    ),
    Pair(
        "spatial transformer",
        lambda layers: layers.TransformerLayer(localization_network="theta"),
        lambda torch: (
            lambda x, theta: torch.nn.functional.grid_sample(
                x,
                torch.nn.functional.affine_grid(theta.view(-1, 2, 3), x.shape, align_corners=True),
                padding_mode="border",
                align_corners=True,
            )
        ),
        (MIDDLE, (64, 6)),
    ),
    Pair(
        "sum",
        lambda layers: layers.ElemwiseSumLayer(),
        lambda torch: torch.add,
        (MIDDLE, MIDDLE),
        why="torch passes the same gradient to both inputs; the loop writes both to memory",
    ),
    Pair(
        "concat",
        lambda layers: layers.ConcatLayer(),
        lambda torch: lambda *xs: torch.cat(xs, 1),
        (MIDDLE, MIDDLE),
        why="torch passes views of one gradient; the loop writes both to memory",
    ),
    Pair(
        "embedding",
        lambda layers: layers.EmbeddingLayer(input_size=5000, output_size=64),
        lambda torch: torch.nn.Embedding(5000, 64),
        ((64, 100),),
        classes=5000,
    ),
)

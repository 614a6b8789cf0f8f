"""Inverted residual blocks, of which MobileNetV2 and EfficientNet consist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..layers import (
    BatchNormLayer,
    DepthwiseConv2DLayer,
    ElemwiseSumLayer,
    NonlinearityLayer,
    SqueezeExciteLayer,
    StochasticDepthLayer,
)
from .base import RECTIFIED, Stack


def divisible(number: float) -> int:
    """Return a number of filters as a multiple of 8, at least nine tenths of what is asked for.

    Examples
    --------
    >>> divisible(16 * 0.75), divisible(24 * 0.75), divisible(3)
    (16, 24, 8)
    """
    nearest = max(8, int(number + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * number else nearest


@dataclass(frozen=True)
class Blocks:
    """What the blocks of a network have in common, and how they are added to it.

    Parameters
    ----------
    stack : Stack
        The network in the making.
    nonlinearity : callable
    norm : dict
        Fields of the `BatchNormLayer`.
    pad : str
        Padding of the convolutions.
    squeezes : bool
        Whether squeeze-and-excitation follows the depthwise convolution, with a hidden unit for
        four channels of the block's input.
    """

    stack: Stack
    nonlinearity: Callable[..., Any]
    norm: dict[str, Any]
    pad: str = "same"
    squeezes: bool = False

    def conv(self, place: str, filters: int, size: int, **fields: Any) -> str:
        """Add a convolution with its normalization and nonlinearity."""
        self._convolve(place, filters, size, **fields)
        return self._activate(place)

    def add(
        self,
        place: str,
        channels: int,
        filters: int,
        *,
        expansion: int,
        size: int,
        stride: int,
        p: float = 0.0,
    ) -> str:
        """Add a block.

        Parameters
        ----------
        place : str
            End of the names of its layers.
        channels, filters : int
            Channels of its input and output. If they are equal, and the stride is 1, the input is
            added to the output.
        expansion : int
            Factor from `channels` to the filters of the depthwise convolution.
        size, stride : int
            Those of the depthwise convolution.
        p : float
            Probability of leaving out the block in training.
        """
        stack, entry = self.stack, self.stack.last
        if expansion != 1:
            self.conv(f"{place}a", expansion * channels, 1)
        stack.add(
            f"conv{place}b",
            DepthwiseConv2DLayer,
            filter_size=size,
            stride=stride,
            pad=self.pad,
            W=RECTIFIED,
            b=None,
            nonlinearity=None,
        )
        stack.add(f"norm{place}b", BatchNormLayer, **self.norm)
        self._activate(f"{place}b")
        if self.squeezes:
            hidden = {"num_hidden": max(1, channels // 4), "nonlinearity1": self.nonlinearity}
            stack.add(f"squeeze{place}", SqueezeExciteLayer, **hidden)
        end = self._convolve(f"{place}c", filters, 1)
        if stride > 1 or channels != filters:
            return end
        if p:
            end = stack.add(f"depth{place}", StochasticDepthLayer, p=p)
        return stack.add(f"sum{place}", ElemwiseSumLayer, incomings=[end, entry])

    def _convolve(self, place: str, filters: int, size: int, **fields: Any) -> str:
        given = {"pad": self.pad, "b": None, "nonlinearity": None, **fields}
        self.stack.conv(f"conv{place}", filters, size, **given)
        return self.stack.add(f"norm{place}", BatchNormLayer, **self.norm)

    def _activate(self, place: str) -> str:
        given = {"nonlinearity": self.nonlinearity}
        return self.stack.add(f"activate{place}", NonlinearityLayer, **given)


ENDS = {
    **{"conv_stem": "conv1", "bn1": "norm1", "conv_head": "conv9", "bn2": "norm9"},
    **{"_conv_stem": "conv1", "_bn0": "norm1", "_conv_head": "conv9", "_bn1": "norm9"},
    **{"features.0.0": "conv1", "features.0.1": "norm1"},
    **{f"features.{end}.0": "conv9" for end in (8, 18)},
    **{f"features.{end}.1": "norm9" for end in (8, 18)},
    **dict.fromkeys(("classifier", "classifier.1", "_fc"), "output"),
}
"""Layers outside the blocks by the names of timm, efficientnet_pytorch and torchvision."""


def torch_layers(counts: Sequence[int]) -> dict[str, str]:
    """Return the layers of a network by their names in timm, torchvision and efficientnet_pytorch.

    Parameters
    ----------
    counts : sequence of int
        Number of blocks of each stage; the first has blocks without expansion.

    Returns
    -------
    dict of str to str
        Both maps of a `SqueezeExciteLayer` belong to it.

    Examples
    --------
    >>> names = torch_layers((1, 2))
    >>> names['blocks.1.0.conv_pw'], names['_blocks.2._bn0'], names['features.2.1.block.2.fc1']
    ('conv3_1a', 'norm3_2a', 'squeeze3_2')
    """
    found, number = dict(ENDS), 0
    for stage, count in enumerate(counts):
        letters = "abc" if stage else "bc"
        for block in range(count):
            place = f"{stage + 2}_{block + 1}"
            paths = {
                f"blocks.{stage}.{block}.": _timm(letters),
                f"_blocks.{number}.": _efficientnet_pytorch(letters),
                f"features.{stage + 1}.{block}.block.": _torchvision(letters),
                f"features.{number + 1}.conv.": _torchvision_mobilenet(letters),
            }
            for path, layers in paths.items():
                found |= {path + module: name.format(place) for module, name in layers.items()}
            number += 1
    return found


def _timm(letters: str) -> dict[str, str]:
    pointwise = {"conv_pw": "a", "conv_pwl": "c"} if "a" in letters else {"conv_pw": "c"}
    return {
        "conv_dw": "conv{}b",
        **{module: f"conv{{}}{letter}" for module, letter in pointwise.items()},
        **{f"bn{i}": f"norm{{}}{letter}" for i, letter in enumerate(letters, start=1)},
        **dict.fromkeys(("se.conv_reduce", "se.conv_expand"), "squeeze{}"),
    }


def _efficientnet_pytorch(letters: str) -> dict[str, str]:
    convolutions = {"a": "_expand_conv", "b": "_depthwise_conv", "c": "_project_conv"}
    return {
        **{convolutions[letter]: f"conv{{}}{letter}" for letter in letters},
        **{f"_bn{'abc'.index(letter)}": f"norm{{}}{letter}" for letter in letters},
        **dict.fromkeys(("_se_reduce", "_se_expand"), "squeeze{}"),
    }


def _torchvision(letters: str) -> dict[str, str]:
    """Name the layers of EfficientNet, whose squeeze comes before the last convolution."""
    last = len(letters) - 1
    places = {letter: i for i, letter in enumerate(letters)} | {"c": last + 1}
    return {
        **{f"{i}.0": f"conv{{}}{letter}" for letter, i in places.items()},
        **{f"{i}.1": f"norm{{}}{letter}" for letter, i in places.items()},
        **dict.fromkeys((f"{last}.fc1", f"{last}.fc2"), "squeeze{}"),
    }


def _torchvision_mobilenet(letters: str) -> dict[str, str]:
    """Name the layers of MobileNetV2, whose last convolution and normalization come singly."""
    first, last = letters[:-1], letters[-1]
    return {
        **{f"{i}.0": f"conv{{}}{letter}" for i, letter in enumerate(first)},
        **{f"{i}.1": f"norm{{}}{letter}" for i, letter in enumerate(first)},
        **{f"{len(first)}": f"conv{{}}{last}", f"{len(letters)}": f"norm{{}}{last}"},
    }

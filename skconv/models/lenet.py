"""LeNet-5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import HeNormal, Normal
from ..layers import (
    BiasLayer,
    Context,
    Conv2DLayer,
    DenseLayer,
    NonlinearityLayer,
    ParamSpec,
    Pool2DLayer,
    ScaleLayer,
    structural,
)
from ..layers.base import Output, Params
from ..layers.shapes import Shape
from ..nonlinearities import scaled_tanh
from .base import Stack

TABLE = (
    *(tuple(sorted((i + j) % 6 for j in (0, 1, 2))) for i in range(6)),
    *(tuple(sorted((i + j) % 6 for j in (0, 1, 2, 3))) for i in range(6)),
    *(tuple(sorted((i + j) % 6 for j in (0, 1, 3, 4))) for i in range(3)),
    tuple(range(6)),
)
"""Maps of S2 connected to each map of C3: Table I of the paper."""

FAN = HeNormal()
"""Standard deviation ``1 / sqrt(inputs)`` (LeCun et al., "Efficient BackProp")."""


@dataclass(frozen=True)
class TableConv2DLayer(Conv2DLayer):
    """2D convolution whose filters are connected to some channels each (LeCun et al. 1998).

    Parameters
    ----------
    table : sequence of sequence of int
        The channels of each filter.
    W : initializer, array or name of a layer
        Filters of shape ``(connections, height, width)``, in the order of the table.
    num_filters, filter_size, stride, pad, untie_biases, b, nonlinearity, flip_filters, dilation
        As in `Conv2DLayer`.

    Examples
    --------
    >>> layer = TableConv2DLayer(num_filters=2, filter_size=5, table=((0, 1), (2,)))
    >>> layer.param_specs((None, 3, 14, 14))['W'].shape
    (3, 5, 5)
    """

    table: Any = structural()

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.table, tuple):
            object.__setattr__(self, "table", tuple(map(tuple, self.table)))

    def _connections(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the filters and the channels of all connections."""
        pairs = [(i, channel) for i, channels in enumerate(self.table) for channel in channels]
        return tuple(i for i, _ in pairs), tuple(channel for _, channel in pairs)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of images with one channel per filter."""
        channels = input_shapes[0][1]
        known = all(0 <= c < channels for row in self.table for c in row) and all(self.table)
        if self.num_groups != 1 or len(self.table) != self.num_filters or not known:
            raise LayerError(
                f"table must hold some of {channels} channels for each of {self.num_filters} "
                f"filters, in one group, got {self.table!r}"
            )
        return super().output_shape(*input_shapes)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W``, with the connected filters only, and ``b``."""
        specs = super().param_specs(*input_shapes)
        size = specs["W"].shape[2:]
        return specs | {"W": ParamSpec((len(self._connections()[0]), *size), self.W)}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the convolution, with zero weights for absent connections."""
        full = self.all_filters(params["W"], inputs[0].shape[-1])
        return super().apply(params | {"W": full}, state, *inputs, ctx=ctx)

    def all_filters(self, W: jax.Array, channels: int) -> jax.Array:
        """Return filters for all channels, which are zero for absent connections."""
        shape = (self.num_filters, channels, *W.shape[1:])
        return jnp.zeros(shape, W.dtype).at[self._connections()].set(W)


def lenet5(
    input_shape: tuple[int, int, int] | None = (1, 32, 32), num_classes: int | None = 10
) -> dict[str, Any]:
    """Return LeNet-5 (LeCun et al. 1998).

    Parameters
    ----------
    input_shape : (int, int, int), optional
        Channels, height and width, at least 32x32; None to infer them from X. For digits of 28x28,
        which the paper centers in 32x32, add ``c1_pad=2``.
    num_classes : int, optional
        Number of classes; None to infer it from y.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    Notes
    -----
    Up to F6 the network is that of the paper, with 60,000 parameters: maps of C3 are connected to
    some maps of S2, and subsampling has a learned coefficient and bias per map, here for the mean
    of four pixels instead of their sum. The output is a dense layer with 850 more parameters, while
    that of the paper has fixed weights, bitmaps of the characters.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition"
    (1998).

    Examples
    --------
    >>> [name for name, layer in lenet5()['layers']]  # doctest: +NORMALIZE_WHITESPACE
    ['input', 'c1', 's2', 's2_coefficient', 's2_bias', 's2_squash', 'c3', 's4', 's4_coefficient',
     's4_bias', 's4_squash', 'c5', 'f6', 'output']
    """
    stack = Stack(input_shape)
    maps = {"filter_size": 5, "nonlinearity": scaled_tanh}
    stack.add("c1", Conv2DLayer, num_filters=6, W=FAN, **maps)
    _subsample(stack, "s2")
    mean_inputs = 5 * 5 * sum(map(len, TABLE)) / len(TABLE)
    start = Normal(mean_inputs**-0.5)
    stack.add("c3", TableConv2DLayer, num_filters=len(TABLE), W=start, table=TABLE, **maps)
    _subsample(stack, "s4")
    stack.add("c5", Conv2DLayer, num_filters=120, W=FAN, **maps)
    stack.add("f6", DenseLayer, num_units=84, W=FAN, nonlinearity=scaled_tanh)
    return stack.end(num_classes)


def _subsample(stack: Stack, name: str) -> None:
    stack.add(name, Pool2DLayer, pool_size=2, mode="average")
    stack.add(f"{name}_coefficient", ScaleLayer)
    stack.add(f"{name}_bias", BiasLayer)
    stack.add(f"{name}_squash", NonlinearityLayer, nonlinearity=scaled_tanh)

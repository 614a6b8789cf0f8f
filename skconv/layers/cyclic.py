"""Layers that exploit the rotational symmetry of images (Dieleman et al. 2016).

Layers between a `CyclicSliceLayer` and a `CyclicPoolLayer` see each image in all orientations, with
the same weights. The copies of a batch are stacked along its first axis, copy after copy; in shapes
the batch remains None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import LayerError
from ..utils.checks import one_of
from ..utils.fields import structural
from .base import Context, Copies, Layer, Output, Params
from .shapes import Shape, need_images

__all__ = [
    "CyclicPoolLayer",
    "CyclicRollLayer",
    "CyclicSliceLayer",
    "CyclicStackLayer",
    "root_mean_square",
]


class _Turn(NamedTuple):
    """An optional reflection, followed by counterclockwise quarter turns."""

    quarters: int
    mirrored: bool

    def __matmul__(self, other: _Turn) -> _Turn:
        """Return the other turn followed by this one; a reflection reverses earlier turns."""
        sign = -1 if self.mirrored else 1
        quarters = (self.quarters + sign * other.quarters) % 4
        return _Turn(quarters, self.mirrored != other.mirrored)

    def of(self, x: jax.Array) -> jax.Array:
        """Turn channels-last images; other arrays are returned unchanged."""
        if x.ndim == 2:
            return x
        return jnp.rot90(x[:, :, ::-1] if self.mirrored else x, self.quarters, axes=(1, 2))

    def undone(self) -> _Turn:
        """Return the inverse; a mirrored turn is its own."""
        return self if self.mirrored else _Turn(-self.quarters % 4, False)


GROUPS = {
    "cyclic": tuple(_Turn(quarters, False) for quarters in range(4)),
    "dihedral": tuple(
        _Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)
    ),
}


def root_mean_square(x: jax.Array, axis: int) -> jax.Array:
    """Return the root mean square, the pooling that won the plankton competition.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> print(root_mean_square(jnp.array([3.0, -3.0]), axis=0))
    3.0
    """
    tiny = jnp.asarray(1e-12, x.dtype)
    return jnp.sqrt(jnp.square(x).mean(axis) + tiny)


def _reducer(value: Any) -> str | None:
    return None if callable(value) else "a function (array, axis) -> array"


@dataclass(frozen=True)
class _CyclicLayer(Layer):
    """Base class of layers for the orientations of a group."""

    group: str = structural("cyclic", check=one_of(*GROUPS))

    layout = "channels_last"

    @property
    def _turns(self) -> tuple[_Turn, ...]:
        return GROUPS[self.group]


@dataclass(frozen=True)
class CyclicSliceLayer(_CyclicLayer):
    """Stack all orientations of each image along the batch (Dieleman et al. 2016).

    The batch becomes four times as long: first all images, then all rotated counterclockwise by 90,
    180 and 270 degrees; for the dihedral group, the same follows for the images flipped left to
    right. A `CyclicPoolLayer` or `CyclicStackLayer` of the same group must follow.

    Parameters
    ----------
    group : 'cyclic' or 'dihedral'
        The 4 rotations, or the 8 rotations and reflections.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> from skconv.layers import Conv2DLayer, CyclicPoolLayer, DenseLayer, InputLayer
    >>> net = NeuralNet(
    ...     [
    ...         ('input', InputLayer),
    ...         ('slice', CyclicSliceLayer),
    ...         ('conv', Conv2DLayer),
    ...         ('hidden', DenseLayer),
    ...         ('pool', CyclicPoolLayer),
    ...         ('output', DenseLayer),
    ...     ],
    ...     input_shape=(None, 1, 28, 28),
    ...     conv_num_filters=16,
    ...     conv_filter_size=5,
    ...     hidden_num_units=64,
    ...     output_num_units=10,
    ... )
    >>> net.initialize().layers_['hidden'].output_shape
    (None, 64)
    """

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        _need_squares(input_shapes[0])
        return input_shapes[0]

    def copies(self, *given: Copies) -> Copies:
        """Return the input's copies times the orientations of the group."""
        return (len(self._turns), *super().copies(*given))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the images in all orientations."""
        return jnp.concatenate([turn.of(inputs[0]) for turn in self._turns]), state


@dataclass(frozen=True)
class _GatheringLayer(_CyclicLayer):
    """Base class of layers that combine the orientations of each row."""

    def copies(self, *given: Copies) -> Copies:
        """Return the input's copies without those of the last slice."""
        copies, wanted = super().copies(*given), len(self._turns)
        if copies[:1] != (wanted,):
            raise LayerError(
                f"input must have the {wanted} copies of each row of a CyclicSliceLayer with "
                f"group={self.group!r}, got {copies[0] if copies else 1}"
            )
        return copies[1:]

    def _apart(self, x: jax.Array) -> jax.Array:
        """Move the orientations to a new first axis."""
        return x.reshape(len(self._turns), -1, *x.shape[1:])

    def _aligned(self, x: jax.Array) -> list[jax.Array]:
        """Return the maps of each orientation, turned back."""
        pairs = zip(self._turns, self._apart(x), strict=True)
        return [turn.undone().of(maps) for turn, maps in pairs]


@dataclass(frozen=True)
class CyclicPoolLayer(_GatheringLayer):
    """Pool the orientations of each image into one row (Dieleman et al. 2016).

    Maps are turned back before they are pooled, so that they align. The output is the same for all
    orientations of an image or, for maps, turns with the image.

    Parameters
    ----------
    group : 'cyclic' or 'dihedral'
        That of the preceding `CyclicSliceLayer`.
    pool_function : callable
        ``(array, axis) -> array``, by default the mean; others are `root_mean_square` and
        ``jnp.max``.

    Examples
    --------
    >>> CyclicPoolLayer().output_shape((None, 64))
    (None, 64)
    """

    pool_function: Any = structural(jnp.mean, check=_reducer)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        _need_rows_or_squares(input_shapes[0])
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the pooled orientations."""
        return self.pool_function(jnp.stack(self._aligned(inputs[0])), axis=0), state


@dataclass(frozen=True)
class CyclicStackLayer(_GatheringLayer):
    """Stack the orientations of each image as channels (Dieleman et al. 2016).

    Maps are turned back, so that they align; those of the original images come first.

    Parameters
    ----------
    group : 'cyclic' or 'dihedral'
        That of the preceding `CyclicSliceLayer`.

    Examples
    --------
    >>> CyclicStackLayer().output_shape((None, 64, 7, 7))
    (None, 256, 7, 7)
    """

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the input's shape with the channels of all orientations."""
        return _times_channels(input_shapes[0], len(self._turns))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the orientations as channels."""
        return jnp.concatenate(self._aligned(inputs[0]), axis=-1), state


@dataclass(frozen=True)
class CyclicRollLayer(_GatheringLayer):
    """Give each orientation the feature maps of all orientations (Dieleman et al. 2016).

    The number of rows stays, with four times the channels: first the orientation's own, then those
    of the next orientation, turned back, and so on. Earlier layers therefore need fewer filters.

    Parameters
    ----------
    group : 'cyclic' or 'dihedral'
        That of the preceding `CyclicSliceLayer`.

    Examples
    --------
    >>> CyclicRollLayer().output_shape((None, 16, 12, 12))
    (None, 64, 12, 12)
    """

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the input's shape with the channels of all orientations."""
        return _times_channels(input_shapes[0], len(self._turns))

    def copies(self, *given: Copies) -> Copies:
        """Return the input's copies."""
        return (len(self._turns), *super().copies(*given))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the maps of all orientations for each, turned to its own."""
        x = inputs[0]
        apart = self._apart(x)
        blocks = []
        for turn in self._turns:
            further = np.array([self._turns.index(turn @ own) for own in self._turns])
            blocks.append(turn.undone().of(apart[further].reshape(x.shape)))
        return jnp.concatenate(blocks, axis=-1), state


def _need_squares(shape: Shape) -> None:
    need_images(shape, 2)
    if shape[2] != shape[3]:
        raise LayerError(f"input must be square images, which can be turned, got {shape}")


def _need_rows_or_squares(shape: Shape) -> None:
    if len(shape) != 2:
        _need_squares(shape)


def _times_channels(shape: Shape, times: int) -> Shape:
    _need_rows_or_squares(shape)
    return (shape[0], times * shape[1], *shape[2:])

"""Layers that build the symmetry of images into the network (Dieleman et al. 2016).

What lies between a `CyclicSliceLayer` and a `CyclicPoolLayer` sees each image in all its
orientations, with the same weights. The copies of a batch are stacked along its first axis, copy
after copy; shapes go on to name the batch None.
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
from .base import Context, Copies, Layer, Params
from .shapes import Shape, need_images

__all__ = [
    "CyclicPoolLayer",
    "CyclicRollLayer",
    "CyclicSliceLayer",
    "CyclicStackLayer",
    "root_mean_square",
]


class _Turn(NamedTuple):
    """A mirror image or none, then quarter turns against the clock."""

    quarters: int
    mirrored: bool

    def __matmul__(self, other: _Turn) -> _Turn:
        """Do the other, then this one: a mirror reverses the turns before it."""
        sign = -1 if self.mirrored else 1
        quarters = (self.quarters + sign * other.quarters) % 4
        return _Turn(quarters, self.mirrored != other.mirrored)

    def of(self, x: jax.Array) -> jax.Array:
        """Turn images with the channels last; what is no image stays."""
        if x.ndim == 2:
            return x
        return jnp.rot90(x[:, :, ::-1] if self.mirrored else x, self.quarters, axes=(1, 2))

    def undone(self) -> _Turn:
        """The opposite; a mirrored turn is its own."""
        return self if self.mirrored else _Turn(-self.quarters % 4, False)


GROUPS = {
    "cyclic": tuple(_Turn(quarters, False) for quarters in range(4)),
    "dihedral": tuple(
        _Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)
    ),
}


def root_mean_square(x: jax.Array, axis: int) -> jax.Array:
    """Root of the mean square, for `CyclicPoolLayer`: what won the plankton competition.

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
    """Works on all orientations of a group."""

    group: str = structural("cyclic", check=one_of(*GROUPS))

    layout = "channels_last"

    @property
    def _turns(self) -> tuple[_Turn, ...]:
        return GROUPS[self.group]


@dataclass(frozen=True)
class CyclicSliceLayer(_CyclicLayer):
    """Feed each image on in all its orientations, as rows of the batch (Dieleman et al. 2016).

    The batch becomes four times as long: first all images as they are, then all turned by 90
    degrees against the clock, by 180 and by 270, and of the dihedral group the same of the images
    whose left and right are swapped. A `CyclicPoolLayer` or `CyclicStackLayer` of the same group
    has to follow.

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
        """The shape of the input."""
        _need_squares(input_shapes[0])
        return input_shapes[0]

    def copies(self, *given: Copies) -> Copies:
        """As many more as the group has orientations."""
        return (len(self._turns), *super().copies(*given))

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Turn and stack."""
        return jnp.concatenate([turn.of(inputs[0]) for turn in self._turns]), state


@dataclass(frozen=True)
class _GatheringLayer(_CyclicLayer):
    """Looks at all orientations of a row at once."""

    def copies(self, *given: Copies) -> Copies:
        """Those of the layers before, without the orientations of the last slice."""
        copies, wanted = super().copies(*given), len(self._turns)
        if copies[:1] != (wanted,):
            raise LayerError(
                f"takes the {wanted} copies of each row that a CyclicSliceLayer with "
                f"group={self.group!r} makes, got {copies[0] if copies else 1}"
            )
        return copies[1:]

    def _apart(self, x: jax.Array) -> jax.Array:
        """Give the orientations an axis of their own, the first."""
        return x.reshape(len(self._turns), -1, *x.shape[1:])

    def _aligned(self, x: jax.Array) -> list[jax.Array]:
        """List the maps of each orientation, turned back."""
        pairs = zip(self._turns, self._apart(x), strict=True)
        return [turn.undone().of(maps) for turn, maps in pairs]


@dataclass(frozen=True)
class CyclicPoolLayer(_GatheringLayer):
    """Join the orientations of each image in one row again (Dieleman et al. 2016).

    Maps are turned back before they are pooled, so that they lie upon each other. What comes out
    is the same for an image in any orientation, and of maps it turns with the image.

    Parameters
    ----------
    group : 'cyclic' or 'dihedral'
        That of the `CyclicSliceLayer` before.
    pool_function : callable
        ``(array, axis) -> array``; the mean by default. `root_mean_square` and ``jnp.max`` are
        others.

    Examples
    --------
    >>> CyclicPoolLayer().output_shape((None, 64))
    (None, 64)
    """

    pool_function: Any = structural(jnp.mean, check=_reducer)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input."""
        _need_rows_or_squares(input_shapes[0])
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Turn back and reduce."""
        return self.pool_function(jnp.stack(self._aligned(inputs[0])), axis=0), state


@dataclass(frozen=True)
class CyclicStackLayer(_GatheringLayer):
    """Join the orientations of each image in one row, as channels (Dieleman et al. 2016).

    Maps are turned back, so that they lie upon each other; those of the images as they were come
    first.

    Parameters
    ----------
    group : 'cyclic' or 'dihedral'
        That of the `CyclicSliceLayer` before.

    Examples
    --------
    >>> CyclicStackLayer().output_shape((None, 64, 7, 7))
    (None, 256, 7, 7)
    """

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input with the channels of all orientations."""
        return _times_channels(input_shapes[0], len(self._turns))

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Turn back and join."""
        return jnp.concatenate(self._aligned(inputs[0]), axis=-1), state


@dataclass(frozen=True)
class CyclicRollLayer(_GatheringLayer):
    """Give each orientation the feature maps of all (Dieleman et al. 2016).

    The rows stay as many, and have four times the channels: first the orientation's own, then
    those of the image turned once more, turned back, and so on. The layers before it need fewer
    filters for it.

    Parameters
    ----------
    group : 'cyclic' or 'dihedral'
        That of the `CyclicSliceLayer` before.

    Examples
    --------
    >>> CyclicRollLayer().output_shape((None, 16, 12, 12))
    (None, 64, 12, 12)
    """

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input with the channels of all orientations."""
        return _times_channels(input_shapes[0], len(self._turns))

    def copies(self, *given: Copies) -> Copies:
        """Those of the input."""
        return (len(self._turns), *super().copies(*given))

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Bring each orientation what the others see, in its own frame."""
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
        raise LayerError(f"takes square images, which stay so when they turn; got {shape}")


def _need_rows_or_squares(shape: Shape) -> None:
    if len(shape) != 2:
        _need_squares(shape)


def _times_channels(shape: Shape, times: int) -> Shape:
    _need_rows_or_squares(shape)
    return (shape[0], times * shape[1], *shape[2:])

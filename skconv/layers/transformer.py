"""Spatial transformers, which resample images at positions given by another layer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import LayerError
from ..ops.resampling import interpolate
from ..utils.checks import is_integer, number, one_of
from ..utils.fields import structural
from .base import Context, Layer, Output, Params, extra_input
from .shapes import Shape, need_images

__all__ = ["TPSTransformerLayer", "TransformerLayer"]


def _factor(value: Any) -> str | None:
    values = value if isinstance(value, tuple) else (value,)
    if len(values) in (1, 2) and all(number(v) is None and v > 0 for v in values):
        return None
    return "a positive number, or two of them"


def _square(value: Any) -> str | None:
    if is_integer(value) and value >= 4 and math.isqrt(value) ** 2 == value:
        return None
    return "the square of an integer >= 2"


def _border() -> Any:
    return structural("nearest", check=one_of("nearest", "mirror", "wrap"))


def _precomputing(value: Any) -> str | None:
    return None if value == "auto" or isinstance(value, bool) else "'auto', True or False"


class _SamplingLayer(Layer):
    """Base class of layers that resample images at positions given by another layer."""

    localization_network: Any
    downsample_factor: Any
    border_mode: str

    layout = "channels_last"

    def check(self) -> Iterable[str]:
        """Yield a message for each invalid field, regardless of the inputs."""
        yield from super().check()
        if self.localization_network is None:
            yield "localization_network is missing"

    def _numbers(self) -> int:
        """Return the number of parameters of the sampling positions of an image."""
        raise NotImplementedError

    def _places(self, theta: jax.Array, grid: np.ndarray) -> jax.Array:
        """Return the points of the input for the points of the output.

        Parameters
        ----------
        theta : array of shape (n, numbers)
        grid : array of shape (2, points)
            Columns and rows, from -1 to 1.

        Returns
        -------
        array of shape (n, 2, points)
        """
        raise NotImplementedError

    def _sizes(self, shape: Shape) -> tuple[int, int]:
        factors = self.downsample_factor
        factors = factors if isinstance(factors, tuple) else (factors,)
        factors = factors * 2 if len(factors) == 1 else factors
        height, width = (int(n // factor) for n, factor in zip(shape, factors, strict=True))
        return height, width

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the resampled images."""
        images, theta = input_shapes
        need_images(images, 2)
        if theta[1:] != (self._numbers(),):
            raise LayerError(
                f"localization_network must have output shape (None, {self._numbers()}), "
                f"got {theta}"
            )
        sizes = self._sizes(images[2:])
        if min(sizes) < 1:
            raise LayerError(
                f"downsample_factor must leave pixels of {images}, got {self.downsample_factor!r}"
            )
        return (*images[:2], *sizes)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the resampled images."""
        images, theta = inputs
        spatial = images.shape[1:-1]
        sizes = self._sizes(spatial)
        grid = np.meshgrid(*map(_line, reversed(sizes)))
        if theta.dtype.itemsize < 4:  # bfloat16 cannot resolve the pixels of larger images
            theta = theta.astype(jnp.float32)
        places = self._places(theta, np.stack(grid).reshape(2, -1))
        columns, rows = ((places[:, i] + 1) / 2 * (spatial[1 - i] - 1) for i in range(2))
        out = interpolate(images, rows, columns, self.border_mode)
        return out.reshape(images.shape[0], *sizes, -1), state


@dataclass(frozen=True)
class TransformerLayer(_SamplingLayer):
    """Spatial transformer with affine maps.

    From Jaderberg et al. 2015. With -1 and 1 the centers of an image's first and last pixels, the
    output at ``(x, y)`` is the input at ``theta @ (x, y, 1)``, interpolated bilinearly.

    Parameters
    ----------
    localization_network : Layer or str
        The layer whose output is ``theta``, or its name: rows of 6 numbers, the first 3 for x.
    downsample_factor : float or (float, float)
        Rows and columns of the input per row and column of the output.
    border_mode : 'nearest', 'mirror' or 'wrap'
        Extension of the image: its border, its reflection at the centers of the border's pixels,
        or its repetition.

    Notes
    -----
    With ``W=0.0`` and ``b=np.array([1, 0, 0, 0, 1, 0])`` in the last layer of the localization
    network, training starts from the identity.

    Examples
    --------
    >>> layer = TransformerLayer(localization_network='where', downsample_factor=2)
    >>> layer.output_shape((None, 3, 28, 28), (None, 6))
    (None, 3, 14, 14)
    """

    localization_network: Any = extra_input()
    downsample_factor: Any = structural(1, check=_factor)
    border_mode: str = _border()

    def _numbers(self) -> int:
        return 6

    def _places(self, theta: jax.Array, grid: np.ndarray) -> jax.Array:
        points = np.vstack([grid, np.ones_like(grid[:1])])
        return _product(theta.reshape(-1, 2, 3), points)


@dataclass(frozen=True)
class TPSTransformerLayer(_SamplingLayer):
    """Spatial transformer with thin plate splines (Bookstein 1989, Jaderberg et al. 2015).

    A square grid of control points covers the output, corner to corner. For each of them the
    network returns the offset to its position in the input; the spline interpolates between them.

    Parameters
    ----------
    localization_network : Layer or str
        The layer whose output are the offsets, or its name: rows of ``2 * control_points`` numbers,
        first all of x, then all of y, each row by row. Zeros are the identity.
    downsample_factor
        As in `TransformerLayer`.
    control_points : int
        Number of control points, a square number.
    precompute_grid : 'auto' or bool
        Without effect: the grid is always precomputed, since shapes are known.
    border_mode
        As in `TransformerLayer`.

    Examples
    --------
    >>> layer = TPSTransformerLayer(localization_network='where', control_points=9)
    >>> layer.output_shape((None, 3, 28, 28), (None, 18))
    (None, 3, 28, 28)
    """

    localization_network: Any = extra_input()
    downsample_factor: Any = structural(1, check=_factor)
    control_points: int = structural(16, check=_square)
    precompute_grid: Any = structural("auto", check=_precomputing)
    border_mode: str = _border()

    def _numbers(self) -> int:
        return 2 * self.control_points

    def _places(self, theta: jax.Array, grid: np.ndarray) -> jax.Array:
        line = _line(math.isqrt(self.control_points))
        weights = _spline(np.stack(np.meshgrid(line, line)).reshape(2, -1), grid)
        offsets = theta.reshape(-1, 2, self.control_points)
        return jnp.asarray(grid, theta.dtype) + _product(offsets, weights)


def _line(count: int) -> np.ndarray:
    """Return evenly spaced points from -1 to 1, or 0 for a single one."""
    return np.linspace(-1, 1, count) if count > 1 else np.zeros(1)


def _product(left: jax.Array, right: np.ndarray) -> jax.Array:
    """Return the product in full precision, since accelerators' lower one misses pixels."""
    return jnp.matmul(left, jnp.asarray(right, left.dtype), precision=lax.Precision.HIGHEST)


def _spline(controls: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the weights of the control points' values in the spline's values at points.

    Parameters
    ----------
    controls : array of shape (2, count)
    points : array of shape (2, number)

    Returns
    -------
    array of shape (count, number)
    """

    def radial(to: np.ndarray) -> np.ndarray:
        squares = np.square(controls[:, :, None] - to[:, None]).sum(0)
        return squares * np.log(np.where(squares > 0, squares, 1))

    count = controls.shape[1]
    plane = np.vstack([np.ones(count), controls])
    system = np.block([[radial(controls), plane.T], [plane, np.zeros((3, 3))]])
    right = np.vstack([radial(points), np.ones(points.shape[1]), points])
    return np.linalg.solve(system, right)[:count]

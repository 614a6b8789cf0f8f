"""Bilinear interpolation of images, and the affine maps of their pixels.

`sample` and `interpolate` mix the four pixels around a position in different forms, whose results
differ in the last bit: augmentation reads channels-first images at positions that have no gradient,
transformer layers read channels-last ones and differentiate the positions.
"""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

FILLS = ("constant", "edge", "reflect")
"""Values outside the image: a constant, the nearest pixel, or the image mirrored at its border."""

ORDERS = ("nearest", "bilinear")
"""Orders of interpolation."""


def sample(
    images: jax.Array,
    rows: jax.Array,
    columns: jax.Array,
    *,
    order: str = "bilinear",
    fill: str = "constant",
    cval: Any = 0.0,
) -> jax.Array:
    """Return the values of images at fractional positions.

    Parameters
    ----------
    images : array of shape (n, c, h, w)
    rows, columns : float arrays that broadcast to shape (n, height, width)
        Positions in pixels; 0 is the center of the first.
    order : 'nearest' or 'bilinear'
    fill : 'constant', 'edge' or 'reflect'
    cval : number
        Value outside the image for ``fill='constant'``.

    Returns
    -------
    array of shape (n, c, height, width)

    Examples
    --------
    >>> image = jnp.array([[[[0.0, 1.0], [2.0, 3.0]]]])
    >>> row, column = jnp.array([[[0.5]]]), jnp.array([[[1.0]]])
    >>> float(sample(image, row, column)[0, 0, 0, 0])
    2.0
    """
    n, c, h, w = images.shape
    if fill == "reflect":
        rows, columns = _reflected(rows, h), _reflected(columns, w)
    rows, columns = jnp.clip(rows, -1, h) + 1, jnp.clip(columns, -1, w) + 1
    border = ((0, 0), (0, 0), (1, 1), (1, 1))
    if fill == "constant":
        value = jnp.asarray(cval, images.dtype)
        pixels = jnp.pad(images, border, constant_values=value)
    else:
        pixels = jnp.pad(images, border, mode="edge")
    pixels, width = pixels.reshape(n, c, -1), w + 2

    def read(pixels: jax.Array, index: jax.Array) -> jax.Array:
        if len(index) == 1:
            return pixels.at[:, :, index[0]].get(mode="promise_in_bounds")
        each = jax.vmap(lambda image, index: image.at[:, index].get(mode="promise_in_bounds"))
        return each(pixels, index)

    def flat_index(row: jax.Array, column: jax.Array) -> jax.Array:
        index = row.astype(jnp.int32) * width + column.astype(jnp.int32)
        return jnp.broadcast_to(index, (n, *index.shape[1:]))

    if order == "nearest":
        index = flat_index(jnp.floor(rows + 0.5), jnp.floor(columns + 0.5))
        return read(*lax.optimization_barrier((pixels, index)))
    row, below_row = _floor_and_fraction(rows, h)
    column, right_of_column = _floor_and_fraction(columns, w)
    down, right = below_row.astype(images.dtype), right_of_column.astype(images.dtype)
    # Without the barrier XLA on the CPU computes these for each corner and channel, which takes ten
    # times as long.
    pixels, index, down, right = lax.optimization_barrier(
        (pixels, flat_index(row, column), down, right)
    )
    down, right = down[:, None], right[:, None]
    corners = [read(pixels, index + step) for step in (0, 1, width, width + 1)]
    above = corners[0] * (1 - right) + corners[1] * right
    below = corners[2] * (1 - right) + corners[3] * right
    return above * (1 - down) + below * down


def interpolate(images: jax.Array, rows: jax.Array, columns: jax.Array, border: str) -> jax.Array:
    """Return the bilinear interpolation of channels-last images at fractional positions.

    Parameters
    ----------
    images : array of shape (n, h, w, channels)
    rows, columns : float arrays of shape (n, points)
        Positions in pixels; 0 is the center of the first. They have gradients.
    border : 'nearest', 'mirror' or 'wrap'
        Values outside the image: the nearest pixel, the image mirrored at its border, or the image
        repeated.

    Returns
    -------
    array of shape (n, points, channels)

    Examples
    --------
    >>> image = jnp.array([[[[0.0], [1.0]], [[2.0], [3.0]]]])
    >>> float(interpolate(image, jnp.array([[0.5]]), jnp.array([[1.0]]), "nearest")[0, 0, 0])
    2.0
    """
    batch, height, width, _ = images.shape
    pixels = images.reshape(batch, height * width, -1)
    image = jnp.arange(batch)[:, None]
    total = jnp.zeros((*rows.shape, images.shape[-1]), images.dtype)
    neighbors = (_neighbors(rows, height, border), _neighbors(columns, width, border))
    for (row, row_weight), (column, column_weight) in itertools.product(*neighbors):
        values = pixels.at[image, row * width + column].get(mode="promise_in_bounds")
        total = total + values * (row_weight * column_weight).astype(images.dtype)[..., None]
    return total


def _neighbors(positions: jax.Array, count: int, border: str) -> list[tuple[jax.Array, jax.Array]]:
    """Return index and weight of the pixels before and after each position along an axis."""
    floor, fraction = _floor_and_fraction(positions)
    before = floor.astype(jnp.int32)
    return [
        (_inside(before, count, border), 1 - fraction),
        (_inside(before + 1, count, border), fraction),
    ]


def _floor_and_fraction(
    positions: jax.Array, largest: int | None = None
) -> tuple[jax.Array, jax.Array]:
    """Return the pixel before each position, at most `largest`, and the distance from it."""
    floor = jnp.floor(positions)
    if largest is not None:
        floor = jnp.minimum(floor, largest)
    return floor, positions - floor


def _inside(pixel: jax.Array, count: int, border: str) -> jax.Array:
    """Map indices of pixels outside the image to those inside that they show."""
    if border == "nearest":
        return jnp.clip(pixel, 0, count - 1)
    if border == "wrap":
        return pixel % count
    period = max(2 * (count - 1), 1)
    return jnp.minimum(pixel % period, -pixel % period)


def _reflected(positions: jax.Array, size: int) -> jax.Array:
    """Map positions outside the image to those inside that they mirror."""
    last = size - 1
    return last - jnp.abs(jnp.mod(positions, max(2 * last, 1)) - last)


def affine_matrices(
    turn: tuple[tuple[Any, Any], tuple[Any, Any]], shift: tuple[Any, Any], height: int, width: int
) -> jax.Array:
    """Return the matrices of affine maps about the center of an image.

    Parameters
    ----------
    turn : two rows of two arrays of shape (n,)
        Linear part, which acts on x and y relative to the center.
    shift : two arrays of shape (n,)
        Translation of x and y that follows, in pixels.
    height, width : int

    Returns
    -------
    array of shape (n, 3, 3)
        They map ``(x, y, 1)``, in pixels, to the transformed position.
    """
    (a, b), (c, d) = turn
    x, y = (width - 1) / 2, (height - 1) / 2
    zero, one = jnp.zeros_like(a), jnp.ones_like(a)
    rows = [
        [a, b, shift[0] + x - a * x - b * y],
        [c, d, shift[1] + y - c * x - d * y],
        [zero, zero, one],
    ]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def affine_moves(
    rotation: jax.Array,
    shear: jax.Array,
    scale: jax.Array,
    translation: tuple[jax.Array, jax.Array],
    height: int,
    width: int,
) -> jax.Array:
    """Return the matrices of affine maps about the center.

    Parameters
    ----------
    rotation, shear : array of shape (n,)
        In degrees.
    scale : array of shape (n,)
    translation : two arrays of shape (n,)
        For x and y, in pixels.
    height, width : int

    Returns
    -------
    array of shape (n, 3, 3)
        As returned by `affine_matrices`.
    """
    angle, lean = jnp.deg2rad(rotation), jnp.tan(jnp.deg2rad(shear))
    a, c = scale * jnp.cos(angle), scale * jnp.sin(angle)
    turn = (a, a * lean - c), (c, c * lean + a)
    return affine_matrices(turn, translation, height, width)


def affine_places(matrices: jax.Array, height: int, width: int) -> tuple[jax.Array, jax.Array]:
    """Return the positions that affine maps take to each pixel.

    Parameters
    ----------
    matrices : array of shape (n, 3, 3)
        As returned by `affine_matrices`.
    height, width : int

    Returns
    -------
    rows, columns : arrays of shape (n, height, width)
    """
    (a, b, right), (c, d, down) = (
        [matrices[:, i, j][:, None, None] for j in range(3)] for i in (0, 1)
    )
    determinant = a * d - b * c
    # The barrier makes XLA compute these once per image, not for each pixel.
    a, b, c, d = lax.optimization_barrier(
        (d / determinant, -b / determinant, -c / determinant, a / determinant)
    )
    y = jnp.arange(height, dtype=matrices.dtype)[:, None] - down
    x = jnp.arange(width, dtype=matrices.dtype) - right
    return c * x + d * y, a * x + b * y


def affine_points(matrices: jax.Array, points: jax.Array) -> jax.Array:
    """Return points transformed by affine maps.

    Parameters
    ----------
    matrices : array of shape (n, 3, 3)
    points : array of shape (n, k, 2)
        ``(x, y)`` in pixels.

    Returns
    -------
    array of shape (n, k, 2)
    """
    turn, shift = matrices[:, None, :2, :2], matrices[:, None, :2, 2]
    return (turn * points[:, :, None, :]).sum(-1) + shift

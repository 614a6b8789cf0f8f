"""Images at places between their pixels."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

FILLS = ("constant", "edge", "reflect")
"""What lies outside of an image: one number, its border, or its mirror image (the border once)."""

ORDERS = ("nearest", "bilinear")


def sample(
    images: jax.Array,
    rows: jax.Array,
    columns: jax.Array,
    *,
    order: str = "bilinear",
    fill: str = "constant",
    cval: Any = 0.0,
) -> jax.Array:
    """Read images at given places.

    Parameters
    ----------
    images : array of shape (n, c, h, w)
    rows, columns : float arrays that broadcast to shape (n, height, width)
        Places in pixels; 0 is the centre of the first.
    order : 'nearest' or 'bilinear'
    fill : 'constant', 'edge' or 'reflect'
    cval : number
        What ``'constant'`` fills with.

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

    def read(pixels: jax.Array, place: jax.Array) -> jax.Array:
        if len(place) == 1:
            return pixels.at[:, :, place[0]].get(mode="promise_in_bounds")
        one = jax.vmap(lambda image, place: image.at[:, place].get(mode="promise_in_bounds"))
        return one(pixels, place)

    def pixel(row: jax.Array, column: jax.Array) -> jax.Array:
        place = row.astype(jnp.int32) * width + column.astype(jnp.int32)
        return jnp.broadcast_to(place, (n, *place.shape[1:]))

    if order == "nearest":
        place = pixel(jnp.floor(rows + 0.5), jnp.floor(columns + 0.5))
        return read(*lax.optimization_barrier((pixels, place)))
    row, column = jnp.minimum(jnp.floor(rows), h), jnp.minimum(jnp.floor(columns), w)
    down, right = (rows - row).astype(images.dtype), (columns - column).astype(images.dtype)
    # XLA on the CPU would compute these anew for each corner and channel, ten times as slow.
    pixels, place, down, right = lax.optimization_barrier((pixels, pixel(row, column), down, right))
    down, right = down[:, None], right[:, None]
    corners = [read(pixels, place + step) for step in (0, 1, width, width + 1)]
    above = corners[0] * (1 - right) + corners[1] * right
    below = corners[2] * (1 - right) + corners[3] * right
    return above * (1 - down) + below * down


def _reflected(places: jax.Array, size: int) -> jax.Array:
    last = size - 1
    return last - jnp.abs(jnp.mod(places, max(2 * last, 1)) - last)


def affine_matrices(
    turn: tuple[tuple[Any, Any], tuple[Any, Any]], shift: tuple[Any, Any], height: int, width: int
) -> jax.Array:
    """Make the matrices of moves about the centre of an image.

    Parameters
    ----------
    turn : two rows of two arrays of shape (n,)
        What acts on x and y, counted from the centre.
    shift : two arrays of shape (n,)
        Of x and y, in pixels, after that.
    height, width : int

    Returns
    -------
    array of shape (n, 3, 3)
        From ``(x, y, 1)`` in an image, in pixels, to the same after the move.
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
    draws: jax.Array,
    rotation: Any,
    shear: Any,
    scale: Any,
    translation: tuple[Any, Any],
    height: int,
    width: int,
) -> jax.Array:
    """Make the matrices of moves that are parts of the largest ones.

    Parameters
    ----------
    draws : array of shape (n, 5)
        Parts, from -1 to 1, of rotation, shear, scale (of its logarithm), and shifts of x and y.
    rotation, shear : number
        Degrees.
    scale : number
    translation : two numbers
        Of x and y, in pixels.
    height, width : int

    Returns
    -------
    array of shape (n, 3, 3)
        As of `affine_matrices`.
    """
    limits = [rotation, shear, scale, *translation]
    rotation, shear, scale, x, y = (jnp.asarray(one, draws.dtype) for one in limits)
    angle, lean = jnp.deg2rad(draws[:, 0] * rotation), jnp.tan(jnp.deg2rad(draws[:, 1] * shear))
    factor = jnp.exp(draws[:, 2] * jnp.log(scale))
    a, c = factor * jnp.cos(angle), factor * jnp.sin(angle)
    turn = (a, a * lean - c), (c, c * lean + a)
    return affine_matrices(turn, (draws[:, 3] * x, draws[:, 4] * y), height, width)


def affine_places(matrices: jax.Array, height: int, width: int) -> tuple[jax.Array, jax.Array]:
    """Find where the pixels of affinely moved images come from.

    Parameters
    ----------
    matrices : array of shape (n, 3, 3)
        From ``(x, y, 1)`` in the image to the same after the move.
    height, width : int

    Returns
    -------
    rows, columns : arrays of shape (n, height, width)
    """
    (a, b, right), (c, d, down) = (
        [matrices[:, i, j][:, None, None] for j in range(3)] for i in (0, 1)
    )
    determinant = a * d - b * c
    # Per image, and not again for each pixel.
    a, b, c, d = lax.optimization_barrier(
        (d / determinant, -b / determinant, -c / determinant, a / determinant)
    )
    y = jnp.arange(height, dtype=matrices.dtype)[:, None] - down
    x = jnp.arange(width, dtype=matrices.dtype) - right
    return c * x + d * y, a * x + b * y


def affine_points(matrices: jax.Array, points: jax.Array) -> jax.Array:
    """Move points with their images.

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

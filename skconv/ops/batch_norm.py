"""Normalization by the statistics of the batch, in two passes over the values or in one."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Axes = tuple[int, ...]


class Normalized(NamedTuple):
    """A normalized batch, and its statistics.

    Parameters
    ----------
    x : array
    mean, inv_std : array
        Mean and inverse standard deviation, without the axes that they are taken over.
    """

    x: jax.Array
    mean: jax.Array
    inv_std: jax.Array


class Fixed(NamedTuple):
    """Statistics to normalize by instead of those of the batch.

    Parameters
    ----------
    used : bool array of shape ()
        Whether they are used.
    mean, inv_std : array
    """

    used: jax.Array
    mean: jax.Array
    inv_std: jax.Array


def two_passes(
    x: jax.Array,
    gamma: jax.Array | None,
    beta: jax.Array | None,
    epsilon: jax.Array,
    axes: Axes,
    fixed: Fixed | None = None,
) -> Normalized:
    """Normalize by the mean, and by the mean square of the distance from it.

    Parameters
    ----------
    x : float array
    gamma, beta : array, optional
        Scale and shift after the normalization, without `axes`.
    epsilon : array of shape ()
        Added to the variance.
    axes : tuple of int
        Axes over which statistics are shared.
    fixed : Fixed, optional
        Statistics to normalize by instead.

    Returns
    -------
    Normalized
        With the statistics of the batch.
    """

    def spread(value: jax.Array) -> jax.Array:
        return jnp.expand_dims(value, axes)

    mean = x.mean(axes)
    inv_std = lax.rsqrt(jnp.square(x - spread(mean)).mean(axes) + epsilon)
    center, factor = mean, inv_std
    if fixed is not None:
        center = jnp.where(fixed.used, fixed.mean, mean)
        factor = jnp.where(fixed.used, fixed.inv_std, inv_std)
    out = (x - spread(center)) * spread(factor if gamma is None else factor * gamma)
    return Normalized(out if beta is None else out + spread(beta), mean, inv_std)


def one_pass(
    x: jax.Array,
    gamma: jax.Array | None,
    beta: jax.Array | None,
    epsilon: jax.Array,
    axes: Axes,
    fixed: Fixed | None = None,
) -> Normalized:
    """Normalize by sums of values and of squares; arguments and result as in `two_passes`.

    An accelerator waits for memory here. It reads the values once for both sums instead of twice,
    and once less for the gradients. The values are counted from the first one, which is about as
    far from the others as they are from each other, so that little is lost in the difference of the
    sums, even if the mean is much larger than the deviation.
    """

    def spread(value: jax.Array) -> jax.Array:
        return jnp.expand_dims(value, axes)

    first = [0 if axis in axes else slice(None) for axis in range(x.ndim)]
    origin = lax.stop_gradient(x[tuple(first)])
    shifted = x - spread(origin)
    mean = shifted.mean(axes)
    variance = jnp.maximum(jnp.square(shifted).mean(axes) - jnp.square(mean), 0)
    inv_std = lax.rsqrt(variance + epsilon)
    center, factor = mean, inv_std
    if fixed is not None:
        center = jnp.where(fixed.used, fixed.mean - origin, mean)
        factor = jnp.where(fixed.used, fixed.inv_std, inv_std)
    scale = factor if gamma is None else factor * gamma
    shift = -center * scale if beta is None else beta - center * scale
    return Normalized(shifted * spread(scale) + spread(shift), origin + mean, inv_std)

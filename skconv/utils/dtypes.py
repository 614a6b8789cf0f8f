"""Floating point types."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def widened(x: jax.Array) -> jax.Array:
    """Return floats of 16 bits as float32, and all others unchanged.

    Examples
    --------
    >>> widened(jnp.zeros(2, jnp.bfloat16)).dtype
    dtype('float32')
    """
    return x.astype(wide_dtype(x.dtype))


def wide_dtype(dtype: Any) -> Any:
    """Return float32 for floats of 16 bits, and any other type unchanged.

    Examples
    --------
    >>> wide_dtype(jnp.dtype('bfloat16')), wide_dtype(jnp.dtype('float64'))
    (dtype('float32'), dtype('float64'))
    """
    return jnp.dtype(jnp.float32) if dtype.itemsize < 4 else dtype

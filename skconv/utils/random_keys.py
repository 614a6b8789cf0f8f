"""Keys made on the host, without a program: JAX's own take 0.2 s of a new process to compile."""

from __future__ import annotations

import jax
import numpy as np


def make_key(seed: int) -> jax.Array:
    """Make a key from a seed.

    Parameters
    ----------
    seed : int
        From 0 to ``2**32 - 1``.

    Returns
    -------
    jax key

    Examples
    --------
    >>> import jax
    >>> make_key(3) == jax.random.key(3)
    Array(True, dtype=bool)
    """
    return jax.random.wrap_key_data(np.array([0, seed], np.uint32), impl="threefry2x32")


def fold_in(key: jax.Array, number: int) -> jax.Array:
    """Return the key for a number, as `jax.random.fold_in` does within programs.

    Parameters
    ----------
    key : jax key
    number : int
        Zero or more.

    Returns
    -------
    jax key

    Examples
    --------
    >>> one, other = fold_in(make_key(3), 0), fold_in(make_key(3), 1)
    >>> bool(one == fold_in(make_key(3), 0)), bool(one == other)
    (True, False)
    """
    bits = np.asarray(jax.random.key_data(key))
    mixed = np.random.SeedSequence([*bits.tolist(), number]).generate_state(bits.size)
    return jax.random.wrap_key_data(mixed, impl=jax.random.key_impl(key))


def fold_in_range(key: jax.Array, n: int) -> list[jax.Array]:
    """Return the keys for the numbers from 0 to ``n - 1``, as `fold_in` does.

    Examples
    --------
    >>> keys = fold_in_range(make_key(3), 2)
    >>> [bool(key == fold_in(make_key(3), i)) for i, key in enumerate(keys)]
    [True, True]
    """
    return [fold_in(key, number) for number in range(n)]

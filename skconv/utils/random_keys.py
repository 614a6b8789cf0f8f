"""Random keys computed on the host.

JAX's own functions for keys compile a program, which takes 0.2 s in a new process.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np


def make_key(seed: int) -> jax.Array:
    """Return the key of a seed, equal to ``jax.random.key(seed)``.

    Parameters
    ----------
    seed : int
        Between 0 and ``2**32 - 1``.

    Returns
    -------
    jax key

    Examples
    --------
    >>> import jax
    >>> make_key(3) == jax.random.key(3)
    Array(True, dtype=bool)
    """
    return _wrap(np.array([0, seed], np.uint32), "threefry2x32")


SEEDS: dict[str, Any] = {"source": np.random}
"""Where `drawn_key` draws from: a ``numpy.random.RandomState`` or the module."""


def drawn_key() -> jax.Array:
    """Return the key of a drawn seed, for values that are drawn outside of nets.

    As in Lasagne, ``numpy.random.seed`` makes them repeatable.

    Examples
    --------
    >>> import numpy as np
    >>> np.random.seed(0)
    >>> one = drawn_key()
    >>> np.random.seed(0)
    >>> bool(one == drawn_key()), bool(one == drawn_key())
    (True, False)
    """
    return make_key(SEEDS["source"].randint(2**31 - 1))


def fold_in(key: jax.Array, number: int) -> jax.Array:
    """Return a key derived from another key and a number, as `jax.random.fold_in` does.

    The derived keys differ from those of JAX.

    Parameters
    ----------
    key : jax key
    number : int
        A non-negative integer.

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
    return _wrap(mixed, jax.random.key_impl(key))


def _wrap(data: Any, impl: Any) -> jax.Array:
    """Wrap key data; JAX accepts NumPy arrays here, although its annotation says otherwise."""
    return jax.random.wrap_key_data(data, impl=impl)


def fold_in_range(key: jax.Array, n: int) -> list[jax.Array]:
    """Return the keys that `fold_in` derives for the numbers from 0 to ``n - 1``.

    Examples
    --------
    >>> keys = fold_in_range(make_key(3), 2)
    >>> [bool(key == fold_in(make_key(3), i)) for i, key in enumerate(keys)]
    [True, True]
    """
    return [fold_in(key, number) for number in range(n)]
